"""Publishes the log of a registry as files that any web server can serve (C2SP tlog-tiles), and proves such a folder from its bytes.

Write order: entry bundles and hash tiles first, each written beside, synced and renamed, and their folders synced; the checkpoint
last, likewise. A reader who has a checkpoint therefore finds all its tiles, and one that was broken off is taken up by the next.
Nothing that was published is taken back: where the folder's checkpoint is not the beginning of the registry's log, nothing is
written.
"""

from collections.abc import Iterator
from pathlib import Path

from trueware.durable import write_file
from trueware.errors import InputError, StoreError
from trueware.registry.ports import Problem, RegistryStore
from trueware.tlog import checkpoint, note, tiles
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.growth import WIDTH, ReadTile, grow, root
from trueware.tlog.merkle import leaf_hash

_HASH = 32


def publish_log(store: RegistryStore, folder: Path) -> Checkpoint:
    """Write what is new of a log to a folder; returns the checkpoint that is published.

    Raises:
        StoreError: there is no log, the folder has another history or a longer one, or cannot be written.
    """
    data = store.checkpoint()
    if data is None:
        raise StoreError("the registry has no log")
    at = checkpoint.parse(note.read_note(data).text)
    before = published(folder)
    start = 0
    if before is not None:
        start = before.size
        if before.origin != at.origin:
            raise StoreError(f"{str(folder)!r} has the log {before.origin!r}, not {at.origin!r}")
        if before.size > at.size:
            raise StoreError(
                f"{before.size} leaves are published, the registry has {at.size}: it was put back to an older copy"
            )
        if root(before.size, store.get_tile) != before.root:
            raise StoreError(f"what is published of {at.origin!r} is another history than the registry's")
    for number in range(start // WIDTH, -(-at.size // WIDTH)):
        first, end = number * WIDTH, min(at.size, (number + 1) * WIDTH)
        if end > start:
            bundle = tiles.bundle(store.entries(first, end))
            write_file(folder / tiles.tile_path(None, number, end - first), bundle)
    for level, number, width in tiles.tiles_of(at.size, start):
        hashes = store.get_tile(level, number)
        if hashes is None or len(hashes) < width * _HASH:
            raise StoreError(f"tile {number} of level {level} is missing")
        write_file(folder / tiles.tile_path(level, number, width), hashes[: width * _HASH])
    write_file(folder / tiles.CHECKPOINT, data)
    return at


def published(folder: Path) -> Checkpoint | None:
    """Return the checkpoint of a folder; None where nothing is published.

    Raises:
        StoreError: it cannot be read, or is damaged.
    """
    if not (folder / tiles.CHECKPOINT).exists():
        return None
    data = read_published(folder)
    try:
        return checkpoint.parse(note.read_note(data).text)
    except InputError as error:
        raise StoreError(f"the checkpoint that is published is damaged ({error})") from error


def read_published(folder: Path) -> bytes:
    """Return the checkpoint of a folder as it is written.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    try:
        return (folder / tiles.CHECKPOINT).read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read the checkpoint in {str(folder)!r}: {error.strerror}") from error


def check_folder(folder: Path) -> Iterator[Problem]:
    """Yield what is wrong with a published log: every tile from the entries, the root from the tiles. Signatures are the policy's.

    Raises:
        StoreError: there is no checkpoint, or it is damaged.
    """
    at = published(folder)
    if at is None:
        raise StoreError(f"nothing is published in {str(folder)!r}")
    made: dict[tuple[int, int], bytes] = {}
    for number in range(-(-at.size // WIDTH)):
        first, end = number * WIDTH, min(at.size, (number + 1) * WIDTH)
        path = tiles.tile_path(None, number, end - first)
        try:
            entries = tiles.unbundle((folder / path).read_bytes(), end - first)
        except (OSError, InputError) as error:
            yield Problem(path, str(error))
            return
        for place, data in grow(first, map(leaf_hash, entries), _reader(made)).items():
            made[place] = data
            if len(data) == WIDTH * _HASH:  # nothing is added to it any more
                yield from _compared(folder, place, made.pop(place))
    for place, data in sorted(made.items()):
        yield from _compared(folder, place, data)
    if root(at.size, _reader(made)) != at.root:
        yield Problem(tiles.CHECKPOINT, "its root is not that of the entries")


def _reader(made: dict[tuple[int, int], bytes]) -> ReadTile:
    return lambda level, number: made.get((level, number))


def _compared(folder: Path, place: tuple[int, int], data: bytes) -> Iterator[Problem]:
    path = tiles.tile_path(*place, len(data) // _HASH)
    try:
        if (folder / path).read_bytes() != data:
            yield Problem(path, "it is not the tile that the entries make")
    except OSError as error:
        yield Problem(path, str(error))
