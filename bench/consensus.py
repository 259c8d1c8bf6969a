"""`make consensus`: fleets of 30 devices, 1 to 14 of them tampered in eight ways: found, refused, missed, and false alarms.

Devices are real images with what each device has of its own (`consensus_devices`); each is written, measured as `trueware consensus`
measures it, and votes. Writes build/consensus.json; `--write-docs` writes docs/consensus.md and docs/consensus.svg. Needs the corpus
(TRUEWARE_CORPUS) and squashfs-tools.
"""

import argparse
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from consensus_costs import costs
from consensus_devices import ATTACKS, Model, demo_devices
from trueware.agreeing import Wish, ask_fleet
from trueware.appraisal.wrapping import unwrap
from trueware.artefact import measure_artefact
from trueware.cli.fleet_picture import fleet_picture
from trueware.cli.fleet_text import fleet_lines
from trueware.consensus.agree import agree
from trueware.consensus.evidence import Device, Sharing
from trueware.consensus.rule import Rule
from trueware.consensus.told import Consensus, Standing
from trueware.knowledge import load_policies

BUILD = Path("build")
_COUNT, _MOST = 30, 14
_QUORUMS = (Fraction(2, 3), Fraction(1, 2))


class _Shelf:
    """Devices, each measured once."""

    def __init__(self) -> None:
        self._known: dict[Path, Device] = {}
        self._sharing = Sharing()
        self._pool = ThreadPoolExecutor(2)

    def device(self, path: Path) -> Device:
        """Return the evidence of the device whose dumps are in a folder."""
        if path not in self._known:
            measured = measure_artefact(path, pool=self._pool)
            root = self._sharing.share(unwrap(measured.measurement.root)[-1].part)
            self._known[path] = Device(path.name, root, measured.claims)
        return self._known[path]


