"""The vectors of the schemes, made by independent tools: what each of these is stands in its ``build.py``."""

import ast
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.unit.signatures.sigstore_corpus import signatures_of_bundle
from tests.unit.signatures.sites import signatures_in, signatures_of
from tests.unit.signatures.suit_key import KEYS as SUIT_KEYS

from signature_answers import Answer, Word, judge
from signature_supply import example, repository
from trueware.model.signature import Signature
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys

_ROOT = Path(__file__).resolve().parents[1] / "tests/vectors/signatures"
_FILTERS = {"apk": ("apk",), "authenticode": ("authenticode", "catalogue")}
"""How the names of the schemes begin that the expectations of a folder are about, where they do not begin as the folder's does."""

_SCHEMES = {"cms": "kernel-module", "docsis_cvc": "docsis-code"}
_NAMES = {"apk": "input.apk", "apk_tools": "artefact"}
"""What artefacts are called, where that counts."""

_PLAIN = {
    "docsis_cvc": ("*.cdf", ""),
    "cisco_phone": ("*.loads", "phone.crt"),
    "fit": ("*.itb", "*.crt"),
    "qualcomm": ("signed.mbn", ""),
}
"""Folders of artefacts, and the files of keys; all are validly signed but `_REFUSED`."""

_REFUSED = ("server.cdf",)

_GPG_GOOD = ("rsa", "ed25519", "nistp256", "short")
_GPG_DOUBTED = ("revoked", "small", "sha1", "early", "void", "demanding")
_UCERT = ("direct", "one", "two")
"""The others' chains are old, revoked or broken off."""

_NOW_OF_TUF = 1_739_092_643
"""When the repository among the vectors holds."""

_KEYLESS = "without the key"


def answers() -> Iterator[Answer]:
    """Yield all, by folder."""
    for folder in sorted(path for path in _ROOT.iterdir() if (path / "build.py").exists()):
        if any(folder.glob("*/expected.json")):
            yield from _expected(folder)
        elif folder.name in _PLAIN:
            yield from _plain(folder, *_PLAIN[folder.name])
    for path in sorted((_ROOT / "cose").glob("*.json")):
        genuine = "fail" not in path.name
        yield _answer(path.parent, path.stem, *example(path, genuine=genuine), "" if genuine else "to be refused")
    yield from _cms(_ROOT / "cms")
    yield from _gluon(_ROOT / "gluon")
    yield from _openpgp(_ROOT / "openpgp")
    yield from _sigstore(_ROOT / "sigstore")
    yield from _suit(_ROOT.parent / "suit")
    for path in sorted((_ROOT / "tuf").iterdir()):
        if path.is_dir():
            for what, word, why, group in repository(path, _NOW_OF_TUF):
                yield _answer(path.parent, f"{path.name}, {what}", word, why, group)
    yield from _ucert(_ROOT / "ucert")
    yield from _usign(_ROOT / "usign")


def unasked() -> tuple[str, ...]:
    """Return the folders of vectors that this does not read."""
    asked = {each.folder.partition("/")[2] for each in answers()}
    folders = {path.parent.name for name in ("build.py", "README.md") for path in _ROOT.glob(f"*/{name}")}
    return tuple(sorted(folders - asked))


def makers() -> dict[str, str]:
    """Return what each folder was built by, in the words of its ``build.py``, or of who took it from elsewhere."""
    found = {path.parent.name: " ".join(path.read_text("utf-8").split()) for path in _ROOT.glob("*/README.md")}
    found["suit"] = "The examples of draft-ietf-suit-manifest and draft-ietf-teep-protocol."
    for path in sorted(_ROOT.glob("*/build.py")):
        told = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        found[path.parent.name] = " ".join(told.split())
    return dict(sorted(found.items()))


def _answer(folder: Path, name: str, word: Word, why: str, group: str = "") -> Answer:
    scheme = _SCHEMES.get(folder.name, folder.name.replace("_", "-"))
    return Answer(scheme, f"vectors/{folder.name}", name, word, why, group)


def _expected(folder: Path) -> Iterator[Answer]:
    """Yield the answers where the outcomes of all signatures are stated beside an artefact."""
    keys = tuple(_keys(folder, "keys/*.pub*"))
    for listed in sorted(folder.glob("*/expected.json")):
        stated: Any = json.loads(listed.read_text("utf-8"))
        entries = stated.get("signatures", (stated,)) if isinstance(stated, dict) else stated
        if not all("outcome" in each for each in entries):
            continue  # of another form: `unasked`
        wanted = Counter(each["outcome"] for each in entries)
        path = next(each for each in sorted(listed.parent.iterdir()) if each.suffix not in (".json", ".md"))
        name = _NAMES.get(folder.name, path.name if path.suffix != ".bin" else "artefact")
        found = _filtered(folder.name, signatures_of(path.read_bytes(), keys, name))
        yield _answer(folder, listed.parent.name, *_compared(found, wanted))


def _filtered(folder: str, signatures: list[Signature]) -> list[Signature]:
    schemes = _FILTERS.get(folder, (folder.replace("_", "-"),))
    return [each for each in signatures if each.scheme.startswith(schemes)]


def _compared(found: list[Signature], wanted: Counter[str]) -> tuple[Word, str]:
    """Return how outcomes stand to those stated: as many of each."""
    told = Counter(each.outcome.value for each in found)
    if told == wanted:
        return Word.RIGHT, ""
    why = f"{dict(told)} instead of {dict(wanted)}"
    if told["valid"] > wanted["valid"]:
        return Word.FALSE_ACCEPT, why
    unread = told["not-checkable"] > wanted["not-checkable"] and not told["broken"] > wanted["broken"]
    return (Word.NOT_CHECKABLE if unread else Word.FALSE_REJECT), why


