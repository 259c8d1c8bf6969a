"""The arithmetic of AR4SI (draft-ietf-rats-ar4si §2.3): from checks to a trustworthiness vector, the worst value first.

Each check asks for a value of the claim that it speaks of (`Check.value`). Boot is counted among executables: 3 where only what
booted was shown to be genuine, 2 where what runs was too. What was not shown asks for nothing; the draft's 0 says no more than that.
Evidence that was refused contradicts the identity of the instance with 99, "cryptographic validation of Evidence failed" (§2.3.4).
"""

from collections.abc import Iterable

from trueware.model.check import Aspect, Check, Outcome
from trueware.model.verdict import TrustVector, tier_floor

CONTRAINDICATED, WARNING, AFFIRMING = 96, 32, 2
ONLY_BOOT = 3
"""executables: "only a recognized genuine set of approved executables has been loaded during the boot process"."""

_CLAIM = {
    Aspect.EVIDENCE: "instance_identity",
    Aspect.IDENTITY: "instance_identity",
    Aspect.HARDWARE: "hardware",
    Aspect.BOOT: "executables",
    Aspect.EXECUTABLES: "executables",
    Aspect.FILE_SYSTEM: "file_system",
    Aspect.CONFIGURATION: "configuration",
    Aspect.RUNTIME: "runtime_opaque",
    Aspect.STORAGE: "storage_opaque",
    Aspect.DATA: "sourced_data",
}


def assign(values: Iterable[int]) -> int:
    """Return the one value of a claim for which several were found (§2.3.3).

    Contraindicated values win over warnings, those over affirming ones; within a tier what the draft standardises wins over what
    a verifier defines for itself (negative), and of several the largest. 0 where there is none.

    Raises:
        ValueError: a value that is no signed 8-bit integer.
    """
    known = set(values)
    if any(not -128 <= value <= 127 for value in known):
        raise ValueError("an AR4SI value is a signed 8-bit integer")
    for least in (CONTRAINDICATED, WARNING, AFFIRMING):
        tier = {value for value in known if tier_floor(value) == least}
        if tier:
            return max(tier) if max(tier) > 0 else min(tier)
    return -1 if -1 in known else 1 if 1 in known else 0


def vector_of(checks: Iterable[Check]) -> TrustVector:
    """Return the vector that checks ask for."""
    asked: dict[str, set[int]] = {}
    supported: set[Aspect] = set()
    for check in checks:
        if check.outcome is Outcome.NOT_SHOWN or not check.value:
            continue
        if check.outcome is Outcome.SUPPORTS:
            supported.add(check.aspect)
            if check.aspect is Aspect.EVIDENCE:  # evidence that holds says nothing of the device by itself
                continue
        asked.setdefault(_CLAIM[check.aspect], set()).add(check.value)
    if "executables" in asked and assign(asked["executables"]) == AFFIRMING and Aspect.EXECUTABLES not in supported:
        asked["executables"] = {ONLY_BOOT}
    return TrustVector(**{claim: assign(values) for claim, values in asked.items()})
