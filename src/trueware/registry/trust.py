"""Whom to believe: admitting the keys publishers sign software with, and listing what must never be trusted."""

from collections.abc import Iterable
from dataclasses import replace

from trueware.appraisal.trust import Trust, names, names_at_hand
from trueware.errors import UntrustedStatement
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.claim import SIGNER
from trueware.model.release import Entitlement, Release
from trueware.model.signature import Signature
from trueware.registry.ports import RegistryStore
from trueware.registry.withdraw import check_reason
from trueware.signatures.contract import Key
from trueware.signatures.keys import strong_names_of


def admit(
    store: RegistryStore,
    publisher: str,
    keys: Iterable[Key],
    now: int,
    *,
    issues: bool = False,
    scope: Iterable[Entitlement] = (),
    since: int | None = None,
    until: int | None = None,
    threshold: int = 1,
    source: str = "",
) -> int:
    """Admit keys as those of a publisher; returns how many are new.

    Args:
        store: where.
        publisher: who is enrolled.
        keys: what the publisher signs with.
        now: seconds since 1970.
        issues: certificates that these issued count too.
        scope: claims that they may vouch for; empty: whatever the publisher may claim.
        since: seconds since 1970 from which it signs.
        until: the same to which it does.
        threshold: how many of the publisher's keys must sign with it.
        source: who said so.

    Raises:
        UntrustedStatement: no such publisher; or it has one of the keys already on other terms, which would stay as they are.
    """
    if store.get_publisher(publisher) is None:
        raise UntrustedStatement(f"publisher {publisher!r} is not enrolled")
    scope = tuple(sorted(set(scope), key=lambda each: (each.name, each.pattern)))
    anchors = [
        Anchor(publisher, key.id, key.kind, key.data, issues, scope, since, until, threshold, key.name, source)
        for key in keys
    ]
    stand = {each.id: each for each in store.anchors() if each.publisher == publisher}
    for anchor in anchors:
        if (before := stand.get(anchor.id)) is not None and _terms(before) != _terms(anchor):
            raise UntrustedStatement(
                f"{anchor.id} is a key of {publisher!r} already, on other terms"
                + (f": taken back ({before.revoked})" if before.revoked is not None else "")
            )
    return store.add_anchors(anchors, now)


def _terms(anchor: Anchor) -> Anchor:
    """Return what of an anchor decides."""
    return replace(anchor, name="", source="")


def take_back(store: RegistryStore, publisher: str, id: str, reason: str, now: int) -> None:  # noqa: A002 (the domain's noun)
    """Take back a publisher's key: what it signed, at whatever time, is not believed any more.

    Raises:
        UntrustedStatement: the publisher has no such key, or it was taken back already.
        ValueError: the reason cannot stand on one line.
    """
    check_reason(reason)
    if not store.revoke_anchor(publisher, id, reason, now):
        raise UntrustedStatement(f"{publisher!r} has no key {id!r} that stands")


def trust_in(
    store: RegistryStore, anchors: tuple[Anchor, ...], signatures: Iterable[Signature], others: Iterable[str] = ()
) -> Trust:
    """Return whom to believe as far as it matters to these signatures.

    Args:
        store: what must never be trusted.
        anchors: of the store, those that count.
        signatures: what it matters to.
        others: more ids that may be listed.
    """
    trust = Trust(anchors)
    ids = set(others)
    for signature in signatures:
        ids.update(names(signature), names_at_hand(signature, trust))
    return replace(trust, distrusted=store.find_distrusted(ids))


def find_barred(store: RegistryStore, release: Release) -> Distrusted | None:
    """Return why a registered artefact must not be trusted all the same: it, or a key it was signed with, is listed or taken back."""
    ids = [f"sha256:{release.sha256.hex()}", *(claim.value for claim in release.claims if claim.name == SIGNER)]
    found = {
        name: Distrusted(name, each.revoked)
        for each in store.anchors()
        if each.revoked is not None
        for name in (each.id, *strong_names_of(Key(each.kind, each.id, each.data)))
    }
    found |= store.find_distrusted(ids)
    return next((found[each] for each in ids if each in found), None)
