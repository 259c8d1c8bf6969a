"""Signatures of packages of Tizen and other widgets: XML over the digests of all files.

``author-signature.xml`` is the author's, ``signature1.xml`` and following the distributors'. Sources: W3C "XML Digital Signatures for
Widgets" (2013), "XML Signature Syntax and Processing 1.1" (2013) §3.2; Tizen "Signing and certificates".

 1. The document is one Signature, with one SignedInfo, one SignatureValue and one KeyInfo directly in it; no two
    elements have one Id.
 2. SignedInfo in its canonical form (exclusive, or 1.0, 1.1) is signed by the key of one of the certificates in KeyInfo: by RSA
    (PKCS #1 1.5) or ECDSA, with SHA-1 or SHA-2. Which certificate it is, the mathematics tell.
 3. Each Reference to an element of the document (``#prop``) has the digest of its canonical form.
 4. Each Reference to a file, percent-encoded and from the folder of the signature on, has the digest of its bytes. A file that is
    not there was taken away. None is referred to twice.
 5. Files of the package that no Reference names are not covered, and named. A device refuses them.

A package says nothing about the time of signing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import new
from typing import ClassVar

from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.x509 import UNUSABLE, certificate_ids, load, name_of
from trueware.signatures.xml_signature import DIGESTS, DS, METHODS, base64_of, is_signed
from trueware.signatures.xml_text import Element, canonical, parse

_NAME = "tizen"
_LARGEST = 1 << 23
_SIGNATURES = re.compile(r"author-signature\.xml|signature[1-9][0-9]*\.xml")
_DSP = "{http://www.w3.org/2009/xmldsig-properties}"
_INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_MOST_CERTIFICATES = 8
_NAMED = 3
"""Files that are named in a sentence."""

_DEEPEST = 32
_MOST_FILES = 1 << 17


class Tizen:
    """Signatures of authors and distributors."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Tizen package and W3C widget (XML signatures)",
        ("W3C XML Digital Signatures for Widgets", "W3C XML Signature 1.1"),
        (
            "Keys without a certificate, and canonical forms with comments or listed prefixes, are reported as not checkable.",
            "Signatures by ECDSA are confirmed by xmlsec1 alone; no package with one was at hand.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterable[Signature]:  # noqa: ARG004 (the key comes with the signature)
        """See `Scheme`."""
        if site.is_folder or not site.size > 0:
            return
        if site.size > _LARGEST:
            yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, f"{site.size} bytes are no signature of a package")
            return
        data = bytes(site.view())
        if b"http://www.w3.org/2000/09/xmldsig#" not in data:
            return  # another program's file
        signer: Signer | None = None
        try:
            root = parse(data)
            information, signer = _signed(root)
            yield _verified(site, root, information, signer)
        except Refusal as refusal:
            altered, added = refusal.altered, refusal.added
            yield Signature(_NAME, site.path, refusal.outcome, refusal.detail, signer, altered=altered, added=added)


def _signed(root: Element) -> tuple[Element, Signer]:
    """Return what is signed, and who signed it (checks 1 and 2)."""
    one = {each: [child for child in root.elements() if child.tag == DS + each] for each in _PARTS}
    ids = [each.attributes[key] for each in root.walk() for key in ("Id", "ID", "id") if key in each.attributes]
    if root.tag != f"{DS}Signature" or any(len(found) != 1 for found in one.values()) or len(set(ids)) != len(ids):
        uncheckable(
            "not one signature with one SignedInfo, SignatureValue and KeyInfo, and with Ids that tell apart"
        )  # 1
    information, value, keys = (one[each][0] for each in _PARTS)
    children = {each.tag: each for each in information.elements()}
    form, method = (children.get(DS + each) for each in ("CanonicalizationMethod", "SignatureMethod"))
    if form is None or method is None or form.elements() or method.elements():
        uncheckable("its methods are missing, or have parameters that are not known")
    found = METHODS.get(method.attributes.get("Algorithm", ""))
    if found is None:
        uncheckable(f"signed by {method.attributes.get('Algorithm', '')!r}, which is not known")
    octets = canonical(information, form.attributes.get("Algorithm", ""))
    encoded = [each for each in keys.walk() if each.tag == f"{DS}X509Certificate"]
    certificates = [base64_of(each) for each in encoded[:_MOST_CERTIFICATES]]
    if not certificates:
        uncheckable("it names no certificate")
    signature = base64_of(value)
    own = next((each for each in certificates if _is_by(each, *found, octets, signature)), None)
    if own is None:
        broken("what it states was changed after it was signed")
    others = tuple(each for each in certificates if each != own)
    return information, Signer(certificate_ids(own), name_of(own), (own, *others))


_PARTS = ("SignedInfo", "SignatureValue", "KeyInfo")


