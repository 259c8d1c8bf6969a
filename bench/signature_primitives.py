"""Wycheproof's vectors of the algorithms that the schemes use, asked of the functions that the schemes ask."""

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import new
from pathlib import Path
from typing import Any

from tests.unit.signatures.cose_corpus import wycheproof_accepts

from signature_answers import Answer, Word
from trueware.signatures.apk.keys import DSA, EC, PSS, RSA, verifies
from trueware.signatures.prehashed import HASHES, is_signed
from trueware.signatures.refusal import Refusal

_KINDS = {"RSASSA-PKCS1-v1_5": RSA, "RSASSA-PSS": PSS, "ECDSA": EC, "DSA": DSA}
_DIGESTS = {"SHA-1": "sha1", "SHA-224": "sha224", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
Check = Callable[[Mapping[str, Any]], bool]
"""Whether a test's signature is taken."""


def answers(folder: Path) -> Iterator[Answer]:
    """Yield the answer to each vector of an algorithm that is used, once for each function that would be asked."""
    for path in sorted(folder.glob("*_test.json")):
        file = json.loads(path.read_text("utf-8"))
        for group in file["testGroups"]:
            for function, check in _checks(path.name, file, group).items():
                for test in group["tests"]:
                    name = f"{path.stem}/{test['tcId']}"
                    yield Answer("algorithms", "wycheproof", name, *_asked(check, test), group=function)


def unused(folder: Path) -> tuple[str, ...]:
    """Return the files of algorithms and parameters that no scheme uses."""
    found = []
    for path in sorted(folder.glob("*_test.json")):
        file = json.loads(path.read_text("utf-8"))
        if not any(_checks(path.name, file, group) for group in file["testGroups"]):
            found.append(path.stem.removesuffix("_test"))
    return tuple(found)


def _checks(name: str, file: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, Check]:
    kind, digest = _KINDS.get(file["algorithm"]), _DIGESTS.get(group.get("sha", ""))
    if kind is None or digest is None or "p1363" in name:
        return {}
    if kind == PSS and (group["mgfSha"] != group["sha"] or group["sLen"] != new(digest).digest_size):
        return {}
    spki = bytes.fromhex(group["publicKeyDer"])

    def by_packages(test: Mapping[str, Any]) -> bool:
        return verifies(spki, kind, digest, bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))

    def over_digest(test: Mapping[str, Any]) -> bool:
        made = new(digest, bytes.fromhex(test["msg"])).digest()
        return is_signed(spki, digest, made, bytes.fromhex(test["sig"]))

    def by_cose(test: Mapping[str, Any]) -> bool:
        return bool(wycheproof_accepts(group, file["algorithm"], test))

    found: dict[str, Check] = {f"{kind}, packages and CMS of Android": by_packages}
    if kind in (RSA, EC) and digest in HASHES:
        found[f"{kind}, over a digest"] = over_digest
    if wycheproof_accepts(group, file["algorithm"], group["tests"][0]) is not None:
        found[f"{kind}, COSE"] = by_cose
    return found


def _asked(check: Check, test: Mapping[str, Any]) -> tuple[Word, str]:
    try:
        good = check(test)
    except Refusal as refusal:
        return (Word.NOT_CHECKABLE if test["result"] == "valid" else Word.UNPROVED), str(refusal)
    if test["result"] == "acceptable" or good == (test["result"] == "valid"):
        return Word.RIGHT, ""
    return (Word.FALSE_ACCEPT if good else Word.FALSE_REJECT), test["comment"]
