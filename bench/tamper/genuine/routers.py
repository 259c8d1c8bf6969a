"""Routers and optical terminals: OpenWrt, a GPON terminal and the demo's router, as their makers built them."""

import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from hashlib import md5
from importlib.resources import files
from struct import pack, unpack_from
from typing import ClassVar
from zlib import crc32

from remake import (
    Item,
    Tree,
    lay_out_tplink,
    read_squashfs,
    read_tar,
    repack_kernel,
    tplink_regions,
    unpack_stream,
    write_squashfs,
    write_tar,
)
from tamper.genuine.form import Genuine
from tamper.making.filesystems import write_jffs2

_KERNEL = "@kernel"


def _file(data: bytes) -> Item:
    return Item(tarfile.REGTYPE, 0o644, data=data)


class OpenWrt(Genuine):
    """OpenWrt in TP-Link's header: kernel and squashfs."""

    name: ClassVar[str] = "OpenWrt router"
    title: ClassVar[str] = "OpenWrt 15.05.1 for TL-WR841N v9, the factory image (corpus)"
    publisher: ClassVar[str] = "OpenWrt"
    product: ClassVar[str] = "OpenWrt TL-WR841N v9 factory"
    version: ClassVar[str] = "15.05.1"
    root: ClassVar[str] = "rootfs!/"
    mutable: ClassVar[str] = "openwrt"
    _PATH = "open/tl-wr841n-five-builders/openwrt-15.05.1-ar71xx-generic-tl-wr841n-v9-squashfs-factory.bin"

    def image(self) -> bytes:
        """Return the image as OpenWrt released it."""
        return self.workshop.item(self._PATH)

    def unpacked(self) -> Tree:
        """Return its files, and the kernel unpacked."""
        kernel, root, _ = tplink_regions(self.image())
        return {**read_squashfs(root, self.workshop.scratch), _KERNEL: _file(unpack_stream(kernel))}

    def pack(self, tree: Tree) -> bytes:
        """Return the image with its lengths and MD5 made anew; an unaltered kernel stays packed as it was."""
        return self._packed(tree)

    def _packed(self, tree: Tree, *options: str, preset: int | None = None) -> bytes:
        image = self.image()
        old = tplink_regions(image)[0]
        content = tree[_KERNEL].data
        kernel = old if content == self.tree[_KERNEL].data and preset is None else repack_kernel(old, content)
        root = {path: item for path, item in tree.items() if path != _KERNEL}
        return lay_out_tplink(image, kernel=kernel, root=write_squashfs(root, self.workshop.scratch, *options))

    def packings(self) -> Mapping[str, Callable[[], bytes]]:
        """Return other blocks, another codec, another order, a kernel packed anew, and the files alone."""
        turned = _turned(self.tree)
        root = {path: item for path, item in turned.items() if path != _KERNEL}
        return {
            "xz, blocks of 128 KiB": lambda: self._packed(self.tree, "-comp", "xz", "-b", "128K"),
            "xz, smaller dictionary": lambda: self._packed(self.tree, "-comp", "xz", "-b", "1M", "-Xdict-size", "25%"),
            "other order and times": lambda: self._packed(turned),
            "kernel packed anew": lambda: self._packed(self.tree, preset=1),
            "files in a tar": lambda: write_tar(root),
            "with what the device wrote behind the files": self._used,
        }

    def _used(self) -> bytes:
        """Return the image as read back from a device: where the mark was, a file system with the owner's settings begins."""
        image = self.image()
        mark = image.rindex(b"\xde\xad\xc0\xde")
        settings = self.tree["etc/config/system"]
        written: Tree = {
            path: Item(tarfile.DIRTYPE, 0o755) for path in ("", "upper", "upper/etc", "upper/etc/config", "work")
        }
        written["upper/etc/config/system"] = replace(settings, data=settings.data.replace(b"OpenWrt", b"kitchen"))
        data = write_jffs2(written, self.workshop.scratch, "-b", "-e", "64KiB")
        return image[:mark] + data + b"\xff" * (len(image) - mark - len(data))

    def shown(self, path: str) -> str:
        """Return a path as a result has it; whatever is said of the kernel begins alike."""
        return "kernel**" if path == _KERNEL else super().shown(path)


def _turned(tree: Tree) -> Tree:
    """Return the tree in another order and of other times."""
    late = {path: item for path, item in tree.items() if item.type == tarfile.LNKTYPE}
    folders = {path: item for path, item in tree.items() if item.type == tarfile.DIRTYPE}
    rest = {path: item for path, item in reversed(tree.items()) if path not in late and path not in folders}
    return {path: replace(item, mtime=1_234_567_890) for path, item in (folders | rest | late).items()}


