r"""ar archives with the long names of GNU and BSD, and Debian packages, which are such archives.

======  ====  ==========================================================================
offset  size  field (numbers in decimal digits, the mode in octal, spaces behind)
======  ====  ==========================================================================
0       8     magic ``!<arch>\n``, once; then for each member:
0       16    name; GNU: a slash behind, ``/`` and an offset into the member ``//``;
              BSD: ``#1/`` and the length of the name that begins the data
16      12    mtime
28      12    uid, gid
40      8     mode
48      10    size of the data
58      2     "`\n"
60      ..    data, and a newline where their size is odd
======  ====  ==========================================================================

Source: GNU binutils ``include/aout/ar.h``; ar(5) of libarchive. A Debian package has the members ``debian-binary``,
``control.tar*`` and ``data.tar*`` in this order; members between them whose names begin with an underscore are ignored, and so
is what follows (deb(5)). Programs that look members up by name see others in a package of another order: that leaves a doubt.
"""

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import canonical, place, slack
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"!<arch>\n"
_HEADER = Struct("16s12s6s6s8s10s2s")
_FIRST = len(_MAGIC) + _HEADER.size
_END = b"`\n"
_GNU_NAMES, _GNU_SYMBOLS, _BSD_NAME = b"//", (b"/", b"/SYM64/"), b"#1/"
_DIGITS = {10: b"0123456789", 8: b"01234567"}
_BINARY, _CONTROL, _DATA = "debian-binary", "control.tar", "data.tar"
_CODECS = ("", ".gz", ".xz", ".zst", ".bz2", ".lzma")


class Ar:
    """An ar archive."""

    name: ClassVar[str] = "ar"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ar archive",
        references=("GNU binutils include/aout/ar.h", "libarchive ar(5)"),
        limitations=("thin archives, whose members are elsewhere",),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _begins(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        return _read(view, limits)


class Deb:
    """A Debian package."""

    name: ClassVar[str] = "deb"
    doc: ClassVar[FormatDoc] = FormatDoc("Debian package", "Debian", ("deb(5)",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _begins(view) and bytes(view[8:24]).rstrip(b" ").rstrip(b"/") == _BINARY.encode("ascii")

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        reading = _read(view, limits)
        reading.entries = _in_order(reading.entries, reading)
        return reading


def _begins(view: memoryview) -> bool:
    head = bytes(view[:_FIRST])
    return head[:8] == _MAGIC and head[-2:] == _END


def _read(view: memoryview, limits: Limits) -> Reading:
    if not _begins(view):
        raise MalformedInput("ar", 0, "no archive with a member")
    reading = Reading(spans=[(0, len(_MAGIC))])
    reading.entries = _members(view, limits, reading)
    return reading


def _members(view: memoryview, limits: Limits, reading: Reading) -> Iterator[Entry]:
    names, at = b"", len(_MAGIC)
    while at + _HEADER.size <= len(view):
        field, mtime, uid, gid, mode, length, end = _HEADER.unpack_from(view, at)
        if end != _END or not length.strip(b" "):
            raise MalformedInput("ar", at, f"no header: {field!r}")
        start, size = at + _HEADER.size, _number(length, 10, at)
        data = view[start : start + size]
        if len(data) < size:
            reading.note_anomaly("truncated", f"{len(data)} of {size} bytes of a member are there", start)
        field = field.rstrip(b" ")
        if field == _GNU_NAMES:
            names = bytes(data)
            yield Entry("names", Kind.REGION, Held(data), len(data), offset=start)
        elif field in _GNU_SYMBOLS:
            yield Entry("symbols", Kind.REGION, Held(data), len(data), offset=start)
        else:
            name, inner = _name(field, names, data, at, limits)
            if not canonical(name):
                reading.note_anomaly("hostile-name", f"{name!r} is no name", at)
            yield Entry(
                place(name, at, reading),
                Kind.FILE,
                Held(data[inner:]),
                len(data) - inner,
                mode=_number(mode, 8, at) & 0o7777,
                uid=_number(uid, 10, at),
                gid=_number(gid, 10, at),
                mtime=_number(mtime, 10, at),
                offset=start + inner,
            )
        at = start + len(data)
        if size % 2 and len(data) == size:
            filler = bytes(view[at : at + 1])
            if filler.strip(b"\n\0"):
                yield slack(filler, at, reading)
            at += len(filler)
        reading.spans[0] = (0, at)
    reading.end = at


def _name(field: bytes, names: bytes, data: memoryview, at: int, limits: Limits) -> tuple[str, int]:
    """Return the name of a member, and how many bytes of its data it takes."""
    taken = 0
    if field.startswith(_BSD_NAME):
        taken = _number(field[len(_BSD_NAME) :], 10, at)
        if taken > len(data):
            raise MalformedInput("ar", at, f"a name of {taken} bytes in {len(data)} bytes of data")
        if taken > limits.max_name:
            raise LimitExceeded("max_name", limits.max_name, f"a name of {taken} bytes in an ar archive")
        field = bytes(data[:taken]).rstrip(b"\0")
    elif field.startswith(b"/"):
        start = _number(field[1:], 10, at)
        end = names.find(b"\n", start, start + limits.max_name + 2)
        if end < 0:
            raise MalformedInput("ar", at, f"no name at {start} of the table of names")
        field = names[start:end].removesuffix(b"/")
    else:
        field = field.removesuffix(b"/")
    return field.decode("utf-8", "surrogateescape"), taken


def _number(field: bytes, base: int, at: int) -> int:
    digits = field.strip(b" ")
    if digits.translate(None, _DIGITS[base]):
        raise MalformedInput("ar", at, f"no number: {field!r}")
    return int(digits, base) if digits else 0


def _in_order(members: Iterable[Entry], reading: Reading) -> Iterator[Entry]:
    """Yield the members of a Debian package, and report any that dpkg and others would see differently."""
    wanted = [_BINARY, _CONTROL, _DATA]
    for entry in _to_last(members, wanted, reading):
        base = next((base for base in (_CONTROL, _DATA) if entry.path.startswith(base)), entry.path)
        known = entry.path == _BINARY or entry.path.removeprefix(base) in _CODECS
        if wanted and base == wanted[0] and known:
            del wanted[0]
        elif base in (_BINARY, _CONTROL, _DATA) or (wanted and not entry.path.startswith("_")):
            detail = f"member {entry.path!r} where {wanted[0] if wanted else 'nothing'!r} belongs"
            reading.note_anomaly("contradiction", detail, entry.offset, entry.path)
        yield entry
    if wanted:
        reading.note_anomaly("malformed", f"no member {wanted[0]!r}", reading.end)


def _to_last(members: Iterable[Entry], wanted: list[str], reading: Reading) -> Iterator[Entry]:
    """Yield the members; once none is `wanted` any more, what is no member is no part of the package, which dpkg ignores."""
    try:
        yield from members
    except MalformedInput:
        if wanted:
            raise
        reading.end = reading.spans[0][1]
