"""Where a part is: what its files are read from, and where it stands in the root file system, where a policy's paths begin."""

from itertools import pairwise

from trueware.appraisal.wrapping import way
from trueware.model.part import Kind, Part, join
from trueware.model.policy import Policy

_ROOT_MARKS = frozenset({"bin", "etc", "sbin", "usr", "lib", "system", "app", "priv-app", "framework"})
"""Folders of which two at the top make a container a root file system, where a policy's paths begin."""

DISK = "disk"
"""The medium of what lies on somebody's disk as it is."""


def medium(root: Part, path: str) -> str:
    """Return the format of the container whose files are at `path`, `DISK` where none holds them, nothing for a mere file."""
    formats = [part.format for _, part in way(root, path) if part.format is not None]
    return formats[-1] if formats else DISK if root.kind is Kind.DIRECTORY else ""


def policy_path(release: Part, path: str) -> str | None:
    """Return where the part at `path` of a release is in its root file system, None above it: a policy's paths begin there."""
    inner: str | None = None
    for (_, outer), (_, part) in pairwise(way(release, path)):
        inner = inside("" if inner is None and is_root_file_system(outer) else inner, outer, part.name)
    return inner


def vouches(expected: Part, inner: str | None, policy: Policy) -> bool:
    """Tell whether any content of `expected` may not change: equality where everything may is worth nothing."""
    stack = [(expected, "" if inner is None and is_root_file_system(expected) else inner)]
    while stack:
        part, at = stack.pop()
        if part.kind is not Kind.DIRECTORY and part.has_content and (at is None or not policy.is_mutable(at)):
            return True
        if part.kind is Kind.DIRECTORY or not part.has_content:
            stack.extend((child, inside(at, part, child.name)) for child in part.children)
    return False


def inside(inner: str | None, parent: Part, name: str) -> str | None:
    """Return the policy's path of a child; a container within the root file system never continues it."""
    if inner is None:
        return None
    if inner == "":
        return join("", parent, name)
    return join(inner, parent, name)


def is_root_file_system(part: Part) -> bool:
    """Tell whether `part` looks like the root of a device's files."""
    return holds_files(part) and len(_ROOT_MARKS.intersection(child.name for child in part.children)) > 1


def holds_files(part: Part) -> bool:
    """Whether the part is a root of files, in whatever container: a folder, an archive, a file system."""
    return part.kind is Kind.DIRECTORY or (
        part.is_container
        and any(child.kind is not Kind.REGION for child in part.children if child.kind is not Kind.PADDING)
    )
