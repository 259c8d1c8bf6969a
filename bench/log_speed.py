"""What the registry's log costs: adding with fsync, checking proofs, registering statements, opening a view. `make log`.

Everything is measured in this run and shown beside a floor of the same run: SHA-256 of as many nodes, Ed25519 signatures of as many
statements, fsyncs of as many transactions. Writes build/log.json (rows: name, value, unit, target, met) and prints a table.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trueware.model.verdict import Authority
from trueware.registry import payload
from trueware.registry.ledger import Registrar, ledger
from trueware.registry.logged import log_of
from trueware.registry.payload import Payload
from trueware.registry.ports import Leaf, Submission
from trueware.storage.sqlite import SqliteStore
from trueware.tlog import checkpoint
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.growth import grow, root
from trueware.tlog.merkle import inclusion_proof, leaf_hash, verify_inclusion


class Row(TypedDict):
    """One figure."""

    name: str
    value: float
    unit: str
    target: float | None
    met: bool | None


OUT = Path(__file__).resolve().parents[1] / "build" / "log.json"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
REGISTRAR = Registrar("bench.invalid/log", KEY)
BATCH, STATEMENT = 1000, 500
PROVEN = 10_000_000
"""Leaves of the tree whose proofs are checked."""


def main() -> int:
    """Measure, print, write."""
    adds = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    rows = [*adding(adds), *proofs(), *registering(20_000), *opening()]
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        target = f"target {row['target']:,}" if row["target"] is not None else ""
        met = "" if row["met"] is None else "met" if row["met"] else "NOT MET"
        print(f"{row['name']:<{width}}  {row['value']:>12,.4g} {row['unit']:<18} {target:<16} {met}")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0 if all(row["met"] is not False for row in rows) else 1


def row(name: str, value: float, unit: str, target: float | None = None) -> Row:
    """Return a row; a target is a least value."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "target": target,
        "met": None if target is None else value >= target,
    }


def timed(work: Callable[[], object]) -> float:
    """Return seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def adding(count: int) -> Iterable[Row]:
    """Add signed statements in batches, each one durable transaction with its tiles and a signed checkpoint."""
    statements = [os.urandom(STATEMENT) for _ in range(BATCH)]
    with tempfile.TemporaryDirectory() as name, SqliteStore.create(Path(name) / "r.sqlite") as store:

        def add() -> None:
            for start in range(0, count, BATCH):
                leaves = []
                for number, entry in enumerate(statements, start):
                    data = entry + number.to_bytes(8, "big")
                    leaves.append(Leaf(leaf_hash(data), data, (f"release:{number}",)))
                with store.transaction():
                    store.put_tiles(grow(start, (leaf.hash for leaf in leaves), store.get_tile))
                    store.add_leaves(leaves)
                    at = Checkpoint(REGISTRAR.origin, start + BATCH, root(start + BATCH, store.get_tile))
                    store.put_checkpoint(at.size, bytes(checkpoint.sign(at, KEY)))

        took = timed(add)
        synced = Path(name) / "floor"

        def floor() -> None:
            with synced.open("wb", buffering=0) as file:
                for _ in range(0, count, BATCH):
                    file.write(b"".join(statements))
                    os.fsync(file.fileno())

        least = timed(floor)
        size = (Path(name) / "r.sqlite").stat().st_size
    yield row(f"leaves added, batches of {BATCH:,} with fsync", count / took, "leaves/s", 10_000)
    yield row("the same to writing and syncing the bytes alone", took / least, "times")
    yield row("bytes on disk for a leaf of 500 bytes", size / count, "bytes")


def proofs() -> Iterable[Row]:
    """Check inclusion proofs in a tree of ten million leaves."""
    print(f"making a tree of {PROVEN:,} leaves …", file=sys.stderr)
    tiles: dict[tuple[int, int], bytes] = {}
    piece = 1 << 18
    for start in range(0, PROVEN, piece):
        hashes = [sha256(number.to_bytes(8, "big")).digest() for number in range(start, min(PROVEN, start + piece))]
        tiles.update(grow(start, hashes, lambda level, number: tiles.get((level, number))))

    def read(level: int, number: int) -> bytes | None:
        return tiles.get((level, number))

    top = root(PROVEN, read)
    numbers = [(number * 7_919_993) % PROVEN for number in range(400)]
    made = timed(lambda: [inclusion_proof(number, PROVEN, read) for number in numbers])
    cases = [(sha256(n.to_bytes(8, "big")).digest(), n, inclusion_proof(n, PROVEN, read)) for n in numbers] * 100

    def check() -> None:
        for leaf, number, proof in cases:
            verify_inclusion(leaf, number, PROVEN, proof, top)

    took = timed(check)
    nodes = sum(len(proof) for _, _, proof in cases)
    pair = bytes(65)
    least = timed(lambda: [sha256(pair).digest() for _ in range(nodes)])
    yield row("inclusion proofs checked, 10 million leaves", len(cases) / took, "proofs/s", 50_000)
    yield row("the same to hashing its nodes alone", took / least, "times")
    yield row("inclusion proofs made from tiles", len(numbers) / made, "proofs/s")


def registering(count: int) -> Iterable[Row]:
    """Register releases through the ledger: stated, signed, checked as every reader will, stored and logged."""

    def submission(number: int) -> Submission:
        said = Payload("P", "R", str(number), Authority.THIRD_PARTY, sha256(b"%d" % number).digest())
        return Submission(payload.encode(said), 100, "an index")

    with tempfile.TemporaryDirectory() as name, SqliteStore.create(Path(name) / "r.sqlite") as store:
        logged = ledger(store, REGISTRAR, 10)
        took = timed(
            lambda: [logged.add_releases(map(submission, range(start, start + 500))) for start in range(0, count, 500)]
        )
    with tempfile.TemporaryDirectory() as name, SqliteStore.create(Path(name) / "r.sqlite") as store:
        bare = timed(
            lambda: [store.add_releases(map(submission, range(start, start + 500))) for start in range(0, count, 500)]
        )
    message = os.urandom(STATEMENT)
    public = KEY.public_key()
    least = timed(lambda: [public.verify(KEY.sign(message), message) for _ in range(5000)]) * count / 5000
    yield row("releases registered through the ledger", count / took, "releases/s")
    yield row("the same to signing and verifying alone", took / least, "times")
    yield row("the same to storing them without a log", took / bare, "times")


def opening() -> Iterable[Row]:
    """Open a registry with a log, its checkpoint proved, as every `verify` does."""
    with tempfile.TemporaryDirectory() as name, SqliteStore.create(Path(name) / "r.sqlite") as store:
        ledger(store, REGISTRAR, 10)
        took = timed(lambda: [log_of(store) for _ in range(200)])
    yield row("opening the log for a verification", 1000 * took / 200, "ms")


if __name__ == "__main__":
    raise SystemExit(main())
