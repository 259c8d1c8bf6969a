"""Finds containers inside opaque bytes: where one begins, and which format it has.

One pass of one automaton (Aho-Corasick) over the bytes finds the magics, at a speed that depends neither on how many there are
nor on the bytes; a regular expression of as many alternatives is a fifth as fast, and a fiftieth on bytes made for it. Each find
is then confirmed by a pattern, by the format itself and, where its magic is short, by something a chance hit does not have: a
checksum of the header, a stream that unpacks. Whoever drives the search reads the container and lets it go on behind its end.

The search itself takes time in proportion to the bytes. Confirming is bounded: after `_CONFIRMATIONS` finds that turned out to
be nothing, and some more for large inputs, the search ends and says so; likewise after `Limits.max_carved` containers. Both are
counted over all searches of a measurement, since opaque bytes may be many and tightly packed.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from struct import unpack_from

import zstandard
from ahocorasick_rs import BytesAhoCorasick

from trueware.errors import InputError
from trueware.formats.containers.uimage import header_crc_of
from trueware.formats.contract import Format
from trueware.model.limits import Limits

_CONFIRMATIONS = 1024
_BYTES_PER_CONFIRMATION = 1 << 16
_READING = 32
"""Confirmations that an attempt to read counts for: tables that many beginnings share are read again for each of them."""

_HITS = 256
"""Magics behind which nothing is right that count for one confirmation."""

_PIECE = 1 << 18
"""Bytes searched at a time: what is found in them is held."""

_HEAD = 1 << 18
"""Bytes that hold the first block of any zstd frame, of 128 KiB at most."""

_TEXT_STEP = 1 << 16
"""Bytes looked at together to tell text from the rest."""

_Check = Callable[[type[Format], memoryview], bool]


@dataclass(frozen=True, slots=True)
class _Look:
    """What the beginning of a container looks like; a format may have several."""

    format: str
    magics: tuple[bytes, ...]
    rest: bytes = b""
    """Pattern of what follows the magic."""

    before: int = 0
    """Bytes between the beginning of the container and its magic."""

    step: int = 1
    """What the offset is a multiple of."""

    check: _Check | None = None
    """What is asked besides `Format.matches`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A container that very probably begins at `offset`."""

    offset: int
    format: type[Format]


class Carver:
    """What to look for, made once for a measurement; of two formats at one place the earlier in the list comes first."""

    def __init__(self, formats: Iterable[type[Format]]) -> None:
        self.confirmations = _CONFIRMATIONS
        """Finds that may still turn out to be nothing, beyond those that each search may have for its bytes."""

        self.found = 0
        """Containers found so far."""

        self.reach = 0
        """Bytes a magic may stand behind the beginning of its container."""

        self.looks: list[list[tuple[_Look, re.Pattern[bytes], int, type[Format]]]] = []
        """What may begin at each magic, in the order of the finder's."""

        ranked = {format_.name: (rank, format_) for rank, format_ in enumerate(formats)}
        places: dict[bytes, int] = {}
        for look in _LOOKS:
            if look.format not in ranked:
                continue
            self.reach = max(self.reach, look.before)
            rest = re.compile(look.rest, re.DOTALL)
            for magic in look.magics:
                if places.setdefault(magic, len(self.looks)) == len(self.looks):
                    self.looks.append([])
                self.looks[places[magic]].append((look, rest, *ranked[look.format]))
        self.longest = max(map(len, places), default=0)
        self.finder = BytesAhoCorasick(places)


class Search:
    """One search of some bytes.

    Attributes:
        given_up: too many finds were nothing, or too many were containers; what comes after the last one was not searched.
    """

    def __init__(self, carver: Carver, view: memoryview, limits: Limits) -> None:
        self._carver, self._view, self._limits = carver, view, limits
        self._found: list[tuple[int, int, _Look, type[Format]]] = []
        """Offset, rank of the format, and what looked like it: finds not yet confirmed, a heap."""

        self._at = len(view) if _is_text(view) or not carver.looks else 0
        self._confirmations = len(view) // _BYTES_PER_CONFIRMATION
        self._hits = 0
        self.given_up = carver.confirmations < 0 and not self._confirmations

    def next(self, start: int) -> Candidate | None:
        """Return the first candidate at or after `start`, None if there is none. `start` must not go back."""
        while (find := self._next_find(start)) is not None:
            offset, _, look, format_ = find
            if offset < start:
                continue
            view = self._view[offset:]
            if format_.matches(view) and (look.check is None or look.check(format_, view)):
                self.given_up = self._carver.found >= self._limits.max_carved
                if self.given_up:
                    return None
                self._carver.found += 1
                return Candidate(offset, format_)
            self._count(1)
        return None

    def count_refused(self) -> None:
        """Account for a candidate that could not be read."""
        self._count(_READING)

    def _count(self, confirmations: int) -> None:
        own = min(confirmations, self._confirmations)
        self._confirmations -= own
        self._carver.confirmations -= confirmations - own
        self.given_up = self.given_up or self._carver.confirmations < 0

    def _next_find(self, start: int) -> tuple[int, int, _Look, type[Format]] | None:
        """Return the find with the smallest offset, searching on until no smaller one can come."""
        if self.given_up:
            return None
        while not self._found or self._found[0][0] + self._carver.reach > self._at:
            if self._at >= len(self._view) or self.given_up:
                break
            self._search_piece(max(self._at, start), start)
        return heappop(self._found) if self._found else None

    def _search_piece(self, at: int, start: int) -> None:
        """Search the piece at `at` for what begins at or after `start`."""
        carver, view = self._carver, self._view
        self._at = min(at + _PIECE, len(view))
        # magics within magics too: a chance hit must not hide what begins within it
        hits = carver.finder.find_matches_as_indexes(view[at : self._at + carver.longest - 1], overlapping=True)
        for index, first, end in hits:
            if first >= _PIECE:
                continue  # the next piece has it
            for look, rest, rank, format_ in carver.looks[index]:
                offset = at + first - look.before
                if offset >= start and not offset % look.step and rest.match(view, at + end):
                    heappush(self._found, (offset, rank, look, format_))
        confirmations, self._hits = divmod(self._hits + len(hits), _HITS)
        self._count(confirmations)


