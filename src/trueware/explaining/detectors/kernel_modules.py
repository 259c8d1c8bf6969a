"""Kernel modules: added, changed, removed; what they take hold of; whether they are still signed.

Code of a module has all rights there are. Changed ones are compared as programs are (`trueware.explaining.programs`), by portraits
where the genuine bytes are not at hand. A signature that is appended is seen here and verified elsewhere.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.naming import counted, listing
from trueware.explaining.portraits.elf_difference import How
from trueware.explaining.programs import content
from trueware.explaining.programs.modules import HOOKS, KEYS, RIGHTS, RUNS, TRAFFIC, is_signed, module_info
from trueware.explaining.programs.pair import Pair, pair_of
from trueware.explaining.reading.elf import MAGIC, Elf, read_elf
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

ADDED = Rule(
    "kernel-module-added",
    "A kernel module was added that the genuine software does not have",
    Severity.MEDIUM,
    help="Once loaded, its code has all rights there are. Whether it is loaded shows in what starts it.",
    effect="kernel-altered",
)
CHANGED = Rule(
    "kernel-module-changed",
    "The code or data of a kernel module was changed",
    Severity.HIGH,
    help="Its code has all rights there are. The finding names the functions that are other ones.",
    effect="kernel-altered",
)
REBUILT = Rule(
    "kernel-module-rebuilt",
    "A kernel module was built anew, with the same code and data",
    Severity.INFO,
    Confidence.MEDIUM,
    help="Only what does not run differs: names for debuggers, the kernel's version it was built for, its signature.",
    effect="rebuilt-by-another",
)
MOVED = Rule(
    "kernel-module-of-another-kernel",
    "A kernel module is there for another version of the kernel than the genuine one",
    Severity.LOW,
    Confidence.MEDIUM,
    help="The kernel was exchanged for another version, and its modules with it. What each can do now and could not before is told.",
    effect="kernel-altered",
)
REMOVED = Rule(
    "kernel-module-removed",
    "A kernel module of the genuine software is missing",
    Severity.LOW,
    help="The device or protocol that it serves is no longer served.",
    effect="component-removed",
)
HOOKING = Rule(
    "kernel-module-hooks",
    "A kernel module can put itself in the place of the kernel's own functions",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="That is how rootkits hide files, processes and connections. Tracers and live patches use the same functions.",
    effect="kernel-altered",
)
SEES_TRAFFIC = Rule(
    "kernel-module-sees-traffic",
    "A kernel module can see and change the traffic that passes through",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="Firewalls and accelerators of network traffic do that too, and makers have them in the release.",
    effect="traffic-intercepted",
)
SEES_KEYS = Rule(
    "kernel-module-sees-keys",
    "A kernel module can see what is typed",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="It asks to be told of each key. Drivers of input devices do that too.",
    effect="credential-capture",
)
GIVES_RIGHTS = Rule(
    "kernel-module-gives-rights",
    "A kernel module can give processes other rights",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="It asks for the functions that change whose rights a process has. File systems and key services do that too.",
    effect="privilege-opened",
)
UNSIGNED = Rule(
    "kernel-module-unsigned",
    "A kernel module carries no signature, where the genuine one or its neighbours do",
    Severity.MEDIUM,
    help="A kernel that insists on signatures does not load it. That it is there says that somebody expects it to be loaded.",
    effect="kernel-altered",
)

_SIGNING = ("signature", "signer", "key")
"""Parts of what is appended to a module."""

_HOLDS = ((HOOKING, HOOKS), (SEES_TRAFFIC, TRAFFIC), (SEES_KEYS, KEYS), (GIVES_RIGHTS, RIGHTS))


class KernelModules:
    """Kernel modules."""

    subject: ClassVar[str] = "kernel modules"
    rules: ClassVar[tuple[Rule, ...]] = (
        ADDED, CHANGED, REBUILT, MOVED, REMOVED, HOOKING, SEES_TRAFFIC, SEES_KEYS, GIVES_RIGHTS, UNSIGNED,
    )  # fmt: skip
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:.*/)?[^/]+\.ko|module|data|signature|signer|key", re.DOTALL)
    """By its name, or what a module's signature or packing holds."""

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        if not _is_module(altered, case) or altered.is_added or altered.is_removed:
            return
        part = altered.change.found
        if altered.inner in _SIGNING:
            yield altered.finding(REBUILT, f"its {altered.inner} is another one")
        elif part is not None and part.children:
            yield from _signature(altered)
        elif "content" in altered.change.aspects and (pair := pair_of(altered)) is not None:
            yield from _gained(altered, pair)
            yield from _changed(altered, pair)

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (asks nobody else)
        """Look at added modules beside those of the same name that were removed: another kernel has them in another folder."""
        modules = [
            each for each in case.altered if KernelModules.wants.fullmatch(each.inner) and _is_module(each, case)
        ]
        gone = {each.name: each for each in modules if each.is_removed}
        back = set[str]()
        for altered in modules:
            if altered.is_added:
                yield from _arrived(altered, gone.get(altered.name), case)
                back.add(altered.name)
        for name, altered in gone.items():
            detail = "is there for another kernel" if name in back else "is missing"
            rule = MOVED if name in back else REMOVED
            yield altered.finding(rule, detail, Evidence("", excerpt(altered.inner), None))


