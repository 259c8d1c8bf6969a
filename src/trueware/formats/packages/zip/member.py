"""Members of a zip: the own header of each, held against its record in the directory, and the entry that both make."""

from calendar import timegm
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import Struct
from zlib import crc32

from trueware.errors import InputError, MalformedInput, UnsupportedInput
from trueware.formats.archived import KINDS, place
from trueware.formats.contract import Buffer, Content, Entry, Held, Produced, Reading
from trueware.formats.packages.zip.content import content
from trueware.formats.packages.zip.directory import NO_FIELDS, Record, Wide, fields
from trueware.model.limits import Limits
from trueware.model.part import Kind

LOCAL_MAGIC = b"PK\3\4"

_LOCAL = Struct("<4s5H3I2H")
_DESCRIPTORS = (Struct("<4s3I"), Struct("<4sI2Q"), Struct("<3I"), Struct("<I2Q"))
_DESCRIPTOR_MAGIC = b"PK\7\x08"
_LONGEST_DESCRIPTOR = 24
_ENCRYPTED, _BEHIND, _UTF8 = 0x2041, 0x0008, 0x0800
_UNIX = (3, 19)
_ZIP64, _TIMES, _UNIX_IDS, _UNICODE_PATH = 0x0001, 0x5455, 0x7875, 0x7075
_EMPTY_DEFLATED = 2
"""Bytes of a deflate stream of nothing, which Java writes for folders."""


@dataclass(slots=True)
class Member:
    """One member, as its record and its own header describe it."""

    reading: Reading
    record: Record
    path: str
    folder: bool
    """Whether its name ends with a slash."""

    extra: dict[int, bytes]
    """Of its own header."""

    start: int
    data: int
    """Where its data begin."""

    end: int
    """First byte after its data and what describes them behind."""

    broken: str = ""
    """Why its data cannot be had."""

    overlaps: bool = False
    told: tuple[tuple[str, str], ...] = ()

    def note(self, rule: str, detail: str) -> None:
        """Report something wrong with it, once: contents may be read more than once."""
        if (rule, detail) not in self.told:
            self.told += ((rule, detail),)
            self.reading.note_anomaly(rule, detail, self.start, self.path)

    def entry(self, view: memoryview, limits: Limits) -> Entry:
        """Return the entry of this member."""
        record, note = self.record, self.note
        kind, mode = self._kind(note)
        ids = _owner(record.extra.get(_UNIX_IDS) or self.extra.get(_UNIX_IDS))
        comment = (("comment", record.comment.decode("utf-8", "surrogateescape")),) if record.comment else ()
        entry = Entry(self.path, kind, None, 0, mode, *ids, mtime=self._mtime(), offset=self.data, facts=comment)
        if kind is Kind.DIRECTORY:
            if record.size or record.packed > _EMPTY_DEFLATED:
                note("contradiction", f"{record.packed} bytes of data for a folder")
            return entry
        found = self._content(view, note)
        if kind is Kind.SYMLINK and (target := _target(found, limits, note)) is not None:
            entry.link = target
            return entry
        if kind is Kind.SYMLINK:
            entry.kind = Kind.FILE
        entry.content, entry.size = found, found.size or 0
        return entry

    def _content(self, view: memoryview, note: Callable[[str, str], None]) -> Content:
        """Return the content; of a member that cannot be unpacked, the bytes as they are stored."""
        if self.broken or self.overlaps:
            reason = self.broken or "its bytes are shared with another member"
            return Produced(lambda: _refuse(self.start, reason))
        if self.record.flags & _ENCRYPTED:
            note("encrypted", "the data are encrypted, or said to be")
        else:
            try:
                return content(self.record, view, self.data, note)
            except UnsupportedInput as error:
                note("unsupported", error.reason)
        return Held(view[self.data : self.data + self.record.packed])

    def _kind(self, note: Callable[[str, str], None]) -> tuple[Kind, int | None]:
        """Return kind and mode: by the name, and by the attributes of Unix where it was made there."""
        kind, mode = (Kind.DIRECTORY if self.folder else Kind.FILE), self.record.external >> 16
        stated = KINDS.get(mode & 0o170000, kind) if mode else kind
        unix = self.record.host in _UNIX and mode != 0
        if stated is Kind.SYMLINK and unix and not self.folder:
            kind = Kind.SYMLINK
        elif stated is not kind and (unix or stated is Kind.SYMLINK):
            note("contradiction", f"a {kind.value} by its name, a {stated.value} by its mode")
        elif self.record.external & 0x10 and not self.folder:
            note("contradiction", "a file by its name, a folder by its attributes")
        return kind, mode & 0o7777 if unix else None

    def _mtime(self) -> int | None:
        """Return when it was modified: to the second where Unix wrote it, in an unknown time zone otherwise."""
        times = self.record.extra.get(_TIMES) or self.extra.get(_TIMES) or b""
        if len(times) >= 5 and times[0] & 1:
            return int.from_bytes(times[1:5], "little", signed=True)
        date, time = self.record.date, self.record.time
        year, month, day = 1980 + (date >> 9), date >> 5 & 15, date & 31
        if not 1 <= month <= 12 or not day:
            return None
        return timegm((year, month, day, time >> 11, time >> 5 & 63, (time & 31) * 2))


