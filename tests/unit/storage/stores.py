"""Every store there is, empty, for tests that hold for all of them."""

from pathlib import Path

import pytest
from tests.postgres import Cluster

from trueware.registry.ports import RegistryStore
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore

KINDS = ("memory", "sqlite", "postgres")


def make(kind: str, request: pytest.FixtureRequest, folder: Path) -> RegistryStore:
    """Return an empty store; the test is skipped, visibly, where there is no server for it."""
    if kind == "memory":
        return MemoryStore()
    if kind == "sqlite":
        return SqliteStore.create(folder / "registry.sqlite")
    cluster: Cluster = request.getfixturevalue("postgres")
    from trueware.storage.postgres.store import PostgresStore

    return PostgresStore.create(cluster.url())
