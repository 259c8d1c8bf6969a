"""Turns what a log shows of a boot into checks and claims."""

from collections.abc import Collection
from typing import Final

from trueware.attestation.event_log import checks as rules
from trueware.attestation.event_log.command_line import words_of
from trueware.attestation.event_log.facts import BootFacts
from trueware.attestation.event_log.log import FORMAT, EventLog, Registers
from trueware.attestation.event_log.proving import Proof
from trueware.attestation.event_log.words import shown
from trueware.model.check import Check
from trueware.model.claim import Claim

_GRAVE: Final = 96
_FIRMWARE: Final = "TCG PC Client Platform Firmware Profile §3.3"


def claims_of(log: EventLog, found: BootFacts) -> tuple[Claim, ...]:
    """Return what the log shows as claims: `firmware-version`, `secure-boot` (on, off), `kernel-command-line`."""
    claims: list[Claim] = []
    if found.version is not None:
        text, number = found.version
        claims.append(Claim("firmware-version", shown(text.strip(), 200), FORMAT, log.place(log.events[number])))
    if found.secure_boot is not None:
        event = log.events[found.variables["SecureBoot"].event]
        claims.append(Claim("secure-boot", "on" if found.secure_boot else "off", FORMAT, log.place(event)))
    claims += [
        Claim("kernel-command-line", shown(line.text), FORMAT, log.place(log.events[line.event]))
        for line in found.command_lines
    ]
    return tuple(claims)


def fact_checks(
    log: EventLog,
    proofs: tuple[Proof, ...],
    found: BootFacts,
    registers: Collection[int],
    *,
    secure_boot: bool,
) -> tuple[Check, ...]:
    """Return the checks of what a log shows.

    Args:
        log: what a quote covers of it.
        proofs: of its events.
        found: what it shows.
        registers: those that were signed for.
        secure_boot: whether the policy asks for Secure Boot.
    """
    return (
        *_secure_boot(log, found, registers, asked=secure_boot),
        *_separators(log, found, registers),
        *_debug(log, found, registers),
        *_command_line(log, found),
        *_handed_over(log, found, proofs),
    )


def _secure_boot(log: EventLog, found: BootFacts, registers: Collection[int], *, asked: bool) -> list[Check]:
    register = log.register_of(7)
    rule = rules.SECURE_BOOT
    if found.secure_boot is None:
        return [rule.not_shown(_why_no_variables(log, found, registers), log.register(register))]
    place = log.place(log.events[found.variables["SecureBoot"].event])
    if not found.secure_boot and not asked:
        detail = (
            "Secure Boot is off, and the policy does not ask for it: what was measured is all that tells what booted"
        )
        return [rule.not_shown(detail, place, expected_gap=True)]
    if not found.secure_boot:
        return [rule.contradicts("Secure Boot is off", place, expected="on", found="off", source=_FIRMWARE)]
    modes = [name for name in ("SetupMode", "AuditMode") if _is_on(found, name)]
    owner = found.variables.get("PK")
    if modes or (owner is not None and not owner.value):
        why = f"{' and '.join(modes)} is on" if modes else "nobody's key is installed (PK)"
        return [
            rule.contradicts(f"Secure Boot says it is on, and {why}: anybody can install keys", place, source=_FIRMWARE)
        ]
    checks = [rule.supports("Secure Boot is on", place, found="on", source=_FIRMWARE)]
    if found.forbidden is None:
        checks.append(rules.SECURE_BOOT_LISTS.not_shown("the list of forbidden programs is not shown", place))
    elif found.forbidden == 0:
        checks.append(rules.SECURE_BOOT_LISTS.contradicts("the list of forbidden programs (dbx) is empty", place))
    else:
        checks.append(rules.SECURE_BOOT_LISTS.supports(f"{found.forbidden} entries in dbx", place))
    return checks


def _is_on(found: BootFacts, name: str) -> bool:
    shown_as = found.variables.get(name)
    return shown_as is not None and shown_as.value == b"\1"


