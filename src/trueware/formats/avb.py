"""Android Verified Boot 2: the vbmeta structure that describes partitions, with its descriptors.

======  ====  ======================================================================================
offset  size  field (big-endian)
======  ====  ======================================================================================
0       4     magic "AVB0"
4       8     version of libavb that is needed: major, minor
12      16    sizes of the authentication block and the auxiliary block, multiples of 64
28      4     algorithm
32      32    in the authentication block: offset and size of the hash, of the signature
64      48    in the auxiliary block: offset and size of the public key, of its metadata, of the descriptors
112     8     rollback index
120     4     flags: 1 hash trees are not looked at, 2 nothing is
124     4     location of the rollback index
128     48    release of the tool
176     80    reserved
256     ..    authentication block, auxiliary block
======  ====  ======================================================================================

A descriptor is a tag and the number of bytes that follow, both u64, and fills itself up to eight bytes. By tag:

===  ================  ==============================================================================
tag  descriptor        body
===  ================  ==============================================================================
0    property          u64 lengths of key and value; key, NUL, value, NUL
1    hash tree         u32 version; u64 size of the image, offset and size of the tree; u32 data block, hash block,
                       FEC roots; u64 offset and size of the FEC; algorithm[32]; u32 lengths of name, salt and root
                       digest; u32 flags; reserved[60]; name, salt, root digest
2    hash              u64 size of the image; algorithm[32]; u32 lengths of name, salt and digest; u32 flags;
                       reserved[60]; name, salt, digest
3    command line      u32 flags, length of the text; text
4    chain             u32 location of the rollback index, lengths of name and key; u32 flags; reserved[60]; name, key
===  ================  ==============================================================================

Source: AOSP ``external/avb/libavb/avb_vbmeta_image.h`` and ``avb_*_descriptor.h``. Confirmed by some thirty real vbmeta
images, as avbtool reads them. The hash of header and auxiliary block
is verified here; the signature is by `trueware.signatures.avb`.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.fields import flags_told, tell

MAGIC = b"AVB0"
HEADER_SIZE = 256

_HEADER = Struct(">4sII QQ I 10Q Q II 48s 80s")
_BLOCK = 64
_TAG = Struct(">QQ")
_PROPERTY = Struct(">QQ")
_HASHTREE = Struct(">I QQQ III QQ 32s III I 60s")
_HASH = Struct(">Q 32s III I 60s")
_COMMAND_LINE = Struct(">II")
_CHAIN = Struct(">I II I 60s")

ALGORITHMS = (
    "none",
    "sha256-rsa2048",
    "sha256-rsa4096",
    "sha256-rsa8192",
    "sha512-rsa2048",
    "sha512-rsa4096",
    "sha512-rsa8192",
    "mldsa65",
    "mldsa87",
)
"""By number. No image with the last two was seen."""

FLAGS = ("hashtree-disabled", "verification-disabled")
PARTITION_FLAGS = ("do-not-use-ab", "check-at-most-once")
CHAIN_FLAGS = ("do-not-use-ab",)
COMMAND_LINE_FLAGS = ("use-only-if-hashtree-not-disabled", "use-only-if-hashtree-disabled")

_RSA = range(1, 7)
"""Algorithms that come with a hash."""


@dataclass(frozen=True, slots=True)
class Property:
    """A key and a value."""

    key: str
    start: int
    """Where its value stands in the structure."""

    end: int


@dataclass(frozen=True, slots=True)
class HashTree:
    """A dm-verity tree over a partition."""

    partition: str
    version: int
    image_size: int
    tree: tuple[int, int]
    """Offset and size, in the partition."""

    fec: tuple[int, int]
    roots: int
    blocks: tuple[int, int]
    """Sizes of a block of data and of hashes."""

    algorithm: str
    salt: bytes
    digest: bytes
    flags: int

    def __str__(self) -> str:
        tree = f"{self.tree[0]:#x}+{self.tree[1]:#x} of {self.blocks[0]}/{self.blocks[1]} bytes, version {self.version}"
        fec = f"{self.fec[0]:#x}+{self.fec[1]:#x}, {self.roots} roots"
        return f"{_digest_told(self)}, tree {tree}, fec {fec}"


@dataclass(frozen=True, slots=True)
class Hash:
    """A digest of a partition."""

    partition: str
    image_size: int
    algorithm: str
    salt: bytes
    digest: bytes
    flags: int

    def __str__(self) -> str:
        return _digest_told(self)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Text for the kernel's command line."""

    text: str
    flags: int

    def __str__(self) -> str:
        return f"flags {flags_told(COMMAND_LINE_FLAGS, self.flags)}: {self.text}"


