"""The PostgreSQL database: what it refuses to be, what it survives, who may do what, and what fsck notices."""

import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.postgres import Cluster, find_programs
from tests.unit.registry.trees import firmware
from tests.unit.storage.submissions import PASSWD, submission
from zstandard import ZstdCompressor

from trueware.errors import StoreError
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus, Standing
from trueware.model.release import Entitlement, Publisher
from trueware.registry.ledger import Registrar, ledger
from trueware.registry.log_audit import audit_log
from trueware.registry.payload import identify
from trueware.registry.ports import Leaf
from trueware.registry.watch import Remembered, watch
from trueware.storage.memory import MemoryStore
from trueware.storage.opening import open_registry
from trueware.tlog.policy import Policy

pytest.importorskip("psycopg", reason="no psycopg: install trueware[postgres]")
pytest.importorskip("alembic", reason="no Alembic: install trueware[postgres]")

from trueware.storage.postgres import any_text, shape, tables
from trueware.storage.postgres.migrating import migrate
from trueware.storage.postgres.session import Session
from trueware.storage.postgres.store import PostgresStore

ROOT = Path(__file__).resolve().parents[3]
OPERATOR = Registrar("example.org/many", Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
def registry(postgres: Cluster) -> str:
    """The URL of a registry of one release."""
    url = postgres.url()
    with PostgresStore.create(url) as store:
        store.add_publisher(Publisher("Acme", (b"key",)), 1)
        store.add_releases([submission(firmware())])
    return url


@contextmanager
def session(url: str) -> Iterator[Session]:
    opened = Session.open(url, 10, writes=True)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def standing(postgres: Cluster) -> str:
    """The URL of a registry of one release that no test leaves altered."""
    url = postgres.url()
    with PostgresStore.create(url) as store:
        store.add_publisher(Publisher("Acme", (b"key",)), 1)
        store.add_releases([submission(firmware())])
    return url


class Undone(Exception):
    """Ends a transaction whose edits are not to stay."""


@contextmanager
def edited(url: str, statement: str) -> Iterator[PostgresStore]:
    """Open a registry that is altered as long as it is open."""
    with PostgresStore.open(url) as store, suppress(Undone), store.transaction():
        store._session.say(statement)
        yield store
        raise Undone


def edit(url: str, statement: str) -> None:
    with session(url) as opened:
        opened.say(statement)


# --- what it refuses to be ---------------------------------------------------------------------------------------------


def test_what_was_written_is_read_by_another(registry: str) -> None:
    """A release written through one connection is read through another, and creating again keeps it."""
    with PostgresStore.open_read_only(registry) as store:
        assert [release.product for release in store.releases()] == ["Router"]
    with PostgresStore.create(registry) as store:
        assert store.statistics().releases == 1


@pytest.mark.parametrize("opened", [PostgresStore.open, PostgresStore.open_read_only])
def test_nothing_there_is_said(postgres: Cluster, opened: Callable[[str], PostgresStore]) -> None:
    """No registry is an error that says how to make one, and makes none."""
    url = postgres.url()
    with pytest.raises(StoreError, match=r"there is no registry at .* makes one"):
        opened(url)
    with session(url) as asked:
        assert shape.is_empty(asked)


def test_other_tables_are_not_touched(postgres: Cluster) -> None:
    """A schema that holds something else is no registry, and none is made in it."""
    url = postgres.url()
    edit(url, "CREATE SCHEMA {s}; CREATE TABLE {s}.release (x integer)")
    for opened in (PostgresStore.create, PostgresStore.open, PostgresStore.open_read_only):
        with pytest.raises(StoreError, match="has tables, but is not a trueware registry"):
            opened(url)


def test_server_that_is_not_there_is_said() -> None:
    """An unreachable server is a store's error."""
    with pytest.raises(StoreError, match=r"registry postgresql:///x\?host=/nowhere"):
        PostgresStore.open("postgresql:///x?host=/nowhere")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://me:secret@host/db", "must not hold a password"),
        ("postgresql://me@host/db?password=secret", "must not hold a password"),
        ("postgresql://me@host/db?%70assword=secret", "must not hold a password"),
        ("postgresql://me@host/db?schema=a;b", "lower case letters"),
        ("postgresql://me@host/db?schema=pg_catalog", "lower case letters"),
        ("postgresql://me@host/db?schema=", "lower case letters"),
        ("postgresql://me@host/db?schema=a&schema=b", "lower case letters"),
        ("postgresql://me@host/db?no_such_word=1", "no_such_word"),
    ],
)
def test_urls_are_checked(url: str, reason: str) -> None:
    """Passwords and what is no name of a schema are refused before anybody is asked, and not repeated."""
    with pytest.raises(StoreError, match=reason) as caught:
        open_registry(url)
    assert "secret" not in str(caught.value)


