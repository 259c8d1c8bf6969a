"""Whose key it is: how an attestation key is bound to a device.

1. By enrolment: the verifier's owner keeps the TPM name of the key (nameAlg and digest of its public area) with the device. That
   is decided here, and is what RFC 9683 §3.2 compares with.
2. By activation: a credential that only the TPM with the endorsement key opens, and only if the attestation key is loaded in the
   same TPM (Part 1 §24). Who saw the secret come back keeps an `Activated`. It binds the key to the endorsement key, and counts where
   that one is certified (`endorsement`): anybody can make both in software.
3. By its parent: a TPM signs the qualified name of the key with each quote, a digest over the names of all its parents (Part 1 §16).
   Of a key that is known to be a TPM's it shows that it is a child of the endorsement key, and so in the same TPM.
4. A certificate of the endorsement key alone binds nothing: anybody may copy it. It is not shown, with what would show it.
"""

from dataclasses import dataclass

from trueware.attestation.contract import Endorsements
from trueware.attestation.tpm import algorithms
from trueware.attestation.tpm.checks import ATTESTATION_KEY_BOUND, ATTESTATION_KEY_PARENT
from trueware.attestation.tpm.public import Public
from trueware.model.check import Check

_ENDORSEMENT = bytes.fromhex("4000000b")
"""TPM_RH_ENDORSEMENT (Part 2 §7.4)."""


@dataclass(frozen=True, slots=True)
class Activated:
    """A credential came back: the two keys are in one TPM."""

    attestation_name: bytes
    endorsement_name: bytes
    """TPM names of the attestation key and of the endorsement key."""


def bind_key(
    public: Public | None,
    ek_certificate: bytes | None,
    endorsements: Endorsements,
    *,
    device: str | None = None,
    activated: Activated | None = None,
    endorsement_key: Public | None = None,
    is_endorsed: bool = False,
) -> tuple[Check, ...]:
    """Return whether an attestation key is that of the device.

    Args:
        public: the key; None where it came without its public area and has no name.
        ek_certificate: DER of the endorsement key's certificate, if one was sent.
        endorsements: the names of enrolled keys.
        device: name of the device that it is said to be; None: nobody says.
        activated: the credential that came back, if one was made.
        endorsement_key: public area of the endorsement key.
        is_endorsed: whether it is certified (`Endorsed.is_held`); an activated credential counts for nothing if it is not.
    """
    if public is None or not public.name:
        return (ATTESTATION_KEY_BOUND.not_shown("the key came without its public area, so it has no name to compare"),)
    name = public.name
    enrolled = endorsements.enrolled.get(name)
    if enrolled is not None and device in (None, enrolled):
        return (ATTESTATION_KEY_BOUND.supports(f"enrolled as {enrolled}", found=name.hex(), source="enrolment"),)
    if enrolled is not None:
        detail = f"the key was enrolled as {enrolled}, and not as {device}"
        return (ATTESTATION_KEY_BOUND.contradicts(detail, expected=device, found=enrolled, source="enrolment"),)
    known = [each for each, owner in endorsements.enrolled.items() if device is not None and owner == device]
    if known:
        expected = ", ".join(each.hex() for each in known)
        detail = f"{device} was enrolled with another key"
        return (ATTESTATION_KEY_BOUND.contradicts(detail, expected=expected, found=name.hex(), source="enrolment"),)
    none = "none of the enrolled keys is this one" if endorsements.enrolled else "no key is enrolled"
    if activated is not None:
        return (_by_activation(name, activated, endorsement_key, is_endorsed=is_endorsed),)
    if ek_certificate is not None:
        detail = (
            f"{none}, and the certificate of an endorsement key, which anybody may copy, does not say that this key is in the "
            "same TPM; activate a credential for both keys, or enrol the key's name"
        )
        return (ATTESTATION_KEY_BOUND.not_shown(detail),)
    detail = f"{none}; enrol the key's name ({name.hex()}), or activate a credential"
    return (ATTESTATION_KEY_BOUND.not_shown(detail),)


def check_parent(
    public: Public, endorsement_key: Public, qualified_signer: bytes, activated: Activated | None = None
) -> Check:
    """Return whether an attestation key is in the TPM of an endorsement key; of a key that is not bound this proves nothing.

    Args:
        public: the attestation key.
        endorsement_key: the endorsement key that was shown.
        qualified_signer: as the quote has it; empty: not known.
        activated: the credential that came back, if one was made.
    """
    if activated is not None and activated == Activated(public.name, endorsement_key.name):
        detail = "a credential for both keys was activated"
        return ATTESTATION_KEY_PARENT.supports(detail, source="TPM2_ActivateCredential")
    parent = qualified_name(_ENDORSEMENT, endorsement_key)
    if qualified_signer and qualified_signer == qualified_name(parent, public):
        return ATTESTATION_KEY_PARENT.supports("it is a child of the endorsement key", found=qualified_signer.hex())
    return ATTESTATION_KEY_PARENT.not_shown(
        "it is no child of this endorsement key, but may be in the same TPM; activate a credential for both keys"
    )


def qualified_name(parent: bytes, public: Public) -> bytes:
    """Return the qualified name of a key below a parent with a qualified name, or below a hierarchy's handle (Part 1 §16)."""
    if not public.name_hash:
        return b""
    number = algorithms.NUMBERS[public.name_hash].to_bytes(2)
    return number + algorithms.digest(public.name_hash, parent + public.name)


def _by_activation(name: bytes, activated: Activated, endorsement_key: Public | None, *, is_endorsed: bool) -> Check:
    rule = ATTESTATION_KEY_BOUND
    if activated.attestation_name != name:
        detail = "the credential that was activated is of another attestation key"
        return rule.contradicts(detail, expected=activated.attestation_name.hex(), found=name.hex())
    if endorsement_key is not None and activated.endorsement_name != endorsement_key.name:
        detail = "the credential that was activated is of another endorsement key"
        expected, found = activated.endorsement_name.hex(), endorsement_key.name.hex()
        return rule.contradicts(detail, expected=expected, found=found)
    if not is_endorsed:
        return rule.not_shown(
            "a credential was activated, and nobody who is trusted certifies the endorsement key it was for"
        )
    detail = (
        f"a credential was activated: the key is in the TPM of the endorsement key {activated.endorsement_name.hex()}"
    )
    return rule.supports(detail, found=name.hex(), source="TPM2_ActivateCredential")
