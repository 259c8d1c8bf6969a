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
 4. An image that lies beside a list which a key at hand signed, and has a name in it, has a digest that is listed for that name.

A signature does not name its key, so one that no key at hand made could not be checked: whether text or signature was changed, or it
is a stranger's, cannot be told. Nothing behind ``---`` is listed.

Sources: Gluon ``package/gluon-autoupdater`` (``src/manifest.c``), ``contrib/sign.sh``; ecdsautils.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import new, sha256
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
_LINE = re.compile(rb"^\S+ \S+ ([0-9a-f]{64}|[0-9a-f]{128})(?: \d+)? ([^\s/]+)$", re.MULTILINE)
_SHORT = 64
_MOST_IMAGES = 1024
"""Images beside a list that are compared with it."""


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
    listed: _Listed | None = None
    counted: dict[str, Signer] = {}
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
        counted[key.id] = signer = Signer((key.id,), key.name)
        listed = listed or _Listed.of(site, body, others)
        detail = f"the list is what {key.name or key.id} signed"
        yield Signature(_NAME, site.path, Outcome.VALID, detail, signer, listed.coverage, offset)
    if strange or not signatures:
        at_hand = len(context.keyring.of_kind("ecdsautils"))
        detail = f"{strange} signatures by none of {at_hand} keys at hand" if strange else "it has no signature"
        yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, detail, offset=offset)
    for image in listed.altered if listed is not None else ():  # 4
        detail = f"{image.name} is not the one of that name in the list, which {len(counted)} known keys signed"
        yield Signature(_NAME, image.path, Outcome.BROKEN, detail, next(iter(counted.values())))


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a list says of the images beside it."""

    coverage: Coverage
    altered: tuple[Site, ...]
    """Those of a listed name that have none of the digests that are listed for it."""

    @classmethod
    def of(cls, site: Site, body: bytes, others: int) -> "_Listed":
        """Compare the images beside with the list, and tell what it covers."""
        short: dict[bytes, set[bytes]] = {}
        long: dict[bytes, set[bytes]] = {}
        for digest, name in _LINE.findall(body):
            (short if len(digest) == _SHORT else long).setdefault(name, set()).add(digest)
        paths: list[str] = []
        altered: list[Site] = []
        excludes: list[str] = []
        for name in dict.fromkeys((*short, *long)):
            text = name.decode("utf-8", "surrogateescape")
            image = site.beside(text)
            if image is None or image.is_folder or len(paths) + len(altered) >= _MOST_IMAGES:
                continue
            try:
                found = (_sha256(image) in short[name]) if name in short else (_sha512(image) in long[name])
            except InputError as error:
                excludes.append(f"{text}: {error}")
                continue
            if not found:
                altered.append(image)
            elif name not in short:  # what is listed by SHA-256 is covered by that
                paths.append(image.path)
        if others:
            excludes.append(f"{others} lines among the signatures that are none")
        else:
            paths.insert(0, site.path)
        coverage = Coverage(paths=tuple(paths), digests=covered_by(site, body), excludes=tuple(excludes))
        return cls(coverage, tuple(altered))


def _sha256(image: Site) -> bytes:
    if image.sha256 is not None:
        return image.sha256.hex().encode()
    return _hashed(image, "sha256")


def _sha512(image: Site) -> bytes:
    return _hashed(image, "sha512")


def _hashed(image: Site, name: str) -> bytes:
    digest = new(name)
    for chunk in image.chunks():
        digest.update(chunk)
    return digest.hexdigest().encode()


_: type[Scheme] = Gluon
