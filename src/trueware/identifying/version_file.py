"""Files that hold little more than a version: ``/etc/version``, ``fwu_ver`` of Realtek's optical terminals, Gluon's release.

What follows the version (``--  Wed Nov 4 09:41:21 CST 2020``) is when or where it was built.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_VERSION = re.compile(r"\s{0,16}(?=\S{0,64}\d)([\w.+~:-]{1,64})(?:\s++(?:--)?+([^\n]*+))?")


class VersionFile:
    """A file that begins with a version."""

    name: ClassVar[str] = "version-file"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"fwu_ver|(?:[^/]+/)?(?:etc/version|lib/gluon/release)")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        match = _VERSION.match(content[:1024].decode("utf-8", "replace"))
        if match is None:
            raise MalformedInput("version-file", 0, "does not begin with a version")
        yield from claim("version", match[1], "version-file", part)
        yield from claim("build", match[2] or "", "version-file", part)
