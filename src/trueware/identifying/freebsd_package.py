"""Packages of FreeBSD and of Junos, which is built on it: ``+CONTENTS`` of old ones, ``+COMPACT_MANIFEST`` of new ones.

Sources: pkg_create(1) of FreeBSD 9: the line ``@name`` holds name and version, a hyphen and a digit between them; pkg(8):
``+COMPACT_MANIFEST`` is an object in JSON. No package of Juniper was at hand.
"""

import json
import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_NAME = re.compile(r"^@name[ \t]++(\S{1,256})[ \t]*+$", re.MULTILINE)
_VERSIONED = re.compile(r"(.+?)-(\d.*)")
_FIELDS = (("name", "package"), ("version", "version"), ("arch", "architecture"), ("maintainer", "vendor"))
_MAX_NODES = 256
"""Lists and objects in the text, which bounds its depth; a manifest without its files has some ten."""


class PackingList:
    """``+CONTENTS``."""

    name: ClassVar[str] = "packing-list"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"\+CONTENTS")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        names = _NAME.findall(content.decode("utf-8", "replace"))
        if len(names) != 1:
            raise MalformedInput("packing-list", 0, f"{len(names)} names")
        versioned = _VERSIONED.fullmatch(names[0])
        yield from claim("package", names[0] if versioned is None else versioned[1], "packing-list", part)
        yield from claim("version", "" if versioned is None else versioned[2], "packing-list", part)


class CompactManifest:
    """``+COMPACT_MANIFEST``."""

    name: ClassVar[str] = "compact-manifest"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"\+COMPACT_MANIFEST")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        if content.count(b"[") + content.count(b"{") > _MAX_NODES:
            raise MalformedInput("compact-manifest", 0, "more lists and objects than it has")
        try:
            manifest = json.loads(content)
        except ValueError as error:
            raise MalformedInput("compact-manifest", 0, f"not JSON ({type(error).__name__})") from error
        if not isinstance(manifest, dict):
            raise MalformedInput("compact-manifest", 0, "not an object")
        for field, name in _FIELDS:
            if isinstance(value := manifest.get(field), str):
                yield from claim(name, value, "compact-manifest", part)