_: type[Concluding] = KernelModules


def _is_module(altered: Altered, case: Case) -> bool:
    """Tell whether it is a module or a part of one, in the artefact or as the artefact."""
    part = altered.change.found or altered.change.expected
    within = ".ko" in altered.path or case.suspect.format == "module-signature"
    return part is not None and part.kind in (Kind.FILE, Kind.REGION) and not altered.is_moved and within


def _arrived(altered: Altered, partner: Altered | None, case: Case) -> Iterator[Finding]:
    try:
        after = altered.after()
        if after is None or not after.startswith(MAGIC):
            return
        pair = None if partner is None else pair_of(altered, partner)
        if pair is None:
            yield from _added(altered, case, read_elf(after))
            return
        yield from _gained(altered, pair)
        evidence = Evidence("", excerpt(partner.inner) if partner is not None else None, excerpt(altered.inner))
        yield altered.finding(MOVED, f"{pair.difference.share:.0%} of its code is equal", evidence)
    except InputError as error:
        yield altered.finding(ADDED, f"it cannot be read: {error}", severity=Severity.HIGH)


def _added(altered: Altered, case: Case, elf: Elf) -> Iterator[Finding]:
    info = module_info(elf)
    runs = sorted(elf.imports & RUNS)
    words = [str(info), "signed" if is_signed(elf) or altered.name == "module" else "not signed"]
    words += [f"starts programs ({listing(runs)})"] if runs else []
    held = [(rule, sorted(elf.imports & names)) for rule, names in _HOLDS]
    for rule, names in held:
        if names:
            yield _holds(altered, rule, names)
    touches = [f"call:{name}" for name in runs]
    severity = Severity.HIGH if runs or any(names for rule, names in held if rule is not SEES_TRAFFIC) else None
    yield altered.finding(
        ADDED, excerpt("; ".join(words)), Evidence("", None, excerpt(str(info))), touches=touches, severity=severity
    )
    if not is_signed(elf) and altered.name != "module" and (signed := _signed_neighbours(case)):
        yield altered.finding(
            UNSIGNED,
            f"{counted(signed, 'other module')} of the genuine software signed",
            Evidence("signature", "there", None),
        )


def _holds(altered: Altered, rule: Rule, names: list[str]) -> Finding:
    evidence = Evidence("functions it asks for", None, listing(names, 8))
    return altered.finding(rule, f"asks for {listing(names, 8)}", evidence, touches=(f"call:{name}" for name in names))


def _gained(altered: Altered, pair: Pair) -> Iterator[Finding]:
    for rule, names in _HOLDS:
        gained = list(pair.difference.gained(names))
        if gained and not pair.difference.asked(names):
            yield _holds(altered, rule, gained)


def _changed(altered: Altered, pair: Pair) -> Iterator[Finding]:
    told = next(content.compare_content(altered, pair), None)
    detail = told.detail if told is not None else ""
    evidence = told.evidence if told is not None else ()
    same = pair.difference.how is How.SAME
    if same:
        yield altered.finding(REBUILT, "code and data are equal")
    else:
        is_calm = pair.is_built_anew and not pair.difference.gained(RUNS)
        severity = Severity.MEDIUM if is_calm or pair.difference.how is How.REBUILT else None
        yield altered.finding(CHANGED, detail, *evidence, severity=severity)
    if "signed" in pair.old.traits and "signed" not in pair.new.traits:
        yield altered.finding(UNSIGNED, "the genuine one is signed", Evidence("signature", "there", None))


def _signature(altered: Altered) -> Iterator[Finding]:
    """Yield what is other in how a module is signed, where both are; what it holds is a change of its own."""
    expected, found = altered.change.expected, altered.change.found
    if expected is not None and found is not None and expected.facts != found.facts:
        old, new = (" ".join(f"{name} {value}" for name, value in part.facts) for part in (expected, found))
        yield altered.finding(REBUILT, "signed otherwise", Evidence("signature", excerpt(old), excerpt(new)))


def _signed_neighbours(case: Case) -> int:
    """Return how many modules of the genuine software are signed."""
    return sum(part.format == "module-signature" for _, part in case.genuine.walk())
