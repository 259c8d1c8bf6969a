"""ISO 9660: what optical discs hold, and images that are started from sticks.

The first 16 sectors belong to the system; then volume descriptors lead to trees of folders. The layouts stand in the modules:

============  =============================================================
module        what it reads
============  =============================================================
descriptors   volume descriptors
tree          folders and files
rockridge     what Unix knows of a file
zisofs        packed files
sessions      volume descriptors of a disc that was written several times
eltorito      what can be started
system_area   partition tables of hybrid images
============  =============================================================

A disc that was written several times shows its last session; what earlier ones show stands in folders of their own, ``session-1``
and so on, since it can still be mounted, and since it is there.

Which tree is read: that with the names of Rock Ridge where the disc has them, as Linux does, otherwise Joliet, as Windows does,
otherwise the plain one; the others, UDF too, are compared with it. A hybrid image is an image of a disk as well. It is read as a
disc, since partitions in it mostly hold the disc itself, or begin within it, so that as a disk its files would not be seen;
partitions that hold anything else are regions of it, so that nothing is lost where a disk has only been made to look like a disc.

Source: ECMA-119 (4th edition); IEEE P1281, P1282; Joliet specification; El Torito specification.
"""

from collections.abc import Generator, Iterable, Iterator
from hashlib import sha256
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.filesystems.optical.iso9660 import descriptors as volume
from trueware.formats.filesystems.optical.iso9660 import eltorito, system_area
from trueware.formats.filesystems.optical.iso9660.descriptors import FORMAT, MAGIC, START, Descriptor
from trueware.formats.filesystems.optical.iso9660.sessions import Session, find_sessions, read_session
from trueware.formats.filesystems.optical.iso9660.tree import Names, Tree
from trueware.formats.filesystems.optical.space import SECTOR, Space, end_of
from trueware.formats.filesystems.optical.trees import compare
from trueware.formats.filesystems.optical.udf.tree import read_files
from trueware.formats.filesystems.optical.udf.volume import is_udf
from trueware.model.limits import Limits
from trueware.model.part import Kind

_JOLIET_LONGEST = 64
_JOLIET_LONGEST_PATH = 120
"""240 bytes."""
_FORBIDDEN = frozenset("*:;?\\")


