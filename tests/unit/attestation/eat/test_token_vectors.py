"""Public tokens and claims sets, by project: what their names say of them, and where that is not so, why."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from trueware.attestation.contract import Endorsements, Question
from trueware.attestation.eat.verifying import verify_token
from trueware.errors import InputError
from trueware.model.check import Outcome
from trueware.signatures.published_keys import from_jwk

NOW = 1_634_320_000
"""Within the validity of the one example that has times."""

OTHERWISE = {
    "iat-hmac.cbor": "a message authentication code: read, and not shown",
    "test-no-sw-components.json": "the draft demands software components of a platform token",
    "no-sw-measurements.cbor": "no protected algorithm, which RFC 9052 §4.4 cannot do without",
    "bug-33-repro.cbor": "the platform's challenge is a counter, not the digest of the realm's key",
    "realm-claims+spurious-text-key.cbor": "RFC 9711 §7.2.1 has unknown claims left alone",
}
"""Whose name says another thing than they get, with the reason."""

KINDS = ("psa-token", "cca-token", "psa/cca token", "eat", "corim+psa/cca evidence", "psa perf pair")

TABLE = {
    "TrustedFirmware-M__tf-m-tools": (12, 10),
    "veraison__psatoken": (27, 27),
    "veraison__ccatoken": (26, 25),
    "veraison__rust-ccatoken": (7, 4),
    "veraison__services": (2, 2),
    "ietf-rats-wg__eat": (10, 10),
}
"""Files by project, and how many of them are as their name says."""


@pytest.fixture(scope="module")
def public(corpus: Path) -> Path:
    folder = corpus / "attest" / "public"
    if not folder.exists():
        pytest.skip("the corpus has no attestation data")
    return folder


@pytest.fixture(scope="module")
def keys(public: Path) -> dict[str, bytes]:
    """All public keys that lie beside the tokens."""
    found: dict[str, bytes] = {}
    for project in TABLE:
        for path in sorted((public / project).rglob("*")):
            if path.suffix in (".pem", ".pub"):
                found[path.name] = spki_of(path.read_bytes())
            elif path.name in ("ec256.json", "cpak.json"):
                found[path.name] = next(iter(from_jwk(path.read_bytes()).values()))
    return {name: key for name, key in found.items() if key}


def spki_of(data: bytes) -> bytes:
    try:
        key = load_pem_private_key(data, None).public_key() if b"PRIVATE" in data else load_pem_public_key(data)
    except ValueError:
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_tokens_are_what_their_names_say(public: Path, keys: dict[str, bytes]) -> None:
    counted: dict[str, list[bool]] = {}
    wrong = []
    for row in json.loads((public / "MANIFEST.open.json").read_text()):
        path = public.parent / row["file"]
        project = path.relative_to(public).parts[0]
        if path.suffix == ".diag":
            path = path.with_suffix(".from-diag.cbor")
        name = path.name.replace(".from-diag", "")
        if (
            row["kind"] not in KINDS
            or project not in TABLE
            or path.suffix not in (".cbor", ".bin", ".json")
            or "/both/" in str(path)
        ):
            continue
        if name in ("inst-id.bin", "rv.json", "ec256.json") or not path.exists():
            continue
        if "coswid" in str(path) or "corim" in name or "endorsements" in name or "/src/" in str(path):
            continue
        if name == "cca-claims-without-realm-challenge.json":  # a template for a tool, of two claims sets
            continue
        counted.setdefault(project, []).append(is_as_said(path, row["expected"], keys))
        if not counted[project][-1] and name not in OTHERWISE:
            wrong.append(str(path))
    assert not wrong
    assert {project: (len(each), sum(each)) for project, each in counted.items()} == TABLE


def is_as_said(path: Path, expected: str, keys: dict[str, bytes]) -> bool:
    try:
        proved = verify_token(path.read_bytes(), Endorsements(keys=keys), Question(NOW))
    except InputError:
        return expected.startswith("reject")
    is_signed = any(each.rule == "token-signature" and each.outcome is Outcome.SUPPORTS for each in proved.checks)
    assert is_signed or not proved.measured
    return expected.startswith("accept (") or expected == "accept"


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("veraison__psatoken/open/testvectors/tf-m/psa-2_0_0_sign1.bin", 2),
        ("veraison__psatoken/open/testvectors/tf-m/psa-iot-1_sign1.bin", 2),
        ("veraison__services/open/perf/data/psa.good.cbor", 3),
        ("TrustedFirmware-M__tf-m-tools/open/iat-verifier/tests/data/cca_example_token.cbor", 18),
        ("TrustedFirmware-M__tf-m-tools/open/iat-verifier/tests/data/cca_example_token_legacy.cbor", 18),
        ("TrustedFirmware-M__tf-m-tools/open/iat-verifier/tests/data/cca_token.cbor", 4),
    ],
)
def test_signed_tokens_are_verified_and_no_flipped_bit_is(
    public: Path, keys: dict[str, bytes], name: str, measured: int
) -> None:
    data = (public / name).read_bytes()
    proved = verify_token(data, Endorsements(keys=keys), Question(NOW))
    assert proved.checks[0].outcome is Outcome.SUPPORTS
    assert len(proved.measured) == measured
    for at in range(0, len(data), max(1, len(data) // 150)):
        altered = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        try:
            found = verify_token(altered, Endorsements(keys=keys), Question(NOW))
        except InputError:
            continue
        is_same = (found.claims, found.measured) == (proved.claims, proved.measured)
        assert is_same or not (found.claims or found.measured), at
