"""Platform certificates: the maker of a device says which TPM is in it, and what the device is.

1. It is an attribute certificate (RFC 5755) whose holder is named by issuer and serial number of the endorsement key's certificate,
   or a certificate of the endorsement key itself with the extended key usage 2.23.133.8.2, as swtpm makes it. A delta certificate
   has another platform certificate as its holder, and so none of the TPM.
2. It is signed by an authority that leads to one of the given roots, and whose name is that of the issuer.
3. The holder is the certificate of the endorsement key at hand.
4. It is valid now.

::

    attribute certificate  SEQUENCE { info, algorithm, BIT STRING }
    info                   SEQUENCE { version 1, holder { [0] { GeneralNames, serial } }, issuer [0] { GeneralNames }, algorithm,
                           serial, { notBefore, notAfter }, attributes, … [extensions] }
    platform               directoryName in subjectAltName: manufacturer 2.23.133.2.4 or .5.1.1, model .2.5 or .5.1.4, version .2.6 or
                           .5.1.5, serial .2.23 or .5.1.6
    components             attribute 2.23.133.5.1.7.1 or .2: SEQUENCE { [0] SEQUENCE OF { [class], manufacturer, model, [0] serial,
                           [1] revision, … } }

Source: TCG Platform Attribute Credential Profile 1.0 §3, TCG Platform Certificate Profile 1.1 §3, §4; RFC 5755 §4. What it says
counts as a claim only if all steps hold. Addresses of components, properties and security assertions are not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import new

from trueware.attestation.tpm.certificate_fields import (
    PLATFORM_USE,
    SUBJECT_NAMES,
    attributes_in,
    authority_key,
    directory_name,
    extensions_of,
    has_key,
    text_of,
    times_in,
    uses_of,
    validity_of,
)
from trueware.attestation.tpm.checks import PLATFORM_CERTIFICATE
from trueware.errors import MalformedInput
from trueware.model.check import Check, Outcome
from trueware.model.claim import Claim
from trueware.signatures import der, x509
from trueware.signatures.certificate import Certificate, comparable_name
from trueware.signatures.prehashed import is_signed
from trueware.signatures.refusal import Refusal, uncheckable

KIND = "platform-certificate"
_FORMAT = "platform-certificate"
_LONGEST = 1 << 16
_MOST_COMPONENTS = 1024
_MOST_ROOTS = 32
_PLATFORM = {
    "brand": ("2.23.133.5.1.1", "2.23.133.2.4"),
    "model": ("2.23.133.5.1.4", "2.23.133.2.5"),
    "version": ("2.23.133.5.1.5", "2.23.133.2.6"),
    "serial": ("2.23.133.5.1.6", "2.23.133.2.23"),
}
"""Claims and the attributes of profile 1.1 and 1.0 that they come from."""

_CONFIGURATIONS = ("2.23.133.5.1.7.1", "2.23.133.5.1.7.2")
_ALGORITHMS = {
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_CONTEXT_0 = 0xA0
_WARNING = 32


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the device, as its maker says."""

    manufacturer: str
    model: str
    serial: str
    revision: str


@dataclass(frozen=True, slots=True)
class PlatformCertificate:
    """A platform certificate as it stands, believed or not."""

    platform: dict[str, str]
    """`brand`, `model`, `version`, `serial`; what is not said is not there."""

    components: tuple[Component, ...]
    issuer: bytes
    """DER of the issuer's name."""

    holder: tuple[bytes, int] | None
    """DER of the issuer's name and serial number of the endorsement key's certificate; None where the holder is a key."""

    spki: bytes
    """The holder's key; empty where the holder is a certificate."""

    since: int
    until: int
    """Seconds since 1970."""

    authority_key: bytes
    """Identifier of the key that signed, as it says; empty where it does not."""

    signed: bytes
    digest: str
    """Hash of the signature; empty where it is of another kind."""

    signature: bytes


@dataclass(frozen=True, slots=True)
class PlatformChecked:
    """What a platform certificate came to."""

    certificate: PlatformCertificate
    claims: tuple[Claim, ...]
    """`brand`, `model`, `version`, `serial`; empty unless it holds."""

    checks: tuple[Check, ...]


