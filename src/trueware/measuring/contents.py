"""The bytes of measured files, had again by their digests: what a change does is told from them, once it is known what changed.

Nothing is kept for it but where each content was found. Contents that lie in the artefact or in a container that can be entered
anywhere are unpacked once more; for those that passed by in a compressed stream, the stream passes once more. What is returned
has the digest that was asked for, or is not returned.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
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
        fetched: dict[bytes, bytes | InputError] = {}
        passing: dict[Node, dict[str, bytes]] = {}
        for digest in digests:
            node = self._nodes.get(digest)
            if node is None or digest in fetched:
                continue
            if node.size > most:
                fetched[digest] = LimitExceeded("max_explained_file", most, f"it has {node.size} bytes")
                continue
            if node.size > altogether:
                fetched[digest] = LimitExceeded("max_explained", altogether, "other changed files took what there was")
                continue
            altogether -= node.size
            if isinstance(node.entry.content, Passing):
                passing.setdefault(container_of(node), {})[node.entry.path] = digest
            else:
                fetched[digest] = self._whole(self._views.chunks(node), digest, most)
        for container, wanted in passing.items():
            try:
                fetched.update(self._pass_again(container, wanted, most))
            except InputError as error:
                fetched.update((digest, error) for digest in wanted.values() if digest not in fetched)
        return fetched

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
        """Let the stream of `container` pass once more, and yield by digest what is wanted of it by path.

        Raises:
            InputError: it cannot be read again.
        """
        format_ = cast("type[StreamFormat]", next(each for each in self._formats if each.name == container.format))
        left = set(wanted)
        stream = Stream(self._seen_again(self._views.chunks(container)))
        for entry in format_.read_stream(stream, self._limits).entries:
            if entry.path in left and entry.content is not None:
                digest = wanted[entry.path]
                content = self._whole(entry.content.chunks(), digest, most)
                if isinstance(content, bytes):
                    left.discard(entry.path)
                    yield digest, content
            if not left:
                return
        for path in left:
            yield wanted[path], InputError("its bytes could not be read a second time")

    def _seen_again(self, chunks: Iterator[Buffer]) -> Iterator[Buffer]:
        for chunk in chunks:
            self._budget.see_again(len(chunk))
            yield chunk
