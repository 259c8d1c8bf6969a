"""The list of packings: its one encoding, its sketch, and whose word may support whom."""

from dataclasses import replace
from hashlib import sha256

import pytest

from trueware.errors import MalformedInput
from trueware.model.release import Release
from trueware.model.verdict import Authority
from trueware.registry.packings import SKETCH, decode, encode, may_support, sketch

_SIGNED = Release("a" * 64, "Acme", "Router", "1", Authority.PUBLISHER, bytes(32))


def digest(number: int) -> bytes:
    return sha256(bytes([number])).digest()


def test_list_comes_back_in_order() -> None:
    """A list has one encoding, whatever order it was made in."""
    listed = {digest(3): (digest(4), 5), digest(1): (digest(2), 0), digest(5): (digest(2), (1 << 64) - 1)}
    data = encode(listed)

    assert data == encode(dict(reversed(listed.items())))
    assert list(decode(data).items()) == sorted(listed.items())
    assert decode(b"") == {}


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        encode({digest(1): (digest(2), 3)})[:-1],
        encode({digest(1): (digest(2), 3)}) * 2,
        encode({digest(1): (digest(2), 3), digest(3): (digest(4), 5)})[72:]
        + encode({digest(1): (digest(2), 3), digest(3): (digest(4), 5)})[:72],
    ],
    ids=["one byte", "cut", "twice", "out of order"],
)
def test_other_bytes_are_no_list(data: bytes) -> None:
    """What `encode` does not write is refused."""
    with pytest.raises(MalformedInput, match="packings"):
        decode(data)


def test_sketches_of_sets_that_share_a_part_share_as_large_a_part() -> None:
    """Half of the packings in common shows in the sketches; a subset's smallest that are among the others' smallest stay."""
    some = {sha256(number.to_bytes(4, "big")).digest() for number in range(4000)}
    others = {sha256(number.to_bytes(4, "big")).digest() for number in range(2000, 6000)}
    common = len(set(sketch(some)) & set(sketch(others)))

    assert len(sketch(some)) == SKETCH
    assert SKETCH // 4 < common < SKETCH * 3 // 4
    assert sketch(sorted(some)[:3]) == sorted(some)[:3]


@pytest.mark.parametrize(
    ("source", "supports"),
    [
        (_SIGNED, True),
        (replace(_SIGNED, id="b" * 64, version="2"), True),
        (replace(_SIGNED, id="b" * 64, publisher="Other"), False),
        (replace(_SIGNED, id="b" * 64, authority=Authority.GOLDEN_SAMPLE), False),
        (replace(_SIGNED, id="b" * 64, authority=Authority.THIRD_PARTY), False),
    ],
)
def test_only_a_publisher_s_own_word_supports_its_release(source: Release, *, supports: bool) -> None:
    """Another publisher, or a weaker authority, cannot make a release's verdict."""
    assert may_support(source, _SIGNED) is supports


def test_golden_samples_support_only_themselves() -> None:
    """Two samples of one name may come from two hands."""
    sample = replace(_SIGNED, authority=Authority.GOLDEN_SAMPLE)

    assert may_support(sample, sample)
    assert not may_support(replace(sample, id="b" * 64), sample)
