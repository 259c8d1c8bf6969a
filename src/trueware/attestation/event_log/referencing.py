"""Makes reference values of a log that is known to be good: a manifest of its events, and claims of the values of its registers.

The manifest is that of `trueware.model.measured_boot`; each event is a file whose content is the digest in the SHA-256 bank::

    measured boot/PCR 4/value
    measured boot/PCR 4/003 EV_EFI_BOOT_SERVICES_APPLICATION program of 14186432 bytes from …

so a registry finds the release that shares most events with a device's log, and `steps_stated` reads them back to name the first that
differs. Numbers count within a register. ``/`` and ``%`` in what an event says are escaped, since names have none.

Some of it is of each device: boot order, partition tables, tables of firmware, settings. `ReferenceBoot.varying` names it, for a
policy that lets it differ; nothing is left out of the manifest for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from trueware.attestation.event_log import event_types as types
from trueware.attestation.event_log.comparing import Step
from trueware.attestation.event_log.log import FORMAT, EventLog, Registers
from trueware.attestation.event_log.proving import prove, tag_of
from trueware.attestation.event_log.replaying import replay
from trueware.attestation.event_log.telling import tell_in
from trueware.attestation.event_log.words import shown
from trueware.errors import UnsupportedInput
from trueware.model.claim import Claim
from trueware.model.listing import ListedFile
from trueware.model.measured_boot import Value, boot_claims, boot_manifest, folder_of
from trueware.model.part import Kind, Part

STATED: Final = frozenset({*range(10), *range(11, 16)})
"""PCRs whose values are stated: all that booting extends, IMA's 10 left out."""

_MANIFEST_BANK: Final = "sha256"
_MOST_WORDS: Final = 300
_EVENT_SIZE: Final = 1 << 20
"""Stands for the size of what one event covers, as `measured_boot` has it for values."""

_PER_DEVICE: Final = {
    types.EFI_VARIABLE_BOOT: "boot order and entries",
    types.EFI_VARIABLE_BOOT2: "boot order and entries",
    types.EFI_HANDOFF_TABLES: "tables with serial numbers and addresses",
    types.EFI_HANDOFF_TABLES2: "tables with serial numbers and addresses",
    types.EFI_GPT_EVENT: "identifiers of disk and partitions",
    types.PLATFORM_CONFIG_FLAGS: "settings of the platform",
    types.TABLE_OF_DEVICES: "devices that are plugged in",
    types.NONHOST_CONFIG: "settings of the platform's controllers",
    types.NONHOST_INFO: "information of the platform's controllers",
    types.OMIT_BOOT_DEVICE_EVENTS: "boot order and entries",
    types.EFI_SPDM_FIRMWARE_CONFIG: "settings of devices that are plugged in",
    types.EFI_SPDM_FIRMWARE_BLOB: "devices that are plugged in",
}
_PER_DEVICE_TAGS: Final = {0xD5CB7CBC, 0xE0D47BC8, 0xC0B3BD23}
"""SMBIOS tables, which have serial numbers."""

_PER_DEVICE_PCRS: Final = {
    1: "settings of the platform",
    3: "settings of option ROMs",
    5: "partition table and settings of the boot loader",
    6: "states and events of the platform, of its maker's choice",
}
"""TCG PC Client Platform Firmware Profile 1.06 §3.3.4: what these hold."""


@dataclass(frozen=True, slots=True)
class ReferenceBoot:
    """What a boot leaves, to be registered as a release."""

    manifest: Part = field(repr=False)
    claims: tuple[Claim, ...]
    """The values of registers, all banks that this machine can compute."""

    values: Mapping[str, Mapping[int, bytes]]
    """The same by bank and register."""

    varying: Mapping[str, str]
    """Paths in the manifest that are of each device, and why: ``PCR 1`` as a whole, or single events."""


def reference_of(log: EventLog) -> ReferenceBoot:
    """Return the reference values of a log.

    Args:
        log: of a boot that is known to be good, whole.

    Raises:
        MalformedInput, LimitExceeded: it was not read to its end.
        UnsupportedInput: it is of a confidential machine, has no bank that can be computed, or none of SHA-256.
        ValueError: no event extends a register.
    """
    log.whole()
    if log.registers is not Registers.PCR:
        raise UnsupportedInput(FORMAT, 0, "reference values are made of logs of a TPM")
    values: dict[str, dict[int, bytes]] = {}
    for bank in log.banks:
        if bank.hash() is not None:
            replayed = replay(log, bank.name)
            values[bank.name] = {pcr: value for pcr, value in replayed.items() if pcr in STATED}
    if _MANIFEST_BANK not in values:
        raise UnsupportedInput(FORMAT, 0, f"it has no bank {_MANIFEST_BANK}, in which releases are found")
    flat: list[Value] = [(bank, pcr, value) for bank, own in values.items() for pcr, value in own.items()]
    files, varying = _events(log)
    manifest = boot_manifest(flat, files)
    return ReferenceBoot(manifest, boot_claims(flat, FORMAT), values, varying)


def _events(log: EventLog) -> tuple[list[ListedFile], dict[str, str]]:
    """Return the events as files, and which of them are of each device."""
    at = log.bank(_MANIFEST_BANK)
    assert at is not None  # noqa: S101 (`reference_of` refuses)
    files: list[ListedFile] = []
    varying: dict[str, str] = {}
    counted: dict[int, int] = {}
    for event, proof in zip(log.events, prove(log, _MANIFEST_BANK), strict=True):
        digest = event.digests[at]
        if not event.is_extended or digest is None or event.pcr not in STATED:
            continue
        number = counted[event.pcr] = counted.get(event.pcr, 0) + 1
        words = shown(tell_in(log, event, proof), _MOST_WORDS).replace("%", "%25").replace("/", "%2F")
        path = f"{folder_of(event.pcr)}/{number:03d} {event.type_name} {words}".rstrip()
        files.append(ListedFile(path, digest, _EVENT_SIZE))
        if event.pcr in _PER_DEVICE_PCRS:
            varying[folder_of(event.pcr)] = _PER_DEVICE_PCRS[event.pcr]
        elif event.kind in _PER_DEVICE:
            varying[path] = _PER_DEVICE[event.kind]
        elif tag_of(event) in _PER_DEVICE_TAGS:
            varying[path] = "tables with serial numbers"
    return files, varying


def steps_stated(manifest: Part) -> tuple[Step, ...]:
    """Return the events that a manifest of a boot states, register by register; empty where it states values alone."""
    steps: list[Step] = []
    for folder in manifest.children:
        if folder.kind is not Kind.DIRECTORY:
            continue
        for file in sorted(folder.children, key=_number):
            number, _, rest = file.name.partition(" ")
            type_name, _, words = rest.partition(" ")
            if file.sha256 is not None and number.isdecimal() and type_name:
                said = words.replace("%2F", "/").replace("%25", "%")
                steps.append(
                    Step(folder.name, file.sha256, type_name, said, f"{folder.name} event {int(number)} of it")
                )
    return tuple(steps)


def _number(file: Part) -> int:
    digits = file.name.partition(" ")[0]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 9 else -1
