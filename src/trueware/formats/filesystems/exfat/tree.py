"""The tree of an exFAT: walks the folders from the root, and turns their entries into what is told of them."""

from collections.abc import Iterator

from trueware.errors import MalformedInput
from trueware.formats.clusters import Chain, Clusters, trimmed
from trueware.formats.contract import Content, Entry, Held, Reading
from trueware.formats.filesystems.exfat import directories as kinds
from trueware.formats.filesystems.exfat.boot import FORMAT, Boot, sum32
from trueware.formats.filesystems.exfat.directories import Capitals, Listing, Name, sum16
from trueware.formats.moments import dos
from trueware.formats.names import from_wide, is_hostile, readable
from trueware.formats.scattered import HOLE, gathered, refused
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FOLDER_END = 1 << 28
"""Bytes a folder has at most."""
_UPCASE_END = 1 << 17
_FOLDER, _ATTRIBUTES = 0x10, 0x37
_TOLD = 0x07
_WORDS = ((0x01, "read-only"), (0x02, "hidden"), (0x04, "system"))
_HAS_CLUSTERS, _IN_ONE_PIECE = 1, 2
_ZONE_KNOWN, _QUARTER = 0x80, 900
_FILE, _DIRECTORY = Kind.FILE, Kind.DIRECTORY


