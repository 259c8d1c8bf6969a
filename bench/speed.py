"""`make bench`: what measuring and verifying cost, beside a floor in C and beside other programs, on images of one tree.

All of ours is run in turns, so that a busy moment hits all alike; what a peer once cost is kept, as that takes much longer.
Rows go to build/bench.json, tables to stdout.

    --runs N       runs of everything but the peers (default 3)
    --only NAME    only the image of this name; may be given again
    --peers        run the peers whose costs on these images are not known yet
    --fresh-peers  run all peers anew
    --write-docs   also write docs/performance.md
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from subprocess import DEVNULL
from subprocess import run as call

import report as reports
from blocks import codecs, write_blocks, write_members
from clock import ENVIRONMENT, Command, Cost, middle, run
from floor import build_floor, check_floor, lacking
from images import COMMANDS, make_image, make_large, make_tampered
from peers import Outing, digests, find_peers, recall, send
from tree import FOLDER, TREE, make_tree

TRUEWARE = Path(sys.executable).with_name("trueware")
REGISTRY = FOLDER / "registry.sqlite"

Costs = dict[tuple[str, str], list[Cost]]
Tampered = Mapping[str, tuple[Path, frozenset[str]]]
"""By name of an image: where the tampered one is, and what was changed in it."""

_TAMPERED = 11
"""Exit code of `verify`."""


def main() -> int:
    """Run everything; exit 0 whatever the figures are."""
    options = _options()
    remarks = []
    # memory that this process once used would count as its children's, so what needs much is done by another
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as helper:
        tree = helper.submit(make_tree).result()
        images = {}
        for name in options.only or COMMANDS:
            if image := helper.submit(make_image, name, tree).result():
                images[name] = image
            else:
                remarks.append(f"{name}: not measured, the program that makes it is missing or failed")
        floor, libraries = build_floor()
        members, members_list, count = helper.submit(write_members).result()
        lists = {}
        for name, image in images.items():
            listing = helper.submit(write_blocks, name, image).result()
            if missing := lacking(helper.submit(codecs, listing).result(), libraries):
                remarks.append(f"{name}: no floor, as it would need {' and '.join(missing)}")
            else:
                check_floor(floor, image, listing, tree)
                lists[name] = listing
        wanted = helper.submit(tree_digests).result()
        learn(images)
        tampered = {}
        for name in reports.TAMPERED_TARGETS.keys() & images.keys():
            tampered[name] = helper.submit(make_tampered, name).result()
            helper.submit(check_tampered, name, *tampered[name]).result()
        for name, image in images.items():
            helper.submit(check, name, image, wanted).result()
        large = None if options.only else helper.submit(make_large).result()
    load = os.getloadavg()[0]
    costs: Costs = {}
    for number in range(options.runs):
        for name, image in images.items():
            say(f"run {number + 1} of {options.runs}: {name}")
            for what, command in ours(name, image):
                costs.setdefault((name, what), []).append(run(command))
            if name in tampered:
                command = (TRUEWARE, "verify", "--quiet", "--registry", REGISTRY, tampered[name][0])
                costs.setdefault((name, "verify, tampered"), []).append(run(command, codes=(_TAMPERED,)))
            if name in lists:
                command = (floor, image, lists[name], members, members_list)
                costs.setdefault((name, "floor"), []).append(run(command))
    outings, told = send_peers(
        images, tampered, frozenset(wanted.values()), new=options.peers, all_new=options.fresh_peers
    )
    report = reports.Report(
        {key: middle(values) for key, values in costs.items()},
        {name: image.stat().st_size for name, image in images.items()},
        tree.size,
        tree.files,
        outings,
        (large.stat().st_size, run(_measure(large))) if large else None,
        (
            middle([run((TRUEWARE, "--help")) for _ in range(5)]),
            middle([run((sys.executable, "-c", "")) for _ in range(5)]),
        ),
        (
            f"the floor is made with {', '.join(libraries)}; it also inflates the tree's {count} gzip files, as `measure` does",
            f"others kept the machine busy with a load of {load:.1f} at the start: the less it was, the more wall time means",
            *remarks,
            *told,
        ),
    )
    write(report, options.runs, docs=options.write_docs)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", action="append", choices=COMMANDS, default=[])
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--fresh-peers", action="store_true")
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    if options.only and options.write_docs:
        parser.error("the page is written from all images")
    return options


def ours(name: str, image: Path) -> Iterator[tuple[str, Command]]:
    """Yield what is run on an image, beside the floor and the peers."""
    yield "digest", ("openssl", "dgst", "-sha256", image)
    yield "measure", _measure(image)
    if name in reports.THREAD_TARGETS:
        yield "measure, one core", ("taskset", "-c", "0", *_measure(image))
    yield "verify", (TRUEWARE, "verify", "--quiet", "--registry", REGISTRY, image)


def _measure(image: Path) -> Command:
    return (TRUEWARE, "measure", "--json", "--quiet", image)


def send_peers(
    images: Mapping[str, Path], tampered: Tampered, wanted: frozenset[bytes], *, new: bool, all_new: bool
) -> tuple[list[Outing], list[str]]:
    """Return what the peers cost on the images, now or once before, and what is to be said about them."""
    outings, remarks, unknown = [], [], []
    for peer in find_peers():
        if isinstance(peer, str):
            remarks.append(peer)
            continue
        remarks += [peer.remark] if peer.remark else []
        for name in peer.images:
            if name not in images:
                continue
            changed, planted = tampered.get(name, (None, frozenset[str]()))
            outing = None if all_new else recall(peer, name, images[name], changed)
            if outing is None and (new or all_new):
                say(f"{peer.name}: {name}")
                outing = send(peer, name, images[name], changed, wanted, planted)
            if outing:
                outings.append(outing)
            else:
                unknown.append(f"{peer.name} on {name}")
    if unknown:
        remarks.append(f"not run (bench/speed.py --peers does): {', '.join(unknown)}")
    return outings, remarks


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
        part["path"].removeprefix("data!/").removeprefix("rootfs!/"): part.get("sha256", "")
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
    tables = [*reports.own_table(report), "", *reports.peer_table(report), "", *reports.targets(report)]
    lines = [*tables, "", *report.remarks, f"rows in {path}"]
    sys.stdout.write("\n".join(lines) + "\n")
    if docs:
        Path("docs/performance.md").write_text(reports.page(report, runs), "utf-8")


def say(what: str) -> None:
    """Tell on stderr what goes on."""
    sys.stderr.write(f"bench: {what}\n")


if __name__ == "__main__":
    raise SystemExit(main())
