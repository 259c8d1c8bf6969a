"""Android's network security configuration: whom an app trusts, where it asks for more than that, and where it talks in the clear.

What is asked of a domain and what of all others is kept apart; which domains are meant stands in texts between elements, which
are not looked at. A configuration for debugging counts only in a program that lets itself be debugged, and is left out.

Source: developer.android.com "Network security configuration".
"""

from collections import Counter
from dataclasses import dataclass

from trueware.errors import MalformedInput
from trueware.formats.android.axml import Element, read_elements

_ROOT = "network-security-config"
_SCOPES = frozenset({"base-config", "domain-config"})


@dataclass(frozen=True, slots=True)
class NetworkSecurity:
    """One configuration. Counters are by scope: ``base-config`` or ``domain-config``."""

    user: Counter[str]
    """Where certificates that the owner of the device, or somebody else, installed are trusted."""

    bundled: Counter[str]
    """Where certificates that come with the app are trusted."""

    pins: Counter[str]
    """Where keys are named of which one must be in the chain."""

    overriding: Counter[str]
    """Where trusted certificates count whatever keys are named."""

    cleartext: Counter[str]
    """Where talking without encryption is let through in so many words."""


NOTHING = NetworkSecurity(Counter(), Counter(), Counter(), Counter(), Counter())
"""What counts where an app has no configuration, other than the platform's own certificates."""


def is_network_security(content: bytes) -> bool:
    """Tell whether a document of binary XML is such a configuration; what is no such document is none."""
    try:
        first = next(read_elements(content), None)
    except MalformedInput:
        return False
    return first is not None and first.name == _ROOT


def read_network_security(content: bytes) -> NetworkSecurity:
    """Return what a configuration says.

    Raises:
        MalformedInput: it is no such document.
    """
    found = NetworkSecurity(Counter(), Counter(), Counter(), Counter(), Counter())
    way: list[str] = []
    for element in read_elements(content):
        del way[element.depth :]
        if not element.depth and element.name != _ROOT:
            raise MalformedInput("network-security-config", 0, f"the root is {element.name!r}")
        way.append(element.name)
        scope = next((name for name in reversed(way) if name in _SCOPES), "")
        if scope:
            _take(element, scope, found)
    if not way:
        raise MalformedInput("network-security-config", 0, "nothing is in it")
    return found


def _take(element: Element, scope: str, found: NetworkSecurity) -> None:
    match element.name:
        case "certificates":
            source = element.by_name("src") or ""
            found.user[scope] += source == "user"
            found.bundled[scope] += source.startswith("@")
            found.overriding[scope] += _is_true(element, "overridePins")
        case "pin":
            found.pins[scope] += 1
        case "base-config" | "domain-config":
            found.cleartext[scope] += _is_true(element, "cleartextTrafficPermitted")
        case _:
            pass


def _is_true(element: Element, name: str) -> bool:
    return element.flag_by_name(name) or False
