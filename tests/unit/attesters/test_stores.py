"""One contract suite over every store of attesters, challenges and enrolment on top of it."""

import multiprocessing
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.attestation.tpm.simulator import GENUINE, Key
from tests.unit.attestation.tpm.test_credential import endorsement

from trueware.attestation.freshness.epoch import Epochs, is_recent
from trueware.attestation.ima.walking import ImaState
from trueware.attestation.tpm.attest import Clock
from trueware.attestation.tpm.credential import seed_size
from trueware.attestation.tpm.public import Attributes, parse_public
from trueware.attesters.challenge import issue, redeem
from trueware.attesters.enrolment import EnrolledKeys, begin, confirm, on_trust
from trueware.attesters.epochs import announce
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
    assert dict(EnrolledKeys(store, "r1")) == {one.name: "r1"}
    assert store.devices()[0].identifiers == (("serial", "7"),)
    assert store.retire("r1", NOW + 5)
    assert not store.retire("r1", NOW + 5)
    on_trust(store, "r1", [other], "test", NOW + 6)
    assert [(each.name, each.retired) for each in store.devices()] == [("r1", NOW + 5), ("r1", None)]
    keys = EnrolledKeys(store, "r1", {one.name: "r9", other.name: "r9"})
    assert dict(keys) == {one.name: "r9", other.name: "r1"}
    assert (len(keys), keys.get(b"?")) == (2, None)
    assert EnrolledKeys(store)[other.name] == "r1"


def test_a_tpm_is_enrolled_once(store: AttesterStore) -> None:
    """One TPM has many attestation keys, and answers for one device."""
    store.enrol(Device("r1", (b"a",), NOW, "test", b"certificate"))
    with pytest.raises(ValueError, match="'r1' is enrolled with that"):
        store.enrol(Device("r2", (b"b",), NOW, "test", b"certificate"))
    for name, key in (("r3", b"c"), ("r4", b"d")):  # of those that show none, nobody can tell
        store.enrol(Device(name, (key,), NOW, "test"))
    store.retire("r1", NOW)
    store.enrol(Device("r2", (b"b",), NOW, "test", b"certificate"))
    found = store.in_service("r2")
    assert found is not None
    assert (found.keys, store.in_service("r1"), store.keeper(b"a"), store.keeper(b"c")) == ((b"b",), None, None, "r3")


def test_a_credential_enrols_a_device_once(store: AttesterStore) -> None:
    """Another TPM, another name, another key: whatever is tried while a device is enrolled, or about to be, takes nothing over."""
    tpm = endorsement(Key())
    keys = [parse_public(Key().public()) for _ in range(3)]
    secret = bytes(range(16))

    def challenged(name: str, number: int, certificate: bytes = b"") -> None:
        begin(store, name, tpm, keys[number], (secret, bytes(seed_size(tpm))), NOW, certificate)

    challenged("r1", 0, b"certificate")
    challenged("r2", 1, b"certificate")
    assert rule(lambda: confirm(store, "r1", bytes(16), NOW + 1)) == "credential-activation"
    assert rule(lambda: confirm(store, "r1", secret, NOW + 1)) == "credential-activation"  # it was tried
    challenged("r1", 0, b"certificate")
    assert rule(lambda: confirm(store, "r1", secret, NOW + 3600)) == "credential-activation"
    challenged("r1", 0, b"certificate")
    assert confirm(store, "r1", secret, NOW + 1).by == "activated credential"
    with pytest.raises(ValueError, match="enrolled with"):
        confirm(store, "r2", secret, NOW + 1)  # the same TPM, enrolled in between
    for name, number, certificate in (("r1", 2, b""), ("r3", 0, b""), ("r3", 2, b"certificate")):
        with pytest.raises(ValueError, match="enrolled with"):
            challenged(name, number, certificate)
    for name in ("", " r1", "r1 ", "r\n1", "r" * 129):
        with pytest.raises(ValueError, match="printable"):
            challenged(name, 2)


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


def _die(path: Path, when: str, ready: "multiprocessing.connection.Connection") -> None:
    store = SqliteAttesters.open(path)
    if when == "after":
        redeem(store, NONCE, NOW + 1)
    else:
        connection = store._connection
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE challenge SET used = ?", (NOW + 1,))
        connection.execute("PRAGMA cache_size = 0")
    ready.send(when)
    signal.pause()


