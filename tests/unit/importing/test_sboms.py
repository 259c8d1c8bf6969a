"""CycloneDX and SPDX: what they state becomes references, is stored, and tells a changed folder from a genuine one."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importing import documents

from trueware import importing
from trueware.errors import InputError, MalformedInput
from trueware.exchange import spdx, spdx2
from trueware.importing.contract import Context, Document
from trueware.model.claim import LISTED, Claim
from trueware.model.listing import Extent, extent_of
from trueware.model.result import Result
from trueware.model.verdict import Authority, Verdict
from trueware.referencing import Wish, import_document
from trueware.registry.lookup import Registry
from trueware.registry.references import Reference, Refused
from trueware.sources.mirrors import FolderMirror
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore
from trueware.verify import verify

CODE = documents.code(documents.FILES)
OPEN: dict[str, Any] = {
    "router.cdx.json": documents.cyclonedx(),
    "router.cdx.xml": documents.cyclonedx_xml(),
    "router.spdx.json": documents.spdx2(),
    "router.spdx": documents.spdx2_tags(),
    "router3.spdx.json": documents.spdx3(),
}
COMPLETE: dict[str, Any] = {
    "router.cdx.json": documents.cyclonedx(complete=True),
    "router.cdx.xml": documents.cyclonedx_xml(complete=True),
    "router.spdx.json": documents.spdx2(verification=CODE),
    "router.spdx": documents.spdx2_tags(verification=CODE),
    "router3.spdx.json": documents.spdx3(completeness="complete"),
}


def stated(folder: Path, name: str, document: Any, publisher: str | None = None) -> list[Any]:
    """Return what the importer that recognises a document says."""
    path = folder / name
    path.write_bytes(document if isinstance(document, bytes) else documents.text(document))
    given = Document(name, path.read_bytes()[:65536], FolderMirror(folder))
    importer = importing.recognise(given)
    assert importer is not None
    assert importer.name != "list"
    return list(importer.read(given, Context(1, publisher=publisher)))


def one(found: list[Any]) -> Reference:
    (reference,) = found
    assert isinstance(reference, Reference)
    return reference


def refused(found: list[Any]) -> str:
    return "; ".join(f"{each.where}: {each.reason}" for each in found if isinstance(each, Refused))


@pytest.mark.parametrize("name", OPEN)
def test_what_is_stated(tmp_path: Path, name: str) -> None:
    """All formats say the same of the same router."""
    reference = one(stated(tmp_path, name, OPEN[name]))

    assert (reference.publisher, reference.product, reference.version) == ("Acme", "Router", "1.0")
    assert reference.authority is Authority.THIRD_PARTY
    assert name in reference.source
    assert reference.manifest is not None
    assert reference.sha256 == reference.manifest.tree
    files = {path: part.sha256 for path, part in reference.manifest.walk() if part.sha256}
    assert files == {path: sha256(data).digest() for path, data in documents.FILES.items()}
    assert extent_of(reference.manifest) is Extent.OPEN


@pytest.mark.parametrize("name", COMPLETE)
def test_completeness_is_stated(tmp_path: Path, name: str) -> None:
    reference = one(stated(tmp_path, name, COMPLETE[name]))

    assert reference.manifest is not None
    assert extent_of(reference.manifest) is Extent.COMPLETE


def test_purl_and_cpe_are_claims(tmp_path: Path) -> None:
    claims = one(stated(tmp_path, "router.cdx.json", OPEN["router.cdx.json"])).claims
    purl = Claim("purl", "pkg:generic/router@1.0", LISTED, "")

    assert purl in claims
    assert Claim("cpe", "cpe:2.3:o:acme:router:1.0:*:*:*:*:*:*:*", LISTED, "") in claims
    for name in ("router.spdx", "router3.spdx.json"):
        assert purl in one(stated(tmp_path, name, OPEN[name])).claims


# --- end to end -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryStore | SqliteStore:
    return MemoryStore() if request.param == "memory" else SqliteStore.create(tmp_path / "registry.sqlite")


def judged(store: MemoryStore | SqliteStore, folder: Path, alter: Callable[[Path], object]) -> Result:
    documents.write(folder)
    alter(folder)
    return verify(folder, Registry(store))


@pytest.mark.parametrize("name", COMPLETE)
def test_a_folder_is_held_against_an_imported_document(
    store: MemoryStore | SqliteStore, tmp_path: Path, name: str
) -> None:
    """Genuine by a third party's list; a changed, another and a missing file are told; nothing else is damaged."""
    (tmp_path / name).write_bytes(documents.text(COMPLETE[name]))
    done = import_document(store, tmp_path / name, Wish(), 1)
    assert (done.added, done.refusals) == (1, 0)

    same = judged(store, tmp_path / "same", lambda _: None)
    assert (same.verdict, same.authority, same.changes) == (Verdict.GENUINE, Authority.THIRD_PARTY, ())
    assert "not-checkable" in {finding.rule for finding in same.findings}

    changed = judged(store, tmp_path / "changed", lambda at: (at / "bin/run").write_bytes(b"other"))
    extra = judged(store, tmp_path / "extra", lambda at: (at / "bin/extra").write_bytes(b"extra"))
    gone = judged(store, tmp_path / "gone", lambda at: (at / "etc/conf").unlink())
    for result, path in ((changed, "bin/run"), (extra, "bin/extra"), (gone, "etc/conf")):
        assert result.verdict is Verdict.TAMPERED
        assert [each.path for each in result.changes] == [path]
    assert store.fsck() == []


