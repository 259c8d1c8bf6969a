"""Signatures of apk-tools 2: a gzip stream in front, with a tar of signatures over the bytes of the next one.

A package is three gzip streams in a row: signatures, control (``.PKGINFO`` first) and data; an index is signatures and what is
signed. Each is part of one tar, which only the last one ends. A signature is a file ``.SIGN.RSA.<name of the key>`` (or RSA256,
RSA512).

 1. The first stream has nothing but signatures in it.
 2. The signature is over the bytes, as they are packed, of the control stream; of an index, of all that follows. RSA (PKCS #1 1.5)
    with SHA-1 (RSA), SHA-256 (RSA256) or SHA-512 (RSA512).
 3. ``datahash`` in ``.PKGINFO`` is the SHA-256 of all that follows the control stream, as it is packed.
 4. A key is known by the name of its file. All keys at hand are tried; one of that very name that did not sign says that something
    was changed.

Sources: apk-tools ``src/package.c`` (apk_sign_ctx_mpart_cb), Alpine ``abuild-sign``. No package of Alpine was at hand: the vectors
are made with tar, gzip and openssl, as abuild-sign does.
"""

import re
from collections.abc import Iterator
from hashlib import new, sha256
from typing import ClassVar
from zlib import MAX_WBITS, decompressobj
from zlib import error as zlib_error

from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.apk_tools.key import is_signed
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.x509 import spki_id

_NAME = "apk-tools-2"
_FILE = re.compile(r"\.SIGN\.(RSA|RSA256|RSA512)\.(.+)")
_DIGESTS = {"RSA": "sha1", "RSA256": "sha256", "RSA512": "sha512"}
_BLOCK = 512
_LARGEST_SIGNATURES, _LARGEST_CONTROL = 1 << 18, 1 << 24
_MOST_KEYS = 256
_DATAHASH = re.compile(rb"^datahash = ([0-9a-f]{64})$", re.MULTILINE)
_HEAD = 1 << 16


class ApkTools2:
    """Signatures in front of packages and indexes."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "apk-tools 2 packages and indexes (Alpine)",
        ("apk-tools src/package.c", "Alpine abuild-sign"),
        (
            "No package of Alpine was at hand; tar, gzip and openssl made the vectors.",
            "Packages that an index lists are not followed.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`. `site` is a signature in the tar; what is covered is the packed file around it."""
        named = _FILE.fullmatch(site.name)
        tar = site.above()
        packed = tar.above() if tar is not None else None
        if named is None or tar is None or packed is None or packed.format != "gzip":
            return
        try:
            yield _verified(packed, named, site.name, context)
        except Refusal as refusal:
            yield Signature(_NAME, packed.path, refusal.outcome, refusal.detail)


def _verified(packed: Site, named: re.Match[str], name: str, context: Context) -> Signature:
    view = packed.view()
    signatures, start = _member(view, 0, _LARGEST_SIGNATURES)
    found = [content for each, content in _files(signatures) if each == name]  # 1
    if len(found) != 1:
        uncheckable("the signature does not stand once, in the first stream")
    control, end = _member(view, start, _LARGEST_CONTROL)
    is_package = control[:_BLOCK].startswith(b".PKGINFO\0")
    signed = view[start:end] if is_package else view[start:]  # 2
    digest = _DIGESTS[named[1]]
    made = new(digest, signed, usedforsecurity=False).digest()
    keys = context.keyring.of_kind("spki")[:_MOST_KEYS]
    key = next((each for each in keys if is_signed(each.data, digest, found[0], made)), None)
    if key is None:  # 4
        if any(each.name.rpartition("/")[2] == named[2] for each in keys):
            broken(f"it is not what {named[2]} signed")
        uncheckable(f"the key {named[2]} is not at hand")
    if is_package:  # 3
        stated = _DATAHASH.findall(_first_file(control))
        if len(stated) != 1:
            uncheckable("the control stream does not state the digest of the data, once")
        if sha256(view[end:]).hexdigest().encode() != stated[0]:
            broken("the data are not those that were signed")
    return Signature(
        _NAME,
        packed.path,
        Outcome.VALID,
        f"{digest} over the {'control stream, and by it the data' if is_package else 'index'}",
        Signer((spki_id(key.data),), key.name or named[2]),
        Coverage(whole=True),
        0,
        statements=(("key", named[2]),),
    )


def _member(view: memoryview, start: int, most: int) -> tuple[bytes, int]:
    """Return what a gzip stream holds, up to so many bytes, and where it ends."""
    inflater = decompressobj(MAX_WBITS | 16)
    held = bytearray()
    at = start
    try:
        while not inflater.eof:
            piece = inflater.unconsumed_tail or view[at : at + _HEAD]
            if not piece:
                uncheckable("a gzip stream that is cut")
            at += 0 if inflater.unconsumed_tail else len(piece)
            held += inflater.decompress(piece, most + 1 - len(held))
            if len(held) > most:
                if most == _LARGEST_CONTROL and not held.startswith(b".PKGINFO\0"):
                    return bytes(held), len(view)  # an index, whose end does not matter
                uncheckable(f"a gzip stream of more than {most} bytes")
    except zlib_error as error:
        uncheckable(f"no gzip stream ({error})")
    return bytes(held), at - len(inflater.unused_data)


def _files(tar: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the first stream.

    Raises:
        Refusal: there is something else in it.
    """
    at = 0
    while at < len(tar):
        head = tar[at : at + _BLOCK]
        name = head[:100].rstrip(b"\0").decode("utf-8", "surrogateescape")
        size = re.fullmatch(rb"([0-7]{1,11})[ \0]*", head[124:136])
        if len(head) < _BLOCK or size is None or head[156:157] not in (b"0", b"\0") or not name.startswith(".SIGN."):
            uncheckable("there is more than signatures in the first stream")
        if any(head[345:500]):
            uncheckable("a signature with a long name")
        start, length = at + _BLOCK, int(size[1], 8)
        if start + length > len(tar):
            uncheckable("a signature that is cut")
        yield name, tar[start : start + length]
        at = start + -(-length // _BLOCK) * _BLOCK


def _first_file(tar: bytes) -> bytes:
    size = re.fullmatch(rb"([0-7]{1,11})[ \0]*", tar[124:136])
    length = int(size[1], 8) if size is not None else 0
    if tar[156:157] not in (b"0", b"\0") or not 0 < length <= len(tar) - _BLOCK:
        uncheckable("the control stream does not begin with .PKGINFO")
    return tar[_BLOCK : _BLOCK + length]


_: type[Scheme] = ApkTools2
