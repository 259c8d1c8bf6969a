"""NPK, MikroTik's package of RouterOS: parts in a row, each with a type and a length.

======  ====  ===========================================================
offset  size  field (little-endian)
======  ====  ===========================================================
0       4     magic 1E F1 D0 BA
4       4     length of all parts
8       ..    parts: type (2), length (4), content
======  ====  ===========================================================

The part with the name: 16 bytes name, four bytes version (last number, kind of release, middle, first), four bytes time of
build. Type 22 only fills up to where a squashfs may begin. Sources: npkpy (botlabs), ls_npk (Tenable), OpenWrt
``firmware-utils/src/npk_pack_kernel.c``, which also tell the types. The vectors were built from that layout; no package of
MikroTik confirmed the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

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
_FILLER = 22
_STAGES = {b"a": "alpha", b"b": "beta", b"c": "rc", b"f": "."}


class Npk:
    """A package, or a bundle of them."""

    name: ClassVar[str] = "npk"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "NPK package", "MikroTik", ("npkpy", "OpenWrt firmware-utils src/npk_pack_kernel.c"),
        ("files packed with zlib beside the squashfs are not told apart", "the signature is kept and not verified"),
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
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (parts are bounded by _MAX_PARTS)
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


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")
