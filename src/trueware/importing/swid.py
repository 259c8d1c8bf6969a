"""Software identification tags and TCG base RIMs (`trueware.exchange.swid`), their XML signatures verified.

1. A signature that is broken yields no reference. One that holds is named with the key that made it, and whether that key is one
   of a publisher's that was admitted; one that cannot be checked is told, with the reason.
2. Files of the payload that lie beside the tag are held against their digests; where one is another, nothing is taken.
3. The files become a list; each support RIM of a base RIM also is a reference by itself, so that it is known by its digest.
"""

from collections.abc import Iterator
from hashlib import sha256

from trueware.errors import UntrustedStatement
from trueware.exchange import swid
from trueware.exchange.packages import Package, references_of
from trueware.importing.contract import Context, Document, Importer
from trueware.model.signature import Outcome
from trueware.registry.references import Reference, Refused
from trueware.signatures.refusal import Refusal
from trueware.signatures.xml_signature import verify_enveloped
from trueware.signatures.xml_text import Element


def _recognises(document: Document) -> bool:
    return document.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and b"iso/19770/-2/2015/schema.xsd" in document.head


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    root = swid.parse_tag(document.mirror.read(document.path, swid.MAX_BYTES) or b"")
    signed = _signed(root, context)  # 1
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


def _signed(root: Element, context: Context) -> str:
    """Return in words how far the tag is signed.

    Raises:
        UntrustedStatement: its signature is broken.
    """
    try:
        signer = verify_enveloped(root)
    except Refusal as refusal:
        if refusal.outcome is Outcome.BROKEN:
            raise UntrustedStatement(f"the signature of the tag does not hold: {refusal.detail}") from refusal
        return f"signature not checkable: {refusal.detail}"
    if signer is None:
        return "unsigned"
    known = context.keyring is not None and any(context.keyring.get(each) for each in signer.ids)
    whose = "a key that was admitted" if known else "a key that nobody admitted"
    return f"signed by {signer.name or signer.ids[0]}, {whose}"


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