def test_older_registry_is_brought_up_to_date(postgres: Cluster) -> None:
    """A registry without a log gets one; what was in it stays; only who makes registries does it."""
    url = postgres.url()
    with session(url) as made:
        migrate(made, "0001")
        made.say("INSERT INTO {s}.publisher VALUES ('\\x00', 'P', 1)")
    with pytest.raises(StoreError, match=r"version 0001, this program uses 0002: an older .* brings it up to date"):
        PostgresStore.open(url)
    with PostgresStore.create(url) as store:
        assert store.log_size() == 0
        assert store.statistics().publishers == 1
    PostgresStore.open_read_only(url).close()


def test_newer_registry_is_refused(registry: str) -> None:
    """A registry of a later version is not touched by this one."""
    edit(registry, "UPDATE {s}.revision SET version_num = '0099'")
    for opened in (PostgresStore.open, PostgresStore.create):
        with pytest.raises(StoreError, match=r"version 0099.*a newer trueware made it"):
            opened(registry)


def test_failed_migration_leaves_nothing(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made in one transaction: when its end fails, the schema is not there."""
    url = postgres.url()

    def fail(*_: object) -> None:
        raise RuntimeError("power")

    with session(url) as made:
        monkeypatch.setattr("alembic.op.create_index", fail)
        with pytest.raises(RuntimeError, match="power"):
            migrate(made)
        monkeypatch.undo()
        assert shape.is_empty(made)
    PostgresStore.create(url).close()


def test_migrations_make_the_tables_that_are_used(registry: str) -> None:
    """The last migration is the version that is asked for, and makes each index that the tables name."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "trueware.storage.postgres:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == shape.HEAD
    assert {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()} == {
        shape.HEAD,
        *shape.OLDER,
    }
    with session(registry) as asked:
        rows = asked.ask("SELECT tablename, indexname FROM pg_indexes WHERE schemaname = '{s}'")
    named = {(table.name, index.name) for table in tables.metadata.sorted_tables for index in table.indexes}
    assert named <= {(table, index) for table, index in rows}


def test_creating_at_once_makes_one(postgres: Cluster) -> None:
    """Of several that make the registry at the same time one does, and all have it."""
    url = postgres.url()
    code = "import sys; from trueware.storage.postgres.store import PostgresStore; PostgresStore.create(sys.argv[1]).close()"
    made = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE) for _ in range(2)]
    assert [(each.communicate()[1], each.returncode) for each in made] == [(b"", 0)] * 2
    with PostgresStore.open(url) as store:
        assert store.fsck() == []


TRIGGER = """
CREATE FUNCTION {s}.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER t BEFORE INSERT ON {s}.withdrawal FOR EACH ROW EXECUTE FUNCTION {s}.f()"""
TWO_CONTENTS = """
INSERT INTO {s}.content (number, sha256, size, products, releases) OVERRIDING SYSTEM VALUE
SELECT number, '\\x00', 1, products, releases FROM {s}.content LIMIT 1"""


@pytest.mark.parametrize(
    "statement",
    [
        TRIGGER,
        "CREATE RULE r AS ON INSERT TO {s}.withdrawal DO INSTEAD NOTHING",
        "ALTER TABLE {s}.withdrawal ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE {s}.withdrawal SET UNLOGGED",
        "ALTER TABLE {s}.withdrawal RENAME TO real; CREATE VIEW {s}.withdrawal AS SELECT * FROM {s}.real WHERE false",
        "ALTER TABLE {s}.release ADD more integer",
        "ALTER TABLE {s}.release ALTER statement TYPE text USING ''",
        "ALTER TABLE {s}.content DROP CONSTRAINT content_sha256",
        "ALTER TABLE {s}.leaf DROP CONSTRAINT leaf_pkey CASCADE",
        "ALTER TABLE {s}.manifest DROP CONSTRAINT manifest_release_fkey",
        "ALTER TABLE {s}.release ALTER payload DROP NOT NULL",
        "CREATE TABLE {s}.child () INHERITS ({s}.withdrawal)",
        "DROP TABLE {s}.kept",
    ],
)
def test_altered_tables_are_refused(standing: str, statement: str) -> None:
    """A registry with triggers, rules, other columns or without its constraints is refused."""
    with edited(standing, statement) as store, pytest.raises(StoreError, match="was altered"):
        shape.check(store._session)


