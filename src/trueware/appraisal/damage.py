"""Damage: where a reading was incomplete or a checksum does not fit, and which differences there prove nothing."""

from dataclasses import dataclass

from trueware.appraisal.reference import Evidence
from trueware.model.change import Change, ChangeKind
from trueware.model.part import Kind, join
from trueware.model.rules import RULES

_UNPACKED = "data"
"""Name of the one part of a compressed stream."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is damaged, or was not read: there a difference shows nobody's intent."""

    unread: frozenset[str]
    """Parts that were not read completely."""

    mismatched: frozenset[str]
    """Parts with a checksum that does not fit."""

    garbled: frozenset[str]
    """Compressed streams that did not unpack as they were packed. Whoever changes what is in one packs it anew, and gets its
    checksum right by that."""

    proved: frozenset[str]
    """Parts of which a signature proves how they were before somebody wrote into them; damage does not hit a flag alone."""

    shorter: bool
    """Whether the artefact is shorter than the release: opaque bytes do not show that their end is missing."""

    @classmethod
    def of(cls, evidence: Evidence, size: int) -> "Damage":
        """Return what reading the artefact brought up; `size` is that of the release, in bytes."""
        unread = frozenset(finding.part for finding in evidence.findings if RULES[finding.rule].unread)
        mismatched = frozenset(finding.part for finding in evidence.findings if finding.rule == "checksum-mismatch")
        malformed = {finding.part for finding in evidence.findings if finding.rule == "malformed"}
        garbled = []
        for path, part in evidence.root.walk() if unread or mismatched else ():
            held = [child.name for child in part.children if child.kind not in (Kind.PADDING, Kind.GAP)]
            if part.is_container and held == [_UNPACKED]:
                unpacked = join(path, part, _UNPACKED)
                if path in mismatched or not malformed.isdisjoint((path, unpacked)):
                    garbled.append(path)
        proved = frozenset(signature.part for signature in evidence.signatures if signature.as_signed)
        return cls(unread, mismatched, frozenset(garbled), proved, evidence.root.size < size)

    def leaves_proof(self, change: Change) -> bool:
        """Whether the change is more than damage: bytes that are there and are not the release's.

        Opaque bytes and header fields under a checksum that does not fit prove nothing, whether they differ or are gone. Files
        do: their file system was read, and they are not what it held.
        """
        if change.path in self.proved:
            return True
        if _is_within(change.path.rpartition("/")[0], self.garbled):
            return False
        complete = not _is_within(change.path, self.unread)
        sound = not _is_within(change.path, self.mismatched)
        found, expected = change.found, change.expected
        if change.kind is ChangeKind.REMOVED:
            return complete and (sound or expected is None or expected.kind is not Kind.REGION)
        if found is None or found.kind in (Kind.GAP, Kind.PADDING):
            return complete and sound and found is not None and found.kind is Kind.GAP
        opaque = found.kind is Kind.REGION
        if expected is None:
            return not opaque or (complete and sound)
        beyond_content = set(change.aspects) - {"content", "format"}
        if beyond_content - {"facts"} or (beyond_content and (found.certain or (complete and sound))):
            return True
        cut_off = found.size < expected.size and (not complete or (opaque and self.shorter))
        intact = sound if opaque else change.path not in self.mismatched
        return found.certain and expected.certain and not cut_off and intact


def _is_within(path: str, parts: frozenset[str]) -> bool:
    """Whether `path` is one of the parts or below one."""
    if not parts:
        return False
    end = len(path)
    while end > 0:
        if path[:end].removesuffix("!") in parts:
            return True
        end = path.rfind("/", 0, end)
    return "" in parts
