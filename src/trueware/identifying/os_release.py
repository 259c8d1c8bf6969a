"""os-release, by which a Linux system names itself, with the fields OpenWrt adds for the device.

Source: os-release(5); OpenWrt ``package/base-files/files/usr/lib/os-release``.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.identifying.assignments import shell_assignments
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_FIELDS = (
    ("ID", "os"),
    ("VERSION_ID", "version"),
    ("BUILD_ID", "build"),
    ("VENDOR_NAME", "vendor"),
    ("OPENWRT_DEVICE_MANUFACTURER", "vendor"),
    ("OPENWRT_DEVICE_PRODUCT", "product"),
    ("OPENWRT_BOARD", "board"),
    ("OPENWRT_ARCH", "architecture"),
)
_IMAGE_FIELDS = (("IMAGE_ID", "product"), ("IMAGE_VERSION", "version"))
_PLACEHOLDERS = ("generic", "unknown")


class OsRelease:
    """``/etc/os-release`` and ``/usr/lib/os-release``."""

    name: ClassVar[str] = "os-release"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?(?:etc|usr/lib)/os-release")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        values = shell_assignments(content)
        for field, name in _FIELDS:
            value = values.get(field, "")
            if value.casefold() not in _PLACEHOLDERS:
                yield from claim(name, value, "os-release", part)
        for (
            field,
            name,
        ) in _IMAGE_FIELDS:  # a source of its own: the image's version stands beside that of the system in it
            yield from claim(name, values.get(field, ""), "os-release-image", part)
