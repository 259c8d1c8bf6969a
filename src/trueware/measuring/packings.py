"""Contents known by how they lie packed, so that what a release has need not be unpacked to be measured.

What measuring gave for a content is a digest and a length, and for one in which a format found more, the parts below, which stand
in the manifest of its release. Contents about which something else was noticed or kept are not recorded: they are read each time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from trueware.formats.contract import Content, Packed
from trueware.measuring.node import Node
from trueware.model.part import Part

OPENED = 1 << 63
"""Added to the length of a content in which a format found more."""

Listed = Mapping[bytes, tuple[bytes, int]]
"""By packing: SHA-256 of the content, and its length or `OPENED` and its length."""

Answer = tuple[bytes, int, Part | None]
"""SHA-256 and length of a content, and a part of these bytes where a format found more in them."""

Known = Callable[[Sequence[bytes]], Mapping[bytes, Answer]]
"""Asked with the packings of one container: what is known of them."""

_PACKED = Packed.packing.__name__


class KnownList:
    """Answers from the list of one artefact and from its manifest, which is asked for only where it is needed."""

    def __init__(self, listed: Listed, manifest: Callable[[], Part | None]) -> None:
        self._listed, self._manifest = listed, manifest
        self._opened: dict[bytes, Part | None] | None = None

    def __len__(self) -> int:
        return len(self._listed)

    def __call__(self, packings: Sequence[bytes]) -> dict[bytes, Answer]:
        """Return what is known of these packings."""
        listed = self._listed
        answers: dict[bytes, Answer] = {}
        for packing in packings:
            if (found := listed.get(packing)) is None:
                continue
            digest, size = found
            if size < OPENED:
                answers[packing] = digest, size, None
            elif (part := self._part(digest)) is not None:
                answers[packing] = digest, size - OPENED, part
        return answers

    def _part(self, digest: bytes) -> Part | None:
        if self._opened is None:
            root = self._manifest()
            self._opened = {} if root is None else _opened(part for _, part in root.walk())
        return self._opened.get(digest)


def _opened(parts: Iterable[Part]) -> dict[bytes, Part | None]:
    """Return by SHA-256 the contents in which more was found; None where not the same was found each time."""
    opened: dict[bytes, Part | None] = {}
    for part in parts:
        if part.format is None or part.sha256 is None or not part.certain:
            continue
        other = opened.setdefault(part.sha256, part)
        if other is not part and (other is None or _inside(other) != _inside(part)):
            opened[part.sha256] = None
    return opened


def _inside(part: Part) -> object:
    return part.format, part.facts, part.notes, [(child.name, child.tree) for child in part.children]


class Packings:
    """The packings of one measurement: asks about them, or records them."""

    def __init__(self, known: Known | None, *, record: bool) -> None:
        self._known, self._records = known, record
        self.recorded: dict[bytes, tuple[bytes, int]] = {}

    def find(self, contents: Mapping[int, tuple[Node, Content]]) -> dict[int, Answer]:
        """Return what is known of contents; an answer of another length than stated is none."""
        if self._known is None:
            return {}
        packings = {
            index: packing for index, (_, content) in contents.items() if (packing := _packing(content)) is not None
        }
        if not packings:
            return {}
        known = self._known(list(packings.values()))
        answers = {}
        for index, packing in packings.items():
            node, content = contents[index]
            found = known.get(packing)
            if found is not None and found[1] == content.size and (found[2] is None or _is_bare(node)):
                answers[index] = found
        return answers

    def record(self, node: Node, content: Content) -> None:
        """Take down what `node`, which is settled, says of its content; nothing else may have been learnt from it."""
        if not self._records or node.sha256 is None or node.broken or (packing := _packing(content)) is None:
            return
        if node.format is None:
            self.recorded[packing] = node.sha256, node.size
        elif _is_bare(node):
            self.recorded[packing] = node.sha256, node.size + OPENED


def _is_bare(node: Node) -> bool:
    """Whether what a part says of itself comes from its content alone."""
    return not node.entry.facts and not node.entry.notes


def _packing(content: Content) -> bytes | None:
    # by name: a check against the protocol itself takes longer than all the rest
    packing: Callable[[], bytes | None] | None = getattr(content, _PACKED, None)
    return packing() if packing is not None and content.size else None
