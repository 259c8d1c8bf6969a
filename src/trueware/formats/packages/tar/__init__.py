r"""tar archives: v7, ustar, GNU and pax, with long names, extended attributes, hard links and sparse files.

A member is a header of 512 bytes, its data, and zero bytes up to the next multiple of 512. Two blocks of zero bytes end the
archive; what follows them (tapes had records of 20 blocks) is left to be found as padding or unread.

======  ====  =========================================================================================================
offset  size  field (numbers: octal digits, or binary behind a first byte 80 or FF)
======  ====  =========================================================================================================
0       100   name; with a slash at its end, a folder
100     8     mode
108     16    uid, gid
124     12    size of the data
136     12    mtime
148     8     sum of the header's bytes, these eight taken as spaces
156     1     type: 0 or NUL file, 1 hard link, 2 symbolic link, 3 character and 4 block device, 5 folder, 6 FIFO, 7 file;
              L and K (GNU): the data are the next member's name, link; x (pax): records for the next member, g: for all;
              S (GNU): sparse file
157     100   target of a link
257     8     ``ustar\0`` + "00", GNU: ``ustar  \0``; anything else: v7, no fields from here on
265     64    user and group by name
329     16    major and minor number of a device
345     155   first folders of the path (not GNU)
======  ====  =========================================================================================================

Source: POSIX.1-2017, utility pax, §ustar Interchange Format; GNU tar manual, appendix "Tar Internals"; tar(5) of libarchive.

Where members belong to users by name, a device that knows these names unpacks for them, whatever the numbers say. The names
are facts of the container; root's is not, since it is root everywhere. Names and sizes that a pax record replaces must be
what a program that knows no pax would get, cut off at most.
"""

import re
from collections.abc import Iterator, Mapping, Sized
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import canonical, content, filler, place, take_root
from trueware.formats.contract import Entry, FormatDoc, Magic, Passing, Produced, Reading
from trueware.formats.packages.tar import pax, sparse
from trueware.formats.packages.tar.header import BLOCK, NOTHING, Header, is_header, parse, text
from trueware.formats.packages.tar.pax import Extended
from trueware.formats.packages.tar.sparse import Holes
from trueware.formats.stream import Stream
from trueware.model.limits import Limits
from trueware.model.part import Kind

_KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"S": Kind.FILE,
    b"1": Kind.FILE,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER,
    b"4": Kind.BLOCK,
    b"5": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}
_PLAIN = (b"0", b"\0", b"7")
_HARD_LINK, _SPARSE = b"1", b"S"
_LONG = {b"L": b"path", b"K": b"linkpath"}
_PAX, _PAX_ALL = b"x", b"g"
_SPARSE_NAME = re.compile(rb"(?<![^/])GNUSparseFile\.[0-9]+/")
_NAME = 100
_LONG_LINKS = (b"././@LongSymLink", b"././@LongHardLink")
"""What libarchive states as target where the target itself is in a record."""
_CUT = 90
"""Bytes that are left at least of a name that did not fit into its header."""

_RECORDS = 8
"""Records of extended headers that cost as much as an entry; four stand for the header itself."""

_LARGEST_ID = 0xFFFFFFFF
_OCTAL_ID, _OCTAL_SIZE = 0o7777777, 0o77777777777
"""Largest numbers that the digits of a header hold."""


class Tar:
    """A tar archive."""

    name: ClassVar[str] = "tar"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "tar archive",
        references=("POSIX.1-2017 pax", "GNU tar manual, Tar Internals"),
        limitations=(
            "labels, archives in several volumes, incremental dumps and star's own variants are reported",
            "v7 archives are recognised where the checksum ends as tar itself writes it",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(257, b"ustar"), Magic(154, b"\0 "))

    @staticmethod
    def matches(view: memoryview) -> bool:
        block = bytes(view[:BLOCK])
        return is_header(block) and block[0] != 0

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        return Tar.read_stream(Stream.over(view), limits)

    @staticmethod
    def read_stream(stream: Stream, limits: Limits) -> Reading:
        if not Tar.matches(stream.peek(BLOCK)):
            raise MalformedInput("tar", 0, "no header")
        reading = Reading(spans=[(0, 0)])
        reading.entries = _Walk(stream, limits, reading).entries()
        return reading


