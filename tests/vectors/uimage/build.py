"""Builds the uImage vectors with U-Boot's own mkimage (u-boot-tools 2023.01); run it again and nothing changes."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

KERNEL = b"not a kernel, but it could be one\n" * 3
RAMDISK = b"a ramdisk in name only"
SCRIPT = b"setenv bootargs console=ttyS0\nboot\n"
FACTS = {
    "name": "Vector",
    "os": "linux",
    "arch": "mips",
    "compression": "none",
    "load": "0x80060000",
    "entry": "0x80060400",
}


def mkimage(kind: str, *files: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for index, data in enumerate(files):
            names.append(f"file{index}")
            (Path(folder) / names[-1]).write_bytes(data)
        command = ["mkimage", "-A", "mips", "-O", "linux", "-T", kind, "-C", "none", "-n", "Vector"]
        command += ["-a", "80060000", "-e", "80060400", "-d", ":".join(names), "out"]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return (Path(folder) / "out").read_bytes()


def with_header_crc(data: bytes) -> bytes:
    data = patched(data, 4, bytes(4))
    return patched(data, 4, pack(">I", crc32(data[:64])))


kernel = mkimage("kernel", KERNEL)
multi = mkimage("multi", KERNEL, RAMDISK)
kernel_facts, multi_facts = {**FACTS, "type": "kernel"}, {**FACTS, "type": "multi"}
payload = {"payload": region(KERNEL)}
files = {"payload-0": region(KERNEL), "payload-1": region(RAMDISK)}

write(
    "kernel", kernel, "A kernel image from mkimage: one payload, both checksums fit.", parts=payload, facts=kernel_facts
)
write(
    "multi",
    multi,
    "Two files behind a table of sizes, the first filled up to four bytes.",
    parts=files,
    facts=multi_facts,
)
write(
    "script",
    mkimage("script", SCRIPT),
    "A boot script: a table with one size, then the text.",
    parts={"payload-0": region(SCRIPT)},
    facts={**FACTS, "type": "script"},
)
write(
    "header-changed",
    patched(kernel, 17, b"\x61"),
    "The load address was changed and the header's checksum was not.",
    parts=payload,
    facts={**kernel_facts, "load": "0x80610000"},
    findings=["checksum-mismatch"],
)
write(
    "payload-changed",
    patched(kernel, 70, b"K"),
    "One byte of the payload was changed and its checksum was not.",
    parts={"payload": region(patched(KERNEL, 6, b"K"))},
    facts=kernel_facts,
    findings=["checksum-mismatch"],
)
write(
    "load-recomputed",
    with_header_crc(patched(kernel, 17, b"\x61")),
    "The load address was changed with care: only the fact tells it from the genuine one.",
    parts=payload,
    facts={**kernel_facts, "load": "0x80610000"},
)
write(
    "truncated",
    kernel[:100],
    "The download broke off within the payload.",
    parts={"payload": region(KERNEL[:36])},
    facts=kernel_facts,
    findings=["truncated"],
)
write(
    "trailing",
    kernel + b"something behind the end",
    "Bytes behind the end that the header knows nothing of.",
    parts={**payload, "gap-0": gap(b"something behind the end")},
    facts=kernel_facts,
    findings=["unread-bytes"],
)
broken = b"\1\2\3\4" * 4
endless = (
    kernel[:12] + pack(">I", 16) + kernel[16:24] + pack(">I", crc32(broken)) + kernel[28:30] + b"\x04" + kernel[31:64]
)
write(
    "endless-table",
    with_header_crc(endless) + broken,
    "A multi-file image whose table of sizes does not end; its checksums fit.",
    parts={"gap-0": gap(broken)},
    facts=multi_facts,
    findings=["malformed", "unread-bytes"],
)
write("short", kernel[:63], "One byte short of a header.")
