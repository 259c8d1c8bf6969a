"""Detectors of networks and of checks take long files in a time that grows with their length, whatever is in them."""

import time
from contextlib import suppress

import pytest
from tests.unit.explaining.cases import case, findings

from trueware.errors import InputError
from trueware.explaining import load_detectors

PATHS = (
    "etc/config/firewall",
    "etc/config/network",
    "etc/config/system",
    "etc/config/cwmp",
    "etc/hosts",
    "etc/dnsmasq.conf",
    "etc/resolv.conf",
    "etc/nftables.conf",
    "etc/iptables/rules.v4",
    "etc/init.d/x",
    "etc/opkg/distfeeds.conf",
    "etc/apt/sources.list.d/x.sources",
    "etc/apt/apt.conf",
    "etc/yum.repos.d/x.repo",
    "etc/ipsec.conf",
    "etc/openvpn/x.conf",
    "etc/tr069.conf",
    "etc/default.xml",
    "etc/syslog.conf",
    "etc/squid.conf",
    "etc/fstab",
    "boot/grub/grub.cfg",
    "system/build.prop",
    "flash.bin!/settings",
    "etc/ssl/certs/x.pem",
    "etc/opkg/keys/x",
    "lib/gluon/site.conf",
    "etc/ssh/ssh_known_hosts",
    "etc/config/autoupdater",
)
UNITS = (
    b"a",
    b"_a",
    b".a",
    b"tr69",
    b"serial",
    b"ota_update.",
    b"iptables -A INPUT -j ACCEPT\n",
    b"config rule\n option src wan\n",
    b"list a b\n",
    b"list server /a.b/1.1.1.1\n",
    b"1.2.3.4 a.b\n",
    b"-kkkkkkk",
    b"curl -k a\n",
    b"src/gz a http://b/c\n",
    b"mirrors = {",
    b"'a' --",
    b"{",
    b"<a url='",
    b"<a>",
    b"-----BEGIN CERTIFICATE-----\n",
    b"a=b\0",
    b"verify=no\0",
    b"linux a ",
    b"\\\n",
    b"$(",
    b"\t\n",
)
SIZE = 60_000
SLOW = 3.0
"""Seconds of the processor; what grows with the square takes longer."""


@pytest.mark.parametrize("path", PATHS)
def test_long_files(path: str) -> None:
    detectors = [each for each in load_detectors() if each.__module__.rpartition(".")[2] in MINE]
    assert len(detectors) == len(MINE)
    for unit in UNITS:
        made = case({path: b"x\n"}, {path: unit * (SIZE // len(unit))})
        for detector in detectors:
            start = time.process_time()
            with suppress(InputError):
                findings(detector, made)
            assert time.process_time() - start < SLOW, (unit, detector)


MINE = frozenset(
    (
        *(
            "certificate_stores",
            "update_keys",
            "update_sources",
            "management_server",
            "package_checks",
            "verified_boot",
        ),
        *("kernel_command_line", "boot_environment", "boot_signatures", "mount_table", "packet_filter", "hosts_file"),
        *(
            "name_servers",
            "ssh_hosts",
            "automatic_updates",
            "secure_boot",
            "eavesdropping",
            "tunnels",
            "proxies",
            "logs",
            "unchecked_commands",
        ),
    )
)
