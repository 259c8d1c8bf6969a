"""The key that signs the examples of the drafts of SUIT and TEEP."""

from trueware.signatures.keys import read_keys

KEYS = read_keys(
    b"-----BEGIN PUBLIC KEY-----\n"
    b"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhJaBGq4LqqvSYVcYnuzaJr6qi/Eb\n"
    b"bz/m4rVlnIXbwK07HypLbAmBMcCjbazR14vTgdzfsJwFLbM5kdtzOLSolg==\n"
    b"-----END PUBLIC KEY-----\n"
)
