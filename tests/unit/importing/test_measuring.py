"""Artefacts that lie beside a document are measured with what every release is measured with."""

import io
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from trueware import importing
from trueware.importing.contract import Context, Document, Importer
from trueware.model.verdict import Verdict
from trueware.referencing import Wish, import_document
from trueware.registry.lookup import Registry
from trueware.registry.references import Reference
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

PASSWD = b"root:x:0:0:root:/root:/bin/sh\n"


def archive() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in (("etc/passwd", PASSWD), ("usr/bin/tool", bytes(4000))):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return made.getvalue()


def read(document: Document, context: Context) -> Iterator[Reference]:
    data = document.mirror.read("tool.tar", 1 << 20)
    assert data is not None
    assert context.measure is not None
    found = context.measure("tool.tar", data)
    assert found.root.sha256 is not None
    if not context.known(found.root.sha256):
        yield Reference(
            "Acme", "tool", "1", found.root.sha256, len(data), found.claims, found.root, found.kept, found.portraits,
            found.policy,
        )  # fmt: skip


@pytest.fixture
def importer(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("trueware.importing.sample")
    module.IMPORTER = Importer("sample", "", lambda _: True, read)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(importing, "ANNOUNCED", {"sample": "sample"})


@pytest.mark.usefixtures("importer")
def test_measured(tmp_path: Path) -> None:
    """An importer has an artefact measured: its manifest proves, its small files are kept, and next time it is known."""
    (tmp_path / "list").write_bytes(b"")
    (tmp_path / "tool.tar").write_bytes(archive())
    store = MemoryStore()
    assert import_document(store, tmp_path / "list", Wish(), 1_700_000_000).added == 1
    (release,) = store.releases()
    manifest = Registry(store).manifest(release)
    assert manifest is not None
    assert {path for path, _ in manifest.walk()} >= {"etc/passwd", "usr/bin/tool"}
    (passwd,) = (part for path, part in manifest.walk() if path == "etc/passwd")
    assert passwd.sha256 is not None
    assert store.get_content(passwd.sha256) == PASSWD
    assert verify(tmp_path / "tool.tar", Registry(store)).verdict is Verdict.GENUINE
    assert import_document(store, tmp_path / "list", Wish(), 1_700_000_000).added == 0
    assert not store.fsck()
