"""Adds releases to a registry in PostgreSQL, many at a time.

What costs the client (reading the payload, encoding and compressing) is done before the turn to write is taken, where the caller
has not taken it already. What is written goes by COPY, or as arrays, a few statements for a batch of releases. The contents of a
batch are copied into a temporary table and joined with those that are known on the server: known ones are counted up, new ones
added with their counts, then the holdings.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueware.model.part import Part
from trueware.registry import manifest_codec
from trueware.registry import packings as packing_lists
from trueware.registry import payload as payloads
from trueware.registry.indexing import claim_keys, contents, subtrees
from trueware.registry.payload import Payload
from trueware.registry.ports import Submission, check_kept, check_lists
from trueware.storage import kept_content
from trueware.storage.postgres import tables as t
from trueware.storage.postgres.any_text import hold
from trueware.storage.postgres.session import Session

_RELEASES, _CONTENTS, _BYTES = 500, 200_000, 1 << 25
"""What ends a batch: its releases, their contents, the bytes of their lists and of what is kept."""

WANTED = """CREATE TEMP TABLE wanted (
    sha256 bytea NOT NULL, size bigint NOT NULL, product integer NOT NULL, release integer NOT NULL
) ON COMMIT DELETE ROWS"""

_PRODUCTS = """
INSERT INTO {s}.product (key, publisher, name) SELECT w.key, w.publisher, w.name
FROM unnest(%(keys)s::bytea[], %(publishers)s::text[], %(names)s::text[]) w (key, publisher, name) ON CONFLICT DO NOTHING"""
_RELEASE = """
INSERT INTO {s}.release (id, product, sha256, published, source, payload, statement)
SELECT w.id, p.number, w.sha256, w.published, w.source, w.payload, w.statement
FROM unnest(%(ids)s::bytea[], %(keys)s::bytea[], %(digests)s::bytea[], %(published)s::bigint[], %(sources)s::text[],
    %(payloads)s::bytea[], %(statements)s::bytea[])
    WITH ORDINALITY w (id, key, sha256, published, source, payload, statement, place)
JOIN {s}.product p ON p.key = w.key ORDER BY w.place RETURNING id, number, product"""
_COUNT_UP = """
UPDATE {s}.content c SET products = c.products + k.products, releases = c.releases + k.releases FROM (
    SELECT p.sha256, sum(p.releases)::integer AS releases, (count(*) FILTER (WHERE NOT EXISTS (
        SELECT FROM {s}.holding h WHERE h.content = p.number AND h.product = p.product)))::integer AS products
    FROM (SELECT w.sha256, d.number, w.product, count(*) AS releases
        FROM pg_temp.wanted w JOIN {s}.content d ON d.sha256 = w.sha256 GROUP BY w.sha256, d.number, w.product) p
    GROUP BY p.sha256) k
