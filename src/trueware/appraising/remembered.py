"""Appraising with a memory: challenges are answered once, keys are those that were enrolled, and a device goes on from where it was.

1. The challenge is used up, before anything else is looked at; whatever comes of the evidence, it counts no second time.
2. The keys that speak for the device are those that it was enrolled with.
3. The evidence is appraised beside how the device was last: clock and counters, the release that booted, its list of files.
4. How it is now is remembered, where the evidence was believed. Of a device that is not genuine nothing is passed by next time.
"""

from collections.abc import Iterable
from dataclasses import replace

from trueware.appraisal.live.catalogue import CHECKS
from trueware.appraisal.live.conclude import Gathered, conclude
from trueware.appraising.appraise import appraise_into, fleet_of
from trueware.appraising.fleet import Fleet
from trueware.appraising.gathering import Gathering
from trueware.appraising.wish import Wish
from trueware.attestation.recognise import Piece
from trueware.attesters.challenge import redeem
from trueware.attesters.enrolment import enrolled_keys
from trueware.attesters.ports import AttesterStore, Seen
from trueware.errors import EvidenceRefused
from trueware.model.attested import Appraisal
from trueware.model.check import Aspect, Check
from trueware.model.release import Release
from trueware.model.verdict import Verdict
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
    told: tuple[Check, ...] = ()
    if question.nonce is not None:  # 1
        try:
            told = redeem(store, question.nonce, question.now, wish.device)
        except EvidenceRefused as refusal:
            check = CHECKS[refusal.rule].contradicts(refusal.reason, refusal.place)
            return conclude(Gathered(wish.device or "unnamed device", (), (check,), nonce=question.nonce))
    endorsements = replace(wish.endorsements, enrolled={**wish.endorsements.enrolled, **enrolled_keys(store)})  # 2
    seen = store.seen(wish.device) if wish.device else None
    wish = replace(wish, endorsements=endorsements, seen=seen, before=before)
    gathering = Gathering(wish, fleet or fleet_of(registry, wish))
    gathering.add(*told)
    appraisal = appraise_into(gathering, pieces)  # 3
    if wish.device and gathering.clock is not None and not appraisal.refused and _is_bound(appraisal):  # 4
        boot = next((each.release.id for each in appraisal.matches if each.aspect is Aspect.BOOT), "")
        clean = appraisal.verdict is Verdict.GENUINE
        files = gathering.files if clean else None
        now = Seen(wish.device, question.now, gathering.key, gathering.clock, boot, files, appraisal.verdict.value)
        store.see(now, seen)
    return appraisal


def _is_bound(appraisal: Appraisal) -> bool:
    """Tell whether what signed is the device's key: others leave no trace in its memory."""
    return not any(each.rule == "attestation-key-bound" for each in (*appraisal.contradicted, *appraisal.not_shown))