def _is_text(view: memoryview) -> bool:
    """Tell whether the bytes are plain text, in which nothing begins: every container has zeros or bytes above 127 somewhere."""
    for start in range(0, len(view), _TEXT_STEP):
        piece = bytes(view[start : start + _TEXT_STEP])
        if not piece.isascii() or b"\0" in piece:
            return False
    return True


def _states_its_crc(_: type[Format], view: memoryview) -> bool:
    return unpack_from(">I", view, 4) == (header_crc_of(view),)


def _fits(_: type[Format], view: memoryview) -> bool:
    """Tell whether a TRX image ends within the bytes and its first partition is in it."""
    length, first = unpack_from("<I", view, 4)[0], unpack_from("<I", view, 16)[0]
    return bool(28 <= first < length <= len(view))


def _tree_fits(_: type[Format], view: memoryview) -> bool:
    return bool(unpack_from(">I", view, 4)[0] <= len(view))


def _sums_to_nothing(_: type[Format], view: memoryview) -> bool:
    """Tell whether the words of a romfs' first block sum to zero, as they were made to."""
    return not sum(unpack_from(f">{min(len(view), 512) // 4}I", view)) & 0xFFFFFFFF


def _unpacks(format_: type[Format], view: memoryview) -> bool:
    """Tell whether the first piece of a compressed stream unpacks."""
    try:
        entry = next(iter(format_.read(view, Limits()).entries), None)
        return entry is not None and entry.content is not None and next(entry.content.chunks(), None) is not None
    except InputError:
        return False


def _unpacks_zstd(_: type[Format], view: memoryview) -> bool:
    """As `_unpacks`, from the head alone: reading finds the end of the frame first, which takes its time."""
    try:
        unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        return bool(unpacker.decompress(view[:_HEAD]) or unpacker.eof)
    except zstandard.ZstdError:
        return False


