"""What the systems of Enigma2 receivers say of themselves: the image's maker, its version and the receiver.

Sources: ``lib/base/modelinformation.cpp`` of enigma2 (openATV, OpenViX), ``image-version`` as OpenPLi's and Dream's images have it,
OpenPLi's ``meta-openpli`` for what is put on a USB stick.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.identifying.assignments import properties
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_INFO = (
    ("distro", "os"),
    ("imageversion", "version"),
    ("imagebuild", "build"),
    ("brand", "vendor"),
    ("model", "product"),
    ("machinebuild", "board"),
    ("architecture", "architecture"),
)
_VERSION = (("creator", "os"), ("imageversion", "version"), ("version", "build"), ("box_type", "product"))


class EnigmaInfo:
    """``/usr/lib/enigma.info``; values stand in single quotes or in none."""

    name: ClassVar[str] = "enigma-info"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?usr/lib/enigma\.info")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        values = {name: value.strip("'\"") for name, value in properties(content)}
        for field, name in _INFO:
            yield from claim(name, values.get(field, ""), "enigma-info", part)


class EnigmaVersion:
    """``/etc/image-version``; the field called version is a row of digits with the date, so a build."""

    name: ClassVar[str] = "enigma-version"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?etc/image-version")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        values = dict(properties(content))
        for field, name in _VERSION:
            yield from claim(name, values.get(field, ""), "enigma-version", part)


class EnigmaUsb:
    """``imageversion`` beside the partitions on a USB stick; the folder it lies in, such as ``vuplus/duo2``, is the receiver's."""

    name: ClassVar[str] = "enigma-usb"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/){1,3}imageversion")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        yield from claim("build", content.partition(b"\n")[0].decode("utf-8", "replace"), "enigma-usb", part)
        folders = part.rpartition("!/")[2].split("/")[:-1]
        yield from claim("board", folders[-1] if folders else "", "enigma-usb", part)
