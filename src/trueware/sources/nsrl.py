"""Opens a database of NSRL's RDS v3, and its delta sets, as tables to be read (`trueware.importing.contract.Tables`).

The file is not trusted. It is opened read-only and as one that nobody changes, so that no journal beside it is looked at; an
authorizer lets SQLite read columns and nothing else: no function with effects, no virtual table, no PRAGMA, no recursion. A table
of the RDS may be a view of the file's own (NIST: "a set of four VIEWS", README of 2022): what such a view can do is read, and what
it may cost has a ceiling in proportion to the file. Nothing in a file is run when it is opened: triggers run on writing alone.

A delta set is a script. It is not run: its rows are read (`trueware.exchange.nsrl_delta`) and put into a database of our own in a
temporary file, which SQLite deletes when it is closed.

Rows come in order by external sorting: memory stays constant, and SQLite's temporary folder needs about the size of what is sorted.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from trueware.errors import MalformedInput, SourceError
from trueware.exchange import nsrl_delta
from trueware.importing.contract import Tables
from trueware.registry.references import Refused
from trueware.sources.mirrors import FolderMirror

_NAME: Final = "nsrl"
_MAX_VALUE = 1 << 20
"""Bytes of one value or row."""

_STEPS_AT_ONCE = 1_000_000
_STEPS_FREE, _STEPS_PER_BYTE = 100_000_000, 5
"""Instructions of SQLite's machine that reading may take, and more for each byte of the file; a row of some 200 bytes takes 40."""

_TOGETHER = 10_000
_MOST_PASSED = 1000
_MAGIC = b"SQLite format 3\0"
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ})
_FUNCTIONS = frozenset({"upper", "lower", "hex", "coalesce", "ifnull", "trim", "substr", "length"})
"""What a view may call."""


@contextmanager
def open_tables(mirror: FolderMirror, path: str) -> Iterator[Tables]:
    """Open the database, or the delta set, at a path within a mirror.

    Raises:
        MalformedInput: it is neither.
        SourceError: it cannot be opened.
    """
    place = mirror.place(path)
    if place is None:
        raise SourceError(f"there is no {path!r} in the folder")
    with place.open("rb") as file:
        head = file.read(1 << 16)
    if head.startswith(_MAGIC):
        with _translated(path), closing(_connect(place)) as connection:
            yield _Tables(connection, _columns(connection), (), path)
    elif nsrl_delta.is_delta(head):
        with _translated(path), closing(sqlite3.connect("", isolation_level=None)) as connection:
            passed = _fill(connection, mirror.chunks(path))
            yield _Tables(connection, nsrl_delta.TABLES, passed, path)
    else:
        raise MalformedInput(_NAME, 0, "neither an SQLite database nor a delta set")


class _Tables:
    def __init__(
        self,
        connection: sqlite3.Connection,
        columns: dict[str, tuple[str, ...]],
        passed: tuple[Refused, ...],
        path: str,
    ) -> None:
        self._connection, self._columns, self._passed, self._path = connection, columns, passed, path

    def columns(self, table: str) -> tuple[str, ...]:
        return self._columns.get(table, ())

    def rows(self, table: str, columns: tuple[str, ...], order: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
        there = self._columns.get(table, ())
        if not set(columns) | set(order) <= set(there):
            raise MalformedInput(_NAME, 0, f"table {table} without {', '.join(sorted({*columns, *order} - {*there}))}")
        # names are ours: they are those asked for, and in the file as they are written here
        query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {', '.join(order)}"  # noqa: S608
        with _translated(self._path):
            cursor = self._connection.execute(query)
            while rows := cursor.fetchmany(_TOGETHER):
                yield from rows

    def passed_by(self) -> Iterator[Refused]:
        yield from self._passed


_: type[Tables] = _Tables


def _connect(place: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro&immutable=1", isolation_level=None, uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_VDBE_OP, 100_000)
    for pragma in (
        "trusted_schema = OFF",
        "cell_size_check = ON",
        "query_only = ON",
        "mmap_size = 0",
        "temp_store = FILE",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.text_factory = _text
    steps = _Steps(_STEPS_FREE + _STEPS_PER_BYTE * place.stat().st_size)
    connection.set_progress_handler(steps, _STEPS_AT_ONCE)
    return connection


def _columns(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Return the columns of the tables that are wanted, and let nothing but reading happen from then on."""
    found = {}
    for table in nsrl_delta.TABLES:
        row = connection.execute(
            "SELECT type, rootpage FROM sqlite_schema WHERE upper(name) = ? AND type IN ('table', 'view')", (table,)
        ).fetchone()
        if row is None or (row[0] == "table" and not row[1]):  # a virtual table has no page
            continue
        connection.set_authorizer(_authorise)
        with suppress(sqlite3.DatabaseError):  # a view that asks for more than reading is not there
            cursor = connection.execute(f"SELECT * FROM {table} LIMIT 0")  # noqa: S608 (ours)
            found[table] = tuple(each[0].lower() for each in cursor.description)
        connection.set_authorizer(None)
    connection.set_authorizer(_authorise)
    return found


def _authorise(action: int, one: str | None, two: str | None, database: str | None, _: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_OK if two is not None and two.lower() in _FUNCTIONS else sqlite3.SQLITE_DENY
    if action in _ALLOWED and database in (None, "main") and not (one or "").lower().startswith("sqlite_"):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


class _Steps:
    """Counts instructions; a query that takes more than its file gives reason for is broken off."""

    def __init__(self, most: int) -> None:
        self._left = most // _STEPS_AT_ONCE

    def __call__(self) -> int:
        self._left -= 1
        return self._left < 0


def _fill(connection: sqlite3.Connection, chunks: Iterator[bytes]) -> tuple[Refused, ...]:
    """Put the rows of a delta set into tables of our own; return the first statements that were passed by."""
    connection.text_factory = _text
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
        connection.execute(f"PRAGMA {pragma}")
    for table, columns in nsrl_delta.TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    passed: list[Refused] = []
    rows: dict[str, list[tuple[str | int | None, ...]]] = {table: [] for table in nsrl_delta.TABLES}
    connection.execute("BEGIN")
    for each in nsrl_delta.read(chunks):
        if isinstance(each, Refused):
            if len(passed) < _MOST_PASSED:
                passed.append(each)
            continue
        waiting = rows[each.table]
        waiting.extend(tuple(map(_stored, row)) for row in each.rows)
        if len(waiting) >= _TOGETHER:
            _insert(connection, each.table, waiting)
    for table, waiting in rows.items():
        _insert(connection, table, waiting)
    connection.execute("COMMIT")
    return tuple(passed)


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[str | int | None, ...]]) -> None:
    places = ", ".join("?" * len(nsrl_delta.TABLES[table]))
    connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 (ours)
    rows.clear()


def _stored(value: str | int | None) -> str | int | None:
    """Return a value as SQLite can hold it: bytes that are no Unicode are marked as such, numbers have 64 bits."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value if value is None or -1 << 63 <= value < 1 << 63 else None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise MalformedInput(_NAME, 0, "reading it takes more than its size gives reason for") from error
        if error.sqlite_errorcode in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise SourceError(f"cannot read {path!r}: {error}") from error
        raise MalformedInput(_NAME, 0, str(error)[:200]) from error
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:  # the last: what SQLite says of a damaged file
        raise MalformedInput(_NAME, 0, str(error)[:200]) from error
