"""`make scale`: a registry that grows tenfold and tenfold again, in SQLite and in PostgreSQL; what it costs at each size.

Made registries, by a fixed seed: products of five versions each, a version is an image of 2,000 files in 50 folders. A tenth of the
files are of those that many products ship (of 20,000, the first far more often than the last); of the others a third is new in
each version. They are taken in 20 at a time, as an import does. At each size are measured

  size      bytes of all tables and indexes, without the write-ahead log; and of what digests are found by
  publish   20 releases, one by one, each on disk when it is told to be
  look up   all digests of one image: how many products ship each; the middle of 20 images
  exact     the digest of a whole image; the middle of 200
  nearest   the releases nearest to an image of which 20 files were changed; the middle of 20, and the first must be the right one

in CPU and waiting of this machine, with client and server on it. Rows go to build/scale.json, which keeps those of other sizes and
engines; the table to stdout.

    --engine NAME  only sqlite or postgres
    --to N         up to N distinct digests (default 1,000,000; 10,000,000 takes an hour and 20 GB)
    --write-docs   also write docs/scale.md, from build/scale.json
"""

import argparse
import json
import math
import os
import random
import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.postgres import Cluster, find_programs

from report import Row
from trueware.model.merkle import container_digest, folder_digest, leaf_digest
from trueware.model.part import Kind, Part
from trueware.model.verdict import Authority
from trueware.registry.indexing import contents
from trueware.registry.payload import Payload, encode, identify
from trueware.registry.ports import RegistryStore, Submission
from trueware.storage.postgres.store import PostgresStore
from trueware.storage.sqlite import SqliteStore

FOLDER = Path("build/scale")
ROWS, PAGE = Path("build/scale.json"), Path("docs/scale.md")
SIZES = (100_000, 1_000_000, 10_000_000)
VERSIONS, FILES, IN_FOLDER = 5, 2000, 40
COMMON, POOL, FRESH = 200, 20_000, 1 / 3
TOGETHER, PUBLISHED, ASKED, EXACT, CHANGED = 20, 20, 20, 200, 20
SERVER = ("shared_buffers=2GB", "max_wal_size=8GB", "checkpoint_timeout=15min", "maintenance_work_mem=256MB")
MEASURES = {
    "bytes": ("B/digest", "on disk, all"),
    "index": ("B/digest", "of which digests are found by"),
    "import": ("contents/s", "taking in, 20 releases of 2,001 contents at a time"),
    "publish": ("releases/s", "publishing, one by one"),
    "lookup": ("digests/s", "looking up the digests of an image"),
    "exact": ("ms", "an image by its digest"),
    "nearest": ("ms", "the nearest releases"),
    "load": ("processes", "that wanted the two cores meanwhile, about"),
}
AT_MOST = {"bytes": 700.0, "index": 400.0, "exact": 5.0, "nearest": 500.0}
AT_LEAST = {"import": 10_000.0, "publish": 3.0, "lookup": 20_000.0}


@dataclass(frozen=True, slots=True)
class Engine:
    """A store to fill, and how to learn its size."""

    name: str
    store: RegistryStore
    sizes: Callable[[], tuple[int, int]]
    """Bytes of all, and of the tables and indexes of digests."""

    contents: Callable[[], int]
    """Distinct digests, about; to count them would take longer than to write some."""

    settle: Callable[[], None]
    """Lets what the engine does in the background be done."""


