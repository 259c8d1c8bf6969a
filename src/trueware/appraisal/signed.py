"""What signatures decide, and what is to be said of them.

A broken signature proves a change made after signing, by whomever. A valid one by somebody entitled proves origin, for what it
covers. A valid one by somebody else proves that it is not theirs whose software this claims to be, if their keys are known. What is
listed as never to be trusted proves nothing, whatever else speaks for it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from trueware.appraisal.reference import Evidence, References
from trueware.appraisal.trust import impostors, judge
from trueware.appraisal.vouched import Vouched, main_names, main_paths, speaks_for, vouched
from trueware.appraisal.wrapping import way
from trueware.model.claim import SIGNER, Claim
from trueware.model.finding import Finding
from trueware.model.part import Part
from trueware.model.release import Release
from trueware.model.rules import RULES
from trueware.model.signature import ROTATED_FROM, Judged, Outcome, Standing

_NAMED = 3
"""Paths named of what is not covered."""

_DAMAGE = frozenset({"checksum-mismatch", "malformed"})
_SUMMED = frozenset({"zip", "gzip", "xz", "bzip2", "lz4", "lzop", "zstd"})
"""Formats that have a checksum over each content, which every program that packs them makes."""

_RULE_OF = {
    Outcome.BROKEN: "signature-broken",
    Outcome.STRIPPED: "signature-stripped",
    Outcome.UNCHECKABLE: "signature-not-checkable",
    Standing.UNKNOWN_KEY: "signer-unknown",
    Standing.NOT_ENTITLED: "signer-not-entitled",
    Standing.OUT_OF_SCOPE: "signer-out-of-scope",
    Standing.NEVER_TRUST: "signer-never-trust",
    Standing.REVOKED: "signer-revoked",
    Standing.OUT_OF_TIME: "signer-out-of-time",
}


@dataclass(frozen=True, slots=True)
class Signed:
    """The signatures of one artefact, judged, and what follows from them."""

    judged: tuple[Judged, ...] = ()
    own: tuple[Judged, ...] = ()
    """Those that are about the artefact itself."""

    entitled: tuple[Judged, ...] = ()
    reach: Vouched = field(default_factory=lambda: Vouched(complete=False))
    """How far those of entitled signers go."""

    impostor_of: str | None = None
    """Whose software it claims to be, where somebody else signed it and their keys are known."""

    barred: str | None = None
    """Why it must not be trusted whatever speaks for it: it, or whoever signed it, is listed or was taken back."""

    changed: tuple[Release, ...] = ()
    """Registered releases of the same package that others signed."""

    @classmethod
    def of(cls, evidence: Evidence, references: References) -> "Signed":
        """Judge the signatures of an artefact."""
        trust, publishers, claims = references.trust, references.publishers, evidence.claims
        names = main_names(evidence.root) if trust.distrusted else ()
        listed = next((trust.distrusted[name] for name in names if name in trust.distrusted), None)
        if listed is not None:
            return cls(barred=f"{listed.id} must not be trusted: {listed.reason}")
        if not evidence.signatures:
            return cls()
        judged = tuple(judge(each, trust, publishers, claims, references.now) for each in evidence.signatures)
        main = main_paths(evidence.root)
        own = tuple(each for each in judged if speaks_for(each, main))
        entitled = _enough(judged)
        reach = vouched(evidence.root, (each.signature for each in entitled))
        changed = tuple(_changed_signers(own, claims, references))
        barred = [each.reason for each in own if each.standing in (Standing.NEVER_TRUST, Standing.REVOKED)]
        return cls(
            judged, own, entitled, reach, impostors(own, trust, publishers, claims), next(iter(barred), None), changed
        )

    @property
    def altered(self) -> Judged | None:
        """The first signature about the artefact that proves a change."""
        wrong = (each for each in self.own if each.signature.outcome in (Outcome.BROKEN, Outcome.STRIPPED))
        return next((each for each in wrong if each.signature.enforced), None)

    def is_excused(self, evidence: Evidence) -> bool:
        """Tell whether damage explains what `altered` proves: the copy is cut short, or a checksum of an archive does not fit.

        Whoever changes what is in an archive packs it anew, and gets its checksums right by that. Digests that belong to a
        signature (of a boot image, of a partition) are no such: they fail because the signature does.
        """
        return any(
            finding.rule == "truncated" or (finding.rule in _DAMAGE and _is_summed(evidence.root, finding.part))
            for finding in evidence.findings
        )

    @property
    def strange(self) -> Judged | None:
        """The first valid signature about the artefact by a key that may not sign it."""
        return next((each for each in self.own if each.standing is Standing.NOT_ENTITLED), None)

    @property
    def unknown(self) -> Judged | None:
        """The first valid signature about the artefact by a key that nobody is known by."""
        return next((each for each in self.own if each.standing is Standing.UNKNOWN_KEY), None)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Platforms for which no entitled signature counts though there is one for others, in words."""
        ranges = [each.signature.platforms for each in self.entitled if each.signature.platforms is not None]
        first = min((since for since, _ in ranges), default=0)
        asked = [
            each.signature.platforms
            for each in self.own
            if each.signature.platforms is not None and each.standing is not Standing.ENTITLED
        ]
        return tuple(f"Android API {since} to {until}" for since, until in asked if until is not None and until < first)

    def findings(self) -> Iterator[Finding]:
        """Yield what is to be said, one finding for all signatures of one kind by one signer."""
        groups: dict[tuple[str, str, str], list[Judged]] = {}
        for each in self.judged:
            rule = _RULE_OF.get(each.signature.outcome) or _RULE_OF.get(each.standing)
            if each.standing is Standing.NEVER_TRUST:
                rule = _RULE_OF[Standing.NEVER_TRUST]
            if rule is not None:
                signer = each.signature.signer.ids[0] if each.signature.signer is not None else ""
                groups.setdefault((rule, each.signature.scheme, signer), []).append(each)
        for (rule_id, scheme, _), members in groups.items():
            first = members[0]
            more = f" (and {len(members) - 1} more like it)" if len(members) > 1 else ""
            yield _finding(rule_id, f"{scheme}: {first.reason}{more}", first.signature.part, first.signature.offset)
        for release in self.changed:
            yield _finding("signer-changed", f"{release.title} is signed by another key")
        if self.entitled and not self.reach.complete:
            named = ", ".join(repr(path) if path else "the artefact itself" for path in self.reach.missing[:_NAMED])
            yield _finding(
                "signature-partial", f"signed by {self.entitled[0].publisher}, but not covered: {named or 'all'}"
            )
        excluded = dict.fromkeys(what for each in self.entitled for what in each.signature.coverage.excludes)
        for what in excluded:
            yield _finding("signature-partial", f"not covered by the signature of {self.entitled[0].publisher}: {what}")

    def who(self) -> str:
        """Return the publishers that are entitled, and by which schemes, for a sentence."""
        signers: dict[str, list[str]] = {}
        for each in self.entitled:
            signers.setdefault(each.publisher, []).append(each.signature.scheme)
        return " and ".join(f"{name} ({', '.join(dict.fromkeys(schemes))})" for name, schemes in signers.items())


