"""Builds the kernel vectors from the boot headers' layout (Linux Documentation/arch); run it again and nothing changes.

No kernel was compiled for them: they have the headers and places of one, and text for code. A kernel of Debian was read with
the same reader.
"""

import gzip
import lzma
import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

KERNEL = b"Linux version 6.1.0 (vector) unpacked " * 8
HEAD = b"code that unpacks the kernel ".ljust(96, b".")
TAIL = b"what is linked behind it ".ljust(32, b".")
GZIP = gzip.compress(KERNEL, 0, mtime=0)
XZ = lzma.compress(KERNEL, lzma.FORMAT_XZ)
VERSION = b"6.1.0 (vector) #1"


def bzimage(payload: bytes) -> tuple[bytes, Parts]:
    code = (HEAD + payload + TAIL).ljust(1024, b"\0")
    setup = bytearray(512 * 3)
    setup[0x1F1] = 2
    setup[0x1F4:0x1F8] = pack("<I", len(code) // 16)
    setup[0x1FE:0x208] = b"\x55\xaa\xeb\x6aHdrS" + pack("<H", 0x20F)
    setup[0x20E:0x210] = pack("<H", 0x300)
    setup[0x248:0x250] = pack("<II", len(HEAD), len(payload))
    setup[0x500 : 0x500 + len(VERSION)] = VERSION
    rest = code[len(HEAD) + len(payload) :]
    parts: Parts = {
        "boot-sector": region(bytes(setup[:512])),
        "setup": region(bytes(setup[512:])),
        "head": region(HEAD),
        "payload": {"kind": "region"},
        "payload!/data": region(KERNEL),
        "tail": region(rest),
    }
    return bytes(setup) + code, parts


def zimage(payload: bytes, *, table: bool) -> tuple[bytes, Parts]:
    head = bytearray(HEAD.ljust(1024, b"."))
    tail = TAIL if table else b""
    end = 64 + len(head) + len(payload) + len(tail)
    header = bytearray(64)
    header[0x24:0x34] = pack("<IIII", 0x016F2818, 0, end, 0x04030201)
    if table:
        header[0x34:0x3C] = pack("<II", 0x45454545, 128)
        head[64:80] = pack("<IIII", 2, 0x5A534C4B, 64 + len(head) + len(payload) - 4, 0)
    parts: Parts = {
        "header": region(bytes(header)),
        "head": region(bytes(head)),
        "payload": {"kind": "region"},
        "payload!/data": region(KERNEL),
    }
    if table:
        parts["tail"] = region(tail)
    return bytes(header) + bytes(head) + payload + tail, parts


facts = {"kind": "bzimage", "protocol": "2.15", "version": VERSION.decode()}
size = pack("<I", len(KERNEL))
image, parts = bzimage(GZIP)
write("bzimage-gzip", image, "A bzImage with a gzip payload, which ends with its own size.", parts=parts, facts=facts)
image_xz, parts_xz = bzimage(XZ + size)
parts_xz["payload-size"] = region(size)
write("bzimage-xz", image_xz, "A bzImage with an xz payload and its size behind it.", parts=parts_xz, facts=facts)
write(
    "appended",
    image + b"a signature",
    "Bytes behind the image, as signing tools append them.",
    parts={**parts, "appended": region(b"a signature")},
    facts=facts,
)
arm = {"kind": "zimage", "byte-order": "little"}
old, old_parts = zimage(GZIP, table=False)
write("zimage-gzip", old, "A zImage of an older kernel: the payload reaches to the end.", parts=old_parts, facts=arm)
new, new_parts = zimage(XZ + size, table=True)
new_parts["payload-size"] = region(size)
write(
    "zimage-xz",
    new,
    "A zImage of a newer kernel, whose table tells where the payload ends.",
    parts=new_parts,
    facts=arm,
)
flat = pack("<IIQQQ", 0x91005A4D, 0, 0x80000, 0x200000, 0xA) + bytes(24) + b"ARM\x64" + bytes(4)
code = (b"flat code of an arm64 kernel " * 40)[:1024]
write(
    "image-arm64",
    flat + code,
    "The flat Image of arm64.",
    parts={"header": region(flat), "code": region(code)},
    facts={"kind": "image-arm64", "load-offset": "0x80000", "memory-size": "0x200000", "flags": "0xa"},
)
plain, _ = bzimage(b"not a stream of any kind")
outside = patched(plain, 0x24C, pack("<I", 1 << 20))
write(
    "payload-outside",
    outside,
    "A payload larger than the image.",
    parts={
        "boot-sector": region(outside[:512]),
        "setup": region(outside[512:1536]),
        "code": region(outside[1536:]),
    },
    facts=facts,
    findings=["malformed"],
)
write("byte-order", patched(old, 0x30, b"\4\3\2\1"), "A zImage whose byte order contradicts its magic.")
