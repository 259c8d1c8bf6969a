"""One connection to a registry's database, and the transactions on it.

Reading
    One question is one statement, and PostgreSQL answers a statement from one committed state. Several that belong together run as
    ``REPEATABLE READ READ ONLY``: they see the state at the first of them, and block nobody.

Writing
    A write is ``BEGIN``, then ``LOCK TABLE turn IN EXCLUSIVE MODE``, then all else, at ``READ COMMITTED``. So writes happen one
    after the other, each begins with what the one before committed, and nothing it has read changes until it ends: the log has
    one history. It is the first lock of every write and held to its end, so that whoever waits for it holds nothing that anybody
    waits for: no deadlock. Who waits longer than a time out gets an error, and has written nothing.

    Serializable transactions that are tried again would also have one history. But what runs within `transaction` is the
    caller's and cannot be run twice, and every write ends in the same place, the end of the log: all but one of those that run
    together would fail and do their work again. Advisory locks can be taken by whoever may connect, so that a reader could
    keep all writers out; this lock needs the right to change the table (PostgreSQL 15, LOCK), which readers have not.

    A write within another is a savepoint: when it raises, nothing of it was written, whatever the caller does then.

Durability
    ``COMMIT`` returns when its record is on disk, if ``fsync`` and ``synchronous_commit`` are on: a server without ``fsync`` is
    refused for writing, and of a session that would not wait (``synchronous_commit = off``) the setting is put right. A client or
    server that dies before leaves nothing: there is no commit record. A connection that breaks during ``COMMIT`` leaves it open
    whether the write happened: that is said, and asking tells.

The search path is pinned, so that no object of others stands in for one of ours or of the system (CVE-2018-1058).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import unquote

import psycopg
from psycopg import pq
from sqlalchemy import Connection, Executable, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from trueware.errors import StoreError

SCHEMA = "trueware"
_OLDEST = 150_000
_CONNECTING = 10
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SETTINGS = (
    "SET search_path = pg_catalog, pg_temp",
    "SET random_page_cost = 1.1",  # an index of digests is looked up, not scanned, however many are asked for
    "SET max_parallel_workers_per_gather = 0",  # sums of weights are added up in one order
    "SET jit = off",  # compiling costs more than any of our queries
)


class Session:
    """A connection. Made by `open`."""

    def __init__(self, connection: Connection, where: str, schema: str, *, writes: bool) -> None:
        self.connection, self.where, self.schema, self.writes = connection, where, schema, writes
        self._depth = 0

    @classmethod
    def open(cls, url: str, timeout: float, *, writes: bool) -> Self:
        """Connect.

        Args:
            url: as libpq takes it, with `schema` added to its parameters.
            timeout: seconds to wait for another writer.
            writes: whether the session may write.

        Raises:
            StoreError: the URL is none, holds a password or names no schema; the server cannot be reached, is too old, or does
                not keep what it is given.
        """
        conninfo, schema = _split(url)
        with translated(url):
            engine = create_engine(
                "postgresql+psycopg://",
                creator=lambda: _connect(conninfo, timeout),
                poolclass=NullPool,
                isolation_level="AUTOCOMMIT",  # BEGIN and COMMIT are said here, in so many words
                use_native_hstore=False,
            )
            connection = engine.connect().execution_options(schema_translate_map={None: schema})
        session = cls(connection, url, schema, writes=writes)
        try:
            session._check()
        except BaseException:
            session.close()
            raise
        return session

    def _check(self) -> None:
        version, encoding, fsync, waits = self.ask(
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),"
            " current_setting('fsync'), current_setting('synchronous_commit')"
        )[0]
        if version < _OLDEST:
            raise StoreError(f"registry {self.where}: PostgreSQL 15 or later is needed, this is {version // 10_000}")
        if encoding != "UTF8":
            raise StoreError(f"registry {self.where}: the database has encoding {encoding}, UTF8 is needed")
        if self.writes and fsync != "on":
            raise StoreError(f"registry {self.where}: the server runs with fsync = off and would lose what it is given")
        if self.writes:  # said in the session, so that no reloaded configuration turns it off
            self.say(f"SET synchronous_commit = {'on' if waits == 'off' else waits}")

    def close(self) -> None:
        """Disconnect; a transaction that is open is undone."""
        with translated(self.where):
            self.connection.close()

    # --- statements ----------------------------------------------------------------------------------------------------

    @property
    def driver(self) -> "psycopg.Connection[Any]":
        """Psycopg's connection, for COPY."""
        driver: psycopg.Connection[Any] | None = self.connection.connection.driver_connection
        assert driver is not None  # noqa: S101 (a checked-out connection has one)
        return driver

    def ask(self, query: str, values: Mapping[str, object] | None = None) -> Sequence[Any]:
        """Return the rows of a query; ``{s}`` in it is the schema."""
        with translated(self.where):
            return self.connection.exec_driver_sql(query.replace("{s}", self.schema), values or {}).fetchall()

    def change(self, statement: str, values: Mapping[str, object] | None = None) -> int:
        """Return how many rows a statement wrote."""
        with translated(self.where):
            return self.connection.exec_driver_sql(statement.replace("{s}", self.schema), values or {}).rowcount

    def rows(self, statement: Executable) -> Sequence[Any]:
        """Return the rows of a statement of SQLAlchemy's."""
        with translated(self.where):
            return self.connection.execute(statement).fetchall()

    def write(self, statement: Executable, values: Sequence[Mapping[str, object]]) -> None:
        """Run a statement of SQLAlchemy's for each of the values."""
        if values:
            with translated(self.where):
                self.connection.execute(statement, values)

    def say(self, statements: str) -> None:
        """Run statements without parameters, in one round trip."""
        with translated(self.where):
            self.driver.execute(statements.replace("{s}", self.schema).encode(), prepare=False)

    def copy(self, into: str, types: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
        """Write rows into a table, ``name (columns)``, by COPY."""
        with translated(self.where), self.driver.cursor() as cursor:
            statement = f"COPY {into.replace('{s}', self.schema)} FROM STDIN (FORMAT BINARY)"
            with cursor.copy(statement.encode()) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)

    # --- transactions --------------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Run queries over one state."""
        if self._depth:
            yield
            return
        with self.whole("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run what is within as one write, or as part of the one that is open."""
        if not self.writes:
            raise StoreError(f"registry {self.where} was opened for reading")
        if self._depth:
            name = f"part_{self._depth}"
            with self._within(f"SAVEPOINT {name}", f"RELEASE {name}", f"ROLLBACK TO SAVEPOINT {name}; RELEASE {name}"):
                yield
            return
        with self.whole("BEGIN; LOCK TABLE {s}.turn IN EXCLUSIVE MODE"):
            yield

    @contextmanager
    def whole(self, begin: str) -> Iterator[None]:
        """Run what is within as one transaction that begins so."""
        with self._within(begin, "COMMIT", "ROLLBACK"):
            yield

    @contextmanager
    def _within(self, begin: str, end: str, undo: str) -> Iterator[None]:
        self._begin(begin, undo)
        self._depth += 1
        try:
            yield
            self._check_whole()
        except BaseException:
            self._depth -= 1
            self._undo(undo)
            raise
        self._depth -= 1
        try:
            self.say(end)
        except BaseException:
            self._undo(undo)
            raise

    def _check_whole(self) -> None:
        if self._status() is pq.TransactionStatus.INERROR:  # COMMIT would undo it and not say so
            raise StoreError(f"registry {self.where}: a statement failed, and with it all that was to be written")

    def _status(self) -> pq.TransactionStatus:
        with translated(self.where):
            return self.driver.info.transaction_status

    def _begin(self, begin: str, undo: str) -> None:
        try:
            self.say(begin)
        except BaseException:
            self._undo(undo)
            raise

    def _undo(self, undo: str) -> None:
        """Undo, if there is still somebody to tell; what went wrong is on its way to the caller."""
        try:
            if self._status() is not pq.TransactionStatus.IDLE:
                self.say(undo)
        except StoreError:
            self.connection.invalidate()  # what it was in the middle of dies with it


def _connect(conninfo: str, timeout: float) -> "psycopg.Connection[Any]":
    connection = psycopg.connect(
        conninfo, autocommit=True, client_encoding="UTF8", connect_timeout=_CONNECTING, application_name="trueware"
    )
    settings = (*_SETTINGS, f"SET lock_timeout = {max(1, round(timeout * 1000))}")
    connection.execute("; ".join(settings).encode())
    return connection


def _split(url: str) -> tuple[str, str]:
    """Return what libpq takes, and the schema."""
    base, _, query = url.partition("?")
    user = base.partition("://")[2].partition("/")[0].rpartition("@")[0]
    given = [(unquote(each.partition("=")[0]), each) for each in query.split("&") if each]
    if ":" in user or any(name in {"password", "sslpassword"} for name, _ in given):
        raise StoreError(
            "a URL must not hold a password, others can read it: libpq finds one in ~/.pgpass or PGPASSFILE"
        )
    schemas = [each.partition("=")[2] for name, each in given if name == "schema"] or [SCHEMA]
    if len(schemas) != 1 or not _NAME.fullmatch(schemas[0]) or schemas[0].startswith("pg_"):
        raise StoreError(f"schema {schemas[-1]!r}: lower case letters, digits and _ are taken, not first a digit")
    rest = "&".join(each for name, each in given if name != "schema")
    return f"{base}?{rest}" if rest else base, schemas[0]


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn errors of the driver into `StoreError`."""
    try:
        yield
    except DBAPIError as error:
        raise _error(where, error.orig or error) from error.orig
    except SQLAlchemyError as error:
        raise _error(where, error) from error
    except psycopg.Error as error:
        raise _error(where, error) from error
    except UnicodeDecodeError as error:
        raise StoreError(f"registry {where} is damaged: {error}") from error


def _error(where: str, error: BaseException) -> StoreError:
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return StoreError(f"registry {where} is locked: another writer did not finish in time")
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return StoreError(f"there is no registry at {where}")
    words = str(error).strip().splitlines() or [type(error).__name__]
    return StoreError(f"registry {where}: {words[0]}")
