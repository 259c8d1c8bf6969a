"""Metadata as LVFS has it, with a Jcat file that jcat-tool put together; every edit of either; and what is no metadata."""

import gzip
import json
import shutil
from collections.abc import Callable
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importing.mirrors import registry, write

from trueware import importing
from trueware.errors import InputError, UntrustedStatement
from trueware.importing.contract import Document
from trueware.model.anchor import Distrusted
from trueware.referencing import Wish, import_document
from trueware.registry.enrol import enrol
from trueware.registry.references import Imported
from trueware.registry.trust import admit
from trueware.signatures.keys import read_keys
from trueware.signatures.x509 import certificate_id
from trueware.sources.mirrors import FolderMirror
from trueware.storage.memory import MemoryStore

VECTORS = Path(__file__).resolve().parents[2] / "vectors/importing/lvfs"
GPG = Path(__file__).resolve().parents[2] / "vectors/signatures/openpgp/ed25519.pub"
NOW = 1_800_000_000
XML, JCAT = "firmware.xml.gz", "firmware.xml.gz.jcat"


def folder(to: Path, which: str = "second") -> Path:
    return Path(shutil.copytree(VECTORS / which, to / which))


def known(*, gpg: bool = False) -> MemoryStore:
    store = MemoryStore()
    enrol(store, "LVFS", (), (), 1)
    key = read_keys((GPG if gpg else VECTORS / "ca.pem").read_bytes())
    admit(store, "LVFS", key, 1, issues=not gpg)
    return store


def take(store: MemoryStore, path: Path, publisher: str | None = None) -> Imported:
    return import_document(store, path, Wish(publisher), NOW)


def test_signed_by_a_certificate_of_the_ca(tmp_path: Path) -> None:
    """Archive and firmware are references of whoever developed them, with what the metadata says of them."""
    store = known()
    path = folder(tmp_path) / XML
    shutil.copy(VECTORS / "acme-webcam.cab", path.parent)
    done = take(store, path)

    assert (done.added, [each.where for each in done.refused]) == (3, ["com.acme.webcam.firmware 1.0.0"])
    archive = store.find_by_sha256(sha256((VECTORS / "acme-webcam.cab").read_bytes()).digest())[0]
    assert (archive.publisher, archive.product, archive.version) == ("ACME Corp", "com.acme.webcam.firmware", "1.2.4")
    assert archive.tree is not None
    assert archive.source.startswith("firmware.xml.gz, signed by LVFS (")
    assert archive.source.endswith(" on 2026-11-27: com.acme.webcam.firmware 1.2.4, container acme-webcam.cab")
    assert {(each.name, each.value) for each in archive.claims} >= {
        ("product", "Webcam"), ("version", "1.2.4"), ("hardware", "b585990a-003e-5270-89d5-3705a17f9a43"),
        ("urgency", "high"), ("mends", "CVE-2023-12345"),
        ("device-checksum", f"sha256:{sha256(b'what the device measures').hexdigest()}"),
    }  # fmt: skip
    assert take(store, path).added == 0
    assert store.fsck() == []


def test_signed_by_openpgp(tmp_path: Path) -> None:
    """The same by the other signature in the file, whose key is at hand instead."""
    store = known(gpg=True)
    assert take(store, folder(tmp_path) / XML).added == 3
    assert all("signed by LVFS" in each.source for each in store.releases())


def test_without_a_key_it_is_somebodys_word(tmp_path: Path) -> None:
    """What developers it names are still its own word."""
    store = registry()
    assert take(store, folder(tmp_path) / XML).added == 2
    assert all("signed, by nobody who counts" in each.source for each in store.releases())


def test_a_replay(tmp_path: Path) -> None:
    """Metadata that was signed earlier than what was imported."""
    store = known()
    take(store, folder(tmp_path, "second") / XML)
    with pytest.raises(UntrustedStatement, match="a replay"):
        take(store, folder(tmp_path, "first") / XML)
    other = known()
    assert take(other, tmp_path / "first" / XML).added == 3
    assert take(other, tmp_path / "second" / XML).added > 0


