"""CycloneDX: an SBOM in JSON (1.2 to 1.7) or XML (1.0 to 1.7), read into packages (ECMA-424; cyclonedx.org/docs).

==================  ====================================================================================================
of a component      what is taken
==================  ====================================================================================================
hashes              SHA-256; other algorithms are named where there is none
group, name         the product: ``group/name``
manufacturer.name   whose software it is; else supplier.name, else publisher (a string); of the product also the BOM's
                    ``metadata.manufacture`` (to 1.5) and ``metadata.supplier``
purl, cpe           claims
components          what it consists of, to any depth; those of type ``file`` are its files, the name being the path
==================  ====================================================================================================

``metadata.component`` is what the BOM describes: all files of the document are its files; they are also those of the component
they are directly in. ``compositions`` say whether its list
is complete (``aggregate: complete``); a document that does not say so is taken for one that may leave out files.

Sizes, permissions and links are not stated in CycloneDX. Signatures (JSF, XML signatures) are told, and left to whoever imports.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element  # the type: bytes are parsed by defusedxml

from trueware.errors import MalformedInput
from trueware.exchange.json_members import decode_text, members
from trueware.exchange.packages import UNKNOWN, Files, Package, sha256_of, text_of
from trueware.exchange.xml_elements import elements, local
from trueware.model.claim import LISTED, Claim
from trueware.model.limits import Limits
from trueware.model.listing import Extent

NAME = "cyclonedx"
MAX_COMPONENTS = 2_000_000
_NESTED = frozenset({"components"})
_XML = "http://cyclonedx.org/schema/bom/1."


@dataclass(slots=True)
class Header:
    """What a BOM says besides its components."""

    version: str = ""
    """Of the specification."""

    signed: bool = False
    product: dict[str, Any] | None = None
    """The component that the BOM describes."""

    publisher: str = ""
    """Who made or supplied that."""

    extents: dict[str, str] = field(default_factory=dict)
    """What ``compositions`` say of assemblies, by reference."""


def is_json(head: bytes) -> bool:
    """Tell whether a document that begins so may be a BOM in JSON."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and b'"bomFormat"' in head and b'"CycloneDX"' in head