def test_altered_registry_is_not_opened(registry: str) -> None:
    """It is refused before it is asked, whoever opens it."""
    edit(registry, TRIGGER)
    for opened in (PostgresStore.create, PostgresStore.open, PostgresStore.open_read_only):
        with pytest.raises(StoreError, match="table withdrawal was altered"):
            opened(registry)


def test_other_things_beside_do_no_harm(registry: str) -> None:
    """An operator's own view and index change no answer, nor does a function that stands in for one of the system's."""
    asked = {sha256(PASSWD).digest(): len(PASSWD)}
    with PostgresStore.open_read_only(registry) as store:
        before = store.find_sharing(asked)
    edit(
        registry,
        "CREATE VIEW {s}.mine AS SELECT 1; CREATE INDEX another ON {s}.release (published);"
        "CREATE FUNCTION {s}.ln(double precision) RETURNS double precision LANGUAGE sql AS 'SELECT 7::float8'",
    )
    schema = registry.rpartition("schema=")[2]
    with PostgresStore.open(f"{registry}&options=-csearch_path%3D{schema}%2Cpg_catalog") as store:
        assert store.fsck() == []
        assert store.find_sharing(asked) == before


# --- what fsck notices -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("UPDATE {s}.release SET sha256 = '\\x00'", "its index columns are not what its payload says"),
        ("UPDATE {s}.product SET name = 'Other'", "its index columns are not what its payload says"),
        ("UPDATE {s}.product SET name = 'Other'", "product Other stands under the key of another"),
        ("INSERT INTO {s}.claim SELECT 'product', 'x', number FROM {s}.release", "its claims are indexed wrongly"),
        ("DELETE FROM {s}.subtree", "its subtrees are indexed wrongly"),
        ("INSERT INTO {s}.subtree SELECT * FROM {s}.subtree", "its subtrees are indexed wrongly"),
        ("DELETE FROM {s}.holding WHERE content = (SELECT min(content) FROM {s}.holding)", "its contents are indexed wrongly"),
        ("UPDATE {s}.content SET products = 2", "its counts are not those of its releases"),
        ("UPDATE {s}.content SET size = 1", "its contents are indexed wrongly"),
        ("DELETE FROM {s}.content", "a row of holding refers to a missing row of content"),
        (TWO_CONTENTS, "stands for two contents"),
        ("DELETE FROM {s}.manifest", "its manifest is missing"),
        ("UPDATE {s}.manifest SET data = '\\x00'", "not one zstd frame"),
        ("UPDATE {s}.kept SET size = 3", "another size than stated"),
        ("UPDATE {s}.kept SET data = '\\x00'", "is damaged"),
        ("UPDATE {s}.kept SET sha256 = '\\x00'", "no release holds it"),
        ("UPDATE {s}.release SET id = '\\x00'", "its id is not the digest of its payload"),
        ("UPDATE {s}.release SET payload = '\\xa0'", "missing or unknown fields"),
        ("INSERT INTO {s}.product (key, publisher, name) VALUES ('\\x00', 'P', 'N')", "product N has no release"),
        ("UPDATE {s}.publisher_key SET spki = 'other'", "a key of a publisher stands under the digest of another"),
        ("INSERT INTO {s}.leaf VALUES (1, '\\x00', '\\x00')", "not numbered without holes"),
        ("INSERT INTO {s}.leaf_subject VALUES ('\\x00', 5)", "leaf_subject refers to a missing row of leaf"),
    ],
)  # fmt: skip
def test_fsck_finds_every_edit(standing: str, statement: str, detail: str) -> None:
    """Whatever is edited in the rows, fsck says what is wrong."""
    with edited(standing, statement) as store:
        problems = store.fsck()

    assert [problem for problem in problems if detail in problem.detail] != []


