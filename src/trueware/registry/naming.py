"""Finding a release by what people type: the beginning of its id."""

from trueware.errors import StoreError
from trueware.model.release import Release
from trueware.registry.ports import RegistryStore


def find_release(store: RegistryStore, beginning: str) -> Release:
    """Return the one release whose id begins so.

    Raises:
        StoreError: there is none, or more than one.
    """
    whole = store.get_release(beginning.lower())
    if whole is not None:
        return whole
    found = [release for release in store.releases() if release.id.startswith(beginning.lower())]
    if len(found) != 1:
        raise StoreError(f"{'no' if not found else len(found)} release whose id begins with {beginning!r}")
    return found[0]
