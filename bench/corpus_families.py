"""How each kind of genuine image is taken apart, packed again, and altered as a whole.

A family's `pack` does what an attacker does: lengths and checksums that anybody can make anew are made anew. Where that alters
a file (the list of MD5 sums of a package), its path is expected among the changes too.
"""

import random
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from hashlib import md5
from io import BytesIO
from pathlib import Path
from struct import unpack_from
from typing import ClassVar

from corpus_edits import touch
from remake import (
    Tree,
    lay_out_tplink,
    pack_gzip,
    pack_xz,
    read_ar,
    read_squashfs,
    read_tar,
    repack_kernel,
    sign_tplink,
    tplink_regions,
    unpack_stream,
    write_ar,
    write_squashfs,
    write_tar,
    write_tplink,
    write_zip,
    zip_members,
)

Made = tuple[bytes, frozenset[str]]
"""Bytes, and the paths expected among the changes; one that ends in ``**`` stands for all paths that begin so."""

Altered = tuple[bytes, frozenset[str] | None]
"""The same; None where the image then says that it is another release."""

_NONE: frozenset[str] = frozenset()
_NOISE = random.Random(2).randbytes(4096)  # noqa: S311 (the same in every run)


class Family(ABC):
    """One genuine image, taken apart.

    Attributes:
        inner: where the paths of its tree begin in a result.
        data: the image.
        folder: for the files of the formats' tools.
        tree: its files.
    """

    inner: ClassVar[str]

    def __init__(self, data: bytes, folder: Path) -> None:
        self.data, self.folder = data, folder
        self.tree = self._unpack()

    @abstractmethod
    def _unpack(self) -> Tree: ...

    @abstractmethod
    def pack(self, tree: Tree) -> Made:
        """Return the image with another tree, and which paths outside the tree differ by that."""

    @abstractmethod
    def twins(self) -> Iterator[tuple[str, bytes]]:
        """Yield the image with the same content, packed differently."""

    @abstractmethod
    def altered(self) -> Iterator[tuple[str, Altered]]:
        """Yield the image altered outside its tree."""


class Tplink(Family):
    """OpenWrt and kin in TP-Link's header: kernel, squashfs, and the mark where the writable file system begins."""

    inner: ClassVar[str] = "rootfs!/"

    def _unpack(self) -> Tree:
        return read_squashfs(tplink_regions(self.data)[1], self.folder)

    def pack(self, tree: Tree) -> Made:
        """Return the image with another root, its lengths restated."""
        return lay_out_tplink(self.data, root=write_squashfs(tree, self.folder)), _NONE

    def twins(self) -> Iterator[tuple[str, bytes]]:
        """Yield other blocks, order, times, tables and lengths."""
        yield "xz, blocks of 1 MiB", self.pack(self.tree)[0]
        kernel = tplink_regions(self.data)[0]
        anew = repack_kernel(kernel, unpack_stream(kernel), preset=1)
        yield "kernel packed anew", lay_out_tplink(self.data, kernel=anew)
        options = ("-comp", "xz", "-b", "512K", "-all-time", "1234567890", "-no-duplicates")
        root = write_squashfs(self.tree, self.folder, *options)
        yield "xz, 512 KiB, other times", lay_out_tplink(self.data, root=root)
        yield (
            "no exports, other order",
            lay_out_tplink(
                self.data,
                root=write_squashfs(touch(self.tree), self.folder, "-comp", "xz", "-b", "1M", "-no-exports"),
            ),
        )

    def altered(self) -> Iterator[tuple[str, Altered]]:
        """Yield other headers, another kernel, and appended data."""
        hardware = bytearray(self.data)
        hardware[0x43] ^= 1
        yield "header for other hardware, MD5 made anew", (sign_tplink(bytes(hardware)), None)
        entry = bytearray(self.data)
        entry[0x7B] ^= 4
        yield "kernel entered elsewhere, MD5 made anew", (sign_tplink(bytes(entry)), frozenset({""}))
        vendor = self.data[:4] + b"TP-LINK Technologies".ljust(24, b"\0") + self.data[28:]
        yield "header of another maker, MD5 made anew", (sign_tplink(vendor), frozenset({""}))
        kernel = tplink_regions(self.data)[0]
        content = bytearray(unpack_stream(kernel))
        middle = len(content) // 2
        content[middle : middle + 2048] = bytes(2048)
        made = write_tplink(self.data, kernel=repack_kernel(kernel, bytes(content)))
        yield "kernel patched", (made, frozenset({"kernel**"}))
        early = write_tplink(self.data, root=write_squashfs(self.tree, self.folder))
        # a root that ends an erase block earlier: the device does not find the mark, and keeps what was written before
        yield "mark where no device looks for it", (early, frozenset({""}))
        inside = len(self.data) < unpack_from(">I", self.data, 0x7C)[0]
        # a last mark is one only where nothing follows
        mark = {"", "jffs2-end-mark-**"} if inside else set()
        yield "trailing data", (sign_tplink(self.data + _NOISE), frozenset({"gap-**"} | mark))


