"""Who a network device says it is: hardware addresses, serial numbers, the identity in an optical network, ids of the hardware.

==============================  =====================================================================================
looked at                       found
==============================  =====================================================================================
factory settings                another address, serial number, PON identity or hardware id than the genuine has
calibration of the radios       another address, or one that no maker was assigned
OpenWrt's network and wireless  an address that takes the place of the hardware's
start scripts                   commands that put another address on an interface, or write identity where the factory wrote it
==============================  =====================================================================================

Each device has an address, a serial number and a calibration of its own. Where policy lets them differ, they are no finding; in a
store that each device has for itself, which policy does not name, they are told with low severity: the genuine may have been read
out of another device.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.patterns import regex
from trueware.explaining.reading import calibration, device_settings
from trueware.explaining.reading.calibration import read_calibration
from trueware.explaining.reading.device_settings import Kind, Setting, address_in, kind_of, read_settings, told
from trueware.explaining.reading.invocations import Invocation
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.new_commands import START_SCRIPTS, new_commands
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.uci import differences
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

_EFFECT = "identity-rewritten"

ADDRESS = Rule(
    "hardware-address-changed",
    "The hardware address of the device is another than in the genuine software",
    Severity.MEDIUM,
    help="The address identifies the device to networks and operators. Compare it with the label on the device.",
    effect=_EFFECT,
)
UNASSIGNED = Rule(
    "hardware-address-unassigned",
    "The hardware address of the device is one that no maker was assigned",
    Severity.MEDIUM,
    help="It was made up, or is that of a chip maker's reference board, which many devices share.",
    effect=_EFFECT,
)
OVERRIDDEN = Rule(
    "hardware-address-overridden",
    "A setting puts another hardware address on an interface",
    Severity.MEDIUM,
    help="Owners do so to replace a device that the operator knows. Preset in software, it gives many devices one address.",
    effect=_EFFECT,
)
SERIAL = Rule(
    "device-serial-changed",
    "The serial number of the device is another than in the genuine software",
    Severity.MEDIUM,
    help="Compare it with the label on the device.",
    effect=_EFFECT,
)
PON = Rule(
    "pon-identity-changed",
    "The device presents itself to an optical network as another one",
    Severity.HIGH,
    help="Serial number, vendor and password are what the operator knows a subscriber by; whoever has them has the line.",
    effect=_EFFECT,
)
HARDWARE = Rule(
    "hardware-id-changed",
    "The software says that the hardware is another",
    Severity.MEDIUM,
    help="Updates are chosen by it: software of another product is accepted, that of its own refused.",
    effect=_EFFECT,
)

FACTORY = Rule(
    "factory-identity-rewritten",
    "A script writes the identity or calibration that the factory wrote",
    Severity.HIGH,
    help="Makers' scripts read these places. What is written there outlives every update and reset.",
    effect=_EFFECT,
)

_PER_DEVICE = regex(f"{calibration.PATHS.pattern}|{device_settings.STORES}")
"""Places that each device has for itself, whether or not policy names them."""

_UCI = regex(r"etc/config/(?:network|wireless)")
_DEFAULT_MAC = "default-mac"
_PROGRAMS = r"(?:usr/)?(?:local/)?s?bin/[^/]+"
_UCI_ADDRESS = regex(r"(?:network|wireless)\.[^=]+\.macaddr=.+")
_WRITES = frozenset({"write", "erase"})

_REFERENCE = {
    "00904c": "Broadcom's reference boards", "00037f": "Atheros' reference boards", "000c43": "Ralink's reference boards",
    "00e04c": "Realtek's reference boards", "000203": "templates of calibration",
}  # fmt: skip
"""First halves of addresses that chip makers put into samples (IEEE's register of OUIs; atheepmgr, ``eep_9300.c``)."""

_MOST = 24
"""Findings of one file."""

_RULES = {Kind.ADDRESS: ADDRESS, Kind.SERIAL: SERIAL, Kind.PON: PON, Kind.HARDWARE: HARDWARE}


class NetworkIdentity:
    """Addresses, serial numbers and ids of a network device."""

    subject: ClassVar[str] = "identity of network devices"
    rules: ClassVar[tuple[Rule, ...]] = (ADDRESS, UNASSIGNED, OVERRIDDEN, SERIAL, PON, HARDWARE, FACTORY)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        f"{calibration.PATHS.pattern}|{device_settings.PATHS.pattern}|{_UCI.pattern}|{START_SCRIPTS}|{_PROGRAMS}"
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered, NetworkIdentity.wants)
        if sides is None or not sides.after:
            return
        if _UCI.fullmatch(altered.inner):
            yield from _overridden(altered, *sides)
        elif calibration.PATHS.fullmatch(altered.inner):
            yield from _radios(altered, *sides)
        elif altered.inner == _DEFAULT_MAC:
            before, after = (side[8:14] for side in sides)
            yield from _address(altered, "default address", before, after)
        if device_settings.PATHS.fullmatch(altered.inner):
            yield from _settings(altered, *sides)
        for command in islice(new_commands(altered.inner, *sides), _MOST):
            yield from _command(altered, command)


