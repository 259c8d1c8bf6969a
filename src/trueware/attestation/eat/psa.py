"""PSA tokens (RFC 9783; PSA_IOT_PROFILE_1 before it) and what CCA's platform token has of them.

Mandatory (RFC 9783 §4, Table 1): nonce (32, 48 or 64 bytes, one), instance id (33 bytes, a ueid of type 1), implementation id (32),
client id, lifecycle, software components (at least one; each with its value and signer's id, of 32, 48 or 64 bytes). Optional: boot
seed (8 to 32 bytes), certification reference (13 digits, and five more), verification service. PSA_IOT_PROFILE_1 has its boot
seed of 32 bytes and may say "no measurements" instead of components.
"""

import re
from collections.abc import Mapping
from typing import Never

from trueware.attestation.eat import checks as rules
from trueware.cose.foreign_cbor import Value
from trueware.errors import EvidenceRefused
from trueware.model.check import Check
from trueware.model.claim import Claim
from trueware.model.measured import MeasuredValue

PROFILES = frozenset({"tag:psacertified.org,2023:psa#tfm", "http://arm.com/psa/2.0.0", "PSA_IOT_PROFILE_1"})
FIRST = "PSA_IOT_PROFILE_1"
_DIGESTS = {32: "sha256", 48: "sha384", 64: "sha512"}
_REFERENCE = re.compile(r"[0-9]{13}(?:-[0-9]{5})?")
_STATES = {
    0: "unknown",
    1: "assembly and test",
    2: "provisioning of the root of trust",
    3: "secured",
    4: "debugging outside of the root of trust",
    5: "debugging of the root of trust, recoverable",
    6: "decommissioned",
}
_MOST = 1024


def require(claims: Mapping[str, Value]) -> None:
    """Return if a PSA token has what its profile demands.

    Raises:
        EvidenceRefused: it has not.
    """
    require_octets(claims, "eat_nonce", (32, 48, 64))
    require_instance(claims)
    require_octets(claims, "implementation-id", (32,))
    client = claims.get("client-id")
    if not isinstance(client, int) or isinstance(client, bool) or not -(1 << 31) <= client < 1 << 31:
        refuse("client-id is missing, or no number of 32 bits")
    state_of(claims)
    is_first = claims.get("eat_profile") == FIRST
    seed = "boot-seed" if "boot-seed" in claims or is_first else "bootseed"
    if seed in claims or is_first:
        require_octets(claims, seed, (32,) if is_first else range(8, 33))
    reference = claims.get("certification-reference")
    if reference is not None and not (isinstance(reference, str) and _REFERENCE.fullmatch(reference)):
        refuse("certification-reference is not 13 digits, and five more behind a hyphen")
    if is_first and "software-components" not in claims:
        if claims.get("no-software-measurements") != 1 or isinstance(claims["no-software-measurements"], bool):
            refuse("neither software components, nor the word that there are none")
    else:
        if "no-software-measurements" in claims:
            refuse("software components, and the word that there are none")
        require_components(claims)
    require_service(claims)


def require_service(claims: Mapping[str, Value]) -> None:
    """Return if the verification service, where there is one, is named.

    Raises:
        EvidenceRefused: it is not.
    """
    service = claims.get("verification-service")
    if service is not None and not (isinstance(service, str) and service):
        refuse("the verification service is no text, or empty")


def require_instance(claims: Mapping[str, Value]) -> None:
    """Return if the instance id is a ueid of type 1 with 33 bytes.

    Raises:
        EvidenceRefused: it is not.
    """
    if require_octets(claims, "ueid", (33,))[0] != 1:
        refuse("the instance id is no ueid of type 1")


def require_octets(claims: Mapping[str, Value], name: str, lengths: range | tuple[int, ...]) -> bytes:
    """Return a claim that is bytes of one of some lengths.

    Raises:
        EvidenceRefused: it is missing or something else.
    """
    found = claims.get(name)
    if not isinstance(found, bytes) or len(found) not in lengths:
        what = f"{len(found)} bytes" if isinstance(found, bytes) else "missing" if found is None else "no bytes"
        refuse(f"{name} is {what}, expected bytes of length {', '.join(map(str, lengths))}")
    return found


