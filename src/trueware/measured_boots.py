"""Boot logs on disk as reference values: what is learnt or published is the boot, not the file."""

import os
from pathlib import Path

from trueware.attestation.event_log.reading import read
from trueware.attestation.event_log.referencing import ReferenceBoot, reference_of
from trueware.errors import SourceError

_HEAD = 4096
_SPEC = slice(32, 48)
"""Where a crypto-agile log names itself; older ones have SHA-1 alone, of which no reference values are made."""

MAX_LOG = 16 << 20
"""Bytes of a boot log; firmware gives it 64 KiB mostly."""


def boot_in(path: str | os.PathLike[str]) -> ReferenceBoot | None:
    """Return the reference values of the boot log at `path`; None: it is something else.

    Raises:
        SourceError: it cannot be read.
        MalformedInput, UnsupportedInput: it is a boot log that no reference values can be made of.
    """
    place = Path(path)
    if place.is_dir():
        return None
    try:
        with place.open("rb") as file:
            head = file.read(_HEAD)
            if not head[_SPEC].startswith(b"Spec ID Event03"):
                return None
            data = head + file.read(MAX_LOG)
    except OSError as error:
        raise SourceError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from error
    return reference_of(read(data))