class _Walk:
    """One reading under way."""

    def __init__(self, stream: Stream, limits: Limits, reading: Reading) -> None:
        self._stream, self._limits, self._reading = stream, limits, reading
        self._extended: Extended | None = None
        self._all: dict[bytes, bytes] = {}
        self._seen: dict[str, Entry] = {}
        self._owners: set[tuple[int, bytes, int, bytes]] = set()
        self._names: dict[tuple[str, int], bytes] = {}
        self._records = 0

    def entries(self) -> Iterator[Entry]:
        """Yield the members in order."""
        stream, reading = self._stream, self._reading
        at = 0
        while (block := self._next_header(at)) is not None:
            header = parse(block, at, reading)
            if self._take_extension(header, at):
                end = stream.offset
            else:
                holes = sparse.old(block, stream, at, self._limits) if header.type == _SPARSE else None
                entry, holes = self._entry(header, holes, at)
                end = stream.offset + header.size
                if entry.kind is Kind.FILE and entry.hard_link is None:
                    self._give_content(entry, header.size, holes)
                if entry.path:
                    yield entry
                if stream.offset < end:
                    stream.skip(end - stream.offset)
                self._extended = None
            if stream.offset < end:
                reading.note_anomaly("truncated", f"{end - stream.offset} bytes of a member are missing", at)
                break
            if end % BLOCK and (odd := filler(stream, -end % BLOCK, reading)) is not None:
                yield odd
            at = stream.offset
            reading.spans[0] = (0, at)
        reading.spans[0] = (0, stream.offset)
        reading.end = stream.offset
        if self._extended is not None:
            reading.note_anomaly("malformed", "an extended header without a member", at)

    def _next_header(self, at: int) -> bytes | None:
        """Take the next header, None at the end of the archive.

        Raises:
            MalformedInput: there is neither.
        """
        stream = self._stream
        block = bytes(stream.peek(BLOCK))
        if block == NOTHING:
            stream.skip(BLOCK)
            block = bytes(stream.peek(BLOCK))
            if block == NOTHING:
                stream.skip(BLOCK)
                return None
            if block.strip(b"\0"):
                self._reading.note_anomaly("contradiction", "a lone block of zero bytes, at which some stop", at)
        elif not block:
            self._reading.note_anomaly("truncated", "no blocks of zero bytes end the archive", at)
        if not block.strip(b"\0"):
            return None
        if not is_header(block):
            raise MalformedInput("tar", stream.offset, "no header, or its checksum does not fit")
        stream.take(BLOCK)
        return block

    def _take_extension(self, header: Header, at: int) -> bool:
        """Take the data of a header that describes the next member or all; False for a member itself."""
        kind, limits = header.type, self._limits
        if kind in _LONG:
            self._count_records(())
            data = text(self._extension(header, limits.max_name + 1, "max_name", at))
            self._extend([(_LONG[kind], data)], at)
        elif kind == _PAX:
            self._extend(self._take_records(header, at), at)
        elif kind == _PAX_ALL:
            self._all |= pax.common(self._take_records(header, at), at, self._reading)
        else:
            return False
        return True

    def _take_records(self, header: Header, at: int) -> list[pax.Record]:
        records = pax.records(self._extension(header, _largest(self._limits), "max_xattrs", at), at + BLOCK)
        self._count_records(records)
        return records

    def _count_records(self, records: Sized, each: int = 1) -> None:
        """Account for what describes members without being one.

        Raises:
            LimitExceeded: it costs more than the entries that an archive may have.
        """
        self._records += 4 + each * len(records)
        if self._records > _RECORDS * self._limits.max_entries:
            raise LimitExceeded(
                "max_entries", self._limits.max_entries, f"with {_RECORDS} records in a tar archive for each"
            )

    def _extend(self, records: list[pax.Record], at: int) -> None:
        if self._extended is None:
            self._extended = Extended()
        self._extended.take(records, at, self._limits, self._reading)

    def _extension(self, header: Header, largest: int, limit: str, at: int) -> bytes:
        """Take the data of an extended header."""
        if header.size > largest:
            raise LimitExceeded(limit, largest, f"an extended header of {header.size} bytes in a tar archive")
        data = bytes(self._stream.take(header.size)) if header.size > 0 else b""
        if len(data) < header.size or header.size < 0:
            raise MalformedInput("tar", at, "an extended header is cut off")
        if header.type in _LONG and data.rstrip(b"\0") != text(data):
            self._reading.note_anomaly("contradiction", "a long name goes on after a NUL", at)
        return data

    def _entry(self, header: Header, holes: Holes | None, at: int) -> tuple[Entry, Holes | None]:
        """Return the member of a header, and the map if it is a sparse file; `header.size` is then what data follow."""
        xattrs: tuple[tuple[str, bytes], ...] = ()
        if self._extended is not None or self._all:
            extended = self._extended or Extended()
            holes = self._replace(header, extended, at) or holes
            xattrs = tuple(sorted(extended.xattrs.items()))
        if header.size < 0 or not (0 <= header.uid <= _LARGEST_ID and 0 <= header.gid <= _LARGEST_ID):
            raise MalformedInput("tar", at, "a size or an owner out of range")
        owner = (header.uid, header.user, header.gid, header.group)
        if owner not in self._owners:
            self._owners.add(owner)
            self._note_name("user", header.uid, header.user, at)
            self._note_name("group", header.gid, header.group, at)
        name = header.name.decode("utf-8", "surrogateescape")
        kind = self._kind(header, name, at)
        path = place(name, at, self._reading)
        entry = Entry(
            path,
            kind,
            mode=header.mode,
            uid=header.uid,
            gid=header.gid,
            mtime=header.mtime,
            xattrs=xattrs,
        )
        if header.size and (kind is not Kind.FILE or header.type == _HARD_LINK):
            self._reading.note_anomaly(
                "contradiction", f"{header.size} bytes for a member without data", at, entry.path
            )
            header.size = 0
        if header.type == _HARD_LINK:
            self._link(entry, header.link, at)
        elif kind is Kind.SYMLINK:
            entry.link = header.link.decode("utf-8", "surrogateescape")
        elif kind is Kind.CHARACTER or kind is Kind.BLOCK:
            entry.rdev = header.device
        if not path:
            take_root(entry, self._reading, at)
        self._seen.setdefault(path, entry)
        return entry, holes

    def _kind(self, header: Header, name: str, at: int) -> Kind:
        type_ = header.type
        kind = _KINDS.get(type_)
        if kind is None:
            self._reading.note_anomaly("unsupported", f"a member of type {type_!r}, taken for a file", at)
            return Kind.FILE
        if name.endswith("/") and kind is not Kind.DIRECTORY:
            if type_ != b"\0" or not header.old:
                self._reading.note_anomaly("contradiction", f"a slash ends {name!r}, of type {type_!r}", at)
            return Kind.DIRECTORY if type_ in _PLAIN else kind
        return kind

    def _replace(self, header: Header, extended: Extended, at: int) -> Holes | None:
        """Let extended headers replace fields of a header; returns the map of a sparse file that they describe."""
        fields = {**self._all, **extended.fields}
        stated = header.name
        header.name = self._name(header.name, fields.get(b"path"), at)
        header.link = self._name(header.link, fields.get(b"linkpath"), at)
        header.size = self._number(header.size, fields, b"size", _OCTAL_SIZE, at)
        header.uid = self._number(header.uid, fields, b"uid", _OCTAL_ID, at)
        header.gid = self._number(header.gid, fields, b"gid", _OCTAL_ID, at)
        header.user, header.group = fields.get(b"uname") or header.user, fields.get(b"gname") or header.group
        if (seconds := pax.time(fields, at)) is not None:
            header.mtime = seconds
        records = extended.sparse
        if not records:
            return None
        if header.type not in _PLAIN:
            raise MalformedInput("tar", at, "the map of a sparse file for what is no file")
        holes, name = sparse.from_records(records, at)
        if holes is None:
            before = header.size
            holes, header.size = sparse.before_data(self._stream, records, before, at, self._limits)
        if name is not None:
            header.name = self._name(_SPARSE_NAME.sub(b"", stated), name, at)
        return holes

    def _name(self, stated: bytes, value: bytes | None, at: int) -> bytes:
        """Return the name that counts: `value`, for which a program without pax has `stated`."""
        if not value:
            return stated
        if not _stands_for(stated, value):
            self._reading.note_anomaly("contradiction", f"named {_shown(stated)}, and {_shown(value)} by a record", at)
        return value

    def _number(self, stated: int, fields: Mapping[bytes, bytes], key: bytes, largest: int, at: int) -> int:
        """Return the number that counts; one that fits into the header must stand there too."""
        value = pax.whole(fields, key, at)
        if value is None:
            return stated
        if value != stated and value <= largest:
            detail = f"{key.decode('ascii')} {stated}, and {value} by a record"
            self._reading.note_anomaly("contradiction", detail, at)
        return value

    def _link(self, entry: Entry, link: bytes, at: int) -> None:
        """Make `entry` what the earlier member is that it links to."""
        target_path = link.decode("utf-8", "surrogateescape")
        target = self._seen.get(canonical(target_path))
        if target_path[:1] == "/" or ".." in target_path.split("/"):
            self._reading.note_anomaly("hostile-name", f"hard link to {target_path!r}", at, entry.path)
        if target is None or target.kind is Kind.DIRECTORY:
            self._reading.note_anomaly(
                "contradiction", f"hard link to {target_path!r}, no earlier member", at, entry.path
            )
            entry.hard_link = target_path
            return
        if (entry.mode, entry.uid, entry.gid) != (target.mode, target.uid, target.gid):
            self._reading.note_anomaly("contradiction", "a hard link with another mode or owner", at, entry.path)
        entry.kind, entry.link, entry.rdev = target.kind, target.link, target.rdev
        entry.mode, entry.uid, entry.gid, entry.xattrs = target.mode, target.uid, target.gid, target.xattrs
        if target.kind is Kind.FILE:
            entry.hard_link = target.hard_link or target.path

    def _give_content(self, entry: Entry, stored: int, holes: Holes | None) -> None:
        """Set the content of a file, whose `stored` bytes of data come next in the stream."""
        stream = self._stream
        entry.offset = stream.offset
        if holes is None:
            entry.content, entry.size = content(stream, stored), stored
            return
        self._count_records(holes.pairs, _RECORDS)
        holes.check(stored, entry.offset)
        entry.size = holes.size
        if stream.held:
            view = stream.take(stored)
            entry.content = Produced(lambda: holes.filled(Stream.over(view)), holes.size)
        else:
            entry.content = Passing(Stream(holes.filled(stream)), holes.size)

    def _note_name(self, what: str, number: int, name: bytes, at: int) -> None:
        if name == b"root" and number == 0:
            name = b""
        known = self._names.get((what, number))
        if known is None:
            self._names[what, number] = name
            if name:
                self._reading.facts[f"{what}-{number}"] = name.decode("utf-8", "surrogateescape")
        elif known != name:
            self._reading.note_anomaly("contradiction", f"{what} {number} is {_shown(known)} and {_shown(name)}", at)


def _stands_for(stated: bytes, value: bytes) -> bool:
    """Tell whether a header's name is what writers put there when the name itself is in a record."""
    if stated == value or stated.rstrip(b"/") == value.rstrip(b"/"):
        return True
    if len(value) >= _NAME and sum(len(step) + 1 for step in stated.split(b"/") if step not in (b"", b".")) >= _CUT:
        return True
    if len(value) > _NAME and stated in _LONG_LINKS:
        return True
    return stated == value.decode("utf-8", "replace").encode("ascii", "replace")


def _largest(limits: Limits) -> int:
    """Return how long an extended header may be: attributes, names, and a few numbers."""
    return limits.max_xattrs + 16 * limits.max_name


def _shown(name: bytes) -> str:
    return repr(name[:200].decode("utf-8", "surrogateescape"))
