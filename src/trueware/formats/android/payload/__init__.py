"""Android's update payload: a manifest, data, and operations that make partitions of it.

======  ====  =====================================================================================
offset  size  field (big-endian)
======  ====  =====================================================================================
0       4     magic "CrAU"
4       8     version, 2
12      8     size of the manifest
20      4     size of the metadata signature
24      ..    manifest, metadata signature, data, signatures
======  ====  =====================================================================================

The manifest is the protocol buffer of `trueware.formats.android.payload.manifest`. A partition of a full update is put together
here and its digest compared; one of an incremental update needs what is on the device, and only its data is shown, as
``system.delta``. What no operation writes, or only discards, reads as zeros here and stays on a device as it was: which bytes
that are is a fact. Source: AOSP ``system/update_engine/update_metadata.proto`` and ``payload_consumer/``. No real payload at
hand confirms the reading; payload_dumper 0.3.0 (PyPI) takes the same partitions out of the vector `full`.
"""

from collections import Counter
from collections.abc import Iterator
from struct import Struct, unpack_from
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.android.payload.assembly import assemble, obstacle, pieces, untouched
from trueware.formats.android.payload.manifest import Manifest, Update, read_manifest
from trueware.formats.compressed import told
from trueware.formats.contract import Buffer, Entry, FormatDoc, Held, Magic, Produced, Reading
from trueware.formats.protobuf import Source
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"CrAU"
_HEADER = Struct(">4sQQI")
_SHARING = 4
"""Times that operations may use the same data, which is read for each; tools share none."""


class Payload:
    """An update payload."""

    name: ClassVar[str] = "payload"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Android update payload (payload.bin)",
        "Google",
        ("AOSP system/update_engine/update_metadata.proto",),
        ("partitions of an incremental update", "signatures are not verified here"),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= _HEADER.size and view[:4] == _MAGIC and unpack_from(">Q", view, 4) == (2,)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Payload.matches(view):
            raise MalformedInput("payload", 0, "no header of version 2")
        _, _, size, signature = _HEADER.unpack_from(view)
        end = _HEADER.size + size
        if end + signature > len(view):
            raise MalformedInput("payload", 12, f"a manifest of {size} bytes and a signature of {signature}")
        reading = Reading()
        reading.cover(0, end)
        source = Source("payload", _HEADER.size, reading, limits.max_entries)
        manifest = read_manifest(bytes(view[_HEADER.size : end]), source, end + signature)
        used = sum(operation.size for update in manifest.updates for operation in update.operations)
        if used > _SHARING * len(view):
            raise MalformedInput("payload", _HEADER.size, f"operations use {used} bytes of data, {len(view)} are there")
        reading.facts |= manifest.facts
        reading.notes |= {"block-size": str(manifest.block_size), "signatures": "not verified here"}
        reading.entries = [
            *_signatures(view, manifest, end, signature, reading),
            *(_partition(view, update, reading) for update in manifest.updates),
        ]
        return reading


def _signatures(view: memoryview, manifest: Manifest, end: int, size: int, reading: Reading) -> Iterator[Entry]:
    start = end + size
    if size:
        yield _region("metadata-signature", view, end, start)
    if manifest.signatures is not None:
        offset, length = manifest.signatures
        if start + offset + length > len(view):
            reading.note_anomaly("truncated", f"signatures of {length} bytes at {start + offset:#x}", len(view))
        yield _region("signatures", view, start + offset, start + offset + length)


def _partition(view: memoryview, update: Update, reading: Reading) -> Entry:
    """Return a partition as it is after the update, or the data of its operations where that cannot be told."""
    for operation in update.operations:
        reading.cover(min(operation.start, len(view)), min(operation.start + operation.size, len(view)))
    made = pieces(update)
    size = max((end for _, end, _, _ in made), default=0) if update.size is None else update.size
    if reason := obstacle(update, made, size):
        path = f"{update.name}.delta"
        reading.note_anomaly(reason[0], f"{update.name}: {reason[1]}", path=path)
        facts = {**update.facts, "operations": " ".join(f"{name}: {count}" for name, count in _counted(update))}
        return Entry(path, Kind.REGION, Produced(lambda: _data(view, update)), facts=tuple(sorted(facts.items())))
    if update.made_by_device:
        detail = f"{update.name} is completed with a hash tree or error correction by the device"
        reading.note_anomaly("unsupported", detail, path=update.name)
    ranges = untouched(made, size)
    facts = {**update.facts, "untouched": told(f"{start:#x}-{end:#x}" for start, end in ranges) or "nothing"}
    noted: set[tuple[str, str]] = set()

    def note(rule: str, detail: str, offset: int | None) -> None:
        if (rule, detail) not in noted:
            noted.add((rule, detail))
            reading.note_anomaly(rule, detail, offset, update.name)

    content = Produced(lambda: assemble(view, update, made, size, note), size)
    notes = tuple((f"operations/{name}", str(count)) for name, count in _counted(update))
    return Entry(update.name, Kind.REGION, content, size, facts=tuple(sorted(facts.items())), notes=notes)


def _counted(update: Update) -> list[tuple[str, int]]:
    return sorted(Counter(operation.name for operation in update.operations).items())


def _data(view: memoryview, update: Update) -> Iterator[Buffer]:
    for operation in update.operations:
        yield view[operation.start : operation.start + operation.size]


def _region(name: str, view: memoryview, start: int, end: int) -> Entry:
    data = view[min(start, len(view)) : end]
    return Entry(name, Kind.REGION, Held(data), len(data), offset=start if len(data) else None)
