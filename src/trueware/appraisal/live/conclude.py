"""Concludes from the checks of one attester's evidence: verdict, tier, vector, reason.

The checklist:

1. Evidence that is refused says nothing of the software: UNKNOWN, and contraindicated, for something is wrong with what was sent.
2. Where who signed, or that it is fresh, could not be shown, nothing it says counts: UNKNOWN, with what would show it. Not even a
   warning is claimed, by which a relying party may let a device in; what is contraindicated is.
3. Of another device than it is said to be: UNKNOWN of the one that was asked about, and contraindicated.
4. TAMPERED: something measured is contraindicated (AR4SI 96 and more) in what comes from a known release, or under a publisher's
   signature that does not hold. Where neither is known (a boot loader that is unlocked), it is UNKNOWN and contraindicated.
5. GENUINE: it was shown who signed; releases account for everything measured that the policy compares, or a publisher's key verified
   all of it; nothing is contradicted beyond a warning. Affirming where nothing is; a warning where a release is withdrawn or versions
   are mixed.
6. UNKNOWN: everything else, with what would settle it. Executables are not affirmed where some were not compared.

An outage is not in this list: what could not be asked raises, and is no verdict.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from trueware.appraisal.ar4si import AFFIRMING, CONTRAINDICATED, WARNING, vector_of
from trueware.appraisal.live.believed import SOFTWARE, is_believed, is_gap, is_needed, is_open
from trueware.appraisal.live.catalogue import CHECKS
from trueware.attestation.ima.checks import IMA_FILE_SIGNATURE
from trueware.model.attested import Appraisal, Matched
from trueware.model.check import Aspect, Check, Outcome
from trueware.model.claim import Claim
from trueware.model.verdict import Authority, Tier, TrustVector, Verdict, tier_floor

_RAN = frozenset({Aspect.BOOT, Aspect.EXECUTABLES})
_AUTHORITIES = tuple(Authority)
_LONG = 200
"""Characters of a value that stands in a sentence."""

_TOLD = 4
"""Ways to settle that are told."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that was found out about one attester."""

    attester: str
    kinds: tuple[str, ...]
    checks: tuple[Check, ...]
    matches: tuple[Matched, ...] = ()
    claims: tuple[Claim, ...] = ()
    nonce: bytes | None = None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What follows from checks and matches, whoever's they are."""

    verdict: Verdict
    tier: Tier
    vector: TrustVector
    reason: str
    checks: tuple[Check, ...]
    """The gravest first, each once."""

    authority: Authority | None
    settle: tuple[str, ...]


class Conclusions:
    """What was concluded for devices of a fleet, of which most show the very same checks.

    Checks that are the same objects lead to the same conclusion. They are told apart by identity, which costs a fraction of comparing
    them, and are held as long as what was concluded from them.
    """

    def __init__(self, most: int = 1024) -> None:
        """Remember `most` conclusions; then all are forgotten, which costs time and nothing else."""
        self._most = most
        self._known: dict[tuple[int, ...], tuple[tuple[object, ...], Conclusion]] = {}

    def of(self, checks: tuple[Check, ...], matches: tuple[Matched, ...]) -> Conclusion:
        """Return what follows."""
        held = (*checks, *matches)
        key = (len(checks), *map(id, held))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= self._most:
                self._known.clear()
            found = self._known[key] = held, conclusion_of(checks, matches)
        return found[1]


def conclude(gathered: Gathered, conclusions: Conclusions | None = None) -> Appraisal:
    """Return the appraisal; see the module for the order of the checks."""
    checks, matches = gathered.checks, gathered.matches
    found = conclusion_of(checks, matches) if conclusions is None else conclusions.of(checks, matches)
    return Appraisal(
        gathered.attester,
        gathered.kinds,
        found.verdict,
        found.tier,
        found.vector,
        found.reason,
        found.checks,
        found.authority,
        matches,
        gathered.claims,
        gathered.nonce,
        found.settle,
    )


def conclusion_of(found: Iterable[Check], matches: Sequence[Matched]) -> Conclusion:
    """Return what follows from checks and matches."""
    checks = _sorted(found)
    verdict, reason, counts = _verdict(checks, matches)
    vector = vector_of(checks if counts else [each for each in checks if _speaks_against(each) and _is_grave(each)])
    if verdict is Verdict.UNKNOWN and tier_floor(vector.executables) == AFFIRMING and is_open(checks, _RAN):
        vector = replace(vector, executables=0)
    tier = vector.tier
    if verdict is Verdict.UNKNOWN and tier is Tier.AFFIRMING:
        tier = Tier.NONE
    authority = _weakest(matches) if verdict is Verdict.GENUINE else None
    if verdict is Verdict.GENUINE and authority is None:
        authority = Authority.PUBLISHER
    settle = _settling(checks) if verdict is Verdict.UNKNOWN else ()
    return Conclusion(verdict, tier, vector, reason, checks, authority, settle)


