"""A URL that is all of a setting, in its parts: of any scheme, with variables or without a host (RFC 3986 §3); nothing is decoded.

`urls` finds URLs in text and leaves out what cannot be one; here the file says that it is one.
"""

from typing import NamedTuple

from trueware.explaining.patterns import regex

_URL = regex(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#\s]*@)?(?P<host>\[[0-9A-Fa-f:.]*\]|[^/?#:\s]*)(?::(?P<port>\d*))?(?P<rest>[^\s]*)"
)
_ENCRYPTED = frozenset({"https", "ftps", "sftp", "ssh", "wss", "mqtts", "ldaps", "tls", "amqps", "ssl"})


class StatedUrl(NamedTuple):
    """Scheme and host in lower case."""

    text: str
    scheme: str
    host: str
    """Empty for a path of the device itself (``file:///…``)."""

    port: str
    rest: str
    """Path, query and fragment."""

    @property
    def is_encrypted(self) -> bool:
        """Whether the scheme proves to the device whom it talks to."""
        return self.scheme.rpartition("+")[2] in _ENCRYPTED

    @property
    def place(self) -> str:
        """Everything but the scheme and a stray slash at the end."""
        return f"{self.host}:{self.port}{self.rest.rstrip('/')}" if self.port else f"{self.host}{self.rest.rstrip('/')}"

    @property
    def touches(self) -> tuple[str, ...]:
        """Tokens for a finding."""
        return (f"host:{self.host}",) if self.host else ()


def read_url(text: str) -> StatedUrl | None:
    """Return the parts of a URL; None where the text is none."""
    found = _URL.fullmatch(text.strip())
    if found is None:
        return None
    return StatedUrl(
        found[0], found["scheme"].lower(), found["host"].lower().rstrip("."), found["port"] or "", found["rest"]
    )
