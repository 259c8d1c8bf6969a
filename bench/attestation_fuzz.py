"""`make attestation-fuzz`: mutated evidence of every kind: nothing may escape, take 100 ms, or be believed.

Each input is a genuine piece (`attestation_seeds`) with some things wrong with it, a quarter of them grown to as much as 2 MB by
repeating a part of them. The reader alone may raise InputError and nothing else; `appraise` of the device with that piece in the
place of the genuine one raises nothing. Where what a signature or digest covers is another than before, the verdict may not be
GENUINE and a token, chain or result is not believed.

    --seconds N    CPU seconds for each kind (default 20)
    --seed N       the same seed makes the same inputs (default 1)
    --kinds a,b    these alone
    --only N       the input of this number alone, kept in build/attestation-fuzz
    --write-docs   also write docs/attestation-fuzz.md

A time is the quicker of up to four runs of one input, since what else the machine does is not the input's doing. Rows go to
build/attestation-fuzz.json, inputs that fail to build/attestation-fuzz/. Exit code 1: something failed.
"""

import argparse
import gc
import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random
from time import process_time

import attestation_rig as rig
from attestation_seeds import Kind, Seed, kinds
from corpus import find_corpus
from mutations import mutate
from report import Row, at_most
from trueware.appraising import Fleet, appraise
from trueware.attestation.recognise import Piece
from trueware.errors import InputError
from trueware.model.verdict import Verdict

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build/attestation-fuzz"
LARGEST, LIMIT = 2 << 20, 0.1
"""Bytes of an input, and CPU seconds that it may take."""

_GROWN = 0.25
_SIZES = (1 << 14, 1 << 17, 1 << 20, LARGEST, LARGEST)
_PARTS = (1, 2, 8, 40, 97, 300, 4096)


@dataclass(slots=True)
class Tally:
    """What became of the inputs of one kind."""

    inputs: int = 0
    cpu: float = 0.0
    refused: int = 0
    """Inputs that the reader of their kind refused."""
    reading: float = 0.0
    slowest: float = 0.0
    slowest_input: str = ""
    size: int = 0
    slow: int = 0
    """Inputs over the limit."""
    harmless: int = 0
    """Inputs that were GENUINE or believed: what was changed is under no signature and no digest, or the piece was not used."""
    failures: list[str] = field(default_factory=list)


class Trial:
    """One kind, put through its inputs."""

    def __init__(self, kind: Kind, corpus: Path, seed: int) -> None:
        self.kind, self.seed, self.tally = kind, seed, Tally()
        self.registry = rig.registry(corpus)
        self.fleets: dict[int, Fleet] = {}
        self.genuine = [each.essence(each.data) if each.essence else None for each in map(_believable, kind.seeds)]

    def input(self, number: int) -> tuple[int, bytes]:
        """Return which seed the input of a number comes of, and its bytes."""
        random = Random(f"{self.seed}/{self.kind.name}/{number}")  # noqa: S311 (to be had again)
        which = random.randrange(len(self.kind.seeds))
        data = self.kind.seeds[which].data
        if random.random() < _GROWN:
            data = grow(data, random)
            return which, data[:LARGEST]
        return which, mutate(data, random, random.choice(self.kind.seeds).data)[:LARGEST]

    def run(self, number: int) -> None:
        """Put one input through the readers and the whole path, and count what became of it."""
        which, data = self.input(number)
        seed = self.kind.seeds[which]
        name = f"{self.kind.name}/{seed.name}/{self.seed}-{number}"
        self.tally.inputs += 1
        refused = 0
        for reader in self.kind.readers:
            cost, raised = self._timed(lambda read=reader: read(data), (InputError,), name)  # type: ignore[misc]
            refused += raised
            self.tally.reading = max(self.tally.reading, cost)
            self._slowest(cost, name, data)
        self.tally.refused += refused == len(self.kind.readers)
        if self.kind.is_appraised:
            self._appraised(seed, which, name, data)
        elif seed.essence is not None:
            self._believed(seed, which, name, data)

    def _appraised(self, seed: Seed, which: int, name: str, data: bytes) -> None:
        wish = replace(seed.wish, revocation=data) if seed.is_wish else seed.wish
        pieces = seed.beside if seed.is_wish else (*seed.beside, Piece(seed.name, data))
        fleet = self.fleets.get(which) or Fleet(self.registry, wish.endorsements, wish.excluded)
        self.fleets[which] = fleet
        verdicts: list[Verdict] = []
        cost, _ = self._timed(lambda: verdicts.append(appraise(pieces, self.registry, wish, fleet).verdict), (), name)
        self._slowest(cost, name, data)
        if seed.essence is not None and (seed.believes or verdicts == [Verdict.GENUINE]):
            self._believed(seed, which, name, data)

    def _believed(self, seed: Seed, which: int, name: str, data: bytes) -> None:
        """Count an input that is believed, and one that must not be as a failure."""
        assert seed.essence is not None
        try:
            essence = seed.essence(data)
        except InputError:
            if seed.believes:
                return
            essence = self.genuine[which]  # the piece was told to be unreadable, and the rest is genuine without it
        if essence is None or essence is False:
            if essence is False:
                self._failed(name, data, "GENUINE with other bytes where a digest covers them")
            return
        if essence in self.genuine:  # another one of the kind may have been spliced in whole
            self.tally.harmless += 1
        else:
            self._failed(name, data, "believed with other bytes where a signature or digest covers them")

    def _timed(self, work: Callable[[], object], allowed: tuple[type[Exception], ...], name: str) -> tuple[float, bool]:
        best, raised = float("inf"), False
        for _ in range(4):
            start = process_time()
            try:
                work()
            except allowed:
                raised = True
            except Exception:  # noqa: BLE001 (what escapes is what is looked for)
                self.tally.failures.append(f"{name}: {traceback.format_exc(limit=-3)}")
            spent = process_time() - start
            self.tally.cpu += spent
            best = min(best, spent)
            if best < LIMIT * 0.6:
                break
        return best, raised

    def _slowest(self, cost: float, name: str, data: bytes) -> None:
        if cost > LIMIT:
            self.tally.slow += 1
            _keep(name, data)
        if cost > self.tally.slowest:
            self.tally.slowest, self.tally.slowest_input, self.tally.size = cost, name, len(data)

    def _failed(self, name: str, data: bytes, why: str) -> None:
        _keep(name, data)
        self.tally.failures.append(f"{name}: {why}")


