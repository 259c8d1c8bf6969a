"""File entries: what a file is and where its content lies.

======  ======  ====  ====================================================================================
file    ext.    size  field
======  ======  ====  ====================================================================================
16      16      20    strategy u16 at 20, kind u8 at 27, flags u16 at 34
36      36      12    user, group, permissions
48      48      2     links
56      56      8     size
84      92      12    when it was modified
112     136     16    long address of extended attributes
        152     16    long address of streams
168     208     8     bytes of extended attributes, of addresses
176     216     ..    extended attributes, addresses
======  ======  ====  ====================================================================================

Kind 4 is a folder, 5 a file, 6 and 7 devices, 9 FIFO, 10 socket, 12 link; 248 the table of a virtual partition, 250 to 252 what a
metadata partition lies in. Bits 0 to 2 of the flags: addresses are short (0), long (1), ext (2), or the content itself stands
there (3); 40, 80, 100 are set-user-id, set-group-id, sticky. Permissions have five bits for others, group, owner, from the lowest:
execute, write, read, change attributes, delete. An address of kind 3 leads to a block (kind 258) with more addresses: u32 length of
them at 20. The numbers of a device are in the extended attribute 12.

Source: ECMA-167 (3rd edition) §4/14.6, §4/14.9 to 14.17; OSTA UDF 2.60 §2.3, §3.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.optical.space import Space
from trueware.formats.filesystems.optical.udf.tags import FORMAT, kind_of, location_of, moment, verify
from trueware.formats.filesystems.optical.udf.volume import Address, Volume, merged
from trueware.formats.scattered import HOLE, Run

FILE_ENTRY, EXTENDED_ENTRY, _MORE = 261, 266, 258
FOLDER, FILE, BLOCK, CHARACTER, FIFO, SOCKET, LINK, TABLE = 4, 5, 6, 7, 9, 10, 12, 248
_OLD_TABLE = 0
_OWNER = Struct("<IIIH")
_PAIR, _LONG, _EXT, _U64 = Struct("<II"), Struct("<IIH"), Struct("<8xIIH"), Struct("<Q")
_SHORT_KIND, _LONG_KIND, _EXT_KIND, _INLINE = range(4)
_LENGTH = 0x3FFF_FFFF
_RECORDED, _ALLOCATED, _NEITHER, _GOES_ON = range(4)
_STRATEGY = 4
_MOST_ADDRESSES = 1 << 20
_NOBODY = 0xFFFF_FFFF
_DEVICE = 12
_LINEAR = 1 << 63


@dataclass(slots=True)
class Node:
    """One file entry."""

    kind: int
    size: int
    mode: int
    uid: int | None
    gid: int | None
    links: int
    mtime: int | None
    rdev: tuple[int, int] | None
    runs: list[Run]
    fault: str
    """Why its content cannot be had."""
    has_streams: bool


class Nodes:
    """Reads file entries."""

    def __init__(self, view: memoryview, volume: Volume, space: Space, reading: Reading) -> None:
        self._view, self._volume, self._space, self._reading = view, volume, space, reading
        self._left = _MOST_ADDRESSES

    def place(self, address: Address) -> int:
        """Return where on the disc a descriptor stands."""
        runs = self._volume.runs(Address(address.part, address.block, self._volume.block))
        if not runs or runs[0][0] == HOLE or runs[0][0] + self._volume.block > len(self._view):
            raise MalformedInput(FORMAT, len(self._view), f"block {address.block:#x} is not there")
        return runs[0][0]

    def read(self, address: Address, path: str = "") -> Node:
        """Read the file entry at an address, and claim it."""
        return self.read_at(self.place(address), address, path)

    def read_at(self, at: int, address: Address, path: str = "") -> Node:
        """Read the file entry that stands at a byte."""
        raw = bytes(self._view[at : at + self._volume.block])
        kind = kind_of(raw)
        if kind not in (FILE_ENTRY, EXTENDED_ENTRY) or len(raw) < self._volume.block:
            raise MalformedInput(FORMAT, at, f"no file entry in block {address.block:#x}")
        verify(raw, at, "file entry", self._reading, path)
        if location_of(raw) != address.block:
            detail = f"a file entry that says it is in block {location_of(raw):#x}"
            self._reading.note_anomaly("contradiction", detail, at, path)
        strategy, flags = int.from_bytes(raw[20:22], "little"), int.from_bytes(raw[34:36], "little")
        if strategy != _STRATEGY:
            raise UnsupportedInput(FORMAT, at + 20, f"strategy {strategy}")
        self._space.take(at, at + self._volume.block)
        extended = kind == EXTENDED_ENTRY
        uid, gid, permissions, links = _OWNER.unpack_from(raw, 36)
        (size,) = _U64.unpack_from(raw, 56)
        fixed = 216 if extended else 176
        attributes, addresses = _PAIR.unpack_from(raw, fixed - 8)
        if fixed + attributes + addresses > len(raw):
            raise MalformedInput(FORMAT, at, "a file entry that does not fit into its block")
        stamp = 92 if extended else 84
        mode = permissions & 7 | permissions >> 2 & 0o70 | permissions >> 4 & 0o700
        mode |= (flags & 0x40 and 0o4000) | (flags & 0x80 and 0o2000) | (flags & 0x100 and 0o1000)
        node = Node(
            raw[27], size, mode, None if uid == _NOBODY else uid, None if gid == _NOBODY else gid, links,
            moment(raw[stamp : stamp + 12]), _device(raw[fixed : fixed + attributes]), [], "",
            extended and any(raw[152:156]),
        )  # fmt: skip
        start = fixed + attributes
        self._locate(node, flags & 7, raw[start : start + addresses], at + start, address.part)
        if any(raw[(136 if extended else 112) :][:4]):
            self._reading.note_anomaly("unsupported", "extended attributes in a file of their own", at, path)
        return node

    def _locate(self, node: Node, kind: int, area: bytes, at: int, part: int) -> None:
        """Find out where the content of a file lies."""
        if kind == _INLINE:
            if node.size > len(area):
                node.fault = f"{node.size} bytes in {len(area)}"
            elif node.size:
                node.runs = [(at, node.size)]
            return
        left, runs = node.size, list[Run]()
        try:
            for type_, length, block, where in self._addresses(kind, area, part):
                taken = min(length, left)
                if type_ in (_ALLOCATED, _NEITHER):
                    runs.append((HOLE, taken))
                elif taken:
                    runs += self._volume.runs(Address(where, block, taken))
                left -= taken
        except MalformedInput as error:
            node.fault = error.reason
            return
        if left:
            node.fault = f"{node.size} bytes, of which {left} lie nowhere"
        elif runs:
            node.runs = [run for run in merged(runs) if run[1]]

    def _addresses(self, kind: int, area: bytes, part: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield kind, length, block and partition of each stretch."""
        size = {_SHORT_KIND: 8, _LONG_KIND: 16, _EXT_KIND: 20}.get(kind)
        if size is None:
            raise MalformedInput(FORMAT, 0, f"addresses of kind {kind}")
        at, unit = 0, self._volume.block
        while at + size <= len(area):
            if kind == _EXT_KIND:
                length, (block, where) = _PAIR.unpack_from(area, at)[0], _LONG.unpack_from(area, at + 8)[1:]
            else:
                length, block = _PAIR.unpack_from(area, at)
                where = part if kind == _SHORT_KIND else int.from_bytes(area[at + 8 : at + 10], "little")
            at += size
            type_, length = length >> 30, length & _LENGTH
            self._left -= 1
            if not length or self._left < 0:
                return
            if type_ != _GOES_ON:
                yield type_, length, block, where
                continue
            start = self.place(Address(where, block, unit))
            raw = bytes(self._view[start : start + unit])
            if kind_of(raw) != _MORE:
                raise MalformedInput(FORMAT, start, "the addresses of a file do not go on where they should")
            verify(raw, start, "block of addresses", self._reading)
            self._space.take(start, start + unit)
            area, at = raw[24 : 24 + int.from_bytes(raw[20:24], "little")], 0


def _device(attributes: bytes) -> tuple[int, int] | None:
    """Return the numbers of a device from extended attributes."""
    at = 24
    while at + 12 <= len(attributes):
        kind, length = (
            int.from_bytes(attributes[at : at + 4], "little"),
            int.from_bytes(attributes[at + 8 : at + 12], "little"),
        )
        if kind == _DEVICE and length >= 24 and at + 24 <= len(attributes):
            major, minor = _PAIR.unpack_from(attributes, at + 16)
            return major, minor
        if length < 12:
            break
        at += length
    return None