@pytest.mark.parametrize("name", OPEN)
def test_another_file_beside_an_open_list(store: MemoryStore | SqliteStore, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(documents.text(OPEN[name]))
    import_document(store, tmp_path / name, Wish(), 1)
    result = judged(store, tmp_path / "extra", lambda at: (at / "bin/extra").write_bytes(b"extra"))

    assert result.verdict is Verdict.UNKNOWN
    assert "bin/extra" in result.reason


def test_the_answer_invents_no_size_and_no_identity(tmp_path: Path) -> None:
    """SPDX states no sizes, and a list is not all of a release."""
    from trueware.cli.text import render

    (tmp_path / "a.spdx").write_bytes(documents.text(COMPLETE["router.spdx"]))
    import_document(store := MemoryStore(), tmp_path / "a.spdx", Wish(), 1)
    same = render(judged(store, tmp_path / "same", lambda _: None))
    changed = render(judged(store, tmp_path / "changed", lambda at: (at / "bin/run").write_bytes(b"other")))

    assert "identical" not in same
    assert "size not stated -> 5 bytes" in changed


def test_a_package_with_a_digest_is_known_by_it(store: MemoryStore | SqliteStore, tmp_path: Path) -> None:
    image = tmp_path / "image.bin"
    image.write_bytes(b"image" * 100)
    component: dict[str, Any] = {"type": "firmware", "name": "R", "version": "2", "publisher": "Acme"}
    component["hashes"] = [
        {"alg": "MD5", "content": "0" * 32},
        {"alg": "SHA-256", "content": sha256(image.read_bytes()).hexdigest()},
    ]
    (tmp_path / "bom.json").write_text(
        json.dumps({"components": [component], "bomFormat": "CycloneDX", "specVersion": "1.4"})
    )
    import_document(store, tmp_path / "bom.json", Wish(), 1)
    result = verify(image, Registry(store))

    assert (result.verdict, result.authority) == (Verdict.GENUINE, Authority.THIRD_PARTY)
    assert "R 2 of Acme" in result.reason


# --- CycloneDX --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.7"])
def test_versions_of_cyclonedx(tmp_path: Path, version: str) -> None:
    for name, document in (
        ("a.json", documents.cyclonedx(specVersion=version)),
        ("a.xml", documents.cyclonedx_xml(version=version)),
    ):
        assert f"CycloneDX {version}, not signed" in one(stated(tmp_path, name, document)).source


def test_signatures_of_cyclonedx_that_cannot_be_checked_are_told(tmp_path: Path) -> None:
    document = documents.cyclonedx(signature={"algorithm": "ES256", "value": "x"})
    inside = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></bom>'
    xml = documents.cyclonedx_xml().replace("</bom>", inside)

    for name, each in (("a.json", document), ("a.xml", xml)):
        assert "signature not checked" in one(stated(tmp_path, name, each)).source


def test_nested_components(tmp_path: Path) -> None:
    """Files are those of the component that they are directly in, and of the product; components stand for themselves."""
    document = documents.cyclonedx({"etc/top": b"top"})
    inner = {"type": "file", "name": "lib/inner", "hashes": [{"alg": "SHA-256", "content": "ab" * 32}]}
    library: dict[str, Any] = {"type": "library", "group": "org", "name": "lib", "version": "3", "components": [inner]}
    document["components"].append({"type": "application", "name": "app", "publisher": "P", "components": [library]})
    library["manufacturer"] = {"name": "Maker"}
    found = stated(tmp_path, "a.json", document)
    references = {each.product: each for each in found if isinstance(each, Reference)}

    assert sorted(references) == ["Router", "org/lib"]
    assert references["org/lib"].publisher == "Maker"
    paths = {
        product: [at for at, part in each.manifest.walk() if part.sha256]
        for product, each in references.items()
        if each.manifest
    }
    assert paths == {"Router": ["etc/top", "lib/inner"], "org/lib": ["lib/inner"]}
    assert refused(found) == "app unknown: no digest"


def test_files_without_a_product_stand_for_themselves(tmp_path: Path) -> None:
    document = documents.cyclonedx({"a": b"1", "b": b"2"})
    del document["metadata"]
    found = stated(tmp_path, "a.json", document, "Acme")

    assert [(each.product, each.sha256) for each in found] == [
        ("a", sha256(b"1").digest()),
        ("b", sha256(b"2").digest()),
    ]
    assert "whose software" in refused(stated(tmp_path, "a.json", document))


@pytest.mark.parametrize(
    ("path", "reason"),
    [("../../etc/shadow", "leads out"), ("", "no name"), ("a\0b", "NUL"), ("etc/conf/x", "file and a folder")],
)
def test_bad_paths_are_refused_and_leave_the_list_open(tmp_path: Path, path: str, reason: str) -> None:
    document = documents.cyclonedx(complete=True)
    document["components"].append({"type": "file", "name": path, "hashes": [{"alg": "SHA-256", "content": "ab" * 32}]})
    found = stated(tmp_path, "a.json", document)
    (reference,) = (each for each in found if isinstance(each, Reference))

    assert reason in refused(found)
    assert reference.manifest is not None
    assert extent_of(reference.manifest) is Extent.OPEN


def test_two_digests_of_one_file_are_none(tmp_path: Path) -> None:
    document = documents.cyclonedx(complete=True)
    document["components"][0]["hashes"].append({"alg": "SHA-256", "content": "cd" * 32})
    found = stated(tmp_path, "a.json", document)

    assert "1 files without SHA-256" in refused(found)


def test_weak_digests_are_named(tmp_path: Path) -> None:
    component = {"type": "library", "name": "x", "publisher": "P", "hashes": [{"alg": "SHA-1", "content": "ab" * 20}]}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component]}

    assert refused(stated(tmp_path, "a.json", document)) == "x unknown: only SHA-1, SHA-256 is needed"


