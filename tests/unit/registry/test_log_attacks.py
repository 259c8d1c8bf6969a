"""What an operator could do to their own registry, and who notices: the client who was here before, the witness, the copy."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.unit.registry.logs import ACME, LEAVES, OPERATOR, POLICY, fill, publish_one
from tests.unit.registry.trees import firmware

from trueware.errors import InputError, StoreError, UntrustedStatement
from trueware.model.release import Publisher
from trueware.publishing import check_folder, publish_log
from trueware.registry.bundle import read_bundle, take_bundle, write_bundle
from trueware.registry.enrol import enrol
from trueware.registry.ledger import ledger
from trueware.registry.log_audit import audit_log
from trueware.registry.logged import prove
from trueware.registry.lookup import Registry
from trueware.registry.ports import RegistryStore
from trueware.registry.signed import public_key
from trueware.registry.sync import sync
from trueware.registry.watch import Remembered, watch
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore
from trueware.tlog import checkpoint, note
from trueware.tlog.merkle import consistency_proof
from trueware.tlog.note import COSIGNATURE, verifier_of
from trueware.tlog.offline_proof import read_proof
from trueware.tlog.policy import Group, Policy
from trueware.tlog.witness import Request
from trueware.witnessing import Witness

WITNESSES = {f"w{number}": Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3)}
QUORUM = Policy(
    (OPERATOR.verifier,),
    {name: verifier_of(name, key, COSIGNATURE) for name, key in WITNESSES.items()},
    {"two": Group(2, tuple(WITNESSES))},
    "two",
)


def filled() -> MemoryStore:
    store = MemoryStore()
    fill(ledger(store, OPERATOR, 5))
    return store


def grown(store: RegistryStore, version: str = "3", now: int = 100) -> RegistryStore:
    publish_one(ledger(store, OPERATOR, now), version, now)
    return store


def seen(store: RegistryStore, before: Remembered | None = None) -> Remembered:
    return watch(store, POLICY, before).remembered


def test_a_log_that_only_grew_is_believed() -> None:
    """And only what is new is looked at."""
    store = filled()
    before = seen(store)
    done = watch(grown(store), POLICY, before)

    assert (before.size, done.remembered.size, done.new) == (LEAVES, LEAVES + 1, 1)
    assert watch(store, POLICY, done.remembered).new == 0


def test_history_rewritten() -> None:
    """A registry made anew with one release another: same size, same key, another history."""
    before = seen(filled())
    other = MemoryStore()
    logged = ledger(other, OPERATOR, 5)
    enrol(logged, "Acme", [public_key(ACME)], [], 10)
    for version in range(2, 20):
        publish_one(logged, str(version), 20 + version)
    assert list(audit_log(other, MemoryStore())) == []  # by itself it is a log without fault

    with pytest.raises(UntrustedStatement, match="another history"):
        watch(other, POLICY, before)


def test_history_forked() -> None:
    """Two clients who are shown different leaves after the same beginning: neither can be shown the other's."""
    first, second = grown(filled(), "3"), grown(filled(), "4")
    one, other = seen(first), seen(second)

    assert one.size == other.size
    for store, client in ((first, other), (second, one)):
        with pytest.raises(UntrustedStatement, match="another history"):
            watch(store, POLICY, client)


def test_history_cut_and_an_older_registry_replayed(tmp_path: Path) -> None:
    """A copy from before the last release, genuine in itself, is refused by whoever saw the later one."""
    path = tmp_path / "r.sqlite"
    with SqliteStore.create(path) as store:
        fill(ledger(store, OPERATOR, 5))
    old = path.read_bytes()
    with SqliteStore.open(path) as store:
        before = seen(grown(store))
    path.write_bytes(old)

    with SqliteStore.open_read_only(path) as store:
        assert list(audit_log(store, MemoryStore())) == []
        with pytest.raises(
            UntrustedStatement, match=f"{LEAVES} leaves, {LEAVES + 1} were seen before: it was cut, or put back"
        ):
            watch(store, POLICY, before)


def test_withdrawal_dropped() -> None:
    """The log says that a release is withdrawn, and the registry does not: the client who watches notices, with the leaf."""
    store = filled()
    for id_, stored in store._stored.items():
        store._stored[id_] = replace(stored, release=replace(stored.release, withdrawn=None))

    with pytest.raises(UntrustedStatement, match="leaf 5 of the log withdraws release"):
        watch(store, POLICY, None)


