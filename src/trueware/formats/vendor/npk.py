"""NPK, MikroTik's package of RouterOS: parts in a row, each with a type and a length.

======  ====  ===========================================================
offset  size  field (little-endian)
======  ====  ===========================================================
0       4     magic 1E F1 D0 BA
4       4     length of all parts
8       ..    parts: type (2), length (4), content
======  ====  ===========================================================

The part with the name: 16 bytes name, four bytes version (last number, kind of release, middle, first), four bytes time of
build. Type 22 only fills up to where a squashfs may begin. Type 4 is a zlib stream of files in a row, of packages before version 6
and of the kernel:

======  ====  ===========================================================
0       2     type and mode
2       6     zero
8       12    created, read, changed
20      4     zero
24      4     length of the content
28      2     length of the name
30      ..    name, content
======  ====  ===========================================================

Sources: npkpy (botlabs), ls_npk (Tenable), OpenWrt
``firmware-utils/src/npk_pack_kernel.c``, which also tell the types. The vectors were built from that layout; no package of
MikroTik confirmed the reading.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar
from zlib import decompressobj
from zlib import error as zlib_error

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import KINDS, place
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x1e\xf1\xd0\xba"
_HEADER = Struct("<4sI")
_PART = Struct("<HI")
_NAME = Struct("<16sBcBBI")
_MAX_PARTS = 4096
"""A bundle of all packages has some 300; more than this nobody made."""

_TYPES = {
    1: "name-info", 2: "description", 3: "dependencies", 4: "files", 7: "install-script",
    8: "uninstall-script", 9: "signature", 16: "architecture", 17: "conflicts", 18: "package-info", 19: "features",
    20: "package-features", 21: "squashfs", 22: "filler", 23: "digest", 24: "channel", 25: "header",
}  # fmt: skip
_FILES, _FILLER = 4, 22
_FILE = Struct("<H6s8sI4sIH")
_STAGES = {b"a": "alpha", b"b": "beta", b"c": "rc", b"f": "."}


class Npk:
    """A package, or a bundle of them."""

    name: ClassVar[str] = "npk"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "NPK package", "MikroTik", ("npkpy", "OpenWrt firmware-utils src/npk_pack_kernel.c"),
        ("the signature is kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size + _PART.size or view[:4] != _MAGIC:
            return False
        length = _HEADER.unpack_from(view)[1]
        kind, size = _PART.unpack_from(view, _HEADER.size)
        return kind in _TYPES and bool(size + _PART.size <= length)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Npk.matches(view):
            raise MalformedInput("npk", 0, "no header")
        length = _HEADER.unpack_from(view)[1]
        end = _HEADER.size + length
        reading = Reading(end=min(end, len(view)))
        reading.cover(0, _HEADER.size)
        if end > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {end} bytes are there", len(view))
        entries, order, at = list[Entry](), list[str](), _HEADER.size
        counts: dict[str, int] = {}
        held = 0
        while at + _PART.size <= min(end, len(view)):
            if len(order) >= _MAX_PARTS:
                raise MalformedInput("npk", at, f"more than {_MAX_PARTS} parts")
            kind, size = _PART.unpack_from(view, at)
            reading.cover(at, at + _PART.size)
            at += _PART.size
            order.append(str(kind))
            if size > end - at:
                reading.note_anomaly("malformed", f"a part of {size} bytes in {end - at}", at - 4)
                break
            name = _TYPES.get(kind, f"type-{kind}")
            if kind != _FILLER:  # what is no filler in it becomes a gap
                number = counts[name] = counts.get(name, -1) + 1
                entry = region(f"{name}-{number}" if number else name, view, at, size, reading)
                if kind == _FILES and (data := _unpacked(entry, limits.max_held - held, reading)) is not None:
                    held += len(data)
                    for found in _files(entry, data, reading):
                        entries.append(found)
                        if len(entries) > limits.max_entries:
                            raise LimitExceeded("max_entries", limits.max_entries, "files of a package")
                else:
                    entries.append(entry)
                    _tell_part(entry, reading)
            at += size
        # a package's signature and squashfs belong to the name before them, so the order of the parts says something too
        reading.facts["parts"] = " ".join(order)
        reading.entries = entries
        return reading


def _tell_part(entry: Entry, reading: Reading) -> None:
    """Make facts of what the first package says of itself; the parts are compared as regions."""
    if not isinstance(entry.content, Held):
        return
    data = bytes(entry.content.view[:256])
    if entry.path == "name-info" and len(data) >= _NAME.size:
        name, last, stage, middle, first, time = _NAME.unpack_from(data)
        reading.facts["name"] = _text(name)
        # a release without a last number is called so
        reading.facts["version"] = f"{first}.{middle}{_STAGES.get(stage, f'-{stage.hex()}-')}{last}".removesuffix(".0")
        reading.notes["time"] = str(time)
    elif entry.path in ("architecture", "channel"):
        reading.facts[entry.path] = _text(data)


def _unpacked(packed: Entry, room: int, reading: Reading) -> memoryview | None:
    """Return what a zlib stream holds; None, and a finding, where it is none.

    Raises:
        LimitExceeded: that is more than `room` bytes.
    """
    assert isinstance(packed.content, Held)  # noqa: S101 (a region is)
    unpacker = decompressobj()
    try:
        data = unpacker.decompress(packed.content.view, room + 1)
    except zlib_error as error:
        reading.note_anomaly("malformed", f"{packed.path} cannot be unpacked ({error})", packed.offset)
        return None
    if len(data) > room:
        raise LimitExceeded("max_held", room, f"{packed.path} of a package")
    if not unpacker.eof:
        reading.note_anomaly("truncated", f"{packed.path} ends within its stream", packed.offset)
    if packed.offset is not None:
        reading.cover(packed.offset, packed.offset + packed.size - len(unpacker.unused_data))
    return memoryview(data)


def _files(packed: Entry, data: memoryview, reading: Reading) -> Iterator[Entry]:
    """Yield the files in `data`, unpacked from `packed`, below its name, and as a region what is no file of it."""
    at = 0
    while at + _FILE.size <= len(data):
        mode, zero_1, _, changed, zero_2, size, name_size = _FILE.unpack_from(data, at)
        start = at + _FILE.size + name_size
        name = bytes(data[at + _FILE.size : start]).decode("utf-8", "surrogateescape")
        kind = KINDS.get(mode & 0o170000)
        if kind is None or start + size > len(data) or (size and kind not in (Kind.FILE, Kind.SYMLINK)):
            break
        if any(zero_1) or any(zero_2):
            reading.note_anomaly(
                "reserved-bits", f"a field of {name[:200]!r} that should be zero is not", packed.offset
            )
        at = start + size
        content = data[start:at]
        path = f"{packed.path}/{place(name, at, reading)}"
        if kind is Kind.SYMLINK:
            link = bytes(content).decode("utf-8", "surrogateescape")
            yield Entry(path, kind, mode=mode & 0o7777, mtime=changed, link=link)
        elif kind is Kind.FILE:
            yield Entry(path, kind, Held(content), size, mode=mode & 0o7777, mtime=changed)
        else:
            yield Entry(path, kind, mode=mode & 0o7777, mtime=changed)
    if at < len(data):
        reading.note_anomaly("malformed", f"{len(data) - at} bytes of {packed.path} are no file", packed.offset)
        yield Entry(f"{packed.path}-rest", Kind.REGION, Held(data[at:]), len(data) - at)


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")
