"""The trees that are packed, and the makers that pack them: every format that a tool at hand can write."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agreement_listing import CONTENT, EVERY_KIND, FULL, PLAIN, POSIX
from tree import TREE, make_tree

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [os.fspath(ROOT), os.fspath(ROOT / "tests/vectors")]

FOLDER = Path("build/agreement")

_FILES = frozenset({"file", "directory"})
_FOREIGN = frozenset({"kind", "sha256", "size"})
_NO_SOCKET = EVERY_KIND - {"socket"}


def make_trees(*, large: bool, keep: bool = False) -> dict[str, Path]:
    """Return the trees by name.

    `large` is the tree of the benchmark with everything a file system can hold added to it; `short` is the same without names
    that are long or no text. `all` has one of everything, some 1,400 entries; the others leave out what one kind of format
    cannot hold.

    Args:
        large: with the two large ones.
        keep: those that are there are kept, if all are.
    """
    from tests.filesystems import fill  # noqa: PLC0415 (found by the path set above)
    from tests.unit.formats.wide_tree import LETTERS  # noqa: PLC0415
    from tests.unit.formats.wide_tree import make_tree as make_wide  # noqa: PLC0415

    trees = {
        name: FOLDER / name for name in ("large", "short", "all", "few", "flat", "text", "wide", "package", "fair")
    }
    trees["sizes"] = trees["wide"] / "sizes"
    if keep and all(path.exists() for path in trees.values()):
        return trees
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    if large:
        make_tree()
        subprocess.run(("cp", "-a", f"{TREE}/", trees["large"]), check=True)
        fill(trees["large"] / "odd")
        _disguise(trees["large"])
        subprocess.run(("cp", "-a", trees["large"], trees["short"]), check=True)
        (trees["short"] / "odd" / ("n" * 255)).unlink()
        _shorten(trees["short"] / "odd")
        (trees["short"] / "odd" / os.fsdecode(b"latin-\xe9\xff")).unlink()
    fill(trees["all"])
    fill(trees["few"], attributes=False)
    _shorten(trees["few"])
    fill(trees["flat"], longest=30, attributes=False)
    fill(trees["text"], odd=False, attributes=False, longest=100)
    for name in ("flat", "text"):
        _shorten(trees[name])
    make_wide(trees["wide"], letters=LETTERS, name_bytes=200)
    fill(trees["fair"])
    (trees["fair"] / os.fsdecode(b"latin-\xe9\xff")).unlink()
    _shorten(trees["fair"])
    fill(trees["package"], odd=False, attributes=False)
    for name in ("fifo", "null", "mtd"):
        (trees["package"] / name).unlink()
    return trees


def _shorten(root: Path) -> None:
    """Shorten the one link that is longer than some formats can have it."""
    far = root / "far"
    times = far.lstat().st_mtime
    far.unlink()
    far.symlink_to("x/" * 70 + "end")
    os.utime(far, (times, times), follow_symlinks=False)


def _disguise(root: Path) -> None:
    """Give entries of the tree other owners, modes and attributes, and a name of 255 bytes."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    for number, path in enumerate(files[::7]):
        os.chown(path, number % 13 * 1_000, number % 11 * 5_000)
    for number, path in enumerate(files[3::101]):
        path.chmod((0o4755, 0o2711, 0o6750, 0o1644, 0o400)[number % 5])
    for number, path in enumerate(files[5::53]):
        os.setxattr(path, "user.origin", b"\0\xff%d" % number)
    for path in files[8::997]:
        os.setxattr(path, "security.capability", bytes.fromhex("01000002" + "00200000" + "00" * 12))
    (root / "odd" / ("n" * 255)).write_bytes(b"the longest name")


