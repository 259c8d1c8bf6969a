"""LZO as Linux writes it: what a compressor packs is what is unpacked, and runs of zeros are what the documentation says."""

import random
from contextlib import suppress

import pytest
from lzallright import LZOCompressor

from trueware.errors import MalformedInput
from trueware.formats.lzo import unlzo_rle

END = b"\x11\0\0"
TEXT = b"".join(b"line %d of %d\n" % (number, number * number % 97) for number in range(9_000))


@pytest.mark.parametrize("size", [0, 1, 3, 4, 17, 18, 19, 238, 239, 1_000, 70_000])
def test_what_was_packed_is_unpacked(size: int) -> None:
    """Noise, few letters, text and zeros, by another implementation."""
    chosen = random.Random(size)
    for data in (chosen.randbytes(size), bytes(chosen.choices(b"ab", k=size)), TEXT[:size], bytes(size)):
        assert unlzo_rle(LZOCompressor().compress(data), size) == data


@pytest.mark.parametrize(("length", "after"), [(4, b""), (11, b"x"), (12, b"xyz"), (2_051, b"xy")])
def test_run_of_zeros(length: int, after: bytes) -> None:
    """Literals, a run, literals behind it; a stream without a version has no runs, and looks back too far."""
    field, low = divmod(length - 4, 8)
    run = bytes([0x18 | low, 0xFC | len(after), 0xFF, field])
    stream = b"\x11\1" + bytes([17 + 5]) + b"begin" + run + after + END

    assert unlzo_rle(stream, 5_000) == b"begin" + bytes(length) + after
    with pytest.raises(MalformedInput):
        unlzo_rle(stream[2:], 5_000)


def test_any_bytes_are_unpacked_or_refused() -> None:
    """Streams cut anywhere are refused; changed ones are refused or unpacked, to no more than the ceiling."""
    stream = bytearray(LZOCompressor().compress(TEXT[:3_000]))
    for cut in range(len(stream)):
        with pytest.raises(MalformedInput):
            unlzo_rle(stream[:cut], 3_000)
    for at in range(len(stream)):
        for value in (0, 17, 0x18, 0xFF):
            changed = bytearray(stream)
            changed[at] = value
            with suppress(MalformedInput):
                assert len(unlzo_rle(changed, 3_000)) <= 3_000
