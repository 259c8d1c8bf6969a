"""Content protection: parts that were replaced or emptied, keys of devices, settings that switch protection off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.explaining.detectors.content_protection import ContentProtection, _crc32_mpeg2, device_key
from trueware.model.finding import Confidence, Severity

from .cases import File, case, findings, rules

ELF = b"\x7fELF" + bytes(60)


def keybox(key: bytes = bytes(16)) -> bytes:
    body = b"some device".ljust(32, b"\0") + key + bytes(72) + b"kbox"
    return body + _crc32_mpeg2(body).to_bytes(4)


def test_the_check_sum_is_the_one_of_mpeg() -> None:
    assert _crc32_mpeg2(b"123456789") == 0x0376E6E7  # the check value in the catalogue of CRCs


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("vendor/lib/mediadrm/libwvdrmengine.so", "Widevine"),
        ("vendor/lib/liboemcrypto.so", "Widevine"),
        ("vendor/bin/hw/android.hardware.drm@1.3-service.widevine", "Widevine"),
        ("vendor/lib/libplayready.so", "PlayReady"),
        ("usr/lib/libnagra_cas.so.1", "Nagra"),
        ("usr/lib/ciplus/libciplus.so", "CI+"),
        ("system/bin/drmserver", "the DRM framework"),
    ],
)
def test_a_part_that_was_replaced(path: str, system: str) -> None:
    (found,) = findings(ContentProtection, case({path: ELF}, {path: ELF + b"other"}))
    assert found.rule == "drm-component-changed"
    assert found.detail.endswith(system)
    assert rules(ContentProtection, case({path: ELF}, {})) == ["drm-component-disabled"]
    assert rules(ContentProtection, case({path: ELF}, {path: b""})) == ["drm-component-disabled"]


@pytest.mark.parametrize(
    "path",
    [
        "usr/lib/libva.so.2",
        "usr/lib/libdrm.so.2",
        "usr/lib/libc.so",
        "usr/share/doc/libwidevine.txt",
        "usr/bin/conaxial",
    ],
)
def test_other_libraries_are_none(path: str) -> None:
    assert rules(ContentProtection, case({path: ELF}, {path: ELF + b"other"})) == []


def test_a_service_that_may_not_be_run_any_more() -> None:
    path = "vendor/bin/hw/android.hardware.drm-service.widevine"
    one = case({path: File(ELF, 0o755)}, {path: File(ELF, 0o644)})
    assert rules(ContentProtection, one) == ["drm-component-disabled"]
    assert rules(ContentProtection, case({path: File(ELF, 0o755)}, {path: File(ELF, 0o755, uid=2000)})) == []


def test_trusted_applications_for_content() -> None:
    path = "vendor/lib/teetz/e043cde0-61d0-11e5-9c260002a5d5c51b.ta"
    (found,) = findings(ContentProtection, case({path: b"HSTO" + bytes(40)}, {path: ELF}))
    assert (found.rule, found.confidence) == ("content-trustlet-changed", Confidence.HIGH)
    assert "no signature" in found.detail
    firmware = "vendor/firmware_mnt/image/widevine.mbn"
    assert rules(ContentProtection, case({firmware: b"a"}, {firmware: b"b"})) == ["content-trustlet-changed"]
    assert rules(ContentProtection, case({firmware: b"a"}, {})) == ["drm-component-disabled"]
    other = "vendor/lib/optee_armtz/8aaaf200-2450-11e4-abe20002a5d5c51b.ta"
    assert rules(ContentProtection, case({other: b"a"}, {other: b"b"})) == []


def test_a_key_of_a_device_is_found_by_structure_and_not_shown() -> None:
    (found,) = findings(ContentProtection, case({}, {"system/etc/keybox.bin": keybox(b"sixteen secrets!")}))
    assert found.rule == "drm-device-key-added"
    assert "secret" not in repr(found)
    broken = bytearray(keybox())
    broken[40] ^= 1
    assert rules(ContentProtection, case({}, {"system/etc/keybox.bin": bytes(broken)})) == []
    assert rules(ContentProtection, case({"etc/keybox.bin": keybox()}, {"etc/keybox.bin": keybox(b"1" * 16)})) == []
    wvd = b"WVD\x02\x02\x03\x00" + (4).to_bytes(2) + b"0abc" + bytes(4)
    assert device_key(wvd) == "the private key of a Widevine device, level 3"
    assert device_key(b"WVD is a word that a text begins with") is None


@given(st.binary(max_size=300))
def test_any_bytes_are_looked_at(data: bytes) -> None:
    assert device_key(data) is None or b"kbox" in data or data.startswith(b"WVD")
    case_ = case({}, {"system/build.prop": data, "etc/init.d/a": data, "etc/a.keys": data})
    assert isinstance(findings(ContentProtection, case_), list)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"persist.sys.hdcp.enable=0", "hdcp-disabled"),
        (b"persist.vendor.hdmi.hdcp=false", "hdcp-disabled"),
        (b"persist.sys.hdcp_disable=true", "hdcp-disabled"),
        (b"ro.widevine.force_l3=1", "drm-level-lowered"),
    ],
)
def test_properties_that_switch_protection_off(line: bytes, rule: str) -> None:
    assert rules(ContentProtection, case({"system/build.prop": b"a=b\n"}, {"system/build.prop": b"a=b\n" + line})) == [
        rule
    ]
    assert rules(ContentProtection, case({"system/build.prop": line}, {"system/build.prop": line + b"\na=b"})) == []


@pytest.mark.parametrize(
    "line",
    [
        b"persist.sys.hdcp.enable=1",
        b"vendor.sys.hdcp.status=0",
        b"ro.hdcp.version=0",
        b"#persist.sys.hdcp.enable=0",
        b"drm.service.enabled=true",
    ],
)
def test_properties_that_do_not(line: bytes) -> None:
    assert rules(ContentProtection, case({"system/build.prop": b"a=b"}, {"system/build.prop": line})) == []


def test_levels_that_become_weaker() -> None:
    genuine = b"ro.widevine.level=L1\ndrm.service.enabled=true\n"
    weaker = b"ro.widevine.level=L3\ndrm.service.enabled=false\n"
    assert rules(ContentProtection, case({"build.prop": genuine}, {"build.prop": weaker})) == [
        "drm-level-lowered",
        "drm-service-disabled",
    ]
    assert rules(ContentProtection, case({"build.prop": weaker}, {"build.prop": genuine})) == []


@pytest.mark.parametrize(
    "script",
    [
        b"#!/bin/sh\necho 0 > /sys/class/hdmi/hdmi/attr/hdcp_enable\n",
        b"on boot\n    write /sys/class/misc/hdmi_hdcp1x/enable 0\n",
        b"echo -n stop22 > /sys/class/amhdmitx/amhdmitx0/hdcp_ctrl; sleep 1\n",
        b"setprop persist.sys.hdcp.enable false\n",
    ],
)
def test_scripts_that_switch_hdcp_off(script: bytes) -> None:
    (found,) = findings(ContentProtection, case({"etc/init.rc": b"on boot\n"}, {"etc/init.rc": script}))
    assert (found.rule, found.severity) == ("hdcp-disabled", Severity.HIGH)
    assert rules(ContentProtection, case({"etc/init.rc": script}, {"etc/init.rc": script + b"# more\n"})) == []
    without = case({"etc/init.rc": b"x"}, {"etc/init.rc": script}, at_hand=False)
    assert rules(ContentProtection, without) == []


@pytest.mark.parametrize(
    "script",
    [
        b"# echo 0 > /sys/class/hdmi/hdmi/attr/hdcp_enable\n",
        b"echo 1 > /sys/class/hdmi/hdmi/attr/hdcp_enable\n",
        b"cat /sys/class/hdmi/hdmi/attr/hdcp_enable\n",
        b"echo hdcp is 0\nsetprop vendor.atd.hdcp2p2.ready FALSE\n",
        b"echo 0 > /sys/class/graphics/fb0/blank\n",
    ],
)
def test_scripts_that_do_not(script: bytes) -> None:
    assert rules(ContentProtection, case({"etc/init.rc": b"on boot\n"}, {"etc/init.rc": script})) == []
