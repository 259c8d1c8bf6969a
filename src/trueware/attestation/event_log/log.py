"""What a boot event log is once it was read: banks, events in order, and what is wrong with it.

Nothing here is proved. A log is text until its replay gives values that a key of a TPM, or of a confidential computing module,
signed (`replaying`).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Final, NamedTuple, Protocol

from trueware.attestation.event_log import event_types
from trueware.attestation.tpm.algorithms import HASHES, SIZES
from trueware.errors import LimitExceeded, MalformedInput

FORMAT: Final = "tcg-event-log"
"""Name of the format, in errors and as the source of claims."""


class Registers(Enum):
    """Which registers a log speaks of. The bytes do not say; whoever hands them in knows where they came from."""

    PCR = "pcr"
    """Platform Configuration Registers of a TPM."""

    CC = "cc-measurement-registers"
    """Of a confidential virtual machine (ACPI table CCEL). Index 0 is what was measured before it ran (MRTD), which no log has;
    1 to 4 are RTMR 0 to 3 (UEFI 2.10 §38.4.1, Intel TDX Virtual Firmware Design Guide §8)."""


class Hashed(Protocol):
    """The part of hashlib's objects that is used here."""

    def digest(self) -> bytes:
        """Return the digest of what was hashed."""


def _hash_of(name: str) -> Callable[[bytes], Hashed] | None:
    if name in hashlib.algorithms_guaranteed:
        return getattr(hashlib, name, None)
    if name in hashlib.algorithms_available:
        return partial(hashlib.new, name)
    return None


class Bank(NamedTuple):
    """One hash algorithm with which the log's registers were extended."""

    algorithm: int
    """TPM_ALG_ID."""

    name: str
    """As hashlib calls it: ``sha256``; ``0x…`` where it has no name here."""

    size: int
    """Bytes of a digest."""

    @classmethod
    def of(cls, algorithm: int, size: int) -> "Bank":
        """Return the bank as a log declares it, whether or not the size is right."""
        return cls(algorithm, HASHES.get(algorithm, f"{algorithm:#06x}"), size)

    @staticmethod
    def known_size(algorithm: int) -> int | None:
        """Return the bytes of a digest of an algorithm that is known here."""
        return SIZES.get(HASHES.get(algorithm, ""))

    @property
    def is_sized_right(self) -> bool:
        """Whether digests have the length that the algorithm has; of one that is not known here, any."""
        return self.known_size(self.algorithm) in (None, self.size)

    def hash(self) -> Callable[[bytes], Hashed] | None:
        """Return what hashes as this bank does; None: this machine has no such algorithm (often so for sm3)."""
        return _hash_of(self.name)


class Event(NamedTuple):
    """One event. A tuple, since evidence of fleets has them by the million."""

    number: int
    """Its place in the log, from 0; the header of a crypto-agile log is event 0, as tpm2_eventlog counts."""

    pcr: int
    """Index of the register: 0 to 31; any number where the event extends nothing."""

    kind: int
    """Type of event (`event_types`)."""

    digests: tuple[bytes | None, ...]
    """What was extended, for each of `EventLog.banks`; None: it has none for that bank."""

    data: bytes
    """What the event says, believed only where `proving` says so."""

    offset: int
    """First byte within the log."""

    @property
    def is_extended(self) -> bool:
        """Whether it changed its register; EV_NO_ACTION does not."""
        return self.kind != event_types.NO_ACTION

    @property
    def type_name(self) -> str:
        """``EV_SEPARATOR``; ``0x…`` where the type has no name."""
        return event_types.type_name(self.kind)


@dataclass(frozen=True, slots=True)
class EventLog:
    """A log, as far as it could be read."""

    events: tuple[Event, ...]
    banks: tuple[Bank, ...]
    is_agile: bool
    """Whether it has digests of several banks (TCG_PCR_EVENT2); otherwise SHA-1 only."""

    registers: Registers
    padding: int
    """Bytes of 0x00 or 0xFF behind the last event."""

    startup_locality: int
    """Locality from which the TPM was started, on which the first value of PCR 0 depends: 0, 3 or 4."""

    problem: MalformedInput | LimitExceeded | None
    """Why it was not read to its end; None: it was."""

    def bank(self, name: str) -> int | None:
        """Return the position of a bank among `banks` and of its digests in events, None where the log has no such bank."""
        return next((at for at, bank in enumerate(self.banks) if bank.name == name), None)

    def register(self, index: int) -> str:
        """Return the name of a register: ``PCR 4``, ``RTMR 1``."""
        if self.registers is Registers.PCR:
            return f"PCR {index}"
        return f"RTMR {index - 1}" if index else "MRTD"

    def register_of(self, pcr: int) -> int:
        """Return the index of the register that has what a TPM's `pcr` has.

        Of a confidential machine (UEFI 2.10 §38.4.1): 0 for PCR 0, 1 for 1 and 7, 2 for 2 to 6, 3 for 8 to 15.
        """
        if self.registers is Registers.PCR:
            return pcr
        return 3 if pcr > 7 else 1 if pcr in (1, 7) else 2 if pcr else 0

    def upto(self, events: int) -> "EventLog":
        """Return the log with its first events alone: what a quote covers."""
        return self if events >= len(self.events) else replace(self, events=self.events[:events])

    def place(self, event: Event) -> str:
        """Return where an event stands: ``PCR 4 event 12``."""
        return f"{self.register(event.pcr)} event {event.number}" if event.is_extended else f"event {event.number}"

    def whole(self) -> "EventLog":
        """Return the log where it was read to its end.

        Raises:
            MalformedInput, LimitExceeded: it was not.
        """
        if self.problem is not None:
            raise self.problem
        return self
