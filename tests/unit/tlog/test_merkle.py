"""Trees: tiles, roots and proofs against a tree that is made naively, and the published vectors of proofs."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueware.errors import UntrustedStatement
from trueware.tlog.growth import grow, holds, root
from trueware.tlog.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from trueware.tlog.subtree import verify_subtree, verify_subtree_inclusion

HASHES = [leaf_hash(b"%d" % number) for number in range(1200)]
TILES = grow(0, HASHES, lambda _level, _number: None)


def read(level: int, number: int) -> bytes | None:
    return TILES.get((level, number))


def naive(hashes: list[bytes]) -> bytes:
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"").digest()
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return sha256(b"\1" + naive(hashes[:half]) + naive(hashes[half:])).digest()


ROOTS = {
    size: naive(HASHES[:size]) for size in (*range(70), *range(250, 262), *range(506, 518), 767, 768, 769, 1199, 1200)
}
SIZES = st.sampled_from(sorted(ROOTS))


def test_known_answers() -> None:
    """The empty tree and a leaf, computed by hand from the definition (RFC 9162 §2.1.1)."""
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_tiles_give_the_root_of_every_size() -> None:
    """That of the naive tree."""
    for size, expected in ROOTS.items():
        assert root(size, read) == expected, size


@given(st.lists(st.integers(1, 400), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_tiles_are_the_same_however_they_grew(steps: list[int]) -> None:
    """In steps of any size, or at once."""
    tiles: dict[tuple[int, int], bytes] = {}
    size = 0
    for step in steps:
        new = HASHES[size : size + step]
        tiles |= grow(size, new, lambda level, number: tiles.get((level, number)))  # noqa: B023 (called at once)
        size += len(new)

    assert tiles == grow(0, HASHES[:size], lambda _level, _number: None)


def test_a_missing_tile_is_said() -> None:
    """Growing and reading want the tiles that must be there."""
    with pytest.raises(ValueError, match="tile 0 of level 0 is not there"):
        grow(5, [b"x" * 32], lambda _level, _number: None)
    with pytest.raises(ValueError, match="is not there"):
        root(300, lambda level, number: read(level, number) if level else None)


@given(SIZES, st.data())
@settings(max_examples=300, deadline=None)
def test_inclusion(size: int, data: st.DataObject) -> None:
    """A proof made from tiles verifies, and none of its neighbours does."""
    if not size:
        return
    number = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(number, size, read)
    verify_inclusion(HASHES[number], number, size, proof, ROOTS[size])
    assert holds(size, number, HASHES[number], read)

    wrong = [
        (HASHES[number + 1], number, size, proof), (HASHES[number], number, size, [*proof, proof[0] if proof else HASHES[0]]),
        (HASHES[number], size, size, proof), (HASHES[number], -1, size, proof),
    ]  # fmt: skip
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        altered = [bytes([each[0] ^ 1]) + each[1:] if index == at else each for index, each in enumerate(proof)]
        wrong += [(HASHES[number], number, size, proof[:-1]), (HASHES[number], number, size, altered)]
        wrong += [(HASHES[number], number, size, [proof[0][:31], *proof[1:]])]
    for leaf, place, width, hashes in wrong:
        with pytest.raises(UntrustedStatement):
            verify_inclusion(leaf, place, width, hashes, ROOTS[size])
    assert not holds(size, number, HASHES[number + 1], read)


@given(SIZES, SIZES, st.data())
@settings(max_examples=400, deadline=None)
def test_consistency(one: int, other: int, data: st.DataObject) -> None:
    """A proof made from tiles verifies, and none of its neighbours does."""
    first, second = sorted((one, other))
    proof = consistency_proof(first, second, read) if first else []
    verify_consistency(first, second, proof, ROOTS[first], ROOTS[second])

    # from the empty tree every tree follows
    wrong = [(proof, ROOTS[first], HASHES[-1])] if first else []
    if second > 1:
        wrong.append(([*proof, HASHES[0]], ROOTS[first], ROOTS[second]))
    if first:
        wrong.append((proof, HASHES[-1], ROOTS[second]))
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        altered = [bytes([each[0] ^ 1]) + each[1:] if index == at else each for index, each in enumerate(proof)]
        wrong += [(proof[:-1], ROOTS[first], ROOTS[second]), (altered, ROOTS[first], ROOTS[second])]
    for hashes, old, new in wrong:
        with pytest.raises(UntrustedStatement):
            verify_consistency(first, second, hashes, old, new)


def test_a_tree_does_not_begin_a_smaller_one() -> None:
    """Nor is a negative size one."""
    for first, second in ((5, 4), (-1, 4)):
        with pytest.raises(UntrustedStatement):
            verify_consistency(first, second, [], ROOTS[5], ROOTS[4])
        with pytest.raises(ValueError, match="no beginning"):
            consistency_proof(first, second, read)
    # hashes that would lead from the one root to the other, were it asked for the sizes last
    proof, new = [HASHES[0], HASHES[1]], node_hash(HASHES[0], HASHES[1])
    with pytest.raises(UntrustedStatement):
        verify_consistency(3, 2, proof, HASHES[0], new)


def test_a_tile_that_is_cut_is_said() -> None:
    """It makes no root, is not added to, and holds no leaf that is not in it; nor does a tree hold one behind its end."""
    cut = {
        place: tile[: len(tile) // 64 * 32] for place, tile in grow(0, HASHES[:8], lambda _level, _number: None).items()
    }

    def read_cut(level: int, number: int) -> bytes | None:
        return cut.get((level, number))

    with pytest.raises(ValueError, match="has no 8 hashes"):
        root(8, read_cut)
    with pytest.raises(ValueError, match="has no 8 hashes"):
        grow(8, HASHES[8:9], read_cut)
    assert holds(8, 3, HASHES[3], read_cut)
    assert not holds(8, 4, HASHES[4], read_cut)
    assert not holds(5, 7, HASHES[7], read)
    assert not holds(5, -1, HASHES[-1], read)
    assert not holds(300, 299, HASHES[299], lambda _level, _number: None)


def test_a_proof_does_not_go_on_above_the_root() -> None:
    """Hashes beyond those that the size wants lead to the root of a larger tree, which is none of this size."""
    with pytest.raises(UntrustedStatement, match="too many hashes"):
        verify_inclusion(HASHES[1], 0, 1, [HASHES[0]], ROOTS[2])
    with pytest.raises(UntrustedStatement, match="too many hashes"):
        verify_inclusion(HASHES[4], 1, 2, [HASHES[0], HASHES[1]], node_hash(HASHES[1], node_hash(HASHES[0], HASHES[4])))
    # likewise where a tree begins another: both roots get one hash more
    old, new = ROOTS[3], ROOTS[4]
    proof = [*consistency_proof(3, 4, read), HASHES[9]]
    with pytest.raises(UntrustedStatement):
        verify_consistency(3, 4, proof, node_hash(HASHES[9], old), node_hash(HASHES[9], new))


def test_a_leaf_that_is_not_there_has_no_proof() -> None:
    """Nor has any of the empty tree."""
    for number, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(ValueError, match=f"leaf {number} of a tree of {size}"):
            inclusion_proof(number, size, read)


@pytest.mark.parametrize("size", range(1, 20))
def test_a_proof_is_of_one_place_in_trees_of_one_shape(size: int) -> None:
    """Exhaustively: by no other index, and in no tree of another size that wants a proof of that length from there."""
    for number in range(size):
        proof = inclusion_proof(number, size, read)
        for other in range(size + 2):
            if other != number:
                with pytest.raises(UntrustedStatement):
                    verify_inclusion(HASHES[number], other, size, proof, ROOTS[size])
        for end in range(number + 1, 24):
            if ROOTS[end] != ROOTS[size]:
                with pytest.raises(UntrustedStatement):
                    verify_inclusion(HASHES[number], number, end, inclusion_proof(number, end, read), ROOTS[size])


def accepted(case: dict[str, object], kind: str) -> bool:
    def data(name: str) -> bytes:
        value = case[name]
        return b64decode(value) if isinstance(value, str) else b""

    def number(name: str) -> int:
        value = case[name]
        assert isinstance(value, int)
        return value

    hashes = case["proof"] or []
    assert isinstance(hashes, list)
    proof = [b64decode(each) for each in hashes]
    try:
        match kind:
            case "inclusion":
                verify_inclusion(data("leafHash"), number("leafIdx"), number("treeSize"), proof, data("root"))
            case "consistency":
                verify_consistency(number("size1"), number("size2"), proof, data("root1"), data("root2"))
            case "subtreeinclusion":
                place = number("leafIdx"), number("start"), number("end")
                verify_subtree_inclusion(data("leafHash"), *place, proof, data("root"))
            case _:
                place = number("start"), number("end"), number("size")
                verify_subtree(*place, proof, data("root1"), data("root2"))
    except UntrustedStatement:
        return False
    return True


KINDS = {"inclusion": 52, "consistency": 53, "subtreeinclusion": 96, "subtreeconsistency": 60}


@pytest.mark.parametrize("kind", KINDS)
def test_published_vectors(kind: str, corpus: Path) -> None:
    """Each is accepted or rejected as its authors (transparency-dev/merkle) say, and none is passed over."""
    folder = corpus / "mobile/merkle-proofs/open"
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text("utf-8").splitlines()]
    wrong, count = [], 0
    for label in labels:
        if label["file"].startswith(f"{kind}/"):
            case = json.loads((folder / label["file"]).read_text("utf-8"))
            count += 1
            if accepted(case, kind) is not (label["expected"] == "accept"):
                wrong.append(label["file"])

    assert count == KINDS[kind]
    assert wrong == []
