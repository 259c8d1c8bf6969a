"""Publishers, releases, what they are found by, and whom to believe."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ExcludeConstraint

revision = "0001"
down_revision = None


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def _bytes(name: str, *, primary_key: bool = False, nullable: bool = False) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary, primary_key=primary_key, nullable=nullable)


def _whole(name: str, *, primary_key: bool = False, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=primary_key, autoincrement=False, nullable=nullable)


def _number(name: str, *, primary_key: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, primary_key=primary_key, autoincrement=False, nullable=False)


def _identity(kind: type[sa.Integer], *, primary_key: bool) -> "sa.Column[int]":
    return sa.Column("number", kind, sa.Identity(always=True), primary_key=primary_key, nullable=False)


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to])


def upgrade() -> None:
    """Make the tables in an empty schema, which is first in the search path."""
    made = op.create_table("registry", sa.Column("application", sa.Text(collation="C"), primary_key=True))
    op.bulk_insert(made, [{"application": "trueware registry"}])
    op.create_table("turn", sa.Column("nobody", sa.Boolean))
    _make_publishers()
    _make_releases()
    _make_indexes()
    _make_trust()


def _make_publishers() -> None:
    op.create_table("publisher", _bytes("key", primary_key=True), _text("name"), _whole("enrolled"))
    op.create_table(
        "publisher_key",
        *(_bytes("publisher", primary_key=True), _bytes("key", primary_key=True), _bytes("spki"), _whole("added")),
        _refers("publisher", "publisher.key"),
    )
    op.create_table(
        "entitlement",
        *(_bytes("publisher", primary_key=True), _bytes("key", primary_key=True)),
        *(_text("name"), _text("pattern"), _whole("added")),
        _refers("publisher", "publisher.key"),
    )


def _make_releases() -> None:
    op.create_table(
        "product",
        *(_identity(sa.Integer, primary_key=True), _bytes("key"), _text("publisher"), _text("name")),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "release",
        *(_identity(sa.Integer, primary_key=True), _bytes("id"), _number("product"), _bytes("sha256")),
        *(_whole("published"), _text("source"), _bytes("payload"), _bytes("statement", nullable=True)),
        sa.UniqueConstraint("id"),
        _refers("product", "product.number"),
    )
    op.create_index("release_sha256", "release", ["sha256"])
    op.create_index("release_product", "release", ["product"])
    for name, *columns in (
        ("withdrawal", _text("reason"), _whole("at")),
        ("manifest", _bytes("data")),
        ("packings", _bytes("data")),
        ("portraits", _whole("size"), _bytes("data")),
    ):
        op.create_table(name, _number("release", primary_key=True), *columns, _refers("release", "release.number"))
    op.create_table("kept", _bytes("sha256", primary_key=True), _whole("size"), _bytes("data"))


def _make_indexes() -> None:
    for name, *columns in (
        ("subtree", _bytes("tree")),
        ("claim", _text("name"), _text("value")),
        ("packing", _bytes("packing")),
    ):
        op.create_table(name, *columns, _number("release"))
        op.create_index(f"{name}_release", name, ["release"])
    op.create_index("subtree_tree", "subtree", ["tree"])
    op.create_index("claim_said", "claim", ["name", "value"])
    op.create_index("packing_packing", "packing", ["packing"])
    op.create_table(
        "content",
        *(_identity(sa.BigInteger, primary_key=False), _bytes("sha256"), _whole("size")),
        *(_number("products"), _number("releases")),
        ExcludeConstraint(("sha256", "="), using="hash", name="content_sha256"),
        postgresql_with={"fillfactor": "90"},
    )
    op.create_table(
        "holding",
        *(
            _whole("content", primary_key=True),
            _number("product", primary_key=True),
            _number("release", primary_key=True),
        ),
    )


def _make_trust() -> None:
    op.create_table(
        "anchor",
        *(
            _bytes("key", primary_key=True),
            _bytes("enrolled"),
            _text("publisher"),
            _text("id"),
            _text("kind"),
            _bytes("data"),
        ),
        sa.Column("issues", sa.Boolean, nullable=False),
        *(_whole("since", nullable=True), _whole("until", nullable=True), _whole("threshold")),
        *(_text("name"), _text("source"), _whole("added")),
        _refers("enrolled", "publisher.key"),
    )
    op.create_table(
        "anchor_scope",
        *(_bytes("anchor", primary_key=True), _bytes("key", primary_key=True), _text("name"), _text("pattern")),
        _refers("anchor", "anchor.key"),
    )
    op.create_table(
        "anchor_revocation",
        *(_bytes("anchor", primary_key=True), _text("reason"), _whole("at")),
        _refers("anchor", "anchor.key"),
    )
    op.create_table(
        "distrusted", _bytes("key", primary_key=True), _text("id"), _text("reason"), _text("source"), _whole("added")
    )
