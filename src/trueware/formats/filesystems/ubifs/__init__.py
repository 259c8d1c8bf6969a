"""ubifs: the file system of UBI volumes, in routers, terminals and receivers with raw flash.

Nodes lie anywhere in the blocks of the volume, and an index says which of them count. What was written since the index was
last brought up to date stands in a journal. The layouts stand in the modules that read them:

===========  ==============================================================
module       what it reads
===========  ==============================================================
nodes        headers, the kinds of nodes, keys, CRCs
superblock   superblock and master node
index        the index: from keys to nodes
journal      the log, and what is not in the index yet
files        the content of a file, from its nodes
tree         the walk that puts all of it together
space        the blocks, and what is in them beside that
===========  ==============================================================

Source: Linux fs/ubifs/.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.filesystems.ubifs.index import Leaves
from trueware.formats.filesystems.ubifs.journal import Journal
from trueware.formats.filesystems.ubifs.nodes import FORMAT, MAGIC
from trueware.formats.filesystems.ubifs.space import Space
from trueware.formats.filesystems.ubifs.superblock import Superblock, looks_like, read_master, read_superblock
from trueware.formats.filesystems.ubifs.tree import Tree
from trueware.model.limits import Limits


class Ubifs:
    """A ubifs file system."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ubifs file system",
        references=("Linux fs/ubifs/ubifs-media.h", "Linux fs/ubifs/"),
        limitations=(
            "encrypted content and names are measured as they are stored",
            "hashes and signatures of an authenticated file system are not verified",
            "the map of free space is not read",
            "what was deleted or overwritten is counted and not read",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return looks_like(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        reading = Reading()
        sb = read_superblock(view, reading)
        reading.end = min(sb.blocks * sb.block_size, len(view))
        if reading.end % sb.block_size:
            reading.note_anomaly("truncated", f"{reading.end} bytes, blocks have {sb.block_size}", reading.end)
        reading.entries = _walk(view[: reading.end], sb, limits, reading)
        return reading


def _walk(view: memoryview, sb: Superblock, limits: Limits, reading: Reading) -> Iterator[Entry]:
    """Follow the index, bring it up to date, follow the names."""
    leaves = Leaves(view, sb, reading)
    try:
        master = read_master(view, sb, reading)
        leaves.read(master)
        Journal(view, sb, reading).replay(master, leaves)
        yield from Tree(view, leaves, limits, reading).walk()
    finally:
        Space(view, sb, reading).account(leaves)
