"""EAT Attestation Results (draft-ietf-rats-ear-04): what a verifier tells a relying party, as JWT or CWT, signed."""

from trueware.exchange.ear.from_results import ear_of
from trueware.exchange.ear.model import PROFILE, Ear, EarAppraisal, Status, VerifierId
from trueware.exchange.ear.reading import from_cbor, from_json
from trueware.exchange.ear.signed import read_signed, sign_cwt, sign_jwt
from trueware.exchange.ear.writing import to_cbor, to_json

__all__ = [
    "PROFILE",
    "Ear",
    "EarAppraisal",
    "Status",
    "VerifierId",
    "ear_of",
    "from_cbor",
    "from_json",
    "read_signed",
    "sign_cwt",
    "sign_jwt",
    "to_cbor",
    "to_json",
]
