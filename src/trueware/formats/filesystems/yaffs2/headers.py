"""Headers of objects: a page that gives an object its place in the tree and its attributes.

======  ====  ====================================================================
offset  size  field
======  ====  ====================================================================
0       4     type: 1 file, 2 link, 3 folder, 4 hard link, 5 device, fifo or socket
4       4     object that is the folder
8       2     FFFF
10      256   name
268     4     mode
272     4, 4  user, group
280     3x4   accessed, modified, changed
292     4     size of a file, low half
296     4     object that a hard link stands for
300     160   target of a link
460     4     number of a device
488     4, 4  inband: object that this one took the name of; whether it was shrunk
496     4     size, high half (all ones: not there)
504     4, 4  object that this one took the name of; whether it was shrunk
512     ..    extended attributes: u32 length of all of it, name, NUL, value
======  ====  ====================================================================

Source: yaffs2 yaffs_guts.h (struct yaffs_obj_hdr), yaffs_nameval.c.
"""

from dataclasses import dataclass
from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.filesystems.yaffs2.geometry import FORMAT, Geometry

SIZE = 512
FILE, LINK, FOLDER, HARD_LINK, SPECIAL = range(1, 6)

_LAYOUT = "IiH256s2x7Ii160sI24x3I4xiI"
_LAYOUTS = {sign: Struct(sign + _LAYOUT) for sign in "<>"}
_LENGTHS = {sign: Struct(sign + "i") for sign in "<>"}
_NOT_THERE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Header:
    """What one page says of an object."""

    at: int
    type: int
    folder: int
    name: bytes
    mode: int
    uid: int
    gid: int
    modified: int
    size: int
    stands_for: int
    target: bytes
    device: int
    shadows: int
    """Object whose name this one took, which is gone then; 0 or less: none."""

    shrinks: bool


def read_header(view: memoryview, at: int, geometry: Geometry) -> Header:
    """Return the header in the page at `at`."""
    (
        type_, folder, _, name, mode, uid, gid, _, modified, _, low, stands_for, target, device,
        inband_shadows, inband_shrinks, high, shadows, shrinks,
    ) = _LAYOUTS[geometry.sign].unpack_from(view, at)  # fmt: skip
    if not geometry.spare:
        shadows, shrinks = inband_shadows, inband_shrinks
    size = low if high == _NOT_THERE or geometry.small else low | high << 32
    return Header(
        at, type_, folder, name.partition(b"\0")[0], mode, uid, gid, modified, size, stands_for,
        target.partition(b"\0")[0], device, shadows, bool(shrinks),
    )  # fmt: skip


def read_attributes(
    view: memoryview, at: int, geometry: Geometry, ceiling: int
) -> tuple[tuple[tuple[str, bytes], ...], int]:
    """Return the extended attributes behind the header at `at`, sorted by name, and where they end.

    Raises:
        MalformedInput: they contradict themselves.
    """
    place, end, found = at + SIZE, at + geometry.held, dict[str, bytes]()
    unpack = _LENGTHS[geometry.sign].unpack_from
    while place + 4 < end and (length := unpack(view, place)[0]) > 0:
        name, nul, value = bytes(view[place + 4 : place + length]).partition(b"\0")
        if place + length > end or not nul or not name:
            raise MalformedInput(FORMAT, place, f"extended attribute of {length} bytes")
        key = name.decode("utf-8", "surrogateescape")
        place += length
        if key in found or place - at > ceiling:
            raise MalformedInput(FORMAT, place, f"extended attribute {key!r} stands twice, or is one too many")
        found[key] = value
    return tuple(sorted(found.items())), place
