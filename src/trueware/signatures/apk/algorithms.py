"""The algorithms of APK Signature Scheme v2 and later: a number stands for mathematics, a digest, and a digest of the content.

Source: source.android.com, "APK Signature Scheme v2" and "v3"; AOSP ``apksig`` ``SignatureAlgorithm`` for the three over a hash tree.
"""

from dataclasses import dataclass

from trueware.signatures.apk.keys import DSA, EC, PSS, RSA, verifies

CHUNKS_SHA256, CHUNKS_SHA512, TREE = "sha256", "sha512", "tree"
"""How the content is digested: in chunks of 1 MiB, or as a hash tree over blocks of 4 KiB."""

_TREES_SINCE = 28
"""Android 9 is the first that knows hash trees in signing blocks."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm."""

    scheme: str
    digest: str
    content: str

    @property
    def since(self) -> int:
        """The first Android API level that knows it."""
        return _TREES_SINCE if self.content == TREE else 24

    def verifies(self, spki: bytes, signature: bytes, signed: bytes) -> bool:
        """See `trueware.signatures.apk.keys.verifies`."""
        return verifies(spki, self.scheme, self.digest, signature, signed)


ALGORITHMS = {
    0x0101: Algorithm(PSS, "sha256", CHUNKS_SHA256),
    0x0102: Algorithm(PSS, "sha512", CHUNKS_SHA512),
    0x0103: Algorithm(RSA, "sha256", CHUNKS_SHA256),
    0x0104: Algorithm(RSA, "sha512", CHUNKS_SHA512),
    0x0201: Algorithm(EC, "sha256", CHUNKS_SHA256),
    0x0202: Algorithm(EC, "sha512", CHUNKS_SHA512),
    0x0301: Algorithm(DSA, "sha256", CHUNKS_SHA256),
    0x0421: Algorithm(RSA, "sha256", TREE),
    0x0423: Algorithm(EC, "sha256", TREE),
    0x0425: Algorithm(DSA, "sha256", TREE),
}
