"""Whether changes are found, placed and explained rightly: kinds of tampering and of legitimate variation, beside other tools.

``make tamper`` prints the tables and writes build/tamper.json: rows of name, value, unit, target and whether it is met. With
``--write-docs`` it also writes docs/tamperbench.md. The corpus is that of `corpus.py`; what is not at hand is skipped and said. It
needs Debian's squashfs-tools, e2fsprogs, mtd-utils, gcc and apksigner, and for the other tools debsums, aide and diffoscope.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import tamper.report as reports
from corpus import find_corpus
from tamper.genuine.form import Workshop
from tamper.kind import Kind, Variation
from tamper.kinds import all_kinds
from tamper.peers import Peers
from tamper.trial import Bench, Skipped, Trial
from tamper.variations import all_variations


def main() -> int:
    """Run everything; the exit code is 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-docs", action="store_true", help="write docs/tamperbench.md")
    parser.add_argument("--only", default="", metavar="EXPRESSION", help="only kinds whose id or subject matches")
    parser.add_argument("--no-peers", action="store_true", help="do not ask other tools")
    given = parser.parse_args()
    chosen = re.compile(given.only)
    everything: tuple[Kind | Variation, ...] = (*all_kinds(), *all_variations())
    kinds = [kind for kind in everything if chosen.search(f"{kind.id} {kind.subject}")]
    store = Path("build/tamper")
    store.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="tamper-") as name:
        bench = Bench(Workshop(_corpus(), store, Path(name)), say)
        bench.take_in(kind.subject for kind in kinds)
        outcomes = list(bench.run(kinds, None if given.no_peers else Peers(Path(name), store / "peers.json").ask))
    report = reports.Report(
        [each for each in outcomes if isinstance(each, Trial)], [each for each in outcomes if isinstance(each, Skipped)]
    )
    rows = list(reports.rows(report))
    path = Path("build/tamper.json")
    path.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    sys.stdout.write("\n".join((*reports.tables(report), f"rows in {path}")) + "\n")
    if given.write_docs:
        Path("docs/tamperbench.md").write_text(reports.page(report), "utf-8")
    return 0 if all(row["met"] is not False for row in rows) else 1


def _corpus() -> Path | None:
    try:
        return find_corpus()
    except SystemExit as reason:
        say(f"goes without the corpus: {reason}")
        return None


def say(what: str) -> None:
    """Tell on stderr what goes on."""
    sys.stderr.write(f"tamper: {what}\n")


if __name__ == "__main__":
    raise SystemExit(main())
