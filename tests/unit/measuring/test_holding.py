"""What is held of unpacked containers is bounded over all levels together."""

import gzip
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from random import Random
from time import monotonic

import pytest

from trueware.measuring import Measurement, measure
from trueware.measuring.holding import Holding
from trueware.model.limits import Limits

MIB = 1 << 20


def archive(**members: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def measured(data: bytes, max_held: int, workers: int = 1) -> Measurement:
    with ThreadPoolExecutor(workers) as pool:
        return measure("input", memoryview(data), pool=pool, clock=monotonic, limits=Limits(max_held=max_held))


def test_an_eighth_is_left_for_what_lies_within() -> None:
    """What is held above lowers the ceiling, and is given back."""
    holding = Holding(Limits(max_held=800))
    holding.take(300)
    assert holding.ceiling() == 500
    holding.take(450)
    assert holding.ceiling() == 100
    holding.give(750)
    assert holding.ceiling() == 800


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(("most", "found"), [(7 * MIB, False), (5 * MIB, True), (3 * MIB, True)])
def test_what_lies_within_shares_the_ceiling(most: int, found: bool, workers: int) -> None:  # noqa: FBT001
    """An archive of 4 MB in a stream holds a stream with one of 2 MB: both are read where both may be held."""
    random = Random(1)
    inner = archive(file=random.randbytes(2 * MIB))
    outer = archive(filler=random.randbytes(2 * MIB), packed=gzip.compress(inner, 1), after=b"after")
    measurement = measured(gzip.compress(outer, 1), most, workers)

    assert any("max_held" in finding.detail for finding in measurement.findings) == found
