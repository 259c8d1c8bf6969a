"""Builds signed images as OpenWrt does: signatures by signify (Debian's signify-openbsd), blobs and trailers by hand.

Neither ucert nor fwtool is packaged. Keys are the test's; Ed25519 depends on key and message alone, so that building again changes nothing.
"""

import subprocess
import tempfile
from pathlib import Path
from struct import pack
from zlib import crc32

HERE = Path(__file__).resolve().parent
IMAGE = b"an image, as far as this test is concerned\n"
METADATA = pack(">II", 0, 0) + b'{ "supported_devices": ["test"] }\n'
SINCE, UNTIL = 1_700_000_000, 2_000_000_000


def sign(key: str, message: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "message").write_bytes(message)
        command = ("signify-openbsd", "-S", "-s", HERE / f"{key}.sec", "-m", "message", "-x", "signature")
        subprocess.run(command, cwd=folder, check=True)
        return Path(folder, "signature").read_bytes()


def blob(id_: int, data: bytes) -> bytes:
    return pack(">I", id_ << 24 | len(data) + 4) + data + bytes(-len(data) % 4)


def named(kind: int, name: str, data: bytes) -> bytes:
    head = pack(">H", len(name)) + name.encode() + b"\0"
    return blob(kind | 0x80, head + bytes(-len(head) % 4) + data)


def certificate(issuer: str, subject: str, kind: int = 1, until: int = UNTIL) -> bytes:
    values = (
        named(5, "certtype", pack(">I", kind)),
        named(4, "validfrom", pack(">Q", SINCE)),
        named(4, "expiresat", pack(">Q", until)),
        named(3, "pubkey", (HERE / f"{subject}.pub").read_bytes() + b"\0"),
    )
    payload = named(2, "ucert", b"".join(values))
    return blob(0, blob(0, sign(issuer, payload)) + blob(1, payload))


def trailer(before: bytes, data: bytes, kind: int) -> bytes:
    crc = crc32(before + data) ^ 0xFFFFFFFF
    return before + data + pack(">4sIB3xI", b"FWx0", crc, kind, len(data) + 16)


def image(*certificates: bytes, by: str) -> bytes:
    message = trailer(IMAGE, METADATA, 1)
    return trailer(message, b"".join(certificates) + blob(0, blob(0, sign(by, message))), 0)


for key in ("root", "builder", "device"):
    if not (HERE / f"{key}.sec").exists():
        command = ("signify-openbsd", "-G", "-n", "-p", f"{key}.pub", "-s", f"{key}.sec", "-c", key)
        subprocess.run(command, cwd=HERE, check=True)
one, two = certificate("root", "builder"), certificate("builder", "device")
CASES = {
    "direct": image(by="root"),
    "one": image(one, by="builder"),
    "two": image(one, two, by="device"),
    "expired": image(certificate("root", "builder", until=SINCE + 1), by="builder"),
    "revoked": image(certificate("root", "builder", kind=2), by="builder"),
    "self-issued": image(certificate("builder", "builder"), by="builder"),
    "unsigned": trailer(trailer(IMAGE, METADATA, 1), one, 0),
    "appended": trailer(image(one, by="builder"), METADATA.replace(b"test", b"evil"), 1),
}
for name, data in CASES.items():
    (HERE / f"{name}.bin").write_bytes(data)
(HERE / "beside.img").write_bytes(IMAGE)
(HERE / "beside.img.ucert").write_bytes(one + blob(0, blob(0, sign("builder", IMAGE))))
