"""``appinfo.json``, with which an application of webOS says what it is; one of a package (``.ipk``) lies in a folder of that.

Source: LG "appinfo.json", webostv.developer.lge.com.
"""

import json
import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_CLAIMS = (("package", "id"), ("product", "title"), ("version", "version"), ("vendor", "vendor"))
_MOST_NODES = 1024
"""Lists and objects in the text, which bounds its depth."""


class WebosApp:
    """``appinfo.json`` of the application that is all there is, or all of its package; not of one of a television's many."""

    name: ClassVar[str] = "webos-appinfo"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?appinfo\.json")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        if content.count(b"[") + content.count(b"{") > _MOST_NODES:
            raise MalformedInput("webos-appinfo", 0, "more lists and objects than it has")
        try:
            said = json.loads(content)
        except ValueError as error:
            raise MalformedInput("webos-appinfo", 0, f"not JSON ({type(error).__name__})") from error
        if not isinstance(said, dict) or "id" not in said or "main" not in said:
            raise MalformedInput("webos-appinfo", 0, "no application with an id and a main file")
        for name, key in _CLAIMS:
            if isinstance(value := said.get(key), str):
                yield from claim(name, value, "webos-appinfo", part)
