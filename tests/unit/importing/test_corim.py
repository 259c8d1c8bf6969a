"""CoRIM and CoSWID become references: whose word they are, what is refused, and that what they state is found again."""

from dataclasses import replace
from hashlib import sha256, sha384
from pathlib import Path
from typing import Any

import pytest
from tests.unit.exchange.samples import NOW, chain, corim, environment, key, measured, module, software, spki

from trueware import importing
from trueware.cose.foreign_cbor import Tagged
from trueware.errors import MalformedInput, UntrustedStatement
from trueware.exchange.corim import coswid, manifest, signed
from trueware.exchange.corim.comid import (
    ConciseMidTag,
    CoswidTriple,
    EndorsedTriple,
    Environment,
    ReferenceTriple,
    Triples,
)
from trueware.exchange.corim.common import TagIdentity, Validity
from trueware.exchange.corim.manifest import Corim, Tag
from trueware.importing.contract import Context, Document
from trueware.importing.corim import IMPORTER
from trueware.model.anchor import Distrusted
from trueware.model.part import Kind
from trueware.model.verdict import Authority
from trueware.referencing import Wish, import_document
from trueware.registry.enrol import enrol
from trueware.registry.references import Imported, Reference, Refused
from trueware.registry.trust import admit, take_back
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys
from trueware.signatures.x509 import spki_id
from trueware.sources.mirrors import FolderMirror
from trueware.storage.memory import MemoryStore

A = sha256(b"image").digest()
FILES: dict[str, bytes | None] = {"run": b"program", "conf": b"settings"}
ROUTER = ReferenceTriple(environment(), (measured((1, A), (7, sha384(b"image").digest())),))


def said(data: bytes, folder: Path, publisher: str | None = None, name: str = "x.corim") -> list[Any]:
    """Return what the importer that recognises a document says."""
    (folder / name).write_bytes(data)
    document = Document(name, data[:65536], FolderMirror(folder))
    importer = importing.recognise(document)
    assert importer is not None
    assert importer.name == "corim"
    return list(importer.read(document, Context(NOW, publisher=publisher)))


def unsigned(*contents: Any) -> bytes:
    return manifest.build(corim(*contents))


def test_a_reference_by_digest(tmp_path: Path) -> None:
    (found,) = said(unsigned(module(ROUTER)), tmp_path)
    assert (found.publisher, found.product, found.version, found.sha256) == ("Acme", "Router", "1.0", A)
    assert (found.authority, found.manifest) == (Authority.THIRD_PARTY, None)
    assert found.source == "x.corim, CoRIM corim, unsigned"
    claims = {(each.name, each.value, each.source) for each in found.claims}
    assert claims == {
        (*pair, "list") for pair in [("vendor", "Acme"), ("product", "Router"), ("version", "1.0"), ("svn", "3")]
    }


def test_the_caller_says_whose_it_is(tmp_path: Path) -> None:
    nameless = ReferenceTriple(Environment(instance=Tagged(550, b"1234567")), (measured((1, A)),))
    (refused,) = said(unsigned(module(nameless)), tmp_path)
    assert "does not say whose" in refused.reason
    (found,) = said(unsigned(module(nameless)), tmp_path, "Other")
    assert found.publisher == "Other"


@pytest.mark.parametrize(
    ("measurement", "reason"),
    [
        (measured((7, b"x" * 48)), "only SHA-384, SHA-256 is needed"),
        (measured(("sha-512", b"x" * 64), (2, b"x" * 16)), "only sha-512, SHA-256-128, SHA-256 is needed"),
    ],
)
def test_other_digests_are_refused(measurement: Any, reason: str, tmp_path: Path) -> None:
    found = said(unsigned(module(ReferenceTriple(environment(), (measurement,)), ROUTER)), tmp_path)
    assert [type(each) for each in found] == [Refused, Reference]
    assert reason in found[0].reason


def test_digests_of_the_wrong_length_are_not_valid(tmp_path: Path) -> None:
    (refused,) = said(unsigned(module(ReferenceTriple(environment(), (measured((1, b"short")),)), ROUTER)), tmp_path)
    assert "not as long" in refused.reason


def test_elements_of_an_environment_are_products_of_their_own(tmp_path: Path) -> None:
    claims = (measured((1, A), mkey="boot"), measured((1, b"k" * 32), mkey="kernel"))
    found = said(unsigned(module(ReferenceTriple(environment(), claims))), tmp_path)
    assert [each.product for each in found] == ["Router boot", "Router kernel"]


def test_a_list_of_files_that_an_environment_links_to(tmp_path: Path) -> None:
    """It is what is in the artefact whose digest the reference triple has."""
    link = CoswidTriple(environment(), ("software",))
    (found,) = said(unsigned(module(ROUTER, links=[link]), software(FILES)), tmp_path)
    assert found.sha256 == A
    tree = found.manifest
    assert tree is not None
    files = {path: part.sha256 for path, part in tree.walk() if part.kind is Kind.FILE}
    assert files == {"usr/conf": sha256(b"settings").digest(), "usr/run": sha256(b"program").digest()}
    assert all(part.mode is None for _, part in tree.walk()), "what is not stated is not invented"


