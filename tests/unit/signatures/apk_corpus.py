"""The packages of the corpus with what is known of them: who asserted which verdict for which range of Android API levels.

``asserted``: AOSP's own tests, and how the altered packages were made. ``reference``: what AOSP's verifier answered, which has no
PSS there and misses CVE-2017-13156; it is not asked where it gave up.
"""

import io
import re
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.signatures.labels import labels

from trueware.measuring import measure
from trueware.model.signature import Outcome, Signature
from trueware.signatures import Signatures
from trueware.signatures.apk.sdk import read_sdk
from trueware.signatures.contract import Context

FOLDERS = ("apksig", "apk-tampered", "npm-apks", "fdroidserver", "androguard")
_ALL = 1 << 40

DOUBTED = frozenset({"v1-only-with-nul-in-entry-name.apk"})
"""Where we are stricter than the reference, which was not asserted: the name of a member reads differently in C."""


@dataclass(frozen=True, slots=True)
class Case:
    """One verdict about one package."""

    path: Path
    name: str
    first: int | None
    """None: the least that the package is made for."""

    last: int | None
    holds: bool
    asserted: bool
    signers: frozenset[str]
    """First eight hexadecimal digits of certificates, where the signers are known."""

    kind: str = ""
    issue: str = ""
    """What AOSP's verifier has to complain of."""

    @property
    def id(self) -> str:
        """How the test is called."""
        return f"{self.path.parent.parent.name}/{self.name}/{self.first or 'least'}-{self.last or 'all'}"


def cases(mobile: Path) -> Iterator[Case]:
    """Yield what is known of the packages in a folder of the corpus that are at hand."""
    for folder in FOLDERS:
        home = mobile / folder / "open"
        for path, row in labels(home):
            yield from _cases_of(path, row)


def _cases_of(path: Path, row: dict[str, Any]) -> Iterator[Case]:
    name, kind = row.get("original") or path.name, row.get("kind", "")
    prefix = row.get("signer_sha256_prefix", "")
    signers = frozenset(prefix.split(",")) if prefix else frozenset()
    for asserted in row.get("asserted", ()):
        if (verdict := asserted["verdict"]) != "?":
            holds = verdict in {"verified", "warning"}
            issue = asserted["issue"] or ""
            yield Case(path, name, asserted["min_sdk"], asserted["max_sdk"], holds, True, signers, issue=issue)
    if intended := row.get("intended"):
        holds = (row["reference"] if intended == "fail-if-v2" else intended).startswith("verified")
        yield Case(path, f"{kind}-{path.stem}", None, None, holds, True, signers, kind)
    elif not row.get("asserted") and row["reference"] != "exception" and name not in DOUBTED:
        fault = re.search(r"V\d+_\w+", row.get("issues", ""))
        holds, issue = row["reference"] == "verified", fault.group() if fault else ""
        yield Case(path, name, None, None, holds, False, signers, issue=issue)


def signatures_of(data: bytes, pool: Executor, name: str = "input.apk") -> tuple[Signature, ...]:
    """Return the signatures of a package."""
    verifier = Signatures(Context())
    return measure(name, memoryview(data), pool=pool, clock=time.monotonic, verify=verifier).signatures


def verified(data: bytes, pool: Executor) -> list[Signature]:
    """Return those signatures of a package that decide whether it is taken."""
    return [each for each in signatures_of(data, pool) if each.scheme != "apk-source-stamp"]


def least(data: bytes) -> int:
    """Return the least API level that a package is made for."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return read_sdk(archive.read("AndroidManifest.xml")).least
    except (zipfile.BadZipFile, KeyError, NotImplementedError):
        return 1


def holds(signatures: Iterable[Signature], first: int, last: int | None) -> bool:
    """Tell whether every Android of a range takes the package, as AOSP's verifier asks it."""
    end = _ALL if last is None else last
    spans = [
        (span[0], _ALL if span[1] is None else span[1], each.outcome) for each in signatures if (span := each.platforms)
    ]
    if any(outcome is not Outcome.VALID and at <= end and to >= first for at, to, outcome in spans):
        return False
    reached = first
    for at, to, _ in sorted(spans, key=lambda span: span[0]):
        if at <= reached <= to:
            reached = to + 1
    return reached > end


def taken(case: Case, signatures: Iterable[Signature], first: int) -> bool:
    """Tell whether a package is taken: for all of the range, or but for levels that find no signature at all.

    The latter is not what packages are refused for that were altered, or that have a fault in a scheme's block (other than that it
    is missing): that nothing is wrong with what was found is then as bad as if it held.
    """
    signatures = list(signatures)
    if holds(signatures, first, case.last):
        return True
    faulty = bool(case.kind) or (case.issue.startswith(("V2_SIG_", "V3_SIG_", "V31_")))
    return faulty and bool(signatures) and all(each.outcome is Outcome.VALID for each in signatures)


def certificates(signatures: Iterable[Signature]) -> frozenset[str]:
    """Return the first digits of all signers' certificates."""
    ids = (id_ for each in signatures if each.signer is not None for id_ in each.signer.ids)
    return frozenset(id_.removeprefix("cert-sha256:")[:8] for id_ in ids if id_.startswith("cert-sha256:"))


def outcomes(mobile: Path) -> Counter[tuple[str, bool, str]]:
    """Return how many verdicts are right, false accepts and false rejects, by folder, and whether they were asserted."""
    found: Counter[tuple[str, bool, str]] = Counter()
    with ThreadPoolExecutor(1) as pool:
        for case in cases(mobile):
            data = case.path.read_bytes()
            first = least(data) if case.first is None else case.first
            got = taken(case, verified(data, pool), first)
            word = "right" if got is case.holds else "false accept" if got else "false reject"
            found[case.path.parent.parent.name, case.asserted, word] += 1
    return found
