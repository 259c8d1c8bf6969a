"""Many artefacts at once: the same answers in any mode."""

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
