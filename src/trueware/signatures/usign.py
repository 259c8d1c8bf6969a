"""usign: the detached Ed25519 signatures of OpenWrt, in the form of OpenBSD's signify (usign `main.c`, signify(1)).

::

    untrusted comment: <whatever>
    base64 of: algorithm "Ed", key id 8 bytes, Ed25519 signature 64 bytes (RFC 8032 §5.1)

1. The file has two lines of this form, and nothing after them.
2. The file that it is about lies beside it: the same name without ``.sig``.
3. A key of that id is at hand; an id proves nothing, the key does: of several that have it, each is tried.
4. The signature is over all bytes of the file.

Its comment is not signed and not believed. What a signed index or list of checksums names is covered through its SHA-256.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.contract import Context, SchemeDoc, Site
from trueware.signatures.listings import coverage_of
from trueware.signatures.x509 import ed25519_spki, spki_id

_NAME = "usign"
_LARGEST = 1024
"""Bytes of a signature file; the comment is a line."""

_FORM = re.compile(rb"untrusted comment: ?([^\r\n]*)\r?\n([A-Za-z0-9+/]+={0,2})\r?\n?")


class Usign:
    """Detached signatures of OpenWrt and OpenBSD."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "usign and signify: detached Ed25519 signatures",
        ("https://git.openwrt.org/project/usign.git main.c", "signify(1)"),
        ("A signature without the file it is about is reported as not checkable.",),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterable[Signature]:
        """See `Scheme`."""
        if not 0 < site.size <= _LARGEST or (read := read_signature(bytes(site.view()))) is None:
            return  # another program's signature
        key_id, made = read
        subject = site.beside(site.name.removesuffix(".sig"))
        if subject is None or subject.is_folder:  # 2
            detail = f"{site.name.removesuffix('.sig')} does not lie beside it"
            yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, detail)
            return
        if not (keys := context.keyring.named(key_id)):  # 3
            yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, f"the key {key_id} is not at hand", _named(key_id))
            return
        message = bytes(subject.view())
        key = next((each for each in keys if is_signed(each.data, made, message)), None)  # 4
        if key is None:
            detail = f"{subject.name} is not what {key_id} signed"
            yield Signature(_NAME, site.path, Outcome.BROKEN, detail, _named(key_id), Coverage(paths=(subject.path,)))
            return
        detail = f"{subject.name} is what {key_id} signed"
        signer = Signer((spki_id_of(key.data), key_id), key.name)
        yield Signature(_NAME, site.path, Outcome.VALID, detail, signer, coverage_of(subject))


def read_signature(text: bytes) -> tuple[str, bytes] | None:  # 1
    """Return the id of the key and the 64 bytes of a signature in usign's form; None where it is not of this form.

    Raises:
        MalformedInput: it is, and has another number of bytes, or base64 that says more than it should.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    try:
        data = b64decode(form.group(2), validate=True)
    except BadBase64 as error:
        raise MalformedInput(_NAME, form.start(2), "the signature is no base64") from error
    if len(data) != 74 or data[:2] != b"Ed" or b64encode(data) != form.group(2):
        raise MalformedInput(_NAME, form.start(2), f"Ed, a key id and 64 bytes expected, found {len(data)} bytes")
    return f"usign:{data[2:10].hex()}", data[10:]


def is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether the key made the signature over a message."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def spki_id_of(key: bytes) -> str:
    """Return the name of a key by its SubjectPublicKeyInfo."""
    return spki_id(ed25519_spki(key))


def _named(key_id: str) -> Signer:
    """Return the signer that a signature names without proof."""
    return Signer((key_id,))
