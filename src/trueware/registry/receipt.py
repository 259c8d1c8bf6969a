"""COSE receipts (RFC 9942): a log's word, in COSE, that an entry is in a tree of it, or that one tree begins another.

A COSE_Sign1 with a detached payload, the root of the tree::

    protected    { 1: alg, 395 vds: 1 (RFC9162_SHA256), ? 4: kid, ? 15: CWT claims }
    unprotected  { 396 vdp: { -1: [ bstr .cbor [size, index, [+ hash]] ] } }             inclusion
                 { 396 vdp: { -2: [ bstr .cbor [size of the first, of the second, [+ hash]] ] } }   consistency

In a statement, receipts stand in the unprotected header 394, an array of them. No inclusion path can be empty, so there is no receipt
for the one leaf of a tree of one; a log of ours has two before it is asked (`ledger`).

What is signed is the root. The size of the tree is bound to it only as far as the path has its shape: another size whose path looks
the same verifies too, so that it orders nothing.

Inclusion was confirmed against the receipts of scitt-cose (its rejections by path and by vds; the entry of a log there is the SHA-256
of the statement, here it is the statement). RFC 9942 was read as draft-18; no public vector of a consistency receipt was at hand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from trueware.cose import cbor, sign1
from trueware.cose.sign1 import PrivateKey
from trueware.errors import MalformedInput, UntrustedStatement
from trueware.registry.signed import key_id, public_key
from trueware.tlog.merkle import MAX_PROOF, leaf_hash, root_by_inclusion, verify_consistency

MAX_RECEIPT = 1 << 20
RECEIPTS = 394
_VDS, _VDP = 395, 396
_RFC9162_SHA256 = 1
_INCLUSION, _CONSISTENCY = -1, -2
_NAME = "receipt"
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """An inclusion that was verified."""

    size: int
    index: int
    root: bytes
    key: bytes
    """DER SubjectPublicKeyInfo of the log's key."""


def make_receipt(size: int, index: int, path: Sequence[bytes], root: bytes, key: PrivateKey) -> bytes:
    """Return the receipt that an entry is at `index` of the tree of `size` leaves with that root.

    Raises:
        ValueError: the path is empty, which no receipt can say.
    """
    if not path:
        raise ValueError("a tree of one leaf has no path, and no receipt")
    return _make(_INCLUSION, [size, index, list(path)], root, key)


def make_consistency_receipt(first: int, second: int, path: Sequence[bytes], root: bytes, key: PrivateKey) -> bytes:
    """Return the receipt that the tree of `second` leaves, with that root, begins with the one of `first`.

    Raises:
        ValueError: the path is empty.
    """
    if not path:
        raise ValueError("trees of the same size need no path, and have no receipt")
    return _make(_CONSISTENCY, [first, second, list(path)], root, key)


def _make(kind: int, proof: list[object], root: bytes, key: PrivateKey) -> bytes:
    protected: dict[int | str, Any] = {_VDS: _RFC9162_SHA256, sign1.KEY_ID: key_id(public_key(key))}
    return sign1.sign(protected, root, key, {_VDP: {kind: [cbor.encode(proof)]}}, detached=True)


def verify_receipt(receipt: bytes, entry: bytes, keys: Iterable[bytes]) -> Receipt:
    """Return what a receipt proves of an entry.

    In this order: its form; the verifiable data structure, from the protected header alone; the root that each of its proofs leads
    to; and that one of `keys` (DER SubjectPublicKeyInfo) signed that root. All of its proofs must lead to the same.

    Raises:
        UntrustedStatement: it proves nothing, and why.
    """
    proofs = _proofs(receipt, _INCLUSION)
    found = {(size, index, root_by_inclusion(leaf_hash(entry), index, size, path)) for size, index, path in proofs}
    if len(found) != 1:
        raise UntrustedStatement("a receipt whose proofs lead to different trees")
    ((size, index, root),) = found
    return Receipt(size, index, root, _signed_by(receipt, root, keys))


