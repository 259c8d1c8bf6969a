"""Judges signatures: was the signer entitled to sign this? The bytes were checked before; here keys, claims and time are.

1. Only a signature that is valid over the bytes says anything about its signer.
2. Never-trust comes first: if the key, one of the certificates or the signed thing itself is listed, nothing else is asked.
3. The signer is known: the key or certificate is an anchor, or a certificate path leads to an anchor that issues.
4. Its key was not taken back, nor one on the way to it: not under this name, nor another name, nor by another publisher.
5. The time fits: that of signing where it is stated, else now, within the anchor's and (where verifiers of the scheme mind it) the
   certificates' validity. A time that does not fit is no tampering: it cannot be told.
6. The claims are the publisher's to make: none that only others are entitled to, and those in the anchor's scope within it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from trueware.appraisal.entitlement import is_entitled
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.claim import OWNED, Claim
from trueware.model.release import Publisher
from trueware.model.signature import ROTATED_FROM, Judged, Outcome, Signature, Standing
from trueware.signatures.contract import Key, Keyring


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe: what a registry knows of keys."""

    anchors: tuple[Anchor, ...] = ()
    distrusted: Mapping[str, Distrusted] = field(default_factory=dict)
    """By id, of all that occur in what is appraised."""

    public: Mapping[str, Distrusted] = field(default_factory=dict)
    """By id, keys whose secret halves anybody has: named where they occur, they bar nothing."""

    _index: "list[_Index]" = field(default_factory=list, repr=False, compare=False)
    """Made when it is first asked for, and shared by copies that list something else: a registry may have anchors by the ten
    thousand. A copy with other anchors needs one of its own."""

    @property
    def index(self) -> "_Index":
        """The anchors by what signatures call them."""
        if not self._index:
            self._index.append(_Index.of(self.anchors))
        return self._index[0]

    def keyring(self) -> Keyring:
        """Return the keys, for schemes whose signatures only name theirs."""
        return Keyring(_key(each) for each in self.anchors)


@dataclass(frozen=True, slots=True)
class _Index:
    named: Mapping[str, tuple[Anchor, ...]]
    """By each name of its key that nobody else could give a key of theirs."""

    issuing: Mapping[bytes, tuple[Anchor, ...]]
    """Certificates that issue, by subject (DER)."""

    @classmethod
    def of(cls, anchors: Iterable[Anchor]) -> "_Index":
        from trueware.signatures.keys import strong_names_of  # noqa: PLC0415 (start-up time)
        from trueware.signatures.x509 import subject_of  # noqa: PLC0415

        named: dict[str, list[Anchor]] = {}
        issuing: dict[bytes, list[Anchor]] = {}
        for anchor in anchors:
            for name in strong_names_of(_key(anchor)):
                named.setdefault(name, []).append(anchor)
            if anchor.issues and anchor.kind == "x509":
                issuing.setdefault(subject_of(anchor.data), []).append(anchor)
        return cls(
            {name: tuple(found) for name, found in named.items()},
            {subject: tuple(found) for subject, found in issuing.items()},
        )


def _key(anchor: Anchor) -> Key:
    return Key(anchor.kind, anchor.id, anchor.data, anchor.name)


def names(signature: Signature) -> tuple[str, ...]:
    """Return every name by which a list of distrusted things may know a signature's key, certificates or subject."""
    from trueware.signatures.x509 import every_name  # noqa: PLC0415 (start-up time)

    found = list(signature.subjects)
    if signature.signer is not None:
        found += signature.signer.ids
        for certificate in signature.signer.certificates:
            found += every_name(certificate)
    return tuple(dict.fromkeys(found))


def names_at_hand(signature: Signature, trust: Trust) -> tuple[str, ...]:
    """Return the names of the certificates by which the signer's key is known.

    The certificate that comes with a signature may be another one of the same key: many schemes do not look at it.
    """
    from trueware.signatures.x509 import every_name  # noqa: PLC0415 (start-up time)

    ids = signature.signer.ids if signature.signer is not None else ()
    anchors = {each.id: each for name in ids for each in trust.index.named.get(name, ()) if each.kind == "x509"}
    return tuple(dict.fromkeys(name for each in anchors.values() for name in every_name(each.data)))


