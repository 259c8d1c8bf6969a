"""The table of dm-verity as text, one line of words: how a device is told which hash tree belongs to which data.

Version, device of the data, device of the tree, bytes of a block of data and of hashes, number of blocks of data, block at which the
tree begins, algorithm, root digest, salt (``-`` for none), and options. Source: Linux
``Documentation/admin-guide/device-mapper/verity.rst``.
"""

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"\d{1,15}")
_DIGEST = re.compile(r"(?:[0-9a-fA-F]{2}){1,64}")
_WORDS = 10


@dataclass(frozen=True, slots=True)
class VerityTable:
    """What a table says."""

    version: int
    data_block: int
    hash_block: int
    blocks: int
    """Of data."""

    start: int
    """First block of the tree."""

    algorithm: str
    root: bytes
    salt: bytes


def read_table(text: str) -> VerityTable | None:
    """Return what a table says, None where it is none."""
    words = text.split()
    if len(words) < _WORDS:
        return None
    version, _, _, data_block, hash_block, blocks, start, algorithm, root, salt = words[:_WORDS]
    if not all(_NUMBER.fullmatch(word) for word in (version, data_block, hash_block, blocks, start)):
        return None
    if not _DIGEST.fullmatch(root) or not (salt == "-" or _DIGEST.fullmatch(salt)):
        return None
    return VerityTable(
        int(version), int(data_block), int(hash_block), int(blocks), int(start), algorithm,
        bytes.fromhex(root), b"" if salt == "-" else bytes.fromhex(salt),
    )  # fmt: skip
