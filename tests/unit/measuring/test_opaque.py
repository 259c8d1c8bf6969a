"""What opaque bytes look like."""

import random

import pytest

from trueware.measuring.opaque import SAMPLE, cells, entropy, looks_like, machine_of

_RANDOM = random.Random(7).randbytes(1 << 20)


def _code(end: bytes, step: int) -> bytes:
    """Return bytes as a compiler's: mostly other instructions, a function's end at every 256th byte."""
    body = random.Random(3).choices(bytes(range(64)), k=1 << 17)
    data = bytearray(body)
    for at in range(0, len(data), 256):
        place = at + 128 + 128 % step
        data[place : place + len(end)] = end
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "expected"), [(b"", 0.0), (b"aaaa", 0.0), (b"abab", 1.0), (bytes(range(256)) * 3, 8.0)]
)
def test_entropy_is_bits_a_byte(data: bytes, expected: float) -> None:
    """Entropy is that of the distribution of byte values."""
    assert entropy(data) == pytest.approx(expected)


def test_cells_tile_the_bytes() -> None:
    """Cells follow each other without gaps, and there are no more of them than asked for."""
    view = memoryview(_RANDOM)[:100_001]
    seen = list(cells(view, 10))

    assert [cell.start for cell in seen[1:]] == [cell.end for cell in seen[:-1]]
    assert (seen[0].start, seen[-1].end, len(seen)) == (0, len(view), 10)


def test_no_cell_is_smaller_than_a_sample() -> None:
    """Few bytes are one cell, however many were asked for."""
    assert [(cell.start, cell.end) for cell in cells(memoryview(bytes(SAMPLE)), 1000)] == [(0, SAMPLE)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "nothing"),
        (bytes(70_000), "bytes 0x00"),
        (b"\xff" * (1 << 19), "almost only bytes 0xff"),
        (b"root:x:0:0:root:/root:/bin/sh\n" * 99, "text, 3.3 bits a byte"),
        (_RANDOM, "compressed or encrypted data, 8.0 bits a byte"),
        (_RANDOM[:3000], "compressed or encrypted data, 7.9 bits a byte"),
        (_RANDOM[:1000], "data, 7.8 bits a byte"),
        (_RANDOM[: 1 << 19] + bytes(1 << 19), "data, 50% of it compressed or encrypted, 4.0 bits a byte"),
        (bytes(70_000) + b"\1\2\3\4" * 10, "almost empty, 0.0 bits a byte"),
    ],
)
def test_words(data: bytes, expected: str) -> None:
    """Filler, text, and what is evenly distributed are told apart."""
    assert looks_like(memoryview(data)) == expected


@pytest.mark.parametrize(
    ("end", "step", "machine"),
    [
        (b"\x03\xe0\x00\x08", 4, "MIPS, big-endian"),
        (b"\x08\x00\xe0\x03", 4, "MIPS, little-endian"),
        (b"\x1e\xff\x2f\xe1", 4, "ARM, little-endian"),
        (b"\xc0\x03\x5f\xd6", 4, "ARM 64-bit"),
        (b"\x4e\x80\x00\x20", 4, "PowerPC, big-endian"),
        (b"\xc9\xc3", 1, "x86"),
        (b"\x70\x47", 2, "ARM Thumb"),
    ],
)
def test_machine_code_is_told_by_how_functions_end(end: bytes, step: int, machine: str) -> None:
    """The processor is found, and not from the same bytes at no instruction's place."""
    code = _code(end, step)

    assert machine_of(memoryview(code)) == machine
    if step > 1:
        assert machine_of(memoryview(b"\0" + code)) is None


def test_random_bytes_are_no_machine_code() -> None:
    """Chance makes no code."""
    assert machine_of(memoryview(_RANDOM)) is None
