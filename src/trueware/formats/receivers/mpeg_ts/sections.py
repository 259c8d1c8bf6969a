"""Sections of an MPEG transport stream: packets by their program, and what they carry put together.

======  ====  ============================================================
offset  size  packet of 188 bytes (big-endian)
======  ====  ============================================================
0       1     0x47
1       2     error, start of a section (0x4000), priority, program (13 bits)
3       1     scrambling (2 bits), adaptation (0x20), payload (0x10), counter
4       ..    length of the adaptation (1), adaptation; then the payload,
              in which a section starts: offset of that start (1)
======  ====  ============================================================

Source: ISO/IEC 13818-1 §2.4.3, §2.4.4. A section ends with a CRC-32 that goes through the bits from the highest; zlib's goes
through them from the lowest, so that it is asked about the mirrored bytes.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from trueware.formats.scattered import Run

PACKET = 188
SYNC = 0x47
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_LONGEST = 4096
"""Bytes of a section; its length has 12 bits."""


@dataclass(slots=True)
class Section:
    """One section, whole."""

    data: bytes
    runs: list[Run]
    """Where its bytes lie in the stream."""

    def is_sound(self) -> bool:
        """Tell whether its checksum fits: that of a section with its checksum is zero."""
        return crc32(self.data.translate(_MIRRORED)) ^ 0xFFFFFFFF == 0

    def placed(self, start: int, end: int) -> list[Run]:
        """Return where the bytes ``[start, end)`` lie."""
        found, at = list[Run](), 0
        for first, length in self.runs:
            left, right = max(start - at, 0), min(end - at, length)
            if left < right:
                found.append((first + left, right - left))
            at += length
        return found


def packets_by_program(view: memoryview) -> Mapping[int, Sequence[int]]:
    """Return the numbers of the packets of each program, up to the first that does not begin as one does."""
    programs: dict[int, array[int]] = {}
    heads = zip(view[0::PACKET], view[1::PACKET], view[2::PACKET], strict=False)
    for number, (sync, upper, lower) in zip(range(len(view) // PACKET), heads, strict=False):
        if sync != SYNC:
            break
        program = (upper & 0x1F) << 8 | lower
        if (numbers := programs.get(program)) is None:
            numbers = programs[program] = array("I")
        numbers.append(number)
    return programs


def sections(view: memoryview, numbers: Sequence[int]) -> Iterator[Section]:
    """Yield the sections that these packets of one program carry; what is not whole is left out."""
    data, runs = bytearray(), list[Run]()
    for number in numbers:
        at, end = number * PACKET, (number + 1) * PACKET
        starts, control = view[at + 1] & 0x40, view[at + 3]
        if view[at + 1] & 0x80 or control & 0xC0 or not control & 0x10:
            continue
        start = at + 4 + (1 + view[at + 4] if control & 0x20 else 0)
        if start >= end:
            continue
        if starts:
            first = start + 1 + view[start]
            start += 1
            if data and first <= end:
                _append(view, start, first, data, runs)
                yield from _whole(data, runs)
            data.clear()
            runs = []
            start = first
        elif not data:
            continue
        if start < end:
            _append(view, start, end, data, runs)
            yield from _whole(data, runs)


def _append(view: memoryview, start: int, end: int, data: bytearray, runs: list[Run]) -> None:
    if start < end and len(data) <= 2 * _LONGEST:
        data += view[start:end]
        runs.append((start, end - start))


def _whole(data: bytearray, runs: list[Run]) -> Iterator[Section]:
    """Yield the sections that are complete in `data` and take them out of it; filler ends them."""
    while len(data) >= 3:
        if data[0] == 0xFF:
            data.clear()
            runs.clear()
            return
        size = 3 + ((data[1] & 0x0F) << 8 | data[2])
        if len(data) < size:
            return
        section = Section(bytes(data[:size]), list(runs))
        rest = section.placed(size, len(data))
        section.runs = section.placed(0, size)
        yield section
        del data[:size]
        runs[:] = rest
