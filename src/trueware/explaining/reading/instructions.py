"""Makes the machine code of two builds comparable: without the addresses that move when anything else does, cut into pieces.

`settle` blanks what a linker fills in (targets of calls, addresses of data) and keeps the rest: operations, registers, small
constants, places on the stack, branches within a function. `cut` finds where functions end, by the instruction that returns.
Both look at each instruction by itself; on machines whose instructions vary in length (x86, Thumb) they do not decode them all but
look for those that hold addresses. So equal pieces mean equal code but for what it calls, and nothing says that different
pieces differ in what they do.

Instructions of four bytes are taken apart into four strings, all first bytes, all second bytes …, which are masked as one large
number each: a megabyte in some 20 ms. Sources: MIPS32 Architecture vol. II; Arm ARM DDI 0406 (A32, T32), DDI 0487 (A64); Power ISA
book I; Intel SDM vol. 2, appendix A; RISC-V unprivileged ISA.
"""

import re
from collections.abc import Callable, Iterator

from trueware.explaining.patterns import regex

_MIN_PIECE, _MAX_PIECE = 48, 2048
"""Bytes of a piece: what is shorter goes with the next one, what is longer is cut."""

THUMB, MIPS16 = "Thumb", "MIPS16"
"""What to give as the machine for ARM and MIPS code of two-byte instructions."""

FILLING = b"\0\x90\xcc\x66\x0f\x1f\x2e\x84\x44\x40"
"""Bytes of what fills the space between functions; how much of it there is depends on where they lie."""


def settle(code: bytes, machine: str, order: str) -> bytes:
    """Return code of the same length in which addresses are blank.

    Args:
        code: instructions, from the first byte of one.
        machine: as `trueware.explaining.reading.elf.Elf.machine` has it, or `THUMB`. Of others, code is returned as it is.
        order: ``<`` or ``>``.
    """
    if machine in _WORDS:
        return _by_words(code, _WORDS[machine], order)
    if machine in _HALVES:
        for pair in _HALVES[machine]:
            code = _by_halves(code, *pair, order)
        return code
    if machine in _X86:
        return _by_pattern(code, _X86[machine])
    return code


def is_settled_apart(code: bytes, start: int, end: int, machine: str) -> bool:
    """Tell whether `settle` of all the code blanks between two places what it blanks of what is between them by itself.

    So it is where no instruction with an address could lie across either place; to say so costs less than to settle once more.
    """
    pattern = _X86.get(machine)
    return pattern is not None and not any(
        (match := pattern.match(code, at)) and match.end() > place
        for place in (start, end)
        for at in range(max(0, place - _LONGEST + 1), place)
    )


