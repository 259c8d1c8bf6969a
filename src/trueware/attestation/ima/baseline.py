"""What files should be, by path and by content, made of the file lists of releases; and what an entry comes to beside it.

The kernel does not say through which hook it measured: whether a file was run, mapped, loaded as a module, or read by root. What is a
program is told by its place and name (`is_program`), as good as names go.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from trueware.attestation.ima.entries import Fields, proved_fields
from trueware.errors import MalformedInput

_SHA256 = b"\x28\0\0\0sha256:\0"
"""How a d-ng field with SHA-256 begins: its length, then the algorithm."""

_AT, _NAME = 12, 48
_UNSIGNED = {"ima-ng": b"", "ima-sig": bytes(4)}
"""What follows the name of a file without a signature."""

_PROGRAM = re.compile(
    r"(?:.*/)?(?:s?bin|libexec|xbin)/.+|.*\.(?:so|ko|sh|py|pl|rb|lua|elf|efi|jar|dex|apk|bin)(?:[.-][\w.]+)*"
    r"|.*\.ko\.(?:xz|gz|zst)|(?:.*/)?lib(?:32|64|x32)?/(?:.*/)?[^/.]+",
    re.DOTALL,
)
_ANONYMOUS = re.compile(r"memfd:.*|boot_aggregate|(?:/dev/zero|/SYSV[0-9a-f]+)(?: \(deleted\))?")


AGGREGATE = "boot_aggregate"


class Word(Enum):
    """What an entry that is not simply known comes to."""

    RENAMED = "renamed"
    """Content of a release, under a path that no release has it at."""
    SIGNED = "signed"
    """Of no release, and signed by somebody who may."""
    CHANGED = "changed"
    """At the path of a file of a release, with another content."""
    UNKNOWN = "unknown"
    BAD_SIGNATURE = "bad-signature"
    """It has a signature of a key that is trusted for files, which is of another content."""
    VIOLATION = "violation"
    """The kernel could not measure. Its register holds that there was one; which file it was is the list's word alone."""
    AGGREGATE = "boot-aggregate"
    """The kernel's first entry, over the registers of the boot; a file that lies nowhere can be named so too."""
    WEAK = "weak"
    """Measured by a hash that releases are not found by (fs-verity's is one of its own), and not signed."""
    MUTABLE = "mutable"
    """Of no release, where the policy lets a device change files; the list does not say whether it ran."""
    DATA = "data"
    """No file: a buffer of the kernel."""
    MALFORMED = "malformed"


class Noted(NamedTuple):
    """One entry that is worth telling."""

    word: Word
    path: str
    found: str
    """``sha256:<hex>``."""

    expected: tuple[str, ...] = ()
    """What releases have at that path, or the path that they have the content at."""

    signer: str = ""
    buffer: bytes | None = None


Verify = Callable[[Fields], "tuple[bool, str] | None"]
"""Tells whether a file's signature fits, and whose it is; None: it has none, or of nobody who is known."""


