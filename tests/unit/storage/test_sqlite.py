"""The SQLite file: what it refuses to be, what it survives, and what fsck notices."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.registry.trees import firmware
from tests.unit.storage.submissions import PASSWD, submission
from zstandard import ZstdCompressor

from trueware.errors import InputError, StoreError
from trueware.model.release import Publisher
from trueware.registry.indexing import contents
from trueware.registry.payload import identify
from trueware.storage.sqlite import SqliteStore

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A registry of one release."""
    path = tmp_path / "registry.sqlite"
    with SqliteStore.create(path) as store:
        store.add_publisher(Publisher("Acme", (b"key",)), 1)
        store.add_releases([submission(firmware())])
    return path


def edit(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_what_was_written_is_read_by_another(registry: Path) -> None:
    """A closed file holds everything and nothing lies beside it, before reading and after."""
    beside = [each.name for each in registry.parent.iterdir()]
    with SqliteStore.open_read_only(registry) as store:
        found = store.releases()

    assert [release.product for release in found] == ["Router"]
    assert beside == [each.name for each in registry.parent.iterdir()] == ["registry.sqlite"]


def test_create_opens_what_is_there(registry: Path) -> None:
    """Creating twice keeps the first."""
    with SqliteStore.create(registry) as store:
        assert store.statistics().releases == 1


def test_reader_cannot_write(registry: Path) -> None:
    """A read-only store refuses to write, with a store's error."""
    with SqliteStore.open_read_only(registry) as store, pytest.raises(StoreError, match="readonly"):
        store.add_publisher(Publisher("Zeta"), 1)


@pytest.mark.parametrize("opened", [SqliteStore.open, SqliteStore.open_read_only])
def test_missing_file_is_refused(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    """No registry there is an error that names the path, and no file is made."""
    with pytest.raises(StoreError, match="there is no registry at"):
        opened(tmp_path / "none.sqlite")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("opened", [SqliteStore.open, SqliteStore.open_read_only, SqliteStore.create])
@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\x7fELF" + bytes(5000), "not an SQLite database"), (b"text\n" * 500, "not an SQLite database")],
)
def test_other_files_are_refused(
    tmp_path: Path, opened: Callable[[Path], SqliteStore], content: bytes, reason: str
) -> None:
    """A file that is no database is refused and left as it is."""
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=reason):
        opened(path)

    assert path.read_bytes() == content


def test_other_databases_are_refused(tmp_path: Path) -> None:
    """A database of another application is refused, and not filled with our tables."""
    path = tmp_path / "other.sqlite"
    edit(path, "CREATE TABLE release (x)")
    for opened in (SqliteStore.open, SqliteStore.create):
        with pytest.raises(StoreError, match="not a trueware registry"):
            opened(path)


def test_empty_file_is_no_registry_yet(tmp_path: Path) -> None:
    """An empty file, as a creation that was killed leaves it, is no registry; creating again makes it one."""
    path = tmp_path / "r.sqlite"
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="not a trueware registry"):
        SqliteStore.open(path)
    with SqliteStore.create(path) as store:
        assert store.fsck() == []


def test_older_registry_is_brought_up_to_date(registry: Path) -> None:
    """A registry of version 4 has no log: reading says so, the first that writes adds the tables and changes nothing else."""
    new = ("certificate", "leaf", "leaf_subject", "tile", "checkpoint")
    with SqliteStore.open_read_only(registry) as store:
        before = store.releases(), store.publishers()
    for table in reversed(new):
        edit(registry, f"DROP TABLE {table}")
    edit(registry, "PRAGMA user_version = 4")

    with pytest.raises(StoreError, match=r"version 4, this program reads 5: an older .* brings it up to date"):
        SqliteStore.open_read_only(registry)
    with SqliteStore.open(registry) as store:
        assert (store.releases(), store.publishers()) == before
        assert (store.log_size(), store.fsck()) == (0, [])
    SqliteStore.open_read_only(registry).close()


