"""One contract suite over every store of attesters, challenges and enrolment on top of it."""

import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.attestation.tpm.simulator import GENUINE, Key

from trueware.attestation.freshness.epoch import Epochs, is_recent
from trueware.attestation.ima.walking import ImaState
from trueware.attestation.tpm.attest import Clock
from trueware.attestation.tpm.public import Attributes, parse_public
from trueware.attesters.challenge import issue, redeem
from trueware.attesters.enrolment import enrolled_keys, on_trust
from trueware.attesters.ports import AttesterStore, Challenge, Device, Pending, Seen
from trueware.errors import EvidenceRefused, StoreError
from trueware.storage.attesters_memory import MemoryAttesters
from trueware.storage.attesters_sqlite import SqliteAttesters

NONCE = sha256(b"nonce").digest()
NOW = 1_700_000_000


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AttesterStore]:
    if request.param == "memory":
        yield MemoryAttesters()
        return
    with closing(SqliteAttesters.open(tmp_path / "attesters.sqlite")) as opened:
        yield opened


def rule(call: Callable[[], object]) -> str:
    with pytest.raises(EvidenceRefused) as caught:
        call()
    return caught.value.rule


def test_a_challenge_counts_once(store: AttesterStore) -> None:
    issue(store, NONCE, NOW, 60, "r1")
    assert len(redeem(store, NONCE, NOW + 59, "r1")) == 3
    assert rule(lambda: redeem(store, NONCE, NOW + 59, "r1")) == "challenge-once"
    assert store.challenges("r1")[0].used == NOW + 59


@pytest.mark.parametrize(
    ("at", "device", "expected"),
    [
        (60, "r1", "challenge-fresh"),
        (-1, "r1", "challenge-fresh"),
        (1, "r2", "challenge-device"),
        (1, "", "challenge-device"),
    ],
)
def test_a_challenge_counts_in_time_and_for_its_device(
    store: AttesterStore, at: int, device: str, expected: str
) -> None:
    issue(store, NONCE, NOW, 60, "r1")
    assert rule(lambda: redeem(store, NONCE, NOW + at, device)) == expected
    assert rule(lambda: redeem(store, NONCE, NOW + 1, "r1")) == "challenge-once"  # it was tried


def test_a_challenge_that_nobody_sent(store: AttesterStore) -> None:
    assert rule(lambda: redeem(store, NONCE, NOW)) == "challenge-known"


def test_a_nonce_is_sent_once(store: AttesterStore) -> None:
    issue(store, NONCE, NOW)
    with pytest.raises(ValueError, match="before"):
        issue(store, NONCE, NOW)
    for size in (19, 65):
        with pytest.raises(ValueError, match="bytes"):
            issue(store, bytes(size), NOW)
    with pytest.raises(ValueError, match="never counts"):
        issue(store, bytes(32), NOW, 0)


def test_challenges_that_ran_out_long_ago_are_forgotten(store: AttesterStore) -> None:
    store.add_challenge(Challenge(NONCE, NOW, NOW + 1))
    issue(store, bytes(32), NOW + 8 * 86_400)
    assert [each.nonce for each in store.challenges()] == [bytes(32)]


def test_a_device_and_a_key_are_enrolled_once(store: AttesterStore) -> None:
    """Whoever enrols another TPM under a name takes nothing over (Keylime issue 1820)."""
    one, other = (parse_public(Key().public()) for _ in range(2))
    on_trust(store, "r1", [one], "test", NOW, {"serial": "7"})
    for name, key in (("r1", other), ("r2", one), ("r1", one)):
        with pytest.raises(ValueError, match="enrolled"):
            on_trust(store, name, [key], "test", NOW)
    assert enrolled_keys(store) == {one.name: "r1"}
    assert store.devices()[0].identifiers == (("serial", "7"),)
    assert store.retire("r1", NOW + 5)
    assert not store.retire("r1", NOW + 5)
    on_trust(store, "r1", [other], "test", NOW + 6)
    assert [(each.name, each.retired) for each in store.devices()] == [("r1", NOW + 5), ("r1", None)]
    assert enrolled_keys(store) == {other.name: "r1"}


