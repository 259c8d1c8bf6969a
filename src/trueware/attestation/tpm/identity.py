"""All that evidence by a TPM says of who it is: the attestation key, its endorsement key, their certificates, in one answer.

1. The attestation key is bound to the device (`binding`).
2. It is in the TPM of the endorsement key that was shown: a credential was activated, or the qualified name that the TPM signed is
   that of a child of the endorsement key (`binding.check_parent`), which counts where step 1 holds.
3. Certificates are told apart: of the endorsement key, of the platform, of authorities between; the others are left out.
4. The certificate of the endorsement key shown is checked (`endorsement`), and that of the platform (`platform_certificate`).

What certificates say is a claim about this device only where 1, 2 and 4 hold: anybody may send along somebody else's certificates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trueware.attestation.contract import Endorsements
from trueware.attestation.tpm.binding import Activated, bind_key, check_parent
from trueware.attestation.tpm.certificate_fields import PLATFORM_USE, extensions_of, is_authority, key_in, uses_of
from trueware.attestation.tpm.endorsement import check_endorsement
from trueware.attestation.tpm.platform_certificate import check_platform_certificate
from trueware.attestation.tpm.public import Public
from trueware.errors import MalformedInput
from trueware.model.check import Check, Outcome
from trueware.model.claim import Claim
from trueware.signatures import der
from trueware.signatures.certificate import Certificate
from trueware.signatures.refusal import Refusal

MAX_CERTIFICATES = 32


@dataclass(frozen=True, slots=True)
class Identified:
    """Who a TPM says it is."""

    checks: tuple[Check, ...]
    claims: tuple[Claim, ...]
    """`tpm-manufacturer`, `tpm-model`, `tpm-version`; `brand`, `model`, `version`, `serial` of the platform."""


@dataclass(frozen=True, slots=True)
class _Sorted:
    endorsement: tuple[bytes, ...]
    platform: tuple[bytes, ...]
    authorities: tuple[bytes, ...]


def identify(
    public: Public | None,
    endorsements: Endorsements,
    now: int,
    *,
    qualified_signer: bytes = b"",
    device: str | None = None,
    endorsement_key: Public | None = None,
    certificates: Sequence[bytes] = (),
    activated: Activated | None = None,
) -> Identified:
    """Return who it is.

    Args:
        public: the attestation key; None where it came without its public area.
        endorsements: roots and enrolled names.
        now: seconds since 1970.
        qualified_signer: as the quote has it (`Quoted.qualified_signer`).
        device: name of the device that it is said to be; None: nobody says.
        endorsement_key: the endorsement key that was shown.
        certificates: DER of those that were sent, in any order; at most `MAX_CERTIFICATES` are looked at.
        activated: the credential that came back, if one was made.

    Raises:
        MalformedInput: a certificate of the endorsement key or the platform is malformed; what is no certificate at all is left out.
    """
    found = _sorted(certificates[:MAX_CERTIFICATES])
    own = _of_key(found.endorsement, endorsement_key)
    checks = list(  # step 1
        bind_key(
            public,
            own[0] if own else None,
            endorsements,
            device=device,
            activated=activated,
            endorsement_key=endorsement_key,
        )
    )
    is_inside = False
    if endorsement_key is not None and public is not None:  # step 2
        parent = check_parent(public, endorsement_key, qualified_signer, activated)
        is_inside = checks[0].outcome is parent.outcome is Outcome.SUPPORTS
        checks.append(parent)
    claims: list[Claim] = []
    roots = endorsements.endorsement_roots
    endorsed = [check_endorsement(each, endorsement_key, roots, now, intermediates=found.authorities) for each in own]
    for each in endorsed:  # step 4
        checks += each.checks
        claims += each.claims
    is_endorsed = any(each.claims for each in endorsed)
    for certificate in found.platform:
        platform = check_platform_certificate(
            certificate, found.endorsement, roots, now, intermediates=found.authorities
        )
        checks += platform.checks
        claims += platform.claims if is_endorsed else ()
    return Identified(tuple(checks), tuple(claims) if is_inside else ())


def _of_key(certificates: Sequence[bytes], key: Public | None) -> list[bytes]:
    """Return those of the key that was shown; where there is none, or none was shown, the first."""
    same = [each for each in certificates if key is not None and _key(each) == key.key]
    return same or list(certificates[:1])


def _key(certificate: bytes) -> object:
    try:
        return key_in(Certificate.parse(certificate).spki)
    except Refusal:
        return None


def _sorted(certificates: Sequence[bytes]) -> _Sorted:
    endorsement, platform, authorities = [], [], []
    for each in certificates:
        kind = _kind(each)
        if kind == "platform":
            platform.append(each)
        elif kind == "authority":
            authorities.append(each)
        elif kind == "endorsement":
            endorsement.append(each)
    return _Sorted(tuple(endorsement), tuple(platform), tuple(authorities))


def _kind(data: bytes) -> str:
    try:
        first = der.parts(der.read(data).sequence(), 3, "a certificate")[0].sequence()
        if first and first[0].tag == der.INTEGER and len(first) > 1 and first[1].tag == der.SEQUENCE:
            return "platform" if first[0].number() == 1 else ""
        extensions = extensions_of(Certificate.parse(data).extensions)
        if PLATFORM_USE in uses_of(extensions):
            return "platform"
        return "authority" if is_authority(extensions) else "endorsement"
    except (Refusal, MalformedInput):
        return ""
