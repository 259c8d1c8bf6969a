"""Boots virtual machines with a TPM and IMA, and appraises the evidence that is taken inside them.

    python bench/boots/run.py [--only SCENARIO…] [--appraise] [--fresh] [--write-docs]

What is booted and what must be answered stand in `scenarios` and `expected`. Needs root and Debian's packages; what is missing is
named, and nothing is done. All that is made lies in build/boots, evidence in build/boots/evidence. Writes build/boots.json; exits
with 1 where an answer is not the one that is expected.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from boots.appraised import Answer, answers
from boots.expected import EXPECTED
from boots.machine import boot
from boots.making import make, missing
from boots.page import page
from boots.proving import wrong
from boots.scenarios import REFERENCE, SCENARIOS, SNAPSHOTS
from report import Row

MADE = Path("build/boots").resolve()
EVIDENCE = MADE / "evidence"
OUTPUT = Path("build/boots.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make, boot, appraise, tell."""
    parser = argparse.ArgumentParser(
        description="Boot virtual machines with a TPM and IMA, and appraise their evidence."
    )
    names = [each.name for each in SCENARIOS]
    parser.add_argument(
        "--only", nargs="+", choices=names, help="boot only these; the others' evidence of before is used"
    )
    parser.add_argument("--appraise", action="store_true", help="boot nothing; appraise the evidence of the last time")
    parser.add_argument("--fresh", action="store_true", help="make disks, kernels and TPMs anew")
    parser.add_argument("--write-docs", action="store_true", help="write docs/boots.md")
    options = parser.parse_args(arguments)
    lacking = missing()
    if lacking is not None:
        print(f"skipped: {lacking}")
        return 0
    if options.fresh:
        shutil.rmtree(MADE, ignore_errors=True)
    rows = _before()
    known = MADE.exists()
    start = time.monotonic()
    make(MADE)
    print(f"set-up: {time.monotonic() - start:.1f} s", flush=True)
    if not known:
        rows["set-up"] = _seconds("set-up", time.monotonic() - start)
    wanted = [] if options.appraise else options.only or names
    if not (EVIDENCE / REFERENCE).exists():
        wanted = [REFERENCE, *(each for each in wanted if each != REFERENCE)]
    faults = _boot(wanted, rows)
    told = list(answers(MADE, EVIDENCE))
    _print(told)
    figures = [*rows.values(), *_figures(told)]
    OUTPUT.write_text(json.dumps(figures, indent=1) + "\n")
    if options.write_docs:
        Path("docs/boots.md").write_text(page(figures, told))
    right = sum(each.met for each in told)
    print(f"{right} of {len(told)} answers are right, {len(EXPECTED) - len(told)} not asked; evidence: {EVIDENCE}")
    return int(faults > 0 or right < len(told))


def _boot(wanted: Sequence[str], rows: dict[str, Row]) -> int:
    """Boot what is wanted, and check what it sent with other tools; return how many snapshots are not in order."""
    faults = 0
    for scenario in SCENARIOS:
        if scenario.name not in wanted:
            continue
        seconds = boot(scenario, MADE, EVIDENCE / scenario.name)
        name = f"boot/{scenario.name}"
        rows[name] = _seconds(name, seconds)
        found = [wrong(EVIDENCE / scenario.name, each) for each in SNAPSHOTS[: scenario.snapshots]]
        faults += sum(each is not None for each in found)
        state = "; ".join(each or "in order" for each in found)
        print(f"{scenario.name}: {seconds:.0f} s, {scenario.about}; snapshots: {state}", flush=True)
    return faults


def _before() -> dict[str, Row]:
    """Return what set-up and boots took when they were last done."""
    if not OUTPUT.exists() or not MADE.exists():
        return {}
    rows: list[Row] = json.loads(OUTPUT.read_text())
    return {row["name"]: row for row in rows if row["name"].startswith(("set-up", "boot/"))}


def _figures(told: Sequence[Answer]) -> Iterator[Row]:
    """Give what was answered, and how long it took."""
    for each in told:
        yield Row(name=f"answer/{each.expected.name}", value=float(each.met), unit="right", target=1.0, met=each.met)
        yield _seconds(f"appraise/{each.expected.name}", each.seconds)


def _seconds(name: str, seconds: float) -> Row:
    return Row(name=name, value=round(seconds, 2), unit="wall s", target=None, met=None)


def _print(told: Sequence[Answer]) -> None:
    """Print the table."""
    print(f"\n{'scenario':36} {'expected':18} {'answered':9} {'':5} where")
    for each in told:
        expected = " or ".join(each.expected.verdicts)
        print(
            f"{each.expected.name:36} {expected:18} {each.verdict:9} {'right' if each.met else 'WRONG':5} {each.where[:110]}"
        )


if __name__ == "__main__":
    sys.exit(main())
