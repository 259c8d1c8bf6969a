"""Certificates that others publish, and lists of what must never be trusted: real ones, and such as are none."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importing.mirrors import NOW, PUBLISHER, registry, write

from trueware import importing
from trueware.errors import InputError
from trueware.importing.contract import Document
from trueware.referencing import Wish, import_document
from trueware.registry.references import Imported
from trueware.signatures.keys import read_keys
from trueware.sources.mirrors import FolderMirror
from trueware.storage.memory import MemoryStore

KEYS = Path(__file__).resolve().parents[2] / "vectors/signatures/apk_tools/keys"
PEM = (KEYS / "vectors-rsa.pub").read_text(), (KEYS / "vectors-ec.pub").read_text()
IDS = {read_keys(each.encode())[0].id for each in PEM}
LONG = "c35747a084470c3135aeefe2b8d40cd6"


def take(
    store: MemoryStore,
    path: Path,
    publisher: str | None = PUBLISHER,
    kind: str | None = None,
    *,
    admit: bool = True,
    now: int = NOW,
) -> Imported:
    return import_document(store, path, Wish(publisher, kind, admit=admit), now)


def admitted(store: MemoryStore) -> set[str]:
    return {each.id for each in store.anchors()}


def table(rows: list[dict[str, str]]) -> bytes:
    made = io.StringIO()
    writer = csv.DictWriter(made, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue().encode()


@pytest.mark.parametrize(
    "files",
    [
        {"a.pem": PEM[0].encode(), "b/b.pub": PEM[1].encode(), ".hidden": b"x"},
        {"list": "".join(PEM).encode()},
        {"roots.json": json.dumps(list(PEM)).encode()},
        {"vendor.json": json.dumps({"keys": [{"name": "x", "pem": PEM[0]}, {"pem": PEM[1]}, 5, None]}).encode()},
        {"report.csv": table([{"Name": "a, b", "PEM Info": f"'{each}'"} for each in PEM])},
    ],
)
def test_files_folders_and_lists(tmp_path: Path, files: dict[str, bytes]) -> None:
    """The same two keys in every form; without leave they are counted, with it they are the publisher's, and once."""
    folder = write(tmp_path, files)
    path = folder if len(files) > 1 else folder / next(iter(files))
    store = registry()
    done = take(store, path, admit=False)
    assert (done.keys, done.admitted, admitted(store)) == (2, 0, set())
    done = take(store, path)
    assert (done.keys, done.admitted, done.refusals, admitted(store)) == (2, 2, 0, IDS)
    assert all(each.source.endswith("not signed") and not each.issues for each in store.anchors())
    assert take(store, path).admitted == 0
    with pytest.raises(InputError, match="--publisher") if b"PEM Info" not in b"".join(files.values()) else _nothing():
        take(store, path, None)


class _nothing:  # noqa: N801 (a context that expects nothing)
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_a_table_says_whose_they_are(tmp_path: Path) -> None:
    """A column for the owner counts where the caller says nothing; a row without one is refused."""
    rows = [{"Owner": owner, "PEM Info": pem} for owner, pem in zip(("Acme", ""), PEM, strict=True)]
    path = write(tmp_path, {"report.csv": table(rows)}) / "report.csv"
    store = MemoryStore()
    done = take(store, path, None)
    assert ({each.publisher for each in store.anchors()}, done.refusals) == ({"Acme"}, 1)
    assert take(store, path, "Other").admitted == 2


def test_a_key_that_is_there_on_other_terms_stays(tmp_path: Path) -> None:
    """One key that the publisher has with other limits does not keep the others out."""
    from trueware.registry.trust import admit

    store = registry()
    admit(store, PUBLISHER, read_keys(PEM[0].encode()), 1, until=5)
    done = take(store, write(tmp_path, {"list": "".join(PEM).encode()}) / "list")
    assert (done.admitted, done.refusals) == (1, 1)
    assert "other terms" in done.refused[0].reason


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.json", b'["-----BEGIN CERTIFICATE-----'), ("x.json", b'["-----BEGIN CERTIFICATE-----"' + b"]" * 3),
        ("x.json", b"[" * 100_000 + b'"-----BEGIN CERTIFICATE-----"'),
        ("x.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), ("x.pem", b"-----BEGIN CERTIFICATE-----"),
        ("x.csv", b'a,b\n"-----BEGIN CERTIFICATE-----,'), ("x.csv", b"a,b\n-----BEGIN CERTIFICATE-----" + b"," * 200_000),
    ],
)  # fmt: skip
def test_what_is_no_certificate(tmp_path: Path, name: str, data: bytes) -> None:
    """Refused, whole or in part, and no key appears."""
    store = registry()
    try:
        done = take(store, write(tmp_path, {name: data}) / name, kind="certificates")
    except InputError:
        pass
    else:
        assert done.keys == 0
    assert not store.anchors()


