"""Writes one vector: its bytes, what a reader should find in them, and why the case is there."""

import gzip
import hashlib
import json
import lzma
import sys
from collections.abc import Iterable
from pathlib import Path

_PACKED = 16_384
"""Bytes from which an input is stored compressed."""

_BY_XZ, _BY_XZ_FROM = {"erofs", "exfat", "f2fs", "fat", "yaffs2"}, 4_096
"""Formats whose images are large and mostly filler, which xz makes much smaller than gzip does."""

Parts = dict[str, dict[str, object]]


def write(
    case: str,
    data: bytes,
    why: str,
    *,
    parts: Parts | None = None,
    facts: dict[str, str] | None = None,
    findings: Iterable[str] = (),
    leaf: bool = False,
) -> None:
    """Write the folder `case` beside the running build.py; without `parts` the bytes are refused, and as a `leaf` not taken apart."""
    here = Path(sys.argv[0]).resolve().parent
    folder = here / case
    folder.mkdir(exist_ok=True)
    for old in folder.glob("input.bin*"):
        old.unlink()
    if here.name in _BY_XZ and len(data) >= _BY_XZ_FROM:
        packed = lzma.compress(data, lzma.FORMAT_XZ, lzma.CHECK_CRC32, 9 | lzma.PRESET_EXTREME)
        (folder / "input.bin.xz").write_bytes(packed)
    elif len(data) >= _PACKED:
        (folder / "input.bin.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    else:
        (folder / "input.bin").write_bytes(data)
    expected: dict[str, object] = {"format": here.name, "outcome": "read" if leaf or parts is not None else "refused"}
    expected["parts"] = parts or {}
    if leaf:
        expected["leaf"] = True
    if facts is not None:
        expected["facts"] = facts
    expected["findings"] = sorted(set(findings))
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=True, sort_keys=True) + "\n")
    (folder / "README.md").write_text(why.strip() + "\n")


def region(data: bytes) -> dict[str, object]:
    """Return what is expected of a region that no format reads."""
    return {"kind": "region", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def gap(data: bytes) -> dict[str, object]:
    """Return what is expected of bytes no reader accounts for."""
    return {**region(data), "kind": "gap"}


def patched(data: bytes, at: int, patch: bytes) -> bytes:
    """Return `data` with `patch` written over it."""
    return data[:at] + patch + data[at + len(patch) :]
