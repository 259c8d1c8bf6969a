"""Imports a made RDS of NSRL's third version, and prints what it took: `python bench/import_nsrl.py [FILES] [PACKAGES]`.

The database has the published schema and rows in the order of their digests, as NIST's have: sorting them by package is part of
what is measured. Peak memory is that of the importing process alone, which begins anew after the database was made.
"""

import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

SCHEMA = """
CREATE TABLE FILE (sha256 VARCHAR NOT NULL, sha1 VARCHAR NOT NULL, md5 VARCHAR NOT NULL, crc32 VARCHAR NOT NULL,
  file_name VARCHAR NOT NULL, file_size INTEGER NOT NULL, package_id INTEGER NOT NULL,
  CONSTRAINT PK_FILE__FILE PRIMARY KEY (sha256, sha1, md5, crc32, file_name, file_size, package_id));
CREATE TABLE MFG (manufacturer_id INTEGER NOT NULL, name VARCHAR NOT NULL);
CREATE TABLE OS (operating_system_id INTEGER NOT NULL, name VARCHAR NOT NULL, version VARCHAR NOT NULL,
  manufacturer_id INTEGER NOT NULL);
CREATE TABLE PKG (package_id INTEGER NOT NULL, name VARCHAR NOT NULL, version VARCHAR NOT NULL,
  operating_system_id INTEGER NOT NULL, manufacturer_id INTEGER NOT NULL, language VARCHAR NOT NULL,
  application_type VARCHAR NOT NULL);
CREATE TABLE VERSION (version VARCHAR UNIQUE NOT NULL, build_set VARCHAR NOT NULL, build_date TIMESTAMP,
  release_date TIMESTAMP, description VARCHAR);
"""


def make(path: Path, files: int, packages: int) -> None:
    """Make the database."""
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    connection.execute("INSERT INTO VERSION VALUES ('2026.09.1', 'made', '', '', '')")
    connection.executemany("INSERT INTO MFG VALUES (?, ?)", ((n, f"Maker {n}") for n in range(100)))
    connection.execute("INSERT INTO OS VALUES (1, 'TBD', 'none', 1)")
    connection.executemany(
        "INSERT INTO PKG VALUES (?, ?, ?, 1, ?, 'English', 'Utility')",
        ((n, f"Package {n}", f"{n % 9}.{n % 7}", n % 100) for n in range(packages)),
    )
    digests = (sha256(b"%d" % n).hexdigest().upper() for n in range(files))
    rows = (
        (digest, digest[:40], digest[:32], digest[:8], f"file{n % 5000}.dll", 1000 + n % 100_000, n % packages)
        for n, digest in enumerate(digests)
    )
    connection.executemany("INSERT INTO FILE VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()


def measure(path: Path, files: int, only_read: bool) -> None:  # noqa: FBT001
    """Import the database and print the figures."""
    from trueware.referencing import Wish, import_document  # noqa: PLC0415 (what is measured begins here)
    from trueware.sources.mirrors import FolderMirror  # noqa: PLC0415
    from trueware.storage.sqlite import SqliteStore  # noqa: PLC0415

    start, worked = time.perf_counter(), time.process_time()
    if only_read:
        from trueware.importing import load  # noqa: PLC0415
        from trueware.importing.contract import Context, Document  # noqa: PLC0415
        from trueware.sources.nsrl import open_tables  # noqa: PLC0415

        mirror = FolderMirror(path.parent)
        document = Document(path.name, b"SQLite format 3\0", mirror)
        context = Context(1, tables=lambda name: open_tables(mirror, name))
        added = sum(1 for _ in load("nsrl").read(document, context))
    else:
        with SqliteStore.create(path.with_suffix(".registry")) as store:
            added = import_document(store, path, Wish(), 1).added
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = "read" if only_read else "imported"
    print(f"{what} {added:,} packages, {files:,} files: {seconds:.1f} s ({worked:.1f} s of one core), ", end="")
    print(f"{files / worked:,.0f} files for each second of it, peak {peak:.0f} MiB")


def main() -> None:
    """Make a database and import it, each in a process of its own."""
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "read")
        return
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    packages = int(sys.argv[2]) if len(sys.argv) > 2 else max(1, files // 500)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rds.db"
        make(path, files, packages)
        print(f"made {path.stat().st_size / 1e6:.0f} MB")
        for what in ("read", "store"):
            subprocess.run([sys.executable, __file__, "--measure", str(path), str(files), what], check=True)


if __name__ == "__main__":
    main()
