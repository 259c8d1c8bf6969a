"""The records of squashfs 1.x, 2.x and 3.x in either byte order, and of 4.0 in big-endian order.

The superblock of 1.x to 3.x; 1.x ends behind the root, 2.x behind the place of the fragments, and their tables are where the
32-bit fields say:

======  =====  =========================================================================
offset  size   field
======  =====  =========================================================================
0       4      magic
4       4      number of inodes
8       5 x 4  of 1.x and 2.x: bytes used, table of users, of groups, inodes, directories
28      2, 2   version
32      2      of 1.x: size of a data block
34      2      log2 of the block size
36      1      flags: what mksquashfs did; 4: a byte FF follows each header of metadata
37      1, 1   number of users, of groups
39      4      time of making
43      8      reference of the root's inode
51      4      size of a data block
55      4      number of fragments
59      4      of 2.x: fragment table
63      6 x 8  bytes used, users, groups, inodes, directories, fragments
111     8      export table (3.1; all ones: none)
======  =====  =========================================================================

Source: Linux fs/squashfs/squashfs_fs.h as patched into 2.4 and 2.6 kernels; squashfs-tools squashfs_compat.h; for 4.0 see the
modules `inodes`, `directories` and `lookup`.
"""

from functools import cache

from trueware.formats.filesystems.squashfs.bits import Record
from trueware.formats.filesystems.squashfs.superblock import Order

SUPERBLOCK = (
    "magic:32 inodes:32 used_2:32 users_2:32 groups_2:32 inode_table_2:32 directory_table_2:32 major:16 minor:16 "
    "block_size_1:16 block_log:16 flags:8 user_count:8 group_count:8 made:32 root:64 "
    "block_size:32 fragments:32 fragment_table_2:32 "
    "used:64 users:64 groups:64 inode_table:64 directory_table:64 fragment_table:64 export_table:64"
)

_BASE = "kind:4 mode:12 user:8 group:8"
_RUN = "count:8 block:24"
_NAME = "offset:13 kind:3 length:8"
_FOLDER = "size:19 offset:13 modified:32 start:24"
_LAYOUTS = {
    1: {
        "inode": "kind:4 mode:12 user:4 group:4",
        "folder": _FOLDER,
        "file": "modified:32 start:32 size:32",
        "link": "length:16",
        "device": "device:16",
        "other": "kind:4 bank:4",
        "run": _RUN,
        "name": _NAME,
    },
    2: {
        "inode": _BASE,
        "folder": _FOLDER,
        "big-folder": "size:27 offset:13 modified:32 start:24 count:16",
        "index": "offset:27 block:29 length:8",
        "file": "modified:32 start:32 fragment:32 offset:32 size:32",
        "link": "length:16",
        "device": "device:16",
        "other": "",
        "run": _RUN,
        "name": _NAME,
        "fragment": "start:32 word:32",
    },
    3: {
        "inode": f"{_BASE} modified:32 number:32",
        "folder": "links:32 size:19 offset:13 start:32 parent:32",
        "big-folder": "links:32 size:27 offset:13 start:32 count:16 parent:32",
        "index": "offset:32 block:32 length:8",
        "file": "start:64 fragment:32 offset:32 size:32",
        "big-file": "links:32 start:64 fragment:32 offset:32 size:64",
        "link": "links:32 length:16",
        "device": "links:32 device:16",
        "other": "links:32",
        "run": "count:8 block:32 number:32",
        "name": f"{_NAME} delta:16",
        "fragment": "start:64 word:32 unused:32",
    },
    4: {
        "inode": "kind:16 mode:16 user:16 group:16 modified:32 number:32",
        "folder": "start:32 links:32 size:16 offset:16 parent:32",
        "big-folder": "links:32 size:32 start:32 parent:32 count:16 offset:16 xattrs:32",
        "index": "offset:32 block:32 length:32",
        "file": "start:32 fragment:32 offset:32 size:32",
        "big-file": "start:64 size:64 sparse:64 links:32 fragment:32 offset:32 xattrs:32",
        "link": "links:32 length:32",
        "device": "links:32 device:32",
        "other": "links:32",
        "xattrs": "xattrs:32",
        "run": "count:32 block:32 number:32",
        "name": "offset:16 delta:16 kind:16 length:16",
        "fragment": "start:64 word:32 unused:32",
    },
}


@cache
def layouts_of(major: int, order: Order) -> dict[str, Record]:
    """Return the records of a version by name."""
    return {name: Record.of(layout, order) for name, layout in _LAYOUTS[major].items()}
