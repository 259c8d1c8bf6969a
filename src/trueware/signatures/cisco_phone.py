"""Cisco's signed files of IP phones (``.loads``, ``.sbn``, ``.sb2``): a header with the signer's name and a signature, then the file.

 1. The header is as its format reads it: signer, digest, algorithm and the signature, each once.
 2. The key is one at hand: the certificate is in the phone. It is named by subject, serial number and issuer; all keys of RSA at hand
    are tried.
 3. The signature is RSA with the padding of PKCS#1 1.5 over SHA-1, SHA-256 or SHA-512 of the file without the signature.

There is no public description, and no key of Cisco's phones was at hand. So what exactly is signed is not known: whether the value
alone or tag and length with it are left out, or the file behind the header alone is hashed, is tried, and what fitted is what is
covered. A signature that a key at hand made and nothing fits is not checkable, not broken.
"""

from collections.abc import Iterator
from hashlib import new
from typing import ClassVar

from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures.candidates import candidates
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.prehashed import signed_digest
from trueware.signatures.refusal import Refusal

_NAME = "cisco-phone"
_SIGNER, _SERIAL, _ISSUER, _SIGNATURE, _FILLER, _FILE = 4, 5, 6, 12, 13, 14
_HOLDING = (3, 7, 9)
_DIGESTS = ("sha1", "sha256", "sha512")


class CiscoPhone:
    """Signatures of phones' files."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Cisco IP phone signed file",
        (),
        (
            "The signer's certificate is in the phone; without it nothing can be checked.",
            "What exactly is signed was not confirmed by a real key: a signature that does not fit is never called broken.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        view = site.view()
        end = int.from_bytes(view[8:10])
        values = _values(view, end)
        if _SIGNATURE not in values:
            return
        at, value = values[_SIGNATURE]
        payload = site.child("payload")
        signed = {
            "the file and the header, without the signature": (view[: at - 3], view[at + len(value) :]),
            "the file and the header, without the value of the signature": (view[:at], view[at + len(value) :]),
            "the file": (view[end:],),
        }
        told = _named(values)
        made: dict[tuple[str, str], bytes] = {}
        tried = candidates(context)
        for key in tried:
            for name in _DIGESTS:
                try:
                    stated = signed_digest(key.spki, name, value)
                except Refusal:
                    continue
                for what, pieces in signed.items() if stated is not None else ():
                    if (name, what) not in made:
                        digest = new(name, usedforsecurity=False)
                        for piece in pieces:
                            digest.update(piece)
                        made[name, what] = digest.digest()
                    if made[name, what] != stated:
                        continue
                    whole = len(pieces) > 1
                    paths = (payload.path,) if payload is not None and not whole else ()
                    coverage = Coverage(whole, paths, excludes=() if whole else ("the header",))
                    detail = f"{name} over {what}, signed by {told}"
                    stated_name = values.get(_FILE, (0, b""))[1].rstrip(b"\0").decode("utf-8", "replace")
                    statements = (("file", stated_name),) if whole else ()
                    yield Signature(
                        _NAME, site.path, Outcome.VALID, detail, key.signer, coverage, at,
                        dated=False, statements=statements,
                    )  # fmt: skip
                    return
        detail = f"it names {told}, whose certificate is in the phone and not among the {len(tried)} keys at hand"
        yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, detail, offset=at, dated=False)


def _values(view: memoryview, end: int) -> dict[int, tuple[int, bytes]]:
    """Return place and value of each tag that stands once; the format has seen that they fill the header."""
    found: dict[int, tuple[int, bytes]] = {}
    twice: set[int] = set()
    at = 0
    while at + 3 <= min(end, len(view)) and view[at] != _FILLER:
        tag, size = view[at], int.from_bytes(view[at + 1 : at + 3])
        at += 3
        if tag in found:
            twice.add(tag)
        found[tag] = at, bytes(view[at : at + size])
        if tag not in _HOLDING:
            at += size
    return {tag: each for tag, each in found.items() if tag not in twice}


def _named(values: dict[int, tuple[int, bytes]]) -> str:
    """Return the signer as the header has it."""
    texts = {
        tag: values.get(tag, (0, b""))[1].rstrip(b"\0").decode("utf-8", "replace")[:200] for tag in (_SIGNER, _ISSUER)
    }
    serial = values.get(_SERIAL, (0, b""))[1].hex()[:64]
    return f"{texts[_SIGNER]} (serial number {serial} of {texts[_ISSUER]})"


_: type[Scheme] = CiscoPhone