def main() -> int:
    """Run everything; exit 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("sqlite", "postgres"))
    parser.add_argument("--to", type=int, default=SIZES[1])
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    ROWS.parent.mkdir(exist_ok=True)
    for name, begin in (("sqlite", begin_sqlite), ("postgres", begin_postgres)):
        if options.engine in (None, name):
            shutil.rmtree(FOLDER / name, ignore_errors=True)
            (FOLDER / name).mkdir(parents=True)
            with ExitStack() as stack:
                grow(begin(stack), options.to)
    rows = json.loads(ROWS.read_text("utf-8"))
    sys.stdout.write(table(rows))
    if options.write_docs:
        PAGE.write_text(page(rows), "utf-8")
    return 0


# --- engines -----------------------------------------------------------------------------------------------------------


def begin_sqlite(stack: ExitStack) -> Engine:
    """Make a registry file."""
    path = FOLDER / "sqlite" / "registry.sqlite"
    store = stack.enter_context(SqliteStore.create(path))

    def sizes() -> tuple[int, int]:
        settle()
        with sqlite3.connect(path) as connection:
            try:
                found = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall())
            except sqlite3.OperationalError:  # built without it
                found = {}
        index = sum(
            size for name, size in found.items() if name in {"content", "holding", "sqlite_autoindex_content_1"}
        )
        return path.stat().st_size, index

    def settle() -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def held() -> int:
        return int(store._connection.execute("SELECT coalesce(max(number), 0) FROM content").fetchone()[0])  # noqa: SLF001 (as below)

    return Engine("sqlite", store, sizes, held, settle)


def begin_postgres(stack: ExitStack) -> Engine:
    """Start a server, or use the one given, and make a registry in it."""
    cluster = Cluster(None if os.environ.get("TRUEWARE_POSTGRES") else find_programs(), SERVER)
    stack.callback(cluster.close)
    store = stack.enter_context(PostgresStore.create(cluster.url()))

    def sizes() -> tuple[int, int]:
        rows = store._session.ask(  # noqa: SLF001 (the size of a database is no question of the port's)
            "SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = '{s}' AND c.relkind = 'r'"
        )
        found = {name: int(size) for name, size in rows}
        return sum(found.values()), found["content"] + found["holding"]

    def settle() -> None:
        for statement in ("VACUUM (ANALYZE) {s}.content, {s}.holding, {s}.release", "CHECKPOINT"):
            store._session.say(statement)  # noqa: SLF001 (as above)

    def held() -> int:
        return int(store._session.ask("SELECT coalesce(max(content), 0) FROM {s}.holding")[0][0])  # noqa: SLF001 (as above)

    return Engine("postgres", store, sizes, held, settle)


# --- what is registered ------------------------------------------------------------------------------------------------


def digests_of(product: int, version: int) -> list[bytes]:
    """Return the digests of the files of a version, in their order."""
    chance = random.Random(product)  # noqa: S311 (no secret)
    common = {min(POOL - 1, int(POOL ** chance.random())) for _ in range(COMMON)}
    found = [sha256(b"common %d" % number).digest() for number in sorted(common)]
    made = [0] * (FILES - len(found))
    for later in range(1, version + 1):
        for place in chance.sample(range(len(made)), round(FRESH * len(made))):
            made[place] = later
    found += [sha256(b"own %d %d %d" % (product, place, when)).digest() for place, when in enumerate(made)]
    return found


def tree_of(name: str, digests: list[bytes]) -> Part:
    """Return an image of files with these digests."""
    files = []
    for place, digest in enumerate(digests):
        size = 200 + int.from_bytes(digest[:2], "big") * 3
        files.append(
            Part(f"file-{place}", Kind.FILE, leaf_digest(Kind.FILE, digest, 0o755, 0, 0), size, digest, 0o755, 0, 0)
        )
    folders = []
    for start in range(0, len(files), IN_FOLDER):
        held = tuple(files[start : start + IN_FOLDER])
        tree = folder_digest(held, 0o755, 0, 0)
        folders.append(Part(f"folder-{start}", Kind.DIRECTORY, tree, mode=0o755, uid=0, gid=0, children=held))
    facts = (("root", "0755 0:0"),)
    tree = container_digest(Kind.FILE, tuple(folders), None, None, None, (), "squashfs", facts)
    digest = sha256(name.encode() + b"".join(digests)).digest()
    size = sum(part.size for part in files)
    return Part(name, Kind.FILE, tree, size, digest, format="squashfs", facts=facts, children=tuple(folders))


def release_of(product: int, version: int) -> Submission:
    """Return a release on its way into a store."""
    root = tree_of(f"image-{product}-{version}", digests_of(product, version))
    assert root.sha256 is not None
    said = Payload(
        f"Maker {product % 50}",
        f"Product {product}",
        str(version),
        Authority.GOLDEN_SAMPLE,
        root.sha256,
        root.tree,
        root.size,
    )
    return Submission(encode(said), 1_700_000_000 + product * 10 + version, root.name, None, root)


def releases() -> Iterator[Submission]:
    """Yield releases without end: products in turn, each with its versions."""
    product = 0
    while True:
        yield from (release_of(product, version) for version in range(VERSIONS))
        product += 1


# --- measuring ---------------------------------------------------------------------------------------------------------


def grow(engine: Engine, most: int) -> None:
    """Fill a store, and measure it at each size up to `most`."""
    coming, given = releases(), 0
    for size in (each for each in SIZES if each <= most):
        spent, start, before = 0.0, given, engine.store.statistics().contents
        while engine.contents() < size:
            some = [next(coming) for _ in range(TOGETHER)]
            began = time.monotonic()
            engine.store.add_releases(some)
            spent += time.monotonic() - began
            given += len(some)
            sys.stderr.write(f"\r{engine.name}: {given:,} releases, {given * FILES / max(spent, 0.01):,.0f} ")
        held = engine.store.statistics().contents
        sys.stderr.write(f"\r{engine.name}: {given:,} releases, {held:,} digests\n")
        measured = {"import": (given - start) * (FILES + 1) / spent}
        began = time.monotonic()
        engine.settle()
        sys.stderr.write(f"{engine.name}: settled in {time.monotonic() - began:.1f} s; {held - before:,} new\n")
        whole, index = engine.sizes()
        measured |= {"bytes": whole / held, "index": index / held, "holdings": given * (FILES + 1) / held}
        measured |= ask(engine.store, given // VERSIONS)
        measured["load"] = os.getloadavg()[0]
        some = [next(coming) for _ in range(PUBLISHED)]
        began = time.monotonic()
        for each in some:
            engine.store.add_releases([each])
        measured["publish"] = PUBLISHED / (time.monotonic() - began)
        given += PUBLISHED
        remember(engine.name, size, measured)


def ask(store: RegistryStore, products: int) -> dict[str, float]:
    """Return what answers cost."""
    chance = random.Random(5)  # noqa: S311 (no secret)
    times: dict[str, list[float]] = {"lookup": [], "exact": [], "nearest": []}
    for _ in range(ASKED):
        product, version = chance.randrange(products), chance.randrange(VERSIONS)
        digests = digests_of(product, version)
        began = time.monotonic()
        found = store.count_products(digests)
        times["lookup"].append(time.monotonic() - began)
        assert len(found) == len(set(digests))
        changed = [bytes(32 - 4) + place.to_bytes(4, "big") if place % (FILES // CHANGED) == 7 else digest
                   for place, digest in enumerate(digests)]  # fmt: skip
        sizes = contents(tree_of("suspect", changed))
        began = time.monotonic()
        nearest = store.find_sharing(sizes, 8)
        times["nearest"].append(time.monotonic() - began)
        first = nearest.releases[0][0]
        assert (first.product, first.version) == (f"Product {product}", str(version)), (first.product, product)
    for _ in range(EXACT):
        product, version = chance.randrange(products), chance.randrange(VERSIONS)
        wanted = release_of(product, version)
        assert wanted.manifest is not None
        assert wanted.manifest.sha256 is not None
        began = time.monotonic()
        (exact,) = store.find_by_sha256(wanted.manifest.sha256)
        times["exact"].append(time.monotonic() - began)
        assert exact.id == identify(wanted.payload)
    middle = {name: statistics.median(each) for name, each in times.items()}
    return {"lookup": FILES / middle["lookup"], "exact": 1000 * middle["exact"], "nearest": 1000 * middle["nearest"]}


# --- telling -----------------------------------------------------------------------------------------------------------


def remember(engine: str, size: int, measured: dict[str, float]) -> None:
    """Write the figures of one size, in the place of earlier ones."""
    rows: list[Row] = json.loads(ROWS.read_text("utf-8")) if ROWS.exists() else []
    kept = {row["name"]: row for row in rows}
    for measure, value in measured.items():
        unit = MEASURES[measure][0] if measure in MEASURES else "holdings/digest"
        target = AT_MOST.get(measure, AT_LEAST.get(measure))
        met = None if target is None else value <= target if measure in AT_MOST else value >= target
        name = f"{engine} {size} {measure}"
        kept[name] = Row(name=name, value=round(value, 3), unit=unit, target=target, met=met)
    ROWS.write_text(json.dumps(list(kept.values()), indent=2) + "\n", "utf-8")


def table(rows: list[Row]) -> str:
    """Return the table: what, at which size, in which engine."""
    values = {row["name"]: row for row in rows}
    sizes = [size for size in SIZES if any(f" {size} " in name for name in values)]
    lines = [
        "| | | " + " | ".join(f"{size:,}" for size in sizes) + " | for each tenfold | target |",
        "|---|---|" + "---:|" * (len(sizes) + 2),
    ]
    for measure, (unit, words) in MEASURES.items():
        for engine in ("sqlite", "postgres"):
            found = [values.get(f"{engine} {size} {measure}") for size in sizes]
            told = [number(row["value"]) if row is not None and row["value"] is not None else "" for row in found]
            target, least = AT_MOST.get(measure), AT_LEAST.get(measure)
            if target is None and least is None:
                lines.append(f"| {words} ({unit}) | {engine} | {' | '.join(told)} | | |")
                continue
            aim = f"at most {number(target)}" if target is not None else f"at least {number(least)}"
            missed = any(row is not None and row["met"] is False for row in found)
            growth = tenfold(values, engine, measure)
            lines.append(
                f"| {words} ({unit}) | {engine} | {' | '.join(told)} | {f'{growth:.2f} times' if growth else ''} "
                f"| {aim}: {'missed' if missed else 'met'} |"
            )
    return "\n".join(lines) + "\n"


def tenfold(values: dict[str, Row], engine: str, measure: str) -> float | None:
    """Return by what a figure is multiplied when the registry grows tenfold, from the smallest size to the largest measured."""
    found = [(size, row["value"]) for size in SIZES if (row := values.get(f"{engine} {size} {measure}")) is not None]
    if len(found) < 2 or not found[0][1] or not found[-1][1]:
        return None
    steps = math.log10(found[-1][0] / found[0][0])
    return float((found[-1][1] / found[0][1]) ** (1 / steps))


def number(value: float | None) -> str:
    """Return a figure as the table has it."""
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def page(rows: list[Row]) -> str:
    """Return docs/scale.md."""
    values = {row["name"]: row for row in rows}
    told = []
    for engine in ("sqlite", "postgres"):
        largest = max((size for size in SIZES if f"{engine} {size} bytes" in values), default=0)
        if not largest:
            continue
        at = {name: values[f"{engine} {largest} {name}"]["value"] or 0.0 for name in (*MEASURES, "holdings")}
        steps = math.log10(10**9 / largest)
        nearest = at["nearest"] * (tenfold(values, engine, "nearest") or 1) ** steps
        lookup = at["lookup"] * (tenfold(values, engine, "lookup") or 1) ** steps
        told.append(
            f"- **{engine}** (from {largest:,}): {at['bytes'] / 1e3:.2f} TB on disk, of which {at['index'] / 1e3:.2f} TB are "
            f"what digests are found by; the curve gives {number(lookup)} digests looked up in a second and {number(nearest)} ms "
            "for the nearest releases, while what is asked for is in memory."
        )
    return PAGE_TEXT.format(table=table(rows), told="\n".join(told), holdings=number(_holdings(values)))


def _holdings(values: dict[str, Row]) -> float:
    return max((row["value"] or 0.0 for name, row in values.items() if name.endswith("holdings")), default=0.0)


PAGE_TEXT = """# What a large registry costs

