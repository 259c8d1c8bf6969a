"""The registry in a PostgreSQL database, for many writers and readers; how they meet is told in `session.py`.

The database is not trusted to say what is genuine: its tables must be ours (`shape.py`), ids, manifests and kept contents are proved
by digest as they are read, and releases by their statements on every look-up, as with every other store. It is trusted to
answer, and to keep what it was given. Every error of the server or the driver becomes a `StoreError`.

A connection that breaks is not made again: the store is closed and another one opened by whoever needs it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any, Self

from trueware.errors import MalformedInput, StoreError
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus
from trueware.model.claim import Claim
from trueware.model.part import Part
from trueware.model.release import Publisher, Release
from trueware.registry import manifest_codec
from trueware.registry import payload as payloads
from trueware.registry.indexing import MAX_POSTINGS, claim_keys
from trueware.registry.ports import Leaf, Problem, RegistryStore, Sharing, Statistics, Submission
from trueware.storage import kept_content
from trueware.storage.postgres import adding, fsck, log, shape, trust
from trueware.storage.postgres import tables as t
from trueware.storage.postgres.any_text import free, hold
from trueware.storage.postgres.session import Session

_RELEASE = """SELECT r.payload, r.statement, r.published, r.source, w.reason, r.id
FROM {s}.release r LEFT JOIN {s}.withdrawal w ON w.release = r.number"""
_LATEST_FIRST = " ORDER BY r.published DESC, r.id"
_SHARING = """
WITH known AS MATERIALIZED (
    SELECT c.number, c.sha256, c.products, ln(a.size::float8 + 2) / ln(2::float8) / greatest(1, c.products) AS weight,
        sum(c.releases) OVER rarest AS postings, row_number() OVER rarest AS place
    FROM unnest(%(digests)s::bytea[], %(sizes)s::bigint[]) a (sha256, size) JOIN {s}.content c ON c.sha256 = a.sha256
    WINDOW rarest AS (ORDER BY c.releases, c.sha256 ROWS UNBOUNDED PRECEDING)
), nearest AS (
    SELECT s.shared, r.* FROM (
        SELECT h.release, sum(k.weight) AS shared FROM known k JOIN {s}.holding h ON h.content = k.number
        WHERE k.postings <= %(most)s OR k.place = 1 GROUP BY h.release) s
    JOIN {s}.release r ON r.number = s.release ORDER BY s.shared DESC, r.id LIMIT %(limit)s
)
SELECT n.payload, n.statement, n.published, n.source, w.reason, n.id, n.shared, NULL::integer AS products
FROM nearest n LEFT JOIN {s}.withdrawal w ON w.release = n.number
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, k.sha256, NULL, k.products FROM known k"""
"""One round trip. The weights are those of `trueware.appraisal.similarity.weigh`, and the contents that are followed those of
`trueware.registry.indexing.weigh_rarest`; the contract suite holds every store to the same answers."""

_CLAIMED = """ JOIN (
    SELECT c.release, count(DISTINCT c.name) AS names FROM unnest(%(names)s::text[], %(values)s::text[]) a (name, value)
    JOIN {s}.claim c ON c.name = a.name COLLATE "C" AND c.value = a.value COLLATE "C"
    GROUP BY c.release HAVING count(DISTINCT c.name) >= 2) c ON c.release = r.number
ORDER BY c.names DESC, r.published DESC, r.id LIMIT %(limit)s"""
_PACKED = """ JOIN (
    SELECT p.release, count(*) AS shared FROM {s}.packing p WHERE p.packing = ANY(%(packings)s::bytea[])
    GROUP BY p.release) p ON p.release = r.number
