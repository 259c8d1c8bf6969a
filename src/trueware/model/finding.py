"""Findings: what a reader or the appraisal noticed, with a stable rule id, a severity and a confidence."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much it matters if it is so."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Confidence(Enum):
    """How sure we are that it is so."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing trueware can find. `id` is on the wire and never changes."""

    id: str
    title: str
    """What is so when this is found, one sentence without a full stop."""

    severity: Severity
    confidence: Confidence = Confidence.HIGH

    uncertain: bool = False
    """Whether it leaves a doubt about what a device would make of the bytes, so that equality by content proves nothing."""

    unread: bool = False
    """Whether bytes or entries may be missing from the reading, so that absence proves nothing."""

    help: str = ""
    """What to do or to know, a sentence or two."""

    effect: str = ""
    """For what a change does: the id of its effect (`trueware.knowledge.effects`). Empty for what readers and appraisal find."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One place in which the genuine and the found software differ, in words that people can check."""

    where: str
    """The place within the part: ``line 7``, ``uid of support``, ``function main``. Empty: the part as a whole."""

    expected: str | None
    """What the genuine has there, None where it has nothing, or where its bytes are not at hand (the finding then says so)."""

    found: str | None
    """What was found there, None where there is nothing any more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One occurrence of a rule."""

    rule: str
    part: str
    """Path of the part within the artefact, empty for the artefact itself."""

    detail: str
    severity: Severity
    confidence: Confidence = Confidence.HIGH
    offset: int | None = None
    """Byte offset within the part's container, where one place can be named."""

    evidence: tuple[Evidence, ...] = ()
    """For what a change does: where it shows."""

    touches: tuple[str, ...] = ()
    """For what a change does: what the changed thing demonstrably handles, as tokens of `trueware.knowledge.reach`
    (``permission:android.permission.READ_SMS``, ``file:etc/shadow``, ``call:pcap_open_live``)."""

    effect: str = ""
    """For what a change does: the rule's."""
