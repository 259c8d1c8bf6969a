"""The dynamic linker's list of libraries, ``ld.so.cache``: which files it names.

Source: glibc, sysdeps/generic/dl-cache.h (``struct cache_file_new``)::

    0   char[20]  "glibc-ld.so.cache1.1"
    20  u32       entries          24  u32  bytes of strings
    28  u8        flags (3: big endian; 0 and 2: little)           32  u32  offset of extensions
    48  entries of 24 bytes: i32 flags, u32 key, u32 value, u32 version, u64 hwcap; key and value are offsets of strings from byte 0

Only this layout is read; it is the one that glibc 2.32 and later write by themselves.
"""

from struct import Struct

from trueware.errors import MalformedInput

_MAGIC = b"glibc-ld.so.cache1.1"
_HEAD, _ENTRY = 48, 24
_MAX_ENTRIES = 1 << 16
_LONGEST = 4096
_BIG = 3


def libraries(data: bytes) -> list[tuple[str, str]]:
    """Return what the linker finds by each name: (name, path), in the order of the list.

    Raises:
        MalformedInput: it is no such list.
    """
    if len(data) < _HEAD or not data.startswith(_MAGIC):
        raise MalformedInput("ld.so.cache", 0, "no list in the layout of glibc 2.32 and later")
    order = ">" if data[28] == _BIG else "<"
    (count,) = Struct(f"{order}I").unpack_from(data, 20)
    entry = Struct(f"{order}iIIIQ")
    if count > _MAX_ENTRIES or _HEAD + count * _ENTRY > len(data):
        raise MalformedInput("ld.so.cache", 20, f"{count} entries in {len(data)} bytes")
    found = []
    for at in range(_HEAD, _HEAD + count * _ENTRY, _ENTRY):
        _, key, value, _, _ = entry.unpack_from(data, at)
        found.append((_string(data, key), _string(data, value)))
    return found


def _string(data: bytes, at: int) -> str:
    end = data.find(b"\0", at, at + _LONGEST)
    if not _HEAD <= at < len(data) or end < 0:
        raise MalformedInput("ld.so.cache", at, "a name that does not end, or is not there")
    return data[at:end].decode("utf-8", "surrogateescape")
