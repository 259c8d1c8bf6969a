"""What a release can be found by besides its digest: its contents, its subtrees, its claims. One definition for every store.

Contents are weighted so that what everybody ships says little, and only the rarest of them are followed to the releases that
hold them: the work of a search has a ceiling however many builds of one product are registered.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trueware.appraisal.similarity import weigh
from trueware.model.claim import BOOT_HASH, BOOT_KEY, Claim
from trueware.model.part import Kind, Part

LEAST_LEAVES = 4
"""Leaves that make a folder or container worth finding by its own Merkle digest; smaller ones are everywhere."""

MAX_POSTINGS = 100_000
"""Pairs of content and release that one search follows."""

MAX_CLAIMS = 64
"""Claims of an artefact that one search follows."""

_IDENTIFYING = frozenset({"product", "version", "build", "board", "package", "fingerprint", BOOT_KEY, BOOT_HASH})
_LONGEST_VALUE = 256
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Spread:
    """How widely one content is shipped."""

    products: int
    releases: int


def contents(root: Part) -> dict[bytes, int]:
    """Return the size of every content in the tree by SHA-256, containers included; what is empty or padding is left out."""
    sizes: dict[bytes, int] = {}
    seen: set[int] = set()
    stack: list[tuple[Part, ...]] = [(root,)]
    while stack:
        for part in stack.pop():
            if part.sha256 is not None and part.has_content and part.kind is not Kind.PADDING:
                sizes[part.sha256] = min(part.size, _LARGEST)
            if part.children and id(part) not in seen:  # hard links share theirs, and would multiply otherwise
                seen.add(id(part))
                stack.append(part.children)
    return sizes


def subtrees(root: Part) -> set[bytes]:
    """Return the Merkle digests a release is found by: the root's, and those of folders and containers of some size."""
    order = list(_distinct(root))
    leaves: dict[int, int] = {}
    for part in reversed(order):  # children come after their parents, so every child is counted by now
        leaves[id(part)] = sum(leaves[id(child)] for child in part.children) if part.children else 1
    return {root.tree} | {part.tree for part in order if part.children and leaves[id(part)] >= LEAST_LEAVES}


def claim_keys(claims: Iterable[Claim]) -> list[tuple[str, str]]:
    """Return (name, folded value) of the claims that tell products and versions apart, at most `MAX_CLAIMS`, sorted."""
    keys = {
        (c.name, c.value.casefold()) for c in claims if c.name in _IDENTIFYING and 0 < len(c.value) <= _LONGEST_VALUE
    }
    return sorted(key for key in keys if key[1].isprintable())[:MAX_CLAIMS]


def weigh_rarest(sizes: Mapping[bytes, int], spread: Mapping[bytes, Spread]) -> dict[bytes, float]:
    """Return the weights of the contents to follow: the rarest first, until `MAX_POSTINGS` releases would be touched."""
    weights = weigh({digest: sizes[digest] for digest in spread}, {digest: s.products for digest, s in spread.items()})
    chosen: dict[bytes, float] = {}
    postings = 0
    for releases, digest in sorted((each.releases, digest) for digest, each in spread.items()):
        postings += releases
        if postings > MAX_POSTINGS and chosen:
            break
        chosen[digest] = weights[digest]
    return chosen


def _distinct(root: Part) -> Iterable[Part]:
    """Yield every part object once, each after all its parents: hard links share theirs, and would multiply otherwise."""
    waiting: dict[int, int] = {}
    seen = {id(root)}
    stack = [root]
    while stack:  # how many parents lead to each
        for child in stack.pop().children:
            waiting[id(child)] = waiting.get(id(child), 0) + 1
            if id(child) not in seen:
                seen.add(id(child))
                stack.append(child)
    stack = [root]
    while stack:
        part = stack.pop()
        yield part
        for child in part.children:
            waiting[id(child)] -= 1
            if not waiting[id(child)]:
                stack.append(child)
