"""What a folder on disk holds and what a manifest says, in one form, so that the two can be compared entry by entry."""

import fnmatch
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

Fields = dict[str, object]
Listing = dict[str, Fields]
"""By path, ``/`` between folders; the root itself is ``.``. What is not known of an entry is left out."""

KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "character-device",
    stat.S_IFBLK: "block-device",
    stat.S_IFSOCK: "socket",
}
EVERY_KIND = frozenset(KINDS.values())
PLAIN = frozenset({"file", "directory", "symlink"})

CONTENT = frozenset({"kind", "sha256", "size", "link"})
"""What any extraction keeps."""
POSIX = CONTENT | {"mode", "owner", "mtime", "rdev"}
FULL = POSIX | {"xattrs"}

_ASIDE = frozenset({"region", "padding", "gap"})


def of_folder(root: Path) -> Listing:
    """Return what lies below `root`, and `root` itself."""
    listing = {".": _told(os.fspath(root))}
    for above, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(above, name)  # noqa: PTH118 (a Path each is slow, and there are many)
            listing[os.path.relpath(path, root)] = _told(path)
    return listing


def _told(path: str) -> Fields:
    about = os.lstat(path)
    kind = KINDS[stat.S_IFMT(about.st_mode)]
    fields: Fields = {
        "kind": kind,
        "mode": stat.S_IMODE(about.st_mode),
        "owner": (about.st_uid, about.st_gid),
        "mtime": int(about.st_mtime // 1),
        "inode": about.st_ino if about.st_nlink > 1 and kind != "directory" else None,
        "sparse": kind == "file" and about.st_blocks * 512 < about.st_size,
    }
    names = _attributes(path)
    fields["xattrs"] = {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in names}
    if kind == "file":
        with open(path, "rb") as file:  # noqa: PTH123
            digest = sha256()
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        fields |= {"size": about.st_size, "sha256": digest.hexdigest()}
    elif kind == "symlink":
        fields["link"] = os.readlink(path)  # noqa: PTH115
    elif kind in {"character-device", "block-device"}:
        fields["rdev"] = (os.major(about.st_rdev), os.minor(about.st_rdev))
    return fields


def _attributes(path: str) -> list[str]:
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError:  # a file system without them
        return []


def of_manifest(parts: Iterable[Mapping[str, Any]], base: str) -> Listing:
    """Return what the container `base` holds according to a manifest; an empty `base` is the artefact.

    What is inside of files is left out, and so are regions, which are no files.
    """
    prefix, listing = base and f"{base}!/", {}
    for part in parts:
        path: str = part["path"]
        if path == base:
            if root := re.match(r"([0-7]{4}) (\d+):(\d+)", part.get("facts", {}).get("root", "")):
                owner = int(root[2]), int(root[3])
                listing["."] = {"kind": "directory", "mode": int(root[1], 8), "owner": owner}
            continue
        if not path.startswith(prefix):
            continue
        path = path[len(prefix) :]
        if "!/" in path or part["kind"] in _ASIDE:
            continue
        listing[path] = _stated(part)
    return listing


def _stated(part: Mapping[str, Any]) -> Fields:
    fields: Fields = {"kind": part["kind"], "xattrs": part.get("xattrs", {})}
    if "mode" in part:
        fields["mode"] = int(part["mode"], 8)
    if "uid" in part:
        fields["owner"] = (part["uid"], part["gid"])
    if "rdev" in part:
        fields["rdev"] = tuple(part["rdev"])
    if part["kind"] == "file":
        fields |= {"size": part["size"], "sha256": part.get("sha256")}
    for name in ("mtime", "link"):
        if name in part:
            fields[name] = part[name]
    return fields


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one entry that is not the same on both sides; `field` is "missing" or "extra" for the whole entry."""

    path: str
    field: str
    ours: object = None
    theirs: object = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing two listings showed."""

    entries: int
    """Entries of the other side."""
    digests: int
    """SHA-256 compared."""
    fields: int
    """Fields compared, of all entries."""
    differences: tuple[Difference, ...]

    def by_field(self) -> Counter[str]:
        """Count the differences."""
        return Counter(each.field for each in self.differences)


def compare(
    ours: Listing,
    theirs: Listing,
    holds: frozenset[str],
    kinds: frozenset[str] = EVERY_KIND,
    *,
    coarse: int = 0,
    ignore: tuple[str, ...] = (),
) -> Comparison:
    """Compare two listings.

    Args:
        ours: what trueware says.
        theirs: what the source, or another tool, says.
        holds: fields that both can tell.
        kinds: of entries that `theirs` can hold; others of it are left out, and of `ours` too.
        coarse: seconds by which times may differ.
        ignore: patterns of paths that one side has by its nature, such as lost+found.
    """
    ours = {path: fields for path, fields in ours.items() if not _matches(path, ignore)}
    aside = {path for path, fields in ours.items() if fields["kind"] not in kinds}
    # what a tool cannot make it may leave as an empty file
    theirs = {
        path: fields
        for path, fields in theirs.items()
        if path not in aside and fields.get("kind", "file") in kinds and not _matches(path, ignore)
    }
    ours = {path: fields for path, fields in ours.items() if path not in aside}
    if "." not in ours or "." not in theirs:
        ours.pop(".", None)
        theirs.pop(".", None)
    wrong = [Difference(path, "missing") for path in sorted(theirs.keys() - ours.keys())]
    wrong += [Difference(path, "extra") for path in sorted(ours.keys() - theirs.keys())]
    fields = digests = 0
    for path in sorted(ours.keys() & theirs.keys()):
        for name, mine, other in _pairs(path, ours[path], theirs[path], holds):
            fields += 1
            digests += name == "sha256"
            if mine != other and not (name == "mtime" and _near(mine, other, coarse)):
                wrong.append(Difference(path, name, mine, other))
    return Comparison(len(theirs), digests, fields, tuple(wrong))


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _pairs(path: str, mine: Fields, other: Fields, holds: frozenset[str]) -> Iterator[tuple[str, object, object]]:
    for name in sorted(holds):
        if path == "." and name not in {"kind", "mode", "owner"}:
            continue
        if name == "mode" and mine["kind"] == "symlink":
            continue  # Linux has none of them
        if name == "xattrs" or name in mine or name in other:
            yield name, mine.get(name), other.get(name)


def _near(mine: object, other: object, coarse: int) -> bool:
    return isinstance(mine, int) and isinstance(other, int) and abs(mine - other) <= coarse
