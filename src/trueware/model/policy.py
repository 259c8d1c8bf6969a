"""Policies: which paths of a class of products a device may change in service."""

import re
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Policy:
    """What a device of one class may change by itself or by its owner's ordinary use.

    Patterns are over the path inside the root file system, without a leading slash: ``*`` within one name, ``**`` over any
    number of them. A pattern never excuses set-uid or set-gid bits, devices, new executables, or a changed owner of the file.
    """

    name: str
    title: str
    mutable: tuple[str, ...]
    """Paths whose content may change, come or go."""

    reasons: tuple[str, ...] = field(default=())
    """Why, one for each pattern."""

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{_translate(pattern)})" for pattern in self.mutable) or "(?!)", re.DOTALL)

    def is_mutable(self, path: str) -> bool:
        """Tell whether the policy lets `path` (inside the root file system) change."""
        # what climbs is unpacked elsewhere
        return ".." not in path.split("/") and self._expression.fullmatch(path) is not None


def _translate(pattern: str) -> str:
    pieces = re.split(r"(\*\*/|\*\*|\*)", pattern)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return "".join(words.get(piece, re.escape(piece)) for piece in pieces)
