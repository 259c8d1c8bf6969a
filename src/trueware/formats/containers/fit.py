"""FIT, U-Boot's flattened image tree: images and configurations in a device tree, with hashes and signatures.

::

    /                     description, timestamp, #address-cells
    ├── images
    │   └── kernel-1      data | data-offset + data-size | data-position + data-size; type, arch, os, compression, …
    │       ├── hash-1        algo, value
    │       └── signature-1   algo, key-name-hint, value
    └── configurations    default
        └── conf-1        kernel, fdt, ramdisk, loadables, …
            └── signature-1

``data-offset`` counts from the end of the tree, rounded up to four bytes, ``data-position`` from the start of the file.
Source: Flat Image Tree specification v0.8; u-boot ``doc/usage/fit/source_file_format.rst``. Hashes are verified here,
signatures are not: that takes a key.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.devicetree import MAGIC, Node, Tree, has_node, read_tree, spell
from trueware.model.limits import Limits
from trueware.model.part import Kind

_DIGESTS = ("md5", "sha1", "sha256", "sha384", "sha512")
_MAX_FACT = 1024
"""Bytes of a property told as a fact; a longer one is a region."""

_PLACE = ("data", "data-offset", "data-position", "data-size")


class Fit:
    """A flattened image tree."""

    name: ClassVar[str] = "fit"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "flattened image tree (FIT)",
        "U-Boot",
        ("Flat Image Tree specification v0.8",),
        ("signatures are not verified here",),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return has_node(view, "images")

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (bounded by the walk's own ceilings)
        reading = Reading()
        tree = read_tree(view, reading, "fit")
        images = tree.nodes.get("images")
        if images is None:
            raise MalformedInput("fit", tree.header.structure, "no node called images")
        reading.end = tree.header.total
        reading.facts["order"] = tree.order()
        digests = _Digests(8 * len(view))
        entries: list[Entry] = []
        for path in images.children:
            entries += _image(tree, tree.nodes[path], digests, reading)
        _note_overlaps(entries, reading)
        entries += _properties(tree, images.children, reading)
        _cover_leftovers(tree, reading)
        reading.entries = entries
        return reading


class _Digests:
    """Makes digests of images, each once, up to a number of bytes that no honest image reaches."""

    def __init__(self, budget: int) -> None:
        self._budget = budget

    def of(self, data: memoryview) -> Callable[[str], bytes | None]:
        """Return a function from an algorithm's name to the digest of `data`, None for one that cannot be made."""
        known: dict[str, bytes | None] = {}

        def digest(algo: str) -> bytes | None:
            if algo not in known:
                known[algo] = self._make(algo, data)
            return known[algo]

        return digest

    def _make(self, algo: str, data: memoryview) -> bytes | None:
        if (algo != "crc32" and algo not in _DIGESTS) or len(data) > self._budget:
            return None
        self._budget -= len(data)
        if algo == "crc32":
            return crc32(data).to_bytes(4, "big")
        return hashlib.new(algo, data, usedforsecurity=False).digest()


def _image(tree: Tree, node: Node, digests: _Digests, reading: Reading) -> Iterator[Entry]:
    """Yield an image with what is said of it as facts, and what is too long for a fact as regions of their own."""
    name = node.path.removeprefix("images/")
    start, end = _place(tree, node, reading)
    data = tree.view[start:end]
    digest = digests.of(data)
    facts: list[tuple[str, str]] = []
    for child in _below(tree, node):
        prefix = child.path[len(node.path) + 1 :]
        checked = _is_hash(prefix) and _check_hash(tree, child, digest, name, reading)
        if prefix.startswith("signature"):
            reading.notes[f"{name}/{prefix}"] = "not verified here"
        for key, (first, last) in child.properties.items():
            if (not prefix and key in _PLACE) or (checked and key == "value"):
                continue
            where = f"{prefix}/{key}" if prefix else key
            if last - first > _MAX_FACT:
                value = tree.view[first:last]
                yield Entry(f"{name}/{where}", Kind.REGION, Held(value), len(value), offset=first)
            else:
                facts.append((where, spell(tree.view[first:last])))
    if not any(key in node.properties for key in _PLACE):
        facts.append(("data", "nowhere"))
    reading.end = max(reading.end or 0, end)
    yield Entry(name, Kind.REGION, Held(data), len(data), offset=start, facts=tuple(sorted(facts)))


