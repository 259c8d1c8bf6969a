"""Software identification tags in XML (ISO/IEC 19770-2:2015), and the base RIM that TCG makes of one.

====================  ================================================================================================
in SoftwareIdentity   what is taken
====================  ================================================================================================
name, version         product and version
Entity                name of the one with the role softwareCreator, else of the one with tagCreator: whose software it is
Payload               Directory and File, to any depth: ``name``, ``size``, and the digest in an attribute ``hash`` of the
                      namespace ``http://www.w3.org/2001/04/xmlenc#sha256`` (NIST IR 8060 §4.3; other digests: not taken)
Meta                  platform and firmware of a RIM (TCG PC Client RIM 1.04 §3, names in any case): claims
Signature             see `trueware.signatures.xml_signature`
====================  ================================================================================================

The payload of a base RIM has the support RIMs (event logs of a platform as it left the factory), bound by their digests; payloads
of other makers (measurements of a device, NVIDIA's) have no files, and nothing that a file could be held against. A tag does not
say that it names all files.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trueware.errors import MalformedInput
from trueware.exchange.packages import UNKNOWN, Files, Package, sha256_of, text_of
from trueware.model.claim import LISTED, Claim
from trueware.model.limits import Limits
from trueware.signatures.refusal import Refusal
from trueware.signatures.xml_text import Element, parse

NAME = "swid"
MAX_BYTES = 1 << 26
MAX_PIECES = 1 << 19
"""Elements, attributes and texts of one tag; one file takes some six."""

_SWID = "{http://standards.iso.org/iso/19770/-2/2015/schema.xsd}"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_META = {
    "platformmanufacturerstr": "vendor",
    "platformmodel": "hardware",
    "firmwaremanufacturerstr": "vendor",
    "firmwaremanufacturer": "vendor",
    "firmwaremodel": "hardware",
    "firmwareversion": "version",
}


@dataclass(frozen=True, slots=True)
class Tag:
    """What a tag says."""

    package: Package
    payload: tuple[tuple[str, bytes | None], ...]
    """Paths of its files, with their SHA-256."""

    binding: str
    """The binding specification where it is a RIM: ``PC Client RIM 1.2``; empty for another tag."""

    others: int
    """Things in the payload that are no files."""


def parse_tag(data: bytes) -> Element:
    """Return the document.

    Raises:
        MalformedInput: it is no tag, or XML with a type declaration.
    """
    if len(data) > MAX_BYTES:
        raise MalformedInput(NAME, 0, f"{len(data)} bytes are no tag")
    try:
        root = parse(data, MAX_PIECES)
    except Refusal as refusal:
        raise MalformedInput(NAME, 0, refusal.detail) from refusal
    if root.tag != f"{_SWID}SoftwareIdentity":
        raise MalformedInput(NAME, 0, f"an element {root.tag[:80]!r} where SoftwareIdentity was expected")
    return root


def read(root: Element, publisher: str | None, limits: Limits) -> Tag:
    """Return what a tag says.

    Args:
        root: as `parse_tag` gives it.
        publisher: whose software it is, where the caller says so.
        limits: of a manifest.

    Raises:
        MalformedInput: several payloads.
    """
    payloads = [each for each in root.elements() if each.tag == f"{_SWID}Payload"]
    if len(payloads) > 1:
        raise MalformedInput(NAME, 0, f"{len(payloads)} payloads")
    files, payload, others = Files(limits), list[tuple[str, bytes | None]](), 0
    for path, file in _files(payloads[0]) if payloads else ():
        if file is None:
            others += 1
            continue
        digest, size = _digest(file), file.attributes.get("size", "")
        files.add(path, digest, int(size) if size.isdecimal() and len(size) < 19 else 0)
        payload.append((path, digest))
    name = text_of(root.attributes.get("name"))
    version = text_of(root.attributes.get("version")) or UNKNOWN
    meta = _meta(root)
    binding = " ".join(filter(None, (meta.get("bindingspec", ""), meta.get("bindingspecversion", ""))))
    said = dict.fromkeys((_META[key], value) for key, value in meta.items() if key in _META and value)
    claims = tuple(Claim(kind, value, LISTED, "") for kind, value in said)
    who = publisher or _maker(root)
    weak = ("other digests",) if payload or others else ()
    package = Package(who, name, version, None, weak, 0, claims, files if payload else None)
    return Tag(package, tuple(payload), binding, others)


def _files(payload: Element) -> Iterator[tuple[str, Element | None]]:
    """Yield the files of a payload with their paths; None for what is no file."""
    stack: list[tuple[str, Element]] = [("", each) for each in reversed(payload.elements())]
    while stack:
        above, element = stack.pop()
        path = "/".join(filter(None, (above, *(element.attributes.get(key, "") for key in ("location", "name")))))
        if element.tag == f"{_SWID}Directory":
            stack += [(path, each) for each in reversed(element.elements())]
        else:
            yield path, element if element.tag == f"{_SWID}File" else None


def _digest(file: Element) -> bytes | None:
    for key, value in file.attributes.items():
        prefix, _, local = key.rpartition(":")
        if local == "hash" and prefix and file.scope.get(prefix) == _SHA256:
            return sha256_of(value.strip())
    return None


def _meta(root: Element) -> dict[str, str]:
    """Return the attributes of Meta by local name in lower case: makers write them in several ways."""
    found: dict[str, str] = {}
    for each in root.elements():
        if each.tag == f"{_SWID}Meta":
            for key, value in each.attributes.items():
                found.setdefault(key.rpartition(":")[2].casefold(), text_of(value, 256))
    return found


def _maker(root: Element) -> str:
    roles: dict[str, str] = {}
    for each in root.elements():
        if each.tag == f"{_SWID}Entity":
            for role in each.attributes.get("role", "").split():
                roles.setdefault(role, text_of(each.attributes.get("name")))
    return roles.get("softwareCreator") or roles.get("tagCreator", "")
