"""What the code of an Android program does that the genuine code does not: its classes beside the genuine ones.

All Dalvik files of one package are looked at together, since a class that moved from one to another is no change, and a file that
was written anew with the same classes is none either. Of classes that came or changed it is told what they newly call, whom they
talk to and whom they trust without looking. Classes that a tool gave other names read as others that came.

Sources: source.android.com "Dalvik executable format"; OWASP MASTG and MASVS-RESILIENCE; `known.android_apis`, `known.app_packages`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.android_apis import CALLS, COMMANDS, TEXTS, About
from trueware.explaining.known.app_packages import PACKAGES, Use, library_of, loads_code, supports_apps
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.portraits.dex import (
    ANY_CERTIFICATE,
    ANY_HOST,
    API,
    HOST,
    TEXT,
    ClassPortrait,
    Portrait,
    portray,
    read_portrait,
)
from trueware.explaining.reading.dex import is_intact, program_end
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

_MOST = 8
"""Pieces of evidence of one finding."""

_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH

ADDED = Rule(
    "app-code-added", "The program has classes that the genuine program has not",
    _MEDIUM, effect="app-injected", help="Look at what they call; remove the app, and install it from where its maker offers it.",
)  # fmt: skip
CHANGED = Rule(
    "app-code-changed", "Classes of the program have other code than the genuine ones",
    _MEDIUM, effect="program-altered", help="The methods named are those to look at.",
)  # fmt: skip
REMOVED = Rule(
    "app-code-removed", "The program lacks classes that the genuine program has",
    _LOW, effect="component-removed", help="Checks and adverts are what is mostly taken out.",
)  # fmt: skip
REPACKED = Rule(
    "app-code-repacked", "The program was written anew with the same classes",
    Severity.INFO, effect="rebuilt-by-another", help="Tools that repackage an app leave this behind; its code is the same.",
)  # fmt: skip
PATCHED = Rule(
    "app-code-patched", "Bytes of the program were changed after it was made: its checksum is that of others",
    _HIGH, effect="program-altered", help="Compilers get it right; devices refuse such a program, or take it for what it is.",
)  # fmt: skip
APPENDED = Rule(
    "app-code-appended", "Bytes stand behind the program that the genuine one has not",
    _MEDIUM, effect="app-injected", help="No class is in them; code of the app can read them, as packers do that hide code there.",
)  # fmt: skip
UNREADABLE = Rule(
    "app-code-unreadable", "A file of code could not be taken apart",
    _MEDIUM, Confidence.MEDIUM, effect="unexplained-change",
    help="It is damaged, or made so that tools fail on it. What it does is not known; look whether a device runs it.",
)  # fmt: skip
TALKS = Rule(
    "app-code-new-host", "Code that came or changed names hosts that the genuine code does not name",
    _MEDIUM, Confidence.MEDIUM, effect="data-sent-elsewhere",
    help="See whose they are. A name in a program is no proof that it is called.",
)  # fmt: skip

ABOUT = {
    About.COMMUNICATIONS: Rule(
        "app-code-reads-communications", "Code that came or changed reads messages, notifications or the screens of other apps",
        _HIGH, Confidence.MEDIUM, effect="communications-read", help="The manifest tells whether it may.",
    ),
    About.MESSAGES: Rule(
        "app-code-sends-messages", "Code that came or changed sends text messages",
        _HIGH, Confidence.MEDIUM, effect="data-sent-elsewhere", help="Look for premium numbers on the bill of the telephone.",
    ),
    About.IDENTITY: Rule(
        "app-code-identifies-device", "Code that came or changed reads the identity of the device or its SIM",
        _MEDIUM, Confidence.MEDIUM, effect="surveillance", help="The manifest tells whether it may.",
    ),
    About.WATCHING: Rule(
        "app-code-watches", "Code that came or changed uses microphone, camera, location or the screen",
        _HIGH, Confidence.MEDIUM, effect="surveillance", help="The manifest tells whether it may.",
    ),
    About.COMMANDS: Rule(
        "app-code-runs-programs", "Code that came or changed runs other programs",
        _MEDIUM, Confidence.MEDIUM, effect="program-altered", help="Commands are where such code asks the system directly.",
    ),
    About.ROOT: Rule(
        "app-code-asks-root", "Code that came or changed runs the command that asks for root",
        _HIGH, Confidence.MEDIUM, effect="privilege-opened", help="On a device that grants it, the whole device is open to the app.",
    ),
    About.CODE: Rule(
        "app-code-loads-code", "Code that came or changed loads further code",
        _HIGH, Confidence.MEDIUM, effect="code-downloaded",
        help="What it loads can be anything, and other than what any laboratory saw.",
    ),
    About.BRIDGE: Rule(
        "app-code-opens-bridge", "Code that came or changed lets web pages call into the app",
        _MEDIUM, Confidence.MEDIUM, effect="hardening-lost", help="Whoever can put words into such a page runs code in the app.",
    ),
    About.TLS: Rule(
        "app-code-trusts-anybody", "Code that came or changed accepts any certificate",
        _HIGH, effect="traffic-intercepted", help="Anybody on the way can read and change what the app sends and gets.",
    ),
    About.CLIPBOARD: Rule(
        "app-code-reads-clipboard", "Code that came or changed reads the clipboard",
        _MEDIUM, Confidence.LOW, effect="credential-capture", help="Password managers hand over passwords by the clipboard.",
    ),
    About.ADMIN: Rule(
        "app-code-locks-device", "Code that came or changed locks or erases the device or changes its password",
        _HIGH, Confidence.MEDIUM, effect="privilege-opened", help="Extortion works this way. The manifest tells whether it may.",
    ),
    About.WRITES_IDENTITY: Rule(
        "app-code-writes-identity", "Code that came or changed names the command or file by which the IMEI is written",
        _HIGH, Confidence.MEDIUM, effect="identity-rewritten", help="Compare the IMEI of the device with its label and its box.",
    ),
}  # fmt: skip

LIBRARY = {
    Use.PROXY: Rule(
        "app-proxy-library-added", "A library was put in that sells the connection of the device to strangers",
        _HIGH, effect="bandwidth-abused", help="What strangers do with the connection is traced to its owner.",
    ),
    Use.ADVERTS: Rule(
        "app-advert-library-added", "A library for adverts was put in that the genuine program has not",
        _MEDIUM, effect="bandwidth-abused", help="Repackaged apps earn money for somebody else than their maker.",
    ),
    Use.TRACKING: Rule(
        "app-tracker-added", "A library was put in that reports what people do, which the genuine program has not",
        _MEDIUM, effect="data-sent-elsewhere", help="See whose it is, and what it reports.",
    ),
    Use.KIT: Rule(
        "app-altering-kit-added", "A kit was put in by which apps are altered",
        _HIGH, effect="app-injected", help="It hides from the app that it was altered, or puts other code before its own.",
    ),
}  # fmt: skip


_RARE = frozenset(ABOUT[each].id for each in (About.TLS, About.ROOT, About.CODE, About.WRITES_IDENTITY, About.MESSAGES))
"""What is told of the code of an app that came as a whole."""

_GENERATED = regex(r"(?:.*/)?(?:R|R\$\w+|BuildConfig);", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Side:
    """The Dalvik files of one package, on one side, as far as they changed."""

    classes: dict[str, ClassPortrait]
    current: bool

    @classmethod
    def of(cls, portraits: Iterable[Portrait]) -> "_Side":
        classes: dict[str, ClassPortrait] = {}
        current = True
        for each in portraits:
            current &= each.current
            for name, portrayed in each.classes.items():
                classes.setdefault(name, portrayed)  # a device takes the first, too
        return cls(classes, current)

    def marks(self) -> frozenset[str]:
        """Return everything any of its classes does."""
        return frozenset(mark for each in self.classes.values() for mark in each.marks)


@dataclass(frozen=True, slots=True)
class _Differing:
    """The classes of one file that differ."""

    added: dict[str, ClassPortrait]
    changed: dict[str, tuple[ClassPortrait, ClassPortrait]]
    removed: tuple[str, ...]


class CodeOfApp:
    """Dalvik files."""

    subject: ClassVar[str] = "code of Android programs"
    rules: ClassVar[tuple[Rule, ...]] = (
        ADDED, CHANGED, REMOVED, REPACKED, PATCHED, APPENDED, UNREADABLE, TALKS, *ABOUT.values(), *LIBRARY.values()
    )  # fmt: skip
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)*[^/]+\.dex")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        if next(filter(_is_code, case.beside(altered)), None) is not altered:
            return  # told with the first of them
        group = [each for each in case.beside(altered) if _is_code(each)]
        known: list[tuple[Altered, Portrait, Portrait]] = []
        for each in group:
            try:  # one file that cannot be read hides nothing in the others
                was, now = _before(each), _after(each)
            except InputError as error:
                yield each.finding(UNREADABLE, excerpt(str(error)))
                continue
            if was is None or now is None:
                return
            known.append((each, was, now))
        genuine, found = _Side.of(was for _, was, _ in known), _Side.of(now for _, _, now in known)
        marks = genuine.marks()
        for each, was, now in known:
            made = list(_bytes(each))
            yield from made
            yield from _told(each, _differing(was, now, genuine, found), genuine, marks, explained=bool(made))


def _is_code(altered: Altered) -> bool:
    """Tell whether a change is one of Dalvik code."""
    return altered.inner.endswith(".dex") and (altered.change.aspects == () or "content" in altered.change.aspects)


def _bytes(altered: Altered) -> Iterator[Finding]:
    """Yield what its bytes say without being taken apart."""
    data = altered.after()
    if data is None:
        return
    if not is_intact(data):
        yield altered.finding(PATCHED, "the Adler-32 does not fit", offset=8)
    before, end = altered.before(), program_end(data)
    if end < len(data) and (altered.is_added or (before is not None and program_end(before) == len(before))):
        yield altered.finding(
            APPENDED,
            f"{len(data) - end} bytes",
            Evidence(f"offset {end}", None, repr(data[end : end + 16])),
            offset=end,
        )


def added_code(altered: Altered, portraits: Iterable[Portrait]) -> Iterator[Finding]:
    """Yield what lies in the code of an app that came as a whole: libraries, and what hardly any app of a maker does."""
    side = _Side.of(portraits)
    yield from _libraries(altered, side.classes, _Side({}, current=True))
    yield from (
        finding
        for finding in _marked(altered, _Differing(side.classes, {}, ()), frozenset(), current=True)
        if finding.rule in _RARE
    )


def _before(altered: Altered) -> Portrait | None:
    if altered.is_added:
        return Portrait({}, current=True)
    if (data := altered.before()) is not None:
        return portray(data)
    return None if (kept := altered.portrait_before()) is None else read_portrait(kept)


def _after(altered: Altered) -> Portrait | None:
    if altered.is_removed:
        return Portrait({}, current=True)
    return None if (data := altered.after()) is None else portray(data)


def _differing(was: Portrait, now: Portrait, genuine: _Side, found: _Side) -> _Differing:
    added, changed = {}, {}
    for name, each in now.classes.items():
        there = genuine.classes.get(name)
        if there is None:
            added[name] = each
        elif there.digest != each.digest:
            changed[name] = there, each
    return _Differing(added, changed, tuple(sorted(was.classes.keys() - found.classes.keys())))


def _told(
    altered: Altered, differing: _Differing, genuine: _Side, marks: frozenset[str], *, explained: bool
) -> Iterator[Finding]:
    if not differing.added and not differing.changed and not differing.removed:
        if not explained:
            yield altered.finding(REPACKED, "all classes are equal once references are written out")
        return
    yield from _libraries(altered, differing.added, genuine)
    if differing.added:
        yield _added(altered, differing.added)
    if differing.changed:
        yield _changed(altered, differing.changed)
    if differing.removed:
        names = differing.removed
        packages = listing(_by_package(names))
        yield altered.finding(
            REMOVED,
            f"{len(names)} classes in {packages}",
            *(Evidence("class", _dotted(name), None) for name in names[:_MOST]),
        )
    yield from _marked(altered, differing, marks, current=genuine.current)


def _libraries(altered: Altered, added: Iterable[str], genuine: _Side) -> Iterator[Finding]:
    known = {library for name in genuine.classes if (library := library_of(_package_of(name)))}
    found: dict[Use, dict[str, list[str]]] = {}
    for name in added:
        library = library_of(_package_of(name))
        if library is not None and library not in known:
            found.setdefault(PACKAGES[library][0], {}).setdefault(library, []).append(name)
    for use, libraries in found.items():
        yield altered.finding(
            LIBRARY[use],
            listing(dict.fromkeys(PACKAGES[each][1] for each in libraries)),
            *(
                Evidence(f"package {each}", None, f"{len(names)} classes, such as {_dotted(min(names))}")
                for each, names in list(libraries.items())[:_MOST]
            ),
            touches=(f"api:{each}" for each in libraries),
        )


def _added(altered: Altered, added: dict[str, ClassPortrait]) -> Finding:
    packages = _by_package(added)
    return altered.finding(
        ADDED,
        f"{len(added)} classes in {listing(packages)}",
        *(
            Evidence(f"package {excerpt(package)}", None, f"{len(names)} classes, such as {_dotted(names[0])}")
            for package, names in list(packages.items())[:_MOST]
        ),
    )


def _changed(altered: Altered, changed: dict[str, tuple[ClassPortrait, ClassPortrait]]) -> Finding:
    evidence = []
    for name, (was, now) in sorted(changed.items(), key=lambda each: _is_generated(each[0])):
        old = {method: digest.hex() for digest, method in was.methods.items()}
        where = [(method, digest) for digest, method in now.methods.items() if digest not in was.methods]
        for method, digest in where[:2]:
            expected = f"code {old[method]}" if method in old else None
            evidence.append(Evidence(excerpt(f"{_dotted(name)}.{method}"), expected, f"code {digest.hex()}"))
        if not where:
            said = "lacks methods" if was.methods.keys() - now.methods.keys() else "other fields, flags or kin"
            evidence.append(Evidence(_dotted(name), f"class {was.digest.hex()}", f"class {now.digest.hex()}: {said}"))
        if len(evidence) >= _MOST:
            break
    named = listing(map(_dotted, sorted(changed, key=_is_generated)))
    return altered.finding(CHANGED, f"{len(changed)} classes: {named}", *evidence[:_MOST])


def _is_generated(name: str) -> bool:
    """Tell whether a class only holds numbers that building gives to resources: it is named last."""
    return _GENERATED.fullmatch(name) is not None


def _marked(altered: Altered, differing: _Differing, before: frozenset[str], *, current: bool) -> Iterator[Finding]:
    """Yield what classes that came or changed do that they did not do; it weighs less where other genuine classes do it, too."""
    told: dict[About, dict[str, str]] = {}
    hosts: dict[str, str] = {}
    for name, new in _new_marks(differing, current=current):
        for mark in sorted(new):
            if mark.startswith(HOST):
                if mark not in before:
                    hosts.setdefault(mark.removeprefix(HOST), name)
            elif (about := _about(mark, new)) is not None:
                told.setdefault(about, {}).setdefault(mark, name)
    for about, marks in told.items():
        rule = ABOUT[about]
        known = all(mark in before for mark in marks)
        in_support = all(supports_apps(_package_of(name)) for name in marks.values())
        by_design = about is About.CODE and all(loads_code(_package_of(name)) for name in marks.values())
        by_name = ", as libraries of that name do" if by_design or in_support else ""
        aside = ", which other genuine code does, too" if known else by_name
        shown = list(marks.items())[:_MOST]
        yield altered.finding(
            rule,
            listing(map(_spoken, marks)) + aside,
            *(Evidence(_dotted(name), None, _spoken(mark)) for mark, name in shown),
            touches=(f"api:{mark.removeprefix(API)}" for mark, _ in shown if mark.startswith(API)),
            severity=_LOW if known or in_support else _MEDIUM if by_design else rule.severity,
            confidence=Confidence.LOW if (by_design or in_support) and not known else None,
        )
    if hosts:
        yield altered.finding(
            TALKS,
            listing(hosts),
            *(Evidence(_dotted(name), None, excerpt(host)) for host, name in list(hosts.items())[:_MOST]),
            touches=(f"host:{host}" for host in list(hosts)[:_MOST]),
        )


def _new_marks(differing: _Differing, *, current: bool) -> Iterator[tuple[str, frozenset[str]]]:
    for name, each in differing.added.items():
        yield name, each.marks
    if current:  # otherwise what was kept of the genuine classes does not tell all that they do
        for name, (was, now) in differing.changed.items():
            yield name, now.marks - was.marks


def _about(mark: str, together: frozenset[str]) -> About | None:
    """Return what a mark is about; the word ``su`` is the command only where something is run."""
    if mark in (ANY_CERTIFICATE, ANY_HOST):
        return About.TLS
    if mark.startswith(API):
        return CALLS.get(mark.removeprefix(API))
    said = mark.removeprefix(TEXT)
    if said in COMMANDS:
        runs = any(CALLS.get(each.removeprefix(API)) is About.COMMANDS for each in together)
        return COMMANDS[said] if runs else None
    return TEXTS.get(said)


def _spoken(mark: str) -> str:
    if mark == ANY_CERTIFICATE:
        return "checkServerTrusted returns at once"
    if mark == ANY_HOST:
        return "verify returns true at once"
    if mark.startswith(API):
        owner, _, method = mark.removeprefix(API).partition("->")
        return f"calls {_dotted(owner)}.{method}"
    return f"names {mark.removeprefix(TEXT)!r}"


def _by_package(names: Iterable[str]) -> dict[str, list[str]]:
    packages: dict[str, list[str]] = {}
    for name in sorted(names):
        packages.setdefault(_package_of(name) or "no package", []).append(name)
    return packages


def _package_of(name: str) -> str:
    return name[1:].rpartition("/")[0].replace("/", ".")


def _dotted(name: str) -> str:
    return excerpt(name.removeprefix("L").removesuffix(";").replace("/", "."))
