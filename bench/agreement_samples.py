"""Formats that hold regions or one stream: another tool takes the vectors and what the corpus has apart, and its files are compared.

Such tools name what they take out as they like, so that the comparison is by SHA-256: every file that comes out must be a part in
the manifest. What the manifest has beside (headers, signatures, tables, which tools do not write out) is counted, not asked for.
"""

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from agreement_tools import NotHadError, clear, shell
from agreement_trees import FOLDER, ROOT

VECTORS = ROOT / "tests/vectors"

_EMPTY = sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Splitter:
    """How a tool takes one input apart: files in {out}."""

    title: str
    command: str
    told: str = ""
    """Why it differs where it does, known to be the tool's."""


def _stream(title: str, command: str) -> Splitter:
    return Splitter(title, f"{command} < {{image}} > data")


_UNBLOB = Splitter("unblob", "unblob -d 1 -e {out} {image} > /dev/null || true; rm -f unblob.log")
_7Z = Splitter("7-Zip", "7z x -y {image} > /dev/null")

_DUMPIMAGE = (
    "if dumpimage -l {image} | grep -q Multi-File; then "
    "for n in $(dumpimage -l {image} | sed -n 's/^ *Image \\([0-9]*\\):.*/\\1/p'); do dumpimage -T multi -p $n -o $n {image}; done; "
    "else dumpimage -T kernel -o data {image} > /dev/null; fi; "
    # of a script it writes the table of its one size too
    "if dumpimage -l {image} | grep -q ' Script '; then tail -c +9 data > script; rm data; fi"
)
_BINCOPY = (
    "$PEERS/bin/python -c 'import sys, bincopy; b = bincopy.BinFile(sys.argv[1]); "
    '[open(hex(s.address), "wb").write(s.data) for s in b.segments]\' {image}'
)
_SEGMENTS = (
    "$PEERS/bin/python -c 'import sys; from elftools.elf.elffile import ELFFile; "
    '[open(str(n), "wb").write(s.data()) for n, s in enumerate(ELFFile(open(sys.argv[1], "rb")).iter_segments())]\' {image}'
)
_FDTGET = (
    "n=0; walk() {{ for p in $(fdtget -p {image} $1); do n=$((n+1)); "
    'for b in $(fdtget -t bx {image} $1 $p); do printf "\\\\$(printf %o 0x$b)"; done > $n; done; '
    "for f in $(fdtget -l {image} $1); do walk ${{1%/}}/$f; done; }}; walk /"
)
_PRINTENV = (
    "echo {image} 0x0 $(printf '0x%x' $(stat -c %s {image})) > ../env.config; "
    "fw_printenv -n -c ../env.config 2> /dev/null > env; rm ../env.config; (tr '\\n' '\\0' < env; printf '\\0') > data; rm env"
)
_UEFI = Splitter(
    "UEFIExtract (UEFITool)",
    "cp {image} input; UEFIExtract input all > /dev/null; rm input; find . -type f ! -name body.bin -delete; "
    # what a node with nodes in it holds is told by those
    'find . -name body.bin | while read -r f; do d=$(dirname "$f"); '
    'if [ $(find "$d" -mindepth 1 -type d | wc -l) -gt 0 ]; then rm "$f"; fi; done',
)

