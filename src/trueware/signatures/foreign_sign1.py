"""COSE_Sign1 as others write it (RFC 9052 §4.2): read leniently, its bytes kept as they came.

::

    18([ bstr .cbor protected headers, { unprotected headers }, payload: bstr / nil, signature: bstr ])

Headers may be encoded in any way, have any label and hold any value; a label in both of them, and what is critical and not known, is
refused (§3, §3.1). What is verified is what came: the Sig_structure is made around the received bytes of the protected headers.
The signature's mathematics are those of `trueware.signatures.cose`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trueware.cose.foreign_cbor import Budget, Key, Tagged, Value, decode, encode
from trueware.errors import LimitExceeded, MalformedInput

NAME = "cose-sign1"
TAG = 18
ALGORITHM, CRITICAL, CONTENT_TYPE, KEY_ID, CWT_CLAIMS, X5CHAIN = 1, 2, 3, 4, 15, 33
HASH_ALGORITHM, HASHED_TYPE, LOCATION = 258, 259, 260
"""Of a hash envelope (RFC 9995)."""

DIGESTS = {-16: "sha256", -43: "sha384", -44: "sha512"}
"""Names of hash functions by their COSE numbers (RFC 9054 §2.1)."""

MAX_CERTIFICATES = 16
MAX_HEADER = 1 << 20
"""Bytes of the protected headers."""

MAX_VALUES = 20_000
"""Values in all headers: the payload is one byte string, so that a message has few."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """A message that is well formed; nothing about it is proved."""

    protected: Mapping[Key, Value]
    unprotected: Mapping[Key, Value]
    payload: bytes | None = field(repr=False)
    """None where it is detached."""

    signature: bytes = field(repr=False)
    signed_header: bytes = field(repr=False)
    """The protected headers as they came."""

    @property
    def algorithm(self) -> int | None:
        """Its number; None where it is not protected or no number."""
        found = self.protected.get(ALGORITHM)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The signer's and its issuers', as they came along (RFC 9360 §2), protected or not: each proves itself or nothing."""
        found = self.protected.get(X5CHAIN, self.unprotected.get(X5CHAIN))
        chain = found if isinstance(found, tuple) else (found,)
        return tuple(each for each in chain[:MAX_CERTIFICATES] if isinstance(each, bytes))

    @property
    def key_id(self) -> bytes | None:
        """A hint at the key."""
        found = self.protected.get(KEY_ID, self.unprotected.get(KEY_ID))
        return found if isinstance(found, bytes) else None

    def to_be_signed(self, payload: bytes, external: bytes = b"") -> bytes:
        """Return what the signature is over: the Sig_structure (RFC 9052 §4.4); an empty map of headers is no bytes."""
        header = self.signed_header if self.protected else b""
        return encode(("Signature1", header, external, payload))

    def verifies(self, spki: bytes, payload: bytes, external: bytes = b"") -> bool:
        """Tell whether the key (DER SubjectPublicKeyInfo) made the signature over a payload."""
        from trueware.signatures.cose import verifies  # noqa: PLC0415 (start-up time)

        if self.algorithm is None:
            return False
        return verifies(spki, self.algorithm, self.signature, self.to_be_signed(payload, external))


def is_sign1(head: bytes) -> bool:
    """Tell whether bytes begin as a message does: tag 18, an array of four."""
    return head[:2] == b"\xd2\x84"


def parse(data: bytes, understood: Iterable[int] = (), *, max_bytes: int) -> Sign1:
    """Return the parts of a message.

    Args:
        data: all of it.
        understood: labels that the caller knows, besides those here: they may be critical.
        max_bytes: ceiling of `data`.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too long, or its headers are.
    """
    if len(data) > max_bytes:
        raise LimitExceeded("bytes of a signed message", max_bytes, f"{len(data)} bytes")
    budget = Budget(MAX_VALUES)
    value = decode(data, NAME, budget)
    if not isinstance(value, Tagged) or value.tag != TAG or not isinstance(value.value, tuple) or len(value.value) != 4:
        raise MalformedInput(NAME, 0, "tag 18 with an array of four expected")
    header, unprotected, payload, signature = value.value
    if not isinstance(header, bytes) or not isinstance(signature, bytes) or not isinstance(unprotected, dict):
        raise MalformedInput(NAME, 1, "protected headers and signature are byte strings, unprotected headers a map")
    if payload is not None and not isinstance(payload, bytes):
        raise MalformedInput(NAME, 1, "the payload is a byte string or null")
    if len(header) > MAX_HEADER:
        raise LimitExceeded("bytes of protected headers", MAX_HEADER, f"{len(header)} bytes")
    protected = decode(header, NAME, budget) if header else {}
    if not isinstance(protected, dict):
        raise MalformedInput(NAME, 1, "the protected headers are no map")
    if protected.keys() & unprotected.keys():
        raise MalformedInput(NAME, 1, "a label is in both headers")
    known = {ALGORITHM, CRITICAL, CONTENT_TYPE, KEY_ID, CWT_CLAIMS, X5CHAIN, *understood}
    critical = protected.get(CRITICAL, ())
    if CRITICAL in unprotected or not isinstance(critical, tuple):
        raise MalformedInput(NAME, 1, "critical labels that are not protected, or no array")
    if any(each not in known or each not in protected for each in critical) or (CRITICAL in protected and not critical):
        raise MalformedInput(NAME, 1, "critical headers that are not understood")
    return Sign1(protected, unprotected, payload, signature, header)