def main() -> int:
    """Ask all fleets; 1 where an untampered device is called an outlier, or a tampered one within the bound agrees unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true")
    parser.add_argument("--again", action="store_true", help="write what build/consensus.json holds, ask nobody")
    parser.add_argument("--only", default="", help="attacks whose name has this in it")
    options = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    if options.again:
        document = json.loads((BUILD / "consensus.json").read_text("utf-8"))
    else:
        corpus = os.environ.get("TRUEWARE_CORPUS")
        if not corpus or not shutil.which("mksquashfs"):
            raise SystemExit("the corpus (TRUEWARE_CORPUS) and squashfs-tools are needed")
        document = _all(Path(corpus), options.only)
        (BUILD / "consensus.json").write_text(json.dumps(document, indent=1), "utf-8")
    text = "".join(_page(document))
    if options.write_docs:
        Path("docs/consensus.md").write_text(text, "utf-8")
        Path("docs/consensus.svg").write_text(document["picture"], "utf-8")
    else:
        sys.stdout.write(text)
    rows = document["rows"]
    return int(any(row["alarms"] or (row["missed"] and row["within"] and row["judged"]) for row in rows))


def _all(corpus: Path, only: str) -> dict[str, Any]:
    model, shelf = Model(corpus, BUILD / "consensus"), _Shelf()
    policy = load_policies()["openwrt"]
    rows = []
    for attack in ATTACKS:
        if only not in attack:
            continue
        for quorum in _QUORUMS:
            rule = Rule(quorum, policy=policy)
            for tampered in range(1, _MOST + 1):
                devices = [model.device(n, attack if n < tampered else "") for n in range(_COUNT)]
                consensus = agree([shelf.device(path) for path in devices], rule)
                rows.append(_row(consensus, attack, quorum, tampered, _COUNT))
        sys.stderr.write(f"{attack}: done\n")
    rows += _two_versions(model, shelf, Rule(policy=policy))
    rows += _demo(shelf, Rule(policy=policy))
    return {
        "rows": rows,
        "flood": _flood(model, shelf, Rule(policy=policy)),
        "lone": _lone(model, shelf, Rule(policy=policy)),
        "costs": costs(),
        **_shown(model),
    }


_WORTH = {
    Standing.AGREES: "missed",
    Standing.OTHER_VERSION: "apart",
    Standing.NO_MAJORITY: "refused",
    Standing.NOT_READ: "refused",
}
"""What it is for a tampered device to be told so."""

_TAMPERED, _GENUINE = ("found", "refused", "apart", "missed"), ("agree", "other", "untold", "alarms")


def _row(consensus: Consensus, attack: str, quorum: Fraction, tampered: int, count: int) -> dict[str, Any]:
    """Return what became of the devices: those with the lowest numbers were tampered with."""
    bad = {f"device-{number:02}" for number in range(tampered)}
    outcome: Counter[str] = Counter()
    odd = {name for group in consensus.groups for each in group.varying for name in each.odd if "serial" in each.path}
    for told in consensus.devices:
        if told.device in bad:
            named = told.standing is Standing.OUTLIER or (told.standing is Standing.NO_MAJORITY and told.changes)
            outcome["found" if named else _WORTH[told.standing]] += 1
            outcome["odd"] += told.device in odd
        elif told.standing is Standing.OUTLIER:
            outcome["alarms"] += 1
        else:
            outcome[{"missed": "agree", "refused": "untold"}.get(_WORTH[told.standing], "other")] += 1
    return {
        "attack": attack,
        "quorum": str(quorum),
        "tampered": tampered,
        "devices": count,
        "within": tampered <= Rule(quorum).tolerated(count),
        "judged": attack not in ("command in the serial number", "built to look like a release"),
        "groups": [(group.relation.value, len(group.devices)) for group in consensus.groups],
        **{name: outcome[name] for name in (*_TAMPERED, "odd", *_GENUINE)},
    }


def _two_versions(model: Model, shelf: _Shelf, rule: Rule) -> Iterator[dict[str, Any]]:
    """Yield fleets of 18 devices with OpenWrt and 12 with Gluon, of which the first five of OpenWrt are tampered at most."""
    for tampered in range(6):
        attack = "one back door on all"
        devices = [shelf.device(model.device(n, attack if n < tampered else "")) for n in range(18)]
        devices += [shelf.device(model.device(n, version="gluon")) for n in range(18, 30)]
        yield _row(agree(devices, rule), "mixed with 12 devices of another version", rule.quorum, tampered, 18)


def _demo(shelf: _Shelf, rule: Rule) -> Iterator[dict[str, Any]]:
    for tampered in (1, 5, 9, 10, 14):
        devices = [shelf.device(path) for path in demo_devices(BUILD / "consensus", tampered)]
        yield _row(agree(devices, rule), "the demo's router and its back door", rule.quorum, tampered, _COUNT)


def _flood(model: Model, shelf: _Shelf, rule: Rule) -> dict[str, Any]:
    """Return what becomes of ten devices when forty copies of one tampered dump are handed in, and of forty made to differ."""
    honest = [shelf.device(model.device(number)) for number in range(20, 30)]
    honest = [replace(device, source=f"source {number}") for number, device in enumerate(honest)]
    one = shelf.device(model.device(0, "one back door on all"))
    copies = [replace(one, name=f"copy-{number:02}", source="flood") for number in range(40)]
    made = [
        replace(shelf.device(model.device(n, "one back door on all")), name=f"made-{n:02}", source="flood")
        for n in range(_MOST)
    ]
    told = {
        "40 copies of one dump": agree([*honest, *copies], rule),
        "14 dumps made to differ, one hand": agree([*honest, *made], rule),
        "the same, two votes for a source": agree([*honest, *made], replace(rule, most_per_source=2)),
    }
    return {name: _counts(each) for name, each in told.items()}


def _lone(model: Model, shelf: _Shelf, rule: Rule) -> list[dict[str, Any]]:
    """Return what small fleets come to: how many of how many are found."""
    rows = []
    for count in (4, 5, 7, 10):
        for tampered in (1, 2):
            attack = "one back door on all"
            devices = [shelf.device(model.device(n, attack if n < tampered else "")) for n in range(count)]
            rows.append(_row(agree(devices, rule), attack, rule.quorum, tampered, count))
    return rows


def _counts(consensus: Consensus) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for told in consensus.devices:
        whose = "honest" if told.device.startswith("device") else "flood"
        counted[f"{whose}, {told.standing.value}"] += 1
    return dict(sorted(counted.items()))


def _shown(model: Model) -> dict[str, Any]:
    """Return a fleet as a user sees it: three groups, some tampered, as text and picture."""
    attacks = {
        1: "one back door on all",
        2: "one back door on all",
        5: "program among the logs",
        9: "back door, called 15.05.2",
    }
    attacks |= {11: "each tampered otherwise", 14: "command in the serial number"}
    shown = BUILD / "consensus" / "shown"
    shutil.rmtree(shown, ignore_errors=True)
    shown.mkdir(parents=True)
    paths = []
    for number in range(_COUNT):
        version = "gluon" if number >= 22 else "15.05.1"
        place = shown / f"device-{number:02}"
        shutil.copytree(model.device(number, attacks.get(number, ""), version), place)
        paths.append(os.fspath(place))
    fleet = ask_fleet(paths, Wish(), processes=2)
    return {"picture": fleet_picture(fleet), "text": list(fleet_lines(fleet))}


# --- the page -----------------------------------------------------------------------------------------------------------

_HEAD = """# Fleet consensus

