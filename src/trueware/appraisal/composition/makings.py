"""What is known by name of what installing packages makes: reviewed data, which `trueware.knowledge.roots` loads."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Makings:
    """What the scripts of one distribution make."""

    copies: Mapping[str, str] = field(default_factory=dict)
    """By path: that of a file which a package brings, and of which this is a copy."""

    links: Mapping[str, str] = field(default_factory=dict)
    """By path: where a link leads."""

    devices: Mapping[str, tuple[tuple[int, int], int]] = field(default_factory=dict)
    """By path: major and minor number, and mode."""

    folders: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """By path: mode and name of the group."""

    empty: frozenset[str] = frozenset()
    """Paths of files with nothing in them."""

    unprovable: tuple[tuple[str, str], ...] = ()
    """Patterns of paths, and what stands there: made on the device itself, out of what nobody can tell."""

    mirrors: tuple[str, ...] = ()
    """Domains that packages may come from."""
