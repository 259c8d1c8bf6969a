"""Proof of rotation: certificates of one publisher, each but the first vouched for by the one before it.

Layout (lengths are four bytes, little-endian): version 1, then for each certificate a length and

1. with a length: what the one before signed, namely its certificate with a length and the number of the algorithm it was signed with
2. flags: what the older certificate may still do (1 data, 2 shared user, 4 permission, 8 rollback, 16 authenticator)
3. number of the algorithm with which this certificate signs the next
4. with a length: the signature, empty for the first

Checks: every signature over (1), with the key of the certificate before and the algorithm that it announced; the algorithm in (1) is
that one; no certificate stands twice. Source: source.android.com, "APK Signature Scheme v3", proof-of-rotation.
"""

from trueware.signatures.apk.algorithms import ALGORITHMS
from trueware.signatures.apk.prefixed import Prefixed
from trueware.signatures.certificate import Certificate
from trueware.signatures.refusal import broken, uncheckable

_VERSION = 1
_LONGEST = 16
"""Certificates of one lineage; real ones have two or three."""


def read_lineage(value: bytes) -> tuple[Certificate, ...]:
    """Return the certificates, oldest first, each proved by the one before.

    Raises:
        Refusal: they are not.
    """
    taken = Prefixed(value, "the proof of rotation")
    if (version := taken.u32()) != _VERSION:
        uncheckable(f"a proof of rotation of version {version}")
    found: list[Certificate] = []
    announced = 0
    for node in taken.each():
        signed = node.value()
        _flags, following, signature = node.u32(), node.u32(), node.value()
        node.end()
        inner = Prefixed(signed, "the proof of rotation")
        certificate, used = Certificate.parse(inner.value()), inner.u32()
        inner.end()
        if found:
            algorithm = ALGORITHMS.get(announced)
            if algorithm is None or used != announced:
                uncheckable(f"the proof of rotation has algorithm {used:#06x} where {announced:#06x} was announced")
            if not algorithm.verifies(found[-1].spki, signature, signed):
                broken(f"the proof of rotation: certificate {len(found) + 1} is not signed by the one before it")
        if any(certificate.encoded == each.encoded for each in found) or len(found) == _LONGEST:
            uncheckable("the proof of rotation has a certificate twice, or too many")
        found.append(certificate)
        announced = following
    if not found:
        uncheckable("the proof of rotation is empty")
    return tuple(found)
