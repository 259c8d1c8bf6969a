"""The bytes of measured files, had again by their digests: what a change does is told from them, once it is known what changed.

Nothing is kept for it but where each content was found. Contents that lie in the artefact or in a container that can be entered
anywhere are unpacked once more; for those that passed by in a compressed stream, the stream passes once more. What is returned
has the digest that was asked for, or is not returned.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from operator import itemgetter
from typing import cast

from trueware.errors import InputError, LimitExceeded
from trueware.formats.contract import Buffer, Format, Passing, StreamFormat
from trueware.formats.stream import Stream
from trueware.measuring.budget import Budget
from trueware.measuring.node import Node, container_of
from trueware.measuring.sites import Views
from trueware.model.limits import Limits
from trueware.model.part import Kind

_LEAVES = (Kind.FILE, Kind.REGION, Kind.GAP)


class Contents:
    """Where the contents of one artefact are. Valid as long as its file is there; one thread at a time."""

    def __init__(
        self, root: Node, views: Views, formats: Iterable[type[Format]], limits: Limits, budget: Budget
    ) -> None:
        self._views, self._limits, self._budget = views, limits, budget
        self._formats = formats
        self._nodes: dict[bytes, Node] = {}
        stack = [root]
        while stack:
            node = stack.pop()
            if node.sha256 is not None and node.entry.kind in _LEAVES:
                self._nodes.setdefault(node.sha256, node)
            stack.extend(node.below())

    def fetch(self, digests: Iterable[bytes], most: int, altogether: int) -> Mapping[bytes, bytes | InputError]:
        """Return the contents of these SHA-256 digests, or why one cannot be had; those that the artefact has not are left out.

        Args:
            digests: what is wanted, in any order.
            most: bytes of one content that are wanted at most; a larger one is an error.
            altogether: bytes of all of them; what comes after is an error.
        """
        wanted: list[bytes] = []
        refused: dict[bytes, bytes | InputError] = {}
        for digest in dict.fromkeys(digests):
            size = self._nodes[digest].size if digest in self._nodes else 0
            if size <= most and size > altogether:
                refused[digest] = LimitExceeded("max_explained", altogether, "other changed files took what there was")
                continue
            wanted.append(digest)
            altogether -= size if size <= most else 0
        return {**dict(self.each(wanted, most)), **refused}

    def each(self, digests: Iterable[bytes], most: int) -> Iterator[tuple[bytes, bytes | InputError]]:
        """Yield what `fetch` returns one by one, so that they are never all in memory; in an order of their own."""
        passing: dict[Node, dict[str, bytes]] = {}
        at_hand: list[tuple[int, bytes, Node]] = []
        for digest in dict.fromkeys(digests):
            node = self._nodes.get(digest)
            if node is None:
                continue
            content = node.entry.content
            if node.size > most:
                yield digest, LimitExceeded("max_explained_file", most, f"it has {node.size} bytes")
            elif isinstance(content, Passing):
                passing.setdefault(container_of(node), {})[node.entry.path] = digest
            else:
                at_hand.append((content.group if content is not None else -1, digest, node))
        for _, digest, node in sorted(at_hand, key=itemgetter(0)):
            yield digest, self._whole(self._views.chunks(node), digest, most)
        for container, wanted in passing.items():
            try:
                yield from self._pass_again(container, wanted, most)
            except InputError as error:
                yield from ((digest, error) for digest in wanted.values())

    def _whole(self, chunks: Iterator[Buffer], digest: bytes, most: int) -> bytes | InputError:
        """Return all the bytes, if they are those of the digest."""
        held = bytearray()
        try:
            for chunk in chunks:
                held += chunk
                if len(held) > most:
                    return LimitExceeded("max_explained_file", most)
        except InputError as error:
            return error
        if sha256(held).digest() != digest:
            return InputError("its bytes are others than when it was measured")
        return bytes(held)

    def _pass_again(
        self, container: Node, wanted: dict[str, bytes], most: int
    ) -> Iterator[tuple[bytes, bytes | InputError]]:
        """Let the stream of `container` pass once more, and yield by digest what is wanted of it; what was had leaves `wanted`.

        Raises:
            InputError: it cannot be read again.
        """
        format_ = cast("type[StreamFormat]", next(each for each in self._formats if each.name == container.format))
        stream = Stream(self._seen_again(self._views.chunks(container)))
        for entry in format_.read_stream(stream, self._limits).entries:
            if entry.path in wanted and entry.content is not None:
                digest = wanted[entry.path]
                content = self._whole(entry.content.chunks(), digest, most)
                if isinstance(content, bytes):
                    del wanted[entry.path]
                    yield digest, content
            if not wanted:
                return
        for digest in wanted.values():
            yield digest, InputError("its bytes could not be read a second time")

    def _seen_again(self, chunks: Iterator[Buffer]) -> Iterator[Buffer]:
        for chunk in chunks:
            self._budget.see_again(len(chunk))
            yield chunk
