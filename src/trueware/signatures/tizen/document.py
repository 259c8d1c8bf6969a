"""XML as signatures of packages are written in it: a small tree with prefixes kept, and its canonical form.

A document with a type declaration, and so with entities, is refused. Canonical XML 1.0 and 1.1 (W3C, 2001 and 2008) and Exclusive XML
Canonicalization 1.0 (W3C, 2002), each without comments, of one element with all below it:

* namespaces before attributes, by prefix; attributes by namespace and local name; empty elements with an end tag;
* a namespace is declared where it is not in what was written around it: inclusive, all that are in scope; exclusive, those whose
  prefix an element or its attributes have;
* inclusive, attributes of ``xml:`` are taken over from elements around the one that is written. None has such attributes in packages,
  and where there are some it is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.handler import ContentHandler

from trueware.signatures.refusal import uncheckable

_DEEPEST, _MOST, _MOST_NAMESPACES = 64, 1 << 18, 64
"""Elements within one another, pieces of a document, and namespaces at one place."""

_XML = "http://www.w3.org/XML/1998/namespace"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = frozenset({"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"})


@dataclass(slots=True, eq=False)
class Element:
    """An element, as it was written."""

    name: str
    """With its prefix."""

    attributes: Mapping[str, str]
    """Without declarations of namespaces; names with their prefixes."""

    scope: Mapping[str, str]
    """Namespaces by prefix, those of the elements around it included; empty for the default one."""

    children: "list[Element | str | tuple[str, str]]" = field(default_factory=list)
    """Elements, text, and processing instructions."""

    inherits: bool = False
    """Whether an element around it has attributes of ``xml:``."""

    @property
    def tag(self) -> str:
        """Name in braces of the namespace, then the local name."""
        prefix, _, local = self.name.rpartition(":")
        return f"{{{self.scope.get(prefix, '')}}}{local}"

    def elements(self) -> "list[Element]":
        """Return the elements directly below."""
        return [each for each in self.children if isinstance(each, Element)]

    def walk(self) -> "Iterator[Element]":
        """Yield it and all elements below it."""
        yield self
        for each in self.elements():
            yield from each.walk()

    def text(self) -> str:
        """Return the text directly below."""
        return "".join(each for each in self.children if isinstance(each, str))


class _Builder(ContentHandler):
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._pieces = 0

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 (the interface's)
        self._count(1 + len(attrs))
        above = self._open[-1] if self._open else None
        scope = above.scope if above is not None else {}
        named = {key[6:]: value for key, value in attrs.items() if key.startswith("xmlns:")}
        if "xmlns" in attrs:
            named[""] = attrs["xmlns"]
        if named:
            scope = {**scope, **named}
        attributes = {key: value for key, value in attrs.items() if key != "xmlns" and not key.startswith("xmlns:")}
        if len(self._open) >= _DEEPEST or (above is None and self.root is not None):
            uncheckable("XML that is deeper than signatures are")
        if len(scope) > _MOST_NAMESPACES or any(
            (prefix and not uri) or prefix == "xmlns" for prefix, uri in named.items()
        ):
            uncheckable("XML that takes back a namespace, or has more of them than signatures have")
        inherits = above is not None and (above.inherits or any(key.startswith("xml:") for key in above.attributes))
        element = Element(name, attributes, scope, inherits=inherits)
        for key in (name, *attributes):
            prefix, colon, local = key.rpartition(":")
            if (
                ":" in prefix
                or (colon and not (prefix and local))
                or (prefix and prefix != "xml" and prefix not in scope)
            ):
                uncheckable(f"XML with a name {key!r} whose namespace is not known")
        if above is None:
            self.root = element
        else:
            above.children.append(element)
        self._open.append(element)

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802 (the interface's)
        self._open.pop()

    def characters(self, content: str) -> None:
        self._count(1)
        if self._open:
            self._open[-1].children.append(content)

    def processingInstruction(self, target: str, data: str) -> None:  # noqa: N802 (the interface's)
        self._count(1)
        if self._open:
            self._open[-1].children.append((target, data))

    def _count(self, pieces: int) -> None:
        self._pieces += pieces
        if self._pieces > _MOST:
            uncheckable(f"XML of more than {_MOST} pieces")


def parse(data: bytes) -> Element:
    """Return the document element.

    Raises:
        Refusal: it is no XML, or XML that signatures are not written in.
    """
    from xml.sax import SAXException  # noqa: PLC0415 (start-up time; defusedxml parses)

    from defusedxml import DefusedXmlException  # noqa: PLC0415 (start-up time)
    from defusedxml.sax import parseString  # noqa: PLC0415 (start-up time)

    builder = _Builder()
    try:
        parseString(data, builder, forbid_dtd=True)
    except (SAXException, DefusedXmlException, ValueError, LookupError) as error:
        uncheckable(f"no XML, or XML with a type declaration ({str(error)[:80]})")
    if builder.root is None:
        uncheckable("XML without an element")
    return builder.root


def canonical(element: Element, method: str) -> bytes:
    """Return the canonical form of an element by one of the methods above.

    Raises:
        Refusal: the method is another one, or it cannot be told.
    """
    if method != EXCLUSIVE and method not in INCLUSIVE:
        uncheckable(f"XML in a canonical form {method!r} that is not known")
    if method != EXCLUSIVE and element.inherits:
        uncheckable("XML that takes over attributes from around it")
    out: list[str] = []
    _write(element, {}, out, exclusive=method == EXCLUSIVE)
    return "".join(out).encode("utf-8", "surrogatepass")


def _write(element: Element, written: Mapping[str, str], out: list[str], *, exclusive: bool) -> None:
    scope = {prefix: uri for prefix, uri in element.scope.items() if prefix != "xml"}
    wanted = set(scope)
    if exclusive:
        wanted = {element.name.rpartition(":")[0]}
        wanted |= {key.rpartition(":")[0] for key in element.attributes if ":" in key}
        wanted.discard("xml")
    if not scope.get("") and written.get(""):
        wanted.add("")
    declared = {prefix: scope.get(prefix, "") for prefix in wanted}
    declared = {prefix: uri for prefix, uri in declared.items() if written.get(prefix, "") != uri}
    out.append(f"<{element.name}")
    for prefix, uri in sorted(declared.items()):
        out.append(f' xmlns{":" if prefix else ""}{prefix}="{_quoted(uri)}"')
    for key, value in sorted(element.attributes.items(), key=lambda each: _place(each[0], element)):
        out.append(f' {key}="{_quoted(value)}"')
    out.append(">")
    within = {**written, **declared}
    for child in element.children:
        if isinstance(child, Element):
            _write(child, within, out, exclusive=exclusive)
        elif isinstance(child, str):
            out.append(_escaped(child))
        else:
            target, data = child
            out.append(f"<?{target}{' ' if data else ''}{data}?>")
    out.append(f"</{element.name}>")


def _place(key: str, element: Element) -> tuple[str, str]:
    prefix, _, local = key.rpartition(":")
    return (_XML if prefix == "xml" else element.scope[prefix] if prefix else ""), local


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _quoted(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
