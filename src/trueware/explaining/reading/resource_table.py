"""``resources.arsc``: the texts that an Android app has outside its code, from the pool that all its resources share.

======  ====  ===================================
offset  size  field (little-endian)
======  ====  ===================================
0       8     chunk 0002, header of 12 bytes, size
8       4     number of packages
12      ..    chunk 0001: the pool of strings
======  ====  ===================================

Which resource a text belongs to is not looked at. Source: AOSP ``frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h``.
"""

from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.android.axml import Strings

_CHUNK = Struct("<HHI")
_TABLE, _POOL = 0x0002, 0x0001
_BUDGET = 4
"""Characters that may be read, for each byte of the file: texts do not lie within one another."""


def read_texts(content: bytes) -> frozenset[str]:
    """Return the texts of a resource table.

    Raises:
        MalformedInput: it is none.
    """
    view = memoryview(content)
    if len(view) < 20:
        raise MalformedInput("arsc", 0, "cut short")
    kind, header, _ = _CHUNK.unpack_from(view)
    if kind != _TABLE or not _CHUNK.size <= header <= len(view) - _CHUNK.size:
        raise MalformedInput("arsc", 0, f"begins with a chunk of type {kind:#06x}")
    kind, pool_header, size = _CHUNK.unpack_from(view, header)
    if kind != _POOL or header + size > len(view):
        raise MalformedInput("arsc", header, "no pool of strings where it should be")
    strings = Strings(view, header, pool_header, header + size, longest=len(view))
    left, found = _BUDGET * len(view), set()
    for index in range(strings.count):
        text = strings[index]
        left -= len(text) + 1
        if left < 0:
            raise MalformedInput("arsc", header, "texts lie within one another")
        found.add(text)
    return frozenset(found)
