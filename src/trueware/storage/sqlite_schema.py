"""The tables of a registry file, and the proof that a file has these tables and no others.

A file may come from anybody. One whose schema is not word for word ours could hold triggers or views that run when we query it,
so it is refused, as are files of another application and of a newer version of this one.

``release`` holds what is said (payload, statement) and, beside it, the columns it is found by; ``subtree``, ``claim``,
``content``, ``holding`` and ``packing`` are indexes made from manifests, payloads and lists of packings. fsck proves that they
say the same. ``leaf`` is the log, ``leaf_subject`` an index of it, ``tile`` its hashes (C2SP tlog-tiles) and ``checkpoint`` what its
operator signed. ``content.products`` and ``content.releases`` count the rows of ``holding``, so that a search knows what is common
before it follows it.
"""

import sqlite3

from trueware.errors import StoreError

APPLICATION_ID = 0x54525752  # "TRWR"
VERSION = 5

_FIRST = (
    """CREATE TABLE publisher (
        name TEXT NOT NULL PRIMARY KEY, enrolled INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE publisher_key (
        publisher TEXT NOT NULL REFERENCES publisher, spki BLOB NOT NULL, added INTEGER NOT NULL,
        PRIMARY KEY (publisher, spki)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE entitlement (
        publisher TEXT NOT NULL REFERENCES publisher, name TEXT NOT NULL, pattern TEXT NOT NULL, added INTEGER NOT NULL,
        PRIMARY KEY (publisher, name, pattern)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE product (
        number INTEGER PRIMARY KEY, publisher TEXT NOT NULL, name TEXT NOT NULL,
        UNIQUE (publisher, name)
    ) STRICT""",
    """CREATE TABLE release (
        number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, product INTEGER NOT NULL REFERENCES product,
        sha256 BLOB NOT NULL, published INTEGER NOT NULL, source TEXT NOT NULL, payload BLOB NOT NULL, statement BLOB
    ) STRICT""",
    "CREATE INDEX release_sha256 ON release (sha256)",
    "CREATE INDEX release_product ON release (product)",
    """CREATE TABLE withdrawal (
        release INTEGER PRIMARY KEY REFERENCES release, reason TEXT NOT NULL, at INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE manifest (
        release INTEGER PRIMARY KEY REFERENCES release, data BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE subtree (
        tree BLOB NOT NULL, release INTEGER NOT NULL REFERENCES release,
        PRIMARY KEY (tree, release)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX subtree_release ON subtree (release)",
    """CREATE TABLE claim (
        name TEXT NOT NULL, value TEXT NOT NULL, release INTEGER NOT NULL REFERENCES release,
        PRIMARY KEY (name, value, release)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX claim_release ON claim (release)",
    """CREATE TABLE content (
        number INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, size INTEGER NOT NULL,
        products INTEGER NOT NULL, releases INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE holding (
        content INTEGER NOT NULL REFERENCES content, product INTEGER NOT NULL REFERENCES product,
        release INTEGER NOT NULL REFERENCES release,
        PRIMARY KEY (content, product, release)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE kept (
        sha256 BLOB NOT NULL PRIMARY KEY, size INTEGER NOT NULL, data BLOB NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE packings (
        release INTEGER PRIMARY KEY REFERENCES release, data BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE portraits (
        release INTEGER PRIMARY KEY REFERENCES release, size INTEGER NOT NULL, data BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE packing (
        packing BLOB NOT NULL, release INTEGER NOT NULL REFERENCES release,
        PRIMARY KEY (packing, release)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX packing_release ON packing (release)",
    """CREATE TABLE anchor (
        publisher TEXT NOT NULL REFERENCES publisher, id TEXT NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL,
        issues INTEGER NOT NULL, since INTEGER, until INTEGER,
        threshold INTEGER NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, added INTEGER NOT NULL,
        PRIMARY KEY (publisher, id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE anchor_scope (
        publisher TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, pattern TEXT NOT NULL,
        PRIMARY KEY (publisher, id, name, pattern), FOREIGN KEY (publisher, id) REFERENCES anchor
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE anchor_revocation (
        publisher TEXT NOT NULL, id TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (publisher, id), FOREIGN KEY (publisher, id) REFERENCES anchor
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE distrusted (
        id TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, source TEXT NOT NULL, added INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
)

_SINCE_5 = (
    """CREATE TABLE certificate (
        number INTEGER PRIMARY KEY, sha256 BLOB NOT NULL, issuer TEXT NOT NULL, name TEXT NOT NULL, standing TEXT NOT NULL,
        scheme TEXT NOT NULL, since INTEGER, until INTEGER, reason TEXT NOT NULL, added INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX certificate_sha256 ON certificate (sha256)",
    "CREATE INDEX certificate_name ON certificate (issuer, name)",
    """CREATE TABLE leaf (
        number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, entry BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE leaf_subject (
        subject TEXT NOT NULL, leaf INTEGER NOT NULL REFERENCES leaf,
        PRIMARY KEY (subject, leaf)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE tile (
        level INTEGER NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL,
        PRIMARY KEY (level, number)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE checkpoint (
        size INTEGER PRIMARY KEY, note BLOB NOT NULL
    ) STRICT""",
)

SCHEMA = (*_FIRST, *_SINCE_5)
_OLDER = {4: frozenset(_FIRST)}
"""Schemas of the versions that `upgrade` brings up to date."""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty database, in the transaction that is open."""
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def is_empty(connection: sqlite3.Connection) -> bool:
    """Tell whether nothing was ever put into the database."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return bool(application == 0 and objects == 0)


def check(connection: sqlite3.Connection, path: str) -> None:
    """Return if the database is a registry of this version.

    Raises:
        StoreError: it is not.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is a database, but not a trueware registry")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        other = "a newer" if version > VERSION else "an older"
        raise StoreError(
            f"{path} has registry version {version}, this program reads {VERSION}: {other} trueware made it"
            + (", and the next command that writes brings it up to date" if version in _OLDER else "")
        )
    if _tables(connection) != set(SCHEMA):
        raise StoreError(f"{path} is not a trueware registry: its tables were altered")


def is_older(connection: sqlite3.Connection) -> bool:
    """Tell whether `upgrade` can bring the registry up to date: it is one of an older version, unaltered."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application == APPLICATION_ID and version in _OLDER and _tables(connection) == _OLDER[version]


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring an older registry up to date, in the transaction that is open. Nothing that is in it changes."""
    for statement in _SINCE_5:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")}
