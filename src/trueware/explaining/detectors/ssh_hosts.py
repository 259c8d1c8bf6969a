"""Machines whose identity the device trusts when it connects by SSH: authorities for host keys, and host keys that were replaced.

Which hosts a device knows grows by itself: a host that is new is no finding. Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"; names of
hosts may be hashed (``|1|…``) and are then compared as they stand; a key is named by its SHA-256 as ssh-keygen(1) does.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import ClassVar, NamedTuple

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt, meaningful_lines
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity

AUTHORITY = Rule(
    "ssh-host-authority-added",
    "The device trusts an authority for the identity of SSH servers that the genuine software does not know",
    Severity.HIGH,
    help="Whoever holds its key can pose as any server that the device connects to.",
    effect="trust-anchor-added",
)
REPLACED = Rule(
    "ssh-host-key-replaced",
    "The device takes another machine for an SSH server that the genuine software knows",
    Severity.MEDIUM,
    help="A server that was set up anew has another key too. Compare the key with the server's own.",
    effect="trust-anchor-added",
)

_KEY = regex(r"[\w@.-]+\s+([A-Za-z0-9+/=]{16,})(?:\s.*)?")


class SshHosts:
    """Known hosts of SSH."""

    subject: ClassVar[str] = "machines that are trusted for SSH"
    rules: ClassVar[tuple[Rule, ...]] = (AUTHORITY, REPLACED)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:.*/)?(?:ssh_known_hosts2?|known_hosts2?)")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered)
        if sides is None:
            return
        old, new = (tuple(_entries(side)) for side in sides)
        authorities = {each.key for each in old if each.is_authority}
        for each in new:
            if each.is_authority and each.key not in authorities:
                evidence = Evidence(f"line {each.line}", None, excerpt(f"@cert-authority {each.hosts} {each.key}"))
                yield altered.finding(AUTHORITY, excerpt(f"{each.key} speaks for {each.hosts}"), evidence)
        known: dict[tuple[str, str], set[str]] = {}
        for each in old:
            known.setdefault((each.hosts, each.kind), set()).add(each.key)
        kept = {(each.hosts, each.kind, each.key) for each in new}
        for each in new:
            before = known.get((each.hosts, each.kind), set())
            lost = [key for key in before if (each.hosts, each.kind, key) not in kept]
            if not each.is_authority and lost and each.key not in before:
                evidence = Evidence(f"line {each.line}", lost[0], each.key)
                yield altered.finding(REPLACED, excerpt(f"{each.hosts} has another key"), evidence)


class _Entry(NamedTuple):
    hosts: str
    kind: str
    key: str
    """``SHA256:…``"""

    line: int
    is_authority: bool


def _entries(data: bytes) -> Iterator[_Entry]:
    for line in meaningful_lines(data):
        words = line.text.split(None, 2)
        marker = words.pop(0) if words[0].startswith("@") else ""
        if marker == "@revoked" or not words:
            continue
        hosts, _, rest = line.text.removeprefix(marker).strip().partition(" ")
        if found := _KEY.fullmatch(rest.strip()):
            kind = rest.split()[0]
            yield _Entry(hosts.lower(), kind, _fingerprint(found[1]), line.number, marker == "@cert-authority")


def _fingerprint(text: str) -> str:
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        key = text.encode()
    return f"SHA256:{b64encode(sha256(key).digest()).decode().rstrip('=')}"