ORDER BY p.shared DESC, r.published DESC, r.id LIMIT %(limit)s"""
_COUNTS = """SELECT (SELECT count(*) FROM {s}.publisher), (SELECT count(*) FROM {s}.release),
(SELECT count(*) FROM {s}.withdrawal), (SELECT count(*) FROM {s}.content), (SELECT count(*) FROM {s}.kept),
(SELECT coalesce(sum(size), 0)::bigint FROM {s}.kept), (SELECT count(*) FROM {s}.anchor), (SELECT count(*) FROM {s}.distrusted),
(SELECT count(*) FROM {s}.certificate), (SELECT count(*) FROM {s}.leaf)"""


class PostgresStore:
    """A registry on a server. Made by `create`, `open` or `open_read_only`; also a context manager that closes it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def create(cls, url: str, timeout: float = 10.0) -> Self:
        """Make a registry in the schema, bring an older one up to date, or open the one that is there; see `open`."""
        from trueware.storage.postgres.migrating import migrate  # noqa: PLC0415 (only who makes a registry needs Alembic)

        return cls._open(url, timeout, writes=True, prepare=migrate)

    @classmethod
    def open(cls, url: str, timeout: float = 10.0) -> Self:
        """Open an existing registry for reading and writing.

        Args:
            url: ``postgresql://[user@]host[:port]/database``, as libpq takes it; its parameter `schema` names the registry's.
            timeout: seconds to wait for another writer.

        Raises:
            StoreError: no server, no registry, another version of it, altered tables, or a password in the URL.
        """
        return cls._open(url, timeout, writes=True)

    @classmethod
    def open_read_only(cls, url: str, timeout: float = 10.0) -> Self:
        """Open an existing registry for reading; see `open`."""
        return cls._open(url, timeout, writes=False)

    @classmethod
    def _open(cls, url: str, timeout: float, *, writes: bool, prepare: Callable[[Session], None] | None = None) -> Self:
        session = Session.open(url, timeout, writes=writes)
        try:
            if prepare is not None:
                prepare(session)
            shape.check(session)
            if writes:
                session.say(adding.WANTED)
        except BaseException:
            session.close()
            raise
        return cls(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    # --- publishers ----------------------------------------------------------------------------------------------------

    def add_publisher(self, publisher: Publisher, now: int) -> None:
        with self._session.writing():
            trust.add_publisher(self._session, publisher, now)

    def get_publisher(self, name: str) -> Publisher | None:
        with self._session.snapshot():
            found = trust.publishers(self._session, name)
        return found[0] if found else None

    def publishers(self) -> tuple[Publisher, ...]:
        with self._session.snapshot():
            return trust.publishers(self._session)

    # --- releases ------------------------------------------------------------------------------------------------------

    def add_releases(self, submissions: Iterable[Submission]) -> tuple[bool, ...]:
        batches = adding.prepare(self._session, submissions)
        first = next(batches, None)  # before the turn to write is taken
        if first is None:
            return ()
        with self._session.writing():
            return tuple(told for batch in chain((first,), batches) for told in adding.add(self._session, batch))

    def get_release(self, id: str) -> Release | None:  # noqa: A002 (the port's)
        found = self._releases(" WHERE r.id = %(id)s", {"id": _identity(id)})
        return found[0] if found else None

    def releases(self, publisher: str | None = None, product: str | None = None) -> tuple[Release, ...]:
        if publisher is not None and product is not None:
            condition = " JOIN {s}.product p ON p.number = r.product WHERE p.key = %(key)s"
            return self._releases(condition + _LATEST_FIRST, {"key": t.key(publisher, product)})
        conditions = [" WHERE p.publisher = %(publisher)s"] if publisher is not None else []
        conditions += [" WHERE p.name = %(product)s"] if product is not None else []
        values = {"publisher": hold(publisher or ""), "product": hold(product or "")}
        return self._releases(
            " JOIN {s}.product p ON p.number = r.product" + "".join(conditions) + _LATEST_FIRST, values
        )

    def withdraw(self, id: str, reason: str, now: int) -> bool:  # noqa: A002 (the port's)
        with self._session.writing():
            return (
                self._session.change(
                    "INSERT INTO {s}.withdrawal (release, reason, at) SELECT number, %(reason)s, %(now)s FROM {s}.release"
                    " WHERE id = %(id)s ON CONFLICT DO NOTHING",
                    {"id": _identity(id), "reason": hold(reason), "now": now},
                )
                == 1
            )

    # --- finding -------------------------------------------------------------------------------------------------------

    def find_by_sha256(self, sha256: bytes) -> tuple[Release, ...]:
        return self._releases(" WHERE r.sha256 = %(sha256)s" + _LATEST_FIRST, {"sha256": sha256})

    def find_by_tree(self, tree: bytes, limit: int = 64) -> tuple[Release, ...]:
        condition = " WHERE r.number IN (SELECT s.release FROM {s}.subtree s WHERE s.tree = %(tree)s)"
        return self._releases(condition + _LATEST_FIRST + " LIMIT %(limit)s", {"tree": tree, "limit": limit})

    def find_by_claims(self, claims: Iterable[Claim], limit: int = 16) -> tuple[Release, ...]:
        keys = claim_keys(claims)
        if not keys:
            return ()
        names, values = zip(*((hold(name), hold(value)) for name, value in keys), strict=True)
        return self._releases(_CLAIMED, {"names": list(names), "values": list(values), "limit": limit})

    def find_sharing(self, sizes: Mapping[bytes, int], limit: int = 16) -> Sharing:
        asked = {"digests": list(sizes), "sizes": list(sizes.values()), "most": MAX_POSTINGS, "limit": limit}
        nearest: list[tuple[Release, float]] = []
        products: dict[bytes, int] = {}
        for *row, shared, count in self._session.ask(_SHARING, asked):
            if count is None:
                nearest.append((_release(row), shared))
            else:
                products[row[-1]] = count
        return Sharing(tuple(nearest), products)

    def count_products(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        query = "SELECT sha256, products FROM {s}.content WHERE sha256 = ANY(%(digests)s::bytea[])"
        return dict(self._session.ask(query, {"digests": list(set(digests))}))

    # --- bytes ---------------------------------------------------------------------------------------------------------

    def get_manifest(self, id: str) -> Part | None:  # noqa: A002 (the port's)
        row = self._of_release("SELECT m.data FROM {s}.manifest m", id)
        return manifest_codec.decode(row[0]) if row else None

    def find_packings(self, packings: Iterable[bytes], limit: int = 4) -> tuple[Release, ...]:
        return self._releases(_PACKED, {"packings": list(set(packings)), "limit": limit})

    def get_packings(self, id: str) -> bytes | None:  # noqa: A002 (the port's)
        row = self._of_release("SELECT m.data FROM {s}.packings m", id)
        return row[0] if row else None

    def get_portraits(self, id: str) -> bytes | None:  # noqa: A002 (the port's)
        row = self._of_release("SELECT m.size, m.data FROM {s}.portraits m", id)
        return kept_content.unpack_list(*row) if row else None

    def get_content(self, sha256: bytes) -> bytes | None:
        found = self._session.ask("SELECT size, data FROM {s}.kept WHERE sha256 = %(sha256)s", {"sha256": sha256})
        return kept_content.unpack(sha256, *found[0]) if found else None

    def get_payload(self, id: str) -> bytes | None:  # noqa: A002 (the port's)
        found = self._session.ask("SELECT payload FROM {s}.release WHERE id = %(id)s", {"id": _identity(id)})
        return found[0][0] if found else None

    # --- whom to believe -----------------------------------------------------------------------------------------------

    def add_anchors(self, anchors: Iterable[Anchor], now: int) -> int:
        with self._session.writing():
            return trust.add_anchors(self._session, anchors, now)

    def anchors(self) -> tuple[Anchor, ...]:
        with self._session.snapshot():
            return trust.anchors(self._session)

    def revoke_anchor(self, publisher: str, id: str, reason: str, now: int) -> bool:  # noqa: A002 (the port's)
        with self._session.writing():
            return trust.revoke_anchor(self._session, publisher, id, reason, now)

    def add_distrusted(self, entries: Iterable[Distrusted], now: int) -> int:
        with self._session.writing():
            return trust.add_distrusted(self._session, entries, now)

    def find_distrusted(self, ids: Iterable[str]) -> dict[str, Distrusted]:
        return trust.find_distrusted(self._session, ids)

    def distrusted(self) -> Iterator[Distrusted]:
        return trust.distrusted(self._session)

    # --- the log -------------------------------------------------------------------------------------------------------

    def transaction(self) -> AbstractContextManager[object]:
        return self._session.writing() if self._session.writes else self._session.snapshot()

    def add_certificates(self, words: Iterable[CertificateStatus], now: int) -> int:
        with self._session.writing():
            return log.add_certificates(self._session, words, now)

    def certificates(self, sha256: bytes | None = None) -> tuple[CertificateStatus, ...]:
        return log.certificates(self._session, sha256)

    def log_size(self) -> int:
        return log.size(self._session)

    def add_leaves(self, leaves: Iterable[Leaf]) -> int:
        with self._session.writing():
            return log.add_leaves(self._session, leaves)

    def find_leaf(self, hash: bytes) -> int | None:  # noqa: A002 (the port's)
        return log.find_leaf(self._session, hash)

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        return log.entries(self._session, start, end)

    def leaves_about(self, subject: str) -> tuple[tuple[int, bytes], ...]:
        return log.leaves_about(self._session, subject)

    def put_tiles(self, tiles: Mapping[tuple[int, int], bytes]) -> None:
        with self._session.writing():
            log.put_tiles(self._session, tiles)

    def get_tile(self, level: int, number: int) -> bytes | None:
        return log.get_tile(self._session, level, number)

    def put_checkpoint(self, size: int, note: bytes) -> None:
        with self._session.writing():
            log.put_checkpoint(self._session, size, note)

    def checkpoint(self, size: int | None = None) -> bytes | None:
        return log.checkpoint(self._session, size)

    def checkpoints(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        return log.checkpoints(self._session, start)

    # --- the whole -----------------------------------------------------------------------------------------------------

    def statistics(self) -> Statistics:
        return Statistics(*self._session.ask(_COUNTS)[0])

    def fsck(self) -> list[Problem]:
        with self._session.snapshot():
            return fsck.fsck(self._session, self.publishers())

    def _releases(self, condition: str, values: Mapping[str, object]) -> tuple[Release, ...]:
        return tuple(map(_release, self._session.ask(_RELEASE + condition, values)))

    def _of_release(self, query: str, id: str) -> Any:  # noqa: A002 (the port's)
        found = self._session.ask(
            query + " JOIN {s}.release r ON r.number = m.release WHERE r.id = %(id)s", {"id": _identity(id)}
        )
        return found[0] if found else None


def _release(row: Any) -> Release:
    data, statement, published, source, withdrawn, identity = row
    try:
        release = payloads.as_release(
            data,
            statement=statement,
            published=published,
            source=free(source),
            withdrawn=None if withdrawn is None else free(withdrawn),
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


_: type[RegistryStore] = PostgresStore