def _believable(seed: Seed) -> Seed:
    """Return a seed whose essence can be had, or one that has none: examples that are refused have nothing to be compared."""
    if seed.essence is None:
        return seed
    try:
        seed.essence(seed.data)
    except InputError:
        return replace(seed, essence=None)
    return seed


def grow(data: bytes, random: Random) -> bytes:
    """Return bytes with a part of them repeated until they are as long as one of some sizes."""
    size = random.choice(_SIZES)
    at = random.randrange(len(data) + 1)
    part = data[at : at + random.choice((*_PARTS, len(data)))] or data[:1] or b"\0"
    part *= max(size - len(data), 0) // len(part)
    kept = data[:at] + part + data[at:]
    return kept if random.random() < 0.7 else mutate(kept, random, data)


def _keep(name: str, data: bytes) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / name.replace("/", "__").replace(" ", "-")).write_bytes(data)


def main() -> int:
    """Run everything and say what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default="")
    parser.add_argument("--only", type=int, default=None)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    corpus = find_corpus().parent
    chosen = [each for each in kinds(corpus) if not options.kinds or each.name in options.kinds.split(",")]
    load = os.getloadavg()[0]
    print(f"seed {options.seed}, {options.seconds:g} CPU seconds for each kind\n")
    lines = [
        (
            "| kind | inputs | refused by its reader | harmless | reader alone, slowest ms | slowest ms | its bytes | over 100 ms "
            "| failures |"
        ),
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    print("\n".join(lines), flush=True)
    rows: list[Row] = []
    for kind in chosen:
        tally = _fuzzed(Trial(kind, corpus, options.seed), options.seconds, options.only)
        lines.append(
            f"| {kind.name} | {tally.inputs:,} | {tally.refused:,} | {tally.harmless:,} | {1e3 * tally.reading:.0f} "
            f"| {1e3 * tally.slowest:.0f} | {tally.size:,} | {tally.slow} | {len(tally.failures)} |"
        )
        print(lines[-1], tally.slowest_input, flush=True)
        print("".join(f"{each}\n" for each in tally.failures[:5]), end="", flush=True)
        name = f"attestation-fuzz/{kind.name}"
        rows.append(Row(name=f"{name}/inputs", value=tally.inputs, unit="", target=None, met=None))
        rows.append(at_most(f"{name}/slowest", 1e3 * tally.slowest, "ms", 1e3 * LIMIT))
        rows.append(at_most(f"{name}/failures", len(tally.failures), "", 0))
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/attestation-fuzz.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    if options.write_docs:
        page = _PAGE.format(
            table="\n".join(lines), seed=options.seed, seconds=options.seconds, load=load, cores=os.cpu_count()
        )
        (ROOT / "docs/attestation-fuzz.md").write_text(page, "utf-8")
    failed = [row["name"] for row in rows if row["met"] is False]
    print(f"\n{len(failed)} targets missed", *failed, sep="\n  ")
    return 1 if failed else 0


def _fuzzed(trial: Trial, seconds: float, only: int | None) -> Tally:
    if only is not None:
        which, data = trial.input(only)
        _keep(f"{trial.kind.name}/{trial.kind.seeds[which].name}/{trial.seed}-{only}", data)
        trial.run(only)
        return trial.tally
    gc.collect()
    gc.freeze()
    for number in count():
        trial.run(number)
        if trial.tally.cpu >= seconds:
            return trial.tally
    raise AssertionError


_PAGE = """# Mutated evidence

Made by `make attestation-fuzz`: genuine evidence of each kind with something wrong with it (flipped bits, lengths, parts cut,
doubled, taken from another) or grown to as much as 2 MB. Nothing may escape, an input may take 100 ms of CPU, and what differs where
a signature or a digest covers it may not be believed.

*Harmless* are inputs that were believed although something in them is another: nothing signs those bytes and no digest is of them
(filling, text around certificates, a list's entries after what was quoted), or the piece was told to be unreadable and the verdict
rests on the others. The times are of the reader alone, and of the slower of that and the whole appraisal of the device that the piece
is of; each the quicker of up to four runs.

Seed {seed}, {seconds:g} CPU seconds for each kind, one core of {cores}, load {load:.1f} before the run.

{table}

Over 100 ms so far: lists of IMA as text of 2 MB, some 15,000 lines that are each turned into an entry, and answers of RFC 9684 of
2 MB in XML and JSON. Both take time in proportion to their length.
"""


if __name__ == "__main__":
    sys.exit(main())
