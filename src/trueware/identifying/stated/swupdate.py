"""SWUpdate's ``sw-description``: each group ``{ … }`` that names an image may state its SHA-256.

Source: SWUpdate ``doc/source/sw-description.rst`` and ``doc/source/signed_images.rst``: libconfig or JSON, ``filename`` and
``sha256`` of one group belong together; the digest is of the file as it lies in the archive, packed and encrypted as it is.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar

from trueware.identifying.stated.contract import Stated, digest

_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?+|\#[^\n]*+)"
    r"|\"?\b(?P<name>filename|sha256)\"?\s*+[:=]\s*+\"(?P<value>[^\"\n]*+)\""
    r"|\"(?:[^\"\\\n]|\\.)*+\"?+|(?P<brace>[{}])"
)
"""What has no end ends with the line or the text, so that each byte is looked at once."""

_DEEPEST = 64


class SwImages:
    """The images of an update."""

    file: ClassVar[str] = "sw-description"

    @staticmethod
    def read(content: bytes, beside: Collection[str], contents: Mapping[str, bytes]) -> Iterator[Stated]:  # noqa: ARG004
        groups: list[dict[str, str]] = []
        for token in _TOKEN.finditer(content.decode("utf-8", "replace")):
            if token["brace"] == "{":
                if len(groups) >= _DEEPEST:
                    return
                groups.append({})
            elif token["brace"] and groups:
                group = groups.pop()
                if (stated := digest(group.get("sha256"))) and "filename" in group:
                    yield Stated(group["filename"], stated)
            elif token["name"] and groups:
                groups[-1].setdefault(token["name"], token["value"])
