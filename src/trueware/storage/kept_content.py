"""Kept contents as a store on disk holds them: one zstd frame, bounded and proved when it comes back."""

from hashlib import sha256 as _sha256

from trueware.errors import StoreError

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
    import zstandard  # noqa: PLC0415 (start-up time: an artefact without changes needs no contents)

    try:
        if not 0 <= size <= MAX_KEPT or zstandard.frame_content_size(data) != size:
            raise StoreError(f"kept content {sha256.hex()} has another size than stated")
        content = zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise StoreError(f"kept content {sha256.hex()} is damaged ({error})") from error
    if _sha256(content).digest() != sha256:
        raise StoreError(f"kept content {sha256.hex()} has another digest")
    return content
