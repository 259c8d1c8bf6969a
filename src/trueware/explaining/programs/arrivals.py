"""What a program is that the genuine software does not have, and what left: one finding for each."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case
from trueware.explaining.naming import listing
from trueware.explaining.programs.abilities import CAPTURE, CONNECT, EXECUTE, LISTEN, LOAD_CODE, TRACE
from trueware.explaining.reading.elf import EXECUTABLE, LOAD, MAGIC, Elf, read_elf
from trueware.explaining.reading.endpoints import find_endpoints
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.texts import ENDPOINT, tell
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

ADDED = Rule(
    "program-added",
    "A program was added that the genuine software does not have",
    Severity.MEDIUM,
    help="What it is for is not known; the finding says what it asks of the system.",
    effect="program-altered",
)
SERVER = Rule(
    "program-server-added",
    "A program was added that takes connections from the network",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Whether and how it is started shows in what else changed. A service that the maker does not know of is a way in.",
    effect="remote-access",
)
CAPTURER = Rule(
    "program-capturer-added",
    "A program was added that reads the traffic that passes by",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="It asks for functions that capture packets of others.",
    effect="traffic-intercepted",
)
PACKED = Rule(
    "program-packed",
    "A program was added whose code is packed, so that nobody can see what it does",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Makers of devices rarely pack single programs, since their file systems are compressed; makers of malware do.",
    effect="program-altered",
)
FOREIGN = Rule(
    "program-foreign",
    "A program was added that is made for another kind of machine",
    Severity.MEDIUM,
    help="It cannot run here. Software that spreads by itself carries programs for many machines along.",
    effect="program-altered",
)
MOVED = Rule(
    "program-moved",
    "A program of the genuine software lies at another path",
    Severity.LOW,
    help="Where something else stands at its old path, that runs in its stead, and may call it afterwards.",
    effect="program-altered",
)
REMOVED = Rule(
    "program-removed",
    "A program of the genuine software is missing",
    Severity.LOW,
    help="What it did is no longer done.",
    effect="component-removed",
)

RULES = (ADDED, SERVER, CAPTURER, PACKED, FOREIGN, MOVED, REMOVED)

_DATAGRAMS = frozenset(("bind", "recvfrom", "recvmsg", "recv"))
_TELLING = (
    LISTEN
    | EXECUTE
    | CONNECT
    | CAPTURE
    | TRACE
    | LOAD_CODE
    | _DATAGRAMS
    | {"socket", "crypt", "fork", "daemon", "mount", "setuid", "init_module"}
)
_OWN = (
    "bin/busybox",
    "sbin/init",
    "bin/sh",
    "lib/libc.so.0",
    "lib/libc.so.6",
    "lib/libc.so",
    "bin/login",
    "system/bin/init",
    "init",
)
"""Programs by which a device's own kind of machine is known."""

_FAMILIES = (frozenset(("x86", "x86-64")), frozenset(("ARM", "AArch64")), frozenset(("PowerPC", "PowerPC64")))
_UPX = b"UPX!"
_PACKED_BITS, _SAMPLE = 7.6, 1 << 16
"""Bits of information in a byte from which on bytes are compressed or encrypted; machine code has 5 to 6.5."""


def describe_added(altered: Altered, case: Case, elf: Elf) -> Finding:
    """Return what an added program is."""
    own = _own_machine(altered, case)
    asks = sorted(elf.imports & _TELLING)
    endpoints = [
        each
        for kind, text in dict.fromkeys(tell(elf.view, elf.data))
        if kind == ENDPOINT
        for each in find_endpoints(text)
    ]
    linked = (
        f"linked to {listing(elf.needed, 6)}" if elf.needed else "static" if elf.kind == "program" else "no libraries"
    )
    kind = "program" if elf.interpreter else elf.kind  # one that lies at random addresses is a library by its header
    words = [f"{kind} for {elf.platform}", linked]
    words += [f"asks for {listing(asks, 8)}"] if asks else []
    words += [f"speaks of {listing((each.text for each in endpoints), 3)}"] if endpoints else []
    touches = [f"call:{name}" for name in asks] + [touch for each in endpoints[:8] for touch in each.touches]
    rule, severity = ADDED, None
    if own and elf.machine != own and not any({elf.machine, own} <= family for family in _FAMILIES):
        rule = FOREIGN
        words.append(f"this device's own are for {own}")
    elif is_packed(elf):
        rule = PACKED
        words.append("packed")
    elif elf.imports & CAPTURE:
        rule = CAPTURER
    elif elf.kind != "library" or elf.interpreter:
        if elf.imports & LISTEN:
            rule = SERVER
            severity = None if elf.imports & EXECUTE else Severity.MEDIUM
        elif "bind" in elf.imports and elf.imports & {"recvfrom", "recvmsg"}:
            rule, severity = SERVER, Severity.MEDIUM
    elif rule is ADDED:
        severity = Severity.LOW  # it does nothing by itself
    evidence = Evidence("", None, excerpt(f"{kind} for {elf.platform}, {len(elf.view)} bytes"))
    return altered.finding(rule, "; ".join(words), evidence, touches=touches, severity=severity)


def describe_moved(altered: Altered) -> Iterator[Finding]:
    """Yield that a program is somewhere else now."""
    after = altered.after()
    if after is not None and after.startswith(MAGIC):
        origin = excerpt(altered.change.origin or "")
        yield altered.finding(MOVED, f"was at {origin}", Evidence("path", origin, excerpt(altered.path)))


def describe_removed(altered: Altered) -> Iterator[Finding]:
    """Yield that a program is missing, where what was there is known to be one."""
    before = altered.before()
    if before is not None and not before.startswith(MAGIC):
        return
    if before is None and (altered.portrait_before() or b"")[1:5] != b"\x63elf":
        return
    detail = "was " + (
        f"a {read_elf(before).kind} for {read_elf(before).platform}" if before is not None else "an ELF file"
    )
    yield altered.finding(REMOVED, detail, Evidence("", excerpt(detail.removeprefix("was ")), None))


def is_packed(elf: Elf) -> bool:
    """Whether the code is compressed: packed with UPX, or without names, sections and structure, and full of information."""
    headers = bytes(elf.view[: 1 << 12])
    if _UPX in headers and len(elf.segments) <= 4 and not elf.sections:
        return True
    if elf.sections or elf.imports or elf.needed:
        return False
    body = [
        elf.view[each.offset : each.offset + each.size]
        for each in elf.segments
        if each.kind == LOAD and each.flags & EXECUTABLE
    ]
    longest = max(body, key=len, default=elf.view[:0])
    middle = longest[len(longest) // 4 :][:_SAMPLE]
    return len(middle) >= 4096 and _information(middle) > _PACKED_BITS


def _information(view: memoryview) -> float:
    """Return the Shannon entropy in bits for each byte."""
    size = len(view)
    return -sum(count / size * math.log2(count / size) for count in Counter(view).values())


def _own_machine(altered: Altered, case: Case) -> str:
    """Return the machine of the device's own programs, empty where none is at hand."""
    candidates: Iterable[str] = (path for path in _OWN if path in case.files and path != altered.inner)
    for path in candidates:
        try:
            raw = case.read(path)
            if raw is not None and raw.startswith(MAGIC):
                return read_elf(raw).machine
        except InputError:
            continue
    return ""