def test_doctored_bytes_are_never_handed_out(registry: str) -> None:
    """A kept content and a release whose bytes were exchanged are errors, not answers."""
    evil = ZstdCompressor().compress(PASSWD.replace(b"x", b"!")).hex()
    other = submission(firmware(2)).payload.hex()
    with PostgresStore.open_read_only(registry) as store:
        edit(registry, f"UPDATE {{s}}.kept SET data = decode('{evil}', 'hex')")  # noqa: S608 (hex)
        with pytest.raises(StoreError, match="another digest"):
            store.get_content(sha256(PASSWD).digest())
        edit(registry, f"UPDATE {{s}}.release SET payload = decode('{other}', 'hex')")  # noqa: S608 (hex)
        with pytest.raises(StoreError, match="its payload has digest"):
            store.releases()
        edit(registry, "UPDATE {s}.release SET source = U&'\\001azz'")
        with pytest.raises(StoreError, match="stands for no character"):
            store.releases()


# --- text --------------------------------------------------------------------------------------------------------------


@given(st.text(st.characters() | st.sampled_from("\0\x1a\ud800\udfff01adef")))
def test_every_text_is_held_without_loss(text: str) -> None:
    """What is held has no character that PostgreSQL refuses, and is freed to the same; text without one stands as it is."""
    held = any_text.hold(text)

    assert any_text.free(held) == text
    assert "\0" not in held
    held.encode()
    assert held == text or set("\0\x1a") & set(text) or re.search("[\ud800-\udfff]", text)


def test_strange_texts_come_back(postgres: Cluster) -> None:
    """NUL, lone surrogates, the mark itself and long texts, wherever a text may stand; and they sort as anywhere else."""
    odd = ["a\0b", "a\udcffb", "a\x1a0000b", "a" + "\U0001f600" * 9000, "a\x01b"]
    with PostgresStore.create(postgres.url()) as store:
        for each in odd:
            store.add_publisher(
                Publisher(each, (each.encode("utf-8", "surrogatepass"),), (Entitlement(each, each),)), 1
            )
        anchors = [
            Anchor(each, each, each, b"k", scope=(Entitlement(each, each),), name=each, source=each) for each in odd
        ]
        store.add_anchors(anchors, 1)
        distrusted = [Distrusted(each, each, each) for each in odd]
        store.add_distrusted(distrusted, 1)
        words = [CertificateStatus(each, each, b"a" * 32, Standing.REVOKED, each, reason=each) for each in odd]
        store.add_certificates(words, 1)
        store.add_leaves([Leaf(b"h" * 32, b"entry", tuple(odd))])
        release = submission(firmware())
        store.add_releases([release])
        store.withdraw(identify(release.payload), odd[0], 2)
        store.revoke_anchor(odd[1], odd[1], odd[1], 2)

        assert [each.name for each in store.publishers()] == sorted(odd)
        assert [store.get_publisher(each) for each in sorted(odd)] == list(store.publishers())
        assert [each.id for each in store.anchors()] == sorted(odd)
        assert [each.revoked for each in store.anchors() if each.id == odd[1]] == [odd[1]]
        assert sorted(each.id for each in anchors) == [each.source for each in store.anchors()]
        assert list(store.distrusted()) == sorted(distrusted, key=lambda each: each.id)
        assert store.find_distrusted(odd) == {each.id: each for each in distrusted}
        assert store.certificates() == tuple(words)
        assert [store.leaves_about(each) for each in odd] == [((0, b"entry"),)] * len(odd)
        assert store.releases()[0].withdrawn == odd[0]
        assert store.fsck() == []


# --- who may do what ---------------------------------------------------------------------------------------------------


@pytest.fixture
def roles(postgres: Cluster, registry: str) -> tuple[str, str]:
    """The URLs of a reader and a writer, made as docs/postgres.md says."""
    if not postgres.ours:
        pytest.skip("roles are made in a server of our own only")
    (said,) = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/postgres.md").read_text("utf-8"), re.DOTALL)
    schema = registry.rpartition("schema=")[2]
    reader, writer = f"reader_{schema}", f"writer_{schema}"
    words = said.replace("registry_reader NOLOGIN", "registry_reader LOGIN").replace(
        "registry_writer NOLOGIN", "registry_writer LOGIN"
    )
    for old, new in (
        ("registry_reader", reader),
        ("registry_writer", writer),
        ("trueware.", f"{schema}."),
        ("SCHEMA trueware", f"SCHEMA {schema}"),
    ):
        words = words.replace(old, new)
    edit(registry, words)
    return postgres.url(schema, reader), postgres.url(schema, writer)