def test_altered_older_registry_is_not_touched(registry: Path) -> None:
    """One of version 4 with a table of its own is no registry, and stays as it is."""
    for table in ("certificate", "leaf_subject", "leaf", "tile", "checkpoint"):
        edit(registry, f"DROP TABLE {table}")
    edit(registry, "CREATE TABLE more (x)")
    edit(registry, "PRAGMA user_version = 4")
    before = registry.read_bytes()

    with pytest.raises(StoreError, match="version 4"):
        SqliteStore.open(registry)
    assert registry.read_bytes() == before


def test_newer_registry_is_refused(registry: Path) -> None:
    """A registry of a later version is not touched by this one."""
    edit(registry, "PRAGMA user_version = 6")

    with pytest.raises(StoreError, match="version 6, this program reads 5: a newer trueware made it"):
        SqliteStore.open(registry)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON release BEGIN DELETE FROM withdrawal; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE extra (x)",
        "DROP TABLE kept",
    ],
)
def test_altered_tables_are_refused(registry: Path, statement: str) -> None:
    """A file with triggers, views or other tables than ours is refused before any of them is queried."""
    edit(registry, statement)

    with pytest.raises(StoreError, match="its tables were altered"):
        SqliteStore.open_read_only(registry)


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("UPDATE release SET sha256 = zeroblob(32)", "its index columns are not what its payload says"),
        ("UPDATE product SET name = 'Other'", "its index columns are not what its payload says"),
        ("INSERT INTO claim VALUES ('product', 'x', 1)", "its claims are indexed wrongly"),
        ("DELETE FROM subtree", "its subtrees are indexed wrongly"),
        (
            "UPDATE subtree SET tree = zeroblob(32) WHERE tree = (SELECT min(tree) FROM subtree)",
            "its subtrees are indexed wrongly",
        ),
        ("DELETE FROM holding WHERE content = 1", "its contents are indexed wrongly"),
        ("UPDATE content SET products = 2 WHERE number = 1", "its counts are not those of its releases"),
        ("UPDATE content SET size = 1 WHERE number = 1", "its contents are indexed wrongly"),
        ("DELETE FROM manifest", "its manifest is missing"),
        ("UPDATE manifest SET data = x'00'", "not one zstd frame"),
        ("UPDATE kept SET size = 3", "another size than stated"),
        ("UPDATE kept SET data = x'00'", "is damaged"),
        ("UPDATE kept SET sha256 = zeroblob(32)", "no release holds it"),
        ("UPDATE release SET id = zeroblob(32)", "its id is not the digest of its payload"),
        ("UPDATE release SET payload = x'a0'", "missing or unknown fields"),
        ("INSERT INTO product (publisher, name) VALUES ('P', 'N')", "product N has no release"),
        ("INSERT INTO withdrawal VALUES (99, 'x', 1)", "withdrawal refers to a missing row of release"),
    ],
)
def test_fsck_finds_every_edit(registry: Path, statement: str, detail: str) -> None:
    """Whatever is edited in the file, fsck says what is wrong."""
    edit(registry, statement)
    with SqliteStore.open_read_only(registry) as store:
        problems = store.fsck()

    assert [problem for problem in problems if detail in problem.detail] != []


def test_doctored_content_is_never_handed_out(registry: Path) -> None:
    """A kept content whose bytes were exchanged is an error, not content."""
    evil = ZstdCompressor().compress(PASSWD.replace(b"x", b"!"))
    edit(registry, "UPDATE kept SET data = ?", evil)

    with SqliteStore.open_read_only(registry) as store, pytest.raises(StoreError, match="another digest"):
        store.get_content(sha256(PASSWD).digest())


def test_damage_is_noticed_or_harmless(registry: Path) -> None:
    """Damage anywhere in the file ends in the right answer, a finding of fsck or a `StoreError`, never in anything else."""
    genuine = registry.read_bytes()
    right = answers(registry)
    rng = random.Random(1)
    harmless = noticed = 0
    for at in range(0, len(genuine), 499):
        damaged = bytearray(genuine)
        damaged[at : at + 8] = rng.randbytes(8)
        registry.write_bytes(damaged)
        try:
            with SqliteStore.open_read_only(registry) as store:
                found = bool(store.fsck())
            harmless += not found and answers(registry) == right
            noticed += found
        except (StoreError, InputError):
            noticed += 1

    assert harmless + noticed == len(range(0, len(genuine), 499))
    assert noticed >= 10