def verify_consistency_receipt(receipt: bytes, old: bytes, new: bytes, keys: Iterable[bytes]) -> tuple[int, int]:
    """Return the sizes of two trees, of which the one with root `old` begins the one with root `new`.

    Raises:
        UntrustedStatement: the receipt does not prove it.
    """
    sizes = set()
    for first, second, path in _proofs(receipt, _CONSISTENCY):
        verify_consistency(first, second, path, old, new)
        sizes.add((first, second))
    if len(sizes) != 1:
        raise UntrustedStatement("a receipt whose proofs are of different trees")
    _signed_by(receipt, new, keys)
    return sizes.pop()


def receipts_of(statement: bytes) -> tuple[bytes, ...]:
    """Return the receipts that a statement carries; nothing is verified.

    Raises:
        UntrustedStatement: it is no statement, or carries something else in their place.
    """
    try:
        carried = sign1.parse(statement).unprotected.get(RECEIPTS, [])
    except MalformedInput as error:
        raise UntrustedStatement(str(error)) from error
    if not isinstance(carried, list) or not all(isinstance(each, bytes) for each in carried):
        raise UntrustedStatement("receipts that are no array of byte strings")
    return tuple(carried)


def with_receipts(statement: bytes, receipts: Sequence[bytes]) -> bytes:
    """Return a statement that carries these receipts, in the place of those it carried (RFC 9943: Transparent Statement).

    Raises:
        UntrustedStatement: it is no statement.
    """
    try:
        message = sign1.parse(statement)
    except MalformedInput as error:
        raise UntrustedStatement(str(error)) from error
    unprotected = {**message.unprotected, RECEIPTS: list(receipts)}
    return statement[:1] + cbor.encode([message.signed_header, unprotected, message.payload, message.signature])


def _proofs(receipt: bytes, kind: int) -> list[tuple[int, int, list[bytes]]]:
    try:
        message = _parse(receipt, b"")
        if message.protected.get(_VDS) != _RFC9162_SHA256 or isinstance(message.protected[_VDS], bool):
            raise UntrustedStatement(
                f"a verifiable data structure of {message.protected.get(_VDS)!r}, which is not read"
            )
        given = message.unprotected.get(_VDP)
        proofs = given.get(kind) if isinstance(given, dict) else None
        if not isinstance(proofs, list) or not 0 < len(proofs) <= MAX_PROOF:
            raise UntrustedStatement("no proof of the kind that is asked for")
        return [_proof(each) for each in proofs]
    except MalformedInput as error:
        raise UntrustedStatement(str(error)) from error


def _proof(data: object) -> tuple[int, int, list[bytes]]:
    if not isinstance(data, bytes):
        raise UntrustedStatement("a proof that is no byte string")
    fields: Any = cbor.decode(data, _NAME, max_depth=3, ordered=False)
    if not isinstance(fields, list) or len(fields) != 3 or not isinstance(fields[2], list):
        raise UntrustedStatement("a proof that is no list of two numbers and a path")
    one, other, path = fields
    numbers = all(type(each) is int and 0 <= each <= _LARGEST for each in (one, other))
    hashes = 0 < len(path) <= MAX_PROOF and all(isinstance(each, bytes) and len(each) == 32 for each in path)
    if not numbers or not hashes:
        raise UntrustedStatement("a proof with sizes or hashes that are none, or an empty path")
    return one, other, path


def _signed_by(receipt: bytes, root: bytes, keys: Iterable[bytes]) -> bytes:
    try:
        message = _parse(receipt, root)
    except MalformedInput as error:
        raise UntrustedStatement(str(error)) from error
    named = message.protected.get(sign1.KEY_ID)
    for key in keys:
        if named is None or named == key_id(key):
            try:
                sign1.check(message, key)
            except UntrustedStatement:
                if named is not None:
                    raise
            else:
                return key
    raise UntrustedStatement("the receipt is not signed by a key of the log")


def _parse(receipt: bytes, root: bytes) -> sign1.Sign1:
    if len(receipt) > MAX_RECEIPT:
        raise UntrustedStatement(f"{len(receipt)} bytes, more than {MAX_RECEIPT}")
    return sign1.parse(receipt, root, ordered=False)
