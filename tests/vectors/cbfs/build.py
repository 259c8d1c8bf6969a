"""Builds the CBFS vectors with coreboot's cbfstool (4.15); run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

CONFIG, LOGO, BLOCK = b"config text " * 40, b"a picture in name only", b"B" * 300
ATTRIBUTES = (("config", CONFIG, "raw", ["-c", "lzma"]), ("pictures/logo.bmp", LOGO, "bootsplash", ["-A", "sha256"]))


def cbfs(*, boot_block: bool) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        here.joinpath("block").write_bytes(BLOCK)
        if boot_block:
            create = ["-m", "x86", "-s", "4096", "-B", "block"]
        else:
            here.joinpath("flash.fmd").write_text("FLASH@0 8K {\n FMAP@0 1K\n COREBOOT(CBFS)@4K 4K\n}\n")
            subprocess.run(["fmaptool", "flash.fmd", "flash.fmap"], cwd=here, check=True, capture_output=True)
            create = ["-M", "flash.fmap"]
        subprocess.run(["cbfstool", "flash", "create", *create], cwd=here, check=True, capture_output=True)
        for name, data, kind, more in ATTRIBUTES:
            here.joinpath("file").write_bytes(data)
            command = ["cbfstool", "flash", "add", "-f", "file", "-n", name, "-t", kind, *more]
            subprocess.run(command, cwd=here, check=True, capture_output=True)
        return here.joinpath("flash").read_bytes()[0 if boot_block else 4096 :]


def file(data: bytes) -> dict[str, object]:
    return {**region(data), "kind": "file"}


new, old = cbfs(boot_block=False), cbfs(boot_block=True)
files: Parts = {"pictures": {"kind": "directory"}, "config": file(CONFIG), "pictures/logo.bmp": file(LOGO)}
write("files", new, "A file packed by LZMA, one with a digest, and free space.", parts=files, facts={})
header = old.rindex(b"ORBC")
older: Parts = {
    **files,
    "master-header": region(old[header : header + 32]),
    "bootblock": region(old[header + 32 :]),
}
write("older", old, "An image with a master header and a boot block at its end.", parts=older, facts={})
at = new.index(LOGO)
write(
    "changed",
    patched(new, at, b"the"),
    "A file with a digest was changed.",
    parts={**files, "pictures/logo.bmp": file(b"the" + LOGO[3:])},
    facts={},
    findings=["checksum-mismatch"],
)
hidden = patched(new, 0x800, b"in free space")
write(
    "hidden",
    hidden,
    "Bytes in the free space.",
    parts={**files, "gap-0": gap(b"in free space")},
    facts={},
    findings=["unread-bytes"],
)
size = patched(new, new.index(b"LARCHIVE", 8) + 8, pack(">I", 0x100000))
second = new.index(b"LARCHIVE", 8)
write(
    "size",
    size,
    "The second file is said to be longer than the image.",
    parts={"config": file(CONFIG), "gap-0": {"kind": "gap"}},
    facts={},
    findings=["malformed", "unread-bytes"],
)
write("first", patched(new, 20, pack(">I", 4)), "The data of the first file are said to begin in its header.")
