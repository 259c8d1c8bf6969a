"""Combines what is known of one device into a case: each facet from its strongest evidence, and where the sides contradict.

Which evidence is strongest depends on the facet. What runs, which hardware it is and who the device is, only the device can show,
and only its hardware can show it so that software cannot lie: attested before measured before self-reported. What lies in its
storage is best measured by us from the bytes, then attested. Equals in strength: the worse counts. Weaker evidence that says worse
is not dropped: it is a contradiction, and keeps the case from being GENUINE.

The checklist:

1. The sides are compared: identity (attested against reported, one attester against another), what the image is with what runs,
   and what the image says of its product with what the hardware says.
2. Each facet is told by its strongest evidence. Evidence that is refused, whose signer is not shown, or that answers no challenge
   affirms nothing; what it says gravely against the device is told all the same.
3. The verdict is the worst of the members; a contradiction leaves nothing better than UNKNOWN, and one between a genuine image and
   software that runs and is not genuine is TAMPERED, for the device does not run its image. The tier is no better than any member's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from trueware.appraisal.ar4si import CONTRAINDICATED, assign
from trueware.appraisal.live.believed import is_believed, is_of_this_device, is_open
from trueware.appraisal.live.checks import (
    CASE_BOOT,
    CASE_IDENTITY,
    CASE_MODEL,
    CASE_RELEASE,
    CASE_RUNNING,
    CASE_VERIFIED,
    DEVICE_CLAIMED,
)
from trueware.model.attested import Appraisal
from trueware.model.case import Case, Facet, Said
from trueware.model.check import Aspect, Check, Outcome
from trueware.model.claim import BOOT_HASH
from trueware.model.result import Result
from trueware.model.signature import Outcome as Signed
from trueware.model.strength import Strength
from trueware.model.verdict import Tier, TrustVector, Verdict, tier_floor, tier_of

IDENTITIES = ("imei", "second-imei", "meid", "serial", "ueid", "instance-id")
"""Claims that name one device."""

MODELS = (
    ("brand", "vendor"),
    ("manufacturer", "vendor"),
    ("model", "product"),
    ("device", "board"),
    ("product", "product"),
)
"""Claims of the hardware, with what an image calls the same."""

_GRAVITY = (Verdict.GENUINE, Verdict.UNKNOWN, Verdict.TAMPERED, Verdict.COUNTERFEIT)
_WORSE = (Tier.AFFIRMING, Tier.NONE, Tier.WARNING, Tier.CONTRAINDICATED)
_RUNS = (Strength.ATTESTED, Strength.MEASURED, Strength.SELF_REPORTED)
_LIES = (Strength.MEASURED, Strength.ATTESTED, Strength.SELF_REPORTED)
_ORDER = {
    Facet.HARDWARE: _RUNS,
    Facet.IDENTITY: _RUNS,
    Facet.BOOT: _RUNS,
    Facet.EXECUTABLES: _RUNS,
    Facet.FILE_SYSTEM: _LIES,
    Facet.CONFIGURATION: _RUNS,
}
_ASPECT = {
    Facet.HARDWARE: (Aspect.HARDWARE,),
    Facet.IDENTITY: (Aspect.IDENTITY, Aspect.EVIDENCE),
    Facet.BOOT: (Aspect.BOOT,),
    Facet.EXECUTABLES: (Aspect.EXECUTABLES,),
    Facet.FILE_SYSTEM: (Aspect.FILE_SYSTEM,),
    Facet.CONFIGURATION: (Aspect.CONFIGURATION, Aspect.STORAGE),
}
_CLAIM = {
    Facet.HARDWARE: "hardware",
    Facet.IDENTITY: "instance_identity",
    Facet.BOOT: "",
    Facet.EXECUTABLES: "executables",
    Facet.FILE_SYSTEM: "file_system",
    Facet.CONFIGURATION: "configuration",
}


def combine(
    device: str,
    results: Sequence[Result],
    appraisals: Sequence[Appraisal],
    reported: Mapping[str, str] | None = None,
) -> Case:
    """Return the case of a device.

    Args:
        device: what it is called.
        results: of its images and listings.
        appraisals: of its live evidence.
        reported: what was said of it, by the names of `IDENTITIES`: by a network, an owner, a label.

    Raises:
        ValueError: nothing is known of it.
    """
    if not results and not appraisals:
        raise ValueError("a case needs an image or evidence")
    contradictions = (
        *_identities(appraisals, reported or {}),
        *_releases(results, appraisals),
        *_models(results, appraisals),
    )
    facets = tuple(_said(facet, results, appraisals) for facet in Facet)
    verdict, reason = _verdict(results, appraisals, contradictions)
    values = {_CLAIM[each.facet]: each.value for each in facets if each.value and _CLAIM[each.facet]}
    vector = _with(TrustVector(**values), contradictions, facets)
    tiers = (vector.tier, *(each.tier for each in results), *(each.tier for each in appraisals))
    tier = max(tiers, key=_WORSE.index)
    if verdict is Verdict.UNKNOWN and tier is Tier.AFFIRMING:
        tier = Tier.NONE
    told = [*(each.settle for each in results), *(each.settle for each in appraisals)]
    settle = tuple(dict.fromkeys(text for texts in told for text in texts))
    return Case(
        device,
        verdict,
        tier,
        vector,
        reason,
        facets,
        contradictions,
        tuple(results),
        tuple(appraisals),
        settle if verdict is Verdict.UNKNOWN else (),
    )


def _identities(appraisals: Iterable[Appraisal], reported: Mapping[str, str]) -> Iterator[Check]:
    """Yield where the device's names contradict each other; evidence that is refused says nothing."""
    known: dict[str, tuple[set[str], str]] = {}
    for appraisal in (each for each in appraisals if not each.refused):
        for kind, values in _names(appraisal).items():
            before, whose = known.setdefault(kind, (values, appraisal.attester))
            if not before & values:
                yield CASE_IDENTITY.contradicts(
                    f"{whose} and {appraisal.attester} are different devices",
                    kind,
                    expected=", ".join(sorted(before)),
                    found=", ".join(sorted(values)),
                )
            said = reported.get(kind)
            if said is None:
                continue
            if normal(kind, said) not in values:
                detail = f"{appraisal.attester} says another than was reported"
                yield DEVICE_CLAIMED.contradicts(detail, kind, expected=said, found=", ".join(sorted(values)))
            elif is_believed(appraisal.checks):
                yield DEVICE_CLAIMED.supports(f"the hardware says so too ({appraisal.attester})", kind, found=said)


