"""Appraising with a memory: challenges are answered once, keys are those that were enrolled, and a device goes on from where it was.

1. The challenge is used up, before anything else is looked at; whatever comes of the evidence, it counts no second time. Or the
   evidence is to hold the handle of an epoch that counts.
2. The keys that speak for the device are those that it was enrolled with.
3. The evidence is appraised beside how the device was last: clock and counters, the release that booted, its list of files. Entries
   of that list are passed by where all by which they were judged is what it was: the registry, who signs files, what is excluded.
4. How it is now is remembered, where the evidence was believed and answered a challenge. Of a device that is not genuine, or genuine
   with a warning, nothing is passed by next time.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from typing import TypeAlias

from trueware.appraisal.live.catalogue import CHECKS
from trueware.appraisal.live.checks import BOOT_ROLLBACK
from trueware.appraisal.live.conclude import Gathered, conclude
from trueware.appraising.appraise import MAX_PIECES, appraise_into, fleet_of
from trueware.appraising.fleet import Fleet
from trueware.appraising.gathering import Gathering
from trueware.appraising.wish import Wish
from trueware.attestation.freshness.checks import EPOCH_CURRENT
from trueware.attestation.recognise import Piece
from trueware.attestation.tpm.checks import ATTESTATION_KEY_BOUND
from trueware.attesters.challenge import redeem
from trueware.attesters.enrolment import EnrolledKeys
from trueware.attesters.ports import AttesterStore, Seen
from trueware.errors import EvidenceRefused
from trueware.model.attested import Appraisal
from trueware.model.check import Aspect, Check
from trueware.model.release import Release
from trueware.model.verdict import Tier, Verdict
from trueware.registry.lookup import Registry


def appraise_remembered(
    pieces: Iterable[Piece],
    registry: Registry,
    store: AttesterStore,
    wish: Wish,
    before: Release | None = None,
    fleet: Fleet | None = None,
) -> Appraisal:
    """Return the appraisal of a device's evidence, and remember it; for the other arguments see `appraise`.

    Args:
        pieces: all that it sent.
        registry: what is known to be genuine.
        store: what is remembered.
        wish: with the challenge that was answered; whom else to believe.
        before: the release that `store` says it ran last, if the caller looked it up.
        fleet: what devices have in common, where many are appraised by the same registry and endorsements.

    Raises:
        StoreError: registry or memory cannot be read or written. That is no verdict.
    """
    question = wish.question
    given = list(islice(pieces, MAX_PIECES + 1))  # a file that cannot be read must not use up the challenge
    try:  # 1
        asked = _asked(store, wish)
    except EvidenceRefused as refusal:
        check = CHECKS[refusal.rule].contradicts(refusal.reason, refusal.place)
        return conclude(Gathered(wish.device or "unnamed device", (), (check,), nonce=question.nonce))
    enrolled = EnrolledKeys(store, wish.device, wish.endorsements.enrolled)  # 2
    last = store.seen(wish.device) if wish.device else None
    basis = _basis(registry, wish)
    seen = replace(last, files=None) if last is not None and (last.basis != basis or not basis) else last
    endorsements = replace(wish.endorsements, enrolled=enrolled)
    wish = replace(wish, endorsements=endorsements, seen=seen, before=before)
    fleet = fleet or fleet_of(registry, wish)
    gathering, appraisal = _appraised(asked[0], wish, fleet, given)  # 3
    for other in asked[1:]:  # the epoch before
        if appraisal.refused:
            again = _appraised(other, wish, fleet, given)
            gathering, appraisal = (gathering, appraisal) if again[1].refused else again
    answers = any(told for _, told in asked)
    if (
        answers and wish.device and gathering.clock is not None and not appraisal.refused and _is_its_own(appraisal)
    ):  # 4
        boot = next((each.release.id for each in appraisal.matches if each.aspect is Aspect.BOOT), "")
        went_back = any(each.rule == BOOT_ROLLBACK.id for each in appraisal.contradicted)
        if last is not None and (went_back or not boot):
            boot = last.release  # neither going back nor showing no release makes the device forget what it ran
        clean = appraisal.verdict is Verdict.GENUINE and appraisal.tier is Tier.AFFIRMING
        files = gathering.files if clean else None
        now = Seen(
            wish.device, question.now, gathering.key, gathering.clock, boot, files, appraisal.verdict.value, basis
        )
        store.see(now, last)
    return appraisal


_Asked: TypeAlias = tuple[bytes | None, tuple[Check, ...]]
"""What evidence is to hold, and what is told of that."""


def _asked(store: AttesterStore, wish: Wish) -> list[_Asked]:
    """Return what the evidence may answer: the challenge, which is used up; or the present epoch, and the one before.

    Raises:
        EvidenceRefused: none of it counts.
    """
    question = wish.question
    if not wish.epoch:
        nonce = question.nonce
        return [(nonce, redeem(store, nonce, question.now, wish.device) if nonce is not None else ())]
    epochs = store.epochs()
    if epochs is None:
        raise EvidenceRefused(EPOCH_CURRENT.id, "no epoch was announced")
    asked: list[_Asked] = [(epochs.current, (epochs.check(epochs.current, question.now, question.max_age),))]
    if epochs.previous:
        with suppress(EvidenceRefused):
            asked.append((epochs.previous, (epochs.check(epochs.previous, question.now, question.max_age),)))
    return asked


def _appraised(asked: _Asked, wish: Wish, fleet: Fleet, pieces: Iterable[Piece]) -> tuple[Gathering, Appraisal]:
    nonce, told = asked
    gathering = Gathering(replace(wish, question=replace(wish.question, nonce=nonce)), fleet)
    gathering.add(*told)
    return gathering, appraise_into(gathering, pieces)


def _basis(registry: Registry, wish: Wish) -> bytes:
    """Return a digest of all by which files are judged; empty where the registry does not say that it is what it was."""
    version = registry.version
    if not version:
        return b""
    digest = sha256(version)
    for part in (wish.excluded, (str(wish.overlap),), (each.hex() for each in wish.endorsements.file_signers)):
        listed = [each.encode("utf-8", "surrogatepass") for each in part]
        digest.update(len(listed).to_bytes(8))
        for each in listed:
            digest.update(len(each).to_bytes(8) + each)
    return digest.digest()


def _is_its_own(appraisal: Appraisal) -> bool:
    """Tell whether what signed is the device's key, in the TPM that went on from where it was: others leave no trace in its memory.

    Else an older quote, refused once, would be how the device was last, and be in order the next time.
    """
    if any(each.rule == ATTESTATION_KEY_BOUND.id for each in appraisal.not_shown):
        return False
    return not any(each.aspect is Aspect.IDENTITY for each in appraisal.contradicted)
