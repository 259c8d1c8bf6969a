"""Builds the vectors of partitions with a footer from the layout (AOSP external/avb/libavb); run it again and nothing changes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from avb import SIGNATURE, footer, hash_, hash_tree, padded, structure, verity
from case import Parts, gap, patched, region, write

from tree import noise

IMAGE = noise(3000, "image")
SALT = noise(32, "salt")
FEC = noise(2048, "fec")


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
page = noise(4096, "page") + bytes(4096) + noise(4096, "another")
TREE, root = verity(page, SALT)
vbmeta = structure([hash_tree(b"system", len(page), (len(page), 4096), (16384, 2048), SALT, root)])
verified = partition(page, page + TREE + FEC, vbmeta, 28672)
write(
    "hashtree",
    verified,
    "As add_hashtree_footer lays it out: image, tree, error correction, structure.",
    parts=expected(page, hashtree=TREE, fec=FEC),
    facts={},
)
write(
    "hashtree-changed",
    patched(verified, 9000, b"back door"),
    "The image was changed; the tree tells in which block, and its root is another.",
    parts=expected(patched(page, 9000, b"back door"), hashtree=TREE, fec=FEC),
    facts={},
    findings=["checksum-mismatch"],
)
forged = patched(page, 9000, b"back door")
own = verity(forged, SALT)[0]
write(
    "hashtree-made-anew",
    partition(forged, forged + own + FEC, vbmeta, 28672),
    "Image and tree were changed together; only the root digest, which a signature covers, tells.",
    parts=expected(forged, hashtree=own, fec=FEC),
    facts={},
    findings=["checksum-mismatch"],
)
write(
    "hashtree-filler",
    patched(verified, len(page) + 4000, b"X"),
    "Something stands in the filler of the hash tree.",
    parts=expected(page, hashtree=patched(TREE, 4000, b"X"), fec=FEC),
    facts={},
    findings=["checksum-mismatch"],
)
beyond = structure([hash_tree(b"system", len(page), (len(page), 4096), (16384, 2048), SALT, root, version=0)])
write(
    "hashtree-version",
    partition(page, page + TREE + FEC, beyond, 28672),
    "A tree of dm-verity's first version, which is not made here.",
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
tree, root = verity(padded(IMAGE, 4096), SALT)
unaligned = structure([hash_tree(b"system", 4096, (4096, 0), (4096, 2048), SALT, root)])
write(
    "unaligned",
    partition(IMAGE, padded(IMAGE, 4096) + FEC, unaligned, 16384),
    "The root digest of a single block covers the filler behind the image too.",
    parts=expected(IMAGE, fec=FEC),
    facts={},
)
root = verity(page, SALT)[1]
overlapping = structure([hash_tree(b"system", len(page), (0, 4096), (16384, 2048), SALT, root)])
write(
    "overlap",
    partition(page, page + TREE + FEC, overlapping, 28672),
    "The tree is said to lie where the image is.",
    parts={**expected(page, fec=FEC), "gap-0": gap(TREE.rstrip(b"\0"))},
    facts={},
    findings=["checksum-mismatch", "overlap", "unread-bytes"],
)
write(
    "within",
    partition(noise(5000), noise(9000), structure([]), at=4096)[:4096]
    + hashed[4096:-64]
    + footer(4097, 4096, len(vbmeta)),
    "The image is said to reach into the structure.",
    findings=["malformed"],
)
