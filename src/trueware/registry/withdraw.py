"""Withdrawing a release: it stays known and recognisable, with the reason why nobody should run it any more."""

from trueware.cose.sign1 import PrivateKey
from trueware.errors import StoreError, UntrustedStatement
from trueware.model.release import Release
from trueware.registry import changes, signed
from trueware.registry.changes import Withdrawal
from trueware.registry.ledger import register
from trueware.registry.ports import RegistryStore
from trueware.registry.signed import SignedStatement


def check_reason(reason: str) -> None:
    """Return if a reason, of a withdrawal or for taking back a key, can stand on one line.

    Raises:
        ValueError: it cannot.
    """
    if not 0 < len(reason) <= 512 or not reason.isprintable():
        raise ValueError("a reason of 1 to 512 printable characters is needed")


def withdraw(
    store: RegistryStore, release_id: str, reason: str, now: int, private_key: "PrivateKey | None" = None
) -> Release:
    """Withdraw a release and return it; where it was withdrawn before, the first reason stands.

    Args:
        store: where.
        release_id: which.
        reason: why; 1 to 512 printable characters.
        now: seconds since 1970.
        private_key: the publisher's, whose own word it then is, in a registry with a log; else it is the registrar's.

    Raises:
        StoreError: there is no such release.
        UntrustedStatement: the key is not one of its publisher.
        ValueError: the reason cannot stand on one line, or a key, and the store is no ledger.
    """
    check_reason(reason)
    release = store.get_release(release_id)
    if release is None:
        raise StoreError(f"no release {release_id}")
    if release.withdrawn is None:
        if private_key is None:
            store.withdraw(release_id, reason, now)
        else:
            _as_publisher(store, release, reason, now, private_key)
    done = store.get_release(release_id)
    assert done is not None  # noqa: S101 (nothing is ever deleted)
    return done


def _as_publisher(store: RegistryStore, release: Release, reason: str, now: int, private_key: PrivateKey) -> None:
    change = Withdrawal(release.id, reason)
    content_type, data = changes.encode(change)
    said = SignedStatement(content_type, release.publisher, changes.subjects_of(change)[0], now, b"", None)
    publisher = store.get_publisher(release.publisher)
    if publisher is None or signed.public_key(private_key) not in publisher.keys:
        raise UntrustedStatement(f"the key is not one of {release.publisher!r}")
    register(store, signed.seal(said, data, private_key), data)
