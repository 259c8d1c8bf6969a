"""What a network device's radio may do: calibration, power limits, country, and Linux's database of who may transmit where.

==============================  =====================================================================================
looked at                       found
==============================  =====================================================================================
regulatory.db, regulatory.bin   countries in which more is allowed: other frequencies, more power, without detection of radar
keys of crda                    a key more, by which such a database is believed
calibration of the radios       another domain, a broken checksum, another chip, nothing left, or other values of the same radio
templates and power limits      others than the maker's (board.bin, clm_blob, SingleSKU.dat)
factory settings                another country, more power
OpenWrt's wireless, hostapd,    a code that is no country's, more than 30 dBm, detection of radar switched off; where owners
options of the kernel, scripts  set these, only what no country allows
==============================  =====================================================================================

Calibration is each device's own: other values count only with the same hardware address, that is for the same radio.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.patterns import regex
from trueware.explaining.reading import calibration, device_settings
from trueware.explaining.reading.calibration import Calibration, is_erased, read_calibration
from trueware.explaining.reading.device_settings import Kind, kind_of, read_settings, told
from trueware.explaining.reading.invocations import Invocation
from trueware.explaining.reading.lines import difference, excerpt, listed, meaningful_lines
from trueware.explaining.reading.new_commands import START_SCRIPTS, new_commands
from trueware.explaining.reading.regulatory_db import Allowance, allowed_beyond, read_regulations
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.uci import Pairing, differences
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

_EFFECT = "radio-altered"

LOOSENED = Rule(
    "regulatory-database-loosened",
    "The list of what each country allows radios to do allows more than the genuine one",
    Severity.MEDIUM,
    help="A later release of wireless-regdb allows more in some countries too, and is signed (regulatory.db.p7s).",
    effect=_EFFECT,
)
REPLACED = Rule(
    "regulatory-database-changed",
    "The list of what each country allows radios to do was changed or taken away",
    Severity.LOW,
    help="Nothing more than before is allowed by it, or it could not be read.",
    effect=_EFFECT,
)
KEY = Rule(
    "regulatory-key-added",
    "A list of what countries allow is believed if it is signed by a key that the genuine software does not know",
    Severity.HIGH,
    help="Whoever holds the key decides on which frequencies and how strongly the device transmits.",
    effect=_EFFECT,
)
DOMAIN = Rule(
    "calibration-domain-changed",
    "The radio's calibration is for another regulatory domain",
    Severity.MEDIUM,
    help="The factory sets it by the country of sale. Drivers limit frequencies and power by it.",
    effect=_EFFECT,
)
BROKEN = Rule(
    "calibration-checksum-broken",
    "The radio's calibration was changed without its checksum",
    Severity.HIGH,
    help="The factory's tools always set it. Drivers refuse such a calibration, or were changed not to.",
    effect=_EFFECT,
)
CHANGED = Rule(
    "calibration-changed",
    "The calibration of the same radio has other values",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="It is measured once, in the factory. Higher values make the radio transmit stronger than it was certified for.",
    effect=_EFFECT,
)
CHIP = Rule(
    "calibration-of-another-chip",
    "The radio's calibration is that of another kind of chip",
    Severity.MEDIUM,
    help="The radio may send outside its limits or not at all. Restore the calibration of this very device.",
    effect=_EFFECT,
)
ERASED = Rule(
    "calibration-erased",
    "The radio's calibration is gone",
    Severity.MEDIUM,
    help="The radio does not work any more, or with default values, which fit no device well.",
    effect=_EFFECT,
)
TEMPLATE = Rule(
    "radio-template-changed",
    "The radio's template or its limits of power are other ones",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="They come with the driver for all devices of a model. What the new values are was not read.",
    effect=_EFFECT,
)
COUNTRY = Rule(
    "radio-country-changed",
    "The radio is told that it is in another country",
    Severity.MEDIUM,
    help="Frequencies and power follow the country. An owner who moves sets it rightly; a preset for another market is not.",
    effect=_EFFECT,
)
POWER = Rule(
    "radio-power-raised",
    "The radio is told to transmit stronger",
    Severity.MEDIUM,
    help="Most countries allow 20 to 30 dBm. More disturbs others, and the device was not certified for it.",
    effect=_EFFECT,
)
RADAR = Rule(
    "radar-detection-disabled",
    "The radio no longer makes way for radar",
    Severity.MEDIUM,
    help="In parts of the 5 GHz band weather and aviation radar have precedence (ETSI EN 301 893, 47 CFR 15.407).",
    effect=_EFFECT,
)

_PROGRAMS = regex(rf"{START_SCRIPTS}|(?:usr/)?(?:local/)?s?bin/[^/]+")
_DATABASE = regex(r"(?:.*/)?regulatory\.(?:db|bin)(?:-[a-z]+)?")
_KEYS = regex(r"(?:.*/)?crda/pubkeys/[^/]+|(?:.*/)?wireless-regdb/pubkeys/[^/]+")
_TEMPLATES = regex(
    r"(?:.*/)?(?:board(?:-[0-9]+)?\.bin|bdwlan[^/]*|bdf[^/]*\.bin|[^/]*clm_blob|SingleSKU[^/]*\.dat|7[0-9]{3}_SingleSKU[^/]*"
    r"|(?:etc_ro|etc|lib/firmware)/(?:.*/)?(?:[Tt]x[Pp]ower|TXPWR|PHY_REG_PG|sku)[^/]*\.(?:dat|txt|bin))"
)
_UCI = regex(r"etc/config/wireless")
_HOSTAPD = regex(r"(?:.*/)?hostapd[^/]*\.conf")
_OPTIONS = regex(r"etc/(?:modprobe\.d|modules\.d)/[^/]+|etc/modules(?:\.conf)?")
_CRDA = regex(r"etc/(?:default/crda|sysconfig/regdomain|conf\.d/wireless-regdom)")

_COUNTRIES = frozenset(
    (  # noqa: SIM905 (reads better)
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF"
        " CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH"
        " GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW"
        " KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG"
        " NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN"
        " SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT"
        " ZA ZM ZW EU UK"
    ).split()
)
"""ISO 3166-1, and its reserved codes for the European Union and the United Kingdom."""

_NOWHERE = frozenset({"", "00", "WW"})
"""No country is told: the narrowest limits apply."""

_STRONGEST = 30.0
"""dBm that a device may be set to anywhere without being remarkable: 1 W."""

_SHOWN, _MOST = 4, 24
"""Pieces of evidence of one finding, and settings looked at of one file."""


class RadioSettings:
    """Calibration, power, country and regulation of radios."""

    subject: ClassVar[str] = "radios of network devices"
    rules: ClassVar[tuple[Rule, ...]] = (
        LOOSENED, REPLACED, KEY, DOMAIN, BROKEN, CHANGED, CHIP, ERASED, TEMPLATE, COUNTRY, POWER, RADAR,
    )  # fmt: skip
    wants: ClassVar[re.Pattern[str]] = re.compile(
        "|".join(
            each.pattern
            for each in (
                _DATABASE,
                _KEYS,
                _TEMPLATES,
                _UCI,
                _HOSTAPD,
                _OPTIONS,
                _CRDA,
                _PROGRAMS,
                calibration.PATHS,
                device_settings.PATHS,
            )
        )
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        path = altered.inner
        sides = both_sides(altered, RadioSettings.wants)
        if sides is None:
            return
        before, after = sides
        if _DATABASE.fullmatch(path):
            yield from _database(altered, before, after)
        elif calibration.PATHS.fullmatch(path):
            yield from _calibration(altered, before, after)
        elif _TEMPLATES.fullmatch(path):
            yield from _template(altered)
        elif not after:
            return
        elif _KEYS.fullmatch(path):
            if before != after:
                yield altered.finding(
                    KEY, altered.name, Evidence("", None if not before else "another key", altered.name)
                )
        elif _UCI.fullmatch(path):
            for pairing in differences(before, after):
                yield from _wireless(altered, pairing)
        elif _HOSTAPD.fullmatch(path):
            yield from _access_point(altered, before, after)
        elif _OPTIONS.fullmatch(path) or _CRDA.fullmatch(path):
            yield from _kernel(altered, before, after)
        elif device_settings.PATHS.fullmatch(path):
            yield from _factory(altered, before, after)
        else:
            for command in islice(new_commands(path, before, after), _MOST):
                yield from _command(altered, command)


def _database(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    if not before:
        return  # one that was not there narrows what is allowed
    if not after:
        yield altered.finding(REPLACED, "the list is gone", Evidence("", f"{len(before)} bytes", None))
        return
    try:
        more = dict(allowed_beyond(read_regulations(before), read_regulations(after)))
    except InputError:
        yield altered.finding(
            REPLACED, "the list cannot be read", Evidence("", f"{len(before)} bytes", f"{len(after)} bytes")
        )
        return
    if not more:
        yield altered.finding(
            REPLACED, "nothing more is allowed by it", Evidence("", f"{len(before)} bytes", f"{len(after)} bytes")
        )
        return
    evidence = [_allowance(code, each) for code, allowances in more.items() for each in allowances][:_SHOWN]
    yield altered.finding(LOOSENED, f"more is allowed in {listed(more)}", *evidence)


def _allowance(code: str, allowance: Allowance) -> Evidence:
    where = f"{code}, {allowance.first / 1000:g} to {allowance.last / 1000:g} MHz"
    return Evidence(where, allowance.expected, allowance.found)


def _calibration(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    old, new = read_calibration(before), {block.offset: block for block in read_calibration(after)}
    if old and not new and (not after or is_erased(after)):
        yield altered.finding(ERASED, f"{len(old)} radios have none", Evidence("", f"{old[0].chip} and others", None))
        return
    for was in old:
        block = new.get(was.offset)
        if block is None:
            continue
        yield from _radio(altered, was, block)


def _radio(altered: Altered, was: Calibration, block: Calibration) -> Iterator[Finding]:
    where = f"radio at {block.offset:#x}"
    if block.chip != was.chip:
        yield altered.finding(CHIP, f"{where} is for {block.chip}", Evidence(where, was.chip, block.chip))
        return
    if block.domain != was.domain and block.domain is not None and was.domain is not None:
        evidence = Evidence(f"{where}, domain", f"{was.domain:#06x}", f"{block.domain:#06x}")
        yield altered.finding(DOMAIN, f"{where} is for domain {block.domain:#06x}", evidence)
    if was.is_whole and block.is_whole is False:
        yield altered.finding(BROKEN, f"the checksum of the {where} does not hold", Evidence(where, "holds", "broken"))
    elif block.address == was.address and block.content != was.content:
        count = sum(one != other for one, other in zip(was.content, block.content, strict=False))
        detail = f"{where}, {told(block.address)}: {count} bytes are other ones"
        yield altered.finding(CHANGED, detail, _first_difference(where, was.content, block.content))


def _first_difference(where: str, before: bytes, after: bytes) -> Evidence:
    pairs = zip(before, after, strict=False)
    at = next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))
    return Evidence(f"{where}, byte {at:#x}", before[at : at + 16].hex(" "), after[at : at + 16].hex(" "))


def _template(altered: Altered) -> Iterator[Finding]:
    change = altered.change
    if change.expected is None or change.found is None or altered.is_moved or "content" not in change.aspects:
        return  # one more is for one more device
    yield altered.finding(
        TEMPLATE,
        altered.name,
        Evidence("", f"{change.expected.size} bytes", f"{change.found.size} bytes"),
        severity=Severity.LOW if altered.is_configuration else None,
    )


def _factory(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    """Yield another country and more power among the settings; one that was not set before is told only beside others."""
    old = {setting.name: setting.value for setting in read_settings(before)}
    changed = (new for new in read_settings(after) if old.get(new.name) != new.value)
    for new in islice(changed, _MOST) if before else ():
        was = old.get(new.name)
        if new.kind is Kind.COUNTRY and (was or not altered.is_configuration):
            yield from _country(altered, f"{new.name}, line {new.line}", was or "", new.value, is_iso=False)
        elif new.kind is Kind.POWER and (higher := _is_higher(was, new.value)) is not None:
            evidence = Evidence(f"{new.name}, line {new.line}", was and excerpt(was), excerpt(new.value))
            words = "is higher" if higher else "is another"
            severity = Severity.LOW if altered.is_configuration or not higher else None
            yield altered.finding(POWER, f"{new.name} {words}", evidence, severity=severity)


def _is_higher(before: str | None, after: str) -> bool | None:
    """Tell whether a limit was raised; None where it was lowered, False where the numbers cannot be compared."""
    if before is None:
        return None
    try:
        old, new = int(before, 0), int(after, 0)
    except ValueError:
        return False
    return True if new > old else None


def _wireless(altered: Altered, pairing: Pairing) -> Iterator[Finding]:
    """Yield what one section of OpenWrt's wireless settings changes."""
    where = excerpt(pairing.label, 60)
    if (country := pairing.changed("country")) is not None:
        yield from _country(altered, f"country of {where}", *country)
    power = pairing.changed("txpower")
    if power is not None and (strength := _dbm(power[1])) is not None and strength > (_dbm(power[0]) or 0):
        evidence = Evidence(f"txpower of {where}", power[0] or None, excerpt(power[1]))
        if strength > _STRONGEST:
            yield altered.finding(POWER, f"{strength:g} dBm", evidence)
        elif power[0] and not altered.is_configuration:
            yield altered.finding(POWER, f"{strength:g} dBm", evidence, severity=Severity.LOW)


