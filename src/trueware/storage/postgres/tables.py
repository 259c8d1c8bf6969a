"""The tables of a registry in PostgreSQL; the migrations make them, `shape.py` proves that a database has them.

They are those of the registry's file (`trueware.storage.sqlite_schema`), but for three things.

Keys
    What is unique by texts, which may be longer than the 2,704 bytes that a B-tree holds, is unique by `key`, their SHA-256.
    Text itself has the "C" collation: what one server sorts and matches, every other does.
Size
    ``content`` and ``holding`` are nearly all of a large registry. A content's digest is unique by an exclusion constraint over a
    hash index, which holds 4 bytes of it where a B-tree holds all 32. A holding refers to content, product and release by
    number, and no foreign key watches it, which would cost more than writing it: fsck proves it. Numbers of contents have no
    index: a content is found by its digest, and holdings by theirs.
Writing
    ``turn`` holds nothing; who locks it has the turn to write (`session.py`). ``registry`` has one row, which says what this is.

A row is never deleted, and none but these changes: the two counts of ``content``, the data of a ``tile``, the note of a
``checkpoint``.
"""

from hashlib import sha256

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from trueware.storage.postgres.any_text import AnyText

APPLICATION = "trueware registry"

metadata = MetaData()


def key(*texts: str) -> bytes:
    """Return what stands for texts where they are unique: SHA-256 of each with its length before it."""
    hashed = sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(8, "big") + data)
    return hashed.digest()


def digest(data: bytes) -> bytes:
    """Return what stands for bytes where they are unique: their SHA-256."""
    return sha256(data).digest()


def _bytes(name: str, *more: ForeignKey, primary_key: bool = False, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, *more, primary_key=primary_key, nullable=nullable)


def _text(name: str) -> Column[str]:
    return Column(name, AnyText(collation="C"), nullable=False)


def _number(name: str, *more: ForeignKey, primary_key: bool = False) -> Column[int]:
    return Column(name, Integer, *more, primary_key=primary_key, autoincrement=False, nullable=False)


def _long(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=primary_key, autoincrement=False, nullable=nullable)


def _identity(kind: type[Integer] = Integer, *, primary_key: bool = True) -> Column[int]:
    return Column("number", kind, Identity(always=True), primary_key=primary_key, nullable=False)


registry = Table("registry", metadata, Column("application", Text(collation="C"), primary_key=True))
turn = Table("turn", metadata, Column("nobody", Boolean))

publisher = Table("publisher", metadata, _bytes("key", primary_key=True), _text("name"), _long("enrolled"))
publisher_key = Table(
    "publisher_key",
    metadata,
    _bytes("publisher", ForeignKey("publisher.key"), primary_key=True),
    _bytes("key", primary_key=True),
    _bytes("spki"),
    _long("added"),
)
"""`key` is the SHA-256 of `spki`."""

entitlement = Table(
    "entitlement",
    metadata,
    _bytes("publisher", ForeignKey("publisher.key"), primary_key=True),
    _bytes("key", primary_key=True),
    _text("name"),
    _text("pattern"),
    _long("added"),
)
product = Table(
    "product",
    metadata,
    _identity(),
    Column("key", LargeBinary, nullable=False, unique=True),
    _text("publisher"),
    _text("name"),
)
release = Table(
    "release",
    metadata,
    _identity(),
    Column("id", LargeBinary, nullable=False, unique=True),
    _number("product", ForeignKey("product.number")),
    _bytes("sha256"),
    _long("published"),
    _text("source"),
    _bytes("payload"),
    _bytes("statement", nullable=True),
    Index("release_sha256", "sha256"),
    Index("release_product", "product"),
)


def _release(*, primary_key: bool = False) -> Column[int]:
    return _number("release", ForeignKey("release.number"), primary_key=primary_key)


withdrawal = Table("withdrawal", metadata, _release(primary_key=True), _text("reason"), _long("at"))
manifest = Table("manifest", metadata, _release(primary_key=True), _bytes("data"))
subtree = Table(
    "subtree",
    metadata,
    _bytes("tree"),
    _number("release"),
    Index("subtree_tree", "tree"),
    Index("subtree_release", "release"),
)
claim = Table(
    "claim",
    metadata,
    _text("name"),
    _text("value"),
    _number("release"),
    Index("claim_said", "name", "value"),
    Index("claim_release", "release"),
)
content = Table(
    "content",
    metadata,
    _identity(BigInteger, primary_key=False),
    _bytes("sha256"),
    _long("size"),
    _number("products"),
    _number("releases"),
    ExcludeConstraint(("sha256", "="), using="hash", name="content_sha256"),
    postgresql_with={"fillfactor": "90"},
)
"""The counts change: room is left on each page, so that the indexes need not."""

holding = Table(
    "holding",
    metadata,
    _long("content", primary_key=True),
    _number("product", primary_key=True),
    _number("release", primary_key=True),
)
kept = Table("kept", metadata, _bytes("sha256", primary_key=True), _long("size"), _bytes("data"))
packings = Table("packings", metadata, _release(primary_key=True), _bytes("data"))
portraits = Table("portraits", metadata, _release(primary_key=True), _long("size"), _bytes("data"))
packing = Table(
    "packing",
    metadata,
    _bytes("packing"),
    _number("release"),
    Index("packing_packing", "packing"),
    Index("packing_release", "release"),
)
anchor = Table(
    "anchor",
    metadata,
    _bytes("key", primary_key=True),
    _bytes("enrolled", ForeignKey("publisher.key")),
    *(_text("publisher"), _text("id"), _text("kind"), _bytes("data")),
    Column("issues", Boolean, nullable=False),
    *(_long("since", nullable=True), _long("until", nullable=True), _long("threshold")),
    *(_text("name"), _text("source"), _long("added")),
)
anchor_scope = Table(
    "anchor_scope",
    metadata,
    _bytes("anchor", ForeignKey("anchor.key"), primary_key=True),
    _bytes("key", primary_key=True),
    _text("name"),
    _text("pattern"),
)
anchor_revocation = Table(
    "anchor_revocation",
    metadata,
    _bytes("anchor", ForeignKey("anchor.key"), primary_key=True),
    _text("reason"),
    _long("at"),
)
distrusted = Table(
    "distrusted",
    metadata,
    _bytes("key", primary_key=True),
    _text("id"),
    _text("reason"),
    _text("source"),
    _long("added"),
)
certificate = Table(
    "certificate",
    metadata,
    _identity(BigInteger),
    *(_bytes("sha256"), _bytes("key"), _text("issuer"), _text("name"), _text("standing"), _text("scheme")),
    *(_long("since", nullable=True), _long("until", nullable=True), _text("reason"), _long("added")),
    Index("certificate_sha256", "sha256"),
    Index("certificate_key", "key"),
)
leaf = Table(
    "leaf",
    metadata,
    _long("number", primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    _bytes("entry"),
)
leaf_subject = Table("leaf_subject", metadata, _bytes("subject", primary_key=True), _long("leaf", primary_key=True))
"""`subject` is the key of its text."""

tile = Table("tile", metadata, _long("level", primary_key=True), _long("number", primary_key=True), _bytes("data"))
checkpoint = Table("checkpoint", metadata, _long("size", primary_key=True), _bytes("note"))
