"""The lines by which Linux, U-Boot and Cisco's IOS name themselves, found in bytes no reader understands.

Those of Linux and U-Boot tell which kernel or boot loader it is, built where and when: builds, never versions of a product. IOS says
in front of what it unpacks ``CW_FAMILY$C2960$``, ``CW_IMAGE$...$`` and ``CW_VERSION$...$``; no image of it was at hand.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_LINUX, _U_BOOT, _IOS = "Linux version ", "U-Boot ", "CW_"
_IOS_CLAIMS = {"FAMILY": "product", "IMAGE": "build", "VERSION": "version"}
_PATTERNS = (  # one by one: each has a literal head, which the regex engine finds many times faster than an alternative
    re.compile(rb"Linux version \d[ -~]{4,250}"),
    re.compile(rb"U-Boot (?:SPL )?\d{1,4}\.\d[ -~]{0,250}"),
    re.compile(rb"CW_(?:FAMILY|IMAGE|VERSION)\$[ -#%-~]{1,100}\$"),
)
_MAX_BANNERS = 8
"""Of each kind from one region; a kernel holds one or two."""


def scan_banners(data: memoryview) -> list[str]:
    """Return the distinct banners in `data`, kernels first, each kind in order of appearance."""
    found: dict[str, None] = {}
    for pattern in _PATTERNS:
        for match in islice(pattern.finditer(data), _MAX_BANNERS):
            found[match.group().decode("ascii").rstrip()] = None
    return list(found)


def banner_claims(banners: Mapping[str, tuple[str, ...]]) -> Iterator[Claim]:
    """Yield what banners, by the path of the part they were found in, claim."""
    for part, lines in banners.items():
        for line in lines:
            if line.startswith(_LINUX):
                release = line.removeprefix(_LINUX).partition(" ")[0]
                yield from claim("os", f"Linux {release}", "linux-banner", part)
                yield from claim("build", line, "linux-banner", part)
            elif line.startswith(_U_BOOT):
                yield from claim("build", line, "u-boot-banner", part)
            elif line.startswith(_IOS):
                field, _, value = line.removeprefix(_IOS).rstrip("$").partition("$")
                yield from claim(_IOS_CLAIMS[field], value, "ios-banner", part)