def parse_platform_certificate(data: bytes) -> PlatformCertificate:
    """Return a platform certificate, nothing of which is verified.

    Raises:
        MalformedInput: it is none.
    """
    if len(data) > _LONGEST:
        raise MalformedInput(_FORMAT, 0, f"{len(data)} bytes, {_LONGEST} are the most")
    try:
        outer = der.read(data)
        if len(outer.whole) != len(data):
            uncheckable("bytes stand behind its end")
        info, algorithm, signature = der.parts(outer.sequence(), 3, "a certificate")[:3]
        fields = der.parts(info.sequence(), 6, "a certificate")
        if fields[0].tag == der.INTEGER:
            return _attribute_certificate(info, fields, algorithm, signature)
        return _key_certificate(data, info, algorithm, signature)
    except Refusal as refusal:
        raise MalformedInput(_FORMAT, 0, refusal.detail) from None


def check_platform_certificate(
    data: bytes,
    ek_certificates: Sequence[bytes],
    roots: Sequence[bytes],
    now: int,
    *,
    intermediates: Sequence[bytes] = (),
) -> PlatformChecked:
    """Return what a platform certificate shows.

    Args:
        data: DER.
        ek_certificates: DER of all certificates of endorsement keys that the TPM has (of RSA and of a curve, mostly), whose chains
            are `endorsement`'s question; it is contradicted if it belongs to none of them.
        roots: DER of certificates that are trusted for platforms.
        now: seconds since 1970.
        intermediates: DER of others that may lie between.

    Raises:
        MalformedInput: it is no platform certificate, or one of the others is no certificate.
    """
    found = parse_platform_certificate(data)  # step 1
    try:
        own = [Certificate.parse(each) for each in ek_certificates]
        check = _judged(found, data, own, (tuple(roots), tuple(intermediates)), now)
    except Refusal as refusal:
        raise MalformedInput("ek-certificate", 0, refusal.detail) from None
    holds = check.outcome is Outcome.SUPPORTS
    claims = tuple(Claim(name, value, KIND, "subjectAltName") for name, value in found.platform.items() if holds)
    return PlatformChecked(found, claims, (check,))


def _judged(
    found: PlatformCertificate,
    data: bytes,
    own: Sequence[Certificate],
    authorities: tuple[tuple[bytes, ...], tuple[bytes, ...]],
    now: int,
) -> Check:
    rule = PLATFORM_CERTIFICATE
    described = " ".join(found.platform.get(each, "") for each in ("brand", "model", "serial")).strip() or "a device"
    anchor = _signer(found, data, *authorities)  # step 2
    if anchor is None:
        return rule.not_shown(f"its issuer is not among the roots; it says, and nobody vouches for it, {described}")
    if not anchor:
        return rule.contradicts(f"the authority that it names did not sign it (it says {described})")
    if not own:
        return rule.not_shown(f"no certificate of an endorsement key is at hand; it is for one of {described}")
    if not any(_is_held(found, each) for each in own):  # step 3
        return rule.contradicts(f"it is of another TPM (it says {described})")
    if not found.since <= now <= found.until:  # step 4
        return rule.contradicts(f"it is not valid now (it says {described})", value=_WARNING)
    return rule.supports(f"{described} has this TPM", source=x509.name_of(anchor))


def _is_held(found: PlatformCertificate, own: Certificate) -> bool:
    if found.holder is not None:
        return own.is_named(*found.holder)
    return bool(found.spki) and found.spki == own.spki


def _signer(
    found: PlatformCertificate, data: bytes, roots: tuple[bytes, ...], others: tuple[bytes, ...]
) -> bytes | None:
    """Return the root it leads to; None where there is none, empty where the one it names did not sign it."""
    if found.spki:
        path = x509.find_path((data, *others), roots)
        return path.anchor if path is not None else None
    forged = False
    for authority in (*roots, *others)[:_MOST_ROOTS]:
        path = x509.find_path((authority, *others), roots)
        try:
            own = Certificate.parse(authority)
            if path is None or not found.issuer or comparable_name(own.subject) != comparable_name(found.issuer):
                continue
            if found.digest and _is_signed(found, own.spki):
                return path.anchor
        except Refusal:
            continue
        forged = forged or has_key(authority, found.authority_key)  # others may have the name
    return b"" if forged else None


