"""The list of attestation keys that Google took back: serial numbers of certificates, with reasons.

::

    {"entries": {"<serial, lower-case hexadecimal, no leading zeros>": {"status": "REVOKED" | "SUSPENDED", "reason": …,
                                                                       "expires": …, "comment": …}}}

Source: source.android.com, Key and ID attestation, "Certificate revocation status list". The list has no date and no signature of its
own: it is as good as the way it came (HTTPS from Google), and as new as whoever hands it in says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from trueware.attestation.android_key.checks import ANDROID_REVOCATION
from trueware.errors import MalformedInput
from trueware.model.check import Check
from trueware.signatures import json_text
from trueware.signatures.refusal import Refusal

_FORMAT = "android-revocation-list"
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class RevocationList:
    """Serial numbers, with why they do not count."""

    entries: Mapping[str, str]


@lru_cache(maxsize=4)
def read_revocation(data: bytes) -> RevocationList:
    """Return the list.

    Raises:
        MalformedInput: it is none. A list that cannot be read clears nobody.
    """
    if len(data) > MAX_BYTES:
        raise MalformedInput(_FORMAT, 0, f"{len(data)} bytes, {MAX_BYTES} are the most")
    try:
        entries = json_text.at(json_text.parse(data), "entries")
    except Refusal as refusal:
        raise MalformedInput(_FORMAT, 0, refusal.detail) from None
    if not isinstance(entries, dict):
        raise MalformedInput(_FORMAT, 0, "it has no entries")
    found: dict[str, str] = {}
    for serial, entry in entries.items():
        status = entry.get("status") if isinstance(entry, dict) else None
        if not isinstance(status, str):
            raise MalformedInput(_FORMAT, 0, f"entry {serial[:40]!r} has no status")
        reason = entry.get("reason")
        found[_normal(serial)] = f"{status}: {reason}" if isinstance(reason, str) else status
    return RevocationList(found)


def check_revocation(serials: Iterable[int], listed: RevocationList | None) -> Check:
    """Return whether any certificate of a chain is on the list."""
    if listed is None:
        return ANDROID_REVOCATION.not_shown("no list of revoked keys was given: a key that leaked would not be noticed")
    for number, serial in enumerate(serials):
        word = listed.entries.get(f"{serial:x}")
        if word is not None:
            return ANDROID_REVOCATION.contradicts(
                f"certificate {number} is on the list of revoked keys ({word})",
                f"certificate {number}",
                found=f"{serial:x}",
            )
    return ANDROID_REVOCATION.supports(f"none of its certificates is among {len(listed.entries):,} that were revoked")


def _normal(serial: str) -> str:
    return serial.strip().lower().removeprefix("0x").lstrip("0") or "0"
