"""Finds the vector folders `tests/vectors/<format>/<case>` and reads them."""

import gzip
import json
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "vectors"


def read_input(folder: Path) -> bytes:
    """Return the bytes of the case in `folder`, however they are stored."""
    for name, unpack in (("input.bin", bytes), ("input.bin.gz", gzip.decompress), ("input.bin.xz", lzma.decompress)):
        if (folder / name).exists():
            return unpack((folder / name).read_bytes())
    raise FileNotFoundError(folder / "input.bin")


@dataclass(frozen=True, slots=True)
class Vector:
    """One case of one format."""

    folder: Path

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def data(self) -> bytes:
        return read_input(self.folder)

    @property
    def expected(self) -> dict[str, Any]:
        expected: dict[str, Any] = json.loads((self.folder / "expected.json").read_text("utf-8"))
        return expected


VECTORS = tuple(Vector(path.parent) for path in sorted(FOLDER.glob("*/*/expected.json")))
