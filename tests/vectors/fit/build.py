"""Builds the FIT vectors with U-Boot's own mkimage and dtc; run it again and nothing changes."""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack, unpack_from
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

KERNEL = b"not a kernel, but it could be one\n" * 3
RAMDISK = b"a ramdisk in name only"
SOURCE = """/dts-v1/;
/ {
    description = "Vector";
    #address-cells = <1>;
    images {
        kernel-1 {
            description = "Kernel";
            data = /incbin/("kernel");
            type = "kernel"; arch = "mips"; os = "linux"; compression = "none"; load = <0x80060000>; entry = <0x80060400>;
            hash-1 { algo = "sha256"; };
            hash-2 { algo = "crc32"; };
        };
        ramdisk-1 {
            data = /incbin/("ramdisk");
            type = "ramdisk"; arch = "mips"; os = "linux"; compression = "none";
            hash-1 { algo = "sha1"; };
            hash-2 { algo = "md5"; };
            hash-3 { algo = "sha384"; };
            hash-4 { algo = "sha512"; };
        };
    };
    configurations {
        default = "conf-1";
        conf-1 { kernel = "kernel-1"; ramdisk = "ramdisk-1"; };
    };
};
"""
NODES = (
    "",
    "images",
    "images/kernel-1",
    "images/kernel-1/hash-1",
    "images/kernel-1/hash-2",
    "images/ramdisk-1",
    *(f"images/ramdisk-1/hash-{number}" for number in range(1, 5)),
    "configurations",
    "configurations/conf-1",
)
FACTS = {
    "boot-cpu": "0",
    "order": hashlib.sha256("\n".join(NODES).encode()).hexdigest(),
    "description": "Vector",
    "#address-cells": "<0x1>",
    "configurations/default": "conf-1",
    "configurations/conf-1/kernel": "kernel-1",
    "configurations/conf-1/ramdisk": "ramdisk-1",
}
KERNEL_FACTS = {
    "arch": "mips",
    "compression": "none",
    "description": "Kernel",
    "entry": "<0x80060400>",
    "hash-1/algo": "sha256",
    "hash-2/algo": "crc32",
    "load": "<0x80060000>",
    "os": "linux",
    "type": "kernel",
}


def mkimage(*options: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("kernel", KERNEL), ("ramdisk", RAMDISK), ("source.its", SOURCE.encode())):
            (Path(folder) / name).write_bytes(data)
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        command = ["mkimage", *options, "-f", "source.its", "out"]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return (Path(folder) / "out").read_bytes()


inside, outside = mkimage(), mkimage("-E")
parts: Parts = {"kernel-1": {**region(KERNEL), "facts": KERNEL_FACTS}, "ramdisk-1": region(RAMDISK)}

write(
    "inside",
    inside,
    "Two images inside the tree with hashes of every kind, and a configuration.",
    parts=parts,
    facts=FACTS,
)
write("outside", outside, "The same with the data behind the tree (mkimage -E).", parts=parts, facts=FACTS)
write(
    "placed",
    mkimage("-E", "-p", "0x800"),
    "The same with the data at a fixed place (mkimage -E -p).",
    parts=parts,
    facts=FACTS,
)
at = inside.index(KERNEL)
changed = patched(KERNEL, 0, b"N")
with_values = {
    **KERNEL_FACTS,
    "hash-1/value": "<" + " ".join(f"{word:#x}" for word in unpack_from(">8I", hashlib.sha256(KERNEL).digest())) + ">",
    "hash-2/value": f"<{crc32(KERNEL):#x}>",
}
write(
    "kernel-changed",
    patched(inside, at, b"N"),
    "One byte of the kernel was changed and its hashes were not.",
    parts={**parts, "kernel-1": {**region(changed), "facts": with_values}},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
offset = outside.index(b"data-offset\0")
(strings,) = unpack_from(">I", outside, 12)
places = [at for at in range(56, strings) if outside[at : at + 12] == pack(">III", 3, 4, offset - strings)]
write(
    "shared",
    patched(outside, places[1] + 12, pack(">I", 4)),
    "The ramdisk is said to begin within the kernel.",
    parts={"kernel-1": region(KERNEL), "ramdisk-1": region(KERNEL[4 : 4 + len(RAMDISK)]), "gap-0": {"kind": "gap"}},
    facts=FACTS,
    findings=["checksum-mismatch", "overlap", "unread-bytes"],
)
write(
    "truncated",
    outside[: len(outside) - 10],
    "The download broke off within the last image.",
    parts={"kernel-1": region(KERNEL), "ramdisk-1": {"kind": "region"}},
    findings=["checksum-mismatch", "truncated"],
)
write(
    "endless",
    patched(inside, inside.index(pack(">II", 2, 9)), pack(">II", 4, 4)),
    "A tree that does not end.",
    findings=["malformed"],
)