def judge(
    signature: Signature, trust: Trust, publishers: Iterable[Publisher], claims: Iterable[Claim], now: int
) -> Judged:
    """Return what may be made of a signature; see the module for the order of the checks.

    Args:
        signature: checked against the bytes.
        trust: anchors, and what of it must not be trusted.
        publishers: everybody enrolled, with what they may claim.
        claims: what the signed software says of itself.
        now: seconds since 1970.
    """
    every = (*names(signature), *names_at_hand(signature, trust))
    listed = next((trust.distrusted[name] for name in every if name in trust.distrusted), None)
    if listed is not None:  # 2
        return Judged(signature, Standing.NEVER_TRUST, f"{listed.id} must not be trusted: {listed.reason}")
    if signature.outcome is not Outcome.VALID or signature.signer is None:  # 1
        known = _public(signature, trust)
        return Judged(signature, Standing.NONE, signature.detail + (f"; its key is {known.reason}" if known else ""))
    anchors = tuple(_anchors(signature, trust))  # 3
    if not anchors:
        name, known = signature.signer.ids[0], _public(signature, trust)
        told = f"no publisher is known to sign with {name}" if known is None else f"{name} is {known.reason}"
        return Judged(signature, Standing.UNKNOWN_KEY, told)
    if (lost := _taken_back(signature, anchors, trust)) is not None:  # 4
        reason = f"the key of {lost.publisher} was taken back: {lost.revoked}"
        return Judged(signature, Standing.REVOKED, reason, lost.publisher)
    everybody = {publisher.name: publisher for publisher in publishers}
    return min(
        (_judge_anchor(signature, each, everybody, tuple(claims), now) for each in anchors),
        key=lambda judged: _ORDER[judged.standing],
    )


def _public(signature: Signature, trust: Trust) -> Distrusted | None:
    ids = signature.signer.ids if signature.signer is not None else ()
    return next((trust.public[name] for name in ids if name in trust.public), None)


_ORDER = {standing: rank for rank, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True)
class _Found:
    anchor: Anchor
    since: int | None = None
    until: int | None = None
    """Of the certificates on the way."""

    direct: bool = True
    """Whether the anchor is the signer's own key, and not one that issued its certificate."""


def _anchors(signature: Signature, trust: Trust) -> Iterable[_Found]:
    from trueware.signatures.x509 import find_path, issuers_of  # noqa: PLC0415 (start-up time)

    signer = signature.signer
    assert signer is not None  # noqa: S101 (the caller's check)
    former = (value for name, value in signature.statements if name == ROTATED_FROM)
    ids = dict.fromkeys((*signer.ids, *former))  # a key that an anchor named as its successor, proved by the scheme
    direct = {(each.publisher, each.id): each for name in ids for each in trust.index.named.get(name, ())}
    yield from map(_Found, direct.values())
    if not signer.certificates or not trust.index.issuing:
        return
    for subject in issuers_of(signer.certificates):
        for anchor in trust.index.issuing.get(subject, ()):
            if (anchor.publisher, anchor.id) not in direct:
                path = find_path(signer.certificates, (anchor.data,))
                if path is not None:
                    yield _Found(anchor, path.since, path.until, direct=False)


def _taken_back(signature: Signature, anchors: Iterable[_Found], trust: Trust) -> Anchor | None:
    """Return an anchor that was taken back and is the signer's, or that of a certificate that came along."""
    from trueware.signatures.x509 import certificate_ids  # noqa: PLC0415 (start-up time)

    assert signature.signer is not None  # noqa: S101 (the caller's check)
    names = (name for each in signature.signer.certificates for name in certificate_ids(each))
    others = (each for name in names for each in trust.index.named.get(name, ()))
    found = (*(each.anchor for each in anchors), *others)
    return next((each for each in found if each.revoked is not None), None)


