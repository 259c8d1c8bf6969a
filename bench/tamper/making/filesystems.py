"""Packs a tree as a file system image with the file system's own tools, without root: ext4, jffs2; and as a cpio archive."""

import shutil
import subprocess
import tarfile
from pathlib import Path
from struct import pack

from remake import Item, Tree, write_folder

_UUID = "7d0a3c52-1f5e-4b1e-9a30-2f1f4f0c7a11"
_LITTLE = ("-l", "-e", "128KiB")
_EPOCH = "1600000000"


def write_ext4(tree: Tree, scratch: Path, *options: str, block: int = 4096) -> bytes:
    """Return an ext4 image; owners, set-uid bits and extended attributes are written by `debugfs`.

    Raises:
        SystemExit: the tools refuse.
    """
    folder, image = _folder(tree, scratch), scratch / "made.ext4"
    image.unlink(missing_ok=True)
    need = sum(-(-len(item.data) // block) * block + 1024 for item in tree.values())
    size = (need * 5 // 4 + (2 << 20)) >> 20 << 20
    with image.open("wb") as file:
        file.truncate(size)
    _run(
        *("mkfs.ext4", "-q", "-F", "-b", str(block), "-O", "^has_journal", "-U", _UUID, "-E", f"hash_seed={_UUID}"),
        *("-m", "0", *options, "-d", str(folder), str(image)),
    )
    commands = []
    for path, item in tree.items():
        if path:
            commands += [f'sif "/{path}" uid {item.uid}', f'sif "/{path}" gid {item.gid}']
        for number, (name, value) in enumerate(item.xattrs):
            stored = scratch / f"xattr-{number}"
            stored.write_bytes(value)
            commands.append(f'ea_set -f {stored} "/{path}" {name}')
    script = scratch / "debugfs"
    script.write_text("\n".join(commands) + "\n")
    _run("debugfs", "-w", "-f", str(script), str(image))
    return image.read_bytes()


def write_jffs2(tree: Tree, scratch: Path, *options: str) -> bytes:
    """Return a jffs2 image, all owned by root, little-endian and with erase blocks of 128 KiB unless `options` say otherwise.

    Raises:
        SystemExit: the tool refuses.
    """
    folder, image = _folder(tree, scratch), scratch / "made.jffs2"
    _run("mkfs.jffs2", "-r", str(folder), "-o", str(image), "-n", "-U", *(options or _LITTLE))
    return image.read_bytes()


def _folder(tree: Tree, scratch: Path) -> Path:
    folder = scratch / "tree"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_folder(tree, folder)
    return folder


def sparse(image: bytes, block: int = 4096) -> bytes:
    """Return an image as Android's sparse image, blocks of one repeated word as such (AOSP ``libsparse/sparse_format.h``)."""
    chunks = []
    for at in range(0, len(image), block):
        piece = image[at : at + block]
        if piece == piece[:4] * (block // 4):
            chunks.append(pack("<HHII", 0xCAC2, 0, 1, 16) + piece[:4])
        else:
            chunks.append(pack("<HHII", 0xCAC1, 0, 1, 12 + block) + piece)
    head = pack("<I4H4I", 0xED26FF3A, 1, 0, 28, 12, block, len(chunks), len(chunks), 0)
    return head + b"".join(chunks)


def write_cpio(tree: Tree) -> bytes:
    """Return a cpio archive in the new ASCII format (Linux, Documentation/driver-api/early-userspace/buffer-format.rst)."""
    out = bytearray()
    for number, (path, item) in enumerate(tree.items(), 1):
        out += _entry(number, path or ".", item)
    return bytes(out + _entry(0, "TRAILER!!!", Item(tarfile.REGTYPE, 0)))


def _entry(number: int, name: str, item: Item) -> bytes:
    kinds = {tarfile.DIRTYPE: 0o040000, tarfile.REGTYPE: 0o100000, tarfile.SYMTYPE: 0o120000}
    data = item.link.encode() if item.type == tarfile.SYMTYPE else item.data
    mode = kinds[item.type] | item.mode if number else 0
    fields = (number, mode, item.uid, item.gid, 1, item.mtime, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def _run(*command: str) -> None:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SOURCE_DATE_EPOCH": _EPOCH, "E2FSPROGS_FAKE_TIME": _EPOCH}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")
