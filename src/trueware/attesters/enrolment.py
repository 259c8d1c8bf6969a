"""Enrolment: which attestation keys speak for a device.

1. A credential is made for the endorsement key and the attestation key (`begin`): only the TPM that has both opens it.
2. The secret comes back (`confirm`): the keys are in one TPM, and the device is enrolled with them.
3. Or somebody takes responsibility (`on_trust`): a maker's list, a technician in front of the device.

A name, a key, and a TPM (by the certificate of its endorsement key, where it is shown) is enrolled once: whoever enrols again, with
whatever right, must retire the device first. So nobody takes over a device by enrolling another TPM under its name (Keylime issue
1820), and one TPM does not answer for two devices. A TPM without a certificate, or with several, is known by its keys alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from hmac import compare_digest

from trueware.attestation.tpm.checks import CREDENTIAL_ACTIVATION
from trueware.attestation.tpm.credential import Credential, make_credential
from trueware.attestation.tpm.public import Public
from trueware.attestation.tpm.quote_key import QuoteKey
from trueware.attesters.ports import AttesterStore, Device, Pending
from trueware.errors import EvidenceRefused

WAIT = 3600
"""Seconds in which a secret must come back."""

ACTIVATED = "activated credential"


def on_trust(
    store: AttesterStore,
    name: str,
    keys: Iterable[Public],
    by: str,
    now: int,
    identifiers: Mapping[str, str] | None = None,
) -> Device:
    """Enrol a device on somebody's word; returns it.

    Raises:
        ValueError: the name or a key is enrolled, there is no key, or no name.
        EvidenceRefused: a key is no attestation key.
    """
    device = Device(_named(name), _names(keys), now, by, identifiers=tuple(sorted((identifiers or {}).items())))
    store.enrol(device)
    return device


def begin(
    store: AttesterStore,
    name: str,
    endorsement: Public,
    key: Public,
    randomness: tuple[bytes, bytes],
    now: int,
    certificate: bytes = b"",
    identifiers: Mapping[str, str] | None = None,
) -> Credential:
    """Make a credential for a device that is to be enrolled, and return it.

    Args:
        store: where it is awaited.
        name: what the device will be called.
        endorsement: public area of its endorsement key; that it is a TPM's is for the caller to check by its certificate.
        key: public area of its attestation key.
        randomness: secret and seed, see `trueware.attestation.tpm.credential.make_credential`.
        now: seconds since 1970.
        certificate: DER of the endorsement key's, where it has one.
        identifiers: what the device is known by.

    Raises:
        ValueError: the name or the key is enrolled already.
        EvidenceRefused: the keys are not such keys.
        StoreError: it could not be kept; it must not be sent then.
    """
    secret, seed = randomness
    names = _names([key])
    digest = sha256(certificate).digest() if certificate else b""
    for device in store.devices():
        same_tpm = digest and device.endorsement == digest
        if device.retired is None and (device.name == name or set(names) & set(device.keys) or same_tpm):
            raise ValueError(f"{device.name!r} is enrolled with that name, key or TPM; retire it first")
    credential = make_credential(endorsement, names[0], secret, seed)
    device = Device(_named(name), names, now, ACTIVATED, digest, tuple(sorted((identifiers or {}).items())))
    store.await_credential(Pending(device, secret, endorsement.name, now + WAIT))
    return credential


def confirm(store: AttesterStore, name: str, secret: bytes, now: int) -> Device:
    """Enrol a device whose TPM returned the secret; returns it. There is one try.

    Raises:
        EvidenceRefused: it is not the secret, it came too late, or none is awaited.
        ValueError: the device or key was enrolled in between.
    """
    pending = store.take_credential(name)
    if pending is None:
        raise EvidenceRefused(CREDENTIAL_ACTIVATION.id, f"no secret of {name!r} is awaited")
    if now >= pending.expires:
        raise EvidenceRefused(CREDENTIAL_ACTIVATION.id, "the secret came back too late")
    if not compare_digest(pending.secret, secret):
        raise EvidenceRefused(CREDENTIAL_ACTIVATION.id, "what came back is not the secret")
    store.enrol(pending.device)
    return pending.device


class EnrolledKeys(Mapping[bytes, str]):
    """Names of devices in service by the TPM names of their keys, looked up as they are asked for.

    A fleet has many; what it lists is what one device and the caller's own word come to, which is all that is listed of it.
    """

    def __init__(self, store: AttesterStore, device: str = "", told: Mapping[bytes, str] | None = None) -> None:
        """Look up in `store`.

        Args:
            store: what is remembered; it is heard before `told`.
            device: whose keys are listed.
            told: keys on the caller's word.
        """
        self._store, self._told = store, told or {}
        found = store.in_service(device) if device else None
        self._listed = {**self._told, **(dict.fromkeys(found.keys, found.name) if found is not None else {})}

    def __getitem__(self, key: bytes) -> str:
        found = self._store.keeper(key) or self._told.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


def _names(keys: Iterable[Public]) -> tuple[bytes, ...]:
    names = []
    for key in keys:
        QuoteKey.of_public(key).require_attestation_key()
        names.append(key.name)
    if not names:
        raise ValueError("a device is enrolled with a key")
    return tuple(sorted(set(names)))


def _named(name: str) -> str:
    if not name or len(name) > 128 or not name.isprintable() or name != name.strip():
        raise ValueError("a name of 1 to 128 printable characters is needed, without blanks around it")
    return name
