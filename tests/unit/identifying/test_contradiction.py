"""A header that names one maker around software that names another."""

import pytest

from trueware.identifying import contradictions
from trueware.model.claim import Claim
from trueware.model.finding import Confidence, Finding, Severity

HEADER = Claim("vendor", "TP-LINK Technologies", "tplink-v1", "")
DDWRT = Claim("product", "DD-WRT", "login-banner", "rootfs!/etc/motd")


def test_foreign_software_under_a_makers_header() -> None:
    """The finding stands at the part that names the other maker and quotes both."""
    found = contradictions((HEADER, DDWRT))

    assert found == (
        Finding(
            "identity-contradiction",
            "rootfs!/etc/motd",
            "the tplink-v1 header names 'TP-LINK Technologies', the software inside names 'DD-WRT' (login-banner)",
            Severity.HIGH,
            Confidence.MEDIUM,
        ),
    )


def test_a_second_name_does_not_hide_the_first() -> None:
    """Software that also names the header's maker still contradicts it."""
    also = Claim("vendor", "TP-Link", "device-info", "rootfs!/etc/device_info")
    found = contradictions((HEADER, also, DDWRT))

    assert [finding.part for finding in found] == ["rootfs!/etc/motd"]


@pytest.mark.parametrize(
    "inner",
    [
        Claim("os", "OpenWrt", "openwrt-release", "x"),
        Claim("vendor", "OpenWrt", "device-info", "x"),
        Claim("vendor", "TP-LINK", "device-info", "x"),
        Claim("vendor", "Unheard Of Ltd", "device-info", "x"),
        Claim("product", "Netgearish", "device-info", "x"),
        Claim("version", "DD-WRT", "login-banner", "x"),
    ],
)
def test_what_contradicts_nothing(inner: Claim) -> None:
    """A system that makers build upon, the maker itself, unknown names and other kinds of claims are no contradiction."""
    assert contradictions((HEADER, inner)) == ()


def test_a_header_that_names_nobody() -> None:
    """Without a known maker in the header there is nothing to contradict, as with the images of projects."""
    project = Claim("vendor", "OpenWrt", "tplink-v1", "")

    assert contradictions((project, DDWRT)) == ()
    assert contradictions((DDWRT,)) == ()
    assert contradictions(()) == ()
