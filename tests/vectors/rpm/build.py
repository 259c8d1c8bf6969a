"""Builds the RPM vectors with rpmbuild (4.18.0), as root for the owners; run it again and nothing changes."""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from struct import unpack_from

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

DATA = b"#!/bin/sh\nexec vector --serve\n"
SPEC = """
%define _build_id_links none
%define __os_install_post %nil
Name: vector
Epoch: 2
Version: 1.4.2
Release: 7
Summary: A package in name only
License: Apache-2.0
Vendor: Example Networks
BuildArch: noarch
%description
Nothing.
%install
mkdir -p %{buildroot}/usr/bin
cp %{_sourcedir}/vector %{buildroot}/usr/bin/vector
touch -d @1700000000 %{buildroot}/usr/bin/vector
%files
%attr(0755, root, root) /usr/bin/vector
"""


def rpm(payload: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vector").write_bytes(DATA)
        (Path(folder) / "vector.spec").write_text(SPEC)
        defines = {
            "_topdir": "/tmp/vector-rpm",
            "_sourcedir": folder,
            "_rpmdir": folder,
            "_buildhost": "builder",
            "_binary_payload": payload,
            "use_source_date_epoch_as_buildtime": "1",
            "clamp_mtime_to_source_date_epoch": "1",
            "optflags": "-O2",
        }
        command = ["rpmbuild", "-bb", "--quiet", "--target", "noarch"]
        for name, value in defines.items():
            command += ["--define", f"{name} {value}"]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        subprocess.run([*command, str(Path(folder) / "vector.spec")], env=environment, check=True, capture_output=True)
        (made,) = Path(folder).glob("noarch/*.rpm")
        return made.read_bytes()


def places(data: bytes) -> tuple[int, int, int]:
    """Return where the signature header ends, the header begins and the payload begins."""
    count, size = unpack_from(">II", data, 96 + 8)
    end = 96 + 16 + 16 * count + size
    start = (end + 7) // 8 * 8
    count, size = unpack_from(">II", data, start + 8)
    return end, start, start + 16 + 16 * count + size


FACTS = {
    "type": "binary", "lead": "3.0 255 1", "lead-name": "vector-2:1.4.2-7", "name": "vector", "epoch": "2",
    "version": "1.4.2", "release": "7", "arch": "noarch", "os": "linux", "vendor": "Example Networks",
}  # fmt: skip
INSIDE = {
    "kind": "file", "size": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest(), "mode": "0755", "uid": 0, "gid": 0,
}  # fmt: skip


def parts(data: bytes, *, inside: bool = True) -> dict[str, dict[str, object]]:
    end, start, payload = places(data)
    told: dict[str, dict[str, object]] = {
        "signature": region(data[96:end]), "header": region(data[start:payload]),
        "payload": {"kind": "region", "size": len(data) - payload},
    }  # fmt: skip
    if inside:
        told["payload!/data"] = {"kind": "region"}
        told |= {f"payload!/data!/{path}": {"kind": "directory"} for path in ("usr", "usr/bin")}
        told["payload!/data!/usr/bin/vector"] = INSIDE
    return told


for case, payload, why in (
    ("gzip", "w9.gzdio", "A package whose payload is a cpio archive in gzip."),
    ("zstd", "w19.zstdio", "The same with a payload in Zstandard, as Fedora has them."),
):
    write(case, rpm(payload), why, parts=parts(rpm(payload)), facts=FACTS)
genuine = rpm("w9.gzdio")
_, start, payload_at = places(genuine)
renamed = patched(genuine, genuine.index(b"Example Networks", start), b"Exemplar")
write(
    "changed-header",
    renamed,
    "The vendor in the header was changed: both digests of the header and the MD5 of all of it do not fit.",
    parts=parts(renamed),
    facts={**FACTS, "vendor": "ExemplarNetworks"},
    findings=["checksum-mismatch"],
)
mtime = patched(genuine, payload_at + 4, b"\1\2\3\4")
write(
    "changed-payload",
    mtime,
    "A byte of the payload that does not matter to gzip was changed; its digest does not fit any more.",
    parts=parts(mtime),
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("broken", genuine[: start + 40], "The file ends within the header.", findings=["malformed"])
