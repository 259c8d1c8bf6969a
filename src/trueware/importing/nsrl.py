"""NSRL's Reference Data Set, version 3: what files NIST found in software packages (nist.gov, National Software Reference Library).

::

    FILE(sha256, sha1, md5, crc32, file_name, file_size, package_id)      digests in upper-case hexadecimal digits
    PKG(package_id, name, version, operating_system_id, manufacturer_id, language, application_type)
    MFG(manufacturer_id, name)    OS(operating_system_id, name, version, manufacturer_id)
    VERSION(version, build_set, build_date, release_date, description)

These are the tables of the minimal sets (RDS 2025.03.1 and 2026.09.1, from the schema that NIST publishes with each, as quoted in
public repositories); in full sets they are views of those names. Whatever has their columns is read.

Each package becomes one reference: a loose list (`trueware.model.listing`), because the set has names of files and not where they
are. NIST says what is known, not what is good: an artefact is not genuine because its files are in such a list, and the
appraisal does not say so.

Both tables come sorted by package and are merged: one package is held at a time. Of a delta set, packages that are new in it are
taken; what it adds to packages of the full set is refused, since a part of a package's files is not its list.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.exchange import nsrl_delta
from trueware.exchange.packages import UNKNOWN, claims_of, sha256_of, text_of
from trueware.importing.contract import Context, Document, Importer, Tables
from trueware.model.claim import LISTED, Claim
from trueware.model.listing import ListedFile, loose_manifest
from trueware.registry.references import Reference, Refused

NAME = "nsrl"
_MAGIC = b"SQLite format 3\0"
_FILE = ("package_id", "sha256", "file_name", "file_size")
_PKG = ("package_id", "name", "version", "operating_system_id", "manufacturer_id")
MAX_NAMES = 1_000_000
"""Manufacturers, and operating systems; NIST has some 90,000 and 1,300."""

_MOST_ROWS = 1000
"""Rows of one package in PKG: by operating system, maker, language and type."""


@dataclass(frozen=True, slots=True)
class _Names:
    makers: dict[int, str]
    systems: dict[int, str]


def _recognises(document: Document) -> bool:
    if document.head.startswith(_MAGIC):
        return True
    return document.path.casefold().endswith(".sql") and nsrl_delta.is_delta(document.head)


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    if context.tables is None:
        raise UnsupportedInput(NAME, 0, "there is nothing to open a database with")
    with context.tables(document.path) as tables:
        for table, columns in (("FILE", _FILE), ("PKG", _PKG)):
            if not set(columns) <= set(tables.columns(table)):
                raise MalformedInput(NAME, 0, f"no table {table} with {', '.join(columns)}: no RDS of version 3")
        yield from tables.passed_by()
        source = f"NSRL RDS {_version(tables)}".rstrip()
        names = _Names(_named(tables, "MFG", "manufacturer_id"), _named(tables, "OS", "operating_system_id"))
        packages = _by_package(tables.rows("PKG", _PKG, ("package_id",)))
        files = _by_package(tables.rows("FILE", _FILE, ("package_id",)))
        yield from _merged(packages, files, names, context, source)


def _version(tables: Tables) -> str:
    if "version" not in tables.columns("VERSION"):
        return ""
    return max((text_of(version, 64) for (version,) in tables.rows("VERSION", ("version",), ("version",))), default="")


def _named(tables: Tables, table: str, key: str) -> dict[int, str]:
    if not {key, "name"} <= set(tables.columns(table)):
        return {}
    found: dict[int, str] = {}
    for number, name in tables.rows(table, (key, "name"), (key,)):
        if type(number) is int and len(found) < MAX_NAMES:
            found.setdefault(number, text_of(name, 256))
    return found


Group = tuple[int | None, Iterator[tuple[object, ...]]]
"""A package's number, None for what is none, and its rows."""


def _by_package(rows: Iterable[tuple[object, ...]]) -> Iterator[Group]:
    """Yield rows by package. SQLite sorts numbers before texts and bytes, which no package has for a number."""
    return groupby(rows, key=lambda row: row[0] if type(row[0]) is int else None)


def _merged(
    packages: Iterator[Group], files: Iterator[Group], names: _Names, context: Context, source: str
) -> Iterator[Reference | Refused]:
    package = next(packages, None)
    for number, rows in files:
        while package is not None and (package[0] is None or (number is not None and package[0] < number)):
            package = next(packages, None)
        if number is None:
            yield Refused("FILE", "rows whose package is no number")
        elif package is None or package[0] != number:
            yield Refused(
                f"package {number}", "its files are here and it is not: apply a delta set to its full set first"
            )
        else:
            yield from _reference(number, list(_some(package[1])), rows, names, context, source)


def _some(rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    return (row for _, row in zip(range(_MOST_ROWS), rows, strict=False))


def _reference(
    number: int,
    package: list[tuple[object, ...]],
    rows: Iterator[tuple[object, ...]],
    names: _Names,
    context: Context,
    source: str,
) -> Iterator[Reference | Refused]:
    where = f"package {number}"
    files, bad = list[ListedFile](), 0
    for _, digest, name, size in rows:
        sha256 = sha256_of(digest)
        if sha256 is None or not isinstance(name, str) or len(name) > context.limits.max_name or "\0" in name:
            bad += 1
        elif len(files) >= context.limits.max_entries - 1:
            yield Refused(where, f"more than {context.limits.max_entries - 1} files")
            return
        else:
            files.append(ListedFile(name, sha256, size if type(size) is int and 0 < size < 1 << 63 else 0))
    if bad:
        yield Refused(where, f"{bad} files without a SHA-256 or a name")
    if not files:
        return
    product = next(filter(None, (text_of(row[1]) for row in package)), "")
    version = next(filter(None, (text_of(row[2]) for row in package)), UNKNOWN)
    makers = list(dict.fromkeys(filter(None, (names.makers.get(row[4], "") for row in package if type(row[4]) is int))))
    systems = dict.fromkeys(filter(None, (names.systems.get(row[3], "") for row in package if type(row[3]) is int)))
    publisher = context.publisher or (makers[0] if makers else "")
    if not publisher or not product:
        yield Refused(where, "no maker or no name (--publisher)")
        return
    said = [*(("vendor", each) for each in makers[:16]), *(("os", each) for each in list(systems)[:16])]
    claims = (*claims_of(product, version), *(Claim(kind, value, LISTED, "") for kind, value in said))
    manifest = loose_manifest(product, files)
    yield Reference(
        publisher, product, version, manifest.tree, manifest.size, claims, manifest, source=f"{source}, {where}"
    )


IMPORTER = Importer(
    NAME,
    "NSRL RDS version 3: SQLite databases, and what is new in delta sets",
    _recognises,
    _read,
    ("NIST NSRL, RDS v3: schema.sql, readme.txt",),
)
