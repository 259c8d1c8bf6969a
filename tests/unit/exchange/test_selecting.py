"""What must be discarded, and nothing else (draft-ietf-rats-corim-11 §8.2.3)."""

from dataclasses import replace

import pytest

from trueware.cose.foreign_cbor import Tagged, Value
from trueware.exchange.corim.comid import (
    ClassMap,
    ConciseMidTag,
    CoswidTriple,
    Environment,
    LinkedTag,
    Measurement,
    MeasurementValues,
    ReferenceTriple,
    Triples,
    TrustDependencyTriple,
)
from trueware.exchange.corim.common import Digest, Entity, TagIdentity, Validity
from trueware.exchange.corim.coswid import ConciseSwidTag, Evidence, Payload, SwEntity
from trueware.exchange.corim.manifest import COMID, COSWID, COTL, ConciseTlTag, Content, Corim, Tag
from trueware.exchange.corim.selecting import outside, select, why_discard, why_invalid

A = b"a" * 32
NOW = 1000


def environment(model: str = "Router") -> Environment:
    return Environment(ClassMap(vendor="Acme", model=model))


def module(
    name: str = "m", version: int | None = None, values: MeasurementValues | None = None, **more: object
) -> ConciseMidTag:
    values = values or MeasurementValues(digests=(Digest(1, A),))
    triples = Triples((ReferenceTriple(environment(), (Measurement(values),)),))
    return replace(ConciseMidTag(TagIdentity(name, version), triples), **more)  # type: ignore[arg-type]


def software(name: str = "s", **more: object) -> ConciseSwidTag:
    return replace(ConciseSwidTag(name, 0, "Router", SwEntity("Acme", 1), payload=Payload()), **more)  # type: ignore[arg-type]


def corim(*contents: Content, **more: object) -> Corim:
    numbers = {ConciseMidTag: COMID, ConciseSwidTag: COSWID, ConciseTlTag: COTL}
    made = Corim("c", tuple(Tag(numbers[type(each)], each) for each in contents))
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("validity", "reason"),
    [
        (None, None),
        (Validity(NOW), None),  # both ends belong to it
        (Validity(NOW - 1), "expired"),
        (Validity(NOW, NOW), None),
        (Validity(NOW + 5, NOW + 1), "not valid before"),
        (Validity(float("nan")), "expired"),
        (Validity(NOW, float("nan")), "not valid before"),
    ],
)
def test_validity(validity: Validity | None, reason: str | None) -> None:
    found = outside(validity, NOW)
    assert (found is None) is (reason is None)
    assert reason is None or reason in str(found)


def test_a_manifest() -> None:
    assert why_discard(corim(module()), NOW, authenticated=True) is None
    assert "signed" in str(why_discard(corim(module()), NOW, authenticated=False))
    assert why_discard(corim(module()), NOW, authenticated=False, accept_unsigned=True) is None
    old = corim(module(), rim_validity=Validity(NOW - 1))
    assert "expired" in str(why_discard(old, NOW, authenticated=True, accept_unsigned=True))
    two = corim(module(), entities=(Entity("A", (2,)), Entity("B", (2,))))
    assert "two manifest-signers" in str(why_discard(two, NOW, authenticated=True))


def raw(value: Value, mask: bytes | None = None) -> MeasurementValues:
    return MeasurementValues(raw_value=value, raw_value_mask=mask)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (MeasurementValues(digests=(Digest(1, A), Digest(7, A * 2))), "not as long"),
        (MeasurementValues(digests=(Digest(1, A), Digest(7, b"7" * 48), Digest("other", b""), Digest(99, b"x"))), None),
        (MeasurementValues(digests=(Digest("sha-256", A[1:]),)), "not as long"),
        (MeasurementValues(integrity_registers=(("0", (Digest(1, A + A),)),)), "not as long"),
        (MeasurementValues(digests=(Digest(1, A), Digest("sha-256", A))), "two digests by one algorithm"),
        (MeasurementValues(integrity_registers=((0, (Digest(1, A), Digest(1, A))),)), "two digests by one algorithm"),
        (raw(Tagged(560, b"ab"), b"\xff"), "a mask that is not as long"),
        (raw(Tagged(563, (b"ab", b"\xff"))), "a mask that is not as long"),
        (raw(None, b"\xff"), "a mask without a value"),
        (MeasurementValues(int_range=Tagged(564, (5, 4))), "a range that nothing is in"),
        (MeasurementValues(int_range=Tagged(564, (None, 4))), None),
    ],
)
def test_values(values: MeasurementValues, reason: str | None) -> None:
    found = why_invalid(module(values=values))
    assert (found is None) is (reason is None)
    assert reason is None or reason in str(found)


