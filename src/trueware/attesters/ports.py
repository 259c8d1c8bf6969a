"""The port that stores of attesters fill. `trueware.storage` has the implementations; one contract suite holds them to this page.

Durability
    When a method that writes returns, what it wrote survives the death of the process, and for a store on disk that of the machine.
Consistency
    `take_challenge` is atomic: of any number of callers who ask for one nonce, in any number of processes, one gets it. A device, and
    a key, is enrolled once: enrolling it again raises, and changes nothing. Nothing is deleted but challenges that ran out.
Concurrency
    One store object belongs to one thread. Writers wait for each other up to a time out.

Methods raise `StoreError` where the store cannot be read or written. That is no verdict about a device.
"""

from dataclasses import dataclass, field
from typing import Protocol

from trueware.attestation.freshness.epoch import Epochs
from trueware.attestation.ima.walking import ImaState
from trueware.attestation.tpm.attest import Clock


@dataclass(frozen=True, slots=True)
class Challenge:
    """A nonce that was sent (RFC 9334 §10.2)."""

    nonce: bytes
    issued: int
    expires: int
    """Seconds since 1970; it counts until that second, not in it."""

    device: str = ""
    """Whom it was sent to; empty: whoever answers."""

    used: int | None = None
    """When it was answered; then no other answer counts."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that was enrolled. Its binding never changes; another key is another enrolment, after it was retired."""

    name: str
    keys: tuple[bytes, ...]
    """TPM names of the attestation keys that speak for it."""

    enrolled: int
    """Seconds since 1970."""

    by: str
    """How the keys were bound: ``activated credential``, or who said so."""

    endorsement: bytes = b""
    """SHA-256 of the certificate of the endorsement key; empty where none was shown."""

    identifiers: tuple[tuple[str, str], ...] = ()
    """What it is known by: (``imei``, …), (``serial``, …)."""

    retired: int | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A credential that was sent to a device, whose secret is awaited."""

    device: Device
    secret: bytes = field(repr=False)
    endorsement_name: bytes
    expires: int


@dataclass(frozen=True, slots=True)
class Seen:
    """How a device was when it was appraised last."""

    device: str
    at: int
    """Seconds since 1970."""

    key: bytes
    """TPM name of the key that signed."""

    clock: Clock
    release: str = ""
    """Id of the release that booted; empty where none was matched."""

    files: ImaState | None = None
    """Up to where its list of files was found in order; None: nothing of it is to be passed by."""

    verdict: str = ""
    basis: bytes = b""
    """Digest of what its list of files was judged by; judged by anything else, it is walked from its beginning."""


class AttesterStore(Protocol):
    """What a verifier remembers."""

    def add_challenge(self, challenge: Challenge) -> None:
        """Keep a challenge.

        Raises:
            ValueError: the nonce was sent before.
        """
        ...

    def take_challenge(self, nonce: bytes, now: int) -> Challenge | None:
        """Mark a challenge as used at `now`, and return it as it was before; None: nobody sent it, or it ran out long ago."""
        ...

    def challenges(self, device: str | None = None) -> tuple[Challenge, ...]:
        """Return the challenges that are kept, the latest first; those to one device, where it is named."""
        ...

    def forget_challenges(self, before: int) -> int:
        """Forget those that ran out before a second; returns how many."""
        ...

    def enrol(self, device: Device) -> None:
        """Keep a device.

        Raises:
            ValueError: one of that name, with one of its keys, or with that certificate of an endorsement key, is enrolled and not
                retired.
        """
        ...

    def retire(self, name: str, now: int) -> bool:
        """Take a device out of service; its record stays. Tells whether it was in service."""
        ...

    def keeper(self, key: bytes) -> str | None:
        """Return the name of the device in service that has a key; None: none has it."""
        ...

    def in_service(self, name: str) -> Device | None:
        """Return the device of that name that is enrolled and not retired."""
        ...

    def devices(self) -> tuple[Device, ...]:
        """Return all devices, retired ones too, by name and then by time of enrolment."""
        ...

    def await_credential(self, pending: Pending) -> None:
        """Keep a credential that was sent; one before it for the same device is forgotten."""
        ...

    def take_credential(self, device: str) -> Pending | None:
        """Return the credential that a device was sent, and forget it: one try."""
        ...

    def announce(self, epochs: Epochs, before: Epochs | None) -> bool:
        """Keep the epochs that count, if those that did are still `before`; tells whether they were."""
        ...

    def epochs(self) -> Epochs | None:
        """Return the epochs that count; None: none was announced."""
        ...

    def see(self, seen: Seen, before: Seen | None) -> bool:
        """Keep how a device was, if how it was before is still `before`; tells whether it was."""
        ...

    def seen(self, device: str) -> Seen | None:
        """Return how a device was when it was appraised last."""
        ...
