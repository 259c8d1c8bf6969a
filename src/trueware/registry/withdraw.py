"""Withdrawing a release: it stays known and recognisable, with the reason why nobody should run it any more."""

from trueware.errors import StoreError
from trueware.model.release import Release
from trueware.registry.ports import RegistryStore


def withdraw(store: RegistryStore, release_id: str, reason: str, now: int) -> Release:
    """Withdraw a release and return it; where it was withdrawn before, the first reason stands.

    Raises:
        StoreError: there is no such release.
        ValueError: the reason cannot stand on one line.
    """
    if not 0 < len(reason) <= 512 or not reason.isprintable():
        raise ValueError("a reason of 1 to 512 printable characters is needed")
    store.withdraw(release_id, reason, now)
    release = store.get_release(release_id)
    if release is None:
        raise StoreError(f"no release {release_id}")
    return release
