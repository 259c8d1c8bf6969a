"""Whether the verdicts are right: the labelled corpus, and variants made of its genuine images.

``make corpus`` prints the tables and writes build/corpus.json: rows of name, value, unit, target and whether it is met. With
``--write-docs`` it also writes docs/detection.md. The corpus is real firmware of others and not part of the repository: its folder
is ``TRUEWARE_CORPUS``, or what ../shared/corpus/unpack prints. The variants need Debian's squashfs-tools.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import corpus_report as reports
from corpus_items import run_beside, run_items, run_signed
from corpus_shelf import Shelf
from corpus_variants import run_variants

_UNPACK = Path("../shared/corpus/unpack")


def main() -> int:
    """Run everything; the exit code is 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-docs", action="store_true", help="write docs/detection.md")
    docs = parser.parse_args().write_docs
    corpus = find_corpus()
    for tool in ("mksquashfs", "unsquashfs"):
        if shutil.which(tool) is None:
            raise SystemExit(f"make corpus needs {tool}: apt-get install squashfs-tools")
    shelf = Shelf(corpus)
    report = reports.Report(run_items(shelf, say), run_beside(shelf), run_signed(shelf), run_variants(corpus, say))
    rows = list(reports.rows(report))
    path = Path("build/corpus.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    sys.stdout.write("\n".join((*reports.tables(report), f"rows in {path}")) + "\n")
    if docs:
        Path("docs/detection.md").write_text(reports.page(report), "utf-8")
    return 0 if all(row["met"] is not False for row in rows) else 1


def find_corpus() -> Path:
    """Return the folder that holds `open/`.

    Raises:
        SystemExit: there is none.
    """
    given = os.environ.get("TRUEWARE_CORPUS")
    if given is None and _UNPACK.exists():
        given = subprocess.run([_UNPACK], capture_output=True, text=True, check=True).stdout.strip()
    if given is None:
        raise SystemExit("no corpus: set TRUEWARE_CORPUS to its folder")
    for folder in (Path(given) / "corpus", Path(given)):
        if (folder / "open" / "index.json").exists():
            return folder
    raise SystemExit(f"no corpus in {given}: it has no corpus/open/index.json")


def say(what: str) -> None:
    """Tell on stderr what goes on."""
    sys.stderr.write(f"corpus: {what}\n")


if __name__ == "__main__":
    raise SystemExit(main())
