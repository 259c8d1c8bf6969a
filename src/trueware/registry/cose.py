"""The old name of `trueware.cose.sign1`, until what still imports it is landed."""

from trueware.cose.sign1 import (
    ALGORITHM,
    CONTENT_TYPE,
    CRITICAL,
    CWT_CLAIMS,
    EDDSA,
    ES256,
    ES384,
    KEY_ID,
    PrivateKey,
    Sign1,
    check,
    parse,
    sign,
    to_be_signed,
)

__all__ = [
    "ALGORITHM",
    "CONTENT_TYPE",
    "CRITICAL",
    "CWT_CLAIMS",
    "EDDSA",
    "ES256",
    "ES384",
    "KEY_ID",
    "PrivateKey",
    "Sign1",
    "check",
    "parse",
    "sign",
    "to_be_signed",
]
