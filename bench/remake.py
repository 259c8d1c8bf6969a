"""Takes packed software apart into a tree in memory, and packs a tree again: squashfs, tar, deb, ipk, TP-Link images, zip.

squashfs goes through its own tools (`unsquashfs -pf` writes all of an image into one listing, `mksquashfs -pf` takes it back), so
that owners, modes and devices survive without root, and nothing here depends on trueware's readers. What comes out depends on
what goes in alone. The listing is that of squashfs-tools 4.5, of Debian 12.
"""

import gzip
import lzma
import os
import re
import subprocess
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5
from io import BytesIO
from pathlib import Path
from struct import pack_into, unpack_from


@dataclass(frozen=True, slots=True)
class Item:
    """One file, folder, link or device of a tree."""

    type: bytes
    """As in `tarfile`."""

    mode: int
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    data: bytes = b""
    link: str = ""
    device: tuple[int, int] = (0, 0)
    names: tuple[str, str] = ("", "")
    """Names of owner and group, where an archive has them."""
    xattrs: tuple[tuple[str, bytes], ...] = ()
    """Extended attributes; no tool here but those of ext carries them."""


Tree = dict[str, Item]
"""By path without a leading slash, the root under the empty string; hard links after what they point to."""


# --- squashfs ---------------------------------------------------------------------------------------------------------

_LINE = re.compile(rb"((?:\\.|[^ \\])+) ([DRSCBFPL])(?: (.*))?")
_TYPES = {
    "D": tarfile.DIRTYPE,
    "R": tarfile.REGTYPE,
    "S": tarfile.SYMTYPE,
    "C": tarfile.CHRTYPE,
    "B": tarfile.BLKTYPE,
    "F": tarfile.FIFOTYPE,
    "L": tarfile.LNKTYPE,
}
_LETTERS = {kind: letter for letter, kind in _TYPES.items()}
_MARK = b"#\n# START OF DATA - DO NOT MODIFY\n#\n"


def read_squashfs(image: bytes, folder: Path) -> Tree:
    """Return the tree of a squashfs image, read by `unsquashfs`; `folder` is for its files."""
    source, listing = folder / "image.squashfs", folder / "listing"
    source.write_bytes(image)
    listing.unlink(missing_ok=True)
    _run("unsquashfs", "-quiet", "-no-progress", "-pf", listing, source)
    data = listing.read_bytes()
    head, _, contents = data.partition(_MARK)
    if not contents:
        raise SystemExit("unsquashfs wrote a listing without data")
    tree: Tree = {}
    for line in head.splitlines():
        if match := _LINE.fullmatch(line):
            path = re.sub(r"\\(.)", r"\1", match[1].decode("utf-8", "surrogateescape"))
            fields = (match[3] or b"").decode("utf-8", "surrogateescape")
            tree[path.strip("/")] = _item(match[2].decode(), fields, contents)
    return tree


def _item(letter: str, fields: str, contents: bytes) -> Item:
    kind = _TYPES[letter]
    if letter == "L":
        return Item(kind, 0, link=fields)
    mtime, mode, uid, gid, *rest = fields.split(" ", 4)
    item = Item(kind, int(mode, 8), int(uid), int(gid), int(mtime))
    said = rest[0] if rest else ""
    match letter:
        case "R":
            size, offset = map(int, said.split()[:2])
            return Item(kind, item.mode, item.uid, item.gid, item.mtime, contents[offset : offset + size])
        case "S":
            return Item(kind, item.mode, item.uid, item.gid, item.mtime, link=said)
        case "C" | "B":
            major, minor = map(int, said.split())
            return Item(kind, item.mode, item.uid, item.gid, item.mtime, device=(major, minor))
    return item