@dataclass(frozen=True, slots=True)
class Chain:
    """A partition with a vbmeta structure of its own, and the key that has to have signed it."""

    partition: str
    location: int
    """Of its rollback index."""

    key: bytes
    flags: int

    def __str__(self) -> str:
        flags = flags_told(CHAIN_FLAGS, self.flags)
        return f"key {hashlib.sha256(self.key).hexdigest()}, rollback index location {self.location}, flags {flags}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A descriptor of a tag that is not in the table above; its body is from `start` to `end`."""

    tag: int
    start: int
    end: int


def _digest_told(descriptor: "Hash | HashTree") -> str:
    digest, salt = descriptor.digest.hex() or "none", descriptor.salt.hex() or "none"
    size, flags = descriptor.image_size, flags_told(PARTITION_FLAGS, descriptor.flags)
    return f"{descriptor.algorithm} {digest}, salt {salt}, {size} bytes, flags {flags}"


Descriptor = Property | HashTree | Hash | CommandLine | Chain | Unknown


@dataclass(frozen=True, slots=True)
class VbMeta:
    """A vbmeta structure; ranges are half-open and count from its beginning."""

    version: tuple[int, int]
    algorithm: int
    digest: tuple[int, int]
    signature: tuple[int, int]
    public_key: tuple[int, int]
    key_metadata: tuple[int, int]
    rollback_index: int
    rollback_location: int
    flags: int
    auxiliary: tuple[int, int]
    """The block that is signed together with the header."""

    release: bytes
    """Of the tool that made it, with the NULs behind."""

    listed: tuple[int, int]
    """The descriptors as they stand."""

    end: int
    descriptors: tuple[Descriptor, ...] = field(repr=False)


def structure_size(header: memoryview) -> int:
    """Return the bytes of a structure by its header; 0 where there is none."""
    if len(header) < HEADER_SIZE or header[:4] != MAGIC:
        return 0
    _, _, _, authentication, auxiliary, *_ = _HEADER.unpack_from(header)
    return HEADER_SIZE + int(authentication) + int(auxiliary)


def read_vbmeta(view: memoryview, reading: Reading, format: str) -> VbMeta:  # noqa: A002 (the domain's noun)
    """Read the structure at the start of `view`; account for its bytes, and note what is wrong with them, in `reading`.

    Raises:
        MalformedInput: it is none, or libavb would not take it.
    """
    if len(view) < HEADER_SIZE or view[:4] != MAGIC:
        raise MalformedInput(format, 0, "no vbmeta header")
    _, major, minor, authentication, auxiliary, algorithm, *numbers, release, reserved = _HEADER.unpack_from(view)
    places, (rollback_index, flags, location) = numbers[:10], numbers[10:]
    auxiliary_at = HEADER_SIZE + authentication
    end = auxiliary_at + auxiliary
    if authentication % _BLOCK or auxiliary % _BLOCK or end > len(view):
        reason = f"blocks of {authentication} and {auxiliary} bytes, {len(view) - HEADER_SIZE} are left"
        raise MalformedInput(format, 12, reason)
    ranges = []
    for number in range(5):
        offset, size = places[2 * number : 2 * number + 2]
        base, length = (HEADER_SIZE, authentication) if number < 2 else (auxiliary_at, auxiliary)
        if offset > length or size > length - offset:
            reason = f"{size} bytes at {offset} of a block of {length}"
            raise MalformedInput(format, 32 + 16 * number, reason)
        ranges.append((base + offset, base + offset + size))
        reading.cover(*ranges[-1])
    reading.cover(0, HEADER_SIZE)
    _note_overlaps(ranges, reading)
    if any(reserved):
        reading.note_anomaly("reserved-bits", "a reserved field of the header is set", 176)
    tell(reading.facts, "release", release)
    digest, signature, public_key, key_metadata, listed = ranges
    _check_hash(view, algorithm, digest, (auxiliary_at, end), reading)
    return VbMeta(
        version=(major, minor),
        algorithm=algorithm,
        digest=digest,
        signature=signature,
        public_key=public_key,
        key_metadata=key_metadata,
        rollback_index=rollback_index,
        rollback_location=location,
        flags=flags,
        auxiliary=(auxiliary_at, end),
        release=release,
        listed=listed,
        end=end,
        descriptors=tuple(_descriptors(view[: listed[1]], listed[0], reading, format)),
    )


def _note_overlaps(ranges: list[tuple[int, int]], reading: Reading) -> None:
    reach = 0
    for start, end in sorted(each for each in ranges if each[0] < each[1]):
        if start < reach:
            reading.note_anomaly("overlap", "two fields of the structure share bytes", start)
        reach = max(reach, end)


