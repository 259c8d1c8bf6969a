"""How a changed program is loaded: libraries, where they are looked for, what runs first, what hangs behind it, its protections."""

import re
from collections import Counter
from collections.abc import Iterator

from trueware.explaining.contract import Altered
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.portraits.elf_difference import How
from trueware.explaining.programs.pair import Pair
from trueware.explaining.reading.elf import EXECUTABLE, LOAD, WRITABLE
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

LIBRARY = Rule(
    "program-library-added",
    "A program loads a library that the genuine one does not",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Code of the library runs whenever the program does, with all its rights. Look at the library next.",
    effect="program-altered",
)
SEARCH_PATH = Rule(
    "program-search-path-changed",
    "A program looks for its libraries elsewhere",
    Severity.MEDIUM,
    help="Whoever can write to the new place decides what code the program runs.",
    effect="program-altered",
)
SEARCH_WRITABLE = Rule(
    "program-search-path-writable",
    "A program looks for its libraries where others can put some",
    Severity.HIGH,
    help="Whoever can write there runs code with all rights of the program. No maker's build does that on purpose.",
    effect="privilege-opened",
)
INTERPRETER = Rule(
    "program-interpreter-changed",
    "A program is started by another loader",
    Severity.HIGH,
    help="The loader runs before the program and may do anything in its name.",
    effect="program-altered",
)
ENTRY = Rule(
    "program-entry-redirected",
    "A program that is otherwise as it was begins to run at another place",
    Severity.HIGH,
    help="That is how code is put in front of a program: it does its own thing first and then jumps to where the program begins.",
    effect="program-altered",
)
SEGMENT = Rule(
    "program-segment-added",
    "More of a program's file is loaded to be run than of the genuine one",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Code that is put into a finished program comes in a segment of its own. Building it anew rarely adds one.",
    effect="program-altered",
)
APPENDED = Rule(
    "program-bytes-appended",
    "Bytes hang behind a program that belong to none of its parts",
    Severity.MEDIUM,
    help="They are not loaded by themselves; a program can read them from its own file, as droppers and packers do.",
    effect="program-altered",
)
HARDENING = Rule(
    "program-hardening-lost",
    "A program lacks a protection that the genuine one has",
    Severity.MEDIUM,
    help="Faults of the program are easier to exploit. A build with other options shows the same.",
    effect="hardening-lost",
)

RULES = (LIBRARY, SEARCH_PATH, SEARCH_WRITABLE, INTERPRETER, ENTRY, SEGMENT, APPENDED, HARDENING)

_PROTECTIONS = {
    "pie": "lies at random addresses (PIE)",
    "relro": "read-only relocations (RELRO)",
    "bind-now": "all calls bound at start (BIND_NOW)",
    "nx": "no executable stack",
    "stack-protector": "stack protector",
    "fortify": "checked string functions (FORTIFY_SOURCE)",
}
_USUAL = regex(
    r"(?:lib(?:c|m|dl|rt|pthread|gcc_s|crypt|stdc\+\+|resolv|util|log|atomic|ssp|uClibc.*)|ld-.*|libc\+\+(?:_shared)?)\.so.*"
)
"""Libraries of the language and its compiler, which another compiler or standard library adds."""

_VERSION = regex(r"-\d.*$|(?<=\D)\d+(?:\.\d+)*$", re.DOTALL)

_WRITABLE = regex(
    r"(?:^|:)(?:/tmp|/var|/mnt|/data|/media|/home|/run|/dev/shm|/sdcard|/storage|/overlay|\.{0,2}/?(?=:|$)|(?!/|\$))"
)
"""Places in a search path to which others may write, or that depend on where the program is started."""

_LEAST = 16
"""Bytes behind a program that are worth a word; tools round sizes up."""


