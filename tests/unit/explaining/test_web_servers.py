"""Settings of the device's web server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.web_servers import WebServers
from trueware.explaining.reading.web_servers import About, read_lighttpd, read_plain
from trueware.model.finding import Severity

UHTTPD = "config uhttpd main\n\tlist listen_http 192.168.1.1:80\n\toption home /www\n\toption cgi_prefix /cgi-bin\n"
LIGHTTPD = 'server.document-root = "/www"\nserver.port = 80\ncgi.assign = (\n  ".cgi" => "/bin/sh",\n)\n'
BUSYBOX = "H:/www\n/admin:admin:secret\nA:192.168.\n"


def change(path: str, before: str, after: str) -> list[str]:
    return rules(WebServers, case({path: before.encode()} if before else {}, {path: after.encode()}))


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("etc/config/uhttpd", UHTTPD, UHTTPD.replace("/www", "/"), ["web-system-files"]),
        ("etc/config/uhttpd", UHTTPD, UHTTPD.replace("/www", "/usr/share/x"), ["web-folder-added"]),
        ("etc/config/uhttpd", UHTTPD, UHTTPD + "\tlist interpreter .sh=/bin/sh\n", ["web-programs-added"]),
        ("etc/config/uhttpd", UHTTPD, UHTTPD.replace("192.168.1.1:", ""), ["web-port-added"]),
        ("etc/config/uhttpd", UHTTPD, "# mine\n" + UHTTPD.replace("/www", "'/www'"), []),
        ("etc/lighttpd/lighttpd.conf", LIGHTTPD, LIGHTTPD + 'alias.url += ( "/x" => "/etc/" )\n', ["web-system-files"]),
        (
            "etc/lighttpd/lighttpd.conf",
            LIGHTTPD,
            LIGHTTPD.replace(")", '  ".x" => "/bin/x",\n)'),
            ["web-programs-added"],
        ),
        ("etc/lighttpd/conf.d/a.conf", "", "server.port = 8080 # x\n", ["web-port-added"]),
        ("etc/lighttpd/lighttpd.conf", LIGHTTPD, LIGHTTPD + '# alias.url += ( "/x" => "/etc/" )\n', []),
        ("etc/lighttpd/lighttpd.conf", LIGHTTPD, LIGHTTPD + 'index-file.names = ( "a", "/etc" )\n', []),
        ("etc/httpd.conf", BUSYBOX, BUSYBOX.replace("/admin:admin:secret\n", ""), ["web-login-removed"]),
        ("etc/httpd.conf", BUSYBOX, BUSYBOX + "*.x:/bin/x\n", ["web-programs-added"]),
        ("etc/httpd.conf", BUSYBOX, BUSYBOX.replace("secret", "other"), []),
        ("etc/boa/boa.conf", "DocumentRoot /home/httpd\n", "DocumentRoot /\n", ["web-system-files"]),
        ("etc/boa/boa.conf", "Port 80\n", "Port 80\nServerName x\n", []),
    ],
)
def test_settings(path: str, before: str, after: str, expected: list[str]) -> None:
    assert change(path, before, after) == expected


def test_what_an_owner_sets_weighs_less_unless_it_shows_everything() -> None:
    path = "etc/config/uhttpd"

    def severity(after: str) -> list[Severity]:
        made = case({path: UHTTPD.encode()}, {path: after.encode()}, mutable=("etc/config/**",))
        return [each.severity for each in findings(WebServers, made)]

    assert severity(UHTTPD.replace("/www", "/srv")) == [Severity.LOW]
    assert severity(UHTTPD.replace("/www", "/etc")) == [Severity.HIGH]


def test_lighttpd_over_several_lines() -> None:
    text = b'auth.require = ( "/admin" =>\n ( "method" => "digest" ),\n)\nserver.document-root = "/www"\n'
    assert [(each.about, each.value) for each in read_lighttpd(text)] == [(About.SHOWS, "/www")]
    text = b'auth.require = ( "/admin" => (\n "method" => "digest" ) )\n'
    assert [(each.about, each.value) for each in read_lighttpd(text)] == [(About.ASKS, "/admin")]


@given(st.binary())
def test_any_bytes_have_a_reading(data: bytes) -> None:
    list(read_lighttpd(data))
    list(read_plain(data))