SPLITTERS: dict[str, tuple[Splitter, ...]] = {
    "bzip2": (_stream("bzip2", "bzip2 -dc"),),
    "gzip": (_stream("gzip", "gzip -dc"),),
    "lz4": (_stream("lz4", "lz4 -dc"),),
    "lz4-legacy": (_stream("lz4", "lz4 -dc"),),
    "lzma-alone": (_stream("xz --format=lzma", "xz --format=lzma -dc"),),
    "lzop": (_stream("lzop", "lzop -dc 2> /dev/null"),),
    "xz": (_stream("xz", "xz -dc"),),
    "zstd": (_stream("zstd", "zstd -dc"),),
    "boot": (Splitter("unpack_bootimg (AOSP)", "unpack_bootimg --boot_img {image} --out . > /dev/null"),),
    "vendor-boot": (
        Splitter(
            "unpack_bootimg (AOSP)",
            "unpack_bootimg --boot_img {image} --out . > /dev/null",
            "this version of it does not know header version 4, and leaves its ramdisks in one",
        ),
    ),
    "payload": (Splitter("payload-dumper (PyPI)", "payload_dumper --workers 1 --out . {image} > /dev/null"),),
    "android-sparse": (Splitter("simg2img (AOSP)", "simg2img {image} raw"), _7Z),
    "super": (Splitter("liblp (PyPI)", "lpunpack -o . {image} > /dev/null"),),
    "fit": (
        Splitter(
            "dumpimage (U-Boot)",
            "n=0; while dumpimage -T flat_dt -p $n -o $n {image} > /dev/null 2>&1; do n=$((n+1)); done",
        ),
    ),
    "uimage": (Splitter("dumpimage (U-Boot)", _DUMPIMAGE),),
    "gpt": (_7Z,),
    "mbr": (_7Z,),
    "trx": (replace(_UNBLOB, told="it gives the last partition the trailer of ASUS too"),),
    "ubi": (Splitter("ubi_reader", "ubireader_extract_images -o . {image} > /dev/null"),),
    "cbfs": (
        Splitter(
            "cbfstool (coreboot)",
            'cbfstool {image} print | awk \'NR>2 && $1 != "(empty)" && $1 != "NAME" && NF>3 {{print $1}}\' | '
            'while read -r n; do cbfstool {image} extract -n "$n" -f "$(echo "$n" | tr / _)" > /dev/null 2>&1 || true; done',
        ),
    ),
    "fmap": (Splitter("futility dump_fmap -x (vboot)", "futility dump_fmap -x {image} > /dev/null"),),
    "intel-flash": (Splitter("ifdtool -x (coreboot)", "ifdtool -x {image} > /dev/null"),),
    "ihex": (Splitter("bincopy (PyPI)", _BINCOPY),),
    "srec": (
        Splitter(
            "objcopy (binutils)",
            "for n in 1 2 3 4 5 6 7 8 9; do objcopy -I srec -O binary -j .sec$n {image} $n 2> /dev/null || true; done",
        ),
    ),
    "uf2": (
        Splitter(
            "uf2utils (PyPI)",
            "uf2extract --out data {image} > /dev/null",
            "it writes all in one file, whatever lies between",
        ),
    ),
    "uefi-fv": (_UEFI, _7Z),
    "uefi-capsule": (_UEFI,),
    "dtb": (Splitter("fdtget (device-tree-compiler)", _FDTGET),),
    "dfu": (Splitter("dfu-suffix -D (dfu-util)", "cp {image} data; dfu-suffix -D data > /dev/null"),),
    "uboot-env": (Splitter("fw_printenv (libubootenv)", _PRINTENV),),
    "qcom-elf": (
        Splitter("pyelftools (PyPI)", _SEGMENTS, "the segment of hashes, which we give in its parts, it gives whole"),
    ),
    "onie": (
        Splitter("sed and GNU tar, as the installer calls them", "sed -e '1,/^exit_marker$/d' {image} | tar -xf -"),
    ),
    "odin-tar": (Splitter("GNU tar", "tar -xf {image}"),),
    "rauc": (Splitter("unsquashfs", "unsquashfs -q -n -f -d t {image}"),),
    "dlink-encrpted-img": (_UNBLOB,),
    "dlink-shrs": (_UNBLOB,),
    "senao": (
        replace(_UNBLOB, told="it takes the size of the image for its end, and cuts as much off as the header is long"),
    ),
    "xiaomi-hdr": (_UNBLOB,),
    "deafbead": (_UNBLOB,),
    "netgear-chk": (_UNBLOB,),
    "moxa-frm": (_UNBLOB,),
    "qnap": (_UNBLOB,),
    "dlink-fpkg": (_UNBLOB,),
    "dlink-encimg": (_UNBLOB,),
    "pe": (replace(_7Z, told="it cuts sections to their size in memory, and gives a certificate with its head"),),
    "fip": (Splitter("fiptool (Trusted Firmware-A)", "fiptool unpack --out . {image} > /dev/null"),),
    "rpm": (Splitter("rpm2cpio, cpio", "rpm2cpio {image} | cpio -idm --quiet --no-absolute-filenames"),),
    "zip": (_7Z,),
    "tar": (Splitter("GNU tar", "tar -xf {image}"),),
    "cpio": (Splitter("GNU cpio", "cpio -idm --quiet --no-absolute-filenames < {image}"),),
    "ar": (Splitter("ar (binutils)", "ar x {image}"),),
    "deb": (Splitter("dpkg-deb -x (dpkg)", "dpkg-deb -x {image} ."),),
}


@dataclass(slots=True)
class Vectors:
    """The vectors of one format."""

    genuine: list[Path] = field(default_factory=list)
    tampered: list[Path] = field(default_factory=list)
    malformed: list[Path] = field(default_factory=list)


