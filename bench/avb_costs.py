"""What verifying Android Verified Boot costs: one vbmeta structure, and an image by each way to describe it.

`rows` is a part of bench/signatures.py. Structures are the real ones of the corpus (``avb-wild``), each checked in memory; the image
is one of 256 MiB, beside SHA-256 of it at once.

    python bench/avb_costs.py [CORPUS]      the folder of the corpus, else TRUEWARE_CORPUS
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256, shake_128
from pathlib import Path
from statistics import median
from time import process_time

from report import Row, at_most
from trueware.errors import InputError
from trueware.formats.avb import Hash, HashTree
from trueware.formats.contract import Buffer
from trueware.formats.reed_solomon import ParityCheck
from trueware.formats.verity import make_tree
from trueware.signatures.avb.partitions import compare
from trueware.signatures.avb.structure import check_structure

_IMAGE = 256 << 20
_RUNS = 50
_SALT = bytes(32)
TARGET = 1.0
"""CPU ms of a structure, the median of all."""


@dataclass(frozen=True, slots=True)
class _Image:
    """As much of a site as comparing asks for."""

    data: memoryview
    path: str = "image"
    format: str | None = None

    def chunks(self) -> Iterator[Buffer]:
        return (self.data[at : at + (1 << 20)] for at in range(0, len(self.data), 1 << 20))


def rows(corpus: Path) -> Iterator[Row]:
    """Yield all figures."""
    views = [memoryview(path.read_bytes()) for path in sorted((corpus / "mobile/avb-wild/open").glob("*.img"))]
    costs = [cost for view in views if (cost := _structure(view)) is not None]
    yield _plain("vbmeta/structures", len(costs), "structures")
    yield at_most("vbmeta/median", median(costs), "CPU ms", TARGET)
    yield _plain("vbmeta/worst", max(costs), "CPU ms")
    data = memoryview(shake_128(b"image").digest(_IMAGE))
    site = _Image(data)
    hashed = Hash("boot", len(data), "sha256", _SALT, sha256(_SALT + data).digest(), 0)
    root = make_tree(data, "sha256", _SALT, 4096, 4096).root
    tree = HashTree("system", 1, len(data), (0, 0), (0, 0), 0, (4096, 4096), "sha256", _SALT, root, 0)
    floor = _seconds(lambda: sha256(data).digest())
    yield _plain("avb image/sha256", _IMAGE / floor / 1e6, "MB per CPU second")
    works: tuple[tuple[str, Callable[[], object]], ...] = (
        ("hash descriptor", lambda: compare(site, hashed).same),  # type: ignore[arg-type]
        ("hash tree descriptor", lambda: compare(site, tree).same),  # type: ignore[arg-type]
        ("error correction", lambda: ParityCheck(len(data), 2).feed(data)),
    )
    for name, work in works:
        taken = _seconds(work)
        yield _plain(f"avb image/{name}", _IMAGE / taken / 1e6, "MB per CPU second")
        yield _plain(f"avb image/{name} to sha256", taken / floor, "x")


def _plain(name: str, value: float, unit: str) -> Row:
    return Row(name=name, value=round(value, 3), unit=unit, target=None, met=None)


def _structure(view: memoryview) -> float | None:
    """Return the milliseconds of one check, None where there is no structure."""
    try:
        check_structure(view)
    except InputError:
        return None
    start = process_time()
    for _ in range(_RUNS):
        check_structure(view)
    return (process_time() - start) / _RUNS * 1000


def _seconds(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start


def main() -> None:
    """Print the rows."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TRUEWARE_CORPUS")
    if given is None:
        raise SystemExit("no corpus: give its folder, or set TRUEWARE_CORPUS")
    for row in rows(Path(given)):
        print(f"{row['name']:44} {row['value']:>10,.3f} {row['unit']}")


if __name__ == "__main__":
    main()
