"""Builds the vectors of the archives in Cisco's phones from the layout that genuine ones have; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

THEN = 1_429_257_989
FILES = (("", 6, b"LoadHdrStart a kernel"), ("/etc/trace/dns.trc", 7, b"# dns\n"), ("/ubin/dsp", 7, b"\xde\xad\xbe\xef a program"))


def archive(files: tuple[tuple[str, int, bytes], ...] = FILES) -> bytes:
    names_at = 584 + 20 * len(files)
    rows, names = b"", b""
    for path, kind, data in files:
        rows += pack(">5I", kind, 2, len(data), THEN, names_at + len(names) if path else 0)
        names += path.encode() + b"\0" if path else b""
    name = b"CNU_File_Archive_3.0"
    head = name.ljust(48, b"\0") + pack(">2I", len(files), names_at + len(names)) + name.ljust(32, b"\0")
    return head.ljust(584, b"\0") + rows + names + b"".join(data for _, _, data in files)


def file(data: bytes) -> dict[str, object]:
    return {**region(data), "kind": "file", "mtime": THEN}


parts: Parts = {"unnamed-0": file(FILES[0][2]), "etc/trace/dns.trc": file(FILES[1][2]), "ubin/dsp": file(FILES[2][2])}
parts |= {path: {"kind": "directory"} for path in ("etc", "etc/trace", "ubin")}
plain = archive()
write("files", plain, "Three files, the first one without a path.", parts=parts, facts={})
write(
    "truncated",
    plain[:-4],
    "The last file is not all there.",
    parts={**parts, "ubin/dsp": file(FILES[2][2][:-4])},
    facts={},
    findings=["truncated"],
)
write("trailing", plain + b"more", "Bytes behind the last file.", parts={**parts, "gap-0": gap(b"more")}, facts={}, findings=["unread-bytes"])
write(
    "climbing",
    archive((("/../../bin/sh", 7, b"out of its place"),)),
    "A path that climbs out of where the archive is unpacked.",
    parts={
        "..": {"kind": "directory"}, "../..": {"kind": "directory"}, "../../bin": {"kind": "directory"},
        "../../bin/sh": file(b"out of its place"),
    },
    facts={},
    findings=["hostile-name"],
)  # fmt: skip
write("path", patched(plain, 584 + 36, pack(">I", 8)), "A path that is said to be in the header.", findings=["malformed"])
