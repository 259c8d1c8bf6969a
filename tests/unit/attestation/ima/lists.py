"""Measurement lists made for tests, field by field as the kernel writes them."""

from functools import partial
from hashlib import new, sha256
from struct import pack

sha1 = partial(new, "sha1", usedforsecurity=False)


def field(data: bytes) -> bytes:
    return pack("<I", len(data)) + data


def digest_field(content: bytes, algorithm: str = "sha256", kind: str = "") -> bytes:
    value = sha256(content).digest() if algorithm == "sha256" else sha1(content).digest()
    return f"{kind}{algorithm}:".encode() + b"\0" + value


def entry(template: str, *fields: bytes, violated: bool = False, pcr: int = 10) -> bytes:
    """One entry of a template other than ima."""
    data = b"".join(map(field, fields))
    stored = bytes(20) if violated else sha1(data).digest()
    name = template.encode()
    return pack("<I20sI", pcr, stored, len(name)) + name + pack("<I", len(data)) + data


def file(path: str, content: bytes, signature: bytes = b"") -> bytes:
    return entry("ima-sig", digest_field(content), path.encode() + b"\0", signature)


def legacy(path: str, content: bytes) -> bytes:
    """One entry of the template ima."""
    digest, name = sha1(content).digest(), path.encode()
    stored = sha1(digest + name.ljust(256, b"\0")).digest()
    return pack("<I20sI3s", 10, stored, 3, b"ima") + digest + field(name)


def register(*entries: bytes, bank: str = "sha256") -> bytes:
    """What PCR 10 holds after these entries, computed from the bytes once more and in another way than the product does."""
    hash_ = sha256 if bank == "sha256" else sha1
    size = hash_().digest_size
    value = bytes(size)
    for each in entries:
        if each[4:24] == bytes(20):
            digest = b"\xff" * size
        elif each[28:31] == b"ima" and each[24:28] == pack("<I", 3):
            digest = hash_(each[31:51] + each[55:].ljust(256, b"\0")).digest()
        else:
            width = int.from_bytes(each[24:28], "little")
            digest = hash_(each[32 + width :]).digest()
        value = hash_(value + digest).digest()
    return value
