"""Builds the vectors of boot signatures of the first Verified Boot: mkbootimg (Debian) makes the image, openssl the certificate and the signature.

Run it again and nothing changes. Debian has no tool that lays the signature out; it is written from the ASN.1 module that
source.android.com publishes. The key is for nothing else.
"""

import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tree import noise

HERE = Path(__file__).resolve().parent
SHA256_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")


def run(*command: str, data: bytes = b"") -> bytes:
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + struct.pack(">H", size)
    return bytes([tag]) + length + content


def image() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        for name, size in (("kernel", 3000), ("ramdisk", 900)):
            Path(folder, name).write_bytes(noise(size, name))
        run("mkbootimg", "--kernel", f"{folder}/kernel", "--ramdisk", f"{folder}/ramdisk", "--pagesize", "2048", "-o", f"{folder}/out")
        return Path(folder, "out").read_bytes()


def signed(data: bytes, target: bytes = b"/boot", length: int | None = None, version: int = 1) -> bytes:
    attributes = der(0x30, der(0x13, target) + der(0x02, struct.pack(">I", len(data) if length is None else length).lstrip(b"\0")))
    certificate = run("openssl", "x509", "-in", str(HERE / "keys/verity.x509.pem"), "-outform", "DER")
    signature = run("openssl", "dgst", "-sha256", "-sign", str(HERE / "keys/verity.key.pem"), data=data + attributes)
    return der(0x30, der(0x02, bytes([version])) + certificate + SHA256_RSA + attributes + der(0x04, signature))


def write(case: str, data: bytes, why: str, *expected: dict[str, object]) -> None:
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "input.bin").write_bytes(data)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    (folder / "README.md").write_text(why + "\n")


def found(outcome: str, **more: object) -> dict[str, object]:
    spki = run("openssl", "pkey", "-in", str(HERE / "keys/verity.key.pem"), "-pubout", "-outform", "DER")
    return {"outcome": outcome, "signer": hashlib.sha256(spki).hexdigest() if outcome == "valid" else None, **more}


IMAGE = image()
assert len(IMAGE) % 2048 == 0
BOOT = IMAGE + signed(IMAGE)
write("boot", BOOT.ljust(16384, b"\0"), "As boot_signer writes it, at the front of a partition.", found("valid", whole=True))
write("recovery", IMAGE + signed(IMAGE, b"/recovery"), "The same image, signed for another partition.", found("valid", whole=True))
write("changed", BOOT.replace(noise(900, "ramdisk")[:20], noise(900, "ramdisk")[:10] + b"magiskinit"), "The ramdisk was changed.", found("broken"))
write("moved", IMAGE + signed(IMAGE).replace(b"/boot", b"/b00t"), "The name of the partition was changed.", found("broken"))
write("behind", BOOT + b"more", "Bytes behind the signature.", found("valid", whole=False))
write("length", IMAGE + signed(IMAGE, length=2048), "It states another length than that of the image.", found("not-checkable"))
write("version", IMAGE + signed(IMAGE, version=2), "A version that is not known.", found("not-checkable"))
