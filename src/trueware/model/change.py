"""Changes: how an artefact differs from a release, path by path."""

from dataclasses import dataclass
from enum import Enum

from trueware.model.part import Part


class ChangeKind(Enum):
    """What happened to a path."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `aspects` names what differs: content, mode, owner, type, link, device, xattrs, facts."""

    kind: ChangeKind
    path: str
    """Where it is in the artefact; for a removed part, where it was in the release."""

    aspects: tuple[str, ...] = ()
    expected: Part | None = None
    """The part of the release, None if added."""

    found: Part | None = None
    """The part of the artefact, None if removed."""

    origin: str | None = None
    """Where a moved part was in the release."""

    mutable: bool = False
    """Whether the release's policy lets a device make this change in service."""
