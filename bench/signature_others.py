"""What the corpus has of networks, embedded devices, distributions, programs and supply chains."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from tests.unit.signatures.labels import labels
from tests.unit.signatures.sites import signatures_in, signatures_of

from corpus_items import SETUPS, Setup
from corpus_items import judge as verdict
from corpus_shelf import Shelf
from signature_answers import Answer, Word, judge, judge_unsigned
from trueware.model.signature import Outcome, Signature
from trueware.model.verdict import Verdict
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys

_PROGRAMS = {
    "115fe8649854ad531fb7ecd1318fbee6b33c9cbd78f02ed582092a96d5eb5899.cat": True,
    "7z1900-x64_signed.exe": True,
    "DXCore.dll": True,
    "SoftwareUpdate.exe": True,
    "catfiletest.cat": False,
    "kdbazis.dll.crt": None,
    "unsigned.exe": None,
    "whois.exe": True,
}
"""Whether they are validly signed, as signify has it; None where nothing is signed. The labels do not say."""


def answers(corpus: Path) -> Iterator[Answer]:
    """Yield all, by folder."""
    mobile, items, reference = corpus / "mobile", corpus / "corpus/open", corpus / "corpus/reference"
    yield from _feeds(mobile / "usign-openwrt/open")
    yield from _lede(items / "lede-17.01-base", reference / "anchors/openwrt-usign/lede-17.01")
    yield from _debian(mobile / "gpg-debian/open", reference / "anchors/debian-archive-keyring.gpg")
    yield from _chain(items / "debian-bookworm-updates", reference / "anchors/debian-archive-keyring.gpg")
    yield from _fit(mobile / "uboot-fit/open")
    yield from _gluon(items / "ffnord-gluon", reference / "hash-lists/freifunk-aachen")
    yield from _modules(items / "linux-module-signature")
    yield from _programs(mobile / "authenticode/open")
    yield from _secure_boot(corpus / "corpus")
    yield from _tizen(items / "tizen-spotify-mod")
    yield from _qualcomm(items / "quectel-eg25")
    yield from _phones(items)


def _read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _of(signatures: Iterable[Signature], *schemes: str) -> list[Signature]:
    return [each for each in signatures if each.scheme.startswith(schemes)]


def _in(files: Mapping[str, bytes], scheme: str, keys: tuple[Key, ...] = ()) -> list[Signature]:
    return _of(signatures_in(files, keys), scheme)


def _feeds(folder: Path) -> Iterator[Answer]:
    for path, label in labels(folder):
        files = _read(path)
        found = _in(files, "usign", read_keys(files["key.pub"]))
        word, why = judge(found, genuine=label["expected"] == "accept")
        yield Answer("usign", "usign-openwrt", path.name, word, why, label["kind"])


def _lede(folder: Path, anchors: Path) -> Iterator[Answer]:
    files = _read(folder)
    keys = [key for path in sorted(anchors.glob("*.pub")) for key in read_keys(path.read_bytes())]
    for kind, genuine in (("genuine", True), ("one byte changed", False)):
        index = files["Packages"] if genuine else _changed(files["Packages"], 1000)
        found = _in({**files, "Packages": index}, "usign", tuple(keys))
        yield Answer("usign", "lede-17.01-base", f"Packages, {kind}", *judge(found, genuine=genuine), group=kind)


def _debian(folder: Path, anchor: Path) -> Iterator[Answer]:
    keys = read_keys(anchor.read_bytes())
    for path, label in labels(folder):
        found = _in({"InRelease": path.read_bytes()}, "openpgp", keys)
        genuine = label["expected"] == "accept"
        kind = "genuine" if genuine else path.name.rpartition(".")[2]
        yield Answer("openpgp", "gpg-debian", path.name, *judge(found, genuine=genuine), group=kind)


def _chain(folder: Path, anchor: Path) -> Iterator[Answer]:
    """Yield, for the packages beside a signed archive, whether they are covered: one of three is in the index."""
    files = _read(folder)
    found = signatures_in(files, read_keys(anchor.read_bytes()))
    covered = frozenset[bytes]().union(*(each.coverage.digests for each in found if each.outcome is Outcome.VALID))
    for name, data in files.items():
        if name.endswith(".deb"):
            listed, genuine = sha256(data).digest() in covered, "3.0.17" in name
            word = Word.RIGHT if listed == genuine else Word.FALSE_ACCEPT if listed else Word.FALSE_REJECT
            yield Answer("openpgp", "debian-bookworm-updates", name, word, "", "archive to package")


def _fit(folder: Path) -> Iterator[Answer]:
    for path, label in labels(folder):
        found = _of(signatures_of(path.read_bytes()), "fit")
        expected = label["expected"]
        word, why = judge_unsigned(found) if expected == "unsigned" else judge(found, genuine=expected == "accept")
        yield Answer("fit", "uboot-fit", path.name, word, why, expected)


def _gluon(nord: Path, aachen: Path) -> Iterator[Answer]:
    keys = read_keys((nord / "ffnord-autoupdater-pubkeys.txt").read_bytes())
    manifest = (nord / "stable.manifest").read_bytes()
    signed = ((manifest, True, "genuine"), (_changed(manifest, 300), False, "one byte changed"))
    for data, genuine, kind in signed:
        found = _in({"stable.manifest": data}, "gluon", keys)
        yield Answer("gluon", "ffnord-gluon", f"stable.manifest, {kind}", *judge(found, genuine=genuine), group=kind)
    for path in sorted(aachen.glob("*.manifest")):
        found = _in({path.name: path.read_bytes()}, "gluon", keys)
        kind = "by keys of others"
        yield Answer("gluon", "freifunk-aachen", path.name, *judge(found, genuine=False), group=kind)


def _modules(folder: Path) -> Iterator[Answer]:
    keys = {build: read_keys((folder / f"kernel{build}-module-key.der").read_bytes()) for build in ("47", "50")}
    for path in sorted(folder.glob("*.ko")):
        data = path.read_bytes()
        for build, key in keys.items():
            own = build in path.stem.rpartition("-")[2]
            kind = "genuine" if own else "by the key of another build"
            found = _in({path.name: data}, "kernel-module", key)
            name = f"{path.name} and the key of {build}"
            yield Answer("kernel-module", folder.name, name, *judge(found, genuine=own), group=kind)
            if own:
                found = _in({path.name: _changed(data, 0x5000)}, "kernel-module", key)
                kind = "one byte changed"
                yield Answer(
                    "kernel-module", folder.name, f"{path.name}, {kind}", *judge(found, genuine=False), group=kind
                )


def _programs(folder: Path) -> Iterator[Answer]:
    for path, _ in labels(folder):
        if path.name not in _PROGRAMS:
            word, why = Word.NO_SCHEME, f"{path.suffix} is not read"
        else:
            found = _of(signatures_of(path.read_bytes(), name=path.name), "authenticode", "catalogue")
            genuine = _PROGRAMS[path.name]
            word, why = judge_unsigned(found) if genuine is None else judge(found, genuine=genuine)
        yield Answer("authenticode", "authenticode", path.name, word, why, "as signed")
        if word is Word.RIGHT and path.suffix != ".cat" and _PROGRAMS[path.name]:
            found = _of(signatures_of(_changed(path.read_bytes(), 0x400), name=path.name), "authenticode")
            name = f"{path.name}, one byte changed"
            yield Answer("authenticode", "authenticode", name, *judge(found, genuine=False), group="one byte changed")


def _secure_boot(corpus: Path) -> Iterator[Answer]:
    """Yield what UEFI loads, judged with the anchors of the corpus: a signature that leads to none of them is not accepted."""
    shelf = Shelf(corpus)
    for path in sorted((corpus / "open/uefi-signed").glob("*.signed")):
        name = str(path.relative_to(corpus))
        found = _of(signatures_of(path.read_bytes()), "authenticode")
        word, why = judge(found, genuine=True)
        judged = verdict(shelf, Setup(trust=SETUPS["I04"].trust, verify=(name,)), ())
        if word is Word.RIGHT and judged.verdict is not Verdict.GENUINE:
            word, why = Word.FALSE_REJECT, judged.reason
        yield Answer("authenticode", "uefi-signed", path.name, word, why, "with the anchors")
        judged = verdict(shelf, Setup(verify=(name,)), ())
        word = Word.RIGHT if judged.verdict is Verdict.UNKNOWN else Word.FALSE_ACCEPT
        yield Answer("authenticode", "uefi-signed", f"{path.name}, no anchors", word, judged.reason, "without anchors")
        found = _of(signatures_of(_changed(path.read_bytes(), 0x1000)), "authenticode")
        kind = "one byte changed"
        yield Answer("authenticode", "uefi-signed", f"{path.name}, {kind}", *judge(found, genuine=False), group=kind)


def _tizen(folder: Path) -> Iterator[Answer]:
    files = _read(folder / "tampered")
    yield Answer("tizen", folder.name, "as it was spread", *judge(_in(files, "tizen"), genuine=False), group="tampered")
    files["index.html"] = (folder / "as-signed/index.html").read_bytes()
    word, why = judge(_in(files, "tizen"), genuine=False)
    yield Answer("tizen", folder.name, "as signed, one file withheld", word, why, "a file is missing")


def _qualcomm(folder: Path) -> Iterator[Answer]:
    files = {name: data for name, data in _read(folder).items() if name.endswith(".mbn")}
    for part in sorted({each.part.partition("!")[0] for each in _in(files, "qualcomm")}):
        for kind, genuine in (("genuine", True), ("one byte changed", False)):
            data = files[part] if genuine else _changed(files[part], len(files[part]) - 100)
            found = _in({part: data}, "qualcomm")
            if found or genuine:
                yield Answer("qualcomm", folder.name, f"{part}, {kind}", *judge(found, genuine=genuine), group=kind)


def _phones(items: Path) -> Iterator[Answer]:
    for folder in ("cisco-phone-7941", "cisco-phone-79x0"):
        for path in sorted((items / folder).iterdir()):
            if path.suffix in (".loads", ".sbn", ".sb2"):
                found = _of(signatures_of(path.read_bytes(), name=path.name), "cisco-phone")
                yield Answer("cisco-phone", folder, path.name, *judge(found, genuine=True), group="genuine")
