"""Publishing, killed at random moments: nothing that was said to be done is lost, the log is one history, fsck is clean each time.

`TRUEWARE_KILLS` says how often; 200 in `make sweep`.
"""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trueware.model.release import Publisher
from trueware.registry.ledger import Registrar, ledger
from trueware.registry.log_audit import audit_log
from trueware.registry.watch import Remembered, watch
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore
from trueware.tlog.policy import Policy

KILLS = int(os.environ.get("TRUEWARE_KILLS", "12"))
OPERATOR = Registrar("example.org/killed", Ed25519PrivateKey.from_private_bytes(bytes(32)))
POLICY = Policy((OPERATOR.verifier,))

WRITER = """
import os, sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.unit.registry.trees import firmware
from trueware.registry.enrol import enrol
from trueware.registry.learn import learn
from trueware.model.release import Publisher
from trueware.registry.ledger import Registrar, ledger
from trueware.storage.sqlite import SqliteStore

registrar = Registrar("example.org/killed", Ed25519PrivateKey.from_private_bytes(bytes(32)))
with SqliteStore.open(Path(sys.argv[1])) as store:
    logged = ledger(store, registrar, 10)
    start = int(sys.argv[2])
    os.write(1, b"ready\\n")
    for number in range(start, start + 10_000):
        root = firmware(number)
        said = learn(logged, root, {}, (), publisher="P", product="R", version=str(number), now=100 + number)
        os.write(1, f"{said.id}\\n".encode())
"""


def test_a_killed_writer_loses_nothing_and_forks_nothing(tmp_path: Path) -> None:
    """What the writer said was done is there; the log is proved whole; and it only grew since the last time."""
    path = tmp_path / "r.sqlite"
    with SqliteStore.create(path) as store:
        ledger(store, OPERATOR, 5)
    dice = random.Random(20261127)
    done: list[str] = []
    seen: Remembered | None = None
    for round_ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(1 + round_ * 10_000)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        with process.stdout as output, process.stderr as errors:
            assert output.readline() == b"ready\n", errors.read()
            done += [output.readline().decode().strip() for _ in range(dice.randrange(6))]
            try:
                process.wait(dice.random() * 0.02)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            process.wait()
            done += (line for line in output.read().decode().splitlines() if len(line) == 64)
        with SqliteStore.open_read_only(path) as store:
            assert store.fsck() == []
            assert list(audit_log(store, MemoryStore())) == []
            held = {release.id for release in store.releases()}
            assert [each for each in done if each not in held] == []
            watched = watch(store, POLICY, seen)
            seen = watched.remembered
            assert seen.size == 2 + len(held)

    assert len(done) > KILLS


@pytest.mark.parametrize("signature", [True, False])
def test_a_checkpoint_without_its_leaves_cannot_be_left(tmp_path: Path, signature: bool) -> None:  # noqa: FBT001
    """Killed between the parts of one change (here: made to fail at each), none of them is there."""
    path = tmp_path / "r.sqlite"
    with SqliteStore.create(path) as store:
        logged = ledger(store, OPERATOR, 5)
        logged.add_publisher(Publisher("A"), 6)
    before = SqliteStore.open_read_only(path)
    size, note = before.log_size(), before.checkpoint()
    before.close()
    name = "put_checkpoint" if signature else "add_leaves"
    with SqliteStore.open(path) as store:

        def fail(*_: object) -> None:
            raise RuntimeError("power")

        setattr(store, name, fail)
        with pytest.raises(RuntimeError, match="power"):
            ledger(store, OPERATOR, 7).add_publisher(Publisher("B"), 8)
    with SqliteStore.open_read_only(path) as store:
        assert (store.log_size(), store.checkpoint()) == (size, note)
        assert [each.name for each in store.publishers()] == ["A"]
        assert list(audit_log(store, MemoryStore())) == []
