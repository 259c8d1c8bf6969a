"""Kept contents, and lists of portraits, as a store on disk holds them: one zstd frame, bounded when it comes back."""

from hashlib import sha256 as _sha256

from trueware.errors import StoreError
from trueware.registry.portraits import MOST

MAX_KEPT = 1 << 24
"""Bytes of one kept content; `Limits.max_kept_file` is far below."""


def pack(content: bytes) -> bytes:
    """Return a content, compressed."""
    import zstandard  # noqa: PLC0415 (start-up time: most runs only read)

    return zstandard.ZstdCompressor(level=9).compress(content)


def unpack(sha256: bytes, size: int, data: bytes) -> bytes:
    """Return the content that `data` packs.

    Raises:
        StoreError: it is not `size` bytes, or not what its digest says.
    """
    content = _unpack(f"kept content {sha256.hex()}", size, data, MAX_KEPT)
    if _sha256(content).digest() != sha256:
        raise StoreError(f"kept content {sha256.hex()} has another digest")
    return content


def unpack_list(size: int, data: bytes) -> bytes:
    """Return the list of portraits that `data` packs; whoever asks proves it.

    Raises:
        StoreError: it is not `size` bytes.
    """
    return _unpack("a list of portraits", size, data, MOST)


def _unpack(what: str, size: int, data: bytes, most: int) -> bytes:
    import zstandard  # noqa: PLC0415 (start-up time: an artefact without changes needs no contents)

    try:
        if not 0 <= size <= most or zstandard.frame_content_size(data) != size:
            raise StoreError(f"{what} has another size than stated")
        return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise StoreError(f"{what} is damaged ({error})") from error
