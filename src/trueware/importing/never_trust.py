"""Lists of what must never be trusted, as others keep them: revoked serial numbers, revoked images, keys that leaked.

========================  ===============================================================================================
Android attestation       JSON, ``entries``: serial number → ``status`` (REVOKED, SUSPENDED), ``reason``, ``expires``; of
                          certificates in chains of key attestation
UEFI                      ``DBXUpdate.bin``, ``dbx_info_msft_*.json``; tables (`trueware.registry.distrust_lists`)
keys and certificates     a file or a folder of them, only where the caller says so (``--kind never-trust``)
========================  ===============================================================================================

None of them is taken for signed: who hands one in answers for it, and each entry's source says so.

Serial numbers are stated in hexadecimal, and lists have some that can only be decimal: one of digits alone is listed as both. Issuers
are not stated, so that a short one would bar certificates of anybody: those below ten digits are refused. ``expires`` is
the day on which the certificate ends, not its suspension: what is listed stays listed until the list says otherwise.

Sources: https://developer.android.com/privacy-and-security/security-key-attestation (Certificate revocation status list).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from trueware.errors import InputError, MalformedInput
from trueware.importing.contract import Context, Distrust, Document, Importer
from trueware.model.anchor import check_listed
from trueware.registry.distrust_lists import read_distrusted
from trueware.registry.references import Refused

_NAME = "never-trust"
MAX_LIST = 1 << 26
"""Bytes of a list; Microsoft's has 400 KB."""

_MAX_FILES = 10_000
_SERIAL = re.compile(r"[0-9a-f]{1,64}")
_SHORTEST = 10
"""Digits of a serial number that nobody else's certificate has; the shortest that Google lists have 17."""

_STATUSES = frozenset({"REVOKED", "SUSPENDED"})
_ENTRIES = re.compile(rb'\A\s*\{\s*"entries"\s*:\s*\{')
_TABLE = re.compile(rb"\A(?:\xef\xbb\xbf)?[^\r\n]*(?:fingerprint_sha256|key id / fingerprint)")
_EFI = (bytes.fromhex("2616c4c14c509240aca941f936934328"), bytes.fromhex("a159c0a5e494a74a87b5ab155c2bf072"))
_SIGNED = bytes.fromhex("9dd2af4adf68ee498aa9347d375665a7")


def _recognises(document: Document) -> bool:
    head = document.head
    return (
        _ENTRIES.match(head) is not None
        or (head[:1] == b"{" and b'"authenticodeHash"' in head)
        or _TABLE.match(head) is not None
        or head[:16] in _EFI
        or head[24:40] == _SIGNED
    )


def _read(document: Document, _: Context) -> Iterator[Distrust | Refused]:
    if document.is_folder:
        for number, path in enumerate(document.mirror.names(document.path)):
            if number >= _MAX_FILES:
                yield Refused("the rest", f"more than {_MAX_FILES} files")
                return
            try:
                yield from _listed(document, path)
            except InputError as error:
                yield Refused(path[:200], str(error))
    elif _ENTRIES.match(document.head):
        yield from _serials(document)
    else:
        yield from _listed(document, document.path)


def _listed(document: Document, path: str) -> Iterator[Distrust | Refused]:
    name = path.rpartition("/")[2]
    for each in read_distrusted(document.mirror.read(path, MAX_LIST) or b"", name):
        try:
            check_listed(each.id)
        except InputError as error:
            yield Refused(each.id[:100], str(error))
        else:
            yield Distrust(each.id, each.reason, f"{name}, not checked for a signature")


def _serials(document: Document) -> Iterator[Distrust | Refused]:
    name = document.path.rpartition("/")[2]
    try:
        value: Any = json.loads(document.mirror.read(document.path, MAX_LIST) or b"")
    except (ValueError, RecursionError) as error:
        raise MalformedInput(_NAME, 0, f"no JSON ({type(error).__name__})") from error
    entries = value.get("entries") if isinstance(value, dict) else None
    for serial, entry in entries.items() if isinstance(entries, dict) else ():
        status = entry.get("status") if isinstance(entry, dict) else None
        text = serial.casefold().lstrip("0")
        if not _SERIAL.fullmatch(text) or status not in _STATUSES:
            yield Refused(serial[:100], "no serial number with a status that is known")
        elif len(text) < _SHORTEST:
            yield Refused(
                serial[:100], "a serial number that others may have given too: the list does not say whose it is"
            )
        else:
            why = f"{status}: {entry['reason'][:100]}" if isinstance(entry.get("reason"), str) else str(status)
            reason = f"a certificate of Android key attestation, {why}"
            for one in dict.fromkeys((text, f"{int(text):x}" if text.isdecimal() else text)):
                yield Distrust(f"serial:{one}", reason, f"{name}, a status list without a signature")


IMPORTER = Importer(
    _NAME,
    "lists of what must never be trusted: Android's revoked attestation certificates, UEFI's revoked images, tables of keys",
    _recognises,
    _read,
    ("Android key attestation, certificate revocation status list", "UEFI 2.10 §32.4.1"),
)
