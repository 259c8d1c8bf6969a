"""DEX, the programs of Android apps: looked at, not taken apart. Its header has two checksums over the rest.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       8     magic "dex", line feed, version in three digits, NUL
8       4     Adler-32 of what follows this field
12      20    SHA-1 of what follows this field
32      4     length of the file
36      4     length of the header: 112, from version 041 120
40      4     0x12345678, which tells the byte order
44      ..    lengths and offsets of tables
112     4     version 041: length of all programs in the file
116     4     version 041: where this header is in it
======  ====  =====================================================

From version 041 several programs may follow each other in one file, each with a header of its own; all of them are checked.

A device verifies the Adler-32 when it loads the program and never looks at the SHA-1: of 331 programs in genuine apps of the corpus 8
have one that does not fit, and what Dalvik optimised keeps that of the original. Such a one is told, and is no mismatch.

Source: source.android.com "Dalvik executable format" and "Constraints". Confirmed by several hundred apps, versions 035 to 038; none
of version 041 was at hand.
"""

import re
from hashlib import sha1
from struct import Struct
from typing import ClassVar
from zlib import adler32

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.model.limits import Limits

_VERSION = re.compile(rb"dex\n(\d{3})\0")
_HEADER, _CONTAINER = Struct("<8sI20sIII"), Struct("<II")
_LENGTHS = (112, 120)
_IN_CONTAINER = 41
_ORDER = 0x12345678
_ADLER, _SHA = 12, 32
_MOST = 1 << 12
"""Programs in one file that are checked."""


class Dex:
    """A program, or several of version 041."""

    name: ClassVar[str] = "dex"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Dalvik executable", "Google", ("source.android.com: Dalvik executable format",),
        ("classes and code in it are not taken apart",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, b"dex\n0"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _is_header(view, 0)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one pass over the bytes)
        if not Dex.matches(view):
            raise MalformedInput("dex", 0, "no header")
        reading = Reading(notes={"version": bytes(view[4:7]).decode("ascii")})
        whole = _length(view)
        if whole > len(view):
            raise MalformedInput("dex", 32, f"{whole} bytes, {len(view)} are there")
        at = count = 0
        while at < whole and count < _MOST:
            if at and not _is_header(view[:whole], at):
                raise MalformedInput("dex", at, "no header of a further program")
            at += _check(view[:whole], at, reading)
            count += 1
        if count > 1:
            reading.notes["programs"] = str(count)
        reading.cover(0, whole)
        reading.end = whole
        return reading


def _is_header(view: memoryview, at: int) -> bool:
    """Tell whether a program that makes sense begins at `at`."""
    if at + _LENGTHS[0] > len(view) or (version := _VERSION.match(view[at : at + 8])) is None:
        return False
    _, _, _, size, header, order = _HEADER.unpack_from(view, at)
    return bool(order == _ORDER and header == _LENGTHS[int(version[1]) >= _IN_CONTAINER] <= size)


def _length(view: memoryview) -> int:
    """Return the length of all programs, which is that of the first where there can be no other."""
    _, _, _, size, header, _ = _HEADER.unpack_from(view)
    if header == _LENGTHS[1] and len(view) >= header:
        whole, _ = _CONTAINER.unpack_from(view, _LENGTHS[0])
        return max(int(whole), int(size))
    return int(size)


def _check(view: memoryview, at: int, reading: Reading) -> int:
    """Compare the program at `at` with its checksums, and return its length."""
    _, stated, digest, size, header, _ = _HEADER.unpack_from(view, at)
    if at + size > len(view):
        raise MalformedInput("dex", at + 32, f"a program of {size} bytes, {len(view) - at} are left")
    if header == _LENGTHS[1] and _CONTAINER.unpack_from(view, at + _LENGTHS[0]) != (len(view), at):
        reading.note_anomaly("contradiction", "the header states another place in the file", at + _LENGTHS[0])
    program = view[at : at + size]
    if (found := adler32(program[_ADLER:])) != stated:
        reading.note_anomaly("program-checksum", f"the Adler-32 is {found:08x}, stated {stated:08x}", at + 8)
    if (made := sha1(program[_SHA:], usedforsecurity=False)).digest() != digest:
        reading.note_anomaly("checksum-stale", f"the SHA-1 is {made.hexdigest()}, stated {digest.hex()}", at + 12)
    return int(size)
