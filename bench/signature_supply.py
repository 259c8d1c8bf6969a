"""What the corpus has of supply chains (Sigstore, TUF, COSE), scheme by scheme as they are there."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tests.unit.signatures.cose_corpus import example_results, signers_of
from tests.unit.signatures.labels import labels
from tests.unit.signatures.sigstore_corpus import is_about_default, signatures_of_bundle
from tests.unit.signatures.sites import signatures_in

from signature_answers import Answer, Word, judge
from trueware.errors import MalformedInput
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys
from trueware.signatures.refusal import Refusal

_BESIDE = ("initial_root.json", "faketime", "targetpath", "README.md")
"""What belongs to the test, not to the repository."""


def answers(corpus: Path) -> Iterator[Answer]:
    """Yield all, by folder."""
    mobile = corpus / "mobile"
    for path, label in labels(mobile / "sigstore-conformance/open"):
        word, why = _bundle(path, genuine=label["expected"] == "accept")
        yield Answer("sigstore", "sigstore-conformance", path.name, word, why, label["expected"])
    for path, label in labels(mobile / "cose-examples/open"):
        word, why = example(path, genuine=label["expected"] == "accept")
        yield Answer("cose", "cose-examples", path.name, word, why, label["expected"])
    for path in sorted((mobile / "scitt-vectors/open/v1").glob("*/statement.cose")):
        yield _statement(path)
    for path in sorted((mobile / "tuf-conformance/open").iterdir()):
        if (path / "initial_root.json").exists():
            at = datetime.fromisoformat((path / "faketime").read_text("utf-8").strip())
            for what, word, why, group in repository(path, int(at.timestamp())):
                yield Answer("tuf", "tuf-conformance", f"{path.name}, {what}", word, why, group)


def example(path: Path, *, genuine: bool) -> tuple[Word, str]:
    """Return the answer to an example of the working group."""
    read = json.loads(path.read_text("utf-8"))
    if not signers_of(read):
        return Word.NO_SCHEME, "it is encrypted or has a code of authentication, not a signature"
    try:
        results = example_results(read)
    except Refusal as refusal:
        return (Word.NOT_CHECKABLE if genuine else Word.UNPROVED), str(refusal)
    if not results:
        return (Word.NOT_CHECKABLE if genuine else Word.UNPROVED), "an algorithm that is not known (HSS-LMS)"
    if all(results) == genuine:
        return Word.RIGHT, ""
    return (Word.FALSE_REJECT, "a signature does not hold") if genuine else (Word.FALSE_ACCEPT, "all signatures hold")


def _statement(path: Path) -> Answer:
    expected = json.loads((path.parent / "expected.json").read_text("utf-8"))
    keys = read_keys((path.parent / "issuer-key.pub").read_bytes())
    found = [each for each in signatures_in({"payload.bin.cose": path.read_bytes()}, keys) if each.scheme == "cose"]
    word, why = judge(found, genuine=expected["statement_signature_valid"])
    if word is Word.RIGHT and any(
        each.coverage.digests != {bytes.fromhex(expected["payload_sha256"])} for each in found
    ):
        word, why = Word.FALSE_ACCEPT, "something else is covered"
    return Answer("cose", "scitt-vectors", path.parent.name, word, why, "statements")


def repository(folder: Path, now: int) -> Iterator[tuple[str, Word, str, str]]:
    """Yield what is found of a TUF repository as it is, changed, without its root and long after; with word, reason and group."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in _BESIDE]
    files = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    root = read_keys((folder / "initial_root.json").read_bytes(), "initial_root.json")
    cases: list[tuple[str, dict[str, bytes], tuple[Key, ...], int]] = [("as it is", files, root, now)]
    cases += [(f"{name} changed", {**files, name: _changed(files[name])}, root, now) for name in files if _counts(name)]
    cases += [("without a root", files, (), now), ("in fifty years", files, root, now + 50 * 365 * 86400)]
    for what, at_hand, keys, when in cases:
        found = [each for each in signatures_in(at_hand, keys, when) if each.scheme == "tuf"]
        genuine = what == "as it is"
        yield what, *judge(found, genuine=genuine), "genuine" if genuine else "to be refused"


def _counts(name: str) -> bool:
    """Tell whether a file of a repository has to be as it was: roots that are at hand already have not."""
    return not name.endswith((".html", ".md", "1.root.json"))


def _changed(data: bytes) -> bytes:
    """Return bytes with the last letter or digit of the first half changed: one of a value, as metadata is JSON."""
    at = next((at for at in range(len(data) // 2, -1, -1) if data[at : at + 1].isalnum()), 0)
    return data[:at] + (b"a" if data[at : at + 1] != b"a" else b"b") + data[at + 1 :]


def _bundle(folder: Path, *, genuine: bool) -> tuple[Word, str]:
    try:
        found = signatures_of_bundle(folder)
    except MalformedInput as error:
        return (Word.NOT_CHECKABLE if genuine else Word.UNPROVED), str(error)
    if is_about_default(folder, found):
        return judge(found, genuine=genuine)
    return (Word.FALSE_REJECT, "it is about another file") if genuine else (Word.RIGHT, "")
