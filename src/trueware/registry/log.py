"""The log of a registry as its store has it: leaves, the checkpoint, and what is proved of them."""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from trueware.errors import UntrustedStatement

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry).digest()


def _raw(key: "Ed25519PublicKey") -> bytes:
    return key.public_bytes_raw()


def key_hash(name: str, key: "Ed25519PublicKey") -> bytes:
    return sha256(name.encode() + b"\n\x01" + _raw(key)).digest()[:4]


def verifier_key(name: str, key: "Ed25519PublicKey") -> str:
    made = b64encode(b"\x01" + _raw(key)).decode()
    return f"{name}+{key_hash(name, key).hex()}+{made}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


def sign_checkpoint(at: Checkpoint, key: "Ed25519PrivateKey") -> bytes:
    text = f"{at.origin}\n{at.size}\n{b64encode(at.root).decode()}\n"
    made = b64encode(key_hash(at.origin, key.public_key()) + key.sign(text.encode())).decode()
    return f"{text}\n\u2014 {at.origin} {made}\n".encode()


def read_checkpoint(note: bytes, verifier: str) -> Checkpoint:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, hexid, data = verifier.split("+", 2)
    key = Ed25519PublicKey.from_public_bytes(b64decode(data)[1:])
    text, _, signatures = note.decode().partition("\n\n")
    for line in signatures.splitlines():
        found = re.fullmatch("\u2014 (\\S+) (\\S+)", line)
        if found and found[1] == name and b64decode(found[2])[:4].hex() == hexid:
            try:
                key.verify(b64decode(found[2])[4:], (text + "\n").encode())
            except InvalidSignature:
                break
            origin, size, root = text.split("\n")[:3]
            return Checkpoint(origin, int(size), b64decode(root))
    raise UntrustedStatement("the checkpoint is not signed by the log")
