"""Evidence of phones: Android key attestation, beside publishers' keys, releases, and what was reported."""

from collections.abc import Mapping, Sequence

from trueware.appraisal.live.checks import COMPONENT_WITHDRAWN
from trueware.appraising.gathering import Gathering
from trueware.attestation.android_key.chain import read_link
from trueware.attestation.android_key.checks import ANDROID_BOOT_HASH
from trueware.attestation.android_key.revocation import read_revocation
from trueware.attestation.android_key.verifying import KIND, compare_boot, compare_identity, verify_attestation
from trueware.attestation.recognise import Kind, Piece, encodings
from trueware.errors import MalformedInput
from trueware.knowledge.android_roots import load_android_roots
from trueware.model.attested import Matched
from trueware.model.check import Aspect, Outcome

MAX_CHAINS = 8


def appraise_phone(pieces: Mapping[Kind, Sequence[Piece]], gathering: Gathering) -> None:
    """Appraise the attestations among the pieces.

    Raises:
        EvidenceRefused, MalformedInput: one must not be believed.
        StoreError: the registry cannot be read.
    """
    wish = gathering.wish
    chains = _chains(pieces)
    if not chains:
        return
    fleet = gathering.fleet
    revoked = read_revocation(wish.revocation) if wish.revocation is not None else None
    roots = (*load_android_roots().values(), *(spki_in(each) for each in wish.endorsements.attestation_roots))
    for certificates in chains[:MAX_CHAINS]:
        gathering.kinds.append(KIND)
        attested = verify_attestation(certificates, roots, wish.question, revoked)
        gathering.add(*attested.checks, *compare_identity(attested.claims, wish.reported))
        gathering.claims += [each for each in attested.claims if each not in gathering.claims]
        names = {each.name: each.value for each in attested.claims}
        gathering.attester = (
            gathering.attester or names.get("serial", "") or names.get("imei", "") or names.get("model", "")
        )
        root = attested.root_of_trust
        if root is None or attested.chain.is_software:
            continue
        releases = fleet.holding(root.boot_hash) if root.boot_hash else ()
        keys = fleet.boot_keys()
        titles = {root.boot_hash: releases[0].title} if releases and root.boot_hash else {}
        checks = compare_boot(root, keys, titles)
        gathering.add(*checks)
        for release in releases[:1]:
            if any(each.rule == ANDROID_BOOT_HASH.id and each.outcome is Outcome.SUPPORTS for each in checks):
                gathering.matches.append(Matched(Aspect.BOOT, release, "verified boot hash"))
                if release.at_fault:
                    reason = release.withdrawn or "it should be in the registry's log and is not"
                    gathering.add(COMPONENT_WITHDRAWN.contradicts(f"{release.title}: {reason}", source=release.title))


def _chains(pieces: Mapping[Kind, Sequence[Piece]]) -> list[list[bytes]]:
    """Return the chains among pieces: each file with several certificates is one; single ones belong together, by their names."""
    found = [encodings(each.data) for each in pieces.get(Kind.ANDROID_CHAIN, ())]
    whole = [each for each in found if len(each) > 1]
    single = [each for each in found if len(each) == 1]
    if len(single) == 1 and not whole:
        others = [encoded for each in pieces.get(Kind.CERTIFICATE, ()) for encoded in encodings(each.data)]
        return [[single[0][0], *others]]
    return whole + single


def spki_in(data: bytes) -> bytes:
    """Return the key of a certificate, or the key that it is itself."""
    try:
        return read_link(data).spki
    except MalformedInput:
        return data
