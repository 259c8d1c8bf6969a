"""Signatures of files, as IMA keeps them in security.ima and as its list repeats them.

::

    u8 type = 3; u8 version = 2; u8 hash; be32 key id; be16 length; u8 signature[length]     version 2: signs the file's digest
    u8 type = 5; u8 version = 3; …                                                            version 3: signs ima_file_id

Hashes are numbered as the kernel's enum hash_algo: 4 SHA-256, 5 SHA-384, 6 SHA-512; signatures over SHA-1 prove nothing and count as
none. The key id is the end of the certificate's subject key identifier, or of the SHA-1 of the key where there is no certificate.
RSA is PKCS #1 v1.5, ECDSA is DER.
A module's own signature (ima-modsig) is PKCS #7 over the digest of what stands before it; no list with one was at hand.
Version 3 signs the digest, by the same hash, of ``{u8 type; u8 hash; u8 digest[]}`` (struct ima_file_id), which no
vector at hand confirms.

Source: Linux security/integrity/integrity.h, digsig_asymmetric.c; ima-evm-utils, imaevm.h.
"""

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct

from trueware.attestation.ima.entries import Fields
from trueware.errors import MalformedInput
from trueware.signatures.public_key import digest_name, signs_digest
from trueware.signatures.refusal import Refusal
from trueware.signatures.x509 import load, name_of

_HEAD = Struct(">BBB4sH")
_HASHES = {4: "sha256", 5: "sha384", 6: "sha512"}
_IMA, _VERITY = 3, 5
_V2, _V3 = 2, 3
_REMEMBERED = 1 << 16
_LONGEST, _MOST_SIGNERS = 1 << 16, 4
_MODULE = re.compile(r"\.ko(?:\.(?:xz|gz|zst))?$|/(?:vmlinu[xz]|b?zImage|Image)[^/]*$")
"""What has its signature behind it. One without attributes may be over another's attributes, which do not load as these."""


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A key that may sign files."""

    key_id: bytes
    spki: bytes = field(repr=False)
    name: str


def file_signer(data: bytes) -> FileSigner:
    """Return the signer of a DER certificate or SubjectPublicKeyInfo.

    Raises:
        ValueError: it is neither.
    """
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 (start-up time)
        Encoding,
        PublicFormat,
        load_der_public_key,
    )
    from cryptography.x509 import ExtensionNotFound, SubjectKeyIdentifier  # noqa: PLC0415

    certificate = load(data)
    if certificate is None:
        key = load_der_public_key(data)
        name = "a key without a certificate"
    else:
        key, name = certificate.public_key(), name_of(data)
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    identifier = SubjectKeyIdentifier.from_public_key(key).digest  # type: ignore[arg-type]  # refuses what it cannot take
    if certificate is not None:
        with suppress(ExtensionNotFound, ValueError):
            identifier = certificate.extensions.get_extension_for_class(SubjectKeyIdentifier).value.digest
    try:
        digest_name(spki)
    except Refusal as refusal:
        raise ValueError(str(refusal)) from None
    return FileSigner(identifier[-4:], spki, name)


@dataclass(frozen=True, slots=True)
class FileSigners:
    """The keys that may sign files."""

    signers: tuple[FileSigner, ...]

    @classmethod
    def of(cls, keys: Iterable[bytes]) -> "FileSigners":
        """Return the signers of certificates and keys.

        Raises:
            ValueError: one is neither.
        """
        return cls(tuple(file_signer(each) for each in keys))

    def verify(self, entry: Fields) -> tuple[bool, str] | None:
        """Tell whether the signature of a file is of its content, and whose it is; None: none, or of nobody who is known.

        A signature over another hash than the file was measured by cannot be told: it counts as none.
        """
        data = entry.signature
        if len(data) < _HEAD.size:
            return self._appended(entry)
        kind, version, number, key_id, length = _HEAD.unpack_from(data)
        signature = data[_HEAD.size :]
        if (kind, version) not in ((_IMA, _V2), (_VERITY, _V3), (_IMA, _V3)) or length != len(signature):
            return None
        if _HASHES.get(number) != entry.algorithm:
            return None
        known = [each for each in self.signers if each.key_id == key_id]
        if not known:
            return None
        digest = entry.digest
        if version == _V3:
            digest = hashlib.new(entry.algorithm, bytes([kind, number]) + digest).digest()
        for signer in known:
            if _is_signed(signer.spki, signature, entry.algorithm, digest):
                return True, signer.name
        return False, known[0].name

    def _appended(self, entry: Fields) -> tuple[bool, str] | None:
        """Tell whose the signature is that stands behind a module or kernel (ima-modsig): PKCS #7 over the digest without it.

        One that no known key made is of nobody who is known: it may name its signer in ways that a bare key does not show.
        """
        others = dict(entry.others)
        appended, named = others.get("modsig", b""), others.get("d-modsig", b"")
        algorithm, _, digest = named.partition(b":\0")
        if not appended or not digest or not _MODULE.search(entry.path):
            return None
        for signer in self.signers:
            if _is_appended(signer.spki, appended, algorithm.decode("latin-1"), digest):
                return True, signer.name
        return None


@lru_cache(maxsize=_REMEMBERED >> 4)
def _is_appended(spki: bytes, appended: bytes, algorithm: str, digest: bytes) -> bool:
    from trueware.signatures.cms import read_signed_data  # noqa: PLC0415 (start-up time)

    if algorithm not in _HASHES.values() or len(appended) > _LONGEST:
        return False
    try:
        signers = read_signed_data(appended).signers
    except (Refusal, MalformedInput):
        return False
    for each in signers[:_MOST_SIGNERS]:
        with suppress(Refusal):
            if each.is_signed_digest(spki, algorithm, digest):
                return True
    return False


@lru_cache(maxsize=_REMEMBERED)
def _is_signed(spki: bytes, signature: bytes, algorithm: str, digest: bytes) -> bool:
    return signs_digest(spki, signature, algorithm, digest)
