"""Builds the vectors of signed tables of dm-verity; run it again and nothing changes.

The independent path: mke2fs made the file system (``tests/vectors/ext``), veritysetup makes the tree, openssl signs, mkbootimg and cpio make
the boot image with the key. The layout of table and key is written from AOSP's ``build_verity_metadata.py`` and ``mincrypt/rsa.h``.
"""

import gzip
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
KEY = str(HERE / "keys/verity.pem")
SALT = noise(32, "salt")
SYSTEM = gzip.decompress((HERE.parents[1] / "ext/ext4/input.bin.gz").read_bytes())


def run(*command: str, data: bytes = b"", folder: str | None = None) -> bytes:
    return subprocess.run(command, input=data, check=True, capture_output=True, cwd=folder).stdout


def tree(image: bytes) -> tuple[bytes, str]:
    with tempfile.TemporaryDirectory() as folder:
        data, out = Path(folder, "data"), Path(folder, "tree")
        data.write_bytes(image)
        out.touch()
        told = run("veritysetup", "format", "--no-superblock", "--salt", SALT.hex(), str(data), str(out)).decode()
        return out.read_bytes(), next(line.split()[-1] for line in told.splitlines() if line.startswith("Root hash"))


def metadata(root: str, magic: bytes = b"\x01\xb0\x01\xb0", blocks: int = len(SYSTEM) // 4096) -> bytes:
    device = "/dev/block/platform/by-name/system"
    table = f"1 {device} {device} 4096 4096 {blocks} {blocks + 8} sha256 {root} {SALT.hex()}".encode()
    signature = run("openssl", "dgst", "-sha256", "-sign", KEY, data=table)
    return (magic + struct.pack("<I", 0) + signature + struct.pack("<I", len(table)) + table).ljust(32768, b"\0")


def boot() -> bytes:
    """Return a boot image whose ramdisk has the key."""
    told = run("openssl", "rsa", "-in", KEY, "-noout", "-modulus")
    modulus = int(told.partition(b"=")[2], 16)
    inverse = -pow(modulus, -1, 1 << 32) % (1 << 32)
    key = struct.pack("<II", 64, inverse) + modulus.to_bytes(256, "little") + pow(2, 4096, modulus).to_bytes(256, "little")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "verity_key").write_bytes(key + struct.pack("<I", 65537))
        run("touch", "-d", "2015-01-01 UTC", f"{folder}/verity_key")
        archive = run("cpio", "--quiet", "-o", "-H", "newc", "--reproducible", "-R", "0:0", data=b"verity_key\n", folder=folder)
        Path(folder, "ramdisk").write_bytes(gzip.compress(archive, mtime=0))
        Path(folder, "kernel").write_bytes(noise(900, "kernel"))
        run("mkbootimg", "--kernel", "kernel", "--ramdisk", "ramdisk", "-o", "out", folder=folder)
        return Path(folder, "out").read_bytes()


def zipped(files: dict[str, bytes]) -> bytes:
    with tempfile.NamedTemporaryFile() as out:
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        return Path(out.name).read_bytes()


def write(case: str, data: bytes, why: str, *expected: dict[str, object]) -> None:
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "input.bin").write_bytes(data)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    (folder / "README.md").write_text(why + "\n")


def found(outcome: str, part: str = "system.img", *, signed: bool = True, **more: object) -> dict[str, object]:
    spki = run("openssl", "pkey", "-in", KEY, "-pubout", "-outform", "DER")
    return {"part": part, "outcome": outcome, "signer": hashlib.sha256(spki).hexdigest() if signed else None, **more}


TREE, ROOT = tree(SYSTEM)
BOOT = boot()
IMAGE = SYSTEM + metadata(ROOT) + TREE
VALID = found("valid", paths=["system.img"], statements={"verity": "on"})
write("device", zipped({"boot.img": BOOT, "system.img": IMAGE}), "A system image and the boot image with its key.", VALID)
write("alone", IMAGE, "Without the boot image there is no key.", found("not-checkable", "", signed=False))
off = SYSTEM + metadata(ROOT, b"VOFF") + TREE
write("off", zipped({"boot.img": BOOT, "system.img": off}), "Switched off on the device.", {**VALID, "statements": {"verity": "off"}})
at = SYSTEM.index(bytes(600), 30000)
changed = SYSTEM[:at] + b"back door" + SYSTEM[at + 9 :]
write("changed", zipped({"boot.img": BOOT, "system.img": changed + metadata(ROOT) + TREE}), "The file system was changed.",
      found("broken"), found("valid", paths=[]))  # fmt: skip
own = tree(changed)
resigned = metadata(ROOT).replace(ROOT.encode(), own[1].encode())
write("table-changed", zipped({"boot.img": BOOT, "system.img": changed + resigned + own[0]}), "So were the tree and the table; the signature is the old one.", found("broken"))
more = IMAGE.ljust(len(IMAGE) + 4096, b"\0") + noise(300, "more")
write("behind", zipped({"boot.img": BOOT, "system.img": more}), "Bytes behind the tree.", found("valid", excludes=["what lies behind"]))
