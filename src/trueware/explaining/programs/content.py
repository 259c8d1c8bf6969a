"""Which code and data of a program changed, and how: one finding for each program."""

from collections.abc import Iterator

from trueware.explaining.contract import Altered
from trueware.explaining.naming import counted, listing
from trueware.explaining.portraits.elf import name_digest
from trueware.explaining.portraits.elf_difference import How
from trueware.explaining.programs.pair import Pair
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

SAME = Rule(
    "program-restamped",
    "A program differs only in what does not run: time stamps, build id, names for debuggers",
    Severity.INFO,
    Confidence.MEDIUM,
    help="It was built again from the same source, or stripped. By itself that is harmless; somebody did it all the same.",
    effect="rebuilt-by-another",
)
PATCHED = Rule(
    "program-patched",
    "Instructions of a program were changed in place",
    Severity.HIGH,
    help="Nobody builds a program so: its file was edited to make it do something else. A disassembler shows what the places do.",
    effect="program-altered",
)
DATA = Rule(
    "program-data-changed",
    "Data of a program was changed, its instructions were not",
    Severity.MEDIUM,
    help="Texts, settings or tables within the program are other ones. What the program does with them decides what that means.",
    effect="program-altered",
)
PARTLY = Rule(
    "program-code-changed",
    "Some functions of a program are other ones",
    Severity.MEDIUM,
    help="It was built from changed source, or code was added to it. The named functions are what to look at.",
    effect="program-altered",
)
REBUILT = Rule(
    "program-rebuilt",
    "A program was built anew, and its code cannot be compared with the genuine one",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="Another compiler or version makes other code of the same source. What it does now rests on whoever built it.",
    effect="program-altered",
)
REPLACED = Rule(
    "program-replaced",
    "Another program stands in the place of the genuine one",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="It shares neither code nor most of what it asks of libraries with the genuine one. Whatever starts that starts this one.",
    effect="program-altered",
)

RULES = (SAME, PATCHED, DATA, PARTLY, REBUILT, REPLACED)

_SHOWN = 6
"""Places of one program that are told one by one."""

_READ = 128
"""Blocks that are compared byte by byte."""

_NEAR = 8
"""Bytes that two places may be apart to be told as one."""

_AROUND = 60
"""Bytes of text before and behind a place that are shown."""

_LONGEST_RUN = 48
"""Bytes of a place that are shown."""


def compare_content(altered: Altered, pair: Pair) -> Iterator[Finding]:
    """Yield what kind of change it is, and where."""
    found = pair.difference
    match found.how:
        case How.SAME:
            yield altered.finding(SAME, f"code and data are equal, {_sizes(pair)}")
        case How.PATCHED if not found.ranges and found.is_loaded_otherwise:
            return  # told by what it loads
        case How.PATCHED if found.is_in_code:
            # a linker that changes a few instructions stamps the program with another build id; who edits the file seldom does
            yield _in_place(altered, pair, PARTLY if pair.is_built_anew else PATCHED)
        case How.PATCHED:
            yield _in_place(altered, pair, DATA)
        case How.RELINKED:
            detail = (
                f"all {len(found.after.piece_list)} pieces of code are equal; data and linking differ, {_sizes(pair)}"
            )
            yield altered.finding(DATA, detail)
        case How.PARTLY:
            yield _in_part(altered, pair)
        case How.REBUILT:
            yield altered.finding(REBUILT, f"{found.share:.0%} of the code is equal, {_sizes(pair)}")
        case How.REPLACED:
            evidence = Evidence(
                "", _kind(pair.old.platform, pair.old.imports), _kind(pair.new.platform, pair.new.imports)
            )
            yield altered.finding(REPLACED, f"{found.share:.0%} of the code is equal, {_sizes(pair)}", evidence)


def describe_replaced(altered: Altered, expected: str, found: str) -> Finding:
    """Return that a file is a program on one side only, given what it is on each."""
    return altered.finding(REPLACED, f"{found} stands where {expected} was", Evidence("", expected, found))


def _sizes(pair: Pair) -> str:
    old, new = pair.old.size, pair.new.size
    return f"{new} bytes as before" if old == new else f"{new} bytes instead of {old}"


def _kind(platform: str, imports: frozenset[str]) -> str:
    return excerpt(f"{platform}; asks for {listing(sorted(imports)) or 'nothing'}")


def _in_place(altered: Altered, pair: Pair, rule: Rule) -> Finding:
    """Return the finding for a file that was edited: byte by byte where the genuine bytes are at hand, by blocks otherwise."""
    if not pair.difference.ranges:
        return _renamed(altered, pair)
    if pair.genuine is None:
        ranges = pair.difference.ranges
        evidence = [
            Evidence(_where(pair, start), None, f"{end - start} bytes with changes in them") for start, end in ranges
        ]
        size = sum(end - start for start, end in ranges)
        detail = f"changes within {counted(size, 'byte')} at {counted(len(ranges), 'place')}; the genuine bytes are not at hand"
        return altered.finding(rule, detail, *evidence[:_SHOWN], offset=ranges[0][0] if ranges else None)
    places = list(_differences(pair, pair.genuine.view))
    changed = sum(_count(pair, start, end) for start, end in places)
    evidence = [_shown(pair, pair.genuine.view, start, end) for start, end in places[:_SHOWN]]
    texts = bool(places) and rule is DATA and all(_is_text(pair, start, end) for start, end in places)
    more = "at least " if len(pair.difference.blocks) > _READ else ""
    detail = f"{more}{counted(changed, 'byte')} at {counted(len(places), 'place')}" + (
        ", all of them within texts" if texts else ""
    )
    severity = Severity.LOW if texts else None
    return altered.finding(rule, detail, *evidence, offset=places[0][0] if places else None, severity=severity)


