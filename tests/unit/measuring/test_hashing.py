"""Hashing contents, and telling what they are, whatever the pieces they come in."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from time import monotonic

import pytest

from trueware.errors import MalformedInput
from trueware.formats import FORMATS
from trueware.formats.contract import Buffer, Held, Produced
from trueware.measuring.budget import Budget
from trueware.measuring.detect import HEAD, Detector
from trueware.measuring.hashing import Hashed, Hasher
from trueware.model.limits import Limits

LIMITS = Limits()
DATA = bytes(range(256)) * 1024


def examine(content: Held | Produced, *, hold: bool = False) -> Hashed:
    budget = Budget(LIMITS, 1 << 30, monotonic)
    return Hasher(Detector(FORMATS), budget, LIMITS).examine(content, whole=True, hold=hold)


def pieces(*sizes: int) -> list[bytes]:
    """Return the beginning of DATA in pieces of these sizes."""
    ends = [sum(sizes[:number]) for number in range(len(sizes) + 1)]
    return [DATA[start:end] for start, end in pairwise(ends)]


def produced(*sizes: int, stated: bool = True) -> Produced:
    return Produced(lambda: iter(pieces(*sizes)), sum(sizes) if stated else None)


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize(
    "sizes", [(), (0,), (5,), (1, 2, 3), (HEAD - 1, 1), (HEAD,), (HEAD, 7), (100, HEAD), (2 * HEAD, 3, 60), (9,) * 9000]
)
def test_pieces_make_no_difference(sizes: tuple[int, ...], hold: bool, stated: bool) -> None:  # noqa: FBT001
    """Size and digest are those of all the bytes, and held bytes are all of them."""
    whole = b"".join(pieces(*sizes))

    hashed = examine(produced(*sizes, stated=stated), hold=hold)

    assert (hashed.size, hashed.sha256, hashed.error) == (len(whole), sha256(whole).digest(), None)
    assert hashed.view is None if not hold else bytes(hashed.view or b"") == whole


@pytest.mark.parametrize("size", [5, HEAD - 1, HEAD, HEAD + 1, 2 * HEAD])
def test_what_is_wrong_behind_the_last_byte_is_heard(size: int) -> None:
    """A content that only shows to be wrong after the size it states, as by a checksum, is never taken for sound."""

    def produce() -> Iterator[Buffer]:
        yield DATA[:size]
        raise MalformedInput("test", 0, "the checksum does not fit")

    hashed = examine(Produced(produce, size))

    assert isinstance(hashed.error, MalformedInput)
    assert hashed.sha256 is None


@pytest.mark.parametrize("size", [3 * HEAD, HEAD // 2])
def test_a_magic_at_the_end_is_found(size: int) -> None:
    """What is recognised by its last bytes is found in content that is not held, however the last pieces are cut."""
    archive = b"PK\5\6" + bytes(18)
    data = bytes(size) + archive

    hashed = examine(Produced(lambda: iter([data[:-30], data[-30:-9], data[-9:]]), len(data)))

    assert [format_.name for format_ in hashed.formats] == ["zip"]
    assert bytes(hashed.view or b"") == data
