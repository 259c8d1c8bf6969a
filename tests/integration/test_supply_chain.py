"""Signatures of programs, packages and repositories from the command line: from anchors handed in to verdicts."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from trueware.cli import main
from trueware.cli.exit_code import ExitCode

VECTORS = Path(__file__).resolve().parents[1] / "vectors/signatures"
PE, TIZEN = VECTORS / "authenticode", VECTORS / "tizen"
IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
    "extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
DBX_OWNER, SHA256_LIST = bytes(16), bytes.fromhex("2616c4c14c509240aca941f936934328")


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry in which a publisher is enrolled."""
    monkeypatch.setenv("TRUEWARE_REGISTRY", str(tmp_path / "registry.sqlite"))
    assert main(["registry", "init"]) == ExitCode.GENUINE
    assert main(["publisher", "add", "Acme"]) == ExitCode.GENUINE


def trust(*arguments: str | Path) -> None:
    assert main(["trust", *map(str, arguments)]) == ExitCode.GENUINE


def verdict(path: Path) -> int:
    return main(["verify", "--quiet", str(path)])


def test_programs_of_uefi(tmp_path: Path) -> None:
    """A program below a known authority is genuine until it is in dbx, even signed anew; a changed one is tampered with."""
    program = PE / "twice/input.bin"
    assert verdict(program) == ExitCode.UNKNOWN
    trust("add", "--issues", "Acme", PE / "keys/authority.pem")
    assert verdict(program) == ExitCode.GENUINE
    assert verdict(PE / "changed/input.bin") == ExitCode.TAMPERED
    assert verdict(PE / "gap-changed/input.bin") == ExitCode.UNKNOWN

    digest = bytes.fromhex(json.loads((PE / "rsa/expected.json").read_text())[0]["sha256"])
    entry = DBX_OWNER + digest
    size = 28 + len(entry)
    listed = SHA256_LIST + size.to_bytes(4, "little") + bytes(4) + len(entry).to_bytes(4, "little") + entry
    (tmp_path / "dbx.bin").write_bytes(listed)
    trust("never", tmp_path / "dbx.bin")
    for case in ("twice", "nested", "sha384", "ecdsa"):
        assert verdict(PE / case / "input.bin") != ExitCode.GENUINE, case
    assert verdict(PE / "gap/input.bin") == ExitCode.GENUINE


def test_packages_of_tizen(tmp_path: Path) -> None:
    """Genuine by its distributor; not with a file more; tampered with where one was changed, packed or unpacked."""
    trust("add", "Acme", TIZEN / "keys/distributor.pem")
    assert verdict(TIZEN / "both/input.wgt") == ExitCode.GENUINE
    assert verdict(TIZEN / "added/input.wgt") == ExitCode.UNKNOWN
    for case in ("changed", "removed"):
        assert verdict(TIZEN / case / "input.wgt") == ExitCode.TAMPERED
        with zipfile.ZipFile(TIZEN / case / "input.wgt") as archive:
            archive.extractall(tmp_path / case)
        assert verdict(tmp_path / case) == ExitCode.TAMPERED


def test_packages_of_apk_tools() -> None:
    """Both versions, by the key that is handed in."""
    packages = VECTORS / "apk_tools"
    assert verdict(packages / "package/input.apk") == ExitCode.UNKNOWN
    trust("add", "Acme", packages / "keys/vectors-rsa.pub")
    assert verdict(packages / "package/input.apk") == ExitCode.GENUINE
    assert verdict(packages / "deflate/input.apk") == ExitCode.GENUINE
    assert verdict(packages / "v2/input.apk") == ExitCode.GENUINE
    for case in ("changed", "renamed", "more", "v2-changed"):
        assert verdict(packages / case / "input.apk") == ExitCode.TAMPERED, case
    for case in ("ecdsa", "other", "v2-front", "v2-data"):
        assert verdict(packages / case / "input.apk") == ExitCode.UNKNOWN, case


def test_repositories_of_tuf(tmp_path: Path) -> None:
    """A repository is genuine by its root; with a file more, not; with a changed one, it is tampered with."""
    repository = tmp_path / "repository"
    shutil.copytree(VECTORS / "tuf/tuf-on-ci", repository)
    root = (repository / "initial_root.json").rename(tmp_path / "root.json")
    assert verdict(repository) == ExitCode.UNKNOWN
    trust("add", "Acme", root)
    assert verdict(repository) == ExitCode.GENUINE
    (repository / "targets/more.bin").write_bytes(b"more")
    assert verdict(repository) == ExitCode.UNKNOWN
    (repository / "targets/more.bin").unlink()
    (artefact,) = (repository / "targets").rglob("*.artifact")
    artefact.write_bytes(artefact.read_bytes()[:-1] + b"!")
    assert verdict(repository) == ExitCode.TAMPERED


def test_somebody_elses_root_vouches_for_nobody(tmp_path: Path) -> None:
    """An identity is one with the authority that issues on an identity provider's word."""
    folder = tmp_path / "release"
    folder.mkdir()
    shutil.copy(
        VECTORS / "sigstore/rekor2-timestamp-with-embedded-cert/bundle.sigstore.json", folder / "a.sigstore.json"
    )
    lines = ("issuer: https://token.actions.githubusercontent.com", f"identity: {IDENTITY}")
    (tmp_path / "identity.txt").write_text("\n".join(lines))
    trust("add", "Acme", tmp_path / "identity.txt")
    assert main(["publisher", "add", "Zeta"]) == ExitCode.GENUINE
    trust("add", "Zeta", VECTORS / "sigstore/rekor2-timestamp-with-embedded-cert/trusted_root.json")
    assert standing(folder) == "unknown-key"

    staging = "authority: bca21d3cc62c9d6a52be9989e6a705f99e91a39d9114890990789ef75d382b39"
    (tmp_path / "identity.txt").write_text("\n".join((staging, *lines)))
    trust("add", "Acme", tmp_path / "identity.txt")
    assert standing(folder) == "entitled"


def standing(folder: Path) -> str:
    from contextlib import redirect_stdout
    from io import StringIO

    with redirect_stdout(StringIO()) as out:
        main(["signatures", "--json", "--quiet", str(folder)])
    (signature,) = json.loads(out.getvalue())["artefacts"][0]["signatures"]
    return str(signature["standing"])
