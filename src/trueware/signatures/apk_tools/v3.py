"""Signatures of apk-tools 3: blocks behind the database of a package or index.

======  ====  ==========================================================
offset  size  field of a signature block
======  ====  ==========================================================
0       1     version, 0
1       1     digest, 4: SHA-512
2       16    id of the key, see `trueware.signatures.apk_tools.key`
18      ..    signature: RSA (PKCS #1 1.5) or ECDSA, with SHA-512
======  ====  ==========================================================

 1. The block is of version 0 and names SHA-512; its key is at hand.
 2. The signature is over the schema (4 bytes), the first 18 bytes of the block, and the SHA-512 of the database.
 3. Of a package, each file with data has its digest in the database, and the data are those; the blocks of data are in the order of
    the files, and there are no others.
 4. An index lists packages by the SHA-256 of their databases. OpenWrt signs indexes alone: a package beside the index whose
    database is listed is covered as by a signature of its own (3).

Source: apk-tools ``src/adb.c`` (adb_trust_verify_signature, __adb_handle_identity), ``src/adb.h``, ``src/app_mkndx.c``. No package
made by apk-tools was at hand: the vectors are laid out from the source, and signed by openssl.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import new, sha256, sha512
from struct import unpack_from
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.packages import adb
from trueware.model.limits import Limits
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.apk_tools.key import is_signed, key_id
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.x509 import spki_id

_NAME = "apk-tools-3"
_HEADER, _SHA512 = 18, 4
_MOST = 16
"""Signatures of one package."""

_HASHES_OF_PACKAGE, _FILE_SIZE_OF_PACKAGE, _PACKAGES = 3, 13, 2
_NAMES = (1, 2, 5)
"""Fields of a package: name, version, architecture."""

_NAMED = 3
_MOST_BESIDE = 1 << 16
_PACKED, _UNPACKED = "adb-packed", "data"


class ApkTools3:
    """Signatures in ADB files."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "apk-tools 3 packages and indexes (Alpine, OpenWrt)",
        ("apk-tools src/adb.c, src/adb.h",),
        ("No package made by apk-tools was at hand; openssl signed the vectors.",),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        view, limits = site.view(), context.limits
        reading = Reading()
        blocks = list(adb.blocks(view, limits, reading))
        signatures = [each for each in blocks if each.kind == adb.SIGNATURE]
        if not signatures:
            return
        if len(signatures) > _MOST or blocks[0].kind != adb.DATABASE:
            detail = f"{len(signatures)} signatures, or none behind a database"
            yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, detail)
            return
        database = view[blocks[0].start : blocks[0].end]
        digest = sha512(database).digest()
        contents: Coverage | None = None
        for block in signatures:
            data = bytes(view[block.start : block.end])
            signer: Signer | None = None
            try:
                named = _named(data)  # 1
                signer = Signer((f"apk-tools:{named.hex()}",))
                key = next((each for each in context.keyring.of_kind("spki") if key_id(each.data) == named), None)
                if key is None:
                    uncheckable(f"the key {named.hex()} is not at hand")
                signer = Signer((spki_id(key.data), *signer.ids), key.name)
                if not is_signed(key.data, "sha512", data[_HEADER:], _signed(view, data, digest)):  # 2
                    broken("the database is not the one that was signed")
                contents = contents or _contents(view, blocks, reading, limits)  # 3, 4
                detail = "the database, and by it the files" if contents.whole else "the database"
                beside = list(_beside(site, contents.digests, limits))
                paths = tuple(path for path, reason in beside if not reason)
                covered = replace(contents, paths=paths)
                yield Signature(_NAME, site.path, Outcome.VALID, detail, signer, covered, block.start)
                for path, reason in beside:
                    if reason:
                        yield Signature(_NAME, path, Outcome.BROKEN, f"listed in {site.path}, and {reason}", signer)
            except Refusal as refusal:
                yield Signature(_NAME, site.path, refusal.outcome, refusal.detail, signer, offset=block.start)


@dataclass(frozen=True, slots=True)
class Listed:
    """A package as an index lists it."""

    name: str
    version: str
    architecture: str
    identity: bytes
    """SHA-256 of its database; empty where the index has another digest."""

    size: int
    """Bytes of its file."""


def listed_in(view: memoryview, limits: Limits) -> Iterator[Listed]:
    """Yield the packages that an index lists.

    Raises:
        MalformedInput: it is none.
    """
    blocks = list(adb.blocks(view, limits, Reading())) if adb.Adb.matches(view) else []
    if not blocks or bytes(view[4:8]) != b"indx":
        raise MalformedInput(_NAME, 0, "no index of packages")
    database = adb.Values(view[blocks[0].start : blocks[0].end], limits)
    for each in database.items(adb.at(database.fields(database.root), _PACKAGES)):
        fields = database.fields(each)
        identity = database.octets(adb.at(fields, _HASHES_OF_PACKAGE))
        name, version, architecture = (database.text(adb.at(fields, number)) for number in _NAMES)
        size = database.number(adb.at(fields, _FILE_SIZE_OF_PACKAGE))
        yield Listed(name, version, architecture, identity if len(identity) == 32 else b"", size)


