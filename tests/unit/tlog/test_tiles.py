"""Tiles as files: their places, bundles of entries, and tiles of a server that is not trusted."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.tlog.growth import WIDTH, grow, root
from trueware.tlog.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from trueware.tlog.proved_tiles import ProvedTiles
from trueware.tlog.tiles import MAX_ENTRY, bundle, tile_path, tiles_of, unbundle

SIZE = 66_100  # two full levels and a little: a full tile of level 1, and partial ones of levels 0, 1 and 2
ENTRIES = [b"entry %d" % number for number in range(SIZE)]
HASHES = [leaf_hash(entry) for entry in ENTRIES]
TILES = grow(0, HASHES, lambda _level, _number: None)


def read(level: int, number: int) -> bytes | None:
    return TILES.get((level, number))


def served(size: int) -> dict[str, bytes]:
    """Return what a log of that size serves."""
    files = {}
    for level, number, width in tiles_of(size):
        files[tile_path(level, number, width)] = TILES[level, number][: width * 32]
        if level == 0:
            files[tile_path(None, number, width)] = bundle(ENTRIES[number * WIDTH : number * WIDTH + width])
    return files


@pytest.mark.parametrize(
    ("number", "path"),
    [
        (0, "000"),
        (5, "005"),
        (999, "999"),
        (1000, "x001/000"),
        (1_234_067, "x001/x234/067"),
        (10**12, "x001/x000/x000/x000/000"),
    ],
)
def test_places(number: int, path: str) -> None:
    """1234067 is the specification's example; all but the last group have an x."""
    assert tile_path(0, number) == f"tile/0/{path}"
    assert tile_path(63, number, 255) == f"tile/63/{path}.p/255"
    assert tile_path(None, number, 1) == f"tile/entries/{path}.p/1"


def test_the_tiles_of_the_published_example() -> None:
    """tlog-tiles: 70,000 leaves are 273 full tiles and one of 112, one and one of 17, and one of 1; 256 leaves are two tiles."""
    widths: dict[int, list[int]] = {}
    for level, _, width in tiles_of(70_000):
        widths.setdefault(level, []).append(width)

    assert widths == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert list(tiles_of(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 140_000), st.integers(0, 2000))
def test_what_is_new_and_what_was_there_make_all(before: int, more: int) -> None:
    """And nothing that was there is new."""
    old, new, all_of_it = (
        set(each) for each in (tiles_of(before), tiles_of(before + more, before), tiles_of(before + more))
    )

    assert new == all_of_it - old
    partial = {each for each in old if each[2] < WIDTH}
    assert old - partial <= all_of_it


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_bundles_come_back(entries: list[bytes]) -> None:
    """In order, empty ones too."""
    assert unbundle(bundle(entries), len(entries)) == entries


def test_the_longest_entry() -> None:
    """65,535 bytes."""
    assert unbundle(bundle([b"x" * MAX_ENTRY]), 1) == [b"x" * MAX_ENTRY]
    with pytest.raises(ValueError, match="65536 bytes"):
        bundle([b"x" * (MAX_ENTRY + 1)])


@pytest.mark.parametrize(
    ("data", "width"),
    [
        (b"\0", 1),
        (b"\0\5abcd", 1),
        (b"\0\0", 2),
        (b"\0\0\0\0", 1),
        (b"", 1),
        (b"\0\0\0", 1),
        (b"\0\0" * 200_000, 256),
        (b"\0\1", 1),
    ],
)
def test_what_is_no_bundle_is_refused(data: bytes, width: int) -> None:
    """Cut, too short, too long."""
    with pytest.raises(MalformedInput):
        unbundle(data, width)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, SIZE])
def test_proofs_from_proved_tiles(size: int) -> None:
    """Are those of the tree, and only tiles that it has are asked for, each once."""
    files, asked = served(size), []

    def fetch(path: str) -> bytes | None:
        asked.append(path)
        return files[path]

    tiles = ProvedTiles(size, root(size, read), fetch)
    for number in {0, 1, size // 3, size - 2, size - 1} & set(range(size)):
        verify_inclusion(HASHES[number], number, size, inclusion_proof(number, size, tiles), root(size, read))
        assert tiles.entries(number // WIDTH)[number % WIDTH] == ENTRIES[number]
    for first in {1, size // 2, size - 1, size} & set(range(1, size + 1)):
        verify_consistency(first, size, consistency_proof(first, size, tiles), root(first, read), root(size, read))
    hashes = [path for path in asked if "entries" not in path]
    assert len(hashes) == len(set(hashes))
    for level, number in ((0, -(-size // WIDTH)), (0, -1), (1, size), (3, 0), (-1, 0)):
        assert tiles(level, number) is None
    with pytest.raises(UntrustedStatement, match="no bundle"):
        tiles.entries(-(-size // WIDTH))


def asked_for_all(size: int, files: dict[str, bytes]) -> None:
    tiles = ProvedTiles(size, root(size, read), files.get)
    for number in (0, 100, size // WIDTH):
        tiles.entries(number)
    inclusion_proof(0, size, tiles)


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    "alter",
    [
        flipped,
        lambda data: data[:-32],
        lambda data: data + bytes(32),
        lambda _: b"",
        lambda data: data[::-1],
    ],
)
def test_a_server_that_lies_is_told(alter: Callable[[bytes], bytes]) -> None:
    """Whatever of a tile it alters, leaves out or adds."""
    files = served(SIZE)
    asked_for_all(SIZE, files)
    paths = ["tile/0/258.p/52", "tile/1/001.p/2", "tile/2/000.p/1", "tile/1/000", "tile/0/000", "tile/0/100"]
    for path in paths:
        with pytest.raises(UntrustedStatement, match=r"tile/|last tiles"):
            asked_for_all(SIZE, files | {path: alter(files[path])})
    for path in ("tile/entries/000", "tile/entries/258.p/52"):
        with pytest.raises(InputError):
            asked_for_all(SIZE, files | {path: alter(files[path])})


def test_what_is_missing_or_endless_is_told() -> None:
    """And another root, or a tile of another tree in its place."""
    files = served(SIZE)
    for path in ("tile/0/258.p/52", "tile/1/000", "tile/entries/100"):
        with pytest.raises(UntrustedStatement, match="is not there"):
            asked_for_all(SIZE, {name: data for name, data in files.items() if name != path})
    with pytest.raises(UntrustedStatement, match="longer than a bundle"):
        asked_for_all(SIZE, files | {"tile/entries/000": bytes(WIDTH * ((1 << 16) + 1) + 1)})
    with pytest.raises(UntrustedStatement, match="do not make its root"):
        ProvedTiles(SIZE, bytes(32), files.get)
    with pytest.raises(UntrustedStatement, match="do not make its root"):
        ProvedTiles(0, bytes(32), files.get)
    assert ProvedTiles(0, EMPTY_ROOT, files.get)(0, 0) is None
    with pytest.raises(UntrustedStatement, match="tile/0/100 is not the tree's"):
        asked_for_all(SIZE, files | {"tile/0/100": files["tile/0/101"]})
    with pytest.raises(UntrustedStatement, match="other entries"):
        asked_for_all(SIZE, files | {"tile/entries/100": files["tile/entries/101"]})
