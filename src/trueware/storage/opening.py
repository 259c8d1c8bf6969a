"""Opens a registry by where it is: a file, or the URL of a server's database. Drivers are imported when they are asked for.

``postgresql://[user@]host[:port]/database[?schema=name&service=name…]`` is a database (`trueware.storage.postgres`); everything
else is the name of a file. A URL must not hold a password: arguments and environments are read by others on the machine, and URLs
are printed. libpq finds one in its password file or service file (PostgreSQL 15, §34.16 and §34.17).
"""

from pathlib import Path
from typing import TypeAlias

from trueware.errors import StoreError
from trueware.registry.ports import RegistryStore

Location: TypeAlias = Path | str
"""A file, or a URL."""

_SCHEMES = ("postgresql://", "postgres://")


def is_server(location: Location) -> bool:
    """Tell whether a location is the URL of a server's database."""
    return isinstance(location, str) and location.lower().startswith(_SCHEMES)


def open_registry(location: Location, *, writes: bool = False, creates: bool = False) -> RegistryStore:
    """Open a registry.

    Args:
        location: a file, or a URL.
        writes: for reading and writing.
        creates: likewise, and make it where there is none.

    Raises:
        StoreError: there is no registry, it is of another version, damaged, or the server cannot be reached.
    """
    if is_server(location):
        raise StoreError("registries on a server are not supported")
    from trueware.storage.sqlite import SqliteStore  # noqa: PLC0415 (start-up time)

    path = Path(location)
    if creates:
        return SqliteStore.create(path)
    return SqliteStore.open(path) if writes else SqliteStore.open_read_only(path)
