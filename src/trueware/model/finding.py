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
