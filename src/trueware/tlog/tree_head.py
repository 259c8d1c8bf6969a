"""The text of a checkpoint (C2SP tlog-checkpoint v1.0.0): what a log says its tree is, in three lines and more.

::

    origin
    size, decimal
    base64(root hash)
    extension lines, which are not read
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from trueware.errors import MalformedInput

MAX_SIZE = (1 << 63) - 1
_NAME = "checkpoint"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree as its log states it."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def parse(text: str) -> Checkpoint:
    """Return what the text of a note says.

    Raises:
        MalformedInput: it is no checkpoint.
    """
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or not all(lines[:-1]) or lines[-1]:
        raise MalformedInput(_NAME, 0, "three lines or more expected, none of them empty")
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) > MAX_SIZE:
        raise MalformedInput(_NAME, len(lines[0].encode("utf-8", "surrogatepass")) + 1, f"a size of {lines[1][:30]!r}")
    try:
        root = b64decode(lines[2], validate=True)
    except (Base64Error, ValueError):
        root = b""
    if len(root) != 32 or b64encode(root).decode() != lines[2]:
        raise MalformedInput(
            _NAME,
            len(lines[0].encode("utf-8", "surrogatepass")) + len(lines[1]) + 2,
            "a root that is no hash in base64",
        )
    return Checkpoint(lines[0], int(lines[1]), root)
