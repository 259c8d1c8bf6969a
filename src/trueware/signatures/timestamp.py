"""Time stamps over signatures: somebody else's word on when a signature was there at the latest.

RFC 3161 §2.4.2: signed data whose content is a TSTInfo.

1. The signed data is signed by its signer (`trueware.signatures.cms`), whose certificate may stamp times: the extended key usage
   timeStamping. §2.3
2. Its message imprint is the digest of the signature that is stamped.
3. A signing certificate attribute, where there is one, names the signer's certificate. RFC 5035 §5, RFC 5816

Older ones are countersignatures (RFC 5652 §11.4): a signer like others, over the signature, with a signing time.

Anybody can be an authority: whether one counts is asked by `known_time`, and by whoever has authorities of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import new

from trueware.formats.moments import written
from trueware.signatures import der
from trueware.signatures.certificate import Certificate
from trueware.signatures.cms import DATA, DIGESTS, SIGNING_TIME, SignerInfo, read_signed_data, read_signer, read_time
from trueware.signatures.contract import Context
from trueware.signatures.refusal import uncheckable
from trueware.signatures.x509 import find_path, issuers_of, subject_of

TOKEN = "1.2.840.113549.1.9.16.2.14"  # noqa: S105 (an object identifier)
"""Attribute in which CMS has a time stamp; others have their own."""

_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
_EXTENDED_KEY_USAGE, _TIME_STAMPING = "2.5.29.37", "1.3.6.1.5.5.7.3.8"
_GENERALIZED_TIME = 0x18


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp that was verified."""

    at: int
    """Seconds since 1970."""

    by: Certificate
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    """What certificates came with it."""

    def __str__(self) -> str:
        return f"{written(self.at)} by {self.by.name()}"


def known_time(stamp: Stamp | None, context: Context) -> int | None:
    """Return the time of a stamp by whom a certificate at hand vouches for; None where nobody does: it may be of any time then."""
    if stamp is None:
        return None
    issuers = issuers_of((stamp.by.encoded, *stamp.chain))
    anchors = (each.data for each in context.keyring.of_kind("x509"))
    path = find_path((stamp.by.encoded, *stamp.chain), (each for each in anchors if subject_of(each) in issuers))
    return stamp.at if path is not None and path.since <= stamp.at <= path.until else None


def read_token(encoded: bytes, stamped: bytes, known: Sequence[Certificate] = ()) -> Stamp | None:
    """Return the stamp over `stamped`, a signature; None where it is of something else or not signed so.

    Certificates of authorities may come with the stamp, or be among those `known`.

    Raises:
        Refusal: it cannot be told.
    """
    signed = read_signed_data(encoded)
    content = signed.content
    if signed.content_type != _TST_INFO or content is None or len(signed.signers) != 1:
        uncheckable("a time stamp is not what it should be")
    (info,) = signed.signers
    own = signed.certificate_of(info) or next((each for each in known if info.is_by(each)), None)
    imprint, _, time = der.parts(der.read(content).sequence(), 5, "a time stamp")[2:5]
    algorithm, digest = der.parts(imprint.sequence(), 2, "an imprint")[:2]
    if digest.content != _digest(_named(algorithm), stamped):  # 2
        return None
    if own is None or not _may_stamp(own) or not _is_named(info, own):  # 1, 3
        uncheckable("a time stamp is signed by whom may stamp no times")
    if time.tag != _GENERALIZED_TIME or not info.is_signed(own.spki, content):  # 1
        return None
    whole, _, fraction = time.content.removesuffix(b"Z").partition(b".")
    if fraction and not fraction.isdigit():
        uncheckable("a time that is none")
    chain = tuple(each.encoded for each in signed.certificates)
    return Stamp(read_time(der.Value(time.tag, whole + b"Z", b"")), own, chain)


def read_countersignature(value: der.Value, stamped: bytes, bag: Sequence[Certificate]) -> Stamp | None:
    """Return the time that a countersignature over `stamped` states; None where it is of something else.

    Raises:
        Refusal: it cannot be told.
    """
    info = read_signer(value, DATA)
    own = next((each for each in bag if info.is_by(each)), None)
    stated = info.values.get(SIGNING_TIME)
    if own is None or stated is None or not _may_stamp(own):
        uncheckable("a countersignature states no time, or is signed by whom may stamp no times")
    chain = tuple(each.encoded for each in bag)
    return Stamp(read_time(stated), own, chain) if info.is_signed(own.spki, stamped) else None


def _named(identifier: der.Value) -> str:
    """Return the name of the digest that an AlgorithmIdentifier names."""
    name = DIGESTS.get(oid := der.parts(identifier.sequence(), 1, "an algorithm")[0].oid())
    if name is None:
        uncheckable(f"the digest {oid} is not taken")
    return name


def _digest(name: str, data: bytes) -> bytes:
    return new(name, data, usedforsecurity=False).digest()


def _may_stamp(certificate: Certificate) -> bool:
    for extension in der.read(certificate.extensions).sequence() if certificate.extensions else ():
        kind, *_, value = der.parts(extension.sequence(), 2, "an extension")
        if kind.oid() == _EXTENDED_KEY_USAGE:
            return _TIME_STAMPING in [each.oid() for each in der.read(value.content).sequence()]
    return False


def _is_named(info: SignerInfo, own: Certificate) -> bool:
    """Tell whether the attributes that name the signer's certificate, as far as there are any, name it."""
    for kind, usual in ((_SIGNING_CERTIFICATE, "sha1"), (_SIGNING_CERTIFICATE_2, "sha256")):
        if (value := info.values.get(kind)) is None:
            continue
        identifiers = der.parts(value.sequence(), 1, "a signing certificate")[0].sequence()
        first = der.parts(der.parts(identifiers, 1, "a signing certificate")[0].sequence(), 1, "an ESSCertID")
        named = _named(first[0]) if first[0].tag == der.SEQUENCE else usual
        stated = next((each.content for each in first if each.tag == der.OCTETS), b"")
        if stated != _digest(named, own.encoded):
            return False
    return True