def test_a_list_of_files_by_itself(tmp_path: Path) -> None:
    (inside,) = said(unsigned(software(FILES)), tmp_path)
    (alone,) = said(coswid.build(software(FILES)), tmp_path, name="x.coswid")
    for found in (inside, alone):
        assert (found.publisher, found.product, found.version) == ("Acme", "Router", "1.0")
        assert found.manifest is not None
        assert found.sha256 == found.manifest.tree
    assert alone.source == "x.coswid, CoSWID, unsigned"


def test_a_patch_is_not_called_the_product(tmp_path: Path) -> None:
    (found,) = said(unsigned(replace(software(FILES), patch=True)), tmp_path)
    assert found.product == "Router (patch)"


def test_files_without_a_digest_are_told(tmp_path: Path) -> None:
    refused, found = said(unsigned(software({**FILES, "other": None})), tmp_path)
    assert "1 files without SHA-256" in refused.reason
    assert found.manifest is not None
    (only,) = said(unsigned(software({"other": None})), tmp_path)
    assert isinstance(only, Refused)


@pytest.mark.parametrize("path", ["../up", "..", "a\0b", ""])
def test_paths_that_lead_out_are_refused(path: str, tmp_path: Path) -> None:
    found = said(unsigned(software({path: b"x", **FILES})), tmp_path)
    assert [each for each in found if isinstance(each, Refused)]
    (reference,) = (each for each in found if isinstance(each, Reference))
    assert {part.name for _, part in reference.manifest.walk() if part.kind is Kind.FILE} == {"run", "conf"}  # type: ignore[union-attr]


def test_what_must_be_discarded(tmp_path: Path) -> None:
    late = Corim("c", (Tag(506, module(ROUTER)),), rim_validity=Validity(NOW - 1))
    (refused,) = said(manifest.build(late), tmp_path)
    assert "must be discarded: it expired" in refused.reason
    twice = ReferenceTriple(environment(), (measured((1, A), (1, b"b" * 32)),))
    (refused,) = said(unsigned(module(twice)), tmp_path)
    assert "two digests by one algorithm" in refused.reason
    lost = CoswidTriple(environment(), ("nowhere",))
    (refused,) = said(unsigned(module(ROUTER, links=[lost])), tmp_path)
    assert "are not there" in refused.reason


def test_what_is_no_reference_value_is_told(tmp_path: Path) -> None:
    endorsed = EndorsedTriple(environment(), (measured((1, A)),))
    tag = ConciseMidTag(TagIdentity("m"), Triples((ROUTER,), (endorsed,)))
    found = said(manifest.build(Corim("c", (Tag(506, tag), Tag(507, None, b"x")))), tmp_path)
    assert [each.reason for each in found if isinstance(each, Refused)] == [
        "tags of type 507 are not read",
        "1 triples are no reference values",
    ]


@pytest.mark.parametrize("data", [b"", b"\xd9\x01\xf4", b"\xd9\x01\xf5\x00", b"\xd2\x84\x40application/rim+cbor"])
def test_what_is_none_of_this(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    document = Document("x", data, FolderMirror(tmp_path))
    if IMPORTER.recognises(document):
        with pytest.raises(MalformedInput):
            list(IMPORTER.read(document, Context(NOW)))


# signatures


def store_that_knows(*keys: Key, issues: bool = False) -> MemoryStore:
    store = MemoryStore()
    enrol(store, "Laboratory", (), (), NOW)
    admit(store, "Laboratory", keys, NOW, issues=issues)
    return store


def take(store: MemoryStore, data: bytes, folder: Path, now: int = NOW) -> Imported:
    (folder / "x.corim").write_bytes(data)
    return import_document(store, folder / "x.corim", Wish(), now)


def own(seed: int = 1) -> Key:
    return Key("spki", spki_id(spki(key(seed))), spki(key(seed)))


SIGNED = signed.sign(corim(module(ROUTER)), key(), "Lab", validity=Validity(NOW + 9, NOW - 9))


def source_of(store: MemoryStore) -> str:
    (release,) = store.releases()
    assert release.authority is Authority.THIRD_PARTY
    return release.source


def test_signed_by_an_admitted_key(tmp_path: Path) -> None:
    store = store_that_knows(own())
    assert take(store, SIGNED, tmp_path).added == 1
    assert "an admitted key of Laboratory" in source_of(store)


def test_signed_by_nobody_at_hand(tmp_path: Path) -> None:
    store = store_that_knows(own(2))
    assert take(store, SIGNED, tmp_path).added == 1
    assert "not checkable" in source_of(store)


def test_a_certificate_that_leads_to_an_admitted_authority(tmp_path: Path) -> None:
    made = chain()
    data = signed.sign(corim(module(ROUTER)), made.private_key, "Lab", certificates=[made.certificate, made.anchor])
    store = store_that_knows(*read_keys(made.anchor), issues=True)
    take(store, data, tmp_path)
    assert "an admitted key of Laboratory" in source_of(store)
    stranger = store_that_knows(own())
    take(stranger, data, tmp_path)
    assert "not known" in source_of(stranger)


def test_broken_signatures_yield_nothing(tmp_path: Path) -> None:
    made, other = chain(), chain()
    data = signed.sign(corim(module(ROUTER)), other.private_key, "Lab", certificates=[made.certificate])
    store = store_that_knows(*read_keys(made.certificate))
    with pytest.raises(UntrustedStatement, match="not that of the certificate"):
        take(store, data, tmp_path)
    good = signed.sign(corim(module(ROUTER)), made.private_key, "Lab", certificates=[made.certificate])
    at = good.index(A) + 3
    with pytest.raises(UntrustedStatement):
        take(store, good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :], tmp_path)
    assert store.releases() == ()
    assert take(store, good, tmp_path).added == 1


