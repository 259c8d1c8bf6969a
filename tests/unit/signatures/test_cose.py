"""COSE: the examples of the COSE working group, statements of SCITT, and Wycheproof's vectors of the algorithms."""

import json
import os
import random
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.signatures.cose_corpus import example_results, signers_of, spki, wycheproof_accepts
from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome
from trueware.signatures.apk.keys import RSA
from trueware.signatures.apk.keys import verifies as apk_verifies
from trueware.signatures.contract import Key
from trueware.signatures.cose import read_message
from trueware.signatures.keys import read_keys
from trueware.signatures.prehashed import is_signed
from trueware.signatures.refusal import Refusal

VECTORS = Path(__file__).parents[2] / "vectors/signatures/cose"
CORPUS = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere")) / "mobile"
EXAMPLES = sorted(VECTORS.glob("*.json")) + sorted((CORPUS / "cose-examples/open").glob("*.json"))


@pytest.mark.skipif(not EXAMPLES, reason="no examples")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    """Each signature holds or not as the example says, with its external data; other algorithms are refused."""
    example = json.loads(path.read_text())
    given = example["input"]
    if "sign0" not in given and "sign" not in given:
        with pytest.raises(Refusal):
            read_message(bytes.fromhex(example["output"]["cbor"]))
        return
    try:
        results = example_results(example)
    except Refusal:
        results = [False]
    if not results:
        assert any(signer["key"]["kty"] == "HSS-LMS" for signer in signers_of(example))
    else:
        assert all(results) == (not example.get("fail", False)), results


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.parent == VECTORS], ids=lambda path: path.stem)
def test_no_flipped_bit_stays_signed(path: Path) -> None:
    """What is protected, the payload and the signature: each bit counts. Headers that are not protected are only hints."""
    example = json.loads(path.read_text())
    data = bytes.fromhex(example["output"]["cbor"])
    single = example["input"].get("sign0") or example["input"]["sign"]["signers"][0]
    key = Key("spki", "spki-sha256:0", spki(single["key"]))
    kid = single["unprotected"]["kid"].encode()
    hint = range(data.index(kid) - 3, data.index(kid) + len(kid))
    if "external" in single:
        return
    (good,) = signatures_in({"statement.cose": data}, (key,))
    assert (good.outcome is Outcome.VALID) == (not example.get("fail", False))
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        for each in signatures_in({"statement.cose": bytes(changed)}, (key,)):
            assert each.outcome is not Outcome.VALID or at in hint, at


def test_whatever_the_bytes_nothing_escapes() -> None:
    """Cut and overwritten messages are answered."""
    chance = random.Random(1)
    data = bytes.fromhex(json.loads((VECTORS / "sign1-tests__sign-pass-01.json").read_text())["output"]["cbor"])
    for _ in range(500):
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 6)):
            changed[chance.randrange(2, len(changed))] = chance.randrange(256)
        signatures_in({"statement.cose": bytes(changed), "statement": b"x"})
        signatures_in({"statement.cose": data[: chance.randrange(len(data))]})
    signatures_in({"statement.cose": b"\xd2" + b"\x81" * 10_000})


STATEMENTS = sorted((CORPUS / "scitt-vectors/open/v1").glob("*/statement.cose"))


@pytest.mark.skipif(not STATEMENTS, reason="no corpus: set TRUEWARE_CORPUS")
@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.parent.name)
def test_statements(path: Path) -> None:
    """The statements of SCITT's vectors are signed by their issuer, whatever is wrong with the receipt."""
    expected = json.loads((path.parent / "expected.json").read_text())
    keys = read_keys((path.parent / "issuer-key.pub").read_bytes())
    (signature,) = signatures_in({"payload.bin.cose": path.read_bytes()}, keys)

    assert (signature.outcome is Outcome.VALID) == expected["statement_signature_valid"]
    assert signature.coverage.digests == {bytes.fromhex(expected["payload_sha256"])}
    assert dict(signature.statements)["subject"] == expected["protected_header"]["statement"]["subject"]


