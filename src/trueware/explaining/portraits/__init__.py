"""Portraits: what is kept of a program that is too large to be kept, so that a later change to it can be explained.

One to eight hundredths of the program's size, enough for a detector to say which functions, libraries, calls and addresses came or
went. A detector makes a portrait of the bytes where they are at hand and compares portraits either way, so that it finds the same.
A portrait is canonical CBOR, an array whose first items are its kind and version; each kind is a file here.
"""

from trueware.errors import InputError
from trueware.explaining.portraits.dex import portray_dex
from trueware.explaining.portraits.elf import portray_elf
from trueware.explaining.reading.dex import MAGIC as DEX_MAGIC
from trueware.explaining.reading.elf import MAGIC as ELF_MAGIC

_KINDS = ((ELF_MAGIC, portray_elf), (DEX_MAGIC, portray_dex))
"""What programs begin with, and what portrays them."""


def portray(name: str, head: bytes | memoryview, data: bytes | memoryview) -> bytes | None:  # noqa: ARG001
    """Return the portrait of a program; None for what is no program, or a damaged one.

    Args:
        name: what the file is called.
        head: its first bytes, 16 or more where it has them.
        data: all its bytes, which are not touched where `head` is not that of a program.
    """
    first = bytes(head[:16])
    for magic, make in _KINDS:
        if first.startswith(magic):
            try:
                return make(data)
            except InputError:
                return None
    return None
