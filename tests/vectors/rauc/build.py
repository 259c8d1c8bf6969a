"""Builds the RAUC vectors from two bundles beside it, which rauc 1.8 made once with a key that was thrown away.

rauc draws salt and time anew each time, so it is not run again. What the squashfs holds is told by unsquashfs.
"""

import gzip
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

HERE = Path(__file__).resolve().parent
FACTS = {"compatible": "Example Board", "version": "2023.11-1", "build": "20231114"}


def bundle(name: str) -> bytes:
    return gzip.decompress((HERE / f"{name}.raucb.gz").read_bytes())


def files(squashfs: bytes) -> Parts:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "image").write_bytes(squashfs)
        subprocess.run(["unsquashfs", "-n", "-d", "root", "image"], cwd=folder, check=True, capture_output=True)
        return {
            f"squashfs!/{path.name}": {
                "kind": "file", "size": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()
            }
            for path in Path(folder, "root").iterdir()
        }  # fmt: skip


plain, verity = bundle("plain"), bundle("verity")
signature = len(plain) - 8 - int.from_bytes(plain[-8:], "big")
plain_parts: Parts = {
    "squashfs": {"kind": "region", "size": signature},
    **files(plain[:signature]),
    "signature": region(plain[signature:-8]),
}
write("plain", plain, "A bundle whose manifest is a file of the squashfs.", parts=plain_parts, facts={"format": "plain"})
signature = len(verity) - 8 - int.from_bytes(verity[-8:], "big")
hashes = signature - 4096
verity_parts: Parts = {
    "squashfs": {"kind": "region", "size": hashes},
    **files(verity[:hashes]),
    "hashes": region(verity[hashes:signature]),
    "signature": region(verity[signature:-8]),
}
facts = {"format": "verity", **FACTS}
write("verity", verity, "A bundle with a tree of hashes, and its manifest in the signature.", parts=verity_parts, facts=facts)
at = verity.index(b"version=2023.11-1")
changed = patched(verity, at, b"version=2029.11-1")
write(
    "manifest",
    changed,
    "The version in the signed manifest was changed; the signature is not verified here.",
    parts={**verity_parts, "signature": region(changed[signature:-8])},
    facts={**facts, "version": "2029.11-1"},
)
gone = plain[:-8] + pack(">Q", 5)
write("length", patched(gone, 0, b"hsqs"), "A length that is not that of the signature: a squashfs with bytes behind it.", findings=["unread-bytes"])
size = verity.index(b"verity-size=4096")
write("size", patched(verity, size, b"verity-size=9999999"), "More bytes of hashes than there are before the signature.", findings=["malformed", "unread-bytes"])
write(
    "changed",
    patched(verity, hashes - 100, bytes([verity[hashes - 100] ^ 1])),
    "One bit of the squashfs was changed, where it is only filled up; the tree of hashes was not.",
    parts={**verity_parts, "squashfs!/gap-0": {"kind": "gap"}},
    facts=facts,
    findings=["checksum-mismatch", "unread-bytes"],
)
write(
    "tree",
    patched(verity, hashes + 32, b"?"),
    "A digest of the tree was changed.",
    parts={**verity_parts, "hashes": {"kind": "region", "size": 4096}},
    facts=facts,
    findings=["checksum-mismatch"],
)
root = verity.index(b"verity-hash=") + 12
write(
    "root",
    patched(verity, root, b"0" * 8),
    "The manifest states another root of the tree.",
    parts={**verity_parts, "signature": {"kind": "region"}},
    facts=facts,
    findings=["checksum-mismatch"],
)