@dataclass(frozen=True, slots=True)
class Maker:
    """How an image of a tree is made, what it can hold, and who else reads it."""

    format: str
    variant: str
    tree: str
    make: str | Callable[[Path, Path], None]
    """A shell command with {tree} and {image}, or a function of both."""
    tools: tuple[str, ...]
    """Names of `agreement_tools.TOOLS`."""
    holds: frozenset[str] = FULL
    kinds: frozenset[str] = EVERY_KIND
    base: str = ""
    """Where the entries lie in the manifest, as a pattern."""
    coarse: int = 0
    ignore: tuple[str, ...] = ()
    lost: str = ""
    """What the format does not hold or its maker does not write, in words, for the page."""

    def image(self, trees: dict[str, Path]) -> Path:
        """Make the image.

        Raises:
            OSError | subprocess.CalledProcessError: it cannot be made here.
        """
        image = FOLDER / f"{self.format}.{self.variant.replace(' ', '-')}"
        image.unlink(missing_ok=True)
        tree = trees[self.tree].resolve()
        if callable(self.make):
            self.make(tree, image.resolve())
        else:
            command = self.make.format(tree=tree, image=image.resolve(), work=FOLDER.resolve())
            path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
            environment = os.environ | {"PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
            subprocess.run(
                ("sh", "-ec", command), check=True, capture_output=True, env=environment, cwd=tree, timeout=600
            )
        return image


def _yaffs(page: int, spare: int, place: int) -> Callable[[Path, Path], None]:
    def make(tree: Path, image: Path) -> None:
        from tests.yaffs import Yaffs  # noqa: PLC0415

        image.write_bytes(Yaffs(page, spare, place).write(tree))

    return make


def _minix(version: str, length: int) -> Callable[[Path, Path], None]:
    def make(tree: Path, image: Path) -> None:
        import minix_writer  # type: ignore[import-not-found]  # noqa: PLC0415

        with image.open("wb") as file:
            file.truncate(8 << 20)
        names = () if version == "-3" else ("-n", str(length))
        subprocess.run(("/usr/sbin/mkfs.minix", version, *names, "-i", "2000", image), check=True, capture_output=True)
        image.write_bytes(minix_writer.Writer(image.read_bytes()).fill(tree))

    return make


def _exfat(tree: Path, image: Path) -> None:
    """Let the driver fill an empty one."""
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(("/usr/sbin/mkfs.exfat", "-L", "Agreement", image), check=True, capture_output=True)
    device = subprocess.run(
        ("losetup", "-f", "--show", image), check=True, capture_output=True, text=True
    ).stdout.strip()
    folder = image.with_suffix(".mounted")
    folder.mkdir()
    try:
        subprocess.run(("mount.exfat-fuse", device, folder), check=True, capture_output=True)
        copy = ["cp", "-rp", "--no-preserve=mode,ownership", *map(str, sorted(tree.iterdir())), str(folder)]
        try:
            subprocess.run(copy, check=True, capture_output=True)
        finally:
            subprocess.run(("umount", folder), check=True)
    finally:
        subprocess.run(("losetup", "-d", device), check=True)
        folder.rmdir()


def _udf(tree: Path, image: Path) -> None:
    """Make a disc with both trees, and leave only the descriptors of UDF: no tool here fills one alone."""
    command = ("genisoimage", "-R", "-J", "-udf", "-quiet", "-V", "AGREEMENT", "-o", image, tree)
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    with image.open("r+b") as file:
        file.seek(16 * 2048)
        sectors = [file.read(2048) for _ in range(16)]
        kept = [sector for sector in sectors if sector[1:6] in {b"BEA01", b"NSR02", b"NSR03", b"TEA01"}]
        file.seek(16 * 2048)
        file.write(b"".join(kept).ljust(16 * 2048, b"\0"))


_SPEC = """\
Name: agreement
Version: 1
Release: 1
Summary: agreement
License: none
BuildArch: noarch
AutoReqProv: no
%define __os_install_post %{{nil}}
%define _binary_payload {payload}
%description
agreement
%install
cp -a {tree}/. %{{buildroot}}
%files
%defattr(-,root,root)
/*
"""


def _rpm(payload: str) -> Callable[[Path, Path], None]:
    def make(tree: Path, image: Path) -> None:
        work = image.with_suffix(".rpmbuild")
        work.mkdir()
        (work / "agreement.spec").write_text(_SPEC.format(payload=payload, tree=tree), "utf-8")
        command = ("rpmbuild", "-bb", "--define", f"_topdir {work}", work / "agreement.spec")
        subprocess.run(command, check=True, capture_output=True)
        next(work.rglob("*.rpm")).rename(image)
        shutil.rmtree(work)

    return make


_SQUASHFS = "mksquashfs {tree} {image} -noappend -quiet -no-progress -comp "
_EROFS = "mkfs.erofs --quiet --preserve-mtime {options} {{image}} {{tree}}"
_CPIO = "find . -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H {kind} > {{image}}"
_JFFS2 = "mkfs.jffs2 -d {tree} -o {image} --with-xattr -e 128KiB -l -X "
_FAT = (
    "mkfs.fat -n AGREEMENT -F {bits} {options} -C {{image}} {kib} > /dev/null; "
    "mcopy -i {{image}} -s -Q -m {{tree}}/* ::"
)
_ISO = "-quiet -V AGREEMENT -o {image} {tree}"
_UBI = (
    "mkfs.ubifs -r {{tree}} -o {{image}}.ubifs -m 2048 -e 126976 -c 5000 -x {codec}; "
    "printf '[v]\\nmode=ubi\\nimage=%s\\nvol_id=0\\nvol_type=dynamic\\nvol_name=rootfs\\nvol_flags=autoresize\\n' {{image}}.ubifs "
    "> {{image}}.ini; ubinize -o {{image}} -m 2048 -p 128KiB {{image}}.ini; rm {{image}}.ubifs {{image}}.ini"
)
_DEB = (
    "mkdir -p {image}.d/DEBIAN; cp -a {tree}/. {image}.d; "
    "printf 'Package: agreement\\nVersion: 1\\nArchitecture: all\\n' > {image}.d/DEBIAN/control; "
    "printf 'Maintainer: none <none@example.org>\\nDescription: none\\n' >> {image}.d/DEBIAN/control; "
    "dpkg-deb -Zxz --nocheck -b {image}.d {image}.deb; mv {image}.deb {image}; rm -r {image}.d"
)
_SLACK = ("lost+found", "[[]SYS[]]*")

MAKERS = (
    *(
        Maker("squashfs", codec.split()[0], "large", _SQUASHFS + codec, tools)
        for codec, tools in (
            ("gzip", ("unsquashfs", "linux", "7z")),
            ("xz", ("unsquashfs", "linux", "7z")),
            ("zstd -Xcompression-level 6", ("unsquashfs", "linux")),
            ("lzo -Xalgorithm lzo1x_1_15", ("unsquashfs", "linux")),
            ("lz4", ("unsquashfs", "linux")),
        )
    ),
    Maker(
        "ext",
        "ext4",
        "large",
        "mke2fs -q -t ext4 -m 0 -d {tree} {image} 900000k",
        ("debugfs", "linux", "7z"),
        ignore=_SLACK,
    ),
    Maker(
        "ext",
        "ext3",
        "all",
        "mke2fs -q -t ext3 -b 4096 -m 0 -d {tree} {image} 40000k",
        ("debugfs", "linux", "7z"),
        ignore=_SLACK,
    ),
    Maker(
        "ext",
        "ext2",
        "all",
        "mke2fs -q -t ext2 -b 4096 -m 0 -d {tree} {image} 40000k",
        ("debugfs", "linux"),
        ignore=_SLACK,
    ),
    Maker(
        "tar",
        "pax",
        "large",
        "tar --format=posix --xattrs --xattrs-include='*' -cf {image} .",
        ("tar", "bsdtar", "7z"),
        kinds=_NO_SOCKET,
        lost="sockets",
    ),
    Maker(
        "tar",
        "gnu",
        "large",
        "tar --format=gnu --sparse -cf {image} .",
        ("tar", "bsdtar"),
        POSIX,
        _NO_SOCKET,
        lost="sockets, attributes",
    ),
    Maker(
        "tar",
        "bsdtar",
        "all",
        "bsdtar --format=pax --xattrs -cf {image} .",
        ("tar", "bsdtar"),
        kinds=_NO_SOCKET,
        lost="sockets",
    ),
    Maker("cpio", "newc", "large", _CPIO.format(kind="newc"), ("cpio", "bsdtar"), POSIX, lost="attributes"),
    Maker("cpio", "crc", "all", _CPIO.format(kind="crc"), ("cpio", "bsdtar"), POSIX, lost="attributes"),
    Maker("cpio", "odc", "all", _CPIO.format(kind="odc"), ("cpio", "bsdtar"), POSIX, lost="attributes"),
    *(
        Maker("erofs", name, tree, _EROFS.format(options=options), ("fsck.erofs", "linux"))
        for name, tree, options in (
            ("plain", "short", ""),
            ("lz4", "short", "-zlz4"),
            ("lz4hc", "short", "-zlz4hc -C65536"),
            ("tailpacking", "all", "-zlz4hc -Eztailpacking"),
        )
    ),
    *(Maker("jffs2", codec, "short", _JFFS2 + codec, ("jefferson",)) for codec in ("zlib", "lzo")),
    Maker("jffs2", "odd names", "few", _JFFS2 + "zlib", ()),
    *(
        Maker(
            "ubifs",
            codec,
            "short" if codec == "lzo" else "fair",
            _UBI.format(codec=codec),
            ("ubireader",),
            POSIX,
            base="rootfs",
            lost="attributes (this mkfs.ubifs writes none)",
        )
        for codec in ("lzo", "zlib", "zstd")
    ),
    Maker("ubifs", "odd names", "few", _UBI.format(codec="lzo"), (), POSIX, base="rootfs", lost="attributes"),
    Maker(
        "zip",
        "info-zip",
        "large",
        "zip -qry {image}.zip . -x odd/sock odd/fifo || [ $? -eq 18 ]; mv {image}.zip {image}",
        ("7z", "unzip", "bsdtar"),
        POSIX,
        PLAIN,
        lost="devices, fifos, sockets, attributes",
    ),
    Maker(
        "iso9660",
        "genisoimage",
        "short",
        "genisoimage -R " + _ISO,
        ("xorriso", "7z"),
        POSIX,
        _NO_SOCKET,
        ignore=("rr_moved",),
        lost="sockets, attributes",
    ),
    Maker(
        "iso9660",
        "xorriso",
        "short",
        "xorriso -as mkisofs -R " + _ISO,
        ("xorriso", "7z", "bsdtar"),
        POSIX,
        _NO_SOCKET,
        lost="sockets, attributes",
    ),
    Maker(
        "udf",
        "genisoimage",
        "wide",
        _udf,
        ("7z",),
        CONTENT,
        PLAIN,
        lost="modes, owners, times, names that are long or have a semicolon (this maker changes them)",
        ignore=("Names/a+b*", "Names/lll*"),
    ),
    Maker(
        "fat",
        "fat32",
        "wide",
        _FAT.format(bits=32, options="-s 1", kib=64_000),
        ("mcopy", "7z"),
        _FOREIGN,
        _FILES,
        lost="modes, owners",
    ),
    Maker(
        "fat",
        "fat16",
        "wide",
        _FAT.format(bits=16, options="-s 4", kib=64_000),
        ("mcopy", "7z"),
        _FOREIGN,
        _FILES,
        lost="modes, owners",
    ),
    Maker(
        "exfat",
        "exfat-fuse",
        "wide",
        _exfat,
        ("exfat-fuse",),
        _FOREIGN | {"mtime"},
        _FILES,
        coarse=2,
        lost="modes, owners",
    ),
    Maker(
        "f2fs",
        "sload",
        "few",
        "truncate -s 100M {image}; mkfs.f2fs -q -f {image}; sload.f2fs -P -f {tree} {image} || true",
        ("dump.f2fs",),
        POSIX,
        PLAIN,
        ignore=(*_SLACK, "fifo", "mtd", "null", "sock"),
        lost="devices, fifos, sockets (sload.f2fs makes files of them), attributes",
    ),
    Maker(
        "cramfs",
        "little",
        "few",
        "mkfs.cramfs -N little {tree} {image}",
        ("fsck.cramfs", "7z"),
        POSIX - {"mtime"},
        lost="times, attributes",
    ),
    Maker(
        "cramfs",
        "big",
        "few",
        "mkfs.cramfs -N big {tree} {image}",
        ("7z",),
        POSIX - {"mtime"},
        lost="times, attributes",
    ),
    Maker(
        "romfs",
        "genromfs",
        "text",
        "genromfs -d {tree} -f {image} -V test",
        ("unblob",),
        CONTENT | {"rdev"},
        lost="modes, owners, times, attributes",
    ),
    Maker(
        "romfs",
        "odd names",
        "flat",
        "genromfs -d {tree} -f {image} -V test",
        (),
        CONTENT | {"rdev"},
        lost="modes, owners, times, attributes",
    ),
    *(
        Maker(
            "minix", f"version {version[1]}", "flat", _minix(version, length), ("fsck.minix",), POSIX, lost="attributes"
        )
        for version, length in (("-1", 30), ("-2", 30), ("-3", 60))
    ),
    Maker("yaffs2", "2048+64", "text", _yaffs(2048, 64, 0), ("unyaffs",), POSIX, lost="attributes (in this tree)"),
    Maker("yaffs2", "4096+128", "text", _yaffs(4096, 128, 0), ("unblob",), POSIX, lost="attributes (in this tree)"),
    Maker(
        "deb",
        "dpkg-deb",
        "package",
        _DEB,
        ("dpkg-deb", "bsdtar data"),
        POSIX,
        base="data.tar.xz!/data",
        lost="attributes",
    ),
    Maker(
        "rpm",
        "zstd",
        "package",
        _rpm("w19.zstdio"),
        ("rpm2cpio", "bsdtar"),
        POSIX - {"owner"},
        base="payload!/data",
        lost="owners (all are root), attributes",
    ),
    Maker(
        "rpm",
        "xz",
        "package",
        _rpm("w6.xzdio"),
        ("rpm2cpio", "bsdtar"),
        POSIX - {"owner"},
        base="payload!/data",
        lost="owners (all are root), attributes",
    ),
    Maker(
        "ar",
        "binutils",
        "sizes",
        "ar cq {image} *",
        ("ar", "bsdtar"),
        _FOREIGN,
        frozenset({"file"}),
        lost="modes, owners, times (this ar writes zeros)",
    ),
)
"""All images; each is compared with its source and with what its tools make of it."""
