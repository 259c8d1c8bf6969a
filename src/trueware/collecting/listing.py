"""Reads a listing (docs/reference/listing.md): what a device said of its files, their contents and what runs on it.

A listing is data of somebody who may lie. Reading it is strict where a line cannot be understood, or the sum made on the device is
not that of what was received: then it is no listing. What is missing of it (an end, a digest, a folder) is a finding, and proves
nothing. What is understood is a tree of parts like that of a folder, without bytes but for the files whose content was printed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from trueware.collecting.records import MAGIC, NAME, Record, Records, unescape
from trueware.collecting.redaction import is_redacted
from trueware.collecting.tree import Listed, folder_of, kind_of
from trueware.errors import LimitExceeded, MalformedInput
from trueware.model.finding import Finding
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part
from trueware.model.rules import RULES

_GENUINE_LAYER = "/rom"
"""Where OpenWrt has the file system of its image, over which the root lies as a layer."""

_STAT = re.compile(rb"([0-9a-f]{1,8}) (\d{1,10}) (\d{1,10}) (\d{1,19}) (-?\d{1,19}) ([0-9a-f]{1,8}) ([0-9a-f]{1,8})")
_LS = re.compile(
    rb"([-dlcbps])([-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT])[+.@]? +\d+ +(\d{1,10}) +(\d{1,10}) +(\d{1,19}|\d{1,8}, *\d{1,8})"
    rb"(?: .*)?"
)
_DIGEST = re.compile(rb"([0-9a-f]{64}) [ *](.+)", re.DOTALL)
_PROCESS = re.compile(rb"(\d{1,10}) ([0-9a-f]{64}|-)")
_TYPES = {
    b"-": Kind.FILE,
    b"d": Kind.DIRECTORY,
    b"l": Kind.SYMLINK,
    b"c": Kind.CHARACTER,
    b"b": Kind.BLOCK,
    b"p": Kind.FIFO,
    b"s": Kind.SOCKET,
}
_EMPTY_BELOW = re.compile(
    r"/(?:proc|sys|dev|tmp|run|mnt|media|storage|sdcard|home|data|data_mirror|metadata|cache|apex|bootstrap-apex|linkerconfig|config|acct"
    r"|debug_ramdisk|second_stage_resources|overlay)(?:/.*)?"
)
"""Where file systems are mounted as a matter of course: an image has nothing there that could be hidden by it."""

_FACTS = 64
"""Lines about the listing itself; there are eight, and one for what could not be read."""

_TEXTS = 256
_PROCESSES = 65_536
_MOUNTS = 4_096


@dataclass(frozen=True, slots=True)
class Process:
    """A running program."""

    pid: int
    program: str
    """What it runs, as the kernel has it; `` (deleted)`` after it where the file is gone."""

    sha256: bytes | None
    """Of what it runs, had from the kernel and not by the path; None where another process told it already."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing tells."""

    root: Part
    """The files, mounted file systems in their places. A folder at the top, like a folder on disk."""

    layer: Part | None
    """The file system of the image itself, where a layer lies over it (OpenWrt's ``/rom``)."""

    kept: dict[bytes, bytes] = field(repr=False)
    """Contents of files by the SHA-256 of the file. Redacted ones do not have that digest."""

    redacted: frozenset[bytes]
    """SHA-256 of the files whose content is redacted."""

    texts: dict[str, bytes] = field(repr=False)
    """By name (mostly its path): what the kernel and the package manager say."""

    facts: tuple[tuple[str, str], ...]
    """What the listing says of itself: ``root``, ``uid``, ``time``, ``digest``, ``stat``, ``system``; in order, names may repeat."""

    processes: tuple[Process, ...]
    partitions: tuple[tuple[str, bytes], ...]
    """Path and SHA-256 of flash and system partitions."""

    mounts: tuple[tuple[str, str], ...]
    """Where other file systems were mounted that are not listed, and their type."""

    findings: tuple[Finding, ...]

    def fact(self, name: str) -> str | None:
        """Return the first value of a fact."""
        return next((value for key, value in self.facts if key == name), None)


