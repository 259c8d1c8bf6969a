"""What bytes look like that no format claims: filler, text, machine code, or something compressed or encrypted.

It proves nothing and nothing is compared by it; it lets a person who reads UNKNOWN know what was seen. A region is judged by
samples spread evenly over it, so the cost does not grow with its size.

Machine code is told by the instruction that ends a function, which compilers write often, at its alignment, and in a fixed
form. On the images of the corpus and programs of Debian no data was called code; code whose functions end in too many ways
(ARM Thumb-2, MIPS16) is called data.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import log2
from typing import NamedTuple

SAMPLE = 1 << 12
"""Bytes of one sample: enough for the entropy of random bytes to come out above 7.9 of 8."""

_SAMPLES = 32
_RANDOM = 7.9
"""Bits a byte above which a sample is evenly distributed: of 4,096 random bytes 7.95 are seen, of machine code under 7."""

_ALL, _SOME = 0.9, 0.25
"""Shares of the samples that are evenly distributed for all of it, or some, to be called so."""

_SPARSE = 1.0
"""Bits a byte below which there is next to nothing."""

_TEXT = 0.95
"""Printable share of text."""

_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\n\r\f"
_JUDGED = 2048
"""Bytes below which an even distribution says nothing."""

_WINDOWS, _WINDOW = 8, 1 << 17
"""Ranges searched for function ends, and their length: code seldom fills a whole image."""

_ENDS = 75
"""Function ends in a window of machine code, at least; more are asked of a shorter one's rate, and never fewer than 4."""


class _Return(NamedTuple):
    machine: str
    code: bytes
    step: int
    """What its offset is a multiple of."""

    weight: float = 1.0
    """Short ones come by chance, and often in tables, so each counts for less."""


_RETURNS = (
    _Return("MIPS, big-endian", b"\x03\xe0\x00\x08", 4),
    _Return("MIPS, little-endian", b"\x08\x00\xe0\x03", 4),
    _Return("ARM, little-endian", b"\x1e\xff\x2f\xe1", 4),
    _Return("ARM, big-endian", b"\xe1\x2f\xff\x1e", 4),
    _Return("ARM 64-bit", b"\xc0\x03\x5f\xd6", 4),
    _Return("PowerPC, big-endian", b"\x4e\x80\x00\x20", 4),
    _Return("RISC-V", b"\x67\x80\x00\x00", 2),
    _Return("SuperH, little-endian", b"\x0b\x00\x09\x00", 2),
    _Return("x86", b"\xc9\xc3", 1, 0.5),
    _Return("x86", b"\x5b\xc3", 1, 0.5),
    _Return("x86", b"\x5d\xc3", 1, 0.5),
    _Return("x86", b"\x41\x5c\xc3", 1),
    _Return("x86", b"\x41\x5e\xc3", 1),
    _Return("x86", b"\x41\x5f\xc3", 1),
    _Return("ARM Thumb", b"\x70\x47", 2, 0.25),
)
"""How functions end: ``jr ra``, ``bx lr``, ``ret``, ``blr``, ``rts; nop``, ``leave; ret``, ``pop; ret``."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One of the equal ranges a region is cut into."""

    start: int
    end: int
    entropy: float
    """Bits a byte, 0 to 8, of a sample in its middle."""

    filler: int | None
    """The byte the sample consists of, where it is only one."""


def entropy(data: bytes | bytearray | memoryview) -> float:
    """Return the entropy of the distribution of byte values, in bits a byte.

    >>> entropy(bytes(range(256)))
    8.0
    """
    total = len(data)
    if not total:
        return 0.0
    counts = Counter(bytes(data)).values()
    return max(0.0, log2(total) - sum(count * log2(count) for count in counts) / total)


def cells(view: memoryview, count: int) -> Iterator[Cell]:
    """Cut `view` into at most `count` equal cells of `SAMPLE` bytes or more and judge each by a sample."""
    size = max(SAMPLE, -(-len(view) // count)) if len(view) else SAMPLE
    for start in range(0, len(view), size):
        end = min(start + size, len(view))
        at = start + max(0, (end - start - SAMPLE) // 2)
        sample = bytes(view[at : min(at + SAMPLE, end)])
        filler = sample[0] if sample.count(sample[0]) == len(sample) else None
        yield Cell(start, end, 0.0 if filler is not None else entropy(sample), filler)


def looks_like(view: memoryview) -> str:
    """Return in words what the bytes look like, such as ``machine code (MIPS, big-endian), 5.9 bits a byte``."""
    if not len(view):
        return "nothing"
    seen = list(cells(view, _SAMPLES))
    mean = sum(cell.entropy for cell in seen) / len(seen)
    fillers = {cell.filler for cell in seen}
    if len(fillers) == 1 and seen[0].filler is not None:
        # with more than that, what lies between the samples was not seen
        return f"{'' if len(view) <= _SAMPLES * SAMPLE else 'almost only '}bytes {seen[0].filler:#04x}"
    return f"{_words(view, seen, mean)}, {mean:.1f} bits a byte"


def _words(view: memoryview, seen: list[Cell], mean: float) -> str:
    if _is_text(view, seen):
        return "text"
    if machine := machine_of(view):
        return f"machine code ({machine})"
    full = [cell for cell in seen if cell.end - cell.start >= SAMPLE]
    random = sum(cell.entropy >= _RANDOM for cell in full) / max(1, len(full))
    if random >= _ALL or (len(seen) == 1 and len(view) >= _JUDGED and mean >= _RANDOM - 0.1):
        return "compressed or encrypted data"
    if random >= _SOME:
        return f"data, {random:.0%} of it compressed or encrypted"
    return "almost empty" if mean < _SPARSE else "data"


def machine_of(view: memoryview) -> str | None:
    """Return the processor whose code the bytes most probably hold, None where no kind of code is dense enough anywhere."""
    best, most = None, 0.0
    step = max(_WINDOW, len(view) // _WINDOWS) & ~3
    for start in range(0, len(view), step):
        window = bytes(view[start : start + _WINDOW])
        least = max(4, _ENDS * len(window) // _WINDOW)
        counts: dict[str, float] = {}
        for end in _RETURNS:
            if window.count(end.code) * end.weight >= least / 4:
                aligned = sum(not match.start() % end.step for match in re.finditer(re.escape(end.code), window))
                counts[end.machine] = counts.get(end.machine, 0.0) + aligned * end.weight
        machine, count = max(counts.items(), key=lambda item: item[1], default=("", 0.0))
        if count >= least and count / least > most:
            best, most = machine, count / least
    return best


def _is_text(view: memoryview, seen: list[Cell]) -> bool:
    sampled = b"".join(bytes(view[cell.start : cell.start + 256]) for cell in seen)
    return len(sampled.translate(None, _PRINTABLE)) <= (1 - _TEXT) * len(sampled)
