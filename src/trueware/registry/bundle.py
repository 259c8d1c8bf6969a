"""Bundles: some releases of a registry with the proofs that they are in its log, as one file, for use without a network.

::

    a line       trueware-bundle 1
    records: length in four bytes (big-endian), then that many bytes of zstd over deterministic CBOR
      the first    [checkpoint: bstr, count of the leaves that follow]
      each leaf    [number, entry, [* hash of its inclusion proof], payload / nil,
                    manifest / nil, [* kept content], packings / nil, portraits / nil]

The leaves, in the order of the log: the registration policy and the registrar's key; what the log says of each release (withdrawals
too), of its publisher, of that publisher's anchors, of certificates of its artefact; and all that must never be trusted. `payload` is
there where the entry has only its digest.

What a bundle proves: that each of these statements is in the log that the checkpoint is of, and so what the registry said of these
releases. What it cannot prove is that the log says nothing more of them: whoever made it could leave a withdrawal out, and what came
later it cannot have. The checkpoint's witnesses say as of when it speaks.

The structure is trueware's own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from trueware.cose import cbor
from trueware.errors import InputError, LimitExceeded, MalformedInput, UntrustedStatement
from trueware.model.part import Part
from trueware.registry import manifest_codec, signed
from trueware.registry.changes import Admitted, Certified, Distrust, Enrolment, Revocation, Withdrawal
from trueware.registry.log_audit import payload_of
from trueware.registry.payload import MEDIA_TYPE, Payload, as_release
from trueware.registry.ports import RegistryStore, Submission
from trueware.registry.proof import prove_manifest
from trueware.registry.registration import Attached, Registered, Registrations, apply
from trueware.registry.sync import attached_to
from trueware.tlog import checkpoint
from trueware.tlog import note as notes
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.merkle import MAX_PROOF, inclusion_proof, leaf_hash, verify_inclusion
from trueware.tlog.policy import Policy, Proved

MAGIC = b"trueware-bundle 1\n"
MAX_RECORD = 1 << 28
"""Bytes of one record, unpacked: a manifest of a million files has some 100 MB."""

MAX_ITEMS = 1 << 20
"""Values of one record, kept contents and hashes among them: a value takes up to 80 bytes in memory, and one byte in the record."""

MAX_LEAVES = 1_000_000
_NAME = "bundle"
_PACKED = 1 << 28
_STRINGS = (2, 3)
"""Major types of CBOR (RFC 8949 §3.1) that are followed by as many bytes as they say."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a bundle; nothing of it is proved."""

    number: int
    entry: bytes
    proof: tuple[bytes, ...]
    payload: bytes | None
    attached: Attached


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a bundle."""

    proved: Proved
    releases: int
    """That are new."""

    known: int
    refused: tuple[tuple[int, str], ...]
    """Leaves that were not taken in, and why."""


def write_bundle(store: RegistryStore, releases: Iterable[str]) -> Iterator[bytes]:
    """Yield the pieces of a bundle with the releases of these ids.

    Raises:
        UntrustedStatement: the store has no log, or no such release, or its log does not have it.
    """
    note = store.checkpoint()
    if note is None:
        raise UntrustedStatement("the registry has no log to prove anything with")
    at = checkpoint.parse(notes.read_note(note).text)
    numbers = sorted(number for number in _numbers(store, releases) if number < at.size)
    yield MAGIC
    yield _record([note, len(numbers)])
    for number in numbers:
        entry = next(store.entries(number, number + 1))
        said = signed.read(entry)
        payload = payload_of(store, entry) if said.payload is None else None
        attached = Attached()
        if said.content_type == MEDIA_TYPE:
            attached = attached_to(store, as_release(payload if payload is not None else said.payload or b""))
        yield _record([
            number, entry, inclusion_proof(number, at.size, store.get_tile), payload,
            manifest_codec.encode(attached.manifest) if attached.manifest is not None else None,
            [attached.kept[digest] for digest in sorted(attached.kept)], attached.packings, attached.portraits,
        ])  # fmt: skip


def _numbers(store: RegistryStore, ids: Iterable[str]) -> set[int]:
    """Return the leaves that are about these releases, and about whoever speaks of them."""
    found = {0, 1}
    publishers: set[str] = set()
    for id_ in ids:
        release = store.get_release(id_)
        about = [number for number, _ in store.leaves_about(f"release:{id_}")]
        if release is None or not about:
            raise UntrustedStatement(f"no release {id_} is in the log")
        found.update(about)
        found.update(number for number, _ in store.leaves_about(f"artefact:{release.sha256.hex()}"))
        publishers.add(release.publisher)
    for name in publishers:
        found.update(number for number, _ in store.leaves_about(f"publisher:{name}"))
    for anchor in store.anchors():
        if anchor.publisher in publishers:
            found.update(number for number, _ in store.leaves_about(f"anchor:{anchor.publisher}:{anchor.id}"))
    found.update(number for number, _ in store.leaves_about("registry"))
    found.update(number for number, _ in store.leaves_about("distrust"))
    return found


def take_bundle(
    pieces: Iterable[bytes], store: RegistryStore, scratch: RegistryStore, policy: Policy, now: int
) -> Taken:
    """Verify a bundle and take it into a registry: every leaf is proved to be in the log, and checked as its registry checked it.

    A release that is publisher-signed comes with the publisher's own statement; for others the registrar of `store` states what the
    registry of the bundle said, which is their source. A publisher who is enrolled with other keys keeps these, and is refused.

    Args:
        pieces: the bytes of the bundle.
        store: where to.
        scratch: an empty store, in which what the bundle says is replayed.
        policy: whose signatures make a checkpoint of its registry believed.
        now: seconds since 1970.

    Raises:
        MalformedInput: it is no bundle.
        UntrustedStatement: the checkpoint does not hold, or a leaf is not in its log.
    """
    records = read_bundle(pieces)
    first = next(records)
    assert isinstance(first, bytes)  # noqa: S101 (of `read_bundle`)
    proved = policy.prove(first)
    state = Registrations(scratch)
    releases = known = 0
    brought: set[str] = set()
    refused: list[tuple[int, str]] = []
    for leaf in records:
        assert isinstance(leaf, Leaf)  # noqa: S101
        registered = _proved(leaf, proved.checkpoint, state, scratch)
        try:
            _check_same(store, scratch, registered, brought)
            new = _take(store, registered, leaf, proved.checkpoint, now, brought)
        except (InputError, ValueError) as error:
            refused.append((leaf.number, str(error)))
            continue
        if isinstance(registered.said, Payload):
            releases, known = releases + new, known + (not new)
    return Taken(proved, releases, known, tuple(refused))


def _proved(leaf: Leaf, at: Checkpoint, state: Registrations, scratch: RegistryStore) -> Registered:
    try:
        verify_inclusion(leaf_hash(leaf.entry), leaf.number, at.size, leaf.proof, at.root)
        registered = state.check(leaf.entry, leaf.payload)
        apply(scratch, registered, leaf.entry)
    except InputError as error:
        raise UntrustedStatement(f"leaf {leaf.number} of the bundle: {error}") from error
    state.took(registered)
    return registered


def _check_same(store: RegistryStore, scratch: RegistryStore, registered: Registered, brought: set[str]) -> None:
    """Return if what is said of a publisher is said of the one who is enrolled here under that name.

    Raises:
        UntrustedStatement: the publisher of the bundle has keys that the one here has not.
    """
    match registered.said:
        case Enrolment(publisher):
            name = publisher.name
        case Admitted(anchor):
            name = anchor.publisher
        case Revocation(name):
            pass
        case _:
            return
    here, there = store.get_publisher(name), scratch.get_publisher(name)
    if here is None and isinstance(registered.said, Enrolment):
        brought.add(name)
    if name in brought:  # who came with this very bundle, in as many statements as it takes
        return
    if here is not None and there is not None and not set(there.keys) <= set(here.keys):
        raise UntrustedStatement(f"publisher {name!r} is enrolled here with other keys")


def _take(
    store: RegistryStore, registered: Registered, leaf: Leaf, at: Checkpoint, now: int, brought: set[str]
) -> bool:
    """Do in a registry what a leaf of another says; tells whether it was new."""
    source = f"{at.origin}, leaf {leaf.number}"
    if registered.statement.source:
        source += f": {registered.statement.source}"
    match registered.said:
        case Payload() as said:
            if leaf.attached.manifest is not None:
                prove_manifest(as_release(registered.payload), leaf.attached.manifest)
            own = leaf.entry if said.authority.value == "publisher-signed" else None
            rest = leaf.attached.manifest, leaf.attached.kept, leaf.attached.packings, leaf.attached.portraits
            return store.add_releases([Submission(registered.payload, now, source, own, *rest)])[0]
        case Enrolment(publisher):
            if publisher.name not in brought:
                return False
            store.add_publisher(publisher, now)
            return True
        case Withdrawal(release, reason):
            return store.withdraw(release, reason, now)
        case Admitted(anchor):
            return store.add_anchors([anchor], now) == 1
        case Revocation(name, id_, reason):
            return store.revoke_anchor(name, id_, reason, now)
        case Distrust(entries):
            return store.add_distrusted(entries, now) > 0
        case Certified(status):
            return store.add_certificates([status], now) == 1
        case _:
            return False


def read_bundle(pieces: Iterable[bytes]) -> Iterator[bytes | Leaf]:
    """Yield the checkpoint of a bundle, and then its leaves; nothing is proved.

    Raises:
        MalformedInput: it is none, or was cut.
        LimitExceeded: a record is larger than `MAX_RECORD`.
    """
    reader = _Reader(pieces)
    if reader.take(len(MAGIC)) != MAGIC:
        raise MalformedInput(_NAME, 0, "no bundle of this version")
    note, count = _fields(reader, 2)
    if not isinstance(note, bytes) or type(count) is not int or not 0 <= count <= MAX_LEAVES:
        raise MalformedInput(_NAME, reader.offset, "a checkpoint and a count expected")
    yield note
    last = -1
    for _ in range(count):
        leaf = _leaf(_fields(reader, 8), reader.offset)
        if leaf.number <= last:
            raise MalformedInput(_NAME, reader.offset, "leaves that are not in the order of the log")
        last = leaf.number
        yield leaf
    if reader.rest():
        raise MalformedInput(_NAME, reader.offset, "bytes follow the last leaf")


def _leaf(fields: list[Any], offset: int) -> Leaf:
    number, entry, proof, payload, manifest, kept, packings, portraits = fields
    kinds = isinstance(entry, bytes) and isinstance(proof, list) and isinstance(kept, list) and type(number) is int
    if not kinds or not all(isinstance(each, bytes) for each in (*proof, *kept)) or len(proof) > MAX_PROOF:
        raise MalformedInput(_NAME, offset, "a leaf of the wrong form")
    if not all(each is None or isinstance(each, bytes) for each in (payload, manifest, packings, portraits)):
        raise MalformedInput(_NAME, offset, "a leaf of the wrong form")
    from hashlib import sha256  # noqa: PLC0415 (beside its only use)

    root: Part | None = manifest_codec.decode(manifest) if manifest is not None else None
    attached = Attached(root, {sha256(each).digest(): each for each in kept}, packings, portraits)
    return Leaf(number, entry, tuple(proof), payload, attached)


def _record(value: object) -> bytes:
    import zstandard  # noqa: PLC0415 (start-up time)

    packed = zstandard.ZstdCompressor(level=9, write_content_size=True).compress(cbor.encode(value))
    return len(packed).to_bytes(4, "big") + packed


def _fields(reader: "_Reader", count: int) -> list[Any]:
    import zstandard  # noqa: PLC0415 (start-up time)

    length = int.from_bytes(reader.take(4), "big")
    if length > _PACKED:
        raise LimitExceeded("bundle record", _PACKED, f"{length} bytes at {reader.offset}")
    packed = reader.take(length)
    try:
        size = zstandard.frame_content_size(packed)
        if not 0 <= size <= MAX_RECORD:
            raise LimitExceeded("bundle record", MAX_RECORD, f"{size} bytes unpacked at {reader.offset}")
        data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
    except zstandard.ZstdError as error:
        raise MalformedInput(_NAME, reader.offset, f"no zstd ({error})") from error
    _check_items(data, reader.offset)
    fields: Any = cbor.decode(data, _NAME, max_depth=4)
    if not isinstance(fields, list) or len(fields) != count:
        raise MalformedInput(_NAME, reader.offset, f"a list of {count} expected")
    return fields


def _check_items(data: bytes, offset: int) -> None:
    """Refuse a record of more values than any has, before they are made; whether it is CBOR is found when it is decoded.

    Raises:
        LimitExceeded: it is one.
    """
    at = items = 0
    while at < len(data):
        items += 1
        if items > MAX_ITEMS:
            raise LimitExceeded("bundle record", MAX_ITEMS, f"values at {offset}")
        major, short = data[at] >> 5, data[at] & 31
        wide = 1 << (short - 24) if 24 <= short < 28 else 0
        value = int.from_bytes(data[at + 1 : at + 1 + wide], "big") if wide else short
        at += 1 + wide + (value if major in _STRINGS else 0)


class _Reader:
    """Takes so many bytes at a time from pieces of any length."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = bytearray()
        self.offset = 0

    def take(self, count: int) -> bytes:
        while len(self._held) < count:
            piece = next(self._pieces, b"")
            if not piece:
                raise MalformedInput(
                    _NAME, self.offset + len(self._held), f"it ends {count - len(self._held)} bytes short"
                )
            self._held += piece
        data = bytes(self._held[:count])
        del self._held[:count]
        self.offset += count
        return data

    def rest(self) -> bool:
        return bool(self._held) or any(self._pieces)
