"""Tiles of a log that is not trusted, each proved against the root of a checkpoint before anything is made of it.

A client has a checkpoint and asks for tiles and bundles of entries, as of a web server (C2SP tlog-tiles). What proves them:

1. The last tiles of all levels, which are partial, make the root (RFC 9162 §2.1.1): they are asked for first, and prove each other.
2. A full tile is proved by its hash in the tile above, which is proved first, up to one of those of 1.
3. A bundle is proved by the leaf hashes in its tile of level 0.

Only tiles that the tree has are asked for, in the width that they have in it (tlog-tiles, partial tiles). So proofs made from proved
tiles are those of the tree, and a server that answers with something else is told at the tile.
"""

from collections.abc import Callable

from trueware.errors import UntrustedStatement
from trueware.tlog.growth import WIDTH, root, root_of_tile
from trueware.tlog.merkle import leaf_hash
from trueware.tlog.tiles import tile_path, unbundle

_HASH = 32
_HELD = 4096
"""Full tiles, of 8,192 bytes, that are held at most."""

Fetch = Callable[[str], bytes | None]
"""Path in, as `tile_path` has it, and what stands there out; None: nothing. It should not read beyond `LARGEST_BUNDLE` bytes."""

LARGEST_BUNDLE = WIDTH * ((1 << 16) + 1)


class ProvedTiles:
    """The tiles of a tree, read as `ReadTile`. Not for several threads at once."""

    def __init__(self, size: int, root_hash: bytes, fetch: Fetch) -> None:
        """Prove the last tiles (1).

        Args:
            size: leaves of the tree, of a checkpoint that was proved.
            root_hash: its root.
            fetch: where tiles are; nothing of it is trusted.

        Raises:
            UntrustedStatement: a tile is not there, or they do not make the root.
        """
        self.size, self._fetch = size, fetch
        self._edge: dict[tuple[int, int], bytes] = {}
        self._full: dict[tuple[int, int], bytes] = {}
        level, count = 0, size
        while count:
            number, width = divmod(count, WIDTH)
            if width:
                self._edge[level, number] = self._fetched(level, number, width)
            level, count = level + 1, number
        if root(size, lambda level, number: self._edge.get((level, number))) != root_hash:
            raise UntrustedStatement(f"the last tiles of the tree of {size} leaves do not make its root")

    def __call__(self, level: int, number: int) -> bytes | None:
        """Return the hashes of a tile, proved; None where the tree has no such tile.

        Raises:
            UntrustedStatement: it is not there, or is another than the tree's.
        """
        wanted: list[tuple[int, int]] = []
        while (level, number) not in self._edge and (level, number) not in self._full:
            if level < 0 or not 0 <= number < self.size >> 8 * (level + 1):
                return None  # only the first that is asked for: above a full tile there always is one
            wanted.append((level, number))
            level, number = level + 1, number // WIDTH
        found = self._edge.get((level, number)) or self._full[level, number]
        for place in reversed(wanted):  # 2
            within = place[1] % WIDTH
            tile = self._fetched(*place, WIDTH)
            if root_of_tile(tile) != found[within * _HASH : (within + 1) * _HASH]:
                raise UntrustedStatement(f"{tile_path(*place)} is not the tree's")
            if len(self._full) >= _HELD:
                self._full.clear()
            self._full[place] = found = tile
        return found

    def entries(self, number: int) -> list[bytes]:
        """Return the entries of a bundle, proved (3).

        Raises:
            UntrustedStatement: the tree has no such bundle, it is not there, or is another than the tree's.
            MalformedInput: it is none.
        """
        hashes = self(0, number)
        if hashes is None:
            raise UntrustedStatement(f"the tree of {self.size} leaves has no bundle {number}")
        width = len(hashes) // _HASH
        path = tile_path(None, number, width)
        data = self._fetch(path)
        if data is None or len(data) > LARGEST_BUNDLE:
            raise UntrustedStatement(f"{path} is not there, or is longer than a bundle can be")
        entries = unbundle(data, width)
        if b"".join(map(leaf_hash, entries)) != hashes:
            raise UntrustedStatement(f"{path} has other entries than the tree")
        return entries

    def _fetched(self, level: int, number: int, width: int) -> bytes:
        path = tile_path(level, number, width)
        tile = self._fetch(path)
        if tile is None or len(tile) != width * _HASH:
            raise UntrustedStatement(f"{path} is not there, or has not {width} hashes")
        return tile
