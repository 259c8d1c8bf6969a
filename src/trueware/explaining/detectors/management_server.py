"""The server that manages the device from afar (TR-069): whose it is, and whether the device makes sure whom it talks to.

Such a server can read and set everything, and installs firmware. Which one it is, a provider decides; hardly any owner does.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.explaining.contract import Altered, Case
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.management import PATHS, management_servers
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.stated_url import read_url
from trueware.model.finding import Evidence, Finding, Rule, Severity

CHANGED = Rule(
    "management-server-changed",
    "The device is managed by another server than the genuine software names",
    Severity.HIGH,
    help="Whoever runs it can read and set everything, and install firmware. Ask the provider which server is theirs.",
    effect="update-redirected",
)
SET = Rule(
    "management-server-set",
    "The device is managed by a server, and the genuine software names none",
    Severity.MEDIUM,
    help="Providers set theirs when they set a device up. Ask which one it is: whoever runs it can install firmware.",
    effect="update-redirected",
)
INSECURE = Rule(
    "management-server-unencrypted",
    "The device talks to the server that manages it without encryption, which the genuine software uses",
    Severity.MEDIUM,
    help="Anybody on the way can pose as that server.",
    effect="verification-disabled",
)
REMOVED = Rule(
    "management-server-removed",
    "The device is no longer managed by the server that the genuine software names",
    Severity.LOW,
    help="Owners do that so that their provider cannot reach in. Updates by the provider do not arrive any more.",
    effect="update-blocked",
)


class ManagementServer:
    """Servers of TR-069."""

    subject: ClassVar[str] = "who manages the device from afar"
    rules: ClassVar[tuple[Rule, ...]] = (CHANGED, SET, INSECURE, REMOVED)
    wants: ClassVar[re.Pattern[str]] = re.compile(PATHS)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered)
        if sides is None or b"url" not in (sides.before + sides.after).lower():
            return
        try:
            old = management_servers(altered.inner, sides.before) if sides.before else {}
        except MalformedInput:
            return  # vendors do write what is no XML
        new = management_servers(altered.inner, sides.after) if sides.after else {}
        for name in dict.fromkeys((*old, *new)):
            before, after = old.get(name, ""), new.get(name, "")
            if before != after and (rule := _rule(before, after)) is not None:
                url = read_url(after)
                words = f"{after or 'nobody'} manages it" + (f" in place of {before}" if before else "")
                evidence = Evidence(excerpt(name, 80), excerpt(before) or None, excerpt(after) or None)
                touches = url.touches if url is not None else ()
                yield altered.finding(rule, excerpt(words), evidence, touches=(*touches, "service:tr069"))


def _rule(before: str, after: str) -> Rule | None:
    if not before:
        return SET
    if not after:
        return REMOVED
    old, new = read_url(before), read_url(after)
    if old is None or new is None or old.place != new.place:
        return CHANGED
    return INSECURE if old.is_encrypted and not new.is_encrypted else None
