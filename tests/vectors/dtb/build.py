"""Builds the device tree vectors with dtc 1.6; run it again and nothing changes."""

import hashlib
import subprocess
import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, write

SOURCE = """/dts-v1/;
/memreserve/ 0x1000 0x2000;
/ {
    model = "Vector Board";
    compatible = "vector,board", "vector,soc";
    #size-cells = <1>;
    chosen { bootargs = "console=ttyS0"; };
    cpus { cpu@0 { reg = <0>; status; }; };
};
"""
ORDER = hashlib.sha256(b"\nchosen\ncpus\ncpus/cpu@0").hexdigest()
FACTS = {
    "boot-cpu": "0",
    "reserved-0": "0x1000+0x2000",
    "model": "Vector Board",
    "compatible": '"vector,board", "vector,soc"',
    "order": ORDER,
}


def file(data: bytes) -> dict[str, object]:
    return {"kind": "file", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


PARTS: Parts = {
    "model": file(b"Vector Board\0"),
    "compatible": file(b"vector,board\0vector,soc\0"),
    "#size-cells": file(pack(">I", 1)),
    "chosen": {"kind": "directory"},
    "chosen/bootargs": file(b"console=ttyS0\0"),
    "cpus": {"kind": "directory"},
    "cpus/cpu@0": {"kind": "directory"},
    "cpus/cpu@0/reg": file(bytes(4)),
    "cpus/cpu@0/status": file(b""),
}
board = subprocess.run(["dtc", "-q", "-O", "dtb"], input=SOURCE.encode(), check=True, capture_output=True).stdout

write(
    "board", board, "A small board: strings, cells, an empty property, a memory reservation.", parts=PARTS, facts=FACTS
)
write(
    "bootargs",
    board.replace(b"console=ttyS0", b"init=/bin/sh\0"),
    "The kernel's command line was changed in place.",
    parts={**PARTS, "chosen/bootargs": file(b"init=/bin/sh\0\0")},
    facts=FACTS,
)
write(
    "twice",
    board.replace(b"#size-cells", b"compatible\0"),
    "A property that stands twice; programs take the first or the last.",
    parts={path: part for path, part in PARTS.items() if path != "#size-cells"},
    facts=FACTS,
    findings=["duplicate-path"],
)
write(
    "trailing",
    board + b"behind the tree",
    "Bytes behind the tree.",
    parts={**PARTS, "gap-0": gap(b"behind the tree")},
    facts=FACTS,
    findings=["unread-bytes"],
)
write(
    "endless",
    patched(board, board.index(pack(">III", 2, 2, 9)) + 8, pack(">I", 4)),
    "A tree that does not end.",
    findings=["malformed"],
)
write("size", patched(board, 4, pack(">I", 64)), "A total size that does not hold the blocks.")
