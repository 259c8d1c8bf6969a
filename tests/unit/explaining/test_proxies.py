"""Proxies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.proxies import Proxies
from trueware.explaining.reading.proxies import proxies_in
from trueware.model.finding import Severity

SET, TAKEN = ["proxy-set"], ["transparent-proxy-set"]
STATED = [
    ("etc/environment", "http_proxy=http://198.51.100.1:3128\n", SET),
    ("etc/profile.d/x.sh", "export https_proxy=http://198.51.100.1:3128\n", SET),
    ("etc/apt/apt.conf.d/9p", 'Acquire::http::Proxy "http://198.51.100.1:3128";\n', SET),
    ("etc/wgetrc", "http_proxy = http://198.51.100.1:3128/\n", SET),
    ("root/.curlrc", 'proxy = "198.51.100.1:3128"\n', SET),
    ("etc/opkg.conf", "option http_proxy http://198.51.100.1:3128/\n", SET),
    ("etc/tinyproxy.conf", "Upstream http 198.51.100.1:3128\n", SET),
    ("etc/rc.local", "settings put global http_proxy 198.51.100.1:8080\n", SET),
    (
        "etc/redsocks.conf",
        "redsocks {\n local_ip = 0.0.0.0;\n local_port = 12345;\n ip = 198.51.100.1;\n port = 1080;\n}\n",
        TAKEN,
    ),
    ("etc/squid/squid.conf", "http_port 3129 intercept\n", TAKEN),
    ("etc/squid.conf", "ssl_bump bump all\n", TAKEN),
    ("etc/rc.local", "ss-redir -c /etc/x.json\n", TAKEN),
    # near misses
    ("etc/environment", "#http_proxy=http://198.51.100.1:3128\nno_proxy=localhost\nPATH=/bin\n", []),
    ("etc/profile.d/x.sh", "unset http_proxy\nhttp_proxy=\n", []),
    ("etc/apt/apt.conf.d/9p", 'Acquire::http::Proxy "DIRECT";\n', []),
    ("etc/rc.local", "settings put global http_proxy :0\n", []),
    ("etc/squid.conf", "http_port 3128\nssl_bump splice all\n", []),
    ("etc/redsocks.conf", "base { log_info = on; }\n", []),
]


@pytest.mark.parametrize(("path", "text", "expected"), STATED)
def test_what_is_set(path: str, text: str, expected: list[str]) -> None:
    data = text.encode()
    assert rules(Proxies, case({path: b""}, {path: data})) == expected
    assert rules(Proxies, case({path: data}, {path: data + b"\n# x\n"})) == []


def test_evidence() -> None:
    path = "etc/environment"
    (found,) = findings(
        Proxies, case({path: b"http_proxy=http://a.example:1"}, {path: b"http_proxy=http://b.example:1"})
    )
    assert (found.evidence[0].expected, found.evidence[0].found) == ("http://a.example:1", "http://b.example:1")
    assert found.touches == ("host:b.example",)
    (here,) = findings(Proxies, case({}, {path: b"http_proxy=http://127.0.0.1:8118"}))
    assert here.severity is Severity.LOW


@given(st.sampled_from(sorted({path for path, _, _ in STATED})), st.binary(max_size=200))
def test_arbitrary_bytes_are_read(path: str, data: bytes) -> None:
    list(proxies_in(path, data))
