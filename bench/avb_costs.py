"""What verifying Android Verified Boot costs: `rows` gives one row for structures and one for each way to describe an image.

python bench/avb_costs.py FOLDER      a folder of vbmeta images
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time

from trueware.errors import InputError
from trueware.formats.avb import Hash, HashTree
from trueware.formats.contract import Buffer
from trueware.formats.verity import make_tree
from trueware.signatures.avb.partitions import compare
from trueware.signatures.avb.structure import check_structure
from trueware.signatures.contract import Site

_IMAGE = 256 << 20
_SALT = bytes(32)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, beside its floor where there is one: SHA-256 of the same bytes at once."""

    name: str
    value: float
    unit: str
    floor: float | None = None


def rows(folder: Path, runs: int = 50) -> list[Row]:
    """Return the CPU time of a structure, over the images of `folder`, and the speed over an image of 256 MiB."""
    images = [path.read_bytes() for path in sorted(folder.glob("*.img"))]
    costs = [cost for image in images if (cost := _structure(image, runs)) is not None]
    told = [Row("vbmeta, median", median(costs), "CPU ms"), Row("vbmeta, worst", max(costs), "CPU ms")]
    data = memoryview(bytes(range(256)) * (_IMAGE // 256))
    floor = _speed(lambda: hashlib.sha256(data).digest())
    site: Site = _Image(data)  # type: ignore[assignment]
    digest = hashlib.sha256(_SALT + data).digest()
    described = Hash("boot", len(data), "sha256", _SALT, digest, 0)
    root = make_tree(data, "sha256", _SALT, 4096, 4096).root
    tree = HashTree("system", 1, len(data), (0, 0), (0, 0), 0, (4096, 4096), "sha256", _SALT, root, 0)
    for name, descriptor in (("hash descriptor", described), ("hash tree descriptor", tree)):
        assert compare(site, descriptor).same
        told.append(Row(name, _speed(lambda one=descriptor: compare(site, one)), "MB per CPU-second", floor))
    return told


def _structure(image: bytes, runs: int) -> float | None:
    """Return the milliseconds of one check, None where there is no structure."""
    view = memoryview(image)
    try:
        check_structure(view)
    except InputError:
        return None
    start = process_time()
    for _ in range(runs):
        check_structure(view)
    return (process_time() - start) / runs * 1000


def _speed(work: object) -> float:
    assert callable(work)
    start = process_time()
    work()
    return _IMAGE / (process_time() - start) / 1e6


@dataclass(frozen=True, slots=True)
class _Image:
    """As much of a site as comparing asks for."""

    data: memoryview
    path: str = "image"
    format: str | None = None

    def chunks(self) -> Iterator[Buffer]:
        return (self.data[at : at + (1 << 20)] for at in range(0, len(self.data), 1 << 20))


def main(arguments: Iterable[str]) -> None:
    """Print the rows of each folder."""
    for folder in arguments:
        for row in rows(Path(folder)):
            beside = "" if row.floor is None else f", floor {row.floor:,.0f} ({row.value / row.floor:.0%})"
            print(f"{row.name}: {row.value:,.3f} {row.unit}{beside}")


if __name__ == "__main__":
    main(sys.argv[1:])
