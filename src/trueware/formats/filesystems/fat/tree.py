"""The tree of a FAT file system: walks the folders from the root, and turns their entries into what is told of them."""

from collections.abc import Iterator

from trueware.errors import MalformedInput
from trueware.formats.clusters import Chain, Clusters, trimmed
from trueware.formats.contract import Content, Entry, Held, Reading
from trueware.formats.filesystems.fat.boot import FORMAT, Boot
from trueware.formats.filesystems.fat.directories import (
    CASE,
    FOLDER,
    LABEL,
    TOLD,
    Listing,
    Name,
    attribute_words,
    shown,
)
from trueware.formats.moments import dos
from trueware.formats.names import is_hostile, readable
from trueware.formats.scattered import gathered, refused
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FOLDER_END = 1 << 21
"""Bytes a folder has at most: 65,536 entries."""
_RESERVED = 0xC0
_DOT, _DOTS = b".          ", b"..         "
_FILE, _DIRECTORY = Kind.FILE, Kind.DIRECTORY


class Tree:
    """The folders and files of one file system."""

    def __init__(self, view: memoryview, boot: Boot, clusters: Clusters, reading: Reading, limits: Limits) -> None:
        self._view, self._boot, self._clusters, self._reading, self._limits = view, boot, clusters, reading, limits
        self._deleted = self._leftover = 0
        self._folders: set[int] = set()

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them."""
        stack = [(self._root(), "", 0, 0, 0)]
        while stack:
            data, path, depth, cluster, parent = stack.pop()
            below: list[tuple[bytes, str, int, int, int]] = []
            for entry, first in self._list(data, path, cluster, parent, root=not depth):
                yield entry
                if entry.kind is not _DIRECTORY:
                    continue
                if depth + 1 >= self._limits.max_path_depth:
                    self._reading.note_anomaly("limit-reached", "max_path_depth", None, entry.path)
                elif first in self._folders:
                    self._reading.note_anomaly(
                        "cycle", f"cluster {first:#x} is another folder as well", None, entry.path
                    )
                else:
                    self._folders.add(first)
                    below.append((self._folder(first, entry.path), entry.path, depth + 1, first, cluster))
            stack.extend(reversed(below))
        for count, what in (
            (self._deleted, "entries of folders are deleted"),
            (self._leftover, "bytes of folders are nobody's and not empty"),
        ):
            if count:
                self._reading.note_anomaly("hidden-content", f"{count} {what}")

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _root(self) -> bytes:
        boot = self._boot
        if boot.bits == 32:
            self._folders.add(boot.root_cluster)
            return self._folder(boot.root_cluster, "")
        end = boot.root + boot.root_entries * 32
        if end > len(self._view):
            raise MalformedInput(FORMAT, len(self._view), "the bytes end within the root folder")
        self._reading.cover(boot.root, end)
        if not any(self._view[end : boot.data]):
            self._reading.cover(end, boot.data)
        return bytes(self._view[boot.root : end])

    def _folder(self, first: int, path: str) -> bytes:
        """Return the bytes of a folder."""
        if not self._clusters.is_valid(first):
            self._reading.note_anomaly("malformed", f"a folder at cluster {first:#x}, which does not exist", None, path)
            return b""
        chain = self._follow(first, path)
        size = min(chain.clusters * self._clusters.size, _FOLDER_END)
        if size < chain.clusters * self._clusters.size:
            self._reading.note_anomaly("malformed", "a folder of more than 65536 entries", None, path)
            self._clusters.look_behind(chain, size)
        data = b"".join([bytes(self._view[at : at + length]) for at, length in trimmed(chain, size) or ()])
        if len(data) < size:
            self._reading.note_anomaly("malformed", "the bytes end within a folder", len(self._view), path)
        return data[: len(data) // 32 * 32]

    def _follow(self, first: int, path: str) -> Chain:
        chain = self._clusters.chain(first)
        if chain.rule:
            self._reading.note_anomaly(chain.rule, chain.fault, self._clusters.offset(first), path)
        return chain

    def _list(self, data: bytes, path: str, cluster: int, parent: int, *, root: bool) -> Iterator[tuple[Entry, int]]:
        """Yield what is in a folder, and its first cluster; everything strange about it is reported."""
        reading, prefix = self._reading, f"{path}/" if path else ""
        listing = Listing(data)
        self._deleted += listing.deleted
        self._leftover += listing.leftover
        if listing.beyond:
            detail = f"{listing.beyond} entries behind the end of the folder: Linux shows them, Windows does not"
            reading.note_anomaly("contradiction", detail, None, path)
        if listing.orphans:
            detail = f"{listing.orphans} parts of long names belong to no entry"
            reading.note_anomaly("contradiction", detail, None, path)
        for short in listing.mismatches:
            reading.note_anomaly("checksum-mismatch", f"the long name of {short!r} is not its own", None, path)
        dots: dict[bytes, int] = {}
        known: set[str] = set()
        for name in listing.names:
            first = name.cluster | (name.cluster_high << 16 if self._boot.bits == 32 else 0)
            if name.attributes & LABEL:
                self._take_label(name, path, root=root)
                continue
            if name.short in (_DOT, _DOTS) and not root and name.attributes & FOLDER and name.short not in dots:
                dots[name.short] = first
                continue
            label = readable(name.name)
            place = prefix + label
            if is_hostile(name.name):
                reading.note_anomaly("hostile-name", f"{name.name!r}", None, path)
            alias = shown(name.short).decode() if name.is_long else ""
            for each in {label.upper(), alias or label.upper()}:
                if each in known:
                    reading.note_anomaly("duplicate-path", f"{each!r} stands twice", None, place)
                known.add(each)
            if name.attributes & _RESERVED or name.case & ~CASE or (name.cluster_high and self._boot.bits != 32):
                detail = f"attributes {name.attributes:#x}, {name.case:#x}, {name.cluster_high:#x}"
                reading.note_anomaly("reserved-bits", detail, None, place)
            entry = self._entry(name, place, first)
            if alias and alias != label.upper():
                # what a boot loader without long names knows it by
                entry.facts += (("short-name", alias),)
            yield entry, first
        # the folder above is 0 where it is the root, wherever that lies
        above = 0 if parent == self._boot.root_cluster else parent
        if not root and dots != {_DOT: cluster, _DOTS: above}:
            reading.note_anomaly("contradiction", "'.' and '..' lead elsewhere or are missing", None, path)

    def _take_label(self, name: Name, path: str, *, root: bool) -> None:
        """Take the label of the file system; another entry that says it is one is shown by nobody."""
        if not root or "label" in self._reading.facts or name.cluster or name.cluster_high or name.size:
            detail = f"{name.short!r} hides as a label"
            self._reading.note_anomaly("hidden-content", detail, None, path)
            return
        self._reading.facts["label"] = _text(name.short)

    # --- files -----------------------------------------------------------------------------------------------------------

    def _entry(self, name: Name, path: str, first: int) -> Entry:
        words = attribute_words(name.attributes) if name.attributes & TOLD else ""
        facts = (("attributes", words),) if words else ()
        entry = Entry(path, _FILE, mtime=dos(name.date, name.time), facts=facts)
        if name.attributes & FOLDER:
            entry.kind = _DIRECTORY
            if name.size:
                self._reading.note_anomaly("contradiction", f"a folder of {name.size} bytes", None, path)
        else:
            entry.size = name.size
            entry.content, entry.offset = self._content(first, name.size, path)
        return entry

    def _content(self, first: int, size: int, path: str) -> tuple[Content, int | None]:
        if not first and not size:
            return Held(b""), None
        if not self._clusters.is_valid(first):
            return refused(MalformedInput(FORMAT, 0, f"a file at cluster {first:#x}, which does not exist"), size), None
        chain = self._follow(first, path)
        self._clusters.look_behind(chain, size)
        runs = trimmed(chain, size)
        if runs is None:
            detail = f"{chain.clusters} clusters for {size} bytes"
            return refused(MalformedInput(FORMAT, self._clusters.offset(first), detail), size), None
        if runs and max([start + length for start, length in runs]) > len(self._view):
            return refused(MalformedInput(FORMAT, len(self._view), "the bytes end within this file"), size), None
        return gathered(self._view, runs)


def _text(raw: bytes) -> str:
    return raw.decode("cp437").rstrip(" \0")


def tell_label(boot: Boot, reading: Reading) -> None:
    """Tell the label of the boot sector where it is not that of the root folder."""
    label = _text(boot.label)
    if label not in ("", "NO NAME", reading.facts.get("label", "")):
        reading.facts["boot-label"] = label
