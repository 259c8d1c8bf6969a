"""Imports Debian's own index, verifies real systems by it, tampers with them, and prints what it all took.

``python bench/debian_tree.py [--write-docs]``: two systems are made by debootstrap, a minimal one and a server, out of the archive
that apt on this machine has; a mirror folder is put together from what debootstrap fetched and verified itself (InRelease, Packages,
packages), imported, and the systems are verified as they are, and copies of them after each of `debian_cases`. It needs root (for
debootstrap and chroot), apt's sources for Debian, and the archive's keyring; what is missing is said, and nothing is done. Systems
and packages stay in build/debian for the next time. Writes build/debian.json; with ``--write-docs`` docs/debian.md too.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clock import run
from debian_cases import TAMPERING, Case, variations
from debian_report import page

BUILD = Path("build/debian").resolve()
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SERVER = "openssh-server,systemd-sysv,dbus,udev,sudo,cron,iputils-ping,iproute2,nftables,ifupdown,rsyslog,ca-certificates,less,nano"
TREES = {"minbase": (), "server": (f"--include={SERVER}",)}
TRUEWARE = (sys.executable, "-m", "trueware")


def missing() -> str | None:
    """Return what this machine lacks."""
    if os.geteuid():
        return "it needs root: debootstrap runs packages' scripts in a chroot"
    lacking = [name for name in ("debootstrap", "apt-get", "dpkg") if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not installed"
    if not KEYRING.exists():
        return f"{KEYRING} is not there (package debian-archive-keyring)"
    return None if source() is not None else "apt has no source of Debian's main"


def source() -> tuple[str, str] | None:
    """Return where apt has Debian's packages from, and the name of the release."""
    codename = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", "Created-By: Packages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        uri, name, component = line.split(" ")
        if codename is not None and (name, component) == (codename[1], "main"):
            return uri, name
    return None


def bootstrap(name: str) -> None:
    """Make a system, and keep what it was made from in the mirror."""
    tree = BUILD / name
    if tree.exists():
        return
    found = source()
    assert found is not None
    uri, codename = found
    made = BUILD / f"{name}.part"
    shutil.rmtree(made, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--keyring={KEYRING}", *TREES[name], codename, str(made), uri]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"debootstrap: {done.stdout[-800:]}{done.stderr[-400:]}")
    mirror(made, codename)
    for path in (made / "var/cache/apt/archives").glob("*.deb"):
        path.unlink()
    for each in ("hostname", "resolv.conf"):  # copied from this machine, with whatever mode it has here
        (made / "etc" / each).chmod(0o644)
    made.rename(tree)


def mirror(tree: Path, codename: str) -> None:
    """Put what debootstrap fetched where an archive has it."""
    lists = tree / "var/lib/apt/lists"
    index = next(lists.glob("*_InRelease"))
    packages = next(lists.glob("*_main_binary-*_Packages"))
    folder = BUILD / "mirror/dists" / codename
    binary = folder / "main" / packages.name.rpartition("_main_")[2].removesuffix("_Packages")
    binary.mkdir(parents=True, exist_ok=True)
    shutil.copy(index, folder / "InRelease")
    shutil.copy(packages, binary / "Packages")
    filenames = dict(_filenames(binary / "Packages"))
    archives = BUILD / "archives"
    archives.mkdir(exist_ok=True)
    for deb in (tree / "var/cache/apt/archives").glob("*.deb"):
        to = BUILD / "mirror" / filenames[deb.name.replace("%3a", ":")]
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(deb, to)
        shutil.copy(deb, archives / deb.name)


def _filenames(packages: Path) -> Iterator[tuple[str, str]]:
    """Yield for each stanza the name that apt gives a package, and its path in the archive."""
    for stanza in packages.read_text("utf-8").split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Architecture|Filename): (.*)$", stanza, re.MULTILINE))
        if fields:
            yield f"{fields['Package']}_{fields['Version']}_{fields['Architecture']}.deb", fields["Filename"]