Made by `make scale`; 10,000,000 digests by `make scale TO=10000000`.

A made registry: products of five versions each, an image of 2,000 files, of which a tenth is shipped by many products and of the
others a third is new in each version, so that a digest is held by {holdings} releases in the mean. Both engines are given the
same. Client and server share a machine of two cores with others who use it: the last lines say how many processes wanted them.
With ten there, times were two to eight times what they were with few, most where a client and a server wait for each other; sizes are
not touched by it. PostgreSQL has 2 GB of shared buffers and its own settings otherwise; every commit is on disk when it returns.
Sizes are without write-ahead logs and without kept contents.

{table}
Growth is from the smallest size to the largest, and where the load was another, of little worth for times.

What a digest costs on disk does not depend on how many there are: it is its row, its place in the index, its holdings, and its
share of the manifests. SQLite stores a row of numbers in as many bytes as they need; PostgreSQL adds some 28 bytes to every row, and
keeps the rows of a table beside its index. What it gives for them is many writers and readers at once.

What the curve says for 10⁹ digests:

{told}

An extrapolation, not a measurement. Beyond memory, each digest that is not cached is a read from disk at a place of its own (in
PostgreSQL one page of the hash index and one of the table, in SQLite the lower pages of two B-trees): an image of 2,000 files then
takes 4,000 reads, some 0.4 s of an NVMe disk and half a minute of a turning one. Writing meets it too, since every content of a
release is counted. Such a registry wants memory for its indexes or a fast disk, and its tables partitioned by digest.
"""

if __name__ == "__main__":
    sys.exit(main())