def test_reader_reads_and_cannot_write(roles: tuple[str, str]) -> None:
    """A reader has every answer and fsck; nothing of theirs is written, nor can they keep writers out."""
    reader, writer = roles
    with PostgresStore.open_read_only(reader) as store:
        assert store.statistics().releases == 1
        assert store.fsck() == []
        with pytest.raises(StoreError, match="opened for reading"):
            store.add_publisher(Publisher("Zeta"), 1)
    with PostgresStore.open(reader) as store, pytest.raises(StoreError, match="permission denied"):
        store.add_publisher(Publisher("Zeta"), 1)
    with session(reader) as malicious:
        for refused in (
            "LOCK TABLE {s}.turn IN SHARE MODE",
            "DELETE FROM {s}.withdrawal",
            "INSERT INTO {s}.turn VALUES (true)",
        ):
            with pytest.raises(StoreError, match=r"permission denied|LOCK TABLE can only"):
                malicious.say(f"BEGIN; {refused}")
            malicious.say("ROLLBACK")
        malicious.say("BEGIN; LOCK TABLE {s}.turn IN ACCESS SHARE MODE; SELECT pg_advisory_lock(1)")
        with PostgresStore.open(writer, timeout=1) as store:
            store.add_publisher(Publisher("Zeta"), 1)


def test_writer_adds_and_cannot_take_away(roles: tuple[str, str]) -> None:
    """A writer does everything that the port has, and nothing that would undo it."""
    _, writer = roles
    with PostgresStore.open(writer) as store:
        logged = ledger(store, OPERATOR, 5)
        logged.add_publisher(Publisher("Zeta", (b"k",), (Entitlement("vendor", "Z"),)), 1)
        logged.add_releases([submission(firmware(2), version="2"), submission(firmware(3), version="3")])
        logged.withdraw(store.releases()[0].id, "a flaw", 2)
        logged.add_anchors([Anchor("Zeta", "a", "spki", b"k")], 3)
        logged.revoke_anchor("Zeta", "a", "lost", 4)
        logged.add_distrusted([Distrusted("usign:1", "leaked")], 5)
        logged.add_certificates([CertificateStatus("Lab", "1", b"a" * 32, Standing.ISSUED)], 6)
        assert list(audit_log(store, MemoryStore())) == []
        assert store.fsck() == []
    with session(writer) as malicious:
        for refused in (
            *("DELETE FROM {s}.withdrawal", "DELETE FROM {s}.release", "DELETE FROM {s}.leaf", "DELETE FROM {s}.kept"),
            *(
                "UPDATE {s}.release SET payload = ''",
                "UPDATE {s}.leaf SET entry = ''",
                "UPDATE {s}.withdrawal SET reason = ''",
            ),
            *("UPDATE {s}.content SET sha256 = ''", "TRUNCATE {s}.leaf", "UPDATE {s}.revision SET version_num = '1'"),
            *("DROP TABLE {s}.leaf", "ALTER TABLE {s}.leaf ADD x integer"),
        ):
            with pytest.raises(StoreError, match=r"permission denied|must be owner"):
                malicious.say(refused)


# --- transactions ------------------------------------------------------------------------------------------------------


def test_writers_wait_for_each_other(registry: str) -> None:
    """A second writer waits up to its time out, says so and has written nothing; readers do not wait."""
    with (
        PostgresStore.open(registry) as first,
        PostgresStore.open(registry, timeout=0.05) as second,
        PostgresStore.open_read_only(registry) as reader,
    ):
        with first.transaction():
            first.add_publisher(Publisher("Alpha"), 1)
            with pytest.raises(StoreError, match="another writer did not finish in time"):
                second.add_publisher(Publisher("Zeta"), 1)
            assert [each.name for each in reader.publishers()] == ["Acme"]
        second.add_publisher(Publisher("Zeta"), 1)
        assert [each.name for each in reader.publishers()] == ["Acme", "Alpha", "Zeta"]


def test_readers_transaction_sees_one_state(registry: str) -> None:
    """What a writer commits meanwhile is seen after it, not within."""
    with PostgresStore.open(registry) as writer, PostgresStore.open_read_only(registry) as reader:
        with reader.transaction():
            before = len(reader.publishers())
            writer.add_publisher(Publisher("Zeta"), 1)
            assert (len(reader.publishers()), reader.get_publisher("Zeta")) == (before, None)
        assert len(reader.publishers()) == before + 1


