"""Where the images are that a vbmeta structure speaks of, and whether they are what it says.

A structure names partitions, and an artefact has files: ``boot`` is ``boot.img`` in a factory image and in an OTA package, ``boot_a``
in a dump or in the super partition, ``boot.img.lz4`` in Samsung's archives. They are looked for beside the structure (beside what it
is wrapped in), and within a super partition that stands there. What was signed is the first bytes of the partition, whatever is
behind them: structure and footer, or nothing that was ever written.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from trueware.errors import InputError
from trueware.formats.avb import HEADER_SIZE, Hash, HashTree, structure_size
from trueware.formats.contract import Buffer
from trueware.formats.filler import is_filler
from trueware.formats.reed_solomon import BLOCK, MOST_ROOTS, ParityCheck, parity_size
from trueware.formats.verity import TreeMaker, can_make
from trueware.model.signature import Outcome
from trueware.signatures.avb.structure import check_structure
from trueware.signatures.contract import Site

_WRAPPERS = {
    "android-sparse": "data",
    "bzip2": "data",
    "dhtb": "image",
    "gzip": "data",
    "lz4": "data",
    "lz4-legacy": "data",
    "lzma-alone": "data",
    "lzop": "data",
    "samsung-signer": "image",
    "xz": "data",
    "zstd": "data",
}
"""Formats that hold one image, and what they call it."""

_ENDINGS = (
    "", ".img", ".bin", ".mbn", "-sign.img", "-sign.bin", ".img.lz4", ".img.ext4", ".img.ext4.lz4", ".img.gz", ".img.xz",
    ".img.zst", ".raw", ".simg", ".sparse.img",
)  # fmt: skip
_SLOTS = ("_a", "_b")
_DEPTH = 8
_FOOTER, _BOOT, _SUPER = "avb-footer", "boot", "super"
_DIGESTS = ("sha256", "sha512")
"""Of hash descriptors, as libavb has them."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of comparing an image with its descriptor."""

    same: bool | None
    """None: it could not be told, `detail` says why."""

    detail: str
    paths: tuple[str, ...] = ()
    """What is covered, where it is the same."""

    excludes: tuple[str, ...] = ()


