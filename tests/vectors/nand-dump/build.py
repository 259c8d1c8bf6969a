"""Builds the vectors of NAND dumps: images of ubinize 2.1.5 and mkfs.jffs2, spare bytes woven in; run it again and nothing changes.

The error correction is that of no controller: bytes that depend on those of the page.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

from tree import Tree

KERNEL = b"".join(b"line %d of a kernel\n" % number for number in range(900))
ROOTFS = b"".join(b"file %d\n" % number for number in range(900))
VOLUMES = """
[a]
mode=ubi
image=kernel
vol_id=0
vol_type=static
vol_name=kernel
[b]
mode=ubi
image=rootfs
vol_id=1
vol_type=dynamic
vol_name=rootfs
vol_size=40KiB
"""


def ubinize(page: int) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        for name, data in (("kernel", KERNEL), ("rootfs", ROOTFS)):
            (Path(place) / name).write_bytes(data)
        (Path(place) / "volumes.ini").write_text(VOLUMES)
        command = ["ubinize", "-o", "image", "-m", str(page), "-p", "16KiB", "-Q", "7", "volumes.ini"]
        subprocess.run(command, check=True, capture_output=True, cwd=place)
        return (Path(place) / "image").read_bytes()


def beside(page: bytes, spare: int) -> bytes:
    """Return the spare bytes of a page: a mark of a good block, free bytes, and sums; of an erased one all are erased."""
    if not page.strip(b"\xff"):
        return b"\xff" * spare
    if spare == 16:
        return hashlib.sha256(page).digest()[:4] + b"\xff" * 4 + hashlib.sha256(page).digest()[4:8] + b"\xff" * 4
    sums = b"".join(hashlib.sha256(page[at : at + 512]).digest()[:6] for at in range(0, len(page), 512))
    return b"\xff" * (spare - len(sums)) + sums


def woven(data: bytes, page: int, spare: int) -> bytes:
    pages = [data[at : at + page] for at in range(0, len(data), page)]
    return b"".join(each + beside(each, spare) for each in pages)


def spares(data: bytes, page: int, spare: int) -> bytes:
    return b"".join(beside(data[at : at + page], spare) for at in range(0, len(data), page))


def volumes(page: int) -> Parts:
    room = 16_384 - 2 * page
    erased = ROOTFS + b"\xff" * (-len(ROOTFS) % room)
    return {"pages!/kernel": region(KERNEL), "pages!/rootfs": region(erased)}


for case, page, spare, why in (
    ("large", 2_048, 64, "UBI on pages of 2,048 bytes with 64 spare ones."),
    ("larger", 4_096, 224, "UBI on pages of 4,096 bytes with 224 spare ones."),
    ("small", 512, 16, "UBI on pages of 512 bytes with 16 spare ones."),
):
    data = ubinize(page)
    parts = {"pages": {"kind": "region", "size": len(data)}, "spare": region(spares(data, page, spare)), **volumes(page)}
    write(case, woven(data, page, spare), why, parts=parts, facts={"page-size": str(page), "spare-size": str(spare)})
with tempfile.TemporaryDirectory() as place:
    tree = Tree(Path(place) / "tree")
    tree.file("kernel", KERNEL)
    tree.file("rootfs", ROOTFS)
    tree.settle()
    command = ["mkfs.jffs2", "-l", "-n", "-e", "16KiB", "-p", "-m", "none", "-r", str(tree.root), "-o", f"{place}/image"]
    subprocess.run(command, check=True, capture_output=True)
    data = (Path(place) / "image").read_bytes()
parts = {
    "pages": {"kind": "region", "size": len(data)},
    "spare": region(spares(data, 2_048, 64)),
    **{f"pages!/{path}": stated for path, stated in tree.parts.items()},
}
FACTS = {"page-size": "2048", "spare-size": "64"}
write("jffs2", woven(data, 2_048, 64), "jffs2 on pages of 2,048 bytes with 64 spare ones.", parts=parts, facts=FACTS)

data = ubinize(2_048)
whole = woven(data, 2_048, 64)
at = data.index(KERNEL[:100])
flipped = patched(KERNEL, 7, b"?")
write(
    "changed", patched(whole, at // 2_048 * 2_112 + at % 2_048 + 7, b"?"), "A byte of a static volume was changed: its CRC tells.",
    parts={
        "pages": {"kind": "region"}, "spare": region(spares(data, 2_048, 64)), **volumes(2_048), "pages!/kernel": region(flipped),
    },
    facts=FACTS, findings=["checksum-mismatch"],
)  # fmt: skip
write(
    "cut", whole[:-100], "The dump ends within its last page, which was erased.",
    parts={
        "pages": {"kind": "region", "size": len(data) - 2_048}, "spare": region(spares(data, 2_048, 64)[:-64]),
        **volumes(2_048), "pages!/rootfs": {"kind": "region"},
    },
    facts=FACTS, findings=["malformed", "truncated"],
)  # fmt: skip
write("marked", patched(whole, 3 * 2_112 + 2_048, b"\0"), "The block at the front is marked as bad: no dump would begin so.", findings=["checksum-mismatch", "malformed", "unread-bytes"])
