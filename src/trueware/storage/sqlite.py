"""The registry in one SQLite file: the default.

Write path
    A write is one ``BEGIN IMMEDIATE`` … ``COMMIT`` in WAL mode with ``synchronous = FULL``: SQLite appends the pages to
    ``<file>-wal`` and syncs it (fdatasync) before COMMIT returns (sqlite.org/wal.html, "Performance Considerations"). A
    checkpoint later copies them: sync of the WAL, write and sync of the file, and only then is the WAL begun anew. When SQLite
    creates a WAL or journal it also syncs the folder, so that the names survive (os_unix.c, UNIXFILE_DIRSYNC; seen with strace).
    A process killed before COMMIT returned leaves frames without a commit mark, which the next one to open the file ignores.
    Creating a registry is a transaction too: killed within it, an empty database is left, which the next creation fills.

At rest
    A writer that closes the file takes it out of WAL mode, unless others have it open, and the next one puts it back. So a
    registry that nobody uses is one file, which can be copied, committed and read from a medium that cannot be written, and
    reading it leaves nothing beside it. A killed writer leaves the WAL beside the file; both together are the registry, and the
    next writer tidies up.

Readers open the file read-only; while a writer has it open, they are not blocked by its transactions, nor do they block them.

The file is not trusted: its schema must be ours word for word (`sqlite_schema.py`), ids, manifests and kept contents are proved by
digest as they are read, and every error of SQLite becomes a `StoreError` here.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Self

from trueware.errors import MalformedInput, StoreError
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus
from trueware.model.claim import Claim
from trueware.model.part import Part
from trueware.model.release import Entitlement, Publisher, Release
from trueware.registry import manifest_codec
from trueware.registry import packings as packing_lists
from trueware.registry import payload as payloads
from trueware.registry.indexing import Spread, claim_keys, contents, subtrees, weigh_rarest
from trueware.registry.ports import (
    Leaf,
    Problem,
    RegistryStore,
    Sharing,
    Statistics,
    Submission,
    check_kept,
    check_lists,
)
from trueware.storage import kept_content, sqlite_fsck, sqlite_log, sqlite_schema, sqlite_trust

_MAX_VALUE = 1 << 29
_TOGETHER = 500
_CACHE = 1 << 16
"""KiB of pages that a writer holds: digests go to places of their own all over the indexes."""

_READ, _WRITE = "DEFERRED", "IMMEDIATE"
_RELEASE = (
    "SELECT r.payload, r.statement, r.published, r.source, w.reason, r.id FROM release r"
    " LEFT JOIN withdrawal w ON w.release = r.number"
)
_LATEST_FIRST = " ORDER BY r.published DESC, r.id"
_WANTED = "CREATE TEMP TABLE wanted (sha256 BLOB PRIMARY KEY, size INTEGER) WITHOUT ROWID"
_FOLLOWED = "CREATE TEMP TABLE followed (content INTEGER PRIMARY KEY, weight REAL)"


class SqliteStore:
    """A registry file. Made by `create`, `open` or `open_read_only`; also a context manager that closes it."""

    def __init__(self, connection: sqlite3.Connection, path: Path, *, writes: bool) -> None:
        self._connection, self._path, self._writes = connection, path, writes

    @classmethod
    def create(cls, path: Path, timeout: float = 10.0) -> Self:
        """Make a new registry, or open the one that is there, for reading and writing; see `open`."""
        return cls._open(path, "rwc", timeout)

    @classmethod
    def open(cls, path: Path, timeout: float = 10.0) -> Self:
        """Open an existing registry for reading and writing.

        Args:
            path: the file.
            timeout: seconds to wait for another writer.

        Raises:
            StoreError: no such file, no registry, a newer one, or damaged.
        """
        return cls._open(path, "rw", timeout)

    @classmethod
    def open_read_only(cls, path: Path, timeout: float = 10.0) -> Self:
        """Open an existing registry for reading; see `open`."""
        return cls._open(path, "ro", timeout)

    @classmethod
    def _open(cls, path: Path, mode: str, timeout: float) -> Self:
        if mode != "rwc" and not path.is_file():
            raise StoreError(f"there is no registry at {path}")
        with _translated(path):
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", timeout, isolation_level=None, uri=True
            )
        store = cls(connection, path, writes=mode != "ro")
        try:
            with _translated(path):
                store._prepare(mode)
        except BaseException:
            connection.close()
            raise
        return store

    def _prepare(self, mode: str) -> None:
        connection = self._connection
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
        for pragma in ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        if mode == "rwc" and sqlite_schema.is_empty(connection):
            connection.execute("PRAGMA synchronous = FULL")
            with self._transaction(_WRITE):
                if sqlite_schema.is_empty(connection):  # nobody else was quicker
                    sqlite_schema.create(connection)
        if self._writes and sqlite_schema.is_older(connection):
            connection.execute("PRAGMA synchronous = FULL")
            with self._transaction(_WRITE):
                if sqlite_schema.is_older(connection):
                    sqlite_schema.upgrade(connection)
        sqlite_schema.check(connection, str(self._path))
        if self._writes:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE}")
            connection.execute(_WANTED)
        connection.execute(_FOLLOWED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with _translated(self._path):
            if self._writes:
                self._rest()
            self._connection.close()

    def _rest(self) -> None:
        """Leave WAL mode, unless others have the file open: the last of them will."""
        try:
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise

    # --- publishers ----------------------------------------------------------------------------------------------------

    def add_publisher(self, publisher: Publisher, now: int) -> None:
        with self._transaction(_WRITE) as connection:
            name = publisher.name
            connection.execute("INSERT INTO publisher VALUES (?, ?) ON CONFLICT DO NOTHING", (name, now))
            connection.executemany(
                "INSERT INTO publisher_key VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(name, key, now) for key in publisher.keys],
            )
            connection.executemany(
                "INSERT INTO entitlement VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(name, each.name, each.pattern, now) for each in publisher.entitlements],
            )

    def get_publisher(self, name: str) -> Publisher | None:
        with self._transaction() as connection:
            known = connection.execute("SELECT 1 FROM publisher WHERE name = ?", (name,)).fetchone()
            return self._publisher(name) if known else None

    def publishers(self) -> tuple[Publisher, ...]:
        with self._transaction() as connection:
            names = connection.execute("SELECT name FROM publisher ORDER BY name").fetchall()
            return tuple(self._publisher(name) for (name,) in names)

    def _publisher(self, name: str) -> Publisher:
        select = self._connection.execute
        keys = select("SELECT spki FROM publisher_key WHERE publisher = ? ORDER BY spki", (name,))
        patterns = select("SELECT name, pattern FROM entitlement WHERE publisher = ? ORDER BY name, pattern", (name,))
        return Publisher(name, tuple(spki for (spki,) in keys), tuple(Entitlement(*row) for row in patterns))

    # --- releases ------------------------------------------------------------------------------------------------------

    def add_releases(self, submissions: Iterable[Submission]) -> tuple[bool, ...]:
        with self._transaction(_WRITE):
            return tuple(self._add_release(submission) for submission in submissions)

    def _add_release(self, submission: Submission) -> bool:
        connection = self._connection
        said = payloads.decode(submission.payload)
        check_kept(submission)
        check_lists(submission, said.packings, said.portraits)
        identity = bytes.fromhex(payloads.identify(submission.payload))
        if connection.execute("SELECT 1 FROM release WHERE id = ?", (identity,)).fetchone():
            return False
        key = (said.publisher, said.product)
        connection.execute("INSERT INTO product (publisher, name) VALUES (?, ?) ON CONFLICT DO NOTHING", key)
        (product,) = connection.execute("SELECT number FROM product WHERE publisher = ? AND name = ?", key).fetchone()
        release = connection.execute(
            "INSERT INTO release (id, product, sha256, published, source, payload, statement) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                identity,
                product,
                said.sha256,
                submission.published,
                submission.source,
                submission.payload,
                submission.statement,
            ),
        ).lastrowid
        connection.executemany(
            "INSERT INTO claim VALUES (?, ?, ?)", [(name, value, release) for name, value in claim_keys(said.claims)]
        )
        if submission.manifest is not None:
            self._add_manifest(submission.manifest, release, product)
            self._keep(submission.kept)
        if submission.packings is not None:
            self._add_packings(submission.packings, release)
        if submission.portraits is not None:
            packed = kept_content.pack(submission.portraits)
            connection.execute("INSERT INTO portraits VALUES (?, ?, ?)", (release, len(submission.portraits), packed))
        return True

    def _add_manifest(self, root: Part, release: int | None, product: int) -> None:
        connection = self._connection
        connection.execute("INSERT INTO manifest VALUES (?, ?)", (release, manifest_codec.encode(root)))
        connection.executemany(
            "INSERT INTO subtree VALUES (?, ?)", [(tree, release) for tree in sorted(subtrees(root))]
        )
        connection.execute("DELETE FROM wanted")
        connection.executemany("INSERT INTO wanted VALUES (?, ?)", sorted(contents(root).items()))
        connection.execute(
            "INSERT INTO content (sha256, size, products, releases) SELECT sha256, size, 0, 0 FROM wanted WHERE true"
            " ON CONFLICT DO NOTHING"
        )
        connection.execute(
            "UPDATE content SET releases = releases + 1, products = products + NOT EXISTS"
            " (SELECT 1 FROM holding h WHERE h.content = content.number AND h.product = ?)"
            " WHERE sha256 IN (SELECT sha256 FROM wanted)",
            (product,),
        )
        connection.execute(  # CROSS: else all contents are gone through in their order, whatever is wanted
            "INSERT INTO holding SELECT c.number, ?, ? FROM wanted w CROSS JOIN content c ON c.sha256 = w.sha256"
            " ORDER BY c.number",
            (product, release),
        )

    def _add_packings(self, data: bytes, release: int | None) -> None:
        self._connection.execute("INSERT INTO packings VALUES (?, ?)", (release, data))
        rows = [(packing, release) for packing in packing_lists.sketch(packing_lists.decode(data))]
        self._connection.executemany("INSERT INTO packing VALUES (?, ?)", rows)

    def _keep(self, kept: Mapping[bytes, bytes]) -> None:
        self._connection.executemany(
            "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(digest, len(data), kept_content.pack(data)) for digest, data in kept.items()],
        )

    def get_release(self, id: str) -> Release | None:  # noqa: A002 (the port's)
        found = self._select(" WHERE r.id = ?", (_identity(id),))
        return found[0] if found else None

    def releases(self, publisher: str | None = None, product: str | None = None) -> tuple[Release, ...]:
        asked = [
            (column, value) for column, value in (("publisher", publisher), ("name", product)) if value is not None
        ]
        where = " AND ".join(f"p.{column} = ?" for column, _ in asked)
        return self._select(
            " JOIN product p ON p.number = r.product" + (f" WHERE {where}" if where else "") + _LATEST_FIRST,
            tuple(value for _, value in asked),
        )

    def withdraw(self, id: str, reason: str, now: int) -> bool:  # noqa: A002 (the port's)
        with self._transaction(_WRITE) as connection:
            done = connection.execute(
                "INSERT INTO withdrawal SELECT number, ?, ? FROM release WHERE id = ? ON CONFLICT DO NOTHING",
                (reason, now, _identity(id)),
            )
            return done.rowcount == 1

    # --- finding -------------------------------------------------------------------------------------------------------

    def find_by_sha256(self, sha256: bytes) -> tuple[Release, ...]:
        return self._select(" WHERE r.sha256 = ?" + _LATEST_FIRST, (sha256,))

    def find_by_tree(self, tree: bytes, limit: int = 64) -> tuple[Release, ...]:
        return self._select(
            " JOIN subtree s ON s.release = r.number WHERE s.tree = ?" + _LATEST_FIRST + " LIMIT ?", (tree, limit)
        )

    def find_by_claims(self, claims: Iterable[Claim], limit: int = 16) -> tuple[Release, ...]:
        keys = claim_keys(claims)
        if not keys:
            return ()
        rows = ", ".join(["(?, ?)"] * len(keys))
        return self._select(
            f" JOIN (WITH asked (name, value) AS (VALUES {rows})"  # noqa: S608 (question marks only)
            " SELECT release, count(DISTINCT name) AS names FROM asked CROSS JOIN claim USING (name, value)"
            " GROUP BY release HAVING names >= 2) c ON c.release = r.number"
            " ORDER BY c.names DESC, r.published DESC, r.id LIMIT ?",
            (*(word for key in keys for word in key), limit),
        )

    def find_sharing(self, sizes: Mapping[bytes, int], limit: int = 16) -> Sharing:
        with self._transaction() as connection:
            numbers: dict[bytes, int] = {}
            spread: dict[bytes, Spread] = {}
            for number, digest, products, releases in self._spread(sizes):
                numbers[digest], spread[digest] = number, Spread(products, releases)
            connection.execute("DELETE FROM followed")
            connection.executemany(
                "INSERT INTO followed VALUES (?, ?)",
                sorted((numbers[digest], weight) for digest, weight in weigh_rarest(sizes, spread).items()),
            )
            ranked = connection.execute(
                "SELECT s.release, s.shared FROM (SELECT h.release, sum(f.weight) AS shared FROM followed f"
                " CROSS JOIN holding h ON h.content = f.content GROUP BY h.release) s"
                " JOIN release r ON r.number = s.release ORDER BY s.shared DESC, r.id LIMIT ?",
                (limit,),
            ).fetchall()
            found = ((self._rows(" WHERE r.number = ?", (number,)), shared) for number, shared in ranked)
            nearest = tuple((rows[0], shared) for rows, shared in found if rows)
        return Sharing(nearest, {digest: each.products for digest, each in spread.items()})

    def count_products(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        with self._transaction():
            return {digest: products for _, digest, products, _ in self._spread(digests)}

    def _spread(self, digests: Iterable[bytes]) -> Iterator[tuple[int, bytes, int, int]]:
        """Yield number, digest, products and releases of the contents that are known."""
        ordered = sorted(digests)  # neighbours in the index are asked for together
        for start in range(0, len(ordered), _TOGETHER):
            asked = ordered[start : start + _TOGETHER]
            marks = ", ".join("?" * len(asked))
            query = f"SELECT number, sha256, products, releases FROM content WHERE sha256 IN ({marks})"  # noqa: S608 (marks)
            yield from self._connection.execute(query, asked)

    # --- bytes ---------------------------------------------------------------------------------------------------------

    def get_manifest(self, id: str) -> Part | None:  # noqa: A002 (the port's)
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT m.data FROM manifest m JOIN release r ON r.number = m.release WHERE r.id = ?", (_identity(id),)
            ).fetchone()
        return manifest_codec.decode(row[0]) if row else None

    def find_packings(self, packings: Iterable[bytes], limit: int = 4) -> tuple[Release, ...]:
        asked = sorted(set(packings))
        with self._transaction() as connection:
            shared: dict[int, int] = {}
            for start in range(0, len(asked), _TOGETHER):
                some = asked[start : start + _TOGETHER]
                marks = ", ".join("?" * len(some))
                query = f"SELECT release FROM packing WHERE packing IN ({marks})"  # noqa: S608 (question marks only)
                for (release,) in connection.execute(query, some):
                    shared[release] = shared.get(release, 0) + 1
            found = [(self._rows(" WHERE r.number = ?", (number,)), count) for number, count in shared.items()]
        ranked = [(rows[0], count) for rows, count in found if rows]
        ranked.sort(key=lambda each: (-each[1], -each[0].published, each[0].id))
        return tuple(release for release, _ in ranked[:limit])

    def get_packings(self, id: str) -> bytes | None:  # noqa: A002 (the port's)
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT p.data FROM packings p JOIN release r ON r.number = p.release WHERE r.id = ?", (_identity(id),)
            ).fetchone()
        return row[0] if row else None

    def get_portraits(self, id: str) -> bytes | None:  # noqa: A002 (the port's)
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT p.size, p.data FROM portraits p JOIN release r ON r.number = p.release WHERE r.id = ?",
                (_identity(id),),
            ).fetchone()
        return kept_content.unpack_list(*row) if row else None

    def get_content(self, sha256: bytes) -> bytes | None:
        with self._transaction() as connection:
            row = connection.execute("SELECT size, data FROM kept WHERE sha256 = ?", (sha256,)).fetchone()
        return kept_content.unpack(sha256, *row) if row else None

    # --- whom to believe -----------------------------------------------------------------------------------------------

    def add_anchors(self, anchors: Iterable[Anchor], now: int) -> int:
        with self._transaction(_WRITE) as connection:
            return sqlite_trust.add_anchors(connection, anchors, now)

    def anchors(self) -> tuple[Anchor, ...]:
        with self._transaction() as connection:
            return sqlite_trust.anchors(connection)

    def revoke_anchor(self, publisher: str, id: str, reason: str, now: int) -> bool:  # noqa: A002 (the port's)
        with self._transaction(_WRITE) as connection:
            return sqlite_trust.revoke_anchor(connection, publisher, id, reason, now)

    def add_distrusted(self, entries: Iterable[Distrusted], now: int) -> int:
        with self._transaction(_WRITE) as connection:
            return sqlite_trust.add_distrusted(connection, entries, now)

    def find_distrusted(self, ids: Iterable[str]) -> dict[str, Distrusted]:
        with self._transaction() as connection:
            return sqlite_trust.find_distrusted(connection, ids)

    # --- the log -------------------------------------------------------------------------------------------------------

    def distrusted(self) -> Iterator[Distrusted]:
        with _translated(self._path):
            yield from sqlite_trust.distrusted(self._connection)

    def add_certificates(self, words: Iterable[CertificateStatus], now: int) -> int:
        with self._transaction(_WRITE) as connection:
            return sqlite_log.add_certificates(connection, words, now)

    def certificates(self, sha256: bytes | None = None) -> tuple[CertificateStatus, ...]:
        with self._transaction() as connection:
            return sqlite_log.certificates(connection, sha256)

    def transaction(self) -> AbstractContextManager[object]:
        return self._transaction(_WRITE if self._writes else _READ)

    def get_payload(self, id: str) -> bytes | None:  # noqa: A002 (the port's)
        with self._transaction() as connection:
            row = connection.execute("SELECT payload FROM release WHERE id = ?", (_identity(id),)).fetchone()
        return row[0] if row else None

    def log_size(self) -> int:
        with self._transaction() as connection:
            return sqlite_log.size(connection)

    def add_leaves(self, leaves: Iterable[Leaf]) -> int:
        with self._transaction(_WRITE) as connection:
            return sqlite_log.add_leaves(connection, leaves)

    def find_leaf(self, hash: bytes) -> int | None:  # noqa: A002 (the port's)
        with self._transaction() as connection:
            return sqlite_log.find_leaf(connection, hash)

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        with _translated(self._path):
            yield from sqlite_log.entries(self._connection, start, end)

    def leaves_about(self, subject: str) -> tuple[tuple[int, bytes], ...]:
        with self._transaction() as connection:
            return sqlite_log.leaves_about(connection, subject)

    def put_tiles(self, tiles: Mapping[tuple[int, int], bytes]) -> None:
        with self._transaction(_WRITE) as connection:
            sqlite_log.put_tiles(connection, tiles)

    def get_tile(self, level: int, number: int) -> bytes | None:
        with self._transaction() as connection:
            return sqlite_log.get_tile(connection, level, number)

    def put_checkpoint(self, size: int, note: bytes) -> None:
        with self._transaction(_WRITE) as connection:
            sqlite_log.put_checkpoint(connection, size, note)

    def checkpoint(self, size: int | None = None) -> bytes | None:
        with self._transaction() as connection:
            return sqlite_log.checkpoint(connection, size)

    def checkpoints(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        with _translated(self._path):
            yield from sqlite_log.checkpoints(self._connection, start)

    # --- the whole -----------------------------------------------------------------------------------------------------

    def statistics(self) -> Statistics:
        with self._transaction() as connection:
            counts = connection.execute(
                "SELECT (SELECT count(*) FROM publisher), (SELECT count(*) FROM release), (SELECT count(*) FROM withdrawal),"
                " (SELECT count(*) FROM content), (SELECT count(*) FROM kept), (SELECT coalesce(sum(size), 0) FROM kept),"
                " (SELECT count(*) FROM anchor), (SELECT count(*) FROM distrusted), (SELECT count(*) FROM certificate),"
                " (SELECT count(*) FROM leaf)"
            ).fetchone()
        return Statistics(*counts)

    def fsck(self) -> list[Problem]:
        with self._transaction() as connection:
            return sqlite_fsck.fsck(connection, self.publishers())

    # --- the door ------------------------------------------------------------------------------------------------------

    def _select(self, condition: str, values: tuple[Any, ...]) -> tuple[Release, ...]:
        with self._transaction():
            return self._rows(condition, values)

    def _rows(self, condition: str, values: tuple[Any, ...]) -> tuple[Release, ...]:
        return tuple(_release(row) for row in self._connection.execute(_RELEASE + condition, values))

    @contextmanager
    def _transaction(self, kind: str = _READ) -> Iterator[sqlite3.Connection]:
        """Run what is within as one transaction over one state; an exception undoes it."""
        with _translated(self._path):
            nested = self._connection.in_transaction
            if nested:  # fsck reads through the methods above, all in its own transaction
                yield self._connection
                return
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself undoes some, a full disk among them
                    self._connection.execute("ROLLBACK")
                raise


def _release(row: tuple[Any, ...]) -> Release:
    data, statement, published, source, withdrawn, identity = row
    try:
        release = payloads.as_release(
            data, statement=statement, published=published, source=source, withdrawn=withdrawn
        )
    except MalformedInput as error:
        raise StoreError(f"release {identity.hex()} is damaged ({error})") from error
    if release.id != identity.hex():
        raise StoreError(f"release {identity.hex()} is damaged: its payload has digest {release.id}")
    return release


def _identity(id: str) -> bytes:  # noqa: A002 (the domain's noun)
    try:
        return bytes.fromhex(id)
    except ValueError:
        return b""  # no release has it


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise StoreError(f"{path} is not a trueware registry: not an SQLite database") from error
        raise StoreError(f"registry {path}: {error}") from error
    except UnicodeDecodeError as error:  # a damaged text column or schema
        raise StoreError(f"registry {path} is damaged: {error}") from error


_: type[RegistryStore] = SqliteStore
