"""How the data of a node are packed: by zlib, rtime, LZO or LZMA, as they are, or not at all because they are zeros.

Source: Linux fs/jffs2/compr*.c; LZMA: OpenWrt's patch jffs2_make_lzma_available.
"""

import re
from collections.abc import Callable

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.codecs import LzmaLayout, inflate, unlzo
from trueware.formats.contract import Buffer
from trueware.formats.filesystems.jffs2.nodes import FORMAT

NONE, ZERO = 0, 1
MAX_SIZE = 1 << 16
"""Bytes packed together: a page, of which 64 KiB is the largest."""

_LZMA = LzmaLayout(0, 0)
_REPEATED = re.compile(rb"[^\0]")


def unrtime(block: Buffer, max_size: int) -> bytes:
    """Unpack rtime: pairs of a byte and how many follow it of those that followed this byte the last time.

    Raises:
        MalformedInput: they do not make `max_size` bytes.
    """
    block = bytes(block)
    values, repeats = block[::2], block[1::2]
    out = bytearray()
    last: dict[int, int] = {}
    done = 0
    for match in _REPEATED.finditer(repeats):
        at = match.start()
        if at > done:
            last.update(zip(values[done:at], range(len(out) + 1, len(out) + 1 + at - done), strict=True))
            out += values[done:at]
        done = at + 1
        value, repeat = values[at], repeats[at]
        out.append(value)
        start, end = last.get(value, 0), len(out)
        last[value] = end
        if start + repeat <= end:
            out += out[start : start + repeat]
        else:  # what is copied is still being made
            pattern = out[start:end]
            out += (pattern * (repeat // len(pattern) + 1))[:repeat]
        if len(out) > max_size:
            break
    out += values[done:]
    if len(out) != max_size or len(values) != len(repeats):
        raise MalformedInput("rtime", 0, f"{len(out)} bytes, {max_size} were expected")
    return bytes(out)


def _unsupported(name: str) -> Callable[[Buffer, int], bytes]:
    def refuse(block: Buffer, max_size: int) -> bytes:  # noqa: ARG001 (a codec)
        raise UnsupportedInput(FORMAT, 0, f"data packed by {name}")

    return refuse


_STORED = {NONE: "none", ZERO: "zero"}
_CODECS: dict[int, tuple[str, Callable[[Buffer, int], Buffer]]] = {
    2: ("rtime", unrtime), 3: ("rubinmips", _unsupported("rubinmips")), 5: ("dynrubin", _unsupported("dynrubin")),
    6: ("zlib", inflate), 7: ("lzo", unlzo), 8: ("lzma", _LZMA.unpack),
}  # fmt: skip


def unpack(view: memoryview, at: int, packed: int, size: int, compressor: int) -> Buffer:
    """Return the data of the node at `at` of `view`, `packed` bytes from behind its header, as the `size` bytes they are.

    Raises:
        MalformedInput: they are not that, or are packed in a way that is not known (`UnsupportedInput`).
    """
    block = view[at : at + packed]
    if compressor == NONE:
        data: Buffer = block
    elif compressor not in _CODECS:
        raise UnsupportedInput(FORMAT, at, f"data packed by compressor {compressor}")
    elif size > MAX_SIZE:
        raise MalformedInput(FORMAT, at, f"{size} bytes of a file packed together")
    else:
        data = _CODECS[compressor][1](block, size)
    if len(data) != size:
        raise MalformedInput(FORMAT, at, f"{len(data)} bytes of a file, its node says {size}")
    return data


def name_of(compressor: int) -> str:
    """Return what a compressor is called."""
    return _CODECS[compressor][0] if compressor in _CODECS else _STORED.get(compressor, str(compressor))
