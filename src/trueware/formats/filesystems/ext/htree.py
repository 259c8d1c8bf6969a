"""The index of a large folder: a tree of hashes of names, by which Linux looks a name up without reading the folder.

A reader that lists the folder never asks the index, and a device that opens a file never lists the folder: a name in the wrong
leaf is there for the one and missing for the other. So every name is looked up here as well.

======  ====  ==================================================================================
offset  size  field of the root, block 0, behind the entries ``.`` and ``..``
======  ====  ==================================================================================
0x1C    1     hash: 0 legacy, 1 half MD4, 2 TEA
0x1D    1     8, the length of this information; 0x1E levels below the root; 0x1F flags, 0
0x20    8 n   entries
======  ====  ==================================================================================

A node below the root has its entries at 0x08. An entry is a hash and a block of the folder; in place of the hash of the first
stand the room for entries and their number. A hash with its lowest bit set goes on from the leaf before.

Source: Linux Documentation/filesystems/ext4/directory.rst, fs/ext4/namei.c (`dx_probe`), fs/ext4/hash.c.
"""

from collections.abc import Iterable
from itertools import pairwise
from struct import iter_unpack, unpack, unpack_from

from trueware.errors import MalformedInput
from trueware.formats.filesystems.ext.superblock import Incompat, Superblock
from trueware.formats.hashed_names import MD4_START, TEA, hashes_of

_ROOT_ENTRIES, _NODE_ENTRIES, _INFO = 0x20, 0x08, 0x1C
_UNSIGNED = 2
_LAST = 0xFFFFFFFE


def lost_names(blocks: list[bytes], names: list[list[bytes]], sb: Superblock) -> list[bytes]:
    """Return the names that a look-up by hash does not find.

    Args:
        blocks: the blocks of the folder.
        names: the names in each of them, without ``.`` and ``..``.
        sb: tells the seed of the hash.

    Raises:
        MalformedInput: the index contradicts itself; Linux then reads the folder from end to end, if it reads it at all.
    """
    version, leaves = _leaves(blocks, sb)
    start = unpack("<4I", sb.fields.hash_seed) if any(sb.fields.hash_seed) else MD4_START
    signed = not sb.fields.flags & _UNSIGNED
    lost: list[bytes] = []
    found = set()
    bounds = [*(low for low, _ in leaves[1:]), 1 << 32]
    hashes = iter(name_hashes([name for _, block in leaves for name in names[block]], version, start, signed=signed))
    for (low, block), high in zip(leaves, bounds, strict=True):
        found.add(block)
        lost.extend(name for name in names[block] if not low & _LAST <= next(hashes) < high)
    for block, inside in enumerate(names):
        if block not in found:
            lost.extend(inside)
    return lost


def _leaves(blocks: list[bytes], sb: Superblock) -> tuple[int, list[tuple[int, int]]]:
    """Return the kind of hash, and the lowest hash and the block of every leaf, in order."""
    version, length, levels, flags = unpack_from("<4B", blocks[0], _INFO)
    deepest = 2 if Incompat.LARGEDIR in sb.incompat else 1
    if version > TEA or length != _ROOT_ENTRIES - _INFO + 4 or levels > deepest or flags:
        raise MalformedInput("ext", 0, f"index of a folder with hash {version}, {levels} levels, flags {flags}")
    tail = 8 if sb.checksummed else 0
    seen = {0}
    nodes = [(0, 0)]
    for level in range(levels + 1):
        start = _NODE_ENTRIES if level else _ROOT_ENTRIES
        below: list[tuple[int, int]] = []
        for low, number in nodes:
            node = blocks[number]
            room, count = unpack_from("<2H", node, start)
            if not 0 < count <= room or room != (len(node) - start - tail) // 8:
                raise MalformedInput("ext", 0, f"index of a folder with {count} entries, room for {room}")
            (first,) = unpack_from("<I", node, start + 4)
            below.append((low, first))
            below.extend(iter_unpack("<2I", node[start + 8 : start + 8 * count]))
        for _, number in below:
            if number in seen or number >= len(blocks):
                raise MalformedInput("ext", 0, f"index of a folder that names block {number} of {len(blocks)}")
            seen.add(number)
        if any(later < earlier for (earlier, _), (later, _) in pairwise(below)):
            raise MalformedInput("ext", 0, "index of a folder out of order")
        nodes = below
    return version, nodes


def name_hashes(names: list[bytes], version: int, start: Iterable[int], *, signed: bool) -> list[int]:
    """Return the hash of each name, its lowest bit clear."""
    return [min(value & _LAST, _LAST - 2) for value in hashes_of(names, version, start, signed=signed)]