WHERE c.sha256 = k.sha256"""
_ADD = """
INSERT INTO {s}.content (sha256, size, products, releases)
SELECT w.sha256, min(w.size), count(DISTINCT w.product), count(*) FROM pg_temp.wanted w
WHERE NOT EXISTS (SELECT FROM {s}.content c WHERE c.sha256 = w.sha256) GROUP BY w.sha256"""
_HOLD = """
INSERT INTO {s}.holding (content, product, release) SELECT c.number, w.product, w.release
FROM pg_temp.wanted w JOIN {s}.content c ON c.sha256 = w.sha256 ORDER BY 1, 2, 3"""
_KEEP = """
INSERT INTO {s}.kept (sha256, size, data)
SELECT * FROM unnest(%(digests)s::bytea[], %(sizes)s::bigint[], %(data)s::bytea[]) ON CONFLICT DO NOTHING"""


@dataclass(slots=True)
class Prepared:
    """A release, ready to be written."""

    id: bytes
    said: Payload
    submission: Submission
    manifest: bytes | None
    contents: dict[bytes, int]
    subtrees: set[bytes]
    sketch: list[bytes]
    portraits: bytes | None
    kept: dict[bytes, bytes]

    @property
    def size(self) -> int:
        """Bytes that go with it, about."""
        lists = (self.submission.payload, self.manifest, self.submission.packings, self.portraits)
        return sum(len(each) for each in lists if each is not None) + sum(map(len, self.kept.values()))


def prepare(session: Session, submissions: Iterable[Submission]) -> Iterator[list[Prepared]]:
    """Yield releases in batches, in order; those that are known with nothing to write. Whatever is wrong with one is raised."""
    batch: list[Prepared] = []
    for submission in submissions:
        batch.append(_prepared(submission))
        many = sum(len(each.contents) for each in batch) >= _CONTENTS
        if len(batch) >= _RELEASES or many or sum(each.size for each in batch) >= _BYTES:
            yield _compressed(session, batch)
            batch = []
    if batch:
        yield _compressed(session, batch)


def _prepared(submission: Submission) -> Prepared:
    said = payloads.decode(submission.payload)
    check_kept(submission)
    check_lists(submission, said.packings, said.portraits)
    root: Part | None = submission.manifest
    return Prepared(
        bytes.fromhex(payloads.identify(submission.payload)),
        said,
        submission,
        manifest_codec.encode(root) if root is not None else None,
        contents(root) if root is not None else {},
        subtrees(root) if root is not None else set(),
        packing_lists.sketch(packing_lists.decode(submission.packings)) if submission.packings is not None else [],
        kept_content.pack(submission.portraits) if submission.portraits is not None else None,
        dict(submission.kept) if root is not None else {},
    )


def _compressed(session: Session, batch: list[Prepared]) -> list[Prepared]:
    """Leave out what is kept already, which is never deleted, and compress the rest."""
    asked = {digest for each in batch for digest in each.kept}
    known = {
        digest
        for (digest,) in session.ask(
            "SELECT sha256 FROM {s}.kept WHERE sha256 = ANY(%(asked)s::bytea[])", {"asked": list(asked)}
        )
    }
    for each in batch:
        each.kept = {digest: kept_content.pack(data) for digest, data in each.kept.items() if digest not in known}
        known |= each.kept.keys()
    return batch


def add(session: Session, batch: list[Prepared]) -> list[bool]:
    """Write a batch, in the write that is open; tells of each release whether it is new."""
    known = {
        id_
        for (id_,) in session.ask(
            "SELECT id FROM {s}.release WHERE id = ANY(%(ids)s::bytea[])", {"ids": [each.id for each in batch]}
        )
    }
    new: dict[bytes, Prepared] = {}
    told = []
    for each in batch:
        told.append(each.id not in known and each.id not in new)
        if told[-1]:
            new[each.id] = each
    if new:
        _write(session, list(new.values()))
    return told


def _write(session: Session, new: list[Prepared]) -> None:
    products = {t.key(each.said.publisher, each.said.product): each.said for each in new}
    session.change(
        _PRODUCTS,
        {
            "keys": list(products),
            "publishers": [hold(said.publisher) for said in products.values()],
            "names": [hold(said.product) for said in products.values()],
        },
    )
    numbers = {
        id_: (number, product)
        for id_, number, product in session.ask(
            _RELEASE,
            {
                "ids": [each.id for each in new],
                "keys": [t.key(each.said.publisher, each.said.product) for each in new],
                "digests": [each.said.sha256 for each in new],
                "published": [each.submission.published for each in new],
                "sources": [hold(each.submission.source) for each in new],
                "payloads": [each.submission.payload for each in new],
                "statements": [each.submission.statement for each in new],
            },
        )
    }
    numbered = [(*numbers[each.id], each) for each in new]
    _index(session, numbered)
    _take_contents(session, numbered)
    kept = {digest: (len(each.submission.kept[digest]), data) for each in new for digest, data in each.kept.items()}
    if kept:
        rows = {
            "digests": list(kept),
            "sizes": [size for size, _ in kept.values()],
            "data": [data for _, data in kept.values()],
        }
        session.change(_KEEP, rows)


def _index(session: Session, numbered: list[tuple[int, int, Prepared]]) -> None:
    """Write what belongs to one release each."""
    copies: tuple[tuple[str, tuple[str, ...], list[tuple[object, ...]]], ...] = (
        (
            "claim (name, value, release)",
            ("text", "text", "int4"),
            [
                (hold(name), hold(value), number)
                for number, _, each in numbered
                for name, value in claim_keys(each.said.claims)
            ],
        ),
        (
            "manifest (release, data)",
            ("int4", "bytea"),
            [(number, each.manifest) for number, _, each in numbered if each.manifest is not None],
        ),
        (
            "subtree (tree, release)",
            ("bytea", "int4"),
            [(tree, number) for number, _, each in numbered for tree in sorted(each.subtrees)],
        ),
        (
            "packings (release, data)",
            ("int4", "bytea"),
            [
                (number, each.submission.packings)
                for number, _, each in numbered
                if each.submission.packings is not None
            ],
        ),
        (
            "packing (packing, release)",
            ("bytea", "int4"),
            [(packing, number) for number, _, each in numbered for packing in each.sketch],
        ),
        (
            "portraits (release, size, data)",
            ("int4", "int8", "bytea"),
            [
                (number, len(each.submission.portraits), each.portraits)
                for number, _, each in numbered
                if each.submission.portraits is not None
            ],
        ),
    )
    for into, types, rows in copies:
        if rows:
            session.copy("{s}." + into, types, rows)


def _take_contents(session: Session, numbered: list[tuple[int, int, Prepared]]) -> None:
    rows = [
        (digest, size, product, number) for number, product, each in numbered for digest, size in each.contents.items()
    ]
    if not rows:
        return
    session.copy("pg_temp.wanted (sha256, size, product, release)", ("bytea", "int8", "int4", "int4"), rows)
    session.change(_COUNT_UP)
    session.change(_ADD)
    session.change(_HOLD)
    session.say("TRUNCATE pg_temp.wanted")
