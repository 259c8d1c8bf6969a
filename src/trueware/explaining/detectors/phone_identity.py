"""What a network knows a phone by: radio memory with IMEI and addresses, files and properties that set them, tools that write them.

Each phone has its own radio memory, so that another one's differs; that it differs is told with low severity and confidence,
that it was erased, or that software sets what only hardware has, is another matter. What policy lets differ is no finding.

Sources: AOSP ``frameworks/base/core/java/android/os/Build.java`` (serial number); 3GPP TS 22.016 and GSMA TS.06 (the IMEI is not
to be changed); published partition tables of MediaTek, Qualcomm, Samsung and Unisoc devices.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.reading.android_properties import PATHS, read_properties
from trueware.explaining.reading.lines import excerpt
from trueware.model.explanation import Scenario
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

_EFFECT = "identity-rewritten"
_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH

ERASED = Rule(
    "radio-memory-erased", "The memory in which the radio keeps identity and calibration was erased",
    _HIGH, effect=_EFFECT, help="The phone has no IMEI then, until somebody writes one. Compare with its label and its box.",
)  # fmt: skip
OTHER = Rule(
    "radio-memory-other", "The memory in which the radio keeps identity and calibration has other content",
    _LOW, Confidence.LOW, effect=_EFFECT,
    help="So it is from phone to phone. Compare the IMEI that the phone tells (*#06#) with its label and its box.",
)  # fmt: skip
ADDRESS = Rule(
    "phone-address-other", "A file has another hardware address than the genuine one",
    _LOW, Confidence.MEDIUM, effect=_EFFECT, help="Each phone has its own. An address that nobody was given weighs more.",
)  # fmt: skip
PROPERTY = Rule(
    "properties-identity-set", "A file sets an identity that only the hardware has",
    _HIGH, effect=_EFFECT, help="Apps and networks are told this instead. Compare with the label of the device and its box.",
)  # fmt: skip
WRITER = Rule(
    "program-writes-imei", "A program has the command that writes the IMEI, and the genuine one has not",
    _HIGH, Confidence.MEDIUM, effect=_EFFECT,
    help="Compare the IMEI of the device with its label and its box. Makers' own tools for production have it, too.",
)  # fmt: skip
CALIBRATION = Rule(
    "radio-calibration-other",
    "What the radio was calibrated with has other content",
    _LOW,
    Confidence.LOW,
    effect="radio-altered",
    help="Each phone is measured by its maker and has its own; a copy of another phone's transmits beside its channel.",
)
MODEM = Rule(
    "modem-firmware-other", "The software of the radio is another one",
    _MEDIUM, effect="radio-altered", help="It decides what the phone transmits and which IMEI it tells the network.",
)  # fmt: skip

_NAMES = (
    r"modemst[12]|fsg|fsc|efs|sec_efs|nvram|nvdata|nvcfg|protect_?[12fs]|proinfo|prodinfo|prodnv|persist"
    r"|[lw]_(?:fixnv|runtimenv)\d|miscdata"
)
_MEMORY = regex(
    rf"(?:.*/)?(?:{_NAMES})(?:_[ab])?(?:\.(?:img|bin|mbn))?"
    r"|(?:.*/)?(?:efs/(?:nv_data\.bin|\.nv_core\.bak|imei/.*)|md/NVRAM/(?:NVD_(?:IMEI|DATA|CORE)|CALIBRAT|NVD_CALI)/.*)"
)
_CALIBRATION = regex(r"(?:.*/)?md/NVRAM/(?:CALIBRAT|NVD_CALI)/.*")
"""Where MediaTek's modem keeps what each phone was measured with."""

_ADDRESS_FILE = regex(
    r"(?:.*/)?(?:wlan_mac\.bin|\.mac\.info|\.?macaddr|mac\.txt|wifi_?mac(?:addr)?(?:\.\w+)?|bt_(?:addr|mac)[^/]*|bdaddr[^/]*)"
)
_ADDRESS = regex(
    r"(?<![0-9A-Fa-f:-])(?:[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{12})(?![0-9A-Fa-f:-])"
)
_MODEM = regex(
    r"(?:.*/)?(?:modem|radio|md1img|md1rom|md1dsp|NON-HLOS|l_modem)(?:_[ab])?(?:\.(?:img|bin|mbn))?"
    r"|(?:.*/)?image/(?:modem|modemr?|mba)\.[^/]+"
)
_PROPERTY = regex(
    r"ro\.(?:boot\.)?serialno|(?:[\w-]+\.)*(?:imei|meid)\w*(?:\.\w+)?|ro\.(?:boot\.)?(?:wifi|bt|wlan)?_?(?:macaddr|bdaddr)",
    re.IGNORECASE,
)
_PROGRAM = regex(r"(?:.*/)?(?:s?bin|xbin|lib|lib64|etc|hw|init\.d|tmp|addon\.d|data/local)/[^/]+")
_COMMAND = regex(rb"AT\+EGMR=1,\d+[^\0\n]{0,60}", re.IGNORECASE)
_MAGICS = (b"\x7fELF", b"#!")


