"""``/etc/lsb-release``, the older way of a Linux distribution to name itself."""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.identifying.assignments import shell_assignments
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_FIELDS = (("DISTRIB_ID", "os"), ("DISTRIB_RELEASE", "version"))


class LsbRelease:
    """``/etc/lsb-release``."""

    name: ClassVar[str] = "lsb-release"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?etc/lsb-release")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        values = shell_assignments(content)
        for field, name in _FIELDS:
            yield from claim(name, values.get(field, ""), "lsb-release", part)
