"""When evidence is what a reference says: the rules of comparison of draft-ietf-rats-corim-11 §8.2.4.4, as pure functions.

The first argument is always the condition (a reference value, or the condition of an endorsement), the second the entry it is held
against (evidence, or what was endorsed before). What cannot be compared does not match: an attribute that is missing, one of another
type, one for which there is no rule here (profiles' own).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from trueware.cose.foreign_cbor import Key, Tagged, Value, encode
from trueware.exchange.corim.comid import (
    ENVIRONMENT,
    Environment,
    Flags,
    Measurement,
    MeasurementValues,
    masked_of,
    range_of,
)
from trueware.exchange.corim.common import ALGORITHMS, BYTES_TAG, MIN_SVN, SVN, Digest

_NUMBERS = {name: number for number, name in ALGORITHMS.items()}


def algorithm_of(digest: Digest) -> int | str:
    """Return the algorithm of a digest by its number where it has one: ``"sha-256"`` and 1 are the same (§8.2.4.4.5.4)."""
    return _NUMBERS.get(digest.alg.casefold(), digest.alg) if isinstance(digest.alg, str) else digest.alg


def digests_match(condition: Iterable[Digest], entry: Iterable[Digest]) -> bool:
    """Compare digests of one thing (§8.2.4.4.5.4): the rule against downgrades.

    False where either is empty, either has two values for one algorithm, they have no algorithm in common, or any common algorithm
    has another value.
    """
    wanted, found = _by_algorithm(condition), _by_algorithm(entry)
    if not wanted or not found:
        return False
    common = wanted.keys() & found.keys()
    return bool(common) and all(wanted[each] == found[each] for each in common)


def _by_algorithm(digests: Iterable[Digest]) -> dict[int | str, bytes]:
    """Return digests by algorithm; empty where one algorithm stands twice."""
    found: dict[int | str, bytes] = {}
    for each in digests:
        algorithm = algorithm_of(each)
        if algorithm in found:
            return {}
        found[algorithm] = each.val
    return found


def svn_matches(condition: int | Tagged, entry: int | Tagged) -> bool:
    """Compare security version numbers (§8.2.4.4.5.3).

    A number matches the same number; a minimum matches numbers that are not below it, and the same minimum; a number never matches a
    minimum.
    """
    wanted, least = _svn(condition)
    found, is_least = _svn(entry)
    if wanted is None or found is None:
        return False
    if is_least:
        return least and wanted == found
    return wanted <= found if least else wanted == found


def _svn(value: int | Tagged) -> tuple[int | None, bool]:
    """Return the number, and whether it is the least that is accepted."""
    inner = value.value if isinstance(value, Tagged) and value.tag in (SVN, MIN_SVN) else value
    if isinstance(inner, bool) or not isinstance(inner, int) or inner < 0:
        return None, False
    return inner, isinstance(value, Tagged) and value.tag == MIN_SVN


def raw_values_match(condition: MeasurementValues, entry: MeasurementValues) -> bool:
    """Compare raw values where the condition's mask has ones (§8.2.4.4.5.5)."""
    wanted = masked_of(condition)
    raw = entry.raw_value
    found = raw.value if isinstance(raw, Tagged) and raw.tag == BYTES_TAG else None
    if wanted is None or not isinstance(found, bytes):
        return False
    if len(wanted.value) != len(found) or len(wanted.mask) != len(wanted.value):
        return False
    return all(not (a ^ b) & mask for a, b, mask in zip(wanted.value, found, wanted.mask, strict=True))


def int_ranges_match(condition: Value, entry: Value) -> bool:
    """Tell whether all values of the entry are in the condition (§8.2.4.4.5.8)."""
    wanted, found = range_of(condition), range_of(entry)
    if wanted is None or found is None:
        return False
    low = wanted.min is None or (found.min is not None and found.min >= wanted.min)
    high = wanted.max is None or (found.max is not None and found.max <= wanted.max)
    return low and high


