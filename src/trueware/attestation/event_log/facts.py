"""What a log shows of a boot that matters for security, from measured events alone.

Whoever hands a log in may change the type and the data of any event, and leave out of it nothing that a quote covers. So a fact is
shown only where the digest proves the data, and where no event stands in its place that could be the one that was hidden: a log in
which ``SecureBoot: off`` was given another text, and ``SecureBoot: on`` was extended later, shows neither.

TCG PC Client Platform Firmware Profile 1.06 §3.3.4 (what is in which PCR), §3.3.4.8 (PCR 7: variables before the separator, in
order), §3.3.2.2 (separators), §10.4.4.
"""

from dataclasses import dataclass, field
from typing import Final

from trueware.attestation.event_log import event_types as types
from trueware.attestation.event_log.command_line import TEXT_ALONE, CommandLine, Weakness, command_lines, weaknesses
from trueware.attestation.event_log.log import Event, EventLog, Registers
from trueware.attestation.event_log.proving import ERROR, LOAD_OPTIONS, Proof, tag_of
from trueware.attestation.event_log.tagged import WEAKENING, tag_name, tagged
from trueware.attestation.event_log.variables import GLOBAL, IMAGE_SECURITY, signature_entries, variable_of
from trueware.attestation.event_log.words import from_utf16
from trueware.errors import MalformedInput

_SEPARATORS: Final = (bytes(4), b"\xff" * 4)
_DEBUG: Final = b"UEFI Debug Mode"
_DMA: Final = b"DMA Protection Disabled"
_EXITED: Final = b"Exit Boot Services Returned with Success"
_ACTIONS: Final = frozenset({types.EFI_ACTION, types.ACTION})
_MOST_TAGS: Final = 8_192
"""Tagged events that are looked at; Windows writes some hundreds."""


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

    version: tuple[str, int] | None = None
    """What firmware calls its root of trust (EV_S_CRTM_VERSION), and the event; None where it gives no text."""

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
    at = log.bank(bank)
    new = None if at is None else log.banks[at].hash()
    if at is None or new is None:
        return BootFacts({}, (), (), (), (), (), None, (), ())
    closing, failing = {new(each).digest() for each in _SEPARATORS}, new(ERROR).digest()
    secure, texts = log.register_of(7), {log.register_of(pcr) for pcr in TEXT_ALONE}
    gathered = _Gathered()
    closed: set[int] = set()
    opened: set[int] = set()
    errors: list[tuple[int, int]] = []
    exited: int | None = None
    version: tuple[str, int] | None = None
    for event, proof in zip(log.events, proofs, strict=True):
        kind, register = event.kind, event.pcr
        if kind == types.NO_ACTION:
            continue
        opened.add(register)
        digest = event.digests[at]
        if digest in closing:
            closed.add(register)
        elif digest == failing and proof.holds is not True:  # a boot order of 0001, 0000 has the same bytes
            closed.add(register)
            errors.append((register, event.number))
        if proof.holds is not True:
            if register == secure and secure not in closed:
                gathered.hidden.append(event.number)
            options = kind == types.EVENT_TAG and tag_of(event) == LOAD_OPTIONS
            if proof.shown_by is None if options else register in texts:
                gathered.lines_hidden.append(event.number)
        elif kind == types.EFI_VARIABLE_DRIVER_CONFIG:
            if register == secure and secure not in closed and proof.covers(0, len(event.data)):
                gathered.variable(event)
        elif kind in _ACTIONS:
            gathered.action(event)
            if event.data == _EXITED and exited is None:
                exited = event.number
        elif kind == types.EVENT_TAG and proof.covers(0, len(event.data)):
            gathered.tagged(event)
        elif kind == types.S_CRTM_VERSION and version is None and register == log.register_of(0):
            text = from_utf16(event.data)
            version = (text, event.number) if text.isascii() and text.isprintable() and text.strip() else None
    lines, unread = command_lines(log, proofs)
    hidden = () if log.registers is Registers.CC else tuple(gathered.hidden)
    # of a confidential machine, what PCR 1 has is in the same register: tables, of which the log has no data
    return BootFacts(
        {} if hidden else {name: shown for name, shown in gathered.variables.items() if name not in gathered.torn},
        hidden,
        tuple(dict.fromkeys(gathered.debug)),
        lines,
        weaknesses(lines),
        tuple(sorted({*gathered.lines_hidden, *unread})),
        exited,
        tuple(sorted((opened & {log.register_of(pcr) for pcr in range(8)}) - closed)),
        tuple(errors),
        version,
    )


@dataclass(slots=True)
class _Gathered:
    """What was found so far."""

    variables: dict[str, Shown] = field(default_factory=dict)
    torn: set[str] = field(default_factory=set)
    """Variables that were measured twice, and not alike."""
    hidden: list[int] = field(default_factory=list)
    debug: list[tuple[int, str]] = field(default_factory=list)
    lines_hidden: list[int] = field(default_factory=list)
    tags: int = 0

    def variable(self, event: Event) -> None:
        try:
            variable = variable_of(event)
        except MalformedInput:
            return
        if variable.guid in (GLOBAL, IMAGE_SECURITY):
            first = self.variables.setdefault(variable.name, Shown(variable.value, event.number))
            if first.value != variable.value:
                self.torn.add(variable.name)

    def action(self, event: Event) -> None:
        text = event.data.rstrip(b"\0")
        if text == _DEBUG:
            self.debug.append((event.number, "a debugger could be attached to the firmware"))
        elif text == _DMA:
            self.debug.append((event.number, "devices could write to memory while booting"))

    def tagged(self, event: Event) -> None:
        for each in tagged(event.data):
            self.tags += 1
            if self.tags > _MOST_TAGS:
                self.debug.append(
                    (event.number, f"there are more than {_MOST_TAGS} tagged events, which were not all read")
                )
                return
            weak = WEAKENING.get(each.tag)
            if weak is not None and len(each.data) == 1 and each.data[0] == weak[0]:
                self.debug.append((event.number, f"{tag_name(each.tag)} of Windows: {weak[1]}"))