_LZMA = ("-comp", "lzma", "-b", "128K")
"""What the kernel of the ONU reads."""


class Onu(Family):
    """The ONU's archive: squashfs, kernel and a list of MD5 sums, in a tar."""

    inner: ClassVar[str] = "rootfs!/"

    def _unpack(self) -> Tree:
        return read_squashfs(read_tar(self.data)["rootfs"].data, self.folder)

    def pack(self, tree: Tree) -> Made:
        """Return the archive with another root and its MD5 in the list."""
        return self._with("rootfs", write_squashfs(tree, self.folder, *_LZMA)), frozenset({"md5.txt"})

    def twins(self) -> Iterator[tuple[str, bytes]]:
        """Yield another order of the archive, other blocks and codecs."""
        members = read_tar(self.data)
        yield "tar in another order, other times", write_tar(touch(members))
        for name, options in (("blocks of 64 KiB", ("-comp", "lzma", "-b", "64K")), ("xz", ("-comp", "xz"))):
            root = write_squashfs(self.tree, self.folder, *options)
            yield f"squashfs with {name}", write_tar(members | {"rootfs": replace(members["rootfs"], data=root)})

    def altered(self) -> Iterator[tuple[str, Altered]]:
        """Yield other members, and appended data."""
        members = read_tar(self.data)
        script = members["fwu.sh"].data.replace(b"set -e\n", b"set -e\n/bin/tftpd &\n", 1)
        yield "script of the update changed", (self._with("fwu.sh", script), frozenset({"fwu.sh", "md5.txt"}))
        more = members | {"pre.sh": replace(members["fwu.sh"], data=b"#!/bin/sh\n")}
        yield "member added", (write_tar(more), frozenset({"pre.sh"}))
        less = {name: item for name, item in members.items() if name != "fwu_ver"}
        yield "member removed", (write_tar(less), frozenset({"fwu_ver"}))
        yield "trailing data", (self.data + _NOISE, frozenset({"gap-**"}))

    def _with(self, name: str, content: bytes) -> bytes:
        members = read_tar(self.data)
        old = md5(members[name].data, usedforsecurity=False).hexdigest().encode()
        new = md5(content, usedforsecurity=False).hexdigest().encode()
        sums = members["md5.txt"]
        assert old in sums.data, "the list of MD5 sums is not what it was"
        members[name] = replace(members[name], data=content)
        members["md5.txt"] = replace(sums, data=sums.data.replace(old, new))
        return write_tar(members)


class Deb(Family):
    """A Debian package."""

    inner: ClassVar[str] = "data.tar.xz!/data!/"

    def _unpack(self) -> Tree:
        return read_tar(unpack_stream(read_ar(self.data)["data.tar.xz"]))

    def pack(self, tree: Tree) -> Made:
        """Return the package with other files and the list of MD5 sums that goes with them."""
        members = read_ar(self.data)
        control = read_tar(unpack_stream(members["control.tar.xz"]))
        sums = control["md5sums"].data
        made = b"".join(
            b"%b  %b\n" % (md5(tree[path].data, usedforsecurity=False).hexdigest().encode(), path.encode())
            for line in sums.decode().splitlines()
            if (path := line.split("  ", 1)[1]) in tree
        )
        control["md5sums"] = replace(control["md5sums"], data=made)
        members["control.tar.xz"] = pack_xz(write_tar(control))
        members["data.tar.xz"] = pack_xz(write_tar(tree))
        changed = set() if made == sums else {"control.tar.xz!/data!/md5sums"}
        if _owners(tree) != _owners(self.tree):
            changed.add("data.tar.xz!/data")  # the archive gives a name to a number it did not have
        return write_ar(members), frozenset(changed)

    def twins(self) -> Iterator[tuple[str, bytes]]:
        """Yield another level, order and times."""
        yield "xz at another level", self.pack(self.tree)[0]
        yield "tar in another order, other times", self.pack(touch(self.tree))[0]

    def altered(self) -> Iterator[tuple[str, Altered]]:
        """Yield other installation scripts, another member, and appended data."""
        members = read_ar(self.data)
        control = read_tar(unpack_stream(members["control.tar.xz"]))
        script = replace(control["postinst"], data=control["postinst"].data + b"useradd -o -u 0 support\n")
        changed = pack_xz(write_tar(control | {"postinst": script}))
        place = "control.tar.xz!/data!/"
        yield (
            "installation script adds an account",
            (
                write_ar(members | {"control.tar.xz": changed}),
                frozenset({place + "postinst"}),
            ),
        )
        trigger = pack_xz(write_tar(control | {"preinst": replace(script, data=b"#!/bin/sh\n")}))
        yield (
            "installation script added",
            (
                write_ar(members | {"control.tar.xz": trigger}),
                frozenset({place + "preinst"}),
            ),
        )
        yield "member added", (write_ar(members | {"_extra": _NOISE}), frozenset({"_extra"}))
        yield "trailing data", (self.data + _NOISE, frozenset({"gap-**"}))


