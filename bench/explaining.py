"""`make explaining`: what explaining adds to verifying an image of which 1, 10 and 100 files were changed.

The same artefact is verified with and without explaining, in turns; everything else is alike. Changed are, by a fixed seed, programs
(a byte patched, another linked in its place), scripts and settings (a line more), and files added; all of it does nothing.
Rows go to build/explain.json, the table to stdout.

    --runs N       runs of each (default 5)
    --only NAME    only the image of this name
    --write-docs   also write docs/explaining-cost.md
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from clock import ENVIRONMENT, Command, Cost, middle, run
from images import COMMANDS, make_image
from tree import FOLDER, TREE, make_tree

TRUEWARE = Path(sys.executable).with_name("trueware")
REGISTRY = FOLDER / "explaining.sqlite"
IMAGES = ("squashfs-xz", "squashfs-gzip", "tar.gz")
COUNTS = (1, 10, 100)
TARGET = 0.2
"""CPU that explaining may add, as a share of verifying without."""

_TAMPERED = 11
_BARE = """
import sys
import trueware.verify
trueware.verify.with_explanations = lambda result, *_: result
trueware.verify.case_of = lambda *_: None
measure = trueware.verify.measure_artefact
trueware.verify.measure_artefact = lambda *given, **named: measure(*given, **{**named, "contents": False})
from trueware.cli import main
sys.exit(main(sys.argv[1:]))
"""


def main() -> int:
    """Run everything; exit 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=IMAGES)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    names = (options.only,) if options.only else IMAGES
    tree = make_tree()
    images = {name: image for name in names if (image := make_image(name, tree)) is not None}
    learn(images)
    costs: dict[tuple[str, int, str], list[Cost]] = {}
    suspects = {(name, count): tamper(name, count) for name in images for count in COUNTS}
    for _ in range(options.runs):
        for (name, count), suspect in suspects.items():
            for what, command in commands(suspect):
                costs.setdefault((name, count, what), []).append(run(command, codes=(_TAMPERED,)))
    rows, lines = table({key: middle(values) for key, values in costs.items()})
    Path("build/explain.json").write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if options.write_docs:
        Path("docs/explaining-cost.md").write_text(page(text, tree.files, tree.size, options.runs, load), "utf-8")
    return 0


def commands(suspect: Path) -> tuple[tuple[str, Command], ...]:
    """Return what is run, with and without explaining."""
    own = ("verify", "--quiet", "--json", "--registry", REGISTRY, suspect)
    return ("with", (TRUEWARE, *own)), ("without", (sys.executable, "-c", _BARE, *own))


def learn(images: dict[str, Path]) -> None:
    """Make a registry that knows the genuine images."""
    REGISTRY.unlink(missing_ok=True)
    subprocess.run(
        (TRUEWARE, "registry", "init", "--registry", REGISTRY), check=True, env=ENVIRONMENT, capture_output=True
    )
    for name, image in images.items():
        naming = ("--publisher", "Bench", "--product", f"Tree as {name}", "--version", "1")
        subprocess.run(
            (TRUEWARE, "release", "learn", "--registry", REGISTRY, "--quiet", *naming, image),
            check=True,
            env=ENVIRONMENT,
            capture_output=True,
        )


def tamper(name: str, count: int) -> Path:
    """Return an image of the tree of which `count` files were changed, packed as the image called `name`."""
    image, folder = FOLDER / f"explained-{count}.{name}", FOLDER / f"tree.explained-{count}"
    if image.exists():
        return image
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(("cp", "-al", TREE, folder), check=True)
    change(folder, count)
    sys.stderr.write(f"making {image}\n")
    words = COMMANDS[name].format(tree=folder.resolve(), image=image.resolve(), kib=0)
    subprocess.run(("bash", "-o", "pipefail", "-c", words), check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder)
    return image


def change(folder: Path, count: int) -> None:
    """Change files of a copy of the tree: of ten, four programs patched, three scripts and two settings longer, one added."""
    chance = random.Random(7)  # noqa: S311 (a fixed choice of files, no secret)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    programs = [path for path in files if path.read_bytes()[:4] == b"\x7fELF" and path.stat().st_size < 1 << 21]
    scripts = [path for path in files if path.read_bytes()[:2] == b"#!"]
    settings = [path for path in files if "/etc/" in os.fspath(path) and path.suffix in {"", ".conf", ".cfg"}]
    picked = {
        id_: chance.sample(group, len(group)) for id_, group in (("p", programs), ("s", scripts), ("c", settings))
    }
    for number in range(count):
        kind = "ppppsssccn"[number % 10]
        if kind == "n":
            _write(folder / f"usr/bin/added-{number}", b"#!/bin/sh\necho added\n", 0o755)
            continue
        path = picked[kind].pop()
        data, mode = bytearray(path.read_bytes()), path.stat().st_mode & 0o7777
        if kind == "p":
            data[len(data) // 2] ^= 1
        else:
            data += b"# one more line\n" if kind == "s" else b"one = more\n"
        _write(path, bytes(data), mode)


def _write(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # the tree's file is linked, not copied
    path.write_bytes(data)
    path.chmod(mode)


def table(costs: dict[tuple[str, int, str], Cost]) -> tuple[list[dict[str, object]], list[str]]:
    """Return the rows and the lines of the table."""
    rows: list[dict[str, object]] = []
    lines = [
        "| image | files changed | verify without, CPU s | with, CPU s | added | memory without, MB | with, MB | target |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, count, what in costs:
        if what != "with":
            continue
        more, bare = costs[name, count, "with"], costs[name, count, "without"]
        added = more.cpu / bare.cpu - 1
        met = added <= TARGET
        rows.append(
            {
                "name": f"explain, {name}, {count} changed",
                "value": round(added, 3),
                "unit": "CPU added / CPU of verify without",
                "target": TARGET,
                "met": met,
            }
        )
        verdict = "met" if met else "missed"
        lines.append(
            f"| {name} | {count} | {bare.cpu:.2f} | {more.cpu:.2f} | {added:.0%} | {bare.peak:.0f} | {more.peak:.0f} "
            f"| {TARGET:.0%}: {verdict} |"
        )
    return rows, lines


def page(text: str, files: int, size: int, runs: int, load: float) -> str:
    """Return docs/explaining-cost.md."""
    return (
        "# What explaining costs\n\nMade by `make explaining`.\n\n"
        f"CPU seconds of the whole process, the middle of {runs} runs in turns, of images of one tree of {files:,} files and "
        f"{size / 1e6:.0f} MB (Debian packages). The registry has learnt the genuine image, keeps its small files and the "
        "portraits of its programs, and knows what was packed alike, so that only what changed is unpacked: the CPU "
        "of verifying is small, and so is what a fifth of it allows. Others kept the machine busy with a load of "
        f"{load:.1f} at the start.\n\n{text}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
