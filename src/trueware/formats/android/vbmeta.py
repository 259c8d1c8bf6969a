"""A vbmeta image of Android Verified Boot: what it says of each partition becomes a fact, its signature a region.

The layout is that of `trueware.formats.avb`. Partitions named here are checked against nothing: they are other images. A
partition that carries its own structure at its end is read by `trueware.formats.android.avb_footer`.
"""

from collections.abc import Iterator
from hashlib import sha1, sha256
from struct import unpack_from
from typing import ClassVar

from trueware.formats.avb import (
    ALGORITHMS,
    FLAGS,
    HEADER_SIZE,
    MAGIC,
    Chain,
    CommandLine,
    Descriptor,
    Hash,
    HashTree,
    Property,
    Unknown,
    VbMeta,
    read_vbmeta,
)
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.fields import flags_told
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAX_FACT = 1024
"""Bytes of a property told as a fact; a longer one is a region."""


class Vbmeta:
    """A vbmeta structure by itself."""

    name: ClassVar[str] = "vbmeta"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Android Verified Boot metadata",
        "Google",
        ("AOSP external/avb/libavb/avb_vbmeta_image.h",),
        ("the signature is not verified here",),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= HEADER_SIZE and view[:4] == MAGIC and unpack_from(">I", view, 4) == (1,)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (bounded by the bytes)
        reading = Reading()
        found = read_vbmeta(view, reading, "vbmeta")
        reading.end = found.end
        reading.facts |= {
            "libavb": f"{found.version[0]}.{found.version[1]}",
            "algorithm": _algorithm(found.algorithm),
            "flags": flags_told(FLAGS, found.flags),
            "rollback-index": str(found.rollback_index),
            "rollback-index-location": str(found.rollback_location),
        }
        if found.flags >> len(FLAGS):
            reading.note_anomaly("reserved-bits", f"unknown flags {found.flags:#x}", 120)
        start, end = found.public_key
        if start < end:
            reading.facts["public-key"] = f"sha256 {sha256(view[start:end]).hexdigest()}"
            reading.notes["public-key-sha1"] = sha1(view[start:end], usedforsecurity=False).hexdigest()
            reading.notes["signature"] = "not verified here"
        reading.entries = [*_regions(view, found), *_descriptors(view, found, reading)]
        return reading


def _algorithm(number: int) -> str:
    return ALGORITHMS[number] if number < len(ALGORITHMS) else str(number)


def _regions(view: memoryview, found: VbMeta) -> Iterator[Entry]:
    for name, (start, end) in (("signature", found.signature), ("public-key-metadata", found.key_metadata)):
        if start < end:
            yield Entry(name, Kind.REGION, Held(view[start:end]), end - start, offset=start)


def _descriptors(view: memoryview, found: VbMeta, reading: Reading) -> Iterator[Entry]:
    """Put the descriptors into facts, properties under their own keys; what is too long for one, or unknown, becomes a region."""
    for number, descriptor in enumerate(found.descriptors):
        name, value = _name(descriptor, number), str(descriptor)
        place = None
        match descriptor:
            case Property(start=start, end=end) if end - start <= _MAX_FACT:
                value = bytes(view[start:end]).decode("utf-8", "surrogateescape")
            case Property(start=start, end=end) | Unknown(start=start, end=end):
                value, place = f"sha256 {sha256(view[start:end]).hexdigest()}", (start, end)
        if (first := reading.facts.setdefault(name, value)) != value:
            reading.note_anomaly("duplicate-path", f"{name} is {first!r} and {value!r}", HEADER_SIZE)
            reading.facts[f"{name}#{number}"] = value
        if place is not None:
            start, end = place
            yield Entry(name, Kind.REGION, Held(view[start:end]), end - start, offset=start)


def _name(descriptor: Descriptor, number: int) -> str:
    match descriptor:
        case Property(key=key):
            return key
        case HashTree(partition=partition):
            return f"hashtree/{partition}"
        case Hash(partition=partition):
            return f"hash/{partition}"
        case Chain(partition=partition):
            return f"chain/{partition}"
        case CommandLine():
            return f"command-line/{number}"
        case Unknown(tag=tag):
            return f"descriptor-{tag}/{number}"