def write_squashfs(tree: Tree, folder: Path, *options: str) -> bytes:
    """Return a squashfs image of `tree`, made by `mksquashfs`, xz with blocks of 1 MiB unless `options` say otherwise."""
    target, listing = folder / "made.squashfs", folder / "listing"
    target.unlink(missing_ok=True)
    lines, contents = [], bytearray()
    for path, item in tree.items():
        name = re.sub(r"([\\ ])", r"\\\1", path) or "/"
        if item.type == tarfile.LNKTYPE:
            lines.append(f"{name} L {item.link}")
            continue
        line = f"{name} {_LETTERS[item.type]} {item.mtime} {item.mode:o} {item.uid} {item.gid}"
        match item.type:
            case tarfile.REGTYPE:
                line += f" {len(item.data)} {len(contents)}"
                contents += item.data
            case tarfile.SYMTYPE:
                line += f" {item.link}"
            case tarfile.CHRTYPE | tarfile.BLKTYPE:
                line += " {} {}".format(*item.device)
        lines.append(line)
    listing.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape") + b"\n" + _MARK + bytes(contents))
    _run(
        *("mksquashfs", "-", target, "-pf", listing, "-noappend", "-quiet", "-no-progress", "-nopad", "-no-xattrs"),
        *("-mkfs-time", "1600000000"),
        *(options or ("-comp", "xz", "-b", "1M")),
    )
    return target.read_bytes()


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")


# --- tar, ipk, deb ----------------------------------------------------------------------------------------------------


def read_tar(data: bytes) -> Tree:
    """Return the tree of a tar archive; a leading ``./`` is dropped."""
    tree: Tree = {}
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        for info in archive:
            content = archive.extractfile(info) if info.isreg() else None
            tree[_plain(info.name)] = Item(
                info.type,
                info.mode,
                info.uid,
                info.gid,
                int(info.mtime),
                content.read() if content is not None else b"",
                _plain(info.linkname) if info.islnk() else info.linkname,
                (info.devmajor, info.devminor),
                (info.uname, info.gname),
            )
    return tree


def _plain(name: str) -> str:
    return "" if name in (".", "./") else name.removeprefix("./").rstrip("/")


def write_tar(tree: Tree, prefix: str = "") -> bytes:
    """Return a tar archive of `tree` in its order; with a root among its items, all names begin with ``./``."""
    out = BytesIO()
    prefix = "./" if "" in tree else prefix
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, item in tree.items():
            info = tarfile.TarInfo(prefix + path)
            info.type, info.mode, info.uid, info.gid, info.mtime = item.type, item.mode, item.uid, item.gid, item.mtime
            info.size, info.linkname = len(item.data), item.link
            info.devmajor, info.devminor = item.device
            info.uname, info.gname = item.names
            if item.type == tarfile.LNKTYPE:
                info.linkname = prefix + item.link
            archive.addfile(info, BytesIO(item.data))
    return out.getvalue()


def read_ar(data: bytes) -> dict[str, bytes]:
    """Return the members of an ar archive (ar(5))."""
    members, at = {}, 8
    while at < len(data):
        name, size = data[at : at + 16].decode().strip().rstrip("/"), int(data[at + 48 : at + 58])
        members[name] = data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    return members


def write_ar(members: Mapping[str, bytes]) -> bytes:
    """Return an ar archive."""
    out = [b"!<arch>\n"]
    for name, data in members.items():
        out += [f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode(), data, b"\n" * (len(data) % 2)]
    return b"".join(out)


def unpack_stream(data: bytes) -> bytes:
    """Return what a gzip, xz or LZMA stream holds."""
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else lzma.decompress(data)


def pack_gzip(data: bytes, level: int = 6) -> bytes:
    """Return a gzip stream without a time."""
    return gzip.compress(data, level, mtime=0)


def pack_xz(data: bytes, level: int = 6) -> bytes:
    """Return an xz stream."""
    return lzma.compress(data, preset=level)


# --- folders ----------------------------------------------------------------------------------------------------------


