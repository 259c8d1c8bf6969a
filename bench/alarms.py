"""`make alarms`: what is told about pairs in which nobody tampered, by severity, and how much of it is a false alarm.

An update changes much, so that findings are right; a *high* one must tell something that somebody should look at. Each high
finding is judged by rule and pair in `alarm_judgements`. Writes build/alarms.json; `--write-docs` writes docs/alarms.md.
Needs the corpus (TRUEWARE_CORPUS) and Debian's `apt-get`; pairs that are not at hand are listed as skipped.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from alarm_judgements import judged
from alarm_pairs import Pair, corpus_pairs, package_pairs

TRUEWARE = (sys.executable, "-m", "trueware")
BUILD = Path("build")
_SEVERITIES = ("high", "medium", "low", "info")
_LONGEST = 300
"""Seconds for one pair."""

_NOT_COVERED = """Not in the table is the step to another release of a distribution: `apt-get` offers those of one. Tried by hand from
Debian 12 to 13, high findings that are false remain: parts that a server was split into (`sshd-session`) as servers added, a unit
that came with a package, and plug-ins of a few functions that another compiler made unlike (`libebt_log.so`).

"""


def main() -> int:
    """Measure all pairs; 1 where a high finding is not judged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true")
    parser.add_argument("--only", default="", help="pairs whose name has this in it")
    parser.add_argument(
        "--again", action="store_true", help="judge and write what build/alarms.json holds, measure nothing"
    )
    options = parser.parse_args()
    if options.again:
        measured = json.loads((BUILD / "alarms.json").read_text("utf-8"))
        rows, skipped = measured["pairs"], measured["skipped"]
        for row in rows:
            row["high"] = [_judged(each, row["pair"]) for each in row["high"]]
    else:
        rows, skipped = _all(options.only)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "alarms.json").write_text(json.dumps({"pairs": rows, "skipped": skipped}, indent=1), "utf-8")
    text = "".join(_page(rows, skipped))
    if options.write_docs:
        Path("docs/alarms.md").write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    return int(any(each["judgement"] == "not judged" for row in rows for each in row["high"]))


def _all(only: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what was measured of the pairs whose name has `only` in it, and which could not be."""
    rows, skipped = list[dict[str, Any]](), list[str]()
    for each in _pairs():
        if isinstance(each, str) or not (each.earlier.exists() and each.later.exists()):
            skipped.append(each if isinstance(each, str) else f"{each.name}: not at hand")
        elif only in each.name and (row := _measured(each)) is not None:
            rows.append(row)
            sys.stderr.write(f"{each.name}: {row['severities']}\n")
        elif only in each.name:
            skipped.append(f"{each.name}: no answer within {_LONGEST} s")
    return rows, skipped


def _pairs() -> Iterator[Pair | str]:
    corpus = os.environ.get("TRUEWARE_CORPUS", "")
    yield from corpus_pairs(Path(corpus)) if corpus else ("all pairs of the corpus: TRUEWARE_CORPUS is not set",)
    yield from package_pairs(BUILD / "alarms")


def _measured(pair: Pair) -> dict[str, Any] | None:
    command = (*TRUEWARE, "diff", pair.earlier, pair.later, "--json", "--quiet")
    try:
        told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_LONGEST).stdout
        (result,) = json.loads(told)["results"]
    except (subprocess.TimeoutExpired, ValueError):
        return None
    findings = [finding for each in result["explanations"] for finding in each["findings"]]
    counted = Counter(each["severity"] for each in findings)
    return {
        "pair": pair.name,
        "changed": len(result["changes"]),
        "severities": {severity: counted[severity] for severity in _SEVERITIES},
        "effects": [each["effect"] for each in result["explanations"]],
        "alarming": [each["effect"] for each in result["explanations"] if each["severity"] == "high"],
        "high": [_judged(each, pair.name) for each in findings if each["severity"] == "high"],
    }


def _judged(finding: dict[str, Any], pair: str) -> dict[str, str]:
    said = judged(finding["rule"], pair)
    judgement = "not judged" if said is None else "false" if said.is_false else "right"
    return {
        "rule": finding["rule"],
        "part": finding["part"],
        "detail": finding["detail"],
        "judgement": judgement,
        "reason": "" if said is None else said.reason,
    }


def _page(rows: list[dict[str, Any]], skipped: list[str]) -> Iterator[str]:
    high = [each for row in rows for each in row["high"]]
    counts = Counter(each["judgement"] for each in high)
    yield "# False alarms\n\nMade by `make alarms`: pairs in which nobody tampered, compared by `trueware diff`. "
    yield "An update changes much, so that there are findings; what is *high* must be worth somebody's look.\n\n"
    yield f"{len(rows)} pairs, {sum(row['changed'] for row in rows)} changed parts, {len(high)} high findings: "
    yield f"{counts['right']} right, **{counts['false']} false**, {counts['not judged']} not judged. "
    yield f"{sum(not row['high'] for row in rows)} pairs have none.\n\n"
    yield _NOT_COVERED
    yield "| pair | changed | high | medium | low | info | false | effects told as high |\n|---|--:|--:|--:|--:|--:|--:|---|\n"
    for row in rows:
        figures = " | ".join(str(row["severities"][each]) for each in _SEVERITIES)
        wrong = sum(each["judgement"] == "false" for each in row["high"])
        yield f"| {row['pair']} | {row['changed']} | {figures} | {wrong} | {', '.join(row['alarming']) or 'none'} |\n"
    yield "\n## High findings, judged\n\n| rule | judged | how many | why |\n|---|---|--:|---|\n"
    yield from _by_rule(high)
    if skipped:
        yield "\n## Skipped\n\n" + "".join(f"- {each}\n" for each in skipped)


def _by_rule(high: Iterable[dict[str, str]]) -> Iterator[str]:
    kinds = Counter((each["judgement"], each["rule"], each["reason"]) for each in high)
    for (judgement, rule, reason), count in sorted(kinds.items()):
        yield f"| [{rule}](reference/rules/{rule}.md) | {judgement} | {count} | {reason} |\n"


if __name__ == "__main__":
    raise SystemExit(main())
