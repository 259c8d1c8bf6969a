"""Measures inputs that ask for much memory in a process that has little: a program, since the ceiling is for the process.

Prints a line of JSON for each input: its name and the rules of what was found, or `MemoryError`. The memory is all the addresses the
interpreter has when it has read one small artefact, and so many more MB. Arguments: these MB; `as-they-are` or `raised`, the
ceilings of `Limits`; and the names of inputs, all without.
"""

import gc
import json
import lzma
import mmap
import resource
import struct
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Barrier
from time import monotonic

from trueware.formats.compressed import MAX_WINDOW
from trueware.measuring import measure
from trueware.model.limits import Limits

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
OPAQUE = b"\x80" * 512
RAISED = Limits(
    max_held=64 * GIB, max_ratio=1e9, ratio_free=64 * GIB, max_entries=10**9, max_carved=10**9, max_containers=10**9
)


def packed(*pieces: tuple[bytes, int]) -> bytes:
    """Return a gzip stream of pieces, each so many times; one is packed once, since no block refers to what stands before it."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    blocks, crc, size = [], 0, 0
    for piece, count in pieces:
        blocks.append((packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)) * count)
        for _ in range(count):
            crc = zlib.crc32(piece, crc)
        size += len(piece) * count
    blocks.append(packer.flush())
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"".join(blocks) + struct.pack("<II", crc, size & 0xFFFFFFFF)


def tar_header(name: bytes, size: int) -> bytes:
    """Return the header of a file in a tar archive."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:148] = b"0000644\x000000000\x000000000\0%011o\x0000000000000\0" % size
    block[148:157] = b" " * 8 + b"0"
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def cpio_member(name: bytes) -> bytes:
    """Return an empty member of a cpio archive (newc)."""
    fields = (1, 0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, len(name) + 1, 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name + b"\0"
    return header + bytes(-len(header) % 4)


def image_of_200_mb() -> bytes:
    """Fifty files of 4 MB, packed 30 to 1: nothing hostile, only more than there is memory for at once."""
    body = Random(1).randbytes(128 * KIB) + bytes(4 * MIB - 128 * KIB)
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    block, crc, stream = packer.compress(body) + packer.flush(zlib.Z_FULL_FLUSH), 0, b""
    for number in range(50):
        header = tar_header(b"firmware/part-%d" % number, len(body))
        crc = zlib.crc32(body, zlib.crc32(header, crc))
        stream += packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH) + block
    end = packer.compress(bytes(1024)) + packer.flush()
    trailer = struct.pack("<II", zlib.crc32(bytes(1024), crc), 50 * (512 + len(body)) + 1024)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + stream + end + trailer


def zeros_that_must_be_held() -> bytes:
    """What begins like a zip, whose directory stands at its end."""
    return packed((b"PK\3\4", 1), (bytes(MIB), 600))


def zeros_in_members() -> bytes:
    """The same five times in one zip."""
    stream = packed((b"PK\3\4", 1), (bytes(MIB), 180))
    data, (crc, size) = stream[10:-8], struct.unpack("<II", stream[-8:])
    fields = struct.pack("<5H3I2H", 20, 0, 8, 0, 0, crc, len(data), size, 1, 0)
    members, directory = b"", b""
    for number in range(5):
        name = b"%d" % number
        directory += b"PK\1\2\x14\0" + fields + struct.pack("<3H2I", 0, 0, 0, 0, len(members)) + name
        members += b"PK\3\4" + fields + name + data
    return members + directory + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 5, 5, len(directory), len(members), 0)


def zeros_to_be_searched() -> bytes:
    """Opaque bytes, which are held to be searched."""
    return packed((OPAQUE, 1), (bytes(MIB), 600))


def zeros_in_a_window() -> bytes:
    """The same in a stream that has its reader keep the largest window of what it unpacked, while it is held."""
    stream = lzma.compress(b"PK\3\4" + bytes(140 * MIB), lzma.FORMAT_ALONE, preset=0)
    return stream[:1] + struct.pack("<I", MAX_WINDOW) + stream[5:]


def many_members() -> bytes:
    """Half a million empty files, each of which becomes an entry."""
    return packed((b"".join(cpio_member(b"%x" % number) for number in range(1_000)), 500))


def many_names() -> bytes:
    """Long names: each takes the memory of several entries."""
    return packed((b"".join(cpio_member(b"%x/" % number + b"n" * 3_000) for number in range(300)), 600))


def containers_in_each_other() -> bytes:
    """Headers of Rockchip's ID blocks, each leading to those behind it by as many ways as there are numbers that add up."""
    header = bytearray(512)
    header[:16] = struct.pack("<4s4xHHI", b"RKNS", 118, 4, 0)
    for number in range(4):
        header[120 + 88 * number : 124 + 88 * number] = struct.pack("<HH", number + 4, 96)
    return bytes(header) * 96 + bytes(3 * 512)


INPUTS: tuple[Callable[[], bytes], ...] = (
    image_of_200_mb,
    zeros_that_must_be_held,
    zeros_in_members,
    zeros_to_be_searched,
    zeros_in_a_window,
    many_members,
    many_names,
    containers_in_each_other,
)


def addresses() -> int:
    """Return the bytes of address space that this process has."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * mmap.PAGESIZE


def main() -> None:
    """Measure each input."""
    limits = RAISED if sys.argv[2] == "raised" else Limits()
    makers = {make.__name__.replace("_", "-"): make for make in INPUTS}
    inputs = [(name, makers[name]()) for name in sys.argv[3:] or makers]
    start_together = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(lambda _: start_together.wait() + len(bytearray(KIB)), range(2))
        )  # each thread has memory of its own

        def answer_to(data: bytes) -> list[str]:
            try:
                measurement = measure("input", memoryview(data), pool=pool, clock=monotonic, limits=limits)
            except (MemoryError, SystemError):  # as some extensions say it
                return ["MemoryError"]
            return sorted({finding.rule for finding in measurement.findings})

        answer_to(packed((OPAQUE + tar_header(b"file", 0) + bytes(1024), 1)))
        ceiling = addresses() + int(sys.argv[1]) * MIB
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
        for name, data in inputs:
            answer = answer_to(data)
            gc.collect()
            sys.stdout.write(json.dumps([name, answer]) + "\n")


if __name__ == "__main__":
    main()