def _renamed(altered: Altered, pair: Pair) -> Finding:
    """Return the finding for a file in which nothing differs but where the names it offers lead."""
    sides = [
        {} if elf is None else {each.name: each.address for each in elf.symbols} for elf in (pair.genuine, pair.elf)
    ]
    evidence = [
        Evidence(f"address of {excerpt(name, 120)}", f"{sides[0][name]:#x}", f"{address:#x}")
        for name, address in sides[1].items()
        if sides[0].get(name, address) != address
    ]
    return altered.finding(
        DATA, "names that it asks for or offers lead elsewhere", *evidence[:_SHOWN], severity=Severity.HIGH
    )


def _differences(pair: Pair, genuine: memoryview) -> Iterator[tuple[int, int]]:
    """Yield start and end of the runs of bytes that differ, in blocks whose digests do."""
    block, found = pair.new.block, None
    for index in pair.difference.blocks[:_READ]:
        base = index * block
        old, new = bytes(genuine[base : base + block]), bytes(pair.elf.view[base : base + block])
        if not pair.new.is_loaded(base, base + block):
            continue
        for at, (one, other) in enumerate(zip(old, new, strict=False), base):
            if one == other:
                continue
            if found is not None and at - found[1] < _NEAR:
                found = found[0], at + 1
            else:
                if found is not None:
                    yield found
                found = at, at + 1
    if found is not None:
        yield found


def _count(pair: Pair, start: int, end: int) -> int:
    assert pair.genuine is not None  # noqa: S101 (by the caller)
    return sum(one != other for one, other in zip(pair.genuine.view[start:end], pair.elf.view[start:end], strict=True))


def _shown(pair: Pair, genuine: memoryview, start: int, end: int) -> Evidence:
    if _is_text(pair, start, end):
        return Evidence(_where(pair, start), _text(genuine, start, end), _text(pair.elf.view, start, end))
    end = min(end, start + _LONGEST_RUN)
    return Evidence(_where(pair, start), genuine[start:end].hex(" "), pair.elf.view[start:end].hex(" "))


def _where(pair: Pair, offset: int) -> str:
    name = pair.function_at(offset)
    return excerpt(f"function {name}, {pair.place(offset)}" if name else pair.place(offset))


def _is_text(pair: Pair, start: int, end: int) -> bool:
    """Whether a place lies within texts on both sides, outside of code; the zero byte that ends one may move."""
    assert pair.genuine is not None  # noqa: S101 (by the caller)
    if pair.new.is_code(start, end):
        return False
    runs = [bytes(view[max(0, start - 3) : end + 3]) for view in (pair.genuine.view, pair.elf.view)]
    return all(sum(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in run.strip(b"\0")) >= 4 for run in runs) and all(
        byte in b"\0\t\r\n" or 0x20 <= byte < 0x7F for run in runs for byte in run[3 : len(run) - 3]
    )


def _text(view: memoryview, start: int, end: int) -> str:
    """Return the text around a place."""
    first = bytes(view[max(0, start - _AROUND) : start]).rpartition(b"\0")[2]
    last = bytes(view[end : end + _AROUND]).partition(b"\0")[0]
    return excerpt((first + bytes(view[start:end]) + last).rstrip(b"\0").decode("latin-1"))


def _in_part(altered: Altered, pair: Pair) -> Finding:
    if pair.difference.has_names:
        old = pair.old.functions
        new = {name: (at, code) for name, at, code in pair.code.functions}
        keys = {name: name_digest(name) for name in new}
        changed = [name for name, (_, code) in new.items() if old.get(keys[name], code) != code]
        added = [name for name in new if keys[name] not in old]
        removed = [name for name in pair.genuine_names if name not in new]
        gone = len(old) - (len(new) - len(added))
        if changed or added or gone:
            evidence = [
                Evidence(
                    f"function {excerpt(name, 120)}, {pair.place(new[name][0])}",
                    _code(old[keys[name]]),
                    _code(new[name][1]),
                )
                for name in changed[:_SHOWN]
            ]
            evidence += [
                Evidence(f"function {excerpt(name, 120)}", None, _code(new[name][1])) for name in added[:_SHOWN]
            ]
            told = (("changed", len(changed), changed), ("added", len(added), added), ("removed", gone, removed))
            words = [
                f"{counted(count, 'function')} {word}" + (f" ({listing(names)})" if names else "")
                for word, count, names in told
                if count
            ]
            return altered.finding(
                PARTLY, f"{', '.join(words)}; {pair.difference.share:.0%} of all code is equal", *evidence
            )
    pieces = pair.code.pieces
    places = [pieces[index] for index in pair.difference.new_pieces]
    evidence = [
        Evidence(_where(pair, start), None, f"{end - start} bytes of other code") for start, end, _ in places[:_SHOWN]
    ]
    detail = f"{len(places)} of {len(pieces)} pieces of code are other ones, {_sizes(pair)}"
    return altered.finding(PARTLY, detail, *evidence, offset=places[0][0] if places else None)


def _code(digest: bytes) -> str:
    return f"code with digest {digest.hex()}"
