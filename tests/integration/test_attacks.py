"""Attacks on the verdict, each the smallest that once worked: a changed artefact that passed, an innocent one that was accused."""

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path
from zlib import crc32

import pytest

from trueware.model.result import Result
from trueware.model.verdict import Verdict
from trueware.registry.lookup import Registry
from trueware.releasing import Naming, take_in
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

VECTORS = Path(__file__).resolve().parents[1] / "vectors"

FILES = {
    "etc/os-release": b'ID=acme\nVERSION_ID="1.0"\n',
    "etc/passwd": b"root:x:0:0::/root:/bin/sh\n",
    "etc/config/network": b"lan\n",
    "bin/sh": b"\x7fELF" + bytes(range(256)) * 20,
    "bin/ls": b"\x7fELF" + bytes(range(255)) * 20,
    "lib/libc.so": b"\x7fELF" + bytes(range(254)) * 20,
}


CAPABILITY = {"SCHILY.xattr.security.capability": "\1\0\0\2\x20"}


def tar(files: dict[str, bytes], records: dict[str, str] | None = None) -> bytes:
    """Return an archive of the files; the pax `records` are those of bin/sh."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.pax_headers = dict(records or {}) if name == "bin/sh" else {}
            member.size, member.mode = len(data), 0o755 if name.startswith("bin/") else 0o644
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return made.getvalue()


def trx(*parts: bytes) -> bytes:
    body, offsets = b"", []
    for part in parts:
        offsets.append(28 + len(body))
        body += part + bytes(-len(part) % 4096 + 512)
    tail = struct.pack("<HH3I", 0, 1, *offsets, *[0] * (3 - len(offsets))) + body
    return struct.pack("<4sII", b"HDR0", 12 + len(tail), crc32(tail) ^ 0xFFFFFFFF) + tail


def unpack(files: dict[str, bytes], folder: Path) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755 if name.startswith("bin/") else 0o644)


def appraise(tmp_path: Path, genuine: bytes | Path, suspect: bytes | Path) -> Result:
    """Verify `suspect` against a registry that has learnt `genuine`."""
    store = MemoryStore()
    take_in(store, _stored(tmp_path / "genuine", genuine), Naming("Acme", "Router", "1.0"), 1_700_000_000)
    return verify(_stored(tmp_path / "suspect", suspect), Registry(store))


def _stored(path: Path, artefact: bytes | Path) -> Path:
    if isinstance(artefact, Path):
        return artefact
    path.write_bytes(artefact)
    return path


def test_names_that_climb_out_of_a_mutable_folder_are_not_excused(tmp_path: Path) -> None:
    """What stands in etc/config/../ replaces files that no device may change."""
    suspect = tar(FILES | {"etc/config/../passwd": b"root::0:0::/:/bin/sh\n"})

    result = appraise(tmp_path, tar(FILES), suspect)

    assert result.verdict is Verdict.TAMPERED
    assert "etc/config/../passwd" in {change.path for change in result.changes if not change.mutable}


def test_header_that_only_streaming_programs_see_leaves_a_doubt(tmp_path: Path) -> None:
    """A member's own header names another file than the directory of the zip."""
    genuine = zipped(FILES)
    suspect = genuine.replace(b"lib/libc.so", b"lib/libx.so", 1)

    result = appraise(tmp_path, genuine, suspect)

    assert result.verdict is Verdict.UNKNOWN
    assert [change.path for change in result.changes] == [""]


def test_content_that_cannot_be_had_is_compared_by_the_bytes_around_it(tmp_path: Path) -> None:
    """A member that trueware cannot unpack, and a device perhaps can, must not differ unseen."""
    genuine = bytearray(zipped(FILES))
    start = genuine.index(FILES["bin/sh"])
    for field in (genuine.index(b"PK\3\4", genuine.index(b"etc/config/network")) + 8, _record(genuine, b"bin/sh") + 10):
        struct.pack_into("<H", genuine, field, 14)
    genuine[start : start + 9] = b"\x09\x04\x05\x00\xff\0\0\0\0"
    suspect = bytearray(genuine)
    suspect[start + 100] ^= 1

    result = appraise(tmp_path, bytes(genuine), bytes(suspect))

    assert result.verdict is Verdict.UNKNOWN
    assert {finding.rule for finding in result.findings} >= {"malformed"}
    assert [change.path for change in result.changes] == [""]


def _record(archive: bytes | bytearray, name: bytes) -> int:
    return archive.rindex(name) - 46


@pytest.mark.parametrize("cut", [0.3, 0.5, 0.7, 0.95])
def test_truncated_copy_is_not_accused(tmp_path: Path, cut: float) -> None:
    """What is missing at the end was cut off, not removed."""
    genuine = tar(FILES).rstrip(b"\0")

    result = appraise(tmp_path, genuine, genuine[: int(len(genuine) * cut)])

    assert result.verdict is Verdict.UNKNOWN


def test_damaged_copy_is_not_accused_of_what_lies_behind_the_damage(tmp_path: Path) -> None:
    """One wrong bit in a header hides all members that follow."""
    genuine = tar(FILES)
    suspect = genuine.replace(b"lib/libc.so", b"lib/libb.so", 1)

    result = appraise(tmp_path, genuine, suspect)

    assert result.verdict is Verdict.UNKNOWN


def test_wrong_checksum_does_not_make_a_counterfeit(tmp_path: Path) -> None:
    """Content counts as shared although the container around it leaves a doubt."""
    genuine = gzip.compress(tar(FILES))
    suspect = bytearray(genuine)
    suspect[-8] ^= 1

    result = appraise(tmp_path, genuine, bytes(suspect))

    assert result.verdict is Verdict.UNKNOWN
    assert result.match is not None
    assert result.match.similarity > 0.8