def test_the_signatures_of_another(tmp_path: Path) -> None:
    """Mix and match: other metadata beside a Jcat file, however well signed each was."""
    first, second = folder(tmp_path, "first"), folder(tmp_path, "second")
    shutil.copy(second / JCAT, first / JCAT)
    store = known()
    with pytest.raises(UntrustedStatement, match="does not hold"):
        take(store, first / XML)
    assert store.releases() == ()


def test_a_signer_that_must_not_be_believed(tmp_path: Path) -> None:
    """Its authority is an anchor, and it is listed."""
    from trueware.signatures.certificate import Certificate

    store = known()
    (signer,) = read_keys((VECTORS / "signer.pem").read_bytes())
    assert Certificate.parse(signer.data).id == certificate_id(signer.data)
    store.add_distrusted([Distrusted(certificate_id(signer.data), "its key was stolen")], 1)
    with pytest.raises(UntrustedStatement, match="stolen"):
        take(store, folder(tmp_path) / XML)


def edited(edit: Callable[[list[dict[str, Any]]], object], to: Path) -> Path:
    where = folder(to)
    text = (where / JCAT).read_bytes()
    value = json.loads(gzip.decompress(text))
    edit(value["Items"][0]["Blobs"])
    (where / JCAT).write_bytes(gzip.compress(json.dumps(value).encode()) + b"IHATECDN")
    return where / XML


def digest(kind: int, data: bytes) -> dict[str, Any]:
    return {"Kind": kind, "Flags": 1, "Timestamp": 1, "Data": data.decode()}


def test_digests_in_a_jcat_file(tmp_path: Path) -> None:
    """SHA-256 has to be that of the file; SHA-1 says nothing; what is not known is passed over."""
    data = (VECTORS / "second" / XML).read_bytes()
    right, wrong = sha256(data).hexdigest().encode(), sha256(b"").hexdigest().encode()
    weak = sha1(b"", usedforsecurity=False).hexdigest().encode()
    good = edited(lambda blobs: blobs.extend([digest(1, right), digest(4, weak), digest(9, b"x")]), tmp_path / "good")
    assert take(known(), good).added == 3
    with pytest.raises(UntrustedStatement, match="is another"):
        take(known(), edited(lambda blobs: blobs.append(digest(1, wrong)), tmp_path / "bad"))


def test_no_flipped_bit_of_the_metadata_passes(tmp_path: Path) -> None:
    """Whatever byte of the packed file is another, it states nothing."""
    where = folder(tmp_path)
    data = (where / XML).read_bytes()
    for at in range(0, len(data), 7):
        (where / XML).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        store = known()
        with pytest.raises(InputError):
            import_document(store, where / XML, Wish(kind="lvfs"), NOW)
        assert store.releases() == ()


@pytest.mark.parametrize(
    "jcat",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b"\x1f\x8b",
        gzip.compress(b'{"Items": []}', mtime=0),
        b'{"Items": [{"Id": "other", "Blobs": []}]}',
    ],
)
def test_jcat_files_that_are_none(tmp_path: Path, jcat: bytes) -> None:
    """A file of signatures that says nothing of the metadata is an error, and not as if there were none."""
    where = folder(tmp_path)
    (where / JCAT).write_bytes(jcat)
    with pytest.raises(InputError):
        take(known(), where / XML)


@pytest.mark.parametrize(
    "xml",
    [
        b"<components>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><components>&a;</components>", b"<components>" + b"<a>" * 5000,
        b"<components><component type='firmware'/></components>",
    ],
)  # fmt: skip
def test_metadata_that_is_none(tmp_path: Path, xml: bytes) -> None:
    """Refused whole, or component by component; entities are never made."""
    store = registry()
    path = write(tmp_path, {"firmware.xml": xml}) / "firmware.xml"
    try:
        done = import_document(store, path, Wish(kind="lvfs"), NOW)
    except InputError:
        pass
    else:
        assert done.refusals == 1
    assert store.releases() == ()


def test_it_is_told_by_its_first_component(tmp_path: Path) -> None:
    """AppStream of applications is not for this importer."""
    files = {
        "a.xml": b"<components><component type='firmware'/></components>",
        "b.xml": b"<components><component type='desktop'/></components>",
    }
    mirror = FolderMirror(write(tmp_path, files))
    found = [importing.recognise(Document(name, data, mirror)) for name, data in files.items()]
    assert [each.name if each else None for each in found] == ["lvfs", "list"]
