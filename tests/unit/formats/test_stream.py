"""The cursor over chunks, against the bytes it runs over."""

from hypothesis import given
from hypothesis import strategies as st

from trueware.formats.stream import Stream

DATA = bytes(range(256))


@given(
    st.lists(st.integers(0, 40), max_size=20),
    st.lists(st.tuples(st.sampled_from(["take", "read", "peek", "skip", "chunks"]), st.integers(0, 60)), max_size=20),
)
def test_every_way_to_take_gives_the_same_bytes(sizes: list[int], steps: list[tuple[str, int]]) -> None:
    """However the bytes are cut into chunks, and in whatever steps they are taken, each comes once and in order."""
    data = DATA[: sum(sizes)]
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    stream = Stream(DATA[end - size : end] for size, end in zip(sizes, ends, strict=True))
    at = 0
    for step, size in steps:
        wanted = data[at : at + size]
        if step == "peek":
            assert bytes(stream.peek(size)) == wanted
            continue
        if step == "skip":
            assert stream.skip(size) == len(wanted)
        elif step == "chunks":
            assert b"".join(stream.chunks(size)) == wanted
        else:
            assert bytes(getattr(stream, step)(size)) == wanted
        at += len(wanted)
        assert stream.offset == at

    assert b"".join(stream.rest()) == data[at:]
    assert stream.offset == len(data)


def test_what_was_read_is_held_alone() -> None:
    """Bytes to be kept are no view of a chunk, which would keep all of it."""
    stream = Stream([DATA])

    assert isinstance(stream.read(3), bytes)
    assert stream.take(3).obj is DATA
