"""Builds the vectors of partitions with a footer from the layout (AOSP external/avb/libavb); run it again and nothing changes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from avb import SIGNATURE, footer, hash_, hash_tree, padded, structure
from case import Parts, gap, patched, region, write

from tree import noise

IMAGE = noise(3000, "image")
SALT = noise(32, "salt")
TREE, FEC = noise(4096, "tree"), noise(2048, "fec")


def partition(image: bytes, data: bytes, vbmeta: bytes, size: int = 16384, at: int | None = None) -> bytes:
    """Return a partition: `data`, the structure on the next page, the footer in the last bytes."""
    body = padded(data, 4096)
    end = footer(len(image), len(body) if at is None else at, len(vbmeta))
    return (body + vbmeta).ljust(size - len(end), b"\0") + end


def expected(image: bytes, **more: bytes) -> Parts:
    named = {name: region(data) for name, data in more.items()}
    return {
        "image": region(image),
        **named,
        "vbmeta": {"kind": "region", "format": "vbmeta"},
        "vbmeta!/signature": region(SIGNATURE),
    }


hashed = partition(IMAGE, IMAGE, structure([hash_(b"boot", IMAGE, SALT)]))
write("hash", hashed, "As avbtool's add_hash_footer lays it out.", parts=expected(IMAGE), facts={})
vbmeta = structure([hash_tree(b"system", 4096, (4096, 4096), (8192, 2048), SALT, noise(20, "root"))])
page = noise(4096, "page")
verity = partition(page, page + TREE + FEC, vbmeta, 20480)
write(
    "hashtree",
    verity,
    "As add_hashtree_footer lays it out: image, tree, error correction, structure.",
    parts=expected(page, hashtree=TREE, fec=FEC),
    facts={},
    findings=["checksum-unchecked"],
)
changed = patched(IMAGE, 100, b"back door")
write(
    "changed",
    patched(hashed, 100, b"back door"),
    "The image was changed; the hash in the structure does not fit any more.",
    parts=expected(changed),
    facts={},
    findings=["checksum-mismatch"],
)
write(
    "slack",
    patched(hashed, 3500, b"between image and structure"),
    "Bytes that no field accounts for.",
    parts={**expected(IMAGE), "gap-0": gap(b"between image and structure")},
    facts={},
    findings=["unread-bytes"],
)
write(
    "other-size",
    patched(hashed, len(hashed) - 52, (2900).to_bytes(8, "big")),
    "The footer says that the image is smaller than what the structure has the hash of.",
    parts={**expected(IMAGE[:2900]), "gap-0": gap(IMAGE[2900:])},
    facts={},
    findings=["contradiction", "unread-bytes"],
)
unaligned = structure([hash_tree(b"system", 4096, (4096, 4096), (8192, 2048), SALT, noise(20, "root"))])
write(
    "unaligned",
    partition(IMAGE, padded(IMAGE, 4096) + TREE + FEC, unaligned, 20480),
    "A hash tree covers the whole last block of the image.",
    parts=expected(IMAGE, hashtree=TREE, fec=FEC),
    facts={},
    findings=["checksum-unchecked"],
)
overlapping = structure([hash_tree(b"system", 4096, (0, 4096), (8192, 2048), SALT, noise(20, "root"))])
write(
    "overlap",
    partition(page, page + TREE + FEC, overlapping, 20480),
    "The tree is said to lie where the image is.",
    parts={**expected(page, fec=FEC), "gap-0": gap(TREE)},
    facts={},
    findings=["checksum-unchecked", "overlap", "unread-bytes"],
)
write(
    "within",
    partition(noise(5000), noise(9000), structure([]), at=4096)[:4096]
    + hashed[4096:-64]
    + footer(4097, 4096, len(vbmeta)),
    "The image is said to reach into the structure.",
    findings=["malformed"],
)