def _settings(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    old = {setting.name: setting for setting in read_settings(before)}
    for new in islice(_changed(old, after), _MOST):
        was = old.get(new.name)
        rule = _RULES[new.kind]
        if was is None and new.kind is Kind.HARDWARE:
            continue
        if rule is ADDRESS:
            yield from _address(altered, new.name, _value(was), bytes.fromhex(new.value), new.line)
        elif not _is_own(altered, new.kind):
            evidence = Evidence(f"{new.name}, line {new.line}", excerpt(was.shown) if was else None, excerpt(new.shown))
            yield altered.finding(
                rule,
                excerpt(f"{new.name} is {new.shown}" + (f" in place of {was.shown}" if was else "")),
                evidence,
                severity=_severity(altered, new.kind),
                confidence=_confidence(altered, new.kind),
            )


def _changed(old: Mapping[str, Setting], after: bytes) -> Iterator[Setting]:
    for new in read_settings(after):
        was = old.get(new.name)
        if new.kind in _RULES and (was is None or was.value != new.value):
            yield new


def _value(setting: Setting | None) -> bytes:
    return b"" if setting is None else bytes.fromhex(setting.value)


def _radios(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    old = {block.offset: block for block in read_calibration(before)}
    for block in read_calibration(after):
        was = old.get(block.offset)
        if was is not None:
            yield from _address(altered, f"radio at {block.offset:#x}", was.address, block.address)


def _address(altered: Altered, where: str, before: bytes, after: bytes, line: int | None = None) -> Iterator[Finding]:
    """Yield what another address is; one that no maker was assigned is told wherever it is, unless the genuine is no better."""
    if before == after or len(after) != 6:
        return
    place = where if line is None else f"{where}, line {line}"
    evidence = Evidence(place, told(before) if before else None, told(after))
    made_up = _made_up(after)
    if made_up and not (before and _made_up(before)):
        yield altered.finding(UNASSIGNED, f"{told(after)}, {made_up}", evidence)
    elif not _is_own(altered, Kind.ADDRESS):
        yield altered.finding(
            ADDRESS,
            f"{where} has {told(after)}" + (f" in place of {told(before)}" if before else ""),
            evidence,
            severity=_severity(altered, Kind.ADDRESS),
            confidence=_confidence(altered, Kind.ADDRESS),
        )


def _made_up(address: bytes) -> str:
    """Return why no maker's register has an address; empty where one may have it."""
    if address[0] & 1:
        return "an address of a group"
    if not any(address):
        return "no address at all"
    if address[0] & 2:
        return "an address of local choice"
    return _REFERENCE.get(address[:3].hex(), "")


def _overridden(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    for pairing in differences(before, after):
        changed = pairing.changed("macaddr")
        if changed is not None and (address := address_in(changed[1])) is not None:
            if altered.is_configuration and not _made_up(address):
                continue  # written by each device at its first start
            own = Severity.LOW if altered.is_configuration else None
            where = f"macaddr of {pairing.label}"
            evidence = Evidence(excerpt(where, 80), excerpt(changed[0]) or None, told(address))
            yield altered.finding(OVERRIDDEN, excerpt(f"{where} is {told(address)}"), evidence, severity=own)


def _command(altered: Altered, command: Invocation) -> Iterator[Finding]:
    """Yield what one command that is new does to an identity."""
    evidence = Evidence(f"line {command.line}", None, excerpt(command.text))
    arguments = command.arguments
    address = next((word for word in arguments if address_in(word.rpartition("=")[2]) is not None), None)
    match command.name, [word for word in arguments if not word.startswith("-")]:
        case "ifconfig", [_, *words] if "hw" in words and address:
            yield altered.finding(OVERRIDDEN, excerpt(f"{words[-1]} is put on an interface"), evidence)
        case "ip", ["link" | "l", "set", *words] if "address" in words and address:
            yield altered.finding(OVERRIDDEN, f"{address} is put on an interface", evidence)
        case "macchanger", _:
            yield altered.finding(OVERRIDDEN, "an interface gets an address by chance or choice", evidence)
        case "uci", ["set", setting] if _UCI_ADDRESS.fullmatch(setting) and address:
            yield altered.finding(OVERRIDDEN, excerpt(f"{setting} is set"), evidence)
        case "fw_setenv" | "setenv", [name, _, *_] if kind_of(name) in _RULES:
            yield altered.finding(FACTORY, excerpt(f"{name} of the boot loader is set"), evidence)
        case (("nvram" | "flash" | "cfg" | "mib"), ["set" | "put", setting, *_]) if kind_of(_name(setting)) in _RULES:
            yield altered.finding(FACTORY, excerpt(f"{_name(setting)} is set"), evidence)
        case "mtd", words if any(calibration.PATHS.fullmatch(word) for word in words[-1:]) and _WRITES.intersection(
            words
        ):
            yield altered.finding(FACTORY, excerpt(f"partition {words[-1]} is written"), evidence)
        case "ethtool", _ if {"-E", "--change-eeprom"}.intersection(arguments):
            yield altered.finding(FACTORY, "the EEPROM of a network card is written", evidence)


def _name(setting: str) -> str:
    return setting.partition("=")[0]


def _is_own(altered: Altered, kind: Kind) -> bool:
    """Tell whether that is what each device has of its own, at a place where policy lets it differ."""
    return altered.is_configuration and kind is not Kind.HARDWARE


def _severity(altered: Altered, kind: Kind) -> Severity | None:
    if altered.is_configuration or (kind is not Kind.HARDWARE and _PER_DEVICE.fullmatch(altered.inner)):
        return Severity.LOW
    return None


def _confidence(altered: Altered, kind: Kind) -> Confidence | None:
    return Confidence.LOW if kind is not Kind.HARDWARE and _PER_DEVICE.fullmatch(altered.inner) else None


_: type[Detector] = NetworkIdentity
