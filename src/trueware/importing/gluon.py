"""Manifests of Gluon's autoupdater: which firmware a Freifunk community's routers are to run, signed by several of its people.

1. The signatures behind ``---`` (`trueware.signatures.gluon`): those of as many different keys as the anchors demand
   (``good_signatures`` of ``site.conf``; ``trueware trust add --threshold``). With fewer the manifest is somebody's word, and each
   reference says so: a signature does not name its key, so that a changed text and a stranger's key look alike.
2. ``DATE`` is past, and not before that of a manifest of the same branch that was imported: that would be a replay. To know that, a
   signed manifest is a release of its own.
3. Each line with a SHA-256 is a reference, to a model's firmware of a version; its image beside it is the one, then it is measured.

``PRIORITY`` says over how many days routers take the update, and nothing of what is genuine. Source: Gluon docs,
features/autoupdater; ``package/gluon-autoupdater`` (``src/manifest.c``).
"""

import re
from collections.abc import Iterator
from hashlib import sha256

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.formats.moments import seconds, written
from trueware.importing.at_hand import completed
from trueware.importing.contract import Context, Document, Importer
from trueware.importing.lists import parse_index
from trueware.importing.places import Place, Places
from trueware.importing.vouching import verification, vouched
from trueware.model.claim import Claim
from trueware.registry.references import Reference, Refused

_NAME = "gluon"
MAX_MANIFEST = 1 << 24
MAX_AHEAD = 24 * 3600
"""Seconds by which a manifest may be dated after now: clocks differ."""

_SEPARATOR = b"\n---\n"
_HEADER = re.compile(rb"^(BRANCH|DATE)=([ -~]{1,100})$", re.MULTILINE)
_BRANCH = re.compile(rb"(?m)^BRANCH=")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})([+-])(\d{2}):(\d{2})")


def _recognises(document: Document) -> bool:
    return document.path.endswith(".manifest") and _BRANCH.search(document.head) is not None


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    from trueware.signatures.gluon import Gluon  # noqa: PLC0415 (start-up time)

    places = Places(document.mirror)
    data = places.hold(document.path, MAX_MANIFEST)
    place = Place(places, document.path, len(data))
    # what lies beside and is another image is told below, line by line
    signatures = [each for each in Gluon.verify(place, verification(context)) if each.part == document.path]
    word = vouched(signatures, (), context)  # 1
    publisher = word.whose(context, _NAME)
    body = data.partition(_SEPARATOR)[0]
    fields = {match[1].decode(): match[2].decode() for match in reversed(list(_HEADER.finditer(body)))}
    date = _date(fields.get("DATE", ""))
    if date > context.now + MAX_AHEAD:  # 2
        raise UntrustedStatement(f"the manifest is dated {fields['DATE']}, which is not yet")
    stated, product = written(date), f"manifest of branch {fields.get('BRANCH', '')}"
    name = document.path.rpartition("/")[2]
    said = f"{name} of {stated[:10]}, {word.told}"
    if word.publisher is not None and (latest := max(context.versions(publisher, product), default="")) > stated:
        raise UntrustedStatement(f"the manifest is of {stated}, and one of {latest} was imported before: a replay")
    before = document.path[: -len(name)]
    for each in parse_index(body.decode("utf-8", "surrogateescape")):  # 3
        if isinstance(each, Refused):
            yield each
            continue
        claims = (Claim("hardware", each.product, _NAME, ""), Claim("version", each.version, _NAME, ""))
        source = f"{said}: {each.file}"
        reference = Reference(publisher, each.product, each.version, each.sha256, each.size, claims, source=source)
        yield from completed(reference, before + each.file, document.mirror, context)
    if word.publisher is not None:  # the last: an import that was broken off is no import
        yield Reference(publisher, product, stated, sha256(data).digest(), len(data), source=said)


def _date(text: str) -> int:
    """Return seconds since 1970."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise MalformedInput(_NAME, 0, f"DATE is {text[:60]!r}, no time with its zone")
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    at = seconds(year, month, day, hour, minute, second)
    if at is None:
        raise MalformedInput(_NAME, 0, f"DATE is {text[:60]!r}, which is no time")
    east = (int(match[8]) * 60 + int(match[9])) * 60
    return at - east if match[7] == "+" else at + east


IMPORTER = Importer(
    _NAME,
    "manifests of Gluon's autoupdater with their signatures by several keys (ecdsautils), and the images beside them",
    _recognises,
    _read,
    ("Gluon docs, features/autoupdater", "ecdsautils"),
)
