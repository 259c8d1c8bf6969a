"""Builds the vectors of Odin packages: an archive of the standard library's, and its MD5 as md5sum writes it behind it."""

import io
import sys
import tarfile
from hashlib import md5
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

FILES = {"boot.img": b"kernel and ramdisk " * 20, "vbmeta.img": b"sums " * 30}


def archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in FILES.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()[:4096]


def parts(files: dict[str, bytes], tar: bytes) -> Parts:
    found: Parts = {f"archive!/{name}": {**region(data), "kind": "file", "mode": "0644"} for name, data in files.items()}
    return {"archive": {**region(tar), "sha256": None}, **found}


tar = archive()
line = f"{md5(tar, usedforsecurity=False).hexdigest()}  AP_T000.tar\n".encode()
facts = {"name": "AP_T000.tar"}
whole = parts(FILES, tar)
whole["archive"] = {"kind": "region", "size": len(tar)}
write("package", tar + line, "An archive and its MD5.", parts=whole, facts=facts)
at = tar.index(b"ramdisk")
changed = {**FILES, "boot.img": FILES["boot.img"].replace(b"ramdisk", b"Ramdisk", 1)}
damaged = parts(changed, tar)
damaged["archive"] = {"kind": "region", "size": len(tar)}
write(
    "changed",
    patched(tar, at, b"R") + line,
    "A byte of the boot image was changed and the MD5 was not.",
    parts=damaged,
    facts=facts,
    findings=["checksum-mismatch"],
)
