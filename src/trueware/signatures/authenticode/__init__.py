"""Authenticode: signatures in programs of UEFI and Windows, and in catalogues.

Sources: "Windows Authenticode Portable Executable Signature Format" (Microsoft, 2008); UEFI 2.10 §32.2.4, §32.5; RFC 5652.

 1. The certificate table lies in the file. Of its entries those of kind 2 (WIN_CERT_TYPE_PKCS_SIGNED_DATA) hold a signature each;
    the length of the entry bounds it.
 2. It is signed data with one signer, whose content is an SpcIndirectDataContent: what kind of thing is signed (SpcPeImageData), and
    a digest.
 3. The signer signed the content: its value, without tag and length (`trueware.signatures.cms`).
 4. The digest is that of the image (`trueware.signatures.authenticode.image`). MD5 is not taken.
 5. Signatures nested in an attribute that nobody signs are signatures of their own over the same image: 2 to 4 again.
 6. A time stamp over the signature (RFC 3161, or a countersignature) is verified, and told with who stamped it. It is the time of
    signing only where a certificate at hand vouches for them: anybody can stamp any time.

UEFI minds no dates (`Signature.dated`), and asks whether the image's digest is in ``dbx``: `Signature.subjects` names it. Whether a
certificate is meant to sign programs is not asked: UEFI does not either. Where its chain ends is judged later. What is
in the certificate table besides is not signed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures import der
from trueware.signatures.authenticode.image import Image, read_image
from trueware.signatures.certificate import Certificate, signer
from trueware.signatures.cms import DIGESTS, SignedData, SignerInfo, read_signed_data
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.timestamp import TOKEN, Stamp, known_time, read_countersignature, read_token

_NAME = "authenticode"
_SIGNED_DATA, _REVISIONS = 2, (0x100, 0x200)
INDIRECT_DATA = "1.3.6.1.4.1.311.2.1.4"
_PROGRAMS = frozenset({"1.3.6.1.4.1.311.2.1.15", "1.3.6.1.4.1.311.2.1.21"})
"""Kinds that stand for programs: SpcPeImageData, and what Linux's signing tools write instead. UEFI looks at neither."""

COUNTERSIGNATURE = "1.2.840.113549.1.9.6"
_NESTED, _STAMP = "1.3.6.1.4.1.311.2.4.1", "1.3.6.1.4.1.311.3.3.1"
_MOST = 16
"""Signatures of one file; real ones have up to four."""


class Authenticode:
    """Signatures in programs."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Authenticode: signed programs of UEFI and Windows",
        ("Windows Authenticode Portable Executable Signature Format", "UEFI 2.10 §32.2.4"),
        (
            "Hashes of pages are not compared: the digest of the whole image covers them.",
            "Where sections do not follow one another, so that programs disagree on what is signed, it is not checkable.",
            "Installers (MSI) and scripts are not read.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterable[Signature]:
        """See `Scheme`."""
        if site.child("certificate-0") is None:
            return
        try:
            image = read_image(site.view())
            subject = f"authenticode-sha256:{image.digest('sha256').hex()}"
            encoded = list(_encoded(image))
            excluded = tuple(_excluded(image))
        except Refusal as refusal:
            yield Signature(_NAME, site.path, refusal.outcome, refusal.detail, dated=False)
            return
        for number, (offset, data) in enumerate(encoded):
            if number >= _MOST:
                detail = f"more than {_MOST} signatures; the others are not looked at"
                yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, detail, dated=False)
                return
            try:
                signed, own = read_signed(der.read(data).whole)
                encoded += ((offset, value.whole) for value in signed.signers[0].unsigned.get(_NESTED, ()))  # 5
                behind = data[len(der.read(data).whole) :]
                unsigned = (*excluded, f"{len(behind)} bytes behind the signature") if any(behind) else excluded
                found = _verified(site, image, signed, own, context)
                coverage = Coverage(whole=True, excludes=unsigned)
                yield replace(found, coverage=coverage, offset=offset, subjects=(subject,))
            except Refusal as refusal:
                yield Signature(
                    _NAME, site.path, refusal.outcome, refusal.detail, offset=offset, dated=False, subjects=(subject,)
                )


def _encoded(image: Image) -> Iterator[tuple[int, bytes]]:  # 1
    """Yield the signatures in the certificate table, each with its place."""
    for revision, kind, start, end in image.certificates():
        if kind == _SIGNED_DATA and revision in _REVISIONS:
            yield start, bytes(image.view[start:end])


def _excluded(image: Image) -> Iterator[str]:
    """Yield what else is in the certificate table, in words."""
    for revision, kind, start, end in image.certificates():
        if kind != _SIGNED_DATA or revision not in _REVISIONS:
            yield f"a certificate of kind {kind:#x}, {end - start} bytes"


def read_signed(encoded: bytes) -> tuple[SignedData, Certificate]:
    """Return signed data of one signer, and the signer's certificate.

    Raises:
        Refusal: it is something else.
    """
    signed = read_signed_data(encoded)
    if signed.content is None or len(signed.signers) != 1:  # 2
        uncheckable(f"signed data with {len(signed.signers)} signers, or without content")
    own = signed.certificate_of(signed.signers[0])
    if own is None:
        uncheckable(f"the certificate of its signer is not there: {signed.signers[0].who()}")
    return signed, own


def _verified(site: Site, image: Image, signed: SignedData, own: Certificate, context: Context) -> Signature:
    content, info = signed.content or b"", signed.signers[0]
    kind, stated = der.parts(list(der.Value(der.SEQUENCE, content, b"").parts()), 2, "an SpcIndirectDataContent")[:2]
    algorithm, digest = der.parts(stated.sequence(), 2, "a digest")[:2]
    name = DIGESTS.get(der.parts(algorithm.sequence(), 1, "an algorithm")[0].oid())
    about = der.parts(kind.sequence(), 1, "an SpcIndirectDataContent")[0].oid()
    if signed.content_type != INDIRECT_DATA or about not in _PROGRAMS or digest.tag != der.OCTETS or name is None:
        uncheckable("a signature that is not about a program, or by a digest that is not taken")
    if not info.is_signed(own.spki, content):  # 3
        broken("the signature does not fit what it states")
    if digest.content != (found := image.digest(name)):  # 4
        if not image.is_regular:
            uncheckable("the sections do not follow one another, and programs disagree on what is signed then")
        broken(f"the program is not the one that was signed: its {name} is {found.hex()}")
    time = stamp_of(info, signed.certificates)
    return Signature(
        _NAME,
        site.path,
        Outcome.VALID,
        f"{name} over the whole program",
        signer(signed.chain_of(own)),
        signed_at=known_time(time, context),
        dated=False,
        statements=(("time stamped", str(time)),) if time is not None else (),
    )


def stamp_of(info: SignerInfo, certificates: tuple[Certificate, ...]) -> Stamp | None:  # 6
    """Return the first time stamp over a signature that holds; one that does not is as none."""
    for kind in (_STAMP, TOKEN, COUNTERSIGNATURE):
        for value in info.unsigned.get(kind, ())[:_MOST]:
            try:
                if kind == COUNTERSIGNATURE:
                    found = read_countersignature(value, info.signature, certificates)
                else:
                    found = read_token(value.whole, info.signature)
            except Refusal:
                continue
            if found is not None:
                return found
    return None


_: type[Scheme] = Authenticode