def test_failed_statement_is_never_committed(registry: str) -> None:
    """Whoever swallows an error of the server within a transaction is told at its end that nothing was written."""
    with PostgresStore.open(registry) as store:
        with pytest.raises(StoreError, match="all that was to be written"), store.transaction():  # noqa: PT012 (all of it)
            store.add_publisher(Publisher("Zeta"), 1)
            with pytest.raises(StoreError):
                store._session.ask("SELECT 1 / 0")
        assert store.get_publisher("Zeta") is None
        store.add_publisher(Publisher("Zeta"), 1)
        assert store.get_publisher("Zeta") is not None


def test_part_that_failed_is_undone_alone(registry: str) -> None:
    """A method that raises within a transaction wrote nothing, and the others' writes stand."""
    good, bad = submission(firmware(2), version="2"), submission(firmware(3), version="3")
    stranger = {sha256(b"x").digest(): b"x"}
    with PostgresStore.open(registry) as store:
        with store.transaction():
            store.add_leaves([Leaf(b"a" * 32, b"one")])
            with pytest.raises(ValueError, match=r"no content|one of the manifest"):
                store.add_releases([good, type(bad)(bad.payload, 1, "", None, bad.manifest, stranger)])
            with pytest.raises(StoreError):
                store.add_publisher(Publisher("Zeta"), 1 << 70)
            store.add_leaves([Leaf(b"b" * 32, b"two")])
        assert (store.log_size(), store.statistics().releases, store.get_publisher("Zeta")) == (2, 1, None)
        assert store.fsck() == []


def test_commits_wait_for_the_disk(postgres: Cluster, registry: str) -> None:
    """A setting of the role that would not wait is put right for a writer; a server that never waits is refused."""
    if not postgres.ours:
        pytest.skip("settings are changed in a server of our own only")
    with PostgresStore.open(f"{registry}&options=-csynchronous_commit%3Doff") as store:
        assert store._session.ask("SHOW synchronous_commit")[0][0] == "on"
    with PostgresStore.open(f"{registry}&options=-csynchronous_commit%3Dremote_apply") as store:
        assert store._session.ask("SHOW synchronous_commit")[0][0] == "remote_apply"
    edit(registry, "ALTER SYSTEM SET fsync = off")
    edit(registry, "SELECT pg_reload_conf()")
    try:
        wait_for(registry, "off")
        with pytest.raises(StoreError, match="fsync = off"):
            PostgresStore.open(registry)
        PostgresStore.open_read_only(registry).close()
    finally:
        with closing(Session.open(registry, 10, writes=False)) as opened:
            opened.say("ALTER SYSTEM RESET fsync")
            opened.say("SELECT pg_reload_conf()")
        wait_for(registry, "on")


def wait_for(url: str, fsync: str) -> None:
    """Return when the server has that setting."""
    deadline = time.monotonic() + 30
    with closing(Session.open(url, 10, writes=False)) as opened:
        while opened.ask("SHOW fsync")[0][0] != fsync:
            assert time.monotonic() < deadline
            time.sleep(0.02)


# --- many, and killed --------------------------------------------------------------------------------------------------

WRITER = """
    import os, sys
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from tests.unit.registry.trees import firmware
    from trueware.registry.learn import learn
    from trueware.registry.ledger import Registrar, ledger
    from trueware.storage.postgres.store import PostgresStore

    url, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    registrar = Registrar("example.org/many", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with PostgresStore.open(url, timeout=60) as store:
        logged = ledger(store, registrar, 10)
        os.write(1, b"ready\\n")
        for number in range(first, first + count):
            said = learn(logged, firmware(number, 40), {}, (), publisher="P", product=f"R{first}", version=str(number), now=number)
            os.write(1, f"{said.id}\\n".encode())
"""


def begin_writer(url: str, first: int, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", textwrap.dedent(WRITER), url, str(first), str(count)]
    environment = {**os.environ, "PYTHONPATH": "src:."}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    )


