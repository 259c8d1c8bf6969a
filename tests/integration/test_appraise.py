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


def test_a_phone_that_is_unlocked(corpus: Path, run: Run, tmp_path: Path) -> None:
    """What hardware says of the boot, and of an IMEI that was reported; a list of revoked keys is needed."""
    folder = corpus / "attest/public"
    chain = folder / "android__keyattestation/open/testdata/akita/sdk34/TEE_RSA_BASE+IMEI.pem"
    listed = folder / "vvb2060__KeyAttestation/both/app/src/main/res/raw/status.json"
    question = ["--nonce", b"challenge".hex(), "--at", "2024-10-01", "--registry", tmp_path / "r.sqlite", "--json"]
    code, out = run("appraise", chain, *question, "--revocation", listed, "--reported", "imei=351163520096209")
    appraisal = json.loads(out)["appraisals"][0]
    assert (code, appraisal["verdict"], appraisal["tier"]) == (10, "UNKNOWN", "contraindicated")
    assert {"android-boot-state", "android-boot-locked"} == _rules(appraisal, "contradicts")
    assert next(each for each in appraisal["claims"] if each["name"] == "imei")["value"] == "351163520096208"
    code, out = run("appraise", chain, *question, "--revocation", listed, "--reported", "imei=351163520096300")
    assert "android-identity" in _rules(json.loads(out)["appraisals"][0], "contradicts")
    code, out = run("appraise", chain, *question)
    assert json.loads(out)["appraisals"][0]["reason"].startswith("not enough evidence: android-revocation")


def test_a_token_whose_components_a_corim_states(corpus: Path, run: Run, tmp_path: Path) -> None:
    """A PSA token beside the reference values of its maker: genuine once they are imported, and fresh once it is asked."""
    folder = corpus / "attest/public/veraison__services"
    token, key = folder / "open/end-to-end/input/psa-evidence.cbor", folder / "both/end-to-end/input/ec-p256.jwk"
    registry = ["--registry", tmp_path / "r.sqlite"]
    nonce = ["--nonce", "414a7c174141b3d0e9a1d28af31520f0d42299feac4007ded89d68ae6cd92f19"]
    code, out = run("appraise", token, "--trust", key, *nonce, *registry)
    assert (code, out.splitlines()[0].split()[0]) == (10, "UNKNOWN")
    assert "BL 2.1.0 is in no release of the registry" in out
    run("registry", "import", folder / "open/perf/data/corim-psa-full.cbor", "--kind", "corim", *registry)
    code, out = run("appraise", token, "--trust", key, *nonce, *registry)
    assert (code, out.splitlines()[0].split()[0]) == (0, "GENUINE"), out
    code, out = run("appraise", token, "--trust", key, *registry)
    assert (code, out.splitlines()[0].split()[0]) == (10, "UNKNOWN")
    code, out = run("appraise", token, *nonce, *registry)
    assert code == 10
    assert "token-signature" in out


def _rules(appraisal: dict[str, list[dict[str, str]]], outcome: str) -> set[str]:
    return {each["rule"] for each in appraisal["checks"] if each["outcome"] == outcome}


