"""Withdrawing a release: it stays known and recognisable, with the reason why nobody should run it any more."""

from trueware.errors import StoreError
from trueware.model.release import Release
from trueware.registry.ports import RegistryStore


def check_reason(reason: str) -> None:
    """Return if a reason, of a withdrawal or for taking back a key, can stand on one line.

    Raises:
        ValueError: it cannot.
    """
    if not 0 < len(reason) <= 512 or not reason.isprintable():
        raise ValueError("a reason of 1 to 512 printable characters is needed")


def withdraw(store: RegistryStore, release_id: str, reason: str, now: int) -> Release:
    """Withdraw a release and return it; where it was withdrawn before, the first reason stands.

    Raises:
        StoreError: there is no such release.
        ValueError: the reason cannot stand on one line.
    """
    check_reason(reason)
    store.withdraw(release_id, reason, now)
    release = store.get_release(release_id)
    if release is None:
        raise StoreError(f"no release {release_id}")
    return release
