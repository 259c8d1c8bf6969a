"""How the data of a node are packed: by zlib, rtime, LZO or LZMA, as they are, or not at all because they are zeros.

Source: Linux fs/jffs2/compr*.c; LZMA: OpenWrt's patch jffs2_make_lzma_available.
"""

from collections.abc import Callable

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.codecs import LzmaLayout, inflate, unlzo
from trueware.formats.contract import Buffer
from trueware.formats.filesystems.jffs2.nodes import FORMAT

NONE, ZERO = 0, 1
MAX_SIZE = 1 << 16
"""Bytes packed together: a page, of which 64 KiB is the largest."""

_LZMA = LzmaLayout(0, 0)


def unrtime(block: Buffer, max_size: int) -> bytes:
    """Unpack rtime: pairs of a byte and how many follow it of those that followed this byte the last time.

    Raises:
        MalformedInput: the pairs do not end where `max_size` bytes are complete.
    """
    out = bytearray()
    last = [0] * 256
    for value, repeat in zip(block[::2], block[1::2], strict=False):
        out.append(value)
        start, end = last[value], len(out)
        last[value] = end
        if repeat:
            if start + repeat <= end:
                out += out[start : start + repeat]
            else:  # what is copied is still being made
                pattern = out[start:end]
                out += (pattern * (repeat // len(pattern) + 1))[:repeat]
        if len(out) >= max_size:
            break
    if len(out) != max_size:
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