def _place(tree: Tree, node: Node, reading: Reading) -> tuple[int, int]:
    """Return where the data of an image lies; nowhere is an empty range at the start of the tree's structure."""
    inside = node.properties.get("data")
    stated = [key for key in ("data-offset", "data-position") if key in node.properties]
    if len(stated) + (inside is not None) > 1:
        reading.note_anomaly(
            "contradiction", f"{node.path} says in several ways where its data is", tree.header.structure
        )
    if inside is not None:
        return inside
    if not stated:
        return tree.header.structure, tree.header.structure
    at, size = _number(tree, node, stated[-1]), _number(tree, node, "data-size")
    if stated[-1] == "data-offset":
        at += tree.header.total + 3 & ~3
    if at < tree.header.total:
        reading.note_anomaly("overlap", f"the data of {node.path} at {at:#x} lies within the tree", at)
    end = min(at + size, len(tree.view))
    if at + size > end:
        reading.note_anomaly("truncated", f"{node.path} has {size} bytes at {at:#x}, the input ends at {end:#x}", end)
    return min(at, end), end


def _number(tree: Tree, node: Node, name: str) -> int:
    value = tree.value(node.path, name)
    if value is None or len(value) not in (4, 8):
        raise MalformedInput("fit", tree.header.structure, f"{name} of {node.path} is missing or no number")
    return int.from_bytes(value, "big")


def _below(tree: Tree, node: Node) -> Iterator[Node]:
    """Yield the node and all below it, parents first."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack += [tree.nodes[path] for path in reversed(node.children)]


def _is_hash(name: str) -> bool:
    return name.startswith("hash") and "/" not in name


def _check_hash(tree: Tree, node: Node, digest: Callable[[str], bytes | None], image: str, reading: Reading) -> bool:
    """Verify one hash node; returns whether its value is nothing but the digest of the data."""
    value = tree.value(node.path, "value")
    name = bytes(tree.value(node.path, "algo") or b"").rstrip(b"\0").decode("ascii", "replace")
    found = digest(name)
    if value is None or found is None:
        detail = f"{node.path} is made with {name or 'nothing named'}, or states no value"
        reading.note_anomaly("checksum-unchecked", detail, path=image)
        return False
    if value != found:
        detail = f"the {name} of {image} is {found.hex()}, stated {value.hex()}"
        reading.note_anomaly("checksum-mismatch", detail, node.properties["value"][0], image)
    return value == found


def _cover_leftovers(tree: Tree, reading: Reading) -> None:
    """Account for what ``mkimage -E`` leaves behind: the name of the property it takes out, and up to three stale bytes."""
    start, end, total = tree.header.strings, tree.header.strings_end, tree.header.total
    strings = b"\0" + bytes(tree.view[start:end])
    if (at := strings.find(b"\0data\0")) >= 0:
        reading.cover(start + at, start + at + len(b"data\0"))
    if 0 < total - end < 4 and any(tree.view[end:total]):
        reading.cover(end, total)
        reading.notes["alignment"] = tree.view[end:total].hex()


def _note_overlaps(entries: list[Entry], reading: Reading) -> None:
    reach, before = 0, ""
    for entry in sorted((entry for entry in entries if entry.size), key=lambda entry: entry.offset or 0):
        start = entry.offset or 0
        if start < reach:
            reading.note_anomaly("overlap", f"{before} and {entry.path} share bytes", start, entry.path)
        if start + entry.size > reach:
            reach, before = start + entry.size, entry.path


def _properties(tree: Tree, images: list[str], reading: Reading) -> Iterator[Entry]:
    """Put the properties of everything but the images into facts, too long ones into regions."""
    told = {node.path for path in images for node in _below(tree, tree.nodes[path])}
    for path, node in tree.nodes.items():
        if path in told:
            continue
        if path.rpartition("/")[2].startswith("signature"):
            reading.notes[path] = "not verified here"
        if not node.properties and not node.children:
            reading.facts[f"{path}/"] = ""
        for name, (start, end) in node.properties.items():
            where = f"{path}/{name}" if path else name
            if where == "timestamp":
                reading.notes["timestamp"] = spell(tree.view[start:end])
            elif end - start > _MAX_FACT:
                yield Entry(f"/{where}", Kind.REGION, Held(tree.view[start:end]), end - start, offset=start)
            else:
                reading.facts[where] = spell(tree.view[start:end])
