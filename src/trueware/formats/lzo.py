"""LZO1X streams, those of Linux with runs of zeros too ("LZO-RLE"), unpacked within a ceiling.

`codecs.unlzo` is faster and knows no runs of zeros. An instruction is a byte and what follows it; SS says how many literals (0 to 3)
are copied after it.

==========  ===================================================================================================================
byte        instruction
==========  ===================================================================================================================
0000LLLL    without literals before it: literals, 3 + L; 0: 18 + 255 for each zero byte that follows + the next byte
0000DDSS    behind 1 to 3 literals: 2 bytes from 1 + D + 4 H back; behind more: 3 bytes from 2049 + D + 4 H back; H is the next byte
0001HLLL    2 + L bytes (0: 9 + …) from 16384 + (H << 14) + D back, u16 D << 2 | SS; without a distance: the end.
            H and D all ones, in a stream that begins with 17 and 1: 4 + (X << 3 | L) zeros; X is the byte behind D
001LLLLL    2 + L bytes (0: 33 + …) from 1 + D back, u16 D << 2 | SS
01LDDDSS    3 + L bytes from 1 + D + 8 H back
1LLDDDSS    5 + L bytes from 1 + D + 8 H back
==========  ===================================================================================================================

A stream (behind 17 and 1) that begins with 18 or more begins with as many literals less 17.

Source: Linux Documentation/staging/lzo.rst. No stream with runs by the compressor of Linux was at hand: those of the tests are made
by this table.
"""

from trueware.errors import MalformedInput
from trueware.formats.contract import Buffer

_VERSIONED, _LEAST_VERSIONED = 17, 5
_FAR, _RUN = 0x4000, 0x18
_MANY = 4
"""State behind more literals than 3."""


def unlzo_rle(block: Buffer, max_size: int) -> bytes:
    """Unpack an LZO1X stream of Linux (a `Codec`)."""
    data = bytes(block)
    out = bytearray()
    try:
        end = _unpack(data, out, max_size)
    except IndexError:
        raise MalformedInput("lzo", len(data), "the stream does not end within its block") from None
    if len(out) > max_size:
        raise MalformedInput("lzo", end, f"more than {max_size} bytes")
    if end != len(data):
        raise MalformedInput("lzo", end, f"{len(data) - end} bytes behind the stream")
    return bytes(out)


def _unpack(data: bytes, out: bytearray, max_size: int) -> int:
    """Unpack a stream into `out`, and return where it ends."""
    at = state = 0
    has_runs = False
    if data[0] == _VERSIONED and len(data) >= _LEAST_VERSIONED:
        at, has_runs = 2, data[1] != 0
    if data[at] > _VERSIONED:
        state = min(data[at] - _VERSIONED, _MANY)
        at = _literals(data, at + 1, data[at] - _VERSIONED, out)
    while True:
        if len(out) > max_size:
            raise MalformedInput("lzo", at, f"more than {max_size} bytes")
        code, at = data[at], at + 1
        if code < 16 and not state:
            length, at = _length(data, at, code, 15)
            at, state = _literals(data, at, length + 3, out), _MANY
            continue
        if code < 16:
            low, length = code, 2 if state < _MANY else 3
            distance = (data[at] << 2) + (code >> 2) + (1 if state < _MANY else 2049)
            at += 1
        elif has_runs and code & 0xF8 == _RUN and data[at] & 0xFC == 0xFC and data[at + 1] == 0xFF:
            out += bytes((data[at + 2] << 3 | code & 7) + 4)
            state = data[at] & 3
            at = _literals(data, at + 3, state, out)
            continue
        elif code < 64:
            mask = 7 if code < 32 else 31
            length, at = _length(data, at, code & mask, mask)
            low, distance = data[at], data[at] >> 2 | data[at + 1] << 6
            at += 2
            if code < 32:
                distance += _FAR + ((code & 8) << 11)
                if distance == _FAR:
                    return at
            else:
                distance += 1
            length += 2
        else:
            low, length = code, (3 + (code >> 5 & 1)) if code < 128 else 5 + (code >> 5 & 3)
            distance = (data[at] << 3) + (code >> 2 & 7) + 1
            at += 1
        if distance > len(out) or length > max_size:
            raise MalformedInput("lzo", at, f"a match of {length} bytes, {distance} back, after {len(out)}")
        begin = len(out) - distance
        piece = out[begin : begin + length]
        out += piece if len(piece) == length else (piece * (length // len(piece) + 1))[:length]
        state = low & 3
        at = _literals(data, at, state, out)


def _literals(data: bytes, at: int, length: int, out: bytearray) -> int:
    if at + length > len(data):
        raise IndexError
    out += data[at : at + length]
    return at + length


def _length(data: bytes, at: int, stated: int, mask: int) -> tuple[int, int]:
    """Return a length that goes on in zero bytes where it is stated as 0, and where it ends."""
    if stated:
        return stated, at
    length = mask
    while not data[at]:
        length, at = length + 255, at + 1
    return length + data[at], at + 1
