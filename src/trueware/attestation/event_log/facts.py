"""What a log shows of a boot that matters for security, from measured events alone.

Whoever hands a log in may change the type and the data of any event, and leave out of it nothing that a quote covers. So a fact is
shown only where the digest proves the data, and where no event stands in its place that could be the one that was hidden: a log in
which ``SecureBoot: off`` was given another text, and ``SecureBoot: on`` was extended later, shows neither.

TCG PC Client Platform Firmware Profile 1.06 §3.3.4 (what is in which PCR), §3.3.4.8 (PCR 7: variables before the separator, in
order), §3.3.2.2 (separators), §10.4.4.
"""

from dataclasses import dataclass
from typing import Final

from trueware.attestation.event_log import event_types as types
from trueware.attestation.event_log.command_line import CommandLine, Weakness, command_lines, weaknesses
from trueware.attestation.event_log.log import Event, EventLog, Registers
from trueware.attestation.event_log.proving import ERROR, LOAD_OPTIONS, Proof, tag_of
from trueware.attestation.event_log.tagged import WEAKENING, tag_name, tagged
from trueware.attestation.event_log.variables import GLOBAL, IMAGE_SECURITY, signature_entries, variable_of
from trueware.errors import MalformedInput

_SEPARATORS: Final = (bytes(4), b"\xff" * 4)
_DEBUG: Final = b"UEFI Debug Mode"
_DMA: Final = b"DMA Protection Disabled"
_EXITED: Final = b"Exit Boot Services Returned with Success"
_TEXT_ALONE: Final = (8, 12)
"""PCRs of which every event has its text, from the boot loaders that are known."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a variable is, and the event that shows it."""

    value: bytes
    event: int


@dataclass(frozen=True, slots=True)
class BootFacts:
    """What a log shows of a boot. None and empty: not shown."""

    variables: dict[str, Shown]
    """Variables of Secure Boot by name: ``SecureBoot``, ``PK``, ``KEK``, ``db``, ``dbx``, ``SetupMode``, …; as firmware had them
    before it ran anything else."""

    hidden: tuple[int, ...]
    """Events of PCR 7 before its separator whose data is not what was measured: any of them may be a variable."""

    debug: tuple[tuple[int, str], ...]
    """Event and reason: a debugger could be attached, or devices write to memory."""

    command_lines: tuple[CommandLine, ...]
    weaknesses: tuple[Weakness, ...]
    lines_hidden: tuple[int, ...]
    """Events whose text is not what was measured, in registers that have command lines; any of them may have one."""

    exited: int | None
    """The event that firmware measured when it handed over to an operating system."""

    unseparated: tuple[int, ...]
    """PCRs of 0 to 7 (registers, of a confidential machine) that firmware measured to and never closed: what came later may have
    been measured by anybody and be called firmware."""

    errors: tuple[tuple[int, int], ...]
    """Register and event: firmware could not measure what it should have."""

    @property
    def secure_boot(self) -> bool | None:
        """Whether programs needed a signature to be started while booting; None: not shown."""
        shown = self.variables.get("SecureBoot")
        return None if shown is None else shown.value == b"\1"

    @property
    def forbidden(self) -> int | None:
        """How many entries the list of forbidden programs (dbx) has; None: not shown."""
        shown = self.variables.get("dbx")
        if shown is None:
            return None
        try:
            entries = signature_entries(shown.value)
        except MalformedInput:
            return None
        return len(entries.certificates) + sum(count for _, count in entries.digests)


