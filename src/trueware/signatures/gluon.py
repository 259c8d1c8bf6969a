"""Gluon's manifests: a list of firmware images, and signatures over it of which a router wants a number by different keys.

::

    BRANCH=stable
    DATE=2017-12-01 07:42:57+01:00
    PRIORITY=0
                                               (an empty line)
    <model> <version> <SHA-256> [<size>] <name of the image>      (older ones: also <SHA-512>)
    ---
    <r and s in hexadecimal, 64 bytes>         (any number)

 1. What is signed is everything in front of the first line ``---``; the signatures stand behind it, one a line.
 2. A signature is by a key at hand (`trueware.signatures.ec25519`) over the SHA-256 of what is signed.
 3. Each key counts once. How many are needed is the anchors' to say.

A signature does not name its key, so one that no key at hand made could not be checked: whether text or signature was changed, or it
is a stranger's, cannot be told. Nothing behind ``---`` is listed.

Sources: Gluon ``package/gluon-autoupdater`` (``src/manifest.c``), ``contrib/sign.sh``; ecdsautils.
"""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256, sha512
from typing import ClassVar

from trueware.errors import InputError, MalformedInput
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.ec25519 import signing_keys, verifies
from trueware.signatures.listings import covered_by

_NAME = "gluon"
_LARGEST = 1 << 24
_SEPARATOR = b"\n---\n"
_SIGNATURE = re.compile(rb"[0-9a-fA-F]{128}")
_MOST_SIGNATURES = 32
"""Behind one manifest: a router wants three or so."""

_BRANCH = re.compile(rb"^BRANCH=", re.MULTILINE)
_SHORT = re.compile(rb"^\S+ \S+ [0-9a-f]{64}(?: \d+)? (\S+)$", re.MULTILINE)
_LONG = re.compile(rb"^\S+ \S+ ([0-9a-f]{128})(?: \d+)? ([^\s/]+)$", re.MULTILINE)
_MOST_LONG = 1024
"""Images listed by SHA-512 that are looked for."""


class Gluon:
    """Signatures of Gluon's update manifests."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Gluon: update manifests with ECDSA signatures by several keys",
        ("Gluon package/gluon-autoupdater", "ecdsautils src/lib/ecdsa.c", "libuecc src/ec25519.c"),
        (
            "A signature by no key at hand is not checkable, changed text included: it does not name its key.",
            "An image listed by SHA-512 alone is covered where it lies beside the manifest.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterable[Signature]:
        """See `Scheme`."""
        if not 0 < site.size <= _LARGEST:
            return
        data = bytes(site.view())
        body, found, rest = data.partition(_SEPARATOR)  # 1
        if not found or _BRANCH.search(body) is None:
            return  # another program's manifest
        body += b"\n"
        if b"\0" in body:
            raise MalformedInput(
                _NAME, body.index(b"\0"), "a zero in the text, where the router stops to read the line"
            )
        lines = [line for line in rest.split(b"\n") if line]
        signatures = [line for line in lines if _SIGNATURE.fullmatch(line)]
        if len(signatures) > _MOST_SIGNATURES:
            raise MalformedInput(_NAME, len(body), f"{len(signatures)} signatures")
        yield from _checked(site, context, body, signatures, len(lines) - len(signatures))


def _checked(site: Site, context: Context, body: bytes, signatures: list[bytes], others: int) -> Iterator[Signature]:
    digest = sha256(body).digest()
    offset = len(body) + len(_SEPARATOR) - 1
    coverage: Coverage | None = None
    counted: set[str] = set()
    strange = 0
    for each in dict.fromkeys(bytes.fromhex(line.decode()) for line in signatures):
        key = next(
            (
                key
                for packed in signing_keys(each, digest)
                if (key := context.keyring.get(f"ecdsautils:{packed.hex()}")) is not None
            ),
            None,
        )
        if key is None or not verifies(key.data, each, digest):  # 2
            strange += 1
            continue
        if key.id in counted:  # 3
            continue
        counted.add(key.id)
        coverage = coverage or _coverage(site, body, others)
        detail = f"the list is what {key.name or key.id} signed"
        yield Signature(_NAME, site.path, Outcome.VALID, detail, Signer((key.id,), key.name), coverage, offset)
    if strange or not signatures:
        at_hand = len(context.keyring.of_kind("ecdsautils"))
        detail = f"{strange} signatures by none of {at_hand} keys at hand" if strange else "it has no signature"
        yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, detail, offset=offset)


def _coverage(site: Site, body: bytes, others: int) -> Coverage:
    """Return what is listed, and the list itself unless something else stands behind it."""
    paths, excludes = _by_sha512(site, body)
    if others:
        excludes.append(f"{others} lines among the signatures that are none")
    else:
        paths.insert(0, site.path)
    return Coverage(paths=tuple(paths), digests=covered_by(site, body), excludes=tuple(excludes))


def _by_sha512(site: Site, body: bytes) -> tuple[list[str], list[str]]:
    """Return the images beside that are listed by SHA-512 alone and are those, and in words those that are not."""
    paths, excludes = [], []
    listed = set(_SHORT.findall(body))
    long = {name: stated for stated, name in _LONG.findall(body) if name not in listed}
    for name, stated in list(long.items())[:_MOST_LONG]:
        text = name.decode("utf-8", "surrogateescape")
        image = site.beside(text)
        if image is None or image.is_folder:
            continue
        made = sha512()
        try:
            for chunk in image.chunks():
                made.update(chunk)
        except InputError as error:
            excludes.append(f"{text}, which is listed by SHA-512: {error}")
            continue
        if made.hexdigest().encode() == stated:
            paths.append(image.path)
        else:
            excludes.append(f"{text}, which is not the one that is listed by SHA-512")
    return paths, excludes


_: type[Scheme] = Gluon
