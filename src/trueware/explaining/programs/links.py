"""Links among programs and libraries: a name that leads to another program, came, or went.

A link in a folder of programs is a program under another name: ``/bin/login`` may lead to busybox, or to something in ``/tmp``.
"""

from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Evidence, Finding, Rule, Severity

REDIRECTED = Rule(
    "program-link-redirected",
    "The name of a program or library leads to another one than in the genuine software",
    Severity.MEDIUM,
    help="Whatever runs that name runs the other program, with the same rights.",
    effect="program-altered",
)
ADDED = Rule(
    "program-link-added",
    "There is another name for a program or library",
    Severity.LOW,
    help="Of a program that serves many names, this may bring back one that the maker left out.",
    effect="program-altered",
)
REMOVED = Rule(
    "program-link-removed",
    "A name of a program or library is missing",
    Severity.LOW,
    help="What asks for that name no longer finds it.",
    effect="component-removed",
)

RULES = (REDIRECTED, ADDED, REMOVED)

_FOLDERS = regex(r"(?:.*/)?(?:(?:s?bin|xbin|libexec)/[^/]+|lib(?:32|64)?/(?:[^/]+/)*[^/]+\.so(?:\.[\w.]+)?)")
"""Names of programs, and of libraries wherever they lie below a folder for them."""

_WRITABLE = regex(r"/?(?:tmp|var|mnt|data|media|home|run|dev|overlay|sdcard|storage|opt)(?:/.*)?")
_VERSION = "0123456789.-"


def compare_link(altered: Altered, case: Case) -> Iterator[Finding]:
    """Yield what is other about a link in a folder of programs or libraries."""
    if _FOLDERS.fullmatch(altered.inner) is None:
        return
    expected, found = altered.change.expected, altered.change.found
    if found is None:
        told = expected.link if expected is not None else ""
        yield altered.finding(REMOVED, f"led to {excerpt(told or '')}", Evidence("target", excerpt(told or ""), None))
        return
    link = found.link or ""
    target = normpath(join("/", dirname(altered.inner), link)).lstrip("/")
    risky = _WRITABLE.fullmatch(target) is not None
    where = "" if target in case.files or not case.files else ", where the software has nothing"
    detail = f"leads to {excerpt(link, 120)}{where}"
    if expected is None:
        evidence = Evidence("target", None, excerpt(link))
        yield altered.finding(ADDED, detail, evidence, severity=Severity.HIGH if risky else None)
    elif expected.link != found.link:
        evidence = Evidence("target", "a file" if expected.link is None else excerpt(expected.link), excerpt(link))
        same = expected.link is not None and _stem(expected.link) == _stem(link) and not risky
        severity = Severity.HIGH if risky else Severity.LOW if same else None
        yield altered.finding(REDIRECTED, detail, evidence, severity=severity)


def _stem(link: str) -> str:
    """Return what versions of one library have in common."""
    return basename(link).partition(".so")[0].rstrip(_VERSION)
