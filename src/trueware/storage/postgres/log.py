"""The rows of a registry in PostgreSQL that are its log, and the words about certificates. Transactions are the caller's."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert

from trueware.errors import StoreError
from trueware.model.certificate import CertificateStatus, Standing
from trueware.registry.ports import Leaf, check_tile
from trueware.storage.postgres import tables as t
from trueware.storage.postgres.session import Session

_TOGETHER = 256
"""Entries read at once, so that what the caller does with them holds nothing open."""


def size(session: Session) -> int:
    """Return how many leaves there are; they are numbered without holes."""
    ((last,),) = session.rows(select(func.max(t.leaf.c.number)))
    return 0 if last is None else int(last) + 1


def add_leaves(session: Session, leaves: Iterable[Leaf]) -> int:
    """Add leaves after the last; returns the number of the first of them. The turn to write is the caller's."""
    first = size(session)
    given = tuple(leaves)
    hashes = [leaf.hash for leaf in given]
    if len(set(hashes)) < len(hashes) or session.ask(
        "SELECT 1 FROM {s}.leaf WHERE hash = ANY(%(hashes)s) LIMIT 1", {"hashes": hashes}
    ):
        raise ValueError("a leaf is in the log already")
    session.copy(
        "{s}.leaf (number, hash, entry)",
        ("int8", "bytea", "bytea"),
        ((number, leaf.hash, leaf.entry) for number, leaf in enumerate(given, first)),
    )
    session.copy(
        "{s}.leaf_subject (subject, leaf)",
        ("bytea", "int8"),
        ((t.key(subject), number) for number, leaf in enumerate(given, first) for subject in set(leaf.subjects)),
    )
    return first


def find_leaf(session: Session, digest: bytes) -> int | None:
    """Return the number of the leaf of that hash."""
    found = session.rows(select(t.leaf.c.number).where(t.leaf.c.hash == digest))
    return found[0][0] if found else None


def entries(session: Session, start: int, end: int) -> Iterator[bytes]:
    """Yield the entries of leaves `start` to `end` - 1."""
    number = t.leaf.c.number
    while start < end:
        some = select(number, t.leaf.c.entry).where(number >= start, number < end).order_by(number).limit(_TOGETHER)
        found = session.rows(some)
        if not found:
            return
        yield from (entry for _, entry in found)
        start = found[-1][0] + 1


def leaves_about(session: Session, subject: str) -> tuple[tuple[int, bytes], ...]:
    """Return number and entry of the leaves with that subject."""
    found = session.rows(
        select(t.leaf.c.number, t.leaf.c.entry)
        .join_from(t.leaf_subject, t.leaf, t.leaf.c.number == t.leaf_subject.c.leaf)
        .where(t.leaf_subject.c.subject == t.key(subject))
        .order_by(t.leaf.c.number)
    )
    return tuple((number, entry) for number, entry in found)


def put_tiles(session: Session, tiles: Mapping[tuple[int, int], bytes]) -> None:
    """Write tiles, each in the place of what it begins with."""
    for place, data in tiles.items():
        check_tile(place, get_tile(session, *place), data)
    statement = insert(t.tile)
    session.write(
        statement.on_conflict_do_update(index_elements=("level", "number"), set_={"data": statement.excluded.data}),
        [{"level": level, "number": number, "data": data} for (level, number), data in tiles.items()],
    )


def get_tile(session: Session, level: int, number: int) -> bytes | None:
    """Return a tile as wide as it is."""
    found = session.rows(select(t.tile.c.data).where(t.tile.c.level == level, t.tile.c.number == number))
    return found[0][0] if found else None


def put_checkpoint(session: Session, tree_size: int, note: bytes) -> None:
    """Write a checkpoint."""
    statement = insert(t.checkpoint)
    session.write(
        statement.on_conflict_do_update(index_elements=("size",), set_={"note": statement.excluded.note}),
        [{"size": tree_size, "note": note}],
    )


def checkpoint(session: Session, tree_size: int | None) -> bytes | None:
    """Return the checkpoint of that size, or the last."""
    asked = select(t.checkpoint.c.note).order_by(t.checkpoint.c.size.desc()).limit(1)
    found = session.rows(asked if tree_size is None else asked.where(t.checkpoint.c.size == tree_size))
    return found[0][0] if found else None


def checkpoints(session: Session, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield sizes and checkpoints from a size on."""
    c = t.checkpoint.c
    while found := session.rows(select(c.size, c.note).where(c.size >= start).order_by(c.size).limit(_TOGETHER)):
        yield from ((tree_size, note) for tree_size, note in found)
        start = found[-1][0] + 1


def add_certificates(session: Session, words: Iterable[CertificateStatus], now: int) -> int:
    """Add those that differ from the last word about the same certificate; returns how many."""
    new = 0
    for word in words:
        key = t.key(word.issuer, word.number)
        last = session.rows(
            _certificates().where(t.certificate.c.key == key).order_by(t.certificate.c.number.desc()).limit(1)
        )
        if last and _certificate(last[0]) == word:
            continue
        row = {
            "sha256": word.sha256, "key": key, "issuer": word.issuer, "name": word.number, "standing": word.standing.value,
            "scheme": word.scheme, "since": word.since, "until": word.until, "reason": word.reason, "added": now,
        }  # fmt: skip
        session.write(insert(t.certificate), [row])
        new += 1
    return new


def certificates(session: Session, sha256: bytes | None) -> tuple[CertificateStatus, ...]:
    """Return all words in the order they were added."""
    asked = _certificates().order_by(t.certificate.c.number)
    return tuple(
        map(_certificate, session.rows(asked if sha256 is None else asked.where(t.certificate.c.sha256 == sha256)))
    )


def _certificates() -> Select[Any]:
    c = t.certificate.c
    return select(c.issuer, c.name, c.sha256, c.standing, c.scheme, c.since, c.until, c.reason)


def _certificate(row: Any) -> CertificateStatus:
    issuer, number, sha256, standing, scheme, since, until, reason = row
    try:
        return CertificateStatus(issuer, number, sha256, Standing(standing), scheme, since, until, reason)
    except ValueError as error:
        raise StoreError(f"a word about certificate {number} is damaged ({error})") from error
