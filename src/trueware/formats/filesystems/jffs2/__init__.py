"""jffs2: the file system of routers and terminals with raw flash, a log of nodes in which the newest ones count.

The layouts stand in the modules that read them:

===========  ==============================================================
module       what it reads
===========  ==============================================================
nodes        the kinds of nodes, byte orders, CRCs
log          finds the nodes and sorts them by what they belong to
blocks       erase blocks and their summaries
attributes   extended attributes
packing      the data of a node
files        the content of a file, from its nodes
tree         the walk that puts all of it together
===========  ==============================================================

Source: Linux include/uapi/linux/jffs2.h, fs/jffs2/.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.filesystems.jffs2.blocks import EraseBlocks
from trueware.formats.filesystems.jffs2.log import Log
from trueware.formats.filesystems.jffs2.nodes import FORMAT, ORDERS, Order, order_of
from trueware.formats.filesystems.jffs2.tree import Tree
from trueware.model.limits import Limits


class Jffs2:
    """A jffs2 file system."""

    name: ClassVar[str] = FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "jffs2 file system",
        references=("Linux include/uapi/linux/jffs2.h", "Linux fs/jffs2/", "OpenWrt jffs2_make_lzma_available.patch"),
        limitations=(
            "data packed by rubin, which Linux has not built by default since 2.6, is refused",
            "what was deleted or overwritten is counted and not read",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, order.magic) for order in ORDERS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return order_of(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        order = order_of(view)
        if order is None:
            raise MalformedInput(FORMAT, 0, "no node of a known type")
        reading = Reading(facts={"byte-order": order.name})
        reading.entries = _walk(view, order, limits, reading)
        return reading


def _walk(view: memoryview, order: Order, limits: Limits, reading: Reading) -> Iterator[Entry]:
    """Find all nodes, then follow the names."""
    log = Log(view, order, reading)
    reading.end = log.end
    EraseBlocks(view, order, log, reading).check()
    yield from Tree(view, order, log, limits, reading).walk()
