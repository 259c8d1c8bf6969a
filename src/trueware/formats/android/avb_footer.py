"""A partition with a footer of Android Verified Boot: the image, a hash tree over it, and the vbmeta structure, by a trailer.

======  ====  =====================================================
offset  size  field (big-endian), in the last 64 bytes
======  ====  =====================================================
0       4     magic "AVBf"
4       8     version: major (1), minor
12      8     size of the image
20      16    offset and size of the vbmeta structure
36      28    reserved
======  ====  =====================================================

Source: AOSP ``external/avb/libavb/avb_footer.h``. Where tree and error correction lie is said by the structure
(`trueware.formats.avb`). A hash of the image in it is verified here, and so is a hash tree (`trueware.formats.verity`): it is made
again from the image and compared with the root digest, which a signature covers, and with the stored tree, which tells the blocks
that were changed. The error correction is not verified. No real partition with a footer at hand confirms the reading; trees are
compared with those of veritysetup by a test.
"""

import hashlib
from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.avb import MAGIC as STRUCTURE
from trueware.formats.avb import Hash, HashTree, read_vbmeta
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.verity import can_make, make_tree
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"AVBf"
_FOOTER = Struct(">4sIIQQQ28s")
_DIGESTS = ("sha1", "sha256", "sha512")


class AvbFooter:
    """A partition that ends with a footer."""

    name: ClassVar[str] = "avb-footer"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "partition with an Android Verified Boot footer",
        "Google",
        ("AOSP external/avb/libavb/avb_footer.h",),
        ("error correction is not verified", "signatures are not verified here"),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(-_FOOTER.size, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _FOOTER.size or view[-_FOOTER.size :][:4] != _MAGIC:
            return False
        _, major, _, _, offset, size, _ = _FOOTER.unpack_from(view, len(view) - _FOOTER.size)
        return bool(major == 1 and offset + size <= len(view) and view[offset : offset + 4] == STRUCTURE)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a handful of regions)
        if not AvbFooter.matches(view):
            raise MalformedInput("avb-footer", max(len(view) - _FOOTER.size, 0), "no footer with a structure")
        at = len(view) - _FOOTER.size
        _, major, minor, image, offset, size, reserved = _FOOTER.unpack_from(view, at)
        if image > offset or offset + size > at:
            raise MalformedInput("avb-footer", at, f"an image of {image} bytes, a structure of {size} at {offset}")
        reading = Reading(notes={"version": f"{major}.{minor}"})
        if any(reserved):
            reading.note_anomaly("reserved-bits", "a reserved field of the footer is set", at + 36)
        reading.cover(at, len(view))
        reading.entries = [
            _region("image", view, 0, image),
            *_redundancy(view, image, offset, size, reading),
            _region("vbmeta", view, offset, offset + size),
        ]
        return reading


def _redundancy(view: memoryview, image: int, offset: int, size: int, reading: Reading) -> Iterator[Entry]:
    """Yield what the structure says lies between the image and itself; verify the hash of the image."""
    found = read_vbmeta(view[offset : offset + size], Reading(), "avb-footer").descriptors
    own = [descriptor for descriptor in found if isinstance(descriptor, Hash | HashTree)]
    if len(own) > 1:  # some are about other partitions
        own = [descriptor for descriptor in own if _covers(descriptor, image)]
    reach, checked = image, False
    for descriptor in own:
        if not _covers(descriptor, image):
            detail = f"the structure is about {descriptor.image_size} bytes, the footer about {image}"
            reading.note_anomaly("contradiction", detail, len(view) - _FOOTER.size + 12)
        if isinstance(descriptor, Hash):
            if checked:
                reading.note_anomaly("checksum-unchecked", "another hash of the same image", offset)
            else:
                _check_hash(view[: min(descriptor.image_size, offset)], descriptor, reading)
            checked = True
            continue
        if checked:
            reading.note_anomaly("checksum-unchecked", "another hash of the same image", offset)
        else:
            _check_tree(view[:offset], descriptor, reading)
        checked = True
        for name, (start, length) in (("hashtree", descriptor.tree), ("fec", descriptor.fec)):
            if not length:
                continue
            if start < reach or start + length > offset:
                reading.note_anomaly("overlap", f"the {name} is stated at {start:#x}+{length:#x}", start)
                continue
            reach = start + length
            yield _region(name, view, start, reach)


def _covers(descriptor: Hash | HashTree, image: int) -> bool:
    """Tell whether a descriptor is about an image of that size, which a hash tree fills up to a block."""
    return 0 <= descriptor.image_size - image < (descriptor.blocks[0] if isinstance(descriptor, HashTree) else 1)


def _check_hash(image: memoryview, descriptor: Hash, reading: Reading) -> None:
    if not descriptor.digest:
        return  # that of a partition which is the device's own is kept elsewhere
    if descriptor.algorithm not in _DIGESTS:
        reading.note_anomaly("checksum-unchecked", f"the image has a digest by {descriptor.algorithm!r}", path="image")
        return
    made = hashlib.new(descriptor.algorithm, descriptor.salt, usedforsecurity=False)
    made.update(image)
    if made.digest() != descriptor.digest:
        detail = f"the {descriptor.algorithm} of the image is {made.hexdigest()}, stated {descriptor.digest.hex()}"
        reading.note_anomaly("checksum-mismatch", detail, path="image")


def _check_tree(view: memoryview, descriptor: HashTree, reading: Reading) -> None:
    """Make the tree over the image anew; `view` reaches up to the structure."""
    size, (start, length) = descriptor.image_size, descriptor.tree
    makable = can_make(descriptor.algorithm, *descriptor.blocks, size)
    if not descriptor.digest or descriptor.version != 1 or size > len(view) or not makable:
        detail = f"the {descriptor.algorithm} tree over {size} bytes was not verified"
        reading.note_anomaly("checksum-unchecked", detail, start)
        return
    made = make_tree(view[:size], descriptor.algorithm, descriptor.salt, *descriptor.blocks)
    stored = view[start : start + length]
    if made.root != descriptor.digest:
        detail = f"the root of the {descriptor.algorithm} tree is {made.root.hex()}, stated {descriptor.digest.hex()}"
        reading.note_anomaly("checksum-mismatch", detail, path="image")
    if made.levels == stored:
        return
    if changed := made.differing(stored):
        first = changed[0] * descriptor.blocks[0]
        detail = f"{len(changed)} blocks are not those of the hash tree, the first at {first:#x}"
        reading.note_anomaly("checksum-mismatch", detail, first, path="image")
    else:
        reading.note_anomaly(
            "checksum-mismatch", "the hash tree is not that of its own digests", start, path="hashtree"
        )


def _region(name: str, view: memoryview, start: int, end: int) -> Entry:
    return Entry(name, Kind.REGION, Held(view[start:end]), end - start, offset=start)
