"""Files of a CoSWID payload: as paths, and as the tree of parts that one of our own holds without loss.

RFC 9393 knows files (name, size, digest) and folders. What else a measured part has stands in attributes of our own, which the RFC
allows everywhere (``any-attribute``: text to text or integer, or several of them), so that any reader has the list of files, and a
registry gets back the very tree::

    trueware.kind     another kind than a file: region, symlink, gap, … (`trueware.model.part.Kind`)
    trueware.mode, trueware.uid, trueware.gid, trueware.rdev [ major, minor ]
    trueware.link     target of a symbolic link
    trueware.xattrs   [ + name, value in hexadecimal ]
    trueware.format, trueware.facts [ + name, value ], trueware.uncertain 1
    trueware.inside 1 of a folder: it is what is in the file beside it that has its name
    trueware.name     the name where it is not Unicode: its bytes in hexadecimal

Padding, offsets, time stamps and notes are left out: they take no part in the Merkle digest (`trueware.model.merkle`).
"""

from collections.abc import Iterator
from typing import TypeVar

from trueware.cose.foreign_cbor import Value
from trueware.errors import LimitExceeded, MalformedInput
from trueware.exchange.corim.codec import Extensions, each
from trueware.exchange.corim.common import SHA256, Digest
from trueware.exchange.corim.comparing import algorithm_of
from trueware.exchange.corim.coswid import DirectoryEntry, FileEntry, PathElements, Payload
from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part

MAX_FOLDERS = 38
"""Folders and containers within one another that are written: each takes three of the levels that CBOR is read to."""

T = TypeVar("T")

_OWN = "trueware."
_NAME = "coswid"
MAX_PATH = 1 << 16
"""Characters of a path in a list of others."""

_ESCAPE = "\0"
"""Before the hexadecimal bytes of a text that is not Unicode."""


def payload_of(root: Part) -> Payload:
    """Return a tree as a payload.

    Raises:
        LimitExceeded: more than `MAX_FOLDERS` within one another.
    """
    files, folders = _entries((root,), 0)
    return Payload(_many(folders), _many(files))


def _entries(parts: tuple[Part, ...], depth: int) -> tuple[tuple[FileEntry, ...], tuple[DirectoryEntry, ...]]:
    if depth > MAX_FOLDERS:
        raise LimitExceeded("folders of a CoSWID", MAX_FOLDERS)
    files: list[FileEntry] = []
    folders: list[DirectoryEntry] = []
    for part in parts:
        if part.kind is Kind.PADDING:
            continue
        name = _shown(part.name)
        is_folder = part.kind is Kind.DIRECTORY
        attributes = _attributes(part)
        if not is_folder:
            digest = Digest(SHA256, part.sha256) if part.sha256 is not None else None
            files.append(FileEntry(name, part.size, hash=digest, extensions=attributes))
        if is_folder or part.children:
            inner_files, inner_folders = _entries(part.children, depth + 1) if part.children else ((), ())
            elements = PathElements(_many(inner_folders), _many(inner_files)) if part.children else None
            own = attributes if is_folder else _extensions({"inside": 1, **_named(part)})
            folders.append(DirectoryEntry(name, elements, extensions=own))
    return tuple(files), tuple(folders)


def _many(items: tuple[T, ...]) -> T | tuple[T, ...] | None:
    """Return one or more as RFC 9393 writes them."""
    return items if len(items) > 1 else items[0] if items else None


def _attributes(part: Part) -> Extensions:
    said: dict[str, Value] = dict(_named(part))
    if part.kind not in (Kind.FILE, Kind.DIRECTORY):
        said["kind"] = part.kind.value
    said |= {name: value for name in ("mode", "uid", "gid") if (value := getattr(part, name)) is not None}
    if part.link is not None:
        said["link"] = pack_text(part.link)
    if part.rdev is not None:
        said["rdev"] = part.rdev
    if part.xattrs:
        said["xattrs"] = tuple(text for name, raw in part.xattrs for text in (pack_text(name), raw.hex()))
    if part.format is not None:
        said["format"] = part.format
    if part.facts:
        said["facts"] = tuple(pack_text(text) for pair in part.facts for text in pair)
    if not part.certain:
        said["uncertain"] = 1
    return _extensions(said)


