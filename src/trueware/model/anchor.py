"""Anchors: the keys and certificates a publisher signs software with, and the ones that nobody may be trusted by any more."""

import re
from dataclasses import dataclass, field

from trueware.errors import MalformedInput
from trueware.model.release import Entitlement


@dataclass(frozen=True, slots=True)
class Anchor:
    """A key or certificate of a publisher, and what it may vouch for."""

    publisher: str
    id: str
    """Its strongest name, as in `trueware.model.signature.Signer.ids`."""

    kind: str
    """What `data` is: see `trueware.signatures.contract.Key`."""

    data: bytes = field(repr=False)
    issues: bool = False
    """Whether certificates that it issued count as the publisher's too (a certification authority of theirs)."""

    scope: tuple[Entitlement, ...] = ()
    """The claims it may vouch for; empty: for whatever the publisher may claim."""

    since: int | None = None
    until: int | None = None
    """Seconds since 1970 between which it signs; None: not limited."""

    threshold: int = 1
    """How many of the publisher's keys must sign with it for it to count."""

    name: str = ""
    source: str = ""
    """Who said so: a file, a page, a person."""

    revoked: str | None = None
    """Why it was taken back; None while it stands."""


_HEX = re.compile(r"[0-9a-f]+")
_DIGITS = {"sha1": 40, "sha256": 64}


def listed_id(text: str) -> str:
    """Return a name of the form ``kind:value`` as it is compared: people write values in capitals, in groups, after zeros."""
    kind, colon, value = text.strip().partition(":")
    kind, value = kind.strip().lower(), value.strip().casefold()
    compact = value.replace(":", "").replace(" ", "")
    if kind == "serial":
        compact = compact.removeprefix("0x").lstrip("0") or "0"
    if kind != "subject-cn" and _HEX.fullmatch(compact):
        value = compact
    return f"{kind}{colon}{value}"


def check_listed(id: str) -> None:  # noqa: A002 (the domain's noun)
    """Refuse what can be the name of nothing: it would bar nothing, and nobody would notice.

    Raises:
        MalformedInput: a digest of another length, or no digest.
    """
    kind, _, value = id.partition(":")
    digits = _DIGITS.get(kind.rpartition("-")[2])
    if digits is not None and (len(value) != digits or _HEX.fullmatch(value) is None):
        raise MalformedInput("name", len(kind) + 1, f"{kind} has {digits} hexadecimal digits, found {value!r}")


@dataclass(frozen=True, slots=True)
class Distrusted:
    """Something that proves nothing, whoever vouches for it: a public test key, a leaked key, a revoked certificate or image."""

    id: str
    """``kind:value`` as in `trueware.model.signature.Signer.ids`, or ``sha256:`` of a whole artefact."""

    reason: str
    source: str = ""
