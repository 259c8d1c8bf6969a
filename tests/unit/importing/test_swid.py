"""SWID tags and base RIMs: their payload, their signature, and the files beside them."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importing import documents
from tests.unit.importing.test_sboms import refused, stated
from tests.unit.signatures.xml_signing import HERE, key, sign

from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.model.claim import LISTED, Claim
from trueware.model.listing import Extent, extent_of
from trueware.model.verdict import Authority, Verdict
from trueware.referencing import Wish, import_document
from trueware.registry.enrol import enrol
from trueware.registry.lookup import Registry
from trueware.registry.references import Reference
from trueware.registry.trust import admit, take_back
from trueware.signatures.contract import Key
from trueware.signatures.x509 import spki_id
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

SWID = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd"
SIGNED = sign(
    f'<SoftwareIdentity xmlns="{SWID}" name="Router" tagId="t" version="1.0" xml:lang="en">'
    '<Entity name="Acme" role="softwareCreator"></Entity><Payload>'
    f'<File xmlns:SHA256="http://www.w3.org/2001/04/xmlenc#sha256" name="run" SHA256:hash="{"ab" * 32}"></File>'
    f"</Payload>{HERE}</SoftwareIdentity>",
    ' xml:lang="en"',
)


def one(found: list[Any]) -> Reference:
    (reference,) = found
    assert isinstance(reference, Reference)
    return reference


def test_a_tag_is_a_list(tmp_path: Path) -> None:
    reference = one(stated(tmp_path, "router.swidtag", documents.swid()))

    assert (reference.publisher, reference.product, reference.version) == ("Acme", "Router", "1.0")
    assert reference.manifest is not None
    assert extent_of(reference.manifest) is Extent.OPEN
    sizes = {path: part.size for path, part in reference.manifest.walk() if part.sha256}
    assert sizes == {path: len(data) for path, data in documents.FILES.items()}
    assert reference.source == "router.swidtag, SWID tag, not signed"


def test_a_folder_is_held_against_a_tag(tmp_path: Path) -> None:
    store = MemoryStore()
    (tmp_path / "router.swidtag").write_text(documents.swid())
    import_document(store, tmp_path / "router.swidtag", Wish(), 1)
    folder = documents.write(tmp_path / "folder")
    same = verify(folder, Registry(store))
    (folder / "bin/run").write_bytes(b"other")
    changed = verify(folder, Registry(store))

    assert (same.verdict, same.authority) == (Verdict.GENUINE, Authority.THIRD_PARTY)
    assert changed.verdict is Verdict.TAMPERED
    assert [each.path for each in changed.changes] == ["bin/run"]


def test_a_base_rim(tmp_path: Path) -> None:
    """Platform and firmware become claims, and each support RIM is known by its digest."""
    meta = (
        'xmlns:r="urn:r" r:bindingSpec="PC Client RIM" r:BindingSpecVersion="1.2"'
        ' r:platformManufacturerStr="Dell Inc." r:firmwareVersion="12"'
    )
    tag, support = stated(tmp_path, "router.swidtag", documents.swid({"boot/a.rimel": b"log"}, meta=meta))

    assert "base RIM (PC Client RIM 1.2)" in tag.source
    assert Claim("vendor", "Dell Inc.", LISTED, "") in tag.claims
    assert Claim("version", "12", LISTED, "") in tag.claims
    assert (support.product, support.sha256.hex()) == ("Router: a.rimel", documents.hexed(b"log"))


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    text = documents.swid({}).replace("</Directory>", '</Directory><Resource type="x"/><Process name="p"/>')
    found = stated(tmp_path, "a.swidtag", text)

    assert "2 entries of the payload are no files" in refused(found)
    assert not [each for each in found if isinstance(each, Reference)]


def test_other_digests_are_not_taken(tmp_path: Path) -> None:
    """A prefix called SHA256 that means another namespace is none."""
    text = documents.swid().replace(
        "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"
    )

    assert "14 files without SHA-256" in refused(stated(tmp_path, "a.swidtag", text))


@pytest.mark.parametrize("place", ["bin/run", "run"])
def test_a_file_beside_the_tag_that_is_another_is_a_refusal(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_bytes(b"another")
    found = stated(tmp_path, "a.swidtag", documents.swid())

    assert "not the one it states" in refused(found)
    assert not [each for each in found if isinstance(each, Reference)]
    (tmp_path / place).write_bytes(documents.FILES["bin/run"])
    assert one(stated(tmp_path, "a.swidtag", documents.swid())).manifest is not None


def test_paths_that_lead_out_open_nothing(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    inner = tmp_path / "inner"
    inner.mkdir()
    found = stated(inner, "a.swidtag", documents.swid({"../outside": b"x", "b": b"y"}))

    assert "leads out of its folder" in refused(found)
    assert "not the one it states" not in refused(found)


# --- signatures -------------------------------------------------------------------------------------------------------


def spki() -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed_source(folder: Path, store: MemoryStore) -> str:
    (folder / "a.swidtag").write_text(SIGNED)
    import_document(store, folder / "a.swidtag", Wish(), 2)
    (release,) = store.releases()
    return release.source


def test_a_signature_by_nobody_who_counts_is_told(tmp_path: Path) -> None:
    assert "signed, by nobody who counts" in signed_source(tmp_path, MemoryStore())


def test_a_signature_by_an_admitted_key_is_named(tmp_path: Path) -> None:
    store = MemoryStore()
    enrol(store, "Acme", (), (), 1)
    admit(store, "Acme", [Key("spki", spki_id(spki()), spki())], 1)

    assert "Acme" in signed_source(tmp_path, store).partition("SWID tag")[2]


def test_a_key_that_was_taken_back_yields_nothing(tmp_path: Path) -> None:
    store = MemoryStore()
    enrol(store, "Acme", (), (), 1)
    admit(store, "Acme", [Key("spki", spki_id(spki()), spki())], 1)
    take_back(store, "Acme", spki_id(spki()), "leaked", 1)
    with pytest.raises(UntrustedStatement):
        signed_source(tmp_path, store)
    assert store.releases() == ()


def test_a_broken_signature_yields_nothing(tmp_path: Path) -> None:
    with pytest.raises(UntrustedStatement, match="does not hold"):
        stated(tmp_path, "a.swidtag", SIGNED.replace("ab" * 32, "cd" * 32))


def test_the_xml_signature_of_a_bom_is_verified(tmp_path: Path) -> None:
    component = '<component type="library"><publisher>P</publisher><name>x</name><version>1</version><hashes>'
    bom = (
        '<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>'
        f'{component}<hash alg="SHA-256">{"ab" * 32}</hash></hashes></component></components>{HERE}</bom>'
    )
    signed = sign(bom, "")

    (tmp_path / "a.xml").write_text(signed)
    import_document(store := MemoryStore(), tmp_path / "a.xml", Wish(), 1)
    (release,) = store.releases()

    assert "signed, by nobody who counts" in release.source
    with pytest.raises(UntrustedStatement):
        stated(tmp_path, "a.xml", signed.replace("ab" * 32, "cd" * 32))


# --- hostile, and real ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]>' + documents.swid(),
        documents.swid().replace("<Payload>", "<Payload/><Payload>"),
        documents.swid()[:300],
        documents.swid().replace("<Directory", "<Directory>" * 100 + "<Directory"),
        documents.swid().replace(":hash", ":" + "h" * 10).replace("xmlns:SHA256", "xmlns:other"),
        f'<a xmlns="{SWID}"/>',
    ],
)
def test_what_is_no_tag_is_refused(tmp_path: Path, data: str) -> None:
    with pytest.raises(InputError):
        stated(tmp_path, "a.swidtag", data)


def test_too_many_pieces_are_refused(tmp_path: Path) -> None:
    text = documents.swid().replace("<Payload>", "<Payload>" + "<File/>" * 600_000)
    with pytest.raises(MalformedInput, match="pieces"):
        stated(tmp_path, "a.swidtag", text)


def test_real_base_rims(corpus: Path, tmp_path: Path) -> None:
    """HIRS's: the support RIM that was delivered with one lies beside it, under the name that the tag has; changed, it is told."""
    base = corpus / "attest/public/nsacyber__HIRS/open/.ci/system-tests/profiles/laptop/badVarInstall"
    name = "laptop_badVarInstall_oem.1"
    for each in (base / f"swidtags/{name}.swidtag", base / f"rims/{name}.rimel"):
        shutil.copy(each, tmp_path)
    store = MemoryStore()
    done = import_document(store, tmp_path / f"{name}.swidtag", Wish(), 1)
    result = verify(tmp_path / f"{name}.rimel", Registry(store))

    assert (done.added, done.refusals) == (2, 0)
    assert (result.verdict, result.authority) == (Verdict.GENUINE, Authority.THIRD_PARTY)
    log = tmp_path / f"{name}.rimel"
    log.write_bytes(log.read_bytes() + b"\0")
    assert import_document(MemoryStore(), tmp_path / f"{name}.swidtag", Wish(), 1).added == 0


def test_real_tags_all(corpus: Path) -> None:
    """Each of the corpus is read, and its signature holds; NVIDIA's state measurements, no files."""
    paths = [
        Path(above) / name
        for above, _, names in os.walk(corpus / "attest/public")
        for name in names
        if name.endswith(".swidtag")
    ]
    added = {}
    for path in paths:
        done = import_document(store := MemoryStore(), path, Wish(), 1)
        assert all("signed, by nobody who counts" in each.source for each in store.releases())
        added[path.name] = done.added
    assert len(added) == 6
    assert {count for name, count in added.items() if name.startswith("laptop")} == {2}
    assert {count for name, count in added.items() if re.match("[g0-9]", name)} == {0}
