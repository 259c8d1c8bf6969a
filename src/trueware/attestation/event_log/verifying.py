"""Verifies a boot event log against registers that were signed for.

The checklist (RFC 9683 §3.2 steps 3 to 5 as far as the log goes; TCG PC Client Platform Firmware Profile 1.06 §8, §10):

1. The log was read to its end.
2. Each bank that was signed for and that the log has replays to the signed values, or to those of an earlier moment: then the
   later events are told, and count for nothing. Registers that the operating system extends without this log (IMA's PCR 10, those of
   systemd in user space, those of a dynamic launch) are compared where the log leads to their value, else told.
3. The strongest of these banks proves what events say. SHA-1 can be forged and proves nothing alone.
4. Where the standard says that a digest is of the event's data, it is.
5. What is shown of Secure Boot, separators, debuggers and the command line, from proved events of signed registers alone.

Nothing is raised for a bad log: it becomes a check of `Aspect.EVIDENCE` that is contradicted, by which whoever appraises refuses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trueware.attestation.event_log import checks as rules
from trueware.attestation.event_log.facts import BootFacts, facts
from trueware.attestation.event_log.log import FORMAT, EventLog
from trueware.attestation.event_log.proving import Proof, prove
from trueware.attestation.event_log.replaying import Covered, find_prefix
from trueware.attestation.event_log.stating import claims_of, fact_checks
from trueware.attestation.event_log.telling import tell
from trueware.errors import UnsupportedInput
from trueware.model.check import Check
from trueware.model.claim import Claim

_STRONGEST: Final = ("sha512", "sha384", "sha256", "sm3", "sha3_512", "sha3_384", "sha3_256")
"""Banks that prove something, in the order in which they are preferred."""

ELSEWHERE: Final = frozenset({10, 11, 13, 15, *range(16, 24)})
"""PCRs that an operating system extends and logs elsewhere: IMA's, systemd's phases, extensions and identity, and those for a
dynamic launch, debugging and applications."""

_NEVER: Final = frozenset({10, *range(16, 24)})
"""Those of them that no boot log accounts for."""

_FIRST: Final = 5
"""Events of one kind that are told one by one."""


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """What a log proves together with signed registers."""

    checks: tuple[Check, ...]
    claims: tuple[Claim, ...]
    log: EventLog
    """What is covered of it: the events before the registers were signed."""

    bank: str | None
    """The bank in which its events are proved; None: none, and the log says nothing."""

    proofs: tuple[Proof, ...]
    """Of each event of `log`."""

    facts: BootFacts | None
    covered: Mapping[str, Covered]
    """What each bank that was compared came to."""

    @property
    def is_believed(self) -> bool:
        """Whether the log leads to registers that were signed for, in a bank that proves it."""
        return self.bank is not None


def verify_log(
    log: EventLog,
    quoted: Mapping[str, Mapping[int, bytes]],
    elsewhere: frozenset[int] = ELSEWHERE,
    *,
    secure_boot: bool = False,
) -> VerifiedLog:
    """Return what a log proves.

    Args:
        log: as `trueware.attestation.event_log.reading.read` returned it.
        quoted: values by register by bank, as a quote proved them (`sha256`: {0: …}).
        elsewhere: PCRs that somebody else may have extended later without this log.
        secure_boot: whether the policy asks for Secure Boot; otherwise that it is off is told, and speaks against nothing.
    """
    found: list[Check] = []
    if log.problem is not None:
        found.append(
            rules.EVENT_LOG_WHOLE.contradicts(f"{log.problem}; {len(log.events)} events before it can be read")
        )
    covered: dict[str, Covered] = {}
    for bank, values in quoted.items():
        covered.update(_compare(log, bank, values, elsewhere, found))
    proving = next((each for each in _STRONGEST if each in covered and covered[each].matches), None)
    if proving is None:
        if covered and all(each.matches for each in covered.values()):
            found.append(rules.EVENT_LOG_BANK.not_shown("only banks whose hash can be forged were signed for (sha1)"))
        return VerifiedLog(tuple(found), (), log, None, (), None, covered)
    part = log.upto(covered[proving].events)
    proofs = prove(part, proving, quoted[proving].keys())
    found += _edited(part, proofs)
    shown = facts(part, proving, proofs)
    found += fact_checks(part, proofs, shown, quoted[proving].keys(), secure_boot=secure_boot)
    return VerifiedLog(tuple(found), claims_of(part, shown), part, proving, proofs, shown, covered)


def _compare(
    log: EventLog, bank: str, values: Mapping[int, bytes], elsewhere: frozenset[int], found: list[Check]
) -> dict[str, Covered]:
    """Compare one bank; add what is found, and return it unless the bank cannot be compared."""
    own = {register: value for register, value in values.items() if register not in elsewhere}
    try:
        covered = find_prefix(log, bank, own)
        also = {pcr: value for pcr, value in values.items() if pcr in elsewhere and pcr not in _NEVER and any(value)}
        if covered.matches and also:
            for pcr in sorted(also.keys() & {event.pcr for event in log.events if event.is_extended}):
                with_it = find_prefix(log, bank, {**own, pcr: also[pcr]})
                if with_it.matches:
                    own[pcr] = also[pcr]
                    covered = with_it
                else:
                    detail = (
                        f"the log does not lead to {log.register(pcr)} ({bank}): the operating system extends it later"
                    )
                    found.append(rules.EVENT_LOG_REPLAY.not_shown(detail, log.register(pcr)))
    except UnsupportedInput as error:
        found.append(rules.EVENT_LOG_BANK.not_shown(f"{bank} cannot be compared: {error.reason}"))
        return {}
    if covered.is_untouched:
        detail = (
            f"firmware did not extend the bank {bank} although the log has it: all registers are as reset leaves them"
        )
        found.append(rules.EVENT_LOG_BANK.contradicts(detail))
    elif not covered.matches:
        found += [_differs(log, bank, pcr, values[pcr], covered) for pcr in covered.differing]
    else:
        named = ", ".join(map(str, sorted(own)))
        found.append(
            rules.EVENT_LOG_REPLAY.supports(f"{covered.extending} events lead to the signed registers {named} ({bank})")
        )
        found += _later(log, bank, covered)
    return {bank: covered}


def _differs(log: EventLog, bank: str, pcr: int, quoted: bytes, covered: Covered) -> Check:
    place = log.register(pcr)
    replayed = covered.replayed[pcr] if covered.replayed else b""
    if replayed == quoted:
        detail = f"{place} ({bank}) was signed at another moment than the rest"
    elif pcr in covered.unextended:
        detail = f"{place} ({bank}) was extended, and the log has no event of it"
    else:
        detail = f"the log does not lead to {place} ({bank})"
    return rules.EVENT_LOG_REPLAY.contradicts(
        detail, place, expected=quoted.hex(), found=replayed.hex(), source="the signed registers"
    )


def _later(log: EventLog, bank: str, covered: Covered) -> list[Check]:
    if not covered.later:
        return [rules.EVENT_LOG_TRAILING.supports(f"all events of the signed registers were measured before ({bank})")]
    first = covered.later[0]
    detail = (
        f"{len(covered.later)} events were measured after the registers were signed ({bank}), and count for nothing"
    )
    return [rules.EVENT_LOG_TRAILING.not_shown(f"{detail}; the first is {first.type_name}", log.place(first))]


def _edited(log: EventLog, proofs: tuple[Proof, ...]) -> list[Check]:
    """Return the events whose data is not what the standard says was measured."""
    edited = [event for event, proof in zip(log.events, proofs, strict=True) if proof.holds is False]
    found = [
        rules.EVENT_DATA_DIGEST.contradicts(
            f"{event.type_name} says {tell(event, Proof(True, 0, len(event.data)))!r}, and something else was measured",
            log.place(event),
            source=f"{FORMAT}, TCG PC Client Platform Firmware Profile §10.4",
        )
        for event in edited[:_FIRST]
    ]
    if len(edited) > _FIRST:
        found.append(
            rules.EVENT_DATA_DIGEST.contradicts(f"{len(edited) - _FIRST} more events say what was not measured")
        )
    if not edited:
        count = sum(proof.holds is True for proof in proofs)
        found.append(rules.EVENT_DATA_DIGEST.supports(f"the data of {count} events is what was measured"))
    return found
