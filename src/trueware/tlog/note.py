"""Signed notes (C2SP signed-note v1.0.0): a text of lines, and signatures by named keys below it.

::

    text, of one or more lines
    <empty line>
    — name base64(key id[4] || signature)
    — …

Key id: SHA-256(name || 0x0A || type || public key), the first four bytes. Types read here: 0x01 Ed25519, over the text; 0x04 Ed25519
and 0x06 ML-DSA-44 cosignatures, with a time (`cosignature`). A verifier key is ``name+<hex key id>+base64(type || public key)``.
Not read: 0x02 (ECDSA) and 0x05 (RFC 6962 tree heads, of Certificate Transparency logs), which nothing here meets.

Signatures by unknown keys are ignored; one by a known key that does not fit spoils the note. Confirmed by the example of
golang.org/x/mod/sumdb/note and the verifier key of sum.golang.org (tests).
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.tlog.cosignature import LATEST_TIME, checkpoint_message, ed25519_message, split_time

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

ED25519, COSIGNATURE, ML_DSA_44 = 1, 4, 6
COSIGNATURES = frozenset({COSIGNATURE, ML_DSA_44})
"""Types that a witness may use."""

LOG_TYPES = frozenset({ED25519, ML_DSA_44})
"""Types that a log may sign its checkpoints with."""

MAX_NOTE = 1 << 20
MAX_SIGNATURES = 100
"""A reader must take 16 at least."""

_NAME = "signed note"
_LINE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)")
_VERIFIER = re.compile(r"([^\s+\ud800-\udfff]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
_KEY_SIZES = {ED25519: 32, COSIGNATURE: 32, ML_DSA_44: 1312}


@dataclass(frozen=True, slots=True)
class Verifier:
    """Somebody's public key for notes."""

    name: str
    kind: int
    key: bytes
    """Raw: of Ed25519, 32 bytes; of ML-DSA-44, 1,312."""

    @property
    def id(self) -> bytes:
        """What signatures name it by, with the name."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.key).digest()[:4]

    def __str__(self) -> str:
        """As it is written down."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.key).decode()}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A line below a note; nothing about it is proved."""

    name: str
    id: bytes
    value: bytes

    def __str__(self) -> str:
        """As it stands in a note, without its end of line."""
        return f"\u2014 {self.name} {b64encode(self.id + self.value).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A note that is well formed."""

    text: str
    """With its last end of line."""

    signatures: tuple[Signature, ...]

    def __bytes__(self) -> bytes:
        """As it is written down."""
        return (self.text + "\n" + "".join(f"{each}\n" for each in self.signatures)).encode()


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was verified."""

    verifier: Verifier
    time: int | None = None
    """Seconds since 1970, of a cosignature; None where it says no time."""


def read_verifier(text: str) -> Verifier:
    """Return a verifier key as it is written down.

    Raises:
        MalformedInput: it is none, of a type that is not read here, or its id is not that of the key.
    """
    found = _VERIFIER.fullmatch(text.strip())
    if found is None:
        raise MalformedInput("verifier key", 0, "name+id+key expected")
    data = _base64(found[3])
    if not data or len(data) - 1 != _KEY_SIZES.get(data[0]):
        raise MalformedInput("verifier key", 0, "no key of a type that is read")
    verifier = Verifier(found[1], data[0], data[1:])
    if verifier.id.hex() != found[2]:
        raise MalformedInput("verifier key", 0, f"its id is {verifier.id.hex()}, it says {found[2]}")
    return verifier


def verifier_of(name: str, key: "Ed25519PrivateKey | MLDSA44PrivateKey", kind: int = ED25519) -> Verifier:
    """Return the verifier key that goes with a private key; `kind` is that of an Ed25519 key.

    Raises:
        ValueError: a name that cannot stand in a note.
    """
    if not name or re.search(r"[\s+\ud800-\udfff]", name):
        raise ValueError(f"{name!r} cannot name a key: it is empty, or has a space, a plus or what is not Unicode")
    public = key.public_key().public_bytes_raw()
    return Verifier(name, ML_DSA_44 if len(public) == _KEY_SIZES[ML_DSA_44] else kind, public)


def read_note(data: bytes) -> Note:
    """Return the text and signatures of a note; nothing is verified.

    Raises:
        MalformedInput: it is none.
    """
    if len(data) > MAX_NOTE:
        raise MalformedInput(_NAME, 0, f"{len(data)} bytes, more than {MAX_NOTE}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedInput(_NAME, error.start, "not UTF-8") from error
    if control := _CONTROL.search(whole):
        raise MalformedInput(_NAME, len(whole[: control.start()].encode()), f"a control character {control[0]!r}")
    end = whole.rfind("\n\n")
    if end < 0 or not whole.endswith("\n"):
        raise MalformedInput(_NAME, len(data), "no empty line, or no end of line at the end")
    text, lines = whole[: end + 1], whole[end + 2 :].split("\n")[:-1]
    if not 0 < len(lines) <= MAX_SIGNATURES:
        raise MalformedInput(_NAME, end, f"{len(lines)} signatures, 1 to {MAX_SIGNATURES} are expected")
    return Note(text, tuple(map(_signature, lines)))


def _signature(line: str) -> Signature:
    found = _LINE.fullmatch(line)
    data = _base64(found[2]) if found else None
    if found is None or data is None or len(data) < 5:
        raise MalformedInput(_NAME, 0, f"no signature line: {line[:60]!r}")
    return Signature(found[1], data[:4], data[4:])


def verify(note: Note, verifiers: Iterable[Verifier]) -> tuple[Signed, ...]:
    """Return whose of the keys given signed a note; at least one did.

    Raises:
        UntrustedStatement: none did, or a signature that names one of the keys is not by it.
    """
    known = {(each.name, each.id): each for each in verifiers}
    found: dict[tuple[str, bytes], Signed] = {}
    for line in note.signatures:
        verifier = known.get((line.name, line.id))
        if verifier is not None and (line.name, line.id) not in found:
            found[line.name, line.id] = _checked(note.text, line, verifier)
    if not found:
        raise UntrustedStatement("the note is signed by none of the keys that are trusted for it")
    return tuple(found.values())


def _checked(text: str, line: Signature, verifier: Verifier) -> Signed:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    time = None
    signature, message = line.value, text.encode()
    if verifier.kind in COSIGNATURES:
        time, signature = split_time(line.value)
    try:
        if verifier.kind == ML_DSA_44:
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey  # noqa: PLC0415

            message = checkpoint_message(verifier.name, time or 0, text)
            MLDSA44PublicKey.from_public_bytes(verifier.key).verify(signature, message)
            return Signed(verifier, time or None)
        if time is not None:
            message = ed25519_message(text, time)
        Ed25519PublicKey.from_public_bytes(verifier.key).verify(signature, message)
    except (ImportError, UnsupportedAlgorithm):
        raise UntrustedStatement(f"signatures of the type of {verifier.name!r} cannot be verified here") from None
    except (InvalidSignature, ValueError):
        raise UntrustedStatement(f"the signature of {verifier.name!r} does not fit the note") from None
    return Signed(verifier, time)


def sign(text: str, name: str, key: "Ed25519PrivateKey") -> Signature:
    """Return the signature of a text.

    Raises:
        ValueError: a name or text that cannot stand in a note.
    """
    _check_text(text)
    return Signature(name, verifier_of(name, key).id, key.sign(text.encode()))


def cosign(text: str, name: str, key: "Ed25519PrivateKey | MLDSA44PrivateKey", time: int) -> Signature:
    """Return the cosignature of a checkpoint's text, seen at `time` in seconds since 1970.

    An ML-DSA-44 key may say no time, which is 0: so a log signs with it.

    Raises:
        ValueError: a name, text or time that cannot stand in a note.
    """
    _check_text(text)
    verifier = verifier_of(name, key, COSIGNATURE)
    if not (0 if verifier.kind == ML_DSA_44 else 1) <= time <= LATEST_TIME:
        raise ValueError(f"a time of {time}")
    try:
        message = checkpoint_message(name, time, text) if verifier.kind == ML_DSA_44 else ed25519_message(text, time)
    except UntrustedStatement as error:
        raise ValueError(str(error)) from error
    return Signature(name, verifier.id, time.to_bytes(8, "big") + key.sign(message))


def with_signatures(note: Note, more: Sequence[Signature]) -> Note:
    """Return a note with more signatures; one by a key that signed already takes the place of the earlier."""
    lines = {(each.name, each.id): each for each in (*note.signatures, *more)}
    return Note(note.text, tuple(lines.values()))


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("a text of lines is needed, without control characters")


def _base64(text: str) -> bytes | None:
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return None
    return data if b64encode(data).decode() == text else None