def answers(registry: Path) -> object:
    with SqliteStore.open_read_only(registry) as store:
        releases = store.releases()
        return releases, [store.get_manifest(each.id) for each in releases], store.find_sharing(contents(firmware()))


def test_half_a_file_is_refused(registry: Path) -> None:
    """A file cut in two is a store's error, at the latest when it is read."""
    genuine = registry.read_bytes()
    registry.write_bytes(genuine[: len(genuine) // 2])

    with pytest.raises(StoreError):
        answers(registry)


def test_adding_costs_what_is_added(registry: Path) -> None:
    """A small release enters a registry of many contents without their being read."""
    with SqliteStore.open(registry) as store:
        store.add_releases([submission(firmware(2, 30_000), version="2", keep=False)])
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 100
            return 0

        store._connection.set_progress_handler(count, 100)
        store.add_releases([submission(firmware(3), version="3", keep=False)])
    assert 0 < steps < 10_000


def test_writers_wait_for_each_other(registry: Path) -> None:
    """A second writer waits for the first up to its time out and then says so; readers do not wait at all."""
    with SqliteStore.open(registry) as first, SqliteStore.open(registry, timeout=0.05) as second:
        first._connection.execute("BEGIN IMMEDIATE")
        first._connection.execute("DELETE FROM kept")

        assert second.statistics().kept == 1
        with pytest.raises(StoreError, match="locked"):
            second.add_publisher(Publisher("Zeta"), 1)
        first._connection.execute("ROLLBACK")
        second.add_publisher(Publisher("Zeta"), 1)
        assert len(first.publishers()) == 2


def test_reader_sees_what_an_open_writer_committed(registry: Path) -> None:
    """A reader sees commits while the writer has the file open; the writer's closing leaves one file that is whole."""
    with SqliteStore.open_read_only(registry) as reader:
        with SqliteStore.open(registry) as writer:
            writer.add_publisher(Publisher("Zeta"), 1)
            during = len(reader.publishers())
        after = len(reader.publishers())

    assert (during, after) == (2, 2)


def test_whole_file_is_not_in_wal_mode(registry: Path) -> None:
    """At rest the file needs no others: it can be copied, committed and read from a medium that cannot be written."""
    with closing(sqlite3.connect(f"file:{registry}?immutable=1", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


PUBLISHER_LOOP = """
    import sys
    from pathlib import Path
    from tests.unit.registry.trees import firmware
    from tests.unit.storage.submissions import submission
    from trueware.registry.payload import identify
    from trueware.storage.sqlite import SqliteStore

    first = int(sys.argv[2])
    with SqliteStore.create(Path(sys.argv[1])) as store:
        print("ready", flush=True)
        for number in range(first, first + 10_000):
            given = submission(firmware(number, 40), version=str(number))
            store.add_releases([given])
            print(identify(given.payload), flush=True)
"""


def test_killed_publishers_lose_nothing(tmp_path: Path) -> None:
    """Twenty publishers in a row are killed at work; whatever they were told was stored is there, whole, and nothing is half."""
    path, told = tmp_path / "registry.sqlite", []
    rng = random.Random(20)
    for round_ in range(20):
        command = [sys.executable, "-c", textwrap.dedent(PUBLISHER_LOOP), str(path), str(round_ * 10_000)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": "src:."}
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.005, 0.08))
        process.send_signal(signal.SIGKILL)
        told += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
    with SqliteStore.open(path) as store:
        stored = {release.id for release in store.releases()}

        assert len(told) >= 20
        assert set(told) <= stored
        assert len(stored) <= len(told) + 20
        assert store.fsck() == []


def test_killed_creation_can_be_repeated(tmp_path: Path) -> None:
    """Of a registry whose making was killed before its commit nothing is left, and making it again works."""
    path = tmp_path / "registry.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.raises(StoreError, match="not a trueware registry"):
        SqliteStore.open(path)
    with SqliteStore.create(path) as store:
        store.add_releases([submission(firmware())])

        assert store.get_release(identify(submission(firmware()).payload)) is not None