def test_out_of_time(tmp_path: Path) -> None:
    for now in (NOW + 10, NOW - 10):
        with pytest.raises(UntrustedStatement, match="the signature"):
            take(store_that_knows(own()), SIGNED, tmp_path, now)


def test_keys_that_were_taken_back_or_must_not_be_trusted(tmp_path: Path) -> None:
    store = store_that_knows(own())
    take_back(store, "Laboratory", own().id, "lost", NOW)
    with pytest.raises(UntrustedStatement, match="taken back"):
        take(store, SIGNED, tmp_path)
    store = store_that_knows(own())
    store.add_distrusted([Distrusted(own().id, "leaked")], NOW)
    with pytest.raises(UntrustedStatement, match="must not be trusted"):
        take(store, SIGNED, tmp_path)


def test_a_signed_digest_with_the_manifest_beside_it(tmp_path: Path) -> None:
    data = signed.sign(corim(module(ROUTER)), key(), "Lab", hashed=True)
    store = store_that_knows(own())
    with pytest.raises(MalformedInput, match="not at hand"):
        take(store, data, tmp_path)
    (tmp_path / "x.corim.corim").write_bytes(unsigned(module(ROUTER)))
    assert take(store, data, tmp_path).added == 1
    (tmp_path / "x.corim.corim").write_bytes(unsigned(module(ROUTER, name="other")))
    with pytest.raises(MalformedInput, match="not the one"):
        take(store, data, tmp_path)


def test_nobody_says_here_that_a_publisher_signed(tmp_path: Path) -> None:
    """Not even the publisher itself: that is a release statement's to say."""
    store = MemoryStore()
    enrol(store, "Acme", (spki(key()),), (), NOW)
    admit(store, "Acme", [own()], NOW)
    take(store, SIGNED, tmp_path)
    assert "an admitted key of Acme" in source_of(store)


def test_claims_of_signers_are_not_taken(tmp_path: Path) -> None:
    """A list that a registry wrote has the artefact's claims; that somebody signed it is nobody's to say."""
    from tests.unit.exchange.samples import firmware

    from trueware.exchange.corim.from_release import Issuer, from_release
    from trueware.model.claim import SIGNER, Claim
    from trueware.registry.learn import learn

    claims = (Claim(SIGNER, "spki-sha256:00", "apk-v2", ""), Claim("os", "linux", "os-release", ""))
    release = learn(MemoryStore(), firmware(), {}, claims, publisher="Acme", product="Router", version="1", now=NOW)
    (found,) = said(manifest.build(from_release(release, firmware(), Issuer("R"))), tmp_path)
    assert [each.name for each in found.claims] == ["os"]


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "references", "refusals"),
    [
        ("ietf-rats-wg__draft-ietf-rats-corim/open/cddl/examples/corim-2.from-diag.cbor", 3, 1),
        ("ietf-rats-wg__draft-ietf-rats-corim/open/cddl/examples/corim-1.from-diag.cbor", 1, 0),
        ("ietf-rats-wg__draft-ietf-rats-corim/open/cddl/examples/corim-firmware-cd.from-diag.cbor", 0, 3),
        ("veraison__corim/open/corim/testcases/signed-good-corim.cbor", 3, 0),
        ("ietf-rats-wg__eat/open/cddl/Example-Payloads/coswid/iot-sw.from-diag.cbor", 0, 1),
    ],
)
def test_public_examples(corpus: Path, name: str, references: int, refusals: int, tmp_path: Path) -> None:
    data = (corpus / "attest/public" / name).read_bytes()
    (tmp_path / "x.corim").write_bytes(data)
    document = Document("x.corim", data, FolderMirror(tmp_path))
    assert IMPORTER.recognises(document)
    found = list(IMPORTER.read(document, Context(1_700_000_000)))
    assert sum(isinstance(each, Reference) for each in found) == references
    assert sum(isinstance(each, Refused) for each in found) == refusals
