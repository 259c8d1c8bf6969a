"""Builds the payload vectors from update_metadata.proto, with an encoder of its own; run it again and nothing changes.

payload_dumper 0.3.0 (PyPI), which reads the manifest with Google's protobuf, takes the same partitions out of `full`.
"""

import bz2
import lzma
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from struct import pack

import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

from tree import noise

BLOCK = 512
REPLACE, REPLACE_BZ, SOURCE_COPY, ZERO, DISCARD, REPLACE_XZ, BROTLI_BSDIFF, REPLACE_ZSTD = 0, 1, 4, 6, 7, 8, 10, 14
SIGNED, METADATA_SIGNED = noise(80, "signatures"), noise(60, "metadata signature")
PACK: dict[int, Callable[[bytes], bytes]] = {
    REPLACE: bytes,
    REPLACE_BZ: bz2.compress,
    REPLACE_XZ: lambda data: lzma.compress(data, check=lzma.CHECK_CRC32),
    REPLACE_ZSTD: zstandard.ZstdCompressor(write_content_size=True).compress,
}


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def message(*fields: tuple[int, int | bytes | str]) -> bytes:
    """Return a message of numbers, bytes and texts by field number."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


@dataclass
class Payload:
    """An update in the making."""

    blobs: bytes = b""
    partitions: list[bytes] = field(default_factory=list)

    def operation(self, kind: int, targets: Sequence[tuple[int, int]], data: bytes | None = None) -> bytes:
        """Return an operation that writes `data` to `targets` (first block and number of blocks)."""
        fields: list[tuple[int, int | bytes | str]] = [(1, kind)]
        extents: list[tuple[int, int | bytes | str]] = [(6, message((1, at), (2, count))) for at, count in targets]
        if data is None:
            return message(*fields, *extents)
        blob = PACK.get(kind, bytes)(data)
        fields += [(2, len(self.blobs)), (3, len(blob))]
        self.blobs += blob
        return message(*fields, *extents, (8, sha256(blob).digest()))

    def partition(
        self, name: str, result: bytes, operations: Sequence[bytes], *more: tuple[int, int | bytes | str]
    ) -> None:
        after = message((1, len(result)), (2, sha256(result).digest()))
        self.partitions.append(message((1, name), *more, (7, after), *[(8, operation) for operation in operations]))

    def file(self, *more: tuple[int, int | bytes | str], signed: bool = True) -> bytes:
        place: list[tuple[int, int | bytes | str]] = [(4, len(self.blobs)), (5, len(SIGNED))] if signed else []
        partitions: list[tuple[int, int | bytes | str]] = [(13, partition) for partition in self.partitions]
        manifest = message((3, BLOCK), *place, (12, 0), *partitions, (14, 1620000000), *more)
        tail = SIGNED if signed else b""
        return (
            pack(">4sQQI", b"CrAU", 2, len(manifest), len(METADATA_SIGNED))
            + manifest
            + METADATA_SIGNED
            + self.blobs
            + tail
        )


FACTS = {"minor-version": "0", "latest-build": "1620000000"}
signatures: Parts = {"metadata-signature": region(METADATA_SIGNED), "signatures": region(SIGNED)}


def part(data: bytes, untouched: str = "nothing", **facts: str) -> dict[str, object]:
    return {**region(data), "facts": {**facts, "untouched": untouched}}


TEXT = (b"what compresses well " * 100)[: 3 * BLOCK]
SYSTEM = noise(2 * BLOCK, "a") + TEXT + TEXT[::-1] + bytes(2 * BLOCK) + TEXT + noise(100, "end")
full = Payload()
full.partition(
    "system",
    SYSTEM,
    [
        full.operation(REPLACE, [(0, 2)], SYSTEM[: 2 * BLOCK]),
        full.operation(REPLACE_XZ, [(2, 3)], TEXT),
        full.operation(REPLACE_BZ, [(5, 3)], TEXT[::-1]),
        full.operation(ZERO, [(8, 2)]),
        full.operation(REPLACE_XZ, [(10, 3)], TEXT),
        full.operation(REPLACE, [(13, 1)], noise(100, "end")),
    ],
    (2, 1),
    (3, "bin/postinstall"),
    (4, "ext4"),
)
BOOT = noise(3 * BLOCK, "boot")
full.partition("boot", BOOT, [full.operation(REPLACE, [(0, 3)], BOOT)])
group = message((1, "main"), (2, 1 << 20), (3, "system"))
data = full.file((15, message((1, group), (2, 1))), (18, "2021-05-01"))
SYSTEM_PART = part(SYSTEM, postinstall="yes", filesystem="ext4", **{"postinstall-path": "bin/postinstall"})
whole: Parts = {**signatures, "system": SYSTEM_PART, "boot": part(BOOT)}
MORE = {**FACTS, "group/main": "1048576 bytes: system", "dynamic/field-2": "1", "security-patch-level": "2021-05-01"}
write(
    "full",
    data,
    "Two partitions, every way to write one as a whole; the last block is filled up.",
    parts=whole,
    facts=MORE,
)

odd = Payload()
ODD = TEXT[:BLOCK] + bytes(BLOCK) + TEXT[BLOCK : 2 * BLOCK] + bytes(2 * BLOCK) + TEXT
odd.partition(
    "odm",
    ODD,
    [
        odd.operation(REPLACE_BZ, [(2, 1), (0, 1)], TEXT[BLOCK : 2 * BLOCK] + TEXT[:BLOCK]),
        odd.operation(DISCARD, [(4, 1)]),
        odd.operation(REPLACE_ZSTD, [(5, 3)], TEXT),
    ],
)
write(
    "scattered",
    odd.file(signed=False),
    "An operation that writes to two places, back before front; blocks that are discarded, and some that nothing writes.",
    parts={"metadata-signature": region(METADATA_SIGNED), "odm": part(ODD, "0x200-0x400+0x600-0xa00")},
    facts=FACTS,
)
delta = Payload()
PATCH = noise(200, "patch")
copies = [delta.operation(SOURCE_COPY, [(0, 2)]), delta.operation(BROTLI_BSDIFF, [(2, 1)], PATCH)]
delta.partition("system", SYSTEM, copies)
delta.partition("boot", BOOT, [delta.operation(REPLACE, [(0, 3)], BOOT)])
write(
    "incremental",
    delta.file(),
    "One partition is made from what is on the device, the other is not.",
    parts={
        **signatures,
        "system.delta": {**region(PATCH), "facts": {"operations": "brotli-bsdiff: 1 source-copy: 1"}},
        "boot": part(BOOT),
    },
    facts=FACTS,
    findings=["unsupported"],
)
at = data.index(BOOT)
CHANGED = patched(BOOT, 10, b"back door")
write(
    "changed",
    patched(data, at + 10, b"back door"),
    "The data of one operation was changed; neither its digest fits nor that of the partition.",
    parts={**whole, "boot": part(CHANGED)},
    facts=MORE,
    findings=["checksum-mismatch"],
)
verity = Payload()
verity.partition(
    "boot", BOOT + bytes(BLOCK), [verity.operation(REPLACE, [(0, 3)], BOOT)], (11, message((1, 3), (2, 1)))
)
write(
    "made-by-device",
    verity.file(),
    "A hash tree that the device computes.",
    parts={
        **signatures,
        "boot": part(BOOT + bytes(BLOCK), "0x600-0x800", **{"made-by-device": "- 08031001 - - - - 2"}),
    },
    facts=FACTS,
    findings=["unsupported"],
)
double = Payload()
double.partition(
    "boot", BOOT, [double.operation(REPLACE, [(0, 3)], BOOT), double.operation(REPLACE, [(1, 1)], TEXT[:BLOCK])]
)
write(
    "two-writers",
    double.file(),
    "Two operations write to one block.",
    parts={
        **signatures,
        "boot.delta": {**region(BOOT + TEXT[:BLOCK]), "facts": {"operations": "replace: 2"}},
    },
    facts=FACTS,
    findings=["overlap"],
)
beyond = Payload()
beyond.partition("boot", BOOT[:BLOCK], [beyond.operation(REPLACE, [(0, 3)], BOOT)])
write(
    "beyond-the-end",
    beyond.file(),
    "Operations write behind the end of the partition.",
    parts={**signatures, "boot.delta": {**region(BOOT), "facts": {"operations": "replace: 1"}}},
    facts=FACTS,
    findings=["contradiction"],
)
short = Payload()
short.partition("boot", BOOT + bytes(BLOCK), [short.operation(REPLACE_XZ, [(0, 4)], BOOT)])
write(
    "too-little",
    short.file(),
    "An operation makes a block less than it should.",
    parts={**signatures, "boot": {"kind": "region"}},
    facts=FACTS,
    findings=["malformed"],
)
write(
    "not-listed",
    full.file(signed=False) + b"behind the data",
    "Bytes that no operation uses.",
    parts={
        "metadata-signature": region(METADATA_SIGNED),
        "system": SYSTEM_PART,
        "boot": part(BOOT),
        "gap-0": gap(b"behind the data"),
    },
    facts=FACTS,
    findings=["unread-bytes"],
)
write(
    "twice",
    full.file((14, 1), (99, "new"), signed=False),
    "A field that stands once stands twice; and one that nobody knows.",
    parts={"metadata-signature": region(METADATA_SIGNED), "system": SYSTEM_PART, "boot": part(BOOT)},
    facts={**FACTS, "latest-build": "1", "field-99": "[6e6577]"},
    findings=["contradiction"],
)
write(
    "truncated",
    data[: at + 100],
    "The download broke off within the data.",
    parts={
        "metadata-signature": region(METADATA_SIGNED),
        "signatures": region(b""),
        "system": SYSTEM_PART,
        "boot": {"kind": "region"},
    },
    facts=MORE,
    findings=["malformed", "truncated"],
)
write(
    "manifest",
    patched(data, 24, b"\xff" * 12),
    "A manifest that begins with a number without end.",
    findings=["malformed"],
)
