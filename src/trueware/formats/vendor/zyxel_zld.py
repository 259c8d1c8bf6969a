"""ZyXEL's firmware of access points with ZLD: a header, a header for each file, and the files one behind the other.

======  ====  ====================================================================
offset  size  field (in the byte order of the device)
======  ====  ====================================================================
0       4     checksum of what follows, the kernel's header as zeros
4       4     magic DEADBEAF
8       6     version, number of files, number of models: 5 (2 each)
14      10    models (2 each)
24      4     length of the file
28      6     offset of the first file, lengths of two headers (2 each)
34      6     reserved
40      64    version of CAPWAP (32), model (32)
======  ====  ====================================================================

======  ====  ====================================================================
0       4     kind: 1 boot manager, 2 kernel, 3 core, 4 database, 5 configuration,
              6 access point; flags (2 each)
4       12    length, checksum, offset in flash
16      256   name (64), target (128), revision (32), date (32)
======  ====  ====================================================================

The kernel begins with a header of 512 bytes. A checksum adds up the four words of an MD5, and is 1 for 0. Source: OpenWrt
``tools/firmware-utils/src/mkzyxelzldfw.c``. The vectors were built from that layout; no image of ZyXEL confirmed the reading.
"""

from collections.abc import Iterator
from hashlib import md5
from struct import Struct, unpack
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGICS = {b"\xde\xad\xbe\xaf": ">", b"\xaf\xbe\xad\xde": "<"}
_HEADER, _FILE = "I4s3H5HI3H6s32s32s", "HHIII64s128s32s32s"
_SIZE, _FILE_SIZE = Struct(">" + _HEADER).size, Struct(">" + _FILE).size
_MODELS, _MOST = 5, 32
_KINDS = {1: "boot-manager", 2: "kernel", 3: "core", 4: "database", 5: "configuration", 6: "access-point"}
_KERNEL, _KERNEL_HEADER = 2, 512


class ZyxelZld:
    """Files for an access point."""

    name: ClassVar[str] = "zyxel-zld"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ZLD firmware", "ZyXEL", ("OpenWrt firmware-utils src/mkzyxelzldfw.c",),
        ("the checksums of single files are kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(4, magic) for magic in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        order = _MAGICS.get(bytes(view[4:8]))
        if order is None or len(view) < _SIZE:
            return False
        _, _, _, files, models, *_, total, first, _, _, _, capwap, model = Struct(order + _HEADER).unpack_from(view)
        placed = 0 < files <= _MOST and models == _MODELS and first == _SIZE + files * _FILE_SIZE <= total
        return bool(placed) and is_text(capwap) and is_text(model)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (32 files)
        if not ZyxelZld.matches(view):
            raise MalformedInput("zyxel-zld", 0, "no header")
        order = _MAGICS[bytes(view[4:8])]
        stated, _, version, files, _, *models, total, first, length, inner, reserved, capwap, model = Struct(
            order + _HEADER
        ).unpack_from(view)
        if first > len(view):
            raise MalformedInput("zyxel-zld", len(view), f"headers of {files} files in {len(view)} bytes")
        reading = Reading(
            facts={
                "version": f"{version:#06x}", "models": " ".join(f"{number:#06x}" for number in models),
                "headers": f"{length} {inner}", "order": "big" if order == ">" else "little",
            }
        )  # fmt: skip
        if any(reserved):
            reading.facts["reserved"] = reserved.hex()
        tell(reading.facts, "capwap", capwap)
        tell(reading.facts, "model", model)
        reading.cover(0, first)
        reading.entries = entries = list(_files(view, order, files, first, reading))
        reading.end = min(total, len(view))
        if total > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {total} bytes are there", len(view))
            return reading
        kernel = next((entry.offset for entry in entries if entry.path.endswith("-header")), None)
        if kernel is None:
            reading.note_anomaly("checksum-unchecked", "no kernel, whose header the checksum leaves out", 0)
        elif (
            found := _checksum(view[4:kernel], bytes(_KERNEL_HEADER), view[kernel + _KERNEL_HEADER : total])
        ) != stated:
            reading.note_anomaly("checksum-mismatch", f"the checksum is {found:#010x}, stated {stated:#010x}", 0)
        return reading


def _files(view: memoryview, order: str, files: int, at: int, reading: Reading) -> Iterator[Entry]:
    """Yield the files; the header of the kernel is a region of its own."""
    for number in range(files):
        kind, flags, size, checksum, place, *texts = Struct(order + _FILE).unpack_from(
            view, _SIZE + number * _FILE_SIZE
        )
        facts = {
            "kind": str(kind),
            "flags": f"{flags:#x}",
            "flash-offset": f"{place:#x}",
            "checksum": f"{checksum:#010x}",
        }
        for label, text in zip(("name", "target", "revision", "date"), texts, strict=True):
            tell(facts, label, text)
        path = f"{number}-{_KINDS.get(kind, 'file')}"
        told = tuple(sorted(facts.items()))
        if kind == _KERNEL and size >= _KERNEL_HEADER:
            yield region(f"{path}-header", view, at, _KERNEL_HEADER, reading)
            yield region(path, view, at + _KERNEL_HEADER, size - _KERNEL_HEADER, reading, told)
        else:
            yield region(path, view, at, size, reading, told)
        at += size


def _checksum(*pieces: bytes | memoryview) -> int:
    digest = md5(usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return sum(unpack(">4I", digest.digest())) & 0xFFFFFFFF or 1