def locate(view: memoryview, record: Record, limit: int, reading: Reading) -> Member:
    """Find a member by its record; what both headers say differently is reported."""
    start = record.offset
    path, folder = _path(record, reading)
    if start + _LOCAL.size > limit or view[start : start + 4] != LOCAL_MAGIC:
        reading.note_anomaly("malformed", f"no header of a member at {start:#x}", record.at, path)
        return Member(reading, record, path, folder, NO_FIELDS, start, start, start, "it has no header")
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack_from(view, start)
    name_end = start + _LOCAL.size + name_size
    data = name_end + extra_size
    extra = fields(bytes(view[name_end:data]), start, reading) if extra_size else NO_FIELDS
    member = Member(reading, record, path, folder, extra, start, data, data + record.packed)
    if member.end > limit:
        reading.note_anomaly("overlap", f"{path!r} runs into the directory", start, path)
        member.end, member.broken = max(min(data, limit), start), "it runs into the directory"
        return member
    try:
        wide = Wide(extra.get(_ZIP64, b""), start)
        sizes = (crc, wide.take(size), wide.take(packed))
    except MalformedInput:
        sizes = (-1, -1, -1)
    behind = flags & _BEHIND and sizes == (0, 0, 0)
    differing = [
        what
        for what, same in (
            ("name", view[start + _LOCAL.size : name_end] == record.name),
            ("method", method == record.method),
            ("flags", flags == record.flags),
            ("checksum or sizes", behind or sizes == (record.crc, record.size, record.packed)),
            ("owner", len({extra.get(_UNIX_IDS, b""), record.extra.get(_UNIX_IDS, b""), b""}) < 3),
            ("path in Unicode", extra.get(_UNICODE_PATH) == record.extra.get(_UNICODE_PATH)),
        )
        if not same
    ]
    if differing:
        detail = f"its own header has other {', '.join(differing)} than the directory"
        reading.note_anomaly("contradiction", detail, start, path)
    if (flags | record.flags) & _BEHIND:
        _take_descriptor(view, member, limit, reading)
    return member


def _take_descriptor(view: memoryview, member: Member, limit: int, reading: Reading) -> None:
    """Add what describes the data behind them to the member, in whichever of its forms it says what the record says."""
    record, at = member.record, member.end
    behind = bytes(view[at : min(at + _LONGEST_DESCRIPTOR, limit)])
    expected = (record.crc, record.packed, record.size)
    for form in _DESCRIPTORS:
        if len(behind) >= form.size:
            *magic, crc, packed, size = form.unpack_from(behind)
            if (crc, packed, size) == expected and magic in ([], [_DESCRIPTOR_MAGIC]):
                member.end += form.size
                return
    reading.note_anomaly("contradiction", "behind the data is no descriptor as the directory has it", at, member.path)


def _path(record: Record, reading: Reading) -> tuple[str, bool]:
    """Return the path that the record gives, and whether it is a folder's."""
    name = record.name
    unicode = record.extra.get(_UNICODE_PATH, b"")
    if unicode[:1] == b"\1" and int.from_bytes(unicode[1:5], "little") == crc32(name):
        if unicode[5:] != name:
            reading.note_anomaly("contradiction", f"named {name!r}, and {unicode[5:]!r} in Unicode", record.at)
            name = unicode[5:]
    elif not name.isascii() and not record.flags & _UTF8:
        reading.note_anomaly("contradiction", f"{name!r} is in an unknown character set", record.at)
    shown = name.decode("utf-8", "surrogateescape")
    path = place(shown, record.at, reading)
    if "\\" in shown:
        reading.note_anomaly("hostile-name", f"{shown!r} has a backslash, which some take for a slash", record.at)
    if not path:
        reading.note_anomaly("hostile-name", f"{shown!r} is no name", record.at)
    return path or ".", shown.endswith("/")


def _owner(ids: bytes | None) -> tuple[int | None, int | None]:
    """Return uid and gid of the field that Info-ZIP writes: version 1, then length and value of each."""
    if not ids or ids[0] != 1 or len(ids) < 3:
        return None, None
    uid = ids[2 : 2 + ids[1]]
    gid = ids[3 + ids[1] : 3 + ids[1] + ids[2 + ids[1]]] if len(ids) > 2 + ids[1] else b""
    return int.from_bytes(uid, "little"), int.from_bytes(gid, "little")


def _target(found: Content, limits: Limits, note: Callable[[str, str], None]) -> str | None:
    """Return the target of a symbolic link, None where it cannot be had."""
    if found.size is None or found.size > limits.max_name:
        note("malformed", "a symbolic link without a target that is one")
        return None
    try:
        return b"".join(found.chunks()).decode("utf-8", "surrogateescape")
    except InputError as error:
        note("malformed", f"the target of a symbolic link: {error}")
        return None


def _refuse(offset: int, reason: str) -> Iterator[Buffer]:
    raise MalformedInput("zip", offset, reason)