def imported(registry: Path) -> dict[str, Any]:
    """Import the mirror into a new registry, twice, and return the figures."""
    registry.unlink(missing_ok=True)
    where = ("--registry", str(registry))
    for command in (
        ("registry", "init", *where),
        ("publisher", "add", "Debian", *where),
        ("trust", "add", "Debian", str(KEYRING), *where),
    ):
        run([*TRUEWARE, *command])
    index = next((BUILD / "mirror/dists").glob("*/InRelease"))
    taking = [*TRUEWARE, "registry", "import", str(index), "--root", str(BUILD / "mirror"), *where]
    first, again = run(taking), run(taking)
    packages = [path.stat().st_size for path in (BUILD / "mirror/pool").rglob("*.deb")]
    listed = sum(1 for _ in _filenames(next(index.parent.rglob("Packages"))))
    return {
        "index": re.findall(r"^(?:Date|Description): (.*)$", index.read_text(), re.MULTILINE),
        "listed": listed,
        "measured": len(packages),
        "measured_bytes": sum(packages),
        "seconds": round(first.wall, 1),
        "cpu": round(first.cpu, 1),
        "peak_mb": round(first.peak),
        "again_seconds": round(again.wall, 1),
        "again_cpu": round(again.cpu, 1),
        "again_peak_mb": round(again.peak),
        "registry_bytes": registry.stat().st_size,
    }


def answer(tree: Path, registry: Path) -> dict[str, Any]:
    """Return what ``trueware verify --json`` says of a folder."""
    command = [*TRUEWARE, "verify", "--json", str(tree), "--registry", str(registry)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)["results"][0]
    return result


def pristine(name: str, registry: Path) -> dict[str, Any]:
    """Verify a system as it was made, and return what was said and what it took."""
    tree = BUILD / name
    files = [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    cost = run([*TRUEWARE, "verify", str(tree), "--registry", str(registry)], codes=())
    said = answer(tree, registry)
    return {
        "tree": name,
        "packages": sum(1 for _ in (tree / "var/lib/dpkg/info").glob("*.list")),
        "files": len(files),
        "bytes": size,
        "verdict": said["verdict"],
        "reason": said["reason"],
        "authority": said["authority"],
        "changed": sum(not each["mutable"] for each in said["changes"]),
        "mutable": sum(each["mutable"] for each in said["changes"]),
        "seconds": round(cost.wall, 2),
        "cpu": round(cost.cpu, 2),
        "peak_mb": round(cost.peak),
    }


@contextmanager
def altered(case: Case) -> Iterator[Path]:
    """Yield a copy of a system to which something was done: one that shares with it what it did not write (overlayfs)."""
    layers = [BUILD / "copy" / name for name in ("upper", "work", "merged")]
    shutil.rmtree(BUILD / "copy", ignore_errors=True)
    for each in layers:
        each.mkdir(parents=True)
    upper, work, merged = layers
    options = f"lowerdir={BUILD / case.tree},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(merged)], check=True)
    try:
        case.edit(merged)
        yield merged
    finally:
        subprocess.run(["umount", str(merged)], check=True)
        shutil.rmtree(BUILD / "copy")


def tried(case: Case, registry: Path) -> dict[str, Any]:
    """Do something to a copy of a system, verify that, and return what was said."""
    with altered(case) as copy:
        said = answer(copy, registry)
    paths = [each["path"] for each in said["changes"] if not each["mutable"]]
    told = [
        each["title"]
        for each in said["explanations"]
        if any(finding["part"] == case.path for finding in each["findings"])
    ]
    right = said["verdict"] == case.expected and (not case.path or case.path in paths)
    return {
        "case": case.name,
        "tree": case.tree,
        "expected": case.expected,
        "verdict": said["verdict"],
        "path": case.path,
        "named": case.path in paths if case.path else None,
        "others": [path for path in paths if path != case.path],
        "told": told[0] if told else "",
        "settle": said["settle"][:1],
        "right": right,
    }


def main() -> None:
    """Do all of it, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true", help="write docs/debian.md")
    options = parser.parse_args()
    if (lacking := missing()) is not None:
        print(f"skipped: {lacking}")
        return
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in TREES:
        bootstrap(name)
    registry = BUILD / "registry.db"
    report: dict[str, Any] = {"made": time.strftime("%Y-%m-%d"), "cores": len(os.sched_getaffinity(0))}
    report["import"] = imported(registry)
    report["systems"] = [pristine(name, registry) for name in TREES]
    for what, cases in (("tampering", TAMPERING), ("variations", variations(BUILD / "archives"))):
        report[what] = []
        for case in cases:
            row = tried(case, registry)
            report[what].append(row)
            Path("build/debian.json").write_text(json.dumps(report, indent=1) + "\n")
            mark = "ok" if row["right"] else "WRONG"
            print(f"{mark:<6} {row['verdict']:<9} {case.name}: {case.path} {row['others'][:3] or ''}", flush=True)
    text = page(report)
    print(text)
    if options.write_docs:
        Path("docs/debian.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
