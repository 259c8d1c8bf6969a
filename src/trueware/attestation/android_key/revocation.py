"""The list of attestation keys that Google took back: serial numbers of certificates, with reasons.

::

    {"entries": {"<serial, lower-case hexadecimal, no leading zeros>": {"status": "REVOKED" | "SUSPENDED", "reason": …,
                                                                       "expires": …, "comment": …}}}

Source: source.android.com, Key and ID attestation, "Certificate revocation status list". The list has no date and no signature of its
own: it is as good as the way it came (HTTPS from Google), and as new as whoever hands it in says.

The serial numbers are said to be hexadecimal, and are not all: the older half of the list is decimal (as such they fit 64 bits, and
none has a letter). One of digits alone is looked up as both. ``expires`` is when the certificate ends, not the suspension: an entry
counts whatever it says. So does one with a status that is not known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from trueware.attestation.android_key.checks import ANDROID_REVOCATION
from trueware.errors import MalformedInput
from trueware.model.check import Check
from trueware.signatures import json_text

_FORMAT = "android-revocation-list"
MAX_BYTES = 64 << 20
_LONGEST_DECIMAL = 50
"""Digits of the longest serial number: 20 bytes (RFC 5280 §4.1.2.2)."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """Serial numbers, with why they do not count."""

    entries: Mapping[str, str]
    """By serial number, in hexadecimal; twice where it may be meant in either base."""

    count: int
    """How many are listed."""


@lru_cache(maxsize=4)
def read_revocation(data: bytes) -> RevocationList:
    """Return the list.

    Raises:
        MalformedInput: it is none. A list that cannot be read clears nobody.
    """
    if len(data) > MAX_BYTES:
        raise MalformedInput(_FORMAT, 0, f"{len(data)} bytes, {MAX_BYTES} are the most")
    entries = json_text.at(json_text.read(data, _FORMAT), "entries")
    if not isinstance(entries, dict):
        raise MalformedInput(_FORMAT, 0, "it has no entries")
    found: dict[str, str] = {}
    for serial, entry in entries.items():
        status = entry.get("status") if isinstance(entry, dict) else None
        if not isinstance(status, str):
            raise MalformedInput(_FORMAT, 0, f"entry {serial[:40]!r} has no status")
        reason = entry.get("reason")
        word = f"{status}: {reason}" if isinstance(reason, str) else status
        found.update(dict.fromkeys(_readings(serial), word[:200]))
    return RevocationList(found, len(entries))


def check_revocation(serials: Iterable[int], listed: RevocationList | None) -> Check:
    """Return whether any certificate of a chain is on the list."""
    if listed is None:
        return ANDROID_REVOCATION.not_shown("no list of revoked keys was given: a key that leaked would not be noticed")
    if not listed.count:
        return ANDROID_REVOCATION.not_shown("the list of revoked keys that was given is empty")
    for number, serial in enumerate(serials):
        word = listed.entries.get(f"{serial:x}")
        if word is not None:
            return ANDROID_REVOCATION.contradicts(
                f"it is on the list of revoked keys ({word})",
                f"certificate {number}",
                found=f"{serial:x}",
            )
    return ANDROID_REVOCATION.supports(f"none of its certificates is among {listed.count:,} that were revoked")


def _readings(serial: str) -> tuple[str, ...]:
    """Return the numbers that a serial number may mean, in hexadecimal."""
    text = serial.strip().lower().removeprefix("0x")
    bare = text.lstrip("0") or "0"
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_DECIMAL:
        return bare, f"{int(text):x}"
    return (bare,)