TRANSPARENT = sorted((CORPUS / "scitt-vectors/open/ms").glob("*.cose"))


@pytest.mark.skipif(not TRANSPARENT, reason="no corpus: set TRUEWARE_CORPUS")
@pytest.mark.parametrize("path", TRANSPARENT, ids=lambda path: path.stem)
def test_transparent_statements_in_use(path: Path) -> None:
    """Statements of Microsoft's: signed by the certificate that comes with them, or the key is not at hand; never broken."""
    (signature,) = signatures_in({"statement.cose": path.read_bytes()})
    assert signature.outcome is not Outcome.BROKEN, signature.detail


WYCHEPROOF = sorted((CORPUS / "wycheproof/open").glob("*.json"))


@pytest.mark.skipif(not WYCHEPROOF, reason="no corpus: set TRUEWARE_CORPUS")
def test_wycheproof() -> None:
    """No invalid signature of an algorithm that is used here is taken, and no valid one refused."""
    counted: Counter[str] = Counter()
    for path in WYCHEPROOF:
        document = json.loads(path.read_text())
        if isinstance(document, list) or document["algorithm"].startswith("ML-DSA") or path.name == "labels.jsonl":
            continue
        for group in document["testGroups"]:
            for test in group["tests"]:
                taken = wycheproof_accepts(group, document["algorithm"], test)
                if taken is None:
                    counted["not used"] += 1
                elif test["result"] == "invalid":
                    assert not taken, (path.name, test)
                    counted["invalid"] += 1
                elif test["result"] == "valid":
                    assert taken, (path.name, test)
                    counted["valid"] += 1
    assert counted["invalid"] > 1000
    assert counted["valid"] > 500


@pytest.mark.skipif(not WYCHEPROOF, reason="no corpus: set TRUEWARE_CORPUS")
def test_wycheproof_by_the_other_verifiers() -> None:
    """The same by what APK and CMS signatures are verified by: RSA with PKCS #1, and ECDSA in DER."""
    counted = 0
    for path in WYCHEPROOF:
        if not path.name.startswith(("rsa_signature", "ecdsa")):
            continue
        document = json.loads(path.read_text())
        for group in document["testGroups"]:
            name = group["sha"].replace("-", "").lower()
            if name not in ("sha256", "sha384", "sha512"):
                continue
            key = bytes.fromhex(group["publicKeyDer"])
            for test in group["tests"]:
                message, made = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
                taken = [is_signed(key, name, _digest(name, message), made)]
                taken.append(apk_verifies(key, RSA if path.name.startswith("rsa") else "ECDSA", name, made, message))
                assert test["result"] != "invalid" or not any(taken), (path.name, test)
                assert test["result"] != "valid" or all(taken), (path.name, test)
                counted += 1
    assert counted > 1000


def _digest(name: str, data: bytes) -> bytes:
    from hashlib import new

    return new(name, data).digest()


def test_a_payload_beside_the_message() -> None:
    """A file without ``.cose`` in its name is what is signed, where the message has no payload."""
    example = json.loads((VECTORS / "sign1-tests__sign-pass-01.json").read_text())
    key = Key("spki", "spki-sha256:0", spki(example["input"]["sign0"]["key"]))
    data = bytes.fromhex(example["output"]["cbor"])
    payload = b"This is the content."
    detached = data.replace(b"\x54" + payload, b"\xf6")
    (signature,) = signatures_in({"a.txt.cose": detached, "a.txt": payload}, (key,))
    assert (signature.outcome, signature.coverage.paths) == (Outcome.VALID, ("a.txt",))
    (signature,) = signatures_in({"a.txt.cose": detached, "a.txt": payload + b"!"}, (key,))
    assert signature.outcome is Outcome.UNCHECKABLE
    (signature,) = signatures_in({"a.txt.cose": data, "other": payload}, (key,))
    assert signature.coverage.digests == {sha256(payload).digest()}
