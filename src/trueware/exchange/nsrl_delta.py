"""The delta sets of NSRL's RDS v3: an SQL script that brings a full set up to date, read as values and never carried out.

NIST publishes them beside the full sets, to be run on the last of them (RDS ``…_delta.sql``, with ``BEGIN TRANSACTION;`` and
``COMMIT;``). What is read is one form::

    INSERT INTO FILE(sha256,sha1,md5,crc32,file_name,file_size,package_id) VALUES('…','…','…','…','name',123,456);

for the tables FILE, PKG, MFG, OS and VERSION, with one or more rows of values: texts in single quotes (``''`` for one) and
integers. UPDATE and DELETE change what is in the full set, which is not at hand: they are passed by, and told.

The form is that of NIST's set 2026.09.1 as published documentation quotes it; a whole delta set was not at hand.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueware.errors import MalformedInput
from trueware.registry.references import Refused

NAME = "nsrl-delta"
MAX_STATEMENT = 1 << 24
"""Characters of one statement; NIST's have one row of some 200."""

TABLES = {
    "FILE": ("sha256", "sha1", "md5", "crc32", "file_name", "file_size", "package_id"),
    "PKG": (
        "package_id",
        "name",
        "version",
        "operating_system_id",
        "manufacturer_id",
        "language",
        "application_type",
    ),
    "MFG": ("manufacturer_id", "name"),
    "OS": ("operating_system_id", "name", "version", "manufacturer_id"),
    "VERSION": ("version", "build_set", "build_date", "release_date", "description"),
}
"""Columns by table, those of the published schema."""

_INSERT = re.compile(
    r"INSERT\s+(?:OR\s+(?:IGNORE|REPLACE)\s+)?INTO\s+\"?(\w+)\"?\s*(?:\(([^()]*)\))?\s*VALUES\s*", re.IGNORECASE
)
_VALUE = re.compile(r"\s*(?:'((?:[^']|'')*+)'|(-?\d{1,19})|(NULL))\s*([,)])", re.IGNORECASE)
_NEXT = re.compile(r"\s*(,)?\s*(\()?")
_QUIET = re.compile(r"\s*(?:BEGIN|COMMIT|END|PRAGMA|ANALYZE|VACUUM)\b.*", re.IGNORECASE | re.DOTALL)
_KINDS = re.compile(r"\s*([A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows for one table; values in the order of `TABLES`, None where the statement does not give one."""

    table: str
    rows: tuple[tuple[str | int | None, ...], ...]


def is_delta(head: bytes) -> bool:
    """Tell whether a document that begins so may be a delta set."""
    text = head[:65536]
    return b"INSERT INTO FILE" in text or b"INSERT INTO PKG" in text or b"INSERT INTO MFG" in text


def read(chunks: Iterable[bytes]) -> Iterator[Insert | Refused]:
    """Yield what a script inserts, in its order, and what it does besides.

    Raises:
        MalformedInput: not UTF-8, or a statement that does not end.
    """
    for number, statement in enumerate(_statements(chunks), 1):
        match = _INSERT.match(statement.lstrip())
        if match is None:
            if not _QUIET.fullmatch(statement) and (kind := _KINDS.match(statement)):
                yield Refused(
                    f"statement {number}", f"{kind[1].upper()[:20]}: it changes the full set, which is not at hand"
                )
            continue
        yield _insert(match, statement.lstrip(), number)


def _insert(match: re.Match[str], statement: str, number: int) -> Insert | Refused:
    table = match[1].upper()
    columns = TABLES.get(table)
    if columns is None:
        return Refused(f"statement {number}", f"rows for {table[:40]!r}, which is no table of the set")
    named = [each.strip().strip('"').lower() for each in match[2].split(",")] if match[2] else list(columns)
    if len(set(named)) != len(named):
        return Refused(f"statement {number}", "a column named twice")
    at, rows = match.end(), list[tuple[str | int | None, ...]]()
    while True:
        after = _NEXT.match(statement, at)
        if after is None or after[2] is None or bool(after[1]) != bool(rows):
            break
        at, values = after.end(), []
        while value := _VALUE.match(statement, at):
            text, digits, _, end = value.groups()
            values.append(text.replace("''", "'") if text is not None else int(digits) if digits is not None else None)
            at = value.end()
            if end == ")":
                break
        else:
            return Refused(f"statement {number}", "a value that is neither text nor an integer")
        if len(values) != len(named):
            return Refused(f"statement {number}", f"{len(values)} values for {len(named)} columns")
        given = dict(zip(named, values, strict=True))
        rows.append(tuple(given.get(each) for each in columns))
    if statement[at:].strip():
        return Refused(f"statement {number}", "more than rows of values")
    return Insert(table, tuple(rows))


def _statements(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the statements, without comments (``--`` to the end of a line) and semicolons; one in a text ends none."""
    statement, rest = bytearray(), b""
    until = _NEXT_MARK
    for chunk in chunks:
        data, at = rest + chunk, 0
        rest = b""
        while match := until.search(data, at):
            mark = match[0]
            if mark == b"-" and match.end() == len(data):  # the other one may follow
                break
            statement += data[at : match.start()] if until is not _LINE_END else b""
            at = match.end()
            if mark == b"'":
                statement += mark
                until = _QUOTE if until is _NEXT_MARK else _NEXT_MARK
            elif mark == b";":
                yield _decoded(statement)
                statement = bytearray()
            elif mark == b"--":
                until = _LINE_END
            elif mark == b"-":
                statement += mark
            else:
                statement += mark
                until = _NEXT_MARK
        if match is not None:
            statement += data[at : match.start()]
            rest = b"-"
        elif until is not _LINE_END:
            statement += data[at:]
        if len(statement) > MAX_STATEMENT:
            raise MalformedInput(NAME, 0, "a statement that does not end")
    statement += rest
    if statement.strip():
        yield _decoded(statement)


_NEXT_MARK, _QUOTE, _LINE_END = re.compile(rb"'|;|--?"), re.compile(rb"'"), re.compile(rb"\n")


def _decoded(data: bytes | bytearray) -> str:
    return data.decode("utf-8", "surrogateescape")
