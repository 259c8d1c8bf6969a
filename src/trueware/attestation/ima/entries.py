"""Entries of a measurement list: how they are laid out, and what is in them.

::

    __le32 pcr; u8 template_hash[20]; __le32 name_len; char name[name_len];
    ima:      u8 digest[20]; __le32 len; char file[len]
    others:   __le32 data_len; then for each field of the template: __le32 len; u8 data[len]

    d         digest, 20 bytes                    n         file name, up to 255 bytes
    d-ng      algorithm ":" NUL digest            n-ng      file name NUL
    d-ngv2    kind ":" algorithm ":" NUL digest   sig       signature of the file (security.ima), or empty
    buf       a buffer that was measured          d-modsig, modsig   of a module with its signature behind it

Templates: ima = d|n; ima-ng = d-ng|n-ng; ima-ngv2 = d-ngv2|n-ng; ima-sig = d-ng|n-ng|sig; ima-sigv2 = d-ngv2|n-ng|sig;
ima-buf = d-ng|n-ng|buf; ima-modsig = d-ng|n-ng|sig|d-modsig|modsig; evm-sig = d-ng|n-ng|evmsig|xattrnames|…; else the fields are the
name. The stored hash is SHA-1 of the fields with their lengths; of ``ima``, of the digest and the name padded to 256 bytes.

Numbers are little-endian. A big-endian machine writes, and hashes, its own unless it is booted with ``ima_canonical_fmt``: its list
is told apart, and not read.

Source: Linux security/integrity/ima/ima_fs.c, ima_template.c, ima_template_lib.c, ima_crypto.c, and
Documentation/security/IMA-templates.rst.
"""

import re
from collections.abc import Iterator
from hashlib import new
from struct import Struct
from typing import NamedTuple

from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput

FORMAT = "ima-list"
MAX_ENTRIES = 4_000_000
MAX_NAME = 255
"""Bytes of a template's name (TCG_EVENT_NAME_LEN_MAX)."""

MAX_DATA = 16 << 20
"""Bytes of one entry: a kernel module's signature, or a buffer; real ones stay under 64 KiB."""

_HEAD = Struct("<I20sI")
_LENGTH = Struct("<I")
_NO_DIGEST = bytes(20)
_LEGACY_NAME = 256

TEMPLATES = {
    "ima": ("d", "n"),
    "ima-ng": ("d-ng", "n-ng"),
    "ima-ngv2": ("d-ngv2", "n-ng"),
    "ima-sig": ("d-ng", "n-ng", "sig"),
    "ima-sigv2": ("d-ngv2", "n-ng", "sig"),
    "ima-buf": ("d-ng", "n-ng", "buf"),
    "ima-modsig": ("d-ng", "n-ng", "sig", "d-modsig", "modsig"),
    "evm-sig": ("d-ng", "n-ng", "evmsig", "xattrnames", "xattrlengths", "xattrvalues", "iuid", "igid", "imode"),
}
_FIELDS = re.compile(r"[a-z0-9-]+(?:\|[a-z0-9-]+){0,15}")
_NAMED = re.compile(rb"(?:(ima|verity):)?([a-z0-9_-]{2,16}):\0")
_SIZES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sm3": 32, "sm3_256": 32, "sha384": 48, "sha512": 64}


class Entry(NamedTuple):
    """One entry, its fields not read yet."""

    pcr: int
    stored: bytes
    """SHA-1 template hash as the list has it; all zeros for a violation."""

    template: str
    data: bytes
    """What the template hash is of."""

    offset: int
    end: int

    @property
    def is_violation(self) -> bool:
        """Whether the kernel could not measure: then the register was extended with ones."""
        return self.stored == _NO_DIGEST


class Fields(NamedTuple):
    """What an entry says."""

    algorithm: str
    """Of the file's digest, as the kernel calls it: ``sha256``; ``sha1`` for templates that do not say."""

    digest: bytes
    path: str
    """Undecodable bytes as surrogates."""

    signature: bytes
    buffer: bytes | None
    """For ima-buf: what was measured, which is no file; None for files."""

    kind: str
    """``ima``, or ``verity`` where the digest is fs-verity's (d-ngv2)."""

    others: tuple[tuple[str, bytes], ...]
    """Further fields by name."""


def entries(data: bytes, offset: int = 0) -> Iterator[Entry]:
    """Yield the entries of a binary list from an offset on, each checked against what remains.

    Raises:
        MalformedInput: one is cut off, or is none; UnsupportedInput: it is big-endian.
        LimitExceeded: more than `MAX_ENTRIES`.
    """
    end = len(data)
    head, length = _HEAD.unpack_from, _LENGTH.unpack_from
    for number in range(MAX_ENTRIES + 1):
        if offset == end:
            return
        if number == MAX_ENTRIES:
            raise LimitExceeded("entries of a list", MAX_ENTRIES)
        if end - offset < 28:
            raise MalformedInput(FORMAT, offset, f"{end - offset} bytes are no entry")
        pcr, stored, size = head(data, offset)
        at = offset + 28
        if pcr > 31 or not 0 < size <= MAX_NAME or size > end - at:
            if pcr & 0xFFFFFF == 0 and pcr >> 24 <= 31 and size & 0xFFFF == 0:
                raise UnsupportedInput(
                    FORMAT, offset, "numbers of a big-endian machine: boot it with ima_canonical_fmt"
                )
            raise MalformedInput(FORMAT, offset, f"register {pcr} and a template name of {size} bytes")
        template = data[at : at + size].decode("latin-1")
        at += size
        if template == "ima":
            if end - at < 24:
                raise MalformedInput(FORMAT, at, "a digest and a name are cut off")
            (size,) = length(data, at + 20)
            if size > MAX_NAME or size > end - at - 24:
                raise MalformedInput(FORMAT, at + 20, f"a file name of {size} bytes")
            stop = at + 24 + size
            body = data[at : at + 20] + data[at + 24 : stop].ljust(_LEGACY_NAME, b"\0")
        else:
            if end - at < 4:
                raise MalformedInput(FORMAT, at, "the length of an entry is cut off")
            (size,) = length(data, at)
            stop = at + 4 + size
            if size > MAX_DATA or stop > end:
                raise MalformedInput(FORMAT, at, f"an entry of {size} bytes, {end - at - 4} are left")
            body = data[at + 4 : stop]
        yield Entry(pcr, stored, template, body, offset, stop)
        offset = stop


