"""Reads EFI signature lists: the keys, certificates and digests that Secure Boot allows or forbids.

UEFI 2.10 §32.4.1 (EFI_SIGNATURE_LIST), numbers little-endian; lists follow one another::

    0     16    GUID of the kind of entries
    16    4     bytes of the list
    20    4     bytes of a header behind this
    24    4     bytes of an entry
    …     …     entries: GUID of the owner (16), then the certificate or digest
"""

from collections.abc import Iterator
from struct import unpack_from
from typing import Final, NamedTuple
from uuid import UUID

from trueware.errors import MalformedInput

SHA256: Final = UUID("c1c41626-504c-4092-aca9-41f936934328").bytes_le
"""EFI_CERT_SHA256_GUID: the Authenticode digest of a program."""
X509: Final = UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072").bytes_le
"""EFI_CERT_X509_GUID: a certificate in DER."""

_HEAD, _OWNER = 28, 16


class SignatureList(NamedTuple):
    """One list."""

    kind: bytes
    """GUID as it stands there."""

    values: tuple[bytes, ...]
    """Of each entry what is behind its owner."""


def signature_lists(data: bytes, name: str, start: int = 0) -> Iterator[SignatureList]:
    """Yield the lists.

    Args:
        data: lists, to the end.
        name: what errors call it.
        start: where they begin.

    Raises:
        MalformedInput: lengths contradict each other; the offset is within `data`.
    """
    at = start
    while at < len(data):
        if at + _HEAD > len(data):
            raise MalformedInput(name, at, "a signature list that is cut")
        size, header, each = unpack_from("<3I", data, at + 16)
        end, first = at + size, at + _HEAD + header
        if size < _HEAD + header or end > len(data) or each <= _OWNER or (end - first) % each:
            raise MalformedInput(name, at, f"a signature list of {size} bytes with entries of {each}")
        values = tuple(data[entry + _OWNER : entry + each] for entry in range(first, end, each))
        yield SignatureList(data[at : at + 16], values)
        at = end
