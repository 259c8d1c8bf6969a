"""All that evidence by a TPM says of who it is: the attestation key, its endorsement key, their certificates, in one answer.

1. The attestation key is bound to the device (`binding`), or certified as one (`attestation_certificate`).
2. It is in the TPM of the endorsement key that was shown: a credential was activated, or the qualified name that the TPM signed is
   that of a child of the endorsement key (`binding.check_parent`), which counts where step 1 holds.
3. Certificates are told apart: of the attestation key, of the endorsement key, of the platform, of authorities between.
4. The certificate of the endorsement key shown is checked (`endorsement`), and that of the platform (`platform_certificate`).

What certificates say is a claim about this device, and shows anything of it, only where 1, 2 and 4 hold: anybody may send along
somebody else's certificates, genuine as they are. A platform's has to be for the endorsement key that was shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trueware.attestation.contract import Endorsements
from trueware.attestation.tpm.attestation_certificate import check_attestation_certificate
from trueware.attestation.tpm.binding import Activated, bind_key, check_parent
from trueware.attestation.tpm.certificate_fields import (
    ATTESTATION_USE,
    PLATFORM_USE,
    extensions_of,
    is_authority,
    key_in,
    uses_of,
)
from trueware.attestation.tpm.checks import RULES
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
    """`tpm-manufacturer`, `tpm-model`, `tpm-version`; `brand`, `model`, `version`, `serial` of the platform; `serial` of a
    certified attestation key."""


@dataclass(frozen=True, slots=True)
class _Sorted:
    attestation: tuple[bytes, ...]
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
    found = _sorted(certificates[:MAX_CERTIFICATES], public)
    own, roots = _of_key(found.endorsement, endorsement_key), endorsements.endorsement_roots
    endorsed = [check_endorsement(each, endorsement_key, roots, now, intermediates=found.authorities) for each in own]
    checks = list(  # step 1
        bind_key(
            public,
            own[0] if own else None,
            endorsements,
            device=device,
            activated=activated,
            endorsement_key=endorsement_key,
            is_endorsed=any(result.is_held for result in endorsed),
        )
    )
    is_bound = checks[0].outcome is Outcome.SUPPORTS
    certified: list[Claim] = []
    if public is not None:
        for certificate in found.attestation:
            held = check_attestation_certificate(certificate, public, roots, now, intermediates=found.authorities)
            is_held = held.check.outcome is Outcome.SUPPORTS
            is_bound = is_bound or (is_held and checks[0].outcome is Outcome.NOT_SHOWN)
            checks.append(held.check)
            certified += held.claims
    is_inside = False
    if endorsement_key is not None and public is not None:  # step 2
        parent = check_parent(public, endorsement_key, qualified_signer, activated)
        is_inside = is_bound and parent.outcome is Outcome.SUPPORTS
        checks.append(parent if is_bound else _open(parent, "nobody vouches for the attestation key"))
    told: list[Check] = []
    claims: list[Claim] = []
    for result in endorsed:  # step 4
        told += result.checks
        claims += result.claims
    proved = [result.certificate.encoded for result in endorsed if result.is_held]
    for certificate in found.platform:
        platform = check_platform_certificate(certificate, proved, roots, now, intermediates=found.authorities)
        if platform.checks[0].outcome is not Outcome.SUPPORTS:  # it may be of another endorsement key of the same TPM
            any_key = check_platform_certificate(
                certificate, found.endorsement, roots, now, intermediates=found.authorities
            )
            told += [_open(each, "its endorsement key is not the one that was shown") for each in any_key.checks]
            continue
        told += platform.checks
        claims += platform.claims
    if not is_inside:
        told = [_open(each, "that the attestation key is in this TPM is not shown") for each in told]
    believed = (certified if is_bound else []) + (claims if is_inside else [])
    return Identified((*checks, *told), tuple(dict.fromkeys(believed)))


def _open(check: Check, reason: str) -> Check:
    """Return a check that holds of something else than the device that signed as one that shows nothing of it."""
    if check.outcome is not Outcome.SUPPORTS:
        return check
    rule = next(rule for rule in RULES if rule.id == check.rule)
    return rule.not_shown(f"{check.detail}; but {reason}", check.place, source=check.source)


def _of_key(certificates: Sequence[bytes], key: Public | None) -> list[bytes]:
    """Return those of the key that was shown; where there is none, or none was shown, the first."""
    same = [each for each in certificates if key is not None and _key(each) == key.key]
    return same or list(certificates[:1])


def _key(certificate: bytes) -> object:
    try:
        return key_in(Certificate.parse(certificate).spki)
    except Refusal:
        return None


def _sorted(certificates: Sequence[bytes], public: Public | None) -> _Sorted:
    kinds: dict[str, list[bytes]] = {"attestation": [], "endorsement": [], "platform": [], "authority": []}
    for each in certificates:
        kinds.get(_kind(each, public), []).append(each)
    return _Sorted(*(tuple(each) for each in kinds.values()))


def _kind(data: bytes, public: Public | None) -> str:
    try:
        first = der.parts(der.read(data).sequence(), 3, "a certificate")[0].sequence()
        if first and first[0].tag == der.INTEGER and len(first) > 1 and first[1].tag == der.SEQUENCE:
            return "platform" if first[0].number() == 1 else ""
        extensions = extensions_of(Certificate.parse(data).extensions)
        if PLATFORM_USE in uses_of(extensions):
            return "platform"
        if is_authority(extensions):
            return "authority"
        is_of_key = public is not None and _key(data) == public.key
        return "attestation" if is_of_key or ATTESTATION_USE in uses_of(extensions) else "endorsement"
    except (Refusal, MalformedInput):
        return ""