def test_contradicting_compositions_say_nothing(tmp_path: Path) -> None:
    document = documents.cyclonedx(complete=True)
    document["compositions"].append({"aggregate": "incomplete", "assemblies": ["it"]})
    reference = one(stated(tmp_path, "a.json", document))

    assert reference.manifest is not None
    assert extent_of(reference.manifest) is Extent.OPEN


# --- SPDX -------------------------------------------------------------------------------------------------------------


def test_the_verification_code_is_the_published_one() -> None:
    """Of hello-bin in SPDX's own examples (spdx-examples, example2): one file, its SHA-1 and the code of the package."""
    item = spdx.Item("p", code="d7aa17dad30d1d1d468a10ea1ec5e100e471c064")
    file = spdx.Listed("./hello", None, "20291a81ef065ff891b537b64d4fdccaf6f5ac02")

    assert spdx._fits(item, [file]) is True
    assert spdx._fits(item, [file, file]) is False
    assert spdx._fits(item, [spdx.Listed("./hello", None, "")]) is None


@pytest.mark.parametrize("name", ["a.spdx.json", "a.spdx"])
def test_a_verification_code_that_does_not_fit_is_a_refusal(tmp_path: Path, name: str) -> None:
    """Whoever adds a file to a document, or alters one, has to alter the code too."""
    files = dict(documents.FILES) | {"bin/run": b"altered"}
    document = (documents.spdx2 if name.endswith("json") else documents.spdx2_tags)(files, verification=CODE)
    found = stated(tmp_path, name, document)

    assert "verification code is not that of the files" in refused(found)
    assert not [each for each in found if isinstance(each, Reference)]


def test_a_package_with_a_digest_stays_without_its_false_list(tmp_path: Path) -> None:
    digest = [{"algorithm": "SHA256", "checksumValue": "ab" * 32}]
    document = documents.spdx2(verification="0" * 40, checksums=digest)
    found = stated(tmp_path, "a.spdx.json", document)
    (reference,) = (each for each in found if isinstance(each, Reference))

    assert (reference.sha256, reference.manifest) == (bytes.fromhex("ab" * 32), None)
    assert "verification code" in refused(found)


