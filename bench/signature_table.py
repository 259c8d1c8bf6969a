"""`make signatures`: what is answered about the signed things of the corpus and of the vectors beside what is known, and the costs.

Rows go to build/signatures.json, tables to stdout. The exit code is 1 where an answer is false or another target of the answers is
missed; what misses a target of speed is told. The corpus is found as bench/corpus.py finds it.

    --answers-only  without the costs
    --write-docs    also write docs/signatures.md
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from corpus import find_corpus

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, os.fspath(ROOT))  # the tests' readers of the corpus

from tests.unit.signatures.labels import count_labels  # noqa: E402

import signature_android  # noqa: E402 (found by the path set above, as all below)
import signature_others  # noqa: E402
import signature_primitives  # noqa: E402
import signature_report as reports  # noqa: E402
import signature_supply  # noqa: E402
import signature_vectors  # noqa: E402
import signatures  # noqa: E402
from report import Row  # noqa: E402
from signature_answers import Answer  # noqa: E402

_REMARKS = {
    "androguard": "one on which AOSP's verifier gave up",
    "aosp-public-keys": "certificates alone",
    "apksig": "those on which AOSP's verifier gave up and no test asserts anything; one that is doubted",
    "apksig-extra": "certificates and lineages alone",
    "grapheneos-auditor": "attestation of devices, not of software",
    "key-attestation": "attestation of devices, not of software",
    "merkle-proofs": "proofs of logs, not signatures",
    "mvt-artifacts": "traces, nothing signed",
    "scitt-vectors": "receipts of logs; Microsoft's statements, whose labels have no verdict",
    "wycheproof": "algorithms that no scheme uses (below the table of answers); `cctv_ed25519` has no results",
}


def main() -> int:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers-only", action="store_true")
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    if options.answers_only and options.write_docs:
        parser.error("the page has the costs too")
    corpus = find_corpus().parent
    before = os.getloadavg()[0]
    answers = list(ask(corpus))
    costs: list[Row] = [] if options.answers_only else list(signatures.rows(corpus))
    report = reports.Report(
        answers,
        signature_vectors.makers(),
        tuple(labelled(corpus / "mobile")),
        signature_vectors.unasked(),
        signature_primitives.unused(corpus / "mobile/wycheproof/open"),
        costs,
        (before, os.getloadavg()[0]),
    )
    rows = list(reports.rows(report))
    path = ROOT / "build/signatures.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    sys.stdout.write("\n".join((*reports.tables(report), f"rows in {path.relative_to(ROOT)}")) + "\n")
    if options.write_docs:
        (ROOT / "docs/signatures.md").write_text(reports.page(report), "utf-8")
    return 0 if all(row["met"] is not False for row in rows if row["unit"] == "cases") else 1


def ask(corpus: Path) -> Iterator[Answer]:
    """Yield the answers to everything."""
    say("Android")
    yield from signature_android.answers(corpus)
    say("networks, devices, distributions, programs")
    yield from signature_others.answers(corpus)
    say("supply chains")
    yield from signature_supply.answers(corpus)
    say("algorithms")
    yield from signature_primitives.answers(corpus / "mobile/wycheproof/open")
    say("vectors")
    yield from signature_vectors.answers()


def labelled(mobile: Path) -> Iterator[reports.Labelled]:
    """Yield the folders of which not everything is asked."""
    for folder in sorted(path for path in mobile.iterdir() if path.is_dir()):
        labels, at_hand = count_labels(folder / "open")
        remark = _REMARKS.get(folder.name, "")
        if remark or at_hand < labels:
            lost = f"{labels - at_hand} labelled files are not at hand" if at_hand < labels else ""
            yield reports.Labelled(folder.name, labels, at_hand, "; ".join(filter(None, (remark, lost))))


def say(what: str) -> None:
    """Tell on stderr what goes on."""
    sys.stderr.write(f"signatures: {what}\n")


if __name__ == "__main__":
    raise SystemExit(main())
