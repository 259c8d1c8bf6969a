"""The rows of a registry file that say whom to believe: anchors, and what must never be trusted. Transactions are the caller's."""

import sqlite3
from collections.abc import Iterable, Iterator

from trueware.model.anchor import Anchor, Distrusted
from trueware.model.release import Entitlement
from trueware.registry.ports import check_anchor

_TOGETHER = 500
"""Ids asked for in one query; SQLite takes 32,766 and is no faster with more."""


def add_anchors(connection: sqlite3.Connection, anchors: Iterable[Anchor], now: int) -> int:
    """Add those that are not there yet; returns how many."""
    new = 0
    enrolled = {name for (name,) in connection.execute("SELECT name FROM publisher")}
    for anchor in anchors:
        check_anchor(anchor, enrolled)
        row = (
            *(anchor.publisher, anchor.id, anchor.kind, anchor.data, int(anchor.issues)),
            *(anchor.since, anchor.until, anchor.threshold, anchor.name, anchor.source, now),
        )
        done = connection.execute(
            "INSERT INTO anchor VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row
        )
        if done.rowcount == 1:
            new += 1
            connection.executemany(
                "INSERT INTO anchor_scope VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(anchor.publisher, anchor.id, each.name, each.pattern) for each in anchor.scope],
            )
    return new


def anchors(connection: sqlite3.Connection) -> tuple[Anchor, ...]:
    """Return all, by publisher and id."""
    scopes: dict[tuple[str, str], list[Entitlement]] = {}
    for publisher, identity, name, pattern in connection.execute(
        "SELECT publisher, id, name, pattern FROM anchor_scope ORDER BY publisher, id, name, pattern"
    ):
        scopes.setdefault((publisher, identity), []).append(Entitlement(name, pattern))
    rows = connection.execute(
        "SELECT a.publisher, a.id, a.kind, a.data, a.issues, a.since, a.until, a.threshold, a.name, a.source, r.reason FROM anchor a"
        " LEFT JOIN anchor_revocation r ON r.publisher = a.publisher AND r.id = a.id ORDER BY a.publisher, a.id"
    )
    return tuple(
        Anchor(
            publisher, identity, kind, data, bool(issues), tuple(scopes.get((publisher, identity), ())),
            since, until, threshold, name, source, revoked,
        )
        for publisher, identity, kind, data, issues, since, until, threshold, name, source, revoked in rows
    )  # fmt: skip


def revoke_anchor(connection: sqlite3.Connection, publisher: str, identity: str, reason: str, now: int) -> bool:
    """Take one back; tells whether it stood."""
    done = connection.execute(
        "INSERT INTO anchor_revocation SELECT publisher, id, ?, ? FROM anchor WHERE publisher = ? AND id = ?"
        " ON CONFLICT DO NOTHING",
        (reason, now, publisher, identity),
    )
    return done.rowcount == 1


def add_distrusted(connection: sqlite3.Connection, entries: Iterable[Distrusted], now: int) -> int:
    """Add those that are not there yet; returns how many."""
    (before,) = connection.execute("SELECT count(*) FROM distrusted").fetchone()
    connection.executemany(
        "INSERT INTO distrusted VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(each.id, each.reason, each.source, now) for each in entries],
    )
    (after,) = connection.execute("SELECT count(*) FROM distrusted").fetchone()
    return int(after - before)


def distrusted(connection: sqlite3.Connection) -> Iterator[Distrusted]:
    """Yield all, by id."""
    after = ""
    while rows := connection.execute(
        "SELECT id, reason, source FROM distrusted WHERE id > ? ORDER BY id LIMIT ?", (after, _TOGETHER)
    ).fetchall():
        yield from (Distrusted(*row) for row in rows)
        after = rows[-1][0]


def find_distrusted(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Distrusted]:
    """Return by id those that are listed."""
    ordered = sorted(set(ids))
    found: dict[str, Distrusted] = {}
    for start in range(0, len(ordered), _TOGETHER):
        asked = ordered[start : start + _TOGETHER]
        query = f"SELECT id, reason, source FROM distrusted WHERE id IN ({', '.join('?' * len(asked))})"  # noqa: S608 (marks)
        found |= {row[0]: Distrusted(*row) for row in connection.execute(query, asked)}
    return found
