"""Certificates from the command line: bound to exact bytes, and said beside the verdict, never in its place."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trueware import demo
from trueware.cli import main
from trueware.cli.exit_code import ExitCode

SAMPLES = Path(demo.__file__).parent / "samples"
CERTIFICATE = ["BR-1234", "--issuer", "National Laboratory"]


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with the demo's genuine router, certified."""
    monkeypatch.setenv("TRUEWARE_REGISTRY", str(tmp_path / "registry.sqlite"))
    genuine = str(SAMPLES / "router-1.0.bin")
    assert main(["registry", "init"]) == 0
    assert main(["release", "learn", "--publisher", "Acme", "--product", "Router", "--version", "1", genuine]) == 0
    issue = ["certificate", "issue", *CERTIFICATE, "--scheme", "EN 303 645", "--artefact", genuine]
    assert main(issue) == ExitCode.GENUINE


def conformity(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["verify", "--json", "--quiet", str(SAMPLES / name)])
    document = json.loads(capsys.readouterr().out)
    schema = json.loads((files("trueware.schema") / "results.json").read_text("utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    said: dict[str, Any] = document["results"][0]["conformity"]
    return code, said


def test_a_certificate_covers_the_bytes_that_were_assessed(capsys: pytest.CaptureFixture[str]) -> None:
    """The genuine image is certified; the tampered one is not, and it is said that the genuine one was."""
    code, said = conformity("router-1.0.bin", capsys)
    assert (code, said["state"], len(said["certificates"])) == (ExitCode.GENUINE, "certified", 1)

    code, said = conformity("router-1.0-tampered.bin", capsys)
    assert (code, said["state"], said["certificates"]) == (ExitCode.TAMPERED, "none", [])
    assert [each["number"] for each in said["elsewhere"]] == ["BR-1234"]
    main(["verify", "--quiet", str(SAMPLES / "router-1.0-tampered.bin")])
    assert "for the genuine release: not for these bytes" in capsys.readouterr().out


def test_life_of_a_certificate(capsys: pytest.CaptureFixture[str]) -> None:
    """Suspended, issued again, revoked: authenticity stays what it is."""
    for word, more, state in (
        ("suspend", ["--reason", "found altered"], "suspended"),
        ("issue", [], "certified"),
        ("revoke", ["--reason", "withdrawn by its holder"], "revoked"),
    ):
        assert main(["certificate", word, *CERTIFICATE, *more]) == ExitCode.GENUINE
        assert conformity("router-1.0.bin", capsys)[1]["state"] == state
        assert main(["verify", "--quiet", str(SAMPLES / "router-1.0.bin")]) == ExitCode.GENUINE

    capsys.readouterr()
    assert main(["certificate", "list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    schema = json.loads((files("trueware.schema") / "certificates.json").read_text("utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    assert [each["state"] for each in document["certificates"]] == ["revoked"]


def test_nothing_is_suspended_that_was_not_issued(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown number without an artefact is refused."""
    code = main(["certificate", "suspend", "X", "--issuer", "Nobody", "--reason", "why"])

    assert code == ExitCode.INTERNAL
    assert "no certificate 'X' of 'Nobody' is known" in capsys.readouterr().err