def test_a_refused_enrolment_leaves_nothing(store: AttesterStore) -> None:
    store.enrol(Device("r1", (b"a",), NOW, "test"))
    with pytest.raises(ValueError, match="enrolled"):
        store.enrol(Device("r2", (b"b", b"a"), NOW, "test"))
    store.enrol(Device("r3", (b"b",), NOW, "test"))
    assert [each.name for each in store.devices()] == ["r1", "r3"]


def test_a_key_that_signs_anything_is_not_enrolled(store: AttesterStore) -> None:
    loose = parse_public(Key().public(attributes=GENUINE & ~Attributes.RESTRICTED))
    assert rule(lambda: on_trust(store, "r1", [loose], "test", NOW)) == "attestation-key-attributes"


def test_how_a_device_was_is_kept_by_who_saw_it_last(store: AttesterStore) -> None:
    first = Seen("r1", NOW, b"key", Clock(1, 2, 3, True), "abc", ImaState("sha256", bytes(32), 5, 6), "GENUINE")
    second = Seen("r1", NOW + 1, b"key", Clock(2, 2, 3, False))
    assert store.see(first, None)
    assert store.seen("r1") == first
    assert not store.see(second, None)  # another verifier was quicker
    assert store.see(second, first)
    assert store.seen("r1") == second
    assert store.seen("r2") is None


def test_a_credential_is_tried_once(store: AttesterStore) -> None:
    pending = Pending(Device("r1", (b"k",), NOW, "activated", b"e", (("imei", "1"),)), b"secret", b"ek", NOW + 5)
    store.await_credential(pending)
    assert store.take_credential("r1") == pending
    assert store.take_credential("r1") is None


def test_a_busy_store_is_an_outage_and_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueware.storage.attesters_sqlite._WAIT", 0.05)
    path = tmp_path / "a.sqlite"
    with closing(SqliteAttesters.open(path)) as store, closing(sqlite3.connect(path)) as other:
        issue(store, NONCE, NOW)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError):
            redeem(store, NONCE, NOW)
        other.rollback()
        assert redeem(store, NONCE, NOW)


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no memory"):
        SqliteAttesters.open(path)
    assert path.read_bytes() == before
    path.write_bytes(b"no database at all, and long enough to be taken for one" * 40)
    with pytest.raises(StoreError):
        SqliteAttesters.open(path)


def _try(path: Path, barrier: "multiprocessing.synchronize.Barrier", results: "multiprocessing.Queue[str]") -> None:
    barrier.wait()
    with closing(SqliteAttesters.open(path)) as store:
        try:
            redeem(store, NONCE, NOW + 1)
        except EvidenceRefused as refusal:
            results.put(refusal.rule)
        else:
            results.put("redeemed")


def test_of_many_who_answer_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(SqliteAttesters.open(path)) as store:
        issue(store, NONCE, NOW)
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(6), context.Queue()
    workers = [context.Process(target=_try, args=(path, barrier, results)) for _ in range(6)]
    for each in workers:
        each.start()
    answers = sorted(results.get(timeout=60) for _ in workers)
    for each in workers:
        each.join()
    assert answers == ["challenge-once"] * 5 + ["redeemed"]


def test_epochs() -> None:
    epochs = Epochs(b"first-epoch", NOW).next(b"second-epoch", NOW + 100)
    assert epochs.check(b"second-epoch", NOW + 500).detail == "the present epoch"
    assert epochs.check(b"first-epoch", NOW + 160)
    assert rule(lambda: epochs.check(b"first-epoch", NOW + 161)) == "epoch-current"
    assert rule(lambda: epochs.check(b"third-epoch", NOW + 161)) == "epoch-current"
    assert rule(lambda: Epochs(b"x" * 8, NOW).check(b"", NOW)) == "epoch-current"
    for handle in (b"second-epoch", b"first-epoch", b"short"):
        with pytest.raises(ValueError, match="8 bytes"):
            epochs.next(handle, NOW)


def test_timestamps() -> None:
    assert is_recent(NOW - 30, NOW, 30)
    assert not is_recent(NOW - 31, NOW, 30)
    assert is_recent(NOW + 60, NOW, 30)
    assert not is_recent(NOW + 61, NOW, 30)