@pytest.mark.parametrize(("when", "expected"), [("after", "challenge-once"), ("within", "redeemed")])
def test_what_was_redeemed_stays_so_when_the_process_is_killed(tmp_path: Path, when: str, expected: str) -> None:
    path = tmp_path / "a.sqlite"
    with closing(SqliteAttesters.open(path)) as store:
        issue(store, NONCE, NOW)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    worker = context.Process(target=_die, args=(path, when, there))
    worker.start()
    assert here.recv() == when
    worker.kill()
    worker.join()
    with closing(SqliteAttesters.open(path)) as store:
        if expected == "redeemed":
            assert redeem(store, NONCE, NOW + 2)
        else:
            assert rule(lambda: redeem(store, NONCE, NOW + 2)) == expected


def test_of_many_threads_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(SqliteAttesters.open(path)) as store:
        issue(store, NONCE, NOW)
    barrier = threading.Barrier(16)

    def attempt(_: int) -> str:
        with closing(SqliteAttesters.open(path)) as own:
            barrier.wait()
            try:
                redeem(own, NONCE, NOW + 1)
            except EvidenceRefused as refusal:
                return refusal.rule
            return "redeemed"

    with ThreadPoolExecutor(16) as pool:
        answers = sorted(pool.map(attempt, range(16)))
    assert answers == ["challenge-once"] * 15 + ["redeemed"]


def test_of_many_verifiers_one_says_how_a_device_was(tmp_path: Path) -> None:
    """Compare and set: each sees its own state only if nobody else was quicker."""
    path = tmp_path / "a.sqlite"
    SqliteAttesters.open(path).close()
    barrier = threading.Barrier(8)

    def attempt(number: int) -> bool:
        with closing(SqliteAttesters.open(path)) as own:
            before = own.seen("r1")
            barrier.wait()
            return own.see(Seen("r1", NOW, b"key", Clock(number, 0, 0, True)), before)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", '{"device": [1]}', '{"device": "r1", "files": [1]}', "null"])
def test_a_damaged_memory_is_an_outage(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.sqlite"
    with closing(SqliteAttesters.open(path)) as store, closing(sqlite3.connect(path)) as other:
        store.enrol(Device("r1", (b"k",), NOW, "test"))
        other.execute("INSERT INTO pending VALUES ('r1', ?)", (content,))
        other.execute("INSERT INTO seen VALUES ('r1', ?)", (content,))
        other.execute("UPDATE device SET identifiers = ?", (content if content not in ("{}", "[]") else "1",))
        other.commit()
        for call in (lambda: store.take_credential("r1"), lambda: store.seen("r1"), store.devices):
            with pytest.raises(StoreError):
                call()


def test_epochs() -> None:
    epochs = Epochs(b"first-epoch", NOW).next(b"second-epoch", NOW + 100)
    assert epochs.check(b"second-epoch", NOW + 500).detail == "the present epoch, which began 400 s ago"
    assert rule(lambda: epochs.check(b"second-epoch", NOW + 500, 399)) == "epoch-current"
    assert rule(lambda: epochs.check(b"second-epoch", NOW + 99)) == "epoch-current"  # a clock went back
    assert epochs.check(b"first-epoch", NOW + 160)
    assert rule(lambda: epochs.check(b"first-epoch", NOW + 161)) == "epoch-current"
    assert rule(lambda: epochs.check(b"third-epoch", NOW + 161)) == "epoch-current"
    assert rule(lambda: Epochs(b"x" * 8, NOW).check(b"", NOW)) == "epoch-current"
    for handle in (b"second-epoch", b"first-epoch", b"short"):
        with pytest.raises(ValueError, match="8 bytes"):
            epochs.next(handle, NOW)


def test_an_epoch_is_begun_by_one(store: AttesterStore) -> None:
    assert store.epochs() is None
    first = announce(store, bytes(32), NOW)
    second = announce(store, bytes(range(32)), NOW + 9, 5)
    assert store.epochs() == second == Epochs(bytes(range(32)), NOW + 9, bytes(32), 5)
    assert not store.announce(first, None)  # another verifier was quicker
    assert not store.announce(first, first)
    for handle in (bytes(19), bytes(65), bytes(32), bytes(range(32))):
        with pytest.raises(ValueError, match="bytes"):
            announce(store, handle, NOW + 10)


def test_a_memory_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(SqliteAttesters.open(path)) as store:
        issue(store, NONCE, NOW)
        store._connection.execute("DROP TABLE epoch")
        store._connection.execute("PRAGMA user_version = 1")
    with closing(SqliteAttesters.open(path)) as store:
        announce(store, bytes(32), NOW)
        assert redeem(store, NONCE, NOW)


def test_timestamps() -> None:
    assert is_recent(NOW - 30, NOW, 30)
    assert not is_recent(NOW - 31, NOW, 30)
    assert is_recent(NOW + 60, NOW, 30)
    assert not is_recent(NOW + 61, NOW, 30)
