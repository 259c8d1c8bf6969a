"""opkg's package feeds: ``Packages`` (or ``Packages.gz``), its signature, and the packages beside it.

From the signature down to each package:

1. The signatures over ``Packages``, unpacked: ``Packages.sig`` (usign), ``Packages.asc`` (OpenPGP); some sign it packed instead
   (``Packages.gz.sig``). A broken one, or one by a key that must not be believed, and the index states nothing. Without one by a
   publisher's key that is at hand it is somebody's word, and each reference says so. Where both lie there, they are the same.
2. Each stanza is a reference: SHA-256 and size of a package, with its name, version and architecture.
3. A package that lies beside is the one that the stanza names, by size and SHA-256, and says the same of itself. Then it is measured.

No index says when it was made: an older one is no replay that could be told, and takes nothing back.

Sources: OpenWrt ``scripts/ipkg-make-index.sh``; opkg ``libopkg/pkg_parse.c``, ``libopkg/opkg_download.c``.
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import chain

from trueware.errors import UntrustedStatement
from trueware.formats.moments import written
from trueware.importing.at_hand import completed
from trueware.importing.contract import Context, Document, Importer, Measured
from trueware.importing.lists import parse_index
from trueware.importing.places import Places
from trueware.importing.unpacked import gunzipped
from trueware.importing.vouching import signatures_beside, vouched
from trueware.model.claim import Claim
from trueware.registry.references import Reference, Refused

_NAME = "opkg"
MAX_INDEX = 1 << 27
"""Bytes of an index, unpacked; OpenWrt's longest has 3 MB."""

_INDEX, _PACKED = "Packages", "Packages.gz"
_SIGNATURES = (".sig", ".asc")


def _recognises(document: Document) -> bool:
    folder, slash, name = document.path.rpartition("/")
    lies = document.mirror.size
    if name not in (_INDEX, _PACKED):
        return False
    if any(lies(f"{folder}{slash}{each}{ending}") is not None for each in (_INDEX, _PACKED) for ending in _SIGNATURES):
        return True
    return name == _INDEX and re.search(rb"(?m)^Filename: \S+\.ipk$", document.head) is not None


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    places = Places(document.mirror)
    folder, slash, _ = document.path.rpartition("/")
    before = folder + slash
    index, packed = places.file(before + _INDEX), places.file(before + _PACKED)
    if packed is not None:
        text = b"".join(gunzipped([places.hold(packed.path, MAX_INDEX)], MAX_INDEX))
        if index is not None and places.hold(index.path, MAX_INDEX) != text:  # 1
            raise UntrustedStatement(f"{_PACKED} packs another index than the {_INDEX} beside it")
        index = index or places.put(before + _INDEX, text)
    assert index is not None  # noqa: S101 (the document is one of the two)
    both = (signatures_beside(each, _SIGNATURES, context) for each in (index, packed) if each is not None)
    word = vouched(chain.from_iterable(both), (), context)
    publisher = word.whose(context, _NAME)
    said = f"{_INDEX}, {word.told}" + (f" on {written(word.signed_at)[:10]}" if word.signed_at is not None else "")
    for each in parse_index(places.hold(index.path, MAX_INDEX).decode("utf-8", "surrogateescape")):  # 2
        if isinstance(each, Refused):
            yield each
            continue
        file = each.file.removeprefix("./")
        source = f"{said}: {file}" if file else said
        stated = Reference(
            publisher, each.product, each.version, each.sha256, each.size, each.claims, policy="package", source=source
        )
        contradiction = partial(_contradiction, stated.claims)
        yield from completed(stated, before + file, document.mirror, context, contradiction)  # 3


def _contradiction(stated: tuple[Claim, ...], measured: Measured) -> str | None:
    """Return how a package contradicts the stanza that names it."""
    says: dict[str, Claim] = {}
    for each in measured.claims:
        if each.source == "package-control" and each.part.count("/") < says.get(each.name, _DEEP).part.count("/"):
            says[each.name] = each  # its own, not that of a package inside
    return next(
        (
            f"it says {each.name} {own.value!r}, and the index {each.value!r}"
            for each in stated
            if (own := says.get(each.name)) is not None and own.value != each.value
        ),
        None,
    )


_DEEP = Claim("", "", "", "/" * 64)

IMPORTER = Importer(
    _NAME,
    "Packages of opkg feeds (OpenWrt, LEDE) with its signature (usign, OpenPGP), and the packages beside it",
    _recognises,
    _read,
    ("OpenWrt scripts/ipkg-make-index.sh", "opkg libopkg/pkg_parse.c", "usign(1)", "RFC 9580"),
)
