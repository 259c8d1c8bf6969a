"""XML documents that may be long: chosen elements one by one, each dropped once it was looked at.

Parsed by defusedxml: a document with a type declaration, and so with entities, is refused. Depth, and the number of elements that
are held at once, have ceilings.
"""

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element  # the type: bytes are parsed by defusedxml

from trueware.errors import LimitExceeded, MalformedInput

MAX_DEPTH = 64
"""Elements within one another; nested components of real SBOMs stay under 20."""

MAX_HELD = 1_000_000
"""Elements of one chosen element, all below it together; a held element takes some 500 bytes."""

MAX_BYTES = 1 << 28


class _Pieces:
    """Chunks as a file that can be read once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._total = iter(chunks), 0

    def read(self, _: int = -1) -> bytes:
        piece = next(self._chunks, b"")
        self._total += len(piece)
        if self._total > MAX_BYTES:
            raise LimitExceeded("document", MAX_BYTES, "an XML document that is longer")
        return piece


def elements(name: str, chunks: Iterable[bytes], wanted: Iterable[str]) -> Iterator[tuple[str, Element]]:
    """Yield (path, element) of the elements at the wanted paths, complete, in the order of their ends.

    A path has the local names from the document element down, joined with ``/``; elements below a wanted one belong to it and
    are not yielded by themselves. Namespaces are left to the caller: tags have them in braces. The document element itself is
    yielded last, with its attributes and nothing in it, under its own name.

    Args:
        name: of the format, for errors.
        chunks: the bytes.
        wanted: paths.

    Raises:
        MalformedInput: no XML, or XML with a type declaration.
        LimitExceeded: too long, too deep, or too much of it at once.
    """
    from defusedxml import DefusedXmlException  # noqa: PLC0415 (slow to import, seldom needed)
    from defusedxml.ElementTree import ParseError, iterparse  # noqa: PLC0415

    chosen = frozenset(wanted)
    path: list[str] = []
    opened: list[Element] = []
    within = held = 0
    try:
        for event, element in iterparse(_Pieces(chunks), ("start", "end"), forbid_dtd=True):
            if event == "start":
                path.append(local(element.tag))
                opened.append(element)
                if len(path) > MAX_DEPTH:
                    raise LimitExceeded("depth of XML", MAX_DEPTH, f"of {name}")
                within += bool(within) or "/".join(path) in chosen
                held += 1
                if held > MAX_HELD:
                    raise LimitExceeded("elements of XML", MAX_HELD, f"of {name} at once")
                continue
            here = "/".join(path)
            path.pop()
            opened.pop()
            within -= bool(within)
            if not within:
                if here in chosen or not opened:
                    yield here, element
                if opened:
                    opened[-1].remove(element)
                    held -= sum(1 for _ in element.iter())
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        if isinstance(error, MalformedInput):
            raise
        raise MalformedInput(name, 0, f"no XML, or XML with a type declaration ({str(error)[:80]})") from error


def local(tag: str) -> str:
    """Return a tag without its namespace."""
    return tag.rpartition("}")[2]
