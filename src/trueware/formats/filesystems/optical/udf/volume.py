"""The volume: from the anchor to the partitions, and from a block of a partition to bytes of the disc.

Sectors ``BEA01``, ``NSR02`` or ``NSR03``, ``TEA01`` from 32,768 on say that a disc is UDF. An anchor (kind 2) at block 256, or 256
before the last, or the last, has the places of two copies of the volume's descriptors:

======  ======================================================================================================
kind
======  ======================================================================================================
1       volume: label at 24
5       partition: u16 number at 22, table and bitmap of free space at 56, u32 first block at 188, u32 blocks at 192
6       logical volume: label at 84, u32 bytes in a block at 212, revision at 240, long address of the file set at 248,
        u32 maps at 268, address of the integrity descriptor at 432, maps at 440
8       end
======  ======================================================================================================

A map says what a partition is: u8 kind, u8 length. Kind 1 is a partition as it stands (u16 number at 4). Kind 2 has a name at 5 and
u16 number at 38: *virtual* (a table at the end of the disc says where each block is), *sparable* (u16 blocks in a packet at 40, u32
places of tables at 48 that say where damaged packets went), *metadata* (u32 blocks of a file, its mirror and a bitmap at 40).

Source: ECMA-167 (3rd edition) §2, §3/10, §4/14; OSTA UDF 2.60 §2.2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.optical.space import SECTOR, Space
from trueware.formats.filesystems.optical.udf.tags import FORMAT, field, kind_of, location_of, verify
from trueware.formats.scattered import HOLE, Run

START = 16 * SECTOR
_MOST_SECTORS, _MOST_DESCRIPTORS, _MOST_MAPS = 64, 256, 16
_BLOCKS = (2048, 512, 1024, 4096)
_VOLUME, _ANCHOR, _POINTER, _USE, _PARTITION, _LOGICAL, _FREE, _END, _INTEGRITY = 1, 2, 3, 4, 5, 6, 7, 8, 9
_EXTENT, _U32 = Struct("<II"), Struct("<I")
_OPEN = 0


@dataclass(frozen=True, slots=True)
class Address:
    """A stretch of a partition."""

    part: int
    block: int
    length: int
    """Bytes."""


@dataclass(slots=True)
class _Map:
    """How blocks of a partition become bytes of the disc."""

    start: int
    """First byte."""
    blocks: int
    kind: str = "plain"
    runs: list[Run] | None = None
    """Metadata: where the file lies that holds the partition."""
    table: tuple[int, ...] = ()
    """Virtual: the block of the partition below for each block."""
    moved: dict[int, int] | None = None
    """Sparable: where on the disc packets are that were damaged."""
    packet: int = 1
    raw: bytes = b""


def is_udf(view: memoryview) -> bool:
    """Tell whether a sector says that the disc is UDF."""
    return any(bytes(view[at + 1 : at + 4]) == b"NSR" for at in _recognition(view))


def _recognition(view: memoryview) -> Iterator[int]:
    for step in (SECTOR, 2 * SECTOR):
        for at in range(START, START + _MOST_SECTORS * step, step):
            name = bytes(view[at + 1 : at + 6])
            if name not in (b"BEA01", b"NSR02", b"NSR03", b"TEA01", b"CD001", b"BOOT2"):
                break
            yield at


class Volume:
    """A logical volume.

    Attributes:
        block: bytes in a block.
        file_set: where the file set is described.
        end: first byte behind the last thing that is known.
    """

    def __init__(self, view: memoryview, space: Space, reading: Reading) -> None:
        self._view, self._space, self._reading = view, space, reading
        self.block, anchors = self._find_anchors()
        self.end = 0
        for at in _recognition(view):
            if bytes(view[at + 1 : at + 6]) != b"CD001":
                space.share(at, at + SECTOR)
        for at in anchors:
            space.share(at, at + self.block)
            self.end = max(self.end, at + self.block)
        raw = bytes(view[anchors[0] : anchors[0] + self.block])
        verify(raw[:512], anchors[0], "anchor", reading)
        main, copy = (_EXTENT.unpack_from(raw, at) for at in (16, 24))
        if any(bytes(view[at + 16 : at + 32]) != raw[16:32] for at in anchors):
            reading.note_anomaly("contradiction", "the anchors lead to different volumes", anchors[-1])
        found = dict(self._sequence(*main))
        copied = dict(self._sequence(*copy))
        if not found.keys() >= {_LOGICAL, _PARTITION}:
            raise MalformedInput(FORMAT, main[1] * self.block, "no logical volume or no partition")
        for kind in (_PARTITION, _LOGICAL):  # some tools give the volume itself another name in each copy
            if [each[16:] for each in found[kind]] != [each[16:] for each in copied.get(kind, ())]:
                detail = "the descriptors of the volume and their copies differ"
                reading.note_anomaly("contradiction", detail, copy[1] * self.block)
        logical = found[_LOGICAL][-1]
        if _U32.unpack_from(logical, 212)[0] != self.block:
            raise UnsupportedInput(
                FORMAT, 0, f"blocks of {_U32.unpack_from(logical, 212)[0]} bytes on sectors of {self.block}"
            )
        self._tell(found, logical)
        self._maps: list[_Map] = []
        self._read_maps(found[_PARTITION], logical)
        length, block, part = _U32.unpack_from(logical, 248)[0], *Struct("<IH").unpack_from(logical, 252)
        self.file_set = Address(part, block, length)
        self.identity = logical[432:440]

    # --- descriptors -----------------------------------------------------------------------------------------------------

    def _find_anchors(self) -> tuple[int, list[int]]:
        """Return bytes in a block, and where the anchors are."""
        view = self._view
        for block in _BLOCKS:
            last = len(view) // block - 1
            found = []
            for number in dict.fromkeys((256, last, last - 256, 512)):
                raw = bytes(view[number * block : number * block + 512]) if number >= 0 else b""
                if len(raw) == 512 and kind_of(raw) == _ANCHOR and location_of(raw) == number:
                    found.append(number * block)
            if found:
                return block, found
        raise MalformedInput(FORMAT, 256 * SECTOR, "no anchor")

    def _sequence(self, length: int, block: int) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the descriptors of a sequence by kind."""
        view, unit, found = self._view, self.block, dict[int, list[bytes]]()
        start, end = block * unit, min(block * unit + length, len(self._view))
        self._space.share(start, end)
        self.end = max(self.end, end)
        for at in range(start, min(end - unit + 1, start + _MOST_DESCRIPTORS * unit), unit):
            raw = bytes(view[at : at + unit])
            kind = kind_of(raw)
            if not kind:
                if any(raw[:16]):
                    self._reading.note_anomaly("checksum-mismatch", "the tag of a descriptor of the volume", at)
                break
            verify(raw, at, "descriptor of the volume", self._reading)
            if kind == _POINTER:
                self._reading.note_anomaly("unsupported", "the descriptors of the volume go on elsewhere", at)
            found.setdefault(kind, []).append(raw)
            if kind == _END:
                break
        return iter(found.items())

    def _tell(self, found: dict[int, list[bytes]], logical: bytes) -> None:
        """Describe the volume; on a disc that is ISO 9660 as well, that describes it."""
        reading = self._reading
        revision = int.from_bytes(logical[240:242], "little")
        reading.notes["udf-revision"] = f"{revision >> 8:x}.{revision & 0xFF:02x}"
        reading.notes["udf-block-size"] = str(self.block)
        reading.facts.setdefault("label", field(logical[84:212]))
        for raw in found.get(_VOLUME, ())[-1:]:
            reading.notes["volume-set"] = field(raw[72:200])
        length, block = _EXTENT.unpack_from(logical, 432)
        at = block * self.block
        if length and at + self.block <= len(self._view):
            raw = bytes(self._view[at : at + self.block])
            if kind_of(raw) != _INTEGRITY:
                reading.note_anomaly("malformed", "no integrity descriptor", at)
            elif _U32.unpack_from(raw, 28)[0] == _OPEN:
                reading.notes["dirty"] = "not closed properly"
            self._space.share(at, min(at + length, len(self._view)))
            self.end = max(self.end, at + length)

    # --- partitions ------------------------------------------------------------------------------------------------------

    def _read_maps(self, partitions: list[bytes], logical: bytes) -> None:
        unit, view = self.block, self._view
        places = {}
        for raw in partitions:
            start, blocks = _EXTENT.unpack_from(raw, 188)
            places[int.from_bytes(raw[22:24], "little")] = start * unit, blocks
            self.end = max(self.end, (start + blocks) * unit)
            for at in (56, 64, 72, 80):  # tables and bitmaps of free space
                length, block = _EXTENT.unpack_from(raw, at)
                begin = (start + block) * unit
                if length & 0x3FFF_FFFF and begin < len(view):
                    self._space.share(begin, min(begin + (length & 0x3FFF_FFFF), len(view)))
        count, size = _U32.unpack_from(logical, 268)[0], _U32.unpack_from(logical, 264)[0]
        raw, at = logical[440 : 440 + size], 0
        if count > _MOST_MAPS:
            raise MalformedInput(FORMAT, 268, f"{count} maps of partitions")
        for _ in range(count):
            kind, length = (raw[at], raw[at + 1]) if at + 2 <= len(raw) else (0, 0)
            entry = raw[at : at + length]
            if (kind, length) not in ((1, 6), (2, 64)) or len(entry) < length:
                raise UnsupportedInput(FORMAT, 440 + at, f"a map of kind {kind} and {length} bytes")
            number = int.from_bytes(entry[4:6] if kind == 1 else entry[38:40], "little")
            if number not in places:
                raise MalformedInput(FORMAT, 440 + at, f"there is no partition {number}")
            name = (
                "plain"
                if kind == 1
                else entry[5:28]
                .rstrip(b"\0")
                .decode("latin-1")
                .removeprefix("*UDF ")
                .removesuffix(" Partition")
                .lower()
            )
            made = _Map(*places[number], kind=name, raw=entry)
            if name == "sparable":
                self._read_sparing(made)
            elif name not in ("plain", "virtual", "metadata"):
                raise UnsupportedInput(FORMAT, 440 + at, f"a partition of kind {name!r}")
            self._maps.append(made)
            at += length
        self._reading.notes["partitions"] = ", ".join(each.kind for each in self._maps)

    def special_maps(self) -> Iterator[tuple[int, str, bytes]]:
        """Yield number, kind and bytes of each map whose blocks are found with the help of a file."""
        for number, made in enumerate(self._maps):
            if made.kind in ("virtual", "metadata"):
                yield number, made.kind, made.raw

    def below(self, number: int) -> int:
        """Return the plain partition that a map lies on."""
        wanted = self._maps[number]
        return next(
            (
                at
                for at, each in enumerate(self._maps)
                if each.kind in ("plain", "sparable") and each.start == wanted.start
            ),
            number,
        )

    def set_runs(self, number: int, runs: list[Run]) -> None:
        """Say where the file lies that holds a metadata partition."""
        self._maps[number].runs = runs

    def set_table(self, number: int, table: tuple[int, ...]) -> None:
        """Say where the blocks of a virtual partition are."""
        self._maps[number].table = table

    def _read_sparing(self, made: _Map) -> None:
        """Read the table of packets that were moved."""
        made.packet = int.from_bytes(made.raw[40:42], "little")
        made.moved = {}
        count, size = made.raw[42], _U32.unpack_from(made.raw, 44)[0]
        tables = []
        for number in range(min(count, 4)):
            at = _U32.unpack_from(made.raw, 48 + 4 * number)[0] * self.block
            raw = bytes(self._view[at : at + min(size, 1 << 20)])
            self._space.share(at, at + len(raw))
            if b"UDF Sparing Table" in raw[16:48]:
                tables.append(raw)
        if not tables or not made.packet:
            raise MalformedInput(FORMAT, 0, "no sparing table")
        if any(each[16:] != tables[0][16:] for each in tables):
            self._reading.note_anomaly("contradiction", "the sparing tables differ")
        entries = int.from_bytes(tables[0][48:50], "little")
        for at in range(56, min(56 + 8 * entries, len(tables[0]) - 7), 8):
            original, mapped = _EXTENT.unpack_from(tables[0], at)
            if original < 0xFFFF_FFF0:
                made.moved[original] = mapped

    def runs(self, address: Address) -> list[Run]:
        """Return where a stretch of a partition lies on the disc.

        Raises:
            MalformedInput: it is not in the partition.
        """
        unit = self.block
        if address.part >= len(self._maps):
            raise MalformedInput(FORMAT, 0, f"there is no partition {address.part}")
        made = self._maps[address.part]
        blocks = -(-address.length // unit)
        if made.kind == "metadata":
            return _cut(made.runs or [], address.block * unit, address.length)
        if made.kind == "virtual":
            if address.block + blocks > len(made.table):
                raise MalformedInput(
                    FORMAT, 0, f"blocks {address.block:#x} and {blocks} more are not in the virtual partition"
                )
            pieces = [(made.start + made.table[address.block + each] * unit, unit) for each in range(blocks)]
            return merged(_cut(pieces, 0, address.length))
        if address.block + blocks > made.blocks:
            raise MalformedInput(
                FORMAT, made.start, f"blocks {address.block:#x} and {blocks} more are not in the partition"
            )
        if not made.moved:
            return [(made.start + address.block * unit, address.length)]
        pieces = []
        for block in range(address.block, address.block + blocks):
            packet = block - block % made.packet
            moved = made.moved.get(packet)
            pieces.append((made.start + block * unit if moved is None else (moved + block - packet) * unit, unit))
        return merged(_cut(pieces, 0, address.length))


def _cut(runs: list[Run], start: int, length: int) -> list[Run]:
    """Return the runs of a part of what some runs hold."""
    found: list[Run] = []
    for at, size in runs:
        if start >= size:
            start -= size
            continue
        taken = min(size - start, length)
        found.append((HOLE if at == HOLE else at + start, taken))
        start, length = 0, length - taken
        if not length:
            return found
    if length:
        raise MalformedInput(FORMAT, 0, "a stretch behind the end of its partition")
    return found


def merged(runs: list[Run]) -> list[Run]:
    """Return runs with those that touch made one."""
    found: list[Run] = []
    for at, size in runs:
        if found and (found[-1][0] + found[-1][1] == at if at != HOLE and found[-1][0] != HOLE else at == found[-1][0]):
            found[-1] = found[-1][0], found[-1][1] + size
        else:
            found.append((at, size))
    return found