Made by `make consensus`. `trueware consensus` asks the devices of one model what their software is, without any maker's help: what
most of them have is agreed on, path by path, and who differs is named with what differs. What is agreed on can be learnt as a
release of the authority `fleet-consensus`; a device that equals it is GENUINE with a warning, because nobody vouches for it.

![30 devices of one model](consensus.svg)

## What it can tell, and what not

With n devices of one version and the quorum q (by default more than 2/3 of the votes must be alike):

- **Found.** If fewer than (1 - q) n are tampered, in whatever way, every path at which the untampered agree is decided, and
  decided rightly: untampered content has more than q n votes, and nothing else can have as many. Every tampered device that
  differs there is named.
- **Refused.** A wrong content is decided only where more than q n devices have that very content. With fewer, and more than the
  bound above, the path is contested: no device of the group agrees, and nothing can be learnt.
- **Not told.** More than q n devices tampered alike are the majority, and the others are called outliers. Nothing in a fleet can tell
  that from an update. The answer says from how many on this is so, on how many devices and sources it rests, and how many of them
  are somebody's word rather than our measurement.
- **Where devices differ by themselves** (serial numbers, keys, calibration, logs) content is not judged: where the policy of the
  class says so, or where the commonest content is on less than a third of the devices. Such paths are listed with their size, and
  with the devices that are alike there; an attack inside such a file is *listed and not called anything*. Kind, mode, owner and
  presence are judged all the same, and programs never vary. Devices that have more than some tenth of their content alone are no
  group, and agree with nobody.
- **Versions.** Devices that claim another release and differ as releases do (1 % of the paths, at least 10) vote by themselves. Who
  claims another release and differs in few paths is neither agreed with nor called tampered: a point release looks like that, and so
  does an attacker. Tampered devices that are made to look like a release in content and claims form a group of their own, which is
  told as *another version*; its word is worth its own number of devices, and no more.
- Independence is the caller's word. Identical evidence counts once unless `--distinct` says otherwise, and `--most-per-source` bounds
  what one hand can say; evidence that one hand altered to look like many devices counts as many without it.

