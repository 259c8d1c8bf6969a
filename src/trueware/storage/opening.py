"""Opens a registry by where it is: a file, or the URL of a server's database. Drivers are imported when they are asked for.

``postgresql://[user@]host[:port]/database[?schema=name]``, with what else libpq takes, is a database (`trueware.storage.postgres`);
everything else is the name of a file. A URL must not hold a password: arguments and environments are read by others on the machine,
and URLs are printed. libpq finds one in its password file or service file (PostgreSQL 15, §34.16 and §34.17).
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
    if isinstance(location, str) and is_server(location):
        return _on_server(location, writes=writes, creates=creates)
    from trueware.storage.sqlite import SqliteStore  # noqa: PLC0415 (start-up time)

    path = Path(location)
    if creates:
        return SqliteStore.create(path)
    return SqliteStore.open(path) if writes else SqliteStore.open_read_only(path)


def _on_server(url: str, *, writes: bool, creates: bool) -> RegistryStore:
    try:
        from trueware.storage.postgres.store import PostgresStore  # noqa: PLC0415 (start-up time)
    except ImportError as error:
        raise StoreError("a registry on a server needs what `trueware[postgres]` installs") from error
    if creates:
        return PostgresStore.create(url)
    return PostgresStore.open(url) if writes else PostgresStore.open_read_only(url)