def _named(part: Part) -> dict[str, Value]:
    return {} if _shown(part.name) == part.name else {"name": part.name.encode("utf-8", "surrogateescape").hex()}


def _extensions(said: dict[str, Value]) -> Extensions:
    """Return attributes as a map has them: shorter keys first, as their encodings sort."""
    return tuple(
        sorted(((_OWN + name, value) for name, value in said.items()), key=lambda pair: (len(pair[0]), pair[0]))
    )


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def pack_text(text: str) -> str:
    """Return a text as an attribute has it: one that is not Unicode as the bytes it stands for."""
    raw = text.encode("utf-8", "surrogateescape")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return _ESCAPE + raw.hex()
    return _ESCAPE + raw.hex() if text.startswith(_ESCAPE) else text


def unpack_text(value: Value) -> str:
    """Return the text that `pack_text` packed.

    Raises:
        MalformedInput: it is none.
    """
    if not isinstance(value, str):
        raise MalformedInput(_NAME, 0, "an attribute of a part that is no text")
    return _bytes(value[1:]).decode("utf-8", "surrogateescape") if value.startswith(_ESCAPE) else value


def _bytes(text: Value) -> bytes:
    try:
        return bytes.fromhex(text) if isinstance(text, str) else b"".fromhex("?")
    except ValueError:
        raise MalformedInput(_NAME, 0, "an attribute of a part that is no hexadecimal") from None


def is_own(payload: Payload) -> bool:
    """Tell whether a payload was made here: it is one part, whose attributes say more than the RFC's."""
    files, folders = each(payload.file), each(payload.directory)
    tops = [*files, *folders]
    return 0 < len(tops) <= 2 and any(
        isinstance(key, str) and key.startswith(_OWN) for top in _below(payload) for key, _ in top.extensions
    )


def _below(payload: Payload) -> Iterator[FileEntry | DirectoryEntry]:
    """Yield all entries, parents first."""
    waiting = list(_entries_of(payload))
    for entry in waiting:
        yield entry
        if isinstance(entry, DirectoryEntry) and entry.path_elements is not None:
            waiting += _entries_of(entry.path_elements)


def tree_of(payload: Payload) -> Part:
    """Return the tree that `payload_of` made a payload of, its digests computed anew.

    Raises:
        MalformedInput: it is none, or its attributes contradict it.
    """
    parts = _parts(each(payload.file), each(payload.directory))
    if len(parts) != 1:
        raise MalformedInput(_NAME, 0, f"a payload of {len(parts)} parts, one expected")
    return parts[0]


def _parts(files: tuple[FileEntry, ...], folders: tuple[DirectoryEntry, ...]) -> tuple[Part, ...]:
    inside: dict[str, DirectoryEntry] = {}
    made: list[Part] = []
    for folder in folders:
        said = _said(folder.extensions)
        if "inside" in said:
            name = _name(folder.fs_name, said)
            if name in inside:
                raise MalformedInput(_NAME, 0, f"two contents of {folder.fs_name!r}"[:200])
            inside[name] = folder
        else:
            made.append(_part(_name(folder.fs_name, said), Kind.DIRECTORY, None, 0, said, folder))
    for file in files:
        said = _said(file.extensions)
        name = _name(file.fs_name, said)
        made.append(_part(name, _kind(said), _content(file), file.size or 0, said, inside.pop(name, None)))
    if inside:
        raise MalformedInput(_NAME, 0, f"contents of {next(iter(inside))!r}, which is not there"[:200])
    return tuple(made)


