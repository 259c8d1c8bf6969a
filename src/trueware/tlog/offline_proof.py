"""Proofs that travel: an entry's place in a log, with a checkpoint and who saw it, as text (C2SP tlog-proof).

::

    c2sp.org/tlog-proof@v1
    extra <base64>                (optional, proves nothing)
index <decimal>
<base64 hash>, from the leaf's sibling up
<empty line>
checkpoint, verbatim
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.tlog.merkle import MAX_PROOF, leaf_hash, verify_inclusion
from trueware.tlog.policy import Policy, Proved

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_FILE = 4 << 20
_NAME = "tlog-proof"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class OfflineProof:
    """That an entry is in a log."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    """The note as it was."""

    extra: bytes | None = None
    """Whatever goes with it; not authenticated."""

    def __bytes__(self) -> bytes:
        """As it is written down."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += (b64encode(each).decode() for each in self.hashes)
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint

    def verify(self, entry: bytes, policy: Policy) -> Proved:
        """Return the checkpoint under which `entry` is in the log.

        Raises:
            UntrustedStatement: the proof does not show it, or the checkpoint does not hold under the policy.
            MalformedInput: the checkpoint is none.
        """
        proved = policy.prove(self.checkpoint)
        at = proved.checkpoint
        if self.index >= at.size:
            raise UntrustedStatement(f"entry {self.index} of a log of {at.size}")
        verify_inclusion(leaf_hash(entry), self.index, at.size, self.hashes, at.root)
        return proved


def read_proof(data: bytes) -> OfflineProof:
    """Return a proof as it is written down; nothing is verified.

    Raises:
        MalformedInput: it is none.
    """
    if len(data) > MAX_PROOF_FILE:
        raise MalformedInput(_NAME, 0, f"{len(data)} bytes, more than {MAX_PROOF_FILE}")
    head, separator, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedInput(_NAME, error.start, "not ASCII") from error
    if not separator or lines[0] != HEADER:
        raise MalformedInput(_NAME, 0, f"{HEADER!r} and an empty line expected")
    at = 1
    extra = None
    if at < len(lines) and lines[at].startswith("extra "):
        extra = _base64(lines[at][6:])
        at += 1
    index = _INDEX.fullmatch(lines[at]) if at < len(lines) else None
    if index is None:
        raise MalformedInput(_NAME, 0, "an index expected")
    if len(lines) - at - 1 > MAX_PROOF:
        raise MalformedInput(_NAME, 0, f"{len(lines) - at - 1} hashes, more than {MAX_PROOF}")
    hashes = tuple(map(_base64, lines[at + 1 :]))
    if any(len(each) != 32 for each in hashes):
        raise MalformedInput(_NAME, 0, "a hash that is none")
    return OfflineProof(int(index[1]), hashes, note, extra)


def _base64(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        data = b""
    if b64encode(data).decode() != text:
        raise MalformedInput(_NAME, 0, f"no base64: {text[:60]!r}")
    return data
