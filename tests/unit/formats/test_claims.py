"""Claims: what is claimed is covered, slack that is zero too, and nothing beyond the image."""

from itertools import pairwise

from trueware.formats.claims import Claims
from trueware.formats.contract import Reading


def account(data: bytes, claims: Claims, unit: int = 16, grain: int = 1) -> tuple[list[tuple[int, int]], list[str]]:
    reading = Reading()
    claims.account(reading, unit, grain)
    covered = [False] * len(data)
    for start, end in reading.spans:
        assert 0 <= start < end <= len(data)
        covered[start:end] = [True] * (end - start)
    edges = [at for at in range(1, len(data)) if covered[at] != covered[at - 1]]
    bounds = [0, *edges, len(data)]
    left = [(first, last) for first, last in pairwise(bounds) if not covered[first]]
    return left, [anomaly.rule for anomaly in reading.anomalies]


def test_zero_slack_within_a_block_is_covered_and_whole_blocks_are_not() -> None:
    """The rest of a block belongs to what begins or ends in it; blocks that nobody claims are for others to look at."""
    data = bytes(64)
    claims = Claims(memoryview(data))
    claims.take(0, 10)
    claims.take(50, 64)

    assert account(data, claims) == ([(16, 48)], [])


def test_slack_in_use_is_left() -> None:
    """A byte that is not zero makes all of its stretch content nobody read."""
    data = bytes(12) + b"x" + bytes(51)
    claims = Claims(memoryview(data))
    claims.take(0, 10)

    assert account(data, claims)[0][0][0] == 10


def test_small_slack_in_use_is_added_up() -> None:
    """Many small leavings make one anomaly, not many parts."""
    data = bytes([1]) * 64
    claims = Claims(memoryview(data))
    claims.take(0, 30)
    claims.take(34, 64)

    assert account(data, claims, 64, 8) == ([], ["hidden-content"])


def test_two_owners_are_told_and_sharing_is_not() -> None:
    """What several share may overlap, what has an owner may not."""
    data = bytes(64)
    shared, owned = Claims(memoryview(data)), Claims(memoryview(data))
    for start in (0, 8):
        shared.share(start, start + 40)
        owned.take(start, start + 40)

    assert account(data, shared)[1] == []
    assert account(data, owned)[1] == ["overlap"]


def test_claims_end_with_the_image() -> None:
    """What is said to reach behind the end covers what is there."""
    data = bytes(20)
    claims = Claims(memoryview(data))
    claims.take(10, 1 << 40)
    claims.share(30, 50)

    assert account(data, claims)[1] == []


def test_hidden_counts_stretches_in_use() -> None:
    """Unclaimed stretches count whole where any byte of them is in use."""
    data = bytes(10) + b"abc" + bytes(20)
    claims = Claims(memoryview(data))
    claims.take(0, 8)
    claims.share(20, 33)

    assert claims.hidden() == 12
