"""Builds the ar vectors with GNU ar 2.40 and by hand; run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

from tree import noise

LONG = "a-name-of-more-than-sixteen-bytes"
FILES = {"short": b"odd", LONG: noise(40), "even": b"even"}


def file(data: bytes, mode: int = 0o644) -> dict[str, object]:
    return {**region(data), "kind": "file", "mode": f"{mode:04o}", "uid": 0, "gid": 0}


def member(name: bytes, data: bytes, mode: bytes = b"100644", end: bytes = b"`\n") -> bytes:
    head = b"%-16b%-12d%-6d%-6d%-8b%-10d%b" % (name, 0, 0, 0, mode, len(data), end)
    return head + data + b"\n" * (len(data) % 2)


PARTS = {name: file(data) for name, data in FILES.items()}
NAMES = region(f"{LONG}/\n\n".encode())  # of even length

with tempfile.TemporaryDirectory() as place:
    for name, data in FILES.items():
        (Path(place) / name).write_bytes(data)
    subprocess.run(["ar", "rcD", "out.a", *FILES], cwd=place, check=True)
    gnu = (Path(place) / "out.a").read_bytes()
write(
    "gnu",
    gnu,
    "Written by GNU ar: a long name in a member of its own.",
    parts={**PARTS, "names": NAMES},
)
bsd = b"!<arch>\n" + member(b"short", b"odd")
bsd += member(b"#1/%d" % len(LONG), LONG.encode() + FILES[LONG]) + member(b"even", b"even")
write("bsd", bsd, "A long name before its data, as BSD has it.", parts=PARTS)
write(
    "symbols",
    b"!<arch>\n" + member(b"/", bytes(4)) + member(b"tool.o/", b"\x7fELF", b"755"),
    "A table of symbols before the members.",
    parts={"symbols": region(bytes(4)), "tool.o": file(b"\x7fELF", 0o755)},
)
write(
    "filler",
    gnu.replace(b"odd\n", b"oddX"),
    "A byte other than a newline after data of odd length.",
    parts={**PARTS, "names": NAMES, f"slack-{gnu.find(b'odd') + 3:#x}": region(b"X")},
    findings=["hidden-content"],
)
write("cut", bsd[:-2], "The last member is cut off.", parts={**PARTS, "even": file(b"ev")}, findings=["truncated"])
wrong = patched(bsd, bsd.rfind(b"`\n"), b"'")
write(
    "header-changed",
    wrong,
    "The last header does not end as headers do.",
    parts={**{name: PARTS[name] for name in ("short", LONG)}, "gap-0": gap(wrong[-64:])},
    findings=["malformed", "unread-bytes"],
)
write(
    "twice",
    b"!<arch>\n" + member(b"name", b"1\n") + member(b"name", b"2\n"),
    "Two members of one name.",
    parts={"name": file(b"2\n")},
    findings=["duplicate-path"],
)
write("not-an-archive", patched(bsd, 66, b"'"), "The first header does not end as headers do.")
