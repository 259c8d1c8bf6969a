"""NSRL's RDS v3: packages as loose lists, databases and scripts that are not trusted, and delta sets."""

import sqlite3
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importing.test_sboms import refused

from trueware import importing
from trueware.errors import InputError, MalformedInput
from trueware.exchange import nsrl_delta
from trueware.importing.contract import Context, Document
from trueware.model.claim import LISTED, Claim
from trueware.model.listing import Extent, extent_of
from trueware.model.verdict import Verdict
from trueware.referencing import Wish, import_document
from trueware.registry.lookup import Registry
from trueware.registry.references import Reference, Refused
from trueware.sources import nsrl
from trueware.sources.mirrors import FolderMirror
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

SCHEMA = """
CREATE TABLE FILE (sha256 VARCHAR NOT NULL, sha1 VARCHAR NOT NULL, md5 VARCHAR NOT NULL, crc32 VARCHAR NOT NULL,
  file_name VARCHAR NOT NULL, file_size INTEGER NOT NULL, package_id INTEGER NOT NULL);
CREATE TABLE MFG (manufacturer_id INTEGER NOT NULL, name VARCHAR NOT NULL);
CREATE TABLE OS (operating_system_id INTEGER, name VARCHAR NOT NULL, version VARCHAR NOT NULL, manufacturer_id INTEGER);
CREATE TABLE PKG (package_id INTEGER NOT NULL, name VARCHAR NOT NULL, version VARCHAR NOT NULL,
  operating_system_id INTEGER NOT NULL, manufacturer_id INTEGER NOT NULL, language VARCHAR, application_type VARCHAR);
CREATE TABLE VERSION (version VARCHAR UNIQUE NOT NULL, build_set VARCHAR, build_date TIMESTAMP, release_date TIMESTAMP,
  description VARCHAR);
INSERT INTO MFG VALUES (1, 'Acme'), (2, 'Other');
INSERT INTO OS VALUES (7, 'Linux', '6', 1);
INSERT INTO PKG VALUES (10, 'Tool', '1.0', 7, 1, 'English', 'Utility'), (10, 'Tool', '1.0', 7, 2, 'French', 'Utility'),
  (20, 'Suite', '2.0', 7, 2, 'English', 'Office');
INSERT INTO VERSION VALUES ('2026.09.1', 'minimal', '', '', '');
CREATE VIEW DISTINCT_HASH AS SELECT DISTINCT sha256, sha1, md5, crc32 FROM FILE;
"""
"""As NIST publishes it with the minimal sets, without its primary keys."""


def digest(data: bytes) -> str:
    return sha256(data).hexdigest().upper()


def database(
    folder: Path, more: str = "", files: tuple[tuple[Any, ...], ...] | None = None, name: str = "rds.db"
) -> Path:
    path = folder / name
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    rows = [(digest(b"%d" % n), "", "", "", f"f{n % 3}", 2, 10 if n % 2 else 20) for n in range(8)]
    connection.executemany("INSERT INTO FILE VALUES (?, ?, ?, ?, ?, ?, ?)", rows if files is None else files)
    connection.executescript(more)
    connection.commit()
    connection.close()
    return path


def stated(path: Path, kind: str = "nsrl") -> list[Any]:
    mirror = FolderMirror(path.parent)
    document = Document(path.name, path.read_bytes()[:65536], mirror)
    context = Context(1, tables=lambda name: nsrl.open_tables(mirror, name))
    found = importing.recognise(document)
    assert found is not None
    assert found.name == kind
    return list(found.read(document, context))


def test_a_package_is_a_loose_list(tmp_path: Path) -> None:
    tool, suite = stated(database(tmp_path))

    assert (tool.publisher, tool.product, tool.version) == ("Acme", "Tool", "1.0")
    assert (suite.publisher, suite.product) == ("Other", "Suite")
    assert tool.source == "NSRL RDS 2026.09.1, package 10"
    assert {Claim("vendor", "Other", LISTED, ""), Claim("os", "Linux", LISTED, "")} <= set(tool.claims)
    assert tool.sha256 == tool.manifest.tree
    assert extent_of(tool.manifest) is Extent.LOOSE
    # two files of one name are two
    assert sorted(part.name for part in tool.manifest.children) == ["f0", "f1", "f1", "f2"]
    assert {part.sha256 for part in tool.manifest.children} == {sha256(b"%d" % n).digest() for n in (1, 3, 5, 7)}


def test_known_files_are_told_and_make_nothing_genuine(tmp_path: Path) -> None:
    store = MemoryStore()
    import_document(store, database(tmp_path), Wish(), 1)
    folder = tmp_path / "folder"
    folder.mkdir()
    for n in (1, 3, 5, 7):
        (folder / f"x{n}").write_bytes(b"%d" % n)
    whole = verify(folder, Registry(store))
    alone = verify(folder / "x3", Registry(store))

    assert whole.verdict is alone.verdict is Verdict.UNKNOWN
    assert "4 files of it are listed for Tool 1.0 of Acme" in whole.reason
    assert any("known, which does not mean good" in each.detail for each in alone.findings)


