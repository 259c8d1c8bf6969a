"""Manifests as JSON, as `trueware measure --json` prints them (`schema/manifests.json`), read back into trees.

Parts stand parents first, each with its path (`trueware.model.part.join`); what a path says of its parent is how they are put
together again. Nothing in the document is believed: every Merkle digest is computed from the leaves up, and a manifest whose root
does not come out as stated is refused. The digests of contents are the word of whoever measured.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trueware.errors import LimitExceeded, MalformedInput
from trueware.model.claim import Claim
from trueware.model.limits import MIB, Limits
from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part

SCHEMA = "urn:trueware:schema:manifests:1"

MAX_DOCUMENT = 512 * MIB
"""Bytes; a part takes some 250."""

_NAME = "manifest"
_KINDS = {kind.value: kind for kind in Kind}
_HEX = frozenset("0123456789abcdef")
_MOST_CLAIMS = 10_000


@dataclass(frozen=True, slots=True)
class StatedManifest:
    """One artefact as a document states it."""

    artefact: str
    root: Part
    claims: tuple[Claim, ...] = ()


def is_manifests(head: bytes) -> bool:
    """Tell from its first bytes whether a document may be one of manifests."""
    return head.lstrip()[:1] == b"{" and f'"{SCHEMA}"'.encode() in head[:1024]


def decode(data: bytes, limits: Limits = Limits()) -> tuple[StatedManifest, ...]:  # noqa: B008 (frozen)
    """Return what a document states.

    Raises:
        MalformedInput: it is no such document, or a digest does not come out as stated.
        LimitExceeded: it is too long, or has more than `max_entries` parts.
    """
    if len(data) > MAX_DOCUMENT:
        raise LimitExceeded("manifests", MAX_DOCUMENT, f"{len(data)} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedInput(_NAME, getattr(error, "pos", 0), f"no JSON ({error})") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise MalformedInput(_NAME, 0, f"the schema {SCHEMA} expected")
    manifests = document.get("manifests")
    if not isinstance(manifests, list) or not all(isinstance(each, dict) for each in manifests):
        raise MalformedInput(_NAME, 0, "a list of manifests expected")
    return tuple(_manifest(each, limits) for each in manifests)


def _manifest(said: dict[str, Any], limits: Limits) -> StatedManifest:
    artefact, parts = said.get("artefact"), said.get("parts")
    if not isinstance(artefact, str) or not isinstance(parts, list) or not parts:
        raise MalformedInput(_NAME, 0, "a name and at least one part expected")
    if len(parts) > limits.max_entries:
        raise LimitExceeded("max_entries", limits.max_entries, f"{len(parts)} parts of one manifest")
    root = _assemble(artefact, parts)
    if root.tree.hex() != said.get("tree"):
        raise MalformedInput(
            _NAME, 0, f"the Merkle digest of {artefact[:80]!r} is {root.tree.hex()}, not what is stated"
        )
    return StatedManifest(artefact, root, tuple(_claims(said.get("claims", []))))


@dataclass(slots=True)
class _Open:
    """A part whose children are being read."""

    prefix: str
    """What the paths of its children begin with."""

    name: str
    said: dict[str, Any]
    children: list[Part]


def _assemble(artefact: str, parts: list[Any]) -> Part:
    """Return the root: a part is complete when one comes whose path does not begin with its own."""
    stack: list[_Open] = []
    for number, said in enumerate(parts):
        path = said.get("path") if isinstance(said, dict) else None
        if not isinstance(path, str) or (not path) != (not number):
            raise MalformedInput(_NAME, number, "a part without a path, or not one root, which comes first")
        while len(stack) > 1 and not path.startswith(stack[-1].prefix):
            _close(stack)
        step = path[len(stack[-1].prefix) :] if stack else ""
        if stack and (not step or "/" in step):
            raise MalformedInput(_NAME, number, f"{path[:200]!r} is in nothing that was told before")
        ends = "/" if said.get("format") is None else "!/"
        name = said.get("name", _name(step)) if stack else artefact
        if not isinstance(name, str):
            raise MalformedInput(_NAME, number, "a name that is no text")
        stack.append(_Open(path and path + ends, name, said, []))
    while len(stack) > 1:
        _close(stack)
    return _part(stack[0])


def _close(stack: list[_Open]) -> None:
    done = stack.pop()
    stack[-1].children.append(_part(done))


def _name(step: str) -> str:
    """Return the name that a path has as `step`; `trueware.model.part` writes it."""
    if step == "%":
        return ""
    return (step[:-3] + "!" if step.endswith("%21") else step).replace("%2F", "/")


def _part(made: _Open) -> Part:
    said = made.said
    kind, format_, certain = _KINDS.get(str(said.get("kind"))), said.get("format"), said.get("certain", True)
    if kind is None or not isinstance(format_, str | None) or type(certain) is not bool:
        raise MalformedInput(_NAME, 0, f"kind {said.get('kind')!r}, format {format_!r}, certain {certain!r}")
    sha256, link = said.get("sha256"), said.get("link")
    if not isinstance(link, str | None):
        raise MalformedInput(_NAME, 0, "a link that is no text")
    content = None if sha256 is None else _bytes(sha256, 32)
    mode = _mode(said.get("mode"))
    size, uid, gid = _number(said, "size", 64) or 0, _number(said, "uid", 32), _number(said, "gid", 32)
    rdev, xattrs = _device(said.get("rdev")), _xattrs(said.get("xattrs", {}))
    facts, notes = _pairs(said.get("fact_list", said.get("facts", {}))), _pairs(said.get("notes", {}))
    children = tuple(made.children)
    try:
        tree = part_digest(kind, children, content, mode, uid, gid, link, rdev, xattrs, format_, facts, certain=certain)
    except UnicodeEncodeError as error:  # half a character that stands for no byte
        raise MalformedInput(_NAME, 0, f"text that no file system holds ({error.reason})") from error
    offset = _number(said, "offset", 64)
    return Part(
        made.name, kind, tree, size, content, mode, uid, gid, None, link, rdev, xattrs, format_, facts, notes, offset,
        certain, children,
    )  # fmt: skip


def _number(said: dict[str, Any], name: str, bits: int) -> int | None:
    value = said.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise MalformedInput(_NAME, 0, f"{name} {str(value)[:40]}")
    return value


def _mode(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) != 4 or not set(value) <= set("01234567"):
        raise MalformedInput(_NAME, 0, f"mode {str(value)[:40]!r}")
    return int(value, 8)


def _bytes(value: object, length: int | None = None) -> bytes:
    right = isinstance(value, str) and set(value) <= _HEX and len(value) % 2 == 0
    if not isinstance(value, str) or not right or (length is not None and len(value) != 2 * length):
        raise MalformedInput(_NAME, 0, f"{str(value)[:80]!r} is not {length or 'some'} bytes in hex")
    return bytes.fromhex(value)


def _device(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or not all(type(n) is int and 0 <= n < 1 << 32 for n in value):
        raise MalformedInput(_NAME, 0, f"device {str(value)[:40]}")
    return value[0], value[1]


def _xattrs(value: object) -> tuple[tuple[str, bytes], ...]:
    if not isinstance(value, dict):
        raise MalformedInput(_NAME, 0, "extended attributes that are no object")
    return tuple((name, _bytes(said)) for name, said in sorted(value.items()))


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if isinstance(value, list):  # where one name stands several times
        if not all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(t, str) for t in pair) for pair in value
        ):
            raise MalformedInput(_NAME, 0, "a list of facts that are not of two texts")
        return tuple((pair[0], pair[1]) for pair in value)
    if not isinstance(value, dict) or not all(isinstance(said, str) for said in value.values()):
        raise MalformedInput(_NAME, 0, "facts or notes that are no object of texts")
    return tuple(value.items())


def _claims(value: object) -> Iterator[Claim]:
    if not isinstance(value, list) or len(value) > _MOST_CLAIMS:
        raise MalformedInput(_NAME, 0, f"claims that are no list of at most {_MOST_CLAIMS}")
    for each in value:
        said = [each.get(name) for name in ("name", "value", "source", "part")] if isinstance(each, dict) else [None]
        if not all(isinstance(text, str) for text in said):
            raise MalformedInput(_NAME, 0, "a claim that is not of four texts")
        yield Claim(*map(str, said))
