"""Qualcomm's signed ELF image: an ordinary ELF file with a segment that holds the hashes of all the others, and a signature.

Two program headers of type NULL stand first: one for the ELF header with the program headers, one for the hash segment. What is
no boot image has neither, and stays a file. The hash segment:

======  ====  ======================================================================
offset  size  field (little-endian)
======  ====  ======================================================================
0       4     kind of image
4       4     version: 0 or 3, 5, 6, 7
8       8     source, destination; from version 5: length of Qualcomm's signature
              and certificates
16      4     length of all that follows
20      4     length of the hashes
24      8     address and length of the signature
32      8     address and length of the certificates
40      8     version 6 only: length of Qualcomm's and of the maker's metadata
..      ..    metadata of both, hashes, Qualcomm's signature and certificates, the
              maker's signature and certificates
======  ====  ======================================================================

Version 7 has, from 8, eight lengths in the order of what they are of: common metadata, metadata of both, hashes, and as above.
There is a hash for each program header: SHA-1, SHA-256 or SHA-384 of its bytes in the file; none, zero bytes, for the hash segment
and what has no bytes. In a file ``.mdt`` the hash segment follows the headers at once and the segments are files beside it.
Sources: coreboot ``util/qualcomm/mbn_tools.py``; qtestsign ``hashseg.py``; Linux ``drivers/soc/qcom/mdt_loader.c``.

Version 3 was verified with a modem's firmware; of the later ones no image was at hand.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice
from struct import Struct, unpack_from
from typing import ClassVar, NamedTuple

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGICS = {b"\x7fELF\x01\x01": 32, b"\x7fELF\x02\x01": 64}
"""Little-endian ELF files, by the size of their addresses."""

_HEADERS = {32: (Struct("<16x2H5I6H"), Struct("<8I")), 64: (Struct("<16x2HI3QI6H"), Struct("<2I6Q"))}
_HASHES = Struct("<10I")
_TYPE, _OF_HEADERS, _OF_HASHES = 0x07000000, 0x07000000, 0x02000000
_SIGNED = ("hashes", "qcom-signature", "qcom-certificates", "signature", "certificates")
_FIRST = 8
"""Program headers among which the hash segment is; signing programs put it first, second or last."""

ALGORITHMS = {20: "sha1", 32: "sha256", 48: "sha384"}


class QcomElf:
    """An ELF image with a hash segment."""

    name: ClassVar[str] = "qcom-elf"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ELF image with a hash segment (.mbn, .mdt)", "Qualcomm",
        ("coreboot util/qualcomm/mbn_tools.py", "Linux drivers/soc/qcom/mdt_loader.c"),
        ("the signature and the certificates are kept and not verified", "segments hashed page by page"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, magic) for magic in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return find_hash_segment(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most 65,535 segments of bytes that are there)
        number = find_hash_segment(view)
        if number is None:
            raise MalformedInput("qcom-elf", 0, "no hash segment")
        segments = list(read_segments(view))
        head, hashes = segments[0], segments[number]
        split = len(view) == head.size + hashes.size
        start = head.size if split else hashes.start
        reading = Reading(facts={"layout": "split" if split else "whole"}, end=start + hashes.size)
        parts = {"elf-header": (0, head.size), **read_parts(view, start, hashes, reading)}
        entries = [region(path, view, at, size, reading) for path, (at, size) in parts.items() if size]
        if not split:
            for index, segment in enumerate(segments):
                if index not in (0, number) and segment.size:
                    entries.append(region(f"segment-{index}", view, segment.start, segment.size, reading))
            reading.end = min(max(segment.start + segment.size for segment in segments), len(view))
        reading.entries = entries
        at, size = parts["hashes"]
        _check(view, segments, number, view[at : at + size], reading, split=split)
        return reading


class Segment(NamedTuple):
    """A program header."""

    kind: int
    flags: int
    start: int
    size: int


def read_segments(view: memoryview) -> Iterator[Segment]:
    """Yield the program headers that are there, none where the ELF header is not as it should be."""
    bits = _MAGICS.get(bytes(view[:6]))
    if bits is None:
        return
    header, segment = _HEADERS[bits]
    if len(view) < header.size:
        return
    _, _, _, _, at, _, _, _, size, count, _, _, _ = header.unpack_from(view)
    if size != segment.size or at + size * count > len(view):
        return
    for each in segment.iter_unpack(view[at : at + size * count]):
        kind, flags, start, length = each[0], *((each[6], each[1], each[4]) if bits == 32 else (*each[1:3], each[5]))
        yield Segment(kind, flags, start, length)


def find_hash_segment(view: memoryview) -> int | None:
    """Return the number of the hash segment in an image of more than headers, None where there is none."""
    first = list(islice(read_segments(view), _FIRST))
    if not first or first[0].kind or first[0].flags & _TYPE != _OF_HEADERS or first[0].size >= len(view):
        return None
    found = (n for n, each in enumerate(first) if not each.kind and each.flags & _TYPE == _OF_HASHES)
    return next((n for n in found if first[n].size >= _HASHES.size), None)


def read_parts(view: memoryview, start: int, segment: Segment, reading: Reading) -> dict[str, tuple[int, int]]:
    """Return place and length of what the hash segment at `start` holds, by name."""
    if start + segment.size > len(view):
        raise MalformedInput("qcom-elf", start, f"a hash segment of {segment.size} bytes in {len(view)}")
    fields = _HASHES.unpack_from(view, start)
    image, version = fields[:2]
    if version == 7:
        names = ("metadata", "qcom-metadata", "oem-metadata", *_SIGNED)
        sizes = {"header": _HASHES.size, **dict(zip(names, fields[2:], strict=True))}
    elif version in (0, 3, 5, 6):
        sizes = {"header": _HASHES.size}
        if version == 6:
            sizes["header"] += 8
            if segment.size < sizes["header"]:
                raise MalformedInput("qcom-elf", start, "the hash segment ends within its header")
            sizes["qcom-metadata"], sizes["oem-metadata"] = unpack_from("<2I", view, start + _HASHES.size)
        of_qcom = fields[2:4] if version >= 5 else (0, 0)
        sizes |= dict(zip(_SIGNED, (fields[5], *of_qcom, fields[7], fields[9]), strict=True))
    else:
        raise UnsupportedInput("qcom-elf", start + 4, f"version {version} of the hash segment")
    reading.facts |= {"image": f"{image:#x}", "hash-segment": str(version)}
    parts, at = {}, start
    for name, size in sizes.items():
        parts[f"hash-{name}" if name == "header" else name] = at, size
        at += size
    if at > start + segment.size:
        raise MalformedInput("qcom-elf", start, f"{at - start} bytes in a hash segment of {segment.size}")
    return parts


def _check(
    view: memoryview, segments: list[Segment], number: int, hashes: memoryview, reading: Reading, *, split: bool
) -> None:
    """Compare the hash of each segment with the one that is stated."""
    size = len(hashes) // len(segments)
    algorithm = ALGORITHMS.get(size)
    if algorithm is None or len(hashes) % size:
        detail = f"{len(hashes)} bytes of hashes for {len(segments)} segments"
        reading.note_anomaly("checksum-unchecked", detail)
        return
    reading.notes["hash"] = algorithm
    hashed = 0
    for index, segment in enumerate(segments[:1] if split else segments):
        stated = bytes(hashes[index * size : (index + 1) * size])
        if index == number or not segment.size:
            if any(stated):
                reading.note_anomaly("contradiction", f"a hash for segment {index}, which has none", segment.start)
            continue
        hashed += segment.size
        if hashed > 2 * len(view):
            reading.note_anomaly("overlap", "the segments overlap; not all of them were checked", segment.start)
            return
        found = hashlib.new(algorithm, view[segment.start : segment.start + segment.size], usedforsecurity=False)
        if found.digest() != stated:
            detail = f"the {algorithm} of segment {index} is {found.hexdigest()}, stated {stated.hex()}"
            reading.note_anomaly("checksum-mismatch", detail, segment.start)