def identity_of(view: memoryview, limits: Limits) -> bytes | None:
    """Return what an index names a package by, once its data are found to be what its database says (3); None where it is none.

    Raises:
        Refusal: the data are others.
    """
    reading = Reading()
    blocks = list(adb.blocks(view, limits, reading)) if adb.Adb.matches(view) else []
    if not blocks or bytes(view[4:8]) != b"pckg" or not _contents(view, blocks, reading, limits).whole:
        return None
    return sha256(view[blocks[0].start : blocks[0].end]).digest()


def _signed(view: memoryview, data: bytes, digest: bytes) -> bytes:
    return sha512(b"".join((view[4:8], data[:_HEADER], digest))).digest()


def _named(data: bytes) -> bytes:
    """Return the id of the key that a signature names."""
    if len(data) <= _HEADER or data[:2] != bytes([0, _SHA512]):
        uncheckable("a signature of another version, or with another digest than SHA-512")
    return data[2:_HEADER]


def _contents(view: memoryview, blocks: list[adb.Block], reading: Reading, limits: Limits) -> Coverage:
    """Return what is covered with the database."""
    database = adb.Values(view[blocks[0].start : blocks[0].end], limits)
    root = database.fields(database.root)
    data = [each for each in blocks if each.kind == adb.DATA]
    excludes: list[str] = []
    is_package = bytes(view[4:8]) == b"pckg"
    digests: frozenset[bytes] = frozenset()
    if is_package:
        undigested = _compared(view, database, root, data)
        if undigested:
            excludes.append(f"files without digest: {', '.join(map(repr, undigested[:_NAMED]))}")
    else:
        packages = (database.fields(each) for each in database.items(adb.at(root, _PACKAGES)))
        listed = (database.octets(adb.at(package, _HASHES_OF_PACKAGE)) for package in packages)
        digests = frozenset(each for each in listed if len(each) == 32)
    known = (adb.DATABASE, adb.SIGNATURE, adb.DATA) if is_package else (adb.DATABASE, adb.SIGNATURE)
    others = [each for number, each in enumerate(blocks) if each.kind not in known or (number and not each.kind)]
    if others or reading.anomalies or reading.end != len(view) or not _is_filled(view, blocks):
        excludes.append("blocks of another kind, or bytes between or behind the blocks")
    return Coverage(not excludes, digests=digests, excludes=tuple(excludes))


def _beside(site: Site, listed: frozenset[bytes], limits: Limits) -> Iterator[tuple[str, str]]:
    """Yield the paths of packages beside an index that it lists, each with what is wrong with it: nothing where it is covered."""
    above = site.above()
    file = above if above is not None and above.format == _PACKED else site
    folder = file.above()
    children = folder.children() if listed and folder is not None else ()
    for each, _ in zip(children, range(_MOST_BESIDE), strict=False):
        package = each.child(_UNPACKED) if each.format == _PACKED else each
        if package is None or package.format != "adb" or each.path == file.path:
            continue
        view, reading = package.view(), Reading()
        blocks = list(adb.blocks(view, limits, reading))
        if not blocks or sha256(view[blocks[0].start : blocks[0].end]).digest() not in listed:
            continue
        try:
            if _contents(view, blocks, reading, limits).whole:
                yield each.path, ""
        except Refusal as refusal:
            yield each.path, refusal.detail


def _compared(view: memoryview, database: adb.Values, root: list[int], data: list[adb.Block]) -> list[str]:
    """Compare the data with the digests in the database; return the files that have none.

    Raises:
        Refusal: data are not those of their file, or missing, or there are more of them.
    """
    undigested: list[str] = []
    left = iter(data)
    for number, path in enumerate(database.items(adb.at(root, adb.PATHS)), 1):
        folder = database.fields(path)
        above = database.text(adb.at(folder, adb.DIR_NAME))
        for index, file in enumerate(database.items(adb.at(folder, adb.DIR_FILES)), 1):
            fields = database.fields(file)
            size = database.number(adb.at(fields, adb.FILE_SIZE))
            if not size or database.octets(adb.at(fields, adb.TARGET)):
                continue
            name = f"{above}/{database.text(adb.at(fields, adb.NAME))}".lstrip("/")
            block = next(left, None)
            if block is None:
                broken(f"the data of {name!r} are missing")
            content = view[block.start + 8 : block.end]
            stated = unpack_from("<2I", view, block.start) if block.end - block.start >= 8 else ()
            digest = database.octets(adb.at(fields, adb.HASHES))
            algorithm = adb.DIGESTS.get(len(digest))
            if stated != (number, index) or len(content) != size:
                broken(f"the data of {name!r} are of another file, or of another length")
            if algorithm is None:
                undigested.append(name)
            elif new(algorithm, content, usedforsecurity=False).digest() != digest:
                broken(f"{name!r} is not the file that was signed")
    if next(left, None) is not None:
        broken("data that belong to no file")
    return undigested


def _is_filled(view: memoryview, blocks: list[adb.Block]) -> bool:
    """Tell whether what fills up blocks to multiples of 8 is zeros."""
    return not any(any(view[each.end : each.end + -each.end % 8]) for each in blocks)


_: type[Scheme] = ApkTools3
