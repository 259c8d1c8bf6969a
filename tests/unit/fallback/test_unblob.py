"""unblob as a fallback: what it wrote is read, marked, and gone afterwards; a program of ours stands in for it."""

import shutil
import sys
from pathlib import Path

import pytest

from trueware.errors import LimitExceeded, MalformedInput, SourceError
from trueware.fallback import Sandbox, SandboxUnavailable, Unblob
from trueware.fallback.sandbox import Ceilings
from trueware.model.part import Kind

WRITES = """
out = pathlib.Path("out/input_extract"); (out / "etc").mkdir(parents=True)
(out / "etc/passwd").write_bytes(pathlib.Path("input").read_bytes()[::-1])
(out / "link").symlink_to("/etc/shadow")
(out / "etc").chmod(0o500)
"""


@pytest.fixture
def sandbox() -> Sandbox:
    try:
        return Sandbox.find(Ceilings(seconds=20))
    except SandboxUnavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a program called unblob, first on the path; what is written to it, it does."""
    program = tmp_path / "bin" / "unblob"
    program.parent.mkdir()
    program.touch(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def does(program: Path, what: str) -> None:
    program.write_text(f"#!{sys.executable}\nimport pathlib, sys, time\n{what}")


def test_what_it_wrote_is_read_and_marked(sandbox: Sandbox, stand_in: Path) -> None:
    """Entries come without this disk's owners and times; links are told, not followed; the finding says who read it."""
    does(stand_in, WRITES)
    with Unblob(sandbox=sandbox) as unblob:
        reading = unblob(memoryview(b"dcba"))

        assert reading is not None
        entries = {entry.path: entry for entry in reading.entries}
        content = entries["etc/passwd"].content
        assert content is not None
        assert b"".join(bytes(chunk) for chunk in content.chunks()) == b"abcd"
        assert (entries["link"].kind, entries["link"].link) == (Kind.SYMLINK, "/etc/shadow")
        assert {(entry.uid, entry.gid, entry.mtime) for entry in entries.values()} == {(None, None, None)}
        assert [anomaly.rule for anomaly in reading.anomalies] == ["read-by-fallback"]


def test_nothing_stays_behind(
    sandbox: Sandbox, stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is gone afterwards, folders that may not be written to included."""
    does(stand_in, WRITES)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "place"))
    (tmp_path / "place").mkdir()
    with Unblob(sandbox=sandbox) as unblob:
        unblob(memoryview(b"x"))
        assert list((tmp_path / "place").iterdir())

    assert list((tmp_path / "place").iterdir()) == []


def test_nothing_found_is_nothing(sandbox: Sandbox, stand_in: Path) -> None:
    """Bytes it makes nothing of stay as they are."""
    does(stand_in, "")
    with Unblob(sandbox=sandbox) as unblob:
        assert unblob(memoryview(b"x")) is None


def test_a_failure_is_malformed(sandbox: Sandbox, stand_in: Path) -> None:
    """A program that ends with an error and without a result is told with its own words."""
    does(stand_in, "sys.exit('no such format')")
    with Unblob(sandbox=sandbox) as unblob, pytest.raises(MalformedInput, match="no such format"):
        unblob(memoryview(b"x"))


def test_a_run_without_end_is_ended(stand_in: Path, sandbox: Sandbox) -> None:
    """A ceiling ends it, and the error names it."""
    does(stand_in, "time.sleep(100)")
    quick = Sandbox(sandbox.kind, Ceilings(seconds=1))
    with Unblob(sandbox=quick) as unblob, pytest.raises(LimitExceeded, match="stopped at 1 seconds"):
        unblob(memoryview(b"x"))


def test_regions_have_a_ceiling(sandbox: Sandbox, stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An artefact with very many opaque regions does not keep it busy for ever."""
    does(stand_in, "")
    monkeypatch.setattr("trueware.fallback.unblob._MOST_RUNS", 1)
    with Unblob(sandbox=sandbox) as unblob:
        unblob(memoryview(b"x"))
        with pytest.raises(LimitExceeded, match="fallback runs"):
            unblob(memoryview(b"x"))


def test_without_unblob_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for and not there is an error, not silence."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SourceError, match="unblob is not installed"):
        Unblob()


@pytest.mark.skipif(
    shutil.which("unblob") is None or shutil.which("7z") is None, reason="unblob or 7z is not installed"
)
def test_unblob_itself(sandbox: Sandbox, tmp_path: Path) -> None:
    """unblob, confined, reads a 7z archive, which trueware does not."""
    import subprocess

    (tmp_path / "note").write_text("a note")
    subprocess.run(["7z", "a", "made.7z", "note"], cwd=tmp_path, check=True, capture_output=True)
    with Unblob(sandbox=Sandbox(sandbox.kind)) as unblob:
        reading = unblob(memoryview((tmp_path / "made.7z").read_bytes()))

        assert reading is not None
        assert [(entry.path, entry.size) for entry in reading.entries] == [("note", 6)]
