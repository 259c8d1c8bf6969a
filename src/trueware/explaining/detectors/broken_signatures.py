"""Signatures that do not hold any more: what was put beside what is signed, and checks that were taken off.

Only what no other detector tells: code that stands before an archive, where programs find it and no signature of its members is
over it; a signature that something signed says must be there; and changes of which a signature over all bytes tells only that
there is one.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Concluding
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind
from trueware.model.signature import Judged, Outcome

CODE_BEFORE = Rule(
    "code-before-archive",
    "A program stands before an archive that is signed by its members",
    Severity.HIGH,
    help="Some systems run what stands first and check only the archive behind it (Android 5 to 8, CVE-2017-13156).",
    effect="app-injected",
)
REMOVED = Rule(
    "signature-taken-off",
    "A signature that must be there was taken off",
    Severity.HIGH,
    help="So that an older, weaker check counts, or none. Install the publisher's own copy.",
    effect="verification-disabled",
)
CONTENT = Rule(
    "signed-content-changed",
    "Something was changed after it was signed, and what it was cannot be told",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="The signature is over all bytes at once. Compare with a copy from the publisher to see what was changed.",
    effect="unexplained-change",
)

_PROGRAMS = ((b"dex\n", "a dex program"), (b"\x7fELF", "an ELF program"), (b"MZ", "a PE program"))
_ARCHIVES = frozenset({"zip"})


class BrokenSignatures:
    """Looks at the signatures of the artefact that do not hold."""

    subject: ClassVar[str] = "signatures that do not hold"
    rules: ClassVar[tuple[Rule, ...]] = (CODE_BEFORE, REMOVED, CONTENT)
    wants: ClassVar[re.Pattern[str]] = re.compile(r".*", re.DOTALL)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004
        part = altered.change.found
        if part is None or not (part.format in _ARCHIVES or (part.kind is Kind.GAP and part.offset == 0)):
            return
        content = altered.after() or b""
        for magic, name in _PROGRAMS:
            if content.startswith(magic):
                shown = Evidence("offset 0", None, content[:8].hex(" "))
                yield altered.finding(CODE_BEFORE, f"{name} at its first byte", shown, offset=0)

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:
        told = {finding.part for finding in findings}
        seen: set[tuple[str, str]] = set()
        for judged in case.signatures:
            signature = judged.signature
            rule = _rule_for(judged)
            if rule is None or (signature.part, rule.id) in seen:
                continue
            seen.add((signature.part, rule.id))
            below = (signature.part + "/", signature.part + "!/") if signature.part else ("",)
            if rule is CONTENT and any(part == signature.part or part.startswith(below) for part in told):
                continue
            yield case.finding(rule, f"{signature.scheme}: {signature.detail}", part=signature.part)


def _rule_for(judged: Judged) -> Rule | None:
    signature = judged.signature
    if signature.outcome is Outcome.STRIPPED:
        return REMOVED
    if signature.outcome is Outcome.BROKEN and signature.enforced and not signature.altered and not signature.added:
        return CONTENT
    return None


_: type[Concluding] = BrokenSignatures
