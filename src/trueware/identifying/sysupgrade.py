"""The metadata OpenWrt appends to an image: for which devices it is, and of which release.

Source: OpenWrt ``include/image-commands.mk`` (append-metadata) and ``scripts``' ``metadata.json``.
"""

import json
import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_MAX_NODES = 64
"""Lists and objects in the text, which bounds its depth; metadata has three or four."""

_MAX_DEVICES = 64
_FIELDS = (("dist", "os"), ("version", "version"), ("revision", "build"), ("target", "board"))


class SysupgradeMetadata:
    """The region ``metadata`` of a sysupgrade image."""

    name: ClassVar[str] = "sysupgrade-metadata"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"metadata(?:-\d{1,3})?")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        if content.count(b"[") + content.count(b"{") > _MAX_NODES:
            raise MalformedInput("sysupgrade-metadata", 0, "more lists and objects than metadata has")
        try:
            data = json.loads(content.rstrip(b"\0"))
        except ValueError as error:
            raise MalformedInput("sysupgrade-metadata", 0, f"not JSON ({type(error).__name__})") from error
        if not isinstance(data, dict):
            raise MalformedInput("sysupgrade-metadata", 0, "not an object")
        devices, version = data.get("supported_devices"), data.get("version")
        version = version if isinstance(version, dict) else {}
        for device in devices[:_MAX_DEVICES] if isinstance(devices, list) else ():
            if isinstance(device, str):
                yield from claim("product", device, "sysupgrade-metadata", part)
        for field, name in _FIELDS:
            if isinstance(value := version.get(field), str):
                yield from claim(name, value, "sysupgrade-metadata", part)
