"""The trusted root of a Sigstore: whose certificates, logs and time stamps count, and when (sigstore protobuf-specs, TrustedRoot)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trueware.formats.moments import seconds
from trueware.signatures import json_text
from trueware.signatures.refusal import uncheckable

MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot"
_TIME = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?Z")


@dataclass(frozen=True, slots=True)
class Span:
    """When something counts; both ends belong to it."""

    start: int
    end: int | None

    def __contains__(self, at: int) -> bool:
        return self.start <= at and (self.end is None or at <= self.end)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues certificates: of signers, or of those who stamp times."""

    certificates: tuple[bytes, ...]
    """The root last."""

    span: Span


@dataclass(frozen=True, slots=True)
class Log:
    """A transparency log."""

    id: bytes
    spki: bytes
    span: Span


@dataclass(frozen=True, slots=True)
class Root:
    """All of it."""

    signers: tuple[Authority, ...]
    stampers: tuple[Authority, ...]
    logs: tuple[Log, ...]
    """Of signatures."""

    certificate_logs: tuple[Log, ...]

    def log(self, id_: bytes) -> Log | None:
        """Return the log of that id."""
        return next((each for each in self.logs if each.id == id_), None)


@lru_cache(maxsize=8)
def read_root(data: bytes) -> Root:
    """Return the trusted root in a file.

    Raises:
        Refusal: it is none.
    """
    value = json_text.parse(data)
    if not json_text.text(value, "mediaType").startswith(MEDIA_TYPE):
        uncheckable("no trusted root of a Sigstore")
    return Root(
        tuple(_authorities(value, "certificateAuthorities")),
        tuple(_authorities(value, "timestampAuthorities")),
        tuple(_logs(value, "tlogs")),
        tuple(_logs(value, "ctlogs")),
    )


def _authorities(value: Any, name: str) -> Iterator[Authority]:
    for each in json_text.items(value, name):
        chain = json_text.items(each, "certChain", "certificates", most=8)
        yield Authority(
            tuple(json_text.octets(one, "rawBytes") for one in chain), _span(json_text.at(each, "validFor"))
        )


def _logs(value: Any, name: str) -> Iterator[Log]:
    for each in json_text.items(value, name):
        span = _span(json_text.at(each, "publicKey", "validFor"))
        yield Log(json_text.octets(each, "logId", "keyId"), json_text.octets(each, "publicKey", "rawBytes"), span)


def _span(value: Any) -> Span:
    """Return a span; one without a beginning never begins."""
    start, end = (json_text.at(value, name) for name in ("start", "end"))
    return Span(_time(start) if start is not None else 1 << 63, _time(end) if end is not None else None)


def _time(value: Any) -> int:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    at = seconds(*map(int, found.groups())) if found is not None else None
    if at is None:
        uncheckable(f"{value!r} is no time")
    return at
