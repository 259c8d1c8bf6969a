"""What a verifier remembers of a device must not be turned against it: attacks on the memory, with a real boot."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from trueware.attesters.challenge import issue
from trueware.attesters.ports import Seen
from trueware.cli import main
from trueware.storage.attesters_sqlite import SqliteAttesters
from trueware.storage.sqlite import SqliteStore

NAME = "open/a1_genuine_devA/t0_boot"
UNREGISTERED = ("etc/*", "usr/lib/modprobe.d/*", "usr/sbin/attest-init")
Appraise = Callable[..., tuple[int, str]]


@pytest.fixture
def real(corpus: Path) -> Path:
    return corpus / "attest/real"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def appraise(tmp_path: Path, real: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> Appraise:
    """A registry, an enrolled device, and a way to have it asked anew with the nonce that it answered once."""
    registry, boot = tmp_path / "r.sqlite", (real / NAME).parent
    nonce = bytes.fromhex((real / NAME / "nonce.hex").read_text())
    names = ["--publisher", "Example Telco", "--product", "boot", "--version", "6.1", "--quiet"]
    assert main(["registry", "init", "--registry", str(registry)]) == 0
    log = boot / "binary_bios_measurements"
    assert main(["release", "learn", str(log), *names, "--registry", str(registry)]) == 0
    assert main(["device", "enrol", "r1", "--ak", str(boot / "ak.pub"), "--state", str(state)]) == 0

    def call(
        *more: object,
        excluded: tuple[str, ...] = UNREGISTERED,
        device: str = "r1",
        asked: bool = True,
        registry: Path = registry,
    ) -> tuple[int, str]:
        capsys.readouterr()
        evidence: list[object] = [boot / "ak.pub", log, real / NAME]
        options: list[object] = ["--registry", registry, "--state", state, "--device", device]
        options += ["--file-signer", real / "reference/ima_cert.pem"]
        for each in excluded:
            options += ["--exclude", each]
        if asked:
            with closing(SqliteAttesters.open(state)) as store:
                store.forget_challenges(1 << 60)
                issue(store, nonce, 1_700_000_000, 10**9, device)
            options += ["--nonce", nonce.hex()]
        code = main([str(each) for each in ["appraise", *(more or evidence), *options]])
        out, err = capsys.readouterr()
        return code, out + err

    return call


def seen(state: Path) -> Seen | None:
    with closing(SqliteAttesters.open(state)) as store:
        return store.seen("r1")


def forge(state: Path, change: Callable[[Seen], Seen]) -> None:
    before = seen(state)
    assert before is not None
    with closing(SqliteAttesters.open(state)) as store:
        assert store.see(change(before), before)


def test_files_are_judged_again_by_what_they_were_not_judged_by(appraise: Appraise, state: Path) -> None:
    """What was passed by because somebody excluded it must not stay passed by."""
    assert appraise()[0] == 0
    first = seen(state)
    assert first is not None
    assert first.files is not None
    assert first.files.count > 60
    assert appraise()[0] == 0  # walked on from there
    code, out = appraise(excluded=())
    assert code != 0
    assert "/etc/ld.so.cache: it ran or was read by root, and no release has it" in out
    last = seen(state)
    assert last is not None
    assert last.files is None


def test_files_are_judged_again_once_the_registry_changed(appraise: Appraise, state: Path, tmp_path: Path) -> None:
    assert appraise()[0] == 0
    before = seen(state)
    listed = tmp_path / "never.txt"
    listed.write_text(f"{'ab' * 32}  /bin/x\n")
    names = ["--publisher", "Other", "--product", "x", "--version", "1", "--quiet"]
    assert main(["release", "learn", str(listed), *names, "--registry", str(tmp_path / "r.sqlite")]) == 0
    assert appraise()[0] == 0
    after = seen(state)
    assert before is not None
    assert after is not None
    assert before.basis != after.basis


def test_evidence_that_answers_nothing_is_not_remembered(appraise: Appraise, state: Path) -> None:
    appraise(asked=False)
    assert seen(state) is None


def test_of_another_device_nothing_is_remembered(appraise: Appraise, state: Path) -> None:
    code, out = appraise(device="r2")
    assert code == 10
    assert "enrolled as r1, and not as r2" in out
    with closing(SqliteAttesters.open(state)) as store:
        assert store.seen("r2") is None


def test_evidence_of_an_epoch(appraise: Appraise, state: Path, real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the present handle, or for a while the one before; shown again within the epoch it still counts."""
    import secrets

    recorded = bytes.fromhex((real / NAME / "nonce.hex").read_text())
    code, out = appraise("--epoch", real / NAME, asked=False)
    assert code == 10
    assert "no epoch was announced" in out
    monkeypatch.setattr(secrets, "token_bytes", lambda size: recorded[:size])
    assert main(["challenge", "epoch", "--state", str(state)]) == 0
    evidence = [(real / NAME).parent / "ak.pub", (real / NAME).parent / "binary_bios_measurements", real / NAME]
    assert appraise("--epoch", *evidence, asked=False)[0] == 0
    assert appraise("--epoch", *evidence, asked=False)[0] == 0
    assert appraise("--epoch", *evidence)[0] == 1  # one of the two
    monkeypatch.undo()
    assert main(["challenge", "epoch", "--state", str(state)]) == 0
    code, out = appraise("--epoch", *evidence, "--all", asked=False)
    assert code == 0
    assert "the epoch before, which still counts" in out
    assert main(["challenge", "epoch", "--state", str(state)]) == 0
    code, out = appraise("--epoch", *evidence, asked=False)
    assert code == 10
    assert "quote-nonce" in out or "it holds" in out