def write_folder(tree: Tree, folder: Path) -> None:
    """Write `tree` below `folder` as somebody without root unpacks it: no device nodes; owners where we are root."""
    for path, item in sorted(tree.items(), key=lambda each: each[1].type == tarfile.LNKTYPE):
        target = folder / path
        match item.type:
            case tarfile.DIRTYPE:
                target.mkdir(parents=True, exist_ok=True)
            case tarfile.REGTYPE:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(item.data)
            case tarfile.SYMTYPE:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(item.link)
            case tarfile.LNKTYPE:
                target.hardlink_to(folder / item.link)
            case _:
                continue
        if item.type != tarfile.LNKTYPE and path:
            if os.geteuid() == 0:
                os.chown(target, item.uid, item.gid, follow_symlinks=False)
            if item.type != tarfile.SYMTYPE:
                target.chmod(item.mode)


def subtree(tree: Tree, folder: str) -> Tree:
    """Return what lies below `folder`, as a tree of its own."""
    below = {path.removeprefix(f"{folder}/"): item for path, item in tree.items() if path.startswith(f"{folder}/")}
    return {"": tree[folder]} | below


# --- TP-Link ----------------------------------------------------------------------------------------------------------

_HEADER = 0x200
_ERASE_BLOCK = 0x10000
_END_MARK = b"\xde\xad\xc0\xde"
_SALT = bytes.fromhex("dcd73aa5c39598fbddf9e7f40eae4738")
"""OpenWrt firmware-utils src/mktplinkfw.c, md5salt_normal."""


def tplink_regions(image: bytes) -> tuple[bytes, bytes, bytes]:
    """Return kernel, root file system (which follows it at once in OpenWrt's images) and what comes behind."""
    at, size, _, root_size = unpack_from(">4I", image, 0x80)
    start = at + size
    return image[at:start], image[start : start + root_size], image[start + root_size :]


def write_tplink(image: bytes, *, kernel: bytes | None = None, root: bytes | None = None) -> bytes:
    """Return `image` with another kernel or root in the place of its own, and the MD5 made anew.

    Raises:
        SystemExit: it does not fit there.
    """
    old_kernel, old_root, rest = tplink_regions(image)
    fitted = _fit(kernel, old_kernel, b"\0") + _fit(root, old_root, b"\xff")
    return sign_tplink(image[: unpack_from(">I", image, 0x80)[0]] + fitted + rest)


def lay_out_tplink(image: bytes, *, kernel: bytes | None = None, root: bytes | None = None) -> bytes:
    """Return `image` laid out anew as OpenWrt's tool does: root behind kernel, mark at the next erase block, lengths restated."""
    old_kernel, old_root, rest = tplink_regions(image)
    at = unpack_from(">I", image, 0x80)[0]
    kernel, root = kernel or old_kernel, root or old_root
    made = bytearray(image[:at] + kernel + root)
    pack_into(">I", made, 0x84, len(kernel))
    pack_into(">I", made, 0x8C, len(root))
    made += b"\xff" * (-len(made) % _ERASE_BLOCK) + _END_MARK
    if not rest.endswith(_END_MARK):
        made += b"\xff" * (len(image) - len(made))
    return sign_tplink(bytes(made))


def _fit(new: bytes | None, old: bytes, filler: bytes) -> bytes:
    if new is None:
        return old
    if len(new) > len(old):
        raise SystemExit(f"{len(new)} bytes do not fit where {len(old)} were")
    return new + filler * (len(old) - len(new))


def sign_tplink(image: bytes) -> bytes:
    """Return `image` with the MD5 in its header made anew, as anybody can."""
    made = bytearray(image)
    made[0x4C:0x5C] = _SALT
    length = max(unpack_from(">I", image, 0x7C)[0], _HEADER)
    made[0x4C:0x5C] = md5(made[:length], usedforsecurity=False).digest()
    return bytes(made)


