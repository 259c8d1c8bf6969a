"""Builds signed files of phones: the header by hand as real ones have it, the signature by openssl, in each way that is tried.

The key is the test's, and kept; RSA's signatures do not change.
"""

import subprocess
from pathlib import Path
from struct import pack

HERE = Path(__file__).resolve().parent
FILE = b"one.sbn\ntwo.sbn\n"


def tlv(tag: int, value: bytes, length: int | None = None) -> bytes:
    return pack(">BH", tag, len(value) if length is None else length) + value


def signed(name: str, message: str, digest: str = "sha1") -> None:
    who = tlv(4, b"CN=Test\0") + tlv(5, bytes.fromhex("0102030405060708")) + tlv(6, b"CN=Test\0")
    how = tlv(8, b"\1") + tlv(9, tlv(10, b"\0") + tlv(11, b"\2"))
    front, back = tlv(3, who) + tlv(7, how), tlv(14, name.encode() + b"\0")
    size = 4 + 6 - 0 + len(front) + 3 + 256 + len(back)
    size += -size % 4
    start = tlv(1, b"\1\2") + tlv(2, pack(">H", size))
    back = back.ljust(size - len(start) - len(front) - 259, b"\x0d")
    opening = start + front
    data = {
        "all": opening + back + FILE,
        "tagged": opening + tlv(12, b"", 256) + back + FILE,
        "file": FILE,
    }[message]
    (HERE / "message").write_bytes(data)
    command = ("openssl", "dgst", f"-{digest}", "-sign", "phone.key", "message")
    value = subprocess.run(command, cwd=HERE, check=True, capture_output=True).stdout
    (HERE / "message").unlink()
    (HERE / name).write_bytes(opening + tlv(12, value) + back + FILE)


if not (HERE / "phone.crt").exists():
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "7300", "-subj", "/CN=Test")
    subprocess.run((*command, "-keyout", "phone.key", "-out", "phone.crt"), cwd=HERE, check=True)
signed("all.loads", "all")
signed("tagged.loads", "tagged", "sha512")
signed("file.loads", "file")