def is_xml(head: bytes) -> bool:
    """Tell whether a document that begins so may be a BOM in XML."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and _XML.encode() in head[:4096]


def read_json(data: bytes) -> tuple[Header, Iterator[dict[str, Any]]]:
    """Return what a BOM says of itself, and its components at the top.

    Raises:
        MalformedInput: it is no CycloneDX in JSON.
    """
    text = decode_text(NAME, data)
    header, named = Header(), False
    for key, value in members(NAME, text, _NESTED):
        if key == "bomFormat":
            named = value == "CycloneDX"
        elif key == "specVersion":
            header.version = text_of(value, 16)
        elif key == "signature":
            header.signed = True
        elif key == "metadata" and isinstance(value, dict):
            _described(header, value)
        elif key == "compositions":
            for each in value if isinstance(value, list) else ():
                _composed(header, each)
    if not named:
        raise MalformedInput(NAME, 0, "no bomFormat CycloneDX")
    return header, (_component(each) for key, each in members(NAME, text, _NESTED) if key == "components")


def _described(header: Header, metadata: dict[str, Any]) -> None:
    component = metadata.get("component")
    header.product = component if isinstance(component, dict) else None
    header.publisher = next(filter(None, (_name(metadata.get(key)) for key in ("manufacture", "supplier"))), "")


def _composed(header: Header, composition: object) -> None:
    if not isinstance(composition, dict):
        return
    aggregate, assemblies = text_of(composition.get("aggregate"), 64), composition.get("assemblies")
    for each in assemblies if isinstance(assemblies, list) else ():
        if isinstance(each, str):
            known = header.extents.setdefault(each, aggregate)
            if known != aggregate:  # two words about one thing
                header.extents[each] = ""


def read_xml(chunks: Iterable[bytes], again: Iterable[bytes]) -> tuple[Header, Iterator[dict[str, Any]]]:
    """Return the same of a BOM in XML.

    Args:
        chunks: its bytes.
        again: the same, once more: what is said of the BOM may come after its components.

    Raises:
        MalformedInput: it is no CycloneDX in XML.
    """
    header = Header()
    metadata: dict[str, Any] = {}
    for path, element in elements(NAME, chunks, _PATHS):
        if path == "bom/metadata/component":
            metadata["component"] = _from_xml(element)
        elif path in ("bom/metadata/manufacture", "bom/metadata/supplier"):
            metadata[path.rpartition("/")[2]] = {"name": _child(element, "name")}
        elif path == "bom/compositions/composition":
            refs = [each.get("ref") for each in element.iter() if local(each.tag) == "assembly"]
            _composed(header, {"aggregate": _child(element, "aggregate"), "assemblies": refs})
        elif path == "bom/Signature":
            header.signed = True
        elif path == "bom":
            header.version = element.tag.removeprefix("{" + _XML[:-2])[:4].rstrip("}")
            if not element.tag.startswith("{" + _XML):
                raise MalformedInput(NAME, 0, f"an element {element.tag[:80]!r} where a bom was expected")
    if not header.version:
        raise MalformedInput(NAME, 0, "no bom")
    _described(header, metadata)
    found = elements(NAME, again, ("bom/components/component",))
    return header, (_from_xml(each) for path, each in found if path != "bom")


_PATHS = (
    "bom/metadata/component",
    "bom/metadata/manufacture",
    "bom/metadata/supplier",
    "bom/compositions/composition",
    "bom/components/component",
    "bom/Signature",
)


def _from_xml(element: Element) -> dict[str, Any]:
    """Return a component as JSON has it; nested ones are within `xml_elements.MAX_DEPTH`."""
    found: dict[str, Any] = {"type": element.get("type"), "bom-ref": element.get("bom-ref")}
    for child in element:
        key = local(child.tag)
        if key in ("name", "version", "group", "publisher", "purl", "cpe"):
            found[key] = child.text or ""
        elif key in ("supplier", "manufacturer"):
            found[key] = {"name": _child(child, "name")}
        elif key == "hashes":
            found[key] = [{"alg": each.get("alg"), "content": (each.text or "").strip()} for each in child]
        elif key == "components":
            found[key] = [_from_xml(each) for each in child if local(each.tag) == "component"]
    return found


def _child(element: Element, name: str) -> str:
    return next((each.text or "" for each in element if local(each.tag) == name), "")


def _component(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedInput(NAME, 0, "a component that is no object")
    return value


def packages(
    header: Header, components: Iterable[dict[str, Any]], publisher: str | None, limits: Limits
) -> Iterator[Package]:
    """Yield the packages of a BOM: those of its components, then the product that it describes.

    Args:
        header: what it says of itself.
        components: those at the top, in order.
        publisher: whose software all of it is, where the caller says so.
        limits: of a manifest.

    Raises:
        MalformedInput: more than `MAX_COMPONENTS`, or the text turns out to be malformed.
    """
    subject = header.product
    product = Files(limits, _extent(header, subject))
    count = 0
    for top in components if subject is None else _chained(subject, components):
        owners: list[_Owner] = []
        stack: list[tuple[dict[str, Any], _Owner | None]] = [(top, None)]
        while stack:
            component, owner = stack.pop()
            count += 1
            if count > MAX_COMPONENTS:
                raise MalformedInput(NAME, 0, f"more than {MAX_COMPONENTS} components")
            if component is subject:
                owner = None
            elif component.get("type") != "file" or (subject is None and owner is None):
                owner = _Owner(component)
                owners.append(owner)
            else:
                path, digest = component.get("name"), digests(component)[0]
                holders = [product] if subject is not None else []
                if owner is not None:
                    owner.files = owner.files or Files(limits, _extent(header, owner.component))
                    holders.append(owner.files)
                for files in holders:
                    files.add(path if isinstance(path, str) else "", digest)
            below = component.get("components")
            stack += (
                [(each, owner) for each in reversed(below) if isinstance(each, dict)] if isinstance(below, list) else []
            )
        for each in owners:
            yield _package(each.component, each.files, publisher, "")
    if subject is not None:
        yield _package(
            subject, product if product.listing.count or product.refusals else None, publisher, header.publisher
        )


@dataclass(slots=True)
class _Owner:
    component: dict[str, Any]
    files: Files | None = None


def _chained(first: dict[str, Any], rest: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rest


def _extent(header: Header, component: dict[str, Any] | None) -> Extent:
    reference = component.get("bom-ref") if component is not None else None
    complete = isinstance(reference, str) and header.extents.get(reference) == "complete"
    return Extent.COMPLETE if complete else Extent.OPEN


def _package(component: dict[str, Any], files: Files | None, publisher: str | None, maker: str) -> Package:
    name, group = text_of(component.get("name"), 250), text_of(component.get("group"), 250)
    version = text_of(component.get("version")) or UNKNOWN
    who = publisher or _name(component.get("manufacturer")) or _name(component.get("supplier"))
    who = who or text_of(component.get("publisher")) or maker
    product = f"{group}/{name}" if group else name
    said = [(key, text_of(component.get(key), 1024)) for key in ("purl", "cpe")]
    sha256, weak = digests(component)
    claims = tuple(Claim(key, value, LISTED, "") for key, value in said if value)
    return Package(who, product, version, sha256, weak, 0, claims, files)


def digests(component: dict[str, Any]) -> tuple[bytes | None, tuple[str, ...]]:
    """Return the SHA-256 of a component, and the names of its other digests; two different ones are none."""
    hashes = component.get("hashes")
    found: set[bytes] = set()
    weak = []
    for each in hashes if isinstance(hashes, list) else ():
        if isinstance(each, dict):
            digest = sha256_of(each.get("content"))
            if each.get("alg") == "SHA-256" and digest is not None:
                found.add(digest)
            elif each.get("alg") != "SHA-256":
                weak.append(text_of(each.get("alg"), 32))
    return (found.pop() if len(found) == 1 else None), tuple(filter(None, weak))[:8]


def _name(value: object) -> str:
    return text_of(value.get("name")) if isinstance(value, dict) else ""
