"""What stands in a signing block besides the signatures that count: no signature is over any of it, and it can hold anything."""

from collections.abc import Collection, Iterator
from itertools import islice

from trueware.signatures.apk.archive import Block, Package, is_blank
from trueware.signatures.apk.signers import NAMES

_PADDING = 0x42726577
_KNOWN = {
    0x2B09189E: "a source stamp (first version)",
    0x6DFF800D: "a source stamp, told by itself",
    0x504B4453: "a list of dependencies",
    0x2146444E: "data of Google Play",
    0x71777777: "a distribution channel",
}
"""By id. Source: AOSP ``apksig``, and what stores and tools say of their own."""

_TOLD = 10
"""Values that are named."""


def beside(package: Package, block: Block, unread: Collection[int]) -> tuple[str, ...]:
    """Return what there is, in words; `unread`: ids of signatures that no Android looks at for which the app is made."""
    told = tuple(islice(_values(package, block, unread), _TOLD + 1))
    return (*told[:_TOLD], "more in the signing block") if len(told) > _TOLD else told


def _values(package: Package, block: Block, unread: Collection[int]) -> Iterator[str]:
    seen = set()
    for pair in block.pairs:
        again, size = pair.id in seen, pair.end - pair.start
        seen.add(pair.id)
        if again:
            yield f"the signing block has a second value {pair.id:#010x} ({size} bytes), which nothing reads"
        elif pair.id in unread:
            yield f"the signing block has a signature of scheme {NAMES[pair.id]}, which no Android that it is made for reads"
        elif pair.id not in NAMES and not (pair.id == _PADDING and is_blank(package.view[pair.start : pair.end])):
            what = _KNOWN.get(pair.id, "data that no signature is over")
            yield f"the signing block holds {what} ({pair.id:#010x}, {size} bytes)"
