"""Writes a Dalvik program of one class whose one static method names texts and calls methods.

The method returns first: what follows the return is code that nothing reaches. Layout: AOSP "Dalvik executable format",
version 035; sections in the order of the map, strings sorted as the format asks.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha1
from struct import pack
from zlib import adler32

Call = tuple[str, str]
"""Class (``Landroid/telephony/SmsManager;``) and name of a method without parameters or result."""

_HEADER = 112


def program(
    name: str, texts: Sequence[str] = (), calls: Sequence[Call] = (), above: str = "Ljava/lang/Object;"
) -> bytes:
    """Return a program with the class `name` (``Lnet/example/Beacon;``)."""
    calls = sorted(set(calls) | {(name, "run")}, key=lambda call: call)
    types = sorted({name, above, "V", *(owner for owner, _ in calls)})
    strings = sorted({*texts, *types, *(method for _, method in calls)}, key=lambda text: text.encode("utf-16-be"))
    string, kind = {text: at for at, text in enumerate(strings)}, {text: at for at, text in enumerate(types)}
    methods = sorted(calls, key=lambda call: (kind[call[0]], string[call[1]]))
    own = methods.index((name, "run"))
    code = _code([string[text] for text in texts], [at for at in range(len(methods)) if at != own])

    counts = len(strings), len(types), 1, 0, len(methods), 1
    sizes = 4, 4, 12, 8, 8, 32
    starts, at = [], _HEADER
    for count, size in zip(counts, sizes, strict=True):
        starts.append(at if count else 0)
        at += count * size
    data_at, data = at, bytearray()
    data += bytes(-(data_at + len(data)) % 4)
    code_at = data_at + len(data)
    data += code
    texts_at, offsets = data_at + len(data), []
    for text in strings:
        offsets.append(data_at + len(data))
        data += _uleb(len(text)) + text.encode() + b"\0"
    class_at = data_at + len(data)
    data += _uleb(0) + _uleb(0) + _uleb(1) + _uleb(0) + _uleb(own) + _uleb(0x9) + _uleb(code_at)
    data += bytes(-(data_at + len(data)) % 4)
    map_at = data_at + len(data)
    items = [
        (0, 1, 0),
        *((number, count, start) for number, count, start in zip(range(1, 7), counts, starts, strict=True) if count),
    ]
    items += [(0x2001, 1, code_at), (0x2002, len(strings), texts_at), (0x2000, 1, class_at), (0x1000, 1, map_at)]
    data += pack("<I", len(items)) + b"".join(pack("<HHII", number, 0, count, start) for number, count, start in items)

    tables = pack(f"<{len(strings)}I", *offsets) + pack(f"<{len(types)}I", *(string[text] for text in types))
    tables += pack("<III", string["V"], kind["V"], 0)
    tables += b"".join(pack("<HHI", kind[owner], 0, string[method]) for owner, method in methods)
    tables += pack("<8I", kind[name], 1, kind[above], 0, 0xFFFFFFFF, 0, class_at, 0)
    sections = [number for pair in zip(counts, starts, strict=True) for number in pair]
    rest = (
        pack("<II", _HEADER, 0x12345678)
        + pack("<III", 0, 0, map_at)
        + pack("<12I", *sections)
        + pack("<II", len(data), data_at)
    )
    rest = pack("<I", _HEADER + len(tables) + len(data)) + rest + tables + bytes(data)
    digest = sha1(rest, usedforsecurity=False).digest()
    return b"dex\n035\0" + pack("<I", adler32(digest + rest)) + digest + rest


def _code(texts: Iterable[int], calls: Iterable[int]) -> bytes:
    words = [0x000E]  # return-void
    for text in texts:
        words += [0x001A, text]  # const-string v0
    for method in calls:
        words += [0x0071, method, 0]  # invoke-static {}
    words.append(0x000E)
    return pack("<4HII", 1, 0, 0, 0, 0, len(words)) + pack(f"<{len(words)}H", *words)


def _uleb(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
