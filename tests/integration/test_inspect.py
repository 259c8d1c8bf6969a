"""`trueware inspect`: the outline of an artefact, and its page with a map."""

import re
import tarfile
from html.parser import HTMLParser
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest

from trueware.cli import main
from trueware.cli.exit_code import ExitCode
from trueware.inspection import inspect
from trueware.model.part import Kind

ROUTER = Path(str(files("trueware.demo") / "samples")) / "router-1.0.bin"


class _Page(HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


def _read(page: str) -> _Page:
    parser = _Page()
    parser.feed(page)
    return parser


def test_ranges_of_an_image_lie_within_those_they_belong_to() -> None:
    """What lies in the artefact as it is has its place there, and no range leaves the one around it."""
    blocks = inspect(ROUTER).blocks
    placed = {block.path: block for block in blocks if block.start is not None}

    assert placed[""].start == 0
    assert placed[""].end == ROUTER.stat().st_size
    for path, block in placed.items():
        if path:
            above = placed[path.rpartition("!/")[0]]
            assert above.start is not None
            assert above.start <= (block.start or 0) <= (block.end or 0) <= (above.end or 0), path


def test_files_of_a_file_system_are_counted() -> None:
    """A file system is one block that says how many entries it has, and every entry is in some block's count."""
    inspection = inspect(ROUTER)
    counted = sum(sum(block.counts.values()) for block in inspection.blocks)
    parts = sum(1 for _ in inspection.measured.measurement.root.walk())

    assert counted + len(inspection.blocks) == parts
    assert max(block.counts.get(Kind.FILE, 0) for block in inspection.blocks) > 10


def test_unpacked_content_has_no_place(tmp_path: Path) -> None:
    """The payload of a compressed stream lies nowhere in the artefact."""
    import gzip

    image = tmp_path / "notes.gz"
    image.write_bytes(gzip.compress(b"notes\n" * 1000, mtime=0))

    assert [(block.path, block.start) for block in inspect(image).blocks] == [("", 0), ("data", None)]


def test_folder_has_an_outline_and_no_map(tmp_path: Path) -> None:
    """A folder's files are counted; it has no bytes of its own to draw."""
    (tmp_path / "a").write_bytes(b"a")
    inspection = inspect(tmp_path)

    assert inspection.cells == ()
    assert [dict(block.counts) for block in inspection.blocks] == [{Kind.FILE: 1}]


def test_outline_is_printed_with_places_and_formats(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each block: where it lies, its size, its name and its format."""
    assert main(["inspect", str(ROUTER)]) == ExitCode.GENUINE
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].startswith(f"router-1.0.bin  {ROUTER.stat().st_size:,} bytes, SHA-256 ")
    assert any(re.fullmatch(r"0x[0-9a-f]{10} +[0-9,]+  .*└─ .*\[squashfs\]", line) for line in lines)


def test_page_runs_nothing_and_loads_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page stands alone: a map, tables, no script, nothing from elsewhere; stdout keeps the outline."""
    page = tmp_path / "map.html"
    assert main(["inspect", str(ROUTER), "--html", str(page)]) == ExitCode.GENUINE
    read = _read(page.read_text("utf-8"))

    assert {"svg", "rect", "table"} <= read.elements
    assert not read.elements & {"script", "link", "img", "iframe", "object"}
    assert not read.attributes & {"src", "href", "onload", "onclick"}
    assert "squashfs" in read.words
    assert "squashfs" in capsys.readouterr().out


def test_hostile_names_are_text_on_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names from the artefact can neither make elements nor hide themselves."""
    hostile = "<script>alert(1)<b>\x1b[2J\u202e.a"
    inner = BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as archive:
        for name in (hostile, "other"):
            member = tarfile.TarInfo(name)
            data = b"!<arch>\nother/          0           0     0     644     4000      `\n" + b"abcd" * 1000
            member.size = len(data)
            archive.addfile(member, BytesIO(data))
    image = tmp_path / "odd.tar"
    image.write_bytes(inner.getvalue())

    assert main(["inspect", str(image), "--html", "-"]) == ExitCode.GENUINE
    page = capsys.readouterr().out
    assert not _read(page).elements & {"script", "b"}
    assert "<script>alert(1)<b>\\x1b[2J\\u202e.a" in _read(page).words


def test_what_cannot_be_opened_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A path that is not there is a complaint, and no outline."""
    assert main(["inspect", str(tmp_path / "missing")]) == ExitCode.INTERNAL
    out, err = capsys.readouterr()
    assert (out, "missing" in err) == ("", True)
