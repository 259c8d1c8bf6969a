"""Builds the usign vectors with OpenBSD's signify (Debian's signify-openbsd): lists signed with the test key beside this file.

Ed25519 signatures depend on the key and the message alone, so that building them again changes nothing.
"""

import subprocess
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = b"an opkg package, as far as this test is concerned\n"
FILES = {
    "package.ipk": PACKAGE,
    "Packages": f"Package: test\nFilename: package.ipk\nSHA256sum: {sha256(PACKAGE).hexdigest()}\n\n".encode(),
    "sha256sums": f"{sha256(PACKAGE).hexdigest()} *package.ipk\n".encode(),
}

for name, data in FILES.items():
    (HERE / name).write_bytes(data)
for name in ("Packages", "sha256sums"):
    subprocess.run(
        ("signify-openbsd", "-S", "-s", "key.sec", "-m", name, "-x", f"{name}.sig"), cwd=HERE, check=True
    )
