"""What a device's stored settings say of its identity and radio: NVRAM of Broadcom and MediaTek, U-Boot's environment, Realtek's XML.

========================  =======================================================================  =========================
kind                      written as                                                               names from
========================  =======================================================================  =========================
NVRAM, .dat, environment  ``name=value``, each on a line or ended by a zero byte                   Broadcom ``bcmsrom_tbl.h``,
                                                                                                   Ralink's and MediaTek's .dat
Realtek                   ``<Value Name="GPON_SN" Value="…"/>``                                    its ``flash`` tool
TP-Link's product-info    ``name:value`` on a line, behind eight bytes                             SafeLoader
========================  =======================================================================  =========================

A name says what the value is; one whose value cannot be that (an address with five bytes) is left out. Of serial numbers and the like
the value is never taken for more than what it is equal to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from trueware.explaining.patterns import regex

_LARGEST = 1 << 20
_MOST = 20_000


class Kind(Enum):
    """What a setting is about."""

    ADDRESS = "hardware address"
    SERIAL = "serial number"
    PON = "identity in an optical network"
    HARDWARE = "identity of the hardware"
    COUNTRY = "country of the radio"
    POWER = "power of the radio"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a kind that is known."""

    kind: Kind
    name: str
    value: str
    """Without quotes; an address as twelve lower-case digits."""

    line: int
    """From 1; of a list that is not in lines, the place in it."""

    @property
    def shown(self) -> str:
        """The value as it may be told: a password is not."""
        return "(not shown)" if "pass" in self.name.lower() or "pwd" in self.name.lower() else self.value


STORES = r"settings|product-info|default-mac|device-id|nvram|(?:.*/)?lastgood[^/]*\.xml|var/config/[^/]+\.xml"
"""Paths of what each device stores for itself: U-Boot's environment, parts of a flash, what Realtek's ``flash`` wrote."""

DEFAULTS = (
    r"(?:.*/)?(?:[^/]*nvram[^/]*\.(?:txt|conf|cfg|defaults?|cal)|nvram[._-]?defaults?|default[._-]?nvram|[^/]+\.nvram(?:config)?"
    r"|brcmfmac[^/]*\.txt|bcm[0-9a-z_]+\.(?:txt|cal)|config_default[^/]*\.xml|default_?config[^/]*\.xml)"
    r"|(?:.*/)?[Ww]ireless/(?:.*/)?[^/]+\.dat|(?:.*/)?(?:RT|MT|mt)[0-9]{4}[^/]*\.dat"
)
"""Paths of what is the same on all devices: factory settings."""

PATHS = regex(f"{STORES}|{DEFAULTS}")

_PREFIX = r"(?:(?:pci/)?\d+[:/])?(?:\d+[:/])?"
"""Before what is of one of several radios, in Broadcom's NVRAM: ``0:ccode``, ``pci/1/1/macaddr``."""