def test_excluded_files_leave_a_list_open(tmp_path: Path) -> None:
    excluded = {"packageVerificationCodeValue": "0" * 40, "packageVerificationCodeExcludedFiles": ["./a.spdx"]}
    reference = one(stated(tmp_path, "a.spdx.json", documents.spdx2(packageVerificationCode=excluded)))

    assert reference.manifest is not None
    assert extent_of(reference.manifest) is Extent.OPEN


def test_has_files_is_containing(tmp_path: Path) -> None:
    document = documents.spdx2(hasFiles=[f"SPDXRef-{n}" for n in range(len(documents.FILES))])
    document["relationships"] = []

    assert one(stated(tmp_path, "a.spdx.json", document)).manifest is not None


def test_the_subject_has_the_files_of_the_packages_in_it(tmp_path: Path) -> None:
    document = documents.spdx2()
    document["packages"].append({"SPDXID": "SPDXRef-in", "name": "in", "supplier": "Organization: B"})
    for relation in document["relationships"][1:4]:
        relation["spdxElementId"] = "SPDXRef-in"
    document["relationships"].append(
        {"spdxElementId": "SPDXRef-in", "relationshipType": "CONTAINED_BY", "relatedSpdxElement": "SPDXRef-Router"}
    )
    found = {each.product: each for each in stated(tmp_path, "a.spdx.json", document)}
    counts = {name: sum(1 for _, part in each.manifest.walk() if part.sha256) for name, each in found.items()}

    assert counts == {"Router": len(documents.FILES), "in": 3}


