"""Content sources: accounts, portals, lists of channels and repositories that came with a receiver; an owner's own weigh little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.explaining.detectors.content_sources import ContentSources
from trueware.explaining.reading.playlists import accounts, channels
from trueware.model.finding import Confidence, Severity

from .cases import case, findings, rules

M3U = b"#EXTM3U\n" + b"".join(
    b'#EXTINF:-1 tvg-id="c%d" group-title="News",Channel %d\nhttp://tv%d.example.net/c%d.m3u8\n' % (n, n, n % 2, n)
    for n in range(6)
)
RADIO = (
    b'#EXTM3U\n#EXTINF:-1 radio="true",One\nhttp://r.example.net/one\n#EXTINF:-1,Two\nhttp://r.example.net/two.mp3\n'
)
PIECES = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9.0,\nhttp://v.example.net/1.ts\n"
BOUQUET = b"""#NAME Favourites (TV)
#SERVICE 1:0:1:445D:453:1:C00000:0:0:0:
#SERVICE 4097:0:1:0:0:0:0:0:0:0:http%3a//line.example.net%3a8080/live/somebody/hush55/101.ts:One
#DESCRIPTION One
"""
PANEL = b'{"url": "http:\\/\\/line.example.net:8080\\/get.php?username=somebody&password=hush55&type=m3u_plus"}'
PORTAL = b"<portal><url>http://p.example.net/stalker_portal/c/</url><mac>00:1A:79:12:34:56</mac></portal>"


def test_lists_are_read() -> None:
    assert [(each.line, each.name, each.url.host) for each in channels(M3U)][:2] == [
        (3, "Channel 0", "tv0.example.net"),
        (5, "Channel 1", "tv1.example.net"),
    ]
    assert [each.radio for each in channels(RADIO)] == [True, True]
    assert list(channels(PIECES)) == []
    assert [(each.name, each.url.port) for each in channels(BOUQUET)] == [("One", 8080)]
    assert list(channels(b"a text about http://example.net/")) == []


def test_a_list_that_came_with_the_software() -> None:
    (found,) = findings(ContentSources, case({}, {"usr/share/tv/list.m3u": M3U}))
    assert (found.rule, found.severity, found.confidence) == ("iptv-channels-added", Severity.MEDIUM, Confidence.LOW)
    assert found.detail == "6 channels of 2 hosts: tv0.example.net (3), tv1.example.net (3)"
    (own,) = findings(ContentSources, case({}, {"etc/list.m3u": M3U}, mutable=("etc/*.m3u",)))
    assert own.severity is Severity.INFO
    (radio,) = findings(ContentSources, case({}, {"etc/list.m3u": RADIO}))
    assert radio.severity is Severity.INFO


def test_only_other_hosts_count() -> None:
    assert rules(ContentSources, case({"l.m3u": M3U}, {"l.m3u": M3U.replace(b"Channel", b"Programme")})) == []
    other = M3U + b"#EXTINF:-1,More\nhttp://else.example.org/x.m3u8\n"
    (found,) = findings(ContentSources, case({"l.m3u": M3U}, {"l.m3u": other}))
    assert found.touches == ("host:else.example.org",)
    assert rules(ContentSources, case({}, {"l.m3u": b"#EXTM3U\n#EXTINF:-1,Mine\nhttp://192.168.1.5:9981/a.ts\n"})) == []
    assert rules(ContentSources, case({"l.m3u": M3U}, {"l.m3u": other}, at_hand=False)) == []


@pytest.mark.parametrize(
    ("path", "data"), [("usr/share/app/config.json", PANEL), ("etc/enigma2/userbouquet.fav.tv", BOUQUET)]
)
def test_an_account_is_found_and_not_shown(path: str, data: bytes) -> None:
    found = findings(ContentSources, case({}, {path: data}))
    assert found[0].rule == "iptv-account-added"
    assert found[0].severity is Severity.HIGH
    assert "line.example.net:8080" in found[0].detail
    assert "hush55" not in repr(found)
    assert "somebody" not in repr(found)
    own = findings(ContentSources, case({}, {path: data}, mutable=("**",)))
    assert own[0].severity is Severity.LOW


@pytest.mark.parametrize(
    "text",
    [
        b"http://line.example.net/get.php?username=username&password=password",
        b"http://line.example.net/get.php?username=%s&password=%s",
        b"http://line.example.net/get.php?id=7",
        b"http://192.168.1.9/get.php?username=somebody&password=hush55",
        b"http://host.example.net:8080/static/images/12",
        b"http://host.example.net:8080/live/channel/1.m3u8",
        b"http://host.example.net/somebody/project/12",
        b"http://p.example.net/stalker_portal/c/ and no address of a box",
    ],
)
def test_what_is_no_account(text: bytes) -> None:
    assert rules(ContentSources, case({}, {"etc/app.conf": text})) == []


def test_a_portal() -> None:
    (found,) = findings(ContentSources, case({}, {"etc/portal.xml": PORTAL}))
    assert found.rule == "iptv-portal-added"
    assert "00:1A:79" not in repr(found)
    assert (
        rules(ContentSources, case({"etc/portal.xml": PORTAL}, {"etc/portal.xml": PORTAL.replace(b"12:34", b"98:76")}))
        == []
    )
    other = PORTAL.replace(b"p.example.net", b"q.example.net")
    assert rules(ContentSources, case({"etc/portal.xml": PORTAL}, {"etc/portal.xml": other})) == ["iptv-portal-added"]


def test_repositories_of_add_ons() -> None:
    path = "usr/share/kodi/addons/repository.x/addon.xml"
    addon = (
        b"<addon id='repository.x' version='1'><extension point='xbmc.addon.repository'><dir>"
        b"<info>https://repo.example.net/addons.xml</info><datadir>https://repo.example.net/zips</datadir></dir></extension></addon>"
    )
    (found,) = findings(ContentSources, case({}, {path: addon}))
    assert (found.rule, found.detail) == ("addon-repository-added", "repo.example.net")
    (own,) = findings(ContentSources, case({}, {path: addon.replace(b"repo.example.net", b"mirrors.kodi.tv")}))
    assert own.severity is Severity.INFO
    plain = b"<addon id='plugin.x' version='1'><extension point='xbmc.python.module'/><url>https://x.example.net/</url></addon>"
    assert rules(ContentSources, case({}, {path: plain})) == []
    sources = b"<sources><files><source><name>x</name><path>https://repo.example.net/</path></source></files></sources>"
    assert rules(ContentSources, case({}, {"home/.kodi/userdata/sources.xml": sources})) == ["addon-repository-added"]


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    for text in (data, b"#EXTM3U\n" + data, b"#SERVICE 4097:0:1:0:0:0:0:0:0:0:" + data):
        assert all(each.line > 0 for each in channels(text))
        assert all(each.line > 0 for each in accounts(text))


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTINF:" + b"1" * 200_000,
        b"http://a.b/" * 20_000,
        b"00:1a:79:" * 20_000,
        b"#EXTM3U\n" + b"#EXTINF:1,\nhttp://a.bc/\n" * 5_000,
    ],
)
def test_hostile_lists_are_read_at_once(data: bytes) -> None:
    list(channels(data))
    list(accounts(data))
