"""Measured components (RFC 10013): what was measured, by name and digest.

::

    { 1 id: [name, ? [version, ? scheme]], ? 2 digested-measurement: [alg, digest], ? 3 authorities: [+ bytes],
      ? 4 flags: 8 bytes, ? 5 raw-measurement: bytes }

In JSON the keys are "id", "digested-measurement", "authorities", "flags", "raw-measurement", bytes base64url. Digests are named by
the numbers of the IANA registry of named information hashes or of COSE. One public example confirms the CBOR form, with a raw
measurement; none confirms digests or JSON.
"""

from hashlib import sha256

from trueware.attestation.eat.claims_set import NAME, octets
from trueware.cose.foreign_cbor import Value, decode
from trueware.errors import MalformedInput
from trueware.model.measured import MeasuredValue
from trueware.signatures import json_text

_NAMES = {"id": 1, "digested-measurement": 2, "authorities": 3, "flags": 4, "raw-measurement": 5}
_ALGORITHMS: dict[int | str, tuple[str, int]] = {
    1: ("sha256", 32),
    7: ("sha384", 48),
    8: ("sha512", 64),
    -16: ("sha256", 32),
    -43: ("sha384", 48),
    -44: ("sha512", 64),
    "sha-256": ("sha256", 32),
    "sha-384": ("sha384", 48),
    "sha-512": ("sha512", 64),
}
_FLAGS = 8


def read_cbor(data: bytes, place: str) -> MeasuredValue:
    """Return a measured component in CBOR.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: too deep, or too many values.
    """
    value = decode(data, NAME, max_depth=8)
    if not isinstance(value, dict):
        raise MalformedInput(NAME, 0, "a measured component is a map")
    return _component({key: each for key, each in value.items() if isinstance(key, int)}, place)


def read_json(data: bytes, place: str) -> MeasuredValue:
    """Return a measured component in JSON.

    Raises:
        MalformedInput: it is none.
    """
    value = json_text.read(data, NAME)
    if not isinstance(value, dict):
        raise MalformedInput(NAME, 0, "a measured component is an object")
    found: dict[int, Value] = {}
    for key, each in value.items():
        label = _NAMES.get(key)
        if label in (4, 5) and isinstance(each, str):
            found[label] = octets(each)
        elif label == 2 and isinstance(each, list) and len(each) == 2 and isinstance(each[1], str):
            found[2] = (each[0] if isinstance(each[0], int | str) else None, octets(each[1]))
        elif label == 1 and isinstance(each, list):
            found[1] = tuple(tuple(part) if isinstance(part, list) else part for part in each)
        elif label is not None:
            found[label] = each
    return _component(found, place)


def _component(value: dict[int, Value], place: str) -> MeasuredValue:
    identity = value.get(1)
    if not isinstance(identity, tuple) or not identity or not isinstance(identity[0], str):
        raise MalformedInput(NAME, 0, "a measured component without a name")
    version = identity[1] if len(identity) > 1 else ("",)
    if not isinstance(version, tuple) or not version or not isinstance(version[0], str):
        raise MalformedInput(NAME, 0, "the version of a measured component is no text")
    flags = value.get(4)
    if flags is not None and (not isinstance(flags, bytes) or len(flags) != _FLAGS):
        raise MalformedInput(NAME, 0, "the flags of a measured component are eight bytes")
    return MeasuredValue(identity[0], _digests(value), version[0], place=place)


def _digests(value: dict[int, Value]) -> tuple[tuple[str, bytes], ...]:
    raw, digested = value.get(5), value.get(2)
    if (raw is None) == (digested is None):
        raise MalformedInput(NAME, 0, "a measured component has a digest or a raw measurement, one of both")
    if raw is not None:
        if not isinstance(raw, bytes):
            raise MalformedInput(NAME, 0, "a raw measurement is bytes")
        return (("sha256", sha256(raw).digest()),)
    if not isinstance(digested, tuple) or len(digested) != 2:
        raise MalformedInput(NAME, 0, "a digest is an algorithm and bytes")
    algorithm, digest = digested
    known = _ALGORITHMS.get(algorithm) if isinstance(algorithm, int | str) and not isinstance(algorithm, bool) else None
    if known is None or not isinstance(digest, bytes) or len(digest) != known[1]:
        raise MalformedInput(NAME, 0, "a digest of an algorithm that is not known, or not of its length")
    return ((known[0], digest),)
