"""Builds the UDF vectors with genisoimage 1.1.11 and mkudffs 2.3; run it again and nothing changes.

What is expected comes from the tree described here, never from a reader. genisoimage writes UDF only beside ISO 9660: of what it makes
the descriptors of ISO 9660 are taken out, which leaves a UDF volume. Its stamps are set to one moment. Damage is done to the bytes of a
sound image, and checksums made to fit where they are not what is tested.
"""

import binascii
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from case import gap, patched, region, write

from tree import Tree, noise

SECTOR = 2048
MOMENT = struct.pack("<HH8B", 0x1000, 2023, 11, 14, 22, 13, 20, 0, 0, 0)
FOLDER, FILE, NAME, FILE_SET = 4, 261, 257, 256


def tagged(data: bytes, at: int) -> bytes:
    """Return the image with the checksums of a descriptor made to fit."""
    length = struct.unpack_from("<H", data, at + 10)[0]
    data = patched(data, at + 8, struct.pack("<H", binascii.crc_hqx(data[at + 16 : at + 16 + length], 0)))
    return patched(data, at + 4, bytes([(sum(data[at : at + 16]) - data[at + 4]) & 0xFF]))


def edited(data: bytes, at: int, offset: int, value: bytes) -> bytes:
    """Return the image with bytes of a descriptor replaced and its checksums made to fit."""
    return tagged(patched(data, at + offset, value), at)


