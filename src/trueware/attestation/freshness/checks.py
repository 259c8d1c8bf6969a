"""What is checked of challenges and enrolment. The ids are on the wire and never change."""

from trueware.model.check import Aspect, CheckRule, Distrust

CHALLENGE_KNOWN = CheckRule(
    "challenge-known",
    Aspect.EVIDENCE,
    "The challenge that the evidence answers was sent by this verifier",
    contradicted=99,
    supported=0,
    help="Make a challenge (trueware challenge new), send it, and appraise the answer.",
    distrust=Distrust.NONCE,
)
CHALLENGE_FRESH = CheckRule(
    "challenge-fresh",
    Aspect.EVIDENCE,
    "The challenge was answered in time",
    contradicted=99,
    supported=0,
    help="The answer came after the challenge ran out. Send another one.",
    distrust=Distrust.TIME,
)
CHALLENGE_ONCE = CheckRule(
    "challenge-once",
    Aspect.EVIDENCE,
    "The challenge was not answered before",
    contradicted=99,
    supported=0,
    help="Evidence is shown a second time, or somebody answered before. Send another challenge.",
    distrust=Distrust.NONCE,
)
CHALLENGE_DEVICE = CheckRule(
    "challenge-device",
    Aspect.EVIDENCE,
    "The challenge was sent to this device",
    contradicted=99,
    supported=0,
    help="An answer to a challenge for another device: evidence is passed on.",
    distrust=Distrust.NONCE,
)
EPOCH_CURRENT = CheckRule(
    "epoch-current",
    Aspect.EVIDENCE,
    "The evidence is of the present epoch, or the one before",
    contradicted=99,
    supported=0,
    help="It was made in an earlier epoch, or under a handle that nobody announced.",
    distrust=Distrust.TIME,
)

RULES = (CHALLENGE_KNOWN, CHALLENGE_FRESH, CHALLENGE_ONCE, CHALLENGE_DEVICE, EPOCH_CURRENT)
