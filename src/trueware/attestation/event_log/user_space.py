"""Reads what systemd measured after booting, and puts it behind the boot log.

systemd extends PCR 11 (phases), 15 (machine id, file systems) and, in newer versions, 0 to 7, 9 and 12 to 14 (``os-separator``)
and 9 (NvPCRs). The firmware's log has none of it, so it does not lead to what such a machine quotes; together with this one it does.
Source: systemd-pcrextend(8), src/shared/tpm2-util.c. /run/log/systemd/tpm2-measure.log is a series of JSON texts (RFC 7464), much
like TCG's CEL-JSON::

    0x1E {"pcr": 11, "digests": [{"hashAlg": "sha256", "digest": "…"}], "content_type": "systemd",
          "content": {"string": "enter-initrd", "bootId": "…", "timestamp": …, "eventType": "phase"}} LF

Records without ``pcr`` and with ``nv_index`` are of registers in NV memory, which are not quoted, and are passed over. No public
vector of this log was at hand.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from trueware.attestation.event_log.event_types import SYSTEMD
from trueware.attestation.event_log.log import FORMAT, Event, EventLog
from trueware.attestation.event_log.reading import MAX_EVENTS
from trueware.errors import LimitExceeded, MalformedInput
from trueware.signatures import json_text
from trueware.signatures.refusal import Refusal

_MOST_BYTES: Final = 1 << 22
_REGISTERS: Final = 24


def with_user_space(log: EventLog, data: bytes) -> EventLog:
    """Return a boot log with the events of systemd's log behind it.

    Args:
        log: of a TPM, as far as it was read. What is behind damage cannot be replayed: it is returned as it is.
        data: systemd's log.

    Raises:
        MalformedInput, LimitExceeded: it is none, or has more than it can have; the offset is within it.
    """
    if log.problem is not None:
        return log
    if len(data) > _MOST_BYTES:
        raise LimitExceeded("log-bytes", _MOST_BYTES, "systemd's log of measurements")
    events = list(log.events)
    at = 0
    for text in data.split(b"\x1e"):
        if text.strip():
            if len(events) >= MAX_EVENTS:
                raise LimitExceeded("log-events", MAX_EVENTS, "systemd's log of measurements")
            event = _event(log, text, at, len(events))
            if event is not None:
                events.append(event)
        at += len(text) + 1
    return replace(log, events=tuple(events))


def _event(log: EventLog, text: bytes, at: int, number: int) -> Event | None:
    """Return a record as an event; None: it is of no PCR."""
    try:
        record = json_text.parse(text)
    except Refusal as refusal:
        raise MalformedInput(FORMAT, at, f"a record of systemd is none: {refusal}") from None
    if not isinstance(record, dict):
        raise MalformedInput(FORMAT, at, "a record of systemd is no object")
    pcr, listed, content = record.get("pcr"), record.get("digests"), record.get("content")
    if pcr is None and "nv_index" in record:
        return None
    if not isinstance(pcr, int) or isinstance(pcr, bool) or not 0 <= pcr < _REGISTERS:
        raise MalformedInput(FORMAT, at, "a record of systemd has no PCR")
    if not isinstance(listed, list) or not listed:
        raise MalformedInput(FORMAT, at, "a record of systemd has no digests")
    digests: dict[str, bytes] = {}
    for each in listed:
        name, digits = (each.get("hashAlg"), each.get("digest")) if isinstance(each, Mapping) else (None, None)
        if not isinstance(name, str) or not isinstance(digits, str) or name in digests:
            raise MalformedInput(FORMAT, at, "a digest of a record of systemd is none")
        digests[name] = _digest(digits, at)
    for bank in log.banks:
        if bank.name in digests and len(digests[bank.name]) != bank.size:
            raise MalformedInput(FORMAT, at, f"a digest of {bank.name} has {len(digests[bank.name])} bytes")
    said = content.get("string") if isinstance(content, Mapping) else None
    words = said.encode("utf-8", "surrogatepass") if isinstance(said, str) else b""
    return Event(number, pcr, SYSTEMD, tuple(digests.get(bank.name) for bank in log.banks), words, at)


def _digest(digits: str, at: int) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise MalformedInput(FORMAT, at, "a digest of a record of systemd is not hexadecimal") from None
