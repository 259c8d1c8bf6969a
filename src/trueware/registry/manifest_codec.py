"""A manifest as bytes: the whole tree of parts, in zstd-compressed CBOR, without its Merkle digests but for the root's.

::

    manifest = zstd( [ 1, tree: bstr .size 32, [+ part] ] )          parts in order of `Part.walk`, parents first
    part = [ name, kind, number of children, size, sha256, mode, uid, gid, mtime, link, [major, minor],
             [+ [name, bstr]] xattrs, format, [+ [key, value]] facts, [+ [key, value]] notes, offset, certain ]

What a part does not have is null (children and size: 0; certain: true), and left out at the end of the list; names are tstr, or
bstr where they are not Unicode. This structure is trueware's own.

The bytes are not trusted when they come back: everything is bounded and typed, and every digest is computed anew from the leaves
up, so that a manifest whose root does not come out as stated is refused. Depth costs nothing: no step recurses.
"""

from typing import Any

from trueware.cose import cbor
from trueware.errors import LimitExceeded, MalformedInput
from trueware.model.limits import MIB, Limits
from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part

MAX_PARTS = Limits().max_entries
"""Parts of one manifest: no more than one measurement may find."""

MAX_PLAIN = 512 * MIB
"""Bytes of one manifest's CBOR; a million parts take some 100 MiB."""

_NAME = "manifest"
_VERSION = 1
_FREE, _RATIO = MIB, 4096
_LEVEL = 6
_KINDS = {kind.value: kind for kind in Kind}
_DEFAULTS = (None, None, 0, 0, None, None, None, None, None, None, None, None, None, None, None, None, True)


def encode(root: Part) -> bytes:
    """Return the bytes of a manifest.

    Raises:
        LimitExceeded: more than `MAX_PARTS`, which hard-linked containers can reach with few bytes, or `MAX_PLAIN`.
    """
    import zstandard  # noqa: PLC0415 (start-up time: a known artefact is answered without manifests)

    parts = []
    pending = [root]
    while pending:
        part = pending.pop()
        parts.append(_fields(part))
        if len(parts) + len(pending) + len(part.children) > MAX_PARTS:
            raise LimitExceeded("max_entries", MAX_PARTS, "parts of one manifest")
        pending.extend(reversed(part.children))
    plain = cbor.encode([_VERSION, root.tree, parts])
    data = zstandard.ZstdCompressor(level=_LEVEL).compress(plain)
    if len(plain) > _ceiling(data):
        raise LimitExceeded("manifest", _ceiling(data), f"{len(plain)} bytes")
    return data


def decode(data: bytes) -> Part:
    """Return the tree, with every Merkle digest computed from what it holds.

    Raises:
        MalformedInput: not a manifest of this version, or its root's digest does not come out as stated.
    """
    fields: Any = cbor.decode(_decompress(data), _NAME, max_depth=6, check_types=False)
    if not isinstance(fields, list) or len(fields) != 3 or type(fields[0]) is not int or fields[0] != _VERSION:
        raise MalformedInput(_NAME, 0, f"version {_VERSION} of the structure expected")
    _, tree, parts = fields
    if not isinstance(tree, bytes) or not isinstance(parts, list) or not 0 < len(parts) <= MAX_PARTS:
        raise MalformedInput(_NAME, 0, f"a digest and 1 to {MAX_PARTS} parts expected")
    root = _assemble(parts)
    if root.tree != tree:
        raise MalformedInput(_NAME, 0, f"the Merkle digest is {root.tree.hex()}, stated is {tree.hex()}")
    return root


def _decompress(data: bytes) -> bytes:
    import zstandard  # noqa: PLC0415 (as above)

    try:
        stated = zstandard.frame_content_size(data)
        if not 0 <= stated <= _ceiling(data):  # -1: not stated
            raise MalformedInput(_NAME, 0, f"{stated} bytes stated for {len(data)} compressed ones")
        return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise MalformedInput(_NAME, 0, f"not one zstd frame ({error})") from error


def _ceiling(data: bytes) -> int:
    """Return how much `data` may decompress to: what is allocated stays in proportion to what is stored."""
    return min(MAX_PLAIN, max(_FREE, len(data) * _RATIO))


def _fields(part: Part) -> list[object]:
    fields: list[object] = [
        cbor.pack_text(part.name),
        part.kind.value,
        len(part.children),
        part.size,
        part.sha256,
        part.mode,
        part.uid,
        part.gid,
        part.mtime,
        None if part.link is None else cbor.pack_text(part.link),
        None if part.rdev is None else list(part.rdev),
        [[cbor.pack_text(name), value] for name, value in part.xattrs] or None,
        part.format,
        _packed(part.facts),
        _packed(part.notes),
        part.offset,
        part.certain,
    ]
    end = len(fields)
    while fields[end - 1] == _DEFAULTS[end - 1]:  # ends at the latest with the kind
        end -= 1
    return fields[:end]