def vectors() -> dict[str, Vectors]:
    """Return the folders of all vectors by format: read without a finding, read with one, refused."""
    found: dict[str, Vectors] = {}
    for path in sorted(VECTORS.glob("*/*/expected.json")):
        expected = json.loads(path.read_text("utf-8"))
        each = found.setdefault(expected["format"], Vectors())
        if expected["outcome"] != "read":
            each.malformed.append(path.parent)
        elif expected["findings"]:
            each.tampered.append(path.parent)
        else:
            each.genuine.append(path.parent)
    return found


def manifests(paths: list[Path]) -> list[dict[str, Any]]:
    """Return what `trueware measure --json` says of files, in order."""
    command = [sys.executable, "-m", "trueware", "measure", "--json", "--quiet", *map(str, paths)]
    environment = os.environ | {"PYTHONPATH": os.fspath(ROOT / "src")}
    done = subprocess.run(command, check=True, capture_output=True, env=environment)
    told: list[dict[str, Any]] = json.loads(done.stdout)["manifests"]
    return told


@dataclass(slots=True)
class Split:
    """What a tool made of all genuine vectors of a format."""

    inputs: int = 0
    refused: list[str] = field(default_factory=list)
    """Vectors the tool could not take apart, with what it said."""
    files: int = 0
    """Files it wrote, all with content."""
    equal: int = 0
    """Of which the SHA-256 is one of a part."""
    differ: list[str] = field(default_factory=list)
    whole: int = 0
    """Contents that the manifest has directly in the inputs."""
    met: int = 0
    """Of which the tool wrote a file."""


def split(splitter: Splitter, samples: dict[str, Path], told: dict[str, dict[str, Any]]) -> Split:
    """Let a tool take samples apart, and compare."""
    outcome = Split()
    for name, image in samples.items():
        out = FOLDER / "split"
        clear(out)
        out.mkdir(parents=True)
        outcome.inputs += 1
        try:
            shell(splitter.command, image, out)
        except NotHadError as error:
            outcome.refused.append(f"{name}: {error}")
            continue
        parts = told[name]["parts"]
        ours = {part["sha256"] for part in parts if "sha256" in part}
        direct = {part["sha256"] for part in parts[1:] if "sha256" in part and _content(part)} - {_EMPTY}
        written = [path for path in out.rglob("*") if path.is_file() and not path.is_symlink()]
        met = set()
        for path in written:
            data = path.read_bytes()
            digest = sha256(data).hexdigest()
            if digest in ours or (data.strip(data[:1]) and _by_members(path, ours)):
                met.add(digest)
            elif not data.strip(data[:1]):
                continue  # one byte repeated is padding in the manifest
            else:
                outcome.differ.append(f"{name}: {path.relative_to(out)}")
            outcome.files += 1
        outcome.equal = outcome.files - len(outcome.differ)
        if not written:
            outcome.refused.append(f"{name}: nothing came out")
        outcome.whole += len(direct)
        outcome.met += len(direct & met)
    clear(FOLDER / "split")
    return outcome


def _by_members(path: Path, ours: set[str]) -> bool:
    """Tell whether all that is in a file is in the manifest: an archive in a stream is told by its members alone."""
    parts = manifests([path])[0]["parts"]
    within = {part["sha256"] for part in parts[1:] if "sha256" in part}
    return bool(within) and within <= ours


def _content(part: dict[str, Any]) -> bool:
    return part["kind"] in {"file", "region"} and "!/" not in part["path"]


def unpack(folders: list[Path], where: Path) -> dict[str, Path]:
    """Return the inputs of vectors as plain files by name of the vector."""
    where.mkdir(parents=True, exist_ok=True)
    inputs = {}
    for folder in folders:
        path = where / f"{folder.parent.name}.{folder.name}"
        plain = folder / "input.bin"
        path.write_bytes(
            plain.read_bytes() if plain.exists() else gzip.decompress((folder / "input.bin.gz").read_bytes())
        )
        inputs[folder.name] = path
    return inputs


def corpus_formats(corpus: Path | None) -> tuple[Counter[str], dict[str, list[Path]]]:
    """Return how many files of the corpus hold each format, and the files that are of it from their first byte."""
    held: Counter[str] = Counter()
    whole: dict[str, list[Path]] = {}
    if corpus is None:
        return held, whole
    index = json.loads((corpus / "open/index.json").read_text("utf-8"))
    paths = sorted({corpus / file["path"] for item in index for file in item["files"]})
    paths = [path for path in paths if path.is_file()]
    for start in range(0, len(paths), 40):
        chosen = paths[start : start + 40]
        for path, manifest in zip(chosen, manifests(chosen), strict=True):
            held.update({part["format"] for part in manifest["parts"] if "format" in part})
            if own := manifest["parts"][0].get("format"):
                whole.setdefault(own, []).append(path)
    return held, whole
