"""SELinux: for how many domains a policy only notes what they do and forbids nothing.

Binary policies (``sepolicy``, ``precompiled_sepolicy``, ``policy.NN``), little-endian, from the start::

    u32 0xf97cff8c · u32 length, "SE Linux" · u32 version · u32 configuration · u32 symbols · u32 contexts
    from version 22  bitmap of policy capabilities
    from version 23  bitmap of permissive domains
    bitmap:          u32 bits of a node (64) · u32 highest bit · u32 nodes · of each: u32 first bit, u64 bits

In CIL a domain is made so by ``(typepermissive <name>)``. Sources: SELinux userspace ``libsepol/src/policydb.c`` and ``ebitmap.c``;
the CIL reference guide, ``typepermissive``.
"""

from struct import Struct

from trueware.errors import MalformedInput
from trueware.explaining.patterns import regex

MAGIC = 0xF97CFF8C
_NAME = "selinux-policy"
_U32 = Struct("<I")
_BITMAP = Struct("<III")
_NODE = Struct("<IQ")
_CIL = regex(rb"\(\s*typepermissive\s+([^\s()]+)\s*\)")
_CIL_COMMENT = regex(rb";[^\n]*")
_STEP = 12


def permissive_in_policy(data: bytes) -> frozenset[int]:
    """Return the numbers of a binary policy's permissive domains.

    Raises:
        MalformedInput: it is no such policy.
    """
    if len(data) < 8 or _U32.unpack_from(data)[0] != MAGIC:
        raise MalformedInput(_NAME, 0, "no policy begins like that")
    at = 8 + _U32.unpack_from(data, 4)[0]
    if at + 16 > len(data) or data[8:at] != b"SE Linux":
        raise MalformedInput(_NAME, 4, "it is no policy of SE Linux")
    version = _U32.unpack_from(data, at)[0]
    at += 16
    if version < 23:
        return frozenset()
    _, at = _bits(data, at)
    return _bits(data, at)[0]


def _bits(data: bytes, at: int) -> tuple[frozenset[int], int]:
    if at + 12 > len(data):
        raise MalformedInput(_NAME, at, "it ends before a bitmap does")
    size, _, count = _BITMAP.unpack_from(data, at)
    at += 12
    if size != 64 or at + count * _STEP > len(data):
        raise MalformedInput(_NAME, at, f"a bitmap of {count} nodes of {size} bits does not fit")
    bits: set[int] = set()
    for _ in range(count):
        first, node = _NODE.unpack_from(data, at)
        bits.update(first + bit for bit in range(64) if node >> bit & 1)
        at += _STEP
    return frozenset(bits), at


def permissive_in_cil(data: bytes) -> frozenset[str]:
    """Return the names of permissive domains in a policy written in CIL."""
    found = _CIL.finditer(_CIL_COMMENT.sub(b"", data))
    return frozenset(each[1].decode("utf-8", "backslashreplace") for each in found)