def unwrapped(site: Site) -> Site:
    """Return the image that a file holds: out of compression, sparse form and the wrappers of vendors."""
    for _ in range(_DEPTH):
        inner = site.child(_WRAPPERS[site.format]) if site.format in _WRAPPERS else None
        if inner is None:
            break
        site = inner
    return site


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around a vbmeta structure."""

    site: Site
    """What stands beside the other partitions: the structure, or the outermost of what it is wrapped in."""

    partition: Site | None
    """The partition behind whose image it stands, with a footer."""

    boot: Site | None
    """The boot image that it is the signature of, which says nothing of other partitions."""

    @classmethod
    def of(cls, site: Site) -> "Surroundings":
        """Look around a vbmeta structure."""
        if (boot := _boot_around(site)) is not None:
            return cls(site, None, boot)
        above = site.above()
        partition = above if above is not None and above.format == _FOOTER and site.name == "vbmeta" else None
        outer = site if partition is None else partition
        for _ in range(_DEPTH):
            above = outer.above()
            if above is None or above.format not in _WRAPPERS:
                break
            outer = above
        return cls(outer, partition, None)

    def find(self, name: str) -> tuple[list[Site], bool]:
        """Return the images of a partition, unwrapped, and whether one of them is enough.

        They are called just so; else they are those of the structure's slot; else, where it is of neither slot, of both, and one
        slot may be of another release.
        """
        if self.boot is not None:
            kernel = self.boot.child("kernel") if name == "generic_kernel" else None
            return [self.boot] if name == _BOOT else [kernel] if kernel is not None else [], False
        own = next((slot for slot in _SLOTS if self.site.name.partition(".")[0].endswith(slot)), None)
        if found := list(self._called(name)):
            return found, False
        if own is not None:
            return list(self._called(f"{name}{own}")), False
        return [site for slot in _SLOTS for site in self._called(f"{name}{slot}")], True

    def _called(self, name: str) -> Iterator[Site]:
        for ending in _ENDINGS:
            if (site := self.site.beside(name + ending)) is not None and site.size:
                yield unwrapped(site)
        for ending in _ENDINGS:
            around = self.site.beside(_SUPER + ending)
            inner = unwrapped(around) if around is not None else None
            if inner is not None and inner.format == _SUPER and (site := inner.child(name)) is not None:
                yield unwrapped(site)


def _boot_around(site: Site) -> Site | None:
    """Return the boot image whose signature a structure is: it is a section of it, or stands behind its last one."""
    around = site.above()
    for _ in range(_DEPTH // 2):
        if around is None or around.is_folder:
            return None
        if around.format == _BOOT:
            return around
        if around.format not in ("carved", "vbmeta", None):
            return None
        around = around.above()
    return None


def compare(site: Site, descriptor: Hash | HashTree, key: bytes = b"") -> Compared:
    """Compare an image with what a descriptor says of it; `key` is the one that signed the descriptor."""
    try:
        if isinstance(descriptor, Hash):
            return _compare_hash(site, descriptor, key)
        return _compare_tree(site, descriptor, key)
    except InputError as error:
        return Compared(None, f"it cannot be read: {error}")


def _compare_hash(site: Site, descriptor: Hash, key: bytes) -> Compared:
    if not descriptor.digest:
        return Compared(None, "its digest is the device's own and kept there")
    if descriptor.algorithm not in _DIGESTS:
        return Compared(None, f"its digest is by {descriptor.algorithm!r}")
    made = hashlib.new(descriptor.algorithm, descriptor.salt)
    tail = _Tail(descriptor.image_size)
    for piece in site.chunks():
        made.update(tail.take(piece))
    if tail.missing:
        return Compared(
            None, f"{descriptor.image_size - tail.missing} of {descriptor.image_size} bytes of it are there"
        )
    if made.digest() != descriptor.digest:
        detail = f"its {descriptor.algorithm} is {made.hexdigest()}, signed is {descriptor.digest.hex()}"
        return Compared(False, detail)
    return _covered(site, tail, key, f"its {descriptor.algorithm} is the one that was signed")


def _compare_tree(site: Site, descriptor: HashTree, key: bytes) -> Compared:
    if descriptor.version != 1 or not can_make(descriptor.algorithm, *descriptor.blocks, descriptor.image_size):
        return Compared(None, f"its hash tree cannot be made anew ({descriptor})")
    maker = TreeMaker(descriptor.algorithm, descriptor.salt, *descriptor.blocks)
    tail = _Tail(descriptor.image_size)
    stored, parity = _Cut(*descriptor.tree), _Cut(*descriptor.fec)
    correction = _correction(site, descriptor)
    before = _Tail(descriptor.fec[0])
    for piece in site.chunks():
        maker.feed(tail.take(piece))
        stored.take(piece)
        if correction is not None:
            correction.feed(before.take(piece))
            parity.take(piece)
    if tail.missing:
        return Compared(
            None, f"{descriptor.image_size - tail.missing} of {descriptor.image_size} bytes of it are there"
        )
    made = maker.tree()
    if made.root != descriptor.digest:
        return Compared(False, f"the root of its hash tree is {made.root.hex()}, signed is {descriptor.digest.hex()}")
    compared = _covered(site, tail, key, f"the root of its {descriptor.algorithm} hash tree is the one that was signed")
    paths, excludes = list(compared.paths), list(compared.excludes)
    names = {"hashtree": stored.data == made.levels, "fec": correction is not None and correction.fits(parity.data)}
    for name, fits in names.items():
        part = site.child(name) if site.format == _FOOTER else None
        if part is not None and fits:
            paths.append(part.path)
        elif part is not None:
            excludes.append(f"{part.path}, which is not that of the image")
    return Compared(True, compared.detail, tuple(paths), tuple(excludes))


def _correction(site: Site, descriptor: HashTree) -> ParityCheck | None:
    """Return what checks the error correction over image and hash tree; None where there is none, or none that can be checked."""
    start, size = descriptor.fec
    part = site.child("fec") if site.format == _FOOTER else None
    if part is None or descriptor.blocks != (BLOCK, BLOCK) or not 2 <= descriptor.roots <= MOST_ROOTS:
        return None
    return ParityCheck(start, descriptor.roots) if size == part.size == parity_size(start, descriptor.roots) else None


class _Cut:
    """Keeps what of the bytes that pass by lies in one range."""

    def __init__(self, start: int, size: int) -> None:
        self.start, self.end = start, start + size
        self.at = 0
        self.data = bytearray()

    def take(self, piece: Buffer) -> None:
        """Keep what of the next bytes is wanted."""
        view = memoryview(piece)
        if self.at < self.end and self.at + len(view) > self.start:
            self.data += view[max(self.start - self.at, 0) : self.end - self.at]
        self.at += len(view)


class _Tail:
    """Cuts what passes by after `size` bytes, and remembers whether all behind them is filler."""

    def __init__(self, size: int) -> None:
        self.size, self.missing = size, size
        self.behind = 0
        self.filler = True

    def take(self, piece: Buffer) -> Buffer:
        """Return what of a piece lies before the cut."""
        view = memoryview(piece)
        taken, rest = view[: self.missing], view[self.missing :]
        self.missing -= len(taken)
        if len(rest):
            self.behind += len(rest)
            self.filler = self.filler and is_filler(rest, 0, len(rest))
        return taken


def _covered(site: Site, tail: _Tail, key: bytes, detail: str) -> Compared:
    """Tell which part an image is that was compared up to the cut."""
    if site.format == _FOOTER:
        image = site.child("image")
        if image is not None and image.size <= tail.size:
            return Compared(True, detail, (image.path,))
    elif tail.filler or (site.format == _BOOT and _are_signatures(site.view()[tail.size :], key)):
        return Compared(True, detail, (site.path,))
    behind = f"{tail.behind} bytes behind the first {tail.size} of {site.path or 'the artefact'}"
    return Compared(True, detail, (), (behind,))


def _are_signatures(view: memoryview, key: bytes) -> bool:
    """Tell whether there are structures by one key, one behind the other, and filler behind the last: signatures of a boot image."""
    while 0 < (size := structure_size(view[:HEADER_SIZE])) <= len(view):
        structure = check_structure(view[:size])
        if structure.outcome is not Outcome.VALID or bytes(view[slice(*structure.meta.public_key)]) != key:
            return False
        view = view[size:]
    return is_filler(view, 0, len(view))
