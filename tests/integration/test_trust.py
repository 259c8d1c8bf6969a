"""Whose signatures count, from the command line: keys admitted, taken back, never trusted, and what `verify` makes of each."""

import json
import shutil
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from trueware.cli import main
from trueware.cli.exit_code import ExitCode
from trueware.knowledge import load_public_keys
from trueware.signatures.keys import read_keys

VECTOR = Path(__file__).resolve().parents[1] / "vectors/signatures/usign"
KEY = VECTOR / "key.pub"
ID = read_keys(KEY.read_bytes())[0].id


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A signed feed, and a registry in which its publisher is enrolled."""
    monkeypatch.setenv("TRUEWARE_REGISTRY", str(tmp_path / "registry.sqlite"))
    assert main(["registry", "init"]) == ExitCode.GENUINE
    assert main(["publisher", "add", "Acme"]) == ExitCode.GENUINE
    folder = tmp_path / "feed"
    folder.mkdir()
    for name in ("Packages", "Packages.sig", "package.ipk"):
        shutil.copy(VECTOR / name, folder)
    return folder


def told(command: str, feed: Path, schema: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    code = main([command, "--json", "--quiet", str(feed)])
    document = json.loads(capsys.readouterr().out)
    loaded = json.loads((files("trueware.schema") / f"{schema}.json").read_text("utf-8"))
    jsonschema.validate(document, loaded, jsonschema.Draft202012Validator)
    first: dict[str, object] = document["results" if command == "verify" else "artefacts"][0]
    return code, first


def test_life_of_a_key(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown, admitted, taken back: UNKNOWN, GENUINE, UNKNOWN; and never trusted, even where the very bytes are registered."""
    assert told("verify", feed, "results", capsys)[0] == ExitCode.UNKNOWN

    assert main(["trust", "add", "Acme", str(KEY), "--from", "its page"]) == ExitCode.GENUINE
    code, result = told("verify", feed, "results", capsys)
    assert code == ExitCode.GENUINE
    assert result["authority"] == "publisher-signed"

    changed = feed / "package.ipk"
    genuine = changed.read_bytes()
    changed.write_bytes(genuine + b"!")
    assert told("verify", feed, "results", capsys)[0] == ExitCode.UNKNOWN  # not on the list: nobody vouches for it
    changed.write_bytes(genuine)
    index = feed / "Packages"
    index.write_bytes(index.read_bytes() + b"\n")
    assert told("verify", feed, "results", capsys)[0] == ExitCode.TAMPERED
    shutil.copy(VECTOR / "Packages", feed)

    assert main(["trust", "revoke", "Acme", ID, "lost"]) == ExitCode.GENUINE
    assert told("verify", feed, "results", capsys)[0] == ExitCode.UNKNOWN
    assert main(["release", "learn", "--publisher", "Acme", "--product", "Feed", "--version", "1", str(feed)]) == 0
    assert told("verify", feed, "results", capsys)[0] == ExitCode.UNKNOWN

    assert main(["trust", "never", ID, "--reason", "leaked"]) == ExitCode.GENUINE
    code, result = told("verify", feed, "results", capsys)
    assert code == ExitCode.UNKNOWN
    assert "leaked" in str(result["reason"])


def test_signed_file_that_is_listed_is_never_genuine_by_its_digest(
    feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The short way, by the digest of the artefact, asks the list too."""
    whole = feed / "package.ipk"
    assert main(["release", "learn", "--publisher", "Acme", "--product", "Package", "--version", "1", str(whole)]) == 0
    code, result = told("verify", whole, "results", capsys)
    assert code == ExitCode.GENUINE

    assert main(["trust", "never", f"sha256:{result['sha256']}"]) == ExitCode.GENUINE
    assert told("verify", whole, "results", capsys)[0] == ExitCode.UNKNOWN


def test_broken_artefact_cannot_become_a_reference(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sample that was tampered with before it was learnt would make every other one look genuine."""
    (feed / "Packages").write_bytes(b"other")
    assert main(["trust", "add", "Acme", str(KEY)]) == ExitCode.GENUINE
    capsys.readouterr()

    assert (
        main(["release", "learn", "--publisher", "Acme", "--product", "Feed", "--version", "1", str(feed)])
        == ExitCode.USAGE
    )
    assert "does not hold" in capsys.readouterr().err


def test_signatures_are_listed(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As text for people, as JSON by its schema; keys likewise."""
    assert main(["trust", "add", "Acme", str(KEY), "--for", "package=acme-*", "--threshold", "2"]) == ExitCode.GENUINE
    _, first = told("signatures", feed, "signatures", capsys)
    signatures = first["signatures"]
    assert isinstance(signatures, list)
    assert [(each["scheme"], each["outcome"], each["standing"]) for each in signatures] == [
        ("usign", "valid", "out-of-scope")
    ]
    assert main(["signatures", "--quiet", str(feed)]) == ExitCode.GENUINE
    text = capsys.readouterr().out
    assert "1 signature" in text
    assert f"usign:{ID.partition(':')[2]}" in text

    assert main(["trust", "list", "--json"]) == ExitCode.GENUINE
    document = json.loads(capsys.readouterr().out)
    loaded = json.loads((files("trueware.schema") / "anchors.json").read_text("utf-8"))
    jsonschema.validate(document, loaded, jsonschema.Draft202012Validator)
    assert document["anchors"][0]["threshold"] == 2
    assert main(["trust", "list"]) == ExitCode.GENUINE
    assert "2 of them must sign" in capsys.readouterr().out


def test_mistakes_are_told(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without a key, a publisher nobody enrolled, a key that is not there."""
    assert feed.exists()
    for command in (
        ["trust", "add", "Acme", str(VECTOR / "build.py")],
        ["trust", "add", "Nobody", str(KEY)],
        ["trust", "revoke", "Acme", "usign:0", "so"],
        ["trust", "never", str(VECTOR / "build.py")],
    ):
        assert main(command) == ExitCode.USAGE, command
        assert capsys.readouterr().err.startswith("error: ")


def test_keys_that_anybody_has_ship_and_bar_only_when_asked(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is named with why; on the list they come by an option."""
    assert feed.exists()
    known = load_public_keys()
    assert len(known) > 20
    assert all(each.reason and each.source for each in known.values())
    assert main(["trust", "never", "--shipped"]) == ExitCode.GENUINE
    assert f"{len(known)} new" in capsys.readouterr().out