def _is_by(certificate: bytes, kind: str, digest: str, octets: bytes, signature: bytes) -> bool:
    """Tell whether the key of a certificate signed `octets`."""
    parsed = load(certificate)
    try:
        return parsed is not None and is_signed(parsed.public_key(), kind, digest, octets, signature)
    except UNUSABLE:
        return False


def _verified(site: Site, root: Element, information: Element, signer: Signer) -> Signature:
    changed, missing, covered, statements = dict[str, str](), list[str](), dict[str, str](), list[tuple[str, str]]()
    seen = set[str]()
    for reference in information.elements():
        if reference.tag != f"{DS}Reference":
            continue
        uri = reference.attributes.get("URI")
        if uri is None or uri in seen:
            uncheckable("a reference without, or to the same as another")
        seen.add(uri)
        name, stated, transforms = _reference(reference)
        if uri.startswith("#"):  # 3
            element = next((each for each in root.walk() if each.attributes.get("Id") == uri[1:]), None)
            if element is None or len(transforms) > 1:
                uncheckable(f"a reference to {uri!r}, which is not there or is transformed")
            form = transforms[0] if transforms else _INCLUSIVE
            if _digest(name, [canonical(element, form)]) != stated:
                broken(f"{uri[1:]} was changed after it was signed")
            statements += _roles(element)
            continue
        if transforms:
            uncheckable(f"a reference to {uri!r} that is transformed")
        path = _decoded(uri)  # 4
        file = None if {"", ".", ".."} & set(path.split("/")) else site.beside(path)
        if path in covered:
            uncheckable(f"two references to {path!r}")
        if file is None or file.is_folder:
            missing.append(path)
        elif (file.sha256 if name == "sha256" and file.sha256 else _digest(name, file.chunks())) != stated:
            changed[path] = file.path
        else:
            covered[path] = file.path
    if changed or missing:
        told = [f"changed: {_list(tuple(changed))}"] if changed else []
        told += [f"not there: {_list(missing)}"] if missing else []
        signed = covered.keys() | changed.keys()
        others = (where for path, where in _files(site) if path not in signed)
        broken(f"not the files that were signed ({'; '.join(told)})", changed.values(), others)
    if not covered:
        uncheckable("it is about no file")
    unsigned = [path for path, _ in _files(site) if path not in covered]  # 5
    return Signature(
        _NAME,
        site.path,
        Outcome.VALID,
        f"{len(covered)} files",
        signer,
        Coverage(paths=tuple(covered.values()), excludes=(f"unsigned: {_list(unsigned)}",) if unsigned else ()),
        statements=tuple(statements),
    )


def _reference(reference: Element) -> tuple[str, bytes, list[str]]:
    """Return digest algorithm, digest and transforms."""
    children = {each.tag: each for each in reference.elements()}
    method, value = (children.get(DS + each) for each in ("DigestMethod", "DigestValue"))
    name = DIGESTS.get(method.attributes.get("Algorithm", "")) if method is not None else None
    if name is None or value is None or len(children) != len(reference.elements()):
        uncheckable("a reference without digest, or with one that is not known")
    transforms = children.get(f"{DS}Transforms")
    steps = transforms.elements() if transforms is not None else []
    if any(each.tag != f"{DS}Transform" or each.elements() for each in steps):
        uncheckable("a transform with parameters that are not known")
    return name, base64_of(value), [each.attributes.get("Algorithm", "") for each in steps]


def _roles(element: Element) -> Iterator[tuple[str, str]]:
    """Yield the role that signed properties state."""
    for each in element.walk():
        if each.tag == f"{_DSP}Role":
            yield "role", each.attributes.get("URI", "").rpartition("#role-")[2]


def _files(site: Site) -> Iterator[tuple[str, str]]:
    """Yield the paths of all files of the package but signatures, as references name them and within the artefact."""
    folder = site.above()
    stack = [("", each) for each in folder.children()] if folder is not None else []
    for _ in range(_MOST_FILES):
        if not stack:
            return
        above, each = stack.pop()
        path = f"{above}{each.name}"
        if not each.is_folder:
            if above or not _SIGNATURES.fullmatch(each.name):
                yield path, each.path
        elif path.count("/") < _DEEPEST:
            stack += [(f"{path}/", child) for child in each.children()]


def _decoded(uri: str) -> str:
    """Return the path that a percent-encoded reference is to (RFC 3986 §2.1)."""
    octets = _ENCODED.sub(lambda found: bytes.fromhex(found[1].decode()), uri.encode("utf-8", "surrogateescape"))
    return octets.decode("utf-8", "surrogateescape")


def _digest(name: str, pieces: Iterable[bytes | bytearray | memoryview]) -> bytes:
    made = new(name, usedforsecurity=False)
    for each in pieces:
        made.update(each)
    return made.digest()


def _list(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(map(repr, sorted(paths)[:_NAMED])) + more


_: type[Scheme] = Tizen
