"""Real archives, where the test corpus is at hand: packages, apps and firmware are read without doubt, altered ones are not."""

import hashlib
import tarfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from tests.conftest import Measure

from trueware.model.part import Kind, Part

pytestmark = pytest.mark.corpus

Digests = dict[str, str]


def digests(part: Part) -> Digests:
    """Return the digest of each file directly below a container, by path."""
    found, stack = {}, [("", part)]
    while stack:
        path, node = stack.pop()
        for child in node.children:
            name = f"{path}{child.name}"
            if child.kind is Kind.FILE and child.sha256 is not None:
                found[name] = child.sha256.hex()
            elif child.kind is Kind.DIRECTORY:
                stack.append((f"{name}/", child))
    return found


def by_tarfile(path: Path) -> Digests:
    with tarfile.open(path) as archive:
        return {
            member.name.removeprefix("./"): hashlib.sha256(content.read()).hexdigest()
            for member in archive
            if (content := archive.extractfile(member)) is not None
        }


def by_zipfile(path: Path) -> Digests:
    with ZipFile(path) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist() if name[-1] != "/"}


@pytest.mark.parametrize(
    ("pattern", "format_", "peer"),
    [
        ("gpon-onu/*.tar", "tar", by_tarfile),
        ("apk-settings/*.apk", "zip", by_zipfile),
        ("lede-17.01-base/*.ipk", "gzip", by_tarfile),
    ],
)
def test_contents_are_those_of_the_standard_library(
    pattern: str, format_: str, peer: Callable[[Path], Digests], corpus: Path, measure_bytes: Measure
) -> None:
    """Every file of the archive has the digest that Python's own reader gives."""
    paths = sorted((corpus / "corpus" / "open").glob(pattern))
    assert paths
    for path in paths:
        measurement = measure_bytes(path.read_bytes())
        outer = measurement.root
        container = outer.children[0] if format_ == "gzip" else outer

        assert outer.format == format_
        assert container.certain
        assert digests(container) == peer(path)


EXPECTED = {
    "golden-aligned-v1v2v3-out.apk": ("zip", True, set()),
    "v2-only-with-rsa-pkcs1-sha256-2048.apk": ("zip", True, set()),
    "v2-only-wrong-apk-sig-block-magic.apk": ("zip", False, {"unread-bytes"}),
    "v2-only-truncated-cd.apk": (None, False, {"malformed"}),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_signing_block(name: str, corpus: Path, measure_bytes: Measure) -> None:
    """The block of signatures is a region where its magic is right, and unread bytes where it is not."""
    format_, block, rules = EXPECTED[name]
    measurement = measure_bytes((corpus / "corpus" / "open" / "apksig-vectors" / name).read_bytes())

    assert measurement.root.format == format_
    assert any(part.name == "apk-signing-block" for part in measurement.root.children) is block
    assert {finding.rule for finding in measurement.findings} == rules


def test_packages(corpus: Path, measure_bytes: Measure) -> None:
    """Debian packages are read down to their files without a finding."""
    paths = sorted((corpus / "corpus" / "open").glob("debian-*/*.deb"))
    assert paths
    for path in paths:
        measurement = measure_bytes(path.read_bytes())
        names = [part.name for part in measurement.root.children]

        assert measurement.root.format == "deb"
        assert names == ["debian-binary", "control.tar.xz", "data.tar.xz"]
        assert not any(
            finding.rule != "unread-bytes" for finding in measurement.findings if "data.tar" not in finding.part
        )
        assert all(part.certain for part in measurement.root.children)
