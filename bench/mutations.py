"""Makes wrong inputs of right ones: the vectors, and mutations of them. The same seed makes the same inputs."""

import gzip
import lzma
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

VECTORS = Path(__file__).resolve().parents[1] / "tests/vectors"

_STORED = (("input.bin", bytes), ("input.bin.gz", gzip.decompress), ("input.bin.xz", lzma.decompress))
"""How the bytes of a vector may be stored."""

_EXTREMES = (
    *(value.to_bytes(size, "big") for size in (1, 2, 4, 8) for value in (0, 1, (1 << 8 * size - 1) - 1)),
    *((value % (1 << 8 * size)).to_bytes(size, "little") for size in (2, 4, 8) for value in (1, 1 << 8 * size - 1, -2)),
    *(b"\xff" * size for size in (1, 2, 4, 8)),
    *(b"\x80" + bytes(size - 1) for size in (2, 4, 8)),
    *(size.to_bytes(4, order) for size in (0x7FFFFFF, 0x10000, 0x1001) for order in ("big", "little")),
    b"00000000",
    b"FFFFFFFF",
    b"77777777777",
)
"""What lengths, offsets and counts become."""


class Vector(NamedTuple):
    """One case of one format."""

    format: str
    case: str
    data: bytes


def read_vectors() -> Iterator[Vector]:
    """Yield each vector."""
    for folder in sorted(path.parent for path in VECTORS.glob("*/*/expected.json")):
        for name, unpack in _STORED:
            if (folder / name).exists():
                yield Vector(folder.parent.name, folder.name, unpack((folder / name).read_bytes()))


def mutate(data: bytes, random: Random, other: bytes) -> bytes:
    """Return `data` with one to four things wrong with it, `other` in it perhaps, sometimes inside something else."""
    mutated = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        random.choice(_MUTATIONS)(mutated, random, other)
    kind = random.random()
    if kind < 0.1:
        return b"\x80" * random.choice((512, 1001)) + bytes(mutated) + b"\x81" * random.choice((0, 700))
    if kind < 0.2:
        return gzip.compress(bytes(mutated), 1, mtime=0)
    return bytes(mutated)


def _near_front(size: int, random: Random) -> int:
    """Return a place: headers stand in front, and so does most of what matters."""
    return random.randrange(min(size, random.choice((64, 512, 4096, size)) or 1) or 1)


def _flip(data: bytearray, random: Random, _: bytes) -> None:
    for _bit in range(random.choice((1, 1, 2, 8))):
        if data:
            data[_near_front(len(data), random)] ^= 1 << random.randrange(8)


def _set_extreme(data: bytearray, random: Random, _: bytes) -> None:
    value = random.choice(_EXTREMES)
    at = _near_front(len(data), random)
    at -= at % random.choice((1, 2, 4))
    if at + len(value) <= len(data):
        data[at : at + len(value)] = value


def _set_extreme_at_end(data: bytearray, random: Random, _: bytes) -> None:
    value, back = random.choice(_EXTREMES), random.randrange(1, 64)
    if len(value) <= back <= len(data):
        at = len(data) - back
        data[at : at + len(value)] = value


def _copy_field(data: bytearray, random: Random, _: bytes) -> None:
    size = random.choice((2, 4, 8, 16))
    if len(data) > size:
        source, at = _near_front(len(data) - size, random), _near_front(len(data) - size, random)
        data[at : at + size] = data[source : source + size]


def _cut(data: bytearray, random: Random, _: bytes) -> None:
    del data[random.randrange(len(data) + 1) :]


def _take_out(data: bytearray, random: Random, _: bytes) -> None:
    at = _near_front(len(data), random)
    del data[at : at + random.choice((1, 4, 512, 1024))]


def _repeat(data: bytearray, random: Random, _: bytes) -> None:
    at, size = _near_front(len(data), random), random.choice((1, 4, 60, 512, 4096))
    data[at:at] = data[at : at + size] * random.choice((1, 2, 50))


def _blank(data: bytearray, random: Random, _: bytes) -> None:
    at = _near_front(len(data), random)
    piece = data[at : at + random.choice((4, 64, 1024))]
    data[at : at + len(piece)] = bytes([random.choice((0, 0xFF))]) * len(piece)


def _splice(data: bytearray, random: Random, other: bytes) -> None:
    data[random.randrange(len(data) + 1) :] = other[random.randrange(len(other) + 1) :]


def _put_in(data: bytearray, random: Random, other: bytes) -> None:
    into, at = other[: 1 << 16], random.randrange(len(data) + 1)
    if random.random() < 0.5:
        data[at:at] = into
    else:
        data[at : at + len(into)] = into


_MUTATIONS = (
    *(_flip, _flip, _set_extreme, _set_extreme, _set_extreme, _set_extreme_at_end),
    *(_copy_field, _cut, _take_out, _repeat, _blank, _splice, _put_in),
)