def test_packages_that_contain_each_other_end(tmp_path: Path) -> None:
    document = documents.spdx2()
    document["relationships"].append(
        {"spdxElementId": "SPDXRef-Router", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-Router"}
    )

    assert one(stated(tmp_path, "a.spdx.json", document)).manifest is not None


def test_an_id_that_names_two_things_is_refused(tmp_path: Path) -> None:
    document = documents.spdx2()
    document["files"][1]["SPDXID"] = document["files"][0]["SPDXID"]

    assert "names two things" in refused(stated(tmp_path, "a.spdx.json", document))


def test_files_with_sha1_alone_are_no_list(tmp_path: Path) -> None:
    document = documents.spdx2()
    for each in document["files"]:
        each["checksums"] = each["checksums"][:1]
    found = stated(tmp_path, "a.spdx.json", document)

    assert not [each for each in found if isinstance(each, Reference)]
    assert "14 files without SHA-256" in refused(found)


def test_unpackaged_files(tmp_path: Path) -> None:
    lines = f"SPDXVersion: SPDX-2.2\nFileName: a\nSPDXID: SPDXRef-a\nFileChecksum: SHA256: {'ab' * 32}\n"
    reference = one(stated(tmp_path, "a.spdx", lines, "Acme"))

    assert (reference.product, reference.sha256) == ("a", bytes.fromhex("ab" * 32))


def test_spdx3_with_another_context_is_refused(tmp_path: Path) -> None:
    document = documents.spdx3()
    document["@context"] = ["https://spdx.org/rdf/3.0.1/spdx-context.jsonld", {"name": "urn:else"}]
    with pytest.raises(MalformedInput, match="another @context"):
        stated(tmp_path, "a.spdx.json", document)


def test_one_statement_that_is_not_complete_makes_none_complete(tmp_path: Path) -> None:
    document = documents.spdx3(completeness="complete")
    document["@graph"].append(
        {"type": "Relationship", "spdxId": "urn:2", "from": "urn:router", "to": [], "relationshipType": "contains"}
    )
    reference = one(stated(tmp_path, "a.spdx.json", document))

    assert reference.manifest is not None
    assert extent_of(reference.manifest) is Extent.OPEN


def test_text_in_tag_value_is_passed_by() -> None:
    graph = spdx2.read_tag_value(b"SPDXVersion: SPDX-2.3\nPackageComment: <text>a\nPackageName: no\nb</text>\n")

    assert graph.packages == {}


# --- hostile ----------------------------------------------------------------------------------------------------------

BOMB = '<!DOCTYPE bom [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("deep.cdx.json", b'{"bomFormat":"CycloneDX","x":' + b"[" * 200_000),
        ("deep2.cdx.json", b'{"bomFormat":"CycloneDX","components":[' + b'{"components":[' * 50_000),
        ("twice.cdx.json", b'{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}'),
        ("nested.cdx.json", b'{"bomFormat":"CycloneDX","components":[{"name":"a","name":"b"}]}'),
        ("nan.cdx.json", b'{"bomFormat":"CycloneDX","version":NaN}'),
        ("bytes.cdx.json", b'{"bomFormat":"CycloneDX","x":"\xff"}'),
        ("more.cdx.json", b'{"bomFormat":"CycloneDX"}{}'),
        ("list.cdx.json", b'{"bomFormat":"CycloneDX","components":{}}'),
        ("item.cdx.json", b'{"bomFormat":"CycloneDX","components":[1]}'),
        ("cut.cdx.json", b'{"bomFormat":"CycloneDX","components":[{"name":"x"}'),
        ("bomb.xml", documents.cyclonedx_xml().replace('<?xml version="1.0"?>', BOMB).encode()),
        ("type.xml", documents.cyclonedx_xml().replace('<?xml version="1.0"?>', "<!DOCTYPE bom>").encode()),
        ("deep.xml", b'<bom xmlns="http://cyclonedx.org/schema/bom/1.6">' + b"<a>" * 100_000),
        ("cut.xml", documents.cyclonedx_xml().encode()[:400]),
        ("other.xml", b'<sbom xmlns="http://cyclonedx.org/schema/bom/1.6"/>'),
        ("deep.spdx.json", b'{"spdxVersion":"SPDX-2.3","packages":[' + b"[" * 200_000),
        ("version.spdx.json", b'{"spdxVersion":"SPDX-1.0"}'),
        ("id.spdx.json", b'{"spdxVersion":"SPDX-2.3","files":[{}]}'),
        ("graph.spdx.json", b'{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[[]]}'),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(InputError):
        stated(tmp_path, name, data)


WRONG: list[Any] = [None, True, -1, 1.5, "", "x" * 5000, [], [[]], {}, {"name": []}, "\ud800"]


@pytest.mark.parametrize("name", ["a.cdx.json", "a.spdx.json", "b.spdx.json"])
def test_values_of_the_wrong_kind_are_refused_or_passed_by(tmp_path: Path, name: str) -> None:
    """Each value in turn, at whatever depth, becomes each kind of other value: an answer or an `InputError`, never anything else."""
    document = {"a.cdx.json": documents.cyclonedx, "a.spdx.json": documents.spdx2, "b.spdx.json": documents.spdx3}[
        name
    ]({"a": b"1", "b/c": b"2"})
    tried = 0
    for place in list(_places(document)):
        for wrong in WRONG:
            changed = json.loads(json.dumps(document))
            *above, last = place
            at = changed
            for step in above:
                at = at[step]
            at[last] = wrong
            tried += 1
            try:
                found = stated_as(tmp_path, name, json.dumps(changed).encode())
            except InputError:
                continue
            assert all(isinstance(each, Reference | Refused) for each in found)
    assert tried > 200


def stated_as(folder: Path, name: str, data: bytes) -> list[Any]:
    (folder / name).write_bytes(data)
    importer = importing.load("cyclonedx" if "cdx" in name else "spdx")
    return list(importer.read(Document(name, data[:65536], FolderMirror(folder)), Context(1)))


def _places(value: Any, above: tuple[Any, ...] = ()) -> Any:
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*above, key)
        yield from _places(each, (*above, key))


def test_many_components_take_little(tmp_path: Path) -> None:
    """300,000 without a digest: refused one by one, counted, and none of them held."""
    component = b'{"type":"library","name":"n","version":"1"}'
    path = tmp_path / "a.cdx.json"
    path.write_bytes(b'{"bomFormat":"CycloneDX","components":[' + b",".join([component] * 300_000) + b"]}")
    done = import_document(MemoryStore(), path, Wish("Acme"), 1)

    assert (done.added, done.refusals, len(done.refused)) == (0, 300_000, 1000)


def test_the_bom_of_a_real_feed(corpus: Path) -> None:
    """OpenWrt's names packages and has no digest of any: each is refused with that reason, and nothing is invented."""
    path = corpus / "corpus/open/openwrt-dist-leaked-key/2025-04-25/Packages.bom.cdx.json"
    done = import_document(MemoryStore(), path, Wish("OpenWrt"), 1)

    assert (done.added, done.refusals) == (0, 52)
    assert {each.reason for each in done.refused} == {"no digest"}
