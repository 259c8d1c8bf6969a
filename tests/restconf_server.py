"""A RESTCONF server over TLS, as well-behaved or as hostile as a test wants it."""

import datetime as dt
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Reply = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request; a test's reply writes what it likes."""

    protocol_version = "HTTP/1.1"
    body: bytes
    server: "Server"

    @property
    def operation(self) -> str:
        return self.path.rpartition(":")[2]

    @property
    def input(self) -> dict[str, object]:
        found: dict[str, object] = next(iter(json.loads(self.body).values()))
        return found

    def answer(self, data: bytes, status: int = 200, media: str = "application/yang-data+json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Authorization"]))
        self.server.reply(self)

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers["Authorization"]))
        self.answer(b"{}")

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


class Server(ThreadingHTTPServer):
    """The server, and what it was asked."""

    daemon_threads = True
    reply: Reply
    ended: threading.Event

    def __init__(self, reply: Reply, tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.reply, self.seen, self.ended = reply, list[tuple[str, str | None]](), threading.Event()
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Clients leave as they like."""


def authority(folder: Path, host: str = "127.0.0.1") -> Path:
    """Write a self-signed certificate with its key for a host; returns the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"tls-{host}.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def serving(reply: Reply, certificate: Path) -> Iterator[Server]:
    """Serve until the block ends."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with Server(reply, tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
