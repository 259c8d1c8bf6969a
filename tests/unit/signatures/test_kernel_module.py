"""Signed kernel modules: Debian's, and such that openssl signed; the key of another build does not fit."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys
from trueware.signatures.x509 import load

VECTORS = Path(__file__).resolve().parents[2] / "vectors/signatures/cms"
MODULES = {"rsa": (VECTORS / "rsa-plain.ko").read_bytes(), "p384": (VECTORS / "p384-plain.ko").read_bytes()}
KEYS = {name: read_keys((VECTORS / f"{name}.crt").read_bytes()) for name in MODULES}
BOTH = KEYS["rsa"] + KEYS["p384"]
CORPUS = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere")) / "corpus/open/linux-module-signature"


def found(module: bytes, keys: tuple[Key, ...]) -> Signature | None:
    return next((each for each in signatures_in({"a.ko": module}, keys) if each.scheme == "kernel-module"), None)


def outcome(module: bytes, keys: tuple[Key, ...]) -> Outcome | None:
    signature = found(module, keys)
    return None if signature is None else signature.outcome


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_signed_by_the_key_that_it_names(name: str) -> None:
    """By certificate or bare key; with the other one, and with none, it cannot be told."""
    signature = found(MODULES[name], BOTH)

    assert signature is not None
    assert signature.outcome is Outcome.VALID
    assert signature.signer is not None
    assert signature.signer.ids[1] == KEYS[name][0].id
    assert signature.coverage.whole
    assert not signature.dated
    bare = Key("spki", signature.signer.ids[0], _spki(KEYS[name][0].data))
    assert outcome(MODULES[name], (bare,)) is Outcome.VALID
    for keys in ((), KEYS["p384" if name == "rsa" else "rsa"]):
        assert outcome(MODULES[name], keys) is Outcome.UNCHECKABLE


def _spki(certificate: bytes) -> bytes:
    parsed = load(certificate)
    assert parsed is not None
    return parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("name", MODULES)
def test_no_flipped_byte_of_the_module_stays_valid(name: str) -> None:
    """In the module it is broken; behind it nothing else than what is not signed may change."""
    data = MODULES[name]
    size = len((VECTORS / "content").read_bytes())
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        now = outcome(bytes(changed), BOTH)
        if place < size:
            assert now is Outcome.BROKEN, place
        elif place >= len(data) - 40 - 48:  # the end of the signature, and the description
            assert now is not Outcome.VALID, place


@pytest.mark.skipif(not CORPUS.exists(), reason="no corpus: set TRUEWARE_CORPUS")
@pytest.mark.parametrize("build", ["47", "50"])
def test_debian(build: str) -> None:
    """Each build's key signed its own module and not the other's; a changed one is broken."""
    keys = read_keys((CORPUS / f"kernel{build}-module-key.der").read_bytes())
    modules = {path.name: path.read_bytes() for path in CORPUS.glob("*.ko")}
    outcomes = {each.part: each.outcome for each in signatures_in(modules, keys) if each.scheme == "kernel-module"}

    for name, module in modules.items():
        assert outcomes[name] is (Outcome.VALID if build in name else Outcome.UNCHECKABLE)
        changed = bytearray(module)
        changed[0x5000] ^= 1
        assert outcome(bytes(changed), keys) is (Outcome.BROKEN if build in name else Outcome.UNCHECKABLE)
