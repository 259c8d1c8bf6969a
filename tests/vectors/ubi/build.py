"""Builds the ubi vectors with ubinize 2.1.5; run it again and nothing changes.

What is expected is what was given to ubinize. What no tool makes (blocks that were moved, copied or lost) is done to the blocks
of its image, which `Image` takes apart and puts together.
"""

import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

from tree import noise

SIZE, DATA = 4_096, 128
ROOM = SIZE - DATA
KERNEL = b"a kernel " * 1_000
ROOTFS = b"a file system\n" * 600
FACTS = {"erase-block": str(SIZE), "data-offset": str(DATA)}


def crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data) ^ 0xFFFFFFFF)


def ubinize(volumes: str, *options: str, **contents: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        for name, data in contents.items():
            (Path(place) / name).write_bytes(data)
        (Path(place) / "volumes.ini").write_text(volumes.replace("PLACE", place))
        command = ["ubinize", "-o", "image", *options, "-Q", "7", "volumes.ini"]
        subprocess.run(command, check=True, capture_output=True, cwd=place)
        return (Path(place) / "image").read_bytes()


VOLUMES = """
[a]
mode=ubi
image=PLACE/kernel
vol_id=0
vol_type=static
vol_name=kernel
[b]
mode=ubi
image=PLACE/rootfs
vol_id=5
vol_type=dynamic
vol_name=rootfs
vol_size=40KiB
[c]
mode=ubi
vol_id=6
vol_type=dynamic
vol_name=rootfs_data
vol_size=20KiB
vol_flags=autoresize
"""


def erased(data: bytes, room: int) -> bytes:
    """Return `data` with erased flash up to the end of its last block."""
    return data + b"\xff" * (-len(data) % room)


PARTS: Parts = {"kernel": region(KERNEL), "rootfs": region(erased(ROOTFS, ROOM)), "rootfs_data": region(b"")}


@dataclass
class Image:
    """Erase blocks: two tables, three of the kernel, three of the file system."""

    blocks: list[bytes]

    def joined(self) -> bytes:
        return b"".join(self.blocks)

    def changed(self, number: int, change: Callable[[bytes], bytes]) -> "Image":
        return replace(self, blocks=[change(block) if at == number else block for at, block in enumerate(self.blocks)])

    def plus(self, *blocks: bytes) -> "Image":
        return replace(self, blocks=[*self.blocks, *blocks])


def identified(block: bytes, /, **fields: int) -> bytes:
    """Return a block whose second header says something else, its CRC right."""
    layout = {"type": (5, "B"), "copied": (6, "B"), "compat": (7, "B"), "volume": (8, ">I"), "block": (12, ">I"), "size": (20, ">I"),
              "blocks": (24, ">I"), "crc": (32, ">I"), "sequence": (40, ">Q")}  # fmt: skip
    header = block[64:124]
    for name, value in fields.items():
        at, kind = layout[name]
        header = patched(header, at, struct.pack(kind, value))
    return patched(block, 64, header + crc(header))


def recorded(block: bytes, record: int, at: int, value: bytes) -> bytes:
    """Return a table whose record says something else, its CRC right."""
    start = DATA + 172 * record
    changed = patched(block, start + at, value)
    return patched(changed, start + 168, crc(changed[start : start + 168]))


def build_genuine() -> Image:
    sound = ubinize(VOLUMES, "-m", "1", "-p", "4KiB", kernel=KERNEL, rootfs=ROOTFS)
    write("volumes", sound, "A static volume, a dynamic one and one that grows, by ubinize.", parts=PARTS, facts=FACTS)
    nand = ubinize(VOLUMES, "-m", "2048", "-s", "512", "-p", "16KiB", "-e", "3", kernel=KERNEL, rootfs=ROOTFS)
    parts = {**PARTS, "rootfs": region(erased(ROOTFS, 16_384 - 2_048))}
    write(
        "nand", nand, "The same for flash with pages of 2 KiB, written by quarters.",
        parts=parts, facts={"erase-block": "16384", "data-offset": "2048"},
    )  # fmt: skip
    aligned = ubinize(VOLUMES.replace("vol_size=40KiB", "vol_size=40KiB\nvol_alignment=1024"), "-m", "1", "-p", "4KiB",
                      kernel=KERNEL, rootfs=ROOTFS)  # fmt: skip
    parts = {**PARTS, "rootfs": region(erased(ROOTFS, 3_072))}
    write("aligned", aligned, "A volume whose blocks are multiples of 1 KiB.", parts=parts, facts=FACTS)
    return Image([sound[at : at + SIZE] for at in range(0, len(sound), SIZE)])


def build_used(image: Image) -> None:
    """What a device makes of it in use."""
    blocks = image.blocks
    free = blocks[0][:64] + b"\xff" * (SIZE - 64)
    void = b"\xff" * SIZE
    turned = Image([*reversed(blocks[1:]), free, void, blocks[0]])
    write("moved", turned.joined(), "Blocks in another order, a free one and one without a header between.", parts=PARTS, facts=FACTS)

    older = identified(blocks[6], sequence=0)
    newer = image.changed(6, lambda block: identified(patched(block, DATA, b"THE"), sequence=9))
    parts = {**PARTS, "rootfs": region(erased(patched(ROOTFS, ROOM, b"THE"), ROOM))}
    write(
        "older", newer.plus(older).joined(), "A block that was written anew; the old one is still there.",
        parts=parts, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    data = struct.unpack(">I", crc(blocks[6][DATA:]))[0]
    copy = {"copied": 1, "size": ROOM, "sequence": 9}
    write(
        "copy", image.plus(identified(blocks[6], **copy, crc=data)).joined(), "A block that was copied; the original is still there.",
        parts=PARTS, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    cut = identified(patched(blocks[6], 3_000, b"\xff" * 1_096), **copy, crc=data)
    write(
        "copy-cut", image.plus(cut).joined(), "A copy that was cut off in the making does not count.",
        parts=PARTS, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    hole = replace(image, blocks=[block for at, block in enumerate(blocks) if at != 6])
    parts = {**PARTS, "rootfs": region(erased(patched(ROOTFS, ROOM, b"\xff" * ROOM), ROOM))}
    write("hole", hole.joined(), "A block of a dynamic volume that is not there reads as erased flash.", parts=parts, facts=FACTS)


def build_damaged(image: Image) -> None:
    """Damage to one thing at a time."""
    blocks, sound = image.blocks, image.joined()
    kernel = dict(PARTS["kernel"])
    del kernel["sha256"]
    unread: Parts = {**PARTS, "kernel": {"kind": "region"}}
    missing = replace(image, blocks=[block for at, block in enumerate(blocks) if at != 3])
    write(
        "static-missing", missing.joined(), "A block of a static volume is not there.",
        parts=unread, facts=FACTS, findings=["malformed"],
    )  # fmt: skip
    flipped = patched(KERNEL, ROOM + 100, b"?")
    write(
        "static-crc", patched(sound, 3 * SIZE + DATA + 100, b"?"), "Data of a static volume that do not fit their CRC.",
        parts={**PARTS, "kernel": region(flipped)}, facts=FACTS, findings=["checksum-mismatch"],
    )  # fmt: skip
    write(
        "counter-crc", patched(sound, 6 * SIZE + 12, b"?"), "An erase counter header that does not fit its CRC.",
        parts=PARTS, facts=FACTS, findings=["checksum-mismatch"],
    )  # fmt: skip
    at = 7 * SIZE
    nameless = patched(sound, at + 64 + 40, b"?")
    write(
        "identifier-crc", nameless, "A volume identifier header that does not fit its CRC.",
        parts={**PARTS, "rootfs": region(erased(ROOTFS, ROOM)[: 2 * ROOM]), "gap-0": gap(nameless[at + 64 : at + SIZE].rstrip(b"\xff"))},
        facts=FACTS, findings=["checksum-mismatch", "malformed", "unread-bytes"],
    )  # fmt: skip
    write(
        "table-crc", patched(sound, DATA + 20, b"?"), "The first table of volumes does not fit its CRC; there is a second one.",
        parts=PARTS, facts=FACTS, findings=["checksum-mismatch"],
    )  # fmt: skip
    cut = sound[: 7 * SIZE + 600]
    write(
        "truncated", cut, "The last block is cut off.",
        parts={**PARTS, "rootfs": {"kind": "region"}}, facts=FACTS, findings=["malformed", "truncated"],
    )  # fmt: skip
    both = patched(patched(sound, DATA + 20, b"?"), SIZE + DATA + 20, b"?")
    write(
        "no-table", both, "Neither table of volumes fits its CRC.",
        parts={f"gap-{number}": gap(block[DATA:].rstrip(b"\xff")) for number, block in enumerate(blocks[2:])}, facts=FACTS,
        findings=["checksum-mismatch", "malformed", "unread-bytes"],
    )  # fmt: skip
    write("malformed", patched(sound[:SIZE], 60, b"????"), "A header that does not fit its CRC.")


def build_wrong(image: Image) -> None:
    """What no tool would make, or what is there and not seen."""
    blocks = image.blocks
    twin = identified(patched(blocks[6], DATA, b"THE"))
    write(
        "same-sequence", image.plus(twin).joined(), "Two blocks that say to be the same at the same time.",
        parts={**PARTS, "rootfs": region(erased(patched(ROOTFS, ROOM, b"THE"), ROOM))}, facts=FACTS, findings=["contradiction", "hidden-content"],
    )  # fmt: skip
    renamed = image.changed(0, lambda block: recorded(block, 5, 16, b"rOOtfs"))
    parts = {("rOOtfs" if path == "rootfs" else path): stated for path, stated in PARTS.items()}
    write(
        "tables-differ", renamed.joined(), "Two tables of volumes that differ; a device takes the first.",
        parts=parts, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip
    hidden = b"nobody reads this " * 100
    free = blocks[0][:64].ljust(DATA, b"\xff") + hidden
    write(
        "free", image.plus(free.ljust(SIZE, b"\xff")).joined(), "A block that is free and not empty.",
        parts=PARTS, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    write(
        "no-volume", image.plus(identified(blocks[6], volume=9)).joined(), "A block of a volume that is in no table.",
        parts=PARTS, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    write(
        "beyond", image.plus(identified(blocks[6], block=900)).joined(), "A block behind the end of its volume.",
        parts=PARTS, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    write(
        "wrong-type", image.plus(identified(blocks[6], type=3)).joined(), "A block of a volume of a type there is not.",
        parts={**PARTS, "gap-0": gap(identified(blocks[6], type=3)[64:])}, facts=FACTS, findings=["malformed", "unread-bytes"],
    )  # fmt: skip
    mixed = image.changed(6, lambda block: identified(block, type=2, blocks=3, size=ROOM))
    write(
        "other-type", mixed.joined(), "A block that says it is of a static volume, where the table says dynamic.",
        parts=PARTS, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip
    updating = image.changed(0, lambda block: recorded(block, 5, 13, b"\1")).changed(1, lambda block: recorded(block, 5, 13, b"\1"))
    write(
        "updating", updating.joined(), "A volume whose update was begun and not ended.",
        parts=PARTS, facts=FACTS, findings=["truncated"],
    )  # fmt: skip
    slack = image.changed(4, lambda block: patched(block, SIZE - 200, noise(200)))
    write(
        "slack", slack.joined(), "Bytes behind the data of the last block of a static volume.",
        parts={**PARTS, "gap-0": gap(slack.blocks[4][DATA + len(KERNEL) - 2 * ROOM :].lstrip(b"\xff"))}, facts=FACTS, findings=["unread-bytes"],
    )  # fmt: skip


def mapped(image: Image, pool: tuple[int, ...] = (), erase: tuple[int, ...] = (), **moved: int) -> Image:
    """Return an image with a fastmap behind it, in two blocks; `moved` names what it says of blocks `b5_0` (volume, number)."""
    count, first = len(image.blocks), {}
    for at, block in enumerate(image.blocks):
        volume, number = struct.unpack_from(">2I", block, 64 + 8)
        if at not in (*pool, *erase):
            first.setdefault(volume, {})[number] = at
    for key, at in moved.items():
        volume, number = map(int, key[1:].split("_"))
        first[volume][number] = at
    used = sorted({at for blocks in first.values() for at in blocks.values()})
    lists = b"".join(struct.pack(">2I", at, 0) for at in (*used, *erase))
    volumes = b""
    for volume, blocks in sorted(first.items()):
        header = image.blocks[next(iter(blocks.values()))][64:128]
        volumes += struct.pack(">2IB3xI", 0xFA370ED1, volume, header[5], 0) + header[24:28] + bytes(12)
        volumes += struct.pack(">2I", 0xF0C040A8, 12) + b"".join(struct.pack(">i", blocks.get(number, -1)) for number in range(12))
    pools = b"".join(
        struct.pack(">I2H256I16x", 0x67AF4D08, len(each), 256, *each, *[0] * (256 - len(each))) for each in (pool, ())
    )
    counts = struct.pack(">7I4x", 0xD4B82EF7, 0, len(used), 0, 0, len(erase), len(first))
    places = struct.pack(">2I120x", count, count + 1)
    start = struct.pack(">IB3x4xI", 0x7B11D69F, 1, 2) + places + bytes(128) + struct.pack(">Q32x", 99)
    data = (start + counts + pools + lists + volumes).ljust(2 * ROOM, b"\0")
    data = patched(data, 8, crc(data))
    anchor, more = (identified(image.blocks[0], volume=0x7FFFF000 + number, block=number, compat=1, sequence=99) for number in (0, 1))
    return image.plus(anchor[:DATA] + data[:ROOM], more[:DATA] + data[ROOM:])


def build_mapped(image: Image) -> None:
    """What a device writes down of its blocks. Made here: no tool writes one."""
    blocks = image.blocks
    whole = mapped(image)
    write("fastmap", whole.joined(), "A fastmap that says what the blocks do.", parts=PARTS, facts=FACTS)
    newer = image.plus(identified(patched(blocks[6], DATA, b"THE"), sequence=9))
    parts = {**PARTS, "rootfs": region(erased(patched(ROOTFS, ROOM, b"THE"), ROOM))}
    write(
        "fastmap-pool", mapped(newer, pool=(8,)).joined(), "A block that was written after the fastmap, and stands in its pool.",
        parts=parts, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    write(
        "fastmap-erase", mapped(newer, erase=(6,)).joined(), "A block that was written anew before the fastmap; the old one waits to be erased.",
        parts=parts, facts=FACTS, findings=["hidden-content"],
    )  # fmt: skip
    write(
        "fastmap-lies", mapped(newer, erase=(8,), b5_1=6).joined(), "A fastmap that leads to an older block.",
        parts=parts, facts=FACTS, findings=["contradiction", "hidden-content"],
    )  # fmt: skip
    bad = whole.joined()
    write(
        "fastmap-crc", patched(bad, 8 * SIZE + DATA + 272, b"?"), "A fastmap that does not fit its CRC: devices ignore it.",
        parts=PARTS, facts=FACTS, findings=["checksum-mismatch"],
    )  # fmt: skip
    lost = replace(whole, blocks=whole.blocks[:-1])
    write(
        "fastmap-cut", lost.joined(), "A fastmap whose second block is not there.",
        parts=PARTS, facts=FACTS, findings=["malformed"],
    )  # fmt: skip


IMAGE = build_genuine()
build_used(IMAGE)
build_damaged(IMAGE)
build_wrong(IMAGE)
build_mapped(IMAGE)
