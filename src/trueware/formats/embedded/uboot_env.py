"""U-Boot's environment as it lies in flash: a checksum, and settings one after the other.

======  ====  ===================================================================
offset  size  field
======  ====  ===================================================================
0       4     CRC-32 of all that follows the flag, in the processor's byte order
4       1     flag, where there are two copies: 1 or a counter, which one is valid
4/5     ..    ``name=value``, each ended by a zero byte, and one more at the end
..      ..    filler
======  ====  ===================================================================

Source: u-boot ``include/env_internal.h`` and ``tools/mkenvimage.c``. The checksum goes over the length that U-Boot was built for,
which is told nowhere: it is tried for that of the bytes and for the powers of two. Without one that fits there is no environment:
a damaged one, which U-Boot would not use, is not recognised. All settings are one region, since any of them may decide what starts.
Vectors were made by mkenvimage.
"""

import re
from collections import Counter
from collections.abc import Iterator
from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FIRST = (
    b"addip=", b"arch=", b"autoload=", b"autostart=", b"baudrate=", b"board=", b"board_name=", b"boot_targets=",
    b"bootargs=", b"bootcmd=", b"bootcount=", b"bootdelay=", b"bootfile=", b"bootlimit=", b"console=", b"cpu=",
    b"dtb=", b"eth1addr=", b"ethact=", b"ethaddr=", b"fdt_addr=", b"fdtcontroladdr=", b"fileaddr=", b"gatewayip=",
    b"hwid=", b"ipaddr=", b"kernel_addr=", b"loadaddr=", b"mtdids=", b"mtdparts=", b"netmask=", b"serverip=",
    b"stderr=", b"stdin=", b"ver=",
)  # fmt: skip
"""Names that are first in the order in which U-Boot writes them, or in which vendors set them."""

_SETTINGS = re.compile(rb"(?:[!-<>-~][!-<>-~]*=[\t\n\r -~\x80-\xff]*\0)+\0")
_SIZES = tuple(1 << bits for bits in range(9, 21))
_CRCS = (Struct("<I"), Struct(">I"))
_LONGEST = 64
"""Bytes of a name looked at before the checksum is."""


class UbootEnv:
    """An environment whose checksum fits."""

    name: ClassVar[str] = "uboot-env"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "U-Boot environment", "DENX", ("u-boot include/env_internal.h", "u-boot tools/mkenvimage.c"),
        ("environments that are damaged, or whose first setting has an unusual name",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(at, name) for at in (4, 5) for name in _FIRST)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _found(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        found = _found(view)
        if found is None:
            raise MalformedInput("uboot-env", 0, "no settings with a checksum")
        start, end, order = found
        reading = Reading(facts={"byte-order": order}, end=end)
        if start == 5:
            reading.facts["flag"] = str(view[4])
        reading.cover(0, start)
        settings = _SETTINGS.match(view, start, end)
        last = end if settings is None else settings.end()
        if settings is None:
            reading.note_anomaly("malformed", "something else than settings", start)
        else:
            names = [setting.partition(b"=")[0] for setting in settings.group().split(b"\0")]
            name, times = Counter(filter(None, names)).most_common(1)[0]
            if times > 1:
                reading.note_anomaly("contradiction", f"{name.decode('ascii')[:80]} is set {times} times", start)
        reading.entries = [Entry("settings", Kind.REGION, Held(view[start:last]), last - start, offset=start)]
        return reading


def _found(view: memoryview) -> tuple[int, int, str] | None:
    """Return where the settings begin, where the environment ends, and the byte order; None where no checksum fits."""
    for start in (4, 5):
        if not bytes(view[start : start + _LONGEST]).startswith(_FIRST):
            continue
        stated = {crc.unpack_from(view)[0]: order for crc, order in zip(_CRCS, ("little", "big"), strict=True)}
        for size, found in _checksums(view, start):
            if found in stated:
                return start, size, stated[found]
    return None


def _checksums(view: memoryview, start: int) -> Iterator[tuple[int, int]]:
    """Yield the lengths an environment may have, each with its checksum; one pass over the bytes makes all of them."""
    at, crc = start, 0
    for size in sorted({*_SIZES, len(view)}):
        if start < size <= min(len(view), _SIZES[-1]):
            crc = crc32(view[at:size], crc)
            at = size
            yield size, crc
