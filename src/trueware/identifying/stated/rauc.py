"""RAUC's ``manifest.raucm``: each section ``[image.…]`` states the file and its SHA-256.

Source: RAUC ``docs/reference.rst`` (Manifest), ``[image.<slot-class>]``: ``filename`` and ``sha256``.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.stated.contract import Stated, digest

_SECTION = re.compile(r"^\[(update|image\.[^\]\n]+)\][ \t]*$", re.MULTILINE)
_FIELD = re.compile(r"^(filename|sha256)[ \t]*=[ \t]*([^\n]*+)$", re.MULTILINE)


class RaucImages:
    """The images of a bundle."""

    file: ClassVar[str] = "manifest.raucm"

    @staticmethod
    def read(content: bytes, beside: Collection[str], contents: Mapping[str, bytes]) -> Iterator[Stated]:  # noqa: ARG004
        _, *sections = _SECTION.split(content.decode("utf-8", "replace"))
        if "update" not in sections[::2]:
            raise MalformedInput("rauc-manifest", 0, "no section [update]")
        for text in sections[1::2]:
            fields = dict(_FIELD.findall(text.partition("\n[")[0]))
            if (stated := digest(fields.get("sha256", "").strip())) and "filename" in fields:
                yield Stated(fields["filename"].strip(), stated)
