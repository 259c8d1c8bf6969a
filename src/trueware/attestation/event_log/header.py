"""Reads the header of a crypto-agile log, which says what banks its events have digests for.

Source: TCG PC Client Platform Firmware Profile 1.06 §10.4.5.1. It is an EV_NO_ACTION event of the SHA-1 form (`reading`), with
this as its data; all numbers are little-endian::

    TCG_EfiSpecIdEvent
    0       16    "Spec ID Event03", NUL; "Spec ID Event02" and "00" begin SHA-1 logs
    16      4     platform class: 0 client, 1 server
    20      4     minor, major version, errata, size of UINTN in 4 bytes
    24      4     number of algorithms
    28      4 x   TPM_ALG_ID (2), bytes of a digest (2)
    …       1     length of what the vendor adds, and that

Named leniency, seen in a test of tpm2-tools: what the vendor adds may lie behind the length that the header states.
"""

import struct
from typing import Final, NamedTuple

from trueware.attestation.event_log import event_types
from trueware.attestation.event_log.log import FORMAT, Bank
from trueware.errors import MalformedInput

MAX_BANKS: Final = 16
HEAD: Final = struct.Struct("<II20sI")
"""What an event of the SHA-1 form begins with."""

_SPEC_ID: Final = struct.Struct("<16sIBBBBI")
_SIGNATURE: Final = b"Spec ID Event03\0"
_LONGEST: Final = 64


class Header(NamedTuple):
    """The header of a log."""

    register: int
    banks: tuple[Bank, ...]
    stated_end: int
    """Where its data ends by the length that it states."""

    end: int
    """Where the next event begins."""


def read_header(data: bytes) -> Header | None:
    """Return the header that a log begins with; None: it begins with an event of a SHA-1 log.

    Raises:
        MalformedInput: it is cut, or contradicts itself.
    """
    if len(data) < HEAD.size:
        raise MalformedInput(FORMAT, 0, f"it has {len(data)} bytes, an event {HEAD.size} and more")
    size: int
    register, kind, digest, size = HEAD.unpack_from(data)
    if kind != event_types.NO_ACTION or data[HEAD.size : HEAD.size + len(_SIGNATURE)] != _SIGNATURE:
        return None
    end = HEAD.size + size
    if end > len(data):
        raise MalformedInput(FORMAT, 28, f"the header has {size} bytes, the log {len(data) - HEAD.size} more")
    if any(digest):
        raise MalformedInput(FORMAT, 8, "the header's digest is not zero")
    if size < _SPEC_ID.size:
        raise MalformedInput(FORMAT, HEAD.size, f"a Spec ID event of {size} bytes")
    count = _SPEC_ID.unpack_from(data, HEAD.size)[-1]
    if not 0 < count <= MAX_BANKS:
        raise MalformedInput(FORMAT, HEAD.size + 24, f"{count} banks, expected 1 to {MAX_BANKS}")
    at = HEAD.size + _SPEC_ID.size
    if end - at < 4 * count:
        raise MalformedInput(FORMAT, at, f"{count} banks in {end - at} bytes")
    banks = tuple(Bank.of(*struct.unpack_from("<HH", data, at + 4 * each)) for each in range(count))
    for bank in banks:
        if not 0 < bank.size <= _LONGEST or not bank.is_sized_right:
            raise MalformedInput(FORMAT, at, f"digests of {bank.name} have {bank.size} bytes")
    if len({bank.algorithm for bank in banks}) != count:
        raise MalformedInput(FORMAT, at, "a bank is named twice")
    at += 4 * count
    behind = at + 1 + data[at] if at < end else at
    if behind > len(data):
        raise MalformedInput(FORMAT, at, f"{data[at]} bytes of the vendor, the log has {len(data) - at - 1}")
    return Header(register, banks, end, max(end, behind))
