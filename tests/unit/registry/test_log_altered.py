"""What somebody does to a registry, a source of copies or a bundle without the registrar's key, or with it against the rules."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.unit.registry.logs import ACME, OPERATOR, POLICY, fill, publish_one

from trueware.errors import LimitExceeded, UntrustedStatement
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus, Standing
from trueware.model.release import Entitlement, Publisher
from trueware.registry import changes, signed
from trueware.registry.bundle import MAGIC, read_bundle, take_bundle, write_bundle
from trueware.registry.changes import Withdrawal
from trueware.registry.enrol import enrol
from trueware.registry.ledger import Registrar, _Ledger, ledger
from trueware.registry.log_audit import audit_log
from trueware.registry.lookup import Registry
from trueware.registry.ports import Leaf
from trueware.registry.signed import SignedStatement, public_key
from trueware.registry.sync import sync
from trueware.registry.watch import watch
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore
from trueware.tlog.merkle import leaf_hash

ISSUED = CertificateStatus("Lab", "C-1", b"a" * 32, Standing.ISSUED, "EN 303 645", 1, 2)


def altered(tmp_path: Path, *statements: str, values: tuple[object, ...] = ()) -> SqliteStore:
    """Return a filled registry whose tables somebody wrote to."""
    path = tmp_path / "r.sqlite"
    with SqliteStore.create(path) as store:
        fill(ledger(store, OPERATOR, 5))
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement, values)
    connection.commit()
    connection.close()
    return SqliteStore.open_read_only(path)


def test_an_index_does_not_make_a_release_vouch_for_other_bytes(tmp_path: Path) -> None:
    other = b"\xee" * 32
    with altered(tmp_path, "UPDATE release SET sha256 = ?", values=(other,)) as store:
        found = Registry(store, POLICY).find_exact(other)

    assert found.releases == ()
    assert {each.rule for each in found.findings} == {"reference-untrusted"}
    assert len(found.findings) == 3


def test_what_the_log_took_back_stays_taken_back(tmp_path: Path) -> None:
    """Also for who watched the log before it was dropped from the tables, and looks at what is new only."""
    with altered(tmp_path, "DELETE FROM withdrawal", "DELETE FROM anchor_revocation") as store:
        registry = Registry(store, POLICY)
        assert [registry.prove(each).withdrawn for each in store.releases("Acme")] == [None, "a flaw"]
        assert [each.revoked for each in registry._anchors()] == ["lost", None]


def test_a_log_whose_checkpoints_were_deleted_is_not_the_same_as_none(tmp_path: Path) -> None:
    with (
        altered(tmp_path, "DELETE FROM checkpoint") as store,
        pytest.raises(UntrustedStatement, match="without a check"),
    ):
        Registry(store)


class Lying:
    """Shows the tiles and checkpoint of one registry, and the leaves of another."""

    def __init__(self, shown: MemoryStore, told: MemoryStore) -> None:
        self._shown, self._told = shown, told

    def __getattr__(self, name: str) -> Any:
        told = name in {"entries", "get_manifest", "get_payload", "get_content", "get_packings", "get_portraits"}
        return getattr(self._told if told else self._shown, name)


def many(registrar: Registrar) -> MemoryStore:
    store = MemoryStore()
    logged = ledger(store, registrar, 5)
    enrol(logged, "Acme", [public_key(ACME)], [], 6)
    for number in range(1, 70):
        publish_one(logged, str(number), 20 + number)
    return store


def test_a_copy_takes_no_batch_that_is_not_of_the_checkpoint() -> None:
    """Else a source without the key leaves its own releases behind, and the copy refuses the right registry for ever."""
    honest, target = many(OPERATOR), MemoryStore()
    forged = many(Registrar(OPERATOR.origin, Ed25519PrivateKey.from_private_bytes(b"f" * 32)))
    with pytest.raises(UntrustedStatement, match="the proof does not show"):
        sync(Lying(honest, forged), target, POLICY)

    assert (target.log_size(), target.releases()) == (0, ())
    assert sync(honest, target, POLICY).leaves == honest.log_size()


@pytest.mark.parametrize("what", ["entitlements", "distrusted", "before"])
def test_what_is_long_is_said_in_many_statements(what: str) -> None:
    store = MemoryStore()
    scope = [Entitlement("vendor", f"Acme {number:06d}, and more of it*") for number in range(2000)]
    if what == "before":
        store.add_publisher(Publisher("Acme", (public_key(ACME),), tuple(scope)), 1)
    logged = ledger(store, OPERATOR, 5)
    if what == "distrusted":
        logged.add_distrusted([Distrusted(f"sha256:{each:064x}", "r" * 512, "s\udcff" * 256) for each in range(150)], 6)
    else:
        enrol(logged, "Acme", [public_key(ACME)], scope, 6)
        publish_one(ledger(store, OPERATOR, 7))

    assert list(audit_log(store, MemoryStore())) == []


def test_what_cannot_be_replayed_is_not_logged() -> None:
    """A word whose payload is signed by digest alone could be had from nowhere: the audit would fail for ever."""
    store = MemoryStore()
    logged = ledger(store, OPERATOR, 5)
    with pytest.raises(UntrustedStatement, match="not attached"):
        logged.add_certificates([replace(ISSUED, reason="x" * 60_000)], 6)

    assert store.certificates() == ()
    assert list(audit_log(store, MemoryStore())) == []


def test_a_client_who_watches_is_told_what_is_taken_back() -> None:
    """An operator with the key signs a withdrawal by its digest alone, and does not do it."""
    store = MemoryStore()
    logged = ledger(store, OPERATOR, 5)
    enrol(logged, "Acme", [public_key(ACME)], [], 6)
    id_ = publish_one(logged)
    before = watch(store, POLICY, None).remembered
    content_type, data = changes.encode(Withdrawal(id_, "x" * 60_000))
    entry = signed.seal(
        SignedStatement(content_type, OPERATOR.origin, f"release:{id_}", 30, b"", None), data, OPERATOR.key
    )
    _Ledger(store, OPERATOR)._append([Leaf(leaf_hash(entry), entry, (f"release:{id_}",))])

    with pytest.raises(UntrustedStatement, match="does not say what"):
        watch(store, POLICY, before)


def test_no_publisher_has_the_name_of_the_registrar() -> None:
    """Its clock would be taken for the registrar's, which cannot go back."""
    store = MemoryStore()
    with pytest.raises(UntrustedStatement, match="of the registrar's name"):
        enrol(ledger(store, OPERATOR, 5), OPERATOR.origin, [public_key(ACME)], [], 6)
    assert store.publishers() == ()


