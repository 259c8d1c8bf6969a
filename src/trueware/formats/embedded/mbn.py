"""Qualcomm's boot images that are no ELF files: behind a header of 40 or 80 bytes, or cut into the blocks of a NAND flash.

======  ====  ==================================================
offset  size  field (little-endian)
======  ====  ==================================================
0       4     kind of image
4       4     version: 3
8       8     source, destination
16      4     length of all that follows
20      4     length of the code
24      8     address and length of the signature
32      8     address and length of the certificates
40      ..    code, signature, certificates
======  ====  ==================================================

The header of 80 bytes begins with two code words, D1 DC 4B 84 34 10 D7 73, the kind, two reserved words, and the fields from 8 on;
then which certificate of the maker's is the root, of how many, and five reserved words. In a NAND flash the code words with a third
one, 5A 43 0B 7D, begin each of the first pages of 2,048 bytes, from which the boot ROM learns the length of a page; the image
follows from 10,240, and the code words with C6 54 8B D4 are put in wherever another block of 128 KiB begins.

Sources: coreboot ``util/qualcomm/mbn_tools.py`` and ``ipqheader.py``. The image in blocks was verified with a modem's firmware: put
together again, all its segments have the hashes that are stated; of the other two no image was at hand.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.formats.scattered import Run, gathered
from trueware.model.limits import Limits
from trueware.model.part import Kind

_CODE_WORDS = bytes.fromhex("d1dc4b843410d773")
_IN_FLASH = _CODE_WORDS + bytes.fromhex("5a430b7d")
_IN_BLOCK = _CODE_WORDS + bytes.fromhex("c6548bd4")
_VERSION = b"\3\0\0\0"
_SHORT, _LONG = Struct("<10I"), Struct("<8s18I")
_KINDS = 64
"""Kinds of image that were ever given a number."""

_PAGE, _PAGES, _PREAMBLE, _BLOCK = 1 << 11, 4, 10_240, 1 << 17


class Mbn:
    """A boot image with a header of its own."""

    name: ClassVar[str] = "mbn"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "boot image (.mbn)", "Qualcomm", ("coreboot util/qualcomm/mbn_tools.py, ipqheader.py",),
        ("the signature and the certificates are kept and not verified", "NAND images for pages of other lengths"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(4, _VERSION), Magic(0, _CODE_WORDS))

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _is_in_flash(view) or _header(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a few regions)
        if _is_in_flash(view):
            return _read_blocks(view)
        found = _header(view)
        if found is None:
            raise MalformedInput("mbn", 0, "no header")
        start, fields = found
        kind, source, destination, size, code, _, signature, _, chain = fields
        reading = Reading(facts={"image": f"{kind:#x}"}, end=start + size)
        reading.facts |= {"source": f"{source:#x}", "destination": f"{destination:#010x}"}
        if start == _LONG.size:
            reading.facts["reserved"] = " ".join(f"{each:#x}" for each in _reserved(view))
        reading.cover(0, start)
        entries, at = list[Entry](), start
        for path, length in (("code", code), ("signature", signature), ("certificates", chain)):
            if length:
                entries.append(region(path, view, at, length, reading))
            at += length
        reading.entries = entries
        return reading


def _header(view: memoryview) -> tuple[int, tuple[int, ...]] | None:
    """Return where the code begins, and kind, source, destination, lengths and addresses; None where these do not fit.

    The lengths must add up and the addresses follow each other: the beginning alone could be that of anything.
    """
    if view[:8] == _CODE_WORDS and len(view) >= _LONG.size:
        start = _LONG.size
        _, kind, _, _, *fields = _LONG.unpack_from(view)
        fields = fields[:8]
    elif view[4:8] == _VERSION and len(view) >= _SHORT.size:
        start = _SHORT.size
        kind, _, *fields = _SHORT.unpack_from(view)
    else:
        return None
    _, destination, size, code, signature_at, signature, chain_at, chain = fields
    fits = kind < _KINDS and code > 0 and size == code + signature + chain
    is_there = start + code <= len(view)  # or it is the head of a hash segment alone
    placed = destination + code == signature_at and signature_at + signature == chain_at
    return (start, (kind, *fields)) if fits and placed and is_there else None


def _reserved(view: memoryview) -> tuple[int, ...]:
    """Return the fields of a long header that nothing is known of, and which certificate is the root."""
    _, _, first, second, *rest = _LONG.unpack_from(view)
    return first, second, *rest[8:]


def _is_in_flash(view: memoryview) -> bool:
    return len(view) > _PREAMBLE and all(
        view[page * _PAGE : page * _PAGE + len(_IN_FLASH)] == _IN_FLASH for page in range(_PAGES)
    )


def _read_blocks(view: memoryview) -> Reading:
    """Put the image together that lies in blocks; what fills the first pages is left to be seen as padding."""
    reading = Reading(facts={"layout": "nand"})
    for page in range(_PAGES):
        reading.cover(page * _PAGE, page * _PAGE + len(_IN_FLASH))
    runs, at = list[Run](), _PREAMBLE
    for block in range(_BLOCK, len(view), _BLOCK):
        if view[block : block + len(_IN_BLOCK)] == _IN_BLOCK:
            runs.append((at, block - at))
            at = block + len(_IN_BLOCK)
    runs.append((at, len(view) - at))
    reading.cover(_PREAMBLE, len(view))
    content, offset = gathered(view, runs)
    reading.entries = [Entry("image", Kind.REGION, content, content.size or 0, offset=offset)]
    return reading
