"""dm-verity's tree of hashes: the digest of each block of the data, of each block of those digests, and so on up to one.

Levels lie one behind the other, the one of a single block first. A block holds as many digests as fit and is filled up with zeros.
Each digest is of the salt and a block; that of the first block is the root. Sources: Linux
``Documentation/admin-guide/device-mapper/verity.rst`` (hash type 1), cryptsetup ``lib/verity/verity_hash.c``.
"""

from hashlib import new

BLOCK = 4096


def unfitting(data: memoryview, tree: memoryview, root: bytes, salt: bytes, algorithm: str = "sha256") -> str | None:
    """Tell what of the tree does not fit the data or the root, nothing where everything does.

    Args:
        data: what it protects, whole blocks.
        tree: its levels, without a header.
        root: the digest the tree stands under.
        salt: what each digest begins with.
        algorithm: as `hashlib` names it; its digests are a power of two bytes long.
    """
    if len(data) % BLOCK or not len(data):
        return f"{len(data)} bytes are not whole blocks"
    seeded = new(algorithm, salt, usedforsecurity=False)

    def digests(blocks: memoryview) -> memoryview:
        found = []
        for at in range(0, len(blocks), BLOCK):
            block = seeded.copy()
            block.update(blocks[at : at + BLOCK])
            found.append(block.digest())
        return memoryview(b"".join(found))

    level, below, end = 0, digests(data), len(tree)
    while len(below) > seeded.digest_size:
        blocks = -(-len(below) // BLOCK)
        start = end - blocks * BLOCK
        if start < 0:
            return f"no room for level {level} of the tree"
        stored = tree[start:end]
        wanted = memoryview(bytes(below).ljust(len(stored), b"\0"))
        if stored != wanted:
            size = seeded.digest_size
            entry = (
                next(at for at in range(0, len(stored), size) if stored[at : at + size] != wanted[at : at + size])
                // size
            )
            return f"level {level} of the tree does not fit at digest {entry}"
        level, below, end = level + 1, digests(stored), start
    if end:
        return f"{end} bytes before the tree"
    return None if bytes(below) == root else f"the root of the tree is {bytes(below).hex()}, stated {root.hex()}"
