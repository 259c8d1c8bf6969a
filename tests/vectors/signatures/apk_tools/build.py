"""Builds the vectors of signatures of apk-tools: openssl makes the keys and signs, and tells the bytes of a key that its id is of.

apk-tools is not in Debian. Version 3 is laid out from its source (`vectors/adbs.py`); version 2 is made as Alpine's abuild-sign does,
by tar and gzip. Run it again and nothing changes, but for signatures by ECDSA, which are only made where there are none.
"""

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adbs import PROGRAM, Database, block, package

HERE = Path(__file__).resolve().parent
KEYS = HERE / "keys"


def run(*command: str, data: bytes = b"") -> bytes:
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def keys() -> None:
    if KEYS.is_dir():
        return
    KEYS.mkdir()
    for name, kind in {"rsa": ("RSA", "rsa_keygen_bits:2048"), "ec": ("EC", "ec_paramgen_curve:P-256")}.items():
        run("openssl", "genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1], "-out", str(KEYS / f"{name}.key.pem"))
        (KEYS / f"vectors-{name}.pub").write_bytes(run("openssl", "pkey", "-in", str(KEYS / f"{name}.key.pem"), "-pubout"))


def key_id(name: str) -> bytes:
    key = str(KEYS / f"{name}.key.pem")
    if name == "rsa":
        encoded = run("openssl", "rsa", "-in", key, "-RSAPublicKey_out", "-outform", "DER")
    else:
        encoded = run("openssl", "pkey", "-in", key, "-pubout", "-outform", "DER")[-65:]
    return hashlib.sha512(encoded).digest()[:16]


def sign(name: str, digest: str, data: bytes) -> bytes:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return run("openssl", "dgst", f"-{digest}", "-sign", str(KEYS / f"{name}.key.pem"), file.name)


def signed(data: bytes, name: str = "rsa", algorithm: int = 4) -> bytes:
    """Put a signature in the place of the one that `package` makes up, or behind the database."""
    length = int.from_bytes(data[8:12], "little")
    end = 8 + length + -length % 8
    head = bytes([0, algorithm]) + key_id(name)
    made = block(1, head + sign(name, "sha512", data[4:8] + head + hashlib.sha512(data[12 : 8 + length]).digest()))
    behind = data[end:]
    if behind[4:10] == b"\0\3IIII":
        size = int.from_bytes(behind[:4], "little") & 0x3FFFFFFF
        behind = behind[size + -size % 8 :]
    return data[:end] + made + behind


def write(case: str, data: bytes, why: str, outcome: str, key: str | None = None, name: str = "input.apk", **more: object) -> None:
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / name).write_bytes(data)
    spki = run("openssl", "pkey", "-in", str(KEYS / f"{key}.key.pem"), "-pubout", "-outform", "DER") if key else b""
    expected = {"outcome": outcome, "signer": hashlib.sha256(spki).hexdigest() if key else None, **more}
    (folder / "expected.json").write_text(json.dumps([expected], indent=1, sort_keys=True) + "\n")
    (folder / "README.md").write_text(why + "\n")


def tar(*files: tuple[str, bytes], cut: bool = True) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), 1_700_000_000
            archive.addfile(entry, io.BytesIO(data))
        length = archive.offset
    return out.getvalue()[:length] if cut else out.getvalue()


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


def version_2(algorithm: str = "RSA", digest: str = "sha1", *, front: bytes = b"", program: bytes = PROGRAM) -> bytes:
    data = zipped(tar(("usr/bin/vector", PROGRAM), cut=False))
    info = f"pkgname = vector\npkgver = 1.0-r0\narch = aarch64\ndatahash = {hashlib.sha256(data).hexdigest()}\n".encode()
    control = zipped(tar((".PKGINFO", info), (".post-install", b"#!/bin/sh\n")))
    first = tar((f".SIGN.{algorithm}.vectors-rsa.pub", sign("rsa", digest, control)))
    return zipped(first + front) + control + zipped(tar(("usr/bin/vector", program), cut=False))


keys()
write("package", signed(package()), "A package with a signature of RSA.", "valid", "rsa", whole=True)
ecdsa = HERE / "ecdsa/input.apk"
write("ecdsa", ecdsa.read_bytes() if ecdsa.exists() else signed(package(), "ec"), "A package with a signature of ECDSA.", "valid", "ec", whole=True)
good = signed(package())
packer = zlib.compressobj(9, zlib.DEFLATED, -15)
write("deflate", b"ADBd" + packer.compress(good) + packer.flush(), "The same, packed.", "valid", "rsa", whole=True)
write("changed", good.replace(b"exec vector", b"evil vector"), "A file was changed.", "broken", "rsa")
write("renamed", good.replace(b"usr/lib", b"usr/bib"), "The database was changed.", "broken", "rsa")
write("schema", good.replace(b"ADB.pckg", b"ADB.indx"), "A package that says it is an index.", "broken", "rsa")
write("more", good + block(2, pack("<2I", 4, 1) + b"more"), "Data that are of no file.", "broken", "rsa")
write("other", good + b"\5\0\0\xc0" + bytes(4) + pack("<Q", 24) + b"whatever", "A block of a kind that is not known.", "valid", "rsa", whole=False)
write("sha256", signed(package(), algorithm=3), "It names another digest.", "not-checkable")
base = Database()
listed = hashlib.sha256(good[12 : 8 + int.from_bytes(good[8:12], "little")]).digest()
info = base.values(0xE, base.blob(b"vector"), base.blob(b"1.0-r0"), base.blob(listed))
index = b"ADB.indx" + block(0, base.finished(base.values(0xE, base.blob(b"an index"), base.values(0xD, info))))
write("index", signed(index), "An index of packages.", "valid", "rsa", name="packages.adb", whole=True, digests=[listed.hex()])

two = version_2()
write("v2", two, "A package of version 2.", "valid", "rsa", whole=True)
write("v2-sha256", version_2("RSA256", "sha256"), "Signed with SHA-256.", "valid", "rsa", whole=True)
write("v2-front", version_2(front=tar(("usr/bin/evil", b"evil"))), "A file in front of what is signed.", "not-checkable")
write("v2-changed", version_2(program=PROGRAM.replace(b"exec", b"evil")), "A file was changed.", "broken")
write("v2-data", two + zipped(tar(("usr/bin/evil", b"evil"), cut=False)), "Data behind the data.", "broken")
packed = zipped(tar(("APKINDEX", b"C:Q1AAAA\nP:vector\nV:1.0-r0\n\n"), cut=False))
first = zipped(tar((".SIGN.RSA.vectors-rsa.pub", sign("rsa", "sha1", packed))))
write("v2-index", first + packed, "An index of version 2.", "valid", "rsa", name="APKINDEX.tar.gz", whole=True)
other = zipped(tar(("APKINDEX", b"C:Q1BBBB\nP:vector\nV:1.0-r0\n\n"), cut=False))
write("v2-index-changed", first + other, "Another index behind the signature.", "broken", name="APKINDEX.tar.gz")
