"""fsck of a registry file: SQLite's own structure, then every digest, statement, manifest and index row from the bytes."""

import sqlite3
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

_COUNTS = (
    "SELECT c.sha256 FROM content c LEFT JOIN (SELECT content, count(DISTINCT product) AS products, count(*) AS releases"
    " FROM holding GROUP BY content) h ON h.content = c.number"
    " WHERE h.content IS NULL OR h.products != c.products OR h.releases != c.releases"
)
_HOLDING = (
    "SELECT 1 FROM content c JOIN holding h ON h.content = c.number"
    " WHERE c.sha256 = ? AND c.size = ? AND h.product = ? AND h.release = ?"
)
_ORPHANS = {
    "content {} is kept, but no release holds it": (
        "SELECT lower(hex(k.sha256)) FROM kept k LEFT JOIN content c ON c.sha256 = k.sha256 WHERE c.number IS NULL AND k.size > 0"
    ),
    "product {} has no release": (
        "SELECT p.name FROM product p LEFT JOIN release r ON r.product = p.number WHERE r.number IS NULL"
    ),
}


def fsck(connection: sqlite3.Connection, enrolled: Iterable[Publisher]) -> list[Problem]:
    """Return what is wrong with the registry, in one state of it (the caller's transaction); `enrolled` are its publishers."""
    problems = [
        Problem("registry", f"SQLite finds: {detail}")
        for (detail,) in connection.execute("PRAGMA integrity_check(100)")
        if detail != "ok"
    ]
    if problems:
        return problems  # rows of a broken file prove nothing
    problems += [
        Problem("registry", f"a row of {table} refers to a missing row of {parent}")
        for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check")
    ]
    publishers = {publisher.name: publisher for publisher in enrolled}
    holdings = dict(connection.execute("SELECT release, count(*) FROM holding GROUP BY release").fetchall())
    for number, identity in connection.execute("SELECT number, id FROM release ORDER BY number").fetchall():
        found = _audit(connection, number, identity.hex(), publishers, holdings.get(number, 0))
        problems += [Problem(f"release {identity.hex()}", detail) for detail in found]
    problems += [
        Problem(f"content {digest.hex()}", "its counts are not those of its releases")
        for (digest,) in connection.execute(_COUNTS)
    ]
    for wording, query in _ORPHANS.items():
        problems += [Problem("registry", wording.format(name)) for (name,) in connection.execute(query)]
    for digest, size, data in connection.execute("SELECT sha256, size, data FROM kept"):
        try:
            kept_content.unpack(digest, size, data)
        except StoreError as error:
            problems.append(Problem(f"content {digest.hex()}", str(error)))
    return problems


def _audit(
    connection: sqlite3.Connection, number: int, identity: str, publishers: dict[str, Publisher], holdings: int
) -> Iterator[str]:
    """Yield what is wrong with one release and its index rows."""
    payload, statement, sha256, publisher, product, product_number = connection.execute(
        "SELECT r.payload, r.statement, r.sha256, p.publisher, p.name, p.number FROM release r"
        " JOIN product p ON p.number = r.product WHERE r.number = ?",
        (number,),
    ).fetchone() or (b"", None, b"", "", "", 0)
    try:
        release = payloads.as_release(payload, statement=statement)
        manifest = _manifest(connection, number)
        packings = _packings(connection, number)
        portraits = _portraits(connection, number)
        if packings is not None:
            packing_lists.decode(packings)
    except (InputError, StoreError) as error:
        yield str(error)
        return
    if payloads.identify(payload) != identity:
        yield f"its id is not the digest of its payload, {payloads.identify(payload)}"
    yield from audit_release(release, payload, publishers.get(release.publisher), manifest, packings, portraits)
    indexed_as = Indexed(
        (sha256, publisher, product),
        sorted(connection.execute("SELECT name, value FROM claim WHERE release = ?", (number,))),
        sorted(tree for (tree,) in connection.execute("SELECT tree FROM subtree WHERE release = ?", (number,))),
        sorted(each for (each,) in connection.execute("SELECT packing FROM packing WHERE release = ?", (number,))),
    )
    yield from audit_index(release, manifest, packings, indexed_as)
    held = contents(manifest) if manifest is not None else {}
    indexed = sum(
        connection.execute(_HOLDING, (digest, size, product_number, number)).fetchone() is not None
        for digest, size in held.items()
    )
    if not indexed == len(held) == holdings:
        yield "its contents are indexed wrongly"


def _manifest(connection: sqlite3.Connection, number: int) -> Part | None:
    row = connection.execute("SELECT data FROM manifest WHERE release = ?", (number,)).fetchone()
    return manifest_codec.decode(row[0]) if row else None


def _packings(connection: sqlite3.Connection, number: int) -> bytes | None:
    row = connection.execute("SELECT data FROM packings WHERE release = ?", (number,)).fetchone()
    return row[0] if row else None


def _portraits(connection: sqlite3.Connection, number: int) -> bytes | None:
    row = connection.execute("SELECT size, data FROM portraits WHERE release = ?", (number,)).fetchone()
    return kept_content.unpack_list(*row) if row else None
