"""cpio archives as initramfs and packages carry them: newc, crc and odc, several in a row.

======  ====  ====================================================================
offset  size  field of newc (070701) and crc (070702), hexadecimal digits
======  ====  ====================================================================
0       6     magic
6       8     inode
14      8     mode
22      16    uid, gid
38      8     number of links
46      8     mtime
54      8     size of the data
62      16    major and minor number of the device the file was on
78      16    major and minor number of the device that the file is
94      8     length of the name with its NUL
102     8     crc: sum of the data's bytes modulo 2^32; newc: 0
110     ..    name, zero bytes up to a multiple of 4; data, zero bytes likewise
======  ====  ====================================================================

odc (070707) has octal digits: device 6, inode 6, mode 6, uid 6, gid 6, links 6, device number 6, mtime 11, length of the name 6,
size 11; name and data follow without fillers. A member called ``TRAILER!!!`` ends an archive. Source: Linux
``Documentation/driver-api/early-userspace/buffer-format.rst`` and ``init/initramfs.c``; cpio(5) of libarchive; POSIX.1-1988 (odc).

The kernel unpacks archives in a row, zero bytes between them, into one tree, and then what is compressed behind them; cpio
stops after the first. How many members each has is therefore a fact. Files with the same device and inode and more than one
link are one file: newc stores its data with the last of them, odc with each.
"""

from binascii import Error as HexError
from binascii import unhexlify
from collections.abc import Generator, Iterator
from hashlib import sha256
from struct import Struct
from typing import ClassVar, NamedTuple

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import KINDS, byte_sum, content, filler, place, slack, take_root, watched
from trueware.formats.compressed import told
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.stream import Stream
from trueware.model.limits import Limits
from trueware.model.part import Kind

_NEWC, _CRC, _ODC = b"070701", b"070702", b"070707"
_NEWC_SIZE, _ODC_SIZE = 110, 76
_WORDS = Struct(">13I")
_DIGITS = Struct("6s6s6s6s6s6s6s11s6s11s")
_TRAILER = "TRAILER!!!"
_LINKED = (Kind.FILE, Kind.CHARACTER, Kind.BLOCK, Kind.FIFO, Kind.SOCKET)
_PROBE = 1 << 16

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\x5d\x00\x00", b"\xfd7zXZ", b"\x89LZO", b"\x02\x21\x4c\x18", b"\x28\xb5\x2f\xfd")
"""How data begin that Linux unpacks behind a cpio archive (``lib/decompress.c``)."""


class _Header(NamedTuple):
    file: tuple[int, int, int]
    """Device and inode."""

    mode: int
    uid: int
    gid: int
    links: int
    mtime: int
    size: int
    device: tuple[int, int]
    name_size: int
    check: int


class _Watch:
    """Sees the data of a member pass."""

    __slots__ = ("digest", "total")

    def __init__(self) -> None:
        self.total, self.digest = 0, sha256()

    def see(self, piece: memoryview) -> None:
        self.total += byte_sum(piece)
        self.digest.update(piece)


class _Inode:
    """One file of several names."""

    __slots__ = ("attributes", "digest", "path", "waiting")

    def __init__(self, attributes: tuple[object, ...]) -> None:
        self.attributes = attributes
        self.path: str | None = None
        """The member with the data, once it was there."""

        self.digest = b""
        self.waiting: list[Entry] = []


class Cpio:
    """A cpio archive, or several in a row."""

    name: ClassVar[str] = "cpio"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "cpio archive",
        references=("Linux Documentation/driver-api/early-userspace/buffer-format.rst", "libarchive cpio(5)"),
        limitations=(
            "the old binary format",
            "compressed data behind the archive, where it is itself inside a compressed stream of more than 64 KiB",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _NEWC), Magic(0, _CRC), Magic(0, _ODC))

    @staticmethod
    def matches(view: memoryview) -> bool:
        try:
            return bytes(view[:6]) in (_NEWC, _CRC, _ODC) and _header(bytes(view[:_NEWC_SIZE]), 0).name_size > 0
        except MalformedInput:
            return False

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        return Cpio.read_stream(Stream.over(view), limits)

    @staticmethod
    def read_stream(stream: Stream, limits: Limits) -> Reading:
        if not Cpio.matches(stream.peek(_NEWC_SIZE)):
            raise MalformedInput("cpio", 0, "no header")
        reading = Reading(spans=[(0, 0)])
        reading.entries = _Walk(stream, limits, reading).entries()
        return reading


