"""ISO 9660 and UDF against genisoimage, xorriso, isoinfo and 7-Zip: what was packed is what is read, from every tree of a disc."""

import binascii
import os
import shutil
import stat
import struct
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from tests.filesystems import left_over
from tests.unit.formats.wide_tree import BEYOND, LETTERS, make_tree

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Entry, Reading
from trueware.formats.filesystems.optical.iso9660 import Iso9660
from trueware.formats.filesystems.optical.iso9660.rockridge import long_moment, moment
from trueware.formats.filesystems.optical.udf import Udf
from trueware.formats.filesystems.optical.udf.tags import text
from trueware.model.limits import Limits
from trueware.model.part import Kind

needs_genisoimage = pytest.mark.skipif(not shutil.which("genisoimage"), reason="genisoimage is missing")
needs_xorriso = pytest.mark.skipif(not shutil.which("xorriso"), reason="xorriso is missing")
needs_mkudffs = pytest.mark.skipif(not shutil.which("mkudffs"), reason="udftools is missing")

SECTOR = 2048
KINDS = {
    stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFLNK: Kind.SYMLINK, stat.S_IFIFO: Kind.FIFO,
    stat.S_IFCHR: Kind.CHARACTER,
}  # fmt: skip
COMMANDS = {
    "rock-ridge-joliet": ("genisoimage", "-R", "-J", "-joliet-long"),
    "with-udf": ("genisoimage", "-R", "-J", "-udf"),
    "xorriso": ("xorriso", "-as", "mkisofs", "-R", "-J"),
    "xorriso-hybrid": ("xorriso", "-as", "mkisofs", "-R", "-isohybrid-gpt-basdat", "-append_partition", "2", "0xef"),
}


@pytest.fixture
def source(tmp_path: Path) -> dict[str, Path]:
    """A tree of more than a thousand entries, with what Rock Ridge can express beside files and folders."""
    root = tmp_path / "source"
    make_tree(root, name_bytes=200, letters=(*LETTERS, BEYOND))
    for number in range(6):
        (root / f"link {number}").symlink_to("/".join(["x" * (number * 8 + 1), "..", ".", "y"] * (number + 1)))
    (root / "absolute").symlink_to("/etc/passwd")
    os.link(root / "sizes" / "size-513", root / "twin")
    os.mkfifo(root / "pipe")
    (root / "sizes" / "size-1").chmod(0o4751)
    if os.geteuid() == 0:
        os.mknod(root / "console", 0o020600, os.makedev(5, 1))
        os.chown(root / "sizes" / "size-1", 1000, 70_000)
    return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*"))}