def test_views_of_the_names_are_read(tmp_path: Path) -> None:
    """As in full sets; the layout below them is any."""
    more = """ALTER TABLE FILE RENAME TO METADATA;
        CREATE VIEW FILE AS SELECT upper(sha256) AS sha256, file_name, file_size, package_id FROM METADATA;"""

    assert len(stated(database(tmp_path, more))) == 2


@pytest.mark.parametrize(
    "more",
    [
        "CREATE VIEW FILE AS SELECT hex(randomblob(32)) AS sha256, 'n' AS file_name, 1 AS file_size, 10 AS package_id;",
        "CREATE VIEW FILE AS SELECT load_extension('x') AS sha256, 'n' AS file_name, 1 AS file_size, 10 AS package_id;",
        "CREATE VIEW FILE AS SELECT sql AS sha256, name AS file_name, 1 AS file_size, 10 AS package_id FROM sqlite_schema;",
        (
            "CREATE VIEW FILE AS SELECT name AS sha256, '' AS file_name, 1 AS file_size, 10 AS package_id"
            " FROM pragma_table_info('PKG');"
        ),
        (
            "CREATE VIEW FILE AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
            " SELECT 'a' AS sha256, 'n' AS file_name, x AS file_size, 10 AS package_id FROM c;"
        ),
        "CREATE VIRTUAL TABLE FILE USING fts5(sha256, file_name, file_size, package_id);",
        "CREATE TABLE FILE (sha256, file_name);",
        "",
    ],
    ids=["randomness", "extension", "schema", "pragma", "recursion", "virtual", "columns", "none"],
)
def test_tables_that_do_more_than_hold_rows_are_not_there(tmp_path: Path, more: str) -> None:
    path = database(tmp_path, "DROP VIEW DISTINCT_HASH; DROP TABLE FILE;" + more)
    with pytest.raises(MalformedInput, match="no table FILE"):
        stated(path)


def test_a_view_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    """A product of a table with itself six times over, out of a small file."""
    more = """DROP VIEW DISTINCT_HASH; ALTER TABLE FILE RENAME TO M;
        CREATE VIEW FILE AS SELECT a.sha256 AS sha256, b.file_name AS file_name, 1 AS file_size, 10 AS package_id
        FROM M a, M b, M c, M d, M e, M f WHERE a.sha256 > 'g' || f.sha1 || e.sha1;"""
    rows = tuple((digest(b"%d" % n), "", "", "", "n", 1, 10) for n in range(200))
    with pytest.raises(MalformedInput, match="more than its size gives reason for"):
        stated(database(tmp_path, more, rows))


def test_triggers_do_not_run_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    path = database(tmp_path, "CREATE TRIGGER t AFTER INSERT ON FILE BEGIN DELETE FROM PKG; END;")
    before = path.read_bytes()

    assert len(stated(path)) == 2
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["rds.db"]


