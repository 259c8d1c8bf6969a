"""The ledger: every change is a leaf, the log replays to the registry, and what was done to either shows."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.unit.registry.logs import ACME, LEAVES, OPERATOR, POLICY, fill, publish_one
from tests.unit.registry.trees import firmware
from tests.unit.storage.stores import KINDS, make

from trueware.cose import sign1
from trueware.errors import UntrustedStatement
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus, Standing
from trueware.model.claim import Claim
from trueware.model.release import Entitlement, Publisher
from trueware.model.verdict import Authority
from trueware.registry.bundle import take_bundle, write_bundle
from trueware.registry.changes import Enrolment, Withdrawal, encode
from trueware.registry.enrol import enrol
from trueware.registry.learn import learn
from trueware.registry.ledger import READING, _Ledger, ledger, register
from trueware.registry.log_audit import audit_log
from trueware.registry.lookup import Registry
from trueware.registry.payload import MEDIA_TYPE, Payload
from trueware.registry.payload import encode as encode_payload
from trueware.registry.ports import RegistryStore, Submission
from trueware.registry.publish import publish
from trueware.registry.signed import SignedStatement, key_id, public_key, read, seal
from trueware.registry.sync import sync
from trueware.registry.withdraw import withdraw
from trueware.storage.memory import MemoryStore
from trueware.storage.opening import open_registry
from trueware.tlog import checkpoint
from trueware.tlog.checkpoint import Checkpoint

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegistryStore]:
    made = make(request.param, request, tmp_path)
    yield made
    made.close()


def audit(store: RegistryStore) -> list[str]:
    return [f"{each.subject}: {each.detail}" for each in audit_log(store, MemoryStore())]


def test_every_method_reads_or_is_logged() -> None:
    """A method that is added to the port cannot bypass the log."""
    methods = {name for name in vars(RegistryStore) if not name.startswith("_")}
    # what writes the log itself, which only the ledger does
    written = {"add_leaves", "put_tiles"}

    overridden = {name for name in vars(_Ledger) if not name.startswith("_")}
    assert methods - READING - written == overridden - {"begin", "register"}
    with pytest.raises(AttributeError, match="no add_leaves"):
        ledger(MemoryStore(), OPERATOR, 1).add_leaves([])


def test_the_log_replays_to_the_registry(store: RegistryStore) -> None:
    """Every kind of change is in the log, once, and the audit of the whole finds nothing."""
    logged = ledger(store, OPERATOR, 5)
    assert store.log_size() == 2
    fill(logged)

    # 2 of the registry, 2 enrolments, 3 releases, 1 withdrawal, 2 anchors, 1 revocation, 2 of distrust, 3 about a certificate
    assert store.log_size() == LEAVES
    assert audit(store) == []
    assert logged.fsck() == []
    fill_again = store.log_size()
    logged.add_publisher(Publisher("Acme", (public_key(ACME),)), 99)
    logged.add_distrusted([Distrusted("sha256:" + "0" * 64, "again")], 99)
    publish_one(logged, "2", 99)
    assert store.log_size() == fill_again


def test_a_log_goes_on_where_another_writer_left_it(store: RegistryStore) -> None:
    """Two ledgers over one store, as two processes have them."""
    first, second = ledger(store, OPERATOR, 5), ledger(store, OPERATOR, 5)
    for number in range(3):
        enrol(first, f"A{number}", [], [], 10 + number)
        enrol(second, f"B{number}", [], [], 8)

    assert store.log_size() == 8
    assert audit(store) == []


def test_what_was_there_before_the_log_is_entered(store: RegistryStore) -> None:
    """A registry that had no log has one that says all that it holds."""
    fill(store)
    assert store.log_size() == 0
    ledger(store, OPERATOR, 100)

    assert audit(store) == []


def test_what_fails_leaves_no_leaf(store: RegistryStore) -> None:
    """A transaction that fails has neither change nor leaf, and the log goes on after it."""
    logged = ledger(store, OPERATOR, 5)

    def fail() -> None:
        with logged.transaction():
            enrol(logged, "Acme", [], [], 10)
            raise RuntimeError("power")

    with pytest.raises(RuntimeError, match="power"):
        fail()
    assert (store.log_size(), store.publishers()) == (2, ())
    enrol(logged, "Acme", [], [], 9)
    assert store.log_size() == 3
    assert audit(store) == []


def test_another_operator_cannot_write(store: RegistryStore) -> None:
    """The log is that of one registrar: another key, or another name, is refused."""
    ledger(store, OPERATOR, 5)
    for other in (replace(OPERATOR, key=ACME), replace(OPERATOR, origin="example.org/other")):
        with pytest.raises(UntrustedStatement, match="another registrar"):
            ledger(store, other, 6)


def test_a_release_beside_the_log_is_a_warning(store: RegistryStore) -> None:
    """Put into the store past the ledger: genuine, with a warning that names it; in the log: without."""
    logged = ledger(store, OPERATOR, 5)
    enrol(logged, "Acme", [public_key(ACME)], [], 10)
    publish_one(logged)
    publish_one(store, "9")
    learn(store, firmware(7), {}, (), publisher="Other", product="Box", version="1", now=50)
    seen = {
        release.version: release.logged
        for each in store.releases()
        for release in Registry(store).find_exact(each.sha256).releases
    }

    assert seen == {"1": True, "9": False} | {"1": True}
    assert [each.logged for each in Registry(store).find_exact(firmware(7).sha256 or b"").releases] == [False]


def test_a_key_beside_the_log_signs_nothing(store: RegistryStore) -> None:
    """A key that was put into the store past the ledger makes no release a logged one."""
    logged = ledger(store, OPERATOR, 5)
    enrol(logged, "Acme", [], [], 10)
    store.add_publisher(Publisher("Acme", (public_key(ACME),)), 11)
    with pytest.raises(UntrustedStatement, match="not signed by a key"):
        publish_one_without_log_check(logged)
    publish_one(store)

    assert [each.logged for each in Registry(store).find_exact(firmware(1).sha256 or b"").releases] == [False]
    assert "publisher Acme: the registry has it otherwise than the log says" in audit(store)


def test_an_anchor_or_certificate_beside_the_log_counts_for_nothing(store: RegistryStore) -> None:
    """Whoever can write the tables and not the log makes no signer known and nothing certified."""
    logged = ledger(store, OPERATOR, 5)
    enrol(logged, "Acme", [], [], 6)
    anchor = Anchor("Acme", "spki:1", "spki", b"k" * 80, source="a page")
    large = replace(anchor, id="spki:2", data=b"k" * 60_000)
    issued = CertificateStatus("Lab", "C-1", b"a" * 32, Standing.ISSUED)
    logged.add_anchors([anchor, large], 7)
    logged.add_certificates([issued], 8)
    store.add_anchors([replace(anchor, id="spki:3")], 9)
    store.add_certificates([replace(issued, number="C-2")], 9)
    registry = Registry(store)

    assert [key.id for key in registry.keyring().keys] == ["spki:1", "spki:2"]
    assert [each.id for each in registry.trust(()).anchors] == ["spki:1", "spki:2"]
    assert registry.certificates(b"a" * 32) == (issued,)
    assert len(audit(store)) == 2


def test_long_names_and_large_releases_are_logged_like_all(store: RegistryStore) -> None:
    """A payload that does not fit into a leaf is signed by its digest; names that are no Unicode, and long ones, are written out."""
    logged = ledger(store, OPERATOR, 5)
    name = "Acme \U0001f600" + "x" * 480
    enrol(logged, name, [public_key(ACME)], [Entitlement("vendor", "*" * 500)], 6)
    claims = [Claim("version", f"v{number}\udcff" * 20, "a source", "a/b" * 30) for number in range(600)]
    large = publish(
        logged, firmware(1), {}, claims, publisher=name, product="P" * 512, version="1", private_key=ACME, now=7
    )
    learn(logged, firmware(2), {}, claims, publisher="O", product="P", version="1", now=3, source="s" * 9000)
    learn(logged, firmware(3), {}, (), publisher="O", product="P", version="2", now=3, source="list\udcff.txt")
    anchor = Anchor(name, "id\u00e9" * 2000, "spki", b"k", source="page\udc80" + "s" * 9000)
    logged.add_anchors([anchor], 8)
    logged.revoke_anchor(name, anchor.id, "lost", 9)

    payload = store.get_payload(large.id)
    assert payload is not None
    assert len(payload) > 65_535
    assert audit(store) == []
    assert store.fsck() == []
    assert [each.logged for each in Registry(store).find_exact(firmware(1).sha256 or b"").releases] == [True]
    pieces = list(write_bundle(store, [each.id for each in store.releases()]))
    assert take_bundle(pieces, MemoryStore(), MemoryStore(), POLICY, 9).releases == 3
    copy = MemoryStore()
    sync(store, copy, POLICY)
    assert audit(copy) == []


def test_what_does_not_fit_into_the_log_does_not_keep_a_registry_from_having_one(store: RegistryStore) -> None:
    """A release of before, whose statement is larger than a leaf, stays beside the log, and is a warning."""
    store.add_publisher(Publisher("Acme", (public_key(ACME),)), 1)
    claims = tuple(Claim("version", f"v{number}" * 20, "a source", "a/b" * 30) for number in range(600))
    said = Payload("Acme", "R", "1", Authority.PUBLISHER, b"a" * 32, claims=claims)
    data = encode_payload(said)
    headers: dict[int | str, object] = {3: MEDIA_TYPE, 4: key_id(public_key(ACME)), 15: {1: "Acme", 2: "R 1", 6: 1}}
    store.add_releases([Submission(data, 1, "", sign1.sign(headers, data, ACME))])
    logged = ledger(store, OPERATOR, 5)
    publish_one(logged)

    assert [each.logged for each in Registry(store).find_exact(b"a" * 32).releases] == [False]
    assert [each for each in audit(store) if "the log does not say it" not in each] == []


def test_a_publisher_withdraws_with_their_own_word(store: RegistryStore) -> None:
    """Under their key, in their name; nobody else's key does, and the registrar may as well."""
    logged = ledger(store, OPERATOR, 5)
    enrol(logged, "Acme", [public_key(ACME)], [], 6)
    first, second = publish_one(logged, "1"), publish_one(logged, "2")
    assert withdraw(logged, first, "a flaw", 40, ACME).withdrawn == "a flaw"
    assert withdraw(logged, second, "another", 41).withdrawn == "another"

    assert [read(entry).issuer for entry in store.entries(5, 7)] == ["Acme", OPERATOR.origin]
    assert audit(store) == []
    third = publish_one(logged, "3")
    with pytest.raises(UntrustedStatement, match="not one of 'Acme'"):
        withdraw(logged, third, "mine", 42, OPERATOR.key)
    size = store.log_size()
    assert withdraw(logged, first, "again", 50, ACME).withdrawn == "a flaw"
    assert store.log_size() == size


