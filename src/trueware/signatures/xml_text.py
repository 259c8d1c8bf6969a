"""XML as signatures are written in it: a small tree with prefixes kept, and its canonical form.

A document with a type declaration, and so with entities, is refused. Canonical XML 1.0 and 1.1 (W3C, 2001 and 2008) and Exclusive XML
Canonicalization 1.0 (W3C, 2002), each without comments, of one element with all below it:

* namespaces before attributes, by prefix; attributes by namespace and local name; empty elements with an end tag;
* a namespace is declared where it is not in what was written around it: inclusive, all that are in scope; exclusive, those whose
  prefix an element or its attributes have;
* inclusive, attributes of ``xml:`` are taken over from elements around the one that is written (§2.4 of 1.0): all of them in 1.0;
  ``xml:lang`` and ``xml:space`` in 1.1, which joins ``xml:base`` and is refused where there is one.

A whole document is written as its element: processing instructions beside it would be part of it, and are refused.
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
_C14N, _C14N_11 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"
INCLUSIVE = frozenset({_C14N, _C14N_11})


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

    around: Mapping[str, str] = field(default_factory=dict)
    """Attributes of ``xml:`` of the elements around it, each the nearest."""

    escorted: bool = False
    """Whether it is a document element with processing instructions beside it."""

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
    def __init__(self, most: int) -> None:
        self.root: Element | None = None
        self.escorted = False
        self._open: list[Element] = []
        self._pieces, self._most = 0, most

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
        around = above.around if above is not None else {}
        if above is not None and any(key.startswith("xml:") for key in above.attributes):
            around = {**around, **{key: value for key, value in above.attributes.items() if key.startswith("xml:")}}
        element = Element(name, attributes, scope, around=around)
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
        else:
            self.escorted = True

    def _count(self, pieces: int) -> None:
        self._pieces += pieces
        if self._pieces > self._most:
            uncheckable(f"XML of more than {self._most} pieces")


def parse(data: bytes, most: int = _MOST) -> Element:
    """Return the document element; `most`: elements, attributes and texts together.

    Raises:
        Refusal: it is no XML, or XML that signatures are not written in.
    """
    from xml.sax import SAXException  # noqa: PLC0415 (start-up time; defusedxml parses)

    from defusedxml import DefusedXmlException  # noqa: PLC0415 (start-up time)
    from defusedxml.sax import parseString  # noqa: PLC0415 (start-up time)

    builder = _Builder(most)
    try:
        parseString(data, builder, forbid_dtd=True)
    except (SAXException, DefusedXmlException, ValueError, LookupError) as error:
        uncheckable(f"no XML, or XML with a type declaration ({str(error)[:80]})")
    if builder.root is None:
        uncheckable("XML without an element")
    builder.root.escorted = builder.escorted
    return builder.root


def canonical(element: Element, method: str, without: Element | None = None) -> bytes:
    """Return the canonical form of an element by one of the methods above; `without`: one below it that is left out.

    Raises:
        Refusal: the method is another one, or it cannot be told.
    """
    if method != EXCLUSIVE and method not in INCLUSIVE:
        uncheckable(f"XML in a canonical form {method!r} that is not known")
    if element.escorted:
        uncheckable("XML with processing instructions beside the document element")
    inherited = {} if method == EXCLUSIVE else element.around
    if method == _C14N_11:
        if "xml:base" in inherited:
            uncheckable("XML that takes over a base address from around it")
        inherited = {key: value for key, value in inherited.items() if key in ("xml:lang", "xml:space")}
    out: list[str] = []
    _write(element, {}, out, exclusive=method == EXCLUSIVE, inherited=inherited, without=without)
    return "".join(out).encode("utf-8", "surrogatepass")


def _write(
    element: Element,
    written: Mapping[str, str],
    out: list[str],
    *,
    exclusive: bool,
    inherited: Mapping[str, str],
    without: Element | None,
) -> None:
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
    attributes = {**inherited, **element.attributes} if inherited else element.attributes
    for key, value in sorted(attributes.items(), key=lambda each: _place(each[0], element)):
        out.append(f' {key}="{_quoted(value)}"')
    out.append(">")
    within = {**written, **declared}
    for child in element.children:
        if isinstance(child, Element):
            if child is not without:
                _write(child, within, out, exclusive=exclusive, inherited={}, without=without)
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
