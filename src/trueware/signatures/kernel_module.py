"""Signed kernel modules of Linux: CMS behind the module, without certificates.

 1. The description behind the signature is as the kernel wants it: a PKCS 7 message, and zeros in all other fields.
 2. The signed data is detached and has one signer. Its certificate is one at hand, named by issuer and serial number or key
    identifier; a bare key at hand is tried.
 3. The signature is over all bytes in front of it (`trueware.signatures.cms`).

Which keys a kernel takes is built into it, or said by its firmware: a module of another build of the same kernel is by another key.
The kernel does not mind when certificates are valid.

Sources: Linux ``kernel/module/signing.c``, ``kernel/module_signature.c``, ``scripts/sign-file.c``.
"""

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import ClassVar

from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures import cms
from trueware.signatures.certificate import signer
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.x509 import spki_id

_NAME = "kernel-module"
_MAGIC = b"~Module signature appended~\n"
_DESCRIPTION = Struct(">5B3sI")
_PKCS7 = 2
_MOST_KEYS = 64


class KernelModule:
    """Signatures behind kernel modules."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Linux kernel module signature",
        ("Linux kernel/module/signing.c", "Linux scripts/sign-file.c", "RFC 5652"),
        ("No certificate is in a module: it takes the one of the kernel's build at hand.",),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterable[Signature]:
        """See `Scheme`."""
        view = site.view()
        at = len(view) - len(_MAGIC) - _DESCRIPTION.size
        algorithm, digest, kind, name, key, unused, size = _DESCRIPTION.unpack_from(view, at)
        start = at - size
        try:
            if (algorithm, digest, kind, name, key) != (0, 0, _PKCS7, 0, 0) or any(unused) or not 0 < size < at:  # 1
                uncheckable("the description of the signature is not one that a kernel takes today")
            yield from _checked(site, bytes(view[start:at]), view[:start], context, start)
        except Refusal as refusal:
            yield Signature(_NAME, site.path, refusal.outcome, refusal.detail, offset=start, dated=False)


def _checked(site: Site, encoded: bytes, module: memoryview, context: Context, start: int) -> Iterator[Signature]:
    signed = cms.read_signed_data(encoded)
    if signed.content is not None or len(signed.signers) != 1:  # 2
        uncheckable(f"signed data with {len(signed.signers)} signers, or with a content of its own")
    (info,) = signed.signers
    own = signed.certificate_of(info)
    named = [each for each in cms.certificates_at_hand(context) if info.is_by(each)]
    found: Signer | None = None
    for each in [own] if own is not None else named:
        if info.is_signed(each.spki, module):  # 3
            found = signer((each,))
    if found is None and own is None:
        found = _by_bare_key(info, module, context)
    if found is None and own is None and not named:
        uncheckable(f"its key is not at hand: {info.who()}")
    if found is None:
        broken(f"the module is not the one that was signed by {info.who()}")
    detail = f"{info.digest} over the module, signed by {info.who()}"
    yield Signature(
        _NAME,
        site.path,
        Outcome.VALID,
        detail,
        found,
        Coverage(whole=True),
        start,
        signed_at=info.signed_at(),
        dated=False,
    )


def _by_bare_key(info: cms.SignerInfo, module: memoryview, context: Context) -> Signer | None:
    for key in context.keyring.of_kind("spki")[:_MOST_KEYS]:
        try:
            if info.is_signed(key.data, module):
                return Signer((spki_id(key.data),), key.name)
        except Refusal:
            continue
    return None


_: type[Scheme] = KernelModule