def test_folder_taken_out_of_a_release_is_a_part_of_it(tmp_path: Path) -> None:
    """What lies beside a folder that was copied out was not removed from it."""
    folder = tmp_path / "etc"
    unpack({name.removeprefix("etc/"): data for name, data in FILES.items() if name.startswith("etc/")}, folder)

    result = appraise(tmp_path, tar(FILES), folder)

    assert result.verdict is Verdict.GENUINE
    assert result.match is not None
    assert result.match.part == "etc"


def test_damaged_filler_is_not_accused(tmp_path: Path) -> None:
    """A wrong bit where nothing belongs, shown by the image's own checksum, hides nothing that anybody put there."""
    genuine = trx(tar(FILES), FILES["bin/sh"])
    suspect = bytearray(genuine)
    suspect[-1] ^= 0x40

    result = appraise(tmp_path, genuine, bytes(suspect))

    assert result.verdict is Verdict.UNKNOWN


def test_changed_file_is_named_whatever_the_checksum_says(tmp_path: Path) -> None:
    """Whoever changes a file does not get away by leaving the image's checksum wrong."""
    genuine = trx(tar(FILES), FILES["bin/sh"])
    suspect = genuine.replace(b"root:x:0:0::", b"root::00:0::")

    result = appraise(tmp_path, genuine, suspect)

    assert result.verdict is Verdict.TAMPERED


def test_empty_folder_of_an_ext_file_system_is_no_change(tmp_path: Path) -> None:
    """An image packed as ext has a folder lost+found."""
    folder = tmp_path / "unpacked"
    unpack(FILES, folder)
    (folder / "lost+found").mkdir()

    result = appraise(tmp_path, tar(FILES), folder)

    assert result.verdict is Verdict.GENUINE


def test_capability_lost_by_unpacking_is_no_change(tmp_path: Path) -> None:
    """Whoever unpacks without privilege gets the files without their capabilities."""
    unpack(FILES, tmp_path / "unpacked")

    result = appraise(tmp_path, tar(FILES, CAPABILITY), tmp_path / "unpacked")

    assert result.verdict is Verdict.GENUINE


def test_capability_that_the_release_does_not_give_is_a_change(tmp_path: Path) -> None:
    """A folder that was learnt may have lost attributes, but no program may gain a privilege by it."""
    unpack(FILES, tmp_path / "unpacked")

    result = appraise(tmp_path, tmp_path / "unpacked", tar(FILES, CAPABILITY))

    assert result.verdict is Verdict.TAMPERED
    assert [(change.path, change.aspects) for change in result.changes] == [("bin/sh", ("xattrs",))]


def test_partition_is_a_part_of_its_disk(tmp_path: Path) -> None:
    """What the partition table says is not in the dump of one partition."""
    partition, disk = tar(FILES), bytearray(4096)
    struct.pack_into("<B3sB3sII", disk, 446, 0x80, b"", 0x83, b"", 8, len(partition) // 512)
    disk[510:512] = b"\x55\xaa"

    result = appraise(tmp_path, bytes(disk) + partition, partition)

    assert result.verdict is Verdict.GENUINE


@pytest.mark.parametrize("filler", [b"\0", b"\xff"])
def test_dump_with_other_padding_is_genuine(tmp_path: Path, filler: bytes) -> None:
    """Padding beside opaque bytes is no part of them, however long it is."""
    before, after = bytes(range(1, 255)) * 3, bytes(range(1, 254)) * 3
    genuine = before + bytes(2000) + zipped(FILES) + bytes(512) + after
    suspect = before + filler * 3000 + zipped(FILES) + filler * 700 + after + filler * 4096

    result = appraise(tmp_path, genuine, suspect)

    assert result.verdict is Verdict.GENUINE


def test_cut_off_opaque_bytes_do_not_accuse(tmp_path: Path) -> None:
    """Nothing tells that the end of opaque bytes is missing, except that the whole is shorter."""
    genuine = zipped(FILES) + bytes(512) + bytes(range(1, 254)) * 3

    result = appraise(tmp_path, bytes(range(1, 254)) + genuine, (bytes(range(1, 254)) + genuine)[:-100])

    assert result.verdict is Verdict.UNKNOWN


def test_root_folder_of_an_ext_image_counts(tmp_path: Path) -> None:
    """Whoever may write to the root folder may replace everything in it."""
    genuine = gzip.decompress((VECTORS / "ext" / "ext2" / "input.bin.gz").read_bytes())
    suspect = bytearray(genuine)
    (table,) = struct.unpack_from("<I", genuine, 2048 + 8)
    assert struct.unpack_from("<H", genuine, table * 1024 + 256) == (0o40755,)
    struct.pack_into("<H", suspect, table * 1024 + 256, 0o40777)

    result = appraise(tmp_path, genuine, bytes(suspect))

    assert result.verdict is Verdict.TAMPERED
    assert [(change.path, change.aspects) for change in result.changes] == [("", ("facts",))]


def test_hard_link_to_a_container_may_be_unpacked(tmp_path: Path) -> None:
    """An archive with two names is two archives in a folder."""
    inner = zipped({"Main.class": bytes(2000)})
    made = io.BytesIO(tar(FILES | {"lib/a.jar": inner}))
    with tarfile.open(fileobj=made, mode="a") as archive:
        link = tarfile.TarInfo("lib/b.jar")
        link.type, link.linkname, link.mode = tarfile.LNKTYPE, "lib/a.jar", 0o644
        archive.addfile(link)
    folder = tmp_path / "unpacked"
    unpack(FILES | {"lib/a.jar": inner, "lib/b.jar": inner}, folder)

    result = appraise(tmp_path, made.getvalue(), folder)

    assert result.verdict is Verdict.GENUINE