class _Walk:
    """One reading under way."""

    def __init__(self, stream: Stream, limits: Limits, reading: Reading) -> None:
        self._stream, self._limits, self._reading = stream, limits, reading
        self._inodes: dict[tuple[tuple[int, int, int], Kind], _Inode] = {}
        self._members = 0

    def entries(self) -> Iterator[Entry]:
        """Yield the members of all archives in order."""
        stream, reading = self._stream, self._reading
        counts: list[int] = []
        while True:
            self._inodes.clear()
            self._members = 0
            complete = yield from self._archive()
            counts.append(self._members)
            reading.end = stream.offset
            reading.spans[0] = (0, stream.offset)
            if not complete or not self._skip_zeros():
                break
            reading.end = stream.offset
            reading.spans[0] = (0, stream.offset)
            if stream.offset % 4 or not Cpio.matches(stream.peek(_NEWC_SIZE)):
                if stream.held and bytes(stream.peek(8)).startswith(_COMPRESSED):
                    yield self._appended()
                break
        if len(counts) > 1:
            reading.facts["archives"] = told(map(str, counts))

    def _archive(self) -> Generator[Entry, None, bool]:
        """Yield the members of one archive, and return whether its trailer was there."""
        stream, reading = self._stream, self._reading
        magic = bytes(stream.peek(6))
        while block := bytes(stream.peek(_NEWC_SIZE)):
            at = stream.offset
            header, odc = _header(block, at), block[:6] == _ODC
            if block[:6] != magic:
                reading.note_anomaly("contradiction", "members of two formats: cpio reads those of the first", at)
            name, odd = self._name(header, at, _ODC_SIZE if odc else _NEWC_SIZE, 0 if odc else 3)
            if odd is not None:
                yield odd
            if name == _TRAILER:
                yield from self._without_data()
                if header.size:
                    reading.note_anomaly("contradiction", f"a trailer with {header.size} bytes of data", at)
                return True
            self._members += 1
            start = stream.offset
            end = start + header.size
            entry = self._entry(name, header, at)
            if entry.kind is Kind.FILE and header.links < 2 and block[:6] == _NEWC and entry.path and not header.check:
                entry.offset, entry.size, entry.content = start, header.size, content(stream, header.size)
                yield entry
            else:
                yield from self._member(entry, header, block[:6])
            if stream.offset < end and stream.skip(end - stream.offset) < end - stream.offset:
                reading.note_anomaly("truncated", f"the data of {name!r} are cut off", at)
                return False
            if not odc and (odd := self._align(at)) is not None:
                yield odd
            reading.spans[0] = (0, stream.offset)
        reading.note_anomaly("truncated", "no trailer ends the archive", stream.offset)
        yield from self._without_data()
        return False

    def _name(self, header: _Header, at: int, start: int, fill: int) -> tuple[str, Entry | None]:
        """Take a header of `start` bytes and the name behind it, and what fills up to a multiple of `fill` + 1 if it is odd."""
        if header.name_size > self._limits.max_name + 1:
            raise LimitExceeded(
                "max_name", self._limits.max_name, f"a name of {header.name_size} bytes in a cpio archive"
            )
        end = start + header.name_size
        block = bytes(self._stream.take(end + (-end & fill)))
        name, filling = block[start:end], block[end:]
        if len(name) < header.name_size or name[-1:] != b"\0":
            raise MalformedInput("cpio", at, "a name is cut off, or does not end with NUL")
        shown, _, hidden = name[:-1].partition(b"\0")
        if hidden:
            self._reading.note_anomaly("contradiction", f"the name {shown!r} goes on after a NUL", at)
        odd = slack(filling, at + end, self._reading) if filling.strip(b"\0") else None
        return shown.decode("utf-8", "surrogateescape"), odd

    def _align(self, start: int) -> Entry | None:
        """Take zero bytes up to the next multiple of four from the header at `start`."""
        size = (start - self._stream.offset) % 4
        return filler(self._stream, size, self._reading) if size else None

    def _entry(self, name: str, header: _Header, at: int) -> Entry:
        kind = KINDS.get(header.mode & 0o170000)
        if kind is None or header.mode > 0o177777:
            self._reading.note_anomaly("unsupported", f"a member of mode {header.mode:o}, taken for a file", at)
            kind = Kind.FILE
        entry = Entry(
            place(name, at, self._reading),
            kind,
            mode=header.mode & 0o7777,
            uid=header.uid,
            gid=header.gid,
            mtime=header.mtime,
        )
        if kind is Kind.CHARACTER or kind is Kind.BLOCK:
            entry.rdev = header.device
        if header.size and kind is not Kind.FILE and kind is not Kind.SYMLINK:
            detail = f"{header.size} bytes for a {kind.value}"
            self._reading.note_anomaly("contradiction", detail, at, entry.path)
        return entry

    def _member(self, entry: Entry, header: _Header, magic: bytes) -> Iterator[Entry]:
        """Yield a member with its data, and the links that waited for these."""
        stream, reading, at = self._stream, self._reading, self._stream.offset
        if not entry.path:
            take_root(entry, reading, at)
        if magic == _NEWC and header.check:
            reading.note_anomaly("reserved-bits", f"a checksum {header.check:#x} where none belongs", at, entry.path)
        if entry.kind is Kind.SYMLINK:
            entry.link = self._target(header, at)
        inode = self._inode(entry, header, at) if header.links > 1 and entry.kind in _LINKED else None
        if entry.kind is not Kind.FILE:
            if entry.path:
                yield entry
        elif inode is not None and not header.size:
            if inode.path is None:
                inode.waiting.append(entry)
            else:
                entry.hard_link = inode.path
                yield entry
        else:
            entry.offset, entry.size = at, header.size
            if inode is None and magic != _CRC:
                entry.content = content(stream, header.size)
                yield entry
            else:
                yield from self._watched(entry, header, magic, inode)

    def _watched(self, entry: Entry, header: _Header, magic: bytes, inode: _Inode | None) -> Iterator[Entry]:
        """Yield a file whose data are checked: against their sum, and against those of its other links."""
        watch, reading, at = _Watch(), self._reading, self._stream.offset
        entry.content, rest = watched(self._stream, header.size, watch.see)
        yield entry
        for _ in rest:
            pass
        if magic == _CRC and watch.total & 0xFFFFFFFF != header.check:
            detail = f"the sum of the bytes is {watch.total & 0xFFFFFFFF:#x}, stated {header.check:#x}"
            reading.note_anomaly("checksum-mismatch", detail, at, entry.path)
        if inode is None:
            return
        digest = watch.digest.digest()
        if inode.path is None:
            inode.path, inode.digest = entry.path, digest
            yield from self._linked(inode)
        elif inode.digest != digest:
            reading.note_anomaly("contradiction", f"other data than its link {inode.path!r}", at, entry.path)

    def _inode(self, entry: Entry, header: _Header, at: int) -> _Inode:
        """Return the file that a member is a name of."""
        attributes = (entry.mode, entry.uid, entry.gid, entry.rdev)
        inode = self._inodes.setdefault((header.file, entry.kind), _Inode(attributes))
        if inode.attributes != attributes:
            self._reading.note_anomaly("contradiction", "a link with another mode, owner or device", at, entry.path)
        return inode

    def _without_data(self) -> Iterator[Entry]:
        """Yield the files whose data never came: they are empty."""
        for inode in self._inodes.values():
            if inode.waiting and inode.path is None:
                first = inode.waiting.pop(0)
                first.content, inode.path = Held(b""), first.path
                yield first
                yield from self._linked(inode)

    def _linked(self, inode: _Inode) -> Iterator[Entry]:
        for entry in inode.waiting:
            entry.hard_link = inode.path
            yield entry
        inode.waiting.clear()

    def _target(self, header: _Header, at: int) -> str:
        """Take the target of a symbolic link."""
        if header.size > self._limits.max_name:
            raise LimitExceeded("max_name", self._limits.max_name, f"a link to {header.size} bytes in a cpio archive")
        target = bytes(self._stream.take(header.size))
        if b"\0" in target:
            self._reading.note_anomaly("contradiction", "the target of a link goes on after a NUL", at)
        return target.decode("utf-8", "surrogateescape")

    def _skip_zeros(self) -> bool:
        """Take the zero bytes behind an archive and tell whether anything comes after them."""
        stream = self._stream
        while piece := bytes(stream.peek(_PROBE)):
            zeros = len(piece) - len(piece.lstrip(b"\0"))
            stream.skip(zeros)
            if zeros < len(piece):
                return True
        return False

    def _appended(self) -> Entry:
        at = self._stream.offset
        rest = next(self._stream.rest())
        self._reading.end = None
        return Entry("appended", Kind.REGION, Held(rest), len(rest), offset=at)