def require_components(claims: Mapping[str, Value], *, signer: bool = True) -> None:
    """Return if software components are of their form.

    Raises:
        EvidenceRefused: they are not.
    """
    found = claims.get("software-components")
    if not isinstance(found, tuple) or not 1 <= len(found) <= _MOST:
        refuse("software components are missing, none, or too many")
    for number, each in enumerate(found):
        where = f"software-components[{number}]"
        if not isinstance(each, dict):
            refuse("a component is no map", where)
        for name in ("value", "signer-id"):
            member = each.get(name)
            if member is None and name == "signer-id" and not signer:
                continue
            if not isinstance(member, bytes) or len(member) not in _DIGESTS:
                refuse(f"{name} is missing, or not of 32, 48 or 64 bytes", where)
        for name in ("type", "version", "description"):
            if name in each and not isinstance(each[name], str):
                refuse(f"{name} is no text", where)


def state_of(claims: Mapping[str, Value]) -> int:
    """Return the lifecycle's state: its upper byte (RFC 9783 §4.3.1).

    Raises:
        EvidenceRefused: there is none, or one that does not exist.
    """
    found = claims.get("lifecycle")
    if (
        not isinstance(found, int)
        or isinstance(found, bool)
        or found < 0
        or found & 0xF00
        or found >> 12 not in _STATES
    ):
        refuse("lifecycle is missing, or a state that does not exist")
    return found >> 12


def judge_lifecycle(claims: Mapping[str, Value], place: str = "") -> Check:
    """Return what the lifecycle says of the device: secured, or not, or nothing."""
    state = state_of(claims)
    detail = f"the state is {_STATES[state]}"
    if state == 3:
        return rules.TOKEN_LIFECYCLE.supports(detail, place, source="RFC 9783 §4.3.1")
    if state == 0:
        return rules.TOKEN_LIFECYCLE.not_shown(f"{detail}; a device that knows its state would say it", place)
    return rules.TOKEN_LIFECYCLE.contradicts(detail, place, source="RFC 9783 §4.3.1", value=32 if state == 4 else 96)


def components(claims: Mapping[str, Value], place: str = "") -> tuple[MeasuredValue, ...]:
    """Return software components as measured values; what is of no form is left out."""
    found = claims.get("software-components")
    values = []
    for number, each in enumerate(found if isinstance(found, tuple) else ()):
        value = each.get("value") if isinstance(each, dict) else None
        if not isinstance(each, dict) or not isinstance(value, bytes) or len(value) not in _DIGESTS:
            continue
        name, version, signer = (each.get(key) for key in ("type", "version", "signer-id"))
        values.append(
            MeasuredValue(
                name if isinstance(name, str) else "",
                ((_DIGESTS[len(value)], value),),
                version if isinstance(version, str) else "",
                signer if isinstance(signer, bytes) else b"",
                "/".join(filter(None, (place, f"software-components[{number}]"))),
            )
        )
    return tuple(values)


def claims_of(claims: Mapping[str, Value], kind: str, place: str = "") -> list[Claim]:
    """Return what a token says of the device by claims of PSA."""
    found = []
    for name in ("implementation-id", "certification-reference", "client-id", "verification-service"):
        value = claims.get(name)
        if isinstance(value, bytes | str | int):
            found.append(Claim(name, value.hex() if isinstance(value, bytes) else str(value)[:512], kind, place))
    return found


def certification(claims: Mapping[str, Value]) -> list[Check]:
    """Return what a reference to a certificate shows: nothing, until who certified confirms it."""
    found = claims.get("certification-reference")
    if not isinstance(found, str):
        return []
    detail = f"{found}: a reference to a certificate is a claim until PSA Certified's list confirms it"
    return [rules.TOKEN_CERTIFICATION.not_shown(detail, "certification-reference", expected_gap=True)]


def refuse(reason: str, place: str = "") -> Never:
    """Refuse a token that is not of its profile."""
    raise EvidenceRefused(rules.TOKEN_PROFILE.id, reason, place)