class Iso9660:
    """A disc of ISO 9660."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ISO 9660 disc, with Rock Ridge, Joliet and El Torito",
        references=("ECMA-119", "IEEE P1281", "IEEE P1282", "Joliet specification", "El Torito specification 1.0"),
        limitations=(
            "sparse files are reported and read as they are stored",
            "interleaved files and extended attribute records",
            "the trees of UDF of earlier sessions are not compared",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(START + 1, MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return bytes(view[START + 1 : START + 6]) == MAGIC and view[START] in (
            volume.BOOT,
            volume.PRIMARY,
            volume.SUPPLEMENTARY,
        )

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        reading = Reading()
        sessions = [read_session(view, START, reading)]
        sessions += find_sessions(view, [(sessions[0].size, len(view))], reading)
        last = sessions[-1]
        volume.tell(view, last.primary, reading)
        if last.size > len(view):
            detail = f"{last.size - len(view)} of {last.size} bytes are missing"
            reading.note_anomaly("truncated", detail, len(view))
        reading.end = end_of(view, last.size)
        reading.entries = _Disc(view, sessions, reading, limits).entries()
        return reading


class _Disc:
    def __init__(self, view: memoryview, sessions: list[Session], reading: Reading, limits: Limits) -> None:
        """Take the first session, and those behind what it says to be its end; the last one counts."""
        self._view, self._sessions, self._reading, self._limits = view, sessions, reading, limits
        self._space = Space(view[: reading.end])
        self._walked: dict[int, Tree] = {}

    def entries(self) -> Iterator[Entry]:
        """Yield what is on the disc: the last session, and in folders of their own what was there before it."""
        view, reading, space = self._view, self._reading, self._space
        *earlier, last = self._sessions
        main = yield from self._session(last, "")
        yield from system_area.partitions(view, main.starts, space, reading)
        for session in self._sessions:
            volume.claim(view, space, session.at)
        earlier += find_sessions(view, list(space.unclaimed()), reading)
        number = 0
        for session in earlier:
            if session.primary.root == last.primary.root:  # the last one once more
                volume.claim(view, space, session.at)
                continue
            number += 1
            top = f"session-{number}"
            yield Entry(top, Kind.DIRECTORY)
            try:
                yield from self._session(session, top)
            except MalformedInput as error:
                reading.note_anomaly("malformed", error.reason, error.offset, top)
        if number:
            reading.facts["sessions"] = str(number + 1)
        space.settle(reading, SECTOR)

    def _session(self, session: Session, top: str) -> Generator[Entry, None, Tree]:
        """Yield what one session shows, below the folder `top`, compare its trees, and return the one that is shown."""
        view, space, primary = self._view, self._space, session.primary
        volume.claim(view, space, session.at)
        joliet = next((each for each in session.others if each.ucs2), None)
        plain = self._tree(primary, Names.PLAIN, top)
        names = Names.ROCK_RIDGE if plain.has_rock_ridge() else Names.JOLIET if joliet is not None else Names.PLAIN
        main = self._tree(joliet if names is Names.JOLIET and joliet is not None else primary, names, top)
        yield from main.walk()
        self._walked[main.descriptor.at] = main
        trees = ", ".join(self._compare(session, main, names, joliet, top))
        if not top:
            self._reading.notes |= {"names": names.value, "trees": trees}
        for at in session.boots:
            for image in eltorito.images(view, at, primary.block, main.starts, space, self._reading):
                image.path = f"{top}/{image.path}" if top else image.path
                yield image
        for each in (primary, *session.others):
            self._check_tables(each)
        return main

    def _tree(self, descriptor: Descriptor, names: Names, top: str) -> Tree:
        return Tree(self._view, descriptor, names, top, self._space, self._reading, self._limits)

    def _walk(self, tree: Tree) -> None:
        """Walk a tree for what it knows of its files and folders."""
        for _ in tree.walk():
            pass
        self._walked[tree.descriptor.at] = tree

    def _compare(
        self, session: Session, main: Tree, names: Names, joliet: Descriptor | None, top: str
    ) -> Iterator[str]:
        """Compare all other trees with the main one; yields what they are called."""
        yield names.value
        pairs: Iterable[tuple[str, bytes]] = main.plain.items()
        if names is Names.JOLIET:
            plain = self._tree(session.primary, Names.PLAIN, top)
            self._walk(plain)
            compare(main.files, plain.files, (), "plain", None, self._reading)
            by_place = {placed: path for path, placed in sorted(main.files.items(), reverse=True)}
            pairs = [
                (by_place.get(placed, ""), path.encode("utf-8", "surrogateescape"))
                for path, placed in plain.files.items()
            ]
            yield Names.PLAIN.value
        if names is not Names.PLAIN and not top:
            # what a device that knows only plain names would take for what
            lines = sorted(path.encode("utf-8", "surrogateescape") + b"\0" + name for path, name in pairs)
            self._reading.facts["plain-names"] = sha256(b"\0\0".join(lines)).hexdigest()
        for other in session.others:
            if names is Names.JOLIET and other is joliet:
                continue
            tree = self._tree(other, Names.JOLIET if other.ucs2 else Names.PLAIN, top)
            self._walk(tree)
            what = tree.names.value if other.ucs2 else "enhanced"
            can_name = _joliet_can_name if other.ucs2 else None
            compare(main.files, tree.files, main.special, what, can_name, self._reading)
            yield what
        if not top and is_udf(self._view):
            files = read_files(self._view, self._space, self._reading, self._limits)
            compare(main.files, files, main.special, "UDF", _udf_can_name, self._reading)
            yield "UDF"

    def _check_tables(self, descriptor: Descriptor) -> None:
        """Compare the path tables with each other and with the tree."""
        size, little, big = descriptor.tables
        if not size:
            return
        tables = []
        for block, order in ((little, "little"), (big, "big")):
            start = block * descriptor.block
            data = bytes(self._view[start : start + size])
            tables.append(list(_table(data, order)))
            self._space.take(start, start + size)
        if tables[0] != tables[1]:
            self._reading.note_anomaly("contradiction", "the two path tables differ", little * descriptor.block)
        elif {block for block, _, _ in tables[0]} != self._walked[descriptor.at].folders:
            self._reading.note_anomaly("contradiction", "path table and folders differ", little * descriptor.block)


def _table(data: bytes, order: str) -> Iterator[tuple[int, int, bytes]]:
    """Yield block, folder above and name of each folder of a path table."""
    at = 0
    while at + 8 < len(data) and data[at]:
        length = data[at]
        number = int.from_bytes(data[at + 2 : at + 6], "little" if order == "little" else "big")
        above = int.from_bytes(data[at + 6 : at + 8], "little" if order == "little" else "big")
        yield number + data[at + 1], above, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _udf_can_name(path: str) -> bool:
    """Tell whether tools write the same path into a UDF tree beside others: what Joliet does not allow, they avoid."""
    return (
        not _FORBIDDEN & set(path)
        and all(letter <= "\uffff" for letter in path)
        and all(len(name) <= _JOLIET_LONGEST for name in path.split("/"))
    )


def _joliet_can_name(path: str) -> bool:
    """Tell whether Joliet can express a path."""
    return len(path) <= _JOLIET_LONGEST_PATH and _udf_can_name(path)