def _verdict(checks: Sequence[Check], matches: Sequence[Matched]) -> tuple[Verdict, str, bool]:
    """Return the verdict, why, and whether what the evidence says counts for the device."""
    against = [each for each in checks if each.outcome is Outcome.CONTRADICTS]
    refusing = next((each for each in against if each.aspect is Aspect.EVIDENCE and _is_grave(each)), None)
    if refusing is not None:  # 1
        return Verdict.UNKNOWN, f"the evidence is refused: {_sentence(refusing)}", False
    lacking = next((each for each in checks if is_needed(each) and each.outcome is Outcome.NOT_SHOWN), None)
    if lacking is not None:  # 2
        return Verdict.UNKNOWN, f"not enough evidence: {_sentence(lacking)}", False
    other = next(
        (each for each in against if each.aspect in (Aspect.IDENTITY, Aspect.HARDWARE) and _is_grave(each)), None
    )
    if other is not None:  # 3
        return Verdict.UNKNOWN, _sentence(other), False
    grave = [each for each in against if each.aspect in SOFTWARE and _is_grave(each)]
    if grave:  # 4
        more = f", and {len(grave) - 1} more" if len(grave) > 1 else ""
        near = next((each.release.title for each in matches), None)
        if near is None and not any(each.source or each.rule == IMA_FILE_SIGNATURE.id for each in grave):
            return Verdict.UNKNOWN, f"{_sentence(grave[0])}{more}", True
        come_from = f"it comes from {near}, and " if near is not None else ""
        first = next((each for each in grave if each.found is not None and each.expected is not None), grave[0])
        return Verdict.TAMPERED, f"{come_from}{_sentence(first)}{_instead(first)}{more}", True
    mild = [each for each in against if each.aspect is not Aspect.EVIDENCE]
    unexplained = next((each for each in mild if _is_unrecognised(each) or _is_grave(each)), None)
    software = [each for each in matches if each.complete]
    vouched = [each for each in checks if each.outcome is Outcome.SUPPORTS and _vouches(each)]
    if unexplained is None and (software or vouched) and not is_open(checks) and is_believed(checks):  # 5
        told = [f"{each.release.title} ({each.shown_by})" for each in software]
        told = told or [f"what {each.source} signed" for each in vouched]
        named = "; ".join(dict.fromkeys(told))
        doubt = next((each for each in against if tier_floor(each.value) >= WARNING), None)
        return Verdict.GENUINE, f"it runs {named}" + (f", but {_sentence(doubt)}" if doubt is not None else ""), True
    if unexplained is not None:  # 6
        return Verdict.UNKNOWN, _sentence(unexplained), True
    missing = next((each for each in checks if is_gap(each)), None)
    if missing is not None:
        return Verdict.UNKNOWN, f"not enough evidence: {_sentence(missing)}", True
    unread = next((each for each in checks if each.aspect is Aspect.EVIDENCE and _is_lacking(each)), None)
    if unread is not None and not any(is_needed(each) for each in checks):
        return Verdict.UNKNOWN, f"not enough evidence: {_sentence(unread)}", True
    why = "nothing shows who signed it" if software or vouched else "nothing that was measured is in the registry"
    return Verdict.UNKNOWN, f"not enough evidence: {why}", True


def _is_unrecognised(check: Check) -> bool:
    """Tell whether it found code or files that nobody knows: AR4SI 33 of executables, 32 of the file system."""
    return check.value == 33 or (check.aspect is Aspect.FILE_SYSTEM and check.value == 32)


def _is_lacking(check: Check) -> bool:
    return check.outcome is Outcome.NOT_SHOWN and not check.expected_gap


def _vouches(check: Check) -> bool:
    rule = CHECKS.get(check.rule)
    return rule is not None and rule.vouches


def _is_grave(check: Check) -> bool:
    return tier_floor(check.value) == CONTRAINDICATED


def _speaks_against(check: Check) -> bool:
    return check.outcome is Outcome.CONTRADICTS


def _sentence(check: Check) -> str:
    if check.place:
        return f"{check.place}: {check.detail}"
    return f"{check.rule}: {check.detail}" if check.aspect in (Aspect.IDENTITY, Aspect.HARDWARE) else check.detail


def _instead(check: Check) -> str:
    """Return what stands there instead, where it is text that people read."""
    if check.expected is None or check.found is None or max(len(check.expected), len(check.found)) > _LONG:
        return ""
    return f": {check.found} instead of {check.expected}" if " " in check.found else ""


def _sorted(checks: Iterable[Check]) -> tuple[Check, ...]:
    order = {Outcome.CONTRADICTS: 0, Outcome.NOT_SHOWN: 1, Outcome.SUPPORTS: 2}
    unique: dict[tuple[str, str, str, Outcome, int], Check] = {}
    for each in checks:
        unique.setdefault((each.rule, each.place, each.detail, each.outcome, each.value), each)
    return tuple(sorted(unique.values(), key=lambda each: (order[each.outcome], -each.value)))


def _weakest(matches: Iterable[Matched]) -> Authority | None:
    return max((each.release.authority for each in matches), key=_AUTHORITIES.index, default=None)


def _settling(checks: Iterable[Check]) -> tuple[str, ...]:
    helps = (
        CHECKS[each.rule].help
        for each in checks
        if each.outcome is not Outcome.SUPPORTS and each.rule in CHECKS and not each.expected_gap
    )
    return tuple(dict.fromkeys(text for text in helps if text))[:_TOLD]
