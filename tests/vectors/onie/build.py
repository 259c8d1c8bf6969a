"""Builds the ONIE vectors as sharch_body.sh of ONIE and of SONiC do; run it again and nothing changes."""

import hashlib
import io
import sys
import tarfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

from tree import THEN, file

INSTALL, SIGNATURE = b"#!/bin/sh\necho installing\n", b"a signature in name only"
SCRIPT = """#!/bin/sh
# Shell archive template
echo -n "Verifying image checksum ..."
%ssha1=$(sed -e '1,/^exit_marker$/d' "$0" | sha1sum | awk '{ print $1 }')
payload_sha1=%s
if [ "$sha1" != "$payload_sha1" ] ; then
    exit 1
fi
sed -e '1,/^exit_marker$/d' $0 | tar xf - || exit 1
exit 0
exit_marker
"""


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo("installer/install.sh")
        entry.size, entry.mode, entry.mtime = len(INSTALL), 0o755, THEN
        archive.addfile(entry, io.BytesIO(INSTALL))
    return out.getvalue()


PAYLOAD = tar()
DIGEST = hashlib.sha1(PAYLOAD, usedforsecurity=False).hexdigest()


def parts(script: str, inner: bytes = INSTALL) -> Parts:
    return {
        "script": region(script.encode()),
        "payload": {"kind": "region", "size": len(PAYLOAD)},
        "payload!/installer": {"kind": "directory"},
        "payload!/installer/install.sh": file(inner, 0o755),
    }


plain, sized = SCRIPT % ("", DIGEST), SCRIPT % (f"payload_image_size={len(PAYLOAD)}\n", DIGEST)
write("installer", plain.encode() + PAYLOAD, "A script with a tar behind it.", parts=parts(plain), facts={})
write(
    "signed",
    sized.encode() + PAYLOAD + SIGNATURE,
    "A script that states the length of the payload, and a signature behind that.",
    parts={**parts(sized), "signature": region(SIGNATURE)},
    facts={},
)
changed = PAYLOAD.replace(b"installing", b"implanting")
write(
    "changed",
    plain.encode() + changed,
    "A file of the payload was changed and the checksum was not.",
    parts=parts(plain, INSTALL.replace(b"installing", b"implanting")),
    facts={},
    findings=["checksum-mismatch"],
)
write(
    "truncated",
    sized.encode() + PAYLOAD[:-20],
    "The payload is not all there.",
    parts={**parts(sized), "payload": {"kind": "region", "size": len(PAYLOAD) - 20}},
    facts={},
    findings=["truncated"],
)
write("script", patched(plain.encode(), plain.index("payload_sha1"), b"payload_md5_"), "A script without a payload.")
