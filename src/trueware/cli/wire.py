"""Results and manifests as JSON values: a contract whose schemas stand in `trueware/schema` and only ever grow."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from trueware.model.certificate import CertificateView
from trueware.model.change import Change
from trueware.model.claim import Claim
from trueware.model.explanation import Explanation
from trueware.model.finding import Finding
from trueware.model.part import Part
from trueware.model.result import Result
from trueware.model.signature import Judged

if TYPE_CHECKING:
    from trueware.measuring import Measurement

RESULT_SCHEMA = "urn:trueware:schema:results:1"
SIGNATURES_SCHEMA = "urn:trueware:schema:signatures:1"
MANIFEST_SCHEMA = "urn:trueware:schema:manifests:1"

Json = dict[str, Any]


def results_document(results: list[Result]) -> Json:
    """Return the document that `verify --json` and `diff --json` print."""
    return {"schema": RESULT_SCHEMA, "results": [result_value(result) for result in results]}


def result_value(result: Result) -> Json:
    """Return one result."""
    match = result.match
    return {
        "artefact": result.artefact,
        "size": result.size,
        "sha256": _hex(result.sha256),
        "verdict": result.verdict.value,
        "tier": result.tier.value,
        "vector": result.vector.as_claims(),
        "reason": result.reason,
        "evidence": result.evidence.value,
        "authority": result.authority.value if result.authority else None,
        "match": None
        if match is None
        else {
            "publisher": match.release.publisher,
            "product": match.release.product,
            "version": match.release.version,
            "similarity": round(match.similarity, 4),
            "release": match.release.id,
            "authority": match.release.authority.value,
            "policy": match.release.policy,
            "part": match.part,
        },
        "claims": [claim_value(claim) for claim in result.claims],
        "changes": [change_value(change) for change in result.changes],
        "findings": [finding_value(finding) for finding in result.findings],
        "settle": list(result.settle),
        "signatures": [judged_value(judged) for judged in result.signatures],
        "explanations": [explanation_value(explanation) for explanation in result.explanations],
        "conformity": {
            "state": result.conformity.conformity.value,
            "certificates": [certificate_value(each) for each in result.conformity.certificates],
            "elsewhere": [certificate_value(each) for each in result.conformity.elsewhere],
        },
    }


def certificate_value(view: CertificateView) -> Json:
    """Return one certificate, as it stands."""
    status = view.status
    return {
        "issuer": status.issuer,
        "number": status.number,
        "scheme": status.scheme,
        "sha256": status.sha256.hex(),
        "state": view.conformity.value,
        "since": status.since,
        "until": status.until,
        "reason": status.reason,
    }


def explanation_value(explanation: Explanation) -> Json:
    """Return one effect, with what shows it and what follows from it."""
    effect, told = explanation.effect, explanation.assessment
    return {
        "effect": effect.id,
        "title": effect.title,
        "severity": explanation.severity.value,
        "configured": explanation.configured,
        "owner": effect.owner,
        "technical": effect.technical,
        "references": list(effect.references),
        "guideline": f"guidelines/{effect.id}.md",
        "data": {"reached": list(told.reached), "could_reach": list(told.reachable)},
        "harms": [
            {"stakeholder": harm.stakeholder.value, "level": harm.level, "reason": harm.reason, "source": harm.source}
            for harm in told.harms
        ],
        "actions": [
            {"stakeholder": action.stakeholder.value, "id": action.id, "text": action.text} for action in told.actions
        ],
        "rules": list(told.rules),
        "findings": [finding_value(finding) for finding in explanation.findings],
    }


def judged_value(judged: Judged) -> Json:
    """Return one signature, and what may be made of it."""
    signature = judged.signature
    signer, coverage = signature.signer, signature.coverage
    value: Json = {
        "scheme": signature.scheme,
        "part": signature.part,
        "outcome": signature.outcome.value,
        "standing": judged.standing.value,
        "reason": judged.reason,
        "detail": signature.detail,
        "covers": {
            "whole": coverage.whole,
            "paths": list(coverage.paths),
            "contents": len(coverage.digests),
            "excludes": list(coverage.excludes),
        },
        "statements": [{"name": name, "value": said} for name, said in signature.statements],
    }
    if judged.publisher:
        value["publisher"] = judged.publisher
    if signer is not None:
        value["signer"] = {"ids": list(signer.ids), "name": signer.name}
    if signature.platforms is not None:
        value["platforms"] = {"first": signature.platforms[0], "last": signature.platforms[1]}
    if signature.offset is not None:
        value["offset"] = signature.offset
    if signature.signed_at is not None:
        value["signed_at"] = signature.signed_at
    if signature.altered:
        value["altered"] = list(signature.altered)
    if signature.added:
        value["added"] = list(signature.added)
    return value


def change_value(change: Change) -> Json:
    """Return one change, with both sides as far as there are two."""
    value: Json = {
        "path": change.path,
        "kind": change.kind.value,
        "aspects": list(change.aspects),
        "mutable": change.mutable,
    }
    if change.origin is not None:
        value["origin"] = change.origin
    if change.expected is not None:
        value["expected"] = part_value(change.expected)
    if change.found is not None:
        value["found"] = part_value(change.found)
    return value


def finding_value(finding: Finding) -> Json:
    """Return one finding."""
    value: Json = {
        "rule": finding.rule,
        "part": finding.part,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "detail": finding.detail,
    }
    if finding.offset is not None:
        value["offset"] = finding.offset
    if finding.evidence:
        value["evidence"] = [
            {"where": each.where, "expected": each.expected, "found": each.found} for each in finding.evidence
        ]
    if finding.touches:
        value["touches"] = list(finding.touches)
    return value


def manifest_value(measurement: "Measurement", claims: Iterable[Claim] = ()) -> Json:
    """Return one manifest: every part by its path, parents first, as an iterator, since there may be many."""
    root = measurement.root
    return {
        "artefact": root.name,
        "tree": root.tree.hex(),
        "parts": ({"path": path, **_name(part), **part_value(part)} for path, part in root.walk()),
        "findings": [finding_value(finding) for finding in measurement.findings],
        "banners": {path: list(told) for path, told in sorted(measurement.banners.items())},
        "claims": [claim_value(claim) for claim in claims],
    }


def _name(part: Part) -> Json:
    """Return the name of a part where its path could be read as another one's."""
    return {"name": part.name} if "%" in part.name else {}


