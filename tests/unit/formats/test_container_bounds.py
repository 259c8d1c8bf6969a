"""Containers that state much and hold little: what reading them costs stays in proportion to their bytes."""

from struct import pack
from zlib import crc32

import pytest
from tests.conftest import Measure
from tests.promises.vectors import FOLDER, Vector

from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.formats.android.sparse import Sparse
from trueware.formats.containers.dtb import Dtb
from trueware.formats.containers.fit import Fit
from trueware.formats.containers.gpt import Gpt
from trueware.formats.containers.mbr import Mbr
from trueware.formats.containers.tplink_v1 import TplinkV1
from trueware.formats.contract import Held
from trueware.formats.devicetree import spell
from trueware.model.limits import Limits


def tree(structure: bytes, strings: bytes = b"algo\0value\0data\0") -> bytes:
    """Return a device tree of one structure block, without reservations."""
    start = 56
    total = start + len(structure) + len(strings)
    header = pack(">10I", 0xD00DFEED, total, start, start + len(structure), 40, 17, 16, 0, len(strings), len(structure))
    return header + bytes(16) + structure + strings


def node(name: bytes, *inside: bytes) -> bytes:
    name += bytes(4 - len(name) % 4)
    return pack(">I", 1) + name + b"".join(inside) + pack(">I", 2)


def prop(name_at: int, value: bytes) -> bytes:
    return pack(">III", 3, len(value), name_at) + value + bytes(-len(value) % 4)


END = pack(">I", 9)


def test_each_digest_is_made_once() -> None:
    """Ten thousand hash nodes of one algorithm over one image cost one digest each image, and all are compared."""
    bad = node(b"hash", prop(0, b"sha256\0"), prop(5, bytes(32)))
    hashes = b"".join(node(b"hash-%d" % number, prop(0, b"sha256\0"), prop(5, bytes(32))) for number in range(1000))
    data = tree(node(b"", node(b"images", node(b"one", prop(11, bytes(100_000)), bad, hashes))) + END)
    reading = Fit.read(memoryview(data), Limits())

    assert len(reading.anomalies) == 1001
    assert {anomaly.rule for anomaly in reading.anomalies} == {"checksum-mismatch"}


def test_deep_tree_is_refused() -> None:
    """Nodes within nodes end at a length of path no real tree has, without recursion."""
    depth = 5000
    structure = pack(">I", 1) + bytes(4) + (pack(">I", 1) + b"abc\0") * depth + pack(">I", 2) * (depth + 1) + END
    with pytest.raises(MalformedInput, match="path of more than"):
        Dtb.read(memoryview(tree(structure)), Limits())


@pytest.mark.parametrize(
    "structure",
    [
        END,
        pack(">I", 2) + END,
        pack(">I", 1) + bytes(4) + END,
        node(b"") + node(b"") + END,
        node(b"", node(b"a/b")) + END,
        node(b"", prop(400, b"")) + END,
        node(b"", pack(">III", 3, 0xFFFFFFFF, 0)) + END,
        node(b"", pack(">I", 7)) + END,
        prop(0, b"") + END,
    ],
)
def test_broken_trees_are_refused(structure: bytes) -> None:
    """No root, an end too many or too few, two roots, bad names, lengths and tokens are all malformed."""
    with pytest.raises(MalformedInput):
        Dtb.read(memoryview(tree(structure)), Limits())


def test_values_are_spelled_one_way_each() -> None:
    """No two different values read the same."""
    values = [
        b"", b"\0", b"\0\0", b"a", b"a\0", b"a\0b\0", b"a\0\0", b"<0x0>\0", bytes(4), b"[]\0", b'"a", "b"\0', b'a"\0b\0',
        b"\xff\xfe", b"abc\0", b"abcd",
    ]  # fmt: skip
    spelled = [spell(memoryview(value)) for value in values]

    assert len(set(spelled)) == len(values)
    assert spell(memoryview(b"a\0b\0")) == '"a", "b"'


def test_sparse_image_is_not_expanded_to_be_read() -> None:
    """An image of sixteen exabytes that nobody wrote is described in forty bytes, and nothing of its size is held."""
    header = pack("<IHHHHIIII", 0xED26FF3A, 1, 0, 28, 12, 0xFFFFFFFC, 0xFFFFFFFF, 1, 0)
    data = header + pack("<HHII", 0xCAC3, 0, 0xFFFFFFFF, 12)
    (entry,) = Sparse.read(memoryview(data), Limits()).entries
    assert entry.content is not None
    first = next(entry.content.chunks())

    assert entry.size == 0xFFFFFFFC * 0xFFFFFFFF
    assert not any(first)
    assert len(first) <= 1 << 20


