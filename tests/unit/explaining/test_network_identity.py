"""Who a network device says it is: each rule where it is so, and its nearest neighbour where it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import Tree, case, findings, rules
from tests.unit.explaining.radios import ADDRESS, ar9300, mediatek, partition, qca988x

from trueware.explaining.detectors.network_identity import NetworkIdentity
from trueware.explaining.reading.device_settings import Kind, read_settings
from trueware.model.finding import Confidence, Severity

OTHER = bytes.fromhex("e894f6abcdef")
NVRAM = "lib/firmware/brcm/brcmfmac43455-sdio.txt"


def told(genuine: Tree, suspect: Tree, mutable: tuple[str, ...] = ()) -> list[str]:
    return rules(NetworkIdentity, case(genuine, suspect, mutable=mutable))


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("etc/nvram.default", b"et0macaddr=E8:94:F6:12:34:56\n", b"et0macaddr=E8:94:F6:AB:CD:EF\n", "hardware-address-changed"),
        ("etc/nvram.default", b"lan_ipaddr=10.0.0.1\n", b"lan_ipaddr=10.0.0.1\nwan_mac=e894f6abcdef\n", "hardware-address-changed"),
        (NVRAM, b"a=1\nmacaddr=e8:94:f6:12:34:56\n", b"a=1\nmacaddr=00:90:4c:c5:12:38\n", "hardware-address-unassigned"),
        (NVRAM, b"macaddr=e8:94:f6:12:34:56\n", b"macaddr=02:11:22:33:44:55\n", "hardware-address-unassigned"),
        ("etc/nvram.default", b"serial_number=S1\n", b"serial_number=S2\n", "device-serial-changed"),
        (
            "etc/config_default_hs.xml",
            b'<Dir>\n<Value Name="GPON_SN" Value="VSOL01020304"/>\n</Dir>\n',
            b'<Dir>\n<Value Name="GPON_SN" Value="HWTC35000000"/>\n</Dir>\n',
            "pon-identity-changed",
        ),
        (
            "etc/config_default_hs.xml",
            b'<Dir>\n<Value Name="A" Value="1"/>\n</Dir>\n',
            b'<Dir>\n<Value Name="A" Value="1"/>\n<Value Name="PON_VENDOR_ID" Value="HWTC"/>\n</Dir>\n',
            "pon-identity-changed",
        ),
        ("etc/nvram.default", b"boardid=0x550\n", b"boardid=0x551\n", "hardware-id-changed"),
        ("settings", b"hwid=841n\0bootdelay=1\0\0", b"hwid=842n\0bootdelay=1\0\0", "hardware-id-changed"),
        ("settings", b"gpon_sn=ALCL12345678\0\0", b"gpon_sn=ALCL12345679\0\0", "pon-identity-changed"),
        ("settings", b"ethaddr=e8:94:f6:12:34:56\0\0", b"ethaddr=e8:94:f6:12:34:57\0\0", "hardware-address-changed"),
        (
            "product-info",
            b"\0\0\0\x20\0\0\0\0product_name:Archer C7\nspecial_id:45550000\n",
            b"\0\0\0\x20\0\0\0\0product_name:Archer C7\nspecial_id:55530000\n",
            "hardware-id-changed",
        ),
        ("default-mac", bytes(8) + ADDRESS, bytes(8) + OTHER, "hardware-address-changed"),
    ],
)  # fmt: skip
def test_identity_that_was_rewritten_is_told(path: str, before: bytes, after: bytes, expected: str) -> None:
    assert told({path: before}, {path: after}) == [expected]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("etc/nvram.default", b"et0macaddr=E8:94:F6:12:34:56\n", b"# factory\net0macaddr=e894f6123456\n"),  # written otherwise
        ("etc/nvram.default", b"a=1\nserial_number=S1\n", b"serial_number=S1\na=2\n"),  # another order, another setting
        ("etc/nvram.default", b"a=1\n", b"a=1\net0macaddr=auto\nmacaddr=1:2:3\n"),  # no addresses
        ("etc/nvram.default", b"a=1\n", b"a=1\nboardid=0x550\n"),  # told now, contradicts nothing
        ("etc/nvram.default", b"wl0.1_hwaddr=e8:94:f6:12:34:56\n", b"wl0.1_hwaddr=ea:94:f6:12:34:57\n"),  # of a guest network
        ("usr/share/doc/nvram.md", b"et0macaddr=E8:94:F6:12:34:56\n", b"et0macaddr=E8:94:F6:AB:CD:EF\n"),  # of no device
        ("etc/config_default.xml", b'<Value Name="LOID_X" Value="1"/>', b'<Value Name="LOID_X" Value="2"/>'),
    ],
)  # fmt: skip
def test_what_is_no_other_identity_is_not_told(path: str, before: bytes, after: bytes) -> None:
    assert told({path: before}, {path: after}) == []


def test_made_up_address_in_place_of_one_is_another_address() -> None:
    before, after = b"macaddr=00:90:4c:c5:12:38\n", b"macaddr=00:90:4c:c5:12:39\n"
    assert told({NVRAM: before}, {NVRAM: after}) == ["hardware-address-changed"]


def test_password_is_not_shown() -> None:
    genuine: Tree = {"etc/config_default.xml": b'<Value Name="GPON_PLOAM_PASSWD" Value="first"/>'}
    suspect: Tree = {"etc/config_default.xml": b'<Value Name="GPON_PLOAM_PASSWD" Value="second"/>'}
    [found] = findings(NetworkIdentity, case(genuine, suspect))

    assert found.rule == "pon-identity-changed"
    assert "first" not in repr(found)
    assert "second" not in repr(found)


def test_file_that_is_added_tells_what_it_sets() -> None:
    assert told({}, {"etc/nvram.default": b"et0macaddr=e894f6abcdef\nboardid=1\n"}) == ["hardware-address-changed"]
    assert told({"etc/nvram.default": b"et0macaddr=e894f6abcdef\n"}, {}) == []


def test_each_device_has_its_own_where_policy_says_so() -> None:
    """Another address, serial number and PON identity in a mutable store are no finding; another hardware id is, of low severity."""
    genuine: Tree = {"settings": b"ethaddr=e8:94:f6:12:34:56\0serial#=S1\0gpon_sn=ALCL1\0hwid=1\0\0"}
    suspect: Tree = {"settings": b"ethaddr=e8:94:f6:ab:cd:ef\0serial#=S2\0gpon_sn=ALCL2\0hwid=2\0\0"}

    assert told(genuine, suspect, ("settings",)) == ["hardware-id-changed"]
    found = {each.rule: each for each in findings(NetworkIdentity, case(genuine, suspect))}
    assert len(found) == 4
    assert found["pon-identity-changed"].severity is Severity.LOW
    assert found["pon-identity-changed"].confidence is Confidence.LOW
    assert found["hardware-id-changed"].severity is Severity.MEDIUM


def test_made_up_address_is_told_wherever_it_is() -> None:
    genuine: Tree = {"settings": b"ethaddr=e8:94:f6:12:34:56\0\0"}

    assert told(genuine, {"settings": b"ethaddr=02:00:00:00:00:01\0\0"}, ("settings",)) == [
        "hardware-address-unassigned"
    ]
    assert told(genuine, {"settings": b"ethaddr=00:0c:43:28:80:aa\0\0"}, ("settings",)) == [
        "hardware-address-unassigned"
    ]
    assert told(genuine, {"settings": b"ethaddr=00:0c:44:28:80:aa\0\0"}, ("settings",)) == []


@pytest.mark.parametrize("make", [ar9300, qca988x, mediatek])
def test_address_of_a_radio(make: object) -> None:
    genuine: Tree = {"art": partition(make(ADDRESS))}  # type: ignore[operator]

    def of(address: bytes) -> Tree:
        return {"art": partition(make(address))}  # type: ignore[operator]

    [found] = findings(NetworkIdentity, case(genuine, of(OTHER)))
    assert (found.rule, found.severity) == ("hardware-address-changed", Severity.LOW)
    assert found.evidence[0].expected == "e8:94:f6:12:34:56"
    assert told(genuine, of(OTHER), ("art",)) == []
    assert told(genuine, of(bytes.fromhex("021122334455")), ("art",)) == ["hardware-address-unassigned"]


def test_address_in_settings_that_is_preset() -> None:
    """In software it is one for all devices; where owners and first starts write it, it is each device's own."""
    plain = b"config interface 'lan'\n\toption ifname 'eth0'\n\nconfig device 'wan'\n\toption name 'eth1'\n"
    preset = plain + b"\toption macaddr 'e8:94:f6:ab:cd:ef'\n"

    assert told({"etc/config/network": plain}, {"etc/config/network": preset}) == ["hardware-address-overridden"]
    assert told({"etc/config/network": plain}, {"etc/config/network": preset}, ("etc/config/**",)) == []
    assert told({"etc/config/network": preset}, {"etc/config/network": plain}) == []
    other = plain.replace(b"eth1", b"eth2")
    assert told({"etc/config/network": plain}, {"etc/config/network": other}) == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("ifconfig eth0 hw ether e8:94:f6:ab:cd:ef", ["hardware-address-overridden"]),
        ("ip link set dev eth0 address e8:94:f6:ab:cd:ef", ["hardware-address-overridden"]),
        ("macchanger -r wlan0", ["hardware-address-overridden"]),
        ("uci -q set network.wan.macaddr='e8:94:f6:ab:cd:ef'", ["hardware-address-overridden"]),
        ("MAC=e8:94:f6:ab:cd:ef\nifconfig eth0 hw ether $MAC up", ["hardware-address-overridden"]),
        ("nvram set et0macaddr=e8:94:f6:ab:cd:ef", ["factory-identity-rewritten"]),
        ("flash set GPON_SN HWTC35000000", ["factory-identity-rewritten"]),
        ("fw_setenv ethaddr e8:94:f6:ab:cd:ef", ["factory-identity-rewritten"]),
        ("busybox nohup mtd -r write /tmp/a.bin art &", ["factory-identity-rewritten"]),
        ("mtd erase factory", ["factory-identity-rewritten"]),
        ("ethtool -E eth0 magic 0x1 offset 0 value 2", ["factory-identity-rewritten"]),
        ("ifconfig eth0 hw ether $(cat /sys/factory/mac)", []),  # whatever the factory wrote
        ("ifconfig eth0 192.168.1.1 up", []),
        ("ip link set dev eth0 up", []),
        ("ip addr add 10.0.0.1/24 dev eth0", []),
        ("nvram set lan_ipaddr=10.0.0.1", []),
        ("nvram get et0macaddr", []),
        ("flash get GPON_SN", []),
        ("fw_printenv ethaddr", []),
        ("fw_setenv bootcount 0", []),
        ("mtd write /tmp/fw.bin firmware", []),
        ("uci set network.wan.proto=dhcp", []),
        ("echo ifconfig eth0 hw ether e8:94:f6:ab:cd:ef", []),
        ("# ifconfig eth0 hw ether e8:94:f6:ab:cd:ef", []),
    ],
)
def test_commands(command: str, expected: list[str]) -> None:
    path, plain = "etc/init.d/boot", b"#!/bin/sh\nifconfig lo up\n"
    script = plain + command.encode() + b"\n"

    assert told({path: plain}, {path: script}) == expected
    assert told({path: script}, {path: plain}) == []
    assert told({path: script}, {path: b"#!/bin/sh\n# moved\n" + command.encode() + b"\nifconfig lo up\n"}) == []
    assert told({"usr/share/doc/boot.txt": plain}, {"usr/share/doc/boot.txt": script}) == []