@dataclass(frozen=True)
class Baseline:
    """Files of one or several releases."""

    by_digest: Mapping[bytes, frozenset[bytes]]
    """Paths by SHA-256, without a leading slash."""

    by_path: Mapping[bytes, tuple[bytes, ...]]
    """SHA-256 digests by path."""

    excluded: Callable[[str], bool] = field(default=lambda _: False, repr=False)
    """Tells whether a path may hold anything, and is not worth telling: what the caller says."""

    verify: Verify = field(default=lambda _: None, repr=False)
    mutable: Callable[[str], bool] = field(default=lambda _: False, repr=False)
    """Tells whether the policy of a release lets a device change a path."""

    @classmethod
    def of(
        cls,
        lists: Iterable[Mapping[str, bytes]],
        excluded: Callable[[str], bool] = lambda _: False,
        verify: Verify = lambda _: None,
        mutable: Callable[[str], bool] = lambda _: False,
    ) -> "Baseline":
        """Return the baseline of releases that have these files: SHA-256 by path, each list one release's."""
        digests: dict[bytes, set[bytes]] = {}
        paths: dict[bytes, dict[bytes, None]] = {}
        for each in lists:
            for path, digest in each.items():
                name = path.lstrip("/").encode("utf-8", "surrogateescape")
                digests.setdefault(digest, set()).add(name)
                paths.setdefault(name, {})[digest] = None
        return cls(
            {digest: frozenset(names) for digest, names in digests.items()},
            {path: tuple(each) for path, each in paths.items()},
            excluded,
            verify,
            mutable,
        )

    def judge(self, template: str, data: bytes, *, violated: bool = False) -> Noted | None:
        """Return what is worth telling of an entry; None: a file of a release at its path, or one that may be anything."""
        if data.startswith(_SHA256) and not violated:
            end = _NAME + int.from_bytes(data[44:48], "little")
            name, digest = data[_NAME:end], data[_AT : _AT + 32]
            if name.strip(b"/\0") in self.by_digest.get(digest, ()):
                return None
            if name[-1:] == b"\0" and data[end:] == _UNSIGNED.get(template):
                return self._unsigned(name[:-1].decode("utf-8", "surrogateescape"), "sha256", digest)
        try:
            entry = proved_fields(template, data)
        except MalformedInput as error:
            return Noted(Word.VIOLATION if violated else Word.MALFORMED, "", str(error))
        return Noted(Word.VIOLATION, entry.path, "") if violated else self._unusual(entry)

    def _unusual(self, entry: Fields) -> Noted | None:
        found = f"{entry.algorithm}:{entry.digest.hex()}"
        if entry.buffer is not None:
            return Noted(Word.DATA, entry.path, found, buffer=entry.buffer)
        if entry.path != AGGREGATE and (signed := self.verify(entry)) is not None:
            fits, signer = signed
            expected = self._expected(entry.path.lstrip("/"))
            return Noted(Word.SIGNED if fits else Word.BAD_SIGNATURE, entry.path, found, expected, signer)
        algorithm = entry.algorithm if entry.kind == "ima" else f"fs-{entry.kind}-{entry.algorithm}"
        return self._unsigned(entry.path, algorithm, entry.digest)

    def _unsigned(self, path: str, algorithm: str, digest: bytes) -> Noted | None:
        name = path.lstrip("/")
        if path != AGGREGATE and self.excluded(name):
            return None
        found = f"{algorithm}:{digest.hex()}"
        if path == AGGREGATE:
            return Noted(Word.AGGREGATE, path, found)
        if algorithm != "sha256":
            return Noted(Word.WEAK, path, found)
        elsewhere = self.by_digest.get(digest)
        if elsewhere is not None:
            if name.encode("utf-8", "surrogateescape") in elsewhere:
                return None
            where = tuple(sorted(each.decode("utf-8", "surrogateescape") for each in elsewhere)[:3])
            return Noted(Word.RENAMED, path, found, where)
        expected = self._expected(name)
        if self.mutable(name) and not is_program(name):
            return Noted(Word.MUTABLE, path, found, expected)
        return Noted(Word.CHANGED if expected else Word.UNKNOWN, path, found, expected)

    def _expected(self, name: str) -> tuple[str, ...]:
        digests = self.by_path.get(name.encode("utf-8", "surrogateescape"), ())
        return tuple(f"sha256:{each.hex()}" for each in digests)


def digest_in(data: bytes) -> bytes:
    """Return the SHA-256 of the file that an entry is of; empty where it has none."""
    return data[_AT : _AT + 32] if data.startswith(_SHA256) else b""


def is_program(path: str) -> bool:
    """Tell whether a path looks like a program's, a library's, a module's or a script's."""
    return _PROGRAM.fullmatch(path) is not None


def is_anonymous(path: str) -> bool:
    """Tell whether it names no file of a file system: memory that a program or the kernel made (``memfd:kernel``)."""
    return _ANONYMOUS.fullmatch(path) is not None
