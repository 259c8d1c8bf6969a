"""The proof that a database holds a registry of this version, with our tables and nothing that acts behind their back.

Triggers, rules, row security, views in the place of tables, inheritance and tables that a crash empties are refused: each could
hide a withdrawal, or write what nobody asked for. What else is in the schema is not looked at, and never used.
"""

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from trueware.errors import StoreError
from trueware.storage.postgres.session import Session
from trueware.storage.postgres.tables import APPLICATION, metadata

HEAD = "0002"
"""The version of the tables: the last of `migrations/versions`."""

OLDER = frozenset({"0001"})
_TYPES = {BigInteger: "bigint", Integer: "integer", LargeBinary: "bytea", Boolean: "boolean"}
_IN_SCHEMA = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = '{s}'"
_HELD = f"""
SELECT c.relname, concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), l.collname,
    CASE WHEN a.attnotnull THEN 'filled' END, CASE a.attidentity WHEN 'a' THEN 'numbered' END)
FROM {_IN_SCHEMA} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_collation l ON l.oid = a.attcollation AND l.collname <> 'default' WHERE c.relname = ANY(%(names)s)
UNION ALL
SELECT c.relname, concat_ws(' ', k.contype::text, (SELECT string_agg(a.attname, ',' ORDER BY u.place)
    FROM unnest(k.conkey) WITH ORDINALITY u (number, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number), f.relname)
FROM {_IN_SCHEMA} JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'x') AND k.convalidated
LEFT JOIN pg_class f ON f.oid = k.confrelid WHERE c.relname = ANY(%(names)s)
UNION ALL
SELECT c.relname, 'acts behind our back' FROM {_IN_SCHEMA} WHERE c.relname = ANY(%(names)s) AND (
    c.relkind <> 'r' OR c.relpersistence <> 'p' OR c.relrowsecurity
    OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
    OR EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid)
    OR EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)))
"""  # noqa: S608 (constants)
_ANYTHING = f"SELECT count(*) FROM {_IN_SCHEMA}"  # noqa: S608 (constants)
_KNOWN = f"SELECT count(*) FROM {_IN_SCHEMA} WHERE c.relname IN ('registry', 'revision')"  # noqa: S608 (constants)


def is_empty(session: Session) -> bool:
    """Tell whether nothing is in the schema, or there is none."""
    return bool(session.ask(_ANYTHING)[0][0] == 0)


def check(session: Session) -> None:
    """Return if the database holds a registry of this version.

    Raises:
        StoreError: it does not.
    """
    version = version_of(session)
    if version != HEAD:
        raise StoreError(
            f"{session.where} has registry version {version}, this program uses {HEAD}: "
            + (
                "an older trueware made it, and `trueware registry init`, by its owner, brings it up to date"
                if version in OLDER
                else "a newer trueware made it"
            )
        )
    expected = {(table.name, line) for table in metadata.sorted_tables for line in _lines(table.name)}
    names = sorted(metadata.tables)
    held = {(table, line) for table, line in session.ask(_HELD, {"names": names})}
    if different := sorted(held ^ expected):
        table, line = different[0]
        raise StoreError(f"{session.where} is not a trueware registry: table {table} was altered ({line})")


def version_of(session: Session) -> str:
    """Return the version of the registry's tables.

    Raises:
        StoreError: there is no registry.
    """
    if session.ask(_KNOWN)[0][0] != 2:
        if is_empty(session):
            raise StoreError(f"there is no registry at {session.where}: `trueware registry init` makes one")
        raise StoreError(f"{session.where} has tables, but is not a trueware registry")
    applications = session.ask("SELECT application FROM {s}.registry LIMIT 2")
    versions = session.ask("SELECT version_num FROM {s}.revision LIMIT 2")
    if [each[0] for each in applications] != [APPLICATION] or len(versions) != 1:
        raise StoreError(f"{session.where} has tables, but is not a trueware registry")
    return str(versions[0][0])


def _lines(name: str) -> Iterator[str]:
    """Yield what `_HELD` says of a table that is as it was made."""
    table = metadata.tables[name]
    for column in table.columns:
        kind = next((word for kind, word in _TYPES.items() if type(column.type) is kind), "text C")
        filled = " filled" * (not column.nullable)
        yield f"{column.name} {kind}{filled}{' numbered' * (column.identity is not None)}"
    for constraint in table.constraints:
        columns = ",".join(column.name for column in constraint.columns)  # type: ignore[attr-defined]
        if isinstance(constraint, PrimaryKeyConstraint) and columns:
            yield f"p {columns}"
        elif isinstance(constraint, ForeignKeyConstraint):
            yield f"f {columns} {constraint.referred_table.name}"
        elif isinstance(constraint, ExcludeConstraint):
            yield f"x {columns}"
        elif isinstance(constraint, UniqueConstraint):
            yield f"u {columns}"