def test_statements_of_others_are_checked_before_they_are_registered(store: RegistryStore) -> None:
    """A withdrawal in the publisher's name by another key, of another's release, or of what nobody knows: nothing is changed."""
    logged = ledger(store, OPERATOR, 5)
    enrol(logged, "Acme", [public_key(ACME)], [], 6)
    mallory = Ed25519PrivateKey.from_private_bytes(b"m" * 32)
    enrol(logged, "Mallory", [public_key(mallory)], [], 6)
    release = publish_one(logged, "1")
    size = store.log_size()
    for issuer, key, about in (
        ("Acme", mallory, release), ("Mallory", mallory, release), (OPERATOR.origin, mallory, release), ("Acme", ACME, "ab" * 32)
    ):  # fmt: skip
        kind, data = encode(Withdrawal(about, "why"))
        said = SignedStatement(kind, issuer, f"release:{about}", 50, b"", None)
        with pytest.raises(UntrustedStatement):
            register(logged, seal(said, data, key), data)
    kind, data = encode(Enrolment(Publisher("Evil")))
    with pytest.raises(UntrustedStatement):
        register(logged, seal(SignedStatement(kind, "Acme", "publisher:Evil", 50, b"", None), data, ACME), data)
    with pytest.raises(ValueError, match="in a ledger"):
        register(store, b"", b"")
    assert (store.log_size(), [each.withdrawn for each in store.releases()]) == (size, [None])


