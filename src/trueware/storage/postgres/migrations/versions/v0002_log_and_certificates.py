"""The log of what was said, and words about certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def _bytes(name: str, *, primary_key: bool = False) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary, primary_key=primary_key, nullable=False)


def _whole(name: str, *, primary_key: bool = False, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=primary_key, autoincrement=False, nullable=nullable)


def upgrade() -> None:
    """Add the tables; nothing that is there changes."""
    op.create_table(
        "certificate",
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True, nullable=False),
        *(_bytes("sha256"), _bytes("key"), _text("issuer"), _text("name"), _text("standing"), _text("scheme")),
        *(_whole("since", nullable=True), _whole("until", nullable=True), _text("reason"), _whole("added")),
    )
    op.create_index("certificate_sha256", "certificate", ["sha256"])
    op.create_index("certificate_key", "certificate", ["key"])
    op.create_table(
        "leaf", _whole("number", primary_key=True), _bytes("hash"), _bytes("entry"), sa.UniqueConstraint("hash")
    )
    op.create_table("leaf_subject", _bytes("subject", primary_key=True), _whole("leaf", primary_key=True))
    op.create_table("tile", _whole("level", primary_key=True), _whole("number", primary_key=True), _bytes("data"))
    op.create_table("checkpoint", _whole("size", primary_key=True), _bytes("note"))
