"""Who is meant by a name: the makers of devices, and the projects that publish whole systems for devices others made.

Only names listed here mean somebody. An unknown name may be a trade mark, a product line or the factory behind a brand, and
says nothing about who made the software.
"""

import re

_ALIASES: tuple[tuple[str, str], ...] = (
    # projects whose images replace a maker's software
    ("DD-WRT", r"dd-?wrt"),
    ("Tomato", r"(?:fresh|advanced)?tomato|tomato(?: |-)?usb"),
    ("Asuswrt-Merlin", r"(?:asuswrt-)?merlin"),
    ("Padavan", r"padavan"),
    ("Gargoyle", r"gargoyle"),
    ("pfSense", r"pfsense"),
    ("OPNsense", r"opnsense"),
    ("LibreELEC", r"(?:libre|core|open)elec"),
    ("OpenATV", r"openatv|openpli|openvix|vti"),
    ("LineageOS", r"lineage(?:os)?|cyanogenmod"),
    # makers of devices
    ("ASUS", r"asus(?:tek)?"),
    ("AVM", r"avm|fritz!?box"),
    ("Cisco", r"cisco|linksys"),
    ("D-Link", r"d-?link"),
    ("Fiberhome", r"fiber ?home"),
    ("Google", r"google"),
    ("Huawei", r"huawei|honor"),
    ("Juniper", r"juniper"),
    ("MikroTik", r"mikrotik|routeros"),
    ("Motorola", r"motorola"),
    ("Netgear", r"netgear"),
    ("Nokia", r"nokia|alcatel(?:-lucent)?"),
    ("Oppo", r"oppo|oneplus|realme"),
    ("Samsung", r"samsung"),
    ("Sony", r"sony"),
    ("Tenda", r"tenda"),
    ("TP-Link", r"tp-?link|mercusys|mercury"),
    ("Ubiquiti", r"ubiquiti|ubnt"),
    ("V-SOL", r"v-?sol"),
    ("Xiaomi", r"xiaomi|redmi"),
    ("ZTE", r"zte"),
    ("Zyxel", r"zyxel"),
)
_MAKERS = tuple((maker, re.compile(rf"(?:{names})(?![A-Za-z0-9])", re.IGNORECASE)) for maker, names in _ALIASES)


def maker_of(name: str) -> str | None:
    """Return whom `name` means by its first words, None where nobody listed.

    Systems that makers build upon (OpenWrt, Debian, Yocto, Android) are nobody here: their name inside an image is as right in
    a maker's own software as in the project's.
    """
    name = name.strip()
    return next((maker for maker, pattern in _MAKERS if pattern.match(name)), None)