def test_many_words_are_logged_in_time_that_grows_with_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: hashes of leaves to come are looked up, not gone through."""
    compared = 0

    class Counted(bytes):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return bytes.__eq__(self, other)

        __hash__ = bytes.__hash__

    monkeypatch.setattr("trueware.registry.ledger.leaf_hash", lambda entry: Counted(leaf_hash(entry)))
    words = [replace(ISSUED, number=f"C-{number}") for number in range(200)]
    assert ledger(MemoryStore(), OPERATOR, 5).add_certificates(words, 6) == 200
    assert compared < 2_000


@pytest.mark.parametrize("item", [b"\x00", b"\x80", b"\x40"])
def test_a_small_bundle_of_many_values_takes_no_memory(item: bytes) -> None:
    """Thirty million empty lists are a kilobyte when packed, and two gigabytes once they are made."""
    count = 2_000_000
    data = b"\x82\x9a" + count.to_bytes(4, "big") + item * count + b"\x00"
    packed = zstandard.ZstdCompressor(write_content_size=True).compress(data)
    with pytest.raises(LimitExceeded, match="values"):
        next(read_bundle([MAGIC + len(packed).to_bytes(4, "big") + packed]))


def test_a_bundle_does_not_bring_anchors_for_a_publisher_who_is_known() -> None:
    """With other keys here: it is somebody else's publisher of that name, and so are the keys they sign software with."""
    source, target = MemoryStore(), MemoryStore()
    fill(ledger(source, OPERATOR, 5))
    target.add_publisher(Publisher("Acme", (public_key(OPERATOR.key),)), 1)
    pieces = list(write_bundle(source, [source.releases("Acme")[0].id]))
    done = take_bundle(pieces, ledger(target, Registrar("example.net/b", ACME), 70), MemoryStore(), POLICY, 80)

    assert target.anchors() == ()
    assert sum("enrolled here with other keys" in why for _, why in done.refused) == 5


def test_a_bundle_brings_all_keys_and_claims_of_a_publisher_it_brings() -> None:
    """Enrolled in many statements: later keys and claims too, and what rests on them."""
    source, target = MemoryStore(), MemoryStore()
    logged = ledger(source, OPERATOR, 5)
    enrol(logged, "Acme", [public_key(OPERATOR.key)], [Entitlement("vendor", "A*")], 6)
    enrol(logged, "Acme", [public_key(ACME)], [Entitlement("product", "R*")], 7)
    id_ = publish_one(logged)
    logged.add_anchors([Anchor("Acme", "spki:1", "spki", b"k")], 30)
    here = ledger(target, Registrar("example.net/b", ACME), 70)
    done = take_bundle(write_bundle(source, [id_]), here, MemoryStore(), POLICY, 80)

    assert (done.releases, done.refused) == (1, ())
    assert target.publishers() == source.publishers()
    assert [each.id for each in target.anchors()] == ["spki:1"]
    assert list(audit_log(target, MemoryStore())) == []
