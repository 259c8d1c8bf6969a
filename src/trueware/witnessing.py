"""A witness as a program: keeps the last checkpoint of each log it cosigned, and answers over HTTP (C2SP tlog-witness).

State is one file for each log, ``<SHA-256 of its origin>/checkpoint``: the text with the log's signature and the cosignature, which
anybody may read. A decision holds a lock on the folder from reading that file to having written its successor (written beside,
synced, renamed, folder synced) and only then answers: a witness that was killed never has cosigned what it does not remember, and of
two processes over one folder one waits.
"""

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from trueware.durable import write_file
from trueware.errors import MalformedInput, StoreError
from trueware.tlog import checkpoint, note
from trueware.tlog.note import COSIGNATURE, Verifier, verifier_of
from trueware.tlog.witness import (
    MAX_REQUEST,
    SIZE_TYPE,
    Refused,
    Seen,
    consider,
    origin_of,
    read_request,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

_TIMEOUT = 30.0
"""Seconds that a client may take for a request."""

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: bytes
    content_type: str = _TEXT


class Witness:
    """Cosigns checkpoints. Any number of threads, and of processes over one folder, may use it."""

    def __init__(
        self,
        name: str,
        key: "Ed25519PrivateKey | MLDSA44PrivateKey",
        logs: Mapping[str, Sequence[Verifier]],
        folder: Path,
    ) -> None:
        """Make a witness.

        Args:
            name: of its key, in cosignatures.
            key: what it cosigns with.
            logs: by origin, the keys of the logs it witnesses.
            folder: where it remembers.
        """
        self.name, self._key, self._logs, self._folder = name, key, logs, folder
        self._threads = threading.Lock()

    @property
    def verifier(self) -> Verifier:
        """The key that its cosignatures are verified with."""
        return verifier_of(self.name, self._key, COSIGNATURE)

    def add_checkpoint(self, body: bytes, now: int) -> Answer:
        """Answer a request to cosign, seen at `now` (seconds since 1970).

        Raises:
            StoreError: the state cannot be read or written; nothing was cosigned.
        """
        try:
            request = read_request(body)
            origin = origin_of(request)
        except MalformedInput as error:
            return Answer(400, f"{error}\n".encode())
        with self._locked():
            decision = consider(request, self._logs, self._seen(origin))
            if isinstance(decision, Refused):
                if decision.size is not None:
                    return Answer(decision.status, f"{decision.size}\n".encode(), SIZE_TYPE)
                return Answer(decision.status, f"{decision.reason}\n".encode())
            line = note.cosign(decision.text, self.name, self._key, now)
            write_file(self._file(origin), bytes(note.Note(decision.text, (*decision.signatures, line))))
        return Answer(200, f"{line}\n".encode())

    def checkpoint(self, digest: str) -> Answer:
        """Answer what was cosigned last of the log whose origin has that SHA-256, in hex."""
        for origin in self._logs:
            if sha256(origin.encode()).hexdigest() == digest:
                try:
                    return Answer(200, self._file(origin).read_bytes())
                except FileNotFoundError:
                    break
        return Answer(404, b"nothing was cosigned of such a log\n")

    def _file(self, origin: str) -> Path:
        return self._folder / sha256(origin.encode()).hexdigest() / "checkpoint"

    def _seen(self, origin: str) -> Seen:
        try:
            data = self._file(origin).read_bytes()
        except FileNotFoundError:
            return Seen()
        except OSError as error:
            raise StoreError(f"cannot read what was cosigned last: {error.strerror}") from error
        try:
            at = checkpoint.parse(note.read_note(data).text)
        except MalformedInput as error:
            raise StoreError(f"what was cosigned last of {origin!r} is damaged ({error})") from error
        if at.origin != origin:
            raise StoreError(f"what was cosigned last of {origin!r} is of {at.origin!r}")
        return Seen(at.size, at.root)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._threads:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise StoreError(f"the witness's folder cannot be used: {error.strerror}") from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)


def serve(witness: Witness, host: str, port: int, clock: "Clock") -> ThreadingHTTPServer:
    """Return a server that answers for a witness once `serve_forever` is called.

    Args:
        witness: who answers.
        host: address to listen at.
        port: 0: any that is free.
        clock: gives seconds since 1970.
    """
    handler = type("Handler", (_Handler,), {"witness": witness, "clock": staticmethod(clock)})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    return server


class Clock:
    """Something that is called for the time."""

    def __call__(self) -> int:
        """Return seconds since 1970."""
        import time  # noqa: PLC0415 (its only use)

        return int(time.time())


class _Handler(BaseHTTPRequestHandler):
    witness: ClassVar[Witness]
    clock: ClassVar[Clock]
    timeout = _TIMEOUT
    protocol_version = "HTTP/1.1"
    server_version = "trueware-witness"
    sys_version = ""

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path.rstrip("/") != "/add-checkpoint":
            self._send(Answer(404, b"POST /add-checkpoint\n"), close=True)
        elif not length.isascii() or not length.isdigit() or len(length) > 8 or int(length) > MAX_REQUEST:
            self._send(
                Answer(413, f"a body of at most {MAX_REQUEST} bytes and its length expected\n".encode()), close=True
            )
        else:
            body = self.rfile.read(int(length))
            try:
                self._send(self.witness.add_checkpoint(body, self.clock()))
            except StoreError as error:
                self._send(Answer(500, f"{error}\n".encode()), close=True)

    def do_GET(self) -> None:
        digest, slash, rest = self.path.strip("/").partition("/")
        known = slash and rest == "checkpoint"
        self._send(
            self.witness.checkpoint(digest) if known else Answer(404, b"GET /<SHA-256 of the origin>/checkpoint\n")
        )

    def _send(self, answer: Answer, *, close: bool = False) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Say nothing: requests are anybody's."""
