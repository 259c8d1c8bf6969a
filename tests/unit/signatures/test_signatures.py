"""The walk over an artefact: whom it asks, with which bytes at hand, and what it does where a scheme meets with bad input."""

import gzip
import io
import tarfile
import time
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import ClassVar

import pytest

from trueware.errors import MalformedInput
from trueware.measuring import measure
from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures import Signatures, Where
from trueware.signatures.contract import Context, SchemeDoc, Site

LISTED, LISTING = b"what is signed\n" * 40, b"listing"


class _Beside:
    """A scheme of the test: ``*.sum`` holds the SHA-256 of the file whose name is in front of the dot."""

    name: ClassVar[str] = "beside"
    doc: ClassVar[SchemeDoc] = SchemeDoc("made up")

    @staticmethod
    def verify(site: Site, context: Context) -> Iterable[Signature]:
        assert context.now == 0
        subject = site.beside(site.name.removesuffix(".sum"))
        if subject is None:
            raise MalformedInput("beside", 0, "the file it is about is not there")
        digest = sha256(b"".join(subject.chunks())).digest()
        fits = digest == bytes(site.view()) and len(subject.view()) == subject.size
        outcome = Outcome.VALID if fits else Outcome.BROKEN
        yield Signature("beside", site.path, outcome, "compared", coverage=Coverage(paths=(subject.path,)))


class _Where(Where):
    """Stands for the line in the list of schemes."""

    __slots__ = ()

    def load(self) -> type[_Beside]:
        return _Beside


HERE = _Where("nowhere:Beside", names=("*.sum",), subjects=("listed",))


def found(data: bytes) -> tuple[Signature, ...]:
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context(), (HERE,))
        return measure("image", memoryview(data), pool=pool, clock=time.monotonic, verify=verifier).signatures


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


FILES = {"a/listed": LISTED, "a/listed.sum": sha256(LISTED).digest(), "a/other": bytes(range(256)) * 30}
ARTEFACTS = {
    "tar": tar(FILES),
    "tar in gzip": gzip.compress(tar(FILES)),
    "zip": zipped(FILES),
    "zip in zip": zipped({"inner.zip": zipped(FILES)}),
    "zip in tar in gzip": gzip.compress(tar({"inner.zip": zipped(FILES)})),
}


@pytest.mark.parametrize("artefact", ARTEFACTS)
def test_bytes_are_at_hand_however_they_are_packed(artefact: str) -> None:
    """A file and the one beside it are read again after all has been read, from images, archives and passing streams."""
    (signature,) = found(ARTEFACTS[artefact])

    assert signature.outcome is Outcome.VALID, signature.detail
    assert signature.part.endswith("a/listed.sum")
    assert [path.rpartition("/")[2] for path in signature.coverage.paths] == ["listed"]


def test_what_is_wrong_is_told_and_the_others_are_verified() -> None:
    """A scheme that raises gives a signature that could not be checked."""
    files = {**FILES, "b/missing.sum": bytes(32), "c/listed": LISTED, "c/listed.sum": bytes(32)}
    outcomes = {signature.part: signature.outcome for signature in found(tar(files))}

    assert outcomes == {
        "a/listed.sum": Outcome.VALID,
        "b/missing.sum": Outcome.UNCHECKABLE,
        "c/listed.sum": Outcome.BROKEN,
    }


def test_without_a_verifier_nothing_is_asked() -> None:
    """Measuring alone verifies nothing."""
    with ThreadPoolExecutor(1) as pool:
        assert measure("image", memoryview(tar(FILES)), pool=pool, clock=time.monotonic).signatures == ()