def test_withdrawal_dropped_after_it_was_watched() -> None:
    """From the tables and from the index of the log: whoever saw it looks for it each time."""
    store = filled()
    before = seen(store)
    assert before.taken_back == (5, 10, 11, 12, 13, 14, 15)
    for id_, stored in store._stored.items():
        store._stored[id_] = replace(stored, release=replace(stored.release, withdrawn=None))
    store._about = {
        subject: tuple(number for number in numbers if number != 5) for subject, numbers in store._about.items()
    }

    with pytest.raises(UntrustedStatement, match="leaf 5 of the log withdraws release"):
        watch(store, POLICY, before)


def test_withdrawal_hidden_with_its_leaf() -> None:
    """Without the leaf, the tiles are not those of the checkpoint; with other tiles, the root is not the one signed."""
    store = filled()
    store._entries[5] = store._entries[6]
    with pytest.raises(UntrustedStatement, match="leaf 5 is not the one"):
        watch(store, POLICY, None)
    data = bytearray(store._tiles[0, 0])
    data[5 * 32 : 6 * 32] = data[6 * 32 : 7 * 32]
    store._tiles[0, 0] = bytes(data)
    with pytest.raises(UntrustedStatement, match="not those of its checkpoint"):
        watch(store, POLICY, None)
    with pytest.raises(UntrustedStatement, match="not those of its checkpoint"):
        Registry(store)


@pytest.mark.parametrize("field", ["_anchors", "_distrusted", "_certificates"])
def test_other_things_taken_back_are_not_dropped_unseen(field: str) -> None:
    """Revoked keys, what must never be trusted, and certificates."""
    store = filled()
    getattr(store, field).clear()

    with pytest.raises(UntrustedStatement, match="and the registry does not say so"):
        watch(store, POLICY, None)


def test_back_dated() -> None:
    """A registrar's statement cannot be issued before the one before it, whatever the clock says."""
    store = filled()
    logged = ledger(store, OPERATOR, 1)
    enrol(logged, "Late", [], [], 12)
    (entry,) = list(store.entries(LEAVES, LEAVES + 1))
    from trueware.registry.signed import read

    assert read(entry).issued_at >= 62
    assert list(audit_log(store, MemoryStore())) == []


def test_back_dated_against_what_witnesses_saw() -> None:
    """A statement that says it is from before a checkpoint that lacks it: the audit tells by how much."""
    store = filled()
    data = store.checkpoint()
    assert data is not None
    given = note.read_note(data)
    line = note.cosign(given.text, "w1", WITNESSES["w1"], 1_700_000_000)
    store.put_checkpoint(LEAVES, bytes(note.with_signatures(given, [line])))
    enrol(ledger(store, OPERATOR, 1_700_200_000), "Late", [], [], 1_600_000_000)
    publish_one(
        ledger(store, OPERATOR, 1_700_200_000), "8", 1_500_000_000
    )  # signed long ago, which a publisher may have
    problems = list(audit_log(store, MemoryStore(), witnesses=QUORUM.witnesses.values()))

    assert [each.subject for each in problems] == [f"leaf {LEAVES}"]
    assert "issued 1157 days before a tree without it was seen" in problems[0].detail
    assert list(audit_log(store, MemoryStore())) == []  # without the witness's key nobody can know


def test_another_operators_registry() -> None:
    """A registry whose log is signed with another key is none of the policy's, whatever it calls itself."""
    store = MemoryStore()
    fill(ledger(store, replace(OPERATOR, key=ACME), 5))
    for attempt in (lambda: watch(store, POLICY, None), lambda: Registry(store, POLICY)):
        with pytest.raises(UntrustedStatement, match="signed by none of the keys"):
            attempt()
    with pytest.raises(UntrustedStatement, match="no log, and a policy"):
        Registry(MemoryStore(), POLICY)
    with pytest.raises(UntrustedStatement, match="no log, and had one"):
        watch(MemoryStore(), POLICY, Remembered(OPERATOR.origin, 3, b"x" * 32))


def test_a_registry_under_a_stolen_key_and_another_registrar_inside() -> None:
    """The checkpoint holds, and the log names another registrar's key: its statements are not this registrar's."""
    store = MemoryStore()
    fill(ledger(store, replace(OPERATOR, key=ACME), 5))
    at = checkpoint.open_checkpoint(store.checkpoint() or b"", replace(OPERATOR, key=ACME).verifier)[0]
    store.put_checkpoint(at.size, bytes(checkpoint.sign(at, OPERATOR.key)))

    with pytest.raises(UntrustedStatement, match="names another key"):
        Registry(store, POLICY)


# --- witnesses --------------------------------------------------------------------------------------------------------------