def is_listing(head: bytes | memoryview) -> bool:
    """Tell whether what begins with `head` (64 bytes will do) is a listing."""
    return bytes(head[: len(MAGIC) + 2]).startswith((MAGIC + b"\n", MAGIC + b"\r\n"))


def read_listing(data: memoryview | bytes, name: str, limits: Limits = Limits()) -> Listing:  # noqa: B008 (frozen)
    """Return what a listing tells.

    Args:
        data: the listing.
        name: how to call its root.
        limits: `max_entries`, `max_path_depth`, `max_name`, `max_kept` and `max_kept_file` bound it.

    Raises:
        MalformedInput: a line that cannot be understood, or its sum is not that of these bytes.
        LimitExceeded: more than the limits allow.
    """
    return _Reader(name, limits.fitted(len(data))).read(Records(data))


class _Reader:
    """One reading."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._trees: dict[str, dict[tuple[str, ...], Listed]] = {}
        self._tree: dict[tuple[str, ...], Listed] | None = None
        self._at = ""
        self._count = 0
        self._facts: list[tuple[str, str]] = []
        self._texts: dict[str, bytes] = {}
        self._contents: dict[str, bytes] = {}
        self._held = 0
        self._processes: list[Process] = []
        self._partitions: list[tuple[str, bytes]] = []
        self._mounts: list[tuple[str, str]] = []
        self._findings: list[Finding] = []
        self._notes: dict[str, int] = {}

    def read(self, records: Records) -> Listing:
        lines = iter(records)
        record = next(lines, None)
        while record is not None:
            record = self._take(record, lines)
        if records.agrees is False:
            raise MalformedInput(
                NAME, 0, "the sum made on the device is not that of these bytes: they were changed on the way"
            )
        if not records.ended:
            self._note("listing-incomplete", "the listing has no end: it was cut off")
        elif records.agrees is None:
            self._note("not-checkable", "the device could not sum its listing: a loss in the middle would go unnoticed")
        for name, value in self._facts:
            if name in ("stopped", "unread"):
                self._note("listing-incomplete", f"{name}: {value}")
        root, layer = self._built()
        kept, redacted = self._checked(root)
        self._findings += self._undigested(root)
        return Listing(
            root,
            layer,
            kept,
            redacted,
            self._texts,
            tuple(self._facts),
            tuple(self._processes),
            tuple(self._partitions),
            tuple(self._mounts),
            tuple(self._findings),
        )

    def _take(self, record: Record, lines: Iterator[Record]) -> Record | None:
        """Take in one line, and those of a text after it; returns the line that comes next."""
        kind, rest, at = record.kind, record.rest, record.offset
        match kind:
            case b"s" | b"m":
                head, tab, name = rest.partition(b"\t")
                self._require(bool(tab), at, "a tab before the path")
                self._entry(_by_stat(head, at) if kind == b"s" else _by_ls(head, at), name, at)
            case b"f":
                self._digest(rest, at)
            case b"l":
                name, tab, target = rest.partition(b"\t")
                self._require(bool(tab), at, "a tab before the target")
                self._link(name, unescape(target, at), at)
            case b"u":
                if (path := self._path(rest, at)) is not None:
                    self._note(
                        "listing-incomplete", "the device could not read this folder", "/".join((*self._mount(), *path))
                    )
            case b"t":
                _, tab, name = rest.partition(b"\t")
                self._require(bool(tab) and name.startswith(b"/"), at, "a type, a tab and a mount point")
                self._at = unescape(name, at).rstrip("/")
                self._tree = self._trees.setdefault(self._at, {})
                self._ceiling(len(self._trees), _MOUNTS, "trees")
            case b"k":
                fs, _, name = rest.partition(b"\t")
                self._mounts.append((unescape(name, at), unescape(fs, at)))
                self._ceiling(len(self._mounts), _MOUNTS, "mounts")
            case b"h":
                key, _, value = rest.partition(b" ")
                self._facts.append((unescape(key, at), unescape(value, at)))
                self._ceiling(len(self._facts), _FACTS, "facts")
            case b"c" | b"r" | b"x":
                return self._text(kind, unescape(rest, at), lines)
            case b"p":
                head, tab, told = rest.partition(b"\t")
                found = _PROCESS.fullmatch(head)
                self._require(found is not None and bool(tab), at, "a process number, a digest and a program")
                assert found is not None  # noqa: S101 (above)
                program = unescape(told.split(b"\t", 1)[0], at)
                digest = None if found[2] == b"-" else bytes.fromhex(found[2].decode())
                self._processes.append(Process(int(found[1]), program, digest))
                self._ceiling(len(self._processes), _PROCESSES, "processes")
            case b"d":
                digest_, tab, name = rest.partition(b"\t")
                self._require(
                    re.fullmatch(rb"[0-9a-f]{64}", digest_) is not None and bool(tab), at, "a digest and a path"
                )
                self._partitions.append((unescape(name, at), bytes.fromhex(digest_.decode())))
                self._ceiling(len(self._partitions), _MOUNTS, "partitions")
            case _:
                raise MalformedInput(NAME, at, f"a record {kind.decode('latin-1')!r}, which there is not")
        return next(lines, None)

    def _text(self, kind: bytes, name: str, lines: Iterator[Record]) -> Record | None:
        """Take in the lines of a text. An empty line after them says that the last one has a line end."""
        content, first = bytearray(), True
        record = None
        for record in lines:
            if record.kind != b"|":
                break
            content += record.rest if first else b"\n" + record.rest
            first = False
            if len(content) > self._limits.max_kept_file:
                raise LimitExceeded("max_kept_file", self._limits.max_kept_file, f"the text {name!r}")
        else:
            record = None
        if record is not None and record.kind == b"":
            content += b"" if first else b"\n"
            record = next(lines, None)
        self._held += len(content)
        if self._held > self._limits.max_kept:
            raise LimitExceeded("max_kept", self._limits.max_kept, "contents")
        if kind == b"x":
            self._texts.setdefault(name, bytes(content))
            self._ceiling(len(self._texts), _TEXTS, "texts")
        else:
            self._contents.setdefault(name, bytes(content))
            self._ceiling(len(self._contents), self._limits.max_entries, "contents")
        return record

    def _entry(self, entry: Listed, name: bytes, at: int) -> None:
        path = self._path(name, at)
        if path is None or self._tree is None:
            return
        if path in self._tree:
            self._note("duplicate-path", f"{'/'.join(path)!r} is listed twice", "/".join(path))
            return
        self._tree[path] = entry
        self._count += 1
        self._ceiling(self._count, self._limits.max_entries, "max_entries")

    def _digest(self, rest: bytes, at: int) -> None:
        found = _DIGEST.fullmatch(rest)
        self._require(found is not None, at, "a digest, two spaces and a path")
        assert found is not None  # noqa: S101 (above)
        path = self._path(found[2], at)
        entry = None if path is None or self._tree is None else self._tree.get(path)
        if entry is None or entry.kind is not Kind.FILE or entry.sha256 is not None:
            self._note("contradiction", f"a digest of what is listed as no file, or twice: {found[2][:80]!r}")
            return
        entry.sha256 = bytes.fromhex(found[1].decode())

    def _link(self, name: bytes, target: str, at: int) -> None:
        path = self._path(name, at)
        entry = None if path is None or self._tree is None else self._tree.get(path)
        if entry is None or entry.kind is not Kind.SYMLINK or entry.link is not None:
            self._note("contradiction", f"a target of what is listed as no link, or twice: {name[:80]!r}")
            return
        entry.link = target

    def _path(self, name: bytes, at: int) -> tuple[str, ...] | None:
        """Return the components of a path below its tree; None, and a finding, for one that a file system cannot have."""
        if self._tree is None:
            raise MalformedInput(NAME, at, "a path, expected a tree before it")
        if len(name) > 2 * self._limits.max_name:
            raise LimitExceeded("max_name", self._limits.max_name, f"a path of {len(name)} bytes")
        text = unescape(name, at)
        if text == ".":
            return ()
        path = tuple(text.removeprefix("./").split("/"))
        if len(path) > self._limits.max_path_depth:
            raise LimitExceeded("max_path_depth", self._limits.max_path_depth, f"a path of {len(path)} folders")
        if not text.startswith("./") or not {"", ".", ".."}.isdisjoint(path) or "\0" in text:
            self._note("hostile-name", f"{text[:120]!r}")
            return None
        return path

    def _mount(self) -> tuple[str, ...]:
        """Return the components of where the tree that is told of lies."""
        return tuple(self._at.split("/"))[1:]

    def _built(self) -> tuple[Part, Part | None]:
        """Return the tree of all, and that of the layer below it."""
        owners = self._owners()
        for mount, entries in self._trees.items():
            if not entries:
                self._note("listing-incomplete", "nothing of this file system was listed", mount.strip("/"))
        if not self._trees:
            self._note("listing-incomplete", "no file system was listed")
        layer = self._trees.pop(_GENUINE_LAYER, None) if "" in self._trees else None
        together: dict[tuple[str, ...], Listed] = {}
        for mount, entries in self._trees.items():
            at = tuple(mount.split("/"))[1:]
            together.update(((*at, *path), entry) for path, entry in entries.items())
        covered = {tuple(path.strip("/").split("/")) for path, _ in self._mounts}
        if layer is not None:
            covered.add(tuple(_GENUINE_LAYER[1:].split("/")))
        for mount, kind in self._mounts:
            if not _EMPTY_BELOW.fullmatch(mount):
                self._note("listing-incomplete", f"{kind} is mounted on it, which is not listed", mount.strip("/"))
        for path in covered & together.keys():
            if together[path].kind is Kind.DIRECTORY:  # these are the attributes of what is mounted there
                together[path] = Listed(Kind.DIRECTORY, None)
        if self._undigestable:
            self._digest_contents(together)
        root = self._folder(together, owners=owners)
        return root, None if layer is None else self._folder(layer, owners=owners)

    @property
    def _undigestable(self) -> bool:
        return ("digest", "none") in self._facts

    def _digest_contents(self, entries: dict[tuple[str, ...], Listed]) -> None:
        """Digest here what was printed whole, of a device that cannot: what has the length of its file."""
        for name, content in self._contents.items():
            entry = entries.get(tuple(name.removeprefix("./").split("/")))
            if entry is None or entry.kind is not Kind.FILE or entry.sha256 is not None:
                continue
            whole = content[:-1] if len(content) == entry.size + 1 and content.endswith(b"\n") else content
            if len(whole) == entry.size and not is_redacted(name.removeprefix("./")):
                entry.sha256 = sha256(whole).digest()

    def _folder(self, entries: dict[tuple[str, ...], Listed], *, owners: bool) -> Part:
        entries.pop((), None)  # as of a folder on disk: what an image says of its root is seldom in the image
        root = folder_of(entries.items(), self._name, owners=owners)
        return root._replace(size=sum(entry.size for entry in entries.values()))

    def _owners(self) -> bool:
        """Whether owners mean something: those of a device do, those of a folder only where root made it, and listed it."""
        facts = dict(reversed(self._facts))
        if facts.get("root", "/") == "/":
            return True
        top = self._trees.get("", {}).get(())
        return facts.get("uid") == "0" and top is not None and top.uid == 0

    def _checked(self, part: Part) -> tuple[dict[bytes, bytes], frozenset[bytes]]:
        """Return the contents that have the digest of their file, and the redacted ones, which cannot."""
        kept: dict[bytes, bytes] = {}
        redacted: set[bytes] = set()
        digests = {path: each.sha256 for path, each in part.walk() if each.kind is Kind.FILE} if self._contents else {}
        for name, content in self._contents.items():
            path = name.removeprefix("./")
            digest = digests.get(path)
            if digest is None:
                continue
            # a stream editor may add a line end to the last line, or take it
            whole = (content, content + b"\n", content[:-1] if content.endswith(b"\n") else content)
            fitting = next((each for each in whole if sha256(each).digest() == digest), None)
            if fitting is not None:
                kept[digest] = fitting
            elif is_redacted(path):
                redacted.add(digest)
                kept.setdefault(digest, content)
            else:
                self._note("not-checkable", "the content that was printed is not the one that was digested", path)
        return kept, frozenset(redacted)

    def _undigested(self, root: Part) -> Iterator[Finding]:
        """Yield a finding for each file without a digest, and for the whole where there are too many to name."""
        if self._undigestable:
            yield _finding(
                "listing-incomplete", "the device has nothing that makes SHA-256: of most files there is no digest"
            )
            return
        missing = [path for path, part in root.walk() if part.kind is Kind.FILE and part.sha256 is None]
        if len(missing) > self._limits.max_findings:
            yield _finding("listing-incomplete", f"the device told no digest of {len(missing)} files")
            return
        for path in missing:
            yield _finding("listing-incomplete", "the device told no digest of it", path)

    def _note(self, rule: str, detail: str, part: str = "") -> None:
        count = self._notes[rule] = self._notes.get(rule, 0) + 1
        if count <= self._limits.max_findings:
            self._findings.append(_finding(rule, detail, part))

    @staticmethod
    def _require(held: bool, at: int, what: str) -> None:  # noqa: FBT001
        if not held:
            raise MalformedInput(NAME, at, f"expected {what}")

    @staticmethod
    def _ceiling(count: int, most: int, what: str) -> None:
        if count > most:
            raise LimitExceeded(what, most, "in a listing")


def _by_stat(text: bytes, at: int) -> Listed:
    found = _STAT.fullmatch(text)
    kind = None if found is None else kind_of(int(found[1], 16))
    if found is None or kind is None:
        raise MalformedInput(
            NAME, at, f"found {text[:80]!r}, expected mode, owner, group, size, time and device numbers"
        )
    mode, uid, gid, size, mtime = int(found[1], 16) & 0o7777, int(found[2]), int(found[3]), int(found[4]), int(found[5])
    entry = Listed(kind, mode, uid, gid, mtime=mtime)
    return _finished(entry, size, (int(found[6], 16), int(found[7], 16)))


def _by_ls(text: bytes, at: int) -> Listed:
    found = _LS.fullmatch(text)
    if found is None:
        raise MalformedInput(NAME, at, f"found {text[:80]!r}, expected what ls -ln says")
    mode = sum(1 << 8 - place for place, letter in enumerate(found[2]) if letter in b"rwxst")
    for place, bit in ((2, 0o4000), (5, 0o2000), (8, 0o1000)):
        if found[2][place] in b"sStT":
            mode |= bit
    entry = Listed(_TYPES[found[1]], mode, int(found[3]), int(found[4]))
    major, comma, minor = found[5].partition(b",")
    return _finished(entry, 0 if comma else int(major), (int(major), int(minor)) if comma else (0, 0))


def _finished(entry: Listed, size: int, device: tuple[int, int]) -> Listed:
    match entry.kind:
        case Kind.FILE:
            entry.size = size
        case Kind.SYMLINK:
            entry.mode = None
        case Kind.CHARACTER | Kind.BLOCK:
            entry.rdev = device
    return entry


def _finding(rule_id: str, detail: str, part: str = "") -> Finding:
    rule = RULES[rule_id]
    return Finding(rule.id, part, detail, rule.severity, rule.confidence)
