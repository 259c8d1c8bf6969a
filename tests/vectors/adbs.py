"""Writes packages of apk-tools 3 from their layout (apk-tools src/adb.h, src/apk_adb.h)."""

import hashlib
from struct import pack

BINARY, PROGRAM = b"\x7fELF a program in name only", b"#!/bin/sh\nexec vector\n"


class Database:
    """A database being written, values first."""

    def __init__(self) -> None:
        self.data = bytearray(8)

    def _put(self, data: bytes, align: int = 1) -> int:
        self.data += bytes(-len(self.data) % align)
        at = len(self.data)
        self.data += data
        return at

    def blob(self, data: bytes) -> int:
        return 0x80000000 | self._put(bytes([len(data)]) + data)

    def number(self, value: int) -> int:
        return 0x10000000 | value if value < 1 << 28 else 0x20000000 | self._put(pack("<I", value), 4)

    def values(self, kind: int, *values: int) -> int:
        return kind << 28 | self._put(pack(f"<{len(values) + 1}I", len(values) + 1, *values), 4)

    def finished(self, root: int) -> bytes:
        self.data[4:8] = pack("<I", root)
        return bytes(self.data)


def block(kind: int, data: bytes) -> bytes:
    out = pack("<I", kind << 30 | len(data) + 4) + data
    return out + bytes(-len(out) % 8)


def package(*, program: bytes = PROGRAM, numbers: tuple[int, int] = (2, 1), version: bytes = b"1.0-r0") -> bytes:
    base = Database()
    info = base.values(0xE, base.blob(b"vector"), base.blob(version), 0, 0, base.blob(b"aarch64"))

    def acl(mode: int, user: bytes = b"root", group: bytes = b"root") -> int:
        return base.values(0xE, base.number(mode), base.blob(user), base.blob(group))

    def file(name: bytes, mode: int, data: bytes, group: bytes = b"root") -> int:
        digest = base.blob(hashlib.sha256(data).digest())
        fields = (base.blob(name), acl(mode, group=group), base.number(len(data)), base.number(1_700_000_000), digest)
        return base.values(0xE, *fields)

    link = base.values(0xE, base.blob(b"alias"), acl(0o777), 0, base.number(1_700_000_000), 0, base.blob(pack("<H", 0o120000) + b"vector"))
    top = base.values(0xE, 0, 0)
    files = base.values(0xD, file(b"vector", 0o4755, PROGRAM, b"wheel"), link, file(b"zero", 0o644, b""))
    folder = base.values(0xE, base.blob(b"usr/bin"), acl(0o755), files)
    library = base.values(0xE, base.blob(b"usr/lib"), acl(0o755), base.values(0xD, file(b"libvector.so", 0o644, BINARY)))
    root = base.values(0xE, info, base.values(0xD, top, folder, library))
    out = b"ADB.pckg" + block(0, base.finished(root)) + block(1, b"\0\3" + b"I" * 16 + b"S" * 64)
    return out + block(2, pack("<2I", *numbers) + program) + block(2, pack("<2I", 3, 1) + BINARY)
