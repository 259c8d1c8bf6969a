"""RESTCONF operations of a device, over HTTPS (RFC 8040 §3.6).

The device may be hostile. TLS is verified, there is no way to turn that off, and nothing is followed: an answer that sends us
elsewhere is an error, so that credentials go nowhere but to the device. An operation has one deadline for all of it, once it is
connected, and its answer a ceiling; nothing of an answer is unpacked.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import quote, urlsplit

from trueware.errors import InputError, SourceError
from trueware.exchange.charra.asking import MEDIA_TYPE
from trueware.exchange.charra.reading import read_answer

DEADLINE = 120.0
"""Seconds for one operation: a TPM takes one for a quote, and a log may be long."""

MAX_ANSWER = 64 << 20
_MAX_ERROR = 64 << 10
_PIECE = 1 << 16
_ROOT = "/restconf"
_TYPES = (MEDIA_TYPE, "application/yang-data+xml")
_LEAST_WORD, _LAST_ASCII = 0x20, 0x7E


@dataclass(frozen=True, slots=True)
class Restconf:
    """A device's RESTCONF server."""

    host: str
    port: int
    root: str
    """Path of its API, without a slash at its end."""

    tls: ssl.SSLContext = field(repr=False)
    authorization: str = field(default="", repr=False)
    """Value of the Authorization header; empty: none is sent."""

    deadline: float = DEADLINE
    most: int = MAX_ANSWER

    @classmethod
    def at(
        cls,
        url: str,
        tls: ssl.SSLContext,
        authorization: str = "",
        deadline: float = DEADLINE,
        most: int = MAX_ANSWER,
    ) -> "Restconf":
        """Return the server at a URL: ``https://device``, ``https://device:8443/api``; without a path its API is ``/restconf``.

        Raises:
            SourceError: it is no such URL, or the authorization is no header's value.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 443
        except ValueError as error:
            raise SourceError(f"no URL of a device: {url!r}") from error
        if parts.scheme != "https" or not host or parts.query or parts.fragment or parts.username is not None:
            raise SourceError(f"no URL of a device: {url!r}; expected https://HOST[:PORT][/PATH]")
        if not all(_LEAST_WORD <= ord(each) <= _LAST_ASCII for each in authorization):
            raise SourceError("a token or login has characters that HTTP has no place for")
        root = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~") or _ROOT
        return cls(host, port, root, tls, authorization, deadline, most)

    def operate(self, operation: str, body: bytes) -> tuple[str, bytes]:
        """Have the device carry out an operation; returns the media type of the answer and the answer.

        Args:
            operation: ``module:name``.
            body: its input, in JSON.

        Raises:
            SourceError: it cannot be reached, did not answer in time, refuses, or answers with something else.
        """
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Accept": ", ".join(_TYPES),
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        if self.authorization:
            headers["Authorization"] = self.authorization
        with self._connected() as connection:
            connection.request("POST", f"{self.root}/operations/{operation}", body, headers)
            with connection.getresponse() as response:
                return self._answer(response)

    def _answer(self, response: HTTPResponse) -> tuple[str, bytes]:
        media = response.headers.get_content_type()
        if 300 <= response.status < 400:
            raise SourceError(f"{self.host} sends us elsewhere ({response.status}), which is not followed")
        if response.status != 200:
            raise SourceError(f"{self.host} answers {response.status}{_reason(response.read(_MAX_ERROR), media)}")
        if media not in _TYPES or response.headers.get("Content-Encoding", "identity") != "identity":
            raise SourceError(
                f"{self.host} answers with {media[:80]!r}, expected {' or '.join(_TYPES)}, not compressed"
            )
        told = response.length
        if told is not None and told > self.most:
            raise SourceError(f"{self.host} answers with {told:,} bytes, at most {self.most:,} are read")
        pieces, size = [], 0
        while piece := response.read(min(_PIECE, self.most + 1 - size)):
            pieces.append(piece)
            size += len(piece)
            if size > self.most:
                raise SourceError(f"{self.host} answers with more than {self.most:,} bytes")
        if told is not None and size != told:
            raise SourceError(f"{self.host} breaks off after {size:,} of {told:,} bytes")
        return media, b"".join(pieces)

    @contextmanager
    def _connected(self) -> Iterator[HTTPSConnection]:
        """Connect, and cut the connection off at the deadline, wherever it is then."""
        connection = HTTPSConnection(self.host, self.port, timeout=self.deadline, context=self.tls)
        late = threading.Event()
        timer: threading.Timer | None = None
        try:
            with (
                socket.create_connection((self.host, self.port), self.deadline) as raw,
                self.tls.wrap_socket(raw, server_hostname=self.host, do_handshake_on_connect=False) as wrapped,
            ):
                timer = threading.Timer(self.deadline, _cut, (wrapped, late))
                timer.daemon = True
                timer.start()
                wrapped.do_handshake()
                connection.sock = wrapped
                yield connection
                if late.is_set():  # to whoever reads, being cut off looks like the end
                    raise TimeoutError
        except (OSError, HTTPException, ValueError) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                raise SourceError(f"{self.host} did not answer within {self.deadline:g} s") from error
            raise SourceError(f"cannot ask {self.host}: {error or type(error).__name__}") from error
        except SourceError as error:
            if late.is_set():
                raise SourceError(f"{self.host} did not answer within {self.deadline:g} s") from error
            raise
        finally:
            if timer is not None:
                timer.cancel()
            connection.close()


def _cut(wrapped: ssl.SSLSocket, late: threading.Event) -> None:
    """Have whoever reads from a connection, or writes to it, fail now."""
    late.set()
    with suppress(OSError):
        socket.socket.shutdown(
            wrapped, socket.SHUT_RDWR
        )  # not SSLSocket's own, which lets go of TLS while another reads


def _reason(data: bytes, media: str) -> str:
    """Return what the device says was wrong, where it says so as RFC 8040 §7.1 has it."""
    if media not in _TYPES:
        return ""
    try:
        read_answer(data)
    except InputError as error:
        return f": {getattr(error, 'reason', error)}"
    return ""
