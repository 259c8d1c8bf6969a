"""Software identification tags and TCG base RIMs (`trueware.exchange.swid`), their XML signatures verified.

1. A signature that is broken yields no reference, nor does one by a key that must not be believed. Otherwise it is told whose it
   is, or why that cannot be told (`trueware.importing.vouching`).
2. Files of the payload that lie beside the tag are held against their digests; where one is another, nothing is taken.
3. The files become a list; each support RIM of a base RIM also is a reference by itself, so that it is known by its digest.
"""

from collections.abc import Iterator
from hashlib import sha256

from trueware.exchange import swid
from trueware.exchange.packages import Package, references_of
from trueware.importing.contract import Context, Document, Importer
from trueware.importing.xml_signed import word_of
from trueware.registry.references import Reference, Refused


def _recognises(document: Document) -> bool:
    return document.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and b"iso/19770/-2/2015/schema.xsd" in document.head


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    root = swid.parse_tag(document.mirror.read(document.path, swid.MAX_BYTES) or b"")
    signed = word_of(root, context).told  # 1
    tag = swid.read(root, context.publisher, context.limits)
    name = document.path.rpartition("/")[2]
    source = f"{name}, {f'base RIM ({tag.binding})' if tag.binding else 'SWID tag'}, {signed}"
    if tag.others:
        yield Refused(name, f"{tag.others} entries of the payload are no files (measurements, processes, resources)")
    altered = [path for path, digest in tag.payload if digest is not None and _is_other(document, path, digest)]
    if altered:  # 2
        yield from (
            Refused(f"{name}: {path[:200]}", "the file beside the tag is not the one it states") for path in altered
        )
        return
    yield from references_of(tag.package, source)  # 3
    if tag.binding:
        package = tag.package
        for path, digest in tag.payload:
            if digest is not None:
                product = f"{package.product}: {path.rpartition('/')[2]}"[:512]
                yield from references_of(Package(package.publisher, product, package.version, digest), source)


def _is_other(document: Document, path: str, digest: bytes) -> bool:
    """Tell whether a file of the payload is at hand and has other bytes: at its path in the mirror, or beside the tag."""
    folder = document.path.rpartition("/")[0]
    name = path.rpartition("/")[2]
    for place in (path.strip("/"), f"{folder}/{name}" if folder else name):
        if document.mirror.size(place) is not None:
            made = sha256()
            for piece in document.mirror.chunks(place):
                made.update(piece)
            return made.digest() != digest
    return False


IMPORTER = Importer(
    "swid",
    "software identification tags (SWID) and TCG base RIMs, their XML signatures verified",
    _recognises,
    _read,
    ("ISO/IEC 19770-2:2015", "NIST IR 8060", "TCG PC Client Platform Firmware RIM 1.04", "W3C XML Signature 1.1"),
)
