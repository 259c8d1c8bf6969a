"""Reads the bytes of a boot event log.

Source: TCG PC Client Platform Firmware Profile 1.06 §10.2; for confidential computing UEFI 2.10 §38.4 (CC_EVENT), which has the
same bytes. All numbers are little-endian::

    TCG_PCClientPCREvent, the header of a crypto-agile log (`header`) and each event of a SHA-1 log
    0       4     index of the register
    4       4     type of event
    8       20    SHA-1
    28      4     length of data
    32      …     data

    TCG_PCR_EVENT2, all other events of a crypto-agile log
    0       4     index of the register
    4       4     type of event
    8       4     number of digests
    12      …     TPM_ALG_ID (2) and digest, for each
    …       4     length of data, and data

Firmware hands the log over in a fixed area; what it did not use is 0x00 or 0xFF. EV_NO_ACTION extends nothing; with the data
"StartupLocality", NUL, one byte, it tells what PCR 0 began with (§10.4.5.3).

Named leniencies: an event may have fewer digests than there are banks, have them in another order (some firmware of Hyper-V), or one
of an algorithm that the header does not name, if its length is known; no vector of these was at hand. A bank of which an event has
no digest cannot be replayed.
"""

import struct
from typing import Final

from trueware.attestation.event_log import event_types
from trueware.attestation.event_log.header import HEAD, MAX_BANKS, read_header
from trueware.attestation.event_log.log import FORMAT, Bank, Event, EventLog, Registers
from trueware.errors import LimitExceeded, MalformedInput

MAX_EVENTS: Final = 8_192
"""Events of one log; real ones have 20 to 300."""

MAX_BYTES: Final = 1 << 24
"""Bytes of one log; firmware sets 64 KiB to 2 MiB aside for it."""

_REGISTERS: Final = 32
"""TPM 2.0 has 24 PCRs on a PC; the library allows for 32."""

_BEGIN: Final = struct.Struct("<III")
_LOCALITY: Final = b"StartupLocality\0"


def read(data: bytes | memoryview, registers: Registers = Registers.PCR) -> EventLog:
    """Return the log; one that is damaged has the events before the damage, and `EventLog.problem`.

    Args:
        data: the log, with or without the padding of its area.
        registers: where it came from: firmware's TPM log, or the table CCEL.
    """
    reading = _Reading(bytes(data), registers)
    problem: MalformedInput | LimitExceeded | None = None
    try:
        reading.run()
    except (MalformedInput, LimitExceeded) as error:
        problem = error
    return EventLog(
        tuple(reading.events),
        tuple(reading.banks),
        reading.is_agile,
        registers,
        reading.padding,
        reading.started(),
        problem,
    )


