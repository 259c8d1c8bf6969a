"""Amlogic's signed blocks: the first stage behind the random bytes it begins with, or an image of a later one.

======  ====  ==============================================================
offset  size  field (little-endian), behind 16 random bytes in a first stage
======  ====  ==============================================================
0       4     "@AML"
4       4     length of header, signature and what is signed
8       4     length of the header 64, number of the root key, version 1, 0
12      4     identity, or unused
16      4     kind of signature: 0 none but a SHA-256; 1 to 4 RSA
20      8     where the signature is, its length
28      4     where begins what is signed
32      12    kind, place and length of a public key, or of filler
44      4     length of what is signed
48      12    kind, place and length of the program
60      4     unused
======  ====  ==============================================================

Places count from the header. What is signed is the header and the bytes named; without a key the SHA-256 of these stands where the
signature would, and is verified here. A first stage has a package of images (FIP) at 48 KiB, each with a header of its own.

Source: Amlogic U-Boot ``firmware/plat/gxb/crypto/secureboot.c``, meson-tools ``aml.h``, ``amlbootsig.c``. The vectors were built from
that layout; no image of a device confirmed the reading. RSA is not verified; where the header itself is encrypted, as secure boot of
later chips does, nothing is recognised.
"""

from collections.abc import Iterator
from hashlib import sha256
from struct import Struct
from typing import ClassVar, NamedTuple

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC = b"@AML"
_RANDOM = 16
_HEADER = Struct("<4sI4BI3II3II3II")
_SIZE = 64
_PACKAGE, _PACKAGE_MAGIC = 0xC000, bytes.fromhex("010064aa")
_DIGEST = 32


class _Block(NamedTuple):
    magic: bytes
    size: int
    header: int
    root_key: int
    major: int
    minor: int
    identity: int
    kind: int
    signature_at: int
    signature: int
    signed_at: int
    key_kind: int
    key_at: int
    key: int
    signed: int
    program_kind: int
    program_at: int
    program: int
    unused: int


class AmlBlock:
    """A signed block, or a first stage with all that follows it."""

    name: ClassVar[str] = "aml-block"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "@AML boot image", "Amlogic", ("Amlogic U-Boot secureboot.c", "meson-tools"),
        ("RSA signatures are not verified", "images with an encrypted header are not recognised"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC), Magic(_RANDOM, _MAGIC))

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _start(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a handful of regions)
        start = _start(view)
        if start is None:
            raise MalformedInput("aml-block", 0, "no header")
        block, own = _block(view, start), view[start:]
        reading = Reading(
            facts={
                "identity": f"{block.identity:#x}",
                "signature": str(block.kind),
                "root-key": str(block.root_key),
                "key": str(block.key_kind),
                "program": str(block.program_kind),
                "unused": f"{block.unused:#x}",
            }
        )
        end = start + max(block.size, block.program_at + block.program)
        reading.cover(start, start + _SIZE)
        reading.entries = list(_regions(view, start, block, reading))
        if block.kind == 0 and block.signature >= _DIGEST:
            _check(own, block, reading)
        else:
            detail = f"{block.signature} bytes of a signature of kind {block.kind} were not verified"
            reading.note_anomaly("checksum-unchecked", detail, start + block.signature_at)
        if start and bytes(view[_PACKAGE : _PACKAGE + 4]) == _PACKAGE_MAGIC and end <= _PACKAGE:
            reading.entries.append(region("package", view, _PACKAGE, len(view) - _PACKAGE, reading))
            end = len(view)
        reading.end = min(end, len(view))
        return reading


def _block(view: memoryview, start: int) -> _Block:
    return _Block(*_HEADER.unpack_from(view, start))


def _start(view: memoryview) -> int | None:
    """Return where a header is that makes sense."""
    for start in (0, _RANDOM):
        if start + _SIZE > len(view) or view[start : start + 4] != _MAGIC:
            continue
        block = _block(view, start)
        if (block.header, block.major, block.minor, block.signature_at) != (_SIZE, 1, 0, _SIZE) or block.kind > 4:
            continue
        reach = max(block.signature_at + block.signature, block.signed_at + block.signed, block.key_at + block.key)
        if _SIZE + block.signature <= block.program_at + block.program <= block.size and reach <= block.size:
            return start
    return None


def _regions(view: memoryview, start: int, block: _Block, reading: Reading) -> Iterator[Entry]:
    """Yield what lies between header and end, in that order; a key or filler that overlaps is not told apart."""
    if start:
        yield region("random", view, 0, start, reading)
    at = start + _SIZE
    yield region("signature", view, at, block.signature, reading)
    at += block.signature
    if block.key and start + block.key_at >= at and block.key_at + block.key <= block.program_at:
        yield region("key", view, start + block.key_at, block.key, reading)
    if start + block.program_at >= at:
        yield region("program", view, start + block.program_at, block.program, reading)


def _check(own: memoryview, block: _Block, reading: Reading) -> None:
    """Compare header and signed bytes with the digest; the bytes begin behind the digest, which may be filled up."""
    if block.signed_at < _SIZE + _DIGEST or block.signed_at + block.signed > len(own):
        reading.note_anomaly("checksum-unchecked", f"{block.signed} signed bytes at {block.signed_at:#x}", 28)
        return
    made = sha256(own[:_SIZE])
    made.update(own[block.signed_at : block.signed_at + block.signed])
    if made.digest() != own[_SIZE : _SIZE + _DIGEST]:
        reading.note_anomaly("checksum-mismatch", f"the SHA-256 is {made.hexdigest()}", _SIZE)
