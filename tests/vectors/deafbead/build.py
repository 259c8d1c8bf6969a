"""Builds the DEAFBEAD vectors from the records unblob describes; run it again and nothing changes. unblob reads the first alike."""

import gzip
import sys
from hashlib import sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, region, write

INDEX, STYLE = b"<html>router</html>\n" * 9, b"body { color: black }\n" * 9


def packed(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


def folder(name: bytes) -> bytes:
    return pack("<BH", 0x86, len(name)) + name


def file(name: bytes, data: bytes) -> bytes:
    return pack("<BH", 0x87, len(name)) + name + pack("<I", len(data)) + data


def told(data: bytes) -> dict[str, object]:
    return {"kind": "file", "size": len(data), "sha256": sha256(data).hexdigest()}


index, style = packed(INDEX), packed(STYLE)
plain = b"\xde\xaf\xbe\xad" + folder(b"web") + file(b"web\\index.html", index) + file(b"web/style.css", style)
parts: Parts = {
    "web": {"kind": "directory"},
    "web/index.html": {"kind": "file", "format": "gzip"},
    "web/index.html!/data": region(INDEX),
    "web/style.css": {"kind": "file", "format": "gzip"},
    "web/style.css!/data": region(STYLE),
}
write("archive", plain, "A folder and two files.", parts=parts, facts={})
write("trailing", plain + b"appended", "Bytes behind the last record.", parts={**parts, "gap-0": gap(b"appended")}, facts={}, findings=["unread-bytes"])
climbing = b"\xde\xaf\xbe\xad" + file(b"..\\..\\etc\\passwd", b"not packed at all")
write(
    "climbing",
    climbing,
    "A name that leads out of the folder; its content is not even packed.",
    parts={
        **{path: {"kind": "directory"} for path in ("..", "../..", "../../etc")},
        "../../etc/passwd": told(b"not packed at all"),
    },
    facts={},
    findings=["hostile-name"],
)
write(
    "twice",
    b"\xde\xaf\xbe\xad" + file(b"a", index) + file(b"a", style),
    "Two files of one name.",
    parts={"a": {"kind": "file", "format": "gzip"}, "a!/data": region(STYLE)},
    facts={},
    findings=["duplicate-path"],
)
cut = plain[: plain.index(b"web/style") + 4]
write(
    "truncated",
    cut,
    "The download broke off within a record's name.",
    parts={**{path: part for path, part in parts.items() if "style" not in path}, "gap-0": gap(cut[plain.index(b"web/style") - 3 :])},
    facts={},
    findings=["truncated", "unread-bytes"],
)
write("no-name", b"\xde\xaf\xbe\xad" + folder(b"\0\1") + bytes(40), "A name that is no text.")
