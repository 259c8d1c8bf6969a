"""The labels of a folder of the corpus, for the tests and for bench/signature_table.py."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def labels(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield what is labelled in a folder and is there, with its label; nothing where there is no such folder."""
    listed = folder / "labels.jsonl"
    if listed.exists():
        for line in listed.read_text("utf-8").splitlines():
            label = json.loads(line)
            if (path := folder / label["file"]).exists():
                yield path, label


def count_labels(folder: Path) -> tuple[int, int]:
    """Return how many labels a folder has, and of how many of them the files are there."""
    listed = folder / "labels.jsonl"
    lines = listed.read_text("utf-8").splitlines() if listed.exists() else ()
    return len(lines), sum(1 for _ in labels(folder))
