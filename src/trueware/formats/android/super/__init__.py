"""Android's super partition: logical partitions, put together from extents, and their metadata in several copies.

===============  =======================================================================
offset           what stands there
===============  =======================================================================
0                4096 reserved bytes
4096             geometry, and at 8192 its backup
12288            metadata, one for each slot
12288 + n·room   its backup, one for each slot
..               the extents of the partitions
===============  =======================================================================

A device that boots slot 1 reads the second metadata. Partitions of a later slot that are not the same as in an earlier one
are shown beside it, as ``system_b@1``. ``super_empty.img``, with which a device is set up, is geometry and metadata alone, from
offset 0. A partition ``x-cow`` holds what an update has written of ``x`` so far: until that is merged, what the device
reads as ``x`` is neither, and the reading is left in doubt. Source: AOSP ``system/core/fs_mgr/liblp/include/liblp``
(``metadata_format.h``) and ``fs_mgr/libsnapshot``. No real super partition at hand confirms the reading; lpunpack of
liblp 1.0.2 (PyPI) takes the same partitions out of the vector `whole`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.android.super.metadata import (
    GEOMETRY_MAGIC,
    GEOMETRY_SIZE,
    LINEAR,
    SECTOR,
    ZERO,
    Extent,
    Geometry,
    Metadata,
    read_metadata,
)
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.fields import flags_told, tell
from trueware.formats.scattered import HOLE, Run, gathered
from trueware.model.limits import Limits
from trueware.model.part import Kind

_RESERVED = 4096
_ATTRIBUTES = ("readonly", "slot-suffixed", "updated", "disabled")
_SUFFIXED = ("slot-suffixed",)
_FLAGS = ("virtual-ab", "overlays-active")
_COW = "-cow"
_LISTED = 8
"""Extents of a partition that are noted one by one."""


class Super:
    """A super partition."""

    name: ClassVar[str] = "super"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Android super partition (logical partitions)",
        "Google",
        ("AOSP system/core/fs_mgr/liblp/include/liblp/metadata_format.h",),
        ("snapshots of an update that is not merged yet", "extents on other block devices"),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(
        Magic(offset, GEOMETRY_MAGIC) for offset in (_RESERVED, _RESERVED + GEOMETRY_SIZE, 0)
    )

    @staticmethod
    def matches(view: memoryview) -> bool:
        return any(view[magic.offset : magic.offset + len(magic.value)] == magic.value for magic in Super.magics)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (bounded by the tables)
        reading = Reading()
        slots = [
            _Slot.of(number, metadata, reading) if metadata else None
            for number, metadata in enumerate(_copies(view, reading))
        ]
        if not any(slots):
            raise MalformedInput("super", 0, "no copy of the metadata can be read")
        entries: list[Entry] = []
        shown: dict[Logical, str] = {}
        names: set[str] = set()
        for number, slot in enumerate(slots):
            first = slots.index(slot)
            if slot is None or first < number:
                reading.facts[f"slot-{number}"] = "empty" if slot is None else f"as slot-{first}"
                continue
            prefix = f"slot-{number}/" if any(slots[:number]) else ""
            reading.facts |= {prefix + name: value for name, value in slot.facts}
            _note_overlaps(view, slot, reading)
            for logical in slot.partitions:
                if logical not in shown:
                    shown[logical] = f"{logical.name}@{number}" if logical.name in names else logical.name
                    names.add(logical.name)
                    entries.append(_entry(view, logical, shown[logical], reading))
            reading.facts[f"slot-{number}"] = " ".join(shown[each] for each in slot.partitions)
            _note_names(slot, shown, reading)
        reading.entries = entries
        return reading


def _copies(view: memoryview, reading: Reading) -> Iterator[Metadata | None]:
    """Yield for each slot the copy of its metadata that a device uses; report where the copies differ."""
    alone = Super.magics[-1]
    if view[: len(alone.value)] == alone.value:
        geometry, start = Geometry.of(view, 0, reading), GEOMETRY_SIZE
        if geometry is None:
            raise MalformedInput("super", 0, "no geometry that can be used")
        reading.facts["kind"] = "metadata alone"
        _tell_geometry(geometry, reading)
        yield read_metadata(view, start, geometry.room, reading)
        return
    first, second = (Geometry.of(view, at, reading) for at in (_RESERVED, _RESERVED + GEOMETRY_SIZE))
    geometry = first or second
    if geometry is None:
        raise MalformedInput("super", _RESERVED, "no geometry that can be used")
    if first != second:
        reading.note_anomaly("contradiction", "the geometry and its backup differ", _RESERVED)
    _tell_geometry(geometry, reading)
    start = _RESERVED + 2 * GEOMETRY_SIZE
    for slot in range(geometry.slots):
        at, backup = start + slot * geometry.room, start + (geometry.slots + slot) * geometry.room
        copies = [read_metadata(view, place, geometry.room, reading) for place in (at, backup)]
        if len({copy.raw if copy else b"" for copy in copies}) > 1:
            reading.note_anomaly("contradiction", f"the metadata of slot {slot} and its backup differ", at)
        yield next((copy for copy in copies if copy and copy.sound), copies[0] or copies[1])


def _tell_geometry(geometry: Geometry, reading: Reading) -> None:
    reading.notes["block-size"] = str(geometry.block_size)
    reading.notes["metadata-room"] = str(geometry.room)
    reading.facts["slots"] = str(geometry.slots)


@dataclass(frozen=True, slots=True)
class Logical:
    """A logical partition as one slot has it."""

    name: str
    attributes: int
    group: str
    extents: tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class _Slot:
    """What the metadata of a slot says, names with the suffix of that slot where they ask for one."""

    facts: tuple[tuple[str, str], ...]
    partitions: tuple[Logical, ...]
    first_byte: int
    """Where extents may begin."""

    @classmethod
    def of(cls, number: int, metadata: Metadata, reading: Reading) -> "_Slot":
        """Bring the tables together.

        Raises:
            MalformedInput: the partitions claim more extents than there are.
        """
        if sum(partition.extents for partition in metadata.partitions) > len(metadata.extents):
            raise MalformedInput("super", _RESERVED, f"more extents are used than there are ({len(metadata.extents)})")
        facts = {"flags": flags_told(_FLAGS, metadata.flags)}
        groups = []
        for group in metadata.groups:
            groups.append(_name(group.name, group.flags & 1, number))
            facts[f"group/{groups[-1]}"] = f"{group.most} bytes, flags {flags_told(_SUFFIXED, group.flags)}"
        for index, device in enumerate(metadata.devices):
            name = _name(device.name, device.flags & 1, number)
            facts[f"device/{index}"] = f"{name}, {device.size} bytes, flags {flags_told(_SUFFIXED, device.flags)}"
            alignment = f"{device.alignment}+{device.alignment_offset}"
            reading.notes[f"slot-{number}/device/{index}"] = (
                f"from sector {device.first_sector}, aligned to {alignment}"
            )
        logical = []
        for each in metadata.partitions:
            name = _name(each.name, each.attributes & 2, number)
            if each.group >= len(groups) or each.first_extent + each.extents > len(metadata.extents):
                raise MalformedInput(
                    "super", _RESERVED, f"{name} is in group {each.group}, extents {each.first_extent}"
                )
            extents = metadata.extents[each.first_extent : each.first_extent + each.extents]
            if each.attributes >> len(_ATTRIBUTES):
                reading.note_anomaly("reserved-bits", f"unknown attributes {each.attributes:#x}", path=name)
            logical.append(Logical(name, each.attributes, groups[each.group], extents))
        first = metadata.devices[0].first_sector * SECTOR if metadata.devices else 0
        return cls(tuple(facts.items()), tuple(logical), first)


def _name(raw: bytes, suffixed: int, slot: int) -> str:
    """Return the name in a field, with the suffix of a slot if asked for; bytes behind its end stay visible."""
    told: dict[str, str] = {}
    tell(told, "name", raw)
    rest = f"%{told['name-rest']}" if "name-rest" in told else ""
    return told["name"] + (f"_{chr(ord('a') + slot)}" if suffixed else "") + rest


def _entry(view: memoryview, logical: Logical, path: str, reading: Reading) -> Entry:
    """Return a partition; what of it lies elsewhere, or is missing, is reported and left out."""
    runs: list[Run] = []
    for extent in logical.extents:
        end = extent.start + extent.size
        if extent.kind == ZERO:
            runs.append((HOLE, extent.size))
        elif extent.kind != LINEAR or extent.device:
            detail = f"an extent of kind {extent.kind} on block device {extent.device}"
            reading.note_anomaly("unsupported", detail, path=path)
        else:
            if end > len(view):
                detail = f"an extent reaches from {extent.start:#x} to {end:#x}"
                reading.note_anomaly("truncated", detail, len(view), path)
            start, end = min(extent.start, len(view)), min(end, len(view))
            reading.cover(start, end)
            if runs and runs[-1][0] != HOLE and sum(runs[-1]) == start:
                runs[-1] = runs[-1][0], runs[-1][1] + end - start
            elif end > start:
                runs.append((start, end - start))
    content, offset = gathered(view, runs)
    facts = ("attributes", flags_told(_ATTRIBUTES, logical.attributes)), ("group", logical.group)
    layout = " ".join(f"{'zeros' if start == HOLE else f'{start:#x}'}+{size:#x}" for start, size in runs[:_LISTED])
    notes = (("extents", f"{len(runs)}: {layout}"),)
    return Entry(path, Kind.REGION, content, content.size or 0, offset=offset, facts=facts, notes=notes)


def _note_overlaps(view: memoryview, slot: _Slot, reading: Reading) -> None:
    """Report partitions of one slot that share bytes, with each other or with the metadata."""
    taken = sorted(
        (extent.start, extent.start + extent.size, logical.name)
        for logical in slot.partitions
        for extent in logical.extents
        if extent.kind == LINEAR and not extent.device and extent.start < len(view) and extent.size
    )
    reach, before = slot.first_byte, "the metadata"
    for start, end, name in taken:
        if start < reach:
            reading.note_anomaly("overlap", f"{before} and {name} share bytes", start, name)
        if end > reach:
            reach, before = end, name


def _note_names(slot: _Slot, shown: dict[Logical, str], reading: Reading) -> None:
    """Report names that stand twice, and snapshots."""
    named = {logical.name: logical for logical in slot.partitions}
    if len(named) < len(slot.partitions):
        reading.note_anomaly("duplicate-path", "two partitions of one slot have one name", _RESERVED)
    for name in named:
        base = named.get(name.removesuffix(_COW)) if name.endswith(_COW) else None
        if base is not None:
            detail = f"what the device reads is its content with {name} over it, until that is merged"
            reading.note_anomaly("unsupported", detail, path=shown[base])