def test_added_program_that_is_a_script() -> None:
    script = b"#!/bin/sh\nnvram set boardid=1\n"
    assert told({}, {"usr/sbin/fix": script}) == ["factory-identity-rewritten"]
    assert told({}, {"usr/sbin/fix": script[10:]}) == []


def test_nothing_is_said_where_the_genuine_is_not_at_hand() -> None:
    made = case(
        {"settings": b"ethaddr=e8:94:f6:12:34:56\0\0"}, {"settings": b"ethaddr=02:00:00:00:00:01\0\0"}, at_hand=False
    )
    assert rules(NetworkIdentity, made) == []


def test_many_settings_are_few_findings() -> None:
    def many(first: int) -> bytes:
        return b"".join(
            b"eth%daddr=e8:94:f6:%02x:%02x:%02x\n" % (each, first, each >> 8, each & 255) for each in range(3000)
        )

    assert len(told({"etc/nvram.default": many(1)}, {"etc/nvram.default": many(2)})) == 24


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("et0macaddr", Kind.ADDRESS), ("sb/1/macaddr", Kind.ADDRESS), ("pci/1/1/macaddr", Kind.ADDRESS), ("0:macaddr", Kind.ADDRESS),
        ("ethaddr", Kind.ADDRESS), ("eth1addr", Kind.ADDRESS), ("wifiaddr", Kind.ADDRESS), ("ELAN_MAC_ADDR", Kind.ADDRESS),
        ("HW_NIC0_ADDR", Kind.ADDRESS), ("MacAddress", Kind.ADDRESS), ("ipaddr", None), ("loadaddr", None), ("fdt_addr", None),
        ("macfilter", None), ("wl0_maclist", None), ("serial#", Kind.SERIAL), ("serverip", None), ("sn", Kind.SERIAL),
        ("GPON_SN", Kind.PON), ("8311_gpon_sn", Kind.PON), ("nSerial", Kind.PON), ("LOID", Kind.PON), ("PLOAM_PASSWD", Kind.PON),
        ("boardid", Kind.HARDWARE), ("HW_HWVER", Kind.HARDWARE), ("board", None), ("hwid", Kind.HARDWARE), ("ccode", Kind.COUNTRY),
        ("0:regrev", Kind.COUNTRY), ("CountryRegionABand", Kind.COUNTRY), ("wl0_country_code", Kind.COUNTRY),
        ("maxp2ga0", Kind.POWER), ("pa5gw0a1", Kind.POWER), ("TxPower", Kind.POWER), ("pageTitle", None),
    ],
)  # fmt: skip
def test_names_say_what_a_setting_is(name: str, kind: Kind | None) -> None:
    value = "00:11:22:33:44:55"
    assert [each.kind for each in read_settings(f"{name}={value}\n".encode())] == ([] if kind is None else [kind])


@given(st.binary(max_size=400) | st.text('ethaddr=0123456789abcdef:\n\0<Value Name"/>', max_size=300).map(str.encode))
def test_any_bytes_are_settings_or_none(data: bytes) -> None:
    for setting in read_settings(data):
        assert setting.value
        assert setting.kind is not Kind.ADDRESS or len(bytes.fromhex(setting.value)) == 6


@pytest.mark.parametrize(
    ("address", "mutable", "expected"),
    [
        ("02:00:5e:10:20:30", ("etc/config/**",), [("hardware-address-overridden", Severity.LOW)]),
        ("e8:94:f6:ab:cd:ef", ("etc/config/**",), []),
        ("e8:94:f6:ab:cd:ef", (), [("hardware-address-overridden", Severity.MEDIUM)]),
    ],
)
def test_an_address_in_settings_that_the_genuine_has_not(
    address: str, mutable: tuple[str, ...], expected: list[tuple[str, Severity]]
) -> None:
    text = f"config interface 'wan'\n\toption proto 'dhcp'\n\toption macaddr '{address}'\n"
    made = case({}, {"etc/config/network": text.encode()}, mutable=mutable)
    assert [(each.rule, each.severity) for each in findings(NetworkIdentity, made)] == expected
