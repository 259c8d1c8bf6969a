"""Whose word makes a checkpoint believed: logs, witnesses and a quorum of them, as a file of lines (C2SP tlog-policy).

::

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>…
    quorum <name>|none

Each name is defined on a line before the one that uses it, and is a member of one group at most. A checkpoint holds if one of the
logs signed it and the quorum cosigned it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.tlog import checkpoint
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.note import COSIGNATURES, LOG_TYPES, Signed, Verifier, read_verifier

MAX_POLICY = 1 << 20
_MOST = 1000
"""Logs, witnesses and groups; 32 of each must be taken."""

_NAME = "log policy"
_THRESHOLD = re.compile(r"[1-9][0-9]{0,5}")
_ALLOWED = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses, or groups of them, of whom so many must have cosigned."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proved:
    """A checkpoint that holds under a policy."""

    checkpoint: Checkpoint
    witnesses: tuple[Signed, ...]
    """Who cosigned it, with the times."""

    @property
    def seen_at(self) -> int | None:
        """Seconds since 1970 when the last of the witnesses says it saw it; None where there are none."""
        return max((each.time for each in self.witnesses if each.time is not None), default=None)


@dataclass(frozen=True, slots=True)
class Policy:
    """Whom to believe."""

    logs: tuple[Verifier, ...] = ()
    witnesses: Mapping[str, Verifier] = field(default_factory=dict)
    """By the name that the policy gives them."""

    groups: Mapping[str, Group] = field(default_factory=dict)
    """Each after those that are members of it."""

    quorum: str | None = None
    """A witness or group; None: no cosignature is asked for."""

    urls: Mapping[Verifier, str] = field(default_factory=dict)
    """Where to reach a log or witness, where the policy says so."""

    def prove(self, data: bytes) -> Proved:
        """Return a checkpoint that holds.

        Raises:
            MalformedInput: it is none.
            UntrustedStatement: none of the logs signed it, a signature does not fit, or too few witnesses cosigned it.
        """
        refusal: InputError = UntrustedStatement("the policy names no log")
        for log in self.logs:
            try:
                at, signed = checkpoint.open_checkpoint(data, log, self.witnesses.values())
            except UntrustedStatement as error:
                refusal = error
                continue
            by = {each.verifier for each in signed}
            names = frozenset(name for name, verifier in self.witnesses.items() if verifier in by)
            if self.quorum is not None and not self._met(self.quorum, names):
                raise UntrustedStatement(
                    f"cosigned by {len(names)} of the {len(self.witnesses)} witnesses, which is not the quorum {self.quorum!r}"
                )
            return Proved(at, signed)
        raise refusal

    def _met(self, name: str, cosigned: frozenset[str]) -> bool:
        met = set(cosigned)
        for group, each in self.groups.items():  # in the order of the file: members come before their groups
            if sum(member in met for member in each.members) >= each.threshold:
                met.add(group)
        return name in met


def read_policy(data: bytes) -> Policy:
    """Return what a policy file says.

    Raises:
        MalformedInput: it is none; the offset is that of the line.
    """
    if len(data) > MAX_POLICY:
        raise MalformedInput(_NAME, 0, f"{len(data)} bytes, more than {MAX_POLICY}")
    if odd := _ALLOWED.search(data):
        raise MalformedInput(_NAME, odd.start(), f"octet {odd[0][0]:#04x}")
    reader = _Reader()
    offset = 0
    for line in data.split(b"\n"):
        words = [word.decode("utf-8", "surrogateescape") for word in re.split(rb"[ \t]+", line.strip(b" \t")) if word]
        if words and not words[0].startswith("#"):
            try:
                reader.line(words)
            except ValueError as error:
                raise MalformedInput(_NAME, offset, str(error)) from error
            except MalformedInput as error:
                raise MalformedInput(_NAME, offset, error.reason) from error
        offset += len(line) + 1
    return reader.policy()


class _Reader:
    """Collects the lines of a policy."""

    def __init__(self) -> None:
        self.logs: list[Verifier] = []
        self.witnesses: dict[str, Verifier] = {}
        self.groups: dict[str, Group] = {}
        self.urls: dict[Verifier, str] = {}
        self.quorum: list[str | None] = []
        self.grouped: set[str] = set()

    def line(self, words: list[str]) -> None:
        if len(self.logs) + len(self.witnesses) + len(self.groups) > _MOST:
            raise ValueError(f"more than {_MOST} logs, witnesses and groups")
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self._log(read_verifier(key), url)
            case ["witness", name, key, *url] if len(url) <= 1:
                self._witness(name, read_verifier(key), url)
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case ["quorum", name]:
                if name != "none":
                    self._defined(name)
                self.quorum.append(None if name == "none" else name)
            case _:
                raise ValueError(f"no line of a policy: {' '.join(words)[:60]!r}")

    def _log(self, verifier: Verifier, url: list[str]) -> None:
        if verifier.kind not in LOG_TYPES:
            raise ValueError("a log signs with a key of type 1 (Ed25519) or 6 (ML-DSA-44)")
        if any(each.key == verifier.key for each in self.logs):
            raise ValueError("a log that was named before")
        self.logs.append(verifier)
        self.urls |= dict.fromkeys([verifier], url[0]) if url else {}

    def _witness(self, name: str, verifier: Verifier, url: list[str]) -> None:
        self._free(name)
        if verifier.kind not in COSIGNATURES:
            raise ValueError("a witness cosigns with a key of type 4 (Ed25519) or 6 (ML-DSA-44)")
        if any(each.key == verifier.key for each in self.witnesses.values()):
            raise ValueError("a witness that was named before")
        self.witnesses[name] = verifier
        self.urls |= dict.fromkeys([verifier], url[0]) if url else {}

    def _group(self, name: str, threshold: str, members: list[str]) -> None:
        self._free(name)
        for member in members:
            self._defined(member)
            if member in self.grouped or members.count(member) > 1:
                raise ValueError(f"{member!r} is a member twice")
        words = {"any": 1, "all": len(members)}
        if threshold not in words and not _THRESHOLD.fullmatch(threshold):
            raise ValueError(f"a threshold of {threshold[:20]!r}")
        count = words.get(threshold) or int(threshold)
        if count > len(members):
            raise ValueError(f"{count} of {len(members)} members")
        self.grouped |= set(members)
        self.groups[name] = Group(count, tuple(members))

    def _free(self, name: str) -> None:
        if name == "none" or name in self.witnesses or name in self.groups:
            raise ValueError(f"{name!r} is taken")

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise ValueError(f"{name!r} is not defined before")

    def policy(self) -> Policy:
        if len(self.quorum) != 1:
            raise MalformedInput(_NAME, 0, f"{len(self.quorum)} quorum lines, one is expected")
        return Policy(tuple(self.logs), self.witnesses, self.groups, self.quorum[0], self.urls)
