"""Android Verified Boot 2: a vbmeta structure is signed, and says what the partitions of a device have to be.

For each structure, as libavb does (``libavb/avb_vbmeta_image.c``, ``avb_slot_verify.c``; layout in `trueware.formats.avb`):

 1. The header is whole and has its magic. The version of libavb that it asks for is not looked at: it tells what a device needs, and
    nothing about the bytes.
 2. Blocks are multiples of 64 and lie in the bytes; hash and signature lie in the authentication block, key and descriptors in the
    auxiliary block.
 3. Algorithm none is no signature. A structure that stands by itself is told as unsigned, since a locked device refuses it; one
    behind the image of a partition says nothing, since most repeat what the signed one of the device says.
 4. The key has the size of the algorithm, and the numbers that a device computes with belong to it.
 5. The hash of header and auxiliary block is the one stated.
 6. The key's signature is over this hash.
 7. A hash descriptor: the digest over salt and image is the one described.
 8. A hash tree descriptor: the root of the tree over the image is the one described; devices do this block by block as they read. A
    stored tree is covered if it is this one, and error correction behind it if it belongs to image and tree.
 9. A chain descriptor: the partition has a structure of its own, signed by the key described. That structure's signature is
    reported for itself, and what it covers is not covered by this one: a chain lets somebody else speak for a partition.
10. Whose key it is, and whether the rollback index went back, is asked of the registry: not here.

A structure behind an image that has no signature of its own, and says nothing that the signed one does not say, is covered with the
image: no device reads it, and its descriptors are those that were signed.

Partitions that are not there are named in `Coverage.excludes`. Flags are not an error: set before signing they are the publisher's
own word (a statement), set afterwards the signature is broken. The boot signature of GKI (``boot.img`` version 4, and what stands
behind the image from Android 13 on) is made of such structures about the boot image and its kernel.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar

from trueware.errors import InputError
from trueware.formats.avb import (
    FLAGS,
    MAGIC,
    Chain,
    CommandLine,
    Hash,
    HashTree,
    Property,
    VbMeta,
    read_vbmeta,
)
from trueware.formats.contract import Reading
from trueware.formats.fields import flags_told
from trueware.formats.filler import is_filler
from trueware.model.claim import BOOT_HASH
from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures.avb.boot_hash import boot_hash
from trueware.signatures.avb.partitions import Compared, Surroundings, compare
from trueware.signatures.avb.structure import Structure, check_structure, key_ids
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site

_BOOT_SIGNATURE = "avb-boot-signature"
"""Name of the scheme where a structure is the signature of one boot image: the key is that of GKI, not of the device."""

_MOST_READ = 4
_RESERVED = 176
"""Where the reserved bytes of a header begin, its last field."""

_MAX_STATEMENT = 1024
_MAIN = frozenset({"vbmeta", "vbmeta_a", "vbmeta_b"})
"""Partitions that a boot loader begins with (``libavb/avb_slot_verify.c``)."""


class Avb:
    """Signatures of vbmeta structures."""

    name: ClassVar[str] = "avb"
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Android Verified Boot 2 (vbmeta)",
        (
            "AOSP external/avb/libavb/avb_vbmeta_image.c",
            "AOSP external/avb/libavb/avb_slot_verify.c",
            "AOSP external/avb/README.md",
        ),
        (
            "ML-DSA is verified with an empty context only; no image that has it was seen.",
            "The certificate extension (libavb_cert) is not followed.",
            "No real partition at hand confirms hash trees and error correction; veritysetup made those of the vectors.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:  # noqa: ARG004 (the key comes with the structure)
        """See `Scheme`."""
        if site.format == "vbmeta":
            yield from _verify(site, site.view())
        elif site.format is None and not site.is_folder and _begins(site):
            yield from _verify(site, site.view())  # by its name it should be one: what is wrong is told


def _begins(site: Site) -> bool:
    first = next(iter(site.chunks()), b"")
    return bytes(first[: len(MAGIC)]) == MAGIC


def _verify(site: Site, view: memoryview) -> Iterator[Signature]:
    structure, around = check_structure(view), Surroundings.of(site)
    meta, outcome = structure.meta, structure.outcome
    scheme = Avb.name if around.boot is None else _BOOT_SIGNATURE
    if outcome is None:
        if around.partition is not None or around.boot is not None:
            return
        outcome = Outcome.UNCHECKABLE
    if outcome is not Outcome.VALID:
        yield Signature(
            scheme,
            site.path,
            outcome,
            structure.detail,
            structure.signer,
            offset=meta.signature[0],
            dated=False,
            as_signed=() if structure.flags_signed else (("flags", flags_told(FLAGS, 0)),),
            statements=_statements(view, meta) if structure.outcome is None else (),
        )
        return
    key = bytes(view[slice(*meta.public_key)])
    described = _Described(scheme, structure, around, key, _listed(view, meta))
    wrong = list(described.verify())
    whole, behind = _whole(view, meta)
    yield Signature(
        scheme,
        site.path,
        Outcome.VALID,
        f"{structure.detail}; {described.told()}",
        structure.signer,
        Coverage(whole, tuple(dict.fromkeys(described.paths)), excludes=(*behind, *described.excluded())),
        meta.signature[0],
        dated=False,
        statements=(*_statements(view, meta), *_boot_hash(view, meta, around)),
    )
    yield from wrong


def _boot_hash(view: memoryview, meta: VbMeta, around: Surroundings) -> Iterator[tuple[str, str]]:
    """Yield what a phone attests that boots by this structure: not by one of a partition, nor by one that another chains to."""
    outer = around.site
    is_main = outer.above() is None or outer.name.partition(".")[0] in _MAIN
    if around.partition is None and around.boot is None and is_main:
        digest = boot_hash(view, meta, around)
        if digest is not None:
            yield BOOT_HASH, digest.hex()


@dataclass(slots=True)
class _Described:
    """What a signed structure says of partitions, held against those that are there."""

    scheme: str
    structure: Structure
    around: Surroundings
    key: bytes
    signed: frozenset[bytes]
    """The descriptors as they stand."""

    paths: list[str] = field(default_factory=list)
    excludes: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=dict)
    """How often each image was read, by path."""

    described: int = 0
    same: int = 0
    differ: int = 0

    def told(self) -> str:
        """Return in words how many images were there and fit."""
        if not self.described:
            return "no image is described"
        differ = f", {self.differ} differ" if self.differ else ""
        return f"of {self.described} images described {self.same} are there and fit{differ}"

    def excluded(self) -> Iterator[str]:
        """Yield in words what is not covered."""
        if self.absent:
            yield f"partitions that are not there: {', '.join(dict.fromkeys(self.absent))}"
        yield from self.excludes

    def verify(self) -> Iterator[Signature]:
        """Yield a signature that is broken, or taken off, for each image that is not what is described."""
        for descriptor in self.structure.meta.descriptors:
            match descriptor:
                case Hash() | HashTree():
                    self.described += 1
                    yield from self._image(descriptor)
                case Chain() if self.around.boot is None:
                    yield from self._chained(descriptor)
                case _:
                    pass

    def _image(self, descriptor: Hash | HashTree) -> Iterator[Signature]:  # 7, 8
        found, one_is_enough = self.around.find(descriptor.partition)
        if not found and (own := self.around.partition) is not None and _about(descriptor, own):
            found = [own]
        if not found:
            self.absent.append(descriptor.partition)
            return
        wrong = []
        same = 0
        for site in found:
            compared = self._compared(site, descriptor)
            if compared.same is False:
                detail = f"not the image of {descriptor.partition} that was signed: {compared.detail}"
                wrong.append(self._wrong(site, Outcome.BROKEN, detail))
            elif compared.same is None:
                self.excludes.append(f"{site.path or descriptor.partition}: {compared.detail}")
            else:
                self.paths += compared.paths
                self.excludes += compared.excludes
                self.paths += self._repeating(site)
                same += 1
        self.same += bool(same)
        if not (one_is_enough and same):
            self.differ += bool(wrong)
            yield from wrong

    def _compared(self, site: Site, descriptor: Hash | HashTree) -> Compared:
        """Compare an image; it costs reading all of it, so that one structure may ask for it a few times only."""
        times = self.read[site.path] = self.read.get(site.path, 0) + 1
        if times > _MOST_READ:
            return Compared(None, f"it is described more than {_MOST_READ} times")
        return compare(site, descriptor, self.key)

    def _repeating(self, site: Site) -> Iterator[str]:
        """Yield the path of the structure behind an image, where it is unsigned and only repeats what is signed."""
        behind = site.child("vbmeta") if site.format == "avb-footer" else None
        if behind is None or behind.format != "vbmeta":
            return
        view = behind.view()
        meta = read_vbmeta(view, Reading(), "vbmeta")
        unset = not (meta.algorithm or meta.flags or meta.rollback_index or meta.rollback_location)
        same = meta.release == self.structure.meta.release and _listed(view, meta) <= self.signed
        rest = ((_RESERVED, meta.listed[0]), (meta.listed[1], len(view)))
        if unset and same and all(is_filler(view, start, end) for start, end in rest):
            yield behind.path

    def _chained(self, descriptor: Chain) -> Iterator[Signature]:  # 9
        found, one_is_enough = self.around.find(descriptor.partition)
        if not found:
            self.absent.append(descriptor.partition)
        wrong = [each for site in found for each in self._not_by(site, descriptor)]
        if not (one_is_enough and len(wrong) < len(found)):
            yield from wrong

    def _not_by(self, site: Site, descriptor: Chain) -> Iterator[Signature]:
        """Yield what is wrong where a partition is not signed by the key described."""
        structure = site.child("vbmeta") if site.format == "avb-footer" else site
        wanted = f"{descriptor.partition} has to be signed by {_key(descriptor.key)}"
        if structure is None or structure.format != "vbmeta":
            yield self._wrong(site, Outcome.STRIPPED, f"{wanted} and has no vbmeta structure")
            return
        try:
            view = structure.view()
            meta = read_vbmeta(view, Reading(), "vbmeta")
        except InputError as error:
            self.excludes.append(f"{structure.path}: {error}")
            return
        key = bytes(view[slice(*meta.public_key)])
        if not meta.algorithm:
            yield self._wrong(structure, Outcome.STRIPPED, f"{wanted} and is not signed")
        elif key != descriptor.key:
            yield self._wrong(structure, Outcome.BROKEN, f"{wanted}, and is by {_key(key)}")

    def _wrong(self, site: Site, outcome: Outcome, detail: str) -> Signature:
        return Signature(self.scheme, site.path, outcome, detail, self.structure.signer, dated=False)


def _listed(view: memoryview, meta: VbMeta) -> frozenset[bytes]:
    """Return the descriptors as they stand, each with its tag and size."""
    at, end = meta.listed
    found = set()
    while at < end:  # they were read before, so that sizes fit
        after = at + 16 + int.from_bytes(view[at + 8 : at + 16], "big")
        found.add(bytes(view[at:after]))
        at = after
    return frozenset(found)


def _about(descriptor: Hash | HashTree, partition: Site) -> bool:
    """Tell whether a descriptor behind the image of a partition is about this image, by its size (a tree fills a last block)."""
    image = partition.child("image")
    block = descriptor.blocks[0] if isinstance(descriptor, HashTree) else 1
    return image is not None and 0 <= descriptor.image_size - image.size < block


def _whole(view: memoryview, meta: VbMeta) -> tuple[bool, tuple[str, ...]]:
    """Tell whether all of the part that is neither signed nor the signature is empty, and what is not."""
    excludes = []
    authentication = sorted((meta.digest, meta.signature))
    gaps = [(authentication[0][1], authentication[1][0]), (authentication[1][1], meta.auxiliary[0])]
    if any(not is_filler(view, start, end) for start, end in gaps):
        excludes.append("bytes beside hash and signature in the authentication block")
    if not is_filler(view, meta.end, len(view)):
        excludes.append(f"{len(view) - meta.end} bytes behind the structure")
    return not excludes, tuple(excludes)


def _statements(view: memoryview, meta: VbMeta) -> tuple[tuple[str, str], ...]:
    told = [
        ("flags", flags_told(FLAGS, meta.flags)),
        ("rollback-index", str(meta.rollback_index)),
        ("rollback-index-location", str(meta.rollback_location)),
    ]
    for descriptor in meta.descriptors:
        match descriptor:
            case Property(key=key, start=start, end=end):
                value = bytes(view[start:end])
                short = len(value) <= _MAX_STATEMENT
                text = value.decode("utf-8", "surrogateescape") if short else f"sha256 {sha256(value).hexdigest()}"
                told.append((f"property/{key}", text))
            case Chain(partition=partition, location=location, key=key_bytes):
                told.append((f"chain/{partition}", f"{_key(key_bytes)}, rollback index location {location}"))
            case CommandLine():
                told.append(("command-line", str(descriptor)))
            case _:
                pass
    return tuple(told)


def _key(blob: bytes) -> str:
    return key_ids(blob)[0]


_: type[Scheme] = Avb
