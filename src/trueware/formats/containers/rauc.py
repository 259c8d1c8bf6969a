"""RAUC's update bundle: a squashfs, in the format `verity` a tree of hashes behind it, then a CMS signature and its length.

======  ====  =====================================================================
from    size  field
======  ====  =====================================================================
0       ..    squashfs
..      ..    dm-verity's hashes of its blocks of 4 KiB; the manifest tells how many
..      s     CMS: signedData; in the format `verity` it holds the manifest
-8      8     s, big-endian
======  ====  =====================================================================

The manifest of the format `verity` states root and salt of the tree, which is compared with the squashfs. Source: RAUC
``docs/reference.rst`` (Bundle Formats) and ``src/bundle.c``. In the format `plain` the manifest is a file
of the squashfs. Vectors were made with rauc 1.8.
"""

import re
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.verity import can_make, make_tree
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"hsqs"
_SIZE = 8
_MOST = 1 << 16
"""Bytes of a signature that RAUC takes."""

_BLOCK = 4096
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_SEQUENCE, _CONTENT, _OCTETS = 0x30, 0xA0, 0x04
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_FIELD = re.compile(r"^(compatible|version|build|verity-hash|verity-salt|verity-size)=([^\n]*)$", re.MULTILINE)


class Rauc:
    """A bundle."""

    name: ClassVar[str] = "rauc"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "RAUC bundle", "Pengutronix", ("RAUC docs/reference.rst", "RAUC src/bundle.c"),
        ("the signature is kept and not verified",
         "bundles of the format crypt, which are encrypted and begin with nothing known"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _signature(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (three regions)
        start = _signature(view)
        if start is None:
            raise MalformedInput("rauc", max(len(view) - _SIZE, 0), "no signature with its length")
        manifest = _manifest(view[start:-_SIZE])
        told = dict(_FIELD.findall(manifest))
        reading = Reading(facts={"format": "verity" if manifest else "plain"}, notes={})
        reading.facts |= {name: value for name, value in told.items() if not name.startswith("verity-")}
        size = told.get("verity-size", "0")
        hashes = int(size) if size.isascii() and size.isdigit() and len(size) < 16 else -1
        if not 0 <= hashes < start:
            raise MalformedInput("rauc", start, f"{size[:40]} bytes of hashes in {start}")
        reading.cover(len(view) - _SIZE, len(view))
        pieces = {
            "squashfs": (0, start - hashes),
            "hashes": (start - hashes, start),
            "signature": (start, len(view) - _SIZE),
        }
        reading.entries = [
            Entry(name, Kind.REGION, Held(view[first:last]), last - first, offset=first)
            for name, (first, last) in pieces.items()
            if last > first
        ]
        if manifest:
            _check_tree(view[: start - hashes], view[start - hashes : start], told, reading)
        return reading


def _check_tree(squashfs: memoryview, hashes: memoryview, told: dict[str, str], reading: Reading) -> None:
    root, salt = (told.get(f"verity-{name}", "") for name in ("hash", "salt"))
    if not _DIGEST.fullmatch(root) or not _DIGEST.fullmatch(salt):
        reading.note_anomaly(
            "checksum-unchecked", "the manifest states no root and salt of the tree of hashes", len(squashfs)
        )
    elif not can_make("sha256", _BLOCK, _BLOCK, len(squashfs)):
        reading.note_anomaly("checksum-mismatch", f"a tree over {len(squashfs)} bytes, which are not whole blocks", 0)
    else:
        made = make_tree(squashfs, "sha256", bytes.fromhex(salt), _BLOCK, _BLOCK)
        if made.root.hex() != root.lower():
            detail = f"the root of the tree of hashes is {made.root.hex()}, stated {root}"
            reading.note_anomaly("checksum-mismatch", detail, len(squashfs))
        if made.levels != hashes:
            changed = made.differing(hashes)
            detail = (
                f"{len(changed)} blocks of the squashfs have other hashes"
                if changed
                else "its tree of hashes is another"
            )
            reading.note_anomaly("checksum-mismatch", detail, changed[0] * _BLOCK if changed else len(squashfs))


def _signature(view: memoryview) -> int | None:
    """Return where the signature begins, None where the bytes do not end with one and its length."""
    if len(view) <= _SIZE or view[:4] != _MAGIC:
        return None
    size = int.from_bytes(view[-_SIZE:], "big")
    if not 0 < size <= min(_MOST, len(view) - _SIZE):
        return None
    start = len(view) - _SIZE - size
    inner = _value(view[start:-_SIZE], _SEQUENCE)
    return start if inner is not None and bytes(inner[: len(_SIGNED_DATA)]) == _SIGNED_DATA else None


def _value(data: memoryview, tag: int) -> memoryview | None:
    """Return the value of the DER element that `data` begins with, None where it is another one or not all there."""
    if len(data) < 2 or data[0] != tag:
        return None
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    return data[start : start + size] if start + size <= len(data) and start <= 10 else None


def _past(data: memoryview | None) -> memoryview | None:
    """Return what follows the DER element that `data` begins with."""
    inner = None if data is None or not len(data) else _value(data, data[0])
    if data is None or inner is None:
        return None
    header = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    return data[header + len(inner) :]


def _manifest(signature: memoryview) -> str:
    """Return the content that a CMS signature holds, nothing where it holds none.

    contentInfo (oid, [0] signedData (version, algorithms, (oid, [0] octets), ...)): RFC 5652 §3, §5.1, §5.2.
    """
    content = _inside(_past(_inside(signature, _SEQUENCE)), _CONTENT)
    signed = _past(_past(_inside(content, _SEQUENCE)))
    octets = _inside(_inside(_past(_inside(signed, _SEQUENCE)), _CONTENT), _OCTETS)
    return "" if octets is None else bytes(octets).decode("utf-8", "surrogateescape")


def _inside(data: memoryview | None, tag: int) -> memoryview | None:
    return None if data is None else _value(data, tag)
