"""CoSERV: the public examples, and a registry's answers."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.exchange.public import coserv_examples
from tests.unit.exchange.public import root as corpus_root
from tests.unit.exchange.samples import CLAIMS, NOW, firmware, key, spki

from trueware.cose.foreign_cbor import Tagged, decode, encode
from trueware.errors import InputError, LimitExceeded, MalformedInput, UnsupportedInput, UntrustedStatement
from trueware.exchange.corim import manifest, signed
from trueware.exchange.corim.codec import Notes
from trueware.exchange.corim.comid import ClassMap, Measurement, MeasurementValues
from trueware.exchange.corim.common import Digest, Version
from trueware.exchange.corim.from_release import Issuer
from trueware.exchange.coserv import answering, discovery, query
from trueware.exchange.coserv.answering import Answerer, answer, rfc3339
from trueware.exchange.coserv.query import (
    COMID_ID,
    CORIM_ID,
    COSWID_ID,
    Coserv,
    EnvironmentSelector,
    Query,
    RimSelectorId,
    StatefulClass,
    StatefulGroup,
)
from trueware.model.release import Release
from trueware.registry.enrol import enrol
from trueware.registry.lookup import Registry
from trueware.registry.publish import publish
from trueware.registry.references import Reference, take_references
from trueware.registry.withdraw import withdraw
from trueware.storage.memory import MemoryStore

PROFILE = "tag:example.com,2025:registry#1"
US = Answerer(Issuer("Registry"), 3600)


@pytest.mark.corpus
def test_public_examples(corpus: Path) -> None:
    """All are read and written again as they came; those in base64url too."""
    paths = coserv_examples(corpus)
    assert len(paths) == 21
    for path in paths:
        data = path.read_bytes()
        if path.name.startswith("discovery"):
            found = discovery.parse(data)
            assert decode(discovery.build(found), "discovery") == decode(data, "discovery")
            continue
        assert query.build(query.parse(data)) == data
        text = path.with_suffix(".b64u")
        if text.exists():
            asked = query.parse(data)
            if asked.results is None:
                assert query.parse_query(text.read_text().strip()) == asked
                assert query.query_text(asked) == text.read_text().strip().rstrip("=")


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["discovery-unsigned", "discovery-single-capability"])
def test_discovery_in_json(corpus: Path, name: str) -> None:
    folder = corpus_root(corpus) / "ietf-rats-wg__draft-ietf-rats-coserv/open/cddl/examples"
    import json

    text = (folder / f"{name}.json").read_bytes()
    found = discovery.parse_json(text)
    same = discovery.parse((folder / f"{name}.from-diag.cbor").read_bytes())
    assert (found.version, found.capabilities, found.api_endpoints) == (
        same.version,
        same.capabilities,
        same.api_endpoints,
    )
    if name == "discovery-unsigned":
        assert discovery.build_json(found) == json.loads(text)


def keys_of(found: discovery.Discovery) -> Any:
    return found.result_verification_key


def test_what_a_registry_says_of_itself() -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP521R1, derive_private_key

    path = "/coserv/v1/{query}"
    plain = discovery.describe("1.0.0", path, PROFILE)
    assert discovery.parse(discovery.build(plain)) == plain
    assert plain.capabilities[0].media_type == f'application/coserv+cbor; profile="{PROFILE}"'
    signing = discovery.describe("1.0.0", path, PROFILE, spki(key()))
    assert discovery.parse(discovery.build(signing)) == signing
    (own,) = keys_of(signing)
    assert own[-2] == key().public_key().public_bytes_raw()
    (curve,) = keys_of(discovery.describe("1", path, PROFILE, spki(derive_private_key(5, SECP256R1()))))
    assert [len(curve[each]) for each in (-2, -3)] == [32, 32]
    with pytest.raises(ValueError, match="is needed"):
        discovery.describe("1", path, PROFILE, spki(derive_private_key(5, SECP521R1())))
    with pytest.raises(ValueError, match="query"):
        discovery.describe("1", "/coserv", PROFILE)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"[" * 100_000, b'{"version": 1}', b'{"capabilities": [1]}'])
def test_discovery_that_is_none(text: bytes) -> None:
    with pytest.raises(MalformedInput):
        discovery.parse_json(text)


def registry() -> tuple[MemoryStore, Release, Release]:
    """Return a registry with a release that its publisher signed, and one that somebody lists."""
    store = MemoryStore()
    enrol(store, "Acme", (spki(key()),), (), NOW)
    names = {"publisher": "Acme", "product": "Router", "private_key": key(), "now": NOW}
    own = publish(store, firmware(), {}, CLAIMS, version="1.0", **names)  # type: ignore[arg-type]
    take_references(store, [Reference("Acme", "Router", "2.0", b"x" * 32, 5)], NOW)
    (listed,) = (each for each in store.releases() if each.version == "2.0")
    return store, own, listed


def by_class(*wanted: StatefulClass, artefact: int = 2, result: int = 0) -> Coserv:
    return Coserv(PROFILE, Query(artefact, EnvironmentSelector(wanted), result))


ACME = StatefulClass(ClassMap(vendor="Acme", model="Router"))


def versions(found: Coserv) -> list[str]:
    assert found.results is not None
    quads = found.results.rvq or ()
    return sorted({each.rv_triple.ref_claims[0].mval.version.version for each in quads})  # type: ignore[union-attr]


def test_by_class() -> None:
    store, own, listed = registry()
    found = answer(by_class(ACME), store, US, NOW)
    assert (found.query, found.profile) == (by_class(ACME).query, PROFILE)
    assert found.results is not None
    assert found.results.expiry == rfc3339(NOW + 3600)
    digests = {each.rv_triple.ref_claims[0].mval.digests[0].val for each in found.results.rvq or ()}  # type: ignore[index]
    assert digests == {own.sha256, own.tree, listed.sha256}
    assert query.parse(query.build(found)) == found
    by = {each.rv_triple.ref_claims[0].mval.digests[0].val: each.authorities for each in found.results.rvq or ()}  # type: ignore[index]
    from hashlib import sha256

    assert by[own.sha256] == (Tagged(557, (1, sha256(spki(key())).digest())),)
    assert by[listed.sha256] == (Tagged(560, b"third-party-index"),)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (ClassMap(vendor="Acme"), ["1.0", "2.0"]),
        (ClassMap(model="Router"), ["1.0", "2.0"]),
        (ClassMap(vendor="Acme", model="Switch"), []),
        (ClassMap(vendor="Other", model="Router"), []),
        (ClassMap(vendor="Acme", class_id=Tagged(560, b"x")), []),
        (ClassMap(vendor="Acme", layer=1), []),
    ],
)
def test_what_is_not_set_matches_anything(of: ClassMap, expected: list[str]) -> None:
    assert versions(answer(by_class(StatefulClass(of)), registry()[0], US, NOW)) == expected


def test_alternatives_are_united() -> None:
    store = registry()[0]
    other = StatefulClass(ClassMap(vendor="Other"))
    assert versions(answer(by_class(other, ACME, ACME), store, US, NOW)) == ["1.0", "2.0"]


def test_a_class_in_a_state() -> None:
    store, own, _ = registry()
    state = Measurement(MeasurementValues(Version("1.0")))
    assert versions(answer(by_class(StatefulClass(ACME.class_, (state,))), store, US, NOW)) == ["1.0"]
    digest = Measurement(MeasurementValues(digests=(Digest("sha-256", own.sha256),)))
    assert versions(answer(by_class(StatefulClass(ACME.class_, (digest, state))), store, US, NOW)) == ["1.0"]
    wrong = Measurement(MeasurementValues(digests=(Digest(1, own.sha256), Digest(1, b"x" * 32))))
    assert versions(answer(by_class(StatefulClass(ACME.class_, (wrong,))), store, US, NOW)) == []
    least = Measurement(MeasurementValues(svn=Tagged(553, 8)))
    assert versions(answer(by_class(StatefulClass(ACME.class_, (least,))), store, US, NOW)) == [], "it claims 7"


def test_withdrawn_and_unproved_releases_are_in_no_answer() -> None:
    store, own, listed = registry()
    withdraw(store, listed.id, "a fault", NOW)
    assert versions(answer(by_class(ACME), store, US, NOW)) == ["1.0"]
    store._publishers["Acme"] = type(store._publishers["Acme"])("Acme", (spki(key(2)),))
    assert versions(answer(by_class(ACME), store, US, NOW)) == []
    rims = answer(Coserv(PROFILE, Query(rim_selector=(RimSelectorId(CORIM_ID, f"trueware:{own.id}"),))), store, US, NOW)
    assert rims.results is not None
    assert rims.results.rims == ()


def test_what_the_log_should_have_and_has_not_is_in_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    store, own, _ = registry()
    monkeypatch.setattr(Registry, "_is_logged", lambda _, release: release.id != own.id)
    assert versions(answer(by_class(ACME), store, US, NOW)) == ["2.0"]


def test_sources_are_the_statements_of_publishers() -> None:
    store, own, _ = registry()
    only = answer(by_class(ACME, result=1), store, US, NOW).results
    assert only is not None
    assert only.rvq is None
    assert [each.value for each in only.source_artifacts or ()] == [own.statement]
    both = answer(by_class(ACME, result=2), store, US, NOW)
    assert both.results is not None
    assert len(both.results.rvq or ()) == 3
    assert both.results.source_artifacts == only.source_artifacts
    assert query.parse(query.build(both)) == both


@pytest.mark.parametrize("artefact", [0, 1])
def test_what_a_registry_does_not_hold(artefact: int) -> None:
    found = answer(by_class(ACME, artefact=artefact), registry()[0], US, NOW).results
    assert found is not None
    assert (found.rvq, found.evq or (), found.akq or ()) == (None, (), ())
    groups = Coserv(PROFILE, Query(2, EnvironmentSelector(group=(StatefulGroup(Tagged(560, b"x")),)), 0))
    assert versions(answer(groups, registry()[0], US, NOW)) == []


def test_all_of_a_registry_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    store = registry()[0]
    with pytest.raises(UnsupportedInput):
        answer(by_class(StatefulClass(ClassMap())), store, US, NOW)
    monkeypatch.setattr(answering, "MAX_RELEASES", 1)
    with pytest.raises(LimitExceeded):
        answer(by_class(ACME), store, US, NOW)


@pytest.mark.parametrize("signs", [True, False])
def test_manifests_by_name(*, signs: bool) -> None:
    store, own, listed = registry()
    us = Answerer(Issuer("Registry"), 3600, key(3) if signs else None)
    name = f"trueware:{own.id}"
    wanted = (
        RimSelectorId(CORIM_ID, name),
        RimSelectorId(COMID_ID, f"{name}:comid"),
        RimSelectorId(COSWID_ID, f"{name}:coswid"),
        RimSelectorId(COSWID_ID, f"trueware:{listed.id}:coswid"),  # without a manifest there is none
        RimSelectorId(CORIM_ID, "trueware:nothing"),
        RimSelectorId(CORIM_ID, b"u" * 16),
    )
    found = answer(Coserv(PROFILE, Query(rim_selector=wanted)), store, us, NOW)
    assert query.parse(query.build(found)) == found
    assert found.results is not None
    rims = dict(found.results.rims or ())
    assert set(rims) == {name, f"{name}:comid", f"{name}:coswid"}
    record = rims[name]
    if signs:
        made = signed.parse(record.value)
        assert signed.verify(made, NOW, [spki(key(3))]).spki == spki(key(3))
        assert (record.type, made.corim.id) == ("application/rim+cose", name)
        with pytest.raises(UntrustedStatement, match="expired"):
            signed.verify(made, NOW + 3601, [spki(key(3))])
    else:
        assert record.type == "application/rim+cbor"
        assert manifest.parse(record.value, Notes()).id == name


def test_a_signed_answer_answers_its_query() -> None:
    store = registry()[0]
    asked = by_class(ACME)
    data = query.sign(answer(asked, store, US, NOW), key(3))
    assert versions(query.verify(data, spki(key(3)), asked)) == ["1.0", "2.0"]
    with pytest.raises(UntrustedStatement, match="another query"):
        query.verify(data, spki(key(3)), by_class(ACME, result=2))
    with pytest.raises(UntrustedStatement, match="does not fit"):
        query.verify(data, spki(key(4)), asked)
    for at in range(len(data)):
        with pytest.raises(InputError):
            query.verify(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], spki(key(3)), asked)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({0: PROFILE, 1: {0: 2, 2: 0}}, "belong together"),
        ({0: PROFILE, 1: {0: 2, 1: {0: (({1: "A"},),)}, 2: 3}}, "out of bounds"),
        ({0: PROFILE, 1: {0: 2, 1: {0: (({1: "A"},),), 1: ((Tagged(560, b"x"),),)}, 2: 0}}, "one of class"),
        ({0: PROFILE, 1: {3: ((2, "a"),), 0: 2}}, "at once"),
        ({0: PROFILE, 1: {3: ()}}, "at least 1"),
        ({0: PROFILE, 1: {3: ((5, "a"),)}}, "out of bounds"),
        ({0: Tagged(32, PROFILE), 1: {3: ((2, "a"),)}}, "profile"),
        ({1: {3: ((2, "a"),)}}, "profile missing"),
        ({0: PROFILE, 1: {3: ((2, "a"),)}, 2: {5: {}}}, "expiry missing"),
        ({0: PROFILE, 1: {3: ((2, "a"),)}, 2: {5: {}, 10: Tagged(0, "tomorrow")}}, "a date"),
    ],
)
def test_queries_that_are_none(value: dict[int, object], reason: str) -> None:
    with pytest.raises(MalformedInput, match=reason):
        query.parse(encode(value))  # type: ignore[arg-type]


def test_a_query_has_one_encoding() -> None:
    from base64 import urlsafe_b64encode

    asked = by_class(ACME)
    text = query.query_text(asked)
    assert query.parse_query(text) == query.parse_query(text + "=" * (-len(text) % 4)) == asked
    data = query.build(asked)
    longer = b"\xb8\x02" + data[1:]
    assert query.parse(longer) == asked
    for other in (longer, data + b"\x00"):
        with pytest.raises(MalformedInput):
            query.parse_query(urlsafe_b64encode(other).decode())
    answered = query.build(answer(asked, registry()[0], US, NOW))
    for bad in ("", "=", "a", "a+b/", "ä", text + "!", text[:-1] + "é", "A" * 100_000):
        with pytest.raises(MalformedInput):
            query.parse_query(bad)
    with pytest.raises(MalformedInput, match="results"):
        query.parse_query(urlsafe_b64encode(answered).decode().rstrip("="))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (951782400, "2000-02-29T00:00:00Z"),
        (1923417002, "2030-12-13T18:30:02Z"),
        (4107542399, "2100-02-28T23:59:59Z"),
        (4107542400, "2100-03-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
    ],
)
def test_times(seconds: int, text: str) -> None:
    assert rfc3339(seconds) == text
