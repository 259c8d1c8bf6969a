"""Private keys of notes as golang.org/x/mod/sumdb/note writes them, for keys shared with other programs of its kind.

::

    PRIVATE+KEY+<name>+<hex key id>+base64(type || seed)

The id is that of the public key of the same type. No C2SP document has this form; the example of that package is read and written
as it is (tests). Only Ed25519 keys are, of the types 0x01 and 0x04.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trueware.errors import MalformedInput
from trueware.tlog.note import COSIGNATURE, ED25519, Verifier, verifier_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_NAME = "signing key"
_KEY = re.compile(r"PRIVATE\+KEY\+([^\s+\ud800-\udfff]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its name."""

    name: str
    kind: int
    key: "Ed25519PrivateKey"

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return verifier_of(self.name, self.key, self.kind)

    def secret(self) -> str:
        """Return it as it is written down; whoever has that can sign."""
        seed = bytes([self.kind]) + self.key.private_bytes_raw()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{b64encode(seed).decode()}"


def read_signing_key(text: str) -> SigningKey:
    """Return a private key as it is written down. What is wrong is said without what was read.

    Raises:
        MalformedInput: it is none, of a type that is not read here, or its id is not that of the key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 (start-up time)

    found = _KEY.fullmatch(text.strip())
    try:
        data = b64decode(found[3], validate=True) if found else b""
    except (Base64Error, ValueError):
        data = b""
    if found is None or len(data) != 33 or data[0] not in (ED25519, COSIGNATURE):
        raise MalformedInput(_NAME, 0, "an Ed25519 key with its name and id expected")
    read = SigningKey(found[1], data[0], Ed25519PrivateKey.from_private_bytes(data[1:]))
    if read.verifier.id.hex() != found[2]:
        raise MalformedInput(_NAME, 0, "its id is that of another key")
    return read
