"""Every vector of every format is measured as its `expected.json`, written from independent knowledge, says."""

from typing import Any

import pytest

from tests.conftest import Measure
from tests.promises.vectors import FOLDER, VECTORS, Vector
from trueware.cli.wire import part_value
from trueware.formats import BY_NAME, FORMATS
from trueware.model.part import Kind

by_name = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


@by_name
def test_vector_is_measured_as_expected(vector: Vector, measure_bytes: Measure) -> None:
    """Format, facts, findings and every part are those of the vector."""
    expected = vector.expected
    measurement = measure_bytes(vector.data)

    findings = sorted({finding.rule for finding in measurement.findings})
    assert findings == sorted(expected["findings"])
    if expected["outcome"] == "refused":
        assert measurement.root.format != expected["format"]
        return
    assert measurement.root.format == expected["format"]
    parts = {path: part for path, part in measurement.root.walk() if path and part.kind is not Kind.PADDING}
    assert sorted(parts) == sorted(expected["parts"])
    for path, stated in expected["parts"].items():
        assert _project(part_value(parts[path]), stated) == stated, path
    if "facts" in expected:
        assert dict(measurement.root.facts) == expected["facts"]


def _project(value: dict[str, Any], stated: dict[str, Any]) -> dict[str, Any]:
    return {key: value.get(key) for key in stated}


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_format_has_vectors(format_: Any) -> None:
    """A format is finished when it has a genuine, a damaged and a malformed vector."""
    vectors = [vector.expected for vector in VECTORS if vector.expected["format"] == format_.name]

    read = [each for each in vectors if each["outcome"] == "read"]
    assert any(each["parts"] or each.get("leaf") for each in read), "no vector that reads"
    assert any(set(each["findings"]) for each in vectors), "no vector that is damaged"


def test_vectors_belong_to_formats() -> None:
    """No vector speaks of a format that does not exist."""
    assert {vector.expected["format"] for vector in VECTORS} <= set(BY_NAME)


def test_vectors_are_small_and_explained() -> None:
    """Each case says in words what it is, and the repository stays small."""
    for vector in VECTORS:
        assert len((vector.folder / "README.md").read_text("utf-8")) > 20
    sizes = {file: file.stat().st_size for file in FOLDER.rglob("input.bin*")}
    signed = sum(size for file, size in sizes.items() if "signatures" in file.parts)
    assert sum(sizes.values()) - signed < 4_000_000
    assert signed < 1_250_000
