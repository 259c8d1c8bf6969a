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
from struct import unpack_from
from typing import ClassVar

from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures.certificate import Certificate, signer
from trueware.signatures.cms import SignerInfo, read_signed_data
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, uncheckable

_FOOTER, _END = 6, 22
_MAGIC = b"PK\5\6"
_DIGESTS = frozenset(("sha1", "sha256", "sha512"))


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
    certificates, own, info = _signer(bytes(view[start : len(view) - _FOOTER]))
    name, valid = info.digest, info.is_signed(own.spki, view[: comment - 2])  # 4
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


def _signer(encoded: bytes) -> tuple[list[Certificate], Certificate, SignerInfo]:  # 3
    """Return the certificates, the signer's, and the signer."""
    signed = read_signed_data(encoded)
    if len(signed.signers) != 1:
        uncheckable(f"the signature has {len(signed.signers)} signers")
    (info,) = signed.signers
    if info.attributes is not None:
        uncheckable("the signature has signed attributes, which recovery does not take")
    own = signed.certificate_of(info)
    if own is None or info.digest not in _DIGESTS:
        uncheckable(
            "the certificate that the signature names is not there, or its digest is not one that recovery takes"
        )
    return list(signed.certificates), own, info


_: type[Scheme] = OtaPackage