WRITER = """
import sys
from contextlib import closing
from pathlib import Path
from tests.unit.registry.logs import OPERATOR
from trueware.registry.enrol import enrol
from trueware.registry.ledger import ledger
from trueware.storage.opening import open_registry

location, name = sys.argv[1:]
with closing(open_registry(location if "://" in location else Path(location), writes=True)) as store:
    logged = ledger(store, OPERATOR, 5)
    for number in range(12):
        enrol(logged, f"{name}{number}", [], [], 10 + number)
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_many_writers_make_one_history(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Four processes at once: every change of each is in the log, which is one, and replays to the registry."""
    location = str(tmp_path / "registry.sqlite") if kind == "sqlite" else request.getfixturevalue("postgres").url()
    with closing(open_registry(location if kind == "postgres" else Path(location), creates=True)) as store:
        ledger(store, OPERATOR, 5)
        writers = [subprocess.Popen([sys.executable, "-c", WRITER, location, name], cwd=ROOT) for name in "abcd"]
        assert [writer.wait(120) for writer in writers] == [0] * 4

        assert store.log_size() == 2 + 48
        assert len(store.publishers()) == 48
        assert audit(store) == []


Alteration = Callable[[MemoryStore], None]


def _drop_withdrawal(store: MemoryStore) -> None:
    for id_, stored in store._stored.items():
        store._stored[id_] = replace(stored, release=replace(stored.release, withdrawn=None))


