"""A part of another release of the same product is known for what it is."""

from pathlib import Path

import pytest

from trueware.model.result import Result
from trueware.model.verdict import Verdict
from trueware.registry.lookup import Registry
from trueware.releasing import Naming, take_in
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore
from trueware.verify import verify


def _tree(folder: Path, version: str, program: bytes) -> Path:
    files = {f"usr/share/fill-{number}": b"%d" % number * 400 for number in range(40)}
    files |= {"etc/os-release": b"ID=acme\nVERSION_ID=%s\n" % version.encode(), "usr/sbin/netd": program}
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryStore | SqliteStore:
    return MemoryStore() if request.param == "memory" else SqliteStore.create(tmp_path / "registry.sqlite")


def _learn(store: MemoryStore | SqliteStore, folder: Path, product: str, version: str) -> str:
    return take_in(store, folder, Naming("Acme", product, version), 1).id


def _parts(result: Result, rule: str) -> list[tuple[str, str]]:
    findings = [finding for each in result.explanations for finding in each.findings]
    return [(finding.part, finding.detail) for finding in findings if finding.rule == rule]


def test_an_older_program_is_a_downgrade(store: MemoryStore | SqliteStore, tmp_path: Path) -> None:
    old = _learn(store, _tree(tmp_path / "old", "1.9", b"old program"), "Router", "1.9")
    _learn(store, _tree(tmp_path / "new", "1.10", b"new program"), "Router", "1.10")
    store.withdraw(old, "back door", 2)
    result = verify(_tree(tmp_path / "suspect", "1.10", b"old program"), Registry(store))
    assert result.verdict is Verdict.TAMPERED
    told = [("usr/sbin/netd", "it is the one of Router 1.9, withdrawn: back door")]
    assert _parts(result, "part-of-earlier-release") == told


def test_a_later_program_is_none(store: MemoryStore | SqliteStore, tmp_path: Path) -> None:
    _learn(store, _tree(tmp_path / "old", "1.9", b"old program"), "Router", "1.9")
    _learn(store, _tree(tmp_path / "new", "1.10", b"new program"), "Router", "1.10")
    result = verify(_tree(tmp_path / "suspect", "1.9", b"new program"), Registry(store))
    assert _parts(result, "part-of-earlier-release") == []
    assert _parts(result, "part-of-other-release") == [("usr/sbin/netd", "it is the one of Router 1.10")]


def test_another_product_says_nothing(store: MemoryStore | SqliteStore, tmp_path: Path) -> None:
    _learn(store, _tree(tmp_path / "other", "0.1", b"old program"), "Camera", "0.1")
    _learn(store, _tree(tmp_path / "new", "1.10", b"new program"), "Router", "1.10")
    result = verify(_tree(tmp_path / "suspect", "1.10", b"old program"), Registry(store))
    assert _parts(result, "part-of-earlier-release") == _parts(result, "part-of-other-release") == []
