"""What a witness does (C2SP tlog-witness v1.0.0): it cosigns a log's checkpoint only where that follows from the last it cosigned.

`consider` is the decision, in the order of the specification:

1. The request is of its form, at most 63 hashes and of a checkpoint.                  400
2. The log is one that the witness knows by its origin.                                404
3. The log signed the checkpoint with a key that the witness trusts for it.            403
4. The old size is not above that of the checkpoint.                                   400
5. It is that of the last checkpoint cosigned.                                         409, with that size
6. Where both sizes are the same, so are the roots.                                    409
7. The proof shows that the new tree begins with the old; it is empty from 0 on.       422

Keeping the new state before answering, and letting no other decision about the log between reading the state and keeping it, is for
whoever calls (`trueware.witnessing`). The specification as of July 2026 was read; no public vector of requests was at hand.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.tlog import note as notes
from trueware.tlog.checkpoint import Checkpoint, open_checkpoint, parse
from trueware.tlog.merkle import EMPTY_ROOT, MAX_PROOF, verify_consistency
from trueware.tlog.note import Signature, Verifier

MAX_REQUEST = 1 << 20
SIZE_TYPE = "text/x.tlog.size"
_NAME = "add-checkpoint"
_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Request:
    """A request to cosign."""

    old: int
    """Leaves of the tree that the log believes was cosigned last."""

    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __bytes__(self) -> bytes:
        """The body."""
        lines = [f"old {self.old}", *(b64encode(each).decode() for each in self.proof)]
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint


@dataclass(frozen=True, slots=True)
class Seen:
    """The last tree of a log that the witness cosigned."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a checkpoint is not cosigned, as HTTP has it."""

    status: int
    reason: str
    size: int | None = None
    """For 409 because of another size: that of the last checkpoint cosigned."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint to cosign, once the witness has kept it as the last."""

    checkpoint: Checkpoint
    text: str
    """What is cosigned."""

    signatures: tuple[Signature, ...]
    """Of the log, verified. Other lines of the request are anybody's, and are neither kept nor handed on."""


def read_request(body: bytes) -> Request:
    """Return a request.

    Raises:
        MalformedInput: it is none.
    """
    if len(body) > MAX_REQUEST:
        raise MalformedInput(_NAME, 0, f"{len(body)} bytes, more than {MAX_REQUEST}")
    head, separator, checkpoint = body.partition(b"\n\n")
    lines = head.split(b"\n")
    old = _OLD.fullmatch(lines[0])
    if not separator or old is None:
        raise MalformedInput(_NAME, 0, "an old size and an empty line expected")
    if len(lines) - 1 > MAX_PROOF:
        raise MalformedInput(_NAME, 0, f"{len(lines) - 1} hashes, more than {MAX_PROOF}")
    return Request(int(old[1]), tuple(map(_hash, lines[1:])), checkpoint)


def origin_of(request: Request) -> str:
    """Return which log a request is about; nothing is verified.

    Raises:
        MalformedInput: its checkpoint is none.
    """
    return parse(notes.read_note(request.checkpoint).text).origin


def consider(request: Request, logs: Mapping[str, Sequence[Verifier]], seen: Seen) -> Accepted | Refused:
    """Return what a witness answers; the numbers are the module's.

    Args:
        request: what is asked (1).
        logs: keys by origin of the logs it witnesses.
        seen: the last tree of this log that it cosigned.
    """
    try:
        note = notes.read_note(request.checkpoint)
        at = parse(note.text)
    except MalformedInput as error:
        return Refused(400, str(error))
    if at.origin not in logs:  # 2
        return Refused(404, f"no log {at.origin!r} is witnessed here")
    trusted = {(each.name, each.id) for each in logs[at.origin] if _signed(request.checkpoint, each, at.origin)}  # 3
    if not trusted:
        return Refused(403, "no key that is trusted for this log signed the checkpoint")
    if request.old > at.size:  # 4
        return Refused(400, f"the old size, {request.old}, is above that of the checkpoint, {at.size}")
    if request.old != seen.size:  # 5
        return Refused(409, f"{seen.size} leaves were cosigned last", seen.size)
    if at.size == seen.size and at.root != seen.root:  # 6
        return Refused(409, f"another tree of {at.size} leaves was cosigned")
    try:
        verify_consistency(seen.size, at.size, request.proof, seen.root, at.root)  # 7
    except UntrustedStatement as error:
        return Refused(422, str(error))
    lines = {(each.name, each.id): each for each in reversed(note.signatures) if (each.name, each.id) in trusted}
    return Accepted(at, note.text, tuple(lines.values()))


def _signed(checkpoint: bytes, verifier: Verifier, origin: str) -> bool:
    try:
        open_checkpoint(checkpoint, verifier, origin=origin)
    except InputError:
        return False
    return True


def _hash(line: bytes) -> bytes:
    try:
        digest = b64decode(line, validate=True)
    except (Base64Error, ValueError):
        digest = b""
    if len(digest) != 32 or b64encode(digest) != line:
        raise MalformedInput(_NAME, 0, f"no hash: {line[:60]!r}")
    return digest