def test_an_older_quote_is_none_of_now(appraise: Appraise, state: Path) -> None:
    """A nonce that was recorded, or leaked, helps nobody who goes back in time."""
    assert appraise()[0] == 0
    forge(state, lambda last: replace(last, clock=replace(last.clock, clock=last.clock.clock + 1)))
    forged = seen(state)
    code, out = appraise()
    assert code == 10
    assert "the clock went backwards" in out
    assert seen(state) == forged


def test_a_device_does_not_forget_what_it_ran(appraise: Appraise, state: Path, tmp_path: Path) -> None:
    """Evidence that no release accounts for leaves the release it ran last, for the next one to be compared with."""
    assert appraise()[0] == 0
    first = seen(state)
    assert first is not None
    assert first.release
    empty = tmp_path / "empty.sqlite"
    assert main(["registry", "init", "--registry", str(empty)]) == 0
    assert appraise(registry=empty)[0] == 10
    last = seen(state)
    assert last is not None
    assert (last.release, last.files, last.verdict) == (first.release, None, "UNKNOWN")


def test_another_enrolment_is_another_device(appraise: Appraise, state: Path, real: Path) -> None:
    """Whoever takes the name of a device that was retired inherits nothing, and the key that it had is none of its."""
    assert appraise()[0] == 0
    other = real / "open/a10_other_firmware/ak.pub"
    assert main(["device", "enrol", "r1", "--ak", str(other), "--state", str(state)]) == 1
    assert main(["device", "retire", "r1", "--state", str(state)]) == 0
    assert main(["device", "enrol", "r1", "--ak", str(other), "--state", str(state)]) == 0
    assert seen(state) is None
    code, out = appraise()
    assert code == 10
    assert "r1 was enrolled with another key" in out
    assert seen(state) is None


def test_a_rollback_is_told_until_it_is_accepted(
    appraise: Appraise, state: Path, tmp_path: Path, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert appraise()[0] == 0
    registry = tmp_path / "r.sqlite"
    later = real / "open/a6_cmdline_tampered/binary_bios_measurements"
    names = ["--publisher", "Example Telco", "--product", "boot", "--version", "6.2", "--quiet"]
    at = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: at)
    assert main(["release", "learn", str(later), *names, "--registry", str(registry)]) == 0
    with closing(SqliteStore.open_read_only(registry)) as store:
        newer = max(store.releases(), key=lambda each: each.published).id
    forge(state, lambda last: replace(last, release=newer))
    for _ in range(2):
        code, out = appraise()
        assert code == 9
        assert "which is older" in out
        last = seen(state)
        assert last is not None
        assert last.release == newer
    assert main(["device", "accept", "r1", "--state", str(state)]) == 0
    assert appraise()[0] == 0
    assert main(["device", "accept", "r9", "--state", str(state)]) == 1


def test_a_file_that_is_not_there_uses_up_no_challenge(appraise: Appraise, state: Path, tmp_path: Path) -> None:
    code, _ = appraise(tmp_path / "misspelt")
    assert code == 1
    with closing(SqliteAttesters.open(state)) as store:
        assert [each.used for each in store.challenges("r1")] == [None]


def test_a_locked_memory_is_an_outage_and_no_verdict(
    appraise: Appraise, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setattr("trueware.storage.attesters_sqlite._WAIT", 0.05)
    with closing(sqlite3.connect(state)) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, out = appraise(asked=False)
    assert code == 1
    assert "locked" in out
    assert "r1\n" not in out
