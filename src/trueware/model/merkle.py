"""The Merkle digest of a part: equal digests mean equal software, whatever container or codec it travels in.

This construction is trueware's own; no standard or outside vector confirms it. It is SHA-256 over length-prefixed fields,
so that no two different parts encode to the same bytes::

    leaf       = H("leaf"      kind mode uid gid link rdev xattrs content facts) content: SHA-256 of the bytes, or empty
    folder     = H("folder"    kind mode uid gid … children)                      children: sorted by name
    container  = H("container" kind mode uid gid … format facts children)         only where the reading is certain

A child enters as its name and its own digest. Padding, time stamps, offsets and `Part.notes` do not enter. A container whose
reading is not certain, or found nothing in it, is digested as a leaf, by its bytes alone.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

from trueware.model.part import Kind, Part, holds_anything


def part_digest(
    kind: Kind,
    children: tuple[Part, ...],
    content: bytes | None,
    mode: int | None,
    uid: int | None,
    gid: int | None,
    link: str | None,
    rdev: tuple[int, int] | None,
    xattrs: tuple[tuple[str, bytes], ...],
    format: str | None,  # noqa: A002 (the domain's noun)
    facts: tuple[tuple[str, str], ...],
    *,
    certain: bool,
) -> bytes:
    """Return the Merkle digest of a part from what it is made of; the arguments are the fields of `Part`, `content` its SHA-256."""
    if format is not None and certain and (content is None or holds_anything(children)):
        return container_digest(kind, children, mode, uid, gid, xattrs, format, facts)
    if kind is Kind.DIRECTORY:
        return folder_digest(children, mode, uid, gid, xattrs, facts)
    return leaf_digest(kind, content, mode, uid, gid, link, rdev, xattrs, facts)


def leaf_digest(
    kind: Kind,
    content: bytes | None,
    mode: int | None,
    uid: int | None,
    gid: int | None,
    link: str | None = None,
    rdev: tuple[int, int] | None = None,
    xattrs: tuple[tuple[str, bytes], ...] = (),
    facts: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return the digest of a part without children; `content` is the SHA-256 of its bytes."""
    head = b"leaf\0" + _attributes(kind, mode, uid, gid, link, rdev, xattrs) + (content or b"-")
    return sha256(head + _facts(facts) if facts else head).digest()


def folder_digest(
    children: Iterable[Part],
    mode: int | None,
    uid: int | None,
    gid: int | None,
    xattrs: tuple[tuple[str, bytes], ...] = (),
    facts: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return the digest of a folder."""
    head = _attributes(Kind.DIRECTORY, mode, uid, gid, None, None, xattrs)
    if facts:
        return sha256(b"folder with facts\0" + head + _facts(facts) + _children(children)).digest()
    return sha256(b"folder\0" + head + _children(children)).digest()


def container_digest(
    kind: Kind,
    children: Iterable[Part],
    mode: int | None,
    uid: int | None,
    gid: int | None,
    xattrs: tuple[tuple[str, bytes], ...],
    format: str,  # noqa: A002 (the domain's noun)
    facts: tuple[tuple[str, str], ...],
) -> bytes:
    """Return the digest of a part that `format` read with certainty."""
    head = _attributes(kind, mode, uid, gid, None, None, xattrs)
    return sha256(b"container\0" + head + _field(format) + _facts(facts) + _children(children)).digest()


def _attributes(
    kind: Kind,
    mode: int | None,
    uid: int | None,
    gid: int | None,
    link: str | None,
    rdev: tuple[int, int] | None,
    xattrs: tuple[tuple[str, bytes], ...],
) -> bytes:
    head = _owner(kind.word, mode, uid, gid)
    if link is None and rdev is None and not xattrs:
        return head + b"-"
    attributes = b"".join(_field(key) + _block(value) for key, value in sorted(xattrs))
    return head + b"+" + _field(link) + _field(repr(rdev)) + _block(attributes)


@lru_cache(4096)
def _owner(kind: bytes, mode: int | None, uid: int | None, gid: int | None) -> bytes:
    """Return what begins the attributes of a part, the same few for most of one image."""
    # digits, "-" and the kind's fixed words hold no NUL, so NUL separates them without ambiguity
    return b"%b\0%b\0%b\0%b\0" % (kind, _number(mode), _number(uid), _number(gid))


def _number(value: int | None) -> bytes:
    return b"-" if value is None else b"%d" % value


def _children(children: Iterable[Part]) -> bytes:
    records = [_field(child.name) + child.tree for child in children if child.kind is not Kind.PADDING]
    records.sort()
    return b"".join(records)


def _facts(facts: tuple[tuple[str, str], ...]) -> bytes:
    return _block(b"".join(_field(key) + _field(value) for key, value in sorted(facts)))


def _field(text: str | None) -> bytes:
    return b"-" if text is None else _block(text.encode("utf-8", "surrogateescape"))


def _block(data: bytes) -> bytes:
    return b"%d:%b" % (len(data), data)
