"""Package feeds of apk-tools 3 (Alpine, OpenWrt since 25.12): ``packages.adb`` with its signature in it, and the packages beside it.

1. The signatures in the index. A broken one, or one by a key that must not be believed, and the index states nothing. Without one by
   a publisher's key that is at hand it is somebody's word, and each reference says so.
2. The index names a package by the SHA-256 of its database, and not of its file: only one that lies in the mirror is a reference.
3. A package that lies beside, as ``name-version.apk``, has that database and the data that this states. Then it is measured.

Sources: apk-tools ``src/apk_adb.h``, ``src/app_mkndx.c``, ``src/adb_comp.c``. No index made by apk-tools was at hand.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.formats.packages.adb_packed import AdbPacked
from trueware.identifying.contract import claim
from trueware.importing.at_hand import MAX_MEASURED, with_manifest
from trueware.importing.contract import Context, Document, Importer, Mirror
from trueware.importing.places import Places
from trueware.importing.vouching import verification, vouched
from trueware.model.limits import Limits
from trueware.registry.references import Reference, Refused

_NAME = "apk"
MAX_INDEX = 1 << 28
"""Bytes of an index, packed and unpacked; Alpine's longest has 20 MB."""

_MAGICS = (b"ADB.indx", b"ADBd", b"ADBc")


def _recognises(document: Document) -> bool:
    return document.path.endswith(".adb") and document.head.startswith(_MAGICS)


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    from trueware.signatures.apk_tools.v3 import ApkTools3, listed_in  # noqa: PLC0415 (start-up time)

    places = Places(document.mirror)
    data = _unpacked(places.hold(document.path, MAX_INDEX), MAX_INDEX, context.limits)
    word = vouched(ApkTools3.verify(places.put(document.path, data), verification(context)), (), context)  # 1
    publisher = word.whose(context, _NAME)
    folder, slash, name = document.path.rpartition("/")
    away = 0
    for each in listed_in(memoryview(data), context.limits):  # 2
        file = f"{each.name}-{each.version}.apk"
        if not each.name or not each.version or not each.identity:
            yield Refused(file[:200], "a package without name, version or SHA-256")
            continue
        stated = Reference(
            publisher,
            f"{each.name} ({each.architecture})" if each.architecture else each.name,
            each.version,
            b"",
            each.size,
            tuple(
                said
                for key, value in (
                    ("package", each.name),
                    ("version", each.version),
                    ("architecture", each.architecture),
                )
                for said in claim(key, value, "index", "")
            ),
            source=f"{name}, {word.told}: {file}",
        )
        path = folder + slash + file
        if document.mirror.size(path) is None:
            away += 1
        else:
            yield from _package(stated, each.identity, path, document.mirror, context)
    if away:
        yield Refused(name, f"{away} packages that do not lie beside it: the index does not state digests of files")


def _unpacked(data: bytes, most: int, limits: Limits) -> bytes:
    view = memoryview(data)
    if not AdbPacked.matches(view):
        return data
    unpacked = bytearray()
    for entry in AdbPacked.read(view, limits).entries:
        if entry.content is not None:
            for chunk in entry.content.chunks():
                unpacked += chunk
                if len(unpacked) > most:
                    raise LimitExceeded("unpacked document", most, "what it packs is longer")
    return bytes(unpacked)


def _package(
    stated: Reference, identity: bytes, path: str, mirror: Mirror, context: Context
) -> Iterator[Reference | Refused]:
    """Yield the reference to a package that lies in the mirror (check 3)."""
    from trueware.signatures.apk_tools.v3 import identity_of  # noqa: PLC0415 (start-up time)
    from trueware.signatures.refusal import Refusal  # noqa: PLC0415 (start-up time)

    try:
        data = mirror.read(path, MAX_MEASURED) or b""
        stated = replace(stated, sha256=sha256(data).digest(), size=stated.size or len(data))
        if len(data) != stated.size:
            raise MalformedInput(_NAME, 0, f"{len(data)} bytes lie there, {stated.size} are stated")
        if identity_of(memoryview(_unpacked(data, MAX_MEASURED, context.limits)), context.limits) != identity:
            raise MalformedInput(_NAME, 0, "another package than the index names")
        if context.known(stated.sha256) and stated.version in context.versions(stated.publisher, stated.product):
            return
        if context.measure is None or context.known(stated.sha256):
            yield stated
        else:
            yield with_manifest(stated, context.measure(path.rpartition("/")[2], data), len(data))
    except InputError as error:
        yield Refused(path, error.reason if isinstance(error, MalformedInput) else str(error))
    except Refusal as refusal:
        yield Refused(path, refusal.detail)


IMPORTER = Importer(
    _NAME,
    "packages.adb of apk-tools 3 (Alpine, OpenWrt), its signatures verified, and the packages beside it",
    _recognises,
    _read,
    ("apk-tools src/apk_adb.h", "apk-tools src/app_mkndx.c"),
)
