"""How much two trees share, weighted so that content everybody ships says little, and which parts of them to put side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

from trueware.model.part import Kind, Part

_CHAIN = 6
"""Nested containers tried on each side when looking for the parts that correspond."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The parts of a release and of an artefact that correspond."""

    expected: Part
    expected_path: str
    found: Part
    found_path: str
    shared: float
    """Weighted content in common, as a share of the union, 0 to 1."""

    contained: float
    """Weighted content in common, as a share of the release's part, 0 to 1."""


def leaf_sizes(part: Part) -> dict[bytes, int]:
    """Return the size of every leaf content below `part` by SHA-256; empty contents say nothing and are left out."""
    sizes: dict[bytes, int] = {}
    stack = [part]
    while stack:
        node = stack.pop()
        if node.children and (node.kind is Kind.DIRECTORY or node.certain or node.sha256 is None):
            stack.extend(node.children)
        elif node.sha256 is not None and node.size and node.kind is not Kind.PADDING:
            sizes[node.sha256] = node.size
        elif node.children:
            stack.extend(node.children)
    return sizes


def weigh(sizes: Mapping[bytes, int], products: Mapping[bytes, int]) -> dict[bytes, float]:
    """Return the weight of each content: the logarithm of its size, over the number of other products that ship it.

    Args:
        sizes: bytes by SHA-256.
        products: how many distinct products of the registry hold a content; a missing one counts as one.
    """
    return {digest: log2(size + 2) / max(1, products.get(digest, 1)) for digest, size in sizes.items()}


def overlap(expected: Mapping[bytes, float], found: Mapping[bytes, float]) -> tuple[float, float]:
    """Return the weight in common as a share of the union and as a share of `expected`."""
    common = sum(weight for digest, weight in expected.items() if digest in found)
    there = sum(expected.values())
    union = there + sum(weight for digest, weight in found.items() if digest not in expected)
    return (common / union if union else 0.0, common / there if there else 0.0)


def align(release: Part, artefact: Part, products: Mapping[bytes, int]) -> Alignment:
    """Return the parts to compare.

    Usually the whole of both. Where an image is compared with the contents of another one (a dump of one partition, a root file
    system of which the registry has the full image), the outermost pair that shares most.
    """
    if release.format == artefact.format and release.kind is artefact.kind:
        return _aligned(release, "", artefact, "", products)
    best: Alignment | None = None
    for expected_path, expected in _chain(release):
        for found_path, found in _chain(artefact):
            candidate = _aligned(expected, expected_path, found, found_path, products)
            if best is None or candidate.shared > best.shared + 1e-9:
                best = candidate
    assert best is not None  # noqa: S101 (each chain has its root)
    return best


def _aligned(
    expected: Part, expected_path: str, found: Part, found_path: str, products: Mapping[bytes, int]
) -> Alignment:
    shared, contained = overlap(weigh(leaf_sizes(expected), products), weigh(leaf_sizes(found), products))
    return Alignment(expected, expected_path, found, found_path, shared, contained)


def _chain(root: Part) -> list[tuple[str, Part]]:
    """Return the root and the containers that hold most of the content, outermost first."""
    chain = [("", root)]
    seen = 0
    for path, part in root.walk():
        if path and part.is_container and (part.kind is not Kind.FILE or part.size * 10 >= root.size):
            chain.append((path, part))
            seen += 1
            if seen >= _CHAIN * 4:
                break
    chain[1:] = sorted(chain[1:], key=lambda item: -sum(1 for _ in item[1].walk()))[:_CHAIN]
    return chain
