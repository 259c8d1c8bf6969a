"""Inputs of a few kilobytes that once cost minutes or gigabytes, each the smallest that shows the ceiling that now ends it."""

import gzip
import lzma
import random
import struct
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import Executor
from pathlib import Path
from zlib import crc32

import pytest

from tests.conftest import Measure
from tests.promises.vectors import FOLDER, Vector
from trueware.formats.contract import Entry, Held, Reading
from trueware.importing.lists import split_name
from trueware.measuring import Measurement, measure, measure_reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

OPAQUE = b"\x80" * 512


def rules(measurement: Measurement) -> set[str]:
    return {finding.rule for finding in measurement.findings}


def details(measurement: Measurement, rule: str) -> str:
    return " ".join(finding.detail for finding in measurement.findings if finding.rule == rule)


def cpio(name: str, number: int, data: bytes = b"") -> bytes:
    """Return a member of a newc archive."""
    raw, size = name.encode() + b"\0", len(data)
    fields = (number, 0o100644, 0, 0, 1, 0, size, 0, 0, 0, 0, len(raw), 0)
    header = b"070701" + b"".join(b"%08X" % each for each in fields)
    return header + raw + bytes(-len(header + raw) % 4) + data + bytes(-size % 4)


def test_beginnings_that_lead_nowhere_end_the_search(measure_bytes: Measure) -> None:
    """Each looks like a member of a zip whose directory is looked for anew."""
    measurement = measure_bytes(OPAQUE + b"PK\x03\x04\x14\0" * 200)

    assert "not-checkable" in rules(measurement)


def test_trees_that_share_one_broken_block_are_not_all_read(measure_bytes: Measure) -> None:
    """Many headers of device trees lead to the same properties, behind which no node begins or ends."""
    count, properties = 100, struct.pack(">3I", 3, 0, 0) * 1_000
    end = 40 * count + len(properties)
    headers = b"".join(
        struct.pack(
            ">10I",
            0xD00DFEED,
            end - at,
            40 * count - at,
            40 * count - at,
            40 * count - at,
            17,
            16,
            0,
            0,
            len(properties),
        )
        for at in range(0, 40 * count, 40)
    )
    measurement = measure_bytes(OPAQUE + headers + properties)

    assert "not-checkable" in rules(measurement)


def test_what_lies_between_many_carved_containers_is_numbered_apart(measure_bytes: Measure) -> None:
    """The numbers are counted on, not counted anew."""
    root = measure_bytes(OPAQUE + (gzip.compress(b"x", mtime=0) + OPAQUE) * 30).root

    names = [name for number in range(30) for name in (f"gzip-{number}", f"bytes-{number + 1}")]
    assert [part.name for part in root.children if part.kind is Kind.REGION] == ["bytes-0", *names]


def test_what_failed_to_unpack_is_not_unpacked_again(measure_bytes: Measure) -> None:
    """An archive in a damaged stream was taken for bytes nobody claims, in which the stream was found, level by level."""
    archive = cpio("file", 1, random.Random(1).randbytes(400_000).hex().encode())
    packed = bytearray(lzma.compress(archive))
    packed[len(packed) // 4] ^= 0xFF
    genuine, damaged = measure_bytes(lzma.compress(archive)).root, measure_bytes(bytes(packed))
    again = bytearray(packed)
    again[-1_000] ^= 0xFF

    assert [path for path, _ in damaged.root.walk()] == ["", "data", "data!/file", "gap-0"]
    assert "malformed" in rules(damaged)
    assert not damaged.root.certain
    assert len({genuine.tree, damaged.root.tree, measure_bytes(bytes(again)).root.tree}) == 3


def test_folders_that_only_paths_name_count_as_entries(measure_bytes: Measure) -> None:
    """Twenty kilobytes of paths name 150,000 folders."""
    archive = b"".join(cpio(f"{number}/" + "d/" * 120 + "f", number) for number in range(1_250))
    measurement = measure_bytes(gzip.compress(archive, mtime=0))

    assert "max_entries" in details(measurement, "limit-reached")


def test_long_paths_count_as_several_entries(measure_bytes: Measure) -> None:
    """Every entry has its path, however few bytes the folder above takes."""
    folder = "d" * 200 + "/" + "e" * 200 + "/"
    long = "/".join("n" * 250 for _ in range(14))
    archive = b"".join(cpio(f"{folder}{long}{number}", number) for number in range(20_000))
    measurement = measure_bytes(gzip.compress(archive, mtime=0))

    assert "max_entries" in details(measurement, "limit-reached")


def test_bytes_left_over_when_the_entries_are_used_up_are_no_crash(pool: Executor) -> None:
    """The rest of the archive is a gap more than may be had."""
    archive = b"".join(cpio(str(number), number) for number in range(4)) + b"\x80" * 1_000
    limits = Limits(max_entries=3)
    measurement = measure("input", memoryview(archive), pool=pool, clock=time.monotonic, limits=limits)

    assert "max_entries" in details(measurement, "limit-reached")
    assert not measurement.root.certain


def test_members_that_all_share_bytes_are_left_out(measure_bytes: Measure) -> None:
    """Thousands of records lead to one member: none of them has content of its own, beside one that has."""
    local, data = struct.Struct("<4s5H3I2H"), b"data"
    own = local.pack(b"PK\3\4", 20, 0, 0, 0, 0, crc32(data), 4, 4, 3, 0) + b"own" + data
    shared = local.pack(b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    names = [b"own", *(b"%d" % number for number in range(2_000))]
    records = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, *stated, len(name), 0, 0, 0, 0, 0, at) + name
        for name, stated, at in zip(
            names, [(crc32(data), 4, 4), *[(0, 0, 0)] * 2_000], [0, *[len(own)] * 2_000], strict=True
        )
    )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 2_001, 2_001, len(records), len(own + shared), 0)
    measurement = measure_bytes(own + shared + records + end)

    assert [part.name for part in measurement.root.children] == ["own"]
    assert "members share bytes" in details(measurement, "limit-reached")
    assert not measurement.root.certain


