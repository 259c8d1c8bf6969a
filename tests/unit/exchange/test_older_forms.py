"""Forms of older drafts and small departures: read, told, and written as they were."""

from typing import Any

import pytest

from trueware.cose.foreign_cbor import Tagged, decode, encode
from trueware.errors import MalformedInput
from trueware.exchange.corim import coswid, manifest
from trueware.exchange.corim.codec import Notes, each
from trueware.exchange.corim.comid import CONCISE_MID_TAG, Environment
from trueware.exchange.coserv import discovery

CLASS: Any = {0: {1: "Acme", 2: "Router"}}


def comid(**triples: Any) -> Any:
    return {1: {0: "m"}, 4: {int(key[1:]): value for key, value in triples.items()}}


def reference(mval: Any) -> Any:
    return comid(_0=((CLASS, ({1: mval},)),))


def told(value: Any) -> list[str]:
    """Return what is told of a CoMID, which must be written as it was."""
    notes = Notes()
    data = encode(value)
    found = manifest.parse_comid(data, notes)
    assert encode(CONCISE_MID_TAG.encode(found)) == data
    return notes.said


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (reference({3: 10}), "flags: an integer"),
        (comid(_0=(({0: {0: Tagged(600, b"x"), 1: "A"}}, ({1: {11: "x"}},)),)), "class-id: tag 600"),
        (comid(_0=((CLASS, ({0: Tagged(601, {1: "BL"}), 1: {11: "x"}},)),)), "mkey: tag 601"),
        (comid(_3=((CLASS, ({0: "key"},)),)), "crypto-key: a map without a tag"),
        (comid(_5=(("domain", (CLASS, 5)),)), "domain: text where"),
        (reference({4: Tagged(999, b"x")}), "raw-value: tag 999"),
        ({**reference({11: "x"}), 3: ({0: "o", 1: 7},)}, "tag-rel"),
        ({**reference({11: "x"}), 2: ({0: "A", 2: (9, "x")},)}, "role"),
        ({**reference({11: "x"}), 2: ({0: "A", 1: "no tag", 2: (0,)},)}, "uri: text without a tag"),
    ],
)
def test_in_a_comid(value: Any, note: str) -> None:
    assert any(note in each_ for each_ in told(value))


def test_the_newest_forms_are_not_told() -> None:
    assert told(reference({1: 3, 4: Tagged(560, b"x"), 15: 5})) == []


INNER = encode(reference({11: "x"}))


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ({0: "c", 1: (Tagged(506, INNER),)}, "no tag 501"),
        (Tagged(501, {0: "c", 1: (encode(Tagged(506, decode(INNER, "m"))),)}), "byte strings around tag"),
        (Tagged(501, {0: "c", 1: (encode(Tagged(599, 5)), Tagged(598, (1,)))}), "tag 599 is kept unread"),
        (Tagged(501, {0: "c", 1: (Tagged(506, INNER),), 3: (Tagged(32, "a"),)}), "an array of profiles"),
        (Tagged(501, {0: "c", 1: (Tagged(506, INNER),), 5: ({0: "A", 2: (2,)}, {0: "B", 2: (2,)})}), "more than one"),
    ],
)
def test_in_a_manifest(value: Any, note: str) -> None:
    notes = Notes()
    data = encode(value)
    found = manifest.parse(data, notes)
    assert any(note in each_ for each_ in notes.said)
    assert manifest.build(found) == data


def test_tag_500_around_all() -> None:
    inner = Tagged(501, {0: "c", 1: (Tagged(506, INNER),)})
    notes = Notes()
    found = manifest.parse(encode(Tagged(500, inner)), notes)
    assert notes.said == ["tag 500 around all (an older draft)"]
    assert manifest.build(found) == encode(inner)


@pytest.mark.parametrize(
    "value",
    [
        Tagged(501, {0: "c", 1: ()}),
        Tagged(501, {0: "c", 1: (b"",)}),
        Tagged(501, {0: "c", 1: (encode({1: 2}),)}),
        Tagged(501, {0: "c", 1: (Tagged(506, {}),)}),
        Tagged(501, {0: "c", 1: (Tagged(506, INNER + b"\x00"),)}),
        Tagged(501, {0: "c", 1: (5,)}),
        Tagged(501, {0: b"short", 1: (Tagged(506, INNER),)}),
        Tagged(501, {0: "c", 1: (Tagged(506, INNER),), 4: {1: 5}}),  # a time without its tag
        Tagged(501, {0: "c", 1: (Tagged(506, INNER),), 4: {1: Tagged(1, "soon")}}),
        Tagged(502, {}),
        5,
    ],
)
def test_manifests_that_are_none(value: Any) -> None:
    with pytest.raises(MalformedInput):
        manifest.parse(encode(value), Notes())


@pytest.mark.parametrize(
    "wrap", [lambda inner: Tagged(506, inner), lambda inner: Tagged(506, decode(inner, "m")), None]
)
def test_a_comid_by_itself(wrap: Any) -> None:
    found = manifest.parse_comid(INNER if wrap is None else encode(wrap(INNER)), Notes())
    (triple,) = found.triples.reference_triples or ()
    assert isinstance(triple.ref_env, Environment)


def test_an_array_of_one_stays_one() -> None:
    notes = Notes()
    data = encode({0: "t", 1: "x", 2: ({31: "A", 33: (1,)},), 12: 0})
    found = coswid.parse(data, notes)
    assert notes.said == ["an array of 1 where one is not written as an array"]
    assert encode(coswid.CONCISE_SWID_TAG.encode(found)) == data
    assert [entity.entity_name for entity in each(found.entity)] == ["A"]


def test_notes_have_a_ceiling() -> None:
    tags = tuple(Tagged(1000 + number, 0) for number in range(1000))
    notes = Notes()
    manifest.parse(encode(Tagged(501, {0: "c", 1: tags})), notes)
    assert len(notes.said) == 64


def test_what_a_service_says_of_itself() -> None:
    document = b"""{"version": "1.0.0", "api-endpoints": {"CoSERVRequestResponse": "/coserv/{query}"}, "more": [1, null],
      "capabilities": [{"media-type": "application/coserv+cbor", "artifact-support": ["collected", "rims"], "x": 1}],
      "result-verification-key": {"keys": [{"kty": "EC"}]}}"""
    found = discovery.parse_json(document)
    assert found.capabilities[0].artifact_support == ("collected", "rims")
    assert discovery.parse(discovery.build(found)) == found
    assert discovery.build_json(found)["result-verification-key"] == {"keys": [{"kty": "EC"}]}
    with pytest.raises(MalformedInput, match="bytes"):
        discovery.parse(b"\x00" * (discovery.MAX_BYTES + 1))
    deep = b'{"version": "1", "x": ' + b"[" * 400 + b"]" * 400 + b"}"
    for bad in (deep, b'{"version": "1", "capabilities": [], "api-endpoints": {}}', b"5", b'{"version": 1e999}'):
        with pytest.raises(MalformedInput):
            discovery.parse_json(bad)


def test_what_has_no_encoding() -> None:
    with pytest.raises(ValueError, match="64 bits"):
        encode(1 << 64)
    with pytest.raises(TypeError):
        encode(object())  # type: ignore[arg-type]
