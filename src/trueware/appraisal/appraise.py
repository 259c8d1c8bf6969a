"""Reaches the verdict: a pure function of evidence and references.

The checklist (design, two axes):

1. Compare the artefact with every candidate release, under the policy of that release, and judge its signatures.
2. Nothing that must never be trusted is GENUINE, whatever speaks for it.
3. GENUINE: it, or a part it consists of, equals a candidate in everything the policy calls immutable. With warnings where files
   for people lie beside that part: each is named. A list of files is equalled in what it states, with a warning; what it does not
   state and a device obeys (links, set-ID bits, files of an open list) leaves it UNKNOWN, and a release that states more decides.
   What a fleet agrees on is equalled with a warning: nobody vouches for it.
4. TAMPERED: a signature over it is broken, or one that must be there is missing, and no damage explains it. Where it comes from a
   candidate, see 7.
5. GENUINE: signatures of entitled publishers cover all of it.
6. COUNTERFEIT: parts of it contradict each other about who made it, one names a publisher the registry knows, and it does not
   come from a release of theirs.
7. TAMPERED: it comes from a candidate (shares most of its content and does not claim to be another release) and differs where a
   device may not change it. What could not be read is no difference.
8. COUNTERFEIT: it claims to be exactly a registered release and shares next to nothing with it; or it is signed by somebody who
   is not entitled to what it claims.
9. UNKNOWN: everything else, with what would settle it; where a release shares half of it, with the differences from that one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from trueware.appraisal.compare import Lost, Unstated
from trueware.appraisal.damage import Damage
from trueware.appraisal.entitlement import entitled_publishers
from trueware.appraisal.held import DERIVED, DERIVED_SILENT, Held, hold, is_derived
from trueware.appraisal.nearness import counted, if_no_such_release, nearness, places, why_not
from trueware.appraisal.precedence import best_of, rank, standing
from trueware.appraisal.reference import Evidence, References
from trueware.appraisal.signed import Signed, settling
from trueware.appraisal.strength import weakened
from trueware.appraisal.vector import vector_for
from trueware.appraisal.wrapping import Wrapped, surroundings
from trueware.identifying import contradictions
from trueware.identifying.identity import Identity
from trueware.model.change import Change
from trueware.model.claim import SIGNER
from trueware.model.finding import Finding
from trueware.model.listing import Extent
from trueware.model.part import Kind
from trueware.model.release import Release
from trueware.model.result import Match, Result
from trueware.model.rules import RULES
from trueware.model.signature import Judged, Outcome
from trueware.model.verdict import Authority, Tier, TrustVector, Verdict

UNRELATED = 0.1
"""Below this share an artefact that claims to be a release has nothing to do with it."""

_TOLD = 20
"""Things beside a release that are named."""

_NAMED = 3
"""Paths named of those that a copy lost."""


def appraise(artefact: str, evidence: Evidence, references: References) -> Result:
    """Return the result for one artefact; see the module for the order of the checks."""
    signed = Signed.of(evidence, references)
    result = weakened(_appraise(artefact, evidence, references, signed), evidence.strength)
    if not signed.judged:
        return result
    return replace(result, signatures=signed.judged, findings=(*result.findings, *signed.findings()))


def _appraise(artefact: str, evidence: Evidence, references: References, signed: Signed) -> Result:
    identity = Identity.of(evidence.claims)
    held = [hold(evidence.root, identity, reference, references) for reference in references.candidates]
    findings = (*evidence.findings, *references.findings)
    distrusted = references.trust.distrusted
    equal = [
        each
        for each in held
        if each.is_equal
        and not each.reference.unproved
        and f"sha256:{each.reference.release.sha256.hex()}" not in distrusted
    ]
    if (
        signed.altered is not None
    ):  # what was learnt before its signature was looked at may have been tampered with already
        equal = [each for each in equal if _was_signed(each.reference.release)]
    derived = [each for each in held if is_derived(each)]
    equal = standing(equal, derived)
    if equal and signed.barred is None:
        return _genuine(artefact, evidence, min(equal, key=_preference), findings)
    nearest = max(held, key=lambda each: each.alignment.contained, default=None)
    if not derived:
        contradicted = _counterfeit_by_contradiction(artefact, evidence, references, nearest, findings)
        if contradicted is not None:
            return contradicted
    if signed.altered is None and signed.barred is None and signed.reach.complete:
        return _vouched_for(artefact, evidence, signed, findings)
    if derived:
        best = best_of(derived)
        damage = Damage.of(evidence, best.reference.manifest.size)
        if any(damage.leaves_proof(change) for change in best.immutable):
            return _tampered(artefact, evidence, best, findings)
    if signed.altered is not None and not signed.is_excused(evidence):
        return _altered(artefact, evidence, signed.altered, best if derived else None, findings)
    if derived and signed.barred is None:
        return _undecided(artefact, evidence, best, findings)
    if signed.altered is not None:
        return _damaged(artefact, evidence, signed.altered, findings)
    if signed.impostor_of is not None or signed.strange is not None:
        return _signed_by_another(artefact, evidence, signed, findings)
    pretended = [each for each in held if each.agrees and each.alignment.contained < UNRELATED and _was_read(evidence)]
    if pretended:
        return _pretender(artefact, evidence, pretended[0], findings)
    return _unknown(artefact, evidence, references, nearest, findings, signed)


def appraise_exact(
    artefact: str,
    size: int,
    digest: bytes,
    releases: tuple[Release, ...],
    doubts: tuple[Finding, ...] = (),
    wrapped: Wrapped | None = None,
) -> Result:
    """Return the result for an artefact whose bytes (or, for a folder, tree) are those of registered releases.

    Args:
        artefact: its name.
        size: its length in bytes.
        digest: SHA-256 of its bytes, for a folder its Merkle digest.
        releases: at least one.
        doubts: what was noticed on the way, such as another release of these bytes that could not be proved.
        wrapped: what has these bytes, where they are not those of the artefact itself.
    """
    release = min(releases, key=lambda each: (each.at_fault, _STRENGTH[each.authority], each.published))
    path, beside = (wrapped.path, wrapped.beside) if wrapped is not None else ("", ())
    vouched = release.authority is not Authority.CONSENSUS
    vector = vector_for(Verdict.GENUINE, (), at_fault=release.at_fault, complete=not beside, vouched=vouched)
    return Result(
        artefact,
        size,
        digest,
        Verdict.GENUINE,
        vector.tier,
        vector,
        f"{f'its {path} is ' if path else ''}identical to {release.title}{_apart_from(beside)}",
        release.authority,
        Match(release, 1.0),
        release.claims,
        (),
        (*doubts, *_about_release(release), *_outside(beside)),
    )


def _was_signed(release: Release) -> bool:
    """Whether the publisher registered it, or its own signature held when it was learnt: then it is only packed anew."""
    return release.authority is Authority.PUBLISHER or any(claim.name == SIGNER for claim in release.claims)


_STRENGTH = {authority: rank for rank, authority in enumerate(Authority)}


def _preference(each: Held) -> tuple[object, ...]:
    release = each.reference.release
    return (
        release.at_fault,
        rank(each),
        _STRENGTH[release.authority],
        len(each.comparison.changes),
        len(each.comparison.rebuilt),
        each.alignment.expected_path.count("/"),
        -release.published,
    )


def _was_read(evidence: Evidence) -> bool:
    """Whether nothing that matters of the artefact stayed unread."""
    return not any(RULES[finding.rule].unread for finding in evidence.findings)


def _genuine(artefact: str, evidence: Evidence, each: Held, findings: tuple[Finding, ...]) -> Result:
    release = each.reference.release
    changes, part = each.comparison.changes, each.alignment.expected_path
    notes = list(_about_release(release))
    observed = release.authority is Authority.CONSENSUS
    if changes:
        where = f"policy {each.reference.policy.name} allows them"
        where += ", or devices of the fleet were seen to differ" if observed else ""
        notes.append(_finding("mutable-changed", f"{len(changes)} changes, all where {where}"))
    if part:
        notes.append(_finding("part-of-release", f"equals {part} of {release.title}; the other parts were not seen"))
    rebuilt = each.comparison.rebuilt
    if rebuilt or (not changes and evidence.root.sha256 != release.sha256 and not part and not _is_list(release, each)):
        notes.append(_finding("container-rebuilt", "same content, packed differently", rebuilt[0] if rebuilt else ""))
    beside = each.alignment.beside
    notes += _outside(beside)
    listed = each.comparison.unstated.extent is not None
    complete = not beside and each.comparison.lost.is_nothing and not listed
    vector = vector_for(Verdict.GENUINE, changes, at_fault=release.at_fault, complete=complete, vouched=not observed)
    what = f"{part} of {release.title}" if part else release.title
    subject = f"its {each.alignment.found_path} " if each.alignment.found_path else ""
    shown = "" if each.comparison.lost.is_nothing else " and that this copy shows"
    stated = "every file that its list states" if listed else "everything that may not change"
    reason = f"{subject}equals {what} in {stated}{shown}{_apart_from(beside)}"
    return _result(artefact, evidence, Verdict.GENUINE, vector.tier, reason, each, (*findings, *notes), vector=vector)


def _tampered(artefact: str, evidence: Evidence, each: Held, findings: tuple[Finding, ...]) -> Result:
    reason = f"comes from {each.reference.release.title} and was changed {places(each)}"
    return _result(artefact, evidence, Verdict.TAMPERED, Tier.CONTRAINDICATED, reason, each, findings)


def _pretender(artefact: str, evidence: Evidence, each: Held, findings: tuple[Finding, ...]) -> Result:
    name = each.reference.release.title
    note = _finding("claim-mismatch", f"claims to be {name}, of whose content it holds {each.alignment.contained:.0%}")
    reason = f"claims to be {name} and has next to nothing of it"
    return _result(
        artefact, evidence, Verdict.COUNTERFEIT, Tier.CONTRAINDICATED, reason, each, (*findings, note), changes=()
    )


def _vouched_for(artefact: str, evidence: Evidence, signed: Signed, findings: tuple[Finding, ...]) -> Result:
    beside = signed.reach.beside
    notes = [_finding("rests-on-signature", "no registered release equals it"), *_beside_signed(beside)]
    gaps = signed.gaps
    reason = f"signed by {signed.who()}, all of it"
    if beside:
        reason += f"; beside it {counted(len(beside), 'file')} that nobody signed"
    if gaps:
        reason += f", though not for {', '.join(gaps)}"
    outside = any(each.signature.coverage.excludes for each in signed.entitled if each in signed.own)
    vector = vector_for(Verdict.GENUINE, (), complete=not gaps and not beside and not outside)
    return replace(
        _result(artefact, evidence, Verdict.GENUINE, vector.tier, reason, None, (*findings, *notes), vector=vector),
        authority=Authority.PUBLISHER,
    )


def _damaged(artefact: str, evidence: Evidence, judged: Judged, findings: tuple[Finding, ...]) -> Result:
    scheme = judged.signature.scheme
    reason = f"its signature ({scheme}) does not hold, and neither do checksums within: a damaged copy looks like this"
    settle = ("a complete, undamaged copy of the artefact",)
    return _result(artefact, evidence, Verdict.UNKNOWN, Tier.NONE, reason, None, findings, settle=settle)


def _altered(
    artefact: str, evidence: Evidence, judged: Judged, near: Held | None, findings: tuple[Finding, ...]
) -> Result:
    signature = judged.signature
    what = "is broken" if signature.outcome is Outcome.BROKEN else "was taken off"
    where = f" of {signature.part}" if signature.part else ""
    reason = f"the signature{where} ({signature.scheme}) {what}: {signature.detail}"
    return _result(artefact, evidence, Verdict.TAMPERED, Tier.CONTRAINDICATED, reason, near, findings)


def _signed_by_another(artefact: str, evidence: Evidence, signed: Signed, findings: tuple[Finding, ...]) -> Result:
    if signed.strange is not None:
        reason = signed.strange.reason
    else:
        reason = f"presents itself as software of {signed.impostor_of}, and is signed by a key that is not theirs"
    return _result(artefact, evidence, Verdict.COUNTERFEIT, Tier.CONTRAINDICATED, reason, None, findings, changes=())


def _counterfeit_by_contradiction(
    artefact: str, evidence: Evidence, references: References, nearest: Held | None, findings: tuple[Finding, ...]
) -> Result | None:
    contradicting = contradictions(evidence.claims)
    known = entitled_publishers(references.publishers, evidence.claims)
    if not contradicting or not known or not _was_read(evidence):
        return None
    who = ", ".join(sorted(known))
    reason = f"presents itself as software of {who}, and by its own content is not theirs"
    near = nearest if nearest is not None and nearest.alignment.contained >= UNRELATED else None
    notes = (*findings, *contradicting)
    return _result(artefact, evidence, Verdict.COUNTERFEIT, Tier.CONTRAINDICATED, reason, near, notes, changes=())


def _undecided(artefact: str, evidence: Evidence, each: Held, findings: tuple[Finding, ...]) -> Result:
    """No change is proved, and yet not all of the artefact is accounted for."""
    title = each.reference.release.title
    unstated = each.comparison.unstated
    if unstated.extent is Extent.LOOSE:
        files = f"{counted(unstated.listed, 'file')} of it {_are(unstated.listed)}"
        reason = f"{files} listed for {title}, which does not say what is where"
        settle: tuple[str, ...] = (
            f"{title} itself, learnt or published: a list of digests does not say what is where",
        )
    elif not each.immutable and each.covers and not unstated.decides_nothing:
        reason = f"equals every file that the list of {title} states; it says nothing of {_of(unstated)}"
        settle = (f"{title} itself, learnt or published: a list of files does not state all of it",)
    elif not each.immutable and not each.told:
        reason = f"looks like {title}, but for what this archive does not record"
        settle = ("the image itself, or an archive made by root with all extended attributes",)
    elif not each.immutable and each.reference.unproved:
        reason = f"equals {title} in everything that is known of it, which is not all"
        settle = each.reference.unproved
    elif not each.immutable and not each.vouched:
        reason = f"looks like {each.alignment.expected_path} of {title}, where a device may change everything else"
        settle = ("the whole root file system it was taken from",)
    elif each.covers:
        doubt = "programs may read it differently" if _was_read(evidence) else "was not read completely"
        reason = f"looks like {title}, but {doubt}"
        settle = ("a complete, undamaged copy of the artefact",)
    else:
        reason = f"holds {title} in {each.alignment.found_path}, beside or within what no release accounts for"
        settle = ("a release of the whole artefact in the registry", f"{each.alignment.found_path} verified by itself")
        around = (path for path, _ in surroundings(evidence.root, each.alignment.found_path))
        findings = (*findings, *_outside(islice(around, _TOLD)))
    return _result(artefact, evidence, Verdict.UNKNOWN, Tier.NONE, reason, each, findings, settle=settle)


def _unknown(
    artefact: str,
    evidence: Evidence,
    references: References,
    nearest: Held | None,
    findings: tuple[Finding, ...],
    signed: Signed,
) -> Result:
    notes = [*findings, *contradictions(evidence.claims)]
    settle: list[str] = []
    known = entitled_publishers(references.publishers, evidence.claims)
    what = _what(evidence)
    side_by_side = nearest is not None and nearest.reference.release.authority is Authority.COMPARISON
    near = nearest if nearest is not None and (side_by_side or nearest.alignment.contained >= UNRELATED) else None
    notes += _listed_alone(nearest)
    if near is not None:
        notes.append(_finding("nearest-release", nearness(near, Identity.of(evidence.claims))))
        reason = why_not(near, side_by_side=side_by_side)
        if near.conflicts and near.alignment.contained >= DERIVED_SILENT:
            settle.append(if_no_such_release(near, what))
    elif references.is_empty:
        reason = "nothing in the registry resembles it"
    else:
        reason = "no registered release shares enough with it"
    for publisher, (claim, *_) in sorted(known.items()):
        detail = f"{publisher} may say {claim.name} {claim.value!r}, and has registered no such release"
        notes.append(_finding("claim-unregistered", detail))
    settle.insert(
        0,
        f"a release of {what} published or learnt into the registry" if what else "a reference release in the registry",
    )
    if signed.barred is not None:
        reason = signed.barred
    settle += near.reference.unproved if near is not None else ()
    settle += settling(signed)
    if not _was_read(evidence):
        settle.append("a complete copy, or a reader for the parts that could not be read")
    return _result(
        artefact,
        evidence,
        Verdict.UNKNOWN,
        Tier.NONE,
        reason,
        near,
        tuple(notes),
        settle=tuple(settle),
        changes=None if side_by_side or (near is not None and near.alignment.contained >= DERIVED) else (),
    )


def _what(evidence: Evidence) -> str:
    said = {claim.name: claim.value for claim in reversed(evidence.claims)}
    words = [said[name] for name in ("vendor", "product", "package", "version") if name in said]
    return " ".join(words)


def _about_release(release: Release) -> tuple[Finding, ...]:
    notes = []
    if release.withdrawn is not None:
        notes.append(_finding("release-withdrawn", f"{release.title}: {release.withdrawn}"))
    if release.logged is False:
        notes.append(_finding("release-not-logged", f"{release.title} is in the registry, and its log does not say so"))
    if release.authority is not Authority.PUBLISHER:
        notes.append(_finding("weak-authority", f"{release.title} rests on {release.authority.value}"))
    return tuple(notes)


def _apart_from(beside: tuple[str, ...]) -> str:
    return f"; beside it {counted(len(beside), 'file')} of no release" if beside else ""


def _outside(paths: Iterable[str]) -> Iterator[Finding]:
    return (_finding("outside-release", "lies beside the release and is no part of it", path) for path in paths)


def _beside_signed(paths: Iterable[str]) -> Iterator[Finding]:
    return (_finding("outside-release", "lies beside what is signed, and nobody signed it", path) for path in paths)


def _is_list(release: Release, each: Held) -> bool:
    """Whether the release is a list of files that has no bytes of its own to be packed otherwise."""
    return each.comparison.unstated.extent is not None and release.sha256 == release.tree


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _listed_alone(nearest: Held | None) -> Iterator[Finding]:
    """Yield that contents of an artefact are listed for a release that it is a small part of: known is not the same as good."""
    unstated = nearest.comparison.unstated if nearest is not None else None
    if nearest is not None and unstated is not None and unstated.extent is Extent.LOOSE and unstated.listed:
        files = f"{counted(unstated.listed, 'file')} of it {_are(unstated.listed)}"
        detail = f"{files} listed for {nearest.reference.release.title}: known, which does not mean good"
        yield _finding("nearest-release", detail)


def _of(unstated: Unstated) -> str:
    """Return in words what a list says nothing of."""
    told = (
        (unstated.entries, "link or device", "links or devices"),
        (unstated.privileges, "file with a set-ID bit or a capability", "files with set-ID bits or capabilities"),
        (unstated.files, "file", "files"),
    )
    return " and ".join(
        f"{len(paths)} {one if len(paths) == 1 else many} ({_some(paths)})" for paths, one, many in told if paths
    )


def _not_stated(unstated: Unstated) -> Iterator[Finding]:
    """Yield what was not compared, because a list of files does not state it."""
    if unstated.extent is Extent.LOOSE:
        yield _finding(
            "not-checkable", "the release is a list of digests: where its files are, and what is missing, is not stated"
        )
    elif unstated.extent is not None:
        yield _finding(
            "not-checkable",
            "the release is a list of files: permissions, owners and links are not stated, and not compared",
        )
    for paths, what in (
        (unstated.entries, "links and devices"),
        (unstated.privileges, "set-ID bits and capabilities"),
    ):
        if paths:
            yield _finding("not-checkable", f"the list does not state {what}; the artefact has some, at {_some(paths)}")
    yield from _outside(unstated.files[:_TOLD])


def _some(paths: tuple[str, ...]) -> str:
    return ", ".join(paths[:_NAMED]) + (f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else "")


def _lost(lost: Lost) -> Iterator[Finding]:
    for what, paths in (("device nodes", lost.devices), ("extended attributes", lost.attributes)):
        if paths:
            yield _finding("not-checkable", f"this copy has no {what}; the release has, at {_some(paths)}")


def _finding(rule_id: str, detail: str, part: str = "") -> Finding:
    rule = RULES[rule_id]
    return Finding(rule.id, part, detail, rule.severity, rule.confidence)


def _result(
    artefact: str,
    evidence: Evidence,
    verdict: Verdict,
    tier: Tier,
    reason: str,
    each: Held | None,
    findings: tuple[Finding, ...],
    *,
    settle: tuple[str, ...] = (),
    changes: tuple[Change, ...] | None = None,
    vector: TrustVector | None = None,
) -> Result:
    root = evidence.root
    if each is not None and verdict is not Verdict.COUNTERFEIT:
        findings = (*findings, *_lost(each.comparison.lost), *_not_stated(each.comparison.unstated))
    if changes is None:
        changes = each.comparison.changes if each is not None else ()
    match = None
    if each is not None:
        alignment = each.alignment
        whole = not changes and verdict is Verdict.GENUINE and each.comparison.unstated.extent is None
        similarity = 1.0 if whole else min(alignment.shared, 0.9999)
        match = Match(each.reference.release, similarity, alignment.expected_path)
    authority = match.release.authority if match is not None and verdict is not Verdict.UNKNOWN else None
    digest = root.sha256 if root.kind is not Kind.DIRECTORY else root.tree
    return Result(
        artefact,
        root.size,
        digest,
        verdict,
        tier,
        vector or vector_for(verdict, changes),
        reason,
        authority,
        match,
        evidence.claims,
        changes,
        findings,
        settle,
    )