def test_a_model_needs_a_vendor() -> None:
    triple = ReferenceTriple(Environment(ClassMap(model="Router")), (Measurement(MeasurementValues(name="x")),))
    assert "no vendor" in str(why_invalid(module(triples=Triples((triple,)))))


def test_evidence_is_no_reference() -> None:
    assert why_invalid(software()) is None
    assert "evidence" in str(why_invalid(software(payload=None, evidence=Evidence())))


def dependencies(*pairs: tuple[str, str]) -> ConciseMidTag:
    made = tuple(TrustDependencyTriple(environment(one), (environment(other),)) for one, other in pairs)
    return module(triples=Triples(dependency_triples=made))


def test_trust_in_a_circle() -> None:
    assert why_invalid(dependencies(("a", "b"), ("b", "c"), ("a", "c"))) is None
    assert "circle" in str(why_invalid(dependencies(("a", "b"), ("b", "c"), ("c", "a"))))
    assert "circle" in str(why_invalid(dependencies(("a", "a"))))


def names(contents: tuple[ConciseMidTag | ConciseSwidTag, ...]) -> list[str | bytes]:
    return [each.tag_id if isinstance(each, ConciseSwidTag) else each.tag_identity.tag_id for each in contents]


def test_only_what_is_invalid_goes() -> None:
    bad = module("bad", values=MeasurementValues(int_range=Tagged(564, (5, 4))))
    found = select([corim(module("good"), bad, software())], NOW)
    assert names(found.tags) == ["good", "s"]
    assert [each.what for each in found.discarded] == ["bad"]


def test_links_are_resolved_over_all_manifests() -> None:
    linking = module("links", triples=Triples(coswid_triples=(CoswidTriple(environment(), ("s",)),)))
    assert names(select([corim(linking), corim(software())], NOW).tags) == ["links", "s"]
    assert names(select([corim(linking)], NOW).tags) == []


def test_the_newest_version_and_what_replaces() -> None:
    old, new = module("m"), module("m", 2)
    assert select([corim(old), corim(new)], NOW).tags == (new,)
    other = module("other", linked_tags=(LinkedTag("m", 1),))
    assert names(select([corim(old, other)], NOW).tags) == ["other"]
    supplement = module("other", linked_tags=(LinkedTag("m", 0),))
    assert names(select([corim(old, supplement)], NOW).tags) == ["m", "other"]
    itself = module("m", linked_tags=(LinkedTag("m", 1),))
    assert names(select([corim(itself)], NOW).tags) == ["m"]


def tags_list(*wanted: TagIdentity, until: int = NOW) -> ConciseTlTag:
    return ConciseTlTag(TagIdentity("l"), wanted, Validity(until))


def test_lists_of_tags_activate_all_or_nothing() -> None:
    both = corim(module("m"), software("s"), module("unlisted"))
    active = tags_list(TagIdentity("m"), TagIdentity("s", 0))
    assert len(select([both, corim(active)], NOW).tags) == 3, "where no policy wants them, they change nothing"
    assert names(select([both, corim(active)], NOW, needs_cotl=True).tags) == ["m", "s"]
    assert select([both, corim(tags_list(TagIdentity("m"), until=NOW - 1))], NOW, needs_cotl=True).tags == ()
    assert select([both, corim(tags_list(TagIdentity("m"), TagIdentity("lost")))], NOW, needs_cotl=True).tags == ()
    assert select([both, corim(tags_list(TagIdentity("m", 5)))], NOW, needs_cotl=True).tags == ()
    assert select([both], NOW, needs_cotl=True).tags == ()