def cut(code: bytes, machine: str, order: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of pieces of code, one or several functions each, in order and without gaps."""
    pattern, step = _returns(machine, order)
    start = 0
    for match in pattern.finditer(code):
        end = match.end()
        if end - start < _MIN_PIECE or match.start() % step:
            continue
        while end - start > _MAX_PIECE:
            yield start, start + _MAX_PIECE
            start += _MAX_PIECE
        yield start, end
        start = end
    while len(code) > start:
        yield start, min(len(code), start + _MAX_PIECE)
        start += _MAX_PIECE


# ── instructions of four bytes ──

_Planes = tuple[bytes, bytes, bytes, bytes]
"""All highest bytes of instructions, then all second ones …"""


def _by_words(code: bytes, settle_words: Callable[[bytes, bytes, bytes, bytes], _Planes], order: str) -> bytes:
    size = len(code) // 4 * 4
    body = code[:size]
    places = (0, 1, 2, 3) if order == ">" else (3, 2, 1, 0)
    settled = bytearray(code)
    planes = settle_words(*(body[place::4] for place in places))
    for place, plane in zip(places, planes, strict=True):
        settled[place:size:4] = plane
    return bytes(settled)


def _table(chosen: Callable[[int], bool], yes: int = 0xFF, no: int = 0) -> bytes:
    return bytes(yes if chosen(byte) else no for byte in range(256))


def _number(plane: bytes, table: bytes | None = None) -> int:
    return int.from_bytes(plane if table is None else plane.translate(table), "little")


def _filled(byte: int, like: bytes) -> int:
    return int.from_bytes(bytes((byte,)) * len(like), "little")


def _bytes(number: int, like: bytes) -> bytes:
    return number.to_bytes(len(like), "little")


def _is_mips_address(byte: int) -> bool:
    """Whether the lower 16 bits may be (part of) an address: lui, addiu, daddiu, loads and stores."""
    operation = byte >> 2
    return (
        operation in (0x0F, 0x09, 0x19)
        or 0x20 <= operation <= 0x2E
        or operation in (0x31, 0x35, 0x37, 0x39, 0x3D, 0x3F)
    )


_MIPS_JUMP = _table(lambda byte: byte >> 2 in (2, 3), 0, 0xFF)
_MIPS_CANON = bytes(byte & 0xFC if byte >> 2 in (2, 3) else byte for byte in range(256))
_MIPS_KEEP = _table(lambda byte: not _is_mips_address(byte) and byte >> 2 not in (2, 3))
_MIPS_STACK = _table(lambda byte: _is_mips_address(byte) and byte & 3 == 3)
_MIPS_STACK_2 = _table(lambda byte: byte >> 5 == 5)
_MIPS_CONSTANT = _table(lambda byte: byte in (0x24, 0x64))
_MIPS_CONSTANT_2 = _table(lambda byte: byte < 0x20 and byte != 0x18)
"""Constants, but for those in t8, by which the linker's stubs number what they call."""


def _settle_mips(a: bytes, b: bytes, c: bytes, d: bytes) -> _Planes:
    keep = _number(a, _MIPS_KEEP)
    keep |= _number(a, _MIPS_STACK) & _number(b, _MIPS_STACK_2)
    keep |= _number(a, _MIPS_CONSTANT) & _number(b, _MIPS_CONSTANT_2)
    registers = _number(b) & _number(a, _MIPS_JUMP)
    return a.translate(_MIPS_CANON), _bytes(registers, a), _bytes(_number(c) & keep, a), _bytes(_number(d) & keep, a)


_POWER_BRANCH = _table(lambda byte: byte >> 2 == 18, 0, 0xFF)
_POWER_CANON = bytes(byte & 0xFC if byte >> 2 == 18 else byte for byte in range(256))
_POWER_LOADS = (*range(32, 56), 58, 62)
_POWER_KEEP = _table(lambda byte: byte >> 2 not in (14, 15, 18, *_POWER_LOADS))
_POWER_BASED = _table(lambda byte: byte >> 2 in (14, *_POWER_LOADS))
_POWER_STACK = _table(lambda byte: byte & 31 == 1)
_POWER_ADD, _POWER_ZERO = _table(lambda byte: byte >> 2 == 14), _table(lambda byte: byte & 31 == 0)


def _settle_power(a: bytes, b: bytes, c: bytes, d: bytes) -> _Planes:
    keep = _number(a, _POWER_KEEP) | _number(a, _POWER_BASED) & _number(b, _POWER_STACK)
    keep |= _number(a, _POWER_ADD) & _number(b, _POWER_ZERO)
    registers = _number(b) & _number(a, _POWER_BRANCH)
    return a.translate(_POWER_CANON), _bytes(registers, a), _bytes(_number(c) & keep, a), _bytes(_number(d) & keep, a)


def _is_arm_address(byte: int) -> bool:
    """Whether all lower 24 bits are an address: calls, jumps, and words of data between functions."""
    return byte & 15 == 11 or byte in (0xEA, 0xFA, 0, 0xFF)


_ARM_KEEP = _table(lambda byte: not _is_arm_address(byte))
_ARM_MOVE, _ARM_MOVE_2 = _table(lambda byte: byte == 0xE3), _table(lambda byte: byte >> 4 in (0, 4))


def _settle_arm(a: bytes, b: bytes, c: bytes, d: bytes) -> _Planes:
    keep, move = _number(a, _ARM_KEEP), _number(a, _ARM_MOVE) & _number(b, _ARM_MOVE_2)
    every = (1 << 8 * len(a)) - 1
    upper = keep & (every ^ move | _filled(0xF0, a))
    lower = keep & (every ^ move)
    return a, _bytes(_number(b) & upper, a), _bytes(_number(c) & upper, a), _bytes(_number(d) & lower, a)


def _is_a64_jump(byte: int) -> bool:
    return byte >> 2 in (0x05, 0x25)


_A64_CANON = bytes(
    byte & 0xFC if _is_a64_jump(byte) else byte & 0x9F if byte & 31 == 16 else byte for byte in range(256)
)
_A64_JUMP = _table(_is_a64_jump, 0, 0xFF)
_A64_PAGE = _table(lambda byte: byte & 31 == 16)
_A64_OFFSET = _table(lambda byte: byte in (0x91, 0x39, 0x79, 0xB9, 0xF9, 0x3D, 0x7D, 0xBD, 0xFD))
_A64_STACK_3, _A64_STACK_4 = _table(lambda byte: byte & 3 == 3), _table(lambda byte: byte >> 5 == 7)


def _settle_a64(a: bytes, b: bytes, c: bytes, d: bytes) -> _Planes:
    every = (1 << 8 * len(a)) - 1
    jump, page = _number(a, _A64_JUMP), _number(a, _A64_PAGE)
    offset = _number(a, _A64_OFFSET)
    offset &= every ^ (_number(c, _A64_STACK_3) & _number(d, _A64_STACK_4))
    second = jump & (every ^ page) & (every ^ offset | _filled(0xC0, a))
    third = jump & (every ^ page) & (every ^ offset | _filled(0x03, a))
    fourth = jump & (every ^ page | _filled(0x1F, a))
    return (
        a.translate(_A64_CANON),
        _bytes(_number(b) & second, a),
        _bytes(_number(c) & third, a),
        _bytes(_number(d) & fourth, a),
    )


_WORDS = {
    "MIPS": _settle_mips,
    "PowerPC": _settle_power,
    "PowerPC64": _settle_power,
    "ARM": _settle_arm,
    "AArch64": _settle_a64,
}

# ── instructions of varying length ──

_Pair = tuple[bytes, bytes, int, int]
"""Which highest bytes the first and the second half of a pair have, and the bits of them that stay."""

_ANY = _table(lambda _: True)
_HALVES: dict[str, tuple[_Pair, ...]] = {
    THUMB: ((_table(lambda byte: byte >> 3 == 0x1E), _table(lambda byte: byte >> 6 == 3), 0xF8, 0xC0),),
    MIPS16: (
        (_table(lambda byte: byte >> 3 == 0x03), _ANY, 0xF8, 0),
        (_table(lambda byte: byte >> 3 == 0x1E), _ANY, 0xF8, 0xFF),
    ),
}
"""BL and BLX of Thumb (F000 D000, F000 C000); JAL of MIPS16, and EXTEND with the operation that it extends."""


def _by_halves(
    code: bytes, first_is: bytes, second_is: bytes, first_keeps: int, second_keeps: int, order: str
) -> bytes:
    """Blank what a pair of two-byte instructions has for an address."""
    size = len(code) // 2 * 2
    body = code[:size]
    high, low = (body[1::2], body[::2]) if order == "<" else (body[::2], body[1::2])
    every = (1 << 8 * len(high)) - 1
    first = _number(high, first_is) & _number(high, second_is) >> 8
    second = first << 8 & every
    kept = (every ^ first | _filled(first_keeps, high)) & (every ^ second | _filled(second_keeps, high))
    settled = bytearray(code)
    settled[order == "<" : size : 2] = _bytes(_number(high) & kept, high)
    settled[order == ">" : size : 2] = _bytes(_number(low) & (every ^ (first | second)), low)
    return bytes(settled)


_THERE = rb"[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]"


def _x86(more: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"([\xe8\xe9]"
        rb"|[\x03\x0b\x13\x1b\x23\x2b\x33\x39\x3b\x63\x69\x6b\x80\x81\x83\x85\x88-\x8d\xc6\xc7\xf6\xf7\xff]"
        + _THERE
        + rb"|\x0f(?:[\x80-\x8f]|[\x10-\x7f\xa0-\xff]"
        + _THERE
        + rb")"
        + more
        + rb").{4}",
        re.DOTALL,
    )


_X86 = {
    "x86-64": _x86(b""),
    "x86": _x86(rb"|[\xa1\xa3\x68\xb8-\xbf](?=..[\x04-\x1f]\x08)|\x81[\xc0-\xc3](?=..[\0\xff])"),
}
"""Instructions with an address of four bytes: relative calls and jumps, data beside the instruction pointer, and on x86 absolute
addresses of programs that are linked at 08048000, the distance to the table of addresses."""

_LONGEST = 7
"""Bytes of what these match at most."""


def _by_pattern(code: bytes, pattern: re.Pattern[bytes]) -> bytes:
    """Blank the last four bytes of what matches: `split` returns what is between, and of what matches, all but these four."""
    pieces = pattern.split(code)
    pieces[1::2] = [operation + b"\0\0\0\0" for operation in pieces[1::2]]
    return b"".join(pieces)


# ── where functions end ──

_RETURNS: dict[str, tuple[tuple[bytes, ...], int]] = {
    "MIPS": ((rb"\x03\xe0\x00\x08.{4}",), 4),
    MIPS16: ((rb"\xe8\x20..", rb"\xe8\xa0", rb"\x03\xe0\x00\x08.{4}"), 2),
    "PowerPC": ((rb"\x4e\x80\x00\x20",), 4),
    "PowerPC64": ((rb"\x4e\x80\x00\x20",), 4),
    "ARM": ((rb"\xe1\x2f\xff\x1e", rb"\xe8\xbd[\x80-\xff].", rb"\xe4\x9d\xf0\x04"), 4),
    "AArch64": ((rb"\xd6\x5f\x03\xc0", rb"\xd6\x5f\x0b\xff"), 4),
}
"""Instructions that return, highest byte first, and the bytes of an instruction."""

_LITTLE: dict[str, tuple[bytes, int]] = {
    "MIPS": (rb"\x08\x00\xe0\x03.{4}", 4),
    MIPS16: (rb"\x20\xe8..|\xa0\xe8|\x08\x00\xe0\x03.{4}", 2),
    "PowerPC": (rb"\x20\x00\x80\x4e", 4),
    "PowerPC64": (rb"\x20\x00\x80\x4e", 4),
    "ARM": (rb"\x1e\xff\x2f\xe1|.[\x80-\xff]\xbd\xe8|\x04\xf0\x9d\xe4", 4),
    "AArch64": (rb"\xc0\x03\x5f\xd6|\xff\x0b\x5f\xd6", 4),
    THUMB: (rb"\x70\x47|.\xbd|\xbd\xe8.[\x80-\xff]", 2),
    "RISC-V": (rb"\x82\x80|\x67\x80\x00\x00", 2),
    "x86": (rb"\xc3(?=[\x90\xcc\x66\x0f\x55\x53\x56\x57\xf3\x83\x8b\x31\xe8])", 1),
    "x86-64": (rb"\xc3(?=[\x90\xcc\x66\x0f\x55\x53\x41\xf3\x48\x31\x83\xe8])", 1),
}

_ANYWHERE = regex(rb"[\x00-\x03][\x00-\x3f]"), 1
"""For machines whose instructions are not known here: bytes that come once in some 256."""


def _returns(machine: str, order: str) -> tuple[re.Pattern[bytes], int]:
    if order == ">":
        if machine not in _RETURNS:
            return _ANYWHERE
        patterns, step = _RETURNS[machine]
        return re.compile(b"|".join(patterns), re.DOTALL), step
    if machine not in _LITTLE:
        return _ANYWHERE
    pattern, step = _LITTLE[machine]
    return re.compile(pattern, re.DOTALL), step
