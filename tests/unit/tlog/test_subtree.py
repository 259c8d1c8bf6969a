"""Subtrees: every one of every small tree, its proof, and each way in which the proof is spoilt. Published vectors: `test_merkle`."""

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueware.errors import UntrustedStatement
from trueware.tlog.growth import grow
from trueware.tlog.merkle import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hash
from trueware.tlog.subtree import is_subtree, subtree_proof, verify_subtree, verify_subtree_inclusion

HASHES = [leaf_hash(b"%d" % number) for number in range(1200)]
TILES = grow(0, HASHES, lambda _level, _number: None)
OTHER = sha256(b"other").digest()


def read(level: int, number: int) -> bytes | None:
    return TILES.get((level, number))


@cache
def naive(low: int, high: int) -> bytes:
    if high - low < 2:
        return HASHES[low] if high > low else EMPTY_ROOT
    middle = low + (1 << (high - low - 1).bit_length() - 1)
    return sha256(b"\1" + naive(low, middle) + naive(middle, high)).digest()


def refused(start: int, end: int, size: int, proof: list[bytes], part: bytes, root: bytes) -> None:
    with pytest.raises(UntrustedStatement):
        verify_subtree(start, end, size, proof, part, root)


@pytest.mark.parametrize("size", range(40))
def test_every_subtree_of_small_trees(size: int) -> None:
    """Is proved; not with a hash more or less or altered, nor of another part, size or root."""
    root = naive(0, size)
    for start in range(size + 1):
        for end in range(start, size + 1):
            if not is_subtree(start, end, size):
                refused(start, end, size, [], naive(start, end), root)
                with pytest.raises(ValueError, match="no subtree"):
                    subtree_proof(start, end, size, read)
                continue
            proof, part = subtree_proof(start, end, size, read), naive(start, end)
            verify_subtree(start, end, size, proof, part, root)
            if start == 0 < end:
                assert proof == consistency_proof(end, size, read)
            refused(start, end, size, [*proof, OTHER], part, root)
            refused(start, end, size, proof, OTHER, root)
            if start < end:
                refused(start, end, size, proof, part, OTHER)
            for at in range(len(proof)):
                refused(start, end, size, proof[:at] + proof[at + 1 :], part, root)
                refused(start, end, size, [*proof[:at], OTHER, *proof[at + 1 :]], part, root)
                refused(start, end, size, [*proof[:at], proof[at][:31], *proof[at + 1 :]], part, root)


@given(st.integers(1, 1200), st.integers(0, 10), st.integers(0, 1200), st.data())
@settings(max_examples=200, deadline=None)
def test_subtrees_over_several_tiles(size: int, height: int, at: int, data: st.DataObject) -> None:
    """A part, and a leaf in it by its number in the whole tree."""
    start = (at % size) >> height << height
    end = data.draw(st.integers(start + 1, min(size, start + (1 << height))))
    part = naive(start, end)
    verify_subtree(start, end, size, subtree_proof(start, end, size, read), part, naive(0, size))

    tiles = grow(0, HASHES[start:end], lambda _level, _number: None)
    number = data.draw(st.integers(start, end - 1))
    proof = inclusion_proof(number - start, end - start, lambda level, place: tiles.get((level, place)))
    verify_subtree_inclusion(HASHES[number], number, start, end, proof, part)
    for wrong in (start - 1, end):
        with pytest.raises(UntrustedStatement):
            verify_subtree_inclusion(HASHES[number], wrong, start, end, proof, part)


def test_what_is_a_subtree() -> None:
    """It starts at a multiple of the power of two that holds it (§4.1)."""
    found = {(start, end) for start in range(-1, 6) for end in range(8) if is_subtree(start, end, 6) and start < end}

    assert found == {*((0, end) for end in range(1, 7)), (1, 2), (2, 3), (2, 4), (3, 4), (4, 5), (4, 6), (5, 6)}
    with pytest.raises(UntrustedStatement):
        verify_subtree_inclusion(HASHES[4], 4, 3, 5, [HASHES[3]], naive(3, 5))


def test_what_is_no_subtree_is_proved_by_no_hashes() -> None:
    """The steps would lead from the root of leaves 0 to 2 to that of the tree, and call it leaves 1 and 2."""
    proof = [HASHES[2], HASHES[3], naive(0, 2), naive(4, 8)]
    verify_subtree(0, 3, 8, proof, naive(0, 3), naive(0, 8))
    refused(1, 3, 8, proof, naive(0, 3), naive(0, 8))


def test_a_proof_does_not_go_on_above_the_root() -> None:
    """Though the root of a larger tree is what it leads to."""
    proof = [*subtree_proof(0, 3, 4, read), OTHER]
    refused(0, 3, 4, proof, naive(0, 3), sha256(b"\1" + OTHER + naive(0, 4)).digest())


def test_the_subtree_of_no_leaf() -> None:
    """Its root is that of the empty tree, and so is that of the tree where that has no leaf."""
    verify_subtree(3, 3, 5, [], EMPTY_ROOT, naive(0, 5))
    verify_subtree(0, 0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    refused(0, 0, 0, [], EMPTY_ROOT, OTHER)
    refused(3, 3, 5, [OTHER], EMPTY_ROOT, naive(0, 5))
