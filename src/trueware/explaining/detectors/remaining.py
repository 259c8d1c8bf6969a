"""Changes that show by their kind alone, where no other detector says more: links turned elsewhere, programs moved aside, settings.

A program that was moved while another stands in its place is a wrapper, whatever it does. A link that leads into a folder everybody
may write to lets anybody decide what is run. A changed text of the configuration that belongs to no other subject is told line
by line.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import difference, excerpt
from trueware.model.change import ChangeKind
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind, Part

MOVED_ASIDE = Rule(
    "program-moved-aside",
    "A program was moved aside, and another stands in its place",
    Severity.HIGH,
    help="The one in its place is run instead and may call the other. Look what it does before and after that.",
    effect="program-altered",
)
LINK = Rule(
    "link-turned",
    "A link leads to something else than in the release",
    Severity.MEDIUM,
    help="What is run or read by this name is now another file. Look at what the link leads to.",
    effect="program-altered",
)
OPEN_LINK = Rule(
    "link-into-open-folder",
    "A link leads into a folder that every program may write to",
    Severity.HIGH,
    help="Any program on the device can put there what is run or read by this name, with the rights of whoever runs it.",
    effect="privilege-opened",
)
SETTING = Rule(
    "setting-changed",
    "A setting is other than in the release",
    Severity.LOW,
    help="No detector knows what this file decides. The lines that differ are in the evidence.",
    effect="configuration-altered",
)
TEXT = Rule(
    "shown-text-changed",
    "A text that is shown to people is another",
    Severity.LOW,
    help="Names, versions and addresses that a device shows may be believed by who reads them.",
    effect="appearance-changed",
)

ZONE = Rule(
    "time-zone-changed",
    "The rules of a time zone are other",
    Severity.INFO,
    help="Governments change them some times a year, and updates follow. A clock that is shown may differ by hours.",
    effect="configuration-altered",
)

_ZONE, _ZONE_MAGIC = regex(r"(?:.*/)?zoneinfo/.+"), b"TZif"
"""Where they lie, and what such a file begins with (RFC 9636 §3.1)."""

_PROGRAMS = regex(r"(?:.*/)?(?:s?bin|lib(?:exec|32|64)?|xbin|app|priv-app|framework)/.*")
_OPEN = regex(r"/?(?:(?:private/|\.\./)*(?:var/)?tmp|dev/shm|run/shm|mnt|media|data/local/tmp|sdcard|storage)(?:/.*)?")
_SETTINGS = regex(r"(?:.*/)?(?:etc/.*|lib/modules/[^/]+/modules\.[a-z.]+)")
_SOURCES = regex(r"(?:.*/)?lib/modules/[^/]+/(?:source|build)")
"""Links to where the kernel was built: only who builds modules follows them (Linux ``Documentation/kbuild/modules.rst``)."""

_TEXTS = regex(r"(?:.*/)?etc/(?:banner[\w.]*|issue(?:\.net)?|motd|profile\.d/motd[\w.-]*|update-motd\.d/.*)")
_TOLD = 6
_LARGEST = 1 << 20


class Remaining:
    """Looks at what nobody else explained; stands last."""

    subject: ClassVar[str] = "links, moved programs and settings of no other subject"
    rules: ClassVar[tuple[Rule, ...]] = (MOVED_ASIDE, LINK, OPEN_LINK, SETTING, TEXT, ZONE)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (asked about all together)
        yield from ()

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:
        told = {finding.part for finding in findings}
        replaced = {
            part.sha256: altered.path
            for altered in case.altered
            if (part := altered.change.expected) is not None and part.sha256 is not None and part.size
            and altered.change.kind is ChangeKind.CHANGED and "content" in altered.change.aspects
        }  # fmt: skip
        for altered in case.altered:
            part = altered.change.found
            if altered.is_added and part is not None and part.sha256 in replaced and _is_program(part, altered.inner):
                origin = excerpt(replaced[part.sha256])
                told_of = f"{part.name} is the genuine {origin}, in whose place something else stands"
                yield altered.finding(MOVED_ASIDE, told_of, Evidence("", origin, excerpt(altered.path)))
            elif altered.path not in told and not altered.is_configuration:
                yield from _alone(altered)


def _alone(altered: Altered) -> Iterator[Finding]:
    expected, found = altered.change.expected, altered.change.found
    if found is not None and found.link is not None:
        before = expected.link if expected is not None else None
        if _SOURCES.fullmatch(altered.inner):
            told = f"it leads to {excerpt(found.link)}, where the kernel was built"
            yield altered.finding(LINK, told, Evidence("link", before, found.link), severity=Severity.INFO)
        elif _OPEN.fullmatch(found.link):
            yield altered.finding(OPEN_LINK, f"it leads to {excerpt(found.link)}", Evidence("link", before, found.link))
        elif expected is not None and _PROGRAMS.fullmatch(altered.inner):
            yield altered.finding(LINK, f"it leads to {excerpt(found.link)}", Evidence("link", before, found.link))
    elif (
        altered.change.kind is ChangeKind.CHANGED
        and "content" in altered.change.aspects
        and _ZONE.fullmatch(altered.inner)
        and (altered.after() or b"").startswith(_ZONE_MAGIC)
    ):
        yield altered.finding(ZONE, altered.inner.rpartition("zoneinfo/")[2])
    elif (
        altered.change.kind is ChangeKind.CHANGED
        and "content" in altered.change.aspects
        and _SETTINGS.fullmatch(altered.inner)
        and found is not None
        and found.size <= _LARGEST
    ):
        yield from _lines(altered)


def _lines(altered: Altered) -> Iterator[Finding]:
    """Yield the lines of a text that differ; nothing for what is no text, or where the genuine one is not at hand."""
    try:
        before, after = altered.before(), altered.after()
    except InputError:
        return  # the engine tells that it could not be read
    if before is None or after is None or b"\0" in before or b"\0" in after:
        return
    differs = difference(before, after)
    told = [Evidence(f"line {line.number}", None, excerpt(line.text)) for line in differs.added]
    told += [Evidence(f"line {line.number} of the genuine", excerpt(line.text), None) for line in differs.removed]
    rule = TEXT if _TEXTS.fullmatch(altered.inner) else SETTING
    what = (
        f"{len(differs.added)} lines added, {len(differs.removed)} removed"
        if told
        else "its lines are in another order"
    )
    confidence = Confidence.HIGH if told else Confidence.MEDIUM
    yield altered.finding(rule, what, *told[:_TOLD], confidence=confidence)


def _is_program(part: Part, inner: str) -> bool:
    return part.kind is Kind.FILE and (bool((part.mode or 0) & 0o111) or _PROGRAMS.fullmatch(inner) is not None)


_: type[Concluding] = Remaining