def _dbm(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,5}(?:\.[0-9]{1,2})?", text) else None


def _access_point(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    old, new = _assigned(before), _assigned(after)
    if (country := new.get("country_code", "")) != (was := old.get("country_code", "")):
        yield from _country(altered, "country_code", was, country)
    for name in ("ieee80211h", "ieee80211d"):
        if old.get(name) == "1" and new.get(name, "0") == "0":
            yield altered.finding(
                RADAR if name == "ieee80211h" else COUNTRY,
                f"{name} is off",
                Evidence(name, "1", new.get(name)),
                severity=Severity.LOW if altered.is_configuration else None,
            )


def _assigned(data: bytes) -> dict[str, str]:
    pairs = (line.text.partition("=") for line in meaningful_lines(data))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


_MODULE = regex(
    r"(?:options\s+)?(?:cfg80211|mac80211|ath\w*|iwlwifi|mt76\w*|brcm\w*|b43\w*|rtw?\w*|rtl\w*|8\w+)\b(?P<options>.*)"
)
_REGDOM = regex(r"\b(?:ieee80211_regdom|rtw_country_code|country_code|regdom)=\"?([A-Za-z0-9]{2})\b")
_UNBOUND = regex(r"\b(?:ath5k_)?(?:all_channels=(?:1|y|Y)|lar_disable=(?:1|y|Y)|bypass_regdb=1|ignore_reg=1)")


def _kernel(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    """Yield options of modules and defaults of crda that set a country or lift limits."""
    changed = difference(before, after)
    old = " ".join(line.text for line in changed.removed)
    for line in changed.added:
        if _CRDA.fullmatch(altered.inner):
            name, _, value = line.text.partition("=")
            if name.strip() in ("REGDOMAIN", "COUNTRY", "WIRELESS_REGDOM"):
                was = re.search(rf"{name.strip()}=\"?([A-Za-z0-9]{{2}})", old)
                yield from _country(altered, f"line {line.number}", was[1] if was else "", value.strip(" \"'"))
        elif (module := _MODULE.match(line.text)) is not None:
            if (code := _REGDOM.search(module["options"])) is not None:
                was = _REGDOM.search(old)
                yield from _country(altered, f"line {line.number}", was[1] if was else "", code[1])
            if _UNBOUND.search(module["options"]):
                evidence = Evidence(f"line {line.number}", None, excerpt(line.text))
                yield altered.finding(COUNTRY, "limits by country are switched off", evidence)


_UCI_SET = regex(r"wireless\.[^=]+\.(country|txpower)=['\"]?([^'\"]*)['\"]?")


def _command(altered: Altered, command: Invocation) -> Iterator[Finding]:
    """Yield what one command that is new does to a radio."""
    line = f"line {command.line}"
    evidence = Evidence(line, None, excerpt(command.text))
    match command.name, [word for word in command.arguments if not word.startswith("-")]:
        case "iw", ["reg", "set", code]:
            yield from _commanded_country(altered, evidence, code)
        case "wl", [*_, "country", code]:
            yield from _commanded_country(altered, evidence, code.partition("/")[0])
        case "iwpriv", [_, "setCountry" | "setcountry", code]:
            yield from _commanded_country(altered, evidence, code)
        case (("nvram" | "flash" | "fw_setenv"), [*_, setting]) if kind_of(setting.partition("=")[0]) is Kind.COUNTRY:
            yield from _commanded_country(altered, evidence, setting.partition("=")[2])
        case "uci", ["set", setting] if (told_ := _UCI_SET.fullmatch(setting)) is not None:
            if told_[1] == "country":
                yield from _commanded_country(altered, evidence, told_[2])
            else:
                yield from _commanded_power(altered, evidence, _dbm(told_[2]))
        case "iw", [*_, "set", "txpower", "fixed", power]:
            strength = _dbm(power)
            yield from _commanded_power(altered, evidence, None if strength is None else strength / 100)
        case "iwconfig", [_, *_, "txpower", power]:
            yield from _commanded_power(altered, evidence, _dbm(power.removesuffix("dBm")))
        case ("radartool", [*_, "disable"] | [*_, "usenol", "0"]) | ("wl", [*_, "radar", "0"]):
            yield altered.finding(RADAR, "a script switches detection of radar off", evidence)


def _commanded_country(altered: Altered, evidence: Evidence, code: str) -> Iterator[Finding]:
    """Yield a country that a script sets; one that it takes from somewhere is not known."""
    if re.fullmatch(r"[A-Za-z]{2}", code):
        words = "" if code.upper() in _COUNTRIES else ", which is no country"
        yield altered.finding(COUNTRY, f"a script sets {code.upper()}{words}", evidence)


def _commanded_power(altered: Altered, evidence: Evidence, strength: float | None) -> Iterator[Finding]:
    if strength is not None and strength > _STRONGEST:
        yield altered.finding(POWER, f"a script sets {strength:g} dBm", evidence)


def _country(altered: Altered, where: str, before: str, after: str, *, is_iso: bool = True) -> Iterator[Finding]:
    """Yield what another country is; where owners set it, only one that there is not. Makers have codes beyond ISO 3166."""
    old, new = before.strip().upper(), after.strip().upper()
    if old == new or new in _NOWHERE:
        return
    evidence = Evidence(excerpt(where, 100), excerpt(before) or None, excerpt(after))
    if is_iso and re.fullmatch(r"[A-Z]{2}", new) and new not in _COUNTRIES:
        yield altered.finding(COUNTRY, excerpt(f"{where} is {new}, which is no country"), evidence)
    elif not altered.is_configuration:
        severity = None if old not in _NOWHERE else Severity.LOW
        yield altered.finding(
            COUNTRY, excerpt(f"{new}" + (f" in place of {old}" if old else "")), evidence, severity=severity
        )


_: type[Detector] = RadioSettings