_LOOKS = (
    _Look("uimage", (b"\x27\x05\x19\x56",), check=_states_its_crc),
    _Look("trx", (b"HDR0",), rb".{10}[\x01\x02]\0", check=_fits),
    _Look("fit", (b"\xd0\x0d\xfe\xed",), check=_tree_fits),
    _Look("dtb", (b"\xd0\x0d\xfe\xed",), check=_tree_fits),
    _Look("android-sparse", (b"\x3a\xff\x26\xed",), rb"\x01\0"),
    _Look(  # program headers of a kind that only signing programs of the vendor write
        "qcom-elf", (b"\x7fELF\x01\x01", b"\x7fELF\x02\x01"), rb"(?:.{46}\0{4}.{20}|.{58}\0{4})\0\0\0\x07"
    ),
    # names that begin alike: each other first letter would slow the search down
    *(
        _Look("uboot-env", (b"baudrate=", b"bootargs=", b"bootcmd=", b"bootdelay="), before=at, step=256)
        for at in (4, 5)
    ),
    _Look("uefi-fv", (b"_FVH",), rb".{11}[\x01\x02]", before=40, step=8),
    _Look("cbfs", (b"LARCHIVE",)),
    _Look("fmap", (b"__FMAP__",), rb"\x01"),
    _Look("squashfs", (b"hsqs", b"sqsh", b"qshs", b"shsq", b"tqsh", b"hsqt", b"sqlz")),
    _Look("ext", (b"\x53\xef",), before=1080, step=512),
    _Look(  # a clean marker or an inode: a name never stands alone
        "jffs2",
        (b"\x85\x19\x03\x20", b"\x85\x19\x02\xe0", b"\x19\x85\x20\x03", b"\x19\x85\xe0\x02"),
        step=4,
    ),
    _Look("ubi", (b"UBI#",), rb"\x01\0{3}"),
    _Look("ubifs", (b"\x31\x18\x10\x06",), rb".{12}\0\x10\0\0\x06"),
    _Look("boot", (b"ANDROID!",), rb".{28}\0[\x08\x10\x20\x40]\0\0|.{12}[\x2c\x30]\x06\0\0.{16}[\x03\x04]\0\0\0"),
    _Look("vendor-boot", (b"VNDRBOOT",), rb"[\x03\x04]\0{4}[\x08\x10\x20\x40]\0\0"),
    _Look("vbmeta", (b"AVB0",), rb"\0\0\0\x01\0\0\0."),
    _Look("verity-metadata", (b"\x01\xb0\x01\xb0", b"VOFF"), rb"\0{4}.{258}\0\0[01] ", step=512),
    _Look("dtbo", (b"\xd7\xb7\xab\x1e",), rb".{4}\0\0\0[\x20-\x40]\0\0\0[\x20-\x40]"),
    _Look("super", (b"gDla",), rb"\x34\0{3}", before=4096, step=512),
    _Look("payload", (b"CrAU",), rb"\0{7}\x02"),
    _Look("mtk-partition", (b"\x88\x16\x88\x58",)),
    _Look("mtk-preloader", (b"EMMC_BOOT\0", b"UFS_BOOT\0", b"COMBO_BOOT\0")),
    _Look("rkfw", (b"RKFW",), rb"\x66\0"),
    _Look("rkaf", (b"RKAF",)),
    _Look("rk-idblock", (b"\x3b\x8c\xdc\xfc\xbe\x9f\x9d\x51", b"RKNS")),
    _Look("imagewty", (b"IMAGEWTY",)),
    _Look("egon", (b"eGON.BT0", b"eGON.BT1"), before=4),
    _Look("aml-upgrade", (b"\x56\x19\xb5\x27",), before=8),
    _Look("aml-resource", (b"AML_RES!",), before=8),
    _Look("aml-block", (b"@AML",), rb".{4}\x40.\x01\0"),
    _Look("fip", (b"\x01\0\x64\xaa",), rb"\x78\x56\x34\x12"),
    _Look(
        "mibib",
        (b"\x9a\x1b\x7d\xaa\xbc\x48\x7d\x1f", b"\xaa\x73\xee\x55\xdb\xbd\x5e\xe3", b"\xac\x9f\x56\xfe\x7a\x12\x7f\xcd"),
        rb"[\x03\x04]\0{3}",
    ),
    _Look("yaffs2", (b"\1\0\0\0\xff\xff", b"\0\0\0\1\xff\xff"), before=4),
    _Look("f2fs", (b"\x10\x20\xf5\xf2",), before=1024, step=512),
    _Look("erofs", (b"\xe2\xe1\xf5\xe0",), rb".{8}[\x09-\x10]", before=1024, step=512),
    _Look("cramfs", (b"\x45\x3d\xcd\x28", b"\x28\xcd\x3d\x45"), rb".{12}Compressed ROMFS"),
    _Look("romfs", (b"-rom1fs-",), check=_sums_to_nothing),
    _Look("fat", (b"FAT12   ", b"FAT16   "), before=54, step=512),
    _Look("fat", (b"FAT32   ",), before=82, step=512),
    _Look("exfat", (b"EXFAT   ",), before=3, step=512),
    _Look("iso9660", (b"\1CD001\1",), before=32768, step=512),
    _Look("udf", (b"\0BEA01\1",), before=32768, step=512),
    _Look("cpio", (b"070701", b"070702"), rb"[0-9A-Fa-f]{104}"),
    _Look("tar", (b"ustar",), rb"[\0 ]", before=257),
    _Look("zip", (b"PK\x03\x04",), rb".\0"),
    _Look("gzip", (b"\x1f\x8b\x08",), rb"[\0-\x1f].{4}[\0\x02\x04][\0-\x0d\xff]", check=_unpacks),
    _Look("xz", (b"\xfd7zXZ\0",), rb"\0[\0\x01\x04\x0a]", check=_unpacks),
    _Look("bzip2", (b"1AY&SY",), before=4, check=_unpacks),
    _Look("zstd", (b"\x28\xb5\x2f\xfd",), check=_unpacks_zstd),
    _Look("lz4", (b"\x04\x22\x4d\x18",), check=_unpacks),
    _Look("lz4-legacy", (b"\x02\x21\x4c\x18",), check=_unpacks),
    _Look("lzop", (b"\x89LZO\0\r\n\x1a\n",), check=_unpacks),
    # of the many settings the format allows, the two that encoders of firmware use
    _Look("lzma-alone", (b"\x5d\0\0", b"\x6d\0\0"), rb".{2}(?:\xff{8}|.{4}\0{4})\0", check=_unpacks),
)
"""What is looked for. A format that is not here has a beginning too weak to be told from chance."""
