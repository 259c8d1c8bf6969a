"""Jcat: the signatures of LVFS over its metadata and firmware, several in one file (libjcat).

gzip, or as it is, of JSON::

    {"JcatVersionMajor": 0, "Items": [{"Id": name, "AliasIds": [name], "Blobs": [
        {"Kind": 1, "Flags": 1, "Target": 0, "Timestamp": 1705829736, "Data": text, or base64 where Flags lacks 1}]}]}

====  ==================================  ========================================================================
kind  is                                  checked
====  ==================================  ========================================================================
1, 4  SHA-256, SHA-1 in hexadecimal       SHA-256 and SHA-512 (10) have to be those of the file; SHA-1 says nothing
2     detached OpenPGP, armoured          over the file
3     detached PKCS #7, PEM or DER        over the file; where ``Target`` is 1 or 10, over that digest of it in hexadecimal
else  Ed25519, ML-DSA, transparency logs  told as not checked
====  ==================================  ========================================================================

LVFS puts eight bytes behind the gzip; nothing is made of them. Times stated outside a signature are not believed. Sources: libjcat
``libjcat/jcat-blob.h``, ``jcat-item.c``, ``jcat-gnutls-pkcs7-engine.c``; confirmed by files of Debian's packages fwupd-tests (Jcat
with OpenPGP and PKCS #7 by LVFS) and libjcat-tests (a signature over a digest).
"""

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Iterable, Iterator
from hashlib import new
from typing import Any

from trueware.errors import InputError, MalformedInput
from trueware.importing.contract import Context
from trueware.importing.places import Place, Places
from trueware.importing.unpacked import gunzipped
from trueware.importing.vouching import verification
from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures import cms, json_text
from trueware.signatures.certificate import Certificate, signer
from trueware.signatures.contract import Context as Verification
from trueware.signatures.openpgp import OpenPgp
from trueware.signatures.refusal import Refusal, broken, uncheckable

_NAME = "jcat"
MAX_JCAT = 1 << 20
"""Bytes, unpacked; LVFS' have some ten thousand."""

_MOST_ITEMS, _MOST_BLOBS = 1024, 32
_DIGESTS = {1: "sha256", 10: "sha512"}
_GPG, _PKCS7, _SHA1 = 2, 3, 4
_KINDS = {5: "a manifest", 6: "a checkpoint", 7: "a proof of inclusion", 8: "a log's key", 9: "Ed25519", 11: "ML-DSA"}
_IS_TEXT = 1
_PEM = re.compile(rb"-----BEGIN (PKCS7|CMS)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*")


def signatures_in_jcat(places: Places, path: str, subject: Place, context: Context) -> tuple[Signature, ...]:
    """Return the signatures over a file that a Jcat file has, checked.

    Raises:
        MalformedInput: it is none, or has nothing about the file.
    """
    data = places.hold(path, MAX_JCAT)
    try:
        text = b"".join(gunzipped([data], MAX_JCAT)) if data.startswith(b"\x1f\x8b") else data
        blobs = list(_blobs(json_text.parse(text), subject.name))
    except Refusal as refusal:
        raise MalformedInput(_NAME, 0, refusal.detail) from refusal
    if not blobs:
        raise MalformedInput(_NAME, 0, f"it says nothing of {subject.name}")
    return tuple(_checked(blobs, subject, places, context))


def _blobs(document: Any, name: str) -> Iterator[Any]:
    """Yield what is about a file of that name."""
    for item in json_text.items(document, "Items", most=_MOST_ITEMS):
        named = [json_text.at(item, "Id"), *json_text.items(item, "AliasIds")]
        if name in (each.rpartition("/")[2] for each in named if isinstance(each, str)):
            yield from json_text.items(item, "Blobs", most=_MOST_BLOBS)


def _checked(blobs: Iterable[Any], subject: Place, places: Places, context: Context) -> Iterator[Signature]:
    for number, blob in enumerate(blobs):
        over = Coverage(paths=(subject.path,))
        try:
            kind, data = json_text.number(blob, "Kind"), _data(blob)
            if kind in _DIGESTS:
                if _digest(subject, kind) != data.strip().lower():
                    broken(f"the {_DIGESTS[kind]} of {subject.name} is another")
            elif kind == _GPG:
                beside = places.put(f"{subject.path}.jcat-{number}.asc", data)
                yield from OpenPgp.verify(_Beside(beside, subject), verification(context))
            elif kind == _PKCS7:
                target = json_text.at(blob, "Target")
                content = _digest(subject, target) if target in _DIGESTS else bytes(subject.view())
                yield _by_certificate(data, content, subject, verification(context))
            elif kind != _SHA1:
                uncheckable(f"a blob of kind {kind} ({_KINDS.get(kind, 'not known')}), which is not checked here")
        except Refusal as refusal:
            yield Signature(_NAME, subject.path, refusal.outcome, refusal.detail, coverage=over)
        except InputError as error:
            yield Signature(_NAME, subject.path, Outcome.UNCHECKABLE, str(error), coverage=over)


class _Beside(Place):
    """An armoured signature whose file has another name than it."""

    def __init__(self, signature: Place, subject: Place) -> None:
        super().__init__(signature._places, signature.path, signature.size)  # noqa: SLF001 (the class's own)
        self._subject = subject

    def beside(self, path: str) -> Place:  # noqa: ARG002 (the only one there is)
        return self._subject


def _data(blob: Any) -> bytes:
    text = json_text.text(blob, "Data")
    if json_text.number(blob, "Flags") & _IS_TEXT:
        return text.encode("utf-8", "surrogatepass")
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError):
        uncheckable("a blob that is no base64")


def _digest(subject: Place, kind: int) -> bytes:
    digest = new(_DIGESTS[kind])
    for chunk in subject.chunks():
        digest.update(chunk)
    return digest.hexdigest().encode()


def _by_certificate(data: bytes, content: bytes, subject: Place, context: Verification) -> Signature:
    form = _PEM.fullmatch(data)
    if form is not None:
        try:
            data = b64decode(b"".join(form[2].split()), validate=True)
        except BadBase64:
            uncheckable("PEM that is no base64")
    signed = cms.read_signed_data(data)
    if signed.content is not None or len(signed.signers) != 1:
        uncheckable(f"signed data with {len(signed.signers)} signers, or with a content of its own")
    (info,) = signed.signers
    own = signed.certificate_of(info)
    named = [own] if own is not None else [each for each in cms.certificates_at_hand(context) if info.is_by(each)]
    if not named:
        uncheckable(f"its certificate is not at hand: {info.who()}")
    found: Certificate | None = next((each for each in named if info.is_signed(each.spki, content)), None)
    if found is None:
        broken(f"{subject.name} is not what was signed by {info.who()}")
    chain = signed.chain_of(found) if own is not None else (found,)
    detail = f"{subject.name} is what {found.name()} signed"
    over = Coverage(paths=(subject.path,))
    return Signature(
        _NAME, subject.path, Outcome.VALID, detail, signer(chain), over, signed_at=info.signed_at(), dated=True
    )
