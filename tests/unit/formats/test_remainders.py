"""CRCs worked out by large numbers are those worked out bit by bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.formats.remainders import ARC, ROCKCHIP, XMODEM, Crc

CRCS = {"arc": (ARC, 0x18005, True), "rockchip": (ROCKCHIP, 0x104C10DB7, False), "xmodem": (XMODEM, 0x11021, False)}


def by_bits(data: bytes, polynomial: int, *, lowest_first: bool) -> int:
    degree, value = polynomial.bit_length() - 1, 0
    for byte in data:
        value ^= (int(f"{byte:08b}"[::-1], 2) if lowest_first else byte) << degree - 8
        for _ in range(8):
            value <<= 1
            value ^= polynomial if value >> degree else 0
    return int(f"{value:0{degree}b}"[::-1], 2) if lowest_first else value


@pytest.mark.parametrize("name", CRCS)
@given(data=st.binary(max_size=300), times=st.sampled_from((1, 7, 300)))
def test_by_bits(name: str, data: bytes, times: int) -> None:
    """In one piece and in several, of one bit and of many."""
    crc, polynomial, lowest_first = CRCS[name]
    data = data * (times if len(data) * times < 40_000 else 1)

    assert crc.of(memoryview(data)) == by_bits(data, polynomial, lowest_first=lowest_first)


def test_across_pieces() -> None:
    """A piece carries over to the next, wherever it ends."""
    for size in (32_767, 32_768, 32_769, 65_536, 70_001):
        data = bytes(at * at >> 3 & 0xFF for at in range(size))
        for crc, polynomial, lowest_first in CRCS.values():
            assert crc.of(memoryview(data)) == by_bits(data, polynomial, lowest_first=lowest_first)


@pytest.mark.parametrize(("crc", "value"), [(ARC, 0xBB3D), (XMODEM, 0x31C3)])
def test_published_values(crc: Crc, value: int) -> None:
    """The check values of the catalogue of parametrised CRC algorithms for "123456789"."""
    assert crc.of(memoryview(b"123456789")) == value
    assert crc.of(memoryview(b"")) == 0


@pytest.mark.parametrize(
    ("polynomial", "exponents"), [(0x104C10DB7, (2664, 1299, 990)), (0x18005, (29, 14, 1)), (0x11021, (73, 36, 26))]
)
def test_multiples(polynomial: int, exponents: tuple[int, int, int]) -> None:
    """What is divided by is a multiple of the polynomial."""
    value = 1
    for exponent in exponents:
        value |= 1 << 8 * exponent
    while value.bit_length() >= polynomial.bit_length():
        value ^= polynomial << value.bit_length() - polynomial.bit_length()

    assert value == 0
