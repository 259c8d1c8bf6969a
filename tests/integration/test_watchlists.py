"""Watch lists on the command line: what they find is told, a list that is none is refused, and no verdict moves."""

import json
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

from trueware.cli import main
from trueware.cli.exit_code import ExitCode
from trueware.fleet import verify_each
from trueware.sources.watchlists import load_watchlists

SAMPLES = Path(str(files("trueware.demo") / "samples"))
GENUINE, TAMPERED = (SAMPLES / f"router-1.0{kind}.bin" for kind in ("", "-tampered"))


@pytest.fixture
def listed(tmp_path: Path) -> str:
    """A list that knows a path and a host of the tampered sample, and a digest that nothing has."""
    path = tmp_path / "list.csv"
    path.write_text(
        f"type,value,name\nsha256,{sha256(b'none').hexdigest()},none\npath,/etc/init.d/remote,a start script\n"
    )
    return str(path)


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, set[str]]:
    (result,) = json.loads(capsys.readouterr().out)["results"]
    return result["verdict"], {finding["rule"] for each in result["explanations"] for finding in each["findings"]}


def test_what_a_list_knows_is_told_and_decides_nothing(listed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "--json", str(GENUINE), str(TAMPERED)]) == ExitCode.TAMPERED
    verdict, without = told(capsys)
    assert main(["diff", "--json", "--indicators", listed, str(GENUINE), str(TAMPERED)]) == ExitCode.TAMPERED
    assert told(capsys) == (verdict, without | {"indicator-path"})
    assert main(["diff", "--json", "--indicators", listed, str(GENUINE), str(GENUINE)]) == ExitCode.GENUINE


def test_a_list_reaches_every_process(tmp_path: Path, listed: str) -> None:
    registry = tmp_path / "registry.sqlite"
    where = ["--registry", str(registry)]
    assert main(["registry", "init", *where]) == ExitCode.GENUINE
    learn = ["release", "learn", "--publisher", "A", "--product", "R", "--version", "1", *where, str(GENUINE)]
    assert main(learn) == ExitCode.GENUINE
    known = load_watchlists([listed])
    outcomes = verify_each([str(TAMPERED), str(TAMPERED)], registry, processes=2, watchlists=known)
    for outcome in outcomes:
        assert outcome.result is not None
        assert "indicator-path" in {each.rule for one in outcome.result.explanations for each in one.findings}


def test_rules_are_scanned_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("yara_x", reason="the extra yara is not installed")
    rules = tmp_path / "ours.yar"
    rules.write_text("rule Any { condition: filesize > 0 }")
    assert main(["diff", "--json", "--yara", str(rules), str(GENUINE), str(TAMPERED)]) == ExitCode.TAMPERED
    assert "yara-match" in told(capsys)[1]


@pytest.mark.parametrize("option", ["--indicators", "--yara"])
def test_what_cannot_be_read_is_said(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad"
    bad.write_text("rule and no list either")
    for path in (bad, tmp_path / "none"):
        assert main(["diff", option, str(path), str(GENUINE), str(TAMPERED)]) not in (
            ExitCode.GENUINE,
            ExitCode.TAMPERED,
        )
        out, error = capsys.readouterr()
        assert out == ""
        assert error.startswith("error: ")
