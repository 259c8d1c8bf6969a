"""Many artefacts at once: the same answers in any mode."""

import os
import signal
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from trueware.cli import main
from trueware.cli.exit_code import ExitCode
from trueware.errors import StoreError
from trueware.fleet import Outcome, verify_each
from trueware.model.verdict import Verdict

SAMPLES = Path(str(files("trueware.demo") / "samples"))
REGISTRY = SAMPLES / "registry.sqlite"
DIED = "the process that read it died: out of memory, or the file shrank while it was read"
IMAGES = [str(SAMPLES / f"router-1.0{kind}.bin") for kind in ("", "-configured", "-tampered")]


def answers(paths: list[str], processes: int) -> list[Outcome]:
    return list(verify_each(paths, REGISTRY, processes=processes))


def verdicts(outcomes: list[Outcome]) -> list[Verdict | None]:
    return [outcome.result.verdict if outcome.result is not None else None for outcome in outcomes]


def test_answers_are_the_same_in_any_mode(tmp_path: Path) -> None:
    """One process or two: the same results in the order asked, and the same reason for what cannot be read."""
    paths = [*IMAGES, str(tmp_path / "missing"), *reversed(IMAGES)]
    alone, together = answers(paths, 1), answers(paths, 2)

    genuine, tampered = Verdict.GENUINE, Verdict.TAMPERED
    assert verdicts(alone) == [genuine, genuine, tampered, None, tampered, genuine, genuine]
    assert [(o.path, o.result, str(o.error)) for o in alone] == [(o.path, o.result, str(o.error)) for o in together]


def test_progress_tells_how_many_are_done() -> None:
    """Whoever waits learns how far it is."""
    told: list[int] = []
    outcomes = list(verify_each(IMAGES, REGISTRY, processes=2, report=told.append))

    assert (len(outcomes), told) == (3, [1, 2, 3])


def test_registry_that_cannot_be_read_is_said_once(tmp_path: Path) -> None:
    """Without a registry there is no answer to any."""
    with pytest.raises(StoreError, match="no registry"):
        list(verify_each(IMAGES, tmp_path / "none.sqlite", processes=2))


def test_every_file_of_a_folder_is_an_artefact(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`verify --each` answers for each, in order, and exits with the worst."""
    monkeypatch.setenv("TRUEWARE_REGISTRY", str(REGISTRY))
    code = main(["verify", "--each", "--processes", "2", str(SAMPLES)])
    out = capsys.readouterr().out

    assert code == ExitCode.TAMPERED
    assert [line.split()[-1] for line in out.splitlines() if line[:1].isupper()] == [
        "build.py",
        "registry.sqlite",
        "router-1.0-configured.bin",
        "router-1.0-tampered.bin",
        "router-1.0.bin",
    ]


def answered(paths: list[str], marks: Path, seconds: float = 60) -> list[str]:
    """Return what a fleet with deadly artefacts answers; one that hangs is ended, with its workers, and fails the test."""
    program = Path(__file__).with_name("dying_fleet.py")
    process = subprocess.Popen(
        [sys.executable, str(program), str(REGISTRY), str(marks), *paths],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        pytest.fail("the fleet hangs")
    assert process.returncode == 0
    return out.splitlines()


@pytest.mark.parametrize("place", [0, 1, 11])
def test_death_of_a_process_takes_one_answer(place: int, tmp_path: Path) -> None:
    """Whenever a worker dies, the first, while others are under way or the last, all else is answered, in order."""
    paths = [IMAGES[0]] * 12
    paths[place] = str(tmp_path / "deadly")
    told = answered(paths, tmp_path)

    assert told.pop(place) == f"deadly: cannot read {paths[place]!r}: {DIED}"
    assert told == ["router-1.0.bin: GENUINE"] * 11


def test_many_deaths_are_as_many_answers(tmp_path: Path) -> None:
    """A folder of nothing but deadly artefacts ends too."""
    paths = [str(tmp_path / "lethal")] * 5 + IMAGES
    told = answered(paths, tmp_path)

    assert told[:5] == [f"lethal: cannot read {paths[0]!r}: {DIED}"] * 5
    assert [line.split()[-1] for line in told[5:]] == ["GENUINE", "GENUINE", "TAMPERED"]


def test_want_of_memory_in_a_process_is_an_answer(tmp_path: Path) -> None:
    """Where the system refuses memory instead of ending the process, that too is said of the one artefact."""
    paths = [str(tmp_path / "greedy"), *IMAGES]
    told = answered(paths, tmp_path)

    assert told[0] == f"greedy: cannot read {paths[0]!r}: there is not enough memory to read it"
    assert [line.split()[-1] for line in told[1:]] == ["GENUINE", "GENUINE", "TAMPERED"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("max_depth=0", "whole number"),
        ("max_depth=x", "whole number"),
        ("depth=3", "no limit"),
        ("max_seconds=-1", "number"),
    ],
)
def test_limits_that_are_none_are_refused(text: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A ceiling that does not exist, or is no number, is a mistake in usage."""
    assert main(["measure", "--limit", text, IMAGES[0]]) == ExitCode.USAGE
    assert word in capsys.readouterr().err


def test_limits_are_tunable(capsys: pytest.CaptureFixture[str]) -> None:
    """A lower ceiling is reached, and the finding names it."""
    assert main(["measure", "--limit", "max_depth=1", "--limit", "max_unpacked=1G", IMAGES[0]]) == ExitCode.GENUINE
    assert "limit max_depth (1) reached" in capsys.readouterr().out