@pytest.mark.parametrize(
    "rows",
    [
        ((None, "", "", "", "n", 1, 10),),
        ((b"\xff" * 32, "", "", "", "n", 1, 10),),
        (("zz" * 32, "", "", "", "n", 1, 10),),
        ((digest(b"1"), "", "", "", b"n", 1, 10),),
        ((digest(b"1"), "", "", "", "n\0", 1, 10),),
        ((digest(b"1"), "", "", "", "n" * 5000, 1, 10),),
        ((digest(b"1"), "", "", "", "n", 1, "ten"),),
        ((digest(b"1"), "", "", "", "n", 1, b"10"),),
        ((digest(b"1"), "", "", "", "n", 1, 1.5),),
        ((digest(b"1"), "", "", "", "n", 1, 99),),
    ],
)
def test_rows_of_the_wrong_kind_are_refused(tmp_path: Path, rows: tuple[tuple[Any, ...], ...]) -> None:
    path = tmp_path / "rds.db"
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA.replace("NOT NULL", "").replace("INTEGER", "BLOB").replace("VARCHAR", "BLOB"))
    connection.executemany("INSERT INTO FILE VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    found = stated(path)

    assert found
    assert all(isinstance(each, Refused) for each in found)


def test_sizes_of_the_wrong_kind_are_not_stated(tmp_path: Path) -> None:
    rows = tuple((digest(b"%d" % n), "", "", "", "n", size, 10) for n, size in enumerate((-1, 1 << 62, 7)))
    (reference,) = stated(database(tmp_path, files=rows))

    assert sorted(part.size for part in reference.manifest.children) == [0, 7, 1 << 62]


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    data = bytearray(database(tmp_path).read_bytes())
    data[2000:] = b"\xff" * (len(data) - 2000)
    (tmp_path / "cut.db").write_bytes(data)
    with pytest.raises(InputError):
        stated(tmp_path / "cut.db")
    (tmp_path / "short.db").write_bytes(b"SQLite format 3\0")
    with pytest.raises(InputError):
        stated(tmp_path / "short.db")


def test_any_damage_is_refused_or_read(tmp_path: Path) -> None:
    """Each block of 37 bytes in turn is another one."""
    whole = database(tmp_path).read_bytes()
    path = tmp_path / "hurt.db"
    for at in range(16, len(whole), 397):
        path.write_bytes(whole[:at] + b"\xa5" * 37 + whole[at + 37 :])
        try:
            found = stated(path)
        except InputError:
            continue
        assert all(isinstance(each, Reference | Refused) for each in found)


# --- delta sets -------------------------------------------------------------------------------------------------------

DELTA = f"""BEGIN TRANSACTION;
-- rows; of 2026
INSERT INTO MFG(manufacturer_id,name) VALUES(5,'O''Brien; Inc');
INSERT INTO PKG(package_id,name,version,operating_system_id,manufacturer_id,language,application_type)
 VALUES(900,'New','3',7,5,'English','x');
INSERT INTO FILE(sha256,sha1,md5,crc32,file_name,file_size,package_id) VALUES('{digest(b"a")}','','','','a;'',b',5,900);
INSERT INTO FILE(sha256,sha1,md5,crc32,file_name,file_size,package_id)
 VALUES('{digest(b"b")}','','','','b',5,900),('{digest(b"c")}','','','','c',5,10);
UPDATE PKG SET name = 'x';
DELETE FROM FILE WHERE package_id = 10;
DROP TABLE FILE;
INSERT INTO users VALUES(1);
INSERT INTO FILE(sha256) VALUES(randomblob(32));
INSERT INTO FILE(sha256,package_id) SELECT sha256, 900 FROM FILE;
COMMIT;
"""  # noqa: S608 (nothing runs it)


def test_a_delta_set(tmp_path: Path) -> None:
    """What is new is taken; what changes the full set, and what is no row of values, is told and never carried out."""
    (tmp_path / "rds_delta.sql").write_text(DELTA)
    found = stated(tmp_path / "rds_delta.sql")
    (reference,) = (each for each in found if isinstance(each, Reference))

    assert (reference.publisher, reference.product) == ("O'Brien; Inc", "New")
    assert reference.manifest is not None
    assert [part.name for part in reference.manifest.children] == ["a;',b", "b"]
    told = refused(found)
    for word in ("UPDATE", "DELETE", "DROP", "USERS", "a value that is neither", "apply a delta set to its full set"):
        assert word in told
    assert "SELECT" not in told or "more than rows" in told


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_statements_are_found_however_a_script_is_cut(size: int) -> None:
    data = DELTA.encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]

    assert list(nsrl_delta.read(pieces)) == list(nsrl_delta.read([data]))


def test_a_statement_that_does_not_end_is_refused() -> None:
    pieces = [b"INSERT INTO FILE VALUES('"] + [b"x" * (1 << 20)] * 20
    with pytest.raises(MalformedInput, match="does not end"):
        list(nsrl_delta.read(pieces))


def test_columns_may_come_in_any_order() -> None:
    (insert,) = nsrl_delta.read([b"insert or ignore into mfg(name, manufacturer_id) values ('x', -3), (NULL, 4);"])

    assert insert == nsrl_delta.Insert("MFG", ((-3, "x"), (4, None)))


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO MFG(name) VALUES('a','b')",
        "INSERT INTO MFG(name,name) VALUES('a','b')",
        "INSERT INTO MFG(name) VALUES('a') 'b'",
        "INSERT INTO MFG(name) VALUES('a' || 'b')",
        "INSERT INTO MFG(name) VALUES(1.5)",
        "INSERT INTO MFG(name) VALUES(('a'))",
    ],
)
def test_what_is_no_row_of_values_is_refused(text: str) -> None:
    (found,) = nsrl_delta.read([text.encode()])

    assert isinstance(found, Refused)


def test_many_quotes_take_time_in_proportion() -> None:
    """A megabyte of quotes, and of rows: no pattern goes back over what it read."""
    row = b"('" + b"''" * 100 + b"',1),"
    data = b"INSERT INTO MFG(name,manufacturer_id) VALUES " + row * 5000 + b"('x',1);" + b"'" * 1_000_001 + b"';"
    found = list(nsrl_delta.read([data]))

    assert isinstance(found[0], nsrl_delta.Insert)
    assert len(found[0].rows) == 5001
