"""Sums of network devices' images against the programs and definitions they come from, and ceilings of their readers."""

import subprocess
from dataclasses import replace
from struct import pack, unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.promises.vectors import FOLDER, Vector

from trueware.errors import LimitExceeded
from trueware.formats import BY_NAME
from trueware.formats.remainders import XMODEM
from trueware.formats.sums import system_v_sum
from trueware.formats.vendor.cisco_ios import carried_sum
from trueware.formats.vendor.h3c import H3c
from trueware.formats.vendor.luxul import Luxul
from trueware.formats.vendor.synology import Synology
from trueware.model.limits import Limits


@pytest.mark.parametrize("data", [b"", b"a", b"\xff" * 3000, bytes(range(256)) * 999, b"\x01\xff" * 70_001])
def test_system_v_sum(data: bytes) -> None:
    """The sum is the one that `sum -s` prints."""
    printed = subprocess.run(["sum", "-s"], input=data, check=True, capture_output=True).stdout

    assert system_v_sum(memoryview(data)) == int(printed.split()[0])


@given(data=st.binary(max_size=400))
def testcarried_sum_of_ios(data: bytes) -> None:
    """The sum of whole words is the one with the carry added back in at each step."""
    value = 0
    for (word,) in (unpack(">I", data[at : at + 4]) for at in range(0, len(data) - 3, 4)):
        value += word
        value = (value & 0xFFFFFFFF) + (value >> 32)

    assert carried_sum(memoryview(data)) == value


def test_crc_of_mzip() -> None:
    """The CRC begins with all ones and is inverted: the check value of CRC-16/GENIBUS, in one piece and in two."""
    data = memoryview(b"123456789")

    assert XMODEM.of(data, begin=0xFFFF) ^ 0xFFFF == 0xD64E
    assert XMODEM.of(data[:2], data[2:], begin=0xFFFF) ^ 0xFFFF == 0xD64E


def test_blobs_are_counted() -> None:
    """A header full of empty blobs is a limit."""
    blobs = b"D#\1\0\0\0\0\0" * 1000
    head = pack("<4sIII16s4sII", b"LXL#", 3, 44 + len(blobs), 0, b"A", b"", 44, len(blobs))
    with pytest.raises(LimitExceeded, match="max_entries"):
        Luxul.read(memoryview(head + blobs), replace(Limits(), max_entries=500))


def test_blocks_are_counted() -> None:
    """A list that announces more blocks than a container may have is a limit, before it is read."""
    text = b"\x92\xc4\x01?\xdd" + pack(">I", 1 << 31)
    with pytest.raises(LimitExceeded, match="max_entries"):
        Synology.read(memoryview(b"\xde\xad\xbe\xef" + pack("<I", len(text)) + text + bytes(80)), Limits())


def test_files_over_one_another_are_not_all_summed() -> None:
    """A hundred files over the same bytes overlap; their CRCs are not worked out a hundred times."""
    size, start = 340 + 50_000, 6180
    table = b"".join(pack(">6I", 0x4000000 + number, start, size, 0, 1, 1) for number in range(100))
    head = pack(">4IH6BHHI", 1, 100, 1, 1, 2023, 7, 18, 0, 1, 2, 3, 0, 2, size)
    data = (head + table).ljust(start, b"\0") + bytes(size)
    rules = [anomaly.rule for anomaly in H3c.read(memoryview(data), Limits()).anomalies]

    assert rules.count("overlap") == 99
    assert rules.count("checksum-unchecked") == 99


@pytest.mark.parametrize("name", ["zyxel-ras", "h3c", "zyxel-zld", "sercomm", "gemtek", "zyfwinfo"])
def test_headers_without_much_of_a_magic_are_strict(name: str) -> None:
    """No single field of such a header may be overwritten by text and still be taken for one."""
    folders = sorted(folder for folder in (FOLDER / name).iterdir() if folder.is_dir())
    image = next(vector for vector in map(Vector, folders) if vector.expected["outcome"] == "read")
    taken = 0
    for at in range(0, 32, 4):
        text = bytearray(image.data)
        text[at : at + 16] = b"GET / HTTP/1.1\r\n"
        taken += BY_NAME[name].matches(memoryview(bytes(text)))

    assert taken <= 2