def facts(log: EventLog, bank: str, proofs: tuple[Proof, ...]) -> BootFacts:
    """Return what is shown.

    Args:
        log: what a quote covers of it (`EventLog.upto`).
        bank: the algorithm in which the registers were signed for.
        proofs: of this log, bank and the registers that were signed for (`trueware.attestation.event_log.proving.prove`).
    """
    closing, failing = _digests(log, bank, _SEPARATORS), _digests(log, bank, (ERROR,))
    at = log.bank(bank) or 0
    closed: dict[int, int] = {}
    errors: list[tuple[int, int]] = []
    opened: set[int] = set()
    for event, proof in zip(log.events, proofs, strict=True):
        if event.is_extended:
            opened.add(event.pcr)
            digest = event.digests[at]
            if digest in closing:
                closed.setdefault(event.pcr, event.number)
            elif digest in failing and proof.holds is not True:  # a boot order of 0001, 0000 has the same bytes
                closed.setdefault(event.pcr, event.number)
                errors.append((event.pcr, event.number))
    variables, hidden = _variables(log, proofs, closed.get(log.register_of(7), len(log.events)))
    lines = command_lines(log, proofs)
    firmware = {log.register_of(pcr) for pcr in range(8)}
    return BootFacts(
        variables,
        hidden,
        _debug(log, proofs),
        lines,
        weaknesses(lines),
        _hidden_lines(log, proofs),
        next((event.number for event, proof in _proved(log, proofs) if event.data == _EXITED), None),
        tuple(sorted((opened & firmware) - closed.keys())),
        tuple(errors),
    )


def _digests(log: EventLog, bank: str, contents: tuple[bytes, ...]) -> frozenset[bytes]:
    at = log.bank(bank)
    new = None if at is None else log.banks[at].hash()
    return frozenset() if new is None else frozenset(new(content).digest() for content in contents)


def _proved(log: EventLog, proofs: tuple[Proof, ...]) -> list[tuple[Event, Proof]]:
    return [(event, proof) for event, proof in zip(log.events, proofs, strict=True) if proof.holds is True]


def _variables(log: EventLog, proofs: tuple[Proof, ...], until: int) -> tuple[dict[str, Shown], tuple[int, ...]]:
    """Return the variables of Secure Boot, and the events that hide what they are."""
    register = log.register_of(7)
    found: dict[str, Shown] = {}
    hidden: list[int] = []
    torn: set[str] = set()
    for event, proof in zip(log.events[:until], proofs[:until], strict=True):
        if event.pcr != register or not event.is_extended:
            continue
        if proof.holds is not True:
            hidden.append(event.number)
        elif event.kind == types.EFI_VARIABLE_DRIVER_CONFIG and proof.covers(0, len(event.data)):
            try:
                variable = variable_of(event)
            except MalformedInput:
                continue
            if variable.vendor not in (GLOBAL, IMAGE_SECURITY):
                continue
            if variable.name in found and found[variable.name].value != variable.value:
                torn.add(variable.name)
            found.setdefault(variable.name, Shown(variable.value, event.number))
    if log.registers is Registers.CC:
        hidden = []  # what PCR 1 has is in the same register: tables, of which the log has no data
    if hidden:
        return {}, tuple(hidden)
    return {name: shown for name, shown in found.items() if name not in torn}, ()


def _debug(log: EventLog, proofs: tuple[Proof, ...]) -> tuple[tuple[int, str], ...]:
    """Return what opens the system to a debugger or to devices."""
    found: list[tuple[int, str]] = []
    for event, proof in _proved(log, proofs):
        if event.kind in (types.EFI_ACTION, types.ACTION):
            text = event.data.rstrip(b"\0")
            if text == _DEBUG:
                found.append((event.number, "a debugger could be attached to the firmware"))
            elif text == _DMA:
                found.append((event.number, "devices could write to memory while booting"))
        elif event.kind == types.EVENT_TAG and proof.covers(0, len(event.data)):
            for each in tagged(event.data):
                weak = WEAKENING.get(each.tag)
                if weak is not None and len(each.data) == 1 and each.data[0] == weak[0]:
                    found.append((event.number, f"{tag_name(each.tag)} of Windows: {weak[1]}"))
    return tuple(dict.fromkeys(found))


def _hidden_lines(log: EventLog, proofs: tuple[Proof, ...]) -> tuple[int, ...]:
    """Return events of command lines that do not show them."""
    holding = {log.register_of(pcr) for pcr in _TEXT_ALONE}
    hidden = []
    for event, proof in zip(log.events, proofs, strict=True):
        if tag_of(event) == LOAD_OPTIONS:
            if proof.shown_by is None:
                hidden.append(event.number)
        elif proof.holds is not True and event.is_extended and event.pcr in holding:
            hidden.append(event.number)
    return tuple(hidden)
