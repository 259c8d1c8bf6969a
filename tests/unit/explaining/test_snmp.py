"""Who may write over SNMP."""

import pytest
from tests.unit.explaining.cases import case, rules

from trueware.explaining.detectors.snmp import Snmp

BASE = b"rocommunity public default -V systemonly\nrwcommunity old 127.0.0.1\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rwcommunity public default", ["snmp-writable-by-all"]),
        ("rwcommunity6 private", ["snmp-writable-by-all"]),
        ("rwuser guest noauth", ["snmp-writable-by-all"]),
        ("rwcommunity hx72k 192.0.2.0/24", ["snmp-writable"]),
        ("rwuser operator priv", ["snmp-writable"]),
        ("rwcommunity public localhost", []),
        ("rocommunity public", []),
        ("# rwcommunity public", []),
        ("rwcommunity", []),
    ],
)
def test_a_line_that_came(line: str, expected: list[str]) -> None:
    made = case({"etc/snmp/snmpd.conf": BASE}, {"etc/snmp/snmpd.conf": BASE + line.encode() + b"\n"})
    assert rules(Snmp, made) == expected
    assert rules(Snmp, case({"etc/snmp/snmpd.conf": BASE + line.encode()}, {"etc/snmp/snmpd.conf": BASE})) == []
