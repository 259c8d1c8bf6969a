"""Delegations of TUF: which roles may speak of a path, and in which order they are asked (TUF specification §4.5, §5.6.7).

A role delegates to others in one of two ways:

* ``roles``: each with ``paths``, patterns in which nothing but ``/`` itself stands for one, or with ``path_hash_prefixes``,
  beginnings of the SHA-256 of a path in hexadecimal; a ``terminating`` one ends the search whether or not it has the target.
* ``succinct_roles``: ``2 ** bit_length`` roles of the same keys, named ``name_prefix-`` and a number in hexadecimal, which is the
  first bits of the SHA-256 of the path; all of them terminating (TAP 15).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from trueware.signatures import json_text
from trueware.signatures.refusal import uncheckable
from trueware.signatures.tuf.metadata import Metadata, Role, read_role

MOST_ROLES = 1 << 15
"""Roles of one repository; PyPI's has 16,384 bins."""

_MOST_PATTERNS, _LONGEST = 4096, 1024
_MOST_STEPS = 1 << 20
"""Patterns compared and roles visited, of all targets together."""

_MOST_BITS = 32


@dataclass(frozen=True, slots=True)
class Delegated:
    """A role that another one delegates to."""

    name: str
    role: Role
    terminating: bool


class Delegations:
    """What one role delegates, and to whom."""

    def __init__(self, metadata: Metadata) -> None:
        stated = json_text.at(metadata.signed, "delegations")
        keys = json_text.at(stated, "keys")
        self._succinct = json_text.at(stated, "succinct_roles")
        self._roles: list[Delegated] = []
        self._patterns: list[tuple[int, tuple[str, ...]]] = []
        self._prefixes: dict[str, list[int]] = {}
        if self._succinct is not None:
            if json_text.at(stated, "roles") is not None:
                uncheckable("delegations to roles and to bins at once")
            self._bits = json_text.number(self._succinct, "bit_length")
            if not 0 < self._bits <= _MOST_BITS:
                uncheckable(f"bins of {self._bits} bits")
            self._prefix = json_text.text(self._succinct, "name_prefix")
            self._bin_role = read_role(self._succinct, keys)
            return
        for each in json_text.items(stated, "roles", most=MOST_ROLES):
            number = len(self._roles)
            terminating = json_text.at(each, "terminating") is True
            self._roles.append(Delegated(json_text.text(each, "name"), read_role(each, keys), terminating))
            if json_text.at(each, "path_hash_prefixes") is None:
                patterns = json_text.items(each, "paths", most=_MOST_PATTERNS)
                self._patterns.append((number, tuple(one for one in patterns if isinstance(one, str))))
            elif json_text.at(each, "paths") is not None:
                uncheckable("a delegation by patterns and by digests at once")
            else:
                for prefix in json_text.items(each, "path_hash_prefixes", most=_MOST_PATTERNS):
                    if isinstance(prefix, str) and 0 < len(prefix) <= 64:
                        self._prefixes.setdefault(prefix, []).append(number)
        self._lengths = sorted({len(each) for each in self._prefixes})

    def roles(self, listed: Mapping[str, Any]) -> Iterator[Delegated]:
        """Yield the roles, of bins those that are listed in the snapshot, in their order."""
        if self._succinct is None:
            yield from self._roles
            return
        if len(listed) > 2 * MOST_ROLES:
            uncheckable("more roles than can be looked at")
        for name in sorted(listed):
            before, dash, number = name.removesuffix(".json").rpartition("-")
            if dash and before == self._prefix and number == self._numbered(_number(number)):
                yield Delegated(f"{before}-{number}", self._bin_role, terminating=True)

    def asked(self, path: str, budget: "Budget") -> Iterator[Delegated]:
        """Yield the roles that may speak of a path, up to one that ends the search."""
        digest = sha256(path.encode("utf-8", "surrogatepass"))
        if self._succinct is not None:
            number = int.from_bytes(digest.digest()[:4], "big") >> _MOST_BITS - self._bits
            yield Delegated(f"{self._prefix}-{self._numbered(number)}", self._bin_role, terminating=True)
            return
        found = {number for length in self._lengths for number in self._prefixes.get(digest.hexdigest()[:length], ())}
        for number, patterns in self._patterns:
            budget.spend(len(patterns) + 1)
            if any(_matches(each, path) for each in patterns):
                found.add(number)
        for number in sorted(found):
            yield self._roles[number]
            if self._roles[number].terminating:
                return

    def _numbered(self, number: int) -> str:
        return f"{number:0{(self._bits + 3) // 4}x}" if 0 <= number < 1 << self._bits else ""


class Budget:
    """How much may still be looked at."""

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def spend(self, steps: int) -> None:
        """Count some steps.

        Raises:
            Refusal: there are no more.
        """
        self._left -= steps
        if self._left < 0:
            uncheckable("more targets and delegations than can be looked at")


def _number(text: str) -> int:
    try:
        return int(text, 16) if len(text) <= _MOST_BITS // 4 else -1
    except ValueError:
        return -1


def _matches(pattern: str, path: str) -> bool:
    parts, names = pattern.split("/"), path.split("/")
    if len(parts) != len(names) or len(pattern) > _LONGEST or len(path) > _LONGEST:
        return False
    return all(fits(part, name) for part, name in zip(parts, names, strict=True))


def fits(pattern: str, name: str) -> bool:
    """Tell whether a name fits a pattern, in which ``*`` and ``?`` alone mean something."""
    at, star, tried, number = 0, -1, 0, 0
    while number < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, tried = at, number
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", name[number]):
            at, number = at + 1, number + 1
        elif star >= 0:
            tried += 1
            at, number = star + 1, tried
        else:
            return False
    return not pattern[at:].strip("*")
