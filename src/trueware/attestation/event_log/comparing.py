"""Names what differs between a boot log and one that is known to be good: register by register, event by event, in words.

Events are aligned by their digests (`aligning`), so one that was added does not make all that follow it differ. An event whose digest
stands in both, at another place or in another register, was moved. What an event says is told of both sides with how far it is
proved (`telling`); the digests alone decide.

The known side is a log, or the manifest of a release (`referencing`), which has the digests and words of its events alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, NamedTuple

from trueware.attestation.event_log.aligning import unequal
from trueware.attestation.event_log.checks import EVENT_KNOWN_GOOD
from trueware.attestation.event_log.log import EventLog
from trueware.attestation.event_log.proving import Proof, prove
from trueware.attestation.event_log.telling import tell_in
from trueware.model.check import Check

MOST_DIFFERENCES: Final = 256


class Step(NamedTuple):
    """One event as it is compared."""

    register: str
    """``PCR 4``."""

    digest: bytes
    type_name: str
    words: str
    """What it says; empty: nothing."""

    place: str
    """Where it stands: ``PCR 4 event 12``."""

    is_proved: bool = False
    """Whether what it says was measured; else whoever handed the log in may have written it. Of a release: whether its maker's
    log showed so."""


class Changed(Enum):
    """What became of an event."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """One event that differs."""

    kind: Changed
    register: str
    expected: Step | None
    """The event that is known to be good; None: it was added."""

    found: Step | None
    """The event of the log; None: it is not there."""

    @property
    def detail(self) -> str:
        """What differs, one sentence."""
        step = self.found or self.expected
        assert step is not None  # noqa: S101 (one of them is there)
        if self.kind is Changed.CHANGED and self.expected is not None and self.expected.type_name != step.type_name:
            return f"{step.type_name} instead of {self.expected.type_name}"
        return f"{step.type_name} was {self.kind.value}"

    def check(self, source: str) -> Check:
        """Return it as a check.

        Args:
            source: title of the release, or other name, of what is known to be good.
        """
        place = (self.found or self.expected or _NOWHERE).place
        expected, found = _said(self.expected), _said(self.found)
        if expected == found and self.expected is not None and self.found is not None:
            expected = f"{expected}: digest {self.expected.digest.hex()}"
            found = f"{found}: digest {self.found.digest.hex()}"
        return EVENT_KNOWN_GOOD.contradicts(self.detail, place, expected=expected, found=found, source=source)


_NOWHERE: Final = Step("", b"", "", "", "")


def _said(step: Step | None) -> str | None:
    if step is None:
        return None
    return step.words or step.digest.hex()


def steps_of(log: EventLog, bank: str, proofs: Sequence[Proof] | None = None) -> tuple[Step, ...]:
    """Return the events of a log that extend a register and have a digest of a bank, with what they say.

    Args:
        log: what a quote covers of it; or one that is known to be good.
        bank: name of the algorithm.
        proofs: of its events; None: they are made here.
    """
    known = prove(log, bank) if proofs is None else proofs
    return tuple(_said_by(log, at, step, known[at]) for at, step in _bare(log, bank))


def _said_by(log: EventLog, number: int, step: Step, proof: Proof) -> Step:
    """Return a step with what its event says."""
    proved = proof.holds is True or proof.shown_by is not None
    return step._replace(words=tell_in(log, log.events[number], proof), is_proved=proved)


def _bare(log: EventLog, bank: str) -> list[tuple[int, Step]]:
    """Return the events by number without what they say: most are not told."""
    at = log.bank(bank)
    if at is None:
        return []
    names = {pcr: log.register(pcr) for pcr in {event.pcr for event in log.events}}
    return [
        (number, Step(names[event.pcr], digest, event.type_name, "", f"{names[event.pcr]} event {number}"))
        for number, event in enumerate(log.events)
        if event.is_extended and (digest := event.digests[at]) is not None
    ]


def compare(
    reference: EventLog | Sequence[Step], found: EventLog, bank: str, proofs: Sequence[Proof] | None = None
) -> tuple[Difference, ...]:
    """Return what differs from what is known to be good, in the order of `found`; see `compare_steps`.

    Args:
        reference: a log; or the events that a release states (`trueware.attestation.event_log.referencing.steps_stated`).
        found: what a quote covers of a device's log.
        bank: name of the algorithm of the digests that are compared.
        proofs: of the events of `found` (`trueware.attestation.event_log.proving.prove`); None: they are made here, where needed.
    """
    own = _bare(found, bank)
    good = _bare(reference, bank) if isinstance(reference, EventLog) else list(enumerate(reference))
    differences = compare_steps([step for _, step in good], [step for _, step in own])
    if not differences:
        return ()
    telling = _Telling(found, own, prove(found, bank) if proofs is None else proofs)
    known = _Telling(reference, good, prove(reference, bank)) if isinstance(reference, EventLog) else None
    return tuple(
        replace(each, expected=known.told(each.expected) if known else each.expected, found=telling.told(each.found))
        for each in differences
    )


class _Telling:
    """Says what steps of a log say."""

    def __init__(self, log: EventLog, steps: Iterable[tuple[int, Step]], proofs: Sequence[Proof]) -> None:
        self.log, self.proofs = log, proofs
        self.numbers = {step.place: number for number, step in steps}

    def told(self, step: Step | None) -> Step | None:
        if step is None:
            return None
        number = self.numbers[step.place]
        return _said_by(self.log, number, step, self.proofs[number])


def compare_steps(reference: Iterable[Step], found: Iterable[Step]) -> tuple[Difference, ...]:
    """Return what differs, at most `MOST_DIFFERENCES`: what was found in its order, and what is missing where it should be.

    Args:
        reference: events that are known to be good.
        found: events of a device.
    """
    good, own = _by_register(reference), _by_register(found)
    order = {step.place: number for steps in own.values() for number, step in steps}
    differences: list[tuple[int, Difference]] = []
    for register in sorted(good.keys() | own.keys()):
        differences += _of_register(register, good.get(register, []), own.get(register, []), order)
    differences.sort(key=lambda each: each[0])
    return tuple(_moved([each for _, each in differences]))[:MOST_DIFFERENCES]


def _by_register(steps: Iterable[Step]) -> dict[str, list[tuple[int, Step]]]:
    found: dict[str, list[tuple[int, Step]]] = {}
    for number, step in enumerate(steps):
        found.setdefault(step.register, []).append((number, step))
    return found


def _of_register(
    register: str, good: list[tuple[int, Step]], own: list[tuple[int, Step]], order: dict[str, int]
) -> list[tuple[int, Difference]]:
    """Return the differences of one register, each with its place in what was found."""
    expected, found = [step for _, step in good], [step for _, step in own]
    differences: list[tuple[int, Difference]] = []
    for i1, i2, j1, j2 in unequal([step.digest for step in expected], [step.digest for step in found]):
        at = order[found[min(j1, len(found) - 1)].place] if found else 0
        paired = min(i2 - i1, j2 - j1)
        for each in range(paired):
            number = order[found[j1 + each].place]
            differences.append((number, Difference(Changed.CHANGED, register, expected[i1 + each], found[j1 + each])))
        gone, new = expected[i1 + paired : i2], found[j1 + paired : j2]
        differences += [(at, Difference(Changed.REMOVED, register, step, None)) for step in gone]
        differences += [(order[step.place], Difference(Changed.ADDED, register, None, step)) for step in new]
    return differences


def _moved(differences: list[Difference]) -> list[Difference]:
    """Return the differences with each event that was taken from one place and stands at another as one that was moved."""
    gone: dict[bytes, list[int]] = {}
    for number, each in enumerate(differences):
        if each.kind is Changed.REMOVED and each.expected is not None:
            gone.setdefault(each.expected.digest, []).append(number)
    taken: set[int] = set()
    told = list(differences)
    for number, each in enumerate(differences):
        if each.kind is Changed.ADDED and each.found is not None and gone.get(each.found.digest):
            origin = gone[each.found.digest].pop(0)
            taken.add(origin)
            told[number] = Difference(Changed.MOVED, each.register, differences[origin].expected, each.found)
    return [each for number, each in enumerate(told) if number not in taken]
