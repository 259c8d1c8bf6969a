"""What OpenWrt and everything built on it says in ``/etc``: release, version and device."""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.identifying.assignments import shell_assignments
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_RELEASE = (
    ("DISTRIB_ID", "os"),
    ("DISTRIB_RELEASE", "version"),
    ("DISTRIB_REVISION", "build"),
    ("DISTRIB_TARGET", "board"),
    ("DISTRIB_ARCH", "architecture"),
)
_DEVICE = (("DEVICE_MANUFACTURER", "vendor"), ("DEVICE_PRODUCT", "product"), ("DEVICE_REVISION", "hardware"))
_PLACEHOLDERS = ("generic", "v0")


class OpenwrtRelease:
    """``/etc/openwrt_release``."""

    name: ClassVar[str] = "openwrt-release"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?etc/openwrt_release")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        values = shell_assignments(content)
        for field, name in _RELEASE:
            yield from claim(name, values.get(field, ""), "openwrt-release", part)


class OpenwrtVersion:
    """``/etc/openwrt_version``, the version alone."""

    name: ClassVar[str] = "openwrt-version"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?etc/openwrt_version")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        yield from claim("version", content.partition(b"\n")[0].decode("utf-8", "replace"), "openwrt-version", part)


class DeviceInfo:
    """``/etc/device_info``, who made the device; an unchanged OpenWrt fills in ``Generic`` and ``v0``, which says nothing."""

    name: ClassVar[str] = "device-info"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?etc/device_info")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        values = shell_assignments(content)
        for field, name in _DEVICE:
            value = values.get(field, "")
            if value.casefold() not in _PLACEHOLDERS:
                yield from claim(name, value, "device-info", part)
