"""Exports of hashlookup (CIRCL): known files with what is known of each, as JSON lines or a JSON list.

Source: draft-dulaunoy-hashlookup-format-03, and the fields that hashlookup.circl.lu answers with::

    {"SHA-256": "…", "FileName": "./usr/bin/x", "FileSize": "123", "source": "…", "db": "…", "KnownMalicious": "…",
     "ProductCode": {"ProductName": "…", "ProductVersion": "…", "MfgCode": "…"}, "PackageName": "…", "PackageVersion": "…",
     "PackageMaintainer": "…"}

A file with ``KnownMalicious`` must never be trusted; every other one becomes a reference to its digest. The draft says that a
known file is neither good nor bad: a reference says whose file it is, and the library it comes from is named.
"""

import re
from collections.abc import Iterator
from typing import Any

from trueware.errors import LimitExceeded, MalformedInput
from trueware.exchange.json_members import MAX_TEXT, decode_text, items, value
from trueware.exchange.packages import UNKNOWN, Package, references_of, sha256_of, text_of
from trueware.importing.contract import Context, Distrust, Document, Importer
from trueware.registry.references import Reference, Refused

NAME = "hashlookup"
MAX_LINE = 1 << 20
"""Bytes of one line; an entry with all its parents has some kilobytes."""

_ENTRY = re.compile(rb'"SHA-(?:256|1)"\s*:')
_BEFORE = b"\xef\xbb\xbf \t\r\n"


def _recognises(document: Document) -> bool:
    head = document.head.lstrip(_BEFORE)
    return head[:1] in (b"{", b"[") and _ENTRY.search(head) is not None and b'"bomFormat"' not in head


def _read(document: Document, context: Context) -> Iterator[Reference | Refused | Distrust]:
    name = document.path.rpartition("/")[2]
    if document.head.lstrip(_BEFORE)[:1] == b"[":
        text = decode_text(NAME, document.mirror.read(document.path, MAX_TEXT) or b"")
        for number, each in enumerate(items(NAME, text), 1):
            yield from _entry(each, f"entry {number}", name, context)
        return
    for number, line in enumerate(_lines(document.mirror.chunks(document.path)), 1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            found = value(NAME, decode_text(NAME, line))
        except MalformedInput as error:
            yield Refused(where, error.reason)
        else:
            yield from _entry(found, where, name, context)


def _entry(entry: Any, where: str, name: str, context: Context) -> Iterator[Reference | Refused | Distrust]:
    digest = sha256_of(entry.get("SHA-256")) if isinstance(entry, dict) else None
    if digest is None:
        weak = [each for each in ("SHA-1", "MD5") if isinstance(entry, dict) and entry.get(each)]
        yield Refused(where, f"only {', '.join(weak)}, SHA-256 is needed" if weak else "no entry with a SHA-256")
        return
    library = text_of(entry.get("db"), 64) or text_of(entry.get("source"), 64)
    source = f"hashlookup: {name}" + (f", {library}" if library else "")
    malicious = entry.get("KnownMalicious")
    if malicious not in (None, "", False):  # whatever else it is: somebody says that it is malicious
        yield Distrust(f"sha256:{digest.hex()}", f"known malicious: {text_of(malicious, 200) or 'listed'}", source)
        return
    code = entry.get("ProductCode")
    product = code if isinstance(code, dict) else {}
    file = text_of(entry.get("FileName"), 400)
    what = text_of(entry.get("PackageName"), 100) or text_of(product.get("ProductName"), 100)
    version = text_of(entry.get("PackageVersion"), 200) or text_of(product.get("ProductVersion"), 200) or UNKNOWN
    who = context.publisher or text_of(entry.get("PackageMaintainer"), 200)
    title = f"{what}: {file}" if what and file else what or file
    yield from references_of(Package(who, title, version, digest, size=_size(entry.get("FileSize"))), source)


def _size(given: object) -> int:
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 19:
        return int(given)
    return given if type(given) is int and 0 <= given < 1 << 63 else 0


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    pending = b""
    for chunk in chunks:
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole
        if len(pending) > MAX_LINE:
            raise LimitExceeded("line", MAX_LINE, "an entry that is longer")
    if pending:
        yield pending


IMPORTER = Importer(
    NAME,
    "exports of hashlookup: known files, and those known to be malicious",
    _recognises,
    _read,
    ("draft-dulaunoy-hashlookup-format-03",),
)
