"""Builds the ISO 9660 vectors with genisoimage 1.1.11 and xorriso 1.5.4, as root; run it again and nothing changes.

What is expected comes from the tree described here, never from a reader. genisoimage stamps the time of the day: its stamps in the
volume descriptors are set to one moment afterwards. Damage is done to the bytes of a sound image.
"""

import binascii
import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from case import gap, patched, region, write

from tree import THEN, Tree, noise, spread

STAMP = b"2023111422132000\0"
SHORT = bytes((123, 11, 14, 22, 13, 20, 0))
SECTOR = 2048
ENV = {**os.environ, "SOURCE_DATE_EPOCH": str(THEN), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
XORRISO = ("xorriso", "-as", "mkisofs", "-quiet", "-V", "VECTOR", "-R", "-J", "--modification-date=2023111422132000")
GENISOIMAGE = ("genisoimage", "-quiet", "-V", "VECTOR", "-no-pad")

Parts = dict[str, dict[str, object]]


def small(root: Path) -> Tree:
    """Return a tree of a few files."""
    tree = Tree(root)
    tree.folder("boot")
    tree.file("boot/kernel.img", noise(3000, "kernel"))
    tree.file("boot/A long name, ünd more.cfg", b"set timeout=5\n")
    tree.file("empty", b"")
    tree.file("README.TXT", b"read me\n")
    return tree


def deep(root: Path) -> Tree:
    """Return a tree of more than eight folders within each other."""
    tree, path = small(root), ""
    for level in range(10):
        path = f"{path}/level{level}" if path else "level0"
        tree.folder(path)
    tree.file(f"{path}/file", b"deep\n")
    return tree


TEXT = b"".join(b"line %d\n" % number for number in range(5_000)) + bytes(70_000) + b"the end\n"


def zipped(data: bytes) -> bytes:
    """Return `data` as zisofs of the first version packs it, in blocks of 32 KiB; blocks of zeros take nothing."""
    blocks = [data[at : at + 32_768] for at in range(0, len(data), 32_768)]
    packed = [zlib.compress(block, 9) if any(block) else b"" for block in blocks]
    at = 16 + 4 * (len(blocks) + 1)
    places = [at + sum(map(len, packed[:number])) for number in range(len(blocks) + 1)]
    header = bytes.fromhex("37e45396c9dbd607") + struct.pack("<IBB2x", len(data), 4, 15)
    return header + struct.pack(f"<{len(places)}I", *places) + b"".join(packed)


def zipping(root: Path) -> Tree:
    """Return a tree of a packed file, and one that is not."""
    tree = Tree(root)
    tree.file("packed", zipped(TEXT))
    tree.file("plain", b"plain\n")
    return tree


def pack(make: object, *command: str, files: dict[str, bytes] | None = None) -> tuple[bytes, Parts]:
    """Return an image, and what a reader should find in it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tree: Tree = make(folder / "root")  # type: ignore[operator]
        tree.settle()
        for name, data in (files or {}).items():
            (folder / name).write_bytes(data)
        subprocess.run([*command, "-o", "image", "root"], cwd=folder, env=ENV, check=True, capture_output=True)
        return settled((folder / "image").read_bytes()), tree.parts


def twice() -> tuple[bytes, Parts]:
    """Return the image of a disc that was written in two sessions, the second of which replaces a file."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tree = small(folder / "root")
        tree.settle()
        first = subprocess.run([*GENISOIMAGE, "-R", "root"], cwd=folder, env=ENV, check=True, capture_output=True).stdout
        (folder / "first").write_bytes(first)
        again = Tree(folder / "again")
        again.file("README.TXT", b"read me again\n")
        again.settle()
        begin = len(first) // SECTOR + 20
        command = [*GENISOIMAGE, "-R", "-M", "first", "-C", f"0,{begin}", "again"]
        second = subprocess.run(command, cwd=folder, env=ENV, check=True, capture_output=True).stdout
        session: Parts = {"session-1": {"kind": "directory"}, **{f"session-1/{path}": each for path, each in tree.parts.items()}}
        return settled(first + bytes(20 * SECTOR) + second), {**tree.parts, **again.parts, **session}


def settled(data: bytes) -> bytes:
    """Return an image with the stamps of its volume descriptors, and what they say of the tool, set to one value."""
    for at in range(16 * SECTOR, len(data), SECTOR):
        if data[at + 1 : at + 6] == b"CD001" and data[at] in (1, 2):
            data = patched(data, at + 813, STAMP * 2)
            data = patched(data, at + 847, STAMP * 2)
            data = patched(data, at + 174, SHORT)
    at = -1
    while (at := data.find(b"TF\x1a\x01\x0e", at + 1)) >= 0:  # modified, used, changed: the last is the time of the day
        data = patched(data, at + 5, SHORT * 3)
    for sector in range(0, len(data), SECTOR):  # records of folders
        if data[sector] >= 34 and data[sector + 32 : sector + 34] == b"\1\0":
            at = sector
            while data[at]:
                data, at = patched(data, at + 18, SHORT), at + data[at]
    return data


def tagged(data: bytes, at: int) -> bytes:
    """Return the image with the checksums of a UDF descriptor made to fit."""
    length = struct.unpack_from("<H", data, at + 10)[0]
    data = patched(data, at + 8, struct.pack("<H", binascii.crc_hqx(data[at + 16 : at + 16 + length], 0)))
    return patched(data, at + 4, bytes([(sum(data[at : at + 16]) - data[at + 4]) & 0xFF]))


def settled_bridge(data: bytes) -> bytes:
    """Return an image with UDF as well with its stamps set: genisoimage numbers the volume set by the clock."""
    moment = struct.pack("<HH8B", 0x1000, 2023, 11, 14, 22, 13, 20, 0, 0, 0)
    for at in range(32 * SECTOR, len(data), SECTOR):
        kind, location = struct.unpack_from("<H", data, at)[0], struct.unpack_from("<I", data, at + 12)[0]
        if kind == 1 and data[at + 72 : at + 73] == b"\x08":
            data = tagged(patched(patched(data, at + 73, b"0123456789ABCDEF"), at + 376, moment), at)
        elif kind == 256 and data[at + 416 : at + 417] in (b"\0", b"\x02"):
            data = tagged(patched(data, at + 16, moment), at)
        elif kind == 261:
            data = tagged(patched(data, at + 72, moment * 3), at)
        elif kind == 9 and location:
            data = tagged(patched(data, at + 16, moment), at)
    return data


def bare(parts: Parts, *gone: str) -> Parts:
    """Return parts without what only Rock Ridge knows."""
    kept = ("kind", "size", "sha256")
    return {path: {key: each[key] for key in kept if key in each} for path, each in parts.items() if path not in gone}


def record(data: bytes, name: bytes) -> int:
    """Return where the first record with a plain name is."""
    return data.index(bytes([len(name)]) + name) - 32


def u32(value: int) -> bytes:
    return struct.pack("<I", value) + struct.pack(">I", value)


def main() -> None:
    sound, parts = pack(spread, *XORRISO)
    write("rock-ridge", sound, "One of everything, with Rock Ridge and Joliet.\nA genuine image, made by xorriso.", parts=parts)
    image, parts = pack(small, *GENISOIMAGE, "-J", "-input-charset", "utf-8")
    write("joliet", image, "Joliet without Rock Ridge: names are those of Joliet.\nA genuine image, made by genisoimage.", parts=bare(parts))
    image, parts = pack(small, *GENISOIMAGE)
    plain = {path.upper(): each for path, each in bare(parts, "boot/A long name, ünd more.cfg", "empty").items()}
    plain |= {"EMPTY": bare(parts)["empty"], "BOOT/A_LONG_N.CFG": bare(parts)["boot/A long name, ünd more.cfg"]}
    write("plain", image, "Nothing but ISO 9660: short names.\nA genuine image.", parts=plain, facts={"label": "VECTOR", "system": "LINUX"})
    image, parts = pack(deep, *GENISOIMAGE, "-R")
    moved = {**parts, "rr_moved": {"kind": "directory", "mode": "0555"}}
    write("deep", image, "Folders too deep for ISO 9660 are moved, and shown where they were.\nA genuine image.", parts=moved)
    image, parts = pack(small, *GENISOIMAGE, "-R", "-J", "-udf")
    bridge = settled_bridge(image)
    write("bridge", bridge, "ISO 9660 and UDF over the same files.\nA genuine image.", parts=parts)
    booting, parts = pack(small, *XORRISO, "-b", "boot/kernel.img", "-no-emul-boot", "-boot-load-size", "4",
                          "-append_partition", "2", "0x83", "appended", files={"appended": noise(4096, "appended")})
    catalogue = 2048 * struct.unpack_from("<I", booting, 17 * SECTOR + 71)[0]
    started = {
        **parts,
        "boot.catalog": {**region(booting[catalogue : catalogue + 2048]), "kind": "file"},
        "boot-0": {**region(noise(3000, "kernel")), "facts": {"bootable": "true", "medium": "0x0", "platform": "0x0", "sectors": "4", "segment": "0x0", "system": "0x0"}},
        "partition-2": {**region(noise(4096, "appended"))},
    }
    write("boot", booting, "What is started from it, and a partition behind it.\nA genuine image that is a disk as well.", parts=started)

    sessions, parts = twice()
    write("sessions", sessions, "Two sessions behind each other, the second with another file of the same name.\nA drive shows the second.", parts=parts)
    lost = sessions.rindex(b"\1CD001\1")
    write("sessions-malformed", patched(sessions, lost + 128, b"\0\7\7\0"), "The descriptor of the second session cannot be true: the first one is what a drive shows.",
          parts={**{path.removeprefix("session-1/"): each for path, each in parts.items() if path.startswith("session-1/")}, "gap-0": {"kind": "gap"}},
          findings=("unread-bytes",))
    image, parts = pack(zipping, *XORRISO, "-z")
    parts["packed"] |= {"size": len(TEXT), "sha256": hashlib.sha256(TEXT).hexdigest()}
    write("zisofs", image, "A file that is packed by zisofs, with a hole.\nLinux shows it unpacked, Windows packed.", parts=parts)
    header = image.index(bytes.fromhex("37e45396c9dbd607")) + 8
    write("zisofs-lies", patched(image, header, b"\1"), "A packed file whose two sizes differ.\nNo device reads it.",
          parts={**parts, "packed": {"kind": "file"}}, findings=("malformed",))

    # damage, each caught by one check
    sound, parts = pack(small, *XORRISO)
    at = record(sound, b"README.TXT;1")
    write("numbers", patched(sound, at + 14, b"\0\0\0\1"), "The two forms of a size differ.\nProgrammes that take the other one see another file.", parts=parts, findings=("contradiction",))
    joliet = record(sound, "README.TXT".encode("utf-16-be"))
    kernel = record(sound, b"KERNEL.IMG;1")
    swapped = patched(sound, joliet + 2, sound[kernel + 2 : kernel + 18])
    write("joliet-differs", swapped, "In the tree of Joliet a name leads to another file.\nWindows and Linux see different content.", parts=parts, findings=("contradiction",))
    udf = bridge.index(b"\x08README.TXT")
    renamed = patched(bridge, udf + 1, b"readme.txt")
    start = next(udf - each for each in range(38, 60) if bridge[udf - each : udf - each + 2] == b"\x01\x01")
    write("udf-differs", tagged(renamed, start), "In the tree of UDF a file has another name.\nA player sees what a computer does not.",
          parts=pack(small, *GENISOIMAGE, "-R", "-J", "-udf")[1], findings=("contradiction",))
    table = 2048 * struct.unpack_from("<I", sound, 16 * SECTOR + 140)[0]
    write("path-table", patched(sound, table + 12, b"\x19"), "A path table leads to another folder.\nOld systems find folders by it.", parts=parts, findings=("contradiction",))
    crossed = patched(sound, at + 2, u32(struct.unpack_from("<I", sound, kernel + 2)[0] + 1))
    stated = {**parts, "README.TXT": {"kind": "file", "size": 8}}
    gone = 2048 * struct.unpack_from("<I", sound, at + 2)[0]
    assert sound[gone : gone + 8] == b"read me\n"
    write("crossed", crossed, "A file begins within another one.\nJoliet shows it where it was.", parts=stated, findings=("contradiction", "overlap"))
    boot = record(sound, b"BOOT")
    root = struct.unpack_from("<I", sound, 16 * SECTOR + 158)[0]
    write("cycle", patched(sound, boot + 2, u32(root)), "A folder that is its own root.\nAn unwary reader would never end.",
          parts={**{path: each for path, each in parts.items() if not path.startswith("boot/")}, "gap-0": {"kind": "gap"}}, findings=("contradiction", "cycle", "unread-bytes"))
    name = sound.index(b"NM", at)
    climb = patched(sound, name + 5, b"../../.TXT")
    write("hostile-name", climb, "A name that climbs.\nIt would lead out of its folder where names are joined.",
          parts={**{path: each for path, each in parts.items() if path != "README.TXT"}, "..%2F..%2F.TXT": parts["README.TXT"]}, findings=("contradiction", "hostile-name"))
    owner = sound.index(b"PX", at)
    suid = {**parts, "README.TXT": {**parts["README.TXT"], "mode": "4755"}}
    write("set-user-id", patched(sound, owner + 4, u32(0o104755)), "A file made to run as its owner.\nNothing but its mode tells.", parts=suid)
    packed = patched(sound, sound.index(b"TF", at), b"ZF")
    write("packed", packed, "A file that says it is packed.\nLinux would unpack it.", parts={**parts, "README.TXT": {"kind": "file", "size": 8}}, findings=("unsupported",))
    behind = patched(sound, gone + 100, b"smuggled")
    write("slack", behind, "Data behind the end of a file.\nNo ordinary program reads it.", parts={**parts, "gap-0": {"kind": "gap"}}, findings=("unread-bytes",))
    write("descriptor", patched(sound, 16 * SECTOR + 1500, b"smuggled"), "Data behind the fields of the volume descriptor.\nNo ordinary program reads it.", parts=parts, findings=("hidden-content",))
    write("catalogue", patched(booting, catalogue + 5, b"x"), "A byte of the boot catalogue changed.\nIts sum tells.",
          parts={**started, "boot.catalog": {"kind": "file"}}, findings=("checksum-mismatch",))
    write("truncated", sound[: gone + 4], "An image cut short within a file.\nWhat is there is read.", parts={**parts, "README.TXT": {"kind": "file"}, "gap-0": gap(b"read")},
          findings=("malformed", "truncated", "unread-bytes"))
    write("malformed", sound[: 17 * SECTOR + 100], "Descriptors that do not end.\nNot a disc.", findings=("malformed",))


if __name__ == "__main__":
    main()