class _Reading:
    """A log while it is read."""

    def __init__(self, data: bytes, registers: Registers) -> None:
        self.data = data
        self.registers = registers
        self.events: list[Event] = []
        self.banks = [Bank.of(0x0004, 20)]
        self.is_agile = False
        self.padding = 0
        self.filled: dict[bytes, int] = {}
        self.locality: int | None = None

    def run(self) -> None:
        """Read to the end, or raise at what is wrong."""
        if len(self.data) > MAX_BYTES:
            raise LimitExceeded("log-bytes", MAX_BYTES, "an event log of a boot")
        if not self.data:
            raise MalformedInput(FORMAT, 0, "it is empty")
        if self._is_padding(0):
            raise MalformedInput(FORMAT, 0, "it has no event, only padding")
        at = self._first()
        if self.is_agile:
            self._agile(at)
        else:
            self._sha1(at)

    def _first(self) -> int:
        """Read the first event where it is a header, and return where the others begin."""
        header = read_header(self.data)
        if header is None:
            return 0
        self.banks, self.is_agile = list(header.banks), True
        data = self.data[HEAD.size : header.stated_end]
        self.events.append(Event(0, header.register, event_types.NO_ACTION, (None,) * len(self.banks), data, 0))
        return header.end

    def _agile(self, at: int) -> None:
        """Read events with digests of several banks."""
        data, banks, events = self.data, self.banks, self.events
        size = len(data)
        usual = struct.Struct("<III" + "".join(f"H{bank.size}s" for bank in banks) + "I")
        algorithms = tuple(bank.algorithm for bank in banks)
        count, length, unpack, no_action = len(banks), usual.size, usual.unpack_from, event_types.NO_ACTION
        append, make, number = events.append, Event._make, len(events)
        while at < size:
            if at + length <= size:
                fields = unpack(data, at)
                pcr, kind = fields[0], fields[1]
                if fields[2] == count and fields[3:-1:2] == algorithms:
                    start, digests, told = at + length, fields[4:-1:2], fields[-1]
                elif self._ends(at):
                    return
                else:
                    start, digests, told = self._unusual(at)
            elif self._ends(at):
                return
            else:
                pcr, kind, _ = self._unpack(_BEGIN, at)
                start, digests, told = self._unusual(at)
            end = start + told
            if end > size:
                raise MalformedInput(FORMAT, start - 4, f"data of {told} bytes, the log has {size - start} more")
            if (pcr >= _REGISTERS and kind != no_action) or number >= MAX_EVENTS:
                self._refuse(at, pcr)
            content = data[start:end]
            if kind == no_action:
                self._note(content)
            append(make((number, pcr, kind, digests, content, at)))
            number += 1
            at = end

    def _unusual(self, at: int) -> tuple[int, tuple[bytes | None, ...], int]:
        """Return where data begins, the digests and the length of data of an event without exactly one digest for each bank."""
        _, kind, count = self._unpack(_BEGIN, at)
        if count > MAX_BANKS or (count == 0 and kind != event_types.NO_ACTION):
            raise MalformedInput(FORMAT, at + 8, f"{count} digests, expected {len(self.banks)}")
        sizes = {bank.algorithm: bank.size for bank in self.banks}
        found: dict[int, bytes] = {}
        at += _BEGIN.size
        for _ in range(count):
            (algorithm,) = self._unpack(_SHORT, at)
            size = sizes.get(algorithm) or Bank.known_size(algorithm)
            if size is None:
                raise MalformedInput(FORMAT, at, f"a digest of the algorithm {algorithm:#06x}, which no bank has")
            if algorithm in found:
                raise MalformedInput(FORMAT, at, f"two digests of the algorithm {algorithm:#06x}")
            at += 2
            if at + size > len(self.data):
                raise MalformedInput(FORMAT, at, f"a digest of {size} bytes, the log has {len(self.data) - at} more")
            found[algorithm] = self.data[at : at + size]
            at += size
        told = self._unpack(_LONG, at)[0]
        return at + 4, tuple(found.get(bank.algorithm) for bank in self.banks), told

    def _sha1(self, at: int) -> None:
        """Read events that have a SHA-1 digest alone."""
        data, events, size = self.data, self.events, len(self.data)
        while at < size:
            if at + HEAD.size > size:
                if self._ends(at):
                    return
                raise MalformedInput(FORMAT, at, f"an event of {size - at} bytes, expected {HEAD.size} and more")
            pcr, kind, digest, told = HEAD.unpack_from(data, at)
            if kind in _PADDED and self._ends(at):
                return
            start = at + HEAD.size
            if start + told > size:
                raise MalformedInput(FORMAT, start - 4, f"data of {told} bytes, the log has {size - start} more")
            if (pcr >= _REGISTERS and kind != event_types.NO_ACTION) or len(events) >= MAX_EVENTS:
                self._refuse(at, pcr)
            content = data[start : start + told]
            if kind == event_types.NO_ACTION:
                self._note(content)
            events.append(Event(len(events), pcr, kind, (digest,), content, at))
            at = start + told

    def started(self) -> int:
        """Return the locality of the TPM's start: as the log says, else 4 where PCR 0 begins with an H-CRTM (no vector has one)."""
        if self.locality is not None:
            return self.locality
        first = next((event.kind for event in self.events if event.pcr == 0 and event.is_extended), None)
        return 4 if first == event_types.EFI_HCRTM_EVENT else 0

    def _note(self, content: bytes) -> None:
        """Take in what an event that extends nothing says of the TPM's start; the first one counts."""
        if self.locality is None and len(content) == len(_LOCALITY) + 1 and content.startswith(_LOCALITY):
            self.locality = content[-1]

    def _unpack(self, fields: struct.Struct, at: int) -> tuple[int, ...]:
        if at + fields.size > len(self.data):
            raise MalformedInput(FORMAT, at, f"an event ends after {len(self.data) - at} bytes of {fields.size}")
        unpacked: tuple[int, ...] = fields.unpack_from(self.data, at)
        return unpacked

    def _ends(self, at: int) -> bool:
        """Tell whether only padding is left, and note how much."""
        if not self._is_padding(at):
            return False
        self.padding = len(self.data) - at
        return True

    def _is_padding(self, at: int) -> bool:
        """Tell whether all bytes from here are 0x00, or all 0xFF; looks at more than eight only where these are."""
        filler = self.data[at : at + 1]
        if filler not in (b"\0", b"\xff") or self.data[at : at + 8].strip(filler):
            return False
        if filler not in self.filled:  # once: a log of events of zeros asks at each of them
            self.filled[filler] = len(self.data.rstrip(filler))
        return at >= self.filled[filler]

    def _refuse(self, at: int, pcr: int) -> None:
        if pcr >= _REGISTERS:
            raise MalformedInput(FORMAT, at, f"register {pcr:#x} does not exist")
        raise LimitExceeded("log-events", MAX_EVENTS, "an event log of a boot")


_SHORT: Final = struct.Struct("<H")
_LONG: Final = struct.Struct("<I")
_PADDED: Final = frozenset({0, 0xFFFFFFFF})
"""Types of event that padding reads as."""
