"""Boot firmware, images for programmers and packages: what is none of them, and real ones where the corpus is at hand."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from struct import pack

import pytest
from tests.promises.vectors import FOLDER, Vector

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats import BY_NAME
from trueware.formats.addressed import Memory
from trueware.formats.contract import Entry, Format, Held, Reading
from trueware.formats.embedded.ihex import Ihex
from trueware.formats.embedded.uefi.sections import Sections
from trueware.formats.embedded.uefi.tiano import EFI, TIANO, unpack
from trueware.formats.embedded.uf2 import Uf2
from trueware.formats.packages.adb import Adb
from trueware.measuring import Measurement
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part

NAMES = (
    "adb", "adb-packed", "cbfs", "cisco-cnu", "cisco-phone", "dfu", "fmap", "ihex", "intel-flash", "mbn", "onie", "qcom-elf",
    "rauc", "rpm", "srec", "uboot-env", "uefi-capsule", "uefi-fv", "uf2",
)  # fmt: skip
ORDINARY = [
    b"",
    b"#!/bin/sh\n" * 400,
    b"\x7fELF\x01\x01\x01" + bytes(8000),
    b"\x7fELF\x02\x01\x01" + bytes(8000),
    bytes(8192),
    b"\xff" * 8192,
    b"S0 is a name\nS1: another one\n" * 99,
    b": ${HOME:=/root}\n" * 400,
    b"ver=1\nbootcmd=run x\n" * 400,
]


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_files_are_none_of_them(name: str) -> None:
    """Text, programs and fillers do not match, whatever magic is written over them."""
    format_ = BY_NAME[name]
    for content in ORDINARY:
        for magic in format_.magics:
            data = bytearray(content)
            start = magic.offset if magic.offset >= 0 else max(len(data) + magic.offset, 0)
            data[start : start + len(magic.value)] = magic.value
            view = memoryview(bytes(data))

            assert not format_.matches(view), content[:20]


@pytest.mark.parametrize("name", NAMES)
def test_no_beginning_of_an_image_escapes(name: str) -> None:
    """`matches` answers for every beginning of every vector, however short."""
    format_: type[Format] = BY_NAME[name]
    for folder in (FOLDER / name).iterdir():
        if folder.is_dir():
            data = Vector(folder).data
            for size in range(min(len(data), 700)):
                assert format_.matches(memoryview(data[:size])) in (True, False)


def test_pieces_in_any_order_are_one_region() -> None:
    """What follows by address is one region, in whatever order it came."""
    memory, reading = Memory(Limits()), Reading()
    memory.write(0x200, b"c")
    memory.write(0x100, b"a" * 255)
    memory.write(0x1FF, b"b")
    entries = list(memory.regions(reading))

    assert [entry.path for entry in entries] == ["0x00000100"]
    assert isinstance(entries[0].content, Held)
    assert bytes(entries[0].content.view) == b"a" * 255 + b"bc"
    assert reading.anomalies == []


def test_places_of_a_memory_are_limited() -> None:
    """Lines that each write to another place cost no more than entries do."""
    lines = b"".join(_line(number * 16) for number in range(20))

    with pytest.raises(LimitExceeded):
        Ihex.read(memoryview(lines + b":00000001FF\n"), Limits(max_entries=10))


def test_blocks_that_are_not_for_flash_are_limited() -> None:
    """The same for blocks that are kept as they are."""
    block = b"UF2\nWQ]\x9e" + pack("<6I", 1, 0, 0, 0, 1, 0) + bytes(476) + b"\x30\x6f\xb1\x0a"

    with pytest.raises(LimitExceeded):
        Uf2.read(memoryview(block * 20), Limits(max_entries=10))


def test_attributes_of_a_file_are_limited() -> None:
    """Attributes that all lie at one place of a package's database are not held once for each."""
    blob = pack("<BH", 0, 60_000) + b"a\0" * 30_000
    base = bytearray(8) + blob
    place = 8 + 1

    def put(*values: int) -> int:
        base.extend(bytes(-len(base) % 4))
        base.extend(pack(f"<{len(values) + 1}I", len(values) + 1, *values))
        return len(base) - 4 * (len(values) + 1)

    attributes = 0xD << 28 | put(*[0x9 << 28 | place] * 1000)
    acl = 0xE << 28 | put(0x10000000 | 0o644, 0, 0, attributes)
    folder = 0xE << 28 | put(0, acl, 0xD << 28 | put(0xE << 28 | put(0, acl)))
    base[4:8] = pack("<I", 0xE << 28 | put(0, 0xD << 28 | put(folder)))
    package = b"ADB.pckg" + pack("<I", len(base) + 4) + base

    with pytest.raises(LimitExceeded):
        list(Adb.read(memoryview(bytes(package)), Limits()).entries)


def test_sections_do_not_nest_without_end() -> None:
    """Sections in sections are read to a depth no genuine firmware has, and no further."""
    data = b"the innermost"
    for _ in range(40):
        data = pack("<I", len(data) + 4)[:3] + b"\x03" + data
    reading = Reading()
    entries = list(Sections(reading, Limits()).of_file(Entry("file", Kind.DIRECTORY), memoryview(data), 0))

    assert len(entries) == 10
    assert [anomaly.rule for anomaly in reading.anomalies] == ["unsupported"]