def _judge_anchor(
    signature: Signature, found: _Found, everybody: Mapping[str, Publisher], claims: tuple[Claim, ...], now: int
) -> Judged:
    anchor = found.anchor

    key = anchor.id if found.direct or signature.signer is None else signature.signer.ids[0]

    def judged(standing: Standing, reason: str) -> Judged:
        return Judged(signature, standing, reason, anchor.publisher, key=key)

    at = now if signature.signed_at is None else signature.signed_at  # 5
    spans = [(anchor.since, anchor.until, "the key")]
    if signature.dated:
        spans.append((found.since, found.until, "a certificate"))
    for since, until, what in spans:
        if (since is not None and at < since) or (until is not None and at > until):
            stated = "when it was signed" if signature.signed_at is not None else "now"
            return judged(Standing.OUT_OF_TIME, f"{what} of {anchor.publisher} is not valid {stated}")
    publisher = everybody.get(anchor.publisher, Publisher(anchor.publisher))  # 6
    others = [each for each in everybody.values() if each.name != anchor.publisher]
    for claim in claims:
        if claim.name not in OWNED or is_entitled(publisher, claim):
            continue
        if (owner := next((each.name for each in others if is_entitled(each, claim)), None)) is not None:
            said = f"{claim.name} {claim.value!r}"
            return judged(Standing.NOT_ENTITLED, f"signed by {anchor.publisher}, but {said} is {owner}'s to say")
    for name in dict.fromkeys(each.name for each in anchor.scope):
        values = [claim for claim in claims if claim.name == name]
        scoped = Publisher(anchor.publisher, entitlements=anchor.scope)
        if not values:
            return judged(
                Standing.OUT_OF_SCOPE, f"this key of {anchor.publisher} is for a {name} that nothing here names"
            )
        if (other := next((claim for claim in values if not is_entitled(scoped, claim)), None)) is not None:
            return judged(Standing.NOT_ENTITLED, f"this key of {anchor.publisher} is not for {name} {other.value!r}")
    return replace(judged(Standing.ENTITLED, f"signed by {anchor.publisher}"), threshold=anchor.threshold)


def impostors(
    judged: Iterable[Judged], trust: Trust, publishers: Iterable[Publisher], claims: Iterable[Claim]
) -> str | None:
    """Return whose software this claims to be while others signed it; None where nobody's, or where theirs cannot be told.

    A publisher counts whose claim it is and whose keys of that kind are known, unless one of these signatures is theirs.
    """
    publishers = tuple(publishers)
    signed = [each for each in judged if each.signature.outcome is Outcome.VALID and each.signature.signer is not None]
    theirs = {each.publisher for each in signed}
    signers = [each for each in publishers if each.name in theirs]
    owned = [claim for claim in claims if claim.name in OWNED and not any(is_entitled(each, claim) for each in signers)]
    kinds = {kind for each in signed for kind in _kinds(each.signature)}
    if not owned or not kinds:
        return None
    for publisher in publishers:
        if publisher.name in theirs or not any(is_entitled(publisher, claim) for claim in owned):
            continue
        anchors = (each for each in trust.anchors if each.publisher == publisher.name and each.revoked is None)
        if any(_kind_of(anchor) in kinds and _is_for(anchor, owned) for anchor in anchors):
            return publisher.name
    return None


def _kinds(signature: Signature) -> frozenset[str]:
    """Return of which kinds a key is that could have made the signature: a stranger's feed says nothing of who signs apps."""
    assert signature.signer is not None  # noqa: S101 (the caller's check)
    own = {name.partition(":")[0] for name in signature.signer.ids}
    return frozenset(own | {"x509"} if signature.signer.certificates or "cert-sha256" in own else own)


def _kind_of(anchor: Anchor) -> str:
    return "x509" if anchor.kind == "x509" else anchor.id.partition(":")[0]


def _is_for(anchor: Anchor, owned: list[Claim]) -> bool:
    """Whether the anchor is for software that claims this: a key for routers says nothing of who signs a publisher's apps."""
    scoped = Publisher(anchor.publisher, entitlements=anchor.scope)
    return all(any(c.name == name and is_entitled(scoped, c) for c in owned) for name in {e.name for e in anchor.scope})
