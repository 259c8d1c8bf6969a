"""Names of hosts from which devices get updates, warnings and management.

By the words that makers use in such names, and by the names of services that do not have one. A name that only looks like one costs
little: what is found of it says the name. Sources: the updaters' own configuration (OpenWrt, fwupd, Debian, Alpine), AOSP
``UpdateVerifier``, makers' lists of hosts that a firewall has to let pass (Samsung, LG, Google, Microsoft, Apple, Cisco, TP-Link).
"""

import re

from trueware.explaining.patterns import regex

_WORDS = regex(
    r"(?:auto|software|sw|fw|av)?updates?|upd|upgrades?|[df]?ota|firmware|fw(?:dl)?|fus|downloads?|dl|patch(?:es)?|security"
    r"|packages|pkg|repo|feeds|acs|cwmp|tr069|mdm|fwupd|lvfs|antivirus"
)
_SERVICES = (
    "openwrt.org", "fwupd.org", "android.googleapis.com", "dl.google.com", "clients2.google.com", "clients4.google.com", "gvt1.com",
    "play.googleapis.com", "android.clients.google.com", "ota.googlezip.net", "samsungotn.net", "ospserver.net", "samsungmobile.com",
    "lgtvsdp.com", "lgappstv.com", "lge.com", "windowsupdate.com", "update.microsoft.com", "mesu.apple.com", "swscan.apple.com",
    "debian.org", "ubuntu.com", "alpinelinux.org", "fedoraproject.org", "archlinux.org", "tplinkcloud.com", "mikrotik.com",
)  # fmt: skip


def is_update_host(name: str) -> bool:
    """Tell whether a name looks like that of a host for updates."""
    name = name.lower().strip(".")
    if any(name == service or name.endswith(f".{service}") for service in _SERVICES):
        return True
    labels = name.split(".")
    words = (word for label in labels[:-2] for word in re.split(r"[-_]", label))
    return any(_WORDS.fullmatch(word) or _WORDS.fullmatch(word.rstrip("0123456789")) for word in words)
