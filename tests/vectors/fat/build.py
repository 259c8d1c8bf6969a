"""Builds the FAT vectors with mkfs.fat 4.2 and mtools 4.0; run it again and nothing changes.

What is expected comes from the tree described here, never from a reader. Damage is done to the bytes of a sound image.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from case import gap, patched, region, write

from tree import THEN, noise

ENV = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": str(THEN), "MTOOLS_SKIP_CHECK": "1"}
FOLDERS = ("BOOT", "efi", "efi/A folder with a long name")
FILES = {
    "BOOT/KERNEL.BIN": noise(700, "kernel"),
    "BOOT/cmdline.txt": b"console=ttyS0 root=/dev/mmcblk0p2\n",
    "efi/A folder with a long name/файл.txt": "содержание\n".encode(),
    "efi/empty": b"",
    "Mixed Case Name.config": noise(300, "config"),
    "SPREAD.BIN": noise(1600, "spread"),
}


class Made:
    """An image, and what a reader should find in it."""

    def __init__(self, bits: int, kilobytes: int, code: int, *more: str) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            image = str(folder / "image")

            def run(*command: str) -> None:
                subprocess.run(command, check=True, env=ENV, cwd=folder, capture_output=True)

            run("mkfs.fat", "--invariant", "-F", str(bits), "-s", "1", "-n", "VECTOR", "-C", image, str(kilobytes))
            for path in FOLDERS:
                run("mmd", "-i", image, f"::{path}")
            for path, data in FILES.items():
                (folder / "file").write_bytes(data)
                os.utime(folder / "file", (THEN, THEN))
                run("mcopy", "-m", "-i", image, "file", f"::{path}")
            run("mattrib", "-i", image, "+r", "+h", "+s", "::BOOT/KERNEL.BIN")
            for command in more:
                run(*command.format(image=image).split())
            self.data = Path(image).read_bytes()
        self.parts: dict[str, dict[str, object]] = {path: {"kind": "directory"} for path in FOLDERS}
        for path, data in FILES.items():
            self.parts[path] = {**region(data), "kind": "file", "mtime": THEN}
        self.parts["BOOT/KERNEL.BIN"]["facts"] = {"attributes": "read-only hidden system"}
        self.parts["Mixed Case Name.config"]["facts"] = {"short-name": "MIXEDC~1.CON"}
        self.parts["efi/A folder with a long name"]["facts"] = {"short-name": "AFOLDE~1"}
        self.parts["efi/A folder with a long name/файл.txt"]["facts"] = {"short-name": "____.TXT"}
        self.parts["boot-code"] = region(self.data[code:510])
        self.facts = {"bits": str(bits), "jump": self.data[:3].hex(), "label": "VECTOR"}

    def without(self, *paths: str) -> dict[str, dict[str, object]]:
        return {path: stated for path, stated in self.parts.items() if path not in paths}


def tables(data: bytes) -> tuple[int, int]:
    """Return where the two allocation tables are."""
    start, size = int.from_bytes(data[14:16], "little") * 512, int.from_bytes(data[22:24], "little") * 512
    return start, start + size


def linked(data: bytes, *links: tuple[int, int]) -> bytes:
    """Set numbers in both tables of a FAT16 image."""
    for number, value in links:
        for table in tables(data):
            data = patched(data, table + 2 * number, value.to_bytes(2, "little"))
    return data


def entry(data: bytes, short: bytes) -> int:
    """Return where the entry with a short name is."""
    return data.index(short)


def first_cluster(data: bytes, short: bytes) -> int:
    at = entry(data, short) + 26
    return int.from_bytes(data[at : at + 2], "little")


def cluster_offset(data: bytes, number: int) -> int:
    """Return where a cluster of a FAT16 image is."""
    return tables(data)[1] * 2 - tables(data)[0] + 512 * 32 + (number - 2) * 512


def main() -> None:
    made = Made(12, 160, 62)
    write("fat12", made.data, "FAT12: names long and short, folders, attributes.\nA genuine image.", parts=made.parts, facts=made.facts)
    made = Made(32, 33_600, 90)
    write("fat32", made.data, "FAT32: the root folder is a chain, the boot sector has a copy.\nA genuine image.", parts=made.parts, facts=made.facts)

    made = Made(16, 2200, 62)
    sound, parts = made.data, made.parts
    write("fat16", sound, "FAT16: as FAT12, with numbers of 16 bits.\nA genuine image.", parts=parts, facts=made.facts)

    kernel, spread = first_cluster(sound, b"KERNEL  BIN"), first_cluster(sound, b"SPREAD  BIN")
    other = patched(sound, tables(sound)[1] + 2 * kernel, b"\xff\xff")
    table = other[slice(tables(sound)[1], 2 * tables(sound)[1] - tables(sound)[0])]
    write("tables", other, "The second allocation table ends a file early.\nPrograms that take the second one see less of it.",
          parts={**parts, "gap-0": gap(table.rstrip(b"\0"))}, findings=("contradiction", "unread-bytes"))

    at = entry(sound, b"MIXEDC~1CON")
    plain = {key: value for key, value in parts["Mixed Case Name.config"].items() if key != "facts"}
    stated = {**made.without("Mixed Case Name.config"), "MIXEDC~1.COM": plain}
    write("name-checksum", patched(sound, at + 8, b"COM"), "A short name altered, the long one left.\nThe long name's checksum tells that it is not of this entry.",
          parts=stated, findings=("checksum-mismatch",))
    stated = {**made.without("Mixed Case Name.config"), "MIXEDC~1.CON": plain}
    write("orphan", patched(sound, at - 32, b"\2"), "The part of a long name next to its entry has the wrong number.\nPrograms show the short name; both parts are nobody's.",
          parts=stated, findings=("contradiction",))
    write("deleted", Made(16, 2200, 62, "mdel -i {image} ::SPREAD.BIN").data, "A file deleted by mdel.\nIts entry and its content are still there.",
          parts=made.without("SPREAD.BIN"), findings=("hidden-content",))
    slack = cluster_offset(sound, spread) + 1600
    write("slack", patched(sound, slack + 5, b"smuggled"), "Data behind the end of a file, in its last cluster.\nNo ordinary program reads it.", parts=parts, findings=("hidden-content",))
    write("free", patched(sound, cluster_offset(sound, 4000), b"smuggled"), "Data in a free cluster.\nNo ordinary program reads it.", parts=parts, findings=("hidden-content",))
    write("lost", linked(sound, (4000, 4001), (4001, 0xFFFF)), "Two clusters in use that no file has.\nNo ordinary program reads them.", parts=parts, findings=("hidden-content",))
    crossed = linked(sound, (spread, kernel + 1))
    stated = {**parts, "SPREAD.BIN": {"kind": "file"}}
    write("crossed", crossed, "The chain of a file goes on in another file, and ends too early for it.\nThe first file's content is no longer certain to be its own.",
          parts=stated, findings=("hidden-content", "malformed", "overlap"))
    write("loop", linked(sound, (spread + 3, spread + 1)), "The chain of a file leads back into itself.\nAn unwary reader would never end.",
          parts=parts, findings=("cycle",))
    efi = entry(sound, b"AFOLDE~1   ")
    above = first_cluster(sound, b"EFI        ")
    stated = made.without("efi/A folder with a long name/файл.txt")
    write("folder-cycle", patched(sound, efi + 26, above.to_bytes(2, "little")), "A folder in a folder that is the folder above.\nAn unwary reader would never end.",
          parts=stated, findings=("cycle", "hidden-content"))
    end = sound.index(bytes(32), entry(sound, b"SPREAD  BIN"))
    ghost = patched(sound[:end] + bytes(32) + sound[end + 32 :], end + 32, b"GHOST   SH \x20" + bytes(14) + spread.to_bytes(2, "little") + b"\x08\0\0\0")
    write("behind-end", ghost, "An entry behind the end of the root folder.\nLinux shows it, Windows and mtools do not.", parts=parts, findings=("contradiction", "hidden-content"))
    spot = entry(sound, b"SPREAD  BIN")
    write("twins", patched(sound, spot, b"BOOT       "), "A file with the name of a folder.\nWhich one counts depends on who looks.",
          parts={**made.without("SPREAD.BIN"), "BOOT": parts["SPREAD.BIN"]}, findings=("duplicate-path",))
    write("hostile-name", patched(sound, spot, b"../../X SH "), "A name that climbs.\nIt would lead out of its folder where names are joined.",
          parts={**made.without("SPREAD.BIN"), "..%2F..%2FX.SH": parts["SPREAD.BIN"]}, findings=("hostile-name",))
    write("label", patched(sound, spot + 11, b"\x08"), "A file that says it is a label.\nNo program shows it, and its content stays where it is.",
          parts=made.without("SPREAD.BIN"), findings=("hidden-content",))
    write("attributes", patched(sound, spot + 11, b"\xa0"), "An attribute nobody has heard of.\nA device may give it a meaning.", parts=parts, findings=("reserved-bits",))
    write("kind", patched(sound, 54, b"FAT12   "), "The boot sector calls a FAT16 a FAT12.\nBoot loaders go by the name, systems by the number of clusters.",
          parts=parts, facts=made.facts, findings=("contradiction",))
    cut = cluster_offset(sound, spread) + 1024
    write("truncated", sound[:cut], "An image cut short within a file.\nWhat is there is read.", parts={**parts, "SPREAD.BIN": {"kind": "file"}}, findings=("malformed", "truncated"))
    write("malformed", patched(sound, 17, bytes(2)), "A FAT16 without a root folder.\nNot a file system.", findings=("malformed",))


if __name__ == "__main__":
    main()
