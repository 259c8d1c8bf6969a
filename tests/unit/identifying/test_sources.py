"""Each kind of file in which software names itself, read into claims."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import MalformedInput
from trueware.identifying import SOURCES
from trueware.identifying.build_prop import BuildProp
from trueware.identifying.contract import MAX_VALUE, Source
from trueware.identifying.control import Control
from trueware.identifying.login_banner import LoginBanner
from trueware.identifying.lsb_release import LsbRelease
from trueware.identifying.openwrt import DeviceInfo, OpenwrtRelease, OpenwrtVersion
from trueware.identifying.os_release import OsRelease
from trueware.identifying.sysupgrade import SysupgradeMetadata
from trueware.identifying.version_file import VersionFile
from trueware.identifying.widget import Widget


def told(source: type[Source], content: bytes) -> list[tuple[str, str, str]]:
    claims = list(source.read(content, "a!/b"))
    assert all(claim.part == "a!/b" for claim in claims)
    return [(claim.source, claim.name, claim.value) for claim in claims]


def test_os_release() -> None:
    """os-release gives system, version, build, maker and, as a source of its own, the image."""
    content = b"""# comment
NAME="Debian GNU/Linux"
ID=debian
VERSION_ID="12"
BUILD_ID='2024 01'
VENDOR_NAME="ACME \\"Routers\\""
OPENWRT_DEVICE_PRODUCT="Generic"
OPENWRT_ARCH=mips_24kc
IMAGE_ID=acme-os
IMAGE_VERSION=4.2
"""

    assert told(OsRelease, content) == [
        ("os-release", "os", "debian"),
        ("os-release", "version", "12"),
        ("os-release", "build", "2024 01"),
        ("os-release", "vendor", 'ACME "Routers"'),
        ("os-release", "architecture", "mips_24kc"),
        ("os-release-image", "product", "acme-os"),
        ("os-release-image", "version", "4.2"),
    ]


def test_what_a_shell_would_compute_claims_nothing() -> None:
    """A value with substitutions, concatenation or an open quote is no plain assignment."""
    content = b'ID=$(uname)\nVERSION_ID=1"2"\nBUILD_ID="open\nVENDOR_NAME=a;reboot\n'

    assert told(OsRelease, content) == [("os-release", "vendor", "a")]


def test_the_last_assignment_counts() -> None:
    """As in a shell, a later assignment replaces an earlier one."""
    assert told(LsbRelease, b"DISTRIB_ID=a\nDISTRIB_RELEASE=1\nDISTRIB_ID=b\n") == [
        ("lsb-release", "os", "b"),
        ("lsb-release", "version", "1"),
    ]


def test_openwrt_release() -> None:
    """openwrt_release gives system, version, revision, target and architecture."""
    content = b"""DISTRIB_ID='OpenWrt'
DISTRIB_RELEASE='23.05.2'
DISTRIB_REVISION='r23630-842932a63d'
DISTRIB_TARGET='ath79/tiny'
DISTRIB_ARCH='mips_24kc'
DISTRIB_DESCRIPTION='OpenWrt 23.05.2 r23630-842932a63d'
"""

    assert told(OpenwrtRelease, content) == [
        ("openwrt-release", "os", "OpenWrt"),
        ("openwrt-release", "version", "23.05.2"),
        ("openwrt-release", "build", "r23630-842932a63d"),
        ("openwrt-release", "board", "ath79/tiny"),
        ("openwrt-release", "architecture", "mips_24kc"),
    ]


def test_openwrt_version() -> None:
    """openwrt_version is the version alone."""
    assert told(OpenwrtVersion, b"15.05.1\n") == [("openwrt-version", "version", "15.05.1")]


def test_placeholders_of_device_info_say_nothing() -> None:
    """An unchanged OpenWrt names neither product nor revision."""
    content = b"DEVICE_MANUFACTURER='OpenWrt'\nDEVICE_PRODUCT='Generic'\nDEVICE_REVISION='v0'\n"

    assert told(DeviceInfo, content) == [("device-info", "vendor", "OpenWrt")]


def test_build_properties_of_any_partition() -> None:
    """Maker, model, device, version, builds and fingerprint are found under each partition's names, each value once."""
    content = b"""ro.build.id=OPR6
ro.build.version.release=8.0.0\r
ro.product.model=ActivPanel
ro.product.vendor.model=ActivPanel
ro.product.system.model = Other Panel
ro.product.vendor.manufacturer=Promethean
ro.product.device=bigfish
ro.vendor.build.fingerprint=a/b/c:8.0.0/OPR6/1:user/release-keys
ro.bootimage.build.fingerprint=a/b/c:8.0.0/OPR6/2:user/release-keys
#ro.product.model=commented
persist.ro.product.model=no
"""

    assert told(BuildProp, content) == [
        ("build.prop", "build", "OPR6"),
        ("build.prop", "version", "8.0.0"),
        ("build.prop", "product", "ActivPanel"),
        ("build.prop", "product", "Other Panel"),
        ("build.prop", "vendor", "Promethean"),
        ("build.prop", "board", "bigfish"),
        ("build.prop", "fingerprint", "a/b/c:8.0.0/OPR6/1:user/release-keys"),
        ("build.prop", "fingerprint", "a/b/c:8.0.0/OPR6/2:user/release-keys"),
    ]


