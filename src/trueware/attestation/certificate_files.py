"""Certificates in files: one, or several, as phones, tools and apps hand them on.

==============  ==========================================================================================================
PEM             one block behind the other (RFC 7468)
DER             one, or one behind the other, as ``TrustedCertificates`` and Auditor's records have them
JSON            ``x5c``: base64, or base64url without filling, of DER (RFC 7517 §4.7; W3C WebAuthn §8.4, ``android-key``)
==============  ==========================================================================================================

What is no certificate is left out; nothing is verified here.
"""

import re
from base64 import b64decode

from trueware.signatures import json_text
from trueware.signatures.refusal import Refusal

MOST = 64
"""Certificates of one file that are looked at."""

_ARMOUR = re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}CERTIFICATE-----([A-Za-z0-9+/=\s]{1,120000})-----END ")
_LARGEST_JSON = 1 << 20
_HEAD = 4096
_TO_STANDARD = str.maketrans("-_", "+/")


def encodings(data: bytes) -> list[bytes]:
    """Return the certificates of a file as DER, in their order; the file itself where it has none of the forms."""
    if b"-----BEGIN" in data[:_HEAD]:
        return [each for body in _ARMOUR.findall(data)[:MOST] if (each := _decoded(body.decode("ascii"))) is not None]
    if data[:1] == b"{":
        return x5c_in(data)
    return _one_behind_the_other(data) or [data]


def x5c_in(data: bytes) -> list[bytes]:
    """Return the certificates that JSON text has under ``x5c``; none where it has none."""
    if len(data) > _LARGEST_JSON or b'"x5c"' not in data:
        return []
    try:
        listed = json_text.at(json_text.parse(data), "x5c")
    except Refusal:
        return []
    if not isinstance(listed, list):
        return []
    return [each for text in listed[:MOST] if isinstance(text, str) and (each := _decoded(text)) is not None]


def _decoded(text: str) -> bytes | None:
    bare = "".join(text.split()).translate(_TO_STANDARD).rstrip("=")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        return None


def _one_behind_the_other(data: bytes) -> list[bytes]:
    """Return the SEQUENCEs that data is, one behind the other; empty: it is something else."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        if len(found) == MOST or data[at] != 0x30 or at + 2 > len(data):
            return []
        size = data[at + 1]
        start = at + 2
        if size & 0x80:
            octets = size & 0x7F
            if not 1 <= octets <= 4 or start + octets > len(data):
                return []
            size = int.from_bytes(data[start : start + octets], "big")
            start += octets
        if size > len(data) - start:
            return []
        found.append(data[at : start + size])
        at = start + size
    return found
