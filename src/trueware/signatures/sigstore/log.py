"""Entries of transparency logs (Rekor 1 and 2): that a signature was made public, and when.

1. The entry is in the log: its leaf hash, with the hashes of the proof, gives the root of the tree. RFC 9162 §2.1.3.2
2. The log signed that root, in a checkpoint: a note with its origin, the size and the root. C2SP tlog-checkpoint, signed-note
3. A signed entry timestamp, where there is one, is the log's promise: over body, time, id and index as canonical JSON. Only by it
the time of an entry counts.
"""

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from trueware.model.signature import Outcome
from trueware.signatures import json_text
from trueware.signatures.public_key import signs
from trueware.signatures.refusal import Refusal, uncheckable
from trueware.signatures.sigstore.root import Log, Root, Span

_NODE, _LEAF = b"\1", b"\0"
_LARGEST_CHECKPOINT, _MOST_LINES = 1 << 16, 64
_NOTE = re.compile(r"\u2014 (\S+) ([A-Za-z0-9+/=]+)")


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
    found = root_of(sha256(_LEAF + body).digest(), index, size, hashes)
    if found is None or found != json_text.octets(proof, "rootHash"):  # 1
        uncheckable("the proof that it is in the log does not hold")
    note = json_text.text(proof, "checkpoint", "envelope")
    if read_checkpoint(note, log) != (size, found):  # 2
        uncheckable("the log signed another tree")


def root_of(leaf: bytes, index: int, size: int, hashes: list[bytes]) -> bytes | None:
    """Return the root of a tree that a leaf is in by the hashes of a proof, None where there are too few or too many."""
    if index >= size:
        return None
    number, last, found = index, size - 1, leaf
    for each in hashes:
        if last == 0 or len(each) != 32:
            return None
        if number & 1 or number == last:
            found = sha256(_NODE + each + found).digest()
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = sha256(_NODE + found + each).digest()
        number, last = number >> 1, last >> 1
    return found if last == 0 else None


def read_checkpoint(note: str, log: Log) -> tuple[int, bytes]:
    """Return size and root of a tree that the log signed.

    Raises:
        Refusal: it did not, or the note is malformed.
    """
    text, separator, signatures = note.partition("\n\n")
    lines = text.split("\n")
    if len(note) > _LARGEST_CHECKPOINT or not separator or len(lines) < 3 or not signatures.endswith("\n"):
        uncheckable("a checkpoint is malformed")
    name = lines[0].partition(" - ")[0]
    for line in signatures.split("\n")[:_MOST_LINES]:
        found = _NOTE.fullmatch(line)
        if found is None or found[1] != name:
            continue
        made = json_text.octets({"note": found[2]}, "note")
        if made[:4] != log.id[:4]:
            continue
        try:
            if not signs(log.spki, made[4:], f"{text}\n".encode("utf-8", "surrogatepass")):
                continue
        except Refusal:
            continue
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
            uncheckable("a checkpoint without a size")
        return int(lines[1]), json_text.octets({"root": lines[2]}, "root")
    raise Refusal(Outcome.UNCHECKABLE, "the log did not sign the checkpoint")
