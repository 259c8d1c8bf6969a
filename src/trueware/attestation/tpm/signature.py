"""Signatures of a TPM (TPMT_SIGNATURE), and the keys that verify them.

::

    TPMT_SIGNATURE     UINT16 sigAlg, then
      RSASSA, RSAPSS   UINT16 hash, TPM2B sig
      ECDSA            UINT16 hash, TPM2B r, TPM2B s

Source: TCG TPM 2.0 Library Part 2 §11.3; Part 1 annexes B and C. The salt of RSAPSS is as long as
the digest or, with FIPS 186-4 in mind, as fits: any length is taken.
"""

from dataclasses import dataclass

from trueware.attestation.tpm.algorithms import ECDSA, RSAPSS, RSASSA, SCHEMES
from trueware.attestation.tpm.fields import Fields

_LONGEST_RSA = 512
_LONGEST_COORDINATE = 66


@dataclass(frozen=True, slots=True)
class RsaSignature:
    """RSASSA or RSAPSS."""

    scheme: str
    hash: str
    value: bytes


@dataclass(frozen=True, slots=True)
class EcdsaSignature:
    """ECDSA."""

    hash: str
    r: int
    s: int
    scheme: str = "ecdsa"


Signature = RsaSignature | EcdsaSignature


def parse_signature(data: bytes) -> Signature:
    """Return a TPMT_SIGNATURE.

    Raises:
        MalformedInput: it is none, or bytes stand behind it.
        UnsupportedInput: it is by another scheme.
    """
    fields = Fields("tpmt-signature", data)
    number = fields.u16("sigAlg")
    if number not in (RSASSA, RSAPSS, ECDSA):
        fields.at = 0
        if number in SCHEMES:
            fields.unsupported(f"a signature by {SCHEMES[number]}")
        fields.refuse(f"sigAlg {number:#06x} is no scheme of signatures")
    name = fields.hash("hash")
    if number == ECDSA:
        r = int.from_bytes(fields.sized(_LONGEST_COORDINATE, "r"))
        s = int.from_bytes(fields.sized(_LONGEST_COORDINATE, "s"))
        fields.end()
        return EcdsaSignature(name, r, s)
    value = fields.sized(_LONGEST_RSA, "sig")
    fields.end()
    return RsaSignature(SCHEMES[number], name, value)
