"""Names of hashes in ``ietf-tcg-algs@2024-12-05`` (RFC 9684 §2.2), as hashlib has them."""

from trueware.exchange.charra.documents import Node, identity, refuse

HASH_NAMES = {
    "TPM_ALG_SHA1": "sha1",
    "TPM_ALG_SHA256": "sha256",
    "TPM_ALG_SHA384": "sha384",
    "TPM_ALG_SHA512": "sha512",
    "TPM_ALG_SM3_256": "sm3",
    "TPM_ALG_SHA3_256": "sha3_256",
    "TPM_ALG_SHA3_384": "sha3_384",
    "TPM_ALG_SHA3_512": "sha3_512",
}
IDENTITIES = {name: identity for identity, name in HASH_NAMES.items()}


def hash_name(node: Node, name: str) -> str | None:
    """Return the hash that a leaf names; None: it is not there.

    Raises:
        MalformedInput: it is none of those that are known.
    """
    found = identity(node, name)
    if found is None:
        return None
    known = HASH_NAMES.get(found)
    if known is None:
        refuse(f"{name} is no known hash: {found[:40]!r}")
    return known
