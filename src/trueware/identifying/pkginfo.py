"""``.PKGINFO``, in which packages of Alpine, postmarketOS and Arch say what they are.

Source: apk-tools ``doc/apk-package.5.scd``; pacman's ``makepkg``. Fields are ``name = value``; one that stands twice is
a list, which none of those read here is.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_FIELD = re.compile(r"^(pkgname|pkgver|arch|maintainer|packager)[ \t]*=[ \t]*([^\n]*+)$", re.MULTILINE)
_CLAIMS = {"pkgname": "package", "pkgver": "version", "arch": "architecture", "maintainer": "vendor"}


class PkgInfo:
    """``.PKGINFO`` at the top of a package."""

    name: ClassVar[str] = "pkginfo"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"\.PKGINFO")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        values: dict[str, str] = {}
        for match in _FIELD.finditer(content.decode("utf-8", "replace")):
            if match[1] in values:
                raise MalformedInput("pkginfo", 0, f"the field {match[1]} stands twice")
            values[match[1]] = match[2]
        if "pkgname" not in values:
            raise MalformedInput("pkginfo", 0, "no pkgname")
        for field, name in _CLAIMS.items():
            yield from claim(name, values.get(field, ""), "pkginfo", part)