"""


def _page(document: dict[str, Any]) -> Iterator[str]:
    rows = document["rows"]
    yield _HEAD
    inside = [row for row in rows if row["within"] and row["judged"]]
    beyond = [row for row in rows if not row["within"] and row["judged"]]
    yield _FIGURES
    for title, some in (("Within the bound", inside), ("Beyond it", beyond)):
        yield f"- {title}: {len(some)} fleets, {_sum(some, 'tampered')} tampered devices: {_sum(some, 'found')} named, "
        yield f"{_sum(some, 'refused')} refused, **{_sum(some, 'missed')} missed**; {_untampered(some)} untampered ones: "
        yield f"{_sum(some, 'agree')} agree, {_sum(some, 'other')} on the other version, {_sum(some, 'untold')} without a majority, "
        yield f"**{_sum(some, 'alarms')} false alarms**.\n"
    yield _WORDS
    for attack, quorum in dict.fromkeys((row["attack"], row["quorum"]) for row in rows):
        for some in _runs([row for row in rows if (row["attack"], row["quorum"]) == (attack, quorum)]):
            many = f"{some[0]['tampered']} to {some[-1]['tampered']}" if len(some) > 1 else str(some[0]["tampered"])
            yield f"| {attack} | {quorum} | {many} of {some[0]['devices']} | "
            yield " | ".join(_share(some, name) for name in _TAMPERED)
            yield f" | {' | '.join(_part(some, name) for name in _GENUINE[:-1])} | {_sum(some, 'alarms')} |\n"
    serial = _of(rows, "serial")
    yield _BEYOND.format(odd=_sum(serial, "odd"), of=_sum(serial, "tampered"))
    for row in document["lone"]:
        cells = [
            row[name] for name in ("devices", "tampered", "found", "refused", "missed", "agree", "untold", "alarms")
        ]
        yield f"| {' | '.join(map(str, cells))} |\n"
    yield "\n### Floods\n\nTen devices from ten sources, and one hand that brings tampered ones.\n\n"
    yield "| what is brought | what is said |\n|---|---|\n"
    for name, told in document["flood"].items():
        yield f"| {name} | {'; '.join(f'{who}: {count}' for who, count in told.items())} |\n"
    yield "\n## What it costs\n\nCPU seconds of the vote on one core, without measuring; "
    yield "peak memory of the whole process, the evidence included.\n\n"
    yield "| fleet | devices | paths of each | seconds | MB |\n|---|--:|--:|--:|--:|\n"
    for row in document["costs"]:
        yield f"| {row['fleet']} | {row['devices']:,} | {row['paths']:,} | {row['seconds']:.1f} | {row['peak']:.0f} |\n"
    yield "\n## As a user sees it\n\nThe fleet of the picture:\n\n```\n"
    yield from (f"{line}\n" for line in document["text"])
    yield "```\n"


_FIGURES = """## Figures

30 devices of one model, 1 to 14 of them tampered. The software is real (OpenWrt 15.05.1 for the TL-WR841N v9, Gluon 2016.2.7.1 as
its other version, the demo's router); what each device has of its own, and what attackers do, is made up
(`bench/consensus_devices.py`).

"""

_WORDS = """
*Named*: an outlier, or refused with its differences listed. *Refused*: no majority, so it does not agree. *Other version*: told as
agreeing with its own few, not with most. *Missed*: it agrees. *False alarm*: an untampered device called an outlier. *No majority*:
an untampered device of which nothing is said.

| attack | quorum | tampered | named | refused | other version | missed | others: agree | other version | no majority | false alarms |
|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""

_BEYOND = """
Two attacks are beyond a vote, and left out of the sums above. A *command in the serial number* is where each device has its own: it
is listed among the paths that are not judged, {odd} of {of} named there as of another length than most, and the device agrees.
Devices *built to look like a release* (60 files and the version changed) are a group of their own: fewer than five are refused, more
are told as another version than that of most, which is what they look like.

### Few devices

| devices | tampered alike | named | refused | missed | untampered: agree | no majority | false alarms |
|--:|--:|--:|--:|--:|--:|--:|--:|
"""


def _untampered(rows: Iterable[dict[str, Any]]) -> int:
    return sum(row[name] for row in rows for name in _GENUINE)


def _runs(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield neighbours in which the same is said of all: of the tampered, and of the others."""
    run: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda each: each["tampered"]):
        if run and _kind(run[-1]) != _kind(row):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _kind(row: dict[str, Any]) -> tuple[bool, ...]:
    return tuple(bool(row[name]) for name in (*_TAMPERED, *_GENUINE))


def _share(rows: Sequence[dict[str, Any]], name: str) -> str:
    return f"{_sum(rows, name)} of {_sum(rows, 'tampered')}" if _sum(rows, name) else "0"


def _part(rows: Sequence[dict[str, Any]], name: str) -> str:
    return f"{_sum(rows, name)} of {_untampered(rows)}" if _sum(rows, name) else "0"


def _of(rows: Iterable[dict[str, Any]], word: str) -> list[dict[str, Any]]:
    return [row for row in rows if word in row["attack"]]


def _sum(rows: Iterable[dict[str, Any]], name: str) -> int:
    return sum(int(row[name]) for row in rows)


if __name__ == "__main__":
    raise SystemExit(main())