def _names(appraisal: Appraisal) -> dict[str, set[str]]:
    """Return what evidence calls its device, by the kind of name; a phone with two modems has two IMEIs."""
    found: dict[str, set[str]] = {}
    for claim in appraisal.claims:
        if claim.name in IDENTITIES and (value := normal(claim.name, claim.value)):
            found.setdefault(_kind(claim.name), set()).add(value)
    return found


def _kind(name: str) -> str:
    return "imei" if name == "second-imei" else name


def normal(name: str, value: str) -> str:
    """Return an identifier as it is compared: an IMEI without its check digit or software version (3GPP TS 23.003 §6.2)."""
    text = value.strip().casefold()
    if _kind(name) == "imei":
        digits = "".join(each for each in text if each.isdecimal())
        return digits[:14] if len(digits) in (14, 15, 16) else digits
    return text.replace(":", "").replace("-", "").replace(" ", "")


def _releases(results: Iterable[Result], appraisals: Iterable[Appraisal]) -> Iterator[Check]:
    """Yield where what lies on the device and what runs on it cannot both be so."""
    for result in results:
        for appraisal in appraisals:
            if appraisal.refused:
                continue
            running = [each.release for each in appraisal.matches]
            if result.verdict is Verdict.GENUINE and appraisal.verdict is Verdict.TAMPERED:
                detail = f"{result.artefact} is genuine, and what runs is not: {appraisal.reason}"
                yield CASE_RUNNING.contradicts(detail, result.artefact)
            elif result.verdict in (Verdict.TAMPERED, Verdict.COUNTERFEIT) and appraisal.verdict is Verdict.GENUINE:
                detail = f"the device attests genuine software, and {result.artefact} is {result.verdict.value}: {result.reason}"
                yield CASE_BOOT.contradicts(detail, result.artefact)
            yield from _verified_boot(result, appraisal)
            release = result.match.release if result.match is not None else None
            if release is None or result.verdict is not Verdict.GENUINE:
                continue
            same = [each for each in running if (each.publisher, each.product) == (release.publisher, release.product)]
            if same and all(each.version != release.version for each in same):
                detail = f"{result.artefact} is {release.title}; the device runs {same[0].title}"
                yield CASE_RELEASE.contradicts(detail, result.artefact, expected=release.title, found=same[0].title)


def _verified_boot(result: Result, appraisal: Appraisal) -> Iterator[Check]:
    """Yield whether what a phone's boot loader verified is this very image: the digest over all its vbmeta structures."""
    attested = {each.value for each in appraisal.claims if each.name == BOOT_HASH}
    own = {
        value
        for each in result.signatures
        if each.signature.outcome is Signed.VALID
        for name, value in each.signature.statements
        if name == BOOT_HASH
    }
    if not attested or not own:
        return
    found = ", ".join(sorted(attested))
    if attested & own:
        yield CASE_VERIFIED.supports("the phone's boot loader verified this very image", result.artefact, found=found)
    else:
        detail = "the phone's boot loader verified other software than this image"
        yield CASE_VERIFIED.contradicts(detail, result.artefact, expected=", ".join(sorted(own)), found=found)