def repack_kernel(kernel: bytes, content: bytes, preset: int = 9 | lzma.PRESET_EXTREME) -> bytes:
    """Return `content` packed as `kernel` was: LZMA with its settings."""
    properties, dictionary = kernel[0], unpack_from("<I", kernel, 1)[0]
    lc, rest = properties % 9, properties // 9
    return lzma.compress(
        content,
        lzma.FORMAT_ALONE,
        filters=[
            {
                "id": lzma.FILTER_LZMA1,
                "preset": preset,
                "lc": lc,
                "lp": rest % 5,
                "pb": rest // 5,
                "dict_size": dictionary,
            }
        ],
    )


# --- zip --------------------------------------------------------------------------------------------------------------


def zip_members(data: bytes) -> list[str]:
    """Return the names of the members of a zip archive, in the order of its directory."""
    return [name for name, _, _ in _directory(data)]


def write_zip(
    data: bytes,
    *,
    replace: Mapping[str, bytes] | None = None,
    remove: Sequence[str] = (),
    add: Mapping[str, bytes] | None = None,
    level: int = 9,
) -> bytes:
    """Return a zip archive with members changed, what stands before the directory (an APK's signatures) kept as it was."""
    replace, out, directory = dict(replace or {}), bytearray(), bytearray()
    records = _directory(data)
    starts = sorted(unpack_from("<I", record, 42)[0] for _, record, _ in records)
    end_at = data.rindex(b"PK\5\6")
    directory_at = unpack_from("<I", data, end_at + 16)[0]
    last_end = 0
    for name, record, at in records:
        after = min((start for start in starts if start > at), default=None)
        stop = after if after is not None else _member_end(data, record, at)
        last_end = max(last_end, stop)
        if name in remove:
            continue
        made = bytearray(record)
        pack_into("<I", made, 42, len(out))
        if name in replace:
            out += _member(made, name, replace[name], level)
        else:
            out += data[at:stop]
        directory += made
    for name, content in (add or {}).items():
        made = bytearray(46) + name.encode()
        pack_into("<4s", made, 0, b"PK\1\2")
        pack_into("<H", made, 4, 20)
        pack_into("<H", made, 28, len(name))
        pack_into("<I", made, 42, len(out))
        out += _member(made, name, content, level)
        directory += made
    out += data[last_end:directory_at]
    end = bytearray(data[end_at:])
    count = len(records) - len(remove) + len(add or {})
    pack_into("<HHII", end, 8, count, count, len(directory), len(out))
    return bytes(out + directory + end)


def _directory(data: bytes) -> list[tuple[str, bytes, int]]:
    """Return name, record and offset of each member."""
    end = data.rindex(b"PK\5\6")
    count, _, at = unpack_from("<HII", data, end + 10)
    records = []
    for _ in range(count):
        name, extra, comment = unpack_from("<3H", data, at + 28)
        size = 46 + name + extra + comment
        records.append(
            (data[at + 46 : at + 46 + name].decode(), data[at : at + size], unpack_from("<I", data, at + 42)[0])
        )
        at += size
    return records


def _member_end(data: bytes, record: bytes, at: int) -> int:
    name, extra = unpack_from("<2H", data, at + 26)
    end: int = at + 30 + name + extra + unpack_from("<I", record, 20)[0]
    if unpack_from("<H", record, 8)[0] & 8:
        end += 16 if data[end : end + 4] == b"PK\7\x08" else 12
    return end


def _member(record: bytearray, name: str, content: bytes, level: int) -> bytes:
    """Return header and data of a deflated member, and bring its record into line."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    flags = unpack_from("<H", record, 8)[0] & ~8
    pack_into("<HH", record, 8, flags, 8)
    pack_into("<III", record, 16, zlib.crc32(content), len(packed), len(content))
    head = bytearray(30)
    pack_into("<4sH", head, 0, b"PK\3\4", 20)
    head[6:26] = record[8:28]
    pack_into("<HH", head, 26, len(name.encode()), 0)
    return bytes(head) + name.encode() + packed
