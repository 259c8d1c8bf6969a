"""Part trees by hand, with the Merkle digests the model gives them: a router image, its files, and what surrounds them."""

from collections.abc import Iterable
from hashlib import sha256

from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part

Xattrs = tuple[tuple[str, bytes], ...]
Facts = tuple[tuple[str, str], ...]


def part(
    name: str,
    kind: Kind,
    data: bytes | None = None,
    children: Iterable[Part] = (),
    *,
    mode: int | None = None,
    uid: int | None = None,
    link: str | None = None,
    rdev: tuple[int, int] | None = None,
    xattrs: Xattrs = (),
    form: str | None = None,
    facts: Facts = (),
    certain: bool = True,
) -> Part:
    """Return any part; `data` is its content."""
    children = tuple(children)
    digest = None if data is None else sha256(data).digest()
    tree = part_digest(kind, children, digest, mode, uid, uid, link, rdev, xattrs, form, facts, certain=certain)
    size = 0 if data is None else len(data)
    return Part(
        name,
        kind,
        tree,
        size,
        digest,
        mode,
        uid,
        uid,
        None,
        link,
        rdev,
        xattrs,
        form,
        facts,
        certain=certain,
        children=children,
    )


def file(
    name: str, data: bytes = b"data", mode: int = 0o644, uid: int = 0, xattrs: Xattrs = (), *, certain: bool = True
) -> Part:
    """Return a file."""
    return part(name, Kind.FILE, data, mode=mode, uid=uid, xattrs=xattrs, certain=certain)


def folder(name: str, *children: Part, mode: int = 0o755, uid: int = 0) -> Part:
    """Return a folder."""
    return part(name, Kind.DIRECTORY, None, children, mode=mode, uid=uid)


def link(name: str, target: str) -> Part:
    """Return a symbolic link."""
    return part(name, Kind.SYMLINK, mode=0o777, uid=0, link=target)


def device(name: str, major: int = 1, minor: int = 1) -> Part:
    """Return a character device."""
    return part(name, Kind.CHARACTER, mode=0o600, uid=0, rdev=(major, minor))


def region(name: str, data: bytes, *, certain: bool = True) -> Part:
    """Return a range of an image that no format reads."""
    return part(name, Kind.REGION, data, certain=certain)


def container(
    name: str,
    form: str,
    *children: Part,
    kind: Kind = Kind.FILE,
    data: bytes | None = None,
    facts: Facts = (),
    certain: bool = True,
) -> Part:
    """Return what a format read; its bytes are `data`, or made from its children."""
    if data is None:
        data = b"".join(child.name.encode() + child.tree for child in children)
    return part(name, kind, data, children, form=form, facts=facts, certain=certain)


def root_files(
    *more: Part, passwd: bytes = b"root:x:0:0::/root:/bin/ash\n", config: bytes = b"config lan\n"
) -> tuple[Part, ...]:
    """Return the files of a small router."""
    programs = [file(name, name.encode() * 50, 0o755) for name in ("busybox", "uci", "ubus", "opkg")]
    libraries = [file(name, name.encode() * 90) for name in ("libc.so", "libubox.so", "libuci.so")]
    settings = folder("config", file("network", config))
    return (
        folder("bin", *programs, link("ash", "busybox")),
        folder("etc", file("passwd", passwd), settings, file("banner", b"router\n")),
        folder("lib", *libraries),
        *more,
    )


def image(*more: Part, name: str = "router.bin", kernel: bytes = b"kernel" * 100, root: Part | None = None) -> Part:
    """Return a router's image: a kernel, a root file system, and what else is given."""
    if root is None:
        root = container("rootfs", "squashfs", *root_files(), kind=Kind.REGION)
    return container(name, "trx", region("kernel", kernel), root, *more)
