"""The images of the tree, one for each format, made with the format's own tools; made once, then kept in build/bench."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tree import FOLDER, TREE, Tree, plant

_SQUASHFS = "mksquashfs {tree} {image} -noappend -quiet -no-progress -all-root -comp "
_TAR = "tar --sort=name --owner=0 --group=0 --numeric-owner -C {tree} -c ."
_CPIO = "(cd {tree} && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0)"
# 128 KiB blocks of NAND flash with pages of 2 KiB; room for the tree if nothing of it could be compressed
_UBIFS = (
    "mkfs.ubifs -m 2048 -e 126976 -c 4096 -U -r {tree} -o {image}.volume -x %s && "
    "printf '[rootfs]\\nmode=ubi\\nimage=%%s\\nvol_id=0\\nvol_type=dynamic\\nvol_name=rootfs\\nvol_flags=autoresize\\n' "
    "{image}.volume > {image}.ini && ubinize -m 2048 -p 128KiB -o {image} {image}.ini && rm {image}.volume {image}.ini"
)
COMMANDS = {
    "squashfs-xz": _SQUASHFS + "xz",
    "squashfs-gzip": _SQUASHFS + "gzip",
    "squashfs-zstd": _SQUASHFS + "zstd",
    "squashfs-lzo": _SQUASHFS + "lzo",
    "squashfs-lz4": _SQUASHFS + "lz4 -Xhc",
    "ext4": "mke2fs -q -t ext4 -m 0 -E root_owner=0:0 -d {tree} {image} {kib}k",
    "erofs": "mkfs.erofs --quiet -zlz4hc -T0 --all-root {image} {tree}",
    "jffs2": "mkfs.jffs2 -l -n -e 128KiB -U -r {tree} -o {image}",
    "jffs2-lzo": "mkfs.jffs2 -l -n -e 128KiB -U -X lzo -r {tree} -o {image}",
    "ubifs": _UBIFS % "lzo",
    "ubifs-zlib": _UBIFS % "zlib",
    "ubifs-zstd": _UBIFS % "zstd",
    "tar.gz": _TAR + " | gzip -6n > {image}",
    "cpio.gz": _CPIO + " | gzip -6n > {image}",
    "tar": _TAR + " > {image}",
    "cpio": _CPIO + " > {image}",
    "zip": "(cd {tree} && find . | LC_ALL=C sort | zip -q -y -X {image} -@)",
}
"""By the name of an image: the shell command that makes it. ubifs stands in an UBI image, as in flash."""

LARGE = "squashfs-lz4, four times"
_LARGE = _SQUASHFS + "lz4 -no-duplicates -no-hardlinks"


def make_image(name: str, tree: Tree) -> Path | None:
    """Return the image called `name`, made if it is not there yet; None if the programs that make it are missing."""
    image = FOLDER / f"image.{name}"
    return image if image.exists() or _make(COMMANDS[name], TREE, image, tree) else None


def make_tampered(name: str) -> tuple[Path, frozenset[str]]:
    """Return an image of the tree in which things were planted, packed as the image called `name`, and the paths changed."""
    image, changed = FOLDER / f"tampered.{name}", FOLDER / "tree.tampered"
    paths = plant(changed)
    if not image.exists() and not _make(COMMANDS[name], changed, image, Tree(0, 0)):
        raise SystemExit(f"cannot make {image}")
    shutil.rmtree(changed)
    return image, paths


def make_large() -> Path | None:
    """Return an image that holds the tree four times, nothing of it shared; None if it cannot be made."""
    image, folder = FOLDER / "large.squashfs-lz4", FOLDER / "tree.large"
    if image.exists():
        return image
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number in range(4):
        subprocess.run(("cp", "-al", TREE, folder / str(number)), check=True)
    made = _make(_LARGE, folder, image, Tree(0, 0))
    shutil.rmtree(folder)
    return image if made else None


def _make(command: str, folder: Path, image: Path, tree: Tree) -> bool:
    """Pack `folder`; False, with a word on stderr, if that failed."""
    sys.stderr.write(f"making {image}\n")
    partial = image.with_name(f"partial.{image.name}")
    partial.unlink(missing_ok=True)
    # each file ends in half a block on average, and inodes, bitmaps and the journal want their share
    kib = (tree.size + tree.files * 4096) * 5 // 4 // 1024
    filled = command.format(tree=folder.resolve(), image=partial.resolve(), kib=kib)
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    words = ("bash", "-o", "pipefail", "-c", filled)
    if subprocess.run(words, check=False, env=os.environ | {"PATH": path}, stdout=subprocess.DEVNULL).returncode:
        sys.stderr.write(f"{image} is not measured: could not be made\n")
        return False
    partial.rename(image)
    return True
