"""Finds the vector folders `tests/vectors/<format>/<case>` and reads them."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "vectors"


@dataclass(frozen=True, slots=True)
class Vector:
    """One case of one format."""

    folder: Path

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def data(self) -> bytes:
        plain = self.folder / "input.bin"
        return plain.read_bytes() if plain.exists() else gzip.decompress((self.folder / "input.bin.gz").read_bytes())

    @property
    def expected(self) -> dict[str, Any]:
        expected: dict[str, Any] = json.loads((self.folder / "expected.json").read_text("utf-8"))
        return expected


VECTORS = tuple(Vector(path.parent) for path in sorted(FOLDER.glob("*/*/expected.json")))
