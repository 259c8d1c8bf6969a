"""How much two trees share, weighted so that content everybody ships says little, and which parts of them to put side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

from trueware.appraisal.wrapping import Wrapped, unwrap
from trueware.model.part import Kind, Part

_NEARLY_ALL = 0.98
"""Share of the most that any pair has in common; what is in two places may stand beside the part that corresponds."""

_FOLDERS = 3
"""Folders of a release tried for one that is an artefact by itself."""

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

    common: float
    """Weighted content in common."""

    covers: bool
    """Whether the artefact holds no other software than `found`: all around it is wrapping, padding, and files for people."""

    beside: tuple[str, ...] = ()
    """Paths of the files for people that lie around `found`; they belong to no release."""


def leaf_sizes(part: Part) -> dict[bytes, int]:
    """Return the size of every leaf content below `part` by SHA-256; empty contents say nothing and are left out."""
    sizes: dict[bytes, int] = {}
    stack = [part]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        whole = node.certain and (node.children or node.kind is Kind.DIRECTORY)
        if not whole and node.sha256 is not None and node.has_content and node.kind is not Kind.PADDING:
            sizes[node.sha256] = node.size
    return sizes


def weigh(sizes: Mapping[bytes, int], products: Mapping[bytes, int]) -> dict[bytes, float]:
    """Return the weight of each content: the logarithm of its size, over the number of other products that ship it.

    Args:
        sizes: bytes by SHA-256.
        products: how many distinct products of the registry hold a content; a missing one counts as one.
    """
    return {digest: log2(size + 2) / max(1, products.get(digest, 1)) for digest, size in sizes.items()}


def overlap(expected: Mapping[bytes, float], found: Mapping[bytes, float]) -> tuple[float, float, float]:
    """Return the weight in common, and the same as a share of the union and as a share of `expected`."""
    common = sum(weight for digest, weight in expected.items() if digest in found)
    there = sum(expected.values())
    union = there + sum(weight for digest, weight in found.items() if digest not in expected)
    return common, common / union if union else 0.0, common / there if there else 0.0


def align(release: Part, artefact: Part, products: Mapping[bytes, int]) -> Alignment:
    """Return the parts to compare.

    Usually the whole of both. Where an image is compared with the contents of another one (a dump of one partition, of a whole
    flash, a compressed image, a root file system of which the registry has the full image): of the pairs that have nearly all of
    what is in common, the one with the least beside it. An image that was only wrapped is compared as itself, and so is one that
    lies in a container of its own format that has no name of the release at the top.
    """
    wrapped = unwrap(artefact)
    if _same_shape(release, artefact) and release.kind is artefact.kind:
        alike = (each for each in wrapped if _same_shape(release, each.part) and _namesakes(release, each.part))
        here = next(alike, wrapped[0])
        beside_others = len(wrapped) == 1 and bool(release.children) and not _namesakes(release, artefact)
        if not beside_others:
            return _aligned(_Weighed.of("", release, products), _Weighed.of(here.path, here.part, products), here)
    places = dict(_chain(release))
    if artefact.kind is Kind.DIRECTORY:
        for each in (wrapped[0], wrapped[-1]):
            places.update(_folders_like(each.part, release))
    theirs = [_Weighed.of(path, part, products) for path, part in places.items()]
    ours = [(_Weighed.of(path, part, products), around) for path, part, around in _wrapped_chain(artefact, wrapped)]
    pairs = [_aligned(there, here, around) for there in theirs for here, around in ours]
    most = max(pair.common for pair in pairs)
    return max((pair for pair in pairs if pair.common >= _NEARLY_ALL * most), key=_closeness)


def _closeness(pair: Alignment) -> tuple[float, bool, int, bool]:
    shape = _same_shape(pair.expected, pair.found)
    return round(pair.shared, 6), shape, _namesakes(pair.expected, pair.found), pair.covers


def _same_shape(expected: Part, found: Part) -> bool:
    return expected.format == found.format and (expected.kind is Kind.DIRECTORY) == (found.kind is Kind.DIRECTORY)


def _namesakes(expected: Part, found: Part) -> int:
    """Return how many children have a name that one of the other has."""
    names = {child.name for child in expected.children}
    return sum(child.name in names for child in found.children)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A part with the weights of its contents, made once for all it is paired with."""

    path: str
    part: Part
    weights: Mapping[bytes, float]

    @classmethod
    def of(cls, path: str, part: Part, products: Mapping[bytes, int]) -> "_Weighed":
        return cls(path, part, weigh(leaf_sizes(part), products))


def _aligned(there: _Weighed, here: _Weighed, around: Wrapped | None) -> Alignment:
    """Return the pair; `around` is what is known of the wrapping, None where other software lies beside `here`."""
    common, shared, contained = overlap(there.weights, here.weights)
    beside = around.beside if around is not None else ()
    places = (there.part, there.path, here.part, here.path)
    return Alignment(*places, shared, contained, common, covers=around is not None, beside=beside)


def _wrapped_chain(root: Part, wrapped: tuple[Wrapped, ...]) -> list[tuple[str, Part, Wrapped | None]]:
    """Return the parts of an artefact that may correspond, each with its wrapping where nothing but that lies around it."""
    around = {each.path: each for each in wrapped}
    chain = [(path, part, around.get(path)) for path, part in _chain(root)]
    innermost = wrapped[-1]
    if all(path != innermost.path for path, _, _ in chain):
        chain.append((innermost.path, innermost.part, innermost))
    return chain


def _folders_like(folder: Part, release: Part) -> list[tuple[str, Part]]:
    """Return the folders of the release that a folder may be a copy of: those that share most names with it."""
    names = {child.name for child in folder.children}
    alike: list[tuple[int, str, Part]] = []
    for path, part in release.walk():
        if path and part.kind is Kind.DIRECTORY and (same := sum(child.name in names for child in part.children)):
            alike.append((same, path, part))
    alike.sort(key=lambda item: (-item[0], item[1]))
    return [(path, part) for _, path, part in alike[:_FOLDERS]]


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
