"""Checkpoints (C2SP tlog-checkpoint v1.0.0): the text of `tree_head` as a note that its log signed and witnesses cosigned."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from trueware.errors import UntrustedStatement
from trueware.tlog import note as notes
from trueware.tlog.note import Note, Signed, Verifier
from trueware.tlog.tree_head import MAX_SIZE, Checkpoint, parse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["MAX_SIZE", "Checkpoint", "open_checkpoint", "parse", "sign"]


def sign(at: Checkpoint, key: "Ed25519PrivateKey") -> Note:
    """Return a checkpoint signed by its log, whose name is the origin.

    Raises:
        ValueError: an origin that cannot name a key.
    """
    return Note(str(at), (notes.sign(str(at), at.origin, key),))


def open_checkpoint(
    data: bytes, log: Verifier, witnesses: Iterable[Verifier] = (), origin: str | None = None
) -> tuple[Checkpoint, tuple[Signed, ...]]:
    """Return a checkpoint that its log signed, and those of the witnesses who cosigned it.

    Args:
        data: the note.
        log: its log's key.
        witnesses: keys of those whose cosignatures matter.
        origin: what the log is called, where its key has another name.

    Raises:
        MalformedInput: it is none.
        UntrustedStatement: the log did not sign it, or one of the signatures does not fit; or it is another log's.
    """
    note = notes.read_note(data)
    signed = notes.verify(note, (log, *witnesses))
    if all(each.verifier != log for each in signed):
        raise UntrustedStatement("the checkpoint is not signed by its log")
    at = parse(note.text)
    if at.origin != (origin or log.name):
        raise UntrustedStatement(f"the checkpoint is of {at.origin!r}, not of {origin or log.name!r}")
    return at, tuple(each for each in signed if each.verifier != log)