def _check_hash(
    view: memoryview, algorithm: int, digest: tuple[int, int], auxiliary: tuple[int, int], reading: Reading
) -> None:
    """Compare the hash of header and auxiliary block with the one stated."""
    stated = bytes(view[slice(*digest)])
    if algorithm in _RSA:
        made = hashlib.new(ALGORITHMS[algorithm].partition("-")[0], view[:HEADER_SIZE])
        made.update(view[slice(*auxiliary)])
        if made.digest() != stated:
            detail = f"the {made.name} of the structure is {made.hexdigest()}, stated {stated.hex()}"
            reading.note_anomaly("checksum-mismatch", detail, digest[0])
    elif algorithm >= len(ALGORITHMS):
        reading.note_anomaly("unsupported", f"an algorithm of number {algorithm}", 28)
    elif stated:
        reading.note_anomaly("contradiction", f"a hash, and an algorithm ({ALGORITHMS[algorithm]}) without one", 28)


def _descriptors(view: memoryview, at: int, reading: Reading, format: str) -> Iterator[Descriptor]:  # noqa: A002
    """Yield the descriptors from `at` to the end of `view`."""
    while at < len(view):
        if at + _TAG.size > len(view):
            raise MalformedInput(format, at, "a descriptor is cut")
        tag, size = _TAG.unpack_from(view, at)
        start, end = at + _TAG.size, at + _TAG.size + size
        if size % 8 or end > len(view):
            raise MalformedInput(format, at, f"a descriptor of {size} bytes, {len(view) - start} are left")
        body = _Body(view[:end], start, reading, format)
        read = _READERS.get(tag)
        yield read(body) if read is not None else Unknown(tag, start, end)
        if read is not None:
            body.close()
        at = end


class _Body:
    """The bytes of one descriptor, taken front to back."""

    def __init__(self, view: memoryview, at: int, reading: Reading, format: str) -> None:  # noqa: A002
        self._view, self._at, self._reading, self._format = view, at, reading, format

    def unpack(self, layout: Struct) -> tuple[Any, ...]:
        """Return the fixed fields, of which the last is reserved where it is no number."""
        fields = layout.unpack(self.take(layout.size))
        if isinstance(fields[-1], bytes):
            self._expect_zeros(fields[-1])
        return fields

    def skip(self, size: int) -> tuple[int, int]:
        """Return where the next `size` bytes are."""
        left = len(self._view) - self._at
        if size > left:
            raise MalformedInput(
                self._format, self._at, f"a descriptor with {size} bytes of something, {left} are left"
            )
        self._at += size
        return self._at - size, self._at

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        return bytes(self._view[slice(*self.skip(size))])

    def text(self, size: int) -> str:
        """Return the next `size` bytes as text."""
        return self.take(size).decode("utf-8", "surrogateescape")

    def end_string(self) -> None:
        """Take the NUL behind a string."""
        self._expect_zeros(self.take(1))

    def close(self) -> None:
        """Look at what fills the descriptor up."""
        if any(self._view[self._at :]):
            self._reading.note_anomaly("hidden-content", "bytes behind the end of a descriptor", self._at)

    def _expect_zeros(self, data: bytes) -> None:
        if any(data):
            self._reading.note_anomaly("reserved-bits", "a reserved field of a descriptor is set", self._at)


def _property(body: _Body) -> Property:
    key_size, value_size = body.unpack(_PROPERTY)
    key = body.text(key_size)
    body.end_string()
    start, end = body.skip(value_size)
    body.end_string()
    return Property(key, start, end)


def _hash_tree(body: _Body) -> HashTree:
    version, image, *numbers, algorithm, name, salt, digest, flags, _ = body.unpack(_HASHTREE)
    tree_at, tree_size, data_block, hash_block, roots, fec_at, fec_size = numbers
    return HashTree(
        partition=body.text(name),
        version=version,
        image_size=image,
        tree=(tree_at, tree_size),
        fec=(fec_at, fec_size),
        roots=roots,
        blocks=(data_block, hash_block),
        algorithm=_spelt(algorithm),
        salt=body.take(salt),
        digest=body.take(digest),
        flags=flags,
    )


def _hash(body: _Body) -> Hash:
    image, algorithm, name, salt, digest, flags, _ = body.unpack(_HASH)
    return Hash(body.text(name), image, _spelt(algorithm), body.take(salt), body.take(digest), flags)


def _command_line(body: _Body) -> CommandLine:
    flags, size = body.unpack(_COMMAND_LINE)
    return CommandLine(body.text(size), flags)


def _chain(body: _Body) -> Chain:
    location, name, key, flags, _ = body.unpack(_CHAIN)
    return Chain(body.text(name), location, body.take(key), flags)


_READERS: dict[int, Callable[[_Body], Descriptor]] = {
    0: _property,
    1: _hash_tree,
    2: _hash,
    3: _command_line,
    4: _chain,
}


def _spelt(algorithm: bytes) -> str:
    """Return the name of a digest; what stands behind its end stays visible."""
    return algorithm.rstrip(b"\0").decode("utf-8", "surrogateescape")
