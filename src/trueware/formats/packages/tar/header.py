"""The header block of tar: its fields, its numbers and its checksum. The layout is in the docstring of the package.

What a field may hold is read strictly, since programs differ in what they make of anything else: a number is octal digits
between blanks, or binary behind a first byte 80 or FF; a text ends at the first NUL.
"""

from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import Reading

BLOCK = 512
NOTHING = bytes(BLOCK)

_OWNER = Struct("8s8s8s")
_REST = Struct("1s100s8s32s32s8s8s155s12s")
_POSIX, _GNU = b"ustar\0", b"ustar  \0"
_ASCII = bytes(range(128))
_LARGEST = 1 << 63


@dataclass(slots=True)
class Header:
    """One header, as it stands in its block."""

    name: bytes
    size: int
    mtime: int
    type: bytes
    mode: int
    uid: int
    gid: int
    link: bytes
    user: bytes
    group: bytes
    device: tuple[int, int]
    old: bool
    """Whether it is a v7 header, without a magic."""


class _Shared(NamedTuple):
    """What most members of an archive have in common."""

    folders: bytes
    """First folders of the path."""

    doubtful: bool
    """Whether there are bytes where this variant of the header has none."""

    fields: tuple[bytes, int, int, int, bytes, bytes, bytes, tuple[int, int], bool]
    """Fields of `Header` from `type` on."""


def is_header(block: bytes) -> bool:
    """Tell whether the checksum in the block fits; signed bytes were summed by some old programs, and all accept both."""
    if len(block) < BLOCK:
        return False
    try:
        stated = number(block[148:156])
    except ValueError:
        return False
    found = byte_sum(block) - sum(block[148:156]) + 8 * 0x20
    return stated == found or stated == found - 256 * _high(block)


def parse(block: bytes, at: int, reading: Reading) -> Header:
    """Read the header at offset `at`.

    Raises:
        MalformedInput: a number that is none.
    """
    try:
        shared = _shared(block[100:124], block[156:])
        name, size, mtime = text(block[:100]), number(block[124:136]), number(block[136:148])
    except ValueError as error:
        raise MalformedInput("tar", at, f"a number in the header is none ({error})") from error
    if shared.folders:
        name = shared.folders + b"/" + name
    if shared.doubtful:
        reading.note_anomaly("reserved-bits", "bytes where this variant of the header has none", at + 257)
    return Header(name, size, mtime, *shared.fields)


@lru_cache(maxsize=256)
def _shared(owner: bytes, rest: bytes) -> _Shared:
    """Read mode, uid and gid, and the fields from the type on."""
    mode, uid, gid = _OWNER.unpack(owner)
    type_, link, magic, user, group, major, minor, prefix, reserved = _REST.unpack(rest)
    behind = prefix + reserved
    folders, old = b"", False
    if magic[:6] == _POSIX:
        folders, doubtful = text(prefix), reserved
    elif magic == _GNU:
        # with its incremental dumps GNU tar has times here, where others look for the first folders of the path
        doubtful = b"" if type_ == b"S" else behind
    else:
        # GNU tar fills in the device numbers all the same
        old, doubtful = True, magic + user + group + behind
        user = group = b""
    return _Shared(
        folders,
        doubtful.strip(b"\0") != b"",
        (
            type_,
            number(mode) & 0o7777,
            number(uid),
            number(gid),
            text(link),
            text(user),
            text(group),
            (number(major), number(minor)),
            old,
        ),
    )


def text(field: bytes) -> bytes:
    """Return a field up to its first NUL."""
    return field.partition(b"\0")[0]


def number(field: bytes) -> int:
    """Return the value of a numeric field, 0 for a blank one.

    Raises:
        ValueError: programs would not agree on its value.
    """
    if field[:1] >= b"\x80":
        value = int.from_bytes(field[1:], "big") - (1 << 8 * (len(field) - 1) if field[0] == 0xFF else 0)
        if field[0] not in (0x80, 0xFF) or abs(value) >= _LARGEST:
            raise ValueError(field)
        return value
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if field[0] == 0 or digits.translate(None, b"01234567"):
        raise ValueError(field)
    return int(digits, 8)


def _high(block: bytes) -> int:
    return len((block[:148] + block[156:]).translate(None, _ASCII))
