"""Tells for each event whether what it says is what was measured.

A register holds digests. The data of an event, and its type, are words of whoever handed the log in: they may be believed only where
the digest that was extended is the hash of them. TCG PC Client Platform Firmware Profile 1.06 §10.4 says for which types it must be;
boot loaders have customs of their own, each of which was seen in real logs:

================================  ============================================================================================
EV_SEPARATOR, EV_ACTION,          all of the data, of an action without its NUL; a separator whose digest is that of 1 is one of
EV_EFI_ACTION, EV_S_CRTM_VERSION  failure, and its data says why, which is not measured (§3.3.2.2, §10.4.1)
EV_EFI_VARIABLE_DRIVER_CONFIG,    all of the data
EV_EFI_VARIABLE_BOOT2,
EV_EFI_GPT_EVENT, …2
EV_EFI_VARIABLE_AUTHORITY         all of the data, or all but one byte too many at its end (shim before 15.3)
EV_EFI_VARIABLE_BOOT              the value of the variable alone (OVMF and most others), or all of the data
EV_IPL                            the text behind ``grub_cmd: `` or ``kernel_cmdline: `` without the NUL (GRUB, always), with it
                                  behind ``grub_cmd `` (GRUB of Red Hat and Alibaba, which also logs a byte too many); all, or all
                                  and half a NUL that was cut off (systemd-boot); nothing of it where it names a file
EV_EVENT_TAG                      all of the data, or of the tagged data; nothing of it in Linux' EFI stub, whose load options may
                                  be those that another event shows: as they are (systemd-boot), or in UTF-16 and behind
                                  ``BOOT_IMAGE=`` (GRUB)
programs, firmware, tables,       nothing of it: the digest is of the program, the firmware, the table, what an H-CRTM measured
EV_EFI_HCRTM_EVENT
================================  ============================================================================================
"""

from collections.abc import Callable, Container
from struct import unpack_from
from typing import Final, NamedTuple

from trueware.attestation.event_log import event_types as types
from trueware.attestation.event_log.log import Event, EventLog, Hashed

_MUST_BE_OF_DATA: Final = frozenset(
    {
        types.SEPARATOR,
        types.ACTION,
        types.EFI_ACTION,
        types.S_CRTM_VERSION,
        types.EFI_VARIABLE_DRIVER_CONFIG,
        types.EFI_VARIABLE_BOOT,
        types.EFI_VARIABLE_BOOT2,
        types.EFI_VARIABLE_AUTHORITY,
        types.EFI_GPT_EVENT,
        types.EFI_GPT_EVENT2,
    }
)
_OF_SOMETHING_ELSE: Final = types.IMAGES | {
    types.EFI_PLATFORM_FIRMWARE_BLOB,
    types.EFI_PLATFORM_FIRMWARE_BLOB2,
    types.EFI_HANDOFF_TABLES,
    types.EFI_HANDOFF_TABLES2,
    types.EFI_HCRTM_EVENT,
}
_ACTIONS: Final = frozenset({types.ACTION, types.EFI_ACTION})
_WITH_CUSTOMS: Final = _ACTIONS | {
    types.IPL,
    types.EFI_VARIABLE_BOOT,
    types.EFI_VARIABLE_AUTHORITY,
    types.EVENT_TAG,
}
_PREFIXES: Final = (
    b"grub_cmd: ",
    b"kernel_cmdline: ",
    b"module_cmdline: ",
    b"grub_cmd ",
    b"grub_kernel_cmdline ",
)
_GRUB_TEXT: Final = (b"grub_cmd: ", b"kernel_cmdline: ", b"module_cmdline: ")
"""What GRUB writes before text that it measured, and before nothing else (grub-core/commands, loader)."""

_LINES: Final = (b"kernel_cmdline: ", b"grub_kernel_cmdline ")
ERROR: Final = bytes((1, 0, 0, 0))
"""What is measured when firmware could not measure what it should have."""

LOAD_OPTIONS: Final = 0x8F3B22ED
INITRD: Final = 0x8F3B22EC
"""Tags of Linux' EFI stub (drivers/firmware/efi/libstub/efistub.h)."""


class Proof(NamedTuple):
    """What is known of the data of one event. A tuple, as events are."""

    holds: bool | None
    """True: the digest is the hash of the part that `start` and `end` bound. False: the standard says that it is the hash of the
    data, and it is not. None: the digest is of something that is not in the log, or of something that other firmware measures."""

    start: int = 0
    end: int = 0
    """Half-open part of the data that was measured; empty where `holds` is not True."""

    is_error: bool = False
    """Whether what was measured is a failure to measure (a separator of 1)."""

    shown_by: int | None = None
    """Number of another event whose measured data has the digest of this one: the kernel's load options that its loader logged."""

    def covers(self, start: int, end: int) -> bool:
        """Tell whether a part of the data was measured."""
        return self.holds is True and self.start <= start and end <= self.end


