"""Builds the yaffs2 vectors by hand, page by page, as root; run it again and nothing changes.

What is expected comes from the tree that was written, and from what the pages were made to say.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, write

from tree import Tree, file, noise, spread
from yaffs import FILE, FOLDER, ROOT, UNLINKED, Yaffs


def facts(version: int, order: str, page: int, spare: int, tags: str) -> dict[str, str]:
    sizes = {"page-size": str(page), "spare-size": str(spare)}
    return {"root": "0755 0:0", "version": str(version), "byte-order": f"{order}-endian", **sizes, "tags": tags}


LARGE = facts(2, "little", 2048, 64, "spare+0")


@contextmanager
def a_tree() -> Iterator[Tree]:
    with tempfile.TemporaryDirectory() as place:
        tree = spread(Path(place) / "tree")
        tree.file("etc/text", b"all work and no play makes jack a dull boy\n" * 100)
        tree.file("hole", b"start" + bytes(9_000) + b"end")
        os.setxattr(tree.root / "etc/passwd", "user.x", b"value")
        tree.settle()
        yield tree


def build_genuine() -> None:
    for case, image, told, why in (
        ("large", Yaffs(), LARGE, "Pages of 2,048 bytes with 64 spare ones, as mkyaffs2image makes them."),
        ("marked", Yaffs(place=2, more=True), {**LARGE, "tags": "spare+2"}, "Tags behind the mark of bad blocks, that say more."),
        ("big-endian", Yaffs(4096, 128, sign=">"), facts(2, "big", 4096, 128, "spare+0"), "Pages of 4,096 bytes, big-endian."),
        ("inband", Yaffs(spare=0, sparse=True), facts(2, "little", 2048, 0, "inband"), "Tags at the end of the pages, holes."),
        ("small", Yaffs(512, 16), facts(1, "little", 512, 16, "spare+0"), "A flash with small pages, as yaffs1 has them."),
    ):  # fmt: skip
        with a_tree() as tree:
            data = image.write(tree.root)
        parts = dict(tree.parts)
        if image.page > 512:
            parts["etc/passwd"] = {**parts["etc/passwd"], "xattrs": {"user.x": b"value".hex()}}
        write(case, data, why, parts=parts, facts=told)


def start(**more: object) -> Yaffs:
    image = Yaffs(**more)  # type: ignore[arg-type]
    image.header(ROOT, FOLDER, ROOT, b"", 0o40755)
    image.header(0x101, FILE, ROOT, b"file", 0o100644, size=3_000, time=1_700_000_000)
    image.data(0x101, 1, noise(2_048))
    image.data(0x101, 2, noise(952))
    return image


def build_history() -> None:
    image = start()
    image.sequence += 1
    image.header(0x101, FILE, ROOT, b"file", 0o100644, size=3_000, time=1_700_000_000)
    image.data(0x101, 1, noise(2_048, "new"))
    image.header(0x102, FILE, UNLINKED, b"unlinked", 0o100644)
    whole = {"file": file(noise(2_048, "new") + noise(952))}
    write(
        "history", bytes(image.out), "A page written again, and a file deleted: earlier states are counted.",
        parts=whole, facts=LARGE, findings=["hidden-content"],
    )  # fmt: skip
    image = start()
    image.header(0x101, FILE, ROOT, b"file", 0o100644, size=0, time=1_700_000_000, shrinks=True)
    image.header(0x101, FILE, ROOT, b"file", 0o100644, size=3_000, time=1_700_000_000)
    write(
        "shrunk", bytes(image.out), "A file made empty and long again: nothing of it comes back.",
        parts={"file": file(bytes(3_000))}, facts=LARGE, findings=["hidden-content"],
    )  # fmt: skip


def build_damaged() -> None:
    whole = {"file": file(noise(2_048) + noise(952))}
    image = start()
    image.header(0x102, FILE, 0x200, b"orphan", 0o100644, time=1_700_000_000)
    write(
        "orphan", bytes(image.out), "A file in a folder that is not there.",
        parts={**whole, "lost+found": {"kind": "directory"}, "lost+found/orphan": file(b"")}, facts=LARGE, findings=["contradiction"],
    )  # fmt: skip
    image = start(more=True)
    data = patched(bytes(image.out), 2_112 + 2_048 + 8, b"\x02")
    write("tags", data, "A header in another folder by its tags.", parts=whole, facts=LARGE, findings=["contradiction"])
    image = start()
    image.header(0x102, FILE, ROOT, b"a/b", 0o100644, time=1_700_000_000)
    write(
        "hostile-name", bytes(image.out), "A name with a slash.",
        parts={**whole, "a%2Fb": file(b"")}, facts=LARGE, findings=["hostile-name"],
    )  # fmt: skip
    slack = bytes(start().out)
    slack = patched(slack, 3 * 2_112 + 952, noise(1_096, "slack"))
    write(
        "slack", slack, "Something behind the end of a file, in its last page.",
        parts={**whole, "gap-0": gap(noise(1_096, "slack"))}, facts=LARGE, findings=["unread-bytes"],
    )  # fmt: skip
    image = Yaffs(512, 16)
    image.header(ROOT, FOLDER, ROOT, b"", 0o40755)
    for name in (b"a", b"b", b"c"):
        image.header(0x100 + name[0], FILE, ROOT, name, 0o100644, time=1_700_000_000)
    data = patched(bytes(image.out), 3 * 528 + 512 + 3, bytes([image.out[3 * 528 + 515] ^ 0x40]))
    write(
        "small-tags", data, "yaffs1, one bit of the tags of a page.",
        parts=dict.fromkeys("abc", file(b"")), facts=facts(1, "little", 512, 16, "spare+0"), findings=["checksum-mismatch"],
    )  # fmt: skip
    image = start()
    image.header(0x102, FILE, ROOT, b"other", 0o100644)
    bare = b"".join(bytes(image.out[at : at + 2_048]) for at in range(0, len(image.out), 2_112))
    write("bare", bare, "A dump without the spare bytes.", findings=["unsupported"])
    image = Yaffs()
    image.header(ROOT, FILE, ROOT, b"", 0o100644)
    image.data(ROOT, 1, b"root")
    told = {name: value for name, value in LARGE.items() if name != "root"}
    write(
        "no-root", bytes(image.out), "A root that is a file.",
        parts={}, facts=told, findings=["malformed"],
    )  # fmt: skip


build_genuine()
build_history()
build_damaged()
