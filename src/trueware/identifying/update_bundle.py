"""What embedded Linux devices are updated by: the manifest of a RAUC bundle and the ``sw-description`` of SWUpdate.

Sources: RAUC ``docs/reference.rst`` (Manifest), section ``[update]``; SWUpdate ``doc/source/sw-description.rst``: libconfig or JSON,
of which only the values that stand before the first list of images count for the whole.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_SECTION = re.compile(r"^\[update\][ \t]*$([^\[]*+)", re.MULTILINE)
_ENTRY = re.compile(r"^(compatible|version|build)[ \t]*=[ \t]*([^\n]*+)$", re.MULTILINE)
_RAUC = {"compatible": "hardware", "version": "version", "build": "build"}

_LISTS = re.compile(r"\b(?:images|files|scripts|partitions|bootenv|uboot)\b\"?\s*[:=]")
_VERSION = re.compile(r"\bversion\"?\s*[:=]\s*\"([^\"\n]*+)\"")
_HARDWARE = re.compile(r"\bhardware-compatibility\"?\s*[:=]\s*\[\s*+((?:\"[^\"\n]*+\"[\s,]*+)*+)")
_QUOTED = re.compile(r"\"([^\"\n]*+)\"")
_MAX_HARDWARE = 64


class RaucManifest:
    """``manifest.raucm``."""

    name: ClassVar[str] = "rauc-manifest"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"manifest\.raucm")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        section = _SECTION.search(content.decode("utf-8", "replace"))
        if section is None:
            raise MalformedInput("rauc-manifest", 0, "no section [update]")
        for match in _ENTRY.finditer(section[1]):
            yield from claim(_RAUC[match[1]], match[2], "rauc-manifest", part)


class SwDescription:
    """``sw-description``."""

    name: ClassVar[str] = "sw-description"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"sw-description")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        text = content.decode("utf-8", "replace")
        lists = _LISTS.search(text)
        head = text if lists is None else text[: lists.start()]
        version, hardware = _VERSION.search(head), _HARDWARE.search(text)
        if version is None:
            raise MalformedInput("sw-description", 0, "no version")
        yield from claim("version", version[1], "sw-description", part)
        for number in _QUOTED.findall(hardware[1])[:_MAX_HARDWARE] if hardware else ():
            yield from claim("hardware", number, "sw-description", part)
