"""Whether what evidence says may be held to be the attester's word, and whether it showed all that must be compared."""

from collections.abc import Iterable

from trueware.appraisal.ar4si import CONTRAINDICATED
from trueware.appraisal.live.catalogue import CHECKS
from trueware.model.check import Aspect, Check, Distrust, Outcome
from trueware.model.verdict import tier_floor

SOFTWARE = frozenset({Aspect.BOOT, Aspect.EXECUTABLES, Aspect.FILE_SYSTEM, Aspect.CONFIGURATION})
"""Of a device: what is compared with releases."""

_FORGED = frozenset({Distrust.SIGNATURE, Distrust.NONCE})


def is_needed(check: Check) -> bool:
    """Tell whether nothing else counts until this supports: who signed, that it is fresh."""
    rule = CHECKS.get(check.rule)
    return rule is not None and rule.needed


def is_believed(checks: Iterable[Check]) -> bool:
    """Tell whether evidence was shown to be the attester's and fresh.

    Some check of who signed, or of freshness, must have been made; all of those must support; none may contradict the evidence
    itself, its signer (a revoked key, another device's key) or its challenge. A device that is genuine and another than it is said to
    be is believed: that is how one knows.
    """
    made = tuple(checks)
    needed = [each for each in made if is_needed(each)]
    against = [each for each in made if each.outcome is Outcome.CONTRADICTS]
    return (
        bool(needed)
        and all(each.outcome is Outcome.SUPPORTS for each in needed)
        and not any(each.aspect is Aspect.EVIDENCE or each.distrust in _FORGED for each in against)
    )


def is_of_this_device(checks: Iterable[Check]) -> bool:
    """Tell whether nothing shows that evidence is another device's than it is said to be, or of hardware that is not genuine."""
    return not any(
        each.outcome is Outcome.CONTRADICTS
        and each.aspect in (Aspect.IDENTITY, Aspect.HARDWARE)
        and tier_floor(each.value) == CONTRAINDICATED
        for each in checks
    )


def is_open(checks: Iterable[Check], aspects: frozenset[Aspect] = SOFTWARE) -> bool:
    """Tell whether something of these aspects that must equal a release was not shown to."""
    return any(is_gap(each) and each.aspect in aspects for each in checks)


def is_gap(check: Check) -> bool:
    """Tell whether a check would have compared the software with releases, could have been made, and was not."""
    rule = CHECKS.get(check.rule)
    return (
        check.outcome is Outcome.NOT_SHOWN
        and check.aspect in SOFTWARE
        and rule is not None
        and rule.compares
        and not check.expected_gap
    )
