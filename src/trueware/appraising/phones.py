"""Evidence of phones: Android key attestation, beside publishers' keys, releases, and what was reported."""

from collections.abc import Iterator, Mapping, Sequence

from trueware.appraisal.live.checks import COMPONENT_WITHDRAWN, EVIDENCE_ONE, EVIDENCE_PIECE
from trueware.appraising.gathering import Gathering
from trueware.attestation.android_key.checks import ANDROID_BOOT_HASH, ANDROID_REVOCATION
from trueware.attestation.android_key.comparing import compare_boot, compare_identity
from trueware.attestation.android_key.description import RootOfTrust
from trueware.attestation.android_key.link import Link, read_link, shared_link
from trueware.attestation.android_key.revocation import RevocationList, read_revocation
from trueware.attestation.android_key.verifying import KIND, Attested, verify_attestation
from trueware.attestation.certificate_files import encodings
from trueware.attestation.recognise import Kind, Piece
from trueware.errors import MalformedInput
from trueware.knowledge.android_roots import load_android_roots
from trueware.knowledge.public_keys import load_public_keys
from trueware.model.attested import Matched
from trueware.model.check import Aspect, Check, Outcome

MAX_CHAINS = 8
_OF_A_PHONE = frozenset(
    {"brand", "device", "product", "serial", "imei", "second-imei", "meid", "manufacturer", "model", "os-patch-level"}
)
MAX_SINGLE = 32
"""Certificates in files of their own that are put in order."""


def appraise_phone(pieces: Mapping[Kind, Sequence[Piece]], gathering: Gathering) -> None:
    """Appraise the attestations among the pieces.

    Raises:
        EvidenceRefused, MalformedInput: one must not be believed.
        StoreError: the registry cannot be read.
    """
    wish = gathering.wish
    chains = chains_in(pieces)
    if not chains:
        return
    if len(chains) > MAX_CHAINS:
        gathering.add(EVIDENCE_PIECE.not_shown(f"{len(chains)} attestations: {MAX_CHAINS} were looked at"))
    revoked = _revoked(gathering)
    roots = (*load_android_roots().values(), *(spki_in(each) for each in wish.endorsements.attestation_roots))
    believed: list[Attested] = []
    for certificates in chains[:MAX_CHAINS]:
        gathering.kinds.append(KIND)
        attested = verify_attestation(certificates, roots, wish.question, revoked)
        listed = gathering.fleet.registry.trust((), attested.chain.ids).distrusted
        if listed:
            barred = (
                ANDROID_REVOCATION.contradicts(f"the registry bars {id_}: {word.reason}", found=id_)
                for id_, word in listed.items()
            )
            gathering.add(*attested.chain.checks, *barred)
            continue
        gathering.add(*attested.checks, *compare_identity(attested.claims, wish.reported))
        gathering.claims += [each for each in attested.claims if each not in gathering.claims]
        names = {each.name: each.value for each in attested.claims}
        gathering.attester = (
            gathering.attester or names.get("serial", "") or names.get("imei", "") or names.get("model", "")
        )
        if attested.is_believed:
            believed.append(attested)
            _compare_boot(attested.root_of_trust, gathering)
    gathering.add(*_of_one_phone(believed))


def _of_one_phone(believed: Sequence[Attested]) -> Iterator[Check]:
    """Yield where attestations are of several phones, or boots: else one phone answers for another's software, or identity."""
    said: dict[str, str] = {}
    for attested in believed:
        for name, value in _same_in_one(attested):
            if said.setdefault(name, value) != value:
                yield EVIDENCE_ONE.contradicts(
                    f"attestations differ in {name}: they are of several phones, or boots",
                    expected=said[name],
                    found=value,
                )
                return