class Tree:
    """The folders and files of one file system.

    Attributes:
        bitmap: which clusters are in use, None where it is not to be had.
    """

    def __init__(self, view: memoryview, boot: Boot, clusters: Clusters, reading: Reading, limits: Limits) -> None:
        self._view, self._boot, self._clusters, self._reading, self._limits = view, boot, clusters, reading, limits
        self._deleted = self._leftover = 0
        self._folders = {boot.root}
        self._capitals: Capitals | None = None
        self.bitmap: bytes | None = None

    def walk(self) -> Iterator[Entry]:
        """Yield the entries, folders before what is in them."""
        root = Listing(self._join(self._follow(self._boot.root, ""), ""))
        self._take_special(root)
        stack = [(root, "", 0)]
        while stack:
            listing, path, depth = stack.pop()
            below: list[tuple[Listing, str, int]] = []
            if depth:
                for special in listing.special:
                    self._note("contradiction", f"an entry of type {special[0]:#x} outside of the root folder", path)
            for entry, name in self._list(listing, path):
                yield entry
                if entry.kind is not _DIRECTORY or not name.size:
                    continue
                if depth + 1 >= self._limits.max_path_depth:
                    self._note("limit-reached", "max_path_depth", entry.path)
                elif name.cluster in self._folders:
                    self._note("cycle", f"cluster {name.cluster:#x} is another folder as well", entry.path)
                else:
                    self._folders.add(name.cluster)
                    chain = self._chain(name, entry.path)
                    data = self._join(chain, entry.path, name.size) if chain is not None else b""
                    below.append((Listing(data), entry.path, depth + 1))
            stack.extend(reversed(below))
        for count, what in (
            (self._deleted, "entries of folders are deleted"),
            (self._leftover, "bytes of folders are nobody's and not empty"),
        ):
            if count:
                self._reading.note_anomaly("hidden-content", f"{count} {what}")

    # --- the root folder's own entries -----------------------------------------------------------------------------------

    def _take_special(self, root: Listing) -> None:
        """Take bitmap, table of capital letters and label."""
        facts, bitmaps = self._reading.facts, 0
        for entry in root.special:
            kind = entry[0]
            if kind == kinds.BITMAP:
                data = self._system(entry, "bitmap", (self._boot.clusters + 7) // 8)
                if entry[1] & 1 == self._boot.second:
                    self.bitmap = data
                bitmaps += 1
            elif kind == kinds.UPCASE and self._capitals is None:
                data = self._system(entry, "table of capital letters", 1, _UPCASE_END)
                if sum32(data) != int.from_bytes(entry[4:8], "little"):
                    self._note("checksum-mismatch", "the checksum of the table of capital letters")
                self._capitals = Capitals(data)
            elif kind == kinds.LABEL and "label" not in facts and entry[1] <= 11:
                facts["label"] = readable(from_wide(entry[2 : 2 + 2 * entry[1]], "utf-16-le"))
                self._leftover += len(entry[2 + 2 * entry[1] :].strip(b"\0"))
            elif kind == kinds.GUID:
                self._reading.notes["guid"] = entry[6:22].hex()
            else:
                rule = "contradiction" if kind in (kinds.UPCASE, kinds.LABEL) else "reserved-bits"
                self._note(rule, f"an entry of type {kind:#x} in the root folder")
        if bitmaps != self._boot.tables or self._capitals is None:
            self._note("malformed", f"{bitmaps} bitmaps, {int(self._capitals is not None)} tables of capital letters")

    def _system(self, entry: bytes, what: str, smallest: int, largest: int | None = None) -> bytes:
        first, size = int.from_bytes(entry[20:24], "little"), int.from_bytes(entry[24:32], "little")
        if not smallest <= size <= (smallest if largest is None else largest) or not self._clusters.is_valid(first):
            self._note("malformed", f"a {what} of {size} bytes at cluster {first:#x}")
            return b""
        return self._join(self._follow(first, ""), "", size)

    # --- folders ---------------------------------------------------------------------------------------------------------

    def _list(self, listing: Listing, path: str) -> Iterator[tuple[Entry, Name]]:
        """Yield what is in a folder; everything strange about it is reported."""
        prefix = f"{path}/" if path else ""
        self._deleted += listing.deleted
        self._leftover += listing.leftover
        for at, wrong in listing.wrong:
            self._note("malformed", f"{wrong}, at {at:#x} of the folder", path)
        known: set[bytes] = set()
        for name in listing.names:
            shown = from_wide(name.raw, "utf-16-le")
            place = prefix + readable(shown)
            if is_hostile(shown):
                self._note("hostile-name", f"{shown!r}", path)
            if not name.checksum_fits:
                self._note("checksum-mismatch", "the checksum of its entries", place)
            if self._capitals is not None:
                capitals = self._capitals.of(name.raw)
                if sum16(capitals) != name.hash:
                    # Linux and Windows look a name up by its hash
                    self._note("contradiction", "the hash of the name is another name's", place)
                if capitals in known:
                    self._note("duplicate-path", f"{shown!r} stands twice, the case of its letters aside", place)
                known.add(capitals)
            if name.attributes & ~_ATTRIBUTES:
                self._note("reserved-bits", f"attributes {name.attributes:#x}", place)
            yield self._entry(name, place), name

    def _entry(self, name: Name, path: str) -> Entry:
        words = " ".join([word for bit, word in _WORDS if name.attributes & bit]) if name.attributes & _TOLD else ""
        entry = Entry(path, _FILE, mtime=_moment(name), facts=(("attributes", words),) if words else ())
        if name.written > name.size:
            self._note("contradiction", f"{name.written} bytes of {name.size} were written", path)
        if name.attributes & _FOLDER:
            entry.kind = _DIRECTORY
        else:
            entry.size = name.size
            entry.content, entry.offset = self._content(name, path)
        return entry

    # --- clusters --------------------------------------------------------------------------------------------------------

    def _follow(self, first: int, path: str) -> Chain:
        chain = self._clusters.chain(first)
        if chain.rule:
            self._note(chain.rule, chain.fault, path)
        return chain

    def _chain(self, name: Name, path: str) -> Chain | None:
        """Return the clusters of a file or folder, None where it says it has none, or none that are there."""
        clusters = self._clusters
        count = -(-name.size // clusters.size)
        if not name.flags & _HAS_CLUSTERS or not clusters.is_valid(name.cluster, count if name.flags & 2 else 1):
            self._note("malformed", f"{name.size} bytes from cluster {name.cluster:#x}, flags {name.flags:#x}", path)
            return None
        if not name.flags & _IN_ONE_PIECE:
            return self._follow(name.cluster, path)
        chain = clusters.stretch(name.cluster, count)
        if chain.rule:
            self._note(chain.rule, chain.fault, path)
        return chain

    def _join(self, chain: Chain, path: str, size: int | None = None) -> bytes:
        """Return the bytes of a chain, all of them or the first `size`."""
        whole = chain.clusters * self._clusters.size
        if size is not None:
            self._clusters.look_behind(chain, size)
        size = whole if size is None else size
        if size > whole or size > _FOLDER_END:
            self._note("malformed", f"{chain.clusters} clusters for {size} bytes", path)
            size = min(whole, _FOLDER_END)
        data = b"".join([bytes(self._view[at : at + length]) for at, length in trimmed(chain, size) or ()])
        if len(data) < size:
            self._note("malformed", "the bytes end within a folder or table", path)
        return data

    def _content(self, name: Name, path: str) -> tuple[Content, int | None]:
        if not name.size:
            if name.flags & _HAS_CLUSTERS and name.cluster:
                self._note("contradiction", "clusters for an empty file", path)
            return Held(b""), None
        chain = self._chain(name, path)
        if chain is None:
            return refused(MalformedInput(FORMAT, 0, "its clusters do not exist"), name.size), None
        written = min(name.written, name.size)
        self._clusters.look_behind(chain, written)
        runs = trimmed(chain, written)
        if runs is None or chain.clusters * self._clusters.size < name.size:
            detail = f"{chain.clusters} clusters for {name.size} bytes"
            return refused(MalformedInput(FORMAT, self._clusters.offset(name.cluster), detail), name.size), None
        if runs and max([start + length for start, length in runs]) > len(self._view):
            return refused(MalformedInput(FORMAT, len(self._view), "the bytes end within this file"), name.size), None
        if written < name.size:
            runs.append((HOLE, name.size - written))
        return gathered(self._view, runs)

    def _note(self, rule: str, detail: str, path: str = "") -> None:
        self._reading.note_anomaly(rule, detail, None, path)


def _moment(name: Name) -> int | None:
    """Return when it was modified; where the zone is not known, the time is taken as UTC."""
    moment = dos(name.date, name.time)
    if moment is None or not name.zone & _ZONE_KNOWN:
        return moment
    quarters = (name.zone & 0x7F ^ 0x40) - 0x40
    return moment + name.more // 100 - quarters * _QUARTER