def kind_of(folder: Path, name: str = "") -> str | None:
    head = (folder / name).read_bytes()[: 1 << 16] if name else b""
    found = importing.recognise(Document(name, head, FolderMirror(folder), is_folder=not name))
    return found.name if found is not None else None


def status(**entries: Any) -> bytes:
    return json.dumps({"entries": entries}).encode()


def test_revoked_serial_numbers(tmp_path: Path) -> None:
    """Serial numbers as Google lists them, whenever the certificates end; short ones could be anybody's."""
    listed = {
        LONG: {"status": "REVOKED", "reason": "KEY_COMPROMISE"},
        "6681152659205225093": {"status": "REVOKED", "reason": "SOFTWARE_FLAW"},
        "00abcdef0123456789": {"status": "SUSPENDED", "expires": "2030-01-01"},
        "abcdef012345678a": {"status": "SUSPENDED", "expires": "2020-01-01"},
        "1": {"status": "REVOKED"}, "00000000000001": {"status": "REVOKED"}, "xyz": {"status": "REVOKED"},
        "abcdef012345678b": {"status": "FINE"}, "abcdef012345678c": 5,
    }  # fmt: skip
    path = write(tmp_path, {"status.json": status(**listed)}) / "status.json"
    store = MemoryStore()
    assert kind_of(tmp_path, "status.json") == "never-trust"
    done = take(store, path, None)
    assert {each.id for each in store.distrusted()} == {
        f"serial:{LONG}", "serial:6681152659205225093", f"serial:{6681152659205225093:x}",
        "serial:abcdef0123456789", "serial:abcdef012345678a",
    }  # fmt: skip
    assert (done.distrusted, done.refusals) == (5, 5)
    found = store.find_distrusted([f"serial:{LONG}"])[f"serial:{LONG}"]
    assert (found.reason, found.source) == (
        "a certificate of Android key attestation, REVOKED: KEY_COMPROMISE", "status.json, a status list without a signature",
    )  # fmt: skip
    assert take(store, path, None).distrusted == 0


@pytest.mark.parametrize("data", [b'{"entries": {', b'{"entries": {"a": ' * 30_000, b'{"entries": {}} x'])
def test_status_lists_that_are_none(tmp_path: Path, data: bytes) -> None:
    """Refused whole."""
    with pytest.raises(InputError):
        take(MemoryStore(), write(tmp_path, {"status.json": data}) / "status.json", None)


@pytest.mark.corpus
def test_real_lists(corpus: Path, tmp_path: Path) -> None:
    """Google's roots and revoked certificates, Microsoft's revoked images, and tables of leaked keys."""
    store = registry()
    roots = corpus / "mobile/key-attestation/open"
    assert kind_of(roots, "roots.json") == "certificates"
    assert take(store, roots / "roots.json", "Google").admitted == len(json.loads((roots / "roots.json").read_text()))
    name = "attest/public/vvb2060__KeyAttestation/both/app/src/main/res/raw/status.json"
    done = take(store, corpus / name, None)
    entries = json.loads((corpus / name).read_text())["entries"]
    assert (done.distrusted, done.refusals) == (len(entries) + sum(each.isdecimal() for each in entries), 0)
    never = corpus / "corpus/reference/never-trust"
    for each in ("dbx_info_msft_latest.json", "DBXUpdate-amd64.bin", "house-of-keys.csv", "leaked-keys.csv"):
        assert kind_of(never, each) == "never-trust"
        assert take(MemoryStore(), never / each, None).distrusted > 0
    # a folder of keys whose secret halves are public is that by the caller's word alone
    shutil.copytree(
        corpus / "mobile/aosp-public-keys/open", tmp_path / "aosp", ignore=shutil.ignore_patterns("*.jsonl")
    )
    assert kind_of(tmp_path / "aosp") == "certificates"
    assert take(store, tmp_path / "aosp", None, "never-trust").distrusted == 2 * 11
    assert store.fsck() == []
