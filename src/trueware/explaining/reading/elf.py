"""Reads ELF: programs, libraries and kernel modules for Linux, 32 and 64 bits, both byte orders.

What is told stands in the program headers and the dynamic segment, so that a file without section headers (stripped further than
`strip` goes, as in firmware) is read like any other; sections add the names of functions and tell code from constants.

======  ======  ==================================================  ======================
32 bit  64 bit  field of the ELF header                             from
======  ======  ==================================================  ======================
0       0       7F "ELF", class 1/2, order 1 little/2 big, 1        gABI ch. 4, ELF header
16      16      type (2), machine (2)
24      24      entry (4/8), program headers, section headers
42      54      size and number of program headers, of section
                headers, index of the section of names (2 each)
======  ======  ==================================================  ======================

A program header has type, offset, address, size in the file and in memory, flags (in 64-bit files flags stand second); a section
header name, type, flags, address, offset, size, link, info, alignment, size of an entry; a symbol name, value, size, info, other,
section (in 64-bit files name, info, other, section, value, size). Sources: System V gABI, chapters 4 and 5; Linux
``include/uapi/linux/elf.h``; glibc ``elf/elf.h``; MIPS psABI ch. 5 (DT_MIPS_SYMTABNO); the layout of DT_GNU_HASH as in
binutils ``bfd/elflink.c``.

Own code, since the readers there are build an object for each field and take seconds for what is here milliseconds, raise
whatever a wrong byte leads to, and mostly want section headers.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from struct import Struct, unpack_from
from typing import NamedTuple

from trueware.errors import MalformedInput

MAGIC = b"\x7fELF"

_HEADER = {1: Struct("2H5I6H"), 2: Struct("2HI3QI6H")}
_SEGMENT = {1: "8I", 2: "2I6Q"}
_SECTION = {1: "10I", 2: "2I4Q2I2Q"}
_SYMBOL = {1: "3I2BH", 2: "I2BH2Q"}
_DYNAMIC = {1: "2I", 2: "2Q"}

_MACHINES = {
    2: "SPARC",
    3: "x86",
    4: "68000",
    8: "MIPS",
    15: "PA-RISC",
    20: "PowerPC",
    21: "PowerPC64",
    22: "S/390",
    40: "ARM",
    42: "SuperH",
    45: "ARC",
    62: "x86-64",
    93: "ARCompact",
    94: "Xtensa",
    106: "Blackfin",
    164: "Hexagon",
    167: "NDS32",
    183: "AArch64",
    189: "MicroBlaze",
    195: "ARCv2",
    243: "RISC-V",
    247: "BPF",
    252: "C-SKY",
    258: "LoongArch",
}
"""Names of machines by ``e_machine``."""

_KINDS = {1: "object", 2: "program", 3: "library", 4: "core"}

LOAD, DYNAMIC, INTERPRETER, NOTE = 1, 2, 3, 4
STACK, RELRO = 0x6474E551, 0x6474E552
EXECUTABLE, WRITABLE = 1, 2
"""Flags of segments."""

_SYMTAB, _NOBITS, _DYNSYM = 2, 8, 11
_ALLOCATED, _CODE = 2, 4
_RELOCATIONS = {4: ("2Ii", "2Qq"), 9: ("2I", "2Q")}
"""By type of section (RELA, REL): an entry of 32 bits, of 64."""


_NEEDED, _HASH, _STRTAB, _SYMTAB_AT, _STRSZ = 1, 4, 5, 6, 10
_INIT, _FINI, _SONAME, _RPATH, _BIND_NOW = 12, 13, 14, 15, 24
_RELA, _RELA_SIZE, _REL, _REL_SIZE, _JUMPS, _JUMPS_SIZE = 7, 8, 17, 18, 23, 2
_INIT_ARRAY_SIZE, _RUNPATH, _FLAGS = 27, 29, 30
_GNU_HASH, _FLAGS_1, _MIPS_SYMTABNO = 0x6FFFFEF5, 0x6FFFFFFB, 0x70000011

_FRAME = ("_init", "_fini")
"""What is put together of many files, and whose size is often wrong."""

_MIPS16 = 0x04000000
"""EF_MIPS_ARCH_ASE_M16: there is code of two-byte instructions, and usually most is."""

_MAX_NAME = 512
"""Bytes of a name that are read; what is longer is cut off, so that many names in one long text cost no more than they are."""


class Segment(NamedTuple):
    """A program header."""

    kind: int
    flags: int
    offset: int
    address: int
    size: int
    """In the file."""
    memory: int


class Section(NamedTuple):
    """A section header."""

    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int

    @property
    def is_loaded(self) -> bool:
        """Whether it takes part when the program runs, with bytes in the file."""
        return bool(self.flags & _ALLOCATED) and self.kind != _NOBITS

    @property
    def is_code(self) -> bool:
        """Whether it holds instructions."""
        return self.is_loaded and bool(self.flags & _CODE)


class Symbol(NamedTuple):
    """A named address."""

    name: str
    address: int
    size: int
    kind: int
    """0 none, 1 object, 2 function, 10 indirect function."""
    binding: int
    """0 local, 1 global, 2 weak."""
    section: int
    """0 where it is to be found elsewhere."""


@dataclass(frozen=True)
class Elf:
    """What an ELF file says. Made by `read_elf`; views are of the bytes it was given."""

    view: memoryview = field(repr=False)
    wide: int
    """1 for 32 bits, 2 for 64."""
    order: str
    """``<`` or ``>``."""
    kind: str
    """``program``, ``library`` (also a program that may lie anywhere), ``object`` (a kernel module), ``core``."""
    machine: str
    entry: int
    flags: int
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    """Empty where there are none, or they contradict the file: a program runs without."""
    end: int
    """First byte after everything that the headers speak of."""

    @property
    def bits(self) -> int:
        """32 or 64."""
        return 32 * self.wide

    @property
    def instructions(self) -> str:
        """The machine whose instructions most of the code is in: `machine`, ``Thumb`` or ``MIPS16``."""
        if self.machine == "MIPS" and self.flags & _MIPS16:
            return "MIPS16"
        if self.machine == "ARM":
            bits = [thumb for _, _, _, thumb in self.functions()]
            return "Thumb" if (sum(bits) * 2 > len(bits) if bits else self.entry & 1) else "ARM"
        return self.machine

    @property
    def platform(self) -> str:
        """Machine, width and byte order, such as ``MIPS, 32 bits, big-endian``."""
        return f"{self.machine}, {self.bits} bits, {'little' if self.order == '<' else 'big'}-endian"

    @cached_property
    def dynamic(self) -> dict[int, list[int]]:
        """Values of the dynamic segment by tag."""
        values: dict[int, list[int]] = {}
        segment = next((each for each in self.segments if each.kind == DYNAMIC), None)
        if segment is None:
            return values
        entry = Struct(self.order + _DYNAMIC[self.wide])
        at = self.offset_of(segment.address)  # where it is in memory is what a loader goes by
        start, size = (segment.offset, segment.size) if at is None else (at, max(segment.size, segment.memory))
        view = self.view[start : start + size]
        for tag, value in entry.iter_unpack(view[: len(view) // entry.size * entry.size]):
            if not tag:
                break
            values.setdefault(tag, []).append(value)
        return values

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """Libraries that are loaded with it, in order."""
        return self._texts(_NEEDED)

    @cached_property
    def search_path(self) -> str:
        """RPATH and RUNPATH, where libraries are looked for first; empty where there is none."""
        return ":".join(self._texts(_RPATH) + self._texts(_RUNPATH))

    @cached_property
    def name(self) -> str:
        """The name a library gives itself."""
        return "".join(self._texts(_SONAME)[:1])

    @cached_property
    def interpreter(self) -> str:
        """The program that starts it; empty where there is none."""
        segment = next((each for each in self.segments if each.kind == INTERPRETER), None)
        return "" if segment is None else _text(self.view, segment.offset, segment.offset + segment.size)

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """Symbols of the dynamic segment, which are what is asked of libraries and offered; of an object, all there are."""
        if self.kind == "object":
            return self.names
        at, strings, size = (self._first(tag) for tag in (_SYMTAB_AT, _STRTAB, _STRSZ))
        table, names = self.offset_of(at), self.offset_of(strings)
        if table is None or names is None:
            return self._of_section(_DYNSYM)
        return tuple(self._symbols(table, self._count(at, strings), names, min(names + size, len(self.view))))

    @cached_property
    def names(self) -> tuple[Symbol, ...]:
        """Symbols of the table for people, empty once stripped."""
        return self._of_section(_SYMTAB)

    @cached_property
    def imports(self) -> frozenset[str]:
        """Names it expects of libraries, or of the kernel."""
        return frozenset(each.name for each in self.symbols if not each.section and each.name)

    @cached_property
    def exports(self) -> frozenset[str]:
        """Names it offers to others."""
        return frozenset(each.name for each in self.symbols if each.section and each.binding and each.name)

    @cached_property
    def hardening(self) -> frozenset[str]:
        """Protections it was built with: ``pie``, ``relro``, ``bind-now``, ``nx``, ``stack-protector``, ``fortify``."""
        found = set()
        if self.kind == "library" and self.interpreter:
            found.add("pie")
        if any(each.kind == RELRO for each in self.segments):
            found.add("relro")
        if _BIND_NOW in self.dynamic or self._first(_FLAGS) & 8 or self._first(_FLAGS_1) & 1:
            found.add("bind-now")
        if any(each.kind == STACK and not each.flags & EXECUTABLE for each in self.segments):
            found.add("nx")
        if not self.imports.isdisjoint(("__stack_chk_fail", "__stack_chk_guard")):
            found.add("stack-protector")
        if any(each.endswith("_chk") and each.startswith("__") for each in self.imports):
            found.add("fortify")
        return frozenset(found)

    @property
    def starters(self) -> int:
        """How many functions run before its first own one (INIT_ARRAY)."""
        return self._first(_INIT_ARRAY_SIZE) // (4 * self.wide)

    @cached_property
    def code(self) -> tuple[tuple[int, int], ...]:
        """Ranges of the file that hold instructions, in order, not overlapping.

        By sections; without them, the executable segments, from INIT to FINI where these are in one of them, since linkers put
        code there and constants behind; failing that, from the end of the tables for the linker.
        """
        ranges = [(each.offset, each.offset + each.size) for each in self.sections if each.is_code and each.size]
        if not ranges:
            first, last = self.offset_of(self._first(_INIT)), self.offset_of(self._first(_FINI))
            for each in self.segments:
                if each.kind == LOAD and each.flags & EXECUTABLE:
                    start, end = each.offset, each.offset + each.size
                    if first is not None and last is not None and start <= first < last < end:
                        start, end = first, last
                    else:
                        start = -4 * (-max((at for at in self._tables if start < at < end), default=start) // 4)
                    ranges.append((start, end))
        return _merged(ranges, len(self.view))

    @property
    def _tables(self) -> Iterator[int]:
        """Yield where tables for the linker end, which stand before the code; those whose length is said."""
        for tag, size in ((_STRTAB, _STRSZ), (_RELA, _RELA_SIZE), (_REL, _REL_SIZE), (_JUMPS, _JUMPS_SIZE)):
            at = self.offset_of(self._first(tag))
            if at is not None:
                yield at + self._first(size)

    @cached_property
    def data(self) -> tuple[tuple[int, int], ...]:
        """Ranges of the file that hold what it runs with beside instructions: constants, texts, variables; in order."""
        if any(each.is_loaded for each in self.sections):
            loaded = [
                (each.offset, each.offset + each.size) for each in self.sections if each.is_loaded and not each.is_code
            ]
        else:
            loaded = [(each.offset, each.offset + each.size) for each in self.segments if each.kind == LOAD]
        return tuple(_without(_merged(loaded, len(self.view)), self.code))

    def offset_of(self, address: int) -> int | None:
        """Return where in the file the byte at `address` is, None where it is nowhere in it."""
        index = bisect_right(self._loaded, address, key=_address) - 1
        if not address or index < 0:
            return None
        each = self._loaded[index]
        return min(each.offset + address - each.address, len(self.view)) if address < each.address + each.size else None

    def address_of(self, offset: int) -> int | None:
        """Return the address of a byte of the file, None where it is not loaded."""
        index = bisect_right(self._placed, offset, key=_offset) - 1
        each = self._placed[index] if index >= 0 else None
        return each.address + offset - each.offset if each and offset < each.offset + each.size else None

    @cached_property
    def _loaded(self) -> list[Segment]:
        return sorted((each for each in self.segments if each.kind == LOAD), key=_address)

    @cached_property
    def _placed(self) -> list[Segment]:
        return sorted(self._loaded, key=_offset)

    @cached_property
    def tables(self) -> tuple[tuple[int, int], ...]:
        """Ranges of the file that hold the dynamic symbols, their names and their hash table; those whose extent is known."""
        found = []
        if (at := self.offset_of(self._first(_SYMTAB_AT))) is not None:
            count = self._count(self._first(_SYMTAB_AT), self._first(_STRTAB))
            found.append((at, at + count * Struct(self.order + _SYMBOL[self.wide]).size))
        if (at := self.offset_of(self._first(_STRTAB))) is not None:
            found.append((at, at + self._first(_STRSZ)))
        if (at := self.offset_of(self._first(_HASH))) is not None and at + 8 <= len(self.view):
            buckets, chains = unpack_from(f"{self.order}2I", self.view, at)
            found.append((at, at + 8 + 4 * (buckets + chains)))
        return tuple(_without(_merged(found, len(self.view)), self.code))

    def functions(self) -> Iterator[tuple[str, int, int, bool]]:
        """Yield name, place in the file, size, and whether it is Thumb code, of each function that has a name and a size.

        Those that begin where another one does are left out, and all from where they would be more bytes than the file has.
        """
        left, seen = len(self.view), set[int]()
        for each in self.names or self.symbols:
            if each.kind in (2, 10) and each.size and each.section and each.name not in _FRAME:
                address = each.address & ~1 if self.machine == "ARM" else each.address
                if self.kind == "object":
                    inside = each.section < len(self.sections) and self.sections[each.section]
                    at = inside.offset + address if inside and address + each.size <= inside.size else None
                else:
                    at = self.offset_of(address)
                if at is not None and at + each.size <= len(self.view) and at not in seen:
                    seen.add(at)
                    left -= each.size
                    if left < 0:
                        return
                    yield each.name, at, each.size, self.machine == "ARM" and bool(each.address & 1)

    def relocations(self) -> Iterator[str]:
        """Yield, for an object, what a loader fills in and by what: section, place, kind, name or section it leads to, addend.

        Told so that neither the order nor the numbers of symbols matter. MIPS of 64 bits packs three kinds into one; they are told
        as one number.
        """
        names = dict(self._numbered()) if self.kind == "object" else {}
        left = len(self.view) // 4
        for each in self.sections if names else ():
            target = self.sections[each.info] if each.info < len(self.sections) else each
            if each.kind not in _RELOCATIONS or not target.is_loaded:
                continue
            entry = Struct(self.order + _RELOCATIONS[each.kind][self.wide - 1])
            view = self.view[each.offset : each.offset + each.size]
            for place, info, *addend in entry.iter_unpack(view[: len(view) // entry.size * entry.size]):
                left -= 1
                if left < 0:
                    return  # sections over and over the same bytes
                number, kind = (info >> 8, info & 0xFF) if self.wide == 1 else (info >> 32, info & 0xFFFFFFFF)
                yield f"{target.name} {place:x} {kind:x} {names.get(number, number)} {addend}"

    def _numbered(self) -> Iterator[tuple[int, str]]:
        """Yield number and what to call it of each symbol of an object: its name, or section and place where it has none."""
        table = next((each for each in self.sections if each.kind == _SYMTAB), None)
        if table is None or table.link >= len(self.sections):
            return
        strings = self.sections[table.link]
        text = bytes(self.view[strings.offset : strings.offset + strings.size])
        entry = Struct(self.order + _SYMBOL[self.wide])
        view = self.view[table.offset : table.offset + table.size]
        for index, fields in enumerate(entry.iter_unpack(view[: len(view) // entry.size * entry.size])):
            name, value, section = (
                (fields[0], fields[1], fields[5]) if self.wide == 1 else (fields[0], fields[4], fields[3])
            )
            inside = self.sections[section].name if 0 < section < len(self.sections) else str(section)
            stop = text.find(b"\0", name, name + _MAX_NAME) if name else -1
            word = text[name : stop if stop >= 0 else name + _MAX_NAME].decode("latin-1") if name else ""
            yield index, f"{inside}+{value:x}" if section else word

    def section(self, name: str) -> memoryview:
        """Return the bytes of the first section of this name, none where there is none."""
        for each in self.sections:
            if each.name == name and each.kind != _NOBITS:
                return self.view[each.offset : each.offset + each.size]
        return self.view[:0]

    def _first(self, tag: int) -> int:
        return self.dynamic.get(tag, [0])[0]

    def _texts(self, tag: int) -> tuple[str, ...]:
        at = self.offset_of(self._first(_STRTAB))
        if at is None:
            return ()
        return tuple(
            text for value in self.dynamic.get(tag, ()) if (text := _text(self.view, at + value, len(self.view)))
        )

    def _count(self, table: int, strings: int) -> int:
        """Return how many dynamic symbols there are: nothing says so outright."""
        if count := self._first(_MIPS_SYMTABNO):
            return count
        at = self.offset_of(self._first(_HASH))
        if at is not None and at + 8 <= len(self.view) and self.machine != "S/390":
            return int(unpack_from(f"{self.order}2I", self.view, at)[1])
        if (at := self.offset_of(self._first(_GNU_HASH))) is not None and (count := self._gnu_count(at)):
            return count
        return (strings - table) // Struct(self.order + _SYMBOL[self.wide]).size if strings > table else 0

    def _gnu_count(self, at: int) -> int:
        if at + 16 > len(self.view):
            return 0
        buckets, first, words, _ = unpack_from(f"{self.order}4I", self.view, at)
        start = at + 16 + words * 4 * self.wide
        chains = start + buckets * 4
        if chains > len(self.view):
            return 0
        last = max(unpack_from(f"{self.order}{buckets}I", self.view, start), default=0)
        if last < first:
            return int(first)
        while chains + (last - first) * 4 + 4 <= len(self.view):
            if unpack_from(f"{self.order}I", self.view, chains + (last - first) * 4)[0] & 1:
                return int(last) + 1
            last += 1
        return 0

    def _of_section(self, kind: int) -> tuple[Symbol, ...]:
        table = next((each for each in self.sections if each.kind == kind), None)
        if table is None or table.link >= len(self.sections):
            return ()
        strings = self.sections[table.link]
        count = table.size // Struct(self.order + _SYMBOL[self.wide]).size
        return tuple(self._symbols(table.offset, count, strings.offset, strings.offset + strings.size))

    def _symbols(self, at: int, count: int, strings: int, end: int) -> Iterator[Symbol]:
        entry = Struct(self.order + _SYMBOL[self.wide])
        view = self.view[at : at + count * entry.size]
        text = bytes(self.view[strings:end])
        for fields in entry.iter_unpack(view[: len(view) // entry.size * entry.size]):
            if self.wide == 1:
                name, value, size, info, _, section = fields
            else:
                name, info, _, section, value, size = fields
            if name:
                stop = text.find(b"\0", name, name + _MAX_NAME)
                word = text[name : stop if stop >= 0 else name + _MAX_NAME].decode("utf-8", "surrogateescape")
                yield Symbol(word, value, size, info & 15, info >> 4, section)


def read_elf(data: bytes | memoryview) -> Elf:
    """Read the headers of an ELF file.

    Raises:
        MalformedInput: it is none, or its headers are not within it.
    """
    view = memoryview(data)
    if len(view) < 20 or view[:4] != MAGIC:
        raise MalformedInput("elf", 0, "no ELF file")
    wide, little = view[4], view[5]
    if wide not in _HEADER or little not in (1, 2):
        raise MalformedInput("elf", 4, f"class {wide}, byte order {little}; 1 or 2 each are known")
    order = "<" if little == 1 else ">"
    header = Struct(order + _HEADER[wide].format)
    if len(view) < 16 + header.size:
        raise MalformedInput("elf", len(view), "the file ends within its header")
    kind, machine, _, entry, at, sections_at, flags, _, size, count, section_size, sections, names = header.unpack_from(
        view, 16
    )
    form = Struct(order + _SEGMENT[wide])
    if count and (size != form.size or at + count * size > len(view)):
        raise MalformedInput("elf", at, f"{count} program headers of {size} bytes in a file of {len(view)}")
    segments = tuple(_segments(form, view[at : at + count * size], wide)) if count else ()
    found, end = _sections(view, order, wide, (sections_at, section_size, sections, names))
    used = [each.offset + each.size for each in segments if each.kind == LOAD]
    used += [16 + header.size, at + count * size, end, *(s.offset + s.size for s in found if s.kind != _NOBITS)]
    return Elf(
        view,
        wide,
        order,
        _KINDS.get(kind, f"type {kind}"),
        _MACHINES.get(machine, f"machine {machine}"),
        entry,
        flags,
        segments,
        found,
        min(max(used), len(view)),
    )


def _segments(form: Struct, view: memoryview, wide: int) -> Iterator[Segment]:
    for fields in form.iter_unpack(view):
        if wide == 1:
            kind, offset, address, _, size, memory, flags, _ = fields
        else:
            kind, flags, offset, address, _, size, memory, _ = fields
        yield Segment(kind, flags, offset, address, size, memory)


def _sections(
    view: memoryview, order: str, wide: int, header: tuple[int, int, int, int]
) -> tuple[tuple[Section, ...], int]:
    """Return the sections and the end of their table; none where they contradict the file."""
    at, size, count, names = header
    form = Struct(order + _SECTION[wide])
    if not at or size != form.size or at + size > len(view):
        return (), 0
    if not count:  # more than fit in 16 bits: the first header says it
        count = form.unpack_from(view, at)[5]
    if not count or at + count * size > len(view):
        return (), 0
    raw = list(form.iter_unpack(view[at : at + count * size]))
    if any(each[1] != _NOBITS and each[1] and each[4] + each[5] > len(view) for each in raw):
        return (), 0
    strings = raw[names] if names < count else raw[0]
    start, end = (strings[4], strings[4] + strings[5]) if strings[1] == 3 else (0, 0)
    found = tuple(
        Section(_text(view, start + each[0], end), each[1], each[2], each[3], each[4], each[5], each[6], each[7])
        for each in raw
    )
    return found, at + count * size


def _text(view: memoryview, at: int, end: int) -> str:
    """Return the text at a place, up to the zero byte that ends it."""
    if at >= end:
        return ""
    return bytes(view[at : min(at + _MAX_NAME, end)]).partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _address(segment: Segment) -> int:
    return segment.address


def _offset(segment: Segment) -> int:
    return segment.offset


def _without(ranges: tuple[tuple[int, int], ...], holes: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    """Yield what is left of ranges, both in order."""
    index = 0
    for start, end in ranges:
        while index < len(holes) and holes[index][1] <= start:
            index += 1
        at = start
        for first, last in islice(holes, index, None):
            if first >= end:
                break
            if at < first:
                yield at, first
            at = max(at, last)
        if at < end:
            yield at, end


def _merged(ranges: list[tuple[int, int]], size: int) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for start, last in sorted(ranges):
        end = min(last, size)
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return tuple(found)