def test_container_that_must_be_held_is_held_once(measure_bytes: Measure) -> None:
    """What begins like a zip is gathered before it turns out to be none."""
    packed = gzip.compress(b"PK\x03\x04" + bytes(32 << 20), 1, mtime=0)
    tracemalloc.start()
    measurement = measure_bytes(packed)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "malformed" in rules(measurement)
    assert peak < 48 << 20


@pytest.mark.parametrize(("case", "places"), [("rk-loader/loader", (107,)), ("f2fs/genuine", (1_148, 5_244))])
def test_half_of_a_surrogate_pair_in_a_name_is_no_crash(
    case: str, places: tuple[int, ...], measure_bytes: Measure
) -> None:
    """Names in UTF-16 may hold what no UTF-8 can; they stand in facts, which are hashed."""
    data = bytearray(Vector(FOLDER / case).data)
    for place in places:
        data[place : place + 2] = b"\xbf\xdf"

    assert measure_bytes(bytes(data)).root.format == case.partition("/")[0]


def test_small_artefact_may_take_little_memory() -> None:
    """The ceilings of what is held and of entries grow with the artefact, up to those asked for."""
    small, large = Limits().fitted(1 << 20), Limits().fitted(1 << 30)

    assert (small.max_held, small.max_entries, small.max_carved) == (160 << 20, 81_920, 1_280)
    assert small.max_containers == 8_192
    assert large == Limits()
    assert Limits(max_entries=500_000).fitted(1 << 20).max_entries == 500_000, "what was asked for stands"
    assert Limits(max_held=1, max_entries=2, max_carved=3).fitted(1 << 30) == Limits(
        max_held=1, max_entries=2, max_carved=3
    )


def id_blocks(count: int, programs: list[tuple[int, int]]) -> bytes:
    """Return headers of Rockchip's ID blocks, one in each sector, and programs from so many sectors behind each, of such a size."""
    header = bytearray(512)
    header[:16] = struct.pack("<4s4xHHI", b"RKNS", 118, len(programs), 0)
    for number, (start, size) in enumerate(programs):
        header[120 + 88 * number : 124 + 88 * number] = struct.pack("<HH", start, size)
    return bytes(header) * count + bytes(3 * 512)


def test_container_that_contains_itself_is_read_once(measure_bytes: Measure) -> None:
    """Four programs that are each the whole image gave 65,536 containers of 2 KB."""
    measurement = measure_bytes(id_blocks(1, [(0, 4)] * 4))
    found = [finding for finding in measurement.findings if finding.rule == "malformed"]

    assert [finding.detail for finding in found] == ["rk-idblock: contains itself: the artefact"] * 4
    assert {finding.offset for finding in found} == {0}
    assert len(list(measurement.root.walk())) < 10


def test_containers_that_share_their_bytes_are_counted(measure_bytes: Measure) -> None:
    """Each of 64 headers leads to those behind it, by as many ways as there are numbers that add up."""
    data = id_blocks(64, [(step, 64) for step in (4, 5, 6, 7)])
    measurement = measure_bytes(data)
    found = [finding for finding in measurement.findings if "max_containers" in finding.detail]

    assert found
    assert {finding.rule for finding in found} == {"limit-reached"}
    assert all(finding.offset for finding in found)
    assert (
        sum(part.format is not None for _, part in measurement.root.walk()) <= Limits().fitted(len(data)).max_containers
    )


def test_containers_in_a_folder_are_counted_by_its_size(pool: Executor) -> None:
    """What makes much of little does so in a folder too; its own files come on top, were each of them a container."""
    data = id_blocks(64, [(step, 64) for step in (4, 5, 6, 7)])
    files = [Entry(f"file-{number}", Kind.FILE, Held(data), len(data)) for number in range(3)]
    reading = Reading(files)
    measurement = measure_reading("folder", reading, size=3 * len(data), pool=pool, clock=time.monotonic)

    assert "max_containers" in details(measurement, "limit-reached")
    assert Limits().fitted(1 << 20, 100).max_containers == Limits().fitted(1 << 20).max_containers + 100


def test_name_of_endings_is_taken_apart_from_its_end() -> None:
    """All of them go, or none where the last is not one; looking for a row of them from every dot took minutes."""
    assert split_name("a-1.2" + ".GZ" * 100) == ("a", "1.2")
    assert split_name("a" + ".gz" * 100_000 + "x")[1] == "unknown"


def trueware(*arguments: str, stdout: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, its answer thrown away or written to a device."""
    command = [sys.executable, "-m", "trueware", *arguments]
    if stdout is None:
        command = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command]
        return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    with Path(stdout).open("w") as answer:
        return subprocess.run(command, stdout=answer, stderr=subprocess.PIPE, text=True, check=False)


def test_path_no_file_can_have_is_told() -> None:
    """Its name is longer than any file system takes."""
    done = trueware("measure", "x" * 5_000, stdout="/dev/null")

    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot open")


def test_closed_stdout_leaves_the_exit_code(tmp_path: Path) -> None:
    """Whoever closes it wants no answer but that."""
    artefact = tmp_path / "artefact"
    artefact.write_bytes(b"x")
    done = trueware("measure", str(artefact))

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_answer_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The disk is full: words, not a traceback."""
    artefact = tmp_path / "artefact"
    artefact.write_bytes(b"x")
    done = trueware("measure", str(artefact), stdout="/dev/full")

    assert done.returncode == 1
    assert done.stderr == "error: [Errno 28] No space left on device\n"
