"""Images of boot loaders of Google's phones, bootloader.img: those with chips of Qualcomm, and one of ASUS with a chip of Intel.

======  ====  =====================================================
offset  size  field (little-endian)
======  ====  =====================================================
0       8     "BOOTLDR!"
8       4     Qualcomm: number of images
12      8     where the first image begins, length of all
20      68    name (64), length of an image; and so on
======  ====  =====================================================

======  ====  =====================================================
offset  size  field
======  ====  =====================================================
8       8     ASUS: revision (2), unused
16      16    kind of an image (8), its length (4), flags, unused
32      ..    the image; and so on, three of them
======  ====  =====================================================

Source: ``releasetools.py`` of AOSP ``device/lge/hammerhead`` and ``device/asus/fugu``, their descriptions by Kaitai. The vectors were
built from that; no image of a phone confirmed the reading.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.names import readable
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGIC = b"BOOTLDR!"
_HEADER, _IMAGE = Struct("<8sIII"), Struct("<64sI")
_CHUNKS = {b"IFWI!!!!": "ifwi", b"DROIDBT!": "droidboot", b"SPLASHS!": "splashscreen"}
_REVISION, _CHUNK = Struct("<8sHHI"), Struct("<8sIB3s")
_MOST = 64


class Bootldr:
    """Images of several boot loaders."""

    name: ClassVar[str] = "bootldr"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "bootloader.img", "Google", ("AOSP device/lge/hammerhead releasetools.py", "Kaitai android_bootldr_qcom")
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _is_asus(view) or _is_qualcomm(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 64 images)
        reading = Reading()
        if _is_asus(view):
            _, revision, *unused = _REVISION.unpack_from(view)
            reading.facts |= {"revision": str(revision), "unused": " ".join(f"{each:#x}" for each in unused)}
            reading.cover(0, _REVISION.size)
            entries = list(_chunks(view, reading))
        elif _is_qualcomm(view):
            entries = list(_images(view, reading))
        else:
            raise MalformedInput("bootldr", 0, "no header")
        reading.entries = entries
        reading.end = max(((entry.offset or 0) + entry.size for entry in entries), default=len(view))
        return reading


def _is_asus(view: memoryview) -> bool:
    kind = bytes(view[_REVISION.size : _REVISION.size + 8])
    return view[:8] == _MAGIC and len(view) >= _REVISION.size + _CHUNK.size and kind in _CHUNKS


def _is_qualcomm(view: memoryview) -> bool:
    if len(view) < _HEADER.size + _IMAGE.size or view[:8] != _MAGIC:
        return False
    _, count, start, _ = _HEADER.unpack_from(view)
    table = _HEADER.size + count * _IMAGE.size
    name = view[_HEADER.size : _HEADER.size + 64]
    return bool(0 < count <= _MOST and table <= start and is_text(name) and name[0])


def _images(view: memoryview, reading: Reading) -> Iterator[Entry]:
    _, count, at, stated = _HEADER.unpack_from(view)
    table = _HEADER.size + count * _IMAGE.size
    if table > len(view):
        raise MalformedInput("bootldr", 8, f"{count} images in {len(view)} bytes")
    reading.cover(0, table)
    total = 0
    for number, place in enumerate(range(_HEADER.size, table, _IMAGE.size)):
        name, size = _IMAGE.unpack_from(view, place)
        told = readable(name.rstrip(b"\0") or b"unnamed")
        yield region(f"{number}-{told}", view, at, size, reading)
        at, total = at + size, total + size
    if total != stated:
        reading.note_anomaly("contradiction", f"images of {total} bytes together, stated {stated}", 16)


def _chunks(view: memoryview, reading: Reading) -> Iterator[Entry]:
    at = _REVISION.size
    for number in range(len(_CHUNKS)):
        if at + _CHUNK.size > len(view):
            reading.note_anomaly("truncated", f"{number} of {len(_CHUNKS)} images are there", len(view))
            return
        kind, size, flags, unused = _CHUNK.unpack_from(view, at)
        if kind not in _CHUNKS:
            raise MalformedInput("bootldr", at, f"an image of kind {kind!r}")
        facts = (("flags", f"{flags:#x}"), ("unused", unused.hex()))
        reading.cover(at, at + _CHUNK.size)
        yield region(f"{number}-{_CHUNKS[kind]}", view, at + _CHUNK.size, size, reading, facts)
        at += _CHUNK.size + size
