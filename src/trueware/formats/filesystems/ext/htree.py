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

_ROOT_ENTRIES, _NODE_ENTRIES, _INFO = 0x20, 0x08, 0x1C
_LEGACY, _HALF_MD4, _TEA = 0, 1, 2
_UNSIGNED = 2
_MASK = 0xFFFFFFFF
_LAST = 0xFFFFFFFE
_MD4_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_MD4_ROUNDS = (
    (0, (3, 7, 11, 19), (0, 1, 2, 3, 4, 5, 6, 7)),
    (0x5A827999, (3, 5, 9, 13), (1, 3, 5, 7, 0, 2, 4, 6)),
    (0x6ED9EBA1, (3, 9, 11, 15), (3, 7, 2, 6, 1, 5, 0, 4)),
)
_TEA_DELTA = 0x9E3779B9


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
    start = unpack("<4I", sb.fields.hash_seed) if any(sb.fields.hash_seed) else _MD4_START
    signed = not sb.fields.flags & _UNSIGNED
    lost: list[bytes] = []
    found = set()
    bounds = [*(low for low, _ in leaves[1:]), 1 << 32]
    for (low, block), high in zip(leaves, bounds, strict=True):
        found.add(block)
        lost.extend(
            name for name in names[block] if not low & _LAST <= name_hash(name, version, start, signed=signed) < high
        )
    for block, inside in enumerate(names):
        if block not in found:
            lost.extend(inside)
    return lost


def _leaves(blocks: list[bytes], sb: Superblock) -> tuple[int, list[tuple[int, int]]]:
    """Return the kind of hash, and the lowest hash and the block of every leaf, in order."""
    version, length, levels, flags = unpack_from("<4B", blocks[0], _INFO)
    deepest = 2 if Incompat.LARGEDIR in sb.incompat else 1
    if version > _TEA or length != _ROOT_ENTRIES - _INFO + 4 or levels > deepest or flags:
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


def name_hash(name: bytes, version: int, start: Iterable[int], *, signed: bool) -> int:
    """Return the hash of a name, its lowest bit clear."""
    if version == _LEGACY:
        found = _legacy(name, signed=signed)
    else:
        state = tuple(start)
        step = 16 if version == _TEA else 32
        for at in range(0, len(name), step):
            words = _words(name[at:], step // 4, signed=signed)
            state = _tea(state, words) if version == _TEA else _half_md4(state, words)
        found = state[0] if version == _TEA else state[1]
    found &= _LAST
    return found if found != _LAST else _LAST - 2


def _words(name: bytes, count: int, *, signed: bool) -> tuple[int, ...]:
    """Return the first `4 * count` bytes as numbers, the rest filled with the length of what is left."""
    size = len(name)
    filler = bytes((size & 0xFF,)) * 4
    if not signed or name.isascii():
        whole, part = divmod(min(size, 4 * count), 4)
        data = name[: 4 * whole]
        if whole < count:
            data += filler[: 4 - part] + name[4 * whole : 4 * whole + part] + filler * (count - whole - 1)
        return unpack(f">{count}I", data)
    words, word = [], int.from_bytes(filler, "big")
    for place, byte in enumerate(name[: 4 * count]):
        word = (byte - (byte >> 7 << 8)) + (word << 8) & _MASK
        if place % 4 == 3:
            words.append(word)
            word = int.from_bytes(filler, "big")
    words.append(word)
    words += [int.from_bytes(filler, "big")] * count
    return tuple(words[:count])


def _half_md4(state: tuple[int, ...], words: tuple[int, ...]) -> tuple[int, ...]:
    a, b, c, d = state
    for number, (constant, shifts, order) in enumerate(_MD4_ROUNDS):
        for place, index in enumerate(order):
            if number == 0:
                mixed = d ^ (b & (c ^ d))
            elif number == 1:
                mixed = (b & c) + ((b ^ c) & d)
            else:
                mixed = b ^ c ^ d
            total = (a + mixed + words[index] + constant) & _MASK
            shift = shifts[place & 3]
            a, b, c, d = d, (total << shift | total >> 32 - shift) & _MASK, b, c
    first, second, third, fourth = state
    return (first + a) & _MASK, (second + b) & _MASK, (third + c) & _MASK, (fourth + d) & _MASK


def _tea(state: tuple[int, ...], words: tuple[int, ...]) -> tuple[int, ...]:
    first, second, *rest = state
    left, right, total = first, second, 0
    a, b, c, d = words
    for _ in range(16):
        total = total + _TEA_DELTA & _MASK
        left = left + ((right << 4) + a ^ right + total ^ (right >> 5) + b) & _MASK
        right = right + ((left << 4) + c ^ left + total ^ (left >> 5) + d) & _MASK
    return (first + left & _MASK, second + right & _MASK, *rest)


def _legacy(name: bytes, *, signed: bool) -> int:
    newer, older = 0x12A3FE2D, 0x37ABE8F9
    for byte in name:
        value = byte - (byte >> 7 << 8) if signed else byte
        found = older + (newer ^ (value * 7152373 & _MASK)) & _MASK
        if found & 0x80000000:
            found = found - 0x7FFFFFFF & _MASK
        older, newer = newer, found
    return newer << 1 & _MASK
