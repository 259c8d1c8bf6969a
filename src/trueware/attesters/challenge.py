"""Challenges: a nonce is sent, answered once, and in time (RFC 9334 §10.2; RFC 9683 §3.2 steps 2 and 5).

The background-check model: whoever appraises sent the nonce. In the passport model the relying party's nonce is answered by an
attestation result instead (`trueware.exchange.ear`), whose `eat_nonce` it redeems here in the same way.
"""

from trueware.attestation.freshness.checks import CHALLENGE_DEVICE, CHALLENGE_FRESH, CHALLENGE_KNOWN, CHALLENGE_ONCE
from trueware.attesters.ports import AttesterStore, Challenge
from trueware.errors import EvidenceRefused
from trueware.model.check import Check

LEAST, MOST, USUAL = 20, 64, 32
"""Bytes of a nonce: as large as a digest (RFC 9683 §3.2); EAT takes 8 to 64 (RFC 9711 §4.1)."""

TTL = 300
"""Seconds that a challenge counts, unless another time is asked for; a TPM on a slow bus takes seconds for a quote and its logs."""

_KEPT = 7 * 86_400
"""Seconds for which a challenge that ran out is remembered, so that an old answer is told from a forged one."""


def issue(store: AttesterStore, nonce: bytes, now: int, ttl: int = TTL, device: str = "") -> Challenge:
    """Keep a challenge that is about to be sent, and return it.

    Args:
        store: where.
        nonce: `LEAST` to `MOST` random bytes, never used before.
        now: seconds since 1970.
        ttl: seconds for which it counts.
        device: whom it is sent to; empty: whoever answers.

    Raises:
        ValueError: too short or too long, or sent before.
        StoreError: it could not be kept; it must not be sent then.
    """
    if not LEAST <= len(nonce) <= MOST:
        raise ValueError(f"a nonce of {len(nonce)} bytes; {LEAST} to {MOST} are needed")
    if ttl <= 0:
        raise ValueError("a challenge that never counts")
    challenge = Challenge(nonce, now, now + ttl, device)
    store.forget_challenges(now - _KEPT)
    store.add_challenge(challenge)
    return challenge


def redeem(store: AttesterStore, nonce: bytes, now: int, device: str = "") -> tuple[Check, ...]:
    """Use up a challenge, and return that its answer counts.

    It is used up whatever comes of the evidence: whoever guesses gets one try.

    Args:
        store: where it is kept.
        nonce: which the evidence is said to answer.
        now: seconds since 1970.
        device: who is said to answer; empty: nobody says.

    Raises:
        EvidenceRefused: nobody sent it, it ran out, it was answered before, or it was sent to another device.
        StoreError: that could not be told. It is no verdict.
    """
    challenge = store.take_challenge(nonce, now)
    if challenge is None:
        raise EvidenceRefused(CHALLENGE_KNOWN.id, f"nobody sent {nonce.hex()[:16]}…")
    if challenge.used is not None:
        raise EvidenceRefused(CHALLENGE_ONCE.id, f"it was answered before, {max(now - challenge.used, 0)} s ago")
    if now >= challenge.expires:
        raise EvidenceRefused(CHALLENGE_FRESH.id, f"it ran out {now - challenge.expires} s before the answer came")
    if now < challenge.issued:
        raise EvidenceRefused(CHALLENGE_FRESH.id, "it is answered before it was sent: a clock went back")
    if challenge.device and challenge.device != device:
        told = device or "a device that nobody names"
        raise EvidenceRefused(CHALLENGE_DEVICE.id, f"it was sent to {challenge.device}, and {told} answers")
    return (
        CHALLENGE_KNOWN.supports("the challenge was sent by this verifier"),
        CHALLENGE_FRESH.supports(f"answered {now - challenge.issued} s after it was sent"),
        CHALLENGE_ONCE.supports("this is its first answer"),
    )
