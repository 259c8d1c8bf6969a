"""Published things as they are in the corpus: checkpoints of Sigstore's logs, and signed statements of scitt-cose."""

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from trueware.cose import sign1
from trueware.errors import MalformedInput, UntrustedStatement
from trueware.tlog import checkpoint
from trueware.tlog.note import read_note


def envelopes(value: Any) -> Iterator[str]:
    """Yield the checkpoints in a bundle, wherever they are."""
    if isinstance(value, dict):
        if isinstance(value.get("envelope"), str):
            yield value["envelope"]
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from envelopes(each)


def test_checkpoints_of_sigstore(corpus: Path) -> None:
    """All are read and written as they were, but the one whose signatures were taken away."""
    read, refused = 0, []
    for path in sorted((corpus / "mobile/sigstore-conformance/open").glob("*/bundle.sigstore.json")):
        for envelope in envelopes(json.loads(path.read_text("utf-8"))):
            try:
                note = read_note(envelope.encode())
            except MalformedInput as error:
                refused.append((path.parent.name, error.reason))
                continue
            assert bytes(note).decode() == envelope
            at = checkpoint.parse(note.text)
            assert note.text.startswith(str(at))
            assert at.size
            read += 1

    assert read == 27
    assert refused == [("rekor2-checkpoint-missing-log-signature_fail", "0 signatures, 1 to 100 are expected")]


def test_statements_of_scitt(corpus: Path) -> None:
    """Each verifies by the key beside it and by no other, and speaks of its record; what was altered there lies outside of them."""
    keys, messages = set(), []
    for path in sorted((corpus / "mobile/scitt-vectors/open/tamper-states").glob("*/bundle.json")):
        for record in json.loads(path.read_text("utf-8"))["bundle"]:
            signed = record["signed_statement"]
            key = load_pem_public_key(signed["pubkey_pem"].encode())
            spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            message = sign1.parse(b64decode(signed["statement_b64"]), ordered=False)
            sign1.check(message, spki)
            assert message.protected[sign1.CWT_CLAIMS][2] == record["capsule_id"]
            assert json.loads(message.payload)["capsule_id"] == record["capsule_id"]
            keys.add(spki)
            messages.append((message, spki))

    assert len(messages) == 6
    for message, spki in messages:
        for other in keys - {spki}:
            with pytest.raises(UntrustedStatement):
                sign1.check(message, other)


def test_statements_that_want_what_is_not_read_are_refused(corpus: Path) -> None:
    """Of scitt-ccf-ledger: a critical header, and times as tagged values; none of them is taken for less than it says."""
    reasons = {}
    for path in sorted((corpus / "mobile/scitt-vectors/open/ms").glob("*.cose")):
        try:
            sign1.parse(path.read_bytes(), ordered=False)
        except MalformedInput as error:
            reasons[path.name] = error.reason

    assert len(reasons) == 4
    assert reasons.pop("css-attested-cosesign1-20250925.cose") == "critical headers that are not understood"
    assert all("semantic tag 1" in reason for reason in reasons.values())