def _drop_release(store: MemoryStore) -> None:
    del store._stored[next(iter(store._stored))]


def _rewrite_entry(store: MemoryStore) -> None:
    store._entries[5] = store._entries[5][:-1] + bytes([store._entries[5][-1] ^ 1])


def _swap_entries(store: MemoryStore) -> None:
    store._entries[4], store._entries[5] = store._entries[5], store._entries[4]


def _drop_last_leaf(store: MemoryStore) -> None:
    store._entries.pop()
    last = len(store._entries)
    store._about = {subject: tuple(n for n in numbers if n != last) for subject, numbers in store._about.items()}


def _rewrite_tile(store: MemoryStore) -> None:
    data = bytearray(store._tiles[0, 0])
    data[40] ^= 1
    store._tiles[0, 0] = bytes(data)


def _hide_from_index(store: MemoryStore) -> None:
    store._about = dict.fromkeys(store._about, ())


def _drop_distrusted(store: MemoryStore) -> None:
    store._distrusted.popitem()


def _stand_again(store: MemoryStore) -> None:
    store._anchors = {key: replace(each, revoked=None) for key, each in store._anchors.items()}


def _change_certificate(store: MemoryStore) -> None:
    store._certificates[0] = replace(store._certificates[0], sha256=b"b" * 32)


def _sign_other_root(store: MemoryStore) -> None:
    store._checkpoints[LEAVES] = bytes(checkpoint.sign(Checkpoint(OPERATOR.origin, LEAVES, b"r" * 32), OPERATOR.key))


def _sign_with_other_key(store: MemoryStore) -> None:
    at = checkpoint.open_checkpoint(store._checkpoints[LEAVES], OPERATOR.verifier)[0]
    store._checkpoints[LEAVES] = bytes(checkpoint.sign(at, ACME))


@pytest.mark.parametrize(
    "alter",
    [
        _drop_withdrawal, _drop_release, _rewrite_entry, _swap_entries, _drop_last_leaf, _rewrite_tile, _hide_from_index,
        _drop_distrusted, _stand_again, _change_certificate, _sign_other_root, _sign_with_other_key,
    ],
)  # fmt: skip
def test_the_audit_finds_what_was_done_to_a_registry(alter: Alteration) -> None:
    """Each alteration of the store or its log is a problem, and the audit comes to its end."""
    store = MemoryStore()
    fill(ledger(store, OPERATOR, 5))
    assert audit(store) == []
    alter(store)

    assert audit(store) != []


def publish_one_without_log_check(store: RegistryStore) -> None:
    """Publish under a key that the store has and the log has not."""
    publish_one(store, "3")
