"""The portrait of an ELF file: what it asks for and offers, how it is hardened, digests of its pieces, addresses it speaks to.

=====  =========================================================================================
item   holds
=====  =========================================================================================
0, 1   ``"elf"``, version of this layout
2      platform, kind, size, end, entry, flags set: how it is linked (`_traits`)
3      libraries, search path, interpreter, own name
4      names it asks for, one on a line
5      digests of the names it offers
6      program headers: type and flags of each
7      digest of everything that is loaded (`image`), of the code alone, of the data alone, of the names with their addresses
8      ranges of code, of what else is loaded: start, end, start, …
9      size of a block, digests of the blocks of the file
10     digests of the pieces of code (`instructions.cut`), addresses settled
11     functions that have names: digests of name and of code in turn
12     addresses (URLs, hosts, IP addresses) in it, one on a line
13     digests of the other telling texts (`texts.tell`): kind and digest in turn
14     names and versions that its texts state, in turn; may be missing
=====  =========================================================================================

Digests are the first four bytes of BLAKE2b (BLAKE2b-32, RFC 7693): chance equality of two pieces among some thousand is one in a
million, and whether a file differs at all is known from its SHA-256. Before anything is digested, what differs between two builds
of one source is blanked: the build id, dates and times of day in texts, where the section headers are, and the tables of dynamic
symbols, whose order is the linker's whim and whose content is told otherwise.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

import cbor2

from trueware.errors import MalformedInput
from trueware.explaining.reading.elf import LOAD, NOTE, Elf, read_elf
from trueware.explaining.reading.stamps import find_build_ids, find_dates
from trueware.explaining.reading.texts import ENDPOINT, tell, tell_versions

KIND, VERSION = "elf", 1

_DIGEST = 4
_BLOCK, _MOST_BLOCKS = 1024, 8192
_MOST_RANGES = 64
_MOST_TEXTS = 512
"""Addresses that are kept; programs have tens."""

_LONGEST = 1 << 28
"""Bytes of a program that is portrayed; larger ones are not made for devices."""

_MOST_NOTES, _NOTE = 8, 1 << 16
"""Notes that are looked at, and bytes of each."""

_PRELINKED = 0x6FFFFDF5
_SIGNATURE = b"~Module signature appended~\n"


@dataclass(frozen=True)
class Portrait:
    """An ELF file as far as it is compared. `of_elf` makes it of a file, `of_bytes` of what was kept."""

    platform: str
    kind: str
    size: int
    end: int
    """First byte after what the headers speak of."""
    entry: int
    traits: frozenset[str]
    """Protections (`Elf.hardening`), and ``static``, ``stripped``, ``prelinked``, ``signed``, ``sections``, ``starters=N``."""
    needed: tuple[str, ...]
    search_path: str
    interpreter: str
    name: str
    imports: frozenset[str]
    exports: frozenset[bytes]
    segments: tuple[tuple[int, int], ...]
    image: bytes
    code_image: bytes
    data_image: bytes
    names_image: bytes
    """Of the names it asks for and offers, in whatever order: what they lie at, how long they are. Of an object, relocations."""
    code: tuple[tuple[int, int], ...]
    data: tuple[tuple[int, int], ...]
    block: int
    blocks: bytes = field(repr=False)
    digests: Callable[[], tuple[bytes, dict[bytes, bytes]]] = field(repr=False, compare=False)
    """Returns `pieces` and `functions`: of a file, worked out when they are asked for, since that is half of the work and where
    bytes were changed in place nobody asks."""
    endpoints: tuple[str, ...]
    texts: frozenset[bytes] = field(repr=False)
    """Kind, one byte, and digest of each telling text."""
    versions: tuple[tuple[str, str], ...]
    """Names, and the version that texts state of each."""

    @property
    def pieces(self) -> bytes:
        """Digests of the pieces of code, one behind the other."""
        return self._digests[0]

    @property
    def functions(self) -> dict[bytes, bytes]:
        """Digests of the code of functions that have names, by digest of the name."""
        return self._digests[1]

    @cached_property
    def _digests(self) -> tuple[bytes, dict[bytes, bytes]]:
        return self.digests()

    @cached_property
    def piece_list(self) -> list[bytes]:
        """Digests of the pieces of code, in order."""
        return _split(self.pieces)

    @cached_property
    def block_list(self) -> list[bytes]:
        """Digests of the blocks, in order."""
        return _split(self.blocks)

    def is_code(self, start: int, end: int) -> bool:
        """Whether a range of the file holds instructions."""
        return any(first < end and start < last for first, last in self.code)

    def is_loaded(self, start: int, end: int) -> bool:
        """Whether a range of the file is in memory when the program runs."""
        return self.is_code(start, end) or any(first < end and start < last for first, last in self.data)

    def encode(self) -> bytes:
        """Return the portrait as it is kept."""
        functions = b"".join(name + code for name, code in sorted(self.functions.items()))
        return cbor2.dumps(
            [
                KIND,
                VERSION,
                [self.platform, self.kind, self.size, self.end, self.entry, sorted(self.traits)],
                [list(self.needed), self.search_path, self.interpreter, self.name],
                "\n".join(sorted(self.imports)),
                b"".join(sorted(self.exports)),
                [number for segment in self.segments for number in segment],
                [self.image, self.code_image, self.data_image, self.names_image],
                [[at for each in ranges for at in each] for ranges in (self.code, self.data)],
                [self.block, self.blocks],
                self.pieces,
                functions,
                "\n".join(self.endpoints),
                b"".join(sorted(self.texts)),
                [word for each in self.versions for word in each],
            ],
            canonical=True,
        )


def portray_elf(data: bytes | memoryview) -> bytes:
    """Return the portrait of an ELF file as it is kept.

    Raises:
        MalformedInput: it is none.
    """
    return of_elf(read_elf(data)).encode()


def of_elf(elf: Elf) -> Portrait:
    """Return the portrait of an ELF file.

    Raises:
        MalformedInput: it is too large.
    """
    return of_sitter(Sitter(elf))


@dataclass(frozen=True)
class Sitter:
    """An ELF file of which a portrait is made; each of these is worked out once, when it is asked for."""

    elf: Elf

    @cached_property
    def clean(self) -> bytes:
        """See `settled`."""
        return settled(self.elf)

    @cached_property
    def code(self) -> "Code":
        """Its code, settled, in what it is compared by."""
        return read_code(self.elf, self.clean)

    @cached_property
    def told(self) -> tuple[tuple[str, str], ...]:
        """Kind and text of its telling texts."""
        return tuple(tell(self.elf.view, self.elf.data))

    def digests(self) -> tuple[bytes, dict[bytes, bytes]]:
        """Return digests of pieces and functions (`Portrait.digests`)."""
        pieces = b"".join(each for _, _, each in self.code.pieces)
        return pieces, {name_digest(name): each for name, _, each in self.code.functions}


def of_sitter(sitter: Sitter) -> Portrait:
    """Return the portrait of an ELF file; it shares with the sitter what is worked out.

    Raises:
        MalformedInput: it is too large.
    """
    elf = sitter.elf
    if len(elf.view) > _LONGEST:
        raise MalformedInput(KIND, 0, f"{len(elf.view)} bytes; programs up to {_LONGEST} are portrayed")
    clean, told = sitter.clean, sitter.told
    block = _BLOCK
    while len(clean) > block * _MOST_BLOCKS:
        block *= 2
    return Portrait(
        platform=elf.platform,
        kind=elf.kind,
        size=len(clean),
        end=elf.end,
        entry=elf.entry,
        traits=frozenset(_traits(elf)),
        needed=tuple(_printable(each) for each in elf.needed),
        search_path=_printable(elf.search_path),
        interpreter=_printable(elf.interpreter),
        name=_printable(elf.name),
        imports=frozenset(_printable(each) for each in elf.imports),
        exports=frozenset(digest(_raw(each)) for each in (elf.exports if elf.kind != "program" else ())),
        segments=tuple((each.kind, each.flags) for each in elf.segments),
        image=_image(clean, _whole(elf)),
        code_image=_image(clean, elf.code),
        data_image=_image(clean, elf.data),
        names_image=digest("\n".join(sorted(_names(elf))).encode("utf-8", "replace")),
        code=_coarse(elf.code),
        data=_coarse(elf.data),
        block=block,
        blocks=b"".join(digest(clean[at : at + block]) for at in range(0, len(clean), block)),
        digests=sitter.digests,
        endpoints=tuple(sorted({_printable(text) for kind, text in told if kind == ENDPOINT}))[:_MOST_TEXTS],
        texts=frozenset(text_digest(kind, text) for kind, text in told if kind != ENDPOINT),
        versions=tuple(sorted(tell_versions(elf.view, elf.data).items())),
    )


def of_bytes(kept: bytes) -> Portrait:
    """Return the portrait that was kept.

    Raises:
        MalformedInput: it is none of a layout that is known here.
    """
    try:
        item: Any = cbor2.loads(kept)
        return _decoded(item)
    except MalformedInput:
        raise
    except (cbor2.CBORDecodeError, ValueError, TypeError, IndexError, RecursionError) as fault:
        raise MalformedInput("portrait", 0, "not the portrait of an ELF file") from fault


def _decoded(item: Any) -> Portrait:
    if not isinstance(item, list) or item[:1] != [KIND]:
        raise MalformedInput("portrait", 0, "not the portrait of an ELF file")
    if item[1] != VERSION:
        raise MalformedInput("portrait", 0, f"version {item[1]!r} of the layout; {VERSION} is known")
    (
        _,
        _,
        head,
        links,
        imports,
        exports,
        segments,
        images,
        ranges,
        blocks,
        pieces,
        functions,
        endpoints,
        texts,
        *more,
    ) = item
    words = more[0] if more else []
    platform, kind, size, end, entry, traits = head
    needed, search_path, interpreter, name = links
    code, data = ([(int(a), int(b)) for a, b in zip(each[::2], each[1::2], strict=True)] for each in ranges)
    pairs = _split(_octets(functions), 2 * _DIGEST)
    digests = _octets(pieces), {each[:_DIGEST]: each[_DIGEST:] for each in pairs}
    return Portrait(
        platform=str(platform),
        kind=str(kind),
        size=int(size),
        end=int(end),
        entry=int(entry),
        traits=frozenset(str(each) for each in traits),
        needed=tuple(str(each) for each in needed),
        search_path=str(search_path),
        interpreter=str(interpreter),
        name=str(name),
        imports=frozenset(str(imports).split("\n")) - {""},
        exports=frozenset(_split(_octets(exports))),
        segments=tuple((int(a), int(b)) for a, b in zip(segments[::2], segments[1::2], strict=True)),
        image=_octets(images[0]),
        code_image=_octets(images[1]),
        data_image=_octets(images[2]),
        names_image=_octets(images[3]),
        code=tuple(code),
        data=tuple(data),
        block=max(int(blocks[0]), 1),
        blocks=_octets(blocks[1]),
        digests=lambda: digests,
        endpoints=tuple(each for each in str(endpoints).split("\n") if each),
        texts=frozenset(_split(_octets(texts), 1 + _DIGEST)),
        versions=tuple((str(name), str(version)) for name, version in zip(words[::2], words[1::2], strict=True)),
    )


def _octets(value: Any) -> bytes:
    """Return a value that must be bytes already: of a number, `bytes` would make as many zeros."""
    if not isinstance(value, bytes):
        raise TypeError(type(value))
    return value


def settled(elf: Elf) -> bytes:
    """Return the bytes of the file with what differs between two builds of one source blanked."""
    clean = bytearray(elf.view)
    at, wide = (0x20, 4) if elf.wide == 1 else (0x28, 8)
    clean[at : at + wide] = bytes(wide)
    clean[0x2E + (elf.wide == 2) * 12 : 0x34 + (elf.wide == 2) * 12] = bytes(
        6
    )  # size, number, index of section headers
    for start, end in elf.tables:
        clean[start:end] = bytes(len(clean[start:end]))
    stamps = list(_build_ids(elf))
    stamps += [stamp for start, end in elf.data for stamp in find_dates(elf.view, start, end)]
    for start, end in stamps:
        clean[start:end] = bytes(len(clean[start:end]))
    return bytes(clean)


def build_ids(elf: Elf) -> tuple[bytes, ...]:
    """Return the build ids that the file carries; none where it was linked without."""
    return tuple(bytes(elf.view[start:end]) for start, end in _build_ids(elf))


def _build_ids(elf: Elf) -> Iterator[tuple[int, int]]:
    notes = [(each.offset, each.size) for each in elf.segments if each.kind == NOTE]
    notes += [(each.offset, each.size) for each in elf.sections if each.name == ".note.gnu.build-id"]
    for at, size in notes[:_MOST_NOTES]:
        yield from find_build_ids(elf.view, at, at + min(size, _NOTE))


@dataclass(frozen=True, slots=True)
class Code:
    """The code of an ELF file, settled, in what it is compared by."""

    pieces: tuple[tuple[int, int, bytes], ...]
    """Start and end in the file, and digest, of each piece, in order."""

    functions: tuple[tuple[str, int, bytes], ...]
    """Name, place, digest of each function that has a name; equal names are numbered."""


def read_code(elf: Elf, clean: bytes) -> Code:
    """Return what the code is compared by; `clean` is what `settled` returned."""
    from trueware.explaining.reading.instructions import (  # noqa: PLC0415 (start-up time: few portraits need it)
        FILLING,
        THUMB,
        cut,
        is_settled_apart,
        settle,
    )

    mostly = elf.instructions
    found: list[tuple[int, int, bytes]] = []
    comparable = bytearray(clean)
    for start, end in elf.code:
        code = clean[start:end]
        comparable[start:end] = settle(code, mostly, elf.order)
        found += (
            (start + first, start + last, digest(comparable[start + first : start + last].strip(FILLING)))
            for first, last in cut(code, mostly, elf.order)
        )
    counts: dict[str, int] = {}
    functions = []
    for name, at, size, thumb in elf.functions():
        machine = THUMB if thumb else "ARM" if elf.machine == "ARM" else mostly
        count = counts[name] = counts.get(name, 0) + 1
        is_apart = machine == mostly and not at % 4 and not machine.startswith("x86")
        if not is_apart and machine == mostly and any(start <= at and at + size <= end for start, end in elf.code):
            is_apart = is_settled_apart(clean, at, at + size, machine)
        body = memoryview(comparable)[at : at + size] if is_apart else settle(clean[at : at + size], machine, elf.order)
        functions.append((name if count == 1 else f"{name}#{count}", at, digest(body)))
    return Code(tuple(found), tuple(functions))


def digest(data: bytes | bytearray | memoryview) -> bytes:
    """Return the digest by which pieces are compared."""
    return blake2b(data, digest_size=_DIGEST, usedforsecurity=False).digest()


def name_digest(name: str) -> bytes:
    """Return the digest of the name of a function."""
    return digest(_raw(name))


def text_digest(kind: str, text: str) -> bytes:
    """Return kind and digest of a telling text."""
    return kind.encode() + digest(_raw(text))


def _traits(elf: Elf) -> Iterator[str]:
    yield from elf.hardening
    if elf.kind != "object" and not elf.needed and not elf.interpreter:
        yield "static"
    if not elf.names:
        yield "stripped"
    if elf.sections:
        yield "sections"
    if _PRELINKED in elf.dynamic:
        yield "prelinked"
    if bytes(elf.view[-len(_SIGNATURE) :]) == _SIGNATURE:
        yield "signed"
    if elf.starters:
        yield f"starters={elf.starters}"


def _names(elf: Elf) -> Iterator[str]:
    """Yield the names it is linked by, with where they lie; of an object, what is filled in and what its sections are called."""
    if elf.kind == "object":
        yield from elf.relocations()
        yield from (f"{each.name} {each.flags} {each.size}" for each in elf.sections if each.is_loaded)
    else:
        yield from (f"{each.name} {each[1:5]} {bool(each.section)}" for each in elf.symbols)


def _whole(elf: Elf) -> list[tuple[int, int]]:
    """Return the ranges of all that is loaded."""
    return [(each.offset, each.offset + each.size) for each in elf.segments if each.kind == LOAD] or [
        *elf.code,
        *elf.data,
    ]


def _image(clean: bytes, ranges: Iterable[tuple[int, int]]) -> bytes:
    found, left = blake2b(digest_size=8, usedforsecurity=False), 2 * len(clean)
    for start, end in ranges:
        view = memoryview(clean)[start:end]
        left -= len(view)
        if left < 0:
            break  # segments over and over the same bytes
        found.update(view)
    return found.digest()


def _coarse(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Return the ranges, those close to each other joined, so that they are few."""
    found = list(ranges)
    near = 16
    while len(found) > _MOST_RANGES:
        joined = found[:1]
        for start, end in found[1:]:
            if start - joined[-1][1] <= near:
                joined[-1] = joined[-1][0], end
            else:
                joined.append((start, end))
        found, near = joined, near * 2
    return tuple(found)


def _split(run: bytes, size: int = _DIGEST) -> list[bytes]:
    return [run[at : at + size] for at in range(0, len(run) - size + 1, size)]


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _printable(text: str) -> str:
    """Return a text that fits on one line of CBOR text, which has no lone surrogates."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
