"""XML signatures: algorithms and keys, and the signature that a document carries in itself over all the rest of it.

Source: W3C "XML Signature Syntax and Processing 1.1" (2013), core validation (§3.2) of an enveloped signature (§6.6.4):

1. Exactly one Signature stands directly in the document element. No Id matters: nothing is referred to by one.
2. SignedInfo has one Reference, to the whole document (``URI=""``), with the transform enveloped-signature and after it at most one
   canonical form (else Canonical XML 1.0). Anything else could leave parts of the document out, and is not checkable.
3. The digest of the document without the Signature is the one that is stated.
4. SignedInfo in its canonical form is signed by the key of one of the certificates, or by the RSA key, in KeyInfo: by RSA (PKCS #1
   1.5) or ECDSA, with SHA-2. SHA-1 can be forged, and is not checkable. Which key it is, the mathematics tell.

Whether the key may be trusted is not asked here. What stands within the Signature element (Object) is not signed.
"""

from base64 import b64decode
from binascii import Error as BadBase64
from hashlib import new
from typing import TYPE_CHECKING

from trueware.model.signature import Signer
from trueware.signatures.refusal import broken, uncheckable
from trueware.signatures.x509 import UNUSABLE, certificate_ids, load, name_of, spki_id
from trueware.signatures.xml_text import EXCLUSIVE, INCLUSIVE, Element, canonical

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

DS = "{http://www.w3.org/2000/09/xmldsig#}"
DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
"""Name of a digest by its address."""

_RSA, _EC = "RSA", "ECDSA"
METHODS = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": (_RSA, "sha1"),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": (_RSA, "sha256"),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": (_RSA, "sha384"),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": (_RSA, "sha512"),
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": (_EC, "sha256"),
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": (_EC, "sha384"),
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": (_EC, "sha512"),
}
"""Kind of key and digest of a signature method by its address."""

_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_MOST_CERTIFICATES = 8
_LEAST_RSA = 2048


def is_signed(key: object, kind: str, digest: str, octets: bytes, signature: bytes) -> bool:
    """Tell whether a key (of the library) of the kind signed `octets`; ECDSA has its two numbers one behind the other (§6.4.3)."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415

    algorithm: hashes.HashAlgorithm = getattr(hashes, digest.upper())()
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind == _RSA:
            key.verify(signature, octets, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == _EC:
            size = (key.curve.key_size + 7) // 8
            if len(signature) != 2 * size:
                return False
            numbers = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
            key.verify(encode_dss_signature(*numbers), octets, ec.ECDSA(algorithm))
        else:
            return False
    except UNUSABLE:
        return False
    return True


def verify_enveloped(root: Element) -> Signer | None:
    """Return who signed the document; None where it carries no signature.

    Raises:
        Refusal: the signature is broken, or cannot be checked.
    """
    signatures = [each for each in root.elements() if each.tag == f"{DS}Signature"]
    if not signatures:
        return None
    if len(signatures) > 1:
        uncheckable("several signatures in one document")  # 1
    (signature,) = signatures
    information, value, keys = (_only(signature, each) for each in ("SignedInfo", "SignatureValue", "KeyInfo"))
    form, method, reference = (
        _only(information, each) for each in ("CanonicalizationMethod", "SignatureMethod", "Reference")
    )
    name, stated, last = _whole(reference)  # 2
    if new(name, canonical(root, last, without=signature)).digest() != stated:
        broken("the document was changed after it was signed")  # 3
    found = METHODS.get(_algorithm(method))
    if found is None or found[1] == "sha1":
        uncheckable(f"signed by {_algorithm(method)!r}, which is not accepted")
    return _signer(keys, found, canonical(information, _algorithm(form)), base64_of(value))  # 4


def _whole(reference: Element) -> tuple[str, bytes, str]:
    """Return digest algorithm, digest and canonical form of a reference to the whole document (check 2)."""
    if reference.attributes.get("URI") != "":
        uncheckable("a signature over something else than the whole document")
    transforms = [_algorithm(each) for each in _only(reference, "Transforms").elements()]
    last = transforms[1] if len(transforms) == 2 else _C14N
    if transforms[:1] != [_ENVELOPED] or len(transforms) > 2 or last not in {*INCLUSIVE, EXCLUSIVE}:
        uncheckable("a signature over the document transformed in a way that is not known")
    name = DIGESTS.get(_algorithm(_only(reference, "DigestMethod")))
    if name is None or name == "sha1":
        uncheckable("a digest that is not accepted")
    return name, base64_of(_only(reference, "DigestValue")), last


def _signer(keys: Element, method: tuple[str, str], octets: bytes, signature: bytes) -> Signer:  # noqa: RET503 (the last raises)
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 (start-up time)

    certificates = [base64_of(each) for each in keys.walk() if each.tag == f"{DS}X509Certificate"][:_MOST_CERTIFICATES]
    for each in certificates:
        parsed = load(each)
        try:
            if parsed is not None and is_signed(parsed.public_key(), *method, octets, signature):
                others = tuple(other for other in certificates if other != each)
                return Signer(certificate_ids(each), name_of(each), (each, *others))
        except UNUSABLE:
            continue
    values = [each for each in keys.walk() if each.tag == f"{DS}RSAKeyValue"]
    for value in values[:_MOST_CERTIFICATES]:
        key = _rsa(value)
        if is_signed(key, *method, octets, signature):
            return Signer((spki_id(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),))
    if certificates or values:
        broken("what it states was changed after it was signed, or another key signed it")
    uncheckable("it names no key")


def _rsa(value: Element) -> "RSAPublicKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers  # noqa: PLC0415 (start-up time)

    modulus, exponent = (int.from_bytes(base64_of(_only(value, each))) for each in ("Modulus", "Exponent"))
    if not _LEAST_RSA <= modulus.bit_length() <= 16384 or exponent.bit_length() > 64:
        uncheckable("an RSA key of a size that is not accepted")
    try:
        return RSAPublicNumbers(exponent, modulus).public_key()
    except UNUSABLE:
        uncheckable("an RSA key that is none")


def _only(element: Element, name: str) -> Element:
    found = [each for each in element.elements() if each.tag == DS + name]
    if len(found) != 1:
        uncheckable(f"{len(found)} {name} in a signature, where one was expected")
    return found[0]


def _algorithm(element: Element) -> str:
    if element.elements():
        uncheckable("an algorithm with parameters that are not known")
    return element.attributes.get("Algorithm", "")


def base64_of(element: Element) -> bytes:
    """Return the bytes that an element has as base64.

    Raises:
        Refusal: it has none.
    """
    try:
        return b64decode("".join(element.text().split()), validate=True)
    except (BadBase64, ValueError):
        uncheckable(f"no base64 in {element.name}")
