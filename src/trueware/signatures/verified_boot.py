"""The first Verified Boot of Android (4.4 to 7): a signature behind the boot image, over the image and what is stated about it.

A DER sequence behind the last section: format version, certificate, algorithm, the authenticated attributes (name of the partition,
length of the image), and the signature. Sources: ``source.android.com/docs/security/features/verifiedboot/verified-boot``, AOSP
``system/extras/verity/BootSignature.java``.

 1. The sequence is well-formed, and its version 1.
 2. The length is that of the image in front of the signature.
 3. The signature is over the image and, behind it, the attributes as they stand.

A boot loader takes the key of the device, or shows whose it is: nothing is asked here about certificate and dates.
"""

from collections.abc import Iterator
from hashlib import new
from typing import ClassVar

from trueware.formats.filler import is_filler
from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures import der
from trueware.signatures.certificate import Certificate, signer
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.prehashed import is_signed
from trueware.signatures.refusal import Refusal, uncheckable

_ALGORITHMS = {
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_VERSION = 1
_PRINTABLE, _UTF8 = 0x13, 0x0C


class VerifiedBoot:
    """Signatures behind boot images."""

    name: ClassVar[str] = "verified-boot-1"
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Android Verified Boot 1 (boot signature)",
        (
            "https://source.android.com/docs/security/features/verifiedboot/verified-boot",
            "AOSP system/extras/verity/BootSignature.java",
        ),
        ("No real signed image was at hand; openssl signed the vectors.",),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:  # noqa: ARG004 (the key comes with the signature)
        """See `Scheme`."""
        found = site.child("signature")
        if found is None or found.format is not None:  # in version 4 it is a vbmeta structure
            return
        encoded = bytes(found.view())
        if encoded[:2] != b"\x30\x82":
            return
        try:
            yield _verify(site, encoded)
        except Refusal as refusal:
            yield Signature(VerifiedBoot.name, site.path, refusal.outcome, refusal.detail, dated=False)


def _verify(site: Site, encoded: bytes) -> Signature:
    outer = der.read(encoded)
    version, certificate, algorithm, attributes, signature = der.parts(outer.sequence(), 5, "a boot signature")[:5]  # 1
    if version.number() != _VERSION or signature.tag != der.OCTETS or len(outer.whole) != len(encoded):
        uncheckable("the boot signature is of another version, or malformed")
    own = Certificate.parse(certificate.whole)
    oid = der.parts(algorithm.sequence(), 1, "an algorithm")[0].oid()
    if oid not in _ALGORITHMS:
        uncheckable(f"the boot signature is by an algorithm {oid} that is not known")
    target, length = der.parts(attributes.sequence(), 2, "the attributes of a boot signature")[:2]
    if target.tag not in (_PRINTABLE, _UTF8):
        uncheckable("the name of the partition is no text")
    view, size = site.view(), length.number()
    if not 0 < size <= len(view) - len(encoded) or view[size : size + len(encoded)] != encoded:  # 2
        uncheckable(f"the boot signature is about {size} bytes, and does not stand behind them")
    name = target.content.decode("utf-8", "replace")
    digest = _ALGORITHMS[oid]
    made = new(digest, view[:size], usedforsecurity=False)
    made.update(attributes.whole)
    if not is_signed(own.spki, digest, made.digest(), signature.content):  # 3
        detail = f"the {name} image, or what its signature states, was changed after it was signed"
        return Signature(VerifiedBoot.name, site.path, Outcome.BROKEN, detail, offset=size, dated=False)
    rest = view[size + len(encoded) :]
    whole = is_filler(rest, 0, len(rest))
    return Signature(
        VerifiedBoot.name,
        site.path,
        Outcome.VALID,
        f"{digest} over {size} bytes of the {name} image",
        signer((own,)),
        Coverage(whole, excludes=() if whole else (f"{len(rest)} bytes behind the signature",)),
        size,
        dated=False,
        statements=(("partition", name),),
    )


_: type[Scheme] = VerifiedBoot
