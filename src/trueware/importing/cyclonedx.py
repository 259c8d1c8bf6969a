"""CycloneDX SBOMs, in JSON and XML: packages with digests, and products with lists of their files (`trueware.exchange.cyclonedx`).

An XML signature over the whole document is verified: a broken one yields no reference. A signature in JSON (JSF) is told and not
verified. What such an SBOM says has the authority of a third party at most.
"""

from collections.abc import Iterator

from trueware.errors import LimitExceeded
from trueware.exchange import cyclonedx
from trueware.exchange.json_members import MAX_TEXT
from trueware.exchange.packages import references_of
from trueware.importing.contract import Context, Document, Importer
from trueware.importing.xml_signed import word_of
from trueware.registry.references import Reference, Refused
from trueware.signatures.refusal import Refusal
from trueware.signatures.xml_text import parse

_BEFORE = b"\xef\xbb\xbf \t\r\n"
_MAX_SIGNED, _MAX_PIECES = 1 << 26, 1 << 20
"""Bytes, and elements, attributes and texts, of a document whose signature is verified: it is held whole for that."""


def _recognises(document: Document) -> bool:
    if cyclonedx.is_xml(document.head) or cyclonedx.is_json(document.head):
        return True
    # the name of the format may stand at the end of a long document
    return document.path.casefold().endswith((".cdx.json", "bom.json")) and document.head[:1] == b"{"


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    if document.head.lstrip(_BEFORE)[:1] == b"<":
        chunks = document.mirror.chunks
        header, components = cyclonedx.read_xml(chunks(document.path), chunks(document.path))
    else:
        header, components = cyclonedx.read_json(document.mirror.read(document.path, MAX_TEXT) or b"")
    name = document.path.rpartition("/")[2]
    signed = _signed(document, context) if header.signed else "not signed"
    source = f"{name}, CycloneDX {header.version}, {signed}"
    for package in cyclonedx.packages(header, components, context.publisher, context.limits):
        yield from references_of(package, source)


def _signed(document: Document, context: Context) -> str:
    """Return in words how far a signature was checked.

    Raises:
        UntrustedStatement: it is broken, or by a key that must not be believed.
    """
    if document.head.lstrip(_BEFORE)[:1] != b"<":
        return "signature not checked: JSF is not verified here"
    try:
        root = parse(document.mirror.read(document.path, _MAX_SIGNED) or b"", _MAX_PIECES)
    except (LimitExceeded, Refusal) as error:
        return f"signature not checked: {error}"
    return word_of(root, context).told


IMPORTER = Importer(
    "cyclonedx",
    "CycloneDX SBOMs in JSON and XML, their XML signatures verified",
    _recognises,
    _read,
    ("ECMA-424", "cyclonedx.org/docs, specification 1.2 to 1.7"),
)