def _models(results: Iterable[Result], appraisals: Iterable[Appraisal]) -> Iterator[Check]:
    """Yield where an image is for another model than the hardware says it is."""
    for appraisal in (each for each in appraisals if not each.refused):
        for result in results:
            for ours, theirs in MODELS:
                attested = {each.value.casefold() for each in appraisal.claims if each.name == ours and each.value}
                claimed = {each.value.casefold() for each in result.claims if each.name == theirs and each.value}
                if attested and claimed and not any(_alike(one, other) for one in attested for other in claimed):
                    yield CASE_MODEL.contradicts(
                        f"{result.artefact} is for another {theirs} than the hardware's {ours}",
                        result.artefact,
                        expected=", ".join(sorted(attested)),
                        found=", ".join(sorted(claimed)[:3]),
                    )


def _alike(one: str, other: str) -> bool:
    return one in other or other in one


def _said(facet: Facet, results: Iterable[Result], appraisals: Iterable[Appraisal]) -> Said:
    words = [*_by_images(facet, results), *_by_evidence(facet, appraisals)]
    for strength in _ORDER[facet]:
        among = [each for each in words if each.strength is strength and each.tier is not Tier.NONE]
        if among:
            return max(among, key=lambda each: (tier_floor(each.value), each.value))
    told = next((each.detail for each in words), "no evidence speaks of it")
    return Said(facet, Tier.NONE, told)


def _by_images(facet: Facet, results: Iterable[Result]) -> Iterator[Said]:
    if facet in (Facet.HARDWARE, Facet.IDENTITY, Facet.BOOT):
        return
    for result in results:
        value = getattr(result.vector, _CLAIM[facet])
        detail = f"the programs in it: {result.reason}" if facet is Facet.EXECUTABLES and value else result.reason
        yield Said(facet, tier_of(value), detail, result.evidence, result.artefact, value)


def _by_evidence(facet: Facet, appraisals: Iterable[Appraisal]) -> Iterator[Said]:
    for appraisal in appraisals:
        checks = [each for each in appraisal.checks if each.aspect in _ASPECT[facet]]
        if appraisal.refused and facet is not Facet.IDENTITY:
            continue
        shown = [each for each in checks if each.outcome is not Outcome.NOT_SHOWN and each.value]
        whole = is_believed(appraisal.checks) and is_of_this_device(appraisal.checks)
        if not whole or is_open(checks, frozenset(_ASPECT[facet])):
            shown = [each for each in shown if each.outcome is Outcome.CONTRADICTS]
        if not whole:
            shown = [each for each in shown if tier_floor(each.value) == CONTRAINDICATED]
        if facet is Facet.IDENTITY:
            shown = [each for each in shown if each.aspect is Aspect.IDENTITY or each.outcome is Outcome.CONTRADICTS]
        value = assign(each.value for each in shown)
        telling = next((each for each in shown if each.value == value), None) or next(
            (each for each in checks if each.outcome is Outcome.NOT_SHOWN), next(iter(checks), None)
        )
        if telling is not None:
            detail = f"{telling.place}: {telling.detail}" if telling.place else telling.detail
            strength = Strength.ATTESTED if shown else None
            yield Said(facet, tier_of(value), detail, strength, appraisal.attester, value)


def _verdict(
    results: Sequence[Result], appraisals: Sequence[Appraisal], contradictions: Sequence[Check]
) -> tuple[Verdict, str]:
    members = [*((each.verdict, each.reason, each.artefact) for each in results)]
    members += [(each.verdict, each.reason, each.attester) for each in appraisals]
    worst = max(members, key=lambda each: _GRAVITY.index(each[0]))
    against = [each for each in contradictions if each.outcome is Outcome.CONTRADICTS]
    verdict, reason = worst[0], f"{worst[2]}: {worst[1]}"
    if against and verdict is Verdict.GENUINE:
        return Verdict.UNKNOWN, against[0].detail
    if against and verdict is Verdict.TAMPERED:
        return verdict, against[0].detail if against[0].rule == CASE_RUNNING.id else reason
    return verdict, reason


def _with(vector: TrustVector, contradictions: Iterable[Check], facets: Iterable[Said]) -> TrustVector:
    """Return the vector with what the contradictions ask for; boot counts among executables."""
    values: dict[str, list[int]] = {name: [value] for name in vector.__slots__ if (value := getattr(vector, name))}
    names = {Aspect.IDENTITY: "instance_identity", Aspect.EXECUTABLES: "executables", Aspect.HARDWARE: "hardware"}
    for each in facets:
        if each.facet is Facet.BOOT and each.value:
            values.setdefault("executables", []).append(each.value)
    for check in contradictions:
        if check.outcome is Outcome.CONTRADICTS:
            values.setdefault(names.get(check.aspect, "executables"), []).append(check.value)
    return TrustVector(**{name: assign(each) for name, each in values.items()})
