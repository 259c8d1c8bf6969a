"""Explanations: what the changes do, whom that harms, and what each of them should do."""

from dataclasses import dataclass
from enum import Enum

from trueware.model.finding import Finding, Severity


class Scenario(Enum):
    """What kind of product it is, as far as harm and advice depend on it."""

    PHONE = "phone"
    NETWORK_DEVICE = "network-device"
    RECEIVER = "receiver"
    APP = "app"
    OTHER = "other"


class Stakeholder(Enum):
    """Who may come to harm, or should act."""

    USER = "user"
    OPERATOR = "operator"
    MAKER = "maker"
    STATE = "state"
    CONTENT_OWNER = "content-owner"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does, one of the reviewed vocabulary `trueware.knowledge.effects`."""

    id: str
    title: str
    """What is so, one sentence without a full stop."""

    owner: str
    """What that means, for somebody who owns such a device and is no technician."""

    technical: str
    """What that means, for a professional."""

    scenarios: tuple[Scenario, ...]
    """In which products it is met."""

    references: tuple[str, ...] = ()
    """Ids in public catalogues: ``ATT&CK T1136.001``, ``CAPEC-443``, ``RFC 9124 THREAT.IMG.NON_AUTH``."""


@dataclass(frozen=True, slots=True)
class Harm:
    """How much one stakeholder may suffer from an effect."""

    stakeholder: Stakeholder
    level: int
    """0 none, 1 slight, 2 noticeable, 3 serious, 4 severe."""

    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Action:
    """What one stakeholder should do, the most urgent first."""

    stakeholder: Stakeholder
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What follows from one effect in one product."""

    reached: tuple[str, ...] = ()
    """Categories of data (W3C DPV, personal data) that the change demonstrably handles."""

    reachable: tuple[str, ...] = ()
    """Categories that the changed component may access, where what it does with them is not known: it could reach them."""

    harms: tuple[Harm, ...] = ()
    actions: tuple[Action, ...] = ()
    rules: tuple[str, ...] = ()
    """Ids of the rules of `trueware.knowledge.impact` that this comes from."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One effect with everything that shows it and follows from it."""

    effect: Effect
    severity: Severity
    """The highest of its findings."""

    findings: tuple[Finding, ...]
    configured: bool
    """Whether it shows only where policy lets a device change things in service: then it may be the owner's own doing."""

    assessment: Assessment = Assessment()
    """What follows from it."""
