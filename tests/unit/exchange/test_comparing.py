"""The rules of comparison, each with what it must refuse (draft-ietf-rats-corim-11 §8.2.4.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.cose.foreign_cbor import Tagged, Value
from trueware.exchange.corim import comparing
from trueware.exchange.corim.comid import ClassMap, Environment, Flags, Measurement, MeasurementValues
from trueware.exchange.corim.common import Digest, Version

A, B = b"a" * 32, b"b" * 32


@pytest.mark.parametrize(
    ("condition", "entry", "expected"),
    [
        ([(1, A)], [(1, A)], True),
        ([(1, A)], [(1, B)], False),
        ([(1, A)], [(7, A)], False),  # no common algorithm
        ([(1, A), (7, B)], [(1, A)], True),
        ([(1, A), (7, B)], [(1, A), (7, A)], False),  # any common one that differs: no downgrade
        ([(1, A), (7, B)], [(7, B), (8, A)], True),
        ([], [(1, A)], False),
        ([(1, A)], [], False),
        ([(1, A), (1, A)], [(1, A)], False),  # two values for one algorithm, even alike
        ([(1, A), (1, B)], [(1, A)], False),
        ([(1, A)], [(1, A), (1, B)], False),
        ([("sha-256", A)], [(1, A)], True),  # two names of one algorithm
        ([("sha-256", A), (1, B)], [(1, B)], False),
        ([("SHA-256", A), (7, A)], [(1, B), (7, A)], False),
        ([("sha-256;truncated", A)], [(1, A)], False),
    ],
)
def test_digests(
    condition: list[tuple[int | str, bytes]], entry: list[tuple[int | str, bytes]], *, expected: bool
) -> None:
    found = comparing.digests_match([Digest(*each) for each in condition], [Digest(*each) for each in entry])
    assert found is expected


digests = st.lists(
    st.builds(Digest, st.sampled_from([1, 7, 8, "sha-256", "other"]), st.sampled_from([A, B])), max_size=4
)


@given(digests, digests)
def test_digests_are_symmetric_and_never_match_against_a_contradiction(one: list[Digest], other: list[Digest]) -> None:
    matches = comparing.digests_match(one, other)
    assert matches == comparing.digests_match(other, one)
    if matches:
        for each in one:
            same = [its for its in other if comparing.algorithm_of(its) == comparing.algorithm_of(each)]
            assert all(its.val == each.val for its in same)
            assert not comparing.digests_match(one, [Digest(its.alg, its.val + b"!") for its in other])


def svn(number: int) -> Tagged:
    return Tagged(552, number)


def least(number: int) -> Tagged:
    return Tagged(553, number)


@pytest.mark.parametrize(
    ("condition", "entry", "expected"),
    [
        (3, 3, True),
        (3, svn(3), True),
        (svn(3), 4, False),
        (least(3), 3, True),
        (least(3), svn(9), True),
        (least(3), svn(2), False),  # rolled back
        (svn(3), least(3), False),
        (3, least(3), False),
        (least(3), least(3), True),
        (least(3), least(4), False),
        (True, 1, False),
        (svn(-1), -1, False),
        (Tagged(999, 3), 3, False),
    ],
)
def test_security_version_numbers(condition: int | Tagged, entry: int | Tagged, *, expected: bool) -> None:
    assert comparing.svn_matches(condition, entry) is expected


def raw(value: bytes, mask: bytes | None = None, *, older: bool = False) -> MeasurementValues:
    if mask is None or older:
        return MeasurementValues(raw_value=Tagged(560, value), raw_value_mask=mask)
    return MeasurementValues(raw_value=Tagged(563, (value, mask)))


@pytest.mark.parametrize(
    ("condition", "entry", "expected"),
    [
        (raw(b"\x0f\xf0"), raw(b"\x0f\xf0"), True),
        (raw(b"\x0f\xf0"), raw(b"\x0f\xf1"), False),
        (raw(b"\x0f\xf0", b"\xff\xf0"), raw(b"\x0f\xf1"), True),
        (raw(b"\x0f\xf0", b"\xff\xf0", older=True), raw(b"\x0f\xf1"), True),
        (raw(b"\x0f\xf0", b"\xff\xf1"), raw(b"\x0f\xf1"), False),
        (raw(b"\x0f", b"\x00"), raw(b"\x0f\xf1"), False),  # lengths
        (raw(b"\x0f\xf0", b"\xff"), raw(b"\x0f\xf0"), False),
        (raw(b"\x0f"), raw(b"\x0f", b"\xff"), False),  # an entry has no mask
        (raw(b"\x0f"), MeasurementValues(raw_value=Tagged(999, b"\x0f")), False),
        (raw(b"\x0f"), MeasurementValues(name="x"), False),
    ],
)
def test_raw_values(condition: MeasurementValues, entry: MeasurementValues, *, expected: bool) -> None:
    assert comparing.raw_values_match(condition, entry) is expected
    assert comparing.values_match(condition, entry) is expected


def span(low: int | None, high: int | None) -> Tagged:
    return Tagged(564, (low, high))


@pytest.mark.parametrize(
    ("condition", "entry", "expected"),
    [
        (5, 5, True),
        (5, 6, False),
        (span(1, 9), 1, True),
        (span(1, 9), 10, False),
        (span(None, 9), -100, True),
        (span(1, None), 1 << 60, True),
        (span(1, 9), span(2, 8), True),
        (span(1, 9), span(0, 8), False),
        (span(1, 9), span(2, None), False),
        (span(None, None), span(None, 3), True),
        (5, span(5, 5), True),
        (5, span(5, None), False),
        (span(1, 9), True, False),
        (Tagged(564, (1,)), 1, False),
    ],
)
def test_ranges(condition: Value, entry: Value, *, expected: bool) -> None:
    assert comparing.int_ranges_match(condition, entry) is expected


def test_registers() -> None:
    """Each register of the condition must be there; number and name are two things."""
    entry = ((0, (Digest(1, A),)), ("5", (Digest(1, B),)), (7, (Digest(1, B),)))
    assert comparing.registers_match(((0, (Digest(1, A),)),), entry)
    assert not comparing.registers_match(((0, (Digest(1, B),)),), entry)
    assert not comparing.registers_match(((5, (Digest(1, B),)),), entry)
    assert not comparing.registers_match(((9, (Digest(1, B),)),), entry)
    assert not comparing.registers_match((), entry)


def test_flags_that_are_not_stated_are_unknown() -> None:
    assert comparing.flags_match(Flags(is_debug=False), Flags(is_debug=False, is_secure=True))
    assert not comparing.flags_match(Flags(is_debug=False), Flags(is_secure=True))
    assert not comparing.flags_match(Flags(is_debug=False), Flags(is_debug=True))
    assert not comparing.flags_match(Flags(), Flags(is_debug=True))
    assert not comparing.flags_match(10, 10)


def test_keys_in_their_order() -> None:
    one, other = Tagged(560, b"1"), Tagged(560, b"2")
    assert comparing.cryptokeys_match((one,), (one, other))
    assert not comparing.cryptokeys_match((other,), (one, other))
    assert not comparing.cryptokeys_match((one, other), (one,))
    assert not comparing.cryptokeys_match((Tagged(557, b"1"),), (one,))
    assert not comparing.cryptokeys_match((), (one,))


def test_values_need_every_attribute_of_the_condition() -> None:
    evidence = MeasurementValues(Version("2.0"), Tagged(552, 3), (Digest(1, A),), name="boot")
    assert comparing.values_match(MeasurementValues(digests=(Digest(1, A),)), evidence)
    assert comparing.values_match(MeasurementValues(svn=Tagged(553, 2), digests=(Digest(1, A),)), evidence)
    assert not comparing.values_match(MeasurementValues(svn=Tagged(553, 4), digests=(Digest(1, A),)), evidence)
    assert not comparing.values_match(MeasurementValues(serial_number="1"), evidence)
    assert not comparing.values_match(MeasurementValues(Version("2")), evidence)
    assert not comparing.values_match(MeasurementValues(), evidence)
    assert not comparing.values_match(MeasurementValues(name="boot", extensions=((-1, 5),)), evidence)  # a profile's


def test_measurements_are_paired_by_key() -> None:
    values = MeasurementValues(digests=(Digest(1, A),))
    other = MeasurementValues(digests=(Digest(1, B),))
    entry = (Measurement(values, "boot"), Measurement(other, "kernel"))
    assert comparing.measurements_match((Measurement(values, "boot"),), entry)
    assert not comparing.measurements_match((Measurement(values, "kernel"),), entry)
    assert not comparing.measurements_match((Measurement(values),), entry)
    assert not comparing.measurements_match((Measurement(values, "boot"), Measurement(values, "kernel")), entry)
    assert not comparing.measurements_match((), entry)


def test_environments() -> None:
    acme = ClassMap(vendor="Acme", model="Router")
    assert comparing.environments_match(Environment(acme), Environment(acme, Tagged(550, b"1234567")))
    assert not comparing.environments_match(Environment(acme, Tagged(550, b"1234567")), Environment(acme))
    assert not comparing.environments_match(Environment(ClassMap(vendor="Acme")), Environment(acme))
    assert not comparing.environments_match(Environment(), Environment(acme))
