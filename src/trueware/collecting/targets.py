"""Devices that are reached over SSH, from arguments or a file: ``[user@]host[:port] [SHA256:fingerprint]``, one a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trueware.errors import SourceError

_TARGET = re.compile(
    r"(?:(?P<user>[^@\s]{1,64})@)?(?:\[(?P<six>[0-9A-Fa-f:.%\w]{2,64})\]|(?P<host>[\w.-]{1,253}))(?::(?P<port>\d{1,5}))?"
)
_PIN = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_MOST = 1_000_000
_LARGEST = 256 << 20


@dataclass(frozen=True, slots=True)
class Target:
    """One device."""

    host: str
    port: int = 22
    user: str | None = None
    pin: str | None = None
    """Fingerprint of its host key; with one, no other key and no list of known hosts counts."""

    @property
    def name(self) -> str:
        """What it is called in answers and file names."""
        return self.host if self.port == 22 else f"{self.host}:{self.port}"


def target_of(text: str) -> Target:
    """Return the device that is written as `text`.

    >>> target_of("root@[fe80::1%eth0]:2222").port
    2222

    Raises:
        SourceError: it cannot be read.
    """
    where, *rest = text.split()
    found = _TARGET.fullmatch(where)
    pin = rest[0] if rest else None
    if found is None or len(rest) > 1 or (pin is not None and not _PIN.fullmatch(pin)):
        raise SourceError(f"found {text[:120]!r}, expected [user@]host[:port] and perhaps SHA256:fingerprint")
    port = int(found["port"] or 22)
    if not 0 < port < 1 << 16:
        raise SourceError(f"{text[:120]!r}: there is no port {port}")
    host = found["six"] or found["host"]
    if host.startswith("-"):
        raise SourceError(f"{text[:120]!r}: no host begins with a dash")
    return Target(host, port, found["user"], pin)


def read_targets(path: str) -> Iterator[Target]:
    """Yield the devices that a file names; what stands after ``#`` is a remark.

    Raises:
        SourceError: the file cannot be read, or a line of it.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            for number, line in enumerate(file.read(_LARGEST).splitlines(), 1):
                if number > _MOST:
                    raise SourceError(f"{path!r} has more than {_MOST} lines")
                if text := line.partition("#")[0].strip():
                    try:
                        yield target_of(text)
                    except SourceError as error:
                        raise SourceError(f"{path!r}, line {number}: {error}") from error
    except OSError as error:
        raise SourceError(f"cannot read {path!r}: {error.strerror}") from error