def registers_match(
    condition: Iterable[tuple[Key, tuple[Digest, ...]]], entry: Iterable[tuple[Key, tuple[Digest, ...]]]
) -> bool:
    """Tell whether every register of the condition is there and its digests match (§8.2.4.4.5.7); others are not asked for."""
    there = dict(entry)
    wanted = tuple(condition)
    return bool(wanted) and all(name in there and digests_match(digests, there[name]) for name, digests in wanted)


def cryptokeys_match(condition: tuple[Value, ...], entry: tuple[Value, ...]) -> bool:
    """Compare keys one by one in their order (§8.2.4.4.5.6); the entry may have more."""
    if not condition or len(condition) > len(entry):
        return False
    return all(encode(wanted) == encode(found) for wanted, found in zip(condition, entry, strict=False))


def flags_match(condition: Flags | int, entry: Flags | int) -> bool:
    """Tell whether every flag that the condition states is stated alike: what is not specified is unknown (§5.1.4.5.5).

    The draft has no clause of its own for flags; that unknown does not match is our reading of §8.2.4.4.5 rule 1.
    """
    if isinstance(condition, int) or isinstance(entry, int) or condition.extensions:
        return False
    stated = [
        name for name in Flags.__dataclass_fields__ if name != "extensions" and getattr(condition, name) is not None
    ]
    return bool(stated) and all(getattr(entry, name) == getattr(condition, name) for name in stated)


def values_match(condition: MeasurementValues, entry: MeasurementValues) -> bool:
    """Tell whether each attribute of the condition is in the entry and matches (§8.2.4.4.5)."""
    if condition.extensions:
        return False  # a profile's: there is no rule for it here (§8.2.4.4.5.1)
    stated = [name for name in MeasurementValues.__dataclass_fields__ if getattr(condition, name) not in (None, ())]
    return bool(stated) and all(_attribute_matches(name, condition, entry) for name in stated)


def _attribute_matches(name: str, condition: MeasurementValues, entry: MeasurementValues) -> bool:
    if name == "raw_value_mask":
        return condition.raw_value is not None  # it goes with the raw value
    if name == "raw_value":
        return raw_values_match(condition, entry)
    wanted, found = getattr(condition, name), getattr(entry, name)
    if found is None:
        return False
    rule = _RULES.get(name)
    return rule(wanted, found) if rule is not None else type(wanted) is type(found) and wanted == found


_RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "svn": svn_matches,
    "digests": digests_match,
    "flags": flags_match,
    "cryptokeys": cryptokeys_match,
    "integrity_registers": registers_match,
    "int_range": int_ranges_match,
}
"""By attribute; those without a rule of their own are equal or not: versions have no order (§8.2.4.4.5.2)."""


def environments_match(condition: Environment, entry: Environment) -> bool:
    """Tell whether each attribute of the condition's environment is in the entry's, byte by byte (§8.2.4.4.1).

    A class is one attribute: two class maps match when they are equal.
    """
    wanted, found = ENVIRONMENT.encode(condition), ENVIRONMENT.encode(entry)
    assert isinstance(wanted, dict)  # noqa: S101 (an environment is a map)
    assert isinstance(found, dict)  # noqa: S101
    return bool(wanted) and all(key in found and encode(found[key]) == encode(each) for key, each in wanted.items())


def measurements_match(condition: Iterable[Measurement], entry: Iterable[Measurement]) -> bool:
    """Tell whether every measurement of the condition has one of the same key in the entry that matches (§8.2.4.4.3 and 4)."""
    wanted, found = tuple(condition), tuple(entry)
    by_key: dict[bytes, list[Measurement]] = {}
    for each in found:
        by_key.setdefault(encode(each.mkey), []).append(each)
    return bool(wanted) and all(
        any(values_match(each.mval, other.mval) for other in by_key.get(encode(each.mkey), ())) for each in wanted
    )
