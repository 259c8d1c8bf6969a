"""A device tree blob, shown as Linux shows it under ``/proc/device-tree``: a folder for a node, a file for a property.

The layout is that of `trueware.formats.devicetree`. The order of nodes decides the order in which a kernel finds
devices, so a digest of it is a fact.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.devicetree import MAGIC, Header, Tree, read_tree, spell
from trueware.model.limits import Limits
from trueware.model.part import Kind


class Dtb:
    """A flattened device tree."""

    name: ClassVar[str] = "dtb"
    doc: ClassVar[FormatDoc] = FormatDoc("device tree blob", references=("Devicetree Specification v0.4",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        try:
            Header.of(view, "dtb")
        except MalformedInput:
            return False
        return True

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (bounded by the walk's own ceilings)
        reading = Reading()
        tree = read_tree(view, reading, "dtb")
        reading.end = tree.header.total
        reading.facts["order"] = tree.order()
        for name in ("model", "compatible"):
            if (value := tree.value("", name)) is not None:
                reading.facts[name] = spell(value)
        reading.entries = _entries(tree, reading)
        return reading


def _entries(tree: Tree, reading: Reading) -> Iterator[Entry]:
    for path, node in tree.nodes.items():
        if path:
            yield Entry(path, Kind.DIRECTORY)
        for name, (start, end) in node.properties.items():
            full = f"{path}/{name}" if path else name
            if "/" in name or full in tree.nodes:
                reading.note_anomaly("hostile-name", f"property {name!r} of {path!r}", start)
            yield Entry(full, Kind.FILE, Held(tree.view[start:end]), end - start, offset=start)
