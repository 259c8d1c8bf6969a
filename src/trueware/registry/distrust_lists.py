"""Reads lists of what must never be trusted: keys and certificates themselves, and the lists that others keep.

=======================  ================================================================================================
keys and certificates    whatever `trueware.signatures.keys` reads; all of their names are listed
UEFI revocation list     ``DBXUpdate.bin``: a variable with EFI signature lists (UEFI 2.10 §32.4.1), with or without the signed
                         header; and ``dbx_info_msft_*.json`` of Microsoft's secureboot_objects
tables                   CSV with a column ``fingerprint_sha256`` (House of Keys), ``key id / fingerprint`` or ``id``
=======================  ================================================================================================
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from struct import unpack_from
from typing import Any

from trueware.errors import MalformedInput
from trueware.model.anchor import Distrusted, listed_id
from trueware.signatures.efi_signature_lists import SHA256, X509, signature_lists
from trueware.signatures.keys import names_of, read_keys
from trueware.signatures.x509 import certificate_ids

_NAME = "never-trust list"
_LARGEST = 1 << 26
_PKCS7_GUID = bytes.fromhex("9dd2af4adf68ee498aa9347d375665a7")
_HEX = re.compile(r"[0-9a-f]+")


def read_distrusted(data: bytes, source: str, reason: str = "") -> tuple[Distrusted, ...]:
    """Return the entries of a list.

    Args:
        data: the file.
        source: how to name where it comes from.
        reason: why, for entries that say nothing themselves.

    Raises:
        MalformedInput: it is no list of a kind that is known.
    """
    if len(data) > _LARGEST:
        raise MalformedInput(_NAME, 0, f"{len(data)} bytes are no list")
    entries = dict(_entries(data, reason or f"listed in {source}"))
    if not entries:
        raise MalformedInput(_NAME, 0, "nothing in it names a key, a certificate or an image")
    return tuple(Distrusted(name, why, source) for name, why in entries.items())


def _entries(data: bytes, reason: str) -> Iterator[tuple[str, str]]:
    if (lists := _signature_lists(data)) is not None:
        yield from _revoked(data, lists, reason)
    elif data[:1] == b"{":
        yield from _microsoft(data, reason)
    elif (rows := _table(data)) is not None:
        yield from rows
    else:
        for key in read_keys(data):
            for name in names_of(key):
                yield name, reason


def _signature_lists(data: bytes) -> int | None:
    """Return where EFI signature lists begin, None where there are none."""
    start = 0
    if len(data) >= 40 and data[24:40] == _PKCS7_GUID:  # EFI_TIME, WIN_CERTIFICATE_UEFI_GUID
        start = 16 + int(unpack_from("<I", data, 16)[0])
    known = (SHA256, X509)
    return start if data[start : start + 16] in known else None


def _revoked(data: bytes, start: int, reason: str) -> Iterator[tuple[str, str]]:
    for kind, values in signature_lists(data, _NAME, start):
        for value in values:
            if kind == SHA256 and len(value) == 32:
                yield f"authenticode-sha256:{value.hex()}", reason
            elif kind == X509:
                for name in certificate_ids(value):
                    yield name, reason


def _microsoft(data: bytes, reason: str) -> Iterator[tuple[str, str]]:
    try:
        document: Any = json.loads(data)
    except ValueError as error:
        raise MalformedInput(_NAME, 0, f"no JSON ({error})") from error
    images = document.get("images", {}) if isinstance(document, dict) else {}
    for listed in images.values() if isinstance(images, dict) else ():
        for image in listed if isinstance(listed, list) else ():
            if not isinstance(image, dict):
                continue
            why = " ".join(str(image.get(name, "")) for name in ("filename", "companyName", "description")).split()
            for field, kind in (("authenticodeHash", "authenticode-sha256"), ("flatHash", "sha256")):
                value = str(image.get(field, "")).lower()
                if len(value) == 64 and _HEX.fullmatch(value):
                    yield f"{kind}:{value}", f"{reason}: {' '.join(why)}".rstrip(": ")
    revoked = document.get("certificates", ()) if isinstance(document, dict) else ()
    for each in revoked if isinstance(revoked, list) else ():
        thumbprint = str(each.get("thumbprint", "")).lower() if isinstance(each, dict) else ""
        if len(thumbprint) == 40 and _HEX.fullmatch(thumbprint):
            yield f"cert-sha1:{thumbprint}", f"{reason}: {each.get('description', '')}".rstrip(": ")


def _table(data: bytes) -> Iterator[tuple[str, str]] | None:
    try:
        rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    columns = rows[0].keys() if rows else ()
    if "fingerprint_sha256" in columns:
        return _house_of_keys(rows)
    for column in ("key id / fingerprint", "id"):
        if column in columns:
            return _named(rows, column)
    return None


def _house_of_keys(rows: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        value = (row.get("fingerprint_sha256") or "").lower()
        if row.get("kind") == "certificate" and len(value) == 64 and _HEX.fullmatch(value):
            yield f"cert-sha256:{value}", f"one key in products of {row.get('vendors') or 'several makers'}"


def _named(rows: list[dict[str, str]], column: str) -> Iterator[tuple[str, str]]:
    for row in rows:
        words, why = (row.get(column) or "").strip(), (row.get("why") or row.get("reason") or "").strip()
        for name in _ids(words, row):
            yield name, why or "listed"


def _ids(words: str, row: Mapping[str, str]) -> Iterator[str]:
    """Yield the names that a cell means: ``kind:value``, ``sha256 …``, ``serial …``, ``subject "…" / "…"``, a bare key id."""
    system = (row.get("system") or "").lower()
    kind, _, value = words.partition(" ")
    kind = kind.lower()
    compact = re.sub(r"[: ]", "", value).lower()
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{2,}:.+", words):
        yield listed_id(words)
    elif kind == "subject":
        yield from (listed_id(f"subject-cn:{name}") for name in re.findall(r'"([^"]+)"', value))
    elif kind in ("sha1", "sha256") and _HEX.fullmatch(compact):
        yield f"avb-{kind}:{compact}" if system == "avb" else f"cert-{kind}:{compact}"
    elif kind == "serial" and _HEX.fullmatch(compact):
        yield listed_id(f"serial:{compact}")
    elif not value and _HEX.fullmatch(kind) and "usign" in system:
        yield f"usign:{kind}"