def cosigned(store: RegistryStore, witnesses: list[Witness], now: int) -> list[int]:
    """Have witnesses cosign what a store shows; returns how each answers."""
    data = store.checkpoint()
    assert data is not None
    size = checkpoint.parse(note.read_note(data).text).size
    answers = []
    for witness in witnesses:
        answer = witness.add_checkpoint(bytes(Request(0, (), data)), now)
        if answer.status == 409 and answer.content_type == "text/x.tlog.size":
            old = int(answer.body)
            proof = consistency_proof(old, size, store.get_tile) if 0 < old <= size else []
            answer = witness.add_checkpoint(bytes(Request(old, tuple(proof), data)), now)
        answers.append(answer.status)
        if answer.status == 200:
            stored = note.read_note(store.checkpoint() or b"")
            lines = note.read_note(f"{stored.text}\n".encode() + answer.body).signatures
            store.put_checkpoint(size, bytes(note.with_signatures(stored, lines)))
    return answers


@pytest.fixture
def witnesses(tmp_path: Path) -> list[Witness]:
    logs = {OPERATOR.origin: [OPERATOR.verifier]}
    return [Witness(name, key, logs, tmp_path / name) for name, key in WITNESSES.items()]


def test_witnesses_cosign_what_follows_and_nothing_else(witnesses: list[Witness]) -> None:
    """A quorum makes a checkpoint believed; a fork, a rewritten and a cut log get no cosignature."""
    store = filled()
    with pytest.raises(UntrustedStatement, match="cosigned by 0 of the 3 witnesses"):
        Registry(store, QUORUM)
    assert cosigned(store, witnesses[:1], 1000) == [200]
    with pytest.raises(UntrustedStatement, match="cosigned by 1 of the 3 witnesses"):
        Registry(store, QUORUM)
    assert cosigned(store, witnesses, 1001) == [200, 200, 200]
    assert watch(store, QUORUM, None).proved.seen_at == 1001
    grown(store)
    assert cosigned(store, witnesses, 1002) == [200, 200, 200]
    Registry(store, QUORUM)

    fork, cut = grown(filled(), "9"), filled()
    assert cosigned(fork, witnesses, 1003) == [409, 409, 409]
    assert cosigned(cut, witnesses, 1003) == [400, 400, 400]
    assert cosigned(grown(fork, "10"), witnesses, 1003) == [422, 422, 422]
    for bad in (fork, cut):
        with pytest.raises(UntrustedStatement, match="witnesses"):
            watch(bad, QUORUM, None)


def test_a_client_who_was_never_here_is_shown_no_fork(witnesses: list[Witness]) -> None:
    """With a quorum of witnesses, what a new client is shown is what all others are shown."""
    real, fork = grown(filled(), "3"), grown(filled(), "4")
    cosigned(real, witnesses, 1000)
    cosigned(fork, witnesses, 1000)

    assert watch(real, QUORUM, None).remembered.size == LEAVES + 1
    with pytest.raises(UntrustedStatement, match="which is not the quorum"):
        watch(fork, QUORUM, None)


# --- proofs, bundles, copies, files -----------------------------------------------------------------------------------------


def test_an_offline_proof_holds_for_its_statement_only() -> None:
    """Written, read and verified without the registry; and not for another statement, index or policy."""
    store = filled()
    release = store.releases("Acme")[0]
    entry, proof = prove(store, release)
    again = read_proof(bytes(proof))

    assert again == proof
    assert again.verify(entry, POLICY).checkpoint.size == LEAVES
    for other, policy in ((replace(proof, index=3), POLICY), (proof, Policy((verifier_of(OPERATOR.origin, ACME),)))):
        with pytest.raises(UntrustedStatement):
            other.verify(entry, policy)
    with pytest.raises(UntrustedStatement):
        proof.verify(entry + b"x", POLICY)
    publish_one(store, "5")
    beside = next(each for each in store.releases("Acme") if each.version == "5")
    with pytest.raises(UntrustedStatement, match="is not in the log"):
        prove(store, beside)


def test_a_bundle_brings_releases_with_all_that_is_said_of_them() -> None:
    """The withdrawn release comes withdrawn, with publisher, anchors and what must never be trusted; the log here says so too."""
    source, target = filled(), MemoryStore()
    withdrawn = next(each for each in source.releases() if each.withdrawn)
    pieces = list(write_bundle(source, [withdrawn.id, source.find_by_sha256(firmware(7).sha256 or b"")[0].id]))
    here = ledger(target, replace(OPERATOR, origin="example.net/border", key=ACME), 70)
    done = take_bundle(pieces, here, MemoryStore(), POLICY, 80)

    assert (done.releases, done.known, done.refused) == (2, 0, ())
    assert target.get_release(withdrawn.id) is not None
    assert [each.withdrawn for each in target.releases("Acme")] == ["a flaw"]
    assert [each.revoked for each in target.anchors()] == ["lost", None]
    assert target.statistics().distrusted == 150
    assert target.releases("Other")[0].source == "example.org/registry, leaf 7: a shelf"
    assert list(audit_log(target, MemoryStore())) == []
    found = Registry(target).find_exact(firmware(1).sha256 or b"").releases
    assert [(each.logged, each.withdrawn) for each in found] == [(True, "a flaw")]
    assert take_bundle(pieces, here, MemoryStore(), POLICY, 90).releases == 0


