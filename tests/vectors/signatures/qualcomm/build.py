"""Builds a signed boot image: ELF file and hash segment by hand, keys, certificates and the signature by openssl.

What openssl is given to sign is what Qualcomm's own signing programs sign (found with a modem's firmware, see the scheme). Keys and
certificates are the test's, and kept.
"""

import subprocess
from hashlib import sha256
from pathlib import Path
from struct import pack

HERE = Path(__file__).resolve().parent
SW_ID, HW_ID = 0x0000000300000009, 0x000940E100420050
SUBJECT = f"/C=US/O=Test/OU=01 {SW_ID:016X} SW_ID/OU=02 {HW_ID:016X} HW_ID/OU=04 0042 OEM_ID/CN=signer"
SEGMENTS = (b"code, as far as this test is concerned\n", b"data\n")
TABLE, FIRST, STEP, CHAIN = 0x200, 0x1400, 0x100, 2560


def run(*command: str, text: bytes = b"") -> bytes:
    return subprocess.run(command, cwd=HERE, input=text, capture_output=True, check=True).stdout


def issue(name: str, subject: str, *by: str) -> bytes:
    if not (HERE / f"{name}.crt").exists():
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", f"{name}.key", "-out", "csr")
        signed = ("-CA", f"{by[0]}.crt", "-CAkey", f"{by[0]}.key") if by else ("-signkey", f"{name}.key")
        extensions = "basicConstraints=critical,CA:" + ("FALSE" if name == "signer" else "TRUE")
        (HERE / "ext").write_text(extensions)
        run("openssl", "x509", "-req", "-in", "csr", *signed, "-days", "7300", "-extfile", "ext", "-out", f"{name}.crt")
        for each in ("csr", "ext"):
            (HERE / each).unlink()
    return run("openssl", "x509", "-in", f"{name}.crt", "-outform", "DER")


def header() -> bytes:
    count = len(SEGMENTS) + 2
    head = b"\x7fELF\1\1\1" + bytes(9) + pack("<2H5I6H", 2, 40, 1, 0, 52, 0, 5, 52, 32, count, 40, 0, 0)
    size = 40 + 32 * count + 256 + CHAIN
    rows = [(0, 0, 0, 0, 52 + 32 * count, 0, 0x07000000, 0), (0, TABLE, 0, 0, size, size, 0x02200000, 0x1000)]
    for number, data in enumerate(SEGMENTS):
        rows.append((1, FIRST + number * STEP, 0x8000, 0x8000, len(data), len(data), 5, 4))
    return head + b"".join(pack("<8I", *row) for row in rows)


root, authority = issue("root", "/O=Test/CN=root"), issue("authority", "/O=Test/CN=authority", "root")
signer = issue("signer", SUBJECT, "authority")
head = header()
hashes = sha256(head).digest() + bytes(32) + b"".join(sha256(data).digest() for data in SEGMENTS)
fields = pack("<10I", 0, 3, 0, 0, len(hashes) + 256 + CHAIN, len(hashes), 0, 256, 0, CHAIN)
digest = sha256(fields + hashes).digest()
digest = sha256((SW_ID ^ 0x3636363636363636).to_bytes(8, "big") + digest).digest()
digest = sha256((HW_ID ^ 0x5C5C5C5C5C5C5C5C).to_bytes(8, "big") + digest).digest()
(HERE / "digest").write_bytes(digest)
signature = run("openssl", "pkeyutl", "-sign", "-inkey", "signer.key", "-in", "digest")
(HERE / "digest").unlink()
image = head.ljust(TABLE, b"\0") + fields + hashes + signature + (signer + authority + root).ljust(CHAIN, b"\xff")
for number, data in enumerate(SEGMENTS):
    image = image.ljust(FIRST + number * STEP, b"\0") + data
(HERE / "signed.mbn").write_bytes(image)
