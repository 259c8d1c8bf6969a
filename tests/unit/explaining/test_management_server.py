"""Servers that manage devices from afar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import all_rules, case, findings, rules

from trueware.errors import InputError
from trueware.explaining.detectors.management_server import ManagementServer
from trueware.explaining.reading.management import management_servers
from trueware.model.finding import Severity

OLD, NEW = "https://acs.isp.example:7547/cwmp", "https://198.51.100.4/acs"
STORED = {
    "etc/config/easycwmp": "config acs\n option url '{}'\n option username x\n",
    "etc/config/cwmp": "config cwmp acs\n option url '{}'\n",
    "etc/config/provider": "config provider\n option acs_url '{}'\n",
    "etc/hw_ctree_config.xml": '<Config><ManagementServer EnableCWMP="1" URL="{}" Username="a"/></Config>',
    "etc/db_default_cfg.xml": '<DB><Tbl name="MgtServer"><Row No="0"><DM name="URL" val="{}"/></Row></Tbl></DB>',
    "etc/config_default.xml": '<Config Name="ROOT"><Value Name="CWMP_ACS_URL" Value="{}"/></Config>',
    "etc/default_config.xml": "<DslCpeConfig><ManagementServer><URL>{}</URL></ManagementServer></DslCpeConfig>",
    "etc/nvram_default": "x=1\nacs_url={}\ny=2\n",
    "etc/tr069.conf": "# x\nInternetGatewayDevice.ManagementServer.URL = {}\n",
}


@pytest.mark.parametrize("path", STORED)
def test_another_server_manages_the_device(path: str) -> None:
    before, after = STORED[path].format(OLD).encode(), STORED[path].format(NEW).encode()
    (found,) = findings(ManagementServer, case({path: before}, {path: after}, mutable=("etc/config/**",)))
    assert (found.rule, found.severity) == ("management-server-changed", Severity.HIGH), "even where owners set things"
    assert (found.evidence[0].expected, found.evidence[0].found) == (OLD, NEW)
    assert found.touches == ("host:198.51.100.4", "service:tr069")
    assert rules(ManagementServer, case({path: before}, {path: before + b"\n"})) == []


@pytest.mark.parametrize("path", STORED)
def test_set_removed_and_unencrypted(path: str) -> None:
    stored = STORED[path]
    none, some = stored.format("").encode(), stored.format(OLD).encode()
    assert rules(ManagementServer, case({path: none}, {path: some})) == ["management-server-set"]
    assert rules(ManagementServer, case({path: some}, {path: none})) == ["management-server-removed"]
    plain = stored.format(OLD.replace("https", "http")).encode()
    assert rules(ManagementServer, case({path: some}, {path: plain})) == ["management-server-unencrypted"]
    assert rules(ManagementServer, case({path: plain}, {path: some})) == []


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("etc/config/firmware", "config a\n option url http://a\n", "config a\n option url http://b\n"),
        ("etc/config/easycwmp", "config local\n option port 1\n", "config local\n option port 2\n"),
        ("etc/default.xml", "<a><NTP><URL>http://a</URL></NTP></a>", "<a><NTP><URL>http://b</URL></NTP></a>"),
        ("etc/tr069.conf", "#acs_url=http://a\n", "#acs_url=http://b\n"),
        ("etc/default.xml", "<cwmp><urlcount>1</urlcount></cwmp>", "<cwmp><urlcount>2</urlcount></cwmp>"),
    ],
)
def test_what_is_no_management_server(path: str, before: str, after: str) -> None:
    assert rules(ManagementServer, case({path: before.encode()}, {path: after.encode()})) == []


def test_what_cannot_be_read_is_told() -> None:
    assert "change-unreadable" in all_rules(case({"etc/default.xml": b"<url/>"}, {"etc/default.xml": b"<url>"}))
    assert rules(ManagementServer, case({"etc/default.xml": b"<url>"}, {"etc/default.xml": b"<url> "})) == [], (
        "as it was"
    )
    bomb = b'<!DOCTYPE a [<!ENTITY b "url">]><a>&b;</a>'
    assert "change-unreadable" in all_rules(case({"etc/default.xml": b"<url/>"}, {"etc/default.xml": bomb}))


@given(st.sampled_from(sorted(STORED)), st.binary(max_size=100), st.integers(0, 100))
def test_arbitrary_bytes_are_read_or_refused(path: str, noise: bytes, at: int) -> None:
    data = STORED[path].encode()
    for each in (noise, data[:at] + noise + data[at:]):
        try:
            management_servers(path, each)
        except InputError:
            continue