def _owners(tree: Tree) -> set[tuple[int, str]]:
    return {(item.uid, item.names[0]) for item in tree.values() if item.uid or item.names[0] not in ("", "root")}


class Ipk(Family):
    """A package of opkg: a tar.gz that holds two."""

    inner: ClassVar[str] = "data!/data.tar.gz!/data!/"

    def _unpack(self) -> Tree:
        return read_tar(unpack_stream(read_tar(unpack_stream(self.data))["data.tar.gz"].data))

    def pack(self, tree: Tree) -> Made:
        """Return the package with other files."""
        return self._with("data.tar.gz", tree), _NONE

    def twins(self) -> Iterator[tuple[str, bytes]]:
        """Yield another level, order and times."""
        yield "gzip at another level", pack_gzip(unpack_stream(self.data), 1)
        yield "tar in another order, other times", self._with("data.tar.gz", touch(self.tree))

    def altered(self) -> Iterator[tuple[str, Altered]]:
        """Yield other installation scripts and fields, and appended data."""
        control = read_tar(unpack_stream(read_tar(unpack_stream(self.data))["control.tar.gz"].data))
        place = "data!/control.tar.gz!/data!/"
        script = replace(
            control["control"], mode=0o755, data=b"#!/bin/sh\necho support::0:0::/:/bin/ash >>/etc/passwd\n"
        )
        made = self._with("control.tar.gz", control | {"preinst": script})
        yield "installation script added", (made, frozenset({place + "preinst"}))
        altered = replace(control["control"], data=control["control"].data + b"Depends: libx\n")
        made = self._with("control.tar.gz", control | {"control": altered})
        yield "dependency added", (made, frozenset({place + "control"}))
        yield "trailing data", (self.data + _NOISE, frozenset({"gap-**"}))

    def _with(self, name: str, tree: Tree) -> bytes:
        outer = read_tar(unpack_stream(self.data))
        outer[name] = replace(outer[name], data=pack_gzip(write_tar(tree)))
        return pack_gzip(write_tar(outer, prefix="./"))


class Apk(Family):
    """An Android package; the block with its signatures stays as it was. It has no tree to edit, only members."""

    inner: ClassVar[str] = ""

    def _unpack(self) -> Tree:
        return {}

    def pack(self, tree: Tree) -> Made:  # noqa: ARG002 (the form's)
        """Return the package; it has members, no tree to edit."""
        return write_zip(self.data), _NONE

    def twins(self) -> Iterator[tuple[str, bytes]]:
        """Yield a member packed less tightly."""
        member = "classes.dex"
        yield "one member deflated less", write_zip(self.data, replace={member: _content(self.data, member)}, level=1)

    def altered(self) -> Iterator[tuple[str, Altered]]:
        """Yield other code, another set of members, and data around the archive."""
        code = bytearray(_content(self.data, "classes2.dex"))
        code[len(code) // 2] ^= 1
        yield (
            "code patched by one byte",
            (write_zip(self.data, replace={"classes2.dex": bytes(code)}), frozenset({"classes2.dex"})),
        )
        yield "code added", (write_zip(self.data, add={"classes9.dex": _NOISE}), frozenset({"classes9.dex"}))
        last = zip_members(self.data)[-1]
        yield "member removed", (write_zip(self.data, remove=[last]), frozenset({last}))
        # the offsets in the directory do not fit then: the archive itself is in doubt
        yield "data before the archive", (_NOISE + self.data, frozenset({"", "gap-**"}))
        yield "trailing data", (self.data + _NOISE, frozenset({"gap-**"}))


def _content(data: bytes, name: str) -> bytes:
    return zipfile.ZipFile(BytesIO(data)).read(name)
