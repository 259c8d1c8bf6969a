"""URLs in text: where they lead, and how to show them without the secrets they carry.

Source: RFC 3986 §3. Found are only URLs with a scheme that leads to another machine and with a host that can be one; what a text
has instead of a host (``%s``, ``$HOST``, ``{ip}``) is none. Parts are kept as they were written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from trueware.explaining.patterns import regex

_LONGEST = 2048
"""Characters of a URL that are looked at."""

_URL = regex(
    r"(?<![a-z0-9])(?P<scheme>https?|ftps?|sftp|tftp|rtmps?|rtsp|rtp|udp|mms|wss?|mqtts?|tcp|ssl|tls|ssh|telnet"
    r"|stun|turn|ldaps?|syslog|socks[45]h?|stratum\+(?:tcp|ssl))://"
    r"(?:(?P<user>[^\s\"'<>@/?#]{0,256})@)?"
    r"(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?\.?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    rf"(?P<path>/[^\s\"'<>?#|\\]{{0,{_LONGEST}}})?"
    rf"(?:\?(?P<query>[^\s\"'<>#|\\]{{0,{_LONGEST}}}))?",
    re.IGNORECASE | re.ASCII,
)
_SECRET = regex(
    r"(?i)^(?:user(?:name)?|login|pass(?:word|wd)?|pwd|token|auth|key|apikey|api_key|secret|sid|session|mac|sn|serial)$"
)
_NAME = regex(r"(?i)(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\.?")

_OWN = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/32", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
            "::/127", "fc00::/7", "fe80::/10",
        ),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Url:
    """One URL."""

    scheme: str
    """In lower case."""

    user: str
    """Name and password before the host, empty where there are none."""

    host: str
    """In lower case, without brackets and final dot."""

    port: int | None
    path: str
    query: str

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query, as they are written; of one that repeats, the last."""
        pairs = (each.partition("=") for each in self.query.split("&") if each)
        return {name.lower(): value for name, _, value in pairs}

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port is not None else "")

    def masked(self) -> str:
        """Return it with everything that may be a secret written ``***``: user, and parameters known to hold such."""
        user = "***@" if self.user else ""
        scheme, _, rest = self.origin.partition("://")
        query = "&".join(_masked(each) for each in self.query.split("&")) if self.query else ""
        return f"{scheme}://{user}{rest}{self.path}" + (f"?{query}" if query else "")


def find_urls(text: str) -> Iterator[Url]:
    """Yield the URLs of a text in order."""
    for found in _URL.finditer(text):
        host = found["host"].strip("[]").rstrip(".").lower()
        if is_host(host) or host == "localhost":
            port = found["port"]
            yield Url(
                found["scheme"].lower(),
                found["user"] or "",
                host,
                int(port) if port else None,
                found["path"] or "",
                found["query"] or "",
            )


def is_host(text: str) -> bool:
    """Tell whether a text is an IP address, or a name with a dot that the DNS can hold (RFC 1123 §2.1, underscores let pass)."""
    return is_address(text) or _NAME.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_local(host: str) -> bool:
    """Tell whether a host can only be in the own network or the own device: a private address, or a name kept for that.

    Source: RFC 1918, RFC 4193, RFC 3927, RFC 4291 §2.5, RFC 6762 (``.local``), RFC 8375 (``home.arpa``), RFC 6761 (``localhost``).
    """
    host = host.lower().rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".home.arpa", ".localhost", ".internal"))
    return any(address in network for network in _OWN)


def _masked(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}=***" if equals and _SECRET.match(name) else pair
