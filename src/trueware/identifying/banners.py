"""The lines by which Linux and U-Boot name themselves, found in bytes no reader understands.

They tell which kernel or boot loader it is, built where and when: builds, never versions of a product.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_LINUX, _U_BOOT = "Linux version ", "U-Boot "
_PATTERNS = (  # one by one: each has a literal head, which the regex engine finds many times faster than an alternative
    re.compile(rb"Linux version \d[ -~]{4,250}"),
    re.compile(rb"U-Boot (?:SPL )?\d{1,4}\.\d[ -~]{0,250}"),
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
