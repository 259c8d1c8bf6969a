"""The content of a package, digested: all its bytes but the signing block.

Members, directory and end record are digested in chunks of 1 MiB: each ``a5``, its length, its bytes; and then ``5a``, the number
of chunks, their digests. Or, since Android 9, as a hash tree: blocks of 4 KiB behind eight zero bytes, the last one filled up with
zeros, their digests in blocks again until one is left; the digest is that of the last block, and the length of it all. In the end
record the place of the directory is that of the signing block, so that the block's own size does not count.

Source: source.android.com, "APK Signature Scheme v2" (integrity-protected contents); AOSP ``apksig`` ``VerityTreeBuilder``.
"""

from collections.abc import Iterable
from hashlib import sha256, sha512
from struct import pack

from trueware.signatures.apk.algorithms import CHUNKS_SHA512, TREE
from trueware.signatures.apk.archive import Package

_CHUNK, _BLOCK = 1 << 20, 1 << 12
_SALT = bytes(8)


class Digests:
    """The digests of one package, each computed once."""

    def __init__(self, package: Package, block: int) -> None:
        """Take the package whose signing block begins at `block`."""
        view = package.view
        self._sections: tuple[memoryview, ...] = (
            view[:block],
            view[package.directory : package.end],
            memoryview(package.end_record(block)),
        )
        self.tiled = not (block % _BLOCK or (package.directory - block) % _BLOCK)
        """Whether the block begins and ends where blocks of the hash tree do."""
        self._known: dict[str, bytes] = {}

    def get(self, kind: str) -> bytes:
        """Return a digest; see `trueware.signatures.apk.algorithms`."""
        if kind not in self._known:
            self._known[kind] = self._tree() if kind == TREE else self._chunks(kind)
        return self._known[kind]

    def _chunks(self, kind: str) -> bytes:
        new = sha512 if kind == CHUNKS_SHA512 else sha256
        found = []
        for section in self._sections:
            for at in range(0, len(section), _CHUNK):
                chunk = section[at : at + _CHUNK]
                digest = new(pack("<BI", 0xA5, len(chunk)))
                digest.update(chunk)
                found.append(digest.digest())
        return new(pack("<BI", 0x5A, len(found)) + b"".join(found)).digest()

    def _tree(self) -> bytes:
        return hash_tree(self._sections, _SALT)[0] + sum(map(len, self._sections)).to_bytes(8, "little")


def hash_tree(sections: Iterable[memoryview], salt: bytes) -> tuple[bytes, bytes]:
    """Return root and hash tree over sections that follow on one another: SHA-256 over `salt` and blocks of 4 KiB.

    The tree has the level under the root first, and that over the content last, each filled up to whole blocks.
    """
    digests, rest = bytearray(), b""
    for section in sections:
        at = 0
        if rest:
            at = min(_BLOCK - len(rest), len(section))
            rest += bytes(section[:at])
            if len(rest) < _BLOCK:
                continue
            digests += sha256(salt + rest).digest()
        whole = at + (len(section) - at) // _BLOCK * _BLOCK
        _add_blocks(digests, section[at:whole], salt)
        rest = bytes(section[whole:])
    if rest:
        digests += sha256(salt + rest.ljust(_BLOCK, b"\0")).digest()
    level = _filled(digests)
    tree = level
    while len(level) > _BLOCK:
        digests = bytearray()
        _add_blocks(digests, memoryview(level), salt)
        level = _filled(digests)
        tree = level + tree
    return sha256(salt + level).digest(), tree


def _filled(digests: bytearray) -> bytes:
    return bytes(digests).ljust(max(1, -(-len(digests) // _BLOCK)) * _BLOCK, b"\0")


def _add_blocks(digests: bytearray, blocks: memoryview, salt: bytes) -> None:
    salted = sha256(salt)
    for at in range(0, len(blocks), _BLOCK):
        digest = salted.copy()
        digest.update(blocks[at : at + _BLOCK])
        digests += digest.digest()
