"""Runtime policies of Keylime: contents by path, and envelopes that hold or do not."""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importing import mirrors
from tests.unit.importing.mirrors import PUBLISHER
from tests.unit.importing.test_sboms import one, refused, stated

from trueware.errors import InputError, UntrustedStatement
from trueware.registry.enrol import enrol
from trueware.registry.references import Imported, Reference
from trueware.registry.trust import admit
from trueware.signatures.keys import read_keys
from trueware.storage.memory import MemoryStore


def hexed(data: bytes) -> str:
    return sha256(data).hexdigest()


def policy(**more: Any) -> dict[str, Any]:
    digests = {"/usr/bin/id": [hexed(b"id")], "/bin/sh": ["sha256:" + hexed(b"sh"), hexed(b"sh2")], "/old": ["0" * 40]}
    return {"meta": {"version": 1, "generator": 3}, "release": 0, "digests": digests, "excludes": [], **more}


def contents(reference: Reference) -> dict[str, bytes]:
    assert reference.manifest is not None
    return {path: part.sha256 for path, part in reference.manifest.walk() if part.sha256}


def test_what_is_stated(tmp_path: Path) -> None:
    found = stated(tmp_path, "router-1.2.json", policy(), "Acme")
    first, second = (each for each in found if isinstance(each, Reference))
    assert (first.publisher, first.product, first.version, second.version) == ("Acme", "router", "1.2", "1.2 (2)")
    assert first.source == "router-1.2.json, Keylime runtime policy, not signed"
    assert contents(first) == {"usr/bin/id": sha256(b"id").digest(), "bin/sh": sha256(b"sh").digest()}
    assert contents(second) == {"bin/sh": sha256(b"sh2").digest()}
    assert "1 files without SHA-256" in refused(found)


def test_what_is_told_and_not_taken(tmp_path: Path) -> None:
    more = {"excludes": ["/tmp/.*"], "keyrings": {".ima": ["00"]}, "ima-buf": {"dm_table_load": []}}
    told = refused(stated(tmp_path, "p.json", policy(**more), "Acme"))
    for each in ("excludes: 1 ", "keyrings: 1 ", "ima-buf: 1 "):
        assert each in told


@pytest.mark.parametrize("digests", [None, [], "x", 1])
def test_no_policy(tmp_path: Path, digests: object) -> None:
    with pytest.raises(InputError):
        stated(tmp_path, "p.json", {**policy(), "digests": digests}, "Acme")


@pytest.mark.parametrize("contents", [None, 1, [None], [["x"]], {"a": 1}, ["sm3_256:" + "0" * 64], ["é"]])
def test_contents_that_are_none(tmp_path: Path, contents: object) -> None:
    found = one([each for each in stated(tmp_path, "p.json", policy(), "Acme") if isinstance(each, Reference)][:1])
    bad = stated(tmp_path, "p.json", {**policy(), "digests": {"/x": contents, "/y": [hexed(b"y")]}}, "Acme")
    (taken,) = [each for each in bad if isinstance(each, Reference)]
    assert found.manifest is not None
    assert list(taken.manifest.walk() if taken.manifest else ())
    assert "1 files without SHA-256" in refused(bad)


class Signed:
    """An envelope with a key of our own, as Keylime's ``create_allowlist`` makes it."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self.key = ec.generate_private_key(ec.SECP256R1())
        self.pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def envelope(self, payload: bytes, kind: str = "application/vnd.keylime+json") -> dict[str, Any]:
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.hashes import SHA256

        signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
        value = b64encode(self.key.sign(signed, ec.ECDSA(SHA256()))).decode()
        signature = {"keyid": sha256(self.pem).hexdigest(), "sig": value}
        return {"payload": b64encode(payload).decode(), "payloadType": kind, "signatures": [signature]}


def take(folder: Path, envelope: object, pem: bytes | None) -> tuple[MemoryStore, Imported]:
    store = MemoryStore()
    enrol(store, PUBLISHER, (), (), 1)
    if pem is not None:
        admit(store, PUBLISHER, read_keys(pem, "policy"), 1)
    (folder / "p.json").write_text(json.dumps(envelope))
    return store, mirrors.take(store, folder / "p.json", None, 1_800_000_000)


def test_a_signed_policy_is_its_signers(tmp_path: Path) -> None:
    signer = Signed()
    store, done = take(tmp_path, signer.envelope(json.dumps(policy()).encode()), signer.pem)
    assert done.added == 2
    assert all(f"signed by {PUBLISHER}" in each.source for each in store.releases())


def test_a_strangers_policy_is_somebodys_word(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--publisher"):
        take(tmp_path, Signed().envelope(json.dumps(policy()).encode()), None)


def test_a_changed_policy_states_nothing(tmp_path: Path) -> None:
    signer = Signed()
    envelope = signer.envelope(json.dumps(policy()).encode())
    envelope["payload"] = b64encode(json.dumps(policy(release=1)).encode()).decode()
    with pytest.raises(UntrustedStatement, match="not by"):
        take(tmp_path, envelope, signer.pem)


def test_an_envelope_of_another_thing(tmp_path: Path) -> None:
    from trueware.importing import load
    from trueware.importing.contract import Context, Document
    from trueware.sources.mirrors import FolderMirror

    data = json.dumps(Signed().envelope(b"{}", "application/vnd.in-toto+json")).encode()
    (tmp_path / "p.json").write_bytes(data)
    with pytest.raises(InputError, match="in-toto"):
        list(load("keylime-policy").read(Document("p.json", data, FolderMirror(tmp_path)), Context(1)))


def test_keylimes_own(tmp_path: Path, corpus: Path) -> None:
    """Its signed policy is verified by its key: it has SHA-1 alone, so that nothing can be compared; its damaged one is none."""
    folder = corpus / "attest/public/keylime__keylime"
    pem = (folder / "both/test/data/runtime-policy-pubkey.pub").read_bytes()
    good = json.loads((folder / "open/test/data/runtime-policy-test-signed.json").read_bytes())
    _, done = take(tmp_path, good, pem)
    assert (done.added, done.refused[-1].reason) == (0, "no digest")
    bad = json.loads((folder / "open/test/data/runtime-policy-test-signed-bad.json").read_bytes())
    with pytest.raises(InputError, match="no DSSE envelope"):
        take(tmp_path, bad, pem)
    changed = {**good, "payload": b64encode(json.dumps(policy()).encode()).decode()}
    with pytest.raises(UntrustedStatement):
        take(tmp_path, changed, pem)
    for name, count in (("policy-sm3_256", 1), ("policy-sha384", 0), ("policy-unknown", 0)):
        data = (folder / "open/test/data/create-runtime-policy" / name).read_bytes()
        assert sum(isinstance(each, Reference) for each in stated(tmp_path, name, data, "Acme")) == count