class Onu(Genuine):
    """A GPON terminal's archive: squashfs, kernel, an update script and a list of MD5 sums, in a tar."""

    name: ClassVar[str] = "GPON terminal"
    title: ClassVar[str] = "V-SOL V2801F V1.9.0-201104 (corpus); the registry also knows V1.9.0-200827"
    publisher: ClassVar[str] = "V-SOL"
    product: ClassVar[str] = "V2801F"
    version: ClassVar[str] = "V1.9.0-201104"
    root: ClassVar[str] = "rootfs!/"
    suffix: ClassVar[str] = ".tar"
    mutable: ClassVar[str] = "generic"
    _PATH = "open/gpon-onu/V2801F_V1.9.0-201104.tar"
    _OLDER = "open/gpon-onu/V2801F_V1.9.0-200827.tar"

    def image(self) -> bytes:
        """Return the archive as its maker built it."""
        return self.workshop.item(self._PATH)

    def unpacked(self) -> Tree:
        """Return its files, and the archive's other members."""
        return self._files(self._PATH)

    def older(self, path: str) -> bytes:
        """Return a file of the release before."""
        return self._files(self._OLDER)[path].data

    def _files(self, path: str) -> Tree:
        members = read_tar(self.workshop.item(path))
        beside = {f"@{name}": item for name, item in members.items() if name != "rootfs"}
        return {**read_squashfs(members["rootfs"].data, self.workshop.scratch), **beside}

    def pack(self, tree: Tree) -> bytes:
        """Return the archive with the list of MD5 sums made anew."""
        return self._packed(tree, "lzma", "128K")

    def _packed(self, tree: Tree, codec: str, block: str) -> bytes:
        root = {path: item for path, item in tree.items() if not path.startswith("@")}
        made = write_squashfs(root, self.workshop.scratch, "-comp", codec, "-b", block)
        old = read_tar(self.image())
        members = {name: tree.get(f"@{name}", item) for name, item in old.items()}
        members["rootfs"] = replace(old["rootfs"], data=made)
        sums = members["md5.txt"].data
        for name, item in members.items():
            before = md5(old[name].data, usedforsecurity=False).hexdigest().encode()
            sums = sums.replace(before, md5(item.data, usedforsecurity=False).hexdigest().encode())
        members["md5.txt"] = replace(members["md5.txt"], data=sums)
        return write_tar(members)

    def packings(self) -> Mapping[str, Callable[[], bytes]]:
        """Return other blocks, and the archive in another order."""
        return {
            "blocks of 64 KiB, list of sums made anew": lambda: self._packed(self.tree, "lzma", "64K"),
            "archive in another order": lambda: write_tar(_turned(read_tar(self.image()))),
        }

    def collateral(self, changed: Iterable[str]) -> frozenset[str]:
        """Return the list of sums."""
        return frozenset({"md5.txt"} if any(True for _ in changed) else ())

    def known_beside(self) -> Iterable[tuple[bytes, str, str, str]]:
        """Return the release before."""
        yield self.workshop.item(self._OLDER), self.publisher, self.product, "V1.9.0-200827"


class Demo(Genuine):
    """The router of trueware's demo: a TRX header over a kernel stub and a squashfs. It needs no corpus."""

    name: ClassVar[str] = "demo router"
    title: ClassVar[str] = "the invented router of `trueware demo`, made by us"
    publisher: ClassVar[str] = "Acme Networks"
    product: ClassVar[str] = "Acme Router"
    version: ClassVar[str] = "1.0"
    root: ClassVar[str] = "partition-1!/"
    mutable: ClassVar[str] = "openwrt"

    def image(self) -> bytes:
        """Return the image as it ships."""
        return files("trueware.demo.samples").joinpath("router-1.0.bin").read_bytes()

    def _parts(self) -> tuple[bytes, bytes]:
        image = self.image()
        first, second = unpack_from("<II", image, 16)
        return image[first:second], image[second:]

    def unpacked(self) -> Tree:
        """Return its files."""
        return read_squashfs(self._parts()[1], self.workshop.scratch)

    def pack(self, tree: Tree) -> bytes:
        """Return the image with its checksum made anew (layout: OpenWrt firmware-utils trx.c)."""
        kernel, _ = self._parts()
        body = kernel + bytes(-(28 + len(kernel)) % 4096)
        root = write_squashfs(tree, self.workshop.scratch)
        tail = pack("<HH3I", 0, 1, 28, 28 + len(body), 0) + body + root + bytes(-(28 + len(body) + len(root)) % 4096)
        return pack("<4sII", b"HDR0", 12 + len(tail), ~crc32(tail) & 0xFFFFFFFF) + tail
