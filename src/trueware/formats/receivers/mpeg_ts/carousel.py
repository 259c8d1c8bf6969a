"""The data carousel of DSM-CC: modules cut into blocks, sent round and round, as DVB sends software to receivers.

======  ====  ==========================================================
offset  size  section of table 3B or 3C (big-endian)
======  ====  ==========================================================
0       8     table, length, extension, version, number, last number
8       1     0x11, type 0x03 (1)
10      2     message: 1002 DII, which lists modules; 1003 DDB, a block
12      4     DII: transaction; DDB: download
16      1     reserved
17      3     length of the adaptation (1), of the message (2)
20      ..    adaptation
======  ====  ==========================================================

A DII: download (4), length of a block (2), 10 bytes, length of the compatibility (2) and it, number of modules (2); of each:
number (2), length (4), version (1), length of what is said of it (1), which is told. A DDB: module (2), version (1), reserved (1),
number of the block (2), content.

Source: ISO/IEC 13818-6 §7; ETSI TS 102 006 (DVB-SSU) and TR 101 202. Of a block that comes again the first is taken; that it comes
with other content is told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from struct import Struct

from trueware.errors import LimitExceeded
from trueware.formats.contract import Entry, Reading
from trueware.formats.receivers.mpeg_ts.sections import Section, sections
from trueware.formats.scattered import Run, Scattered
from trueware.model.limits import Limits
from trueware.model.part import Kind

_HEADER = Struct(">BBHIBBH")
_AT = 8
_LIST, _BLOCKS = (0x3B, 0x1002), (0x3C, 0x1003)
_DOWNLOAD = Struct(">IHBBII")
_MODULE, _BLOCK = Struct(">HIBB"), Struct(">HBBH")
_COUNT = Struct(">H")

_Key = tuple[int, int, int]
"""Download, module, version."""


@dataclass(slots=True)
class Carousel:
    """What one program sends."""

    listed: dict[_Key, tuple[int, int, bytes]] = field(default_factory=dict)
    """Length, length of a block, and what is said of each module."""

    compatibility: dict[int, bytes] = field(default_factory=dict)
    """By download: for which receivers it is."""

    blocks: dict[_Key, dict[int, list[Run]]] = field(default_factory=dict)
    contradicted: bool = False

    def contradict(self, detail: str, section: Section, reading: Reading) -> None:
        """Tell the first time that something comes again and differs."""
        if not self.contradicted:
            reading.note_anomaly("contradiction", detail, section.runs[0][0])
        self.contradicted = True


def carousel_of(view: memoryview, numbers: Sequence[int], program: int, reading: Reading, limits: Limits) -> Carousel:
    """Return what the packets of a program carry of a carousel."""
    found, count, damaged = Carousel(), 0, False
    for section in sections(view, numbers):
        if not (message := _message(section)):
            continue
        if not section.is_sound():
            if not damaged:
                place = section.runs[0][0]
                reading.note_anomaly("checksum-mismatch", f"the CRC of a section of program {program:#x}", place)
            damaged = True
            continue
        count += 1
        if count > limits.max_entries * 4:
            raise LimitExceeded("max_entries", limits.max_entries, "sections of a carousel")
        kind, download, at = message
        if kind == _LIST:
            _read_list(section, at, found, reading)
        else:
            _read_block(view, section, download, at, found, reading)
    return found


def modules(view: memoryview, carousel: Carousel, program: int, reading: Reading) -> Iterator[Entry]:
    """Yield the modules; blocks that were not sent are told."""
    for (download, module, version), (size, block, said) in sorted(carousel.listed.items()):
        have = carousel.blocks.get((download, module, version), {})
        path = f"module-{program:04x}-{download:08x}-{module:04x}-{version:02x}"
        runs, got = list[Run](), 0
        for number in range(-(-size // block) if block else 0):
            if number not in have:
                break
            runs += have[number]
            got += sum([length for _, length in have[number]])
        if got != size:
            reading.note_anomaly("truncated", f"{got} of {size} bytes of {path} come without a gap", None, path)
        facts = (("said", said.hex()), ("compatibility", carousel.compatibility.get(download, b"").hex()))
        yield Entry(path, Kind.REGION, Scattered(view, runs), got, facts=tuple(sorted(facts)))


def _message(section: Section) -> tuple[tuple[int, int], int, int] | None:
    """Return kind, download or transaction, and where the message begins, of a message of a download."""
    data = section.data
    if data[0] not in (_LIST[0], _BLOCKS[0]) or len(data) < _AT + _HEADER.size + 4:
        return None
    protocol, type_, message, download, _, adaptation, _ = _HEADER.unpack_from(data, _AT)
    kind = data[0], message
    if (protocol, type_) != (0x11, 0x03) or kind not in (_LIST, _BLOCKS):
        return None
    return kind, download, _AT + _HEADER.size + adaptation


def _read_list(section: Section, at: int, found: Carousel, reading: Reading) -> None:
    data, end = section.data, len(section.data) - 4
    if at + _DOWNLOAD.size + 2 > end:
        return
    download, block, *_ = _DOWNLOAD.unpack_from(data, at)
    at += _DOWNLOAD.size
    size = int(_COUNT.unpack_from(data, at)[0])
    compatibility = data[at + 2 : at + 2 + size]
    at += 2 + size
    if at + 2 > end:
        return
    if found.compatibility.setdefault(download, compatibility) != compatibility:
        found.contradict(f"download {download:#x} is for two kinds of receivers", section, reading)
    count = int(_COUNT.unpack_from(data, at)[0])
    at += 2
    for _ in range(count):
        if at + _MODULE.size > end:
            return
        module, length, version, said = _MODULE.unpack_from(data, at)
        at += _MODULE.size
        told = length, block, data[at : min(at + said, end)]
        if found.listed.setdefault((download, module, version), told) != told:
            found.contradict(f"module {module:#x} is listed in two ways", section, reading)
        at += said


def _read_block(view: memoryview, section: Section, download: int, at: int, found: Carousel, reading: Reading) -> None:
    end = len(section.data) - 4
    if at + _BLOCK.size > end:
        return
    module, version, _, number = _BLOCK.unpack_from(section.data, at)
    have = found.blocks.setdefault((download, module, version), {})
    runs = section.placed(at + _BLOCK.size, end)
    if number not in have:
        have[number] = runs
    elif (
        b"".join(view[start : start + length] for start, length in have[number]) != section.data[at + _BLOCK.size : end]
    ):
        detail = f"block {number} of module {module:#x} comes with different content"
        found.contradict(detail, section, reading)