def test_a_property_that_stands_twice_claims_both_values() -> None:
    """Systems disagree about which one counts, so both are told."""
    content = b"ro.product.model=A\nro.product.model=B\n"

    assert told(BuildProp, content) == [("build.prop", "product", "A"), ("build.prop", "product", "B")]


def test_control() -> None:
    """A package's control file gives package, version, architecture and maintainer; continuation lines are no fields."""
    content = b"Package: openssl\nVersion: 3.0.17-1~deb12u2\nDescription: x\n Maintainer: not me\nArchitecture: amd64\n"

    assert told(Control, content + b"maintainer: Debian <x@y>\n") == [
        ("package-control", "package", "openssl"),
        ("package-control", "version", "3.0.17-1~deb12u2"),
        ("package-control", "architecture", "amd64"),
        ("package-control", "vendor", "Debian <x@y>"),
    ]


@pytest.mark.parametrize("content", [b"", b"Version: 1\n", b"Package: a\nVersion: 1\npackage: b\n"])
def test_a_control_file_that_is_none(content: bytes) -> None:
    """Without a package, or with two, it claims nothing."""
    with pytest.raises(MalformedInput):
        told(Control, content)


def test_version_files() -> None:
    """The first word is the version; what follows is when it was built."""
    assert told(VersionFile, b"V1.9.0-201104\n") == [("version-file", "version", "V1.9.0-201104")]
    assert told(VersionFile, b"V1.9.0-201104 --  Wed Nov 4 09:41:21 CST 2020\nmore\n") == [
        ("version-file", "version", "V1.9.0-201104"),
        ("version-file", "build", "Wed Nov 4 09:41:21 CST 2020"),
    ]
    with pytest.raises(MalformedInput):
        told(VersionFile, b"unreleased\n")


BANNERS = {
    b"=====\n   ___\n  DD-WRT v3.0\n http://www.dd-wrt.com\n": ("DD-WRT", "v3.0", None),
    b"DD-WRT v24-sp2 mini (c) 2009 NewMedia-NET GmbH\n": ("DD-WRT", "v24-sp2", "mini (c) 2009 NewMedia-NET GmbH"),
    b" -----\n CHAOS CALMER (15.05.1, r48532)\n": ("CHAOS CALMER", "15.05.1", "r48532"),
    b" OpenWrt 23.05.2, r23630-842932a63d\n": ("OpenWrt", "23.05.2", "r23630-842932a63d"),
    b"Debian GNU/Linux 12 \\n \\l\n": ("Debian GNU/Linux", "12", None),
    b"Ubuntu 22.04.3 LTS \\n \\l\n": ("Ubuntu", "22.04.3", "LTS"),
    b"Welcome to Buildroot 2020.02\n": ("Buildroot", "2020.02", None),
    b"Red Hat Enterprise Linux release 8.4 (Ootpa)\n": ("Red Hat Enterprise Linux", "8.4", "Ootpa"),
}


