"""Sigstore bundles and DSSE envelopes: those of sigstore-conformance, and envelopes that openssl signed."""

import json
import os
import random
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.unit.signatures.labels import labels
from tests.unit.signatures.sigstore_corpus import BUNDLES, DEFAULT, is_about_default
from tests.unit.signatures.sigstore_corpus import signatures_of_bundle as found
from tests.unit.signatures.sites import signatures_in

from trueware.errors import MalformedInput
from trueware.model.signature import Outcome
from trueware.signatures.contract import Key
from trueware.signatures.keys import identity_id, read_keys

VECTORS = Path(__file__).parents[2] / "vectors/signatures"
CORPUS = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere")) / "mobile/sigstore-conformance/open"
LABELLED = [label for _, label in labels(CORPUS)]

IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
    "extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"
PUBLIC_ROOT = "3ba7b6cc4e95469d4d334b49cb257ad8537076fa84b0ca87ff4ecfe6a54680c1"
STAGING_ROOT = "bca21d3cc62c9d6a52be9989e6a705f99e91a39d9114890990789ef75d382b39"


@pytest.mark.parametrize("case", ["happy-path-v0.3", "rekor2-timestamp-with-embedded-cert", "rekor2-dsse-happy-path"])
def test_vectors(case: str) -> None:
    """Who signed is told by identity, and when by the log or an authority; what is covered by digest."""
    (signature,) = found(BUNDLES / case)

    assert signature.outcome is Outcome.VALID, signature.detail
    assert signature.signer is not None
    authority = PUBLIC_ROOT if case.startswith("happy") else STAGING_ROOT
    assert signature.signer.ids[0] == identity_id(authority, ISSUER, IDENTITY)
    assert signature.signed_at is not None
    assert dict(signature.statements)["identity"] == IDENTITY
    if "dsse" not in case:
        assert signature.coverage.digests == {DEFAULT}


def test_an_identity_is_a_key() -> None:
    """What a publisher hands out to say who signs for them has the name that signatures have."""
    (key,) = read_keys(f"issuer: {ISSUER}\nidentity: {IDENTITY}\n".encode())
    assert key.id == identity_id(PUBLIC_ROOT, ISSUER, IDENTITY)
    (other,) = read_keys(f"authority: {STAGING_ROOT}\nissuer: {ISSUER}\nidentity: {IDENTITY}\n".encode())
    assert other.id == identity_id(STAGING_ROOT, ISSUER, IDENTITY)


def test_without_a_root_it_cannot_be_told() -> None:
    """Nobody's word counts by itself, and another root's does not."""
    case = BUNDLES / "happy-path-v0.3"
    (signature,) = found(case, keys=())
    assert signature.outcome is Outcome.UNCHECKABLE
    staging = read_keys((BUNDLES / "rekor2-dsse-happy-path/trusted_root.json").read_bytes())
    (signature,) = found(case, keys=staging)
    assert signature.outcome is Outcome.UNCHECKABLE


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(each, (*path, name))
    else:
        yield path


@pytest.mark.parametrize("case", ["happy-path-v0.3", "rekor2-timestamp-with-embedded-cert", "rekor2-dsse-happy-path"])
def test_whatever_is_changed_nobody_else_is_believed(case: str) -> None:
    """A bundle with any value changed, or left out, is not valid, or says the same as before."""
    text = (BUNDLES / case / "bundle.sigstore.json").read_text()
    (good,) = found(BUNDLES / case)
    chance = random.Random(1)
    for path in leaves(json.loads(text)):
        for way in range(6):
            bundle = json.loads(text)
            inner = bundle
            for name in path[:-1]:
                inner = inner[name]
            value = str(inner[path[-1]])
            if way == 0:
                del inner[path[-1]]
            elif way == 1:
                inner[path[-1]] = chance.choice([None, 1 << 70, -1, [], {}, "", "\ud800", 3.5, True])
            elif value:
                at = chance.randrange(len(value))
                inner[path[-1]] = value[:at] + chance.choice("A0zZ+/=1 \n") + value[at + 1 :]
            for signature in found(BUNDLES / case, json.dumps(bundle).encode()):
                if signature.outcome is Outcome.VALID:
                    assert (signature.signer, signature.coverage) == (good.signer, good.coverage), path


def test_whatever_the_bytes_nothing_escapes() -> None:
    """Cut and overwritten bundles and roots are answered."""
    case = BUNDLES / "rekor2-dsse-happy-path"
    text, root = (case / "bundle.sigstore.json").read_bytes(), (case / "trusted_root.json").read_bytes()
    chance = random.Random(2)
    for _ in range(100):
        changed = bytearray(text)
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        found(case, bytes(changed))
        found(case, text[: chance.randrange(len(text))] + b"dev.sigstore.bundle")
        other = bytearray(root)
        other[chance.randrange(len(root))] = chance.randrange(32, 127)
        found(case, keys=(Key("sigstore-root", "sigstore-root:0", bytes(other)),))
    found(case, b"[" * 100_000 + b"dev.sigstore.bundle")


@pytest.mark.skipif(not LABELLED, reason="no corpus: set TRUEWARE_CORPUS")
@pytest.mark.parametrize("label", LABELLED, ids=lambda label: label["file"])
def test_corpus(label: dict[str, str]) -> None:
    """Bundles that must be taken are, and the others are not."""
    folder = CORPUS / label["file"]
    try:
        (signature,) = found(folder)
    except MalformedInput:  # a key that is none
        assert label["expected"] == "reject"
        return
    accepted = signature.outcome is Outcome.VALID
    accepted = accepted and is_about_default(folder, (signature,))
    assert accepted == (label["expected"] == "accept"), signature.detail


ENVELOPES = sorted(path.parent.name for path in (VECTORS / "dsse").glob("*/expected.json"))
PUBLIC = tuple(
    key for path in sorted((VECTORS / "dsse/keys").glob("*.pub.pem")) for key in read_keys(path.read_bytes())
)


@pytest.mark.parametrize("case", ENVELOPES)
def test_envelopes(case: str) -> None:
    """Outcome, and whether the statement vouches for its subjects, are those expected."""
    data = (VECTORS / "dsse" / case / "release.intoto.jsonl").read_bytes()
    expected = json.loads((VECTORS / "dsse" / case / "expected.json").read_text())
    (signature,) = signatures_in({"release.intoto.jsonl": data}, PUBLIC)

    assert signature.outcome.value == expected["outcome"], signature.detail
    vouched = frozenset({sha256(b"a release\n").digest()} if expected["vouches"] else ())
    assert signature.coverage.digests == vouched


@pytest.mark.parametrize("case", ["rsa", "ecdsa", "ed25519"])
def test_no_changed_payload_stays_valid(case: str) -> None:
    """Each character of payload, type and signature counts."""
    text = (VECTORS / "dsse" / case / "release.intoto.jsonl").read_text()
    for found_ in re.finditer(r'"(?:payload|payloadType|sig)": "([^"]+)"', text):
        for at in range(found_.start(1), found_.end(1)):
            changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
            (signature,) = signatures_in({"x.dsse": changed.encode()}, PUBLIC)
            assert signature.outcome is not Outcome.VALID or text[at + 1] == "=", at
