"""The sandbox: what a confined program cannot do, and what ends it."""

import sys
from pathlib import Path

import pytest

from trueware.fallback.sandbox import Ceilings, Sandbox, SandboxUnavailable


@pytest.fixture
def sandbox() -> Sandbox:
    try:
        return Sandbox.find()
    except SandboxUnavailable as unavailable:
        pytest.skip(str(unavailable))


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_program_can_write_to_its_folder(sandbox: Sandbox, tmp_path: Path) -> None:
    """What it is there for works: reading the system, writing to its folder, and to nowhere as usual."""
    program = "import json; open('made', 'w').write('x'); open('/dev/null', 'w').write('x')"
    run = sandbox.run(python(program), tmp_path)

    assert (run.code, run.stopped) == (0, "")
    assert (tmp_path / "made").read_text() == "x"


@pytest.mark.parametrize(
    "program",
    [
        "open({outside!r}, 'w')",
        "import os; os.unlink({victim!r})",
        "import os; os.truncate({victim!r}, 0)",
        "import os; os.symlink('x', {outside!r})",
        "import os; os.rename({victim!r}, 'stolen')",
        "import socket; socket.create_connection(('127.0.0.1', {port}), 2)",
    ],
)
def test_confined_program_cannot(sandbox: Sandbox, tmp_path: Path, program: str) -> None:
    """It can neither write elsewhere, nor take anything away, nor reach a port."""
    import socket

    place, victim = tmp_path / "place", tmp_path / "victim"
    place.mkdir()
    victim.write_text("whole")
    with socket.create_server(("127.0.0.1", 0)) as server:
        known = {"outside": str(tmp_path / "outside"), "victim": str(victim), "port": server.getsockname()[1]}
        run = sandbox.run(python(program.format(**known)), place)

    assert run.code != 0
    assert "Error" in run.told
    assert (victim.read_text(), sorted(path.name for path in tmp_path.iterdir())) == ("whole", ["place", "victim"])


@pytest.mark.parametrize(
    ("ceilings", "program", "stopped"),
    [
        (Ceilings(seconds=1), "import time; time.sleep(60)", "1 seconds"),
        (
            Ceilings(written=1 << 20),
            "n = 0\nwhile True: open(str(n), 'wb').write(bytes(1 << 16)); n += 1",
            "bytes written",
        ),
    ],
    ids=["time", "space"],
)
def test_ceilings_end_a_run(sandbox: Sandbox, tmp_path: Path, ceilings: Ceilings, program: str, stopped: str) -> None:
    """A program that sleeps or fills the disk is ended, with all that it started."""
    run = Sandbox(sandbox.kind, ceilings).run(python(program), tmp_path)

    assert run.code == -9
    assert stopped in run.stopped


def test_memory_has_a_ceiling(sandbox: Sandbox, tmp_path: Path) -> None:
    """A program cannot take more memory than it is given."""
    if sandbox.kind != "landlock":
        pytest.skip("bubblewrap sets no ceiling on memory")
    run = Sandbox(sandbox.kind, Ceilings(memory=512 << 20)).run(python("bytes(1 << 30)"), tmp_path)

    assert "MemoryError" in run.told


def test_without_a_way_to_confine_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Landlock nor bubblewrap: refused, unless asked for."""
    monkeypatch.setattr(sys, "platform", "other")
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SandboxUnavailable):
        Sandbox.find()
    assert Sandbox.find(allow_none=True).kind == "none"