def _same_in_one(attested: Attested) -> Iterator[tuple[str, str]]:
    """Yield what all hardware of one phone says alike; a key of zeros, or none, is how some of it says that there is no key."""
    yield from ((claim.name, claim.value) for claim in attested.claims if claim.name in _OF_A_PHONE)
    root = attested.root_of_trust
    if root is not None:
        yield (
            "rootOfTrust",
            f"{root.state.name} {'locked' if root.locked else 'unlocked'} {(root.boot_hash or b'').hex()}",
        )
        if any(root.boot_key):
            yield "verifiedBootKey", root.boot_key.hex()


def _revoked(gathering: Gathering) -> RevocationList | None:
    """Return the list of revoked keys; one that cannot be read is told, and is no fault of the device."""
    given = gathering.wish.revocation
    if given is None:
        return None
    try:
        return read_revocation(given)
    except MalformedInput as error:
        gathering.add(ANDROID_REVOCATION.not_shown(f"the list of revoked keys that was given cannot be read: {error}"))
        return None


def _compare_boot(root: RootOfTrust | None, gathering: Gathering) -> None:
    if root is None:
        return
    fleet = gathering.fleet
    releases = fleet.booted(root.boot_key, root.boot_hash) if root.boot_hash else ()
    titles = {root.boot_hash: releases[0].title} if releases and root.boot_hash else {}
    keys = fleet.boot_keys()
    checks = compare_boot(root, keys.known, titles, {root.boot_key: why} if (why := _barred(root, gathering)) else {})
    gathering.add(*checks)
    if not any(each.rule == ANDROID_BOOT_HASH.id and each.outcome is Outcome.SUPPORTS for each in checks):
        return
    release = releases[0]
    gathering.matches.append(Matched(Aspect.BOOT, release, "verified boot hash"))
    if release.at_fault:
        reason = release.withdrawn or "it should be in the registry's log and is not"
        gathering.add(COMPONENT_WITHDRAWN.contradicts(f"{release.title}: {reason}", source=release.title))


def _barred(root: RootOfTrust, gathering: Gathering) -> str | None:
    """Return why a key must not verify a system: its secret is known, the registry lists it, or its publisher took it back."""
    id_ = f"avb-sha256:{root.boot_key.hex()}"
    listed = load_public_keys().get(id_) or gathering.fleet.registry.trust((), (id_,)).distrusted.get(id_)
    return listed.reason if listed is not None else gathering.fleet.boot_keys().revoked.get(root.boot_key)


def chains_in(pieces: Mapping[Kind, Sequence[Piece]]) -> list[list[bytes]]:
    """Return the chains among pieces: a file of several certificates is one, those in files of their own are put in order.

    One is behind another where its key signed that. Certificates of attested keys that attested another begin no chain.
    """
    found = [encodings(each.data) for each in pieces.get(Kind.ANDROID_CHAIN, ())]
    whole = [each for each in found if len(each) > 1]
    single = [each[0] for each in found if len(each) == 1]
    if not single:
        return whole
    others = [encoded for each in pieces.get(Kind.CERTIFICATE, ()) for encoded in encodings(each.data)]
    links: dict[bytes, Link] = {}
    for encoded in (*single, *others)[:MAX_SINGLE]:
        try:
            links[encoded] = read_link(encoded)
        except MalformedInput:
            continue  # as part of a chain it would be refused; alone it is told below
    chains = [_in_order(encoded, links) for encoded in single if encoded in links]
    behind = {encoded for chain in chains for encoded in chain[1:]}
    unread = [[encoded] for encoded in single if encoded not in links]
    return whole + [each for each in chains if each[0] not in behind] + unread


def _in_order(first: bytes, links: Mapping[bytes, Link]) -> list[bytes]:
    chain, own = [first], links[first]
    while len(chain) <= MAX_SINGLE:
        behind = next(
            (
                encoded
                for encoded, link in links.items()
                if encoded not in chain and link.subject == own.issuer and own.is_signed_by(link.spki, shared=True)
            ),
            None,
        )
        if behind is None:
            return chain
        chain.append(behind)
        own = links[behind]
    return chain


def spki_in(data: bytes) -> bytes:
    """Return the key of a certificate, or the key that it is itself."""
    try:
        return shared_link(data).spki
    except MalformedInput:
        return data
