"""How the tiles of a log grow when leaves are added, and the root of the tree they make (C2SP tlog-tiles, RFC 9162 §2.1.1).

A tile holds up to 256 hashes of its level; the perfect tree over a full one has its root in the tile above. Only the last tile of
each level changes, and only at its end.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256

WIDTH = 256
_HASH = 32

ReadTile = Callable[[int, int], bytes | None]
"""Level and number in, the tile's hashes out as far as they are there."""


def grow(size: int, hashes: Iterable[bytes], read_tile: ReadTile) -> dict[tuple[int, int], bytes]:
    """Return the tiles, by level and number, that change when a tree of `size` leaves gets more.

    Args:
        size: leaves before.
        hashes: of the new leaves.
        read_tile: the tiles before.

    Raises:
        ValueError: a tile that must be there is not, or has another width.
    """
    changed: dict[tuple[int, int], bytes] = {}
    level, count, added = 0, size, b"".join(hashes)
    while added:
        number, within = divmod(count, WIDTH)
        tile = b"" if not within else read_tile(level, number)
        if tile is None or len(tile) < within * _HASH:
            raise ValueError(f"tile {number} of level {level} is not there, or has no {within} hashes")
        data = tile[: within * _HASH] + added
        full = []
        for start in range(0, len(data), WIDTH * _HASH):
            piece = data[start : start + WIDTH * _HASH]
            changed[level, number] = piece
            if len(piece) == WIDTH * _HASH:
                full.append(root_of_tile(piece))
            number += 1
        level, count, added = level + 1, count // WIDTH, b"".join(full)
    return changed


def root(size: int, read_tile: ReadTile) -> bytes:
    """Return the root of the tree of the first `size` leaves.

    Raises:
        ValueError: a tile that is needed is not there.
    """
    return range_root(0, size, read_tile) if size else sha256(b"").digest()


def range_root(low: int, high: int, read_tile: ReadTile) -> bytes:
    """Return the root of the tree over leaves `low` to `high` - 1, a node of the whole: `low` is a multiple of its width.

    Raises:
        ValueError: a tile that is needed is not there.
    """
    found = b""
    count = high - low
    while count:  # the perfect subtrees, from the right: each as large as the lowest bit says
        height = (count & -count).bit_length() - 1
        count &= count - 1
        each = _subtree(height, (low + count) >> height, read_tile)
        found = sha256(b"\1" + each + found).digest() if found else each
    return found


def root_of_tile(data: bytes) -> bytes:
    """Return the root of the perfect tree over the hashes of a tile, or of a run of hashes whose count is a power of two."""
    hashes = [data[start : start + _HASH] for start in range(0, len(data), _HASH)]
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\1" + left + right).digest() for left, right in pairs]
    return hashes[0]


def _subtree(height: int, number: int, read_tile: ReadTile) -> bytes:
    """Return the root of the perfect subtree of 2^height leaves that is the `number`-th of its kind."""
    level, above = divmod(height, 8)
    first = number << above
    tile, within = divmod(first, WIDTH)
    data = read_tile(level, tile)
    end = within + (1 << above)
    if data is None or len(data) < end * _HASH:
        raise ValueError(f"tile {tile} of level {level} is not there, or has no {end} hashes")
    return root_of_tile(data[within * _HASH : end * _HASH])


def holds(size: int, number: int, leaf: bytes, read_tile: ReadTile) -> bool:
    """Tell whether a leaf hash stands in the tiles whose root `root` gives: whoever checked that root need not make a proof.

    Args:
        size: leaves of the tree.
        number: of the leaf, from 0.
        leaf: its hash.
        read_tile: the tiles.
    """
    if not 0 <= number < size:
        return False
    level, found = 0, leaf
    while True:
        tile, within = divmod(number, WIDTH)
        data = read_tile(level, tile)
        if data is None or data[within * _HASH : (within + 1) * _HASH] != found:
            return False
        full = size >> (8 * (level + 1))  # tiles of this level whose root stands in the level above
        if tile >= full:
            return True  # it is one of the hashes that the root is made of
        found, number, level = root_of_tile(data[: WIDTH * _HASH]), tile, level + 1
