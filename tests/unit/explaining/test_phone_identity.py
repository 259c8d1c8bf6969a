"""What is said where a phone's identity or radio is another, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import Tree, case, findings, rules

from trueware.explaining.detectors.phone_identity import PhoneIdentity
from trueware.model.finding import Severity


def told(before: Tree, after: Tree, *, mutable: tuple[str, ...] = ()) -> list[str]:
    return rules(PhoneIdentity, case({"x": b"", **before}, {"x": b"", **after}, mutable=mutable))


@pytest.mark.parametrize(
    "path", ["modemst1", "nvdata.img", "efs/nv_data.bin", "mnt/vendor/nvram/md/NVRAM/NVD_IMEI/MP0B_001"]
)
def test_radio_memory(path: str) -> None:
    """Erased weighs, other hardly, and what policy lets differ is nothing."""
    assert told({path: b"imei 1"}, {path: b"\0" * 6}) == ["radio-memory-erased"]
    assert told({path: b"imei 1"}, {path: b"\xff" * 6}) == ["radio-memory-erased"]
    assert told({path: b"imei 1"}, {path: b"imei 2"}) == ["radio-memory-other"]
    assert told({path: b"\0" * 6}, {path: b"imei 2"}) == ["radio-memory-other"]
    assert told({path: b"imei 1"}, {path: b"imei 2"}, mutable=(path,)) == []
    assert told({}, {path: b"imei 2"}) == []


@pytest.mark.parametrize(
    ("after", "severity"),
    [
        (b"Intf0MacAddress=001122AABBCC\n", Severity.LOW),
        (b"02:11:22:aa:bb:cc", Severity.MEDIUM),
        (b"00:00:00:00:00:00", Severity.MEDIUM),
        (b"address 0011223344", None),
        (b"Intf0MacAddress=00aa11bb22cc\n# note", None),
    ],
)
def test_addresses(after: bytes, severity: Severity | None) -> None:
    """Another one, one that nobody was given, none, and the same one."""
    path = "persist/wlan_mac.bin"
    made = case({"x": b"", path: b"Intf0MacAddress=00AA11BB22CC\n"}, {"x": b"", path: after})

    assert [(each.rule, each.severity) for each in findings(PhoneIdentity, made)] == (
        [] if severity is None else [("phone-address-other", severity)]
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"ro.serialno=R58M12345A\n", ["properties-identity-set"]),
        (b"ro.ril.imei=356938035643809\n", ["properties-identity-set"]),
        (b"persist.radio.imei1=356938035643809\n", ["properties-identity-set"]),
        (b"ro.ril.def.imei.show=1\n", []),
        (b"ro.product.model=123456789\n", []),
        (b"ro.serialno=\n", []),
    ],
)
def test_properties(line: bytes, expected: list[str]) -> None:
    assert told({"system/build.prop": b"a=1\n"}, {"system/build.prop": b"a=1\n" + line}) == expected
    assert told({"system/build.prop": b"a=1\n" + line}, {"system/build.prop": b"a=2\n" + line}) == []


WRITE = b'AT+EGMR=1,7,"%s"\0'


@pytest.mark.parametrize("magic", [b"\x7fELF", b"#!/system/bin/sh\n"])
def test_programs_that_write_the_imei(magic: bytes) -> None:
    """Newly, and not to ask for it; a document that tells how is none."""
    path = "system/bin/tool"

    assert told({}, {path: magic + WRITE}) == ["program-writes-imei"]
    assert told({path: magic}, {path: magic + WRITE}) == ["program-writes-imei"]
    assert told({path: magic + WRITE}, {path: magic + b"x" + WRITE}) == []
    assert told({}, {path: magic + b"AT+EGMR=0,7\0"}) == []
    assert told({}, {path: b"notes: " + WRITE}) == []


def test_without_the_genuine_program_nothing_is_said() -> None:
    made = case({"bin/a": b"\x7fELF"}, {"bin/a": b"\x7fELF" + WRITE}, at_hand=False)

    assert rules(PhoneIdentity, made) == []


@pytest.mark.parametrize("path", ["modem.img", "NON-HLOS.bin", "md1img", "image/modem.b02"])
def test_the_radio_s_software(path: str) -> None:
    assert told({path: b"1"}, {path: b"2"}) == ["modem-firmware-other"]
    assert told({}, {path: b"2"}) == []
    assert told({f"{path}x": b"1"}, {f"{path}x": b"2"}) == (
        [] if path != "image/modem.b02" else ["modem-firmware-other"]
    )


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_arbitrary_bytes_are_compared(before: bytes, after: bytes) -> None:
    for path in ("persist/wlan_mac.bin", "build.prop", "bin/x", "nvram"):
        told({path: before}, {path: after})


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("md/NVRAM/NVD_IMEI/MP0B_001", "radio-memory-other"),
        ("md/NVRAM/CALIBRAT/MT00_000", "radio-calibration-other"),
    ],
)
def test_files_of_the_radios_memory(path: str, rule: str) -> None:
    assert rules(PhoneIdentity, case({path: b"1" * 40}, {path: b"2" * 40})) == [rule]
    assert rules(PhoneIdentity, case({path: b"1" * 40}, {path: b"2" * 40}, mutable=(path,))) == []
    assert rules(PhoneIdentity, case({f"doc/{path}.txt": b"1"}, {f"doc/{path[3:]}": b"2"})) == []
