"""Attestation results by the command line: written of an image, verified by who relies on it, refused where they must be."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from trueware import demo
from trueware.cli import main
from trueware.signatures.jws import to_base64url

SAMPLES = Path(demo.__file__).parent / "samples"
Run = Callable[..., tuple[int, str, str]]
NOW, LATER = "2027-01-15", "2027-01-16"
NONCE = "0123456789abcdef"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    key = ec.generate_private_key(ec.SECP384R1())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(each) for each in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def verified(run: Run, folder: Path, image: str, *options: str) -> Path:
    result = folder / "result"
    question = ["--registry", SAMPLES / "registry.sqlite", "--quiet", "--at", NOW]
    run("verify", SAMPLES / image, *question, "--ear", result, "--ear-key", folder / "key.pem", *options)
    return result


@pytest.mark.parametrize("form", ["jwt", "cwt"])
@pytest.mark.parametrize(
    ("image", "code", "status"),
    [
        ("router-1.0.bin", 0, "affirming"),
        ("router-1.0-tampered.bin", 11, "contraindicated"),
    ],
)
def test_a_result_is_relied_on(run: Run, tmp_path: Path, form: str, image: str, code: int, status: str) -> None:
    result = verified(run, tmp_path, image, "--ear-form", form, "--ear-nonce", NONCE)
    relied = ["--key", tmp_path / "public.pem", "--nonce", NONCE, "--at", NOW]
    found, out, _ = run("ear", "show", result, *relied, "--json")
    document = json.loads(out)
    schema = json.loads((files("trueware.schema") / "ear.json").read_text("utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    assert (found, document["verified"], document["status"]) == (code, True, status)
    (submod,) = document["submods"].values()
    assert submod["status"] == status
    assert submod["verifier_claims"]["release-title"].startswith("Acme Router 1.0")


def test_one_key_of_a_published_set_is_enough(run: Run, tmp_path: Path) -> None:
    """Verifiers publish their keys as a set of JWKs, in which an old one stands beside the new one."""
    result = verified(run, tmp_path, "router-1.0.bin")
    own = load_pem_public_key((tmp_path / "public.pem").read_bytes())
    assert isinstance(own, ec.EllipticCurvePublicKey)
    keys = [jwk("old", ec.generate_private_key(ec.SECP256R1()).public_key()), jwk("new", own)]
    for published, expected in ((keys, 0), (keys[:1], 2)):
        (tmp_path / "keys.json").write_text(json.dumps({"keys": published}))
        code, out, err = run("ear", "show", result, "--key", tmp_path / "keys.json", "--at", NOW)
        assert (code, out.startswith("verified")) == (expected, expected == 0), err


def jwk(name: str, key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    size = key.key_size // 8
    numbers = key.public_numbers()
    x, y = (to_base64url(each.to_bytes(size, "big")).decode() for each in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": f"P-{key.key_size}", "kid": name, "x": x, "y": y}


def test_text_tells_what_values_mean(run: Run, tmp_path: Path) -> None:
    result = verified(run, tmp_path, "router-1.0-tampered.bin")
    code, out, _ = run("ear", "show", result, "--key", tmp_path / "public.pem", "--at", NOW)
    assert code == 11
    assert out.startswith("verified  by trueware ")
    assert "    file-system            96  contraindicated: files that must not be there\n" in out
    assert "    verifier verdict: TAMPERED\n" in out


def test_what_nobody_signed_is_told_and_not_gone_by(run: Run, tmp_path: Path) -> None:
    result = verified(run, tmp_path, "router-1.0.bin", "--ear-form", "json")
    code, out, _ = run("ear", "show", result, "--at", NOW)
    assert (code, out.splitlines()[0].partition(":")[0]) == (10, "NOT VERIFIED")
    code, _, err = run("ear", "show", result, "--key", tmp_path / "public.pem", "--at", NOW)
    assert code not in (0, 9, 10, 11, 12), err


@pytest.mark.parametrize(
    "attack",
    ["ran out", "another challenge", "another key", "no signature", "cut", "claims exchanged"],
)
def test_a_result_that_must_not_be_gone_by(run: Run, tmp_path: Path, attack: str) -> None:
    """Never an exit code of a verdict: it is an error, whatever the result says."""
    result = verified(run, tmp_path, "router-1.0.bin", "--ear-nonce", NONCE)
    genuine = result.read_bytes()
    key, nonce, now = tmp_path / "public.pem", NONCE, NOW
    match attack:
        case "ran out":
            now = LATER
        case "another challenge":
            nonce = "ff" * 8
        case "another key":
            other = ec.generate_private_key(ec.SECP384R1()).public_key()
            key = tmp_path / "other.pem"
            key.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        case "no signature":
            head, payload, _ = genuine.strip().split(b".")
            result.write_bytes(b"eyJhbGciOiJub25lIn0." + payload + b".")
        case "cut":
            result.write_bytes(genuine[:-20])
        case _:
            head, _, signature = genuine.strip().split(b".")
            bare = verified(run, tmp_path, "router-1.0-tampered.bin").read_bytes().split(b".")[1]
            result.write_bytes(b".".join((head, bare, signature)))
    code, out, err = run("ear", "show", result, "--key", key, "--nonce", nonce, "--at", now)
    assert code not in (0, 9, 11, 12), (out, err)
    assert "verified" not in out


def test_no_result_of_half_of_what_was_asked(run: Run, tmp_path: Path) -> None:
    """One artefact is genuine, the other cannot be opened: a result about the first alone would say affirming of both."""
    result = tmp_path / "half"
    options = ["--registry", SAMPLES / "registry.sqlite", "--quiet", "--ear", result, "--ear-key", tmp_path / "key.pem"]
    code, out, err = run("verify", SAMPLES / "router-1.0.bin", tmp_path / "missing", *options)
    assert (code, out.startswith("GENUINE"), result.exists()) == (1, True, False)
    assert "no attestation result is written: not all artefacts could be verified" in err


def test_a_challenge_that_is_too_short(run: Run, tmp_path: Path) -> None:
    result = tmp_path / "short"
    options = ["--registry", SAMPLES / "registry.sqlite", "--quiet", "--ear", result, "--ear-key", tmp_path / "key.pem"]
    code, _, err = run("verify", SAMPLES / "router-1.0.bin", *options, "--ear-nonce", "00")
    assert not result.exists()
    assert code not in (0, 9, 10, 11, 12), err
