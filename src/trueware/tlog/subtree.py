"""Proofs about a part of a tree: leaves `start` to `end` - 1 as a tree of their own (draft-ietf-plants-merkle-tree-certs §4).

Such a subtree starts at a multiple of the power of two that holds it: 4 to 6 is one, 3 to 5 is not. Its root is that of the tree over
its leaves alone, of which those hashes that the whole tree has too prove that it is a part of it. With `start` 0 the proof is the
consistency proof of RFC 9162.

The numbers below are the steps of §4.4.3. Confirmed by the vectors of transparency-dev/merkle, which have the subtree of no leaf too:
its root is that of the empty tree, and it is a part of every tree, with an empty proof.
"""

from collections.abc import Sequence

from trueware.errors import UntrustedStatement
from trueware.tlog.growth import ReadTile, range_root
from trueware.tlog.merkle import EMPTY_ROOT, node_hash, verify_inclusion


def is_subtree(start: int, end: int, size: int) -> bool:
    """Tell whether there can be a subtree of leaves `start` to `end` - 1 in a tree of `size` leaves."""
    if not 0 <= start <= end <= size:
        return False
    return start == end or start % (1 << (end - start - 1).bit_length()) == 0


def subtree_proof(start: int, end: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """Return the proof that the subtree is a part of the tree of the first `size` leaves (§4.4.1).

    Raises:
        ValueError: it is no subtree of one, or a tile that is needed is not there.
    """
    if not is_subtree(start, end, size):
        raise ValueError(f"leaves {start} to {end} are no subtree of a tree of {size}")
    proof: list[bytes] = []
    low, high, known = 0, size, True
    while start != end and (start, end) != (low, high):
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        if end <= middle:
            proof.append(range_root(middle, high, read_tile))
            high = middle
        else:
            proof.append(range_root(low, middle, read_tile))
            if start < middle:  # the subtree goes on to the right: its root is none of the tree's nodes
                start, known = middle, False
            low = middle
    if not known:
        proof.append(range_root(low, high, read_tile))
    return proof[::-1]


def verify_subtree_inclusion(
    leaf: bytes, number: int, start: int, end: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Return if a leaf hash is at `number`, counted in the whole tree, in the subtree with that root (§4.3).

    Raises:
        UntrustedStatement: the proof does not show it.
    """
    if not is_subtree(start, end, end) or not start <= number < end:
        raise UntrustedStatement(f"leaf {number} is none of a subtree of leaves {start} to {end}")
    verify_inclusion(leaf, number - start, end - start, proof, root)


def verify_subtree(start: int, end: int, size: int, proof: Sequence[bytes], part: bytes, root: bytes) -> None:
    """Return if the subtree with root `part` is a part of the tree of `size` leaves with that root.

    Raises:
        UntrustedStatement: the proof does not show it.
    """
    wrong = UntrustedStatement(f"the proof does not show that leaves {start} to {end} are so in the tree of {size}")
    if not is_subtree(start, end, size) or not set(map(len, proof)) <= {32}:  # 1
        raise wrong
    if start == end:
        if proof or part != EMPTY_ROOT or (not size and root != EMPTY_ROOT):
            raise wrong
        return
    first, last, top = start, end - 1, size - 1
    while first != last and (
        last == top or last & 1
    ):  # 2: up to the largest node that both trees have at the subtree's end
        first, last, top = first >> 1, last >> 1, top >> 1
    rest = iter(proof)
    before = after = part if first == last else next(rest, b"")  # 3
    for each in rest:  # 4
        if top == 0:
            raise wrong
        if last & 1 or last == top:
            if first < last:
                before = node_hash(each, before)
            after = node_hash(each, after)
            while not last & 1 and last:
                first, last, top = first >> 1, last >> 1, top >> 1
        else:
            after = node_hash(after, each)
        first, last, top = first >> 1, last >> 1, top >> 1
    if top or before != part or after != root:  # 5
        raise wrong
