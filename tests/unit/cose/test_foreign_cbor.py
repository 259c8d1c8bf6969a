"""CBOR of others: RFC 8949's own examples, what is refused, and that nothing is lost."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.cose.foreign_cbor import Budget, Tagged, Value, decode, encode
from trueware.errors import InputError, LimitExceeded, MalformedInput

# RFC 8949 appendix A, those that are no simple values without a use here
EXAMPLES: list[tuple[str, Value]] = [
    ("00", 0), ("17", 23), ("1818", 24), ("1903e8", 1000), ("1a000f4240", 1000000), ("1bffffffffffffffff", 2**64 - 1),
    ("3bffffffffffffffff", -(2**64)), ("20", -1), ("3863", -100), ("f90000", 0.0), ("f98000", -0.0), ("f93c00", 1.0),
    ("fb3ff199999999999a", 1.1), ("f97bff", 65504.0), ("fa47c35000", 100000.0), ("fb7e37e43c8800759c", 1e300),
    ("f90001", 5.960464477539063e-8), ("f9c400", -4.0), ("f97c00", float("inf")), ("f4", False), ("f5", True), ("f6", None),
    ("c074323031332d30332d32315432303a30343a30305a", Tagged(0, "2013-03-21T20:04:00Z")),
    ("d74401020304", Tagged(23, bytes([1, 2, 3, 4]))),
    ("40", b""), ("60", ""), ("62c3bc", "ü"), ("64f0908591", "\U00010151"), ("80", ()), ("8301820203820405", (1, (2, 3), (4, 5))),
    ("a0", {}), ("a26161016162820203", {"a": 1, "b": (2, 3)}),
]  # fmt: skip

# the same appendix: encodings that are not deterministic, and what they are when written again
LENIENT = [
    ("fa7f800000", "f97c00"), ("5f42010243030405ff", "450102030405"), ("7f657374726561646d696e67ff", "6973747265616d696e67"),
    ("9fff", "80"), ("9f018202039f0405ffff", "8301820203820405"), ("bf61610161629f0203ffff", "a26161016162820203"),
    ("1800", "00"), ("1b0000000000000001", "01"), ("a2616201616102", "a2616102616201"), ("fb3ff8000000000000", "f93e00"),
]  # fmt: skip


@pytest.mark.parametrize(("encoded", "value"), EXAMPLES)
def test_examples_of_the_standard(encoded: str, value: Value) -> None:
    data = bytes.fromhex(encoded)
    found = decode(data, "example")
    assert (found, type(found)) == (value, type(value))
    assert encode(value) == data


@pytest.mark.parametrize(("encoded", "again"), LENIENT)
def test_other_encodings_are_read_and_written_deterministically(encoded: str, again: str) -> None:
    assert encode(decode(bytes.fromhex(encoded), "example")).hex() == again


def test_keys_are_in_the_order_of_their_encodings() -> None:
    """RFC 8949 §4.2.1 has this very example."""
    keys: list[int | str] = [10, 100, -1, "z", "aa"]
    assert list(decode(encode(dict.fromkeys(reversed(keys), 0)), "example")) == keys  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("", "the bytes end"),
        ("18", "a head that is cut"),
        ("1c", "a kind that does not exist"),
        ("44010203", "4 bytes, 3 are left"),
        ("62ff00", "no UTF-8"),
        ("7f61c361bcff", "no UTF-8"),  # a character cut in two
        ("5f6161ff", "not made of strings"),
        ("5f5f4101ffff", "not made of strings"),
        ("a201020103", "stands twice"),
        ("a20102180103", "stands twice"),  # 1 in two encodings
        ("a1f501", "neither integer, text nor bytes"),
        ("a182010203", "neither integer, text nor bytes"),
        ("0000", "1 bytes behind"),
        ("f7", "a simple value of 23"),
        ("f820", "a simple value of 32"),
        ("ff", "a kind that does not exist"),
        ("9a7fffffff", "values, 0 bytes are left"),
        ("ba7fffffff00", "pairs, 1 bytes are left"),
        ("5b7fffffffffffffff", "are left"),
        ("9f", "the bytes end"),
    ],
)
def test_what_is_refused(encoded: str, reason: str) -> None:
    with pytest.raises(MalformedInput, match=reason):
        decode(bytes.fromhex(encoded), "example")


def test_ceilings() -> None:
    with pytest.raises(LimitExceeded, match="depth of CBOR"):
        decode(b"\x81" * 200 + b"\x00", "example")
    with pytest.raises(LimitExceeded, match="depth of CBOR"):
        decode(b"\xc1" * 100_000, "example")
    with pytest.raises(LimitExceeded, match="values of CBOR"):
        decode(b"\x9f" + b"\x00" * 100 + b"\xff", "example", Budget(50))
    with pytest.raises(LimitExceeded, match="values of CBOR"):
        decode(b"\x5f" + b"\x40" * 100 + b"\xff", "example", Budget(50))


def test_time_grows_with_the_bytes_alone() -> None:
    """Many small pieces of a string, many keys, deep arrays: none is quadratic."""

    def cost(data: bytes) -> float:
        taken = []
        for _ in range(3):
            before = process_time()
            decode(data, "example")
            taken.append(process_time() - before)
        return min(taken)

    for first, repeated in ((b"\x5f", b"\x41a" * 25_000), (b"\x9f", b"\x00" * 50_000)):
        # eight times the bytes; were it quadratic, sixty-four times the time
        assert cost(first + 8 * repeated + b"\xff") < 24 * cost(first + repeated + b"\xff")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.integers(-(2**64), 2**64 - 1) | st.text() | st.binary(), inner, max_size=4)
        | st.builds(Tagged, st.integers(0, 2**64 - 1), inner)
    ),
    max_leaves=12,
)


@given(values)
def test_what_is_written_is_read_as_the_same(value: Value) -> None:
    data = encode(value)
    assert decode(data, "example") == value
    assert encode(decode(data, "example")) == data


@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        value = decode(data, "example")
    except InputError:
        return
    assert encode(decode(encode(value), "example")) == encode(value)  # what is not a number is not equal to itself
