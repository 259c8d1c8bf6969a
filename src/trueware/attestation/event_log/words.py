"""Text that firmware wrote, made fit to be shown: bounded, on one line, without characters that would change what is around it."""

from typing import Final

MOST: Final = 2048
"""Characters that are shown of one text; a kernel's command line has up to 2,048 on x86."""


def from_utf16(data: bytes) -> str:
    """Return text in UTF-16 LE up to its NUL; what is none of it is replaced."""
    text = data[: len(data) // 2 * 2].decode("utf-16-le", "replace")
    return text.partition("\0")[0]


def from_bytes(data: bytes) -> str:
    """Return text that is UTF-16 LE or UTF-8 by its looks, up to its NUL."""
    wide = len(data) >= 4 and not any(data[1:16:2]) and all(data[0 : min(len(data) - 2, 16) : 2])
    return from_utf16(data) if wide else data.partition(b"\0")[0].decode("utf-8", "replace")


def shown(text: str, most: int = MOST) -> str:
    """Return text on one line, at most so many characters of it; what cannot be printed is escaped."""
    cut = text[:most]
    if not cut.isprintable():
        cut = "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in cut)
    return cut if len(text) <= most else cut + "…"
