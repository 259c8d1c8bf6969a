"""Documents that come packed by gzip: unpacked in pieces, up to a ceiling."""

import zlib
from collections.abc import Iterable, Iterator

from trueware.errors import LimitExceeded, MalformedInput

_STEP = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS


def gunzipped(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Yield what a gzip file holds (RFC 1952), members one after another, in pieces of at most 1 MiB.

    What follows the last one and begins as none is left, as gzip(1) does: LVFS puts some bytes there.

    Raises:
        MalformedInput: it is none, or ends early.
        LimitExceeded: it unpacks to more than `most` bytes.
    """
    size, packed, members = 0, 0, 0
    unpacker: zlib._Decompress | None = None
    for chunk in chunks:
        data = chunk
        while data:
            if unpacker is None:
                if members and data[:1] != b"\x1f":
                    return
                unpacker = zlib.decompressobj(_GZIP)
            try:
                piece = unpacker.decompress(data, _STEP)
            except zlib.error as error:
                raise MalformedInput("gzip", packed, str(error)) from error
            size += len(piece)
            if size > most:
                raise LimitExceeded("unpacked document", most, "what it packs is longer")
            if piece:
                yield piece
            data = unpacker.unconsumed_tail
            if unpacker.eof:
                members += 1
                data, unpacker = unpacker.unused_data, None
        packed += len(chunk)
    if unpacker is not None:
        raise MalformedInput("gzip", packed, "it ends early")
