"""fsck of a registry in PostgreSQL: every digest, statement, manifest and index row, from the rows alone.

Pages and indexes are PostgreSQL's to prove: ``pg_amcheck`` and data checksums (docs, PostgreSQL).
"""

from collections.abc import Iterable, Iterator

from trueware.errors import InputError, StoreError
from trueware.model.part import Part
from trueware.model.release import Publisher
from trueware.registry import manifest_codec
from trueware.registry import packings as packing_lists
from trueware.registry import payload as payloads
from trueware.registry.audit import Indexed, audit_index, audit_release
from trueware.registry.indexing import contents
from trueware.registry.ports import Problem
from trueware.storage import kept_content
from trueware.storage.postgres import tables as t
from trueware.storage.postgres.any_text import free
from trueware.storage.postgres.session import Session

_TOGETHER = 256
"""Kept contents read at once."""

_COUNTS = """SELECT c.sha256 FROM {s}.content c LEFT JOIN (
    SELECT content, count(DISTINCT product) AS products, count(*) AS releases FROM {s}.holding GROUP BY content
) h ON h.content = c.number WHERE h.content IS NULL OR h.products <> c.products OR h.releases <> c.releases"""
_HELD = """SELECT count(*) FROM unnest(%(digests)s::bytea[], %(sizes)s::bigint[]) a (sha256, size)
JOIN {s}.content c ON c.sha256 = a.sha256 AND c.size = a.size
JOIN {s}.holding h ON h.content = c.number AND h.product = %(product)s AND h.release = %(release)s"""
_ORPHANS = {
    "content {} is kept, but no release holds it": (
        "SELECT encode(k.sha256, 'hex') FROM {s}.kept k LEFT JOIN {s}.content c ON c.sha256 = k.sha256"
        " WHERE c.number IS NULL AND k.size > 0"
    ),
    "product {} has no release": (
        "SELECT p.name FROM {s}.product p LEFT JOIN {s}.release r ON r.product = p.number WHERE r.number IS NULL"
    ),
    "number {} stands for two contents": "SELECT number FROM {s}.content GROUP BY number HAVING count(*) > 1",
    **{
        f"a row of {table} refers to a missing row of {parent}": (
            f"SELECT 1 FROM {{s}}.{table} x LEFT JOIN {{s}}.{parent} y ON y.number = x.{column} WHERE y.number IS NULL LIMIT 1"  # noqa: S608 (constants)
        )
        for table, column, parent in (
            *((table, "release", "release") for table in ("subtree", "claim", "packing", "holding", "withdrawal")),
            ("holding", "content", "content"),
            ("leaf_subject", "leaf", "leaf"),
        )
    },
    "the leaves of the log are not numbered without holes": (
        "SELECT 1 FROM {s}.leaf HAVING count(*) <> coalesce(max(number), -1) + 1 OR coalesce(min(number), 0) <> 0"
    ),
}
_KEYS = {
    "publisher {}": "SELECT key, name FROM {s}.publisher",
    "product {}": "SELECT key, publisher, name FROM {s}.product",
    "entitlement {}": "SELECT key, name, pattern FROM {s}.entitlement",
    "anchor {}": "SELECT key, publisher, id FROM {s}.anchor",
    "scope {}": "SELECT key, name, pattern FROM {s}.anchor_scope",
    "distrusted {}": "SELECT key, id FROM {s}.distrusted",
    "certificate {}": "SELECT key, issuer, name FROM {s}.certificate",
}


def fsck(session: Session, enrolled: Iterable[Publisher]) -> list[Problem]:
    """Return what is wrong with the registry, in one state of it (the caller's transaction); `enrolled` are its publishers."""
    publishers = {publisher.name: publisher for publisher in enrolled}
    holdings = dict(session.ask("SELECT release, count(*) FROM {s}.holding GROUP BY release"))
    problems = []
    for number, identity in session.ask("SELECT number, id FROM {s}.release ORDER BY number"):
        found = _audit(session, number, identity.hex(), publishers, holdings.get(number, 0))
        problems += [Problem(f"release {identity.hex()}", detail) for detail in found]
    problems += [
        Problem(f"content {digest.hex()}", "its counts are not those of its releases")
        for (digest,) in session.ask(_COUNTS)
    ]
    for wording, query in _ORPHANS.items():
        problems += [Problem("registry", wording.format(name)) for (name,) in session.ask(query)]
    problems += _wrong_keys(session)
    problems += _wrong_contents(session)
    return problems


