"""Builds the EROFS vectors with mkfs.erofs 1.9.4, as root; run it again and nothing changes.

Debian 12 has version 1.5, which knows LZ4 alone; MKFS_EROFS says where another one is. What is expected comes from the tree that was
packed. Damage is done to the bytes of a sound image, at places found by its superblock, its root folder and its inodes.
"""

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, write

from tree import THEN, Stated, Tree, noise, spread

MKFS = os.environ.get("MKFS_EROFS", "mkfs.erofs")
FACTS = {"root": "0755 0:0"}
SB = 1024
NOISE = noise(1_500)
LEFT_OVER = {"wide-ends": ["hidden-content"]}
"""Room for records that files did not need in the end, and that mkfs.erofs does not clear."""

TEXT = b"all work and no play makes jack a dull boy\n"
SMALL = ("two-algorithms", "ends", "dedupe", "records", "folders", "deflate", "wide-ends", "metabox")
"""Cases with blocks of 1,024 bytes, to keep them small."""

GAP: Stated = {"kind": "gap"}
UUID = "c0ffee00-0000-4000-8000-000000000000"


def erofs(tree: Tree, *options: str) -> bytes:
    tree.settle()
    image = tree.root.with_suffix(".erofs")
    image.unlink(missing_ok=True)
    command = [MKFS, "--quiet", "--workers=0", f"-T{THEN}", f"-U{UUID}", *options, str(image), str(tree.root)]
    # what the tool leaves of its memory between inodes is zero then
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "MALLOC_PERTURB_": "255"})
    return image.read_bytes()


@contextmanager
def a_tree(fill: Callable[[Path], Tree] = Tree) -> Iterator[Tree]:
    with tempfile.TemporaryDirectory() as place:
        yield fill(Path(place) / "tree")


def everything(root: Path) -> Tree:
    """One of everything, and files that need several pclusters, one, a plain one, and none."""
    tree = spread(root)
    tree.file("etc/large", b"".join(b"%d %d %s" % (n * n, n**5 % 997, TEXT[n % 40 :]) for n in range(250)))
    tree.file("etc/text", TEXT * 300)
    tree.file("etc/noise", NOISE[:200] + TEXT * 95 + NOISE)
    return tree


