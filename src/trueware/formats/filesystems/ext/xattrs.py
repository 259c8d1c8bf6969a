"""Extended attributes, behind the fields of an inode, in a block of their own, or with values in other inodes.

::

    in the inode   u32 magic EA020000, entries; value offsets count from the first entry
    in a block     u32 magic, u32 references, u32 blocks (1), u32 hash, u32 CRC-32C, 12 reserved, entries; offsets from the block
    entry          u8 name length, u8 prefix, u16 value offset, u32 value inode, u32 value size, u32 hash, name, padded to 4;
                   four zero bytes end the list

Source: Linux Documentation/filesystems/ext4/attributes.rst, fs/ext4/xattr.c, fs/ext4/acl.h.
"""

from collections.abc import Callable, Iterator
from struct import Struct, iter_unpack, pack

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.ext.checksums import crc32c
from trueware.formats.filesystems.ext.inodes import Inode
from trueware.formats.filesystems.ext.space import METADATA, Space
from trueware.formats.filesystems.ext.superblock import Superblock

Attributes = tuple[tuple[str, bytes], ...]
"""Names and values, sorted by name."""

INLINE_DATA = "system.data"
"""Not an attribute a device shows: the part of inline content that does not fit between the fields."""

MAGIC = b"\x00\x00\x02\xea"
_ENTRY = Struct("<2BH3I")
_BLOCK_HEADER = 32
_MERGED = 1_000_000
"""Attributes of shared blocks that are joined with those of inodes; a small image could ask for very many."""
_PREFIXES = {
    0: "", 1: "user.", 2: "system.posix_acl_access", 3: "system.posix_acl_default", 4: "trusted.",
    6: "security.", 7: "system.", 8: "system.richacl", 9: "encryption.", 10: "gnu.",
}  # fmt: skip
_ACL_INDEXES = (2, 3)
_ACL_NAMED = (0x02, 0x08)
_NOBODY = 0xFFFFFFFF


class AttributeReader:
    """Reads the attributes of inodes; a block that several of them share is read once.

    `read_value` is asked for the content of an inode that holds a value: its number and the size it should have.
    """

    def __init__(
        self, sb: Superblock, space: Space, reading: Reading, read_value: Callable[[int, int], bytes], ceiling: int
    ) -> None:
        self._sb, self._space, self._reading, self._read_value, self._ceiling = sb, space, reading, read_value, ceiling
        self._blocks: dict[int, Attributes] = {}
        self._merged = 0

    def read(self, inode: Inode) -> Attributes:
        """Return the attributes of an inode by name.

        Raises:
            MalformedInput: the lists contradict themselves.
            LimitExceeded: there are more than any device would have.
        """
        own: Attributes = ()
        if inode.tail[:4] == MAGIC:
            own = self._parse(inode.tail[4:], 0, inode.offset)
        if not inode.attributes_block:
            return own
        block = self._read_block(inode.attributes_block)
        if not own:
            return block
        self._merged += len(block)
        if self._merged > _MERGED:
            raise LimitExceeded("max_xattrs", self._ceiling, "attributes in blocks that many inodes share")
        if len(dict(own) | dict(block)) < len(own) + len(block):
            raise MalformedInput("ext", inode.offset, "an extended attribute stands in the inode and in its block")
        return tuple(sorted(own + block))

    def _read_block(self, block: int) -> Attributes:
        known = self._blocks.get(block)
        if known is not None:
            return known
        at = block * self._sb.block_size
        if not self._space.is_valid(block) or not self._space.claim(block, 1, METADATA):
            raise MalformedInput(
                "ext", at, "block of extended attributes that belongs to something else, or to nothing"
            )
        raw = self._space.block(block)
        if len(raw) < self._sb.block_size or raw[:4] != MAGIC:
            raise MalformedInput("ext", at, "no extended attributes in the block that should hold them")
        if self._sb.checksummed:
            found = crc32c(self._sb.seed, block.to_bytes(8, "little") + raw[:16] + bytes(4) + raw[20:])
            if found.to_bytes(4, "little") != raw[16:20]:
                detail = f"CRC-32C of extended attributes is {found:08x}, the block says {raw[16:20][::-1].hex()}"
                self._reading.note_anomaly("checksum-mismatch", detail, at + 16)
        parsed = self._blocks[block] = self._parse(raw, _BLOCK_HEADER, at)
        return parsed

    def _parse(self, raw: bytes, at: int, offset: int) -> Attributes:
        attributes: dict[str, bytes] = {}
        total = 0
        while raw[at : at + 4] != bytes(4):
            if at + _ENTRY.size > len(raw):
                raise MalformedInput("ext", offset, "the list of extended attributes does not end")
            name_length, index, value_at, value_inode, size, _ = _ENTRY.unpack_from(raw, at)
            name = raw[at + _ENTRY.size : at + _ENTRY.size + name_length]
            at += _ENTRY.size + (name_length + 3 & ~3)
            total += size + name_length
            if at > len(raw) or total > self._ceiling or index not in _PREFIXES:
                raise MalformedInput("ext", offset, f"extended attribute with prefix {index}, {size} bytes")
            value = self._read_value(value_inode, size) if value_inode else raw[value_at : value_at + size]
            if len(value) < size:
                raise MalformedInput("ext", offset, f"the value of an extended attribute ({size} bytes) is elsewhere")
            key = _PREFIXES[index] + name.decode("utf-8", "surrogateescape")
            if key in attributes:
                raise MalformedInput("ext", offset, f"extended attribute {key!r} stands twice")
            attributes[key] = _shown_acl(value, offset) if index in _ACL_INDEXES else value
        return tuple(sorted(attributes.items()))


def _shown_acl(value: bytes, offset: int) -> bytes:
    """Return an access list as a device shows it (version 2); on disk (version 1) entries for no one in particular are shorter."""
    if value[:4] != b"\1\0\0\0" or len(value) % 4:
        raise MalformedInput("ext", offset, "access list of an unknown version")
    return b"\2\0\0\0" + b"".join(pack("<2HI", *entry) for entry in _acl_entries(value, offset))


def _acl_entries(value: bytes, offset: int) -> Iterator[tuple[int, int, int]]:
    words = iter(iter_unpack("<2H", value[4:]))
    for tag, permissions in words:
        if tag not in _ACL_NAMED:
            yield tag, permissions, _NOBODY
            continue
        low, high = next(words, (None, 0))
        if low is None:
            raise MalformedInput("ext", offset, "access list that ends within an entry")
        yield tag, permissions, low | high << 16
