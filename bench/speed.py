"""`make bench`: what measuring and verifying cost, beside a floor in C and beside unblob and binwalk, on five images of one tree.

Everything is run in turns, so that a busy moment hits all alike. Rows go to build/bench.json, a table to stdout.

    --quick        two runs, no peers
    --runs N       runs of everything but the peers, which run once (default 3)
    --write-docs   also write docs/performance.md
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from subprocess import DEVNULL
from subprocess import run as call

import report as reports
from clock import ENVIRONMENT, Command, Cost, middle, run
from floor import build_floor, write_blocks, write_members
from peers import LIMIT, digests, extract, extracted_share, find_peers
from tree import COMMANDS, FOLDER, TREE, make_image, make_tampered, make_tree

TRUEWARE = Path(sys.executable).with_name("trueware")
REGISTRY = FOLDER / "registry.sqlite"

Costs = dict[tuple[str, str], list[Cost]]

_TAMPERED = 11
"""Exit code of `verify`."""


def main() -> int:
    """Run everything; exit 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    runs = min(options.runs, 2) if options.quick else options.runs

    # memory that this process once used would count as its children's, so what needs much is done by another
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as helper:
        tree = helper.submit(make_tree).result()
        images = {name: helper.submit(make_image, name, tree).result() for name in COMMANDS}
        floor, libraries = build_floor()
        members, members_list, count = helper.submit(write_members).result()
        lists = {name: helper.submit(write_blocks, name, image).result() for name, image in images.items()}
        wanted = helper.submit(tree_digests).result()
        learn(images)
        tampered = {}
        for name in reports.TAMPERED_TARGETS:
            tampered[name], planted = helper.submit(make_tampered, name).result()
            helper.submit(check_tampered, name, tampered[name], planted).result()
        for name, image in images.items():
            helper.submit(check, name, image, wanted).result()
        load = os.getloadavg()[0]
        costs: Costs = {}
        for number in range(runs):
            for name, image in images.items():
                say(f"run {number + 1} of {runs}: {name}")
                for what, command in ours(name, image):
                    costs.setdefault((name, what), []).append(run(command))
                if name in tampered:
                    command = (TRUEWARE, "verify", "--quiet", "--registry", REGISTRY, tampered[name])
                    costs.setdefault((name, "verify, tampered"), []).append(run(command, codes=(_TAMPERED,)))
                command = (floor, image, lists[name], members, members_list)
                costs.setdefault((name, "floor"), []).append(run(command))
        shares: dict[tuple[str, str], float] = {}
        peers, remarks = ({}, ["no peers: --quick"]) if options.quick else find_peers()
        for name, image in images.items():
            for peer, command_line in peers.items():
                say(f"{peer}: {name}")
                costs[name, peer] = [extract(command_line, image)]
                shares[name, peer] = helper.submit(extracted_share, frozenset(wanted.values())).result()
    start = (
        middle([run((TRUEWARE, "--help")) for _ in range(5)]),
        middle([run((sys.executable, "-c", "")) for _ in range(5)]),
    )
    remarks = [
        f"the floor is made with {libraries}; it also inflates the tree's {count} gzip files, as `measure` does",
        f"others kept the machine busy with a load of {load:.1f} at the start: the less it was, the more wall time means",
        *remarks,
    ]
    order = {
        name: rank
        for rank, name in enumerate(
            ("floor", "digest", "measure", "measure, one core", "verify", "verify, tampered", *peers)
        )
    }
    ranked = sorted(costs, key=lambda key: (list(images).index(key[0]), order[key[1]]))
    report = reports.Report(
        {key: middle(costs[key]) for key in ranked},
        {name: image.stat().st_size for name, image in images.items()},
        tree.size,
        tree.files,
        shares,
        start,
        tuple(remarks),
    )
    write(report, runs, docs=options.write_docs)
    return 0


def ours(name: str, image: Path) -> Iterator[tuple[str, Command]]:
    """Yield what is run on an image, beside the floor and the peers."""
    measure = (TRUEWARE, "measure", "--json", "--quiet", image)
    yield "digest", ("openssl", "dgst", "-sha256", image)
    yield "measure", measure
    if name in reports.THREAD_TARGETS:
        yield "measure, one core", ("taskset", "-c", "0", *measure)
    yield "verify", (TRUEWARE, "verify", "--quiet", "--registry", REGISTRY, image)


def learn(images: dict[str, Path]) -> None:
    """Make a registry that knows all images."""
    REGISTRY.unlink(missing_ok=True)
    own: Command = (TRUEWARE, "registry", "init", "--registry", REGISTRY)
    call(own, check=True, stdout=DEVNULL, env=ENVIRONMENT)
    for name, image in images.items():
        naming = ("--publisher", "Bench", "--product", f"Tree as {name}", "--version", "1")
        own = (TRUEWARE, "release", "learn", "--registry", REGISTRY, "--quiet", *naming, image)
        call(own, check=True, stdout=DEVNULL, env=ENVIRONMENT)


def tree_digests() -> dict[str, bytes]:
    """Return by path the SHA-256 of the files that were packed."""
    return dict(digests(TREE))


def check(name: str, image: Path, wanted: dict[str, bytes]) -> None:
    """Make sure that what is timed is right: every file of the tree has its digest in the manifest.

    Raises:
        SystemExit: one has not.
    """
    told = call((TRUEWARE, "measure", "--json", "--quiet", image), check=True, capture_output=True, env=ENVIRONMENT)
    found = {
        part["path"].removeprefix("data!/"): part.get("sha256", "")
        for part in json.loads(told.stdout)["manifests"][0]["parts"]
    }
    wrong = [path for path, digest in wanted.items() if found.get(path) != digest.hex()]
    if wrong:
        raise SystemExit(f"{name}: measure gives another digest, or none, for {len(wrong)} files, such as {wrong[0]!r}")


def check_tampered(name: str, image: Path, planted: frozenset[str]) -> None:
    """Make sure that all that was planted is named, and nothing else but the folders that came with it.

    Raises:
        SystemExit: it is not so.
    """
    command = (TRUEWARE, "verify", "--json", "--quiet", "--registry", REGISTRY, image)
    result = json.loads(call(command, check=False, capture_output=True, env=ENVIRONMENT).stdout)["results"][0]
    found = {change["path"] for change in result["changes"]}
    above = {str(folder) for path in planted for folder in Path(path).parents}
    if result["verdict"] != "TAMPERED" or not planted <= found <= planted | above:
        raise SystemExit(f"{name}: {result['verdict']}, {sorted(found)} instead of {sorted(planted)}")


def write(report: reports.Report, runs: int, *, docs: bool) -> None:
    """Write the rows, print the tables, and write the page where it is wanted."""
    path = Path("build/bench.json")
    path.write_text(json.dumps(list(reports.rows(report)), indent=2) + "\n", "utf-8")
    lines = [*reports.table(report), "", *reports.targets(report), "", *report.remarks, f"rows in {path}"]
    sys.stdout.write("\n".join(lines) + "\n")
    if docs:
        Path("docs/performance.md").write_text(reports.page(report, runs, LIMIT), "utf-8")


def say(what: str) -> None:
    """Tell on stderr what goes on."""
    sys.stderr.write(f"bench: {what}\n")


if __name__ == "__main__":
    raise SystemExit(main())
