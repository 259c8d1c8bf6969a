"""Code files of cable modems (DOCSIS): signed by the manufacturer, and by a co-signer (the operator) where there is one.

 1. CMS signed data, its content of type data behind it in the file (`trueware.signatures.cms`): one or two signers, each with its
    certificate (CVC), content type, message digest and signing time among the signed attributes.
 2. The certificate is one for signing code: extendedKeyUsage has codeSigning, and keyUsage, where it is, digitalSignature.
 3. The signing time lies within the validity of the certificate.
 4. The signature is over all bytes behind the signed data.

What a modem compares with what it remembers is told, not judged: the organisation of each signer (the manufacturer's is its own, the
co-signer's its operator's), the signing time (at least codeAccessStart) and where the certificate's validity begins (at least
cvcAccessStart), by which it refuses older code files. Which signer is the manufacturer is known by the organisation alone.

Sources: CableLabs CM-SP-SECv3.0 annex D.3, CM-SP-SECv4.0 §14.3. No code file was at hand; openssl signed the vectors.
"""

from collections.abc import Iterator
from typing import ClassVar

from cryptography.x509 import Certificate as Parsed
from cryptography.x509 import DuplicateExtension, ExtendedKeyUsage, ExtensionNotFound, KeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures import cms
from trueware.signatures.certificate import signer
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, uncheckable
from trueware.signatures.x509 import load

_NAME = "docsis-code"
_MOST = 2


class DocsisCode:
    """Signatures of code files."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "DOCSIS code file (manufacturer's and co-signer's CVC)",
        ("CableLabs CM-SP-SECv3.0 annex D.3", "CableLabs CM-SP-SECv4.0 §14.3", "RFC 5652"),
        (
            "Organisation and access-start times are told; what they must be at least, the modem remembers.",
            "No code file was at hand; openssl signed the vectors.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:  # noqa: ARG004 (the keys come with the signature)
        """See `Scheme`."""
        encoded = site.child("signature")
        if encoded is None:
            return
        view = site.view()
        content = view[encoded.size :]
        try:
            signed = cms.read_signed_data(bytes(view[: encoded.size]))
            if signed.content is not None or signed.content_type != cms.DATA or len(signed.signers) > _MOST:  # 1
                uncheckable(f"signed data of {len(signed.signers)} signers, or with a content of its own")
        except Refusal as refusal:
            yield Signature(_NAME, site.path, refusal.outcome, refusal.detail, offset=0)
            return
        for info in signed.signers:
            try:
                yield _checked(site, signed, info, content)
            except Refusal as refusal:
                yield Signature(_NAME, site.path, refusal.outcome, refusal.detail, offset=0)


def _checked(site: Site, signed: cms.SignedData, info: cms.SignerInfo, content: memoryview) -> Signature:
    own = signed.certificate_of(info)
    if own is None:
        uncheckable(f"the certificate is not there: {info.who()}")
    parsed = load(own.encoded)
    if parsed is None:
        uncheckable("the certificate of a signer cannot be parsed")
    organisation = _organisation(parsed)
    at = info.signed_at()
    if at is None:
        uncheckable(f"{organisation} does not state when it signed, which a modem asks for")
    since, until = int(parsed.not_valid_before_utc.timestamp()), int(parsed.not_valid_after_utc.timestamp())
    if not info.is_signed(own.spki, content):  # 4
        detail = f"the code is not what {organisation} signed"
        return Signature(_NAME, site.path, Outcome.BROKEN, detail, signer(signed.chain_of(own)), offset=0, signed_at=at)
    _require_code_signing(parsed)  # 2
    if not since <= at <= until:  # 3
        uncheckable(f"{organisation} signed when its certificate was not valid, which a modem refuses")
    return Signature(
        _NAME, site.path, Outcome.VALID, f"{info.digest} over the code, by {organisation}",
        signer(signed.chain_of(own)), Coverage(whole=True), 0, signed_at=at,
        statements=(("organisation", organisation), ("code-access-start", str(at)), ("cvc-access-start", str(since))),
    )  # fmt: skip


def _organisation(certificate: Parsed) -> str:
    try:
        names = [each.value for each in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    except (ValueError, TypeError) as error:
        uncheckable(f"the name of a signer cannot be parsed ({error})")
    if len(names) != 1 or not isinstance(names[0], str):
        uncheckable(f"a signer of {len(names)} organisations, where a modem compares one")
    return names[0]


def _require_code_signing(certificate: Parsed) -> None:  # 2
    try:
        usages = certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.CODE_SIGNING not in usages:
            uncheckable("the certificate is not one for signing code")
        if not certificate.extensions.get_extension_for_class(KeyUsage).value.digital_signature:
            uncheckable("the key of the certificate is not meant to sign")
    except ExtensionNotFound as missing:
        if missing.oid == ExtendedKeyUsage.oid:
            uncheckable("the certificate is not one for signing code")
    except (ValueError, DuplicateExtension) as error:
        uncheckable(f"the extensions of the certificate cannot be parsed ({error})")


_: type[Scheme] = DocsisCode
