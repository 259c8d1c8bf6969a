"""Certificates and keys that others publish: files and folders of them, and lists with certificates in them.

=======================  ===============================================================================================
files, folders           whatever `trueware.signatures.keys` reads, by their names: PEM, DER, OpenPGP, usign, …
JSON                     texts anywhere in it that hold PEM: Google's ``roots.json`` of key attestation, which is an array
CSV                      cells that hold PEM, as CCADB's reports of root programs have them; a column ``owner`` says whose
=======================  ===============================================================================================

Each is an `Admission`: somebody's word that a key is a publisher's, which is taken where the caller says so (``--admit``). What a
certificate issued does not count as the publisher's by that: whose authorities they are is said with ``trueware trust add --issues``,
one by one. The caller says whose keys they are, unless the list does.
"""

import csv
import json
import re
from collections.abc import Iterator
from typing import Any

from trueware.errors import InputError, MalformedInput
from trueware.importing.contract import Admission, Context, Document, Importer
from trueware.importing.vouching import Word
from trueware.registry.references import Refused
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys

_NAME = "certificates"
MAX_FILE = 1 << 26
"""Bytes of a list; CCADB's largest report with certificates has some 10 MB."""

_MAX_FILES, _MAX_KEYS, _MAX_NODES = 10_000, 100_000, 1 << 20
_ENDINGS = (".pem", ".der", ".crt", ".cer", ".pub", ".x509", ".asc", ".gpg", ".avbpubkey")
_BEGINS = (b"-----BEGIN CERTIFICATE-----", b"-----BEGIN PUBLIC KEY-----")
_PEM = re.compile(r"-----BEGIN (CERTIFICATE|PUBLIC KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----")
_FOLDER = "a folder of certificates"
_OWNERS = ("publisher", "owner", "ca owner", "vendor")


def _recognises(document: Document) -> bool:
    if document.is_folder:
        names = (path for path, _ in zip(document.mirror.names(document.path), range(64), strict=False))
        found = [name.casefold() for name in names if not name.rpartition("/")[2].startswith(".")]
        return bool(found) and all(name.endswith(_ENDINGS) for name in found)
    head = document.head
    if any(head.lstrip().startswith(each) for each in _BEGINS):
        return True
    return any(each in head for each in _BEGINS) and (
        head.lstrip()[:1] in (b"[", b"{") or b"," in head.partition(b"\n")[0]
    )


def _read(document: Document, context: Context) -> Iterator[Admission | Refused]:
    seen: set[tuple[str, str]] = set()
    for each in _stated(document, context):
        if isinstance(each, Refused):
            yield each
        elif len(seen) >= _MAX_KEYS:
            yield Refused("the rest", f"more than {_MAX_KEYS} keys")
            return
        elif (each.publisher, each.key.id) not in seen:
            seen.add((each.publisher, each.key.id))
            yield each


def _stated(document: Document, context: Context) -> Iterator[Admission | Refused]:
    mirror = document.mirror
    if document.is_folder:
        publisher = Word(None, "not signed").whose(context, _NAME)
        for number, path in enumerate(mirror.names(document.path)):
            if number >= _MAX_FILES:
                yield Refused("the rest", f"more than {_MAX_FILES} files")
                return
            if not path.rpartition("/")[2].startswith("."):
                yield from _keys(mirror.read(path, MAX_FILE) or b"", path, publisher, _FOLDER)
        return
    data = mirror.read(document.path, MAX_FILE) or b""
    name = document.path.rpartition("/")[2]
    start = data.lstrip()[:1]
    if start in (b"[", b"{"):
        publisher = Word(None, "not signed").whose(context, _NAME)
        for number, text in enumerate(_texts(data)):
            yield from _keys(text.encode(), f"{name}, text {number + 1}", publisher, name)
    elif start != b"-" and b"," in data.partition(b"\n")[0]:
        yield from _rows(data, name, context)
    else:
        yield from _keys(data, name, Word(None, "not signed").whose(context, _NAME), name)


def _keys(data: bytes, where: str, publisher: str, source: str) -> Iterator[Admission | Refused]:
    try:
        keys: tuple[Key, ...] = read_keys(data, where.rpartition("/")[2])
    except InputError as error:
        yield Refused(where[:200], str(error))
        return
    for key in keys:
        yield Admission(publisher, key, f"{source}, not signed")


def _texts(data: bytes) -> Iterator[str]:
    """Yield the texts in JSON that hold PEM, in its order."""
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedInput(_NAME, 0, f"no JSON ({type(error).__name__})") from error
    stack, seen = [value], 0
    while stack:
        seen += 1
        if seen > _MAX_NODES:
            raise MalformedInput(_NAME, 0, f"more than {_MAX_NODES} values")
        each = stack.pop()
        if isinstance(each, str):
            if _PEM.search(each):
                yield each
        elif isinstance(each, list):
            stack += reversed(each)
        elif isinstance(each, dict):
            stack += reversed(each.values())


def _rows(data: bytes, name: str, context: Context) -> Iterator[Admission | Refused]:
    lines = data.decode("utf-8-sig", "replace").splitlines(keepends=True)
    try:
        rows = list(csv.DictReader(lines))
    except csv.Error as error:
        raise MalformedInput(_NAME, 0, f"no table ({error})") from error
    columns = {column.casefold(): column for column in (rows[0] if rows else ()) if isinstance(column, str)}
    owner = next((columns[each] for each in _OWNERS if each in columns), None)
    for number, row in enumerate(rows, 2):
        said = row.get(owner) if owner is not None else None
        publisher = context.publisher or (said or "").strip()[:500] or None
        for cell in row.values():
            found = _PEM.search(cell) if isinstance(cell, str) else None
            if found is None:
                continue
            if publisher is None or not publisher.isprintable():
                yield Refused(f"row {number}", "it does not say whose certificate it is (--publisher)")
            else:
                yield from _keys(found[0].encode(), f"row {number}", publisher, name)


IMPORTER = Importer(
    _NAME,
    "certificates and keys of publishers: files, folders, and lists in JSON or CSV that hold them; admitted with --admit",
    _recognises,
    _read,
    ("Android key attestation, roots", "CCADB reports"),
)
