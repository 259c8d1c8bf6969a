"""Builds the exFAT vectors with mkfs.exfat (exfatprogs 1.2) and exfat-fuse 1.3, as root; run it again and nothing changes.

What is expected comes from the tree described here, never from a reader. The driver stamps the time of the day: times are set to
one moment afterwards, with the checksum of each set of entries. Damage is done to the bytes of a sound image.
"""

import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from case import patched, region, write

from tree import THEN, noise

MOMENT = struct.pack("<HH", 22 << 11 | 13 << 5 | 20 // 2, (2023 - 1980) << 9 | 11 << 5 | 14)
"""14 November 2023, 22:13:20, which is `THEN` in UTC."""
FOLDERS = ("boot", "boot/A folder with a long name, of more than fifteen characters")
FILES = {
    "boot/kernel.bin": noise(600, "kernel"),
    "boot/A folder with a long name, of more than fifteen characters/файл.txt": "содержание\n".encode(),
    "empty": b"",
    "config.txt": b"arm_64bit=1\n",
    "spread.bin": noise(100, "spread") * 25,
}


def make() -> bytes:
    """Return the sound image."""
    with tempfile.TemporaryDirectory() as place:
        image, root = Path(place) / "image", Path(place) / "root"
        root.mkdir()
        image.write_bytes(bytes(1 << 20))

        def run(*command: str) -> str:
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

        run("mkfs.exfat", "-L", "Vector", "-c", "1024", "-b", "1024", "--pack-bitmap", str(image))
        run("tune.exfat", "-I", "0x12345678", str(image))
        device = run("losetup", "-f", "--show", str(image))
        try:
            run("mount.exfat-fuse", device, str(root))
            try:
                for path in FOLDERS:
                    (root / path).mkdir()
                for path, data in FILES.items():
                    if path == "spread.bin":  # in two pieces, with another file between them
                        with (root / path).open("wb") as file:
                            file.write(data[:1024])
                            file.flush()
                            (root / "between").write_bytes(b"between")
                            file.write(data[1024:])
                    else:
                        (root / path).write_bytes(data)
                for path in root.rglob("*"):
                    os.utime(path, (THEN, THEN))
            finally:
                run("umount", str(root))
        finally:
            run("losetup", "-d", device)
        return settled(image.read_bytes())


def sum16(data: bytes) -> int:
    total = 0
    for byte in data:
        total = ((total & 1) << 15 | total >> 1) + byte & 0xFFFF
    return total


def sets(data: bytes) -> list[int]:
    """Return where sets of entries for files are."""
    return [at for at in range(0, len(data), 32) if data[at] == 0x85 and data[at + 32] == 0xC0 and data[at + 64] == 0xC1]


def summed(data: bytes, at: int) -> bytes:
    """Return the image with the checksum of the set at `at` made to fit."""
    size = 32 * (data[at + 1] + 1)
    total = sum16(data[at : at + 2] + data[at + 4 : at + size])
    return patched(data, at + 2, struct.pack("<H", total))


def settled(data: bytes) -> bytes:
    """Return the image with all times set to one moment; where a file was written past, nothing is left of older states."""
    for at in sets(data):
        data = patched(data, at + 8, MOMENT * 3 + bytes(2) + b"\x80" * 3)
        data = summed(data, at)
    return data


def where(data: bytes, name: str) -> int:
    """Return where the set of a file is."""
    raw = name.encode("utf-16-le")[:30]
    return next(at for at in sets(data) if data[at + 66 : at + 66 + len(raw)] == raw)


def edited(data: bytes, name: str, offset: int, value: bytes) -> bytes:
    """Return the image with bytes of a set replaced, and its checksum made to fit."""
    at = where(data, name)
    return summed(patched(data, at + offset, value), at)


def cluster(data: bytes, name: str) -> int:
    return int(struct.unpack_from("<I", data, where(data, name) + 52)[0])


def main() -> None:
    sound = make()
    table, heap = (512 * each for each in struct.unpack_from("<I4xI", sound, 80))
    count = struct.unpack_from("<I", sound, 92)[0]

    def place(number: int) -> int:
        return heap + 1024 * (number - 2)

    parts: dict[str, dict[str, object]] = {path: {"kind": "directory", "mtime": THEN} for path in FOLDERS}
    for path, data in (*FILES.items(), ("between", b"between")):
        parts[path] = {**region(data), "kind": "file", "mtime": THEN}
    parts["boot-code"] = region(sound[120:510])
    facts = {"jump": "eb7690", "label": "Vector"}

    def without(*paths: str) -> dict[str, dict[str, object]]:
        return {path: stated for path, stated in parts.items() if path not in paths}

    write("whole", sound, "Files in one piece and in two, long names, folders.\nA genuine image.", parts=parts, facts=facts)
    hidden = edited(sound, "config.txt", 4, b"\x27\0")
    write("attributes", hidden, "A file that is read-only, hidden and of the system.\nA genuine image.",
          parts={**parts, "config.txt": {**parts["config.txt"], "facts": {"attributes": "read-only hidden system"}}})
    write("zone", edited(sound, "config.txt", 22, b"\x80\x84\x80"), "A file modified in a zone an hour ahead of UTC.\nA genuine image.",
          parts={**parts, "config.txt": {**parts["config.txt"], "mtime": THEN - 3600}})
    shorter = edited(sound, "spread.bin", 40, struct.pack("<Q", 1000))
    cut = {**region(FILES["spread.bin"][:1000] + bytes(1500)), "kind": "file"}
    write("written", shorter, "Of a file of 2,500 bytes only 1,000 were written.\nThe rest reads as zeros, whatever the clusters hold.",
          parts={**parts, "spread.bin": cut}, findings=("hidden-content",))

    write("boot-checksum", patched(sound, 120, b"\x90"), "A byte of the boot code changed.\nThe checksum of the region tells, and its copy differs.",
          parts={**parts, "boot-code": region(b"\x90" + sound[121:510]), "gap-0": {"kind": "gap"}},
          findings=("checksum-mismatch", "contradiction", "unread-bytes"))
    upcase = sound.index(b"\x82\0\0\0", heap)
    first = place(struct.unpack_from("<I", sound, upcase + 20)[0])
    write("capitals", patched(sound, first + 0x100, b"\x81"), "A letter has another capital.\nThe checksum of the table tells.", parts=parts, findings=("checksum-mismatch",))
    at = where(sound, "config.txt")
    write("set-checksum", patched(sound, at + 8, b"\x01"), "A time changed.\nThe checksum of the entries tells.", parts=parts, findings=("checksum-mismatch",))
    write("name-hash", edited(sound, "config.txt", 36, b"\1\2"), "The hash of a name is another's.\nA device would list the file and not find it.", parts=parts, findings=("contradiction",))
    bitmap = sound.index(b"\x81\0\0\0", heap)
    bits = place(struct.unpack_from("<I", sound, bitmap + 20)[0])
    number = cluster(sound, "config.txt") - 2
    free = patched(sound, bits + number // 8, bytes([sound[bits + number // 8] & ~(1 << number % 8)]))
    write("marked-free", free, "The bitmap calls the cluster of a file free.\nThe next file that is written would go there.", parts=parts, findings=("contradiction",))
    lost = patched(sound, bits + (count - 20) // 8, b"\x0f")
    write("lost", lost, "Four clusters in use that no file has.\nNo ordinary program reads them.", parts=parts, findings=("hidden-content",))
    write("free", patched(sound, place(count - 30), b"smuggled"), "Data in a free cluster.\nNo ordinary program reads it.", parts=parts, findings=("hidden-content",))
    write("slack", patched(sound, place(cluster(sound, "config.txt")) + 300, b"smuggled"), "Data behind the end of a file.\nNo ordinary program reads it.", parts=parts, findings=("hidden-content",))
    write("deleted", edited(sound, "config.txt", 0, b"\x05"), "The first entry of a file is not in use, and those that follow are.\nWhoever skips it finds entries that belong to nothing.",
          parts=without("config.txt"), findings=("hidden-content", "malformed"))
    gone = sound
    for offset, kind in ((0, b"\x05"), (32, b"\x40"), (64, b"\x41")):
        gone = patched(gone, at + offset, kind)
    write("gone", gone, "A file that was deleted, its cluster still marked.\nIts entry and its content are there.", parts=without("config.txt"), findings=("hidden-content",))

    kernel, spread = cluster(sound, "kernel.bin"), cluster(sound, "spread.bin")
    crossed = edited(sound, "config.txt", 52, struct.pack("<I", kernel))
    stated = {**region(FILES["boot/kernel.bin"][:12]), "kind": "file"}
    write("crossed", crossed, "Two files have one cluster.\nWriting to one changes the other.", parts={**parts, "config.txt": stated}, findings=("hidden-content", "overlap"))
    second = struct.unpack_from("<I", sound, table + 4 * spread)[0]
    loop = patched(sound, table + 4 * second, struct.pack("<I", spread))
    write("loop", loop, "The chain of a file leads back into itself.\nAn unwary reader would never end.", parts={**parts, "spread.bin": {"kind": "file"}},
          findings=("cycle", "hidden-content", "malformed"))
    inner = FOLDERS[1].rpartition("/")[2]
    cycle = edited(sound, inner, 52, struct.pack("<I", cluster(sound, "boot")))
    write("folder-cycle", cycle, "A folder in a folder that is the folder above.\nAn unwary reader would never end.",
          parts=without(next(path for path in parts if path.endswith("файл.txt"))), findings=("cycle", "hidden-content"))
    twins = edited(sound, "between", 66, "EMPTY".encode("utf-16-le") + bytes(4))
    twins = edited(patched(twins, where(twins, "EMPTY") + 35, b"\5"), "EMPTY", 36, sound[where(sound, "empty") + 36 :][:2])
    write("twins", twins, "Two names that differ only in case.\nWhich one counts depends on who looks.", parts={**without("between"), "EMPTY": parts["between"]}, findings=("duplicate-path",))
    climb = edited(sound, "config.txt", 66, "../../.txt".encode("utf-16-le"))
    climb = edited(climb, "../../.txt", 36, struct.pack("<H", sum16("../../.TXT".encode("utf-16-le"))))
    write("hostile-name", climb, "A name that climbs.\nIt would lead out of its folder where names are joined.",
          parts={**without("config.txt"), "..%2F..%2F.txt": parts["config.txt"]}, findings=("hostile-name",))
    write("truncated", sound[: place(spread) + 600], "An image cut short within a file.\nWhat is there is read.",
          parts={**parts, "spread.bin": {"kind": "file"}, "between": {"kind": "file"}}, findings=("malformed", "truncated"))
    copied = 12 * 512
    write("malformed", patched(patched(sound, 92, b"\xff\xff\xff\xff"), copied + 92, b"\xff\xff\xff\xff"), "More clusters than there is room for.\nNot a file system.", findings=("malformed",))
    write("version", patched(patched(sound, 105, b"\2"), copied + 105, b"\2"), "A version nobody has heard of.\nReading it would be guessing.", findings=("unsupported",))


if __name__ == "__main__":
    main()