def _wrong_keys(session: Session) -> Iterator[Problem]:
    for what, query in _KEYS.items():
        for key, *held in session.ask(query):
            texts = [free(each) for each in held]
            if key != t.key(*texts):
                yield Problem("registry", what.format(texts[-1]) + " stands under the key of another")
    for key, spki in session.ask("SELECT key, spki FROM {s}.publisher_key"):
        if key != t.digest(spki):
            yield Problem("registry", "a key of a publisher stands under the digest of another")


def _wrong_contents(session: Session) -> Iterator[Problem]:
    last = b""
    while found := session.ask(
        "SELECT sha256, size, data FROM {s}.kept WHERE sha256 > %(last)s ORDER BY sha256 LIMIT %(some)s",
        {"last": last, "some": _TOGETHER},
    ):
        for digest, size, data in found:
            try:
                kept_content.unpack(digest, size, data)
            except StoreError as error:
                yield Problem(f"content {digest.hex()}", str(error))
        last = found[-1][0]


def _audit(
    session: Session, number: int, identity: str, publishers: dict[str, Publisher], holdings: int
) -> Iterator[str]:
    """Yield what is wrong with one release and its index rows."""
    values: dict[str, object] = {"number": number}
    payload, statement, sha256, publisher, product, product_number = session.ask(
        "SELECT r.payload, r.statement, r.sha256, p.publisher, p.name, p.number FROM {s}.release r"
        " JOIN {s}.product p ON p.number = r.product WHERE r.number = %(number)s",
        values,
    )[0]
    try:
        release = payloads.as_release(payload, statement=statement)
        manifest = _manifest(session, values)
        packings = _packings(session, values)
        portraits = _portraits(session, values)
        if packings is not None:
            packing_lists.decode(packings)
    except (InputError, StoreError) as error:
        yield str(error)
        return
    if payloads.identify(payload) != identity:
        yield f"its id is not the digest of its payload, {payloads.identify(payload)}"
    yield from audit_release(release, payload, publishers.get(release.publisher), manifest, packings, portraits)
    claims = session.ask("SELECT name, value FROM {s}.claim WHERE release = %(number)s", values)
    trees = session.ask("SELECT tree FROM {s}.subtree WHERE release = %(number)s", values)
    packed = session.ask("SELECT packing FROM {s}.packing WHERE release = %(number)s", values)
    indexed_as = Indexed(
        (sha256, free(publisher), free(product)),
        sorted((free(name), free(value)) for name, value in claims),
        sorted(tree for (tree,) in trees),
        sorted(each for (each,) in packed),
    )
    yield from audit_index(release, manifest, packings, indexed_as)
    held = contents(manifest) if manifest is not None else {}
    indexed = session.ask(
        _HELD,
        {"digests": list(held), "sizes": list(held.values()), "product": product_number, "release": number},
    )[0][0]
    if not indexed == len(held) == holdings:
        yield "its contents are indexed wrongly"


def _manifest(session: Session, values: dict[str, object]) -> Part | None:
    found = session.ask("SELECT data FROM {s}.manifest WHERE release = %(number)s", values)
    return manifest_codec.decode(found[0][0]) if found else None


def _packings(session: Session, values: dict[str, object]) -> bytes | None:
    found = session.ask("SELECT data FROM {s}.packings WHERE release = %(number)s", values)
    return found[0][0] if found else None


def _portraits(session: Session, values: dict[str, object]) -> bytes | None:
    found = session.ask("SELECT size, data FROM {s}.portraits WHERE release = %(number)s", values)
    return kept_content.unpack_list(*found[0]) if found else None