def u16(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<H", data, at)[0])


def u32(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def inode_at(data: bytes, number: int) -> int:
    """Return where an inode is."""
    return (u32(data, SB + 40) << data[SB + 12]) + 32 * number


def entry_of(data: bytes, name: bytes) -> int:
    """Return where the entry of a name is in the root folder, whose listing is inline, its inode compact and without attributes."""
    start = inode_at(data, u16(data, SB + 14)) + 32
    for at in range(start, start + u16(data, start + 8), 12):
        place = start + u16(data, at + 8)
        if data[place : place + len(name)] == name:
            return at
    raise KeyError(name)


def inode_of(data: bytes, name: bytes) -> int:
    return inode_at(data, u32(data, entry_of(data, name)))


def unread(stated: Stated) -> Stated:
    return {key: value for key, value in stated.items() if key not in ("sha256", "size")}


def build_genuine() -> None:
    """One of everything, in each of the ways there are to store it."""
    for case, options, why in (
        ("plain", (), "nothing packed"),
        ("extended", ("-Eforce-inode-extended,noinline_data",), "extended inodes, no content behind them"),
        ("chunks", ("--chunksize=4096",), "chunks, by block numbers"),
        ("lz4", ("-zlz4hc",), "LZ4, compact indexes"),
        ("lz4-full", ("-zlz4hc", "-Elegacy-compress"), "LZ4, full indexes"),
        ("lz4-large", ("-zlz4hc", "-C16384"), "LZ4, large pclusters"),
        ("lz4-tail", ("-zlz4hc", "-Eztailpacking"), "LZ4, the last pcluster behind its inode"),
        ("lzma", ("-zlzma", "-C16384"), "MicroLZMA"),
        ("deflate", ("-zdeflate", "-C8192"), "deflate"),
        ("zstd", ("-zzstd", "-C8192"), "Zstandard"),
        ("two-algorithms", ("-zlz4:zstd", "-C8192"), "settings of two algorithms"),
        ("ends", ("-zlzma", "-C16384", "-Efragments"), "ends of files in an inode of their own"),
        ("dedupe", ("-zlz4hc", "-Ededupe"), "full indexes and parts of pclusters"),
        ("records", ("-zzstd", "-E48bit", "-C16384"), "records of extents, 48 bits, nothing aligned"),
        ("wide-ends", ("-zlz4hc", "-E48bit,dedupe,all-fragments,dot-omitted"), "48 bits, ends of files, folders without themselves"),
        ("folders", ("-zlz4hc", "--zD=1"), "packed folders"),
        ("metabox", ("-m4096:zstd", "-zzstd", "-C8192"), "inodes in a packed inode"),
    ):  # fmt: skip
        with a_tree(everything) as tree:
            if case in ("dedupe", "wide-ends"):
                tree.file("etc/shifted", NOISE[:100] + (tree.root / "etc/large").read_bytes())
            for number in range(40 if case == "folders" else 0):
                tree.file(f"etc/{number:03}-{'long' * 40}", b"")
            image = erofs(tree, *(("-b1024",) if case in SMALL else ()), *options)
        write(case, image, f"One of everything, by mkfs.erofs: {why}.", parts=tree.parts, facts=FACTS, findings=LEFT_OVER.get(case, ()))
    with a_tree() as tree:
        tree.file("hole", b"start" + bytes(40_000) + b"end")
        tree.file("nothing", bytes(12_288))
        image = erofs(tree, "-b1024", "--chunksize=4096", "-E48bit")
    write("holes", image, "Chunks that are not stored, by indexes of 8 bytes.", parts=tree.parts, facts=FACTS)
    with a_tree() as tree:
        tree.file("hole", NOISE + bytes(100_000) + NOISE)
        image = erofs(tree, "-b1024", "-zlz4hc", "-E48bit")
    write("packed-holes", image, "Zero bytes in a packed file.", parts=tree.parts, facts=FACTS)


def attributed(root: Path) -> Tree:
    tree = Tree(root)
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    acl = bytes.fromhex("0200000001000600ffffffff02000700d204000004000400ffffffff10000700ffffffff20000400ffffffff")
    for number in range(4):
        name = f"file-{number}"
        tree.file(name, name.encode())
        told = {"security.selinux": b"u:object_r:system_file:s0\0", f"user.overlay.long.{number}": b"%d" % number}
        if number == 1:
            told |= {"security.capability": capability, "system.posix_acl_access": acl, "trusted.empty": b""}
        for key, value in told.items():
            os.setxattr(root / name, key, value)
        about = (root / name).stat()
        shown = {key: value.hex() for key, value in told.items()}
        tree.parts[name] = {**tree.parts[name], "mode": f"{about.st_mode & 0o7777:04o}", "xattrs": shown}
    os.setxattr(root, "user.root", b"r")
    return tree


def build_attributes() -> None:
    facts = {"root": "0755 0:0 user.root=72"}
    for case, options, why in (
        ("attributes", (), "those of four files in an area of their own"),
        ("prefixes", ("--xattr-prefix=user.overlay.",), "long prefixes"),
        ("packed-prefixes", ("-zlz4", "-Eall-fragments", "--xattr-prefix=user.overlay."), "long prefixes among the ends of files"),
    ):  # fmt: skip
        with a_tree(attributed) as tree:
            image = erofs(tree, *(() if "-zlz4" in options else ("-b512",)), *options)
        write(case, image, f"Extended attributes: {why}.", parts=tree.parts, facts=facts)
    with a_tree(attributed) as tree:
        image = erofs(tree, "-b512", "-Enosbcrc")
    filters = image.index(b"\x0cempty") if b"\x0cempty" in image else image.index(b"empty") - 4
    start = max(at for at in range(filters - 200, filters) if at % 4 == 0 and image[at + 5 : at + 12] == bytes(7) and image[at + 4] in (1, 2, 3))
    write(
        "filter", patched(image, start, b"\xff\xff\xff\xff"), "A filter that says that no attribute is there: Linux lists them and finds none.",
        parts=tree.parts, facts=facts, findings=["contradiction"],
    )  # fmt: skip


def build_damaged() -> None:
    """Damage to one thing at a time."""
    with a_tree() as tree:
        tree.file("aa", noise(700, "a"))
        tree.file("ab", noise(700, "b"))
        tree.folder("dir")
        tree.file("dir/file", b"file")
        tree.link("link", "dir/file")
        sound, checked = erofs(tree, "-b512", "-Enosbcrc"), erofs(tree)
    parts: Parts = tree.parts

    def case(name: str, at: int, patch: bytes, why: str, *findings: str, **changed: Stated | None) -> None:
        told = {**parts, **changed}
        write(
            name, patched(sound, at, patch), why,
            parts={path: stated for path, stated in told.items() if stated is not None}, facts=FACTS, findings=findings,
        )  # fmt: skip

    write("checksum", patched(checked, SB + 16, b"\x63"), "A superblock that was changed.", parts=parts, facts=FACTS, findings=["checksum-mismatch"])
    case("kind", entry_of(sound, b"aa") + 10, b"\x07", "A file that its folder calls a link.", "contradiction")
    case("links", inode_of(sound, b"aa") + 6, b"\x02", "A file with two links and one name.", "contradiction")
    case("reserved", inode_of(sound, b"aa") + 28, b"\x01", "A field of an inode that means nothing.", "reserved-bits")
    name = entry_of(sound, b"aa")
    names = inode_at(sound, u16(sound, SB + 14)) + 32 + u16(sound, name + 8)
    renamed = {**parts, "a%2F": parts["aa"]}
    del renamed["aa"]
    write("hostile-name", patched(sound, names, b"a/"), "A name with a slash.", parts=renamed, facts=FACTS, findings=["hostile-name"])
    write(
        "order", patched(sound, names, b"az"), "Names that are not in order: a device may list a file and not find it.",
        parts={("az" if path == "aa" else path): stated for path, stated in parts.items()}, facts=FACTS, findings=["contradiction"],
    )  # fmt: skip
    root = struct.pack("<H", u16(sound, SB + 14))
    case("parent", inode_of(sound, b"dir") + 32 + 12, root[::-1], "A folder whose '..' is elsewhere.", "contradiction")
    write(
        "cycle", patched(sound, entry_of(sound, b"dir"), root + bytes(6)), "A folder that is the root again: its own inode has no name.",
        parts={**{path: told for path, told in parts.items() if path != "dir/file"}, "gap-0": GAP, "gap-1": GAP},
        facts=FACTS, findings=["cycle", "unread-bytes"],
    )  # fmt: skip
    case("layout", inode_of(sound, b"aa"), b"\x0a", "A layout that is not known.", "unread-bytes", "unsupported", **{"aa": None, "gap-0": GAP})
    case("elsewhere", inode_of(sound, b"aa") + 16, b"\xff\xff\0\0", "Content behind the end.", "malformed", "unread-bytes", **{"aa": unread(parts["aa"]), "gap-0": GAP})
    write(
        "root-mode", patched(sound, inode_at(sound, u16(sound, SB + 14)) + 4, b"\xa4\x81"), "A root that is a file.",
        parts={"gap-0": GAP}, facts={}, findings=["malformed", "unread-bytes"],
    )  # fmt: skip
    cut = sound[:-600]
    write(
        "truncated", cut, "The end is missing, and with it the inodes of most names.",
        parts={"aa": parts["aa"], "gap-0": GAP}, facts=FACTS, findings=["malformed", "truncated", "unread-bytes"],
    )  # fmt: skip
    write("feature", patched(sound, SB + 81, b"\x80"), "An incompatible feature nobody knows.", findings=["unsupported"])
    write("slots", patched(sound, SB + 13, b"\xff")[:2_048], "A superblock larger than the image.", findings=["malformed"])


def build_packed_damaged() -> None:
    with a_tree() as tree:
        tree.file("aa", NOISE[:300] * 20)
        tree.file("ab", b"".join(NOISE[n * 200 : n * 200 + 200] + TEXT * 20 for n in range(6)))
        sound = erofs(tree, "-b512", "-Enosbcrc", "-zlz4hc", "-Elegacy-compress")
        compact = erofs(tree, "-b512", "-Enosbcrc", "-zlz4hc")
    parts: Parts = tree.parts
    indexes = inode_of(sound, b"ab") + 32 + 16
    second = indexes + 8
    bad = {**parts, "ab": unread(parts["ab"])}
    write("index-back", patched(sound, second + 4, b"\x09\0"), "An index that leads before the file.", parts={**bad, "gap-0": GAP, "gap-1": GAP}, facts=FACTS, findings=["malformed", "unread-bytes"])
    write("index-ahead", patched(sound, second + 6, b"\x63\0"), "An index that leads behind the next head.", parts=parts, facts=FACTS, findings=["contradiction"])
    block = u32(sound, indexes + 4) * 512
    stream = block + 512 - len(sound[block : block + 512].lstrip(b"\0"))
    write("pcluster", patched(sound, stream, b"\x0f\0\0"), "A pcluster that does not unpack.", parts=bad, facts=FACTS, findings=["malformed"])
    first = inode_of(sound, b"aa") + 32 + 16
    write("shared", patched(sound, first + 4, sound[indexes + 4 : indexes + 8]), "A file that wants another one's pcluster, and more of it.", parts={**parts, "aa": unread(parts["aa"]), "gap-0": GAP}, facts=FACTS, findings=["malformed", "unread-bytes"])
    write("algorithm", patched(compact, inode_of(compact, b"ab") + 32 + 6, b"\x02"), "An algorithm that the superblock does not announce.", parts={**bad, "gap-0": GAP, "gap-1": GAP}, facts=FACTS, findings=["unread-bytes", "unsupported"])


build_genuine()
build_attributes()
build_damaged()
build_packed_damaged()
