"""`make agreement`: what trueware reads beside what was packed, and beside what independent tools read from the same bytes.

Every announced format has a line: images that a tool makes of a tree are compared with the tree, field by field, and with what
other tools extract; of other formats, vectors and corpus are taken apart by other tools, and the SHA-256 compared. Needs root, for
devices and owners. Rows go to build/agreement.json, tables to stdout.

    --only FORMAT  that format alone
    --quick        no image of the large tree, no peers
    --seconds N    after so many seconds, begin images of the small tree in place of the large one
    --resume       go on with a run that was ended: trees and outcomes that are there are kept
    --write-docs   also write docs/agreement.md

Exit code 1: something differs that the tool does not account for.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import agreement_report as reports
from agreement_listing import FULL, Comparison, Difference, Fields, Listing, compare, of_folder, of_manifest
from agreement_report import Beside, Image, Loss, Report, Taken
from agreement_samples import SPLITTERS, corpus_formats, manifests, split, unpack, vectors
from agreement_tools import TOOLS, NotHadError, clear, install
from agreement_trees import FOLDER, MAKERS, Maker, make_trees
from corpus import find_corpus
from trueware.formats import FORMATS

_STANDS_IN = {"large": "all", "short": "fair"}
_LARGE = frozenset(_STANDS_IN)

_PEER_IMAGES = (
    *("ext/ext4", "tar/pax", "cpio/newc", "erofs/lz4", "jffs2/zlib", "ubifs/lzo", "iso9660/xorriso"),
    *("yaffs2/2048+64", "romfs/genromfs", "cramfs/little", "squashfs/gzip"),
)
"""What the peer is given, made of the tree `fair`."""

_PACKAGES = (
    *(
        "squashfs-tools",
        "e2fsprogs",
        "erofs-utils",
        "mtd-utils",
        "util-linux",
        "f2fs-tools",
        "exfat-fuse",
        "mtools",
        "xorriso",
    ),
    *(
        "p7zip-full",
        "libarchive-tools",
        "cpio",
        "tar",
        "unzip",
        "unyaffs",
        "rpm2cpio",
        "dpkg",
        "u-boot-tools",
        "coreboot-utils",
    ),
    *(
        "uefitool-cli",
        "mkbootimg",
        "android-sdk-libsparse-utils",
        "device-tree-compiler",
        "dfu-util",
        "libubootenv-tool",
    ),
)


def main() -> int:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    if os.geteuid():
        raise SystemExit("make agreement needs root: its trees have devices, and owners other than you")
    os.umask(0o022)
    remarks = install()
    end = time.monotonic() + options.seconds
    trees = make_trees(large=not options.quick, keep=options.resume)
    kept = Kept(FOLDER / "kept")
    sources = {
        name: kept.get(f"source {name}", partial(of_folder, path)) for name, path in trees.items() if path.exists()
    }
    held, whole = kept.get("corpus", lambda: corpus_formats(_corpus()))
    report = Report(vectors(), held, remarks=remarks, versions=_versions())
    images: dict[Maker, Image] = {}
    for maker in sorted(MAKERS, key=_turn):
        if options.only in {None, maker.format} and not (options.quick and maker.tree in _LARGE):
            name = f"{maker.format}, {maker.variant}"
            say(name)
            images[maker] = kept.had(name)
            if images[maker] is None and maker.tree in _LARGE and time.monotonic() > end:
                own, name = replace(maker, tree=_STANDS_IN[maker.tree]), f"{name}, small"
                images[maker] = kept.get(name, partial(one_image, own, trees, sources[own.tree]))
            images[maker] = images[maker] or kept.get(name, partial(one_image, maker, trees, sources[maker.tree]))
    report.images = [images[maker] for maker in MAKERS if maker in images]
    if short := sum(images[maker].tree != maker.tree for maker in images):
        remarks.append(
            f"the run was cut short: {short} images are of the small tree that are otherwise of the large one"
        )
    for format_ in sorted(FORMATS, key=lambda each: each.name):
        if options.only in {None, format_.name}:
            found = partial(taken, format_.name, report, whole.get(format_.name, []))
            report.taken += kept.get(f"taken {format_.name}", found)
    if not options.quick and options.only is None:
        report.losses += kept.get("losses", lambda: losses(trees, sources["fair"]))
    rows = list(reports.rows(report))
    path = Path("build/agreement.json")
    path.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    for table in (reports.formats, reports.fidelity, reports.agreement, reports.samples, reports.losses):
        sys.stdout.write("\n".join((*table(report), "", "")))
    sys.stdout.write(f"rows in {path}\n")
    if options.write_docs and "large" in sources:
        Path("docs/agreement.md").write_text(reports.page(report, len(sources["large"])), "utf-8")
    if not options.resume and options.seconds == float("inf"):
        clear(FOLDER)
    return 0 if all(row["met"] is not False for row in rows) else 1


@dataclass(frozen=True, slots=True)
class Kept:
    """Outcomes on disk, so that a run can be ended and gone on with."""

    folder: Path

    def had(self, name: str) -> Any:
        """Return an outcome, or None."""
        path = self.folder / name.replace("/", "-")
        return pickle.loads(path.read_bytes()) if path.exists() else None  # noqa: S301 (we wrote it)

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """Return an outcome, made if it is not there."""
        value = self.had(name)
        if value is None:
            value = make()
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / name.replace("/", "-")).write_bytes(pickle.dumps(value))
        return value


def _turn(maker: Maker) -> tuple[bool, int]:
    """Return when an image has its turn: small ones first, then one of each format, so that a run cut short has seen them all."""
    of_format = [each for each in MAKERS if each.format == maker.format and each.tree in _LARGE]
    return maker.tree in _LARGE, of_format.index(maker) if maker in of_format else 0


def _corpus() -> Path | None:
    try:
        return find_corpus()
    except SystemExit as error:
        say(f"{error}; vectors alone")
        return None


def _versions() -> list[str]:
    told = subprocess.run(
        ("dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *_PACKAGES), capture_output=True, text=True, check=False
    )
    python = [
        "unblob 26.6.4 with its jefferson and ubi_reader",
        "payload-dumper 0.3.0",
        "liblp 1.0.2",
        "bincopy 20.1.1",
    ]
    return [*told.stdout.split("\n")[:-1], *python]


def one_image(maker: Maker, trees: dict[str, Path], source: Listing) -> Image:
    """Make an image, and compare what is read from it with its source and with what tools make of it."""
    made, why = _make(maker, trees)
    if made is None:
        return Image(maker.format, maker.variant, maker.tree, 0, None, why=why)
    size = made.stat().st_size
    manifest = manifests([made])[0]
    ours = of_manifest(manifest["parts"], maker.base)
    against = compare(ours, source, maker.holds, maker.kinds, coarse=maker.coarse, ignore=maker.ignore)
    names = frozenset(path.name for path in trees[maker.tree].iterdir())
    beside = tuple(one_tool(name, maker, made, ours, against, names) for name in maker.tools)
    clear(FOLDER / "out")
    made.unlink()
    links = sum(source[path].get("inode") is not None for path in ours if path in source)
    findings = tuple(
        finding["rule"] for finding in manifest["findings"] if "!/" not in finding["part"].removeprefix(maker.base)
    )
    return Image(maker.format, maker.variant, maker.tree, size, against, findings, links, beside, lost=maker.lost)


def _make(maker: Maker, trees: dict[str, Path]) -> tuple[Path | None, str]:
    try:
        return maker.image(trees), ""
    except (OSError, StopIteration) as error:
        return None, str(error)
    except subprocess.SubprocessError as error:
        said = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace").strip().splitlines()
        return None, said[-1][:120] if said else str(error)[:120]


def one_tool(name: str, maker: Maker, image: Path, ours: Listing, against: Comparison, names: frozenset[str]) -> Beside:
    """Compare what is read from an image with what a tool reads from it."""
    tool = TOOLS[name]
    try:
        theirs = tool.listing(image, FOLDER / "out", names)
    except NotHadError as error:
        return Beside(tool.title, None, str(error))
    found = compare(
        ours, theirs, maker.holds & tool.holds, maker.kinds & tool.kinds, coarse=maker.coarse, ignore=maker.ignore
    )
    # where the source says the same as we do, the difference is of the tool's doing
    doubtful = {(each.path, each.field) for each in against.differences}
    paths = {path for path, _ in doubtful}
    open_ = tuple(each for each in found.differences if (each.path, each.field) in doubtful or each.path in paths)
    return Beside(tool.title, found, "", open_)


def taken(name: str, report: Report, whole: list[Path]) -> list[Taken]:
    """Let the tools of a format take its vectors and the corpus's files apart."""
    done = []
    if name in SPLITTERS and name in report.vectors:
        say(f"{name}: vectors")
        made = {image.format for image in report.images if image.source}
        inputs = unpack(report.vectors[name].genuine, FOLDER / "inputs")
        files = {path.name: path for path in whole}
        for of, samples in (("vectors", inputs), ("corpus", files)):
            if not samples or (of == "vectors" and name in made):
                continue
            told = dict(zip(samples, manifests(list(samples.values())), strict=True))
            done += [Taken(name, each.title, each.told, of, split(each, samples, told)) for each in SPLITTERS[name]]
    return done


