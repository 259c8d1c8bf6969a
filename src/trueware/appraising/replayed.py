"""Values of PCRs that were quoted and not sent: what the logs replay to, if that is what is signed (RFC 9684, unsigned-pcr-values).

Most registers have the value that the boot log leads to, those that it does not extend the one with which they begin. PCR 10 goes on
with the list of files, which may be longer than the quote: each moment of it is tried. Values are proved by the digest in the quote
like those that are sent; where no moment has that digest, there are none.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from trueware.attestation.event_log.reading import read
from trueware.attestation.event_log.replaying import replay
from trueware.attestation.ima.entries import Entry, entries
from trueware.attestation.recognise import Kind, Piece
from trueware.attestation.tpm.algorithms import SIZES, digest
from trueware.attestation.tpm.attest import Attest
from trueware.attestation.tpm.pcrs import PcrValues, joined
from trueware.errors import InputError

MAX_MOMENTS = 100_000
"""Entries of a list of files after which is looked whether the quote was made then."""

_FILES = 10
_DYNAMIC = range(17, 23)


def replayed(
    quote: Attest, hash_name: str, sent: PcrValues, pieces: Mapping[Kind, Sequence[Piece]]
) -> PcrValues | None:
    """Return all values that a quote selects, sent or replayed; None: they are not what is signed.

    Args:
        quote: whose signature was verified.
        hash_name: of its digest.
        sent: values that were sent, some or none.
        pieces: with the logs, the first of each kind.
    """
    banks: dict[str, dict[int, bytes]] = {}
    for bank, indices in quote.selection:
        known = {**_booted(bank, pieces), **sent.banks.get(bank, {})}
        begun = {index: known.get(index, _initial(bank, index)) for index in indices}
        banks.setdefault(bank, {}).update(begun)
    running = [bank for bank, values in banks.items() if _FILES in values and _FILES not in sent.banks.get(bank, {})]
    for _ in _moments(banks, running, pieces):
        if digest(hash_name, joined(banks, quote.selection)) == quote.pcr_digest:
            return PcrValues(banks)
    return None


def _moments(
    banks: Mapping[str, dict[int, bytes]], running: Sequence[str], pieces: Mapping[Kind, Sequence[Piece]]
) -> Iterator[None]:
    """Have PCR 10 of some banks run through the list of files: before the first entry, and after each."""
    yield
    lists = pieces.get(Kind.IMA_BINARY, ())
    if not lists or not running:
        return
    for entry in islice(entries(lists[0].data), MAX_MOMENTS):
        if entry.pcr != _FILES:
            continue
        for bank in running:
            banks[bank][_FILES] = digest(bank, banks[bank][_FILES] + _measured(bank, entry))
        yield


def _measured(bank: str, entry: Entry) -> bytes:
    return b"\xff" * SIZES[bank] if entry.is_violation else digest(bank, entry.data)


def _booted(bank: str, pieces: Mapping[Kind, Sequence[Piece]]) -> dict[int, bytes]:
    logs = pieces.get(Kind.EVENT_LOG, ())
    try:
        return replay(read(logs[0].data), bank) if logs else {}
    except InputError:  # told where the log is verified
        return {}


def _initial(bank: str, index: int) -> bytes:
    return (b"\xff" if index in _DYNAMIC else b"\0") * SIZES[bank]