def fields_of(template: str, data: bytes, offset: int = 0) -> Fields:
    """Return what the data of an entry says.

    Raises:
        MalformedInput: it is not laid out as its template has it, at `offset` and after.
    """
    if template == "ima":
        return Fields("sha1", data[:20], _text(data[20:].rstrip(b"\0")), b"", None, "ima", ())
    names = TEMPLATES.get(template)
    if names is None:
        if not _FIELDS.fullmatch(template):
            raise MalformedInput(FORMAT, offset, f"no template {template[:40]!r}")
        names = tuple(template.split("|"))
    at, values = 0, dict[str, bytes]()
    for name in names:
        if len(data) - at < 4:
            raise MalformedInput(FORMAT, offset + at, f"field {name} is cut off")
        (size,) = _LENGTH.unpack_from(data, at)
        at += 4
        if size > len(data) - at:
            raise MalformedInput(FORMAT, offset + at, f"field {name} of {size} bytes, {len(data) - at} are left")
        values[name] = data[at : at + size]
        at += size
    if at != len(data):
        raise MalformedInput(FORMAT, offset + at, f"{len(data) - at} bytes behind the last field")
    algorithm, digest, kind = _digest(values, offset)
    path = values.pop("n-ng", None) or values.pop("n", b"")
    others = tuple((name, value) for name, value in values.items() if name not in _TAKEN)
    return Fields(algorithm, digest, _text(path.rstrip(b"\0")), values.get("sig", b""), values.get("buf"), kind, others)


def proved_fields(template: str, data: bytes) -> Fields:
    """Return what an entry says, as far as its register proves it.

    The template's name stands in the list alone, and no hash covers it: whoever changes the list can call a file's entry that of a
    buffer. Every template but ``ima`` begins with a digest and a name, so where the data does, those count whatever it is called; and
    a buffer is one only if the digest is its own (process_buffer_measurement).

    Raises:
        MalformedInput: it is laid out neither so nor as its template has it.
    """
    shown = _leading(data)
    if shown is None:
        return _unbuffered(fields_of(template, data))
    fields, end = shown
    rest = len(data) - end
    if not rest and template in ("ima-ng", "ima-ngv2"):
        return fields
    if rest >= 4 and template in ("ima-sig", "ima-sigv2") and rest - 4 == _LENGTH.unpack_from(data, end)[0]:
        return fields._replace(signature=data[end + 4 :])
    try:
        said = _unbuffered(fields_of(template, data))
    except MalformedInput:
        return fields
    return said if said[:3] == fields[:3] else fields


def _leading(data: bytes) -> tuple[Fields, int] | None:
    """Return digest and name that the data begins with, and where they end; None: it does not."""
    size = int.from_bytes(data[:4], "little")
    found = _NAMED.match(data, 4)
    if found is None:
        return None
    at = 4 + size
    algorithm, digest = found[2].decode().replace("sha-", "sha"), data[found.end() : at]
    end = at + 4 + int.from_bytes(data[at : at + 4], "little")
    if len(digest) != _SIZES.get(algorithm, len(digest) or -1) or end > len(data) or at + 4 >= end or data[end - 1]:
        return None
    kind = "ima" if found[1] is None else found[1].decode()
    return Fields(algorithm, digest, _text(data[at + 4 : end - 1]), b"", None, kind, ()), end


def _unbuffered(fields: Fields) -> Fields:
    """Return the fields with what is called a buffer, and does not have the digest, as the signature that it then is."""
    if fields.buffer is None:
        return fields
    try:
        is_buffer = new(fields.algorithm, fields.buffer, usedforsecurity=False).digest() == fields.digest
    except (ValueError, TypeError):  # TypeError: hashes of any length
        is_buffer = False
    return fields if is_buffer else fields._replace(signature=fields.buffer, buffer=None)


_TAKEN = frozenset({"d", "d-ng", "d-ngv2", "sig", "buf"})


def _digest(values: dict[str, bytes], offset: int) -> tuple[str, bytes, str]:
    if "d" in values:
        return "sha1", values["d"], "ima"
    named = values.get("d-ngv2", values.get("d-ng"))
    if named is None:
        return "", b"", "ima"
    prefix, colon, digest = named.partition(b":\0")
    if not colon:
        raise MalformedInput(FORMAT, offset, "a digest without the name of its algorithm")
    words = prefix.decode("latin-1").split(":")
    kind = words[0] if "d-ngv2" in values and len(words) > 1 else "ima"
    return words[-1].replace("-", "") if words[-1].startswith("sha-") else words[-1], digest, kind


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
