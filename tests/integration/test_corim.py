"""`trueware corim` end to end: a release leaves one registry as a signed CoRIM, and another verifies with it."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.integration.test_cli import CONFIGURED, GENUINE, TAMPERED
from trueware.cli import main
from trueware.cli.exit_code import ExitCode
from trueware.exchange.corim.comid import ClassMap
from trueware.exchange.coserv import query
from trueware.exchange.coserv.query import Coserv, EnvironmentSelector, Query, StatefulClass


@pytest.fixture
def keys(tmp_path: Path) -> tuple[str, str]:
    """The private key of a registry's keeper, and its public half."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    private, public = tmp_path / "keeper.pem", tmp_path / "keeper.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return str(private), str(public)


def use(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a registry that commands find by themselves from now on."""
    monkeypatch.setenv("TRUEWARE_REGISTRY", str(registry))
    assert main(["registry", "init"]) == ExitCode.GENUINE


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: ExitCode = ExitCode.GENUINE) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == code
    return capsys.readouterr().out


@pytest.fixture
def exported(
    tmp_path: Path, keys: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """The release of a laboratory, signed by the keeper of its registry."""
    use(tmp_path / "first.sqlite", monkeypatch)
    names = ["--publisher", "Acme", "--product", "Router", "--version", "1.0"]
    assert main(["release", "learn", *names, str(GENUINE)]) == ExitCode.GENUINE
    release = said(capsys, "release", "list").split()[0]
    out = str(tmp_path / "router.corim")
    told = said(capsys, "corim", "export", release, "--issuer", "First", "--key", keys[0], "--output", out)
    assert "Router 1.0 of Acme" in told
    assert "signed" in told
    return out


def test_another_registry_verifies_with_it(
    exported: str,
    tmp_path: Path,
    keys: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(tmp_path / "second.sqlite", monkeypatch)
    assert main(["publisher", "add", "First"]) == ExitCode.GENUINE
    assert main(["trust", "add", "First", keys[1]]) == ExitCode.GENUINE
    told = said(capsys, "registry", "import", exported)
    assert "1 added, 0 known already, 0 refused" in told
    (line,) = said(capsys, "release", "list").splitlines()
    assert "third-party-index" in line
    shown = said(capsys, "release", "show", line.split()[0])
    assert "an admitted key of First" in shown
    for image, code in ((GENUINE, ExitCode.GENUINE), (CONFIGURED, ExitCode.GENUINE), (TAMPERED, ExitCode.TAMPERED)):
        assert main(["verify", str(image)]) == code


def test_what_it_says(exported: str, keys: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "corim", "show", exported, "--key", keys[1])
    assert "signature   by First: the key signed it" in told
    assert "reference   Acme Router  1.0  sha-256 33bc48255b7a89ff" in told
    assert "coswid      Router 1.0 of Acme, First, 26 files" in told
    assert "note" not in told
    unproved = said(capsys, "corim", "show", exported, code=ExitCode.UNKNOWN)
    assert "not proved: no key at hand signed it" in unproved
    other = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "other.pub").write_bytes(other)
    said(capsys, "corim", "show", exported, "--key", str(tmp_path / "other.pub"), code=ExitCode.UNKNOWN)


def test_a_query_is_answered(
    exported: str, tmp_path: Path, keys: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported
    wanted = StatefulClass(ClassMap(vendor="Acme", model="Router"))
    asked = Coserv("tag:example.com,2026:us", Query(2, EnvironmentSelector((wanted,)), 0))
    out = tmp_path / "answer.cbor"
    told = said(capsys, "corim", "answer", query.query_text(asked), "--issuer", "First", "--output", str(out))
    assert "2 results" in told
    found = query.parse(out.read_bytes())
    assert found.query == asked.query
    signed = ["corim", "answer", query.query_text(asked), "--issuer", "First", "--key", keys[0], "--output", str(out)]
    assert "2 results" in said(capsys, *signed)
    spki = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    der = spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert query.verify(out.read_bytes(), der, asked).results is not None


@pytest.mark.parametrize(
    "arguments",
    [
        ["corim", "show", "{missing}"],
        ["corim", "show", "{junk}"],
        ["corim", "answer", "!!", "--issuer", "X", "--output", "{out}"],
        ["corim", "export", "ffff", "--issuer", "X", "--output", "{out}"],
        ["corim", "export", "{release}", "--issuer", "X", "--output", "{folder}/no/where"],
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str], exported: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported
    release = said(capsys, "release", "list").split()[0]
    (tmp_path / "junk").write_bytes(b"junk")
    places = {"missing": tmp_path / "missing", "junk": tmp_path / "junk", "out": tmp_path / "out", "folder": tmp_path}
    capsys.readouterr()
    code = main([each.format(release=release, **places) for each in arguments])
    assert code in (ExitCode.USAGE, ExitCode.INTERNAL)  # the input's fault, the world's
    told = capsys.readouterr()
    assert told.err.startswith("error: ")
    assert "Traceback" not in told.err
