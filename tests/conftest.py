"""What all tests share: a pool to measure with, and the folder of the test corpus."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import VARIABLE, Cluster, find_programs
from trueware.measuring import Measurement, measure

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("trueware", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("trueware")


@pytest.fixture(scope="session")
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


Measure = Callable[[bytes], Measurement]


@pytest.fixture(scope="session")
def measure_bytes(pool: Executor) -> Measure:
    """Measure some bytes as an artefact called `input`."""

    def run(data: bytes) -> Measurement:
        return measure("input", memoryview(data), pool=pool, clock=time.monotonic)

    return run


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The unpacked test corpus; the test is skipped, visibly, where there is none."""
    given = os.environ.get("TRUEWARE_CORPUS")
    if given:
        return Path(given)
    unpack = ROOT.parent / "shared" / "corpus" / "unpack"
    if not unpack.exists():
        pytest.skip("no test corpus: set TRUEWARE_CORPUS")
    done = subprocess.run([str(unpack)], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server; the test is skipped, visibly, where there is none."""
    pytest.importorskip("psycopg", reason="no psycopg: install trueware[postgres]")
    programs = None if os.environ.get(VARIABLE) else find_programs()
    if programs is None and not os.environ.get(VARIABLE):
        pytest.skip(f"no PostgreSQL: install it, or set {VARIABLE}")
    cluster = Cluster(programs)
    yield cluster
    cluster.close()
