"""Builds the vbmeta vectors from the layout (AOSP external/avb/libavb); run it again and nothing changes."""

import sys
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from avb import (
    KEY,
    RELEASE,
    SIGNATURE,
    chain,
    command_line,
    descriptor,
    hash_,
    hash_tree,
    property_,
    structure,
)
from case import gap, patched, region, write

from tree import noise

BOOT = noise(3000, "boot")
SALT = noise(32, "salt")
ROOT = noise(20, "root")
LONG = b"a long value " * 100
OTHER_KEY = noise(520, "another key")

descriptors = [
    property_(b"com.android.build.boot.fingerprint", b"acme/box/box:11/RQ1/1:user/release-keys"),
    property_(b"com.acme.long", LONG),
    hash_(b"boot", BOOT, SALT, 1),
    hash_tree(b"system", 1 << 20, (1 << 20, 12288), (0x103000, 8192), SALT, ROOT),
    command_line(b'dm="1 vroot none ro 1" root=/dev/dm-0', 1),
    chain(b"vbmeta_system", 2, OTHER_KEY),
    descriptor(77, b"what is to come!"),
]
FACTS = {
    "libavb": "1.1",
    "release": RELEASE,
    "algorithm": "sha256-rsa2048",
    "flags": "none",
    "rollback-index": "1620000000",
    "rollback-index-location": "1",
    "public-key": f"sha256 {sha256(KEY).hexdigest()}",
    "com.android.build.boot.fingerprint": "acme/box/box:11/RQ1/1:user/release-keys",
    "com.acme.long": f"sha256 {sha256(LONG).hexdigest()}",
    "hash/boot": f"sha256 {sha256(SALT + BOOT).hexdigest()}, salt {SALT.hex()}, 3000 bytes, flags do-not-use-ab",
    "hashtree/system": f"sha1 {ROOT.hex()}, salt {SALT.hex()}, 1048576 bytes, flags none, "
    "tree 0x100000+0x3000 of 4096/4096 bytes, version 1, fec 0x103000+0x2000, 2 roots",
    "command-line/4": 'flags use-only-if-hashtree-not-disabled: dm="1 vroot none ro 1" root=/dev/dm-0',
    "chain/vbmeta_system": f"key {sha256(OTHER_KEY).hexdigest()}, rollback index location 2, flags none",
    "descriptor-77/6": f"sha256 {sha256(b'what is to come!').hexdigest()}",
}
parts = {
    "signature": region(SIGNATURE),
    "com.acme.long": region(LONG),
    "public-key-metadata": region(b"about the key"),
    "descriptor-77%2F6": region(b"what is to come!"),
}
image = structure(descriptors, rollback=(1620000000, 1), metadata=b"about the key")

write(
    "whole",
    image + bytes(4096),
    "Every descriptor there is, and one that is not; zeros up to the end of the partition.",
    parts=parts,
    facts=FACTS,
)

unsigned = structure([], algorithm=0, flags=2)
BARE = {
    "libavb": "1.1",
    "release": RELEASE,
    "algorithm": "none",
    "flags": "verification-disabled",
    "rollback-index": "0",
    "rollback-index-location": "0",
}
write("unsigned", unsigned, "The empty structure that switches verification off.", parts={}, facts=BARE)
write(
    "flags",
    patched(image, 123, b"\3"),
    "As in the wild: the flags of a signed image were set, so that its hash does not fit.",
    parts=parts,
    facts={**FACTS, "flags": "hashtree-disabled verification-disabled"},
    findings=["checksum-mismatch"],
)
one, two = property_(b"name", b"one"), property_(b"name", b"two")
write(
    "twice",
    structure([one, two, one], algorithm=0),
    "One property with two values; the third, equal to the first, contradicts nothing.",
    parts={},
    facts={**BARE, "flags": "none", "name": "one", "name#1": "two"},
    findings=["duplicate-path"],
)
behind = property_(b"name", b"seven b")
write(
    "hidden",
    structure([behind[:-1] + b"!"], algorithm=0) + b"behind the structure",
    "A byte in what fills a descriptor up, and bytes behind the structure.",
    parts={"gap-0": gap(b"behind the structure")},
    facts={**BARE, "flags": "none", "name": "seven b"},
    findings=["hidden-content", "unread-bytes"],
)
write("cut", image[:1500], "The structure is cut within its auxiliary block.", findings=["malformed"])
write(
    "beyond",
    patched(image, 80 - 8, b"\0\0\0\0\0\1\0\0"),
    "The public key reaches out of its block.",
    findings=["malformed"],
)
