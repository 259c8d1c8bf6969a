"""Pages of a yaffs: how large they and their spare bytes are, and the tags in these, which say whose a page is.

Tags of yaffs2, in the spare bytes, behind two bytes that mark bad blocks where the flash has those there, or, *inband*, as the
last 16 bytes of the page itself::

    u32 sequence number of the block, u32 object, u32 chunk, u32 bytes in use

Chunk 0 is the header of the object, others count from 1. A header may have more in its tags: then bit 31 of the chunk is set,
the chunk's bits 0-27 are the folder, bit 30 that the file was shrunk, bits 28-31 of the object its type.
Tags of yaffs1, 8 of the 16 spare bytes::

    bits 20 chunk, 2 serial, 10 + 2 bytes in use, 18 object, 12 check of these 8 bytes

Source: yaffs2 yaffs_packedtags2.c, yaffs_packedtags1.c, yaffs_tagscompat.c.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

FORMAT = "yaffs2"
MAGICS = {"<": b"\1\0\0\0\xff\xff", ">": b"\0\0\0\1\xff\xff"}
"""The folder of the first object, which is the root, and a checksum that is no longer used."""

CHECKPOINT = 0x21
"""Sequence number of blocks with a checkpoint."""

_SEQUENCES = range(0x1000, 0xEFFFFF01)
_ERASED = 0xFFFFFFFF
_EXTRA = 1 << 31
_NUMBER, _TYPE = (1 << 28) - 1, 28
_TYPES = range(1, 6)
_MAX_OBJECT = 0x3FFFF
_TAGS = 16
_SAMPLE, _LEAST = 16, 2
"""Pages looked at to find the sizes, and how many of them must be in use unless there is but one."""

_HEAD = 1 << 16
_SMALL, _SMALL_SPARE, _STATUS = 512, 16, 4
_LARGE = {
    1024: (32,),
    2048: (64, 128, 112, 0),
    4096: (128, 64, 256, 224, 218, 216, 232, 0),
    8192: (256, 512, 448, 436, 376, 640, 744, 0),
    16384: (512, 1024, 1216, 1280, 0),
}
_PLACES = (0, 2, 1, 4, 8, 32)


class Tags(NamedTuple):
    """Whose a page is."""

    sequence: int
    number: int
    chunk: int
    used: int
    """Bytes in use; of a header that says more, the size of a file or what a hard link stands for."""

    more: tuple[int, int, bool] | None = None
    """Of a header that says more: type, folder, and whether the file was shrunk."""

    sound: bool = True


@dataclass(frozen=True, slots=True)
class Geometry:
    """The sizes of a flash, and where the tags are."""

    page: int
    spare: int
    place: int
    """Of the tags in the spare bytes."""

    sign: str
    small: bool = False

    @property
    def stride(self) -> int:
        """Bytes from one page to the next."""
        return self.page + self.spare

    @property
    def held(self) -> int:
        """Bytes of a page that belong to its chunk."""
        return self.page if self.spare else self.page - _TAGS

    def told(self) -> dict[str, str]:
        """Return what a device must know to read it."""
        version, order = "1" if self.small else "2", "little" if self.sign == "<" else "big"
        tags = f"spare+{self.place}" if self.spare else "inband"
        sizes = {"page-size": str(self.page), "spare-size": str(self.spare)}
        return {"version": version, "byte-order": f"{order}-endian", **sizes, "tags": tags}

    def tags(self, view: memoryview) -> Iterator[tuple[int, Tags | None]]:
        """Yield where each whole page begins, and its tags; None: erased, or of nothing that is known."""
        yield from self._tags_small(view) if self.small else self._tags_large(view)

    def _tags_large(self, view: memoryview) -> Iterator[tuple[int, Tags | None]]:
        unpack, held, stride = Struct(self.sign + "4I").unpack_from, self.held, self.stride
        place = self.page + self.place if self.spare else held
        for at in range(0, len(view) - stride + 1, stride):
            sequence, number, chunk, used = unpack(view, at + place)
            if sequence in _SEQUENCES:
                if chunk & _EXTRA:
                    more = number >> _TYPE, chunk & _NUMBER, bool(chunk >> 30 & 1)
                    yield at, Tags(sequence, number & _NUMBER, 0, used, more)
                    continue
                if 0 < number <= _NUMBER and (used <= held or not chunk):
                    yield at, Tags(sequence, number, chunk, used)
                    continue
            elif sequence == CHECKPOINT:
                yield at, Tags(sequence, number, chunk, used)
                continue
            yield at, None

    def _tags_small(self, view: memoryview) -> Iterator[tuple[int, Tags | None]]:
        big = self.sign == ">"
        for at in range(0, len(view) - self.stride + 1, self.stride):
            spare = bytes(view[at + self.page : at + self.stride])
            raw = spare[:4] + spare[6:8] + spare[11:13]
            if raw == b"\xff" * 8 or spare[_STATUS].bit_count() < 7:  # erased, or deleted
                yield at, None
                continue
            word, other = Struct(self.sign + "2I").unpack(raw)
            if big:
                chunk, low, number, check, high = word >> 12, word & 0x3FF, other >> 14, other >> 2 & 0xFFF, other & 3
            else:
                chunk, low, number = word & 0xFFFFF, word >> 22, other & 0x3FFFF
                check, high = other >> 18 & 0xFFF, other >> 30
            empty = Struct(self.sign + "2I").pack(word, other & ~(0xFFF << (2 if big else 18)))
            used = low | high << 10
            yield at, Tags(0, number, chunk, used, sound=_check_of(empty) == check) if number else None


def _check_of(raw: bytes) -> int:
    """Return the check of eight bytes of tags: the places of all bits that are set, counted from 1, added without carry."""
    check = 0
    for at, byte in enumerate(raw):
        check ^= _CHECKS[at][byte]
    return check


def _places(at: int, byte: int) -> int:
    check = 0
    for bit in range(8):
        if byte >> bit & 1:
            check ^= 8 * at + bit + 1
    return check


_CHECKS = tuple(tuple(_places(at, byte) for byte in range(256)) for at in range(8))


def order_of(view: memoryview) -> str | None:
    """Return the byte order of the header of an object in the root folder that `view` begins with, None if there is none."""
    for sign, magic in MAGICS.items():
        if view[4:10] == magic and int.from_bytes(view[:4], "little" if sign == "<" else "big") in _TYPES:
            return sign
    return None


def find_geometry(view: memoryview) -> Geometry | None:
    """Return the geometry by which most of the first pages are sound and none is anything else, None if there is none."""
    sign = order_of(view)
    if sign is None:
        return None
    best: tuple[int, Geometry | None] = (0, None)
    for geometry in _geometries(sign):
        sound = _sound_pages(view, geometry)
        if sound > best[0]:
            best = sound, geometry
    return best[1]


def is_bare(view: memoryview) -> bool:
    """Tell whether `view` begins with headers of objects, at least three, at places where pages without spare bytes begin."""
    sign = order_of(view)
    if sign is None:
        return False
    header, found = Struct(sign + "2IH"), 0
    for at in range(0, min(len(view), _HEAD) - header.size, _SMALL):
        type_, folder, check = header.unpack_from(view, at)
        found += type_ in _TYPES and 0 < folder <= _MAX_OBJECT and check == 0xFFFF
    return found > _LEAST


def _geometries(sign: str) -> Iterator[Geometry]:
    yield Geometry(_SMALL, _SMALL_SPARE, 0, sign, small=True)
    for page, spares in _LARGE.items():
        for spare in spares:
            for place in _PLACES if spare else (0,):
                if not spare or place + _TAGS <= spare:
                    yield Geometry(page, spare, place, sign)


def _sound_pages(view: memoryview, geometry: Geometry) -> int:
    """Return how many of the first pages are in use, 0 where one of them contradicts the geometry."""
    sound = 0
    magic, header = MAGICS[geometry.sign][4:], Struct(geometry.sign + "2I")
    pages = min(len(view) // geometry.stride, _SAMPLE)
    for at, tags in geometry.tags(view[: pages * geometry.stride]):
        if tags is None:
            erased = view[at : at + 64] == b"\xff" * 64
            if not at or not (erased or geometry.small):
                return 0
            continue
        if tags.number > _MAX_OBJECT or (not at and tags.chunk):
            return 0
        if not tags.chunk:
            type_, folder = header.unpack_from(view, at)
            if view[at + 8 : at + 10] != magic or type_ not in _TYPES:
                return 0
            if not at and tags.more is not None and tags.more[:2] != (type_, folder):
                return 0
        sound += tags.sound
    return sound if sound >= _LEAST or len(view) == geometry.stride else 0
