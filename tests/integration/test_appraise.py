"""Live evidence by the command line, on real boots: what is asked, what is answered, and by which code."""

import json
from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from trueware.attesters.challenge import issue
from trueware.cli import main
from trueware.storage.attesters_sqlite import SqliteAttesters

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def real(corpus: Path) -> Path:
    return corpus / "attest/real"


@pytest.fixture
def run(tmp_path: Path, real: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """A registry that knows the genuine boots, and a way to ask; files are known by their signatures alone."""
    registry = tmp_path / "r.sqlite"

    def call(*arguments: object) -> tuple[int, str]:
        code = main([str(each) for each in arguments])
        return code, capsys.readouterr().out

    assert main(["registry", "init", "--registry", str(registry)]) == 0
    for boot, product, version in (
        ("a1_genuine_devA", "boot", "6.1.192-2"),
        ("b1_secureboot_shim_grub", "secure boot", "6.1.192-2"),
    ):
        log = real / "open" / boot / "binary_bios_measurements"
        names = ["--publisher", "Example Telco", "--product", product, "--version", version]
        assert main(["release", "learn", str(log), *names, "--registry", str(registry), "--quiet"]) == 0
    capsys.readouterr()
    return call


def pieces(real: Path, name: str) -> list[Path]:
    folder = real / "open" / name.partition("/")[0]
    return [folder / "ak.pub", folder / "binary_bios_measurements", folder / "ek_rsa_cert.der", real / "open" / name]


def asked(real: Path, name: str, tmp_path: Path) -> list[object]:
    folder = real / "open" / name.partition("/")[0]
    return [
        *("--enrolled", folder / "ak.pub", "--device", "r1"),
        *("--nonce-file", real / "open" / name / "nonce.hex"),
        *("--file-signer", real / "reference/ima_cert.pem"),
        *("--registry", tmp_path / "r.sqlite"),
    ]


def schema(name: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((files("trueware.schema") / f"{name}.json").read_text("utf-8"))
    return loaded


def test_json_follows_its_schema(run: Run, real: Path, tmp_path: Path) -> None:
    name = "a6_cmdline_tampered/t1_service"
    code, out = run("appraise", *pieces(real, name), *asked(real, name, tmp_path), "--json")
    document = json.loads(out)
    jsonschema.validate(document, schema("appraisals"), jsonschema.Draft202012Validator)
    appraisal = document["appraisals"][0]
    assert (code, appraisal["verdict"], appraisal["tier"]) == (11, "TAMPERED", "contraindicated")
    event = next(each for each in appraisal["checks"] if each["rule"] == "event-known-good")
    assert event["place"] == "PCR 12 event 25"
    assert event["found"].endswith("mitigations=off lockdown=none")
    assert event["source"] == "boot 6.1.192-2 of Example Telco"


def test_text_names_the_first_event_that_differs(run: Run, real: Path, tmp_path: Path) -> None:
    name = "a6_cmdline_tampered/t0_boot"
    code, out = run("appraise", *pieces(real, name), *asked(real, name, tmp_path))
    assert code == 11
    assert out.startswith("TAMPERED  r1\n  it comes from boot 6.1.192-2 of Example Telco, and PCR 12 event 25: ")


def test_a_challenge_is_answered_once(run: Run, real: Path, tmp_path: Path) -> None:
    """Genuine boot, files signed by who may: what no release has is told; a second answer to one challenge is refused."""
    state = tmp_path / "state.sqlite"
    name = "a1_genuine_devA/t0_boot"
    nonce = bytes.fromhex((real / "open" / name / "nonce.hex").read_text().strip())
    assert run("device", "enrol", "r1", "--ak", real / "open/a1_genuine_devA/ak.pub", "--state", state)[0] == 0
    with closing(SqliteAttesters.open(state)) as store:
        issue(store, nonce, 1_700_000_000, 10**9, "r1")
    question = ["--nonce", nonce.hex(), "--device", "r1", "--state", state, "--registry", tmp_path / "r.sqlite"]
    question += [
        "--file-signer",
        real / "reference/ima_cert.pem",
        "--exclude",
        "etc/*",
        "--exclude",
        "usr/lib/modprobe.d/*",
    ]
    question += ["--exclude", "usr/sbin/attest-init"]
    code, out = run("appraise", *pieces(real, name), *question)
    assert code == 0, out
    assert out.startswith("GENUINE  r1\n")
    code, out = run("appraise", *pieces(real, name), *question)
    assert code == 10
    assert "it was answered before" in out
    code, out = run("device", "list", "--state", state, "--json")
    document = json.loads(out)
    jsonschema.validate(document, schema("devices"), jsonschema.Draft202012Validator)
    assert document["devices"][0]["seen"]["verdict"] == "GENUINE"


def test_challenges_follow_their_schema(run: Run, tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    code, out = run("challenge", "new", "--device", "r1", "--state", state)
    assert (code, len(out)) == (0, 65)
    code, listed = run("challenge", "list", "--state", state, "--json")
    document = json.loads(listed)
    jsonschema.validate(document, schema("challenges"), jsonschema.Draft202012Validator)
    assert document["challenges"][0]["nonce"] == out.strip()
    assert run("challenge", "new", "--bytes", "8", "--state", state)[0] == 1


def test_a_case_joins_evidence_and_what_was_reported(run: Run, real: Path, tmp_path: Path) -> None:
    name = "a6_cmdline_tampered/t1_service"
    folder = tmp_path / "evidence"
    folder.mkdir()
    for each in (*pieces(real, name)[:3], *(real / "open" / name).iterdir()):
        (folder / each.name).write_bytes(each.read_bytes())
    question = asked(real, name, tmp_path)
    code, out = run("case", "--evidence", folder, *question, "--json", "--quiet")
    document = json.loads(out)
    jsonschema.validate(document, schema("case"), jsonschema.Draft202012Validator)
    assert (code, document["verdict"]) == (11, "TAMPERED")
    facets = {each["facet"]: (each["tier"], each["strength"]) for each in document["facets"]}
    assert facets["boot"] == ("contraindicated", "attested")
    assert facets["configuration"] == ("warning", "attested")  # options that weaken the kernel
    code, out = run("case", "--evidence", folder, *question, "--quiet")
    assert out.startswith("TAMPERED  r1\n")
    assert run("case", "--registry", tmp_path / "r.sqlite")[0] == 1