def test_damaged_stream_of_a_packed_package_is_told(measure_bytes: Callable[[bytes], Measurement]) -> None:
    """A stream that breaks off leaves the package known by its bytes."""
    data = Vector(FOLDER / "adb-packed/deflate").data
    measurement = measure_bytes(data[:-40])

    assert not measurement.root.certain
    assert "truncated" in {finding.rule for finding in measurement.findings}


def test_header_that_leads_out_of_the_package_is_refused() -> None:
    """A header of an RPM package that is longer than the file is malformed."""
    data = bytearray(Vector(FOLDER / "rpm/gzip").data)
    data[96 + 12 : 96 + 16] = b"\x7f\xff\xff\xff"

    with pytest.raises(MalformedInput):
        BY_NAME["rpm"].read(memoryview(bytes(data)), Limits())


@pytest.mark.corpus
def test_firmware_of_a_modem(corpus: Path, measure_bytes: Callable[[bytes], Measurement]) -> None:
    """Each signed image of a modem's firmware has the hashes it states, the one in blocks of a flash too."""
    images = {path.name: path.read_bytes() for path in (corpus / "corpus/open/quectel-eg25").glob("*.mbn")}
    formats = {}
    for name, data in images.items():
        measurement = measure_bytes(data)
        assert measurement.findings == ()
        formats[name] = measurement.root.format

    assert formats == {
        "ENPRG9x07.mbn": "qcom-elf",
        "NPRG9x07.mbn": "qcom-elf",
        "appsboot.mbn": "qcom-elf",
        "partition.mbn": "mibib",
        "prog_nand_firehose_9x07.mbn": "qcom-elf",
        "rpm.mbn": "qcom-elf",
        "sbl1.mbn": "mbn",
        "tz.mbn": "qcom-elf",
    }


@pytest.mark.corpus
def test_firmware_of_phones(corpus: Path, measure_bytes: Callable[[bytes], Measurement]) -> None:
    """Each signed file of two phones names itself as it is called, and every byte of it is accounted for."""
    seen = 0
    for folder in ("cisco-phone-7941", "cisco-phone-79x0"):
        for path in (corpus / "corpus/open" / folder).iterdir():
            if path.suffix in (".loads", ".sbn", ".sb2"):
                measurement = measure_bytes(path.read_bytes())
                assert dict(measurement.root.facts)["file"] == path.name
                assert measurement.findings == ()
                seen += 1

    assert seen == 6


@pytest.mark.corpus
def test_archive_in_the_firmware_of_a_phone(corpus: Path, measure_bytes: Callable[[bytes], Measurement]) -> None:
    """The archive holds the files that its table lists."""
    data = (corpus / "corpus/open/cisco-phone-7941/dsp41.9-4-2ES9.sbn").read_bytes()
    parts: dict[str, Part] = dict(measure_bytes(data).root.walk())

    assert {path: part.size for path, part in parts.items() if "!/" in path and part.kind.value == "file"} == {
        "payload!/etc/trace/dsp.master.trc": 1_943,
        "payload!/ubin/dsp": 378_320,
        "payload!/ubin/dspfw.bin": 180_642,
    }


def _line(address: int) -> bytes:
    record = bytes([1, address >> 8 & 0xFF, address & 0xFF, 0, 7])
    return b":%s%02X\n" % (record.hex().upper().encode(), -sum(record) & 0xFF)


@pytest.mark.parametrize(("case", "form"), [("efi", EFI), ("tiano", TIANO)])
def test_changed_stream_of_efi_is_unpacked_or_refused(case: str, form: int) -> None:
    """Any bit of a stream changed, and any length of it: some bytes or a refusal, in little time."""
    data = Vector(FOLDER / f"uefi-fv/{case}").data
    at = 72 + 24 + 4 + 5
    stream = bytearray(data[at : at + 8 + int.from_bytes(data[at : at + 4], "little")])
    size = int.from_bytes(stream[4:8], "little")
    assert len(unpack(memoryview(stream), form, size)) == size
    for cut in range(len(stream)):
        with pytest.raises(MalformedInput):
            unpack(memoryview(stream)[:cut], form, size)
    for bit in range(64, 8 * len(stream)):
        stream[bit >> 3] ^= 1 << (bit & 7)
        for each in (EFI, TIANO):
            with suppress(MalformedInput):
                assert len(unpack(memoryview(stream), each, size)) == size
        stream[bit >> 3] ^= 1 << (bit & 7)


def test_run_of_one_symbol_without_bits_is_bounded() -> None:
    """Three sets of one symbol each: a block of 65,535 characters in 7 bytes, as many as are asked for."""
    block = int("1" * 16 + "0" * 5 + "00000" + "0" * 9 + f"{ord('a'):09b}" + "0" * 4 + "0" * 4 + "0" * 4, 2).to_bytes(
        7, "big"
    )
    stream = (len(block) + 1).to_bytes(4, "little") + (60_000).to_bytes(4, "little") + block + b"\0"

    assert unpack(memoryview(stream), EFI, 60_000) == b"a" * 60_000
    with pytest.raises(MalformedInput):
        unpack(memoryview(stream), EFI, 59_999)
