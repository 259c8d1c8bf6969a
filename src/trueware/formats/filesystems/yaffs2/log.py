"""The log: blocks are written one after the other, numbered, and the newest page of a chunk counts.

Blocks of one number follow each other as they lie. Of a file only those pages count that were written after it was last made
shorter than where they begin: a header that says so voids what is older, and so does the newest one of all.
In yaffs1 there are no numbers; pages that no longer count are marked.

Source: yaffs2 yaffs_yaffs2.c (yaffs2_scan_backwards), yaffs_yaffs1.c.
"""

from dataclasses import dataclass, field

from trueware.formats.contract import Reading
from trueware.formats.filesystems.yaffs2.geometry import CHECKPOINT, Geometry, Tags
from trueware.formats.filesystems.yaffs2.headers import FILE, FOLDER, HARD_LINK, Header, read_header

ROOT, UNLINKED, DELETED = 1, 3, 4
_SUMMARY = 0x10
_ROOT_MODE = 0o755


@dataclass(slots=True)
class Object:
    """The pages of one object, oldest first: chunk, bytes in use and place."""

    pages: list[tuple[int, int, int]] = field(default_factory=list)
    header: Header | None = None
    """The newest one."""

    headed: int = -1
    """Which page of the log that is."""

    newest: int = -1
    """Which page of the log is the newest of the object."""


class Log:
    """All pages of a flash, sorted by the objects they belong to.

    Attributes:
        objects: those that exist, by number, each with its header.
        places: where the pages in use begin.
        end: first byte after the last page in use.
    """

    def __init__(self, view: memoryview, geometry: Geometry, reading: Reading) -> None:
        self._view, self._geometry, self._reading = view, geometry, reading
        self.objects: dict[int, Object] = {}
        self.places: list[int] = []
        self.end = 0
        self._sort(self._find())
        self._bury()

    def _find(self) -> list[tuple[int, int, Tags]]:
        """Return sequence number, place and tags of all pages that belong to objects, in the order they were written in."""
        view, geometry, note = self._view, self._geometry, self._reading.note_anomaly
        stride = geometry.stride
        found = []
        unread = 0
        for at, tags in geometry.tags(view):
            if tags is None:
                if not geometry.small or view[at + geometry.page : at + stride] == b"\xff" * geometry.spare:
                    continue  # erased, or nothing that is known
                self.places.append(at)  # deleted
            elif tags.sequence == CHECKPOINT or tags.number == _SUMMARY:
                self._reading.cover(at, at + stride)
                unread += 1
            else:
                if not tags.sound:
                    note("checksum-mismatch", f"the tags of a page of object {tags.number}", at)
                self.places.append(at)
                found.append((tags.sequence, at, tags))
            self.end = at + stride
        if unread:
            note("unsupported", f"{unread} pages of checkpoints or summaries, which a device may believe instead")
        found.sort(key=lambda page: page[:2])
        return found

    def _sort(self, found: list[tuple[int, int, Tags]]) -> None:
        seen: set[tuple[int, int]] = set()
        for newest, (_, at, tags) in enumerate(found):
            known = self.objects.get(tags.number)
            if known is None:
                known = self.objects[tags.number] = Object()
            known.pages.append((tags.chunk, tags.used, at))
            known.newest = newest
            if not tags.chunk:
                known.headed, known.header = newest, read_header(self._view, at, self._geometry)
                if tags.more is not None and not _agree(tags, known.header):
                    self._reading.note_anomaly("contradiction", "the tags of a header say other things", at)
            if self._geometry.small:
                if (tags.number, tags.chunk) in seen:
                    detail = f"two pages are chunk {tags.chunk} of object {tags.number}"
                    self._reading.note_anomaly("contradiction", detail, at)
                seen.add((tags.number, tags.chunk))

    def _bury(self) -> None:
        """Take out what was deleted, or lost its name to another object; what has no header has no name."""
        for known in list(self.objects.values()):
            if known.header is not None and known.header.shadows > 0:
                other = self.objects.get(known.header.shadows)
                if other is not None and other.newest < known.headed:
                    del self.objects[known.header.shadows]
        headless = 0
        for number, known in list(self.objects.items()):
            if known.header is None or known.header.folder in (UNLINKED, DELETED):
                headless += known.header is None
                del self.objects[number]
        if headless:
            self._reading.note_anomaly("hidden-content", f"{headless} objects have data and no header")
        if ROOT not in self.objects:
            header = Header(0, FOLDER, ROOT, b"", 0o40000 | _ROOT_MODE, 0, 0, 0, 0, 0, b"", 0, 0, shrinks=False)
            self.objects[ROOT] = Object(header=header)

    def data_of(self, known: Object) -> tuple[dict[int, tuple[int, int]], int]:
        """Return the pages that count of a file, by chunk: bytes in use and place; and the size of the file."""
        held, header = self._geometry.held, known.header
        pages: dict[int, tuple[int, int]] = {}
        ceiling, size, headed = 1 << 63, 0, False
        for chunk, used, at in reversed(known.pages):
            if chunk:
                begins = (chunk - 1) * held
                if begins < ceiling and chunk not in pages:
                    pages[chunk] = used, at
                    if not headed:
                        size = max(size, begins + used)
            elif not headed:
                headed = True
                assert header is not None  # noqa: S101 (what has none was buried)
                size = max(size, header.size)
                ceiling = min(ceiling, header.size)
            else:
                earlier = read_header(self._view, at, self._geometry)
                gone = earlier.folder in (UNLINKED, DELETED)
                if earlier.type == FILE and (earlier.shrinks or gone):
                    ceiling = min(ceiling, 0 if gone else earlier.size)
        return pages, size


def _agree(tags: Tags, header: Header) -> bool:
    """Tell whether the tags of a header say what it says; a device may go by the ones or the other."""
    used = {FILE: header.size & 0xFFFFFFFF, HARD_LINK: header.stands_for}.get(header.type, tags.used)
    return tags.more == (header.type, header.folder, header.shrinks) and tags.used == used