def test_sparse_bomb_reaches_a_limit(measure_bytes: Measure) -> None:
    """Measuring such an image ends at a ceiling, as a finding."""
    header = pack("<IHHHHIIII", 0xED26FF3A, 1, 0, 28, 12, 1 << 20, 1 << 20, 1, 0)
    measurement = measure_bytes(header + pack("<HHIII", 0xCAC2, 0, 1 << 20, 16, 0x61616161))

    assert {finding.rule for finding in measurement.findings} == {"limit-reached"}


def test_sparse_chunks_are_limited() -> None:
    """More chunks than entries are allowed is a limit, before a list of them is made."""
    header = pack("<IHHHHIIII", 0xED26FF3A, 1, 0, 28, 12, 4096, 1, 0xFFFFFFFF, 0)
    with pytest.raises(LimitExceeded):
        Sparse.read(memoryview(header), Limits())


def test_partition_that_holds_its_table_is_not_read_within_itself() -> None:
    """A partition from the first sector on would hold its own table; it is reported and its bytes are not given out again."""
    disk = bytearray(Vector(FOLDER / "gpt/disk").data)
    for header, entries in ((512, 1024), (len(disk) - 512, len(disk) - 33 * 512)):
        disk[entries + 32 : entries + 40] = bytes(8)
        disk[header + 88 : header + 92] = pack("<I", crc32(disk[entries : entries + 128 * 128]))
        disk[header + 16 : header + 20] = bytes(4)
        disk[header + 16 : header + 20] = pack("<I", crc32(disk[header : header + 92]))
    reading = Gpt.read(memoryview(bytes(disk)), Limits())
    first = next(iter(reading.entries))

    assert isinstance(first.content, Held)
    assert first.content.size == 0
    assert {anomaly.rule for anomaly in reading.anomalies} == {"overlap"}


def test_logical_partitions_are_bounded() -> None:
    """A chain of records longer than any system follows ends with a finding."""
    disk = bytearray(512 * 2000)
    disk[446:462] = pack("<B3sB3sII", 0, bytes(3), 5, bytes(3), 1, 1999)
    disk[510:512] = b"\x55\xaa"
    for sector in range(1, 1999):
        at = sector * 512
        disk[at + 446 : at + 462] = pack("<B3sB3sII", 0, bytes(3), 0x83, bytes(3), 1, 1)
        disk[at + 462 : at + 478] = pack("<B3sB3sII", 0, bytes(3), 5, bytes(3), sector, 1)
        disk[at + 510 : at + 512] = b"\x55\xaa"
    reading = Mbr.read(memoryview(bytes(disk)), Limits())

    assert "malformed" in {anomaly.rule for anomaly in reading.anomalies}
    assert sum(1 for _ in reading.entries) == 256


def test_boot_sector_of_a_file_system_is_no_table() -> None:
    """A FAT boot sector ends like a partition table and is none."""
    sector = bytearray(1024)
    sector[446:462] = pack("<B3sB3sII", 0x80, bytes(3), 0x83, bytes(3), 8, 8)
    sector[510:512] = b"\x55\xaa"
    plain = bytes(sector)
    sector[54:59] = b"FAT16"

    assert Mbr.matches(memoryview(plain))
    assert not Mbr.matches(memoryview(bytes(sector)))
    with pytest.raises(InputError):
        Mbr.read(memoryview(bytes(sector)), Limits())


def test_kernel_behind_the_end_of_a_cut_image() -> None:
    """A download that ends before the kernel begins has an empty kernel, not one of negative size."""
    data = bytearray(Vector(FOLDER / "tplink-v1/stock").data)
    data[0x80:0x88] = pack(">II", 0x700, 16)
    reading = TplinkV1.read(memoryview(bytes(data[:0x400])), Limits())

    assert [(entry.path, entry.size, entry.offset) for entry in reading.entries] == [("kernel", 0, None)]
    assert {anomaly.rule for anomaly in reading.anomalies} == {"checksum-mismatch", "truncated"}