_NOTHING: Final = Proof(None)
_CONTRADICTED: Final = Proof(False)


def prove(log: EventLog, bank: str, registers: Container[int] | None = None) -> tuple[Proof, ...]:
    """Return what is known of each event's data, in the order of `EventLog.events`.

    Args:
        log: as far as it was read, or as a quote covers it (`EventLog.upto`).
        bank: the algorithm in which the registers were signed for. Digests of other banks prove nothing: nobody signed for them.
            Where the log has no such bank, or this machine lacks the algorithm, nothing is known.
        registers: those that were signed for; nothing is known of events of others. None: all of them.
    """
    at = log.bank(bank)
    new = None if at is None else log.banks[at].hash()
    if at is None or new is None:
        return (_NOTHING,) * len(log.events)
    proofs = [
        _of(event, event.digests[at], new) if registers is None or event.pcr in registers else _NOTHING
        for event in log.events
    ]
    _cross(log, at, new, proofs, registers)
    return tuple(proofs)


def _of(event: Event, digest: bytes | None, new: Callable[[bytes], Hashed]) -> Proof:
    kind = event.kind
    if kind == types.NO_ACTION or digest is None or kind in _OF_SOMETHING_ELSE:
        return _NOTHING
    data = event.data
    if kind in _WITH_CUSTOMS:
        for start, end, content in _customs(kind, data):
            if new(content).digest() == digest:
                return Proof(True, start, end)
    if new(data).digest() == digest:
        return Proof(True, 0, len(data))
    if kind == types.SEPARATOR and new(ERROR).digest() == digest:
        return Proof(None, is_error=True)
    must = kind in _MUST_BE_OF_DATA or (kind == types.IPL and data.startswith(_GRUB_TEXT))
    return _CONTRADICTED if must else _NOTHING


def _customs(kind: int, data: bytes) -> tuple[tuple[int, int, bytes], ...]:
    """Return parts of the data that some firmware or boot loader measures for a type, and the bytes that it hashes."""
    size = len(data)
    if kind == types.IPL:
        if data.startswith(_PREFIXES):
            start = next(len(each) for each in _PREFIXES if data.startswith(each))
            less = 2 if data.startswith(b"grub_kernel") else 1
            return ((start, size - less, data[start:-less]),)
        return ((0, size, data + b"\0"),) if size % 2 else ()  # UTF-16 that was cut within its NUL
    if kind in _ACTIONS:
        return ((0, size - 1, data[:-1]),) if data.endswith(b"\0") else ()
    if kind == types.EFI_VARIABLE_BOOT and size >= 32:
        characters, length = unpack_from("<QQ", data, 16)
        start = 32 + 2 * characters
        return ((start, start + length, data[start : start + length]),) if start + length <= size else ()
    if kind == types.EFI_VARIABLE_AUTHORITY and size >= 32:
        return ((0, size - 1, data[:-1]),)
    if kind == types.EVENT_TAG and size >= 8:
        end = 8 + unpack_from("<I", data, 4)[0]
        return ((8, end, data[8:end]),) if end <= size else ()
    return ()


def _cross(
    log: EventLog, at: int, new: Callable[[bytes], Hashed], proofs: list[Proof], registers: Container[int] | None
) -> None:
    """Find the events that show what the kernel's load options were, of which its own event has the digest alone."""
    asked = {
        event.digests[at]: event.number
        for event in log.events
        if event.kind == types.EVENT_TAG
        and tag_of(event) == LOAD_OPTIONS
        and (registers is None or event.pcr in registers)
    }
    if not asked:
        return
    options = frozenset(asked)
    for event in log.events:
        proof = proofs[event.number]
        digest = event.digests[at]
        if event.kind != types.IPL or digest is None:
            continue
        if proof.holds is not True:
            if proof.holds is None and digest in options and (registers is None or event.pcr in registers):
                proofs[event.number] = _CONTRADICTED  # a loader that measures the line says what it is
            continue
        if proof.start:
            if not event.data.startswith(_LINES):
                continue
            line = event.data[proof.start : proof.end].rstrip(b"\0").decode("utf-8", "replace")
            digest = new(f"BOOT_IMAGE={line}".encode("utf-16-le", "replace")).digest()
        number = asked.pop(digest, None)
        if number is not None:
            proofs[number] = Proof(None, shown_by=event.number)


def tag_of(event: Event) -> int | None:
    """Return the tag of a tagged event, None of another."""
    if event.kind != types.EVENT_TAG or len(event.data) < 8:
        return None
    tag: int = unpack_from("<I", event.data)[0]
    return tag
