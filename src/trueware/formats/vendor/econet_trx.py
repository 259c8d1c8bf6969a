"""EcoNet's and Airoha's "tclinux" image of DSL modems and optical terminals: a header, a kernel, a file system, and settings.

======  ====  ==============================================================
offset  size  field (in the byte order of the chip)
======  ====  ==============================================================
0       4     magic 32524448: "2RDH" or "HDR2"
4       8     length of this header: 256 or more; of the file
12      4     CRC-32 of what follows the header, not inverted
16      64    version, customer's version, text (32 each)
80      12    lengths of kernel, file system, settings
92      32    model, text
124     4     address the kernel unpacks to
128     128   flags and lengths of further parts, which vary
256     116   ZyXEL's, in a header of 372 bytes: chip (8), board (16), model
              (4), length of settings, sequence, internal and external
              version (32 each), sums of file system, kernel, settings and
              header
======  ====  ==============================================================

A longer header is that of a secure boot and kept as a region. Kernel, file system and settings lie one behind the other where their
lengths add up to that of the file; else what follows the kernel is one region. Sources: EcoNet's ``trx.h`` as firmware sources of
ZyXEL and others have it; OpenWrt ``target/linux/econet/image``. The vectors were built from that layout; no image of a device
confirmed the reading.
"""

from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_MAGICS = {b"2RDH": ">", b"HDR2": "<"}
_BASIC, _ZYXEL = "4s3I32s32s3I32sI128s", "8s16s4sII32s32s4I"
_SIZE, _ZYXEL_SIZE = Struct(">" + _BASIC).size, Struct(">" + _BASIC + _ZYXEL).size
_LONGEST = 1 << 14


class EconetTrx:
    """A kernel, a file system and settings."""

    name: ClassVar[str] = "econet-trx"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "tclinux image", "EcoNet", ("EcoNet trx.h", "OpenWrt target/linux/econet/image"),
        ("signatures of a secure boot are kept and not verified", "sums in ZyXEL's header are kept and not verified"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, magic) for magic in _MAGICS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        order = _MAGICS.get(bytes(view[:4]))
        if order is None or len(view) < _SIZE:
            return False
        _, header, total, _, version, _, kernel, root, rom, model, _, _ = Struct(order + _BASIC).unpack_from(view)
        sized = _SIZE <= header <= _LONGEST and header < total < 1 << 30 and kernel > 0
        printable = all(is_text(text.replace(b"\n", b"").replace(b"\r", b"")) for text in (version, model))
        return bool(sized and kernel + root + rom <= total - header) and printable

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (five regions)
        if not EconetTrx.matches(view):
            raise MalformedInput("econet-trx", 0, "no header")
        order = _MAGICS[bytes(view[:4])]
        _, header, total, stated, version, customer, kernel, root, rom, model, address, rest = Struct(
            order + _BASIC
        ).unpack_from(view)
        reading = Reading(facts={"order": "big" if order == ">" else "little", "address": f"{address:#x}"})
        for name, text in (("version", version), ("customer-version", customer), ("model", model)):
            tell(reading.facts, name, text)
            reading.facts[name] = reading.facts[name].strip()
        if rest := rest.rstrip(b"\0"):
            reading.facts["flags"] = rest.hex()
        reading.cover(0, _SIZE)
        entries = []
        if header == _ZYXEL_SIZE and len(view) >= header:
            _tell_zyxel(view, order, reading)
        elif header > _SIZE:
            entries.append(region("secure-header", view, _SIZE, header - _SIZE, reading))
        entries.append(region("kernel", view, header, kernel, reading))
        at = header + kernel
        pieces = (("rootfs", root), ("romfile", rom)) if at + root + rom == total else (("rest", total - at),)
        for name, size in pieces:
            if size:
                entries.append(region(name, view, at, size, reading))
            at += size
        if len(view) >= total and (found := crc32(view[header:total]) ^ 0xFFFFFFFF) != stated:
            reading.note_anomaly("checksum-mismatch", f"the CRC is {found:#010x}, stated {stated:#010x}", 12)
        reading.entries, reading.end = entries, min(total, len(view))
        return reading


def _tell_zyxel(view: memoryview, order: str, reading: Reading) -> None:
    chip, board, model, settings, sequence, inner, outer, *sums = Struct(order + _ZYXEL).unpack_from(view, _SIZE)
    texts = {"chip": chip, "board": board, "internal-version": inner, "external-version": outer}
    for name, text in texts.items():
        tell(reading.facts, name, text)
        reading.facts[name] = reading.facts[name].strip()
    reading.facts |= {
        "model-id": model.hex(),
        "settings-size": str(settings),
        "sequence": str(sequence),
        "sums": " ".join(f"{value:#x}" for value in sums),
    }
    reading.cover(_SIZE, _ZYXEL_SIZE)
