r"""Extended headers of tar, as POSIX pax writes them, with the keywords of GNU tar, star, libarchive and Red Hat.

Each record is ``"%d %s=%s\n" % (length of the record, keyword, value)``. Source: POSIX.1-2017, utility pax, §pax Extended
Header; star(5) for ``SCHILY.*``; libarchive ``archive_write_set_format_pax.c`` for ``LIBARCHIVE.*``.

==================================================  ======================================================================
keyword                                             what becomes of it
==================================================  ======================================================================
path linkpath size uid gid uname gname mtime        takes the place of the header's field
``SCHILY.xattr.<name>``                             an extended attribute
``LIBARCHIVE.xattr.<name, %XX>``                    the same in base 64; libarchive writes both
``RHT.security.selinux``                            the extended attribute ``security.selinux``
``SCHILY.acl.*`` ``SCHILY.fflags``                  kept as an extended attribute of that name
``GNU.sparse.*``                                    see `trueware.formats.packages.tar.sparse`
atime ctime comment charset hdrcharset …            without meaning for what is unpacked
any other                                           reported: a program may give it a meaning
==================================================  ======================================================================
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Reading
from trueware.model.limits import Limits

_LENGTH = re.compile(rb"([1-9][0-9]{0,9}) ")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_WHOLE = re.compile(rb"[0-9]{1,18}")
_TIME = re.compile(rb"(-?[0-9]{1,18})(?:\.[0-9]*)?")

_FIELDS = frozenset({b"path", b"linkpath", b"size", b"uid", b"gid", b"uname", b"gname", b"mtime"})
_SILENT = frozenset(
    {
        b"atime",
        b"ctime",
        b"comment",
        b"charset",
        b"hdrcharset",
        b"LIBARCHIVE.creationtime",
        b"SCHILY.dev",
        b"SCHILY.ino",
        b"SCHILY.nlink",
    }
)
_XATTR, _XATTR_BASE64, _XATTR_SELINUX = b"SCHILY.xattr.", b"LIBARCHIVE.xattr.", b"RHT.security.selinux"
_KEPT = (b"SCHILY.acl.", b"SCHILY.fflags")
_SPARSE = b"GNU.sparse."

Record = tuple[bytes, bytes]


@dataclass(slots=True)
class Extended:
    """What extended headers say of the next member."""

    fields: dict[bytes, bytes] = field(default_factory=dict)
    xattrs: dict[str, bytes] = field(default_factory=dict)
    sparse: list[Record] = field(default_factory=list)

    def take(self, records: Iterable[Record], at: int, limits: Limits, reading: Reading) -> None:
        """Take in the records of a header at offset `at`.

        Raises:
            MalformedInput: an attribute's base 64 is none.
            LimitExceeded: more attributes than an entry may have.
        """
        plain: set[bytes] = set()
        encoded: set[bytes] = set()
        for key, value in records:
            if b"\0" in key:
                reading.note_anomaly("contradiction", f"a NUL in the keyword {_shown(key)}", at)
            if key in _FIELDS:
                if key in self.fields or not value or b"\0" in value:
                    detail = f"pax record {_shown(key)} stands twice, is empty or has a NUL"
                    reading.note_anomaly("contradiction", detail, at)
                self.fields[key] = value
            elif key in _SILENT:
                continue
            elif key.startswith(_SPARSE):
                self.sparse.append((key[len(_SPARSE) :], value))
            elif (name := _xattr_name(key)) is not None:
                coded = key.startswith(_XATTR_BASE64)
                (encoded if coded else plain).add(name)
                self._take_xattr(name, _decoded(value, at) if coded else value, at, reading)
            else:
                reading.note_anomaly("reserved-bits", f"unknown pax record {_shown(key)}", at)
        if not encoded <= plain:
            reading.note_anomaly("contradiction", "attributes in base 64 alone, which GNU tar does not read", at)
        if sum(len(name) + len(value) for name, value in self.xattrs.items()) > limits.max_xattrs:
            raise LimitExceeded("max_xattrs", limits.max_xattrs, "extended attributes of a member of a tar archive")

    def _take_xattr(self, name: bytes, value: bytes, at: int, reading: Reading) -> None:
        shown = name.decode("utf-8", "surrogateescape")
        if self.xattrs.setdefault(shown, value) != value:
            reading.note_anomaly("contradiction", f"attribute {shown!r} has two values", at)
        if b"%" in name:
            reading.note_anomaly("contradiction", f"programs differ in how they unescape attribute {shown!r}", at)


def common(records: Iterable[Record], at: int, reading: Reading) -> dict[bytes, bytes]:
    """Return what a global header says of all members that follow.

    Small unpackers skip global headers, so that anything in them that counts leaves a doubt.
    """
    fields = {}
    for key, value in records:
        if key == b"comment":
            reading.notes["comment"] = value.decode("utf-8", "surrogateescape")
        elif key not in _SILENT:
            reading.note_anomaly("contradiction", f"pax record {_shown(key)} for all members, which some ignore", at)
            if key in _FIELDS:
                fields[key] = value
    return fields


def records(data: bytes, at: int) -> list[Record]:
    """Return the records of an extended header whose data begin at offset `at`.

    Raises:
        MalformedInput: a record is none.
    """
    found, start = [], 0
    while start < len(data):
        length = _LENGTH.match(data, start)
        end = start + int(length[1]) if length else 0
        if length is None or end <= length.end() or end > len(data) or data[end - 1] != 0x0A:
            raise MalformedInput("tar", at + start, "no pax record")
        key, separator, value = data[length.end() : end - 1].partition(b"=")
        if not separator or not key:
            raise MalformedInput("tar", at + start, "a pax record without a keyword")
        found.append((key, value))
        start = end
    return found


def whole(fields: Mapping[bytes, bytes], key: bytes, at: int) -> int | None:
    """Return the value of a number.

    Raises:
        MalformedInput: it is none.
    """
    value = fields.get(key)
    if not value:
        return None
    if not _WHOLE.fullmatch(value):
        raise MalformedInput("tar", at, f"pax record {_shown(key)} is {value[:40]!r}")
    return int(value)


def time(fields: Mapping[bytes, bytes], at: int) -> int | None:
    """Return the time of modification in whole seconds.

    Raises:
        MalformedInput: it is none.
    """
    value = fields.get(b"mtime")
    if not value:
        return None
    seconds = _TIME.fullmatch(value)
    if seconds is None:
        raise MalformedInput("tar", at, f"pax record mtime is {value[:40]!r}")
    return int(seconds[1])


def _xattr_name(key: bytes) -> bytes | None:
    if key.startswith(_XATTR):
        return key[len(_XATTR) :]
    if key.startswith(_XATTR_BASE64):
        return _ESCAPED.sub(lambda escaped: bytes.fromhex(escaped[1].decode("ascii")), key[len(_XATTR_BASE64) :])
    if key == _XATTR_SELINUX:
        return b"security.selinux"
    return key if key.startswith(_KEPT) else None


def _decoded(value: bytes, at: int) -> bytes:
    try:
        return a2b_base64(value + b"=" * (-len(value) % 4), strict_mode=True)
    except Base64Error as error:
        raise MalformedInput("tar", at, f"an attribute is not in base 64 ({error})") from error


def _shown(key: bytes) -> str:
    return repr(key[:60].decode("utf-8", "backslashreplace"))
