"""Rock Ridge: what Unix knows of a file, in the system's part of its record.

There stand fields of: two letters, u8 length, u8 version 1, data; numbers stand twice as everywhere on the disc.

======  ==================================================================================================
SP      in the first record of the root: ``BE EF`` and how many bytes to skip in front of the fields of all others
CE      the fields go on: block, offset in it, length
ST      they end
ER      which extension this is
PX      mode, links, user, group, (serial number)
PN      device: upper and lower 32 bits
NM      name: flags 1 goes on in the next one, 2 the folder itself, 4 the one above; text
SL      target of a link: flags 1 goes on; parts of flags 1 goes on, 2 ``.``, 4 ``..``, 8 ``/``; length, text
TF      times: flags say which and whether long ones (80), 2 is when it was modified
CL      a folder that is moved: where it lies
PL      in a moved folder: the one above
RE      this folder is moved and shown elsewhere
SF, ZF  sparse and packed files
======  ==================================================================================================

Source: IEEE P1281 (SUSP 1.12), IEEE P1282 (RRIP 1.12); Linux fs/isofs/rock.c; zisofs2 specification.
"""

from dataclasses import dataclass
from struct import Struct

from trueware.formats.filesystems.optical.iso9660.zisofs import Packing, read_field
from trueware.formats.filesystems.optical.space import Space
from trueware.formats.moments import seconds

_U32 = Struct("<I")
_OWNER = Struct("<I4xI4xI4xI")
_CONTINUATION = Struct("<I4xI4xI")
_MOST_CONTINUATIONS = 32
_GOES_ON = 1
_MODIFIED, _LONG = 2, 0x80
_IGNORED = {b"PD", b"ER", b"RR", b"ES", b"SP", b"PL"}
_PARTS = {2: b".", 4: b"..", 8: b""}


@dataclass(slots=True)
class Attributes:
    """What the fields of one record say."""

    name: bytes | None = None
    mode: int | None = None
    links: int = 1
    uid: int | None = None
    gid: int | None = None
    mtime: int | None = None
    rdev: tuple[int, int] | None = None
    target: bytes | None = None
    moved_to: int | None = None
    """Block of the folder that is shown here."""
    is_moved: bool = False
    packing: Packing | None = None
    packed: str = ""
    """Name of a packing that is not unpacked."""
    unknown: tuple[bytes, ...] = ()
    wrong: str = ""


class Fields:
    """Reads the fields of records.

    Args:
        view: the disc.
        block: bytes in a block.
        skip: bytes in front of the fields.
        space: where continuations are claimed.
    """

    def __init__(self, view: memoryview, block: int, skip: int, space: Space) -> None:
        self._view, self._block, self._skip, self._space = view, block, skip, space

    def read(self, area: bytes, *, first: bool = False) -> Attributes:
        """Return what the system's part of a record says; `first`: it is the first record of the root, where nothing is skipped."""
        found = Attributes()
        target: list[bytes] = []
        anew = True
        at, left = 0 if first else self._skip, _MOST_CONTINUATIONS
        following: tuple[int, int, int] | None = None
        while True:
            if at + 4 > len(area):
                if following is None:
                    break
                area, at, following = self._continue(*following), 0, None
                left -= 1
                if not left or not area:
                    found.wrong = "its fields go on without end, or outside of the disc"
                    break
                continue
            kind, length = area[at : at + 2], area[at + 2]
            if kind == b"\0\0":
                at = len(area)
                continue
            data = area[at + 4 : at + length]
            if length < 4 or at + length > len(area):
                found.wrong = f"a field {kind!r} of {length} bytes"
                break
            at += length
            if kind == b"NM":
                if data[:1] and not data[0] & 6:
                    found.name = (found.name or b"") + data[1:]
            elif kind == b"PX" and length >= 36:
                found.mode, found.links, found.uid, found.gid = _OWNER.unpack_from(data)
            elif kind == b"TF" and data:
                found.mtime = _modified(data)
            elif kind == b"SL" and data:
                found.target = b""
                following_anew = _add_parts(target, data, anew=anew)
                if following_anew is None:
                    found.wrong = "the parts of a target do not fit into their field"
                    break
                anew = following_anew
            elif kind == b"PN" and length >= 20:
                found.rdev = _device(_U32.unpack_from(data)[0], _U32.unpack_from(data, 8)[0])
            elif kind == b"CE" and length >= 28:
                following = _CONTINUATION.unpack_from(data)
            elif kind == b"CL" and length >= 12:
                found.moved_to = _U32.unpack_from(data)[0]
            elif kind == b"RE":
                found.is_moved = True
            elif kind == b"ZF":
                found.packing = read_field(data)
                found.packed = "" if found.packing else "zisofs"
            elif kind == b"SF":
                found.packed = "sparse"
            elif kind == b"ST":
                break
            elif kind not in _IGNORED:
                found.unknown += (kind,)
        if found.target is not None:
            found.target = b"/".join(target)
        return found

    def _continue(self, block: int, offset: int, length: int) -> bytes:
        start = block * self._block + offset
        if start + length > len(self._view):
            return b""
        self._space.share(start, start + length)
        return bytes(self._view[start : start + length])


def skipped(area: bytes) -> int | None:
    """Return how many bytes to skip in front of fields, None where there are none: no Rock Ridge on this disc."""
    for start in (0, 14):  # behind the attributes of CD-ROM XA
        if area[start : start + 4] == b"SP\x07\x01" and area[start + 4 : start + 6] == b"\xbe\xef":
            return area[start + 6]
    return None


def _add_parts(target: list[bytes], data: bytes, *, anew: bool) -> bool | None:
    """Add the parts of a target; return whether the next one begins anew, None if they do not fit."""
    at = 1
    while at < len(data):
        if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
            return None
        flags, text = data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + len(text)
        part = _PARTS.get(flags & 0x0E, text)
        if anew:
            target.append(part)
        else:
            target[-1] += part
        anew = not flags & _GOES_ON
    return anew


def _device(high: int, low: int) -> tuple[int, int]:
    """Return major and minor number, as Linux takes them."""
    if not high and low > 0xFF:
        return low >> 8, low & 0xFF
    return high, low


def _modified(data: bytes) -> int | None:
    flags = data[0]
    if not flags & _MODIFIED:
        return None
    size = 17 if flags & _LONG else 7
    start = 1 + size * (flags & 1)
    stamp = data[start : start + size]
    if len(stamp) < size:
        return None
    return moment(stamp) if size == 7 else long_moment(stamp)


def moment(stamp: bytes) -> int | None:
    """Return the moment of a stamp of seven bytes: year since 1900 to second, quarters of an hour from UTC."""
    year, month, day, hour, minute, second, zone = stamp
    found = seconds(1900 + year, month, day, hour, minute, second)
    return None if found is None else found - ((zone ^ 0x80) - 0x80) * 900


def long_moment(stamp: bytes) -> int | None:
    """Return the moment of a stamp of 16 digits and quarters of an hour from UTC."""
    digits = stamp[:16]
    if not digits.isdigit():
        return None
    found = seconds(
        int(digits[:4]), int(digits[4:6]), int(digits[6:8]), int(digits[8:10]), int(digits[10:12]), int(digits[12:14])
    )
    return None if found is None else found - ((stamp[16] ^ 0x80) - 0x80) * 900
