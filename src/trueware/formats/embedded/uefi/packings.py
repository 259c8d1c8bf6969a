"""How sections are packed: what a section's type or GUID stands for, and the unpacking.

=====================================  =====================================================================
GUID                                   packed by
=====================================  =====================================================================
a31280ad-481e-41b6-95e8-127f4c984779   Tiano
ee4e5898-3914-4259-9d6e-dc7bd79403cf   LZMA with its header of 13 bytes; the same under the GUIDs of HP and Microsoft
d42ae6bd-1352-4bfb-909a-ca72a6eae889   the same, behind a filter that made the targets of x86 calls absolute
1d301fe9-be79-4353-91c2-d23bc959ae0c   gzip
ce3233f5-2cd6-4d87-9152-4a238bb6d1c4   zlib, behind 256 bytes, zero but for its length at 20 (AMD); a second GUID is the same
fc1bcdb0-7d31-49aa-936a-a4600d9dd083   nothing: a CRC-32 stands before the sections
=====================================  =====================================================================

Source: edk2 ``MdeModulePkg/Include/Guid``, ``BaseTools/Conf/tools_def.template``; for the vendors' GUIDs UEFITool ``common/ffs.h``.
No section of AMD's, and none packed by gzip, was at hand.
"""

import lzma
import zlib
from collections.abc import Callable

from trueware.errors import MalformedInput
from trueware.formats.codecs import LZMA_ALONE
from trueware.formats.embedded.uefi.tiano import EFI, FORMAT, HEADER, TIANO, unpack

CRC32, AS_IT_IS, STANDARD, ZLIB_AMD, UNSUPPORTED = "crc32", "as it is", "standard", "zlib-amd", "unsupported"
_AMD_LENGTH, _AMD_HEADER = 0x14, 0x100
_STORED_MOST = 1 << 16
_STORED, _STORED_FIRST, _ENDED = b"\2", b"\1", b"\0"
_AT_MOST = (1 << 32) - 1

Unpack = Callable[[memoryview, int], bytes]
"""`unpack(packed, size)`: the bytes that `packed` holds, as many as `stated_size` says, or where that says nothing at most `size`.

Raises:
    MalformedInput: it does not.
"""


def _unlzma(packed: memoryview, size: int) -> bytes:
    return LZMA_ALONE.unpack(packed, size)


def _unlzma_x86(packed: memoryview, size: int) -> bytes:
    """Unpack, and make the targets of calls relative again: liblzma does it to a stream in which the data are stored."""
    data = LZMA_ALONE.unpack(packed, size)
    pieces = [data[at : at + _STORED_MOST] for at in range(0, len(data), _STORED_MOST)]
    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 12}]
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
    out = []
    for number, piece in enumerate(pieces):
        header = (_STORED if number else _STORED_FIRST) + (len(piece) - 1).to_bytes(2, "big")
        out.append(decompressor.decompress(header + piece))
    return b"".join([*out, decompressor.decompress(_ENDED)])


def _untiano(packed: memoryview, size: int) -> bytes:
    return unpack(packed, TIANO, size)


def _gunzip(packed: memoryview, size: int) -> bytes:
    decompressor = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        data = decompressor.decompress(packed, size + 1)
    except zlib.error as error:
        raise MalformedInput(FORMAT, 0, f"gzip: {error}") from error
    if not decompressor.eof or len(data) != size:
        raise MalformedInput(FORMAT, 0, f"gzip: {len(data)} bytes, not {size}")
    return data


def _unzlib_amd(packed: memoryview, most: int) -> bytes:
    """Unpack a zlib stream behind AMD's header; how much it holds is stated nowhere."""
    length = int.from_bytes(packed[_AMD_LENGTH : _AMD_LENGTH + 4], "little")
    if any(packed[:_AMD_LENGTH]) or any(packed[_AMD_LENGTH + 4 : _AMD_HEADER]) or _AMD_HEADER + length > len(packed):
        raise MalformedInput(FORMAT, 0, f"zlib: a header that is not zero, or {length} bytes in {len(packed)}")
    if any(packed[_AMD_HEADER + length :]):
        raise MalformedInput(FORMAT, _AMD_HEADER + length, "zlib: bytes behind the stream")
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(packed[_AMD_HEADER : _AMD_HEADER + length], most + 1)
    except zlib.error as error:
        raise MalformedInput(FORMAT, 0, f"zlib: {error}") from error
    if not decompressor.eof or decompressor.unused_data or len(data) > most:
        raise MalformedInput(FORMAT, 0, f"zlib: {length} bytes are not one stream of up to {most}")
    return data


_BY_GUID = {
    "a31280ad-481e-41b6-95e8-127f4c984779": "tiano",
    "ee4e5898-3914-4259-9d6e-dc7bd79403cf": "lzma",
    "0ed85e23-f253-413f-a03c-901987b04397": "lzma",
    "bd9921ea-ed91-404a-8b2f-b4d724747c8c": "lzma",
    "d42ae6bd-1352-4bfb-909a-ca72a6eae889": "lzma-x86",
    "1d301fe9-be79-4353-91c2-d23bc959ae0c": "gzip",
    "ce3233f5-2cd6-4d87-9152-4a238bb6d1c4": ZLIB_AMD,
    "991efac0-e260-416b-a4b8-3b153072b804": ZLIB_AMD,
    "fc1bcdb0-7d31-49aa-936a-a4600d9dd083": CRC32,
}
_BY_TYPE = {0: AS_IT_IS, 1: STANDARD, 2: "lzma"}
_UNPACK: dict[str, Unpack] = {
    "lzma": _unlzma, "lzma-x86": _unlzma_x86, "tiano": _untiano, "gzip": _gunzip, ZLIB_AMD: _unzlib_amd,
}  # fmt: skip


def packing_of_type(number: int) -> str:
    """Return how a packed section of a type is packed."""
    return _BY_TYPE.get(number, UNSUPPORTED)


def packing_of_guid(guid: str) -> str | None:
    """Return how the sections under a GUID are packed, None where it is not known."""
    return _BY_GUID.get(guid)


def stated_size(how: str, packed: memoryview) -> int | None:
    """Return how many bytes `packed` says to hold, None where nothing says it; what is said may be false.

    Raises:
        MalformedInput: more than any firmware holds, or its own length is false.
    """
    if how == ZLIB_AMD:
        return None
    if how in (STANDARD, "tiano") and int.from_bytes(packed[:4], "little") > len(packed) - HEADER:
        raise MalformedInput(FORMAT, 0, f"a stream that does not fit in {len(packed)} bytes")
    place = {"lzma": (5, 13), "lzma-x86": (5, 13), "gzip": (len(packed) - 4, len(packed))}.get(how, (4, 8))
    size = int.from_bytes(packed[max(place[0], 0) : place[1]], "little")
    if size > _AT_MOST:
        raise MalformedInput(FORMAT, 0, f"{size} bytes")
    return size


def unpacked(how: str, packed: memoryview, size: int, is_right: Callable[[bytes], bool]) -> bytes:
    """Return what `packed` holds.

    Of the standard packing there are two forms, which no field tells apart: the one that unpacks to what `is_right` is taken.

    Raises:
        MalformedInput: it cannot be unpacked.
    """
    if how != STANDARD:
        return _UNPACK[how](packed, size)
    found = []
    refusal = MalformedInput(FORMAT, 0, "no stream")
    for form in (EFI, TIANO):
        try:
            found.append(unpack(packed, form, size))
        except MalformedInput as error:
            refusal = error
        else:
            if is_right(found[-1]):
                return found[-1]
    if not found:
        raise refusal
    return found[0]
