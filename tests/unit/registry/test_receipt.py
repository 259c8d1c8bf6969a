"""COSE receipts: made and verified, published ones judged as their authors say, and every way in which one proves nothing."""

import json
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from tests.unit.registry.logs import OPERATOR, POLICY, fill

from trueware.cose import cbor, sign1
from trueware.errors import UntrustedStatement
from trueware.registry.ledger import ledger
from trueware.registry.logged import prove
from trueware.registry.receipt import (
    make_consistency_receipt,
    make_receipt,
    receipts_of,
    verify_consistency_receipt,
    verify_receipt,
    with_receipts,
)
from trueware.registry.signed import entry_of, public_key, unseal
from trueware.storage.memory import MemoryStore
from trueware.tlog.growth import grow, root
from trueware.tlog.merkle import consistency_proof, inclusion_proof, leaf_hash

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ENTRIES = [b"entry %d" % number for number in range(300)]
TILES = grow(0, map(leaf_hash, ENTRIES), lambda _level, _number: None)


def read(level: int, number: int) -> bytes | None:
    return TILES.get((level, number))


@pytest.mark.parametrize(
    "key", [KEY, ec.derive_private_key(7, ec.SECP256R1()), ec.derive_private_key(7, ec.SECP384R1())]
)
def test_a_receipt_proves_its_entry(key: sign1.PrivateKey) -> None:
    """By each kind of key; and not another entry, nor under another key."""
    receipt = make_receipt(300, 7, inclusion_proof(7, 300, read), root(300, read), key)
    proved = verify_receipt(receipt, ENTRIES[7], [b"another", public_key(key)])

    assert (proved.size, proved.index, proved.root, proved.key) == (300, 7, root(300, read), public_key(key))
    with pytest.raises(UntrustedStatement, match="does not fit"):
        verify_receipt(receipt, ENTRIES[8], [public_key(key)])
    with pytest.raises(UntrustedStatement, match="not signed by a key of the log"):
        verify_receipt(receipt, ENTRIES[7], [public_key(ec.derive_private_key(8, ec.SECP256R1()))])


def test_no_altered_byte_of_a_receipt_is_believed() -> None:
    """Every byte counts."""
    receipt = make_receipt(300, 7, inclusion_proof(7, 300, read), root(300, read), KEY)
    genuine = verify_receipt(receipt, ENTRIES[7], [public_key(KEY)])
    believed = []
    for at in range(len(receipt)):
        altered = bytearray(receipt)
        altered[at] ^= 1
        with suppress(UntrustedStatement):
            believed.append((at, verify_receipt(bytes(altered), ENTRIES[7], [public_key(KEY)])))
        with pytest.raises(UntrustedStatement):
            verify_receipt(receipt[:at], ENTRIES[7], [public_key(KEY)])

    # 300 and 301 leaves have paths of one shape to leaf 7; what is signed, the root, is the same
    assert [replace(each, size=300) for _, each in believed] == [genuine] * len(believed)
    assert len(believed) <= 1


def test_a_consistency_receipt_proves_two_trees() -> None:
    """And not two others."""
    receipt = make_consistency_receipt(100, 300, consistency_proof(100, 300, read), root(300, read), KEY)
    old, new = root(100, read), root(300, read)

    assert verify_consistency_receipt(receipt, old, new, [public_key(KEY)]) == (100, 300)
    for before, after in ((root(99, read), new), (old, root(299, read)), (new, old)):
        with pytest.raises(UntrustedStatement):
            verify_consistency_receipt(receipt, before, after, [public_key(KEY)])
    with pytest.raises(UntrustedStatement, match="no proof of the kind"):
        verify_receipt(receipt, ENTRIES[7], [public_key(KEY)])


def test_one_leaf_has_no_receipt() -> None:
    """The trap: no path can be written, so none is made, and an empty one is refused."""
    with pytest.raises(ValueError, match="tree of one leaf"):
        make_receipt(1, 0, [], leaf_hash(ENTRIES[0]), KEY)
    empty = sign1.sign({395: 1}, leaf_hash(b"x"), KEY, {396: {-1: [cbor.encode([1, 0, []])]}}, detached=True)
    with pytest.raises(UntrustedStatement, match="empty path"):
        verify_receipt(empty, b"x", [public_key(KEY)])