def check_history(url: str, told: list[str], seen: Remembered | None) -> Remembered:
    """Return what to remember of a log that is whole, has all that was told, and only grew."""
    with PostgresStore.open_read_only(url) as store:
        assert store.fsck() == []
        assert list(audit_log(store, MemoryStore())) == []
        held = {release.id for release in store.releases()}
        assert set(told) <= held
        remembered = watch(store, Policy((OPERATOR.verifier,)), seen).remembered
        assert remembered.size == 2 + len(held)
    return remembered


@pytest.fixture
def logged(postgres: Cluster) -> str:
    """The URL of a registry with a log."""
    return with_log(postgres)


def with_log(cluster: Cluster) -> str:
    url = cluster.url()
    with PostgresStore.create(url) as store:
        ledger(store, OPERATOR, 5)
    return url


@pytest.fixture
def mortal(postgres: Cluster) -> Iterator[Cluster]:
    """A server to be killed: one with few files, since it syncs all of them before it recovers."""
    if not postgres.ours:
        pytest.skip("only a server of our own is killed")
    cluster = Cluster(find_programs())
    yield cluster
    cluster.close()


def test_many_writers_make_one_history(logged: str) -> None:
    """Four that publish at once, each sure of its own, while one watches: nobody fails, nothing is lost, one log."""
    count = 12
    seen: Remembered | None = None
    writers = [begin_writer(logged, 1000 * (number + 1), count) for number in range(4)]
    while any(each.poll() is None for each in writers):
        with closing(open_registry(logged)) as store:
            seen = watch(store, Policy((OPERATOR.verifier,)), seen).remembered
    outputs = [each.communicate() for each in writers]
    assert [error for _, error in outputs] == [""] * 4
    told = [line for output, _ in outputs for line in output.splitlines() if len(line) == 64]

    assert len(set(told)) == 4 * count
    assert check_history(logged, told, seen).size == 2 + 4 * count


def test_killed_writers_lose_nothing(logged: str) -> None:
    """Writers killed at work, two at a time: what they were told is there, nothing is half, and the next goes on at once."""
    told: list[str] = []
    seen: Remembered | None = None
    dice = random.Random(20)
    for round_ in range(3):
        pair = [begin_writer(logged, 10_000 * (2 * round_ + each + 1), 1000) for each in range(2)]
        for each in pair:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0.01, 0.15))
        for each in pair:
            each.send_signal(signal.SIGKILL)
        told += [line for each in pair for line in each.communicate()[0].splitlines() if len(line) == 64]
        seen = check_history(logged, told, seen)
    assert len(told) >= 3


def test_killed_server_loses_nothing(mortal: Cluster) -> None:
    """The server is killed while one publishes: it gets a store's error, and what it was told is there when the server is back."""
    logged = with_log(mortal)
    told: list[str] = []
    seen: Remembered | None = None
    dice = random.Random(21)
    for round_ in range(2):
        pair = [begin_writer(logged, 10_000 * (2 * round_ + each + 1), 1000) for each in range(2)]
        for each in pair:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0.05, 0.25))
        mortal.kill()
        outputs = [each.communicate() for each in pair]
        assert [error.strip().splitlines()[-1].partition(":")[0] for _, error in outputs] == [
            "trueware.errors.StoreError"
        ] * 2
        told += [line for output, _ in outputs for line in output.splitlines() if len(line) == 64]
        mortal.start()
        seen = check_history(logged, told, seen)
    assert len(told) >= 2


def test_broken_connection_is_a_stores_error(registry: str) -> None:
    """A store whose connection was cut says so each time, also within a transaction, and can be closed."""
    for within in (False, True):
        store = PostgresStore.open(registry)

        def write(store: PostgresStore, *, within: bool) -> None:
            if not within:
                cut(registry, store)
                store.add_publisher(Publisher("Zeta"), 1)
                return
            with store.transaction():
                store.add_publisher(Publisher("Zeta"), 1)
                cut(registry, store)
                store.add_publisher(Publisher("Eta"), 1)

        with pytest.raises(StoreError):
            write(store, within=within)
        with pytest.raises(StoreError):
            store.publishers()
        store.close()
    with PostgresStore.open_read_only(registry) as reader:
        assert [each.name for each in reader.publishers()] == ["Acme"]


def cut(url: str, store: PostgresStore) -> None:
    """Cut the store's connection, at the server."""
    process: Any = store._session.driver.info.backend_pid
    with session(url) as other:
        other.say(f"SELECT pg_terminate_backend({process}, 5000)")