def test_no_altered_byte_of_a_bundle_is_believed() -> None:
    """Whatever is altered, what is taken in is what the registry said, or nothing is."""
    source = filled()
    data = b"".join(write_bundle(source, [source.releases("Acme")[0].id]))
    for at in range(0, len(data), 7):
        altered = bytearray(data)
        altered[at] ^= 1
        target = MemoryStore()
        try:
            take_bundle([bytes(altered)], target, MemoryStore(), POLICY, 80)
        except InputError:
            continue
        for release in target.releases():
            assert source.get_payload(release.id) == target.get_payload(release.id)
            mine, theirs = target.get_manifest(release.id), source.get_manifest(release.id)
            assert mine is not None
            assert theirs is not None
            assert mine.tree == theirs.tree  # names of files and sizes beside it are nobody's word
    for end in range(0, len(data), 101):
        with pytest.raises(InputError):
            list(read_bundle([data[:end]]))


def test_a_bundle_does_not_bring_keys_for_a_publisher_who_is_known() -> None:
    """Whoever makes a bundle cannot speak for a publisher who is enrolled here with other keys."""
    source, target = filled(), MemoryStore()
    target.add_publisher(Publisher("Acme", (public_key(OPERATOR.key),)), 1)
    pieces = list(write_bundle(source, [source.releases("Acme")[0].id]))
    here = ledger(target, replace(OPERATOR, key=ACME), 70)
    done = take_bundle(pieces, here, MemoryStore(), POLICY, 80)

    assert any("enrolled here with other keys" in why for _, why in done.refused)
    assert target.releases("Acme") == ()


def test_a_copy_says_the_same_and_goes_on(tmp_path: Path) -> None:
    """Leaf by leaf, with the checkpoint of the first; broken off, it goes on; and it is copied from in turn."""
    source = filled()
    with SqliteStore.create(tmp_path / "copy.sqlite") as target:
        assert sync(source, target, POLICY).leaves == LEAVES
        assert list(audit_log(target, MemoryStore())) == []
        assert target.fsck() == []
        assert [(each.id, each.withdrawn) for each in target.releases()] == [
            (each.id, each.withdrawn) for each in source.releases()
        ]
        grown(source)
        assert sync(source, target, POLICY).leaves == 1
        assert target.checkpoint() == source.checkpoint()
        third = MemoryStore()
        assert sync(target, third, POLICY).leaves == LEAVES + 1
        assert sync(source, target, POLICY).leaves == 0


def test_a_copy_refuses_another_history() -> None:
    """A fork, a cut log, a leaf that may not be, a registry that is no copy."""
    target = MemoryStore()
    sync(grown(filled(), "3"), target, POLICY)
    before = target.log_size()
    with pytest.raises(UntrustedStatement, match="another history"):
        sync(grown(filled(), "4"), target, POLICY)
    with pytest.raises(UntrustedStatement, match="it was put back"):
        sync(filled(), target, POLICY)
    assert target.log_size() == before
    other = MemoryStore()
    other.add_publisher(Publisher("Mine"), 1)
    with pytest.raises(StoreError, match="it is no copy"):
        sync(filled(), other, POLICY)
    altered = filled()
    altered._stored = {id_: replace(each, manifest=None) for id_, each in altered._stored.items()}
    with pytest.raises(UntrustedStatement, match=r"manifest of .* is missing"):
        sync(altered, MemoryStore(), POLICY)


def test_a_published_log_is_proved_from_its_files(tmp_path: Path) -> None:
    """All that a folder holds is checked; what is altered in it is named; another history does not take its place."""
    store = filled()
    publish_log(store, tmp_path)
    assert list(check_folder(tmp_path)) == []
    publish_log(grown(store), tmp_path)
    assert list(check_folder(tmp_path)) == []
    for path in sorted(tmp_path.rglob(f"*.p/{LEAVES + 1}")):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert list(check_folder(tmp_path)) != []
        path.write_bytes(whole)
    with pytest.raises(StoreError, match="another history"):
        publish_log(grown(grown(filled(), "4"), "5"), tmp_path)
    with pytest.raises(StoreError, match="put back to an older copy"):
        publish_log(filled(), tmp_path)
    assert list(check_folder(tmp_path)) == []
