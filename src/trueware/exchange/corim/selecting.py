"""Which manifests and tags count: what must be discarded before anything is compared (draft-ietf-rats-corim-11 §8.2.3).

1. A manifest outside its validity, or that of its signature, is discarded. §8.2.3.1, §7.3
2. So is one whose signature fails, and one whose signer is not known, unless unsigned ones are taken from where it came. §8.2.3.1
3. A tag that is not valid is discarded, whatever the others are: one with meanings that exclude each other (`why_invalid`). §8.2.3.3
4. A linking triple whose CoSWID tag is not there is not resolved, and its tag is discarded. §8.2.3.3
5. Of a tag with several versions the newest counts; one that another tag replaces does not. §5.1.1.2, §5.1.3
6. Where policy wants CoTLs: one outside its validity is discarded, one of whose tags is not there is rejected whole, and tags that
   no CoTL activates are discarded. §8.2.3.4, §6

Revocation is whoever calls this: a withdrawn manifest is not given.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import TypeVar

from trueware.cose.foreign_cbor import Key, encode
from trueware.exchange.corim.comid import (
    DOMAIN,
    ConciseMidTag,
    Environment,
    Measurement,
    MeasurementValues,
    masked_of,
    range_of,
)
from trueware.exchange.corim.common import LENGTHS, Digest, TagIdentity, Validity
from trueware.exchange.corim.comparing import algorithm_of
from trueware.exchange.corim.coswid import ConciseSwidTag
from trueware.exchange.corim.manifest import MANIFEST_SIGNER, ConciseTlTag, Content, Corim, identity_of

_REPLACES = 1
T = TypeVar("T", bound=Content)


@dataclass(frozen=True, slots=True)
class Discarded:
    """Something that must not be used."""

    what: str
    """``manifest``, or how the tag is called."""

    reason: str


@dataclass(frozen=True, slots=True)
class Selected:
    """What is left of manifests."""

    tags: tuple[ConciseMidTag | ConciseSwidTag, ...]
    discarded: tuple[Discarded, ...]


def outside(validity: Validity | None, now: float) -> str | None:
    """Return why `now` is outside a validity, both of whose ends belong to it; None: it is not, or nothing is stated."""
    if validity is None:
        return None
    if not now <= validity.not_after:  # not a number is no time
        return f"it expired at {validity.not_after}"
    if validity.not_before is not None and not now >= validity.not_before:
        return f"it is not valid before {validity.not_before}"
    return None


def why_discard(corim: Corim, now: float, *, authenticated: bool, accept_unsigned: bool = False) -> str | None:
    """Return why a manifest must be discarded (1, 2); None: it need not.

    Args:
        corim: the manifest, whose signature did not fail.
        now: seconds since 1970.
        authenticated: its signature was verified, in time, by a key that is known.
        accept_unsigned: whoever asks takes unsigned ones: they came over a channel that is authenticated, or count for little.
    """
    if (reason := outside(corim.rim_validity, now)) is not None:
        return reason
    if not authenticated and not accept_unsigned:
        return "nobody who is known signed it"
    if sum(MANIFEST_SIGNER in each.role for each in corim.entities or ()) > 1:
        return "it has two manifest-signers (§4.1.5)"
    return None


def select(corims: Iterable[Corim], now: float, *, needs_cotl: bool = False) -> Selected:
    """Return the tags that count (3 to 6) of manifests that need not be discarded.

    Args:
        corims: what `why_discard` has nothing against.
        now: seconds since 1970.
        needs_cotl: policy wants tags to be activated.
    """
    discarded: list[Discarded] = []
    contents = [tag.content for corim in corims for tag in corim.tags if tag.content is not None]
    lists = [each for each in contents if isinstance(each, ConciseTlTag)]
    tags = [each for each in contents if not isinstance(each, ConciseTlTag)]
    tags = _kept(tags, why_invalid, discarded)  # 3
    software = {each.tag_id for each in tags if isinstance(each, ConciseSwidTag)}
    tags = _kept(tags, lambda each: _unresolved(each, software), discarded)  # 4
    newest: dict[Key, int] = {}
    for each in tags:
        name = identity_of(each)
        newest[name.tag_id] = max(newest.get(name.tag_id, 0), name.tag_version or 0)
    replaced = {
        link.linked_tag_id
        for each in tags
        if isinstance(each, ConciseMidTag)
        for link in each.linked_tags or ()
        if link.tag_rel == _REPLACES and link.linked_tag_id != each.tag_identity.tag_id
    }
    tags = _kept(tags, lambda each: _superseded(identity_of(each), newest, replaced), discarded)  # 5
    if needs_cotl:  # 6
        there = {(name.tag_id, name.tag_version or 0) for name in map(identity_of, tags)}
        lists = _kept(lists, lambda each: outside(each.tl_validity, now) or _incomplete(each, there), discarded)
        active = {(name.tag_id, name.tag_version or 0) for each in lists for name in each.tags_list}
        tags = _kept(tags, lambda each: None if _key(each) in active else "no CoTL activates it", discarded)
    return Selected(tuple(tags), tuple(discarded))


def _key(tag: Content) -> tuple[Key, int]:
    name = identity_of(tag)
    return name.tag_id, name.tag_version or 0


def _superseded(name: TagIdentity, newest: dict[Key, int], replaced: set[str | bytes]) -> str | None:
    if name.tag_id in replaced:
        return "another tag replaces it"
    if (name.tag_version or 0) < newest[name.tag_id]:
        return f"version {newest[name.tag_id]} of it is there"
    return None


def _incomplete(tags: ConciseTlTag, there: Container[tuple[Key, int]]) -> str | None:
    lacking = sum((each.tag_id, each.tag_version or 0) not in there for each in tags.tags_list)
    return f"{lacking} of the tags it activates are not there" if lacking else None


def _unresolved(tag: ConciseMidTag | ConciseSwidTag, software: set[str | bytes]) -> str | None:
    if isinstance(tag, ConciseSwidTag):
        return None
    wanted = {each for triple in tag.triples.coswid_triples or () for each in triple.tag_ids}
    lacking = len(wanted - software)
    return f"{lacking} CoSWID tags that it links to are not there" if lacking else None


def why_invalid(tag: ConciseMidTag | ConciseSwidTag) -> str | None:
    """Return why a tag that can be read is not valid all the same (3); None: it is."""
    if isinstance(tag, ConciseSwidTag):
        return "it is no tag of what may be installed: it has evidence" if tag.evidence is not None else None
    triples = tag.triples
    measured = [(triple.ref_env, triple.ref_claims) for triple in triples.reference_triples or ()] + [
        (triple.condition, triple.endorsement) for triple in triples.endorsed_triples or ()
    ]
    for environment, measurements in measured:
        if (reason := _wrong_class(environment)) is not None:
            return reason
        for each in measurements:
            if (reason := _wrong_values(each)) is not None:
                return reason
    return "its trust dependencies form a circle (§8.2.2.2.6)" if _is_cyclic(tag) else None


def _wrong_class(environment: Environment) -> str | None:
    known = environment.class_
    return "a class has a model and no vendor (§5.1.4.2)" if known and known.model and known.vendor is None else None


def _wrong_values(measurement: Measurement) -> str | None:
    values: MeasurementValues = measurement.mval
    registers = values.integrity_registers or ()
    for digests in (values.digests or (), *(each for _, each in registers)):
        if _repeats(digests):
            return "two digests by one algorithm (§7.7)"
        if any(len(each.val) != LENGTHS.get(algorithm_of(each), len(each.val)) for each in digests):
            return "a digest that is not as long as its algorithm makes them"
    masked = masked_of(values)
    if masked is not None and len(masked.mask) != len(masked.value):
        return "a mask that is not as long as its value (§8.2.4.4.5.5)"
    if values.raw_value_mask is not None and values.raw_value is None:
        return "a mask without a value"
    span = range_of(values.int_range)
    if span is not None and span.min is not None and span.max is not None and span.min > span.max:
        return "a range that nothing is in"
    return None


def _repeats(digests: tuple[Digest, ...]) -> bool:
    return len({algorithm_of(each) for each in digests}) < len(digests)


def _is_cyclic(tag: ConciseMidTag) -> bool:
    """Tell whether following trust dependencies leads back (§8.2.2.2.6)."""
    below: dict[bytes, set[bytes]] = {}
    for triple in tag.triples.dependency_triples or ():
        place = below.setdefault(encode(DOMAIN.encode(triple.domain_id)), set())
        place.update(encode(DOMAIN.encode(each)) for each in triple.trustees)
    waits = dict.fromkeys(below, 0)
    for others in below.values():
        for each in others & below.keys():
            waits[each] += 1
    free = [each for each, count in waits.items() if not count]
    seen = 0
    while free:  # Kahn: what nothing leads to is taken away, until nothing is left or what is left is circles
        each = free.pop()
        seen += 1
        for other in below.get(each, ()):
            if other in waits:
                waits[other] -= 1
                if not waits[other]:
                    free.append(other)
    return seen < len(waits)


def _kept(tags: Iterable[T], why: Callable[[T], str | None], discarded: list[Discarded]) -> list[T]:
    kept: list[T] = []
    for each in tags:
        reason = why(each)
        if reason is None:
            kept.append(each)
        else:
            name = identity_of(each).tag_id
            discarded.append(Discarded(name if isinstance(name, str) else name.hex(), reason))
    return kept