def _part(
    name: str, kind: Kind, content: bytes | None, size: int, said: dict[str, Value], folder: DirectoryEntry | None
) -> Part:
    elements = folder.path_elements if folder is not None else None
    children = _parts(each(elements.file), each(elements.directory)) if elements is not None else ()
    mode, uid, gid = (_number(said.get(each)) for each in ("mode", "uid", "gid"))
    link = unpack_text(said["link"]) if "link" in said else None
    format_ = unpack_text(said["format"]) if "format" in said else None
    rdev = said.get("rdev")
    device: tuple[int, int] | None = None
    if rdev is not None:
        major, minor = rdev if isinstance(rdev, tuple) and len(rdev) == 2 else (None, None)
        if not isinstance(major, int) or not isinstance(minor, int):
            raise MalformedInput(_NAME, 0, "a device without two numbers")
        device = major, minor
    xattrs = tuple((unpack_text(key), _bytes(value)) for key, value in _pairs(said.get("xattrs")))
    facts = tuple((unpack_text(key), unpack_text(value)) for key, value in _pairs(said.get("facts")))
    certain = "uncertain" not in said
    tree = part_digest(kind, children, content, mode, uid, gid, link, device, xattrs, format_, facts, certain=certain)
    return Part(
        *(name, kind, tree, size, content, mode, uid, gid, None, link, device, xattrs, format_, facts),
        certain=certain,
        children=children,
    )


def _said(extensions: Extensions) -> dict[str, Value]:
    return {key[len(_OWN) :]: value for key, value in extensions if isinstance(key, str) and key.startswith(_OWN)}


def _name(fs_name: str, said: dict[str, Value]) -> str:
    return _bytes(said["name"]).decode("utf-8", "surrogateescape") if "name" in said else fs_name


def _kind(said: dict[str, Value]) -> Kind:
    word = said.get("kind", Kind.FILE.value)
    kind = next((each for each in Kind if each.value == word), None)
    if kind in (None, Kind.DIRECTORY, Kind.PADDING):
        raise MalformedInput(_NAME, 0, f"a file of kind {word!r}"[:200])
    return kind


def _content(file: FileEntry) -> bytes | None:
    if file.hash is None:
        return None
    if algorithm_of(file.hash) != SHA256 or len(file.hash.val) != 32:
        raise MalformedInput(_NAME, 0, f"{file.fs_name!r} has a digest that is no SHA-256"[:200])
    return file.hash.val


def _number(value: Value) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32):
        raise MalformedInput(_NAME, 0, "a mode or owner that is no number")
    return value


def _pairs(value: Value) -> Iterator[tuple[Value, Value]]:
    if value is None:
        return
    if not isinstance(value, tuple) or len(value) % 2:
        raise MalformedInput(_NAME, 0, "an attribute of a part that is not made of pairs")
    yield from zip(value[::2], value[1::2], strict=True)


def paths_of(payload: Payload) -> Iterator[tuple[str, FileEntry]]:
    """Yield every file with its path, ``/`` between names: where it says a root or a location, with these before it.

    One without a name has none.

    Raises:
        LimitExceeded: a path of more than `MAX_PATH` characters.
    """
    waiting = [("", entry) for entry in _entries_of(payload)]
    for above, entry in waiting:
        steps = [above, entry.root, entry.location, entry.fs_name]
        path = "/".join(step.strip("/") for step in steps if step)
        if len(path) > MAX_PATH:
            raise LimitExceeded("characters of a path", MAX_PATH)
        if isinstance(entry, FileEntry):
            yield path if entry.fs_name.strip("/") else "", entry
        elif entry.path_elements is not None:
            waiting += [(path, below) for below in _entries_of(entry.path_elements)]


def _entries_of(elements: Payload | PathElements) -> tuple[FileEntry | DirectoryEntry, ...]:
    return (*each(elements.directory), *each(elements.file))
