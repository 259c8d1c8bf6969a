"""Contents had again: whatever they lie in, they have the digest asked for, or there is a reason why not."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from trueware.artefact import measure_artefact
from trueware.errors import InputError, LimitExceeded
from trueware.measuring import Measurement, measure

FILES = {"etc/passwd": b"root:x:0:0::/:/bin/sh\n", "bin/sh": bytes(range(256)) * 3000, "etc/empty": b""}


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in FILES.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in FILES.items():
            archive.writestr(path, content)
    return out.getvalue()


def _measured(data: bytes) -> Measurement:
    with ThreadPoolExecutor(1) as pool:
        return measure("artefact", memoryview(data), pool=pool, clock=lambda: 0.0, contents=True)


PACKED = {
    "tar": _tar,
    "zip": _zip,
    "a compressed tar, whose files pass by": lambda: gzip.compress(_tar(), mtime=0),
    "a compressed tar in a zip": lambda: _zip_of("rootfs.tar.gz", gzip.compress(_tar(), mtime=0)),
    "a tar in a compressed tar": lambda: gzip.compress(_tar_of("inner.tar", _tar()), mtime=0),
    "a zip in a compressed tar": lambda: gzip.compress(_tar_of("inner.zip", _zip()), mtime=0),
}


def _zip_of(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def _tar_of(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED)
def test_contents_are_had_again(packed: Callable[[], bytes]) -> None:
    measurement = _measured(packed())
    assert measurement.contents is not None
    wanted = {sha256(content).digest(): content for content in FILES.values() if content}
    assert measurement.contents.fetch(wanted, 1 << 20, 1 << 22) == wanted
    assert measurement.contents.fetch(wanted, 1 << 20, 1 << 22) == wanted, "and once more"


def test_what_the_artefact_has_not_is_left_out() -> None:
    measurement = _measured(_zip())
    assert measurement.contents is not None
    assert measurement.contents.fetch([bytes(32)], 1 << 20, 1 << 20) == {}


@pytest.mark.parametrize(("most", "altogether"), [(1 << 10, 1 << 22), (1 << 20, 1 << 10)])
def test_what_is_too_much_is_refused(most: int, altogether: int) -> None:
    measurement = _measured(gzip.compress(_tar(), mtime=0))
    assert measurement.contents is not None
    large, small = (sha256(FILES[path]).digest() for path in ("bin/sh", "etc/passwd"))
    fetched = measurement.contents.fetch([large, small], most, altogether)
    assert isinstance(fetched[large], LimitExceeded)
    assert fetched[small] == FILES["etc/passwd"]


def test_a_folder_that_changes_meanwhile_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"measured")
    measured = measure_artefact(tmp_path, contents=True).measurement
    assert measured.contents is not None
    digest = sha256(b"measured").digest()
    assert measured.contents.fetch([digest], 100, 100) == {digest: b"measured"}
    file.write_bytes(b"replaced")
    assert isinstance(measured.contents.fetch([digest], 100, 100)[digest], InputError)


def test_nothing_is_held_unless_asked_for() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert measure("a", memoryview(_zip()), pool=pool, clock=lambda: 0.0).contents is None
