"""Lists of all files of a release by absolute path: what is taken, what is told, and what is another list."""

from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.importing.test_sboms import one, refused, stated

from trueware import importing
from trueware.errors import InputError
from trueware.importing.contract import Document
from trueware.model.listing import Extent, extent_of
from trueware.model.verdict import Authority
from trueware.sources.mirrors import FolderMirror

FILES = {"/usr/bin/id": b"id", "/etc/passwd": b"root", "/usr/lib/a b.so": b"lib"}


def listed(separator: str = "  ") -> bytes:
    return "".join(f"{sha256(data).hexdigest()}{separator}{path}\n" for path, data in FILES.items()).encode()


@pytest.mark.parametrize("data", [listed(), listed(" *"), b"# files\r\n" + listed().replace(b"\n", b"\r\n")])
def test_what_is_stated(tmp_path: Path, data: bytes) -> None:
    found = one(stated(tmp_path, "router-1.2.3.sha256", data, "Acme"))
    assert (found.publisher, found.product, found.version) == ("Acme", "router", "1.2.3")
    assert (found.authority, found.source) == (Authority.THIRD_PARTY, "router-1.2.3.sha256, not signed")
    assert found.manifest is not None
    assert extent_of(found.manifest) is Extent.OPEN
    files = {"/" + path: part.sha256 for path, part in found.manifest.walk() if part.sha256}
    assert files == {path: sha256(content).digest() for path, content in FILES.items()}


def test_escaped_names(tmp_path: Path) -> None:
    line = b"\\" + sha256(b"x").hexdigest().encode() + b"  /etc/a\\nb\\\\c\n"
    found = one(stated(tmp_path, "list", listed() + line, "Acme"))
    assert found.manifest is not None
    assert "etc/a\nb\\c" in [path for path, _ in found.manifest.walk()]


def test_what_is_told(tmp_path: Path) -> None:
    data = listed() + b"0" * 40 + b"  /bin/weak\n" + b"1" * 64 + b"  /usr/bin/id\n" + b"2" * 64 + b"  /../out\n"
    told = refused(stated(tmp_path, "list", data, "Acme"))
    for each in ("1 files without SHA-256", "listed twice, and not alike", "leads out of its folder"):
        assert each in told


def test_a_broken_line_is_told_behind_the_head(tmp_path: Path) -> None:
    long = b"".join(b"%064x  /usr/share/f%d\n" % (number, number) for number in range(1, 1000))
    told = refused(stated(tmp_path, "list", long + b"nonsense\n", "Acme"))
    assert told == "line 1000: no digest with an absolute path"


@pytest.mark.parametrize(
    "data", [b"0" * 64 + b"  image.bin\n", b"0" * 64 + b"  /home/me/image.bin\n", b"/usr/bin/id\n"]
)
def test_what_is_another_list(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "list").write_bytes(data)
    importer = importing.recognise(Document("list", data, FolderMirror(tmp_path)))
    assert importer is not None
    assert importer.name == "list"


def test_nobodys_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--publisher"):
        stated(tmp_path, "list", listed())


def test_a_real_list(tmp_path: Path, corpus: Path) -> None:
    data = (corpus / "attest/real/reference/allowlist_sha256.txt").read_bytes()
    found = one(stated(tmp_path, "allowlist_sha256.txt", data, "Debian"))
    assert found.manifest is not None
    assert sum(part.sha256 is not None for _, part in found.manifest.walk()) == data.count(b"\n") == 6061
