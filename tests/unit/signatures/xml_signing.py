"""Signs an XML document as a tool would, by writing the canonical form by hand: nothing here asks the code that verifies it.

The document is given in its canonical form already (one element, no redundant declarations, attributes in order), with the mark
`HERE` where the signature goes, directly before the end tag of the document element.
"""

from base64 import b64encode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

HERE = "<!--HERE-->"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_KEY: list[rsa.RSAPrivateKey] = []


def key() -> rsa.RSAPrivateKey:
    """Return a key that is made once."""
    if not _KEY:
        _KEY.append(rsa.generate_private_key(65537, 2048))
    return _KEY[0]


def sign(
    document: str, around: str, *, form: str = C14N, uri: str = "", transforms: tuple[str, ...] = (_ENVELOPED,)
) -> str:
    """Return the signed document.

    Args:
        document: with `HERE`.
        around: what canonicalising SignedInfo by itself takes over from around it: namespaces, then ``xml:`` attributes.
        form: canonical form of SignedInfo.
        uri: what is referred to.
        transforms: in order.
    """
    digest = b64encode(sha256(document.replace(HERE, "").encode()).digest()).decode()
    steps = "".join(f'<Transform Algorithm="{each}"></Transform>' for each in transforms)
    inner = (
        f'<CanonicalizationMethod Algorithm="{form}"></CanonicalizationMethod>'
        '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></SignatureMethod>'
        f'<Reference URI="{uri}"><Transforms>{steps}</Transforms>'
        '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod>'
        f"<DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
    )
    octets = f'<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#"{around}>{inner}'.encode()
    value = b64encode(key().sign(octets, padding.PKCS1v15(), SHA256())).decode()
    numbers = key().public_key().public_numbers()
    modulus = b64encode(numbers.n.to_bytes(256)).decode()
    signature = (
        f'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>{inner}'
        f"<SignatureValue>{value}</SignatureValue><KeyInfo><KeyValue><RSAKeyValue><Modulus>{modulus}</Modulus>"
        "<Exponent>AQAB</Exponent></RSAKeyValue></KeyValue></KeyInfo></Signature>"
    )
    return document.replace(HERE, signature)
