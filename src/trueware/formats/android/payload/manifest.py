"""The manifest of an update: partitions, and the operations that write them (``update_metadata.proto``).

====================  ==========================================================================================
message               fields that are read
====================  ==========================================================================================
DeltaArchiveManifest  3 block size, 4 and 5 place of the signatures, 12 minor version, 13 partitions, 14 latest time of
                      the build to be updated, 15 dynamic partitions, 16 partial update, 17 APEX packages,
                      18 security patch level
PartitionUpdate       1 name, 2 to 4 and 9 what runs afterwards, 5 signatures, 6 and 7 the partition before and after,
                      8 operations, 10 to 16 hash tree and error correction, 17 version, 18 to 20 merging of a snapshot
PartitionInfo         1 size, 2 SHA-256
InstallOperation      1 type, 2 and 3 place of its data, 4 and 5 what it reads, 6 and 7 what it writes, 8 SHA-256 of its
                      data, 9 SHA-256 of what it reads
Extent                1 first block, 2 blocks
====================  ==========================================================================================

Source: AOSP ``system/update_engine/update_metadata.proto``. Fields that are not in the table are told as ``field-<number>``.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from trueware.formats.protobuf import Message, Source

NAMES = (
    "replace replace-bz move bsdiff source-copy source-bsdiff zero discard replace-xz puffdiff brotli-bsdiff zucchini "
    "lz4diff-bsdiff lz4diff-puffdiff replace-zstd"
)
REPLACE, REPLACE_BZ, ZERO, DISCARD, REPLACE_XZ, REPLACE_ZSTD = 0, 1, 6, 7, 8, 14
FULL = frozenset({REPLACE, REPLACE_BZ, ZERO, DISCARD, REPLACE_XZ, REPLACE_ZSTD})
"""Operations that need nothing but their data. The last one is new; no real payload at hand has it."""

_BLOCK = 4096
_OPERATION_FIELDS = frozenset(range(1, 10))


@dataclass(frozen=True, slots=True)
class Operation:
    """One step; ranges in bytes."""

    kind: int
    start: int
    """Of its data, in the payload."""

    size: int
    sha256: bytes | None
    """Of its data."""

    targets: tuple[tuple[int, int], ...]
    """First byte and length in the partition, neighbours as one."""

    @property
    def name(self) -> str:
        """What the specification calls it."""
        names = NAMES.split()
        return names[self.kind] if self.kind < len(names) else str(self.kind)

    @property
    def output(self) -> int:
        """Bytes it writes."""
        return sum(length for _, length in self.targets)


@dataclass(frozen=True, slots=True)
class Update:
    """What is done to one partition."""

    name: str
    size: int | None
    sha256: bytes | None
    """Of the partition afterwards."""

    operations: tuple[Operation, ...]
    block_size: int
    made_by_device: bool
    """Whether hash tree or error correction are computed by the device and not in the payload."""

    facts: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of it."""

    block_size: int
    signatures: tuple[int, int] | None
    """Offset and length, in the data."""

    updates: tuple[Update, ...]
    facts: dict[str, str] = field(repr=False)


def read_manifest(data: bytes, source: Source, start: int) -> Manifest:
    """Read the manifest of a payload whose data begins at `start`.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: there are too many fields.
    """
    message = Message.of(data, source)
    block_size = message.number(3, _BLOCK)
    if not 512 <= block_size <= 1 << 20:
        raise source.malformed(f"blocks of {block_size} bytes")
    signatures = (message.number(4), message.number(5)) if message.number(5) else None
    facts = {"minor-version": str(message.number(12)), "latest-build": str(message.number(14))}
    if message.number(16):
        facts["partial-update"] = "yes"
    if level := message.text(18):
        facts["security-patch-level"] = level
    if dynamic := message.message(15):
        for group in dynamic.messages(1):
            names = " ".join(name.decode("utf-8", "surrogateescape") for name in group.all(3))
            facts[f"group/{group.text(1)}"] = f"{group.number(2)} bytes: {names}"
        facts |= {f"dynamic/{name}": value for name, value in dynamic.rest().items()}
    for number, package in enumerate(message.all(17)):
        facts[f"apex/{number}"] = _digest(package)
    updates = tuple(_update(each, block_size, start) for each in message.messages(13))
    return Manifest(block_size, signatures, updates, facts | message.rest())


def _update(message: Message, block_size: int, start: int) -> Update:
    after = message.message(7)
    texts = {"postinstall-path": 3, "filesystem": 4, "version": 17}
    facts = {name: text for name, number in texts.items() if (text := message.text(number))}
    facts |= {
        name: "yes" for name, number in (("postinstall", 2), ("postinstall-optional", 9)) if message.number(number)
    }
    facts |= {name: _digest(data) for name, number in (("before", 6),) if (data := message.data(number))}
    for name, number in (("signatures", 5), ("merge-operations", 18)):
        if values := message.all(number):
            facts[name] = _digest(b"".join(values))
    tree = [message.data(number) for number in (10, 11, 14, 15)]
    made_by_device = any(tree)
    if made_by_device:
        told = [*tree, message.data(12), message.data(13)]
        facts["made-by-device"] = " ".join((data or b"").hex() or "-" for data in told) + f" {message.number(16, 2)}"
    operations = tuple(_operation(each, block_size, start) for each in message.messages(8))
    return Update(
        name=message.text(1),
        size=after.number(1) if after else None,
        sha256=after.data(2) if after else None,
        operations=operations,
        block_size=block_size,
        made_by_device=made_by_device,
        facts=facts | message.rest(),
    )


def _operation(message: Message, block_size: int, start: int) -> Operation:
    if unknown := message.fields.keys() - _OPERATION_FIELDS:
        detail = f"an operation with fields {sorted(unknown)[:8]}"
        message.source.reading.note_anomaly("unsupported", detail, message.source.at)
    targets: list[tuple[int, int]] = []
    for extent in message.messages(6):
        at, length = extent.number(1) * block_size, extent.number(2) * block_size
        if targets and sum(targets[-1]) == at:
            targets[-1] = targets[-1][0], targets[-1][1] + length
        elif length:
            targets.append((at, length))
    return Operation(
        kind=message.number(1),
        start=start + message.number(2),
        size=message.number(3),
        sha256=message.data(8),
        targets=tuple(targets),
    )


def _digest(data: bytes) -> str:
    return f"sha256 {sha256(data).hexdigest()}"
