"""Sessions: a disc that was written several times has as many sets of volume descriptors, of which the last one counts.

Each set stands 16 sectors behind the start of its session, and leads to a tree whose blocks count from the start of the disc; files
of earlier sessions that the tree goes on to show are not written again. A drive tells where the last session begins; from an image
that can only be found out. Where writing may be done over what is there, tools write the last set to sector 16 as well.

Source: ECMA-119 (4th edition) §6.2; growisofs; xorriso(1), "Multi-session"; libburn doc/cookbook.txt.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.optical.iso9660 import descriptors as volume
from trueware.formats.filesystems.optical.iso9660 import eltorito
from trueware.formats.filesystems.optical.iso9660.descriptors import FORMAT, MAGIC, START, Descriptor
from trueware.formats.filesystems.optical.space import SECTOR

_PRIMARY = re.compile(bytes([volume.PRIMARY]))
_ROOT = 158
_MOST = 99
"""Sessions that a disc may have."""


@dataclass(frozen=True, slots=True)
class Session:
    """One set of volume descriptors."""

    at: int
    primary: Descriptor
    others: tuple[Descriptor, ...]
    boots: tuple[int, ...]
    """Where boot records are."""

    @property
    def size(self) -> int:
        """Bytes of the disc until the end of the session."""
        return self.at - START + self.primary.blocks * self.primary.block


def read_session(view: memoryview, at: int, reading: Reading) -> Session:
    """Read the volume descriptors from `at` on.

    Raises:
        MalformedInput: there is no primary one, or they do not end.
    """
    primary: Descriptor | None = None
    others: list[Descriptor] = []
    boots: list[int] = []
    for kind, place in volume.sectors(view, at):
        if kind == volume.PRIMARY and primary is None:
            primary = volume.read_descriptor(view, place, reading)
        elif kind == volume.SUPPLEMENTARY:
            others.append(volume.read_descriptor(view, place, reading))
        elif kind == volume.BOOT and bytes(view[place + 7 : place + 30]) == eltorito.IDENTIFIER:
            boots.append(place)
        elif primary is not None and kind == volume.PRIMARY:
            if view[place : place + SECTOR] != view[primary.at : primary.at + SECTOR]:
                reading.note_anomaly("contradiction", "two primary volume descriptors differ", place)
        elif kind != volume.END:
            reading.note_anomaly("reserved-bits", f"a volume descriptor of kind {kind}", place)
    if primary is None:
        raise MalformedInput(FORMAT, at, "no primary volume descriptor")
    return Session(at, primary, tuple(others), tuple(boots))


def find_sessions(view: memoryview, ranges: Iterable[tuple[int, int]], reading: Reading) -> Iterator[Session]:
    """Yield the sessions in `ranges` of the disc, in their order.

    The image of another disc does not pass for one: the blocks of its tree count from its own start.
    """
    left = _MOST
    for start, end in ranges:
        first = -(-start // SECTOR) * SECTOR
        kinds = bytes(view[first : max(end - SECTOR + 1, first) : SECTOR])
        for found in _PRIMARY.finditer(kinds):
            at = first + found.start() * SECTOR
            root = int.from_bytes(view[at + _ROOT : at + _ROOT + 4], "little") * SECTOR
            if view[at + 1 : at + 6] != MAGIC or not at < root < len(view) or not left:
                continue
            left -= 1
            try:
                yield read_session(view, at, reading)
            except MalformedInput:
                continue