def pack(tmp_path: Path, *command: str) -> bytes:
    image = tmp_path / "image"
    subprocess.run(
        [*command, "-quiet", "-V", "VOLUME", "-o", str(image), str(tmp_path / "source")],
        check=True, capture_output=True, timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    return image.read_bytes()


def read(image: bytes | bytearray, format_: type[Iso9660 | Udf] = Iso9660) -> tuple[Reading, dict[str, Entry]]:
    reading = format_.read(memoryview(image), Limits())
    return reading, {entry.path: entry for entry in reading.entries}


def content_of(entry: Entry) -> bytes:
    assert entry.content is not None
    return b"".join(map(bytes, entry.content.chunks()))


def compare(entries: dict[str, Entry], source: dict[str, Path]) -> None:
    for name, path in source.items():
        entry, status = entries[name], path.lstat()
        assert entry.kind is KINDS[stat.S_IFMT(status.st_mode)]
        assert (entry.mode, entry.uid, entry.gid) == (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid), name
        assert entry.mtime == int(status.st_mtime)
        if entry.kind is Kind.FILE:
            assert sha256(content_of(entry)).digest() == sha256(path.read_bytes()).digest(), name
        elif entry.kind is Kind.SYMLINK:
            assert entry.link == os.readlink(path)  # noqa: PTH115 (a Path leaves "." out)
        elif entry.kind is Kind.CHARACTER:
            assert entry.rdev == (5, 1)


@needs_genisoimage
@needs_xorriso
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_reads_what_was_packed(tmp_path: Path, source: dict[str, Path], command: tuple[str, ...]) -> None:
    """More than a thousand entries come back with all that Rock Ridge says of them; the other trees agree."""
    appended = tmp_path / "appended"
    appended.write_bytes(b"appended" * 4096)
    image = pack(tmp_path, *command, *((str(appended),) if command[-1] == "0xef" else ()))
    reading, entries = read(image)

    assert len(source) > 1000
    regions = {path for path, entry in entries.items() if entry.kind is Kind.REGION}
    assert set(entries) - regions - {"rr_moved"} == set(source)
    assert reading.anomalies == []
    compare(entries, source)
    assert entries["twin"].content is entries["sizes/size-513"].content
    if regions:
        assert any(content_of(entries[path]).startswith(appended.read_bytes()) for path in regions)


@needs_genisoimage
@pytest.mark.skipif(not shutil.which("7z"), reason="7-Zip is missing")
def test_udf_agrees_with_7zip(tmp_path: Path, source: dict[str, Path]) -> None:
    """The UDF tree of a disc, read on its own, is what 7-Zip unpacks of it."""
    image = pack(tmp_path, "genisoimage", "-R", "-udf")
    subprocess.run(
        ["7z", "x", "-y", "-tudf", f"-o{tmp_path / 'out'}", str(tmp_path / "image")], check=True, capture_output=True
    )
    _, entries = read(image, Udf)
    unpacked = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*")}

    assert len(source) > 1000
    assert set(unpacked) == {path for path, entry in entries.items() if entry.kind is not Kind.REGION}
    for name, path in unpacked.items():
        if path.is_file():
            assert sha256(content_of(entries[name])).digest() == sha256(path.read_bytes()).digest(), name


@needs_genisoimage
def test_file_of_several_extents_is_one(tmp_path: Path) -> None:
    """Records that go on in each other are one file; isoinfo finds the same bytes."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "large").write_bytes(b"".join(b"%07d\n" % number for number in range(2_000)))
    image = bytearray(pack(tmp_path, "genisoimage", "-R"))
    found = subprocess.run(
        ["isoinfo", "-i", str(tmp_path / "image"), "-R", "-x", "/large"], check=True, capture_output=True
    )
    at = image.index(b"LARGE.;1") - 33
    length, start = image[at], struct.unpack_from("<I", image, at + 2)[0]
    record = bytes(image[at : at + length])

    def sized(block: int, size: int, flags: int) -> bytes:
        numbers = (
            struct.pack("<I", block) + struct.pack(">I", block) + struct.pack("<I", size) + struct.pack(">I", size)
        )
        return record[:2] + numbers + record[18:25] + bytes((flags,)) + record[26:]

    image[at : at + 2 * length] = sized(start, 4096, 0x80) + sized(start + 2, 16_000 - 4096, 0)
    reading, entries = read(image)

    assert reading.anomalies == []
    assert content_of(entries["large"]) == found.stdout == (tmp_path / "source" / "large").read_bytes()


@needs_xorriso
def test_boot_images_and_partitions_are_regions(tmp_path: Path) -> None:
    """What the catalogue names is the file that begins there; without one it is what is loaded."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "boot.img").write_bytes(b"starts!!" * 512)
    image = pack(tmp_path, "xorriso", "-as", "mkisofs", "-R", "-b", "boot.img", "-no-emul-boot", "-boot-load-size", "4")
    _, entries = read(image)
    catalogue = struct.unpack_from("<I", image, 17 * SECTOR + 71)[0] * SECTOR
    moved = bytearray(image)
    moved[catalogue + 40 : catalogue + 44] = struct.pack("<I", struct.unpack_from("<I", image, catalogue + 40)[0] + 1)
    _, others = read(moved)

    assert content_of(entries["boot-0"]) == b"starts!!" * 512
    assert content_of(others["boot-0"]) == b"starts!!" * 256


@needs_mkudffs
@pytest.mark.parametrize(
    ("media", "revision"),
    [("hd", "1.02"), ("hd", "2.01"), ("cdrw", "1.50"), ("cdr", "2.01"), ("dvdram", "2.01")],
)
def test_an_empty_udf_has_nothing_wrong(tmp_path: Path, media: str, revision: str) -> None:
    """Plain, sparable and virtual partitions lead to the root; all bytes are accounted for."""
    image = tmp_path / "image"
    image.write_bytes(bytes(12 << 20))
    made = ["mkudffs", f"--media-type={media}", "-b", "2048", f"--udfrev={revision}", "--mode=0751", str(image)]
    subprocess.run(made, check=True, capture_output=True)
    reading, entries = read(image.read_bytes(), Udf)

    assert set(entries) <= {"Non-Allocatable Space"}
    assert reading.attributes is not None
    assert reading.attributes.mode == 0o751
    assert reading.anomalies == []


def tagged(data: bytearray, at: int) -> None:
    length = struct.unpack_from("<H", data, at + 10)[0]
    data[at + 8 : at + 10] = struct.pack("<H", binascii.crc_hqx(bytes(data[at + 16 : at + 16 + length]), 0))
    data[at + 4] = sum(data[at : at + 16]) - data[at + 4] & 0xFF


@needs_mkudffs
def test_metadata_partition_is_found_by_its_file(tmp_path: Path) -> None:
    """UDF 2.50 keeps folders in a file; no free tool makes one, so a volume of mkudffs is made to have one over all its blocks."""
    image = tmp_path / "image"
    image.write_bytes(bytes(4 << 20))
    subprocess.run(
        ["mkudffs", "-b", "2048", "--udfrev=2.01", "--mode=0751", str(image)], check=True, capture_output=True
    )
    data = bytearray(image.read_bytes())
    start, blocks = next(
        struct.unpack_from("<II", data, at + 188) for at in range(0, len(data), SECTOR) if data[at : at + 2] == b"\5\0"
    )
    root = next(
        at for at in range(start * SECTOR, len(data), SECTOR) if data[at : at + 2] == b"\x0a\1" and data[at + 27] == 4
    )
    spot = blocks - 8
    entry = bytearray(data[root : root + SECTOR])
    entry[12:16], entry[27], entry[34] = struct.pack("<I", spot), 250, 0
    entry[56:64] = struct.pack("<Q", blocks * SECTOR)
    entry[208:216] = struct.pack("<II", 0, 8)
    entry[216:224] = struct.pack("<II", blocks * SECTOR, 0)
    tagged(entry, 0)
    data[(start + spot) * SECTOR : (start + spot + 1) * SECTOR] = entry
    for at in range(0, len(data), SECTOR):
        if data[at : at + 2] == b"\6\0":
            data[at + 256] = 1  # the file set is in the second partition
            data[at + 264 : at + 272] = struct.pack("<II", 70, 2)
            data[at + 446 : at + 510] = (
                b"\2\x40\0\0\0*UDF Metadata Partition".ljust(36, b"\0")
                + struct.pack("<HHIIIIHB", 1, 0, spot, 0xFFFFFFFF, 0xFFFFFFFF, 32, 1, 0)
            ).ljust(64, b"\0")
            data[at + 10 : at + 12] = struct.pack("<H", 494)
            tagged(data, at)
    reading, entries = read(data, Udf)

    assert reading.notes["partitions"] == "plain, metadata"
    assert reading.attributes is not None
    assert reading.attributes.mode == 0o751
    assert entries == {}
    assert {anomaly.rule for anomaly in reading.anomalies} <= {"overlap"}  # its own entry lies in it


def test_moments_are_of_their_zone() -> None:
    """Seven bytes, seventeen digits; quarters of an hour from UTC."""
    assert moment(bytes((123, 11, 14, 22, 13, 20, 0))) == 1_700_000_000
    assert moment(bytes((123, 11, 15, 0, 13, 20, 8))) == 1_700_000_000
    assert long_moment(b"2023111422132000\0") == 1_700_000_000
    assert long_moment(b"0000000000000000\0") is None


def test_text_of_udf_has_one_or_two_bytes() -> None:
    """The first byte tells how many a character has."""
    assert text(b"\x08caf\xe9").decode() == "café"
    assert text(b"\x10\x03\xb1\x03\xb2").decode() == "\u03b1\u03b2"


@pytest.mark.parametrize("head", [b"\1CD001\1", b"\0CD001\1", b"\2CD001\1"])
def test_what_is_no_disc_is_refused(head: bytes) -> None:
    """A mark alone is not a disc."""
    image = bytes(16 * SECTOR) + head.ljust(SECTOR, b"\0") + b"\xffCD001\1".ljust(SECTOR, b"\0")
    with pytest.raises(MalformedInput):
        Iso9660.read(memoryview(image), Limits())
    with pytest.raises((MalformedInput, UnsupportedInput)):
        Udf.read(memoryview(image), Limits())


ZISOFS = {
    "first": ("xorriso", "-zisofs", "default"),
    "second": ("xorriso", "-zisofs", "version_2=on:block_size_v2=64k"),
    "mkzftree": ("genisoimage",),
}


@needs_xorriso
@needs_genisoimage
@pytest.mark.parametrize("command", ZISOFS.values(), ids=ZISOFS.keys())
def test_packed_files_are_unpacked(tmp_path: Path, command: tuple[str, ...]) -> None:
    """What three writers pack as zisofs of either version is read as it was: text, zeros, and what does not pack."""
    root = tmp_path / "source"
    root.mkdir()
    text = b"".join(b"line %d\n" % number for number in range(20_000))
    noise = b"".join(sha256(b"%d" % number).digest() for number in range(2_000))
    files = {
        "text": text,
        "zeros": bytes(300_000),
        "mixed": text + bytes(200_000) + noise + text,
        "noise": noise,
        "short": b"short",
    }
    for name, data in files.items():
        (root / name).write_bytes(data)
    image = tmp_path / "image"
    if command[0] == "xorriso":
        filters = ("-map", str(root), "/", "-set_filter_r", "--zisofs", "/", "--", "-commit")
        subprocess.run([command[0], "-outdev", str(image), *command[1:], *filters], check=True, capture_output=True)
    else:
        if not shutil.which("mkzftree"):
            pytest.skip("mkzftree is missing")
        subprocess.run(["mkzftree", str(root), str(tmp_path / "packed")], check=True, capture_output=True)
        subprocess.run(["genisoimage", "-quiet", "-R", "-z", "-o", str(image), str(tmp_path / "packed")], check=True)
    reading, entries = read(image.read_bytes())

    assert reading.anomalies == []
    assert {name: content_of(entries[name]) for name in files} == files
    assert {name: entries[name].size for name in files} == {name: len(data) for name, data in files.items()}
    packed = {name for name, entry in entries.items() if entry.notes}
    assert {"text", "zeros", "mixed"} <= packed
    damaged = bytearray(image.read_bytes())
    at = damaged.index(b"\x37\xe4\x53\x96" if command[-1] in ("default", "genisoimage") else b"\xef\x22\x55\xa1")
    for place, value in ((at + 9, 0xEE), (at + 24, 0xFF), (at, 0)):
        changed = bytearray(damaged)
        changed[place] = value
        with pytest.raises(MalformedInput):
            [content_of(entry) for entry in read(changed)[1].values() if entry.content is not None]


def written_again(tmp_path: Path, how: str) -> tuple[Path, list[dict[str, bytes]]]:
    """Return an image of several sessions by xorriso, on a medium that can be written over, or by genisoimage, behind each other."""
    states = [{"one": b"one", "large": b"x" * 50_000}, {"two": b"two", "one": b"ONE"}, {"three": b"three"}]
    image, shown, seen, begin = tmp_path / "image", dict[str, bytes](), [], 0
    for number, files in enumerate(states):
        folder = tmp_path / f"state{number}"
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
            os.utime(folder / name, (1_600_000_000 + number, 1_600_000_000 + number))
        shown = {**shown, **files}
        seen.append(shown)
        if how == "xorriso":
            device = "-dev" if number else "-outdev"
            subprocess.run(
                [
                    "xorriso",
                    device,
                    str(image),
                    "-joliet",
                    "on",
                    "-overwrite",
                    "on",
                    "-map",
                    str(folder),
                    "/",
                    "-commit",
                ],
                check=True,
                capture_output=True,
            )
            continue
        earlier = ("-M", str(image), "-C", f"{begin},{image.stat().st_size // SECTOR}") if number else ()
        begin = image.stat().st_size // SECTOR if number else 0
        part = subprocess.run(
            ["genisoimage", "-quiet", "-R", "-J", *earlier, str(folder)], check=True, capture_output=True
        ).stdout
        with image.open("ab") as end:
            end.write(part + bytes(150 * SECTOR))
    return image, seen


@needs_genisoimage
@needs_xorriso
@pytest.mark.parametrize("how", ["xorriso", "genisoimage"])
def test_last_session_is_shown_and_earlier_ones_are_there(tmp_path: Path, how: str) -> None:
    """Files of three sessions, each as it was; no byte is left over; isoinfo finds the same names in the last one."""
    image, (first, second, third) = written_again(tmp_path, how)
    reading, entries = read(image.read_bytes())
    files = {path: content_of(entry) for path, entry in entries.items() if entry.kind is Kind.FILE}

    assert reading.anomalies == []
    assert reading.facts["sessions"] == "3"
    expected = {**third, **{f"session-1/{name}": data for name, data in first.items()}}
    assert files == {**expected, **{f"session-2/{name}": data for name, data in second.items()}}
    assert left_over(reading, image.read_bytes()) == []
    if how == "xorriso":
        names = subprocess.run(
            ["isoinfo", "-R", "-f", "-i", str(image)], check=True, capture_output=True, text=True
        ).stdout
        assert set(names.split()) == {f"/{name}" for name in third}


@needs_genisoimage
def test_image_of_a_disc_behind_a_disc_is_no_session(tmp_path: Path, source: dict[str, Path]) -> None:
    """The tree of an image that was put behind another one counts its blocks from its own start."""
    image = pack(tmp_path, "genisoimage", "-R")
    reading, entries = read(image + image)

    assert "sessions" not in reading.facts
    assert set(source) <= set(entries)
    assert reading.end == len(image)