def claim_value(claim: Claim) -> Json:
    """Return one claim."""
    return {"name": claim.name, "value": claim.value, "source": claim.source, "part": claim.part}


def part_value(part: Part) -> Json:
    """Return what was measured of one part, without its children; what a container does not record is left out."""
    value: Json = {"kind": part.kind._value_, "size": part.size}  # `value` of an enum is a call in Python
    if part.sha256 is not None:
        value["sha256"] = part.sha256.hex()
    value["tree"] = part.tree.hex()
    if part.mode is not None:
        value["mode"] = f"{part.mode:04o}"
    if part.uid is not None:
        value["uid"] = part.uid
    if part.gid is not None:
        value["gid"] = part.gid
    if part.mtime is not None:
        value["mtime"] = part.mtime
    if part.link is not None:
        value["link"] = part.link
    if part.offset is not None:
        value["offset"] = part.offset
    if part.format is not None:
        value["format"] = part.format
    if part.rdev is not None:
        value["rdev"] = list(part.rdev)
    if part.xattrs:
        value["xattrs"] = {name: attribute.hex() for name, attribute in part.xattrs}
    if part.facts:
        value["facts"] = dict(part.facts)
        if len(value["facts"]) < len(part.facts):  # one name stands several times
            value["fact_list"] = [list(pair) for pair in part.facts]
    if part.notes:
        value["notes"] = dict(part.notes)
    if not part.certain:
        value["certain"] = False
    return value


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()
