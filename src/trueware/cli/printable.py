"""Text of the input as a terminal may have it: nothing it could act on, nothing a reader could be misled by."""


def printable(text: str) -> str:
    r"""Return `text` with everything escaped that a terminal could act on or a reader could be misled by.

    >>> printable("a\x1b[2Jb\u202ec\udcff")
    'a\\x1b[2Jb\\u202ec\\xff'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # an undecodable byte (PEP 383)
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
