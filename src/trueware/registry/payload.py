"""The payload of a release statement: what is said of a release, in deterministic CBOR. Its SHA-256 is the release's id.

::

    payload = {
      1: 1,                 version of this structure
      2: tstr, 3: tstr,     publisher, product
      4: tstr, 5: tstr,     version, authority
      6: bstr .size 32,     SHA-256 of the artefact (of a folder: its Merkle digest)
      ? 7: bstr .size 32,   Merkle digest; absent where only the bytes' digest is known
      8: uint,              length of the artefact in bytes, 0 where not known
      9: tstr,              policy
      ? 10: [+ [name, value, source, part]]   claims; each tstr, or bstr where it is not Unicode
      ? 11: bstr .size 32,  SHA-256 of the list of packings (`packings.py`), where there is one
      ? 12: bstr .size 32,  SHA-256 of the list of portraits (`portraits.py`), where there is one
    }

The time of publication is not in it: the same release published twice is one. This structure is trueware's own.
"""

from dataclasses import dataclass
from hashlib import sha256 as _sha256
from typing import Any

from trueware.cose import cbor
from trueware.errors import LimitExceeded, MalformedInput
from trueware.model.claim import Claim
from trueware.model.release import Release
from trueware.model.verdict import Authority

MEDIA_TYPE = "application/vnd.trueware.release+cbor"
MAX_PAYLOAD = 1 << 20
"""Bytes; a release with a thousand claims has some 100 KB."""

_NAME = "release payload"
_VERSION = 1
_LONGEST_NAME = 512
_REQUIRED, _OPTIONAL = frozenset({1, 2, 3, 4, 5, 6, 8, 9}), frozenset({7, 10, 11, 12})


@dataclass(frozen=True, slots=True)
class Payload:
    """What a statement says of a release; see `trueware.model.release.Release` for the fields.

    Raises:
        ValueError: a name that cannot stand on one line, or a digest or size that is none.
    """

    publisher: str
    product: str
    version: str
    authority: Authority
    sha256: bytes
    tree: bytes | None = None
    size: int = 0
    policy: str = "generic"
    claims: tuple[Claim, ...] = ()
    packings: bytes | None = None
    portraits: bytes | None = None

    def __post_init__(self) -> None:
        for name in (self.publisher, self.product, self.version, self.policy):
            if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
                raise ValueError(f"1 to {_LONGEST_NAME} printable characters expected, found {name[:40]!r}")
        if any(digest is not None and len(digest) != 32 for digest in self._digests()):
            raise ValueError("a digest has 32 bytes")
        if not 0 <= self.size < 1 << 63:
            raise ValueError(f"a size of {self.size}")

    def _digests(self) -> tuple[bytes | None, ...]:
        return self.sha256, self.tree, self.packings, self.portraits


def encode(payload: Payload) -> bytes:
    """Return the bytes that are signed and that the id is the digest of.

    Raises:
        LimitExceeded: more than `MAX_PAYLOAD`.
    """
    fields: dict[int, object] = {
        1: _VERSION,
        2: payload.publisher,
        3: payload.product,
        4: payload.version,
        5: payload.authority.value,
        6: payload.sha256,
        8: payload.size,
        9: payload.policy,
    }
    if payload.tree is not None:
        fields[7] = payload.tree
    if payload.claims:
        fields[10] = [[cbor.pack_text(text) for text in (c.name, c.value, c.source, c.part)] for c in payload.claims]
    if payload.packings is not None:
        fields[11] = payload.packings
    if payload.portraits is not None:
        fields[12] = payload.portraits
    data = cbor.encode(fields)
    if len(data) > MAX_PAYLOAD:
        raise LimitExceeded("release payload", MAX_PAYLOAD, f"{len(data)} bytes")
    return data


def decode(data: bytes) -> Payload:
    """Return what `data` says.

    Raises:
        MalformedInput: it is not a payload of this version, in its one encoding.
    """
    if len(data) > MAX_PAYLOAD:
        raise MalformedInput(_NAME, 0, f"{len(data)} bytes, more than {MAX_PAYLOAD}")
    fields: Any = cbor.decode(data, _NAME, max_depth=4)
    if not isinstance(fields, dict) or not fields.keys() >= _REQUIRED or not fields.keys() <= _REQUIRED | _OPTIONAL:
        raise MalformedInput(_NAME, 0, "missing or unknown fields")
    if fields[1] != _VERSION or fields[1] is True:
        raise MalformedInput(_NAME, 0, f"version {fields[1]!r}, expected {_VERSION}")
    if not all(isinstance(fields[key], str) for key in (2, 3, 4, 5, 9)):
        raise MalformedInput(_NAME, 0, "a name is not text")
    digests = (fields[6], fields.get(7, b""), fields.get(11, b""), fields.get(12, b""))
    if not all(isinstance(digest, bytes) for digest in digests) or type(fields[8]) is not int:
        raise MalformedInput(_NAME, 0, "a digest or size of the wrong type")
    try:
        return Payload(
            fields[2],
            fields[3],
            fields[4],
            Authority(fields[5]),
            fields[6],
            fields.get(7),
            fields[8],
            fields[9],
            _claims(fields.get(10)),
            fields.get(11),
            fields.get(12),
        )
    except ValueError as error:
        raise MalformedInput(_NAME, 0, str(error)) from error


def identify(data: bytes) -> str:
    """Return the id of the release whose payload is `data`."""
    return _sha256(data).hexdigest()


def as_release(
    data: bytes,
    *,
    statement: bytes | None = None,
    published: int = 0,
    source: str = "",
    withdrawn: str | None = None,
) -> Release:
    """Return the release that the payload `data` speaks of.

    Raises:
        MalformedInput: as `decode`.
    """
    said = decode(data)
    return Release(
        id=identify(data),
        publisher=said.publisher,
        product=said.product,
        version=said.version,
        authority=said.authority,
        sha256=said.sha256,
        tree=said.tree,
        policy=said.policy,
        claims=said.claims,
        published=published,
        withdrawn=withdrawn,
        source=source,
        statement=statement,
        packings=said.packings,
        portraits=said.portraits,
    )


def _claims(value: object) -> tuple[Claim, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not value or not all(isinstance(each, list) and len(each) == 4 for each in value):
        raise MalformedInput(_NAME, 0, "claims are not lists of four")
    return tuple(Claim(*(cbor.unpack_text(text, _NAME) for text in each)) for each in value)
