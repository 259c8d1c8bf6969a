"""The signed table of dm-verity behind a file system of Android 4.4 to 7, and the file system by it.

As AOSP does (``system/core/fs_mgr/fs_mgr_verity.cpp``):

 1. The header is of version 0, and the table is one.
 2. The signature is over the SHA-256 of the table, by the key ``verity_key`` of the boot image's ramdisk (RSA of 2048 bits, as
    libmincrypt stores it). No key stands beside the table: taken are the one in a boot image beside it, and those at hand.
 3. The root of the tree over the file system is the one in the table. Devices do this block by block as they read.

``VOFF`` in the place of the magic switches verity off on devices that allow it; the magic is not signed. It is told as a statement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import unpack_from
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.errors import InputError
from trueware.formats.filler import is_filler
from trueware.formats.verity import Tree, TreeMaker, can_make
from trueware.formats.verity_table import VerityTable, read_table
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.certificate import Certificate
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.prehashed import is_signed, signed_digest
from trueware.signatures.refusal import Refusal
from trueware.signatures.x509 import certificate_ids, name_of, spki_id

_SIGNATURE = slice(8, 264)
_TABLE = 268
_METADATA = 1 << 15
_MOST_KEYS, _MOST_LOOKED_AT, _DEPTH = 256, 4096, 4
_MINCRYPT, _BITS = 524, 2048
_MARGIN, _PER_BLOCK = 1 << 20, 128
"""Bytes behind a file system that are looked at: more than table and tree can take."""

_UNCLAIMED = re.compile(r"(?:gap|padding)-\d+")


@dataclass(frozen=True, slots=True)
class _Candidate:
    spki: bytes
    signer: Signer


class SignedVerityTable:
    """Signatures of tables of dm-verity."""

    name: ClassVar[str] = "verity-table"
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Android Verified Boot 1 (signed dm-verity table)",
        ("AOSP system/core/fs_mgr/fs_mgr_verity.cpp", "AOSP system/extras/verity/build_verity_metadata.py"),
        (
            "No key stands beside the table: it takes verity_key of a boot image beside it, or one at hand.",
            "No real signed image was at hand; openssl signed the vectors, veritysetup made their trees.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        view = site.view()
        (size,) = unpack_from("<I", view, _TABLE - 4)
        text = bytes(view[_TABLE : _TABLE + size])
        table = read_table(text.decode("ascii", "replace"))  # 1
        system = _around(site)
        if table is None or system is None:
            return
        outcome, detail, signer = _checked(text, bytes(view[_SIGNATURE]), list(_candidates(system, context)))  # 2
        coverage, wrong = Coverage(), None
        if outcome is Outcome.VALID:
            coverage, wrong = _compare(system, table)  # 3
        state = (("verity", "off" if bytes(view[:4]) == b"VOFF" else "on"),)
        yield Signature(
            SignedVerityTable.name, site.path, outcome, detail, signer, coverage, 8, dated=False, statements=state
        )
        if wrong is not None:
            yield Signature(SignedVerityTable.name, system.path, Outcome.BROKEN, wrong, signer, dated=False)


def _around(site: Site) -> Site | None:
    """Return the file system that the table stands behind."""
    around = site.above()
    for _ in range(_DEPTH):
        if around is None or around.is_folder:
            return None
        if around.format not in ("carved", None):
            return around
        around = around.above()
    return None


def _checked(text: bytes, signature: bytes, keys: list[_Candidate]) -> tuple[Outcome, str, Signer | None]:
    digest = sha256(text).digest()
    broken = None
    for key in keys:
        try:
            if is_signed(key.spki, "sha256", digest, signature):
                return Outcome.VALID, "sha256 over the table of dm-verity", key.signer
            if signed_digest(key.spki, "sha256", signature) is not None:
                broken = key.signer
        except Refusal:
            continue
    if broken is not None:
        return Outcome.BROKEN, "the table of dm-verity is not the one that was signed", broken
    return Outcome.UNCHECKABLE, f"none of {len(keys)} keys at hand signed the table of dm-verity", None


def _compare(system: Site, table: VerityTable) -> tuple[Coverage, str | None]:
    """Return what is covered of a file system, and what is wrong with it."""
    size = table.blocks * table.data_block
    if table.version != 1 or not can_make(table.algorithm, table.data_block, table.hash_block, size):
        return Coverage(excludes=(f"{system.path}, whose hash tree cannot be made anew",)), None
    maker = TreeMaker(table.algorithm, table.salt, table.data_block, table.hash_block)
    behind, left = bytearray(), size
    most, filler = _MARGIN + table.blocks * _PER_BLOCK, True
    try:
        for piece in system.chunks():
            view = memoryview(piece)
            maker.feed(view[:left])
            view, left = view[left:], left - min(left, len(view))
            room = most - len(behind)
            behind += view[:room]
            filler = filler and is_filler(view[room:], 0, len(view[room:]))
    except InputError as error:
        return Coverage(excludes=(f"{system.path}: {error}",)), None
    if left:
        return Coverage(excludes=(f"{system.path}, of which {left} bytes are not there",)), None
    made = maker.tree()
    if made.root != table.root:
        return Coverage(), f"the root of its hash tree is {made.root.hex()}, signed is {table.root.hex()}"
    if filler and _is_all(memoryview(behind), made, table.start * table.hash_block - size):
        return Coverage(paths=(system.path,)), None
    named = tuple(child.path for child in system.children() if not _UNCLAIMED.fullmatch(child.name))
    return Coverage(
        paths=named, excludes=(f"what lies behind the first {size} bytes of {system.path or 'the image'}",)
    ), None


def _is_all(behind: memoryview, tree: Tree, start: int) -> bool:
    """Tell whether there is nothing behind a file system but the table, its tree, and filler."""
    end = start + len(tree.levels)
    (size,) = unpack_from("<I", behind, _TABLE - 4) if len(behind) >= _TABLE else (0,)
    metadata = is_filler(behind, _TABLE + size, min(_METADATA, start)) and start >= _METADATA
    return (
        metadata
        and is_filler(behind, _METADATA, start)
        and behind[start:end] == tree.levels
        and (is_filler(behind, end, len(behind)))
    )


def _candidates(system: Site, context: Context) -> Iterator[_Candidate]:
    """Yield the keys to be tried: that of a boot image beside the file system, then those at hand."""
    for name in ("boot.img", "boot", "recovery.img", "recovery"):
        boot = system.beside(name)
        if boot is not None and (found := _named(boot, "verity_key", _MINCRYPT)) is not None:
            yield from _of_mincrypt(bytes(found.view()))
    for key in context.keyring.of_kind("spki")[:_MOST_KEYS]:
        yield _Candidate(key.data, Signer((spki_id(key.data),), key.name))
    for key in context.keyring.of_kind("x509")[:_MOST_KEYS]:
        try:
            spki = Certificate.parse(key.data).spki
        except Refusal:
            continue
        yield _Candidate(spki, Signer(certificate_ids(key.data), name_of(key.data), (key.data,)))


def _named(site: Site, name: str, size: int) -> Site | None:
    """Return a file below a part by name and size."""
    stack, seen = [site], 0
    while stack and seen < _MOST_LOOKED_AT:
        each = stack.pop()
        seen += 1
        if each.name == name and each.size == size:
            return each
        stack += each.children()
    return None


def _of_mincrypt(data: bytes) -> Iterator[_Candidate]:
    """Yield a key as libmincrypt stores it: words of the modulus, -1/n, n and 2^(2 bits) mod n lowest word first, exponent."""
    if len(data) != _MINCRYPT or unpack_from("<I", data) != (_BITS // 32,):
        return
    modulus, exponent = int.from_bytes(data[8:264], "little"), int.from_bytes(data[520:], "little")
    try:
        key = RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        return
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield _Candidate(spki, Signer((spki_id(spki),)))


_: type[Scheme] = SignedVerityTable