def _changed_signers(own: Iterable[Judged], claims: Iterable[Claim], references: References) -> Iterator[Release]:
    """Yield the releases of the same package, latest first, of which no signer is among those of the artefact."""
    ours = {
        name
        for each in own
        if each.signature.outcome is Outcome.VALID and each.signature.signer is not None
        for name in each.signature.signer.ids
    }
    named = {claim.value for claim in claims if claim.name == "package"}
    for reference in references.candidates:
        said = reference.release.claims
        theirs = {claim.value for claim in said if claim.name == SIGNER}
        if ours and theirs and not ours & theirs and any(c.name == "package" and c.value in named for c in said):
            yield reference.release


def _is_summed(root: Part, path: str) -> bool:
    """Whether what is at `path` is such an archive, or directly in one."""
    return any(part.format in _SUMMED for _, part in way(root, path)[-2:])


def _enough(judged: tuple[Judged, ...]) -> tuple[Judged, ...]:
    """Return the signatures of entitled signers, without those that fewer keys made than must."""
    keys: dict[tuple[object, ...], set[str]] = {}
    for each in judged:
        if each.standing is Standing.ENTITLED:
            keys.setdefault(_same(each), set()).add(each.key)
    return tuple(
        each for each in judged if each.standing is Standing.ENTITLED and len(keys[_same(each)]) >= each.threshold
    )


def _same(judged: Judged) -> tuple[object, ...]:
    """Return what signatures have in common that count together: whose they are, and what is signed."""
    signature = judged.signature
    said = tuple(each for each in signature.statements if each[0] != ROTATED_FROM)
    about = (signature.coverage.whole, signature.coverage.digests, signature.platforms, said)
    return (judged.publisher, signature.scheme, signature.part, *about)


def settling(signed: Signed) -> Iterable[str]:
    """Yield what would settle it, as far as keys are missing."""
    if (each := signed.unknown) is not None and each.signature.signer is not None:
        signer = each.signature.signer
        name = f" ({signer.name})" if signer.name else ""
        yield f"whose key {signer.ids[0]}{name} is, from the publisher, admitted with `trueware trust add`"


def _finding(rule_id: str, detail: str, part: str = "", offset: int | None = None) -> Finding:
    rule = RULES[rule_id]
    return Finding(rule.id, part, detail, rule.severity, rule.confidence, offset)
