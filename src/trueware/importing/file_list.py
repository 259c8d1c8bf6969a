r"""Lists of all files of one release by their absolute paths.

As ``sha256sum`` writes them when it is run on a device or an image::

    <64 hexadecimal digits>  /usr/bin/id        or ``*/usr/bin/id`` (read as binary)
    \<digits>  /a\nb                            a name with a line feed or a backslash, escaped

1. A signature over the list that lies beside it (usign, OpenPGP) is verified before anything that it says counts; a broken one, or
   one by a key that must not be believed, and the list states nothing.
2. The lines are the manifest of one release: what the list is called tells product and version (``router-1.2.sha256``). That there
   are no other files it does not say.

A list of *artefacts* has names without folders, or paths of nobody's system: `trueware.importing.lists` reads those.

Sources: coreutils, "sha2 utilities" and "md5sum invocation" (escaped names).
"""

import re
from collections.abc import Iterator

from trueware.exchange.packages import Files, Package, references_of
from trueware.importing.contract import Context, Document, Importer
from trueware.importing.lists import MAX_LINE, MAX_LIST, split_name
from trueware.importing.places import Places
from trueware.importing.vouching import signatures_beside, vouched
from trueware.registry.references import Reference, Refused

_NAME = "file-list"
_LINE = re.compile(rb"(\\?)([0-9A-Fa-f]{32,128}) [ *](/[^\0]+)")
_SYSTEM = re.compile(rb"(?m)^\\?[0-9A-Fa-f]{64} [ *]/(?:usr|s?bin|lib(?:32|64)?|etc|system|vendor|rom|boot)/")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_MEANT = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}
_ENDINGS = re.compile(r"(?:\.(?:txt|lst|list|sha256|sha256sums?|sums))+$", re.IGNORECASE)
_SIGNATURES = (".sig", ".asc", ".gpg")
_TOLD = 20
"""Lines whose refusal is told one by one."""


def _recognises(document: Document) -> bool:
    if document.is_folder or _SYSTEM.search(document.head) is None:
        return False
    whole, cut, _ = document.head.rpartition(b"\n")
    lines = [each for each in (whole if cut else document.head).split(b"\n") if _is_said(each)]
    return all(_LINE.fullmatch(each.rstrip(b"\r")) for each in lines)


def _is_said(line: bytes) -> bool:
    return bool(line.strip()) and not line.startswith(b"#")


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    places = Places(document.mirror)
    data = places.hold(document.path, MAX_LIST)
    at = places.file(document.path)
    word = vouched(signatures_beside(at, _SIGNATURES, context) if at is not None else (), (), context)  # 1
    publisher = word.whose(context, _NAME)
    files = Files(context.limits)
    wrong = 0
    for number, line in enumerate(_lines(data), 1):
        if not _is_said(line):
            continue
        found = _LINE.fullmatch(line) if len(line) <= MAX_LINE else None
        if found is None:
            wrong += 1
            if wrong <= _TOLD:
                yield Refused(f"line {number}", "no digest with an absolute path")
            continue
        path = _ESCAPED.sub(lambda each: _MEANT.get(each[1], each[0]), found[3]) if found[1] else found[3]
        digest = bytes.fromhex(found[2].decode()) if len(found[2]) == 64 else None
        files.add(path.decode("utf-8", "surrogateescape"), digest)
    if wrong > _TOLD:
        yield Refused("list", f"{wrong - _TOLD} more lines are none")
    name = document.path.rpartition("/")[2]
    product, version = split_name(_ENDINGS.sub("", name) or name)
    yield from references_of(Package(publisher, product, version, files=files), f"{name}, {word.told}")  # 2


def _lines(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        yield data[at:end].rstrip(b"\r")
        at = end + 1


IMPORTER = Importer(
    _NAME,
    "lists of all files of one release by absolute path (sha256sum), with a signature beside (usign, OpenPGP)",
    _recognises,
    _read,
    ("coreutils, sha2 utilities",),
)
