"""Builds the NPK vectors from the parts npkpy and ls_npk describe; run it again and nothing changes."""

import sys
import zlib
from hashlib import sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

NAMES = {1: "name-info", 2: "description", 9: "signature", 16: "architecture", 21: "squashfs", 24: "channel"}


def info(name: bytes, version: bytes) -> bytes:
    return pack("<16s4sI12s", name, version, 1_700_000_000, b"")


def npk(parts: list[tuple[int, bytes]]) -> bytes:
    body = b"".join(pack("<HI", kind, len(data)) + data for kind, data in parts)
    return pack("<II", 0xBAD0F11E, len(body)) + body


def expected(parts: list[tuple[int, bytes]]) -> Parts:
    return {NAMES[kind]: region(data) for kind, data in parts if kind != 22}


SQUASHFS = b"squashfs in name only " * 30
pieces = [
    (1, info(b"routeros", b"\4f\x29\6")),
    (24, b"stable"),
    (16, b"mipsbe"),
    (2, b"Router operating system"),
    (22, bytes(4096 - 8 - 42 - 12 - 12 - 29 - 12)),
    (21, SQUASHFS),
    (9, bytes(range(68))),
]
FACTS = {"name": "routeros", "version": "6.41.4", "architecture": "mipsbe", "channel": "stable", "parts": "1 24 16 2 22 21 9"}
plain = npk(pieces)
assert plain[4096:].startswith(SQUASHFS)
write("package", plain, "A package: name, channel, architecture, filler, squashfs, signature.", parts=expected(pieces), facts=FACTS)
beta = [(1, info(b"dude", b"\3b\x10\7")), (21, SQUASHFS)]
write(
    "beta",
    npk(beta),
    "A beta release of a package, told by a letter in its version.",
    parts=expected(beta),
    facts={"name": "dude", "version": "7.16beta3", "parts": "1 21"},
)
bundle = [(1, info(b"one", b"\0f\x0a\7")), (21, SQUASHFS), (1, info(b"two", b"\0f\x0a\7")), (21, SQUASHFS + b"!"), (99, b"?")]
write(
    "bundle",
    npk(bundle),
    "Two packages in one, and a part of a type nobody knows.",
    parts={**expected(bundle[:2]), "name-info-1": region(bundle[2][1]), "squashfs-1": region(bundle[3][1]), "type-99": region(b"?")},
    facts={"name": "one", "version": "7.10", "parts": "1 21 1 21 99"},
)
filled = bytes(100) + b"hidden" + bytes(100)
write(
    "hidden",
    npk([*beta[:1], (22, filled), *beta[1:]]),
    "A filler that holds something.",
    parts={**expected(beta), "gap-0": gap(filled)},
    facts={"name": "dude", "version": "7.16beta3", "parts": "1 22 21"},
    findings=["unread-bytes"],
)
write(
    "too-long",
    patched(npk(beta), 8 + 42 + 2, pack("<I", 1 << 20)),
    "A part that is longer than the package.",
    parts={**expected(beta[:1]), "gap-0": gap(SQUASHFS)},
    facts={"name": "dude", "version": "7.16beta3", "parts": "1 21"},
    findings=["malformed", "unread-bytes"],
)
write(
    "truncated",
    npk(beta)[:200],
    "The download broke off within the squashfs.",
    parts={**expected(beta[:1]), "squashfs": region(SQUASHFS[: 200 - 8 - 42 - 6])},
    facts={"name": "dude", "version": "7.16beta3", "parts": "1 21"},
    findings=["truncated"],
)
write("no-part", patched(plain, 8, b"\xff\xff"), "The first part is of a type nobody knows.")


def file(mode: int, name: bytes, data: bytes = b"", zero: bytes = bytes(6)) -> bytes:
    return pack("<H6sIII4sIH", mode, zero, 1, 2, 1_600_000_000, b"", len(data), len(name)) + name + data


KERNEL = b"kernel " * 40
inside = file(0o040755, b"boot") + file(0o100755, b"boot/kernel", KERNEL) + file(0o120777, b"boot/vmlinuz", b"kernel")
tree: Parts = {
    "files": {"kind": "directory"},
    "files/boot": {"kind": "directory", "mode": "0755"},
    "files/boot/kernel": {"kind": "file", "mode": "0755", "size": len(KERNEL), "sha256": sha256(KERNEL).hexdigest()},
    "files/boot/vmlinuz": {"kind": "symlink", "mode": "0777", "link": "kernel"},
}
info_of_system = (1, info(b"system", b"\1f\x0c\7"))
system = {"name-info": region(info_of_system[1])}
told = {"name": "system", "version": "7.12.1", "parts": "1 4"}
write("files", npk([info_of_system, (4, zlib.compress(inside))]), "Files in a zlib stream: a folder, a kernel, a link.", parts={**system, **tree}, facts=told)
rest = b"no file"
write(
    "files-rest",
    npk([info_of_system, (4, zlib.compress(inside + rest))]),
    "What follows the last file of the stream is none.",
    parts={**system, **tree, "files-rest": region(rest)},
    facts=told,
    findings=["malformed"],
)
behind = npk([info_of_system, (4, zlib.compress(inside) + b"behind the stream")])
write(
    "behind-files",
    behind,
    "Bytes behind the stream within its part.",
    parts={**system, **tree, "gap-0": gap(b"behind the stream")},
    facts=told,
    findings=["unread-bytes"],
)
cut = zlib.compress(inside)[:-4]
write(
    "files-cut",
    npk([info_of_system, (4, cut)]),
    "The stream ends early, its checksum is missing.",
    parts={**system, **tree},
    facts=told,
    findings=["truncated"],
)
broken = zlib.compress(inside)[:2] + b"\xff" * 40
write(
    "no-stream",
    npk([info_of_system, (4, broken)]),
    "No stream where one belongs.",
    parts={**system, "files": region(broken)},
    facts=told,
    findings=["malformed"],
)
other = file(0o100644, b"a", b"1", b"\1\0\0\0\0\0")
write(
    "reserved",
    npk([info_of_system, (4, zlib.compress(other))]),
    "A field that should be zero is not.",
    parts={**system, "files": {"kind": "directory"}, "files/a": {"kind": "file", "mode": "0644", "size": 1}},
    facts=told,
    findings=["reserved-bits"],
)
