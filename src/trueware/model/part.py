"""The measured tree: an artefact is a `Part`, and so is everything in it."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

EMPTY = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
"""SHA-256 of nothing."""


class Kind(Enum):
    """What a part is. Values are on the wire (JSON, registry) and never change."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    CHARACTER = "character-device"
    BLOCK = "block-device"
    FIFO = "fifo"
    SOCKET = "socket"
    REGION = "region"
    """A named range of a container: a header, a partition, the payload of a compressed stream."""
    PADDING = "padding"
    """A range filled with one byte, 0x00 or 0xFF; it carries nothing and takes no part in comparison."""
    GAP = "gap"
    """A range no reader accounts for. It is measured and compared like any content."""

    def __init__(self, word: str) -> None:
        self.word = word.encode()
        """The value as digests have it."""


_UNCLAIMED = frozenset({Kind.PADDING, Kind.GAP})


def holds_anything(children: "Iterable[Part]") -> bool:
    """Tell whether a format found something: not only bytes that it does not claim."""
    return any(child.kind not in _UNCLAIMED for child in children)


class Part(NamedTuple):
    """One measured thing: an artefact, a region of it, or an entry of a file system.

    A part that was read by a format (`format` is set) has `children`, unless nothing is in it, and so has a folder.
    A tuple, since images have parts by the ten thousand and a frozen dataclass takes several times as long to make.
    """

    name: str
    """Name within its parent, undecodable bytes as lone surrogates (PEP 383). Data from the input, never a path to open."""

    kind: Kind

    tree: bytes
    """Merkle digest of all that counts below and including this part, without its name; see `trueware.model.merkle`."""

    size: int = 0
    """Length of the content, bytes. 0 for what has no content, and in a list of files (`trueware.model.listing`) where not stated."""

    sha256: bytes | None = None
    """SHA-256 of the content; None for what has none, and for a region whose bytes are fully represented by `children`.
    What has a format and is no container (a program, an empty archive) always has one."""

    mode: int | None = None
    """Permission bits including set-uid, set-gid and sticky (0o7777); None where the container records none."""

    uid: int | None = None
    gid: int | None = None

    mtime: int | None = None
    """Seconds since 1970 where recorded. Reported, never compared: a rebuilt image changes it without meaning."""

    link: str | None = None
    """Target of a symbolic link."""

    rdev: tuple[int, int] | None = None
    """Major and minor number of a device."""

    xattrs: tuple[tuple[str, bytes], ...] = ()
    """Extended attributes, sorted by name."""

    format: str | None = None
    """Name of the format that read this part's content, None where none did."""

    facts: tuple[tuple[str, str], ...] = ()
    """What the format's header says that matters to a device (load address, board, type). Part of the identity."""

    notes: tuple[tuple[str, str], ...] = ()
    """How it was packed (codec, block size, time stamps). Reported, never compared."""

    offset: int | None = None
    """First byte within the parent's bytes, where the part is a range of them."""

    certain: bool = True
    """Whether all bytes below were read and accounted for; only a certain reading can prove equality by `tree`."""

    children: tuple["Part", ...] = ()

    @property
    def has_content(self) -> bool:
        """Whether it has bytes of its own, as far as is known: a list of files may state their digest and not their size."""
        return bool(self.size) or self.sha256 not in (None, EMPTY)

    @property
    def is_container(self) -> bool:
        """Whether a format read this part's content into children."""
        return self.format is not None and holds_anything(self.children)

    def walk(self) -> Iterator[tuple[str, "Part"]]:
        """Yield (path, part) for this part and all below, parents first, siblings in order.

        Paths are relative to this part: its own is the empty string. Folders join with ``/``, containers with ``!/``.
        """
        stack: list[tuple[str, Part]] = [("", self)]
        while stack:
            path, part = stack.pop()
            yield path, part
            if part.children:
                above = _above(path, part)
                stack += [(above + _step(child.name), child) for child in reversed(part.children)]


def join(path: str, parent: Part, name: str) -> str:
    """Return the path of the child `name` of `parent`, whose own path is `path`.

    A name that would read as a container boundary has its last ``!`` written ``%21``, and one that is empty reads ``%``,
    so that every path has one meaning.
    """
    return _above(path, parent) + _step(name)


def _above(path: str, parent: Part) -> str:
    """Return what the paths of all children of `parent` begin with."""
    return path and (f"{path}/" if parent.format is None else f"{path}!/")


def _step(name: str) -> str:
    """Return a name as a path has it."""
    if name.endswith("!"):
        name = name[:-1] + "%21"
    return name.replace("/", "%2F") or "%"
