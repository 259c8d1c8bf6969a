"""The log from the command line: proofs, watching, witnesses over HTTP, bundles and copies, and what `verify` says of each."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from trueware import demo
from trueware.cli import main
from trueware.cli.exit_code import ExitCode
from trueware.registry.learn import learn
from trueware.storage.sqlite import SqliteStore

SAMPLES = Path(demo.__file__).parent / "samples"
GENUINE = str(SAMPLES / "router-1.0.bin")
LEARN = ["release", "learn", "--publisher", "Acme", "--product", "Router", "--version"]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with a log, and the demo's genuine router in it."""
    path = tmp_path / "registry.sqlite"
    monkeypatch.setenv("TRUEWARE_REGISTRY", str(path))
    assert main(["registry", "init", "--origin", "example.org/test"]) == 0
    assert main([*LEARN, "1", GENUINE]) == 0
    return path


@pytest.fixture
def policy(registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert registry.exists()
    capsys.readouterr()
    assert main(["log", "policy"]) == 0
    path = tmp_path / "policy"
    path.write_text(capsys.readouterr().out, "utf-8")
    return path


def make_key(path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(path)


def test_a_release_is_proved_without_its_registry(
    registry: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Proof and statement are files; altered, they prove nothing."""
    with closing(SqliteStore.open_read_only(registry)) as store:
        id_ = store.releases()[0].id
    entry, proof = tmp_path / "entry", tmp_path / "r.tlog-proof"
    capsys.readouterr()
    assert main(["log", "prove", id_[:12], "--entry", str(entry)]) == 0
    proof.write_text(capsys.readouterr().out, "utf-8")
    registry.unlink()

    assert main(["log", "verify", str(proof), str(entry), "--policy", str(policy)]) == 0
    said = capsys.readouterr().out
    assert "in the log example.org/test as leaf 2 of 3" in said
    assert "seen by no witness" in said
    data = bytearray(entry.read_bytes())
    data[-1] ^= 1
    entry.write_bytes(data)
    assert main(["log", "verify", str(proof), str(entry), "--policy", str(policy)]) == ExitCode.USAGE
    assert "does not show" in capsys.readouterr().err


def test_a_release_that_is_not_in_the_log_is_genuine_with_a_warning(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever writes past the ledger is seen by everybody who verifies, and by the audit."""
    assert main(["verify", "--quiet", GENUINE]) == ExitCode.GENUINE
    image = SAMPLES / "router-1.0-tampered.bin"
    from trueware.artefact import measure_artefact

    with closing(SqliteStore.open(registry)) as store:
        learn(
            store,
            measure_artefact(image).measurement.root,
            {},
            (),
            publisher="Acme",
            product="Router",
            version="1.0.1",
            now=9,
        )
    capsys.readouterr()

    assert main(["verify", "--quiet", str(image)]) == ExitCode.WARNINGS
    assert "release-not-logged" in capsys.readouterr().out
    assert main(["log", "fsck"]) == ExitCode.INTERNAL
    assert "the registry has it, and the log does not say it" in capsys.readouterr().out


def test_an_older_registry_is_refused_by_who_saw_the_later(
    registry: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`verify` with a state gives no verdict from a registry that was put back."""
    old, state = registry.read_bytes(), str(tmp_path / "state")
    asked = ["verify", "--quiet", "--log-policy", str(policy), "--log-state", state, GENUINE]
    assert main([*LEARN, "2", str(SAMPLES / "router-1.0-configured.bin")]) == 0
    assert main(asked) == ExitCode.GENUINE
    registry.write_bytes(old)
    capsys.readouterr()

    assert main(asked) == ExitCode.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    assert "it was cut, or put back" in told.err
    assert main(["log", "watch", "--policy", str(policy), "--state", state]) == ExitCode.USAGE
    assert main(["log", "fsck", "--policy", str(policy)]) == 0  # by itself it is without fault
    assert main(["verify", "--quiet", "--log-state", state, GENUINE]) == ExitCode.INTERNAL


def test_a_withdrawal_that_was_seen_is_not_taken_out(
    registry: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the state remembers is looked for each time, also where the tables and the index of the log were made to forget it."""
    state = tmp_path / "state"
    asked = ["verify", "--quiet", "--log-policy", str(policy), "--log-state", str(state), GENUINE]
    with closing(SqliteStore.open_read_only(registry)) as store:
        id_ = store.releases()[0].id
    assert main(["release", "withdraw", id_, "--reason", "a flaw"]) == 0
    assert main(asked) == ExitCode.WARNINGS
    assert state.read_text("utf-8").splitlines()[3:] == ["taken back 3"]
    assert main(asked) == ExitCode.WARNINGS
    with closing(sqlite3.connect(registry)) as connection:
        connection.execute("DELETE FROM withdrawal")
        connection.commit()
        assert main(["verify", "--quiet", GENUINE]) == ExitCode.WARNINGS  # the log says so
        connection.execute("DELETE FROM leaf_subject WHERE leaf = 3")
        connection.commit()
    capsys.readouterr()

    assert main(asked) == ExitCode.USAGE
    assert "leaf 3 of the log withdraws release" in capsys.readouterr().err


def test_bundles_and_copies(registry: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Taken to another registry with its proofs, or copied whole: the same verdict, and both logs are proved."""
    bundle, other, copy = (str(tmp_path / name) for name in ("r.bundle", "other.sqlite", "copy.sqlite"))
    assert main(["registry", "bundle", bundle]) == 0
    assert main(["registry", "unbundle", bundle, "--policy", str(policy), "--registry", other]) == 0
    assert main(["registry", "sync", str(registry), "--policy", str(policy), "--registry", copy]) == 0
    for path in (other, copy):
        assert main(["verify", "--quiet", "--registry", path, GENUINE]) == ExitCode.GENUINE
        assert main(["log", "fsck", "--registry", path]) == 0
        assert main(["registry", "fsck", "--registry", path]) == 0
    capsys.readouterr()
    assert main([*LEARN, "9", "--registry", copy, str(SAMPLES / "router-1.0-configured.bin")]) == ExitCode.INTERNAL
    assert "the key of this registry's log is not at" in capsys.readouterr().err
    assert main(["log", "publish", str(tmp_path / "www")]) == 0
    assert main(["log", "fsck", "--folder", str(tmp_path / "www"), "--policy", str(policy)]) == 0


def start_witness(tmp_path: Path, name: str, key: str, policy: Path) -> tuple["subprocess.Popen[bytes]", str, str]:
    asked = ["log", "witness", "--name", name, "--key", key, "--policy", str(policy)]
    asked += ["--state", str(tmp_path / name), "--listen", "127.0.0.1:0"]
    process = subprocess.Popen([sys.executable, "-m", "trueware", *asked], stdout=subprocess.PIPE)
    assert process.stdout is not None
    _, verifier, url = process.stdout.readline().decode().split()
    return process, verifier, url


def end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_witnesses_over_http_remember_what_they_saw_though_killed(
    registry: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two of two must cosign; a witness that was killed, and one that is started again, refuse a registry that was put back."""
    keys = {name: make_key(tmp_path / f"{name}.pem") for name in ("w1", "w2")}
    started = [start_witness(tmp_path, name, key, policy) for name, key in keys.items()]
    quorum = tmp_path / "quorum"

    def write_quorum() -> None:
        log = next(line for line in policy.read_text("utf-8").splitlines() if line.startswith("log "))
        lines = [
            log,
            *(f"witness {name} {verifier} {url}" for name, (_, verifier, url) in zip(keys, started, strict=True)),
        ]
        quorum.write_text("\n".join([*lines, "group all-of-them all w1 w2", "quorum all-of-them", ""]), "utf-8")

    try:
        write_quorum()
        old = registry.read_bytes()
        verify = ["verify", "--quiet", "--log-policy", str(quorum), GENUINE]
        assert main(verify) == ExitCode.USAGE
        assert "cosigned by 0 of the 2 witnesses" in capsys.readouterr().err
        assert main([*LEARN, "2", str(SAMPLES / "router-1.0-configured.bin")]) == 0
        assert main(["log", "cosign", "--policy", str(quorum)]) == 0
        assert main(verify) == ExitCode.GENUINE
        for process, _, _ in started:
            end(process)
        started = [start_witness(tmp_path, name, key, policy) for name, key in keys.items()]
        write_quorum()
        later = registry.read_bytes()
        registry.write_bytes(old)
        assert main([*LEARN, "other", str(SAMPLES / "router-1.0-tampered.bin")]) == 0
        capsys.readouterr()
        assert main(["log", "cosign", "--policy", str(quorum)]) == ExitCode.INTERNAL
        assert capsys.readouterr().out.count("another tree of 4 leaves was cosigned") == 2
        assert main(verify) == ExitCode.USAGE
        registry.write_bytes(later)
        assert main([*LEARN, "3", str(SAMPLES / "router-1.0-tampered.bin")]) == 0
        assert main(["log", "cosign", "--policy", str(quorum)]) == 0
        assert main(verify) == ExitCode.GENUINE
    finally:
        for process, _, _ in started:
            end(process)


def test_a_witness_that_is_not_there_is_said(
    registry: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its name and why; what others cosigned is kept."""
    assert registry.exists()
    from trueware.cli.keys import read_private_key
    from trueware.tlog.note import COSIGNATURE, verifier_of

    key = read_private_key(make_key(tmp_path / "w.pem"))
    verifier = verifier_of("w", key, COSIGNATURE)  # type: ignore[arg-type]
    policy.write_text(
        policy.read_text("utf-8").replace("quorum none", f"witness w {verifier} http://127.0.0.1:9\nquorum w"), "utf-8"
    )
    capsys.readouterr()

    assert main(["log", "cosign", "--policy", str(policy)]) == ExitCode.INTERNAL
    assert "w: refused (cannot be reached" in capsys.readouterr().out
