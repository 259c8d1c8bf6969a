"""The rows of a registry in PostgreSQL that say who publishes, and whom to believe. Transactions are the caller's."""

from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from trueware.model.anchor import Anchor, Distrusted
from trueware.model.release import Entitlement, Publisher
from trueware.registry.ports import check_anchor
from trueware.storage.postgres import tables as t
from trueware.storage.postgres.any_text import free
from trueware.storage.postgres.session import Session


def add_publisher(session: Session, publisher: Publisher, now: int) -> None:
    """Add a publisher, or what is new in it."""
    owner = t.key(publisher.name)
    session.write(
        insert(t.publisher).on_conflict_do_nothing(), [{"key": owner, "name": publisher.name, "enrolled": now}]
    )
    session.write(
        insert(t.publisher_key).on_conflict_do_nothing(),
        [{"publisher": owner, "key": t.digest(spki), "spki": spki, "added": now} for spki in publisher.keys],
    )
    session.write(
        insert(t.entitlement).on_conflict_do_nothing(),
        [
            {
                "publisher": owner,
                "key": t.key(each.name, each.pattern),
                "name": each.name,
                "pattern": each.pattern,
                "added": now,
            }
            for each in publisher.entitlements
        ],
    )


def publishers(session: Session, name: str | None = None) -> tuple[Publisher, ...]:
    """Return all, or the one of that name, by name."""
    wanted = None if name is None else t.key(name)
    known = select(t.publisher.c.key, t.publisher.c.name)
    keys = select(t.publisher_key.c.publisher, t.publisher_key.c.spki)
    patterns = select(t.entitlement.c.publisher, t.entitlement.c.name, t.entitlement.c.pattern)
    if wanted is not None:
        known = known.where(t.publisher.c.key == wanted)
        keys = keys.where(t.publisher_key.c.publisher == wanted)
        patterns = patterns.where(t.entitlement.c.publisher == wanted)
    names = dict(session.rows(known))
    held: dict[bytes, tuple[list[bytes], list[tuple[str, str]]]] = {key: ([], []) for key in names}
    if names:
        for key, spki in session.rows(keys):
            held[key][0].append(spki)
        for key, claim, pattern in session.rows(patterns):
            held[key][1].append((claim, pattern))
    return tuple(
        Publisher(names[key], tuple(sorted(held[key][0])), tuple(Entitlement(*each) for each in sorted(held[key][1])))
        for key in sorted(names, key=names.__getitem__)
    )


def add_anchors(session: Session, anchors: Iterable[Anchor], now: int) -> int:
    """Add those that are not there yet; returns how many."""
    given = tuple(anchors)
    enrolled = {name for (name,) in session.rows(select(t.publisher.c.name))}
    for anchor in given:
        check_anchor(anchor, enrolled)
    first = {t.key(each.publisher, each.id): each for each in reversed(given)}
    known = {
        key for (key,) in session.ask("SELECT key FROM {s}.anchor WHERE key = ANY(%(keys)s)", {"keys": list(first)})
    }
    new = {key: anchor for key, anchor in first.items() if key not in known}
    session.write(
        insert(t.anchor),
        [
            {
                "key": key,
                "enrolled": t.key(each.publisher),
                "publisher": each.publisher,
                "id": each.id,
                "kind": each.kind,
                "data": each.data,
                "issues": each.issues,
                "since": each.since,
                "until": each.until,
                "threshold": each.threshold,
                "name": each.name,
                "source": each.source,
                "added": now,
            }
            for key, each in new.items()
        ],
    )
    session.write(
        insert(t.anchor_scope).on_conflict_do_nothing(),
        [
            {"anchor": key, "key": t.key(each.name, each.pattern), "name": each.name, "pattern": each.pattern}
            for key, anchor in new.items()
            for each in anchor.scope
        ],
    )
    return len(new)


def anchors(session: Session) -> tuple[Anchor, ...]:
    """Return all, by publisher and id."""
    scopes: dict[bytes, list[tuple[str, str]]] = {}
    for key, name, pattern in session.rows(
        select(t.anchor_scope.c.anchor, t.anchor_scope.c.name, t.anchor_scope.c.pattern)
    ):
        scopes.setdefault(key, []).append((name, pattern))
    a, r = t.anchor.c, t.anchor_revocation
    found = session.rows(
        select(a.key, a.publisher, a.id, a.kind, a.data, a.issues, a.since, a.until, a.threshold, a.name, a.source, r.c.reason)
        .join_from(t.anchor, r, r.c.anchor == a.key, isouter=True)
    )  # fmt: skip
    every = (
        Anchor(
            publisher, identity, kind, data, issues,
            tuple(Entitlement(*each) for each in sorted(scopes.get(key, ()))),
            since, until, threshold, name, source, revoked,
        )
        for key, publisher, identity, kind, data, issues, since, until, threshold, name, source, revoked in found
    )  # fmt: skip
    return tuple(sorted(every, key=lambda anchor: (anchor.publisher, anchor.id)))


def revoke_anchor(session: Session, publisher: str, identity: str, reason: str, now: int) -> bool:
    """Take one back; tells whether it stood."""
    key = t.key(publisher, identity)
    if not session.rows(select(t.anchor.c.key).where(t.anchor.c.key == key)):
        return False
    revocation = insert(t.anchor_revocation).values(anchor=key, reason=reason, at=now)
    return bool(session.rows(revocation.on_conflict_do_nothing().returning(t.anchor_revocation.c.anchor)))


def add_distrusted(session: Session, entries: Iterable[Distrusted], now: int) -> int:
    """Add those that are not there yet; returns how many."""
    first = {t.key(each.id): each for each in reversed(tuple(entries))}
    known = {
        key for (key,) in session.ask("SELECT key FROM {s}.distrusted WHERE key = ANY(%(keys)s)", {"keys": list(first)})
    }
    new = {key: each for key, each in first.items() if key not in known}
    session.write(
        insert(t.distrusted),
        [
            {"key": key, "id": each.id, "reason": each.reason, "source": each.source, "added": now}
            for key, each in new.items()
        ],
    )
    return len(new)


def find_distrusted(session: Session, ids: Iterable[str]) -> dict[str, Distrusted]:
    """Return by id those that are listed."""
    keys = [t.key(each) for each in set(ids)]
    found = session.ask("SELECT id, reason, source FROM {s}.distrusted WHERE key = ANY(%(keys)s)", {"keys": keys})
    listed = (Distrusted(*map(free, row)) for row in found)
    return {each.id: each for each in listed}


def distrusted(session: Session) -> Iterator[Distrusted]:
    """Yield all, by id; they are sorted here, since the database holds some texts otherwise (`any_text.py`)."""
    found = session.ask("SELECT id, reason, source FROM {s}.distrusted")
    yield from sorted((Distrusted(*map(free, row)) for row in found), key=lambda each: each.id)