def kind(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<H", data, at)[0])


def make() -> tuple[bytes, dict[str, dict[str, object]]]:
    """Return a sound image, and what a reader should find in it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tree = Tree(folder / "root")
        tree.folder("boot")
        tree.file("boot/kernel.img", noise(3000, "kernel"), 0o755, 1000, 100)
        tree.file("boot/Ελλάδα.cfg", b"set timeout=5\n")
        tree.file("empty", b"")
        tree.file("README.TXT", b"read me\n", 0o600)
        tree.settle()
        command = ["genisoimage", "-quiet", "-V", "VECTOR", "-R", "-udf", "-input-charset", "utf-8", "-no-pad", "-o", "image", "root"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        parts = {path: {key: each[key] for key in ("kind", "size", "sha256", "mtime") if key in each} for path, each in tree.parts.items()}
        for each in parts.values():  # genisoimage lets everybody read, and nobody own
            each["mode"] = "0555" if each["kind"] == "directory" else "0444"
        return bared((folder / "image").read_bytes()), parts


def bared(data: bytes) -> bytes:
    """Return an image without ISO 9660, and with its stamps set."""
    sectors = range(16 * SECTOR, len(data), SECTOR)
    marks = [data[at : at + SECTOR] for at in sectors if data[at + 1 : at + 6] in (b"BEA01", b"NSR02", b"TEA01")]
    start = 257 * SECTOR  # the partition: before the file set's folders of ISO 9660 are none of ours
    data = bytes(16 * SECTOR) + b"".join(marks) + bytes((16 - len(marks)) * SECTOR) + data[32 * SECTOR :]
    for at in range(32 * SECTOR, len(data), SECTOR):
        what, location = kind(data, at), struct.unpack_from("<I", data, at + 12)[0]
        if what == 1 and location < 257:
            data = edited(edited(data, at, 73, b"0123456789ABCDEF"), at, 376, MOMENT)
        elif what in (FILE_SET, 9) and at >= 64 * SECTOR:
            data = edited(data, at, 16, MOMENT)
        elif what == FILE and at >= start:
            data = edited(data, at, 72, MOMENT * 3)
    return data


def only_udf(data: bytes, keep: list[bytes]) -> bytes:
    """Return an image without the folders and path tables of ISO 9660, which nobody claims any more."""
    for at in range(257 * SECTOR, len(data), SECTOR):
        sector = data[at : at + SECTOR]
        if kind(data, at) in (FILE, NAME, FILE_SET, 8, 2) or any((sector[:8] and each.find(sector[:8]) == 0) or sector.rstrip(b"\0") in each for each in keep):
            continue
        data = patched(data, at, bytes(SECTOR))
    return data


def main() -> None:
    sound, parts = make()
    kernel = noise(3000, "kernel")
    sound = only_udf(sound, [kernel, kernel[2048:], b"set timeout=5\n", b"read me\n"])
    facts = {"label": "VECTOR", "root": "0555 None:None"}
    write("whole", sound, "UDF 1.02: folders, files, names of one and of two bytes.\nA genuine image.", parts=parts, facts=facts)

    def entry(content: bytes) -> int:
        """Return where the file entry is whose content begins so."""
        place = sound.index(content) // SECTOR - 257
        return next(at for at in range(257 * SECTOR, len(sound), SECTOR)
                    if kind(sound, at) == FILE and sound[at + 27] == 5 and struct.unpack_from("<II", sound, at + 176)[1] == place)

    def name(text: bytes) -> int:
        """Return where the name in a folder is."""
        return sound.index(text) - 38

    readme, timeout = entry(b"read me\n"), entry(b"set timeout=5\n")
    said = name(b"\x08README.TXT")
    without = {path: each for path, each in parts.items() if path != "README.TXT"}
    write("entry-checksum", patched(sound, readme + 36, b"\1"), "The owner of a file altered.\nThe checksum of its entry tells.",
          parts={**parts, "README.TXT": {**parts["README.TXT"], "uid": 0xFFFFFF01}}, findings=("checksum-mismatch",))
    owned = edited(edited(sound, readme, 36, struct.pack("<III", 1000, 100, 0x1485)), readme, 34, struct.pack("<H", 0x40))
    write("owner", owned, "A file that runs as its owner.\nNothing but its mode tells.",
          parts={**parts, "README.TXT": {**parts["README.TXT"], "mode": "4545", "uid": 1000, "gid": 100}})
    write("name-checksum", patched(sound, said + 39, b"r"), "A name altered.\nThe checksum of the name's descriptor tells.",
          parts={**without, "rEADME.TXT": parts["README.TXT"]}, findings=("checksum-mismatch",))
    write("deleted", edited(sound, said, 18, b"\4"), "A name marked as deleted.\nThe file is still there, and nobody shows it.",
          parts={**without, "gap-0": {"kind": "gap"}, "gap-1": gap(b"read me\n")}, findings=("hidden-content", "unread-bytes"))
    write("hidden", edited(sound, said, 18, b"\1"), "A file that is hidden.\nA genuine image.", parts={**parts, "README.TXT": {**parts["README.TXT"], "facts": {"attributes": "hidden"}}})
    climb = edited(sound, said, 39, b"../../.TX")
    write("hostile-name", climb, "A name that climbs.\nIt would lead out of its folder where names are joined.",
          parts={**without, "..%2F..%2F.TXT": parts["README.TXT"]}, findings=("hostile-name",))
    crossed = edited(sound, readme, 180, sound[timeout + 180 : timeout + 184])
    write("crossed", crossed, "Two files of different size have one place.\nWriting to one changes the other.",
          parts={**parts, "README.TXT": {**region(b"set time"), "kind": "file"}, "gap-0": gap(b"read me\n")}, findings=("overlap", "unread-bytes"))
    folder = sound.index(b"\x08kernel.img") - 38
    cycle = edited(sound, folder, 24, struct.pack("<I", struct.unpack_from("<I", sound, name(b"\x08boot") + 24)[0]))
    cycle = edited(cycle, folder, 18, b"\2")
    write("cycle", cycle, "A name in a folder that leads to the folder itself.\nAn unwary reader would never end.",
          parts={**{path: each for path, each in parts.items() if path != "boot/kernel.img"}, "boot/kernel.img": {"kind": "directory"}, "gap-0": {"kind": "gap"}, "gap-1": gap(kernel)},
          findings=("cycle", "unread-bytes"))
    lost = edited(sound, readme, 180, struct.pack("<I", 9_999_999))
    write("out-of-bounds", lost, "A file that lies outside of its partition.\nThe rest can be read.",
          parts={**parts, "README.TXT": {"kind": "file"}, "gap-0": gap(b"read me\n")}, findings=("malformed", "unread-bytes"))
    copy = struct.unpack_from("<I", sound, 256 * SECTOR + 28)[0] * SECTOR
    partition = next(at for at in range(copy, copy + 16 * SECTOR, SECTOR) if kind(sound, at) == 5)
    write("copies", edited(sound, partition, 188, struct.pack("<I", 300)), "The copy of the volume's descriptors has another partition.\nWhich one counts depends on who looks.",
          parts=parts, findings=("contradiction",))
    write("free", patched(sound, 250 * SECTOR, b"smuggled" * 32), "Data where nothing should be.\nNo ordinary program reads it.",
          parts={**parts, "gap-0": gap(b"smuggled" * 32)}, findings=("unread-bytes",))
    with tempfile.TemporaryDirectory() as place:
        for case, options, why in (
            ("sparable", ("--media-type=cdrw", "--udfrev=1.50", "-b", "2048"), "An empty volume of packets that can be moved"),
            ("virtual", ("--media-type=cdr", "--udfrev=2.01", "-b", "2048"), "An empty volume whose blocks are listed at its end"),
        ):
            image = Path(place) / case
            image.write_bytes(bytes(4 << 20))
            uuid = "0123456789abcdef"
            subprocess.run(["mkudffs", *options, "--uid=7", "--gid=8", "--mode=0750", f"--uuid={uuid}", "--label=VECTOR", str(image)], check=True, capture_output=True)
            data = stamped(image.read_bytes())
            space = {"Non-Allocatable Space": {"kind": "file"}} if case == "sparable" else {}
            write(case, data, f"{why}, made by mkudffs.\nA genuine image.", parts=space, facts={"label": "VECTOR", "root": "0750 7:8"})
    logical = next(at for at in range(32 * SECTOR, 48 * SECTOR, SECTOR) if kind(sound, at) == 6)
    write("malformed", edited(sound, logical, 440, b"\7"), "A partition of a kind that does not exist.\nReading it would be guessing.", findings=("unsupported",))
    lost = sound
    for at in range(256 * SECTOR, len(sound), SECTOR):
        lost = patched(lost, at, b"\0") if kind(sound, at) == 2 else lost
    write("no-anchor", lost, "No anchor: nothing leads to the volume.\nNot a disc.", findings=("malformed",))


def stamped(data: bytes) -> bytes:
    """Return what mkudffs made with all moments set to one."""
    places = {1: (376,), 256: (16,), 9: (16,), 261: (72, 84, 96), 266: (80, 92, 104, 116), 7: (), 5: (), 6: ()}
    for at in range(0, len(data), SECTOR):
        what = kind(data, at)
        if what in places and sum(data[at : at + 16]) - data[at + 4] & 0xFF == data[at + 4]:
            for place in places[what]:
                data = edited(data, at, place, MOMENT)
    return data


if __name__ == "__main__":
    main()
