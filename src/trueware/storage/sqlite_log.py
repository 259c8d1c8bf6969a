"""The rows of a registry file that are its log, and the words about certificates. Transactions are the caller's."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from trueware.model.certificate import CertificateStatus, Standing
from trueware.registry.ports import Leaf, check_tile

_TOGETHER = 256
"""Entries read at once, so that no cursor stays open over what the caller does with them."""


def size(connection: sqlite3.Connection) -> int:
    """Return how many leaves there are; they are numbered without holes."""
    (last,) = connection.execute("SELECT max(number) FROM leaf").fetchone()
    return 0 if last is None else int(last) + 1


def add_leaves(connection: sqlite3.Connection, leaves: Iterable[Leaf]) -> int:
    """Add leaves after the last; returns the number of the first of them."""
    first = number = size(connection)
    rows: list[tuple[int, bytes, bytes]] = []
    subjects: list[tuple[str, int]] = []
    for leaf in leaves:
        rows.append((number, leaf.hash, leaf.entry))
        subjects += ((subject, number) for subject in set(leaf.subjects))
        number += 1
    try:
        connection.executemany("INSERT INTO leaf VALUES (?, ?, ?)", rows)
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_UNIQUE:
            raise
        raise ValueError("a leaf is in the log already") from error
    connection.executemany("INSERT INTO leaf_subject VALUES (?, ?)", subjects)
    return first


def find_leaf(connection: sqlite3.Connection, digest: bytes) -> int | None:
    """Return the number of the leaf of that hash."""
    row = connection.execute("SELECT number FROM leaf WHERE hash = ?", (digest,)).fetchone()
    return row[0] if row else None


def entries(connection: sqlite3.Connection, start: int, end: int) -> Iterator[bytes]:
    """Yield the entries of leaves `start` to `end` - 1."""
    while start < end:
        rows = connection.execute(
            "SELECT number, entry FROM leaf WHERE number >= ? AND number < ? ORDER BY number LIMIT ?",
            (start, end, _TOGETHER),
        ).fetchall()
        if not rows:
            return
        yield from (entry for _, entry in rows)
        start = rows[-1][0] + 1


def leaves_about(connection: sqlite3.Connection, subject: str) -> tuple[tuple[int, bytes], ...]:
    """Return number and entry of the leaves with that subject."""
    return tuple(
        connection.execute(
            "SELECT l.number, l.entry FROM leaf_subject s JOIN leaf l ON l.number = s.leaf WHERE s.subject = ? ORDER BY l.number",
            (subject,),
        ).fetchall()
    )


def put_tiles(connection: sqlite3.Connection, tiles: Mapping[tuple[int, int], bytes]) -> None:
    """Write tiles, each in the place of what it begins with."""
    for place, data in tiles.items():
        check_tile(place, get_tile(connection, *place), data)
        connection.execute(
            "INSERT INTO tile VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data", (*place, data)
        )


def get_tile(connection: sqlite3.Connection, level: int, number: int) -> bytes | None:
    """Return a tile as wide as it is."""
    row = connection.execute("SELECT data FROM tile WHERE level = ? AND number = ?", (level, number)).fetchone()
    return row[0] if row else None


def put_checkpoint(connection: sqlite3.Connection, tree_size: int, note: bytes) -> None:
    """Write a checkpoint."""
    connection.execute(
        "INSERT INTO checkpoint VALUES (?, ?) ON CONFLICT DO UPDATE SET note = excluded.note", (tree_size, note)
    )


def checkpoint(connection: sqlite3.Connection, tree_size: int | None) -> bytes | None:
    """Return the checkpoint of that size, or the last."""
    row = connection.execute(
        "SELECT note FROM checkpoint WHERE ?1 IS NULL OR size = ?1 ORDER BY size DESC LIMIT 1", (tree_size,)
    ).fetchone()
    return row[0] if row else None


def checkpoints(connection: sqlite3.Connection, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield sizes and checkpoints from a size on."""
    while rows := connection.execute(
        "SELECT size, note FROM checkpoint WHERE size >= ? ORDER BY size LIMIT ?", (start, _TOGETHER)
    ).fetchall():
        yield from rows
        start = rows[-1][0] + 1


def add_certificates(connection: sqlite3.Connection, words: Iterable[CertificateStatus], now: int) -> int:
    """Add those that differ from the last word about the same certificate; returns how many."""
    new = 0
    for word in words:
        last = connection.execute(
            _CERTIFICATE + " WHERE issuer = ? AND name = ? ORDER BY number DESC LIMIT 1", (word.issuer, word.number)
        ).fetchone()
        if last is not None and _certificate(last) == word:
            continue
        connection.execute(
            "INSERT INTO certificate (sha256, issuer, name, standing, scheme, since, until, reason, added)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(word.sha256, word.issuer, word.number, word.standing.value),
                *(word.scheme, word.since, word.until, word.reason, now),
            ),
        )
        new += 1
    return new


def certificates(connection: sqlite3.Connection, sha256: bytes | None) -> tuple[CertificateStatus, ...]:
    """Return all words in the order they were added."""
    condition, values = (" WHERE sha256 = ?", (sha256,)) if sha256 is not None else ("", ())
    return tuple(map(_certificate, connection.execute(_CERTIFICATE + condition + " ORDER BY number", values)))


_CERTIFICATE = "SELECT issuer, name, sha256, standing, scheme, since, until, reason FROM certificate"


def _certificate(row: tuple[str, str, bytes, str, str, int | None, int | None, str]) -> CertificateStatus:
    issuer, number, sha256, standing, scheme, since, until, reason = row
    return CertificateStatus(issuer, number, sha256, Standing(standing), scheme, since, until, reason)