def _keys(folder: Path, pattern: str) -> Iterator[Key]:
    for path in sorted(folder.glob(pattern)) if pattern else ():
        yield from read_keys(path.read_bytes(), path.name)


def _plain(folder: Path, artefacts: str, key_files: str) -> Iterator[Answer]:
    keys = tuple(_keys(folder, key_files))
    for path in sorted(folder.glob(artefacts)):
        files = {path.name: path.read_bytes()}
        yield _in_folder(folder, path.name, files, keys, genuine=path.name not in _REFUSED)
        if keys:
            yield _in_folder(folder, f"{path.name}, {_KEYLESS}", files, (), genuine=False)


def _in_folder(folder: Path, name: str, files: Mapping[str, bytes], keys: tuple[Key, ...], *, genuine: bool) -> Answer:
    scheme = _SCHEMES.get(folder.name, folder.name.replace("_", "-"))
    found = [each for each in signatures_in(files, keys) if each.scheme.startswith(scheme)]
    return _answer(folder, name, *judge(found, genuine=genuine), group="" if genuine else "to be refused")


def _cms(folder: Path) -> Iterator[Answer]:
    keys = {name: read_keys((folder / f"{name}.crt").read_bytes()) for name in ("rsa", "p384")}
    for name in keys:
        files = {"a.ko": (folder / f"{name}-plain.ko").read_bytes()}
        for by, key in keys.items():
            what = f"{name}-plain.ko and the key {by}"
            yield _in_folder(folder, what, files, key, genuine=name == by)


def _gluon(folder: Path) -> Iterator[Answer]:
    keys = tuple(_keys(folder, "*.pub"))
    files = {name: (folder / name).read_bytes() for name in ("both.bin", "long.bin", "stable.manifest")}
    yield _in_folder(folder, "stable.manifest", files, keys, genuine=True)
    yield _in_folder(folder, f"stable.manifest, {_KEYLESS}", files, (), genuine=False)
    body, border, signatures = files["stable.manifest"].partition(b"---\n")
    zeros = {**files, "stable.manifest": body + border + b"0" * 128 + b"\n"}
    yield _in_folder(folder, "signed by zeros (CVE-2022-24884)", zeros, keys, genuine=False)
    changed = {**files, "stable.manifest": body.replace(b"1", b"2", 1) + border + signatures}
    yield _in_folder(folder, "stable.manifest, changed", changed, keys, genuine=False)


def _openpgp(folder: Path) -> Iterator[Answer]:
    keys, text = tuple(_keys(folder, "*.pub")), (folder / "text").read_bytes()
    for name in _GPG_GOOD:
        for ending in ("sig", "asc"):
            files = {name: text, f"{name}.{ending}": (folder / f"{name}.{ending}").read_bytes()}
            yield _in_folder(folder, f"{name}.{ending}", files, keys, genuine=True)
            changed = {**files, name: text.replace(b"e", b"f", 1)}
            yield _in_folder(folder, f"{name}.{ending}, another text", changed, keys, genuine=False)
        signed = (folder / f"{name}.signed").read_bytes()
        yield _in_folder(folder, f"{name}.signed", {"InRelease": signed}, keys, genuine=True)
        changed = {"InRelease": signed.replace(b"last line", b"lost line", 1)}
        yield _in_folder(folder, f"{name}.signed, another text", changed, keys, genuine=False)
    for name in _GPG_DOUBTED:
        files = {name: text, f"{name}.sig": (folder / f"{name}.sig").read_bytes()}
        yield _in_folder(folder, f"{name}.sig", files, keys, genuine=False)


def _sigstore(folder: Path) -> Iterator[Answer]:
    for path in sorted(each for each in folder.iterdir() if (each / "bundle.sigstore.json").exists()):
        yield _answer(folder, path.name, *judge(signatures_of_bundle(path), genuine=True))
        none = judge(signatures_of_bundle(path, keys=()), genuine=False)
        yield _answer(folder, f"{path.name}, without a root", *none, group="to be refused")


def _suit(folder: Path) -> Iterator[Answer]:
    for name in ("boot", "integrated"):
        files = {"a.suit": (folder / name / "input.bin").read_bytes()}
        yield _in_folder(folder, name, files, SUIT_KEYS, genuine=True)
        yield _in_folder(folder, f"{name}, {_KEYLESS}", files, (), genuine=False)


def _ucert(folder: Path) -> Iterator[Answer]:
    root = read_keys((folder / "root.pub").read_bytes())
    for path in sorted(folder.glob("*.bin")):
        files = {"a.bin": path.read_bytes()}
        yield _in_folder(folder, path.name, files, root, genuine=path.stem in _UCERT)
        yield _in_folder(folder, f"{path.name}, {_KEYLESS}", files, (), genuine=False)
    files = {name: (folder / name).read_bytes() for name in ("beside.img", "beside.img.ucert")}
    yield _in_folder(folder, "beside.img.ucert", files, root, genuine=True)
    yield _in_folder(folder, "beside another image", {**files, "beside.img": b"changed"}, root, genuine=False)


def _usign(folder: Path) -> Iterator[Answer]:
    keys = read_keys((folder / "key.pub").read_bytes())
    for name in ("Packages", "sha256sums"):
        files = {name: (folder / name).read_bytes(), f"{name}.sig": (folder / f"{name}.sig").read_bytes()}
        yield _in_folder(folder, f"{name}.sig", files, keys, genuine=True)
        yield _in_folder(folder, f"{name}.sig, {_KEYLESS}", files, (), genuine=False)
        changed = {**files, name: files[name] + b"\n"}
        yield _in_folder(folder, f"{name}.sig, another list", changed, keys, genuine=False)