def _header(block: bytes, at: int) -> _Header:
    """Read the header that `block` begins with.

    Raises:
        MalformedInput: it does not begin with one.
    """
    try:
        if block[:6] == _ODC and len(block) >= _ODC_SIZE:
            words = block[6:_ODC_SIZE]
            if words.translate(None, b"01234567"):
                raise MalformedInput("cpio", at, "a header with other than octal digits")
            file_device, ino, mode, uid, gid, links, device, mtime, name_size, size = (
                int(word, 8) for word in _DIGITS.unpack(words)
            )
            major_minor = (device >> 8, device & 0xFF)
            return _Header((0, file_device, ino), mode, uid, gid, links, mtime, size, major_minor, name_size, 0)
        if block[:6] in (_NEWC, _CRC) and len(block) == _NEWC_SIZE:
            ino, mode, uid, gid, links, mtime, size, *devices, name_size, check = _WORDS.unpack(unhexlify(block[6:]))
            major, minor, device_major, device_minor = devices
            file, device_is = (major, minor, ino), (device_major, device_minor)
            return _Header(file, mode, uid, gid, links, mtime, size, device_is, name_size, check)
    except HexError as error:
        raise MalformedInput("cpio", at, f"a header with other than hexadecimal digits ({error})") from error
    raise MalformedInput("cpio", at, f"no header: {block[:8]!r}")
