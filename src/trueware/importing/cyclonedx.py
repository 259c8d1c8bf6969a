"""CycloneDX SBOMs, in JSON and XML: packages with digests, and products with lists of their files (`trueware.exchange.cyclonedx`).

A signature (JSF, an XML signature) is told and not verified: what such an SBOM says has the authority of a third party at most.
"""

from collections.abc import Iterator

from trueware.exchange import cyclonedx
from trueware.exchange.json_members import MAX_TEXT
from trueware.exchange.packages import references_of
from trueware.importing.contract import Context, Document, Importer
from trueware.registry.references import Reference, Refused


def _recognises(document: Document) -> bool:
    if cyclonedx.is_xml(document.head) or cyclonedx.is_json(document.head):
        return True
    # the name of the format may stand at the end of a long document
    return document.path.casefold().endswith((".cdx.json", "bom.json")) and document.head[:1] == b"{"


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    if document.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        chunks = document.mirror.chunks
        header, components = cyclonedx.read_xml(chunks(document.path), chunks(document.path))
    else:
        header, components = cyclonedx.read_json(document.mirror.read(document.path, MAX_TEXT) or b"")
    name = document.path.rpartition("/")[2]
    signed = "signed, signature not verified" if header.signed else "unsigned"
    source = f"{name}, CycloneDX {header.version}, {signed}"
    for package in cyclonedx.packages(header, components, context.publisher, context.limits):
        yield from references_of(package, source)


IMPORTER = Importer(
    "cyclonedx",
    "CycloneDX SBOMs in JSON and XML, their signatures not verified",
    _recognises,
    _read,
    ("ECMA-424", "cyclonedx.org/docs, specification 1.2 to 1.7"),
)