def losses(trees: dict[str, Path], source: Listing) -> list[Loss]:
    """Let unblob extract small images, and compare what it leaves on disk with the source."""
    told = []
    for maker in MAKERS:
        name = f"{maker.format}/{maker.variant}"
        if name not in _PEER_IMAGES:
            continue
        say(f"unblob: {name}")
        own = replace(maker, tree="fair") if maker.tree in {*_LARGE, "all"} else maker
        wanted = source if own.tree == "fair" else of_folder(trees[own.tree])
        image, _ = _make(own, trees)
        if image is None:
            continue
        try:
            names = frozenset(path.name for path in trees[own.tree].iterdir())
            tool = TOOLS["unblob -d 2" if maker.format == "ubifs" else "unblob"]  # the volume is one step more
            kept = tool.listing(image, FOLDER / "out", names)
        except NotHadError:
            kept = {}
        image.unlink()
        told.append(loss(name, kept, wanted, own))
    clear(FOLDER / "out")
    return told


def loss(name: str, kept: Listing, wanted: Listing, maker: Maker) -> Loss:
    """Count what is lost of what the image holds."""
    wanted = {path: fields for path, fields in wanted.items() if path != "." and fields["kind"] in maker.kinds}
    found = compare(kept, wanted, maker.holds & FULL)
    of = Counter(
        what for fields in wanted.values() for what in maker.holds if what in fields and not _nothing(what, fields)
    )
    there: list[Difference] = [each for each in found.differences if each.path in wanted]
    wrong = Counter(each.field for each in there if each.field not in {"missing", "extra"})
    return Loss(name, len(wanted), sum(each.field == "missing" for each in there), wrong, of)


def _nothing(what: str, fields: Fields) -> bool:
    return (what == "xattrs" and not fields["xattrs"]) or (what == "mode" and fields["kind"] == "symlink")


def say(what: str) -> None:
    """Tell on stderr what goes on."""
    sys.stderr.write(f"agreement: {what}\n")


if __name__ == "__main__":
    raise SystemExit(main())
