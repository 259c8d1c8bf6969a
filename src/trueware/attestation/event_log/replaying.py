"""Computes the registers that a log leads to, and finds the part of it that a quote covers.

TPM 2.0 Library Part 1 §17 (PCR_Extend) and §12.2.3 (what PCRs begin with); TCG PC Client Platform Firmware Profile 1.06 §10.4.5.3 for
PCR 0::

    new value = H(old value || digest)

    PCR 0       zeros, the last byte the locality of the TPM's start: 0, 3, or 4 after an H-CRTM
    PCR 1-16    zeros
    PCR 17-22   ones (they are for a dynamic root of trust)
    PCR 23      zeros
    RTMRs       zeros

A log goes on after a quote: what came later is no contradiction, but nobody signed for it. `find_prefix` finds the moment at which
all quoted registers had the quoted values at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from trueware.attestation.event_log import event_types
from trueware.attestation.event_log.log import FORMAT, Bank, Event, EventLog, Hashed, Registers
from trueware.errors import UnsupportedInput

_DYNAMIC: Final = range(17, 23)
"""PCRs of a dynamic root of trust."""


def initial(log: EventLog, bank: Bank, register: int) -> bytes:
    """Return the value with which a register begins."""
    if log.registers is Registers.CC:
        return bytes(bank.size)
    if register in _DYNAMIC:
        return b"\xff" * bank.size
    if register == 0:
        return bytes(bank.size - 1) + bytes((log.startup_locality,))
    return bytes(bank.size)


def replay(log: EventLog, bank: str) -> dict[int, bytes]:
    """Return the value of each register that the log extends.

    Args:
        log: as far as it was read.
        bank: name of the algorithm: ``sha256``.

    Raises:
        UnsupportedInput: the log has no such bank, an event has no digest for it, or this machine lacks the algorithm (sm3).
    """
    at, used, new = _replayable(log, bank)
    values: dict[int, bytes] = {}
    no_action = event_types.NO_ACTION
    for _, register, kind, digests, _, _ in log.events:
        if kind != no_action:
            digest = digests[at]
            if digest is None:
                raise UnsupportedInput(FORMAT, 0, f"an event has no digest for {bank}")
            value = values.get(register)
            if value is None:
                value = initial(log, used, register)
            values[register] = new(value + digest).digest()
    return values


def running(log: EventLog, bank: str) -> tuple[bytes | None, ...]:
    """Return the value of the register of each event after it; None for an event that extends nothing.

    Raises:
        UnsupportedInput: as `replay`.
    """
    at, used, new = _replayable(log, bank)
    values: dict[int, bytes] = {}
    each: list[bytes | None] = []
    for event in log.events:
        if not event.is_extended:
            each.append(None)
            continue
        digest = event.digests[at]
        if digest is None:
            raise UnsupportedInput(FORMAT, event.offset, f"event {event.number} has no digest for {bank}")
        value = values.get(event.pcr) or initial(log, used, event.pcr)
        values[event.pcr] = value = new(value + digest).digest()
        each.append(value)
    return tuple(each)


@dataclass(frozen=True, slots=True)
class Covered:
    """What of a log a quote covers."""

    matches: bool
    """Whether there is a moment at which all quoted registers had the quoted values."""

    events: int
    """How many events from the first are covered, as far as they extend quoted registers; 0 where nothing matches."""

    extending: int = 0
    """How many of them extend a quoted register."""

    later: tuple[Event, ...] = ()
    """Events of quoted registers after that moment, for which nobody signed."""

    differing: tuple[int, ...] = ()
    """Quoted registers that never had the quoted value; all that matched, but never together, where each of them did once."""

    replayed: Mapping[int, bytes] | None = None
    """Value of each quoted register at the end of the log."""

    is_untouched: bool = False
    """Whether all quoted registers have the values they began with although the log extends them: firmware did not extend this bank,
    so whoever came later could give its registers any value (CVE-2021-42299)."""

    unextended: tuple[int, ...] = ()
    """Those of `differing` that no event of the log extends: who extended them logs elsewhere (IMA, systemd in user space)."""

    @property
    def is_full(self) -> bool:
        """Whether the quote covers all events of the quoted registers."""
        return self.matches and not self.later


def find_prefix(log: EventLog, bank: str, quoted: Mapping[int, bytes]) -> Covered:
    """Return the part of a log that leads to quoted values: the longest where several do.

    Args:
        log: as far as it was read.
        bank: name of the algorithm of the quoted values.
        quoted: value by register; only those that this log should explain.

    Raises:
        UnsupportedInput: as `replay`.
    """
    at, used, new = _replayable(log, bank)
    values = {register: initial(log, used, register) for register in quoted}
    since = dict.fromkeys(quoted, 0)
    until: dict[int, int] = {}
    extended: set[int] = set()
    count = 0
    for number, register, kind, digests, _, offset in log.events:
        if register not in values or kind == event_types.NO_ACTION:
            continue
        digest = digests[at]
        if digest is None:
            raise UnsupportedInput(FORMAT, offset, f"event {number} has no digest for {bank}")
        extended.add(register)
        count += 1
        value = values[register]
        if register not in until:
            if value == quoted[register]:
                until[register] = number
            else:
                since[register] = number + 1
        values[register] = new(value + digest).digest()
    end = len(log.events)
    for register, value in values.items():
        if value == quoted[register] and register not in until:
            until[register] = end
    differing = tuple(sorted(register for register in quoted if register not in until))
    if differing:
        silent = tuple(each for each in differing if each not in extended)
        return Covered(False, 0, differing=differing, replayed=values, unextended=silent)
    first, last = max(since.values(), default=0), min(until.values(), default=end)
    if first > last:
        return Covered(False, 0, differing=tuple(sorted(quoted)), replayed=values)
    if extended and not any(since.values()):
        return Covered(False, 0, differing=tuple(sorted(extended)), replayed=values, is_untouched=True)
    later = tuple(event for event in log.events[last:] if event.pcr in quoted and event.is_extended)
    return Covered(True, last, count - len(later), later, replayed=values)


def _replayable(log: EventLog, bank: str) -> tuple[int, Bank, Callable[[bytes], Hashed]]:
    """Return the position of a bank among the log's, the bank, and its hash."""
    at = log.bank(bank)
    if at is None:
        have = ", ".join(each.name for each in log.banks)
        raise UnsupportedInput(FORMAT, 0, f"it has no bank {bank}, only {have}")
    new = log.banks[at].hash()
    if new is None:
        raise UnsupportedInput(FORMAT, 0, f"this machine cannot compute {bank}")
    return at, log.banks[at], new
