"""Signatures of Tizen packages: documents that xmlsec1 signed, awkwardly written, and the package of the corpus that was changed."""

import io
import json
import os
import random
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.unit.signatures.sites import signatures_in

from trueware.measuring import measure
from trueware.model.signature import Outcome, Signature
from trueware.signatures import Signatures
from trueware.signatures.contract import Context

VECTORS = Path(__file__).parents[2] / "vectors/signatures/tizen"
CASES = sorted(path.parent.name for path in VECTORS.glob("*/expected.json"))
H03 = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere")) / "corpus/open/tizen-spotify-mod"
AUTHOR = "author-signature.xml"


def found(data: bytes) -> list[Signature]:
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context())
        taken = measure("app.wgt", memoryview(data), pool=pool, clock=time.monotonic, verify=verifier).signatures
    return [each for each in taken if each.scheme == "tizen"]


def files(case: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO((VECTORS / case / "input.wgt").read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("case", CASES)
def test_vectors(case: str) -> None:
    """Outcome, signer, role, what was changed and what is not covered are those expected."""
    signatures = found((VECTORS / case / "input.wgt").read_bytes())
    expected = json.loads((VECTORS / case / "expected.json").read_text())

    assert [each.outcome.value for each in signatures] == [each["outcome"] for each in expected]
    for signature, stated in zip(signatures, expected, strict=True):
        signer = None if signature.signer is None else signature.signer.ids[1].removeprefix("cert-sha256:")
        assert signer == stated["signer"]
        assert dict(signature.statements).get("role") == stated.get("role")
        assert stated.get("named", "") in signature.detail
        assert stated.get("excludes", "") in "".join(signature.coverage.excludes)
        assert bool(signature.coverage.excludes) == ("excludes" in stated)


def test_files_are_covered_by_their_paths() -> None:
    """Percent-encoded names are those of files in folders; the author's signature is covered by the distributor's."""
    author, distributor = signatures_in(files("both"))

    assert sorted(author.coverage.paths) == ["config.xml", "empty file&name.txt", "index.html", "script/main.js"]
    assert {*distributor.coverage.paths} == {*author.coverage.paths, AUTHOR}
    assert not author.coverage.whole


@pytest.mark.parametrize("case", ["both", "ecdsa"])
def test_no_flipped_bit_stays_covered(case: str) -> None:
    """A changed byte of a file is found; one of the document either changes nothing that is signed, or is found."""
    good = files(case)
    for name in ("config.xml", "index.html", "script/main.js"):
        for at in range(0, len(good[name]), 5):
            changed = bytearray(good[name])
            changed[at] ^= 1
            assert all(each.outcome is Outcome.BROKEN for each in signatures_in({**good, name: bytes(changed)}))
    document = good[AUTHOR]
    start, end = document.index(b"<SignedInfo"), document.index(b"</SignedInfo>")
    value = document.index(b"<SignatureValue>") + 16
    inside = {*range(start, end), *range(value, document.index(b"</SignatureValue>") - 4)}
    harmless = {b" ", b"'", b'"', b"\n", b"="}  # between attributes, and base64 in lines
    for at in sorted(inside)[::3]:
        changed = bytearray(document)
        changed[at] ^= 1
        (signature, *_) = signatures_in({**good, AUTHOR: bytes(changed)})
        assert signature.outcome is not Outcome.VALID or document[at : at + 1] in harmless, at


def test_whatever_the_bytes_nothing_escapes() -> None:
    """Cut and overwritten documents are answered."""
    good = files("both")
    chance = random.Random(1)
    for _ in range(300):
        changed = bytearray(good[AUTHOR])
        for _ in range(chance.randrange(1, 6)):
            changed[chance.randrange(len(changed))] = chance.choice(b"<>&;\"'#xX:/\x00\xff ")
        signatures_in({**good, AUTHOR: bytes(changed), "signature1.xml": good[AUTHOR][: chance.randrange(4000)]})


HOSTILE = {
    "deep": b"<a>" * 100_000,
    "wide": b"<a>" + b"<b/>" * 400_000 + b"</a>",
    "attributes": b"<a " + b" ".join(b'x%d=""' % number for number in range(300_000)) + b"/>",
    "namespaces": b"<a>" * 60
    + b"<b "
    + b" ".join(b'xmlns:x%d="u"' % number for number in range(9000))
    + b">"
    + b"<c/>" * 9000,
    "empty": b"",
    "text": b"http://www.w3.org/2000/09/xmldsig#",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_documents_cost_little(case: str) -> None:
    """Documents without end are refused soon."""
    started = time.monotonic()
    data = HOSTILE[case] + b"<!-- http://www.w3.org/2000/09/xmldsig# -->" if HOSTILE[case] else b""
    signatures = signatures_in({AUTHOR: data, "index.html": b"x"})
    assert all(each.outcome is Outcome.UNCHECKABLE for each in signatures)
    assert time.monotonic() - started < 10


@pytest.mark.skipif(not H03.is_dir(), reason="no corpus: set TRUEWARE_CORPUS")
def test_corpus() -> None:
    """A changed application for television sets: which file was changed and which is missing is told."""
    folder = H03 / "tampered"
    taken = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    signatures = signatures_in(taken)
    assert [each.outcome for each in signatures] == [Outcome.BROKEN] * 2
    assert all("changed: 'index.html'; not there: 'auth.txt'" in each.detail for each in signatures)

    taken["index.html"] = (H03 / "as-signed/index.html").read_bytes()  # auth.txt alone is missing then
    assert all("changed" not in each.detail for each in signatures_in(taken))
