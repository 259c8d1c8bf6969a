"""No vector of any format, cut or flipped anywhere, escapes: an answer comes, and equality is never claimed silently."""

import os
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Measure
from tests.promises.vectors import VECTORS, Vector
from trueware.formats import FORMATS
from trueware.formats.contract import Format
from trueware.model.part import Kind, Part

_SWEEP = os.environ.get("TRUEWARE_SWEEP") == "all"
"""Flip every byte and try every length of every vector up to 6,000 bytes: `make sweep`, an hour on two cores."""

_SMALL, _SAMPLED = (6_000, 1_000) if _SWEEP else (160, 60)
"""Bytes up to which every byte is flipped and every length tried, and about how many places of a larger vector are."""

by_name = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


def _places(vector: Vector) -> range:
    """Return the places to try: evenly spread, beginning elsewhere in each vector, so that no field is left out in all."""
    size = len(vector.data)
    step = 1 if size <= _SMALL else size // _SAMPLED
    return range(crc32(vector.name.encode()) % step, size, step)


@by_name
def test_flipped_bit_never_passes_silently(vector: Vector, measure_bytes: Measure) -> None:
    """A flipped byte changes the artefact's digest, and its tree too unless only packing changed, which the parts show."""
    data = vector.data
    genuine = measure_bytes(data).root
    for at in _places(vector):
        altered = bytearray(data)
        altered[at] ^= 1 << (at % 8)
        root = measure_bytes(bytes(altered)).root

        assert root.sha256 != genuine.sha256
        if root.tree == genuine.tree:
            assert _contents(root) == _contents(genuine), f"byte {at}"


@by_name
def test_truncated_vector_is_answered(vector: Vector, measure_bytes: Measure) -> None:
    """Every prefix is measured; none of its parts is larger than it could be."""
    data = vector.data
    for size in _places(vector):
        root = measure_bytes(data[:size]).root

        assert root.size == size


@by_name
def test_parts_tile_the_input(vector: Vector, measure_bytes: Measure) -> None:
    """Regions, padding and gaps with an offset lie within their container."""
    stack = [measure_bytes(vector.data).root]
    while stack:
        part = stack.pop()
        stack.extend(part.children)
        for child in part.children:
            if child.offset is not None and child.kind in (Kind.GAP, Kind.PADDING):
                assert 0 <= child.offset <= child.offset + child.size <= part.size


def _contents(part: Part) -> list[tuple[str, str, bytes | None, int | None]]:
    return [
        (path, each.kind.value, each.sha256, each.mode)
        for path, each in part.walk()
        if each.kind is not Kind.PADDING and path and not each.is_container
    ]


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
@given(tail=st.binary(max_size=2048), seed=st.integers(0, 255))
def test_arbitrary_bytes_are_read_or_refused(
    format_: type[Format], tail: bytes, seed: int, measure_bytes: Measure
) -> None:
    """Anything behind a format's magic is read or refused; nothing else happens."""
    data = bytearray([seed]) * 64 + tail
    for magic in format_.magics:
        start = magic.offset if magic.offset >= 0 else len(data) + magic.offset
        if start + len(magic.value) > len(data):
            data.extend(bytes(start + len(magic.value) - len(data)))
        data[start : start + len(magic.value)] = magic.value

    assert measure_bytes(bytes(data)).root.size == len(data)
