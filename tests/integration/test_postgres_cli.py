"""The command line against a registry on a server: the same answers as from a file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.test_cli import CONFIGURED, GENUINE, SAMPLES, TAMPERED, learn
from tests.postgres import Cluster
from trueware.cli import main
from trueware.cli.exit_code import ExitCode


@pytest.fixture
def registry(postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty registry on a server, that commands find by themselves."""
    url = postgres.url()
    monkeypatch.setenv("TRUEWARE_REGISTRY", url)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # where the key of the log is made
    monkeypatch.delenv("TRUEWARE_REGISTRAR_KEY", raising=False)
    assert main(["registry", "init"]) == ExitCode.GENUINE
    return url


def verdicts(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[tuple[str, int]]:
    capsys.readouterr()
    main(["verify", "--json", *arguments])
    results = json.loads(capsys.readouterr().out)["results"]
    return [(each["verdict"], len(each["changes"])) for each in results]


def test_answers_are_those_of_a_file(
    registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Learnt, proved, verified in this process and by several, shown, withdrawn: on a server and in a file alike."""
    path = str(tmp_path / "registry.sqlite")
    answers: list[list[object]] = []
    for where in (registry, path):
        monkeypatch.setenv("TRUEWARE_REGISTRY", where)
        assert main(["registry", "init"]) == ExitCode.GENUINE
        assert learn(GENUINE) == ExitCode.GENUINE
        assert main(["registry", "fsck"]) == ExitCode.GENUINE
        images = (str(GENUINE), str(CONFIGURED), str(TAMPERED))
        told = verdicts(capsys, *images)
        answers.append([told, verdicts(capsys, "--each", "--processes", "2", str(SAMPLES))])
        main(["registry", "show"])
        answers[-1].append(capsys.readouterr().out)
        main(["release", "list", "--json"])
        (release,) = json.loads(capsys.readouterr().out)["releases"]
        assert main(["release", "withdraw", release["id"], "--reason", "a flaw"]) == ExitCode.GENUINE
        answers[-1].append(verdicts(capsys, str(GENUINE)))
    assert answers[0] == answers[1]
    assert [verdict for verdict, _ in told] == ["GENUINE", "GENUINE", "TAMPERED"]


def test_missing_driver_is_said() -> None:
    """Without the extra, a URL is answered with what to install; everything else works."""
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {"psycopg", "sqlalchemy", "alembic"}:
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
from trueware.cli import main
sys.exit(main(sys.argv[1:]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "registry", "show", "--registry", "postgresql:///x"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == ExitCode.INTERNAL
    assert "needs what `trueware[postgres]` installs" in done.stderr
    assert subprocess.run([sys.executable, "-c", code, "demo"], capture_output=True, check=False).returncode == 0
