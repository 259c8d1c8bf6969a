"""The list as text, as ``ascii_runtime_measurements`` has it and agents often send it: turned into the binary list.

::

    10 <template hash> ima      <digest> <name>
    10 <template hash> ima-ng   sha256:<digest> <name>
    10 <template hash> ima-sig  sha256:<digest> <name> <signature, or nothing after the blank>
    10 <template hash> ima-buf  sha256:<digest> <name> <buffer>

Names stand as they are, blanks included, so that the text says less than the binary list: where a name with blanks ends, and what it
ends with, is told by the template. What cannot be told comes out as other bytes, and the replay says so. A violation has digests
of zeros; older kernels print none of it, newer ones the digest of the file's hash.

Source: Linux security/integrity/ima/ima_fs.c (ima_ascii_measurements_show), ima_template_lib.c.
"""

import re
from collections.abc import Callable
from hashlib import sha1
from struct import pack

from trueware.attestation.ima.entries import FORMAT, MAX_ENTRIES, TEMPLATES
from trueware.errors import LimitExceeded, MalformedInput

_LINE = re.compile(rb" *(\d{1,2}) ([0-9a-f]{40,128}) ([!-~]{1,255}) (.*)", re.DOTALL)
_HEX = re.compile(rb"(?:[0-9a-f]{2})*")
_DIGEST = re.compile(rb"(?:([a-z0-9_-]+(?::[a-z0-9_-]+)?):)?([0-9a-f]*)")
_LONGEST = 4 << 20
_SHA1 = 20


def to_binary(text: bytes) -> bytes:
    """Return the binary list that a list of text is of.

    Raises:
        MalformedInput: a line is none; the offset is that of the line.
        LimitExceeded: too many lines.
    """
    out: list[bytes] = []
    offset = 0
    for number, line in enumerate(text.split(b"\n")):
        if number > MAX_ENTRIES:
            raise LimitExceeded("entries of a list", MAX_ENTRIES)
        if line:
            out.append(_entry(line, offset))
        offset += len(line) + 1
    return b"".join(out)


def _entry(line: bytes, offset: int) -> bytes:
    found = _LINE.fullmatch(line) if len(line) <= _LONGEST else None
    if found is None:
        raise MalformedInput(FORMAT, offset, "no line of a measurement list")
    template = found[3].decode("latin-1")
    names = TEMPLATES.get(template, tuple(template.split("|")))
    values = _values(names, found[4], offset)
    if template == "ima":
        hashed = values[0] + values[1].ljust(256, b"\0")
        data = values[0] + pack("<I", len(values[1])) + values[1]
    else:
        hashed = b"".join(pack("<I", len(each)) + each for each in values)
        data = pack("<I", len(hashed)) + hashed
    stored = _stored(found[2], hashed)
    return pack("<I", int(found[1])) + stored + pack("<I", len(found[3])) + found[3] + data


def _stored(digits: bytes, hashed: bytes) -> bytes:
    """Return the SHA-1 that the binary list has; lists of another bank (since Linux 6.10) have that bank's digest instead."""
    stored = bytes.fromhex(digits.decode())
    if len(stored) == _SHA1:
        return stored
    return sha1(hashed).digest() if any(stored) else bytes(_SHA1)  # noqa: S324 (what the kernel writes)


def _values(names: tuple[str, ...], rest: bytes, offset: int) -> list[bytes]:
    """Return the fields of a line: the digest first, those in hexadecimal from its end, and the name between."""
    first, _, rest = rest.partition(b" ")
    reader = _FIRST.get(names[0])
    if reader is None or len(names) < 2:
        raise MalformedInput(FORMAT, offset, f"fields {'|'.join(names)[:60]!r} are not read from text")
    last: list[bytes] = []
    for _ in names[2:]:
        rest, blank, digits = rest.rpartition(b" ")
        if not blank or not _HEX.fullmatch(digits):
            raise MalformedInput(FORMAT, offset, "a field is missing, or is not hexadecimal")
        last.insert(0, bytes.fromhex(digits.decode()))
    name = rest + b"\0" if names[1] == "n-ng" else rest
    return [reader(first, offset), name, *last]


def _plain(text: bytes, offset: int) -> bytes:
    if not _HEX.fullmatch(text):
        raise MalformedInput(FORMAT, offset, "a digest that is not hexadecimal")
    return bytes.fromhex(text.decode())


def _named(text: bytes, offset: int) -> bytes:
    found = _DIGEST.fullmatch(text)
    if found is None or len(found[2]) % 2:
        raise MalformedInput(FORMAT, offset, "a digest without an algorithm")
    return (found[1] or b"sha1") + b":\0" + bytes.fromhex(found[2].decode())


_FIRST: dict[str, Callable[[bytes, int], bytes]] = {"d": _plain, "d-ng": _named, "d-ngv2": _named}