def _why_no_variables(log: EventLog, found: BootFacts, registers: Collection[int]) -> str:
    register = log.register_of(7)
    if register not in registers:
        return f"{log.register(register)} was not signed for"
    if found.hidden:
        return f"event {found.hidden[0]} says something else than was measured, and may be the variable SecureBoot"
    return "the log has no variable SecureBoot that was measured before firmware closed the register"


def _separators(log: EventLog, found: BootFacts, registers: Collection[int]) -> list[Check]:
    rule = rules.BOOT_SEPARATOR
    checks = [
        rule.contradicts(
            "firmware could not measure what it should have, and said so",
            f"{log.register(pcr)} event {number}",
            source=_FIRMWARE,
        )
        for pcr, number in found.errors
        if pcr in registers
    ]
    unclosed = [pcr for pcr in found.unseparated if pcr in registers]
    for pcr in unclosed:
        if log.registers is Registers.CC:
            checks.append(rule.not_shown("firmware did not close it", log.register(pcr)))
        else:
            detail = "firmware measured to it and never closed it: what came later may be anybody's"
            checks.append(rule.contradicts(detail, log.register(pcr), expected="EV_SEPARATOR", source=_FIRMWARE))
    if not checks and any(pcr < 8 for pcr in registers) and log.events:
        checks.append(rule.supports("firmware closed all its registers that were signed for", source=_FIRMWARE))
    return checks


def _debug(log: EventLog, found: BootFacts, registers: Collection[int]) -> list[Check]:
    rule = rules.BOOT_DEBUG
    register = log.register_of(7)
    if found.debug:
        return [
            rule.contradicts(reason, log.place(log.events[number]), source=_FIRMWARE) for number, reason in found.debug
        ]
    if register not in registers or found.hidden:
        return [rule.not_shown(_why_no_variables(log, found, registers), log.register(register))]
    return [
        rule.supports(
            "firmware measured neither a debugger nor that devices may write to memory", log.register(register)
        )
    ]


def _command_line(log: EventLog, found: BootFacts) -> list[Check]:
    rule = rules.BOOT_COMMAND_LINE
    checks = [
        rule.contradicts(
            f"{weak.option}: {weak.reason}",
            log.place(log.events[weak.event]),
            found=weak.option,
            value=_GRAVE if weak.grave else None,
        )
        for weak in found.weaknesses
    ]
    if not found.command_lines:
        return [rule.not_shown("no event shows the kernel's command line in a register that was signed for")]
    if found.lines_hidden:
        number = found.lines_hidden[0]
        detail = "the text of this event was not measured; it may be another command line"
        checks.append(rule.not_shown(detail, log.place(log.events[number])))
    elif not checks:
        number = found.command_lines[0].event
        detail = f"nothing in it weakens the system: {shown(found.command_lines[0].text, 400)}"
        checks.append(rule.supports(detail, log.place(log.events[number])))
    return [*checks, _ima_policy(log, found)]


def _ima_policy(log: EventLog, found: BootFacts) -> Check:
    for line in found.command_lines:
        for word in words_of(line.text):
            name, _, value = word.partition("=")
            if name.replace("-", "_") in ("ima_policy", "ima_tcb"):
                detail = f"programs are measured as {shown(value, 100) or 'ima_tcb'} says"
                return rules.BOOT_IMA_POLICY.supports(detail, log.place(log.events[line.event]))
    return rules.BOOT_IMA_POLICY.not_shown(
        "no ima_policy= on the command line: what programs ran is not measured by it"
    )


def _handed_over(log: EventLog, found: BootFacts, proofs: tuple[Proof, ...]) -> list[Check]:
    if found.exited is not None:
        place = log.place(log.events[found.exited])
        return [rules.BOOT_HANDED_OVER.supports("firmware handed over to an operating system", place)]
    if not proofs:
        return []
    return [rules.BOOT_HANDED_OVER.not_shown("the log ends before firmware says that it handed over")]
