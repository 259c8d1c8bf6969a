"""Where updates and packages are fetched from."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import all_rules, case, findings, rules

from trueware.errors import InputError
from trueware.explaining.detectors.update_sources import UpdateSources
from trueware.explaining.reading.origins import Origin, origins_in
from trueware.model.finding import Severity

FEEDS = "etc/opkg/distfeeds.conf"
OPENWRT = (
    b"src/gz base https://downloads.openwrt.org/23.05/base\nsrc/gz luci https://downloads.openwrt.org/23.05/luci\n"
)

STATED = {
    "etc/opkg/distfeeds.conf": (
        b"# x\nsrc/gz base http://a/b\n#src/gz c http://d\noption x 1\n",
        [("base", "http://a/b", "")],
    ),
    "etc/apt/sources.list": (
        b"deb [trusted=yes arch=amd64] http://a/b bookworm main # c\n#deb http://d e\n",
        [("bookworm main", "http://a/b", "trusted=yes")],
    ),
    "etc/apt/sources.list.d/x.sources": (
        (
            b"Types: deb\nURIs: http://a http://b\nSuites: s\nTrusted: no\n\n"
            b"Enabled: no\nURIs: http://c\n\nURIs:\n http://d\nTrusted: yes\n"
        ),
        [("s", "http://a", ""), ("s", "http://b", ""), ("", "http://d", "trusted=yes")],
    ),
    "etc/apk/repositories": (
        b"http://a\n@edge http://b\n@x v3 http://c main\n#http://d\n",
        [("", f"http://{x}", "") for x in "abc"],
    ),
    "etc/yum.repos.d/x.repo": (
        b"[base]\nbaseurl=http://a\n  http://b\ngpgcheck=0\n[off]\nbaseurl=http://c\nenabled=0\n",
        [("base", "http://a", "gpgcheck=0"), ("base", "http://b", "gpgcheck=0")],
    ),
    "etc/pacman.conf": (
        b"[options]\nSigLevel = Never\n[core]\nServer = http://a\nSigLevel = Required\n[x]\nServer = http://b\n",
        [("core", "http://a", ""), ("x", "http://b", "SigLevel = Never")],
    ),
    "etc/fwupd/remotes.d/lvfs.conf": (
        b"[fwupd Remote]\nEnabled=true\nMetadataURI=https://a/b\n",
        [("fwupd remote metadatauri", "https://a/b", "")],
    ),
    "etc/ostree/remotes.d/x.conf": (
        b'[remote "x"]\nurl=http://a\ngpg-verify=false\n',
        [('remote "x"', "http://a", "gpg-verify=false")],
    ),
    "usr/lib/sysupdate.d/a.transfer": (
        b"[Transfer]\nVerify=no\n[Source]\nPath=http://a\n",
        [("", "http://a", "verify=no")],
    ),
    "etc/config/autoupdater": (
        b"config branch stable\n option name stable\n list mirror http://a\n list mirror http://b\n",
        [("stable", "http://a", ""), ("stable", "http://b", "")],
    ),
    "etc/config/attendedsysupgrade": (b"config server server\n option url https://a\n", [("server", "https://a", "")]),
    "lib/gluon/site.json": (
        b'{"autoupdater":{"branches":{"stable":{"mirrors":["http://a"]}}}}',
        [("stable", "http://a", "")],
    ),
    "lib/gluon/site.conf": (b"{ autoupdater = { mirrors = { 'http://a', -- 'http://b'\n } } }", [("", "http://a", "")]),
    "etc/mender/mender.conf": (
        b'{"ServerURL": "https://a", "SkipVerify": true}',
        [("ServerURL", "https://a", "SkipVerify")],
    ),
    "etc/rauc-hawkbit-updater.conf": (
        b"[client]\nhawkbit_server = a\nssl = false\n",
        [("hawkbit_server", "http://a", "")],
    ),
    "system/build.prop": (
        b"ro.fota.url=http://a\nro.product.name=ota\nro.quota.url=http://b\n",
        [("ro.fota.url", "http://a", "")],
    ),
    "etc/swupdate.cfg": (
        b'suricatta: {\n  url = "http://a";\n nocheckcert = true;\n};\n',
        [("url", "http://a", "nocheckcert")],
    ),
}


@pytest.mark.parametrize("path", STATED)
def test_every_syntax_is_read(path: str) -> None:
    data, expected = STATED[path]
    assert origins_in(path, data) == tuple(Origin(*each) for each in expected)


@given(st.sampled_from(sorted(STATED)), st.binary(max_size=200), st.integers(0, 100))
def test_arbitrary_bytes_are_read_or_refused(path: str, noise: bytes, at: int) -> None:
    data = STATED[path][0]
    for each in (noise, data[:at] + noise + data[at:]):
        with suppress(InputError):
            origins_in(path, each)


def _changed(
    before: bytes, after: bytes, path: str = FEEDS, **how: tuple[str, ...]
) -> list[tuple[str, str | None, str | None]]:
    found = findings(UpdateSources, case({path: before}, {path: after}, **how))  # type: ignore[arg-type]
    return [(each.rule, each.evidence[0].expected, each.evidence[0].found) for each in found]


def test_a_feed_leads_to_another_server() -> None:
    after = OPENWRT.replace(b"downloads.openwrt.org/23.05/luci", b"198.51.100.7/luci")
    assert _changed(OPENWRT, after) == [
        ("update-source-replaced", "https://downloads.openwrt.org/23.05/luci", "https://198.51.100.7/luci")
    ]
    (found,) = findings(UpdateSources, case({FEEDS: OPENWRT}, {FEEDS: after}))
    assert (found.severity, found.touches) == (Severity.HIGH, ("host:198.51.100.7",))


def test_a_feed_without_a_name_leads_to_another_server() -> None:
    path = "etc/apk/repositories"
    assert _changed(b"https://dl.alpine.org/a\n", b"http://x.example/a\n", path) == [
        ("update-source-replaced", "https://dl.alpine.org/a", "http://x.example/a")
    ]


def test_a_feed_was_added() -> None:
    added = OPENWRT + b"src/gz extra http://extra.example/feed\n"
    assert _changed(OPENWRT, added) == [("update-source-added", None, "http://extra.example/feed")]
    (found,) = findings(UpdateSources, case({}, {"etc/opkg/customfeeds.conf": b"src/gz extra http://extra.example\n"}))
    assert found.severity is Severity.LOW, "that file is for the owner's"


def test_a_feed_was_removed_or_commented_out() -> None:
    expected = [("update-source-removed", "https://downloads.openwrt.org/23.05/luci", None)]
    assert _changed(OPENWRT, OPENWRT.splitlines()[0]) == expected
    assert _changed(OPENWRT, OPENWRT.replace(b"src/gz luci", b"#src/gz luci")) == expected


def test_a_feed_lost_its_encryption() -> None:
    assert {rule for rule, _, _ in _changed(OPENWRT, OPENWRT.replace(b"https:", b"http:"))} == {
        "update-source-unencrypted"
    }
    assert _changed(OPENWRT.replace(b"https:", b"http:"), OPENWRT) == [], "it gained it"


def test_another_place_on_the_same_server() -> None:
    assert {rule for rule, _, _ in _changed(OPENWRT, OPENWRT.replace(b"23.05", b"22.03"))} == {
        "update-source-path-changed"
    }


def test_order_comments_and_another_file_are_no_change() -> None:
    lines = OPENWRT.splitlines(keepends=True)
    assert _changed(OPENWRT, b"# mine\n" + lines[1].replace(b"luci\n", b"luci/\n") + lines[0]) == []
    assert rules(UpdateSources, case({FEEDS: OPENWRT}, {FEEDS: lines[0], "etc/opkg/z.conf": lines[1]})) == []
    assert _changed(b"", b"deb cdrom:[Debian 12]/ bookworm main\n", "etc/apt/sources.list") == []


def test_an_automatic_updater_asks_another_server() -> None:
    path = "etc/config/autoupdater"
    before = b"config branch stable\n list mirror http://fw.freifunk.example/stable\n"
    after = before.replace(b"fw.freifunk", b"fw.other")
    found = findings(UpdateSources, case({path: before}, {path: after}))
    assert [(each.rule, each.severity) for each in found] == [("update-source-replaced", Severity.HIGH)]
    (configured,) = findings(UpdateSources, case({path: before}, {path: after}, mutable=("etc/config/**",)))
    assert configured.severity is Severity.MEDIUM


def test_without_the_genuine_bytes_nothing_is_said() -> None:
    assert rules(UpdateSources, case({FEEDS: b"src a http://b\n"}, {FEEDS: OPENWRT}, at_hand=False)) == []


def test_what_cannot_be_read_is_told() -> None:
    path = "etc/mender/mender.conf"
    assert "change-unreadable" in all_rules(case({path: b"{}"}, {path: b"{"}))
