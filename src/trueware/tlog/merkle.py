"""Merkle tree hashing and proofs: RFC 9162 §2.1 (the hash is that of RFC 6962), made from tiles and verified without them.

leaf = SHA-256(0x00 || entry)    node = SHA-256(0x01 || left || right)    the empty tree: SHA-256 of nothing
"""

from collections.abc import Sequence
from hashlib import sha256

from trueware.errors import UntrustedStatement
from trueware.tlog.growth import ReadTile, range_root

EMPTY_ROOT = sha256(b"").digest()
MAX_PROOF = 63
"""Hashes of a proof: a tree has at most 2^63 leaves (C2SP tlog-witness takes as many)."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


def inclusion_proof(number: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """Return the proof that leaf `number` is in the tree of the first `size` leaves (RFC 9162 §2.1.3.1).

    Raises:
        ValueError: it is not, or a tile that is needed is not there.
    """
    if not 0 <= number < size:
        raise ValueError(f"leaf {number} of a tree of {size}")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if number < middle:
            proof.append(range_root(middle, high, read_tile))
            high = middle
        else:
            proof.append(range_root(low, middle, read_tile))
            low = middle
    return proof[::-1]


def consistency_proof(first: int, second: int, read_tile: ReadTile) -> list[bytes]:
    """Return the proof that the tree of `first` leaves is the beginning of that of `second` (RFC 9162 §2.1.4.1).

    Raises:
        ValueError: not 0 < first <= second, or a tile that is needed is not there.
    """
    if not 0 < first <= second:
        raise ValueError(f"a tree of {first} leaves is no beginning of one of {second}")
    proof: list[bytes] = []
    low, high, whole = 0, second, True
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            proof.append(range_root(middle, high, read_tile))
            high = middle
        else:
            proof.append(range_root(low, middle, read_tile))
            low, whole = middle, False
    if not whole:
        proof.append(range_root(low, high, read_tile))
    return proof[::-1]


def verify_inclusion(leaf: bytes, number: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if a leaf hash is at `number` in the tree of `size` leaves with that root (RFC 9162 §2.1.3.2).

    Raises:
        UntrustedStatement: the proof does not show it.
    """
    if root_by_inclusion(leaf, number, size, proof) != root:
        raise UntrustedStatement(f"the proof does not show that leaf {number} is in the tree of {size}")


def root_by_inclusion(leaf: bytes, number: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to.

    Raises:
        UntrustedStatement: it has too few or too many hashes, or one that is none.
    """
    if not 0 <= number < size or len(leaf) != 32:
        raise UntrustedStatement(f"leaf {number} is none of a tree of {size}, or its hash is none")
    # below where the ways to the leaf and to the last leaf part, a hash of the proof is on either side; above, always on the left
    parting = (number ^ (size - 1)).bit_length()
    if len(proof) != parting + (number >> parting).bit_count():
        raise UntrustedStatement("an inclusion proof with too many hashes or too few")
    found, node = leaf, number
    for each in proof[:parting]:
        if len(each) != 32:
            raise UntrustedStatement("an inclusion proof with a hash that is none")
        found = sha256(b"\1" + each + found).digest() if node & 1 else sha256(b"\1" + found + each).digest()
        node >>= 1
    for each in proof[parting:]:
        if len(each) != 32:
            raise UntrustedStatement("an inclusion proof with a hash that is none")
        found = sha256(b"\1" + each + found).digest()
    return found


def verify_consistency(first: int, second: int, proof: Sequence[bytes], old: bytes, new: bytes) -> None:
    """Return if the tree of `first` leaves with root `old` is the beginning of that of `second` with root `new`.

    RFC 9162 §2.1.4.2; from the empty tree, of which there is but one, every tree follows, with an empty proof (C2SP tlog-witness).

    Raises:
        UntrustedStatement: the proof does not show it.
    """
    wrong = UntrustedStatement(f"the proof does not show that the tree of {first} leaves begins that of {second}")
    if not 0 <= first <= second:
        raise wrong
    if first in (0, second):
        same = first != second or old == new
        if proof or not same or (first == 0 and old != EMPTY_ROOT):
            raise wrong
        return
    if not proof or len(proof) > MAX_PROOF + 1 or any(len(each) != 32 for each in proof):
        raise wrong
    hashes = list(proof)
    if first & (first - 1) == 0:
        hashes.insert(0, old)
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            raise wrong
        if node & 1 or node == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, each)
        node, last = node >> 1, last >> 1
    if last or before != old or after != new:
        raise wrong


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