@pytest.mark.parametrize(
    ("protected", "unprotected", "reason"),
    [
        ({}, {396: {-1: [b""]}}, "structure of None"), ({395: True}, {396: {-1: [b""]}}, "structure of True"),
        ({395: 2}, {396: {-1: [b""]}}, "structure of 2"), ({395: 1}, {395: 1}, "both headers"), ({395: 1}, {}, "no proof"),
        ({395: 1}, {396: []}, "no proof"), ({395: 1}, {396: {-1: []}}, "no proof"), ({395: 1}, {396: {-1: [5]}}, "no byte string"),
        ({395: 1}, {396: {-1: [cbor.encode([1, 2])]}}, "two numbers"),
        ({395: 1}, {396: {-1: [cbor.encode([True, 0, [bytes(32)]])]}}, "none"),
        ({395: 1}, {396: {-1: [cbor.encode([2, 0, [bytes(31)]])]}}, "none"),
        ({395: 1}, {396: {-1: [cbor.encode([2, 0, [bytes(32)]]), cbor.encode([2, 1, [bytes(32)]])]}}, "different trees"),
        ({395: 1}, {396: {-1: [b"\xff"]}}, "CBOR"),
    ],
)  # fmt: skip
def test_what_is_no_receipt_is_refused(
    protected: dict[int | str, object], unprotected: dict[int | str, object], reason: str
) -> None:
    """Signed by the right key, and still none."""
    receipt = sign1.sign(protected, b"r" * 32, KEY, unprotected, detached=True)
    with pytest.raises(UntrustedStatement, match=reason):
        verify_receipt(receipt, ENTRIES[7], [public_key(KEY)])


def test_a_statement_carries_its_receipt() -> None:
    """From a registry's log, put into the statement, which is the same leaf with it as without."""
    store = MemoryStore()
    fill(ledger(store, OPERATOR, 5))
    release = store.releases("Acme")[0]
    entry, proof = prove(store, release)
    at = proof.verify(entry, POLICY).checkpoint
    receipt = make_receipt(at.size, proof.index, proof.hashes, at.root, OPERATOR.key)
    carrying = with_receipts(entry, [receipt])

    assert receipts_of(entry) == ()
    assert receipts_of(carrying) == (receipt,)
    assert entry_of(carrying) == entry
    assert verify_receipt(receipt, entry_of(carrying), [public_key(OPERATOR.key)]).index == proof.index
    publisher = store.get_publisher("Acme")
    assert publisher is not None
    assert unseal(carrying, publisher.keys).issuer == "Acme"


def spki(path: Path) -> bytes:
    return load_pem_public_key(path.read_bytes()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_published_receipts(corpus: Path) -> None:
    """Those of scitt-cose: the tampered path and the unsupported structure are refused, each for its reason, the statements hold."""
    reasons = {"TAMPERED_INCLUSION_PATH": "not signed by a key of the log", "UNSUPPORTED_VDS": "structure of 2"}
    folders = sorted(path.parent for path in (corpus / "mobile/scitt-vectors/open/v1").glob("*/expected.json"))
    assert len(folders) >= 2
    for folder in folders:
        expected = json.loads((folder / "expected.json").read_text("utf-8"))
        statement = (folder / "statement.cose").read_bytes()
        message = sign1.parse(statement, ordered=False)
        assert sha256(message.payload).hexdigest() == expected["payload_sha256"]
        if expected["statement_signature_valid"]:
            sign1.check(message, spki(folder / "issuer-key.pub"))
        receipt, keys = (folder / "receipt.cose").read_bytes(), [spki(folder / "log-key.pub")]
        entry = sha256(statement).digest()
        assert entry.hex() == expected["leaf_entry"]
        if expected["receipt_valid"]:
            assert verify_receipt(receipt, entry, keys).index == expected["leaf_index"]
        else:
            with pytest.raises(UntrustedStatement, match=reasons[expected["failure_code"]]):
                verify_receipt(receipt, entry, keys)


def test_the_published_receipt_whose_path_was_altered_holds_with_its_path(corpus: Path) -> None:
    """With the flipped bit of its first hash put back it verifies: it was refused for that alone."""
    folder = corpus / "mobile/scitt-vectors/open/v1/fail-tampered-path"
    receipt, keys = (folder / "receipt.cose").read_bytes(), [spki(folder / "log-key.pub")]
    entry = sha256((folder / "statement.cose").read_bytes()).digest()
    first = bytes.fromhex(json.loads((folder / "expected.json").read_text("utf-8"))["inclusion_path"][0])
    at = receipt.index(first)
    held = []
    for byte in range(32):
        for mask in range(1, 256):
            mended = bytearray(receipt)
            mended[at + byte] ^= mask
            try:
                held.append(verify_receipt(bytes(mended), entry, keys).index)
            except UntrustedStatement:
                continue

    assert held == [2]
