"""Secure Boot of UEFI: the variables in which a machine keeps what it verifies, as Linux shows them as files.

A file is four bytes of attributes, then the value. ``SecureBoot`` is 1 where signatures are looked at, ``MokSBState`` 1 where shim
was told not to. ``PK``, ``KEK`` and ``db`` are lists of keys that may sign, ``dbx`` of what may not: a list of signatures has a type
(16 bytes), its length, the length of its head, that of one entry (4 each), and entries of an owner (16) and a certificate or digest.
Source: UEFI specification 2.10 §32.3, §32.4.1; Linux ``Documentation/filesystems/efivarfs.rst``; shim ``MokVars.txt``.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.certificates import certificates_in
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity

OFF = Rule(
    "secure-boot-off",
    "The machine no longer verifies what it starts",
    Severity.HIGH,
    help="A boot loader or kernel that was changed starts as if it were genuine.",
    effect="verification-disabled",
)
KEY = Rule(
    "secure-boot-key-added",
    "The machine starts what somebody signed whom the genuine software does not trust",
    Severity.HIGH,
    help="Whoever holds that key decides what the machine starts.",
    effect="trust-anchor-added",
)
ALLOWED = Rule(
    "secure-boot-revocation-removed",
    "The machine starts something again that was revoked",
    Severity.HIGH,
    help="What is revoked can be used to start anything, signature or not.",
    effect="verification-disabled",
)

_FILE = regex(
    r"(?:.*/)?(?P<name>SecureBoot|MokSBState|MokListRT|MokList|PK|KEK|db|dbx|MokListX|MokListXRT)-[0-9a-fA-F-]{36}"
)
_LIST = Struct("<16sIII")
_OWNER = 16


class SecureBoot:
    """Variables of Secure Boot."""

    subject: ClassVar[str] = "Secure Boot"
    rules: ClassVar[tuple[Rule, ...]] = (OFF, KEY, ALLOWED)
    wants: ClassVar[re.Pattern[str]] = _FILE

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides, found = both_sides(altered), _FILE.fullmatch(altered.inner)
        if sides is None or found is None:
            return
        before, after = (side[4:] for side in sides)
        if found["name"] in {"SecureBoot", "MokSBState"}:
            is_off = b"\0" if found["name"] == "SecureBoot" else b"\1"
            if after == is_off != before and (before or found["name"] == "MokSBState"):
                yield altered.finding(
                    OFF, f"{found['name']} is {after[0]}", Evidence(found["name"], before.hex() or None, after.hex())
                )
            return
        old, new = (dict(_entries(side)) for side in (before, after))
        if found["name"] in {"dbx", "MokListX", "MokListXRT"}:
            for entry, told in old.items():
                if entry not in new:
                    yield altered.finding(
                        ALLOWED, excerpt(f"no longer revoked: {told}"), Evidence(found["name"], excerpt(told), None)
                    )
            return
        for entry, told in new.items():
            if entry not in old:
                yield altered.finding(KEY, excerpt(f"trusted is {told}"), Evidence(found["name"], None, excerpt(told)))


def _entries(data: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield each entry of lists of signatures without its owner, with what it is.

    Raises:
        MalformedInput: a length is not within the bytes.
    """
    at = 0
    while at < len(data):
        if at + _LIST.size > len(data):
            raise MalformedInput("efi-signature-list", at, "the head of a list is cut")
        _, size, head, entry = _LIST.unpack_from(data, at)
        first, end = at + _LIST.size + head, at + size
        if end > len(data) or first > end or entry <= _OWNER or size < _LIST.size:
            raise MalformedInput("efi-signature-list", at, f"a list of {size} bytes with entries of {entry}")
        for start in range(first, end - entry + 1, entry):
            value = data[start + _OWNER : start + entry]
            yield value, _told(value)
        at = end


def _told(value: bytes) -> str:
    certificate = next(certificates_in(value), None)
    if certificate is not None:
        return certificate.told
    return (
        f"SHA-256 {value.hex()}"
        if len(value) == sha256().digest_size
        else f"{len(value)} bytes, SHA-256 {sha256(value).hexdigest()}"
    )