_KINDS = {
    Kind.PON: (
        r"(?:8311_)?[a-z]*pon_?(?:sn|serial(?:_?(?:no|num(?:ber)?))?)|nserial|(?:[a-z]*pon_|n)?ploam_?(?:pass(?:wd|word)?|pwd)"
        r"|loid(?:_passwd)?|(?:8311_|pon_)vendor_id|8311_equipment_id|gpon_onu_model|(?:8311_)?iphost_mac"
    ),
    Kind.ADDRESS: (
        _PREFIX + r"(?:et|il|wl|sb/)?\d*/?macaddr|wl\d+_hwaddr|eth\d*addr|(?:wifi|wlan|bt|usbeth|lan|wan)\d*addr"
        r"|(?:e?lan|e?wan|wlan\d?|wl\d?|wifi\d?|eth\d|bt|base|factory|def(?:ault)?|device|hw|sys)?_?mac(?:_?addr(?:ess)?)?(?:_?\d+)?"
        r"|hw_(?:nic\d|wlan\d?(?:_wlan)?)_addr\d?"
    ),
    Kind.SERIAL: (
        r"serial(?:#|_?(?:no|num(?:ber)?))?|(?:hw|device|dev|product|board)_?(?:serial(?:_?(?:no|num(?:ber)?))?|sn)|sn"
    ),
    Kind.HARDWARE: (
        r"board_?(?:id|type|num|rev|name)|hw_?id|hw_?(?:hw)?ver(?:sion)?|hw_rev(?:ision)?|hardware_?(?:id|ver(?:sion)?|rev(?:ision)?)"
        r"|mach(?:ine)?_?id|special_id|product_(?:name|ver|id)|fw_hw_id"
    ),
    Kind.COUNTRY: (
        _PREFIX
        + r"(?:ccode|regrev)|(?:wl\d+_)?country(?:_?(?:code|rev|region(?:_?aband)?))?|reg_?domain|regulatory_domain"
        r"|hw_(?:wlan\d?_)?reg_domain|wl\d+_reg_mode|wireless_country|wlan_country|8311_country"
    ),
    Kind.POWER: (
        _PREFIX + r"(?:maxp[25]g[hl]?a\d|pa[25]g[hl]?w?\d?a\d|pa\dmaxpwr|opo)|tx_?power(?:_?[25]g)?|wl\d+_txpwr"
        r"|skuenable|hw_(?:wlan\d?_)?tx_power_\w+"
    ),
}
_NAMES = [(kind, re.compile(names, re.IGNORECASE)) for kind, names in _KINDS.items()]
_LINE = regex(r"\s*([\w#.:/-]{1,64})\s*=\s*(.*)")
_COLON = regex(r"([\w-]{1,64}):(.*)")
_VALUE = regex(rb"<Value\s+Name\s*=\s*\"([^\"]{1,64})\"\s+Value\s*=\s*\"([^\"]{0,256})\"", re.IGNORECASE)
_ADDRESS = regex(r"(?:[0-9A-Fa-f]{2}([:-]?))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}")
_SEPARATORS = regex(rb"[\n\0]")


def read_settings(data: bytes) -> tuple[Setting, ...]:
    """Return the settings of a kind that is known, in order; of one that is there twice, the last counts.

    What is no such file has none. Time is linear in the bytes, of which the first MiB is looked at.
    """
    found: dict[str, Setting] = {}
    for line, name, value in _pairs(data[:_LARGEST]):
        setting = _setting(name, value, line)
        if setting is not None:
            found[name] = setting
        if len(found) > _MOST:
            break
    return tuple(found.values())


def _pairs(data: bytes) -> Iterator[tuple[int, str, str]]:
    if b"<Value " in data:
        for number, value in enumerate(_VALUE.finditer(data), 1):
            yield number, value[1].decode("utf-8", "replace"), value[2].decode("utf-8", "replace")
        return
    line = _LINE
    if data[4:8] == bytes(4) and int.from_bytes(data[:4]) <= len(data):  # SafeLoader: length, zeros
        data, line = data[8:], _COLON
    for number, row in enumerate(_SEPARATORS.split(data), 1):
        if len(row) <= 512 and (match := line.fullmatch(row.decode("utf-8", "replace").rstrip("\r"))):
            yield number, match[1], match[2].strip().strip("\"'")


def _setting(name: str, value: str, line: int) -> Setting | None:
    kind = kind_of(name)
    if kind is None or not value:
        return None
    if kind is Kind.ADDRESS or name.lower().endswith("iphost_mac"):
        address = address_in(value)
        return None if address is None else Setting(kind, name, address.hex(), line)
    return Setting(kind, name, value, line)


def kind_of(name: str) -> Kind | None:
    """Return what a setting of this name is about."""
    return next((kind for kind, names in _NAMES if names.fullmatch(name)), None)


def address_in(text: str) -> bytes | None:
    """Return the hardware address that a text is; None where it is none."""
    return bytes.fromhex(re.sub("[:-]", "", text)) if _ADDRESS.fullmatch(text) else None


def told(address: bytes) -> str:
    """Return an address as people write it."""
    return address.hex(":")