def test_results_are_handed_on(run: Run, real: Path, tmp_path: Path) -> None:
    """A signed result of an appraisal, shown to who relies on it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    name = "a6_cmdline_tampered/t1_service"
    for form in ("jwt", "cwt"):
        result = tmp_path / f"result.{form}"
        handing = ["--ear", result, "--ear-key", tmp_path / "key.pem", "--ear-form", form, "--ear-nonce", "00" * 16]
        run("appraise", *pieces(real, name), *asked(real, name, tmp_path), *handing)
        shown = ["ear", "show", result, "--key", tmp_path / "public.pem"]
        code, out = run(*shown, "--nonce", "00" * 16, "--json")
        document = json.loads(out)
        jsonschema.validate(document, schema("ear"), jsonschema.Draft202012Validator)
        assert (code, document["verified"], document["status"]) == (11, True, "contraindicated")
        assert document["submods"]["r1"]["verifier_claims"]["verdict"] == "TAMPERED"
        assert run(*shown, "--nonce", "11" * 16)[0] == 2
        assert run("ear", "show", result)[0] == 10  # nobody's word


@pytest.mark.parametrize(
    ("name", "status", "executables", "is_told"),
    [
        ("a1_genuine_devA/t0_boot", "affirming", 2, True),
        ("a6_cmdline_tampered/t1_service", "contraindicated", 96, True),
    ],
)
def test_what_was_appraised_is_handed_on(
    run: Run,
    real: Path,
    tmp_path: Path,
    name: str,
    status: str,
    executables: int,
    is_told: bool,  # noqa: FBT001 (a parameter)
) -> None:
    """As an attestation result: the status of the verdict, the challenge that was answered, and the release with what equals it."""
    result = tmp_path / "result.json"
    allowed = ["--exclude", "etc/*", "--exclude", "usr/lib/modprobe.d/*", "--exclude", "usr/sbin/attest-init"]
    question = [*pieces(real, name), *asked(real, name, tmp_path), *allowed]
    run("appraise", *question, "--ear", result, "--ear-form", "json")
    document = json.loads(result.read_bytes())
    submod = document["submods"]["r1"]
    assert (document["ear_status"], submod["ear_status"]) == (status, status)
    assert submod["ear_trustworthiness_vector"]["executables"] == executables
    assert submod["ear_trustworthiness_vector"]["instance-identity"] == 2
    assert ("eat_nonce" in submod) is is_told
    assert submod["ear_verifier_claims"]["releases"][0]["release-title"] == "boot 6.1.192-2 of Example Telco"


def test_what_answers_no_challenge_affirms_nothing(run: Run, real: Path, tmp_path: Path) -> None:
    """A genuine boot, and nobody asked: an old answer looks the same. Neither status, vector nor claims say anything for it."""
    name, result = "a1_genuine_devA/t0_boot", tmp_path / "result.json"
    question = [*asked(real, name, tmp_path)[:4], "--registry", tmp_path / "r.sqlite"]
    code, out = run("appraise", *pieces(real, name), *question, "--ear", result, "--ear-form", "json")
    submod = json.loads(result.read_bytes())["submods"]["r1"]
    assert (code, submod["ear_status"]) == (10, "none"), out
    assert not submod.keys() & {"ear_trustworthiness_vector", "ear_attester_claims", "eat_nonce"}


def test_a_list_that_is_withheld_is_no_pass(run: Run, real: Path, tmp_path: Path) -> None:
    """PCR 10 says that files were measured; without their list nobody knows which."""
    name = "a1_genuine_devA/t0_boot"
    folder = real / "open" / name
    sent = [*pieces(real, name)[:3], folder / "quote.msg", folder / "quote.sig", folder / "quote.pcrs"]
    code, out = run("appraise", *sent, *asked(real, name, tmp_path), "--json")
    appraisal = json.loads(out)["appraisals"][0]
    assert (code, appraisal["verdict"]) == (10, "UNKNOWN")
    assert "ima-sent" in _rules(appraisal, "not-shown")


def test_what_is_on_the_never_trust_list_is_never_genuine(run: Run, real: Path, tmp_path: Path) -> None:
    """A boot that is registered, and known not to be trustworthy all the same."""
    name = "a1_genuine_devA/t0_boot"
    code, out = run("release", "list", "--registry", tmp_path / "r.sqlite", "--json")
    digest = next(each["sha256"] for each in json.loads(out)["releases"] if each["product"] == "boot")
    asked_ = ["trust", "never", f"sha256:{digest}", "--reason", "a loader that starts anything"]
    code, out = run(*asked_, "--registry", tmp_path / "r.sqlite")
    assert code == 0, out
    code, out = run("appraise", *pieces(real, name), *asked(real, name, tmp_path), "--json")
    appraisal = json.loads(out)["appraisals"][0]
    assert code == 11
    assert "boot-distrusted" in _rules(appraisal, "contradicts")
