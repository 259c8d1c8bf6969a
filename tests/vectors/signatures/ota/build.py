"""Builds the vectors of signed updates; run it again and nothing changes.

The independent path: Debian's signapk (AOSP) signs packages, openssl signs payloads. The manifest is written from update_metadata.proto
by an encoder of its own. The keys are for nothing else.
"""

import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tree import noise

HERE = Path(__file__).resolve().parent
KEYS = HERE / "keys"
Field = tuple[int, int | bytes]


def run(*command: str, data: bytes = b"") -> bytes:
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def signed(key: str, data: bytes) -> bytes:
    """Return a signature by openssl; those of ECDSA, which differ each time, are kept."""
    kept = KEYS / f"{hashlib.sha256(data).hexdigest()[:16]}.sig"
    if key == "ec" and kept.exists():
        return kept.read_bytes()
    made = run("openssl", "dgst", "-sha256", "-sign", str(KEYS / f"{key}.key.pem"), data=data)
    if key == "ec":
        kept.write_bytes(made)
    return made


def spki(key: str) -> str:
    return hashlib.sha256(run("openssl", "pkey", "-in", str(KEYS / f"{key}.key.pem"), "-pubout", "-outform", "DER")).hexdigest()


def package(files: dict[str, bytes], key: str = "ota") -> bytes:
    """Return a package that signapk signed as a whole."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.zip"), Path(folder, "after.zip")
        before.write_bytes(zipped(files))
        jar, certificate = shutil.which("signapk"), KEYS / f"{key}.x509.pem"
        run("java", "-jar", str(jar), "-w", str(certificate), str(KEYS / f"{key}.pk8"), str(before), str(after))
        return after.read_bytes()


def zipped(files: dict[str, bytes]) -> bytes:
    with tempfile.NamedTemporaryFile() as out:
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(name), data)
        return Path(out.name).read_bytes()


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def message(*fields: Field) -> bytes:
    out = b""
    for number, value in fields:
        out += varint(number << 3) + varint(value) if isinstance(value, int) else varint(number << 3 | 2) + varint(len(value)) + value
    return out


def signatures(*made: bytes, padded_to: int = 0) -> bytes:
    out = b""
    for each in made:
        fields = message((2, each.ljust(padded_to, b"\0")))
        fields += varint(3 << 3 | 5) + struct.pack("<I", len(each))
        out += message((1, fields))
    return out


def payload(key: str = "ota", *, whole: bool = True, metadata: bool = True, stated: bool = True, more: str | None = None) -> bytes:
    """Return a full update of two partitions, the first written by two operations."""
    blobs, partitions = b"", b""
    for name, pieces in (("boot", (noise(1024, "kernel"), noise(512, "ramdisk"))), ("dtbo", (noise(512, "dtbo"),))):
        fields: list[Field] = [(1, name.encode())]
        operations = b""
        at = 0
        for piece in pieces:
            extent = message((1, at // 512), (2, len(piece) // 512))
            operation: list[Field] = [(1, 0), (2, len(blobs)), (3, len(piece)), (6, extent)]
            operations += message((8, message(*operation, *([(8, hashlib.sha256(piece).digest())] if stated else []))))
            blobs += piece
            at += len(piece)
        result = b"".join(pieces)
        after = message((1, len(result)), (2, hashlib.sha256(result).digest()))
        partitions += message((13, message(*fields, (7, after)) + operations))
    size = len(signatures(*[bytes(72 if key == "ec" else 256)] * (2 if more else 1), padded_to=72 if key == "ec" else 0))
    place: list[Field] = [(4, len(blobs)), (5, size)] if whole else []
    manifest = message((3, 512), *place) + partitions
    head = struct.pack(">4sQQI", b"CrAU", 2, len(manifest), size if metadata else 0) + manifest

    def over(data: bytes) -> bytes:
        made = [signed(each, data) for each in (more, key) if each is not None]
        return signatures(*made, padded_to=72 if key == "ec" else 0)

    return head + (over(head) if metadata else b"") + blobs + (over(head + blobs) if whole else b"")


def patched(data: bytes, find: bytes, patch: bytes) -> bytes:
    assert data.count(find) == 1
    return data.replace(find, patch + find[len(patch) :])


def write(case: str, data: bytes, why: str, *expected: dict[str, object]) -> None:
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "input.bin").write_bytes(data)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    (folder / "README.md").write_text(why + "\n")


def found(scheme: str, outcome: str, part: str = "", *, by: str | None = "ota", **more: object) -> dict[str, object]:
    return {"scheme": scheme, "part": part, "outcome": outcome, "signer": by and spki(by), **more}


PACKAGE, PAYLOAD, METADATA = "ota-package", "ota-payload", "ota-payload-metadata"
VALID = found(PACKAGE, "valid", whole=True)
FILES = {"META-INF/com/android/metadata": b"post-build=a/vendor:13\n", "system.new.dat": noise(500, "system")}
block = package(FILES)
write("package", block, "A package as signapk signs it.", VALID)
write("package-ec", package(FILES, "ec") if not (HERE / "package-ec").exists() else (HERE / "package-ec/input.bin").read_bytes(),
      "Signed by a key of ECDSA.", found(PACKAGE, "valid", by="ec", whole=True))  # fmt: skip
write("package-changed", patched(block, FILES["system.new.dat"][100:140], b"back door"), "A file was changed.", found(PACKAGE, "broken", by=None))
write("package-resigned", package(FILES, "other"), "Signed anew by somebody else.", {**VALID, "signer": spki("other")})
comment = block.index(b"signed by SignApk")
write("package-comment", patched(block, b"signed by SignApk", b"\x7fELF\1\1\1"), "The text before the signature is none.", {**VALID, "whole": False, "excludes": ["in the comment"]})
write("package-second-end", patched(block, b"signed by SignApk", b"PK\5\6"), "Another end of the archive, in the comment.", found(PACKAGE, "not-checkable", by=None))
signature = block[-int.from_bytes(block[-6:-4], "little") : -6]
write("package-signature-changed", block[:-100] + bytes(10) + block[-90:], "The signature was changed.", found(PACKAGE, "broken", by=None))
with_certificate = {**FILES, "META-INF/com/android/otacert": (KEYS / "ota.x509.pem").read_bytes()}
write("package-unsigned", zipped(with_certificate), "Packed anew: the certificate is there, the signature is not.", found(PACKAGE, "not-checkable", by=None))

OTACERT = {"META-INF/com/android/otacert": (KEYS / "ota.x509.pem").read_bytes()}
whole = package({"payload.bin": payload()})
at = "payload.bin"
BOTH = (found(PAYLOAD, "valid", at, whole=True), found(METADATA, "valid", at, paths=[]))
write("payload", whole, "A payload in its package, all signed.", VALID, *BOTH)
write("payload-ec", zipped({"payload.bin": payload("ec"), "META-INF/com/android/otacert": (KEYS / "ec.x509.pem").read_bytes()}),
      "By a key of ECDSA, whose signatures are padded.", found(PACKAGE, "not-checkable", by=None),
      found(PAYLOAD, "valid", at, by="ec", whole=True), found(METADATA, "valid", at, by="ec"))  # fmt: skip
write("payload-two-signatures", package({"payload.bin": payload(more="other")}), "Two keys signed, of which one is known.", VALID, *BOTH)
write("payload-alone", payload(), "Without its package there is no key.", found(PAYLOAD, "not-checkable", by=None), found(METADATA, "not-checkable", by=None))
write("payload-by-another", package({"payload.bin": payload("other")}), "The package is by one key, the payload by another.", VALID,
      found(PAYLOAD, "not-checkable", at, by=None), found(METADATA, "not-checkable", at, by=None))  # fmt: skip
changed = patched(payload(), noise(512, "ramdisk"), b"back door")
UNSIGNED = found(PACKAGE, "not-checkable", by=None)
write("payload-data-changed", zipped({"payload.bin": changed, **OTACERT}), "Data of an operation were changed.", UNSIGNED,
      found(PAYLOAD, "broken", at), found(METADATA, "valid", at, paths=["payload.bin!/dtbo"]),
      found(METADATA, "broken", "payload.bin!/boot", detail="operation 1"))  # fmt: skip
changed = patched(payload(), b"dtbo", b"Dtbo")
write("payload-manifest-changed", zipped({"payload.bin": changed, **OTACERT}), "The manifest was changed.", UNSIGNED,
      found(PAYLOAD, "broken", at), found(METADATA, "broken", at))  # fmt: skip
write("payload-metadata-only", zipped({"payload.bin": payload(whole=False), **OTACERT}), "Only the manifest is signed; it states the digests of the data.", UNSIGNED,
      found(METADATA, "valid", at, paths=["payload.bin!/boot", "payload.bin!/dtbo"]))  # fmt: skip
write("payload-without-digests", zipped({"payload.bin": payload(whole=False, stated=False), **OTACERT}), "Only the manifest is signed, and it states no digests of the data.", UNSIGNED,
      found(METADATA, "valid", at, paths=[], excludes=["boot", "dtbo"]))  # fmt: skip
write("payload-behind", zipped({"payload.bin": payload() + b"more", **OTACERT}), "Bytes behind the signature.", UNSIGNED,
      found(PAYLOAD, "valid", at, whole=False), found(METADATA, "valid", at))  # fmt: skip
write("payload-unsigned", payload(whole=False, metadata=False), "Nothing is signed.")