class PhoneIdentity:
    """The identity of a phone."""

    subject: ClassVar[str] = "a phone's identity and radio"
    rules: ClassVar[tuple[Rule, ...]] = (ERASED, OTHER, ADDRESS, PROPERTY, WRITER, CALIBRATION, MODEM)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        "|".join(
            f"(?:{each})" for each in (_MEMORY.pattern, _ADDRESS_FILE.pattern, _MODEM.pattern, _PROGRAM.pattern, PATHS)
        )
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        part = altered.change.found or altered.change.expected
        if altered.is_moved or part is None or part.kind is Kind.DIRECTORY or altered.is_removed:
            return
        if not altered.is_added and "content" not in altered.change.aspects:
            return
        inner = altered.inner
        if re.fullmatch(PATHS, inner):
            yield from _properties(altered)
        elif _ADDRESS_FILE.fullmatch(inner):
            yield from _address(altered)
        elif _MEMORY.fullmatch(inner):
            yield from _memory(altered)
        elif _MODEM.fullmatch(inner):
            if (
                not altered.is_added and case.scenario is not Scenario.NETWORK_DEVICE
            ):  # whose radios are another detector's
                yield altered.finding(MODEM, altered.name)
        else:
            yield from _writer(altered)


def _memory(altered: Altered) -> Iterator[Finding]:
    if altered.is_configuration or altered.is_added:
        return
    before, after = altered.before(), altered.after()
    if before is not None and after is not None and _is_blank(after) and not _is_blank(before):
        yield altered.finding(
            ERASED, f"all of {altered.name} is one byte", Evidence("content", f"{len(before)} bytes", "blank")
        )
    elif _CALIBRATION.fullmatch(altered.inner):
        yield altered.finding(CALIBRATION, altered.name)
    else:
        yield altered.finding(OTHER, altered.name)


def _is_blank(data: bytes) -> bool:
    return not data.strip(data[:1]) and data[:1] in (b"", b"\0", b"\xff")


def _address(altered: Altered) -> Iterator[Finding]:
    before, after = altered.before(), altered.after()
    if altered.is_configuration or before is None or after is None:
        return
    was, now = _addresses(before), _addresses(after)
    new = [each for each in now if each not in was]
    if new:
        odd = any(_is_unassigned(each) for each in new)
        yield altered.finding(
            ADDRESS,
            listing(new),
            Evidence("address", listing(was) or None, listing(new)),
            severity=_MEDIUM if odd else _LOW,
        )


def _addresses(data: bytes) -> list[str]:
    found = (match[0] for match in _ADDRESS.finditer(data[:4096].decode("latin-1")))
    return list(dict.fromkeys(re.sub("[:-]", "", each).lower() for each in found))


def _is_unassigned(address: str) -> bool:
    """Tell whether nobody was given an address: it is local, for groups, or all zeros or ones."""
    return bool(int(address[:2], 16) & 3) or len(set(address)) == 1


def _properties(altered: Altered) -> Iterator[Finding]:
    before, after = altered.before(), altered.after()
    if after is None or (before is None and not altered.is_added):
        return
    genuine, found = read_properties(before or b""), read_properties(after)
    names = [
        name
        for name, value in found.items()
        if _PROPERTY.fullmatch(name) and _names_somebody(value) and genuine.get(name) != value
    ]
    if names:
        yield altered.finding(
            PROPERTY,
            listing(names),
            *(
                Evidence(excerpt(name), excerpt(genuine[name]) if name in genuine else None, excerpt(found[name]))
                for name in names[:4]
            ),
        )


def _names_somebody(value: str) -> bool:
    """Tell whether a value is an identity, and not a switch or the name of another property."""
    digits = sum(char in "0123456789abcdefABCDEF" for char in value)
    return digits >= 6 and not value.startswith(("ro.", "persist.", "/"))


def _writer(altered: Altered) -> Iterator[Finding]:
    after = altered.after()
    if after is None or not after.startswith(_MAGICS):
        return
    command = _COMMAND.search(after)
    if command is None:
        return
    before = altered.before()
    if (before is None and not altered.is_added) or (before is not None and _COMMAND.search(before)):
        return
    shown = excerpt(command[0].decode("latin-1"))
    yield altered.finding(WRITER, shown, Evidence(f"offset {command.start()}", None, shown), offset=command.start())
