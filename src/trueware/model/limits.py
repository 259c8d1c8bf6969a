"""Ceilings on what one artefact may cost; every one has a unit, a default and a reason."""

from dataclasses import dataclass, replace
from typing import Self

MIB = 1 << 20
GIB = 1 << 30

_HELD_FREE, _HELD_RATIO = 128 * MIB, 32
"""Bytes of one container that may be held, and as many more for each byte of the artefact; packed disk images stay under 20."""

_ENTRIES_FREE, _BYTES_PER_ENTRY = 1 << 16, 64
"""Entries that an artefact may have, and bytes of it that allow one more. Firmware and packages have 400 for each part; the nodes
of device trees, the densest parts, 60, and less where they are packed."""

_CARVED_FREE, _BYTES_PER_CARVED = 1 << 10, 1 << 12
"""The same for containers that are found in opaque bytes; pages packed one by one in a file system of a maker's own take more."""

_CONTAINERS_FREE, _BYTES_PER_CONTAINER = 1 << 12, 1 << 8
"""Containers that an artefact may have, and bytes of it that allow one more. A package of a few kilobytes in an archive of packages
has six; containers whose bytes are those of others cost time and take no room."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for measuring one artefact. Reaching one is a finding (`limit-reached`), never a crash or a silent pass."""

    max_unpacked: int = 64 * GIB
    """Bytes of content read below one artefact, all levels together; a phone's system images stay under 20 GiB."""

    max_ratio: float = 100.0
    """Unpacked bytes for each byte of the artefact, counted only beyond `ratio_free`; real firmware stays under 50."""

    ratio_free: int = 128 * MIB
    """Bytes that may always be unpacked, so that small, highly compressible artefacts are not refused."""

    max_entries: int = 1_000_000
    """Files, folders and regions below one artefact, and records of one container that cost as much; a full Android build has
    some 200,000."""

    max_carved: int = 65_536
    """Containers found in opaque bytes of one artefact; images without any table have tens."""

    max_containers: int = 1_000_000
    """Containers read below one artefact, beside those found in opaque bytes; an image of a phone with all its apps has thousands."""

    max_depth: int = 24
    """Containers within containers; the deepest chain seen in firmware is nine."""

    max_path_depth: int = 128
    """Folders within folders inside one container; beyond PATH_MAX no device can open the file."""

    max_name: int = 4096
    """Bytes in one path; Linux's PATH_MAX."""

    max_held: int = 1 * GIB
    """Bytes of decompressed containers kept in memory together, where their formats need random access; an eighth of it is always
    left for one within others."""

    max_kept_file: int = 512 * 1024
    """Bytes of one security-relevant file whose content is kept for explanation."""

    max_kept: int = 32 * MIB
    """Bytes of all kept content together."""

    max_explained_file: int = 16 * MIB
    """Bytes of one changed file that are looked at to say what the change does; few programs on a device are larger."""

    max_explained: int = 256 * MIB
    """Bytes of all changed files together that are looked at."""

    max_explained_changes: int = 10_000
    """Changes that are looked at; an image with more of them is another one."""

    max_xattrs: int = 64 * 1024
    """Bytes of extended attributes on one entry; the Linux VFS ceiling (XATTR_SIZE_MAX)."""

    max_findings: int = 1_000
    """Findings of one rule (of what a change does: and of one severity) reported for one artefact; the rest are counted."""

    max_seconds: float = 3_600.0
    """Wall seconds for one artefact."""

    def fitted(self, size: int, entries: int = 0) -> Self:
        """Return the ceilings for an artefact of `size` bytes: what takes memory and time is less for a small one.

        A folder's own `entries` come on top, each of which may be a container.

        A ceiling that is not the default was asked for, and stands.
        """
        fitting = {
            "max_held": _HELD_FREE + _HELD_RATIO * size,
            "max_entries": _ENTRIES_FREE + entries + size // _BYTES_PER_ENTRY,
            "max_carved": _CARVED_FREE + size // _BYTES_PER_CARVED,
            "max_containers": _CONTAINERS_FREE + entries + size // _BYTES_PER_CONTAINER,
        }
        defaults = type(self)()
        less = {
            name: ceiling
            for name, ceiling in fitting.items()
            if ceiling < getattr(self, name) == getattr(defaults, name)
        }
        return replace(self, **less) if less else self
