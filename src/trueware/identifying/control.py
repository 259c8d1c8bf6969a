"""The ``control`` file of Debian's and OpenWrt's packages.

Source: Debian Policy §5.1 and §5.3. Field names are case-insensitive; a field that stands twice makes the file invalid.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_FIELDS = (("package", "package"), ("version", "version"), ("architecture", "architecture"), ("maintainer", "vendor"))
_FIELD = re.compile(r"^([!-9;-~]{1,64}):[ \t]*+([^\n]*+)", re.MULTILINE)


class Control:
    """``control`` at the top of a package's control archive."""

    name: ClassVar[str] = "package-control"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"control")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        values: dict[str, str] = {}
        for match in _FIELD.finditer(content.decode("utf-8", "replace")):
            field, value = match.groups()
            if field.casefold() in values:
                raise MalformedInput("package-control", 0, f"the field {field} stands twice")
            values[field.casefold()] = value
        if "package" not in values:
            raise MalformedInput("package-control", 0, "no Package field")
        for field, name in _FIELDS:
            yield from claim(name, values.get(field, ""), "package-control", part)
