"""A manifest as bytes: the whole tree of parts, in zstd-compressed CBOR, without its Merkle digests but for the root's.

::

    manifest = zstd( [ 1, tree: bstr .size 32, [+ part] ] )          parts in order of `Part.walk`, parents first
    part = { 0: name, 1: kind, ? 2: number of children, ? 3: size, ? 4: sha256, ? 5: mode, ? 6: uid, ? 7: gid, ? 8: mtime,
             ? 9: link, ? 10: [major, minor], ? 11: [+ [name, bstr]] xattrs, ? 12: format, ? 13: [+ [key, value]] facts,
             ? 14: [+ [key, value]] notes, ? 15: offset, ? 16: false  the reading was not certain }

A field at its default is left out; names are tstr, or bstr where they are not Unicode. This structure is trueware's own.

The bytes are not trusted when they come back: everything is bounded and typed, and every digest is computed anew from the leaves
up, so that a manifest whose root does not come out as stated is refused. Depth costs nothing: no step recurses.
"""

from typing import Any

from trueware.errors import LimitExceeded, MalformedInput
from trueware.model.limits import MIB, Limits
from trueware.model.merkle import container_digest, folder_digest, leaf_digest
from trueware.model.part import Kind, Part
from trueware.registry import cbor

MAX_PARTS = Limits().max_entries
"""Parts of one manifest: no more than one measurement may find."""

MAX_PLAIN = 512 * MIB
"""Bytes of one manifest's CBOR; a million parts take some 100 MiB."""

_NAME = "manifest"
_VERSION = 1
_FREE, _RATIO = MIB, 4096
_LEVEL = 6
_KINDS = {kind.value: kind for kind in Kind}
_WORDS = {16: "certain", 3: "size", 5: "mode", 6: "uid", 7: "gid", 8: "mtime", 15: "offset"}
_NUMBERS = {3: (0, 1 << 64), 5: (0, 1 << 16), 6: (0, 1 << 32), 7: (0, 1 << 32), 8: (-(1 << 63), 1 << 63), 15: (0, 1 << 64)}
_FIELDS = frozenset(range(17))


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
    fields: Any = cbor.decode(_decompress(data), _NAME, max_depth=6)
    if not isinstance(fields, list) or len(fields) != 3 or fields[0] is True or fields[0] != _VERSION:
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


def _fields(part: Part) -> dict[int, object]:
    fields: dict[int, object] = {0: cbor.pack_text(part.name), 1: part.kind.value}
    if part.children:
        fields[2] = len(part.children)
    if part.size:
        fields[3] = part.size
    optional = {
        4: part.sha256, 5: part.mode, 6: part.uid, 7: part.gid, 8: part.mtime, 12: part.format, 15: part.offset,
        9: None if part.link is None else cbor.pack_text(part.link), 10: None if part.rdev is None else list(part.rdev),
    }
    fields |= {key: value for key, value in optional.items() if value is not None}
    if part.xattrs:
        fields[11] = [[cbor.pack_text(name), value] for name, value in part.xattrs]
    for key, pairs in ((13, part.facts), (14, part.notes)):
        if pairs:
            fields[key] = [[cbor.pack_text(name), cbor.pack_text(value)] for name, value in pairs]
    if not part.certain:
        fields[16] = False
    return fields


def _assemble(parts: list[Any]) -> Part:
    """Return the root. From the last part to the first, whatever a part's children are, they are on top of the stack."""
    done: list[Part] = []
    for fields in reversed(parts):
        if not isinstance(fields, dict) or not fields.keys() <= _FIELDS:
            raise MalformedInput(_NAME, 0, "a part is not a map of known fields")
        count = fields.get(2, 0)
        if type(count) is not int or not 0 <= count <= len(done) or (not count and 2 in fields):
            raise MalformedInput(_NAME, 0, f"{count!r} children of {len(done)} parts")
        children = tuple(reversed(done[len(done) - count :])) if count else ()
        if count:
            del done[-count:]
        done.append(_part(fields, children))
    if len(done) != 1:
        raise MalformedInput(_NAME, 0, f"{len(done)} roots")
    return done[0]


def _part(fields: dict[int, Any], children: tuple[Part, ...]) -> Part:
    kind = _KINDS.get(fields[1]) if isinstance(fields.get(1), str) else None
    if kind is None:
        raise MalformedInput(_NAME, 0, f"kind {fields.get(1)!r}")
    for key, (least, end) in _NUMBERS.items():
        number = fields.get(key)
        if key in fields and (type(number) is not int or not least <= number < end):
            raise MalformedInput(_NAME, 0, f"{_WORDS[key]} {number!r}")
    sha256, format_, certain = fields.get(4), fields.get(12), fields.get(16, True)
    if sha256 is not None and (not isinstance(sha256, bytes) or len(sha256) != 32):
        raise MalformedInput(_NAME, 0, "a SHA-256 is 32 bytes")
    if fields.get(3) == 0 or not isinstance(format_, str | None) or certain is not (16 not in fields):
        raise MalformedInput(_NAME, 0, "a default that is written out, or a format that is no name")
    mode, uid, gid = fields.get(5), fields.get(6), fields.get(7)
    link = cbor.unpack_text(fields[9], _NAME) if 9 in fields else None
    rdev, xattrs, facts = _rdev(fields), _xattrs(fields), _pairs(fields, 13)
    # the rule of trueware.model.merkle: a certain reading stands for its bytes, an uncertain one does not
    if format_ is not None and certain:
        tree = container_digest(kind, children, mode, uid, gid, xattrs, format_, facts)
    elif kind is Kind.DIRECTORY:
        tree = folder_digest(children, mode, uid, gid, xattrs)
    else:
        tree = leaf_digest(kind, sha256, mode, uid, gid, link, rdev, xattrs, facts)
    return Part(
        name=cbor.unpack_text(fields.get(0), _NAME), kind=kind, tree=tree, size=fields.get(3, 0), sha256=sha256, mode=mode,
        uid=uid, gid=gid, mtime=fields.get(8), link=link, rdev=rdev, xattrs=xattrs, format=format_, facts=facts,
        notes=_pairs(fields, 14), offset=fields.get(15), certain=certain, children=children,
    )


def _rdev(fields: dict[int, Any]) -> tuple[int, int] | None:
    if 10 not in fields:
        return None
    rdev = fields[10]
    if not isinstance(rdev, list) or len(rdev) != 2 or not all(type(n) is int and 0 <= n < 1 << 32 for n in rdev):
        raise MalformedInput(_NAME, 0, f"device {rdev!r}")
    return rdev[0], rdev[1]


def _xattrs(fields: dict[int, Any]) -> tuple[tuple[str, bytes], ...]:
    pairs = _lists_of_two(fields, 11)
    if not all(isinstance(value, bytes) for _, value in pairs):
        raise MalformedInput(_NAME, 0, "an extended attribute is not bytes")
    return tuple((cbor.unpack_text(name, _NAME), value) for name, value in pairs)


def _pairs(fields: dict[int, Any], key: int) -> tuple[tuple[str, str], ...]:
    return tuple((cbor.unpack_text(n, _NAME), cbor.unpack_text(v, _NAME)) for n, v in _lists_of_two(fields, key))


def _lists_of_two(fields: dict[int, Any], key: int) -> list[Any]:
    if key not in fields:
        return []
    pairs = fields[key]
    if not isinstance(pairs, list) or not pairs or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise MalformedInput(_NAME, 0, "a list of pairs expected")
    return pairs
