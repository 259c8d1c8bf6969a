"""Entries of transparency logs (Rekor 1 and 2): that a signature was made public, and when.

1. The entry is in the log: its leaf hash, with the hashes of the proof, gives the root of the tree. RFC 9162 §2.1.3.2 (`tlog.merkle`)
2. The log signed that root, in a checkpoint: a note with its origin, the size and the root. C2SP tlog-checkpoint, signed-note
(`tlog.checkpoint`, `tlog.note`); its key is that of the trusted root, of any kind, and the key's id is that of the log.
3. A signed entry timestamp, where there is one, is the log's promise: over body, time, id and index as canonical JSON. Only by it
the time of an entry counts.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.model.signature import Outcome
from trueware.signatures import json_text
from trueware.signatures.public_key import signs
from trueware.signatures.refusal import Refusal, uncheckable
from trueware.signatures.sigstore.root import Log, Root, Span
from trueware.tlog import checkpoint
from trueware.tlog.merkle import leaf_hash, verify_inclusion
from trueware.tlog.note import read_note

_LARGEST_CHECKPOINT = 1 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that was verified."""

    kind: str
    version: str
    body: Any
    at: int | None
    """When the log took it, where the log says so and signed that."""

    span: Span
    """When the log counts."""


def read_entry(value: Any, root: Root, *, needs_proof: bool) -> Entry:
    """Verify an entry of a bundle.

    Args:
        value: TransparencyLogEntry.
        root: whose logs count.
        needs_proof: whether a promise alone is too little (bundles from version 0.2 on).

    Raises:
        Refusal: it is not in a log that counts, as far as it can be told.
    """
    body = json_text.octets(value, "canonicalizedBody")
    log = root.log(json_text.octets(value, "logId", "keyId"))
    if log is None:
        uncheckable("it is in a log that is not known")
    promise = json_text.at(value, "inclusionPromise")
    proof = json_text.at(value, "inclusionProof")
    if proof is None and (needs_proof or promise is None):
        uncheckable("it has no proof that it is in a log")
    if proof is not None:
        _prove(body, proof, log)
    at = None
    if promise is not None:  # 3
        at = json_text.number(value, "integratedTime")
        stated = {
            "body": b64encode(body).decode(),
            "integratedTime": at,
            "logID": log.id.hex(),
            "logIndex": json_text.number(value, "logIndex"),
        }
        canonical = json.dumps(stated, sort_keys=True, separators=(",", ":")).encode()
        if not signs(log.spki, json_text.octets(promise, "signedEntryTimestamp"), canonical):
            uncheckable("the log did not sign the time of the entry")
        if at not in log.span:
            uncheckable("the log did not count when it took the entry")
    kind, version = (json_text.text(value, "kindVersion", name) for name in ("kind", "version"))
    parsed = json_text.parse(body)
    if (json_text.at(parsed, "kind"), json_text.at(parsed, "apiVersion")) != (kind, version):
        uncheckable("an entry of another kind than it is said to be")
    return Entry(kind, version, parsed, at, log.span)


def _prove(body: bytes, proof: Any, log: Log) -> None:
    size, index = json_text.number(proof, "treeSize"), json_text.number(proof, "logIndex")
    each = json_text.items(proof, "hashes")
    hashes = [json_text.octets({"hash": one}, "hash") for one in each]
    root = json_text.octets(proof, "rootHash")
    try:
        verify_inclusion(leaf_hash(body), index, size, hashes, root)  # 1
    except UntrustedStatement:
        uncheckable("the proof that it is in the log does not hold")
    note = json_text.text(proof, "checkpoint", "envelope")
    if read_checkpoint(note, log) != (size, root):  # 2
        uncheckable("the log signed another tree")


def read_checkpoint(note: str, log: Log) -> tuple[int, bytes]:
    """Return size and root of a tree that the log signed.

    Raises:
        Refusal: it did not, or the note is malformed.
    """
    if len(note) > _LARGEST_CHECKPOINT:
        uncheckable("a checkpoint is malformed")
    try:
        read = read_note(note.encode("utf-8", "surrogatepass"))
        at = checkpoint.parse(read.text)
    except MalformedInput:
        uncheckable("a checkpoint is malformed")
    name = at.origin.partition(" - ")[0]  # Rekor 1 puts the number of its tree behind
    for line in read.signatures:
        if (line.name, line.id) == (name, log.id[:4]) and _fits(log, line.value, read.text.encode()):
            return at.size, at.root
    raise Refusal(Outcome.UNCHECKABLE, "the log did not sign the checkpoint")


def _fits(log: Log, signature: bytes, text: bytes) -> bool:
    try:
        return signs(log.spki, signature, text)
    except Refusal:
        return False