def _is_signed(found: PlatformCertificate, spki: bytes) -> bool:
    return is_signed(spki, found.digest, new(found.digest, found.signed).digest(), found.signature)


def _attribute_certificate(
    info: der.Value, fields: list[der.Value], algorithm: der.Value, signature: der.Value
) -> PlatformCertificate:
    _, holder, issuer, inner, _, validity, attributes, *rest = der.parts(fields, 7, "an attribute certificate")
    if inner.whole != algorithm.whole:
        uncheckable("the two algorithms of its signature differ")
    since, until = times_in(validity)
    extensions = extensions_of(next((each.whole for each in rest if each.tag == der.SEQUENCE), b""))
    return PlatformCertificate(
        platform=_platform(extensions),
        components=_components(attributes),
        issuer=directory_name(_names_of_issuer(issuer)),
        holder=_holder(holder),
        spki=b"",
        since=since,
        until=until,
        authority_key=authority_key(extensions),
        signed=info.whole,
        digest=_digest(algorithm),
        signature=_bits(signature),
    )


def _key_certificate(data: bytes, info: der.Value, algorithm: der.Value, signature: der.Value) -> PlatformCertificate:
    own = Certificate.parse(data)
    extensions = extensions_of(own.extensions)
    if PLATFORM_USE not in uses_of(extensions):
        uncheckable(f"a certificate without the extended key usage {PLATFORM_USE}")
    since, until = validity_of(data)
    return PlatformCertificate(
        platform=_platform(extensions),
        components=(),
        issuer=own.issuer,
        holder=None,
        spki=own.spki,
        since=since,
        until=until,
        authority_key=authority_key(extensions),
        signed=info.whole,
        digest=_digest(algorithm),
        signature=_bits(signature),
    )


def _platform(extensions: dict[str, tuple[bool, bytes]]) -> dict[str, str]:
    names = attributes_in(extensions[SUBJECT_NAMES][1]) if SUBJECT_NAMES in extensions else {}
    found = {claim: next((names[each] for each in kinds if each in names), "") for claim, kinds in _PLATFORM.items()}
    return {claim: value for claim, value in found.items() if value}


def _holder(holder: der.Value) -> tuple[bytes, int] | None:
    base = next((each for each in holder.sequence() if each.tag == _CONTEXT_0), None)
    if base is None:
        return None
    names, serial = der.parts(list(base.parts()), 2, "the holder")[:2]
    return directory_name(names), serial.number()


def _names_of_issuer(issuer: der.Value) -> der.Value:
    """Return the GeneralNames of an AttCertIssuer: v2Form is [0] around them, v1Form has them bare."""
    if issuer.tag != _CONTEXT_0:
        return issuer
    return der.parts(list(issuer.parts()), 1, "the issuer")[0]


def _components(attributes: der.Value) -> tuple[Component, ...]:
    found: list[Component] = []
    for attribute in attributes.sequence():
        kind, values = der.parts(attribute.sequence(), 2, "an attribute")[:2]
        if kind.oid() not in _CONFIGURATIONS:
            continue
        for configuration in values.parts():
            listed = next((each for each in configuration.sequence() if each.tag == _CONTEXT_0), None)
            for each in listed.parts() if listed is not None else ():
                found.append(_component(each))
                if len(found) > _MOST_COMPONENTS:
                    uncheckable(f"more than {_MOST_COMPONENTS} components")
    return tuple(found)


def _component(component: der.Value) -> Component:
    fields = component.sequence()
    if fields and fields[0].tag in (der.SEQUENCE, der.OCTETS):  # version 2 begins with the class
        fields = fields[1:]
    manufacturer, model, *rest = der.parts(fields, 2, "a component")
    tagged = {each.tag: text_of(each) for each in rest if each.tag in (0x80, 0x81)}
    return Component(text_of(manufacturer), text_of(model), tagged.get(0x80, ""), tagged.get(0x81, ""))


def _digest(algorithm: der.Value) -> str:
    return _ALGORITHMS.get(algorithm.sequence()[0].oid(), "") if algorithm.sequence() else ""


def _bits(value: der.Value) -> bytes:
    if value.tag != der.BITS or not value.content or value.content[0]:
        uncheckable("the signature is no string of whole bytes")
    return value.content[1:]
