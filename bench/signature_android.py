"""What the corpus has of Android: packages, Verified Boot, updates."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.unit.signatures.apk_corpus import Case, cases, certificates, least, taken, verified
from tests.unit.signatures.labels import labels
from tests.unit.signatures.sites import signatures_in, signatures_of

from signature_answers import Answer, Word, judge, judge_unsigned
from trueware.model.signature import Outcome, Signature

_OPEN = {
    "motorola-milan_g/vbmeta.img": True,
    "motorola-milan_g/vbmeta_system.img": True,
    "vbmeta/blank-vbmeta.img": None,
    "vbmeta/lineage-oneplus-sdm845-vbmeta.img": False,
    "vbmeta/xiaomi-fleur-vbmeta.img": True,
}
"""Items of corpus/open, and whether their labels say that the signature holds; None where there is none."""


def answers(corpus: Path) -> Iterator[Answer]:
    """Yield all, by folder."""
    yield from _packages(corpus / "mobile")
    yield from _beside(corpus / "mobile")
    yield from _vbmeta(corpus / "mobile/avb-wild/open")
    for name, holding in _OPEN.items():
        path = corpus / "corpus/open" / name
        found = [each for each in signatures_of(path.read_bytes()) if each.scheme.startswith("avb")]
        word, why = judge_unsigned(found) if holding is None else judge(found, genuine=holding)
        yield Answer("avb", "corpus/open (vbmeta)", name, word, why)
    yield from _unsigned("avb", corpus / "mobile/avb-aosp/open")
    yield from _unsigned("ota", corpus / "mobile/ota-payload/open")


def _packages(mobile: Path) -> Iterator[Answer]:
    with ThreadPoolExecutor(1) as pool:
        for case in cases(mobile):
            data = case.path.read_bytes()
            first = least(data) if case.first is None else case.first
            word, why = _package(case, verified(data, pool), first)
            folder = case.path.parent.parent.name
            if folder == "apksig":
                folder += ", asserted by AOSP's tests" if case.asserted else ", answered by AOSP's verifier"
            yield Answer("apk", folder, case.name, word, why, case.kind or _range(case))


def _range(case: Case) -> str:
    first = "its own least level" if case.first is None else f"level {case.first}"
    return f"from {first} on" if case.last is None else f"from {first} to {case.last}"


def _package(case: Case, found: list[Signature], first: int) -> tuple[Word, str]:
    """Return the answer for a range of Android levels: all of them take the package, or some do not."""
    held = taken(case, found, first)
    broken = "; ".join(each.detail for each in found if each.outcome is not Outcome.VALID)
    if held and not case.holds:
        return Word.FALSE_ACCEPT, "nothing is wrong with what was found"
    if held and not case.signers <= certificates(found):
        return Word.FALSE_ACCEPT, "another signer is named"
    if held is case.holds:
        return Word.RIGHT, ""
    uncheckable = broken and all(each.outcome in (Outcome.VALID, Outcome.UNCHECKABLE) for each in found)
    return (Word.NOT_CHECKABLE if uncheckable else Word.FALSE_REJECT), broken or "some level finds no signature"


def _beside(mobile: Path) -> Iterator[Answer]:
    """Yield the signatures that lie beside their packages (v4), with the package and with another one."""
    originals = {label["original"]: path for path, label in labels(mobile / "apksig/open")}
    for path, _ in labels(mobile / "apksig-extra/open"):
        own = originals.get(path.name.removesuffix(".idsig"))
        if path.suffix != ".idsig" or own is None:
            continue
        other = next(each for name, each in originals.items() if name.startswith("v2-only-with") and each != own)
        for package, genuine in ((own, True), (other, False)):
            files = {path.name: path.read_bytes(), path.stem: package.read_bytes()}
            found = [each for each in signatures_in(files) if each.scheme == "apk-v4"]
            what = path.name if genuine else f"{path.name} beside another package"
            yield Answer("apk", "apksig-extra", what, *judge(found, genuine=genuine), group="v4")


def _vbmeta(folder: Path) -> Iterator[Answer]:
    for path, label in labels(folder):
        found = [each for each in signatures_of(path.read_bytes()) if each.scheme.startswith("avb")]
        avb = label["avb"]
        if avb is None:
            word, why = judge_unsigned(found)
        else:
            word, why = judge(found, genuine=avb["sig"] == "ok")
            key = avb["key"].removeprefix("vendor:")
            ids = [id_ for each in found if each.signer for id_ in each.signer.ids]
            if word is Word.RIGHT and key != avb["key"] and not any(id_.startswith(f"avb-sha1:{key}") for id_ in ids):
                word, why = Word.FALSE_ACCEPT, "another key is named"
        yield Answer("avb", "avb-wild", path.name, word, why, label["truth"].partition(":")[0])


def _unsigned(scheme: str, folder: Path) -> Iterator[Answer]:
    """Yield the files of a folder in which nothing is signed."""
    for path, _ in labels(folder):
        found = signatures_of(path.read_bytes(), name=path.name)
        yield Answer(scheme, folder.parent.name, path.name, *judge_unsigned(found), group="not signed")
