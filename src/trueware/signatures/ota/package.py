"""The signature over a whole update package, in the comment of the zip: what recovery verifies before it installs.

The last bytes of the comment: CMS signed data, then u16 where it begins (counted from the end), FF FF, u16 size of the comment.

As recovery does (AOSP ``bootable/recovery/install/verifier.cpp``, ``frameworks/base/core/java/android/os/RecoverySystem.java``):

 1. The comment ends with such a footer, and the signed data lies within the comment, in front of the footer.
 2. The record that ends the zip stands where the size of the comment says, and its magic nowhere behind: no program may take another
    one for the end.
 3. The signed data has a signer without signed attributes. Recovery knows keys by themselves and compares no certificate; here the
    certificate that the signer names is taken for the key. Whether it may be trusted is not asked.
 4. The signature is over all bytes in front of the size of the comment: the whole zip, members, directory and end.

What is not signed is the comment: the signature, and a text before it.
"""

from collections.abc import Iterator
from hashlib import new
from struct import unpack_from
from typing import ClassVar

from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures.apk import der
from trueware.signatures.apk.certificate import Certificate, signer
from trueware.signatures.apk.refusal import Refusal, uncheckable
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.prehashed import HASHES, is_signed

_FOOTER, _END = 6, 22
_MAGIC = b"PK\5\6"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_DIGESTS = {"1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.3": "sha512"}
_CERTIFICATES, _ATTRIBUTES = 0xA0, 0xA0
_MOST_CERTIFICATES = 32


class OtaPackage:
    """Signatures over whole update packages."""

    name: ClassVar[str] = "ota-package"
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Android update package (whole-file signature)",
        ("AOSP bootable/recovery/install/verifier.cpp", "AOSP build/make/tools/signapk"),
        (
            "Signatures with signed attributes, which recovery does not take, are reported as not checkable.",
            "No real signed package was at hand; AOSP's signapk (Debian) made the vectors.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:  # noqa: ARG004 (the key comes with the signature)
        """See `Scheme`."""
        view = site.view()
        found = _comment(view)
        if found is None:
            if site.child("META-INF/com/android/otacert") is not None:
                detail = "it has the certificate of a signature over the whole package, and no such signature"
                yield Signature(OtaPackage.name, site.path, Outcome.UNCHECKABLE, detail, dated=False)
            return
        try:
            yield _verify(site, view, *found)
        except Refusal as refusal:
            yield Signature(OtaPackage.name, site.path, refusal.outcome, refusal.detail, offset=found[1], dated=False)


def _comment(view: memoryview) -> tuple[int, int] | None:  # 1
    """Return where the comment begins and where in it the signed data; None where there is none."""
    if len(view) < _END + _FOOTER:
        return None
    start, mark, size = unpack_from("<HHH", view, len(view) - _FOOTER)
    comment = len(view) - size
    if mark != 0xFFFF or not _FOOTER < start <= size or comment < _END or view[comment - _END :][:4] != _MAGIC:
        return None
    return comment, len(view) - start


def _verify(site: Site, view: memoryview, comment: int, start: int) -> Signature:
    if bytes(view[comment - _END + 1 :]).find(_MAGIC) >= 0:  # 2
        uncheckable("its comment looks like another end of the archive, which recovery refuses")
    certificates, own, name, signature = _signer(bytes(view[start : len(view) - _FOOTER]))
    digest = new(name, view[: comment - 2], usedforsecurity=False).digest()
    valid = is_signed(own.spki, name, digest, signature)  # 4
    text = bytes(view[comment:start])
    plain = text.isascii() and text.removesuffix(b"\0").decode("ascii").isprintable()
    excludes = () if plain else (f"{len(text)} bytes in the comment of the archive",)
    return Signature(
        OtaPackage.name,
        site.path,
        Outcome.VALID if valid else Outcome.BROKEN,
        f"{name} over the whole package" if valid else "the package is not the one that was signed",
        signer((own, *(each for each in certificates if each is not own))) if valid else None,
        Coverage(whole=plain, excludes=excludes) if valid else Coverage(),
        start,
        dated=False,
    )


def _signer(encoded: bytes) -> tuple[list[Certificate], Certificate, str, bytes]:  # 3
    """Return the certificates, the signer's, its digest algorithm and its signature."""
    kind, inner = der.parts(der.read(encoded).sequence(), 2, "a signature")[:2]
    if kind.oid() != _SIGNED_DATA:
        uncheckable("the signature is no signed data")
    fields = der.parts(der.read(inner.content).sequence(), 4, "signed data")
    bag = next((each for each in fields[3:] if each.tag == _CERTIFICATES), None)
    certificates = [Certificate.parse(each.whole) for each in bag.parts()] if bag is not None else []
    signers = list(fields[-1].parts()) if fields[-1].tag == der.SET else []
    if len(signers) != 1 or len(certificates) > _MOST_CERTIFICATES:
        uncheckable(f"the signature has {len(signers)} signers and {len(certificates)} certificates")
    _, named, digest, *rest = der.parts(signers[0].sequence(), 5, "a signer")
    if rest[0].tag == _ATTRIBUTES:
        uncheckable("the signature has signed attributes, which recovery does not take")
    name = _DIGESTS.get(der.parts(digest.sequence(), 1, "an algorithm")[0].oid(), "")
    signature = der.parts(rest, 2, "a signer")[1]
    issuer, serial = der.parts(named.sequence(), 2, "the name of a signer")[:2]
    own = next((each for each in certificates if each.is_named(issuer.whole, serial.number())), None)
    if own is None or signature.tag != der.OCTETS or name not in HASHES:
        uncheckable(
            "the certificate that the signature names is not there, or its digest is not one that recovery takes"
        )
    return certificates, own, name, signature.content


_: type[Scheme] = OtaPackage