@pytest.mark.parametrize(("content", "expected"), BANNERS.items())
def test_login_banners(content: bytes, expected: tuple[str, str, str | None]) -> None:
    """A line that is a name with a version names product, version and what is set apart after it."""
    product, version, build = expected
    claims = [("login-banner", "product", product), ("login-banner", "version", version)]

    assert told(LoginBanner, content) == claims + ([("login-banner", "build", build)] if build else [])


@pytest.mark.parametrize(
    "content",
    [
        b" \\n \\m \\v \\o\n",
        b"  * 1 1/2 oz Gin            Shake with a glassful\n  * 1 tsp. Grenadine Syrup\n",
        b"Call 555 if you need help\n",
        b"There were 12 failed attempts since then\n",
        b"",
    ],
)
def test_prose_names_no_product(content: bytes) -> None:
    """Getty's escapes, recipes and sentences with numbers claim nothing."""
    assert told(LoginBanner, content) == []


def test_sysupgrade_metadata() -> None:
    """Every supported device is a product; the version object gives the release."""
    version = {"dist": "OpenWrt", "version": "23.05.2", "revision": "r23630", "target": "ath79/tiny", "board": "x"}
    content = json.dumps({"supported_devices": ["tplink,tl-wr841-v9", "tl-wr841n-v9", 7], "version": version}).encode()

    assert told(SysupgradeMetadata, content + b"\0") == [
        ("sysupgrade-metadata", "product", "tplink,tl-wr841-v9"),
        ("sysupgrade-metadata", "product", "tl-wr841n-v9"),
        ("sysupgrade-metadata", "os", "OpenWrt"),
        ("sysupgrade-metadata", "version", "23.05.2"),
        ("sysupgrade-metadata", "build", "r23630"),
        ("sysupgrade-metadata", "board", "ath79/tiny"),
    ]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 30_000, b"1" * 10_000, b"\xff\xfe"])
def test_metadata_that_is_none(content: bytes) -> None:
    """What is no JSON object, or nested beyond reason, claims nothing."""
    with pytest.raises(MalformedInput):
        told(SysupgradeMetadata, content)


def test_widget() -> None:
    """A widget gives its id and Tizen package, name, version and author."""
    content = b"""<?xml version="1.0" encoding="UTF-8"?>
<widget xmlns:tizen="http://tizen.org/ns/widgets" xmlns="http://www.w3.org/ns/widgets" id="https://a.example/" version="2.1">
  <tizen:application id="rJeH.App" package="rJeH"/><name>The App</name><author>ACME</author></widget>"""

    assert told(Widget, content) == [
        ("widget-config", "package", "https://a.example/"),
        ("widget-config", "package", "rJeH"),
        ("widget-config", "product", "The App"),
        ("widget-config", "version", "2.1"),
        ("widget-config", "vendor", "ACME"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<config/>",
        b'<?xml version="1.0" encoding="nonsense"?><widget/>',
        b'<!DOCTYPE w [<!ENTITY a "b">]><widget xmlns="http://www.w3.org/ns/widgets" id="&a;"/>',
    ],
)
def test_xml_that_is_no_widget(content: bytes) -> None:
    """Other documents, unknown encodings and entities claim nothing."""
    with pytest.raises(MalformedInput):
        told(Widget, content)


def test_a_value_is_one_bounded_printable_line() -> None:
    """Control characters and bad bytes do not reach whoever prints the claim."""
    content = b"ID='a\x1b[31m\tb\xff'\nVERSION_ID=" + b"9" * 5_000 + b"\n"

    assert told(OsRelease, content) == [
        ("os-release", "os", "a\ufffd[31m b\ufffd"),
        ("os-release", "version", "9" * MAX_VALUE),
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
@given(content=st.binary(max_size=400) | st.text("ro.=\"'\\\n:[{<aDISTRIB_ID1. ", max_size=400).map(str.encode))
def test_arbitrary_bytes_claim_something_or_are_refused(source: type[Source], content: bytes) -> None:
    """No source raises anything but `MalformedInput`, and every claim is a printable line with a value."""
    try:
        claims = list(source.read(content, ""))
    except MalformedInput:
        return

    assert all(claim.value.isprintable() and 0 < len(claim.value) <= MAX_VALUE for claim in claims)