def compare_linking(altered: Altered, pair: Pair) -> Iterator[Finding]:
    """Yield what is other in how it is loaded. Of another program, nothing: it is what it is."""
    how = pair.difference.how
    if how is How.SAME:
        yield from _appended(altered, pair)
        return
    if how is How.REPLACED:
        return
    old, new = pair.old, pair.new
    added = [each for each in new.needed if each not in old.needed and not _USUAL.fullmatch(each)]
    if added:
        evidence = Evidence("needed libraries", listing(old.needed, 8) or None, listing(new.needed, 8))
        left = {_stem(each) for each in old.needed if each not in new.needed}
        known = all(_stem(each) in left for each in added)
        is_kept = how in (How.PATCHED, How.RELINKED) and not pair.is_built_anew
        severity = Severity.LOW if known else None if is_kept else Severity.MEDIUM
        yield altered.finding(
            LIBRARY,
            f"loads {listing(added)}" + (", in the place of another version of it" if known else ""),
            evidence,
            touches=(f"file:{each}" for each in added[:8]),
            severity=severity,
        )
    if new.search_path and new.search_path != old.search_path:
        evidence = Evidence("search path", excerpt(old.search_path) or None, excerpt(new.search_path))
        rule = SEARCH_WRITABLE if _WRITABLE.search(new.search_path) else SEARCH_PATH
        yield altered.finding(rule, f"libraries are first looked for in {excerpt(new.search_path)}", evidence)
    if new.interpreter and old.interpreter and new.interpreter != old.interpreter:
        evidence = Evidence("interpreter", excerpt(old.interpreter), excerpt(new.interpreter))
        severity = None if how in (How.PATCHED, How.RELINKED) else Severity.MEDIUM
        yield altered.finding(INTERPRETER, f"started by {excerpt(new.interpreter)}", evidence, severity=severity)
    if new.entry != old.entry and pair.difference.share > 0.9 and _stays(pair):
        evidence = Evidence("entry point", f"{old.entry:#x}", f"{new.entry:#x}")
        yield altered.finding(ENTRY, f"begins at {new.entry:#x} instead of {old.entry:#x}", evidence)
    yield from _segments(altered, pair)
    yield from _appended(altered, pair)
    lost = [word for trait, word in _PROTECTIONS.items() if trait in old.traits and trait not in new.traits]
    if lost and old.kind != "object":
        evidence = Evidence("protections", listing(_told(old.traits), 6), listing(_told(new.traits), 6) or "none")
        yield altered.finding(HARDENING, f"without: {listing(lost, 6)}", evidence)


def _stem(library: str) -> str:
    """Return what versions of one library have in common: ``libisc`` of ``libisc-9.18.49-1.so``, ``libssl`` of ``libssl.so.3``."""
    return _VERSION.sub("", library.partition(".so")[0])


def _told(traits: frozenset[str]) -> list[str]:
    return [trait for trait in _PROTECTIONS if trait in traits]


def _stays(pair: Pair) -> bool:
    """Whether the code lies where it did: then nothing but a hand moves the entry."""
    same = sum(old == new for old, new in zip(pair.old.block_list, pair.new.block_list, strict=False))
    return 2 * same > len(pair.old.block_list)


def _segments(altered: Altered, pair: Pair) -> Iterator[Finding]:
    old, new = (Counter(each for each in side.segments if each[0] == LOAD) for side in (pair.old, pair.new))
    more = [each for each in (new - old).elements() if each[1] & EXECUTABLE]
    count = sum(count for (_, flags), count in old.items() if flags & EXECUTABLE)
    if more and sum(count for (_, flags), count in new.items() if flags & EXECUTABLE) > count:
        evidence = Evidence("loaded segments", _flags(pair.old.segments), _flags(pair.new.segments))
        yield altered.finding(SEGMENT, "a segment that is run was added", evidence)
    elif any(flags & WRITABLE and flags & EXECUTABLE for _, flags in more):
        evidence = Evidence("loaded segments", _flags(pair.old.segments), _flags(pair.new.segments))
        yield altered.finding(SEGMENT, "a segment can be written to and run", evidence)


def _flags(segments: tuple[tuple[int, int], ...]) -> str:
    loaded = [flags for kind, flags in segments if kind == LOAD]
    return excerpt(
        ", ".join("".join("rwx"[2 - bit] if flags >> bit & 1 else "-" for bit in (2, 1, 0)) for flags in loaded)
    )


def _appended(altered: Altered, pair: Pair) -> Iterator[Finding]:
    old, new = pair.old.size - pair.old.end, pair.new.size - pair.new.end
    if new >= max(old, 0) + _LEAST and "signed" not in pair.new.traits and any(pair.elf.view[pair.new.end :]):
        evidence = Evidence(pair.place(pair.new.end), f"{old} bytes" if old else None, f"{new} bytes")
        yield altered.finding(APPENDED, f"{new} bytes behind its end", evidence, offset=pair.new.end)
