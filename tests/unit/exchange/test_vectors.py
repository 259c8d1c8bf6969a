"""Vectors of our own, made by another encoder from the CDDL: every triple, every value, every form of signature."""

from pathlib import Path
from typing import Any

import pytest

from trueware.cose.foreign_cbor import Tagged, decode, encode
from trueware.errors import MalformedInput
from trueware.exchange.corim import coswid, manifest, signed
from trueware.exchange.corim.codec import Notes
from trueware.exchange.corim.comid import (
    ConciseMidTag,
    Flags,
    IntRange,
    MaskedRawValue,
    MeasurementValues,
    masked_of,
    range_of,
)
from trueware.exchange.corim.common import Validity
from trueware.exchange.corim.coswid import ConciseSwidTag
from trueware.exchange.corim.file_list import paths_of
from trueware.exchange.corim.manifest import ConciseTlTag, Corim

FOLDER = Path(__file__).parents[2] / "vectors/exchange/corim"
FROM, TO = 1_790_000_000, 1_790_086_400


def vector(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@pytest.fixture
def everything() -> Corim:
    notes = Notes()
    found = manifest.parse(vector("everything.cbor"), notes)
    assert notes.said == ["tags: tag 507 is kept unread"]
    return found


def test_all_of_it_is_written_as_it_came(everything: Corim) -> None:
    assert manifest.build(everything) == vector("everything.cbor")
    assert coswid.build(coswid.parse(vector("evidence.cbor"), Notes())) == vector("evidence.cbor")


def test_other_encodings_say_the_same(everything: Corim) -> None:
    """Indefinite lengths, long heads, keys in reverse, strings in pieces."""
    found = manifest.parse(vector("indefinite.cbor"), Notes())
    assert found == everything
    assert manifest.build(found) == vector("everything.cbor")


def test_every_triple(everything: Corim) -> None:
    comid = everything.tags[0].content
    assert isinstance(comid, ConciseMidTag)
    triples = comid.triples
    assert all(getattr(triples, name) for name in triples.__dataclass_fields__)
    assert (triples.reference_triples or ())[0].ref_env.class_.model == "Router"  # type: ignore[union-attr]
    identity = (triples.identity_triples or ())[0]
    assert identity.conditions is not None
    assert identity.conditions.mkey == Tagged(37, bytes(range(16)))
    assert (triples.attest_key_triples or ())[0].conditions is None
    series = (triples.conditional_endorsement_series_triples or ())[0]
    assert [each.addition[0].mval.name for each in series.series] == ["new", "old"]
    endorsed = (triples.conditional_endorsement_triples or ())[0].endorsements[0].endorsement[0]
    assert endorsed.mval.extensions == ((100, "1234567890123 - 12345"),), "the number of a certificate"
    assert triples.extensions == ((-5, "a profile's"),)
    assert comid.extensions == ((-1, b"a tag's"),)
    assert everything.extensions == ((-3, "a manifest's"),)


def test_every_value(everything: Corim) -> None:
    comid = everything.tags[0].content
    assert isinstance(comid, ConciseMidTag)
    first, second = (claim.mval for claim in (comid.triples.reference_triples or ())[0].ref_claims)
    unset = {name for name in MeasurementValues.__dataclass_fields__ if getattr(first, name) in (None, ())}
    assert unset == {"raw_value_mask"}, "that is the deprecated form, in the second"
    assert masked_of(first) == MaskedRawValue(b"\xff\x00", b"\xf0\x0f")
    assert masked_of(second) == MaskedRawValue(b"\x01\x02", b"\xff\x00")
    assert range_of(first.int_range) == IntRange(None, 5)
    assert range_of(second.int_range) == IntRange(-7, -7)
    flags = first.flags
    assert isinstance(flags, Flags)
    assert (flags.is_configured, flags.is_secure, flags.is_debug, flags.is_runtime_updatable) == (
        False,
        True,
        True,
        False,
    )
    assert [name for name, _ in first.integrity_registers or ()] == [0, 5, "5"]
    assert len(first.cryptokeys or ()) == 9
    assert first.extensions == ((-1, {"a profile's": (1.5, None, True)}),)


def test_software_and_lists(everything: Corim) -> None:
    software, tags = everything.tags[1].content, everything.tags[2].content
    assert isinstance(software, ConciseSwidTag)
    assert isinstance(tags, ConciseTlTag)
    assert software.payload is not None
    paths = {path: entry.size for path, entry in paths_of(software.payload)}
    assert paths == {"boot": None, "%root%/etc/within/passwd": 11, "%root%/etc/group": 0}
    assert software.extensions == (("private", 7),)
    assert tags.tl_validity == Validity(TO, FROM)
    evidence = coswid.parse(vector("evidence.cbor"), Notes()).evidence
    assert evidence is not None
    assert (evidence.date, evidence.device_id, evidence.location) == (FROM, "device", "here")


@pytest.mark.parametrize("name", ["signed-cwt", "signed-meta", "signed-both", "detached", "hash-envelope"])
def test_signatures(name: str, everything: Corim) -> None:
    found = signed.parse(vector(f"{name}.cose"), vector("everything.cbor"))
    assert (found.issuer, found.validity, found.corim) == ("Acme", Validity(TO, FROM), everything)
    assert signed.verify(found, FROM, [vector("key.spki")]).spki == vector("key.spki")
    assert (found.meta is not None) == (name in ("signed-meta", "signed-both"))


def _without(data: bytes, *path: int) -> Any:
    value = decode(data, "vector")
    assert isinstance(value, Tagged)
    assert isinstance(value.value, dict)
    inner = dict(value.value)
    del inner[path[0]]
    return encode(Tagged(value.tag, inner))


@pytest.mark.parametrize("key", [0, 1])
def test_what_a_manifest_needs(key: int) -> None:
    with pytest.raises(MalformedInput, match="missing"):
        manifest.parse(_without(vector("everything.cbor"), key), Notes())


@pytest.mark.parametrize(
    ("mval", "reason"),
    [
        ({}, "an empty map"),
        ({1: -1}, "svn"),
        ({1: Tagged(560, 1)}, "svn: tag 560"),
        ({2: ()}, "at least 1"),
        ({2: ((1,),)}, "digest: an array of 2"),
        ({2: ((1.0, b""),)}, "an integer or text"),
        ({3: {}}, "flags-map: an empty map"),
        ({3: {0: 1}}, "true or false expected"),
        ({4: Tagged(563, (b"",))}, "masked"),
        ({6: b"12345"}, "mac-addr"),
        ({7: b"12345"}, "ip-addr"),
        ({9: b"123456"}, "UEID"),
        ({10: b"123"}, "UUID"),
        ({13: ()}, "at least 1"),
        ({14: {}}, "something in it"),
        ({15: Tagged(564, (1, "2"))}, "two ends"),
        ({15: True}, "int-range"),
        ({0: {1: 1}}, "version missing"),
        ({0: {0: "1", 2: 5}}, "not known"),
    ],
)
def test_values_that_are_none(mval: Any, reason: str) -> None:
    comid: Any = {1: {0: "m"}, 4: {0: (({0: {1: "Acme"}}, ({1: mval},)),)}}
    with pytest.raises(MalformedInput, match=reason):
        manifest.parse_comid(encode(comid), Notes())


@pytest.mark.parametrize(
    "environment",
    [{}, {0: {}}, {0: {3: -1}}, {0: {1: b"Acme"}}, {5: 1}, {0: {1: "Acme", 9: 1}}, {1: Tagged(550, b"1")}],
)
def test_environments_that_are_none(environment: Any) -> None:
    with pytest.raises(MalformedInput):
        manifest.parse_comid(encode({1: {0: "m"}, 4: {0: ((environment, ({1: {11: "x"}},)),)}}), Notes())


def test_payload_and_evidence_exclude_each_other() -> None:
    tag: Any = {0: "t", 1: "x", 2: {31: "A", 33: 1}, 12: 0, 3: {}, 6: {}}
    with pytest.raises(MalformedInput, match="exclude each other"):
        coswid.parse(encode(tag), Notes())
