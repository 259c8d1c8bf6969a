"""A fallback reader from end to end: what it finds is measured and marked, and proves nothing. A program of ours stands in for it."""

import json
import random
import sys
from pathlib import Path

import pytest

from trueware.cli import main
from trueware.cli.exit_code import ExitCode
from trueware.fallback import Sandbox, SandboxUnavailable

OPAQUE = random.Random(1).randbytes(20_000)

UNPACKS = """
import pathlib
out = pathlib.Path("out/input_extract"); (out / "etc").mkdir(parents=True)
(out / "etc/motd").write_bytes(b"welcome\\n" + pathlib.Path("input").read_bytes()[:3])
"""


@pytest.fixture(autouse=True)
def confined() -> None:
    """Needs something that confines programs."""
    try:
        Sandbox.find()
    except SandboxUnavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An artefact of no format, and a program called unblob that makes something of it."""
    program = tmp_path / "bin" / "unblob"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{UNPACKS}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("TRUEWARE_REGISTRY", str(tmp_path / "registry.sqlite"))
    made = tmp_path / "image"
    made.write_bytes(OPAQUE)
    return made


def test_what_a_fallback_finds_is_measured_and_marked(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its files are parts; the whole stands for itself and is read with doubts."""
    assert main(["measure", "--json", "--fallback", "unblob", str(image)]) == ExitCode.GENUINE
    manifest = json.loads(capsys.readouterr().out)["manifests"][0]
    parts = {part["path"]: part for part in manifest["parts"]}

    assert (parts[""]["format"], parts[""]["certain"]) == ("fallback", False)
    assert (parts["etc/motd"]["size"], "uid" in parts["etc/motd"]) == (11, False)
    assert [finding["rule"] for finding in manifest["findings"]] == ["read-by-fallback"]


def test_nobody_asks_a_fallback_unasked(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the option nothing is run, and the bytes say what they look like."""
    assert main(["measure", "--json", str(image)]) == ExitCode.GENUINE
    (part,) = json.loads(capsys.readouterr().out)["manifests"][0]["parts"]

    assert part["notes"] == {"looks-like": "compressed or encrypted data, 8.0 bits a byte"}


def test_equal_files_by_a_fallback_make_nothing_genuine(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another image of which the fallback makes the same is not the release."""
    main(["registry", "init"])
    naming = ("--publisher", "Acme", "--product", "Box", "--version", "1")
    assert main(["release", "learn", *naming, str(image)]) == ExitCode.GENUINE
    image.write_bytes(OPAQUE[:-1] + b"!")
    capsys.readouterr()

    assert main(["verify", "--fallback", "unblob", str(image)]) in (ExitCode.UNKNOWN, ExitCode.TAMPERED)
    assert "read by unblob" in capsys.readouterr().out
