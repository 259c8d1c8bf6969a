"""Exports of hashlookup: known files, and those that must never be trusted, through to the verdict."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importing.test_sboms import refused, stated

from trueware.errors import InputError
from trueware.importing.contract import Distrust
from trueware.model.verdict import Verdict
from trueware.referencing import Wish, import_document
from trueware.registry.lookup import Registry
from trueware.registry.references import Reference
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore
from trueware.verify import verify


def entry(data: bytes, **more: Any) -> dict[str, Any]:
    digest = sha256(data).hexdigest().upper()
    return {
        "SHA-256": digest,
        "SHA-1": "0" * 40,
        "FileName": "./bin/tool",
        "FileSize": str(len(data)),
        "db": "rds",
        **more,
    }


def lines(*entries: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in entries)


@pytest.mark.parametrize("as_list", [False, True])
def test_entries(tmp_path: Path, as_list: bool) -> None:  # noqa: FBT001
    entries = [
        entry(b"good", PackageName="tools", PackageVersion="1.2", PackageMaintainer="Acme"),
        entry(b"bad", KnownMalicious="malshare"),
        {"SHA-1": "0" * 40, "FileName": "weak"},
    ]
    data = json.dumps(entries).encode() if as_list else lines(*entries)
    good, bad, weak = stated(tmp_path, "export.json", data)

    assert isinstance(good, Reference)
    assert (good.publisher, good.product, good.version, good.size) == ("Acme", "tools: ./bin/tool", "1.2", 4)
    assert good.source == "hashlookup: export.json, rds"
    assert bad == Distrust(
        f"sha256:{sha256(b'bad').hexdigest()}", "known malicious: malshare", "hashlookup: export.json, rds"
    )
    assert weak.reason == "only SHA-1, SHA-256 is needed"


def test_a_file_of_nobody_is_refused(tmp_path: Path) -> None:
    assert "whose software" in refused(stated(tmp_path, "export.json", lines(entry(b"good"))))


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_what_is_known_malicious_is_never_genuine(tmp_path: Path, kind: str) -> None:
    """Whoever lists it as a release besides."""
    store = MemoryStore() if kind == "memory" else SqliteStore.create(tmp_path / "registry.sqlite")
    (tmp_path / "export.json").write_bytes(
        lines(entry(b"good"), *(entry(b"bad%d" % n, KnownMalicious="x") for n in range(2500)))
    )
    (tmp_path / "SHA256SUMS").write_text(f"{sha256(b'bad7').hexdigest()}  tool-1.0.bin\n")
    import_document(store, tmp_path / "SHA256SUMS", Wish("Acme", "list"), 1)
    for name, data in (("good", b"good"), ("bad", b"bad7")):
        (tmp_path / name).write_bytes(data)
    assert verify(tmp_path / "bad", Registry(store)).verdict is Verdict.GENUINE

    done = import_document(store, tmp_path / "export.json", Wish("Acme"), 1)
    again = import_document(store, tmp_path / "export.json", Wish("Acme"), 2)

    assert (done.added, done.distrusted) == (1, 2500)
    assert (again.added, again.known, again.distrusted) == (0, 1, 0)
    assert verify(tmp_path / "good", Registry(store)).verdict is Verdict.GENUINE
    assert verify(tmp_path / "bad", Registry(store)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("malicious", [True, 1, ["x"], {"a": 1}, "yes", 0.5])
def test_whatever_says_malicious_counts(tmp_path: Path, malicious: Any) -> None:
    (found,) = stated(tmp_path, "export.json", lines(entry(b"bad", KnownMalicious=malicious)))

    assert isinstance(found, Distrust)


@pytest.mark.parametrize(
    "field",
    ["SHA-256", "FileName", "FileSize", "db", "ProductCode", "PackageName", "PackageVersion", "PackageMaintainer"],
)
def test_values_of_the_wrong_kind(tmp_path: Path, field: str) -> None:
    wrongs: tuple[Any, ...] = (
        None,
        True,
        -1,
        1 << 70,
        "",
        "x" * 5000,
        [],
        {},
        {"ProductName": []},
        "\ud800",
        "9" * 5000,
    )
    for wrong in wrongs:
        given = entry(b"good", PackageMaintainer="Acme") | {field: wrong}
        for each in stated(tmp_path, "export.json", lines(entry(b"x", PackageMaintainer="A"), given)):
            assert not isinstance(each, Distrust)


def test_lines_that_are_no_entries_are_refused_one_by_one(tmp_path: Path) -> None:
    good = lines(entry(b"good", PackageMaintainer="Acme"))
    data = good + b'[1]\n{"SHA-256"\n\n"x"\n' + b'{"SHA-256":' + b"[" * 5000 + b"\n" + b"\xff\n" + good
    found = stated(tmp_path, "export.json", data)

    assert [type(each).__name__ for each in found] == ["Reference", *["Refused"] * 5, "Reference"]


def test_a_line_that_does_not_end_is_refused(tmp_path: Path) -> None:
    data = lines(entry(b"good", PackageMaintainer="Acme")) + b" " * 3_000_000
    with pytest.raises(InputError, match="limit"):
        stated(tmp_path, "export.json", data)
