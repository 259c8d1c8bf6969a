"""The signature of one vbmeta structure: what libavb does with header, authentication and auxiliary block, and whose key it is.

A key is stored as libavb wants it: for RSA two u32, the number of bits and -1/n mod 2^32, then n and 2^(2 bits) mod n, big-endian,
the exponent always being 65537 (``libavb/avb_crypto.h``, ``AvbRSAPublicKeyHeader``); for ML-DSA one u32, the number of bytes, then
the key as FIPS 204 encodes it (``libavb/avb_mldsa.h``). avbtool names a key by the SHA-1 of all of that.
"""

import hashlib
from dataclasses import dataclass
from struct import Struct
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from trueware.formats.avb import ALGORITHMS, FLAGS, HEADER_SIZE, VbMeta, read_vbmeta
from trueware.formats.contract import Reading
from trueware.formats.fields import flags_told
from trueware.model.signature import Outcome, Signer

MAX_SIZE = 1 << 16
"""Bytes of the largest structure that libavb loads (``VBMETA_MAX_SIZE``)."""

_RSA = Struct(">II")
_ML_DSA = Struct(">I")
_EXPONENT = 65537
_FLAGS_AT = 120
_HASHES: dict[str, hashes.HashAlgorithm] = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure, and what came of checking its signature."""

    meta: VbMeta
    outcome: Outcome | None
    """None where it has no signature."""

    detail: str
    signer: Signer | None
    """Whose key made the signature, over these bytes or over others that were here before."""

    flags_signed: bool = True
    """False where the signature is over the same structure without any flags."""


class _PublicKey(Protocol):
    """What keys of RSA and ML-DSA have in common."""

    def public_bytes(self, encoding: serialization.Encoding, format: serialization.PublicFormat) -> bytes:  # noqa: A002
        """Return the key as SubjectPublicKeyInfo."""
        ...


class _Unusable(Exception):
    """A key or signature that libavb would not compute with."""


def check_structure(view: memoryview) -> Structure:
    """Check the structure at the start of `view`; the numbers are those of the list in `trueware.signatures.avb`.

    Raises:
        MalformedInput: libavb would not take it (1, 2).
    """
    meta = read_vbmeta(view, Reading(), "vbmeta")
    if meta.algorithm == 0:  # 3
        return Structure(meta, None, "it has no signature (algorithm none)", None)
    if meta.end > MAX_SIZE:
        return Structure(meta, Outcome.UNCHECKABLE, f"{meta.end} bytes, of which a device loads {MAX_SIZE}", None)
    if meta.algorithm >= len(ALGORITHMS):
        return Structure(
            meta, Outcome.UNCHECKABLE, f"an algorithm of number {meta.algorithm}, which is not known", None
        )
    try:
        if ALGORITHMS[meta.algorithm].startswith("mldsa"):
            return _check_ml_dsa(view, meta)
        return _check_rsa(view, meta)
    except _Unusable as reason:
        return Structure(meta, Outcome.UNCHECKABLE, str(reason), None)


def _check_rsa(view: memoryview, meta: VbMeta) -> Structure:
    digest_name, _, bits = ALGORITHMS[meta.algorithm].partition("-rsa")
    blob, signature = bytes(view[slice(*meta.public_key)]), bytes(view[slice(*meta.signature)])
    key = _rsa_key(blob, int(bits))
    if len(signature) * 8 != int(bits):
        raise _Unusable(f"a signature of {len(signature)} bytes by a key of {bits} bits")
    prehashed = Prehashed(_HASHES[digest_name])

    def signed(digest: bytes) -> bool:
        try:
            key.verify(signature, digest, padding.PKCS1v15(), prehashed)
        except InvalidSignature:
            return False
        return True

    stated, made = bytes(view[slice(*meta.digest)]), _digest(view, meta, digest_name, meta.flags)
    if len(stated) != len(made):
        raise _Unusable(f"a hash of {len(stated)} bytes where {digest_name} has {len(made)}")
    signer = _signer(key, blob)
    if signed(made):  # 6
        if stated != made:  # 5
            return Structure(meta, Outcome.BROKEN, f"the {digest_name} it states is not that of its bytes", signer)
        return Structure(meta, Outcome.VALID, f"{ALGORITHMS[meta.algorithm]} over header and descriptors", signer)
    if meta.flags and signed(_digest(view, meta, digest_name, 0)):
        detail = f"signed with no flags, which were set to {flags_told(FLAGS, meta.flags)} afterwards"
        return Structure(meta, Outcome.BROKEN, detail, signer, flags_signed=False)
    changed = "header or descriptors were changed after they were signed"
    if stated != made:
        return Structure(meta, Outcome.BROKEN, changed, signer if signed(stated) else None)
    return Structure(meta, Outcome.BROKEN, f"{changed}, and the hash was made anew: the signature is not over it", None)


def _digest(view: memoryview, meta: VbMeta, name: str, flags: int) -> bytes:
    """Return the digest of header and auxiliary block, the header with these flags."""
    made = hashlib.new(name, view[:_FLAGS_AT])
    made.update(flags.to_bytes(4, "big"))
    made.update(view[_FLAGS_AT + 4 : HEADER_SIZE])
    made.update(view[slice(*meta.auxiliary)])
    return made.digest()


def _rsa_key(blob: bytes, bits: int) -> rsa.RSAPublicKey:  # 4
    if len(blob) < _RSA.size:
        raise _Unusable("it states a signature and has no key")
    stated, inverse = _RSA.unpack_from(blob)
    size = bits // 8
    if stated != bits or len(blob) != _RSA.size + 2 * size:
        raise _Unusable(f"a key of {stated} bits in {len(blob)} bytes for an algorithm of {bits} bits")
    modulus = int.from_bytes(blob[_RSA.size : _RSA.size + size], "big")
    square = int.from_bytes(blob[_RSA.size + size :], "big")
    if not modulus or (modulus * inverse + 1) % (1 << 32) or (1 << 2 * bits) % modulus != square:
        raise _Unusable("the numbers a device computes with do not belong to the key's modulus")
    try:
        return rsa.RSAPublicNumbers(_EXPONENT, modulus).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _Unusable(f"no key of RSA ({error})") from error


def stored_key(spki: bytes) -> bytes | None:
    """Return a key (SubjectPublicKeyInfo, DER) as libavb stores it; None: it is none of RSA with the exponent that libavb takes.

    The tables that a device computes with follow from the modulus (`_rsa_key` checks the same), so that the bytes are always these.
    """
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, rsa.RSAPublicKey) or key.public_numbers().e != _EXPONENT or key.key_size % 32:
        return None
    modulus, bits = key.public_numbers().n, key.key_size
    if not modulus % 2:
        return None
    inverse = -pow(modulus, -1, 1 << 32) % (1 << 32)
    square = (1 << 2 * bits) % modulus
    return _RSA.pack(bits, inverse) + modulus.to_bytes(bits // 8, "big") + square.to_bytes(bits // 8, "big")


def _check_ml_dsa(view: memoryview, meta: VbMeta) -> Structure:
    """Check a signature over header and auxiliary block.

    What libavb gives ML-DSA as its context is not published at the time of writing; with an empty one a signature that fits is
    a proof all the same, and one that does not is none of the contrary.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa  # noqa: PLC0415 (new in cryptography 47)
    except ImportError as error:
        raise _Unusable("ML-DSA takes a newer version of the package cryptography") from error
    name = ALGORITHMS[meta.algorithm]
    kind = mldsa.MLDSA65PublicKey if name == "mldsa65" else mldsa.MLDSA87PublicKey
    blob, signature = bytes(view[slice(*meta.public_key)]), bytes(view[slice(*meta.signature)])
    if len(blob) < _ML_DSA.size or _ML_DSA.unpack_from(blob)[0] != len(blob) - _ML_DSA.size:
        raise _Unusable(f"a key of {len(blob)} bytes that does not fill its place")
    try:
        key = kind.from_public_bytes(blob[_ML_DSA.size :])
        key.verify(signature, bytes(view[:HEADER_SIZE]) + bytes(view[slice(*meta.auxiliary)]))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _Unusable(f"no key of {name} ({error})") from error
    except InvalidSignature as error:
        raise _Unusable(f"its {name} signature is not over header and descriptors with an empty context") from error
    return Structure(meta, Outcome.VALID, f"{name} over header and descriptors", _signer(key, blob))


def key_ids(blob: bytes) -> tuple[str, str]:
    """Return the names of a key by its bytes as libavb stores it."""
    return f"avb-sha256:{hashlib.sha256(blob).hexdigest()}", (
        f"avb-sha1:{hashlib.sha1(blob, usedforsecurity=False).hexdigest()}"
    )


def _signer(key: _PublicKey, blob: bytes) -> Signer:
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Signer((f"spki-sha256:{hashlib.sha256(spki).hexdigest()}", *key_ids(blob)))
