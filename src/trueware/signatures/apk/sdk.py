"""For which Android a package is made: what its manifest says of API levels, and of the sandbox it wants to run in.

Source: developer.android.com, elements ``manifest`` and ``uses-sdk``; AOSP ``frameworks/base/core/res/res/values/public-final.xml``
(ids of attributes). Where a level is a preview's name, or the manifest cannot be read, it counts as made for all.
"""

from dataclasses import dataclass

from trueware.errors import InputError
from trueware.formats.android.axml import read_elements

_PACKAGE = "package"
_LONGEST = 9
"""Digits of a number."""

_MIN, _TARGET, _SANDBOX = 0x0101020C, 0x01010270, 0x0101054C


@dataclass(frozen=True, slots=True)
class MadeFor:
    """The Android that a package is made for."""

    least: int = 1
    target: int = 1
    sandbox: int = 1
    package: str = ""


def read_sdk(manifest: bytes) -> MadeFor:
    """Return what ``AndroidManifest.xml`` says."""
    least = target = sandbox = 1
    package = ""
    try:
        for element in read_elements(manifest):
            if not element.depth:
                sandbox = _number(element.by_resource(_SANDBOX), 1)
                package = element.by_name(_PACKAGE) or ""
            elif element.depth == 1 and element.name == "uses-sdk":
                # of several, Android takes what is hardest to meet
                level = _number(element.by_resource(_MIN), 1)
                least = max(least, level)
                target = max(target, _number(element.by_resource(_TARGET), level))
    except InputError:
        return MadeFor()
    return MadeFor(least, max(target, least), sandbox, package)


def _number(value: str | None, otherwise: int) -> int:
    known = value is not None and value.isascii() and value.isdecimal() and len(value) <= _LONGEST
    return int(value) if value is not None and known else otherwise
