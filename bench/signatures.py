"""What verifying signatures of Android costs: of packages, beside SHA-256 and Debian's apksigner, and of Verified Boot (`avb_costs`).

Packages are those of the corpus that publishers published (``npm-apks``), and one of 256 MiB, signed here where apksigner is there.
Ours runs as it does within a measurement: the archive was read; for JAR signatures (v1) nothing was digested yet, and all is unpacked
anew. All in one process but apksigner, which is a program for each package. `rows` is a part of bench/signature_table.py.

    python bench/signatures.py [CORPUS]      the folder of the corpus, else TRUEWARE_CORPUS
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256, shake_128
from mmap import ACCESS_READ, mmap
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import process_time

import avb_costs
from clock import run
from report import Row, at_most
from trueware.errors import InputError
from trueware.formats.contract import Buffer, Content, Held
from trueware.formats.packages.zip import Zip
from trueware.model.limits import Limits
from trueware.model.signature import Outcome
from trueware.signatures.apk import Apk
from trueware.signatures.contract import Context, Site

ROOT = Path(__file__).resolve().parents[1]
KEYS = ROOT / "tests/vectors/signatures/apk/keys"
SMALL = ROOT / "tests/vectors/signatures/apk/v2/input.bin"
LARGE = ROOT / "build/bench/large.apk"

_RUNS = 5
_LARGE = 256 << 20
NEWER_TARGET, FIXED_TARGET, JAR_TARGET, MEMORY_TARGET = 900.0, 3.0, 60.0, 100.0
"""MB per CPU second of v2 and later, CPU ms of a small package, MB per CPU second of v1, MB of memory whatever the size."""

Read = Mapping[str, Content | None]


class _Part:
    """A package or a member of one, as a scheme sees it after measuring; nothing was digested."""

    def __init__(self, name: str, view: memoryview | None, content: Content | None, members: Read) -> None:
        self.name = self.path = name
        self.format = "zip" if members else None
        self.sha256: bytes | None = None
        self._view, self._content, self._members = view, content, members

    @property
    def is_folder(self) -> bool:
        return self._content is None and self._view is None

    @property
    def size(self) -> int:
        return len(self._view) if self._view is not None else (self._content.size or 0) if self._content else 0

    def view(self) -> memoryview:
        return self._view if self._view is not None else memoryview(b"".join(self.chunks()))

    def chunks(self) -> Iterator[Buffer]:
        return self._content.chunks() if self._content is not None else iter(())

    def child(self, path: str) -> Site | None:
        return _Part(path, None, self._members[path], {}) if path in self._members else None

    def children(self) -> Iterable[Site]:
        return ()

    def above(self) -> Site | None:
        return None

    def beside(self, name: str) -> Site | None:  # noqa: ARG002 (the port's)
        return None


_: type[Site] = _Part


def site(view: memoryview) -> _Part:
    """Return a package whose archive was read."""
    members: dict[str, Content | None] = {}
    for entry in Zip.read(view, Limits()).entries:
        members.setdefault(entry.path, entry.content)
    return _Part("x.apk", view, Held(view), members)


def schemes(view: memoryview) -> frozenset[str]:
    """Return the schemes by which a package is validly signed, none where one is not valid."""
    found = [each for each in Apk.verify(site(view), Context()) if each.scheme != "apk-source-stamp"]
    if any(each.outcome is not Outcome.VALID for each in found):
        return frozenset()
    return frozenset(each.scheme for each in found)


def cost(work: Callable[[], object], runs: int = _RUNS) -> float:
    """Return the CPU seconds of one call, the median of some."""
    taken = []
    for _ in range(runs):
        start = process_time()
        work()
        taken.append(process_time() - start)
    return median(taken)


def at_least(name: str, value: float, unit: str, target: float) -> Row:
    """Return the row of a figure that may not be smaller than its target."""
    return Row(name=name, value=round(value, 3), unit=unit, target=target, met=value >= target)


def plain(name: str, value: float, unit: str) -> Row:
    """Return the row of a figure without a target."""
    return Row(name=name, value=round(value, 3), unit=unit, target=None, met=None)


def speeds(kind: str, packages: Mapping[Path, memoryview], target: float) -> Iterator[Row]:
    """Yield the speed over packages of one kind, its floor, and what apksigner takes."""
    size = sum(map(len, packages.values())) / 1e6
    sites = [site(view) for view in packages.values()]
    ours = cost(lambda: [list(Apk.verify(each, Context())) for each in sites])
    floor = cost(lambda: [sha256(view).digest() for view in packages.values()])
    yield plain(f"apk {kind}/packages", len(packages), "packages")
    yield at_least(f"apk {kind}/speed", size / ours, "MB per CPU second", target)
    yield plain(f"apk {kind}/sha256", size / floor, "MB per CPU second")
    yield plain(f"apk {kind}/to-sha256", ours / floor, "x")
    if program := shutil.which("apksigner"):
        theirs = sum(run([program, "verify", path], codes=()).cpu for path in packages)
        yield plain(f"apk {kind}/apksigner", size / theirs, "MB per CPU second")
        yield plain(f"apk {kind}/apksigner-to-ours", theirs / ours, "x")


def fixed(view: memoryview) -> Iterator[Row]:
    """Yield what a package costs in which there is next to nothing to digest."""
    part = site(view)
    list(Apk.verify(part, Context()))
    yield at_most("apk v2/fixed", cost(lambda: list(Apk.verify(part, Context())), 100) * 1000, "CPU ms", FIXED_TARGET)


def make_large() -> Path | None:
    """Return a package of 256 MiB with schemes v1 to v3, None where apksigner is missing."""
    program = shutil.which("apksigner")
    if LARGE.exists() or program is None:
        return LARGE if LARGE.exists() else None
    LARGE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        raw, der = Path(folder, "in.apk"), Path(folder, "one.pk8")
        with zipfile.ZipFile(SMALL) as small, zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("AndroidManifest.xml", small.read("AndroidManifest.xml"))
            for number in range(16):
                archive.writestr(f"assets/{number}", shake_128(bytes([number])).digest(_LARGE // 16))
        convert = [
            "openssl",
            "pkcs8",
            "-topk8",
            "-nocrypt",
            "-in",
            str(KEYS / "one.pem"),
            "-outform",
            "DER",
            "-out",
            str(der),
        ]
        subprocess.run(convert, check=True)
        keys = ["--key", str(der), "--cert", str(KEYS / "one.x509.pem"), "--v4-signing-enabled", "false"]
        subprocess.run([program, "sign", *keys, "--in", str(raw), "--out", str(LARGE)], check=True)
    return LARGE


def mapped(path: Path) -> memoryview:
    """Return the bytes of a file, mapped."""
    with path.open("rb") as file:
        return memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))


def peak(path: Path) -> None:
    """Verify a package, and print the largest amount of memory beside the mapped file, in MB (run as a process of its own)."""
    done, most = Event(), [0.0]

    def watch() -> None:
        while not done.wait(0.002):
            told = Path("/proc/self/status").read_text().partition("RssAnon:")[2].split()[0]
            most[0] = max(most[0], int(told) * 1024 / 1e6)

    watcher = Thread(target=watch)
    watcher.start()
    held = schemes(mapped(path))
    done.set()
    watcher.join()
    assert held
    print(most[0])


def memory(name: str, path: Path) -> Row:
    """Return the row of the memory that a package takes."""
    command = [sys.executable, __file__, "--peak", str(path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return at_most(f"{name}/memory-beside-package", float(told), "MB", MEMORY_TARGET)


def rows(corpus: Path) -> Iterator[Row]:
    """Yield all figures."""
    found: dict[frozenset[str], dict[Path, memoryview]] = {}
    for path in sorted((corpus / "mobile/npm-apks/open").glob("*.apk")):
        view = mapped(path)
        try:
            found.setdefault(schemes(view), {})[path] = view
        except InputError as error:
            raise SystemExit(f"{path}: {error}") from error
    newer = {
        path: view for kinds, each in found.items() if kinds and "apk-v1" not in kinds for path, view in each.items()
    }
    jar = {path: view for kinds, each in found.items() if "apk-v1" in kinds for path, view in each.items()}
    yield from speeds("v2 and later", newer, NEWER_TARGET)
    yield from speeds("v1", jar, JAR_TARGET)
    yield from fixed(mapped(SMALL))
    if large := make_large():
        view = mapped(large)
        part = site(view)
        yield at_least(
            "apk 256 MiB/speed",
            len(view) / 1e6 / cost(lambda: list(Apk.verify(part, Context())), 3),
            "MB per CPU second",
            NEWER_TARGET,
        )
        yield plain("apk 256 MiB/sha256", len(view) / 1e6 / cost(lambda: sha256(view).digest(), 3), "MB per CPU second")
        yield memory("apk 256 MiB", large)
    yield memory("apk v1", max(jar, key=lambda path: path.stat().st_size))
    yield from avb_costs.rows(corpus)


def main() -> None:
    """Print the rows."""
    if sys.argv[1:2] == ["--peak"]:
        peak(Path(sys.argv[2]))
        return
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TRUEWARE_CORPUS")
    if given is None:
        raise SystemExit("no corpus: give its folder, or set TRUEWARE_CORPUS")
    for row in rows(Path(given)):
        target = "" if row["target"] is None else f"   (target {row['target']:g}: {'met' if row['met'] else 'MISSED'})"
        print(f"{row['name']:36} {row['value']:>10,.2f} {row['unit']}{target}", flush=True)


if __name__ == "__main__":
    main()
