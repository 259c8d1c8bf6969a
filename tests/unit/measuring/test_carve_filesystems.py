"""File systems that begin somewhere in opaque bytes, as in the dump of a flash chip, are found and read."""

from pathlib import Path

import pytest
from tests.conftest import Measure
from tests.promises.vectors import FOLDER, Vector


@pytest.mark.parametrize("case", ["erofs/plain", "erofs/lz4", "cramfs/little", "cramfs/big", "romfs/sound"])
def test_file_system_is_found_where_it_begins(case: str, measure_bytes: Measure) -> None:
    """Behind a boot loader that no format claims, with all its parts."""
    vector = Vector(Path(FOLDER, case))
    loader = b"\x13\x37 some boot loader that nobody knows\xff" * 100
    root = measure_bytes(loader.ljust(8_192, b"\xff") + vector.data + b"\xff" * 4_096).root
    parts = dict(root.walk())
    name = f"{vector.expected['format']}-0"

    assert parts[name].format == vector.expected["format"]
    assert {f"{name}!/{path}" for path in vector.expected["parts"]} <= set(parts)