def _packed(pairs: tuple[tuple[str, str], ...]) -> list[object] | None:
    return [[cbor.pack_text(name), cbor.pack_text(value)] for name, value in pairs] or None


def _assemble(parts: list[Any]) -> Part:
    """Return the root. From the last part to the first, whatever a part's children are, they are on top of the stack."""
    done: list[Part] = []
    for fields in reversed(parts):
        if (
            not isinstance(fields, list)
            or not 2 <= len(fields) <= len(_DEFAULTS)
            or fields[-1] == _DEFAULTS[len(fields) - 1]
        ):
            raise MalformedInput(_NAME, 0, "a part is not a list of known fields without defaults at its end")
        count = fields[2] if len(fields) > 2 else 0
        if type(count) is not int or not 0 <= count <= len(done):
            raise MalformedInput(_NAME, 0, f"{count!r} children of {len(done)} parts")
        children = tuple(reversed(done[len(done) - count :])) if count else ()
        if count:
            del done[-count:]
        done.append(_part([*fields, *_DEFAULTS[len(fields) :]], children))
    if len(done) != 1:
        raise MalformedInput(_NAME, 0, f"{len(done)} roots")
    return done[0]


def _part(fields: list[Any], children: tuple[Part, ...]) -> Part:
    name, word, _, size, sha256, mode, uid, gid, mtime, link, rdev, xattrs, format_, facts, notes, offset, certain = (
        fields
    )
    kind = _KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise MalformedInput(_NAME, 0, f"kind {word!r}")
    if not (
        type(size) is int and 0 <= size < 1 << 64
        and (mode is None or (type(mode) is int and 0 <= mode < 1 << 16))
        and (uid is None or (type(uid) is int and 0 <= uid < 1 << 32))
        and (gid is None or (type(gid) is int and 0 <= gid < 1 << 32))
        and (mtime is None or (type(mtime) is int and -1 << 63 <= mtime < 1 << 63))
        and (offset is None or (type(offset) is int and 0 <= offset < 1 << 64))
    ):  # fmt: skip
        raise MalformedInput(_NAME, 0, "a number of the wrong type or out of range")
    if sha256 is not None and (type(sha256) is not bytes or len(sha256) != 32):
        raise MalformedInput(_NAME, 0, "a SHA-256 is 32 bytes")
    if not isinstance(format_, str | None) or type(certain) is not bool:
        raise MalformedInput(_NAME, 0, "a format that is no name, or a certainty that is none")
    link = None if link is None else cbor.unpack_text(link, _NAME)
    rdev = None if rdev is None else _device(rdev)
    attributes = () if xattrs is None else _xattrs(xattrs)
    stated = () if facts is None else _pairs(facts)
    tree = part_digest(kind, children, sha256, mode, uid, gid, link, rdev, attributes, format_, stated, certain=certain)
    return Part(
        cbor.unpack_text(name, _NAME),
        kind,
        tree,
        size,
        sha256,
        mode,
        uid,
        gid,
        mtime,
        link,
        rdev,
        attributes,
        format_,
        stated,
        () if notes is None else _pairs(notes),
        offset,
        certain,
        children,
    )


def _device(rdev: Any) -> tuple[int, int]:
    if not isinstance(rdev, list) or len(rdev) != 2 or not all(type(n) is int and 0 <= n < 1 << 32 for n in rdev):
        raise MalformedInput(_NAME, 0, f"device {rdev!r}")
    return rdev[0], rdev[1]


def _xattrs(pairs: Any) -> tuple[tuple[str, bytes], ...]:
    if not all(type(value) is bytes for _, value in _lists_of_two(pairs)):
        raise MalformedInput(_NAME, 0, "an extended attribute is not bytes")
    return tuple((cbor.unpack_text(name, _NAME), value) for name, value in pairs)


def _pairs(pairs: Any) -> tuple[tuple[str, str], ...]:
    return tuple(
        (cbor.unpack_text(name, _NAME), cbor.unpack_text(value, _NAME)) for name, value in _lists_of_two(pairs)
    )


def _lists_of_two(pairs: Any) -> list[Any]:
    if not isinstance(pairs, list) or not pairs or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise MalformedInput(_NAME, 0, "a list of pairs expected")
    return pairs
