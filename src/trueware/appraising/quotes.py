"""Quotes among pieces of evidence: which signature, values and key belong to which quote, and what they prove together.

A piece belongs to a quote that has its name but for the ending (``quote.msg``, ``quote.sig``, ``quote.pcrs``), or where there is but
one of each. Keys have names of their own: each that can sign is tried.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trueware.appraising.replayed import replayed
from trueware.attestation.recognise import Kind, Piece
from trueware.attestation.tpm.attest import parse_quote
from trueware.attestation.tpm.checks import QUOTE_PCR_DIGEST, QUOTE_SIGNATURE
from trueware.attestation.tpm.pcrs import PcrValues, parse_pcr_file
from trueware.attestation.tpm.public import Attributes
from trueware.attestation.tpm.quote import Quoted, verify_quote
from trueware.attestation.tpm.quote_key import QuoteKey, load_quote_key
from trueware.attestation.tpm.signature import parse_signature
from trueware.errors import EvidenceRefused
from trueware.model.check import Check

MAX_QUOTES = 16
MAX_KEYS = 32


@dataclass(frozen=True, slots=True)
class ProvedQuote:
    """A quote that holds."""

    name: str
    quoted: Quoted
    key: QuoteKey


@dataclass(frozen=True, slots=True)
class Quotes:
    """What the quotes among the pieces prove."""

    proved: tuple[ProvedQuote, ...]
    """The one first that covers most PCRs."""

    keyless: tuple[Check, ...]
    """Those whose key was not sent; they prove nothing, and take nothing from the others."""


def prove_quotes(pieces: Mapping[Kind, Sequence[Piece]], nonce: bytes | None) -> Quotes:
    """Return what the quotes among the pieces prove.

    Args:
        pieces: by what they are taken for.
        nonce: the challenge; None: none was sent.

    Raises:
        EvidenceRefused: one of them must not be believed; the reason is that of the key that fits best.
        MalformedInput: a piece is not laid out as it must be.
    """
    attests = pieces.get(Kind.TPM_ATTEST, ())[:MAX_QUOTES]
    keys = _keys(pieces.get(Kind.TPM_PUBLIC, ()))
    proved, keyless = [], []
    for each in attests:
        found = _prove(each, pieces, keys, nonce)
        if isinstance(found, ProvedQuote):
            proved.append(found)
        else:
            keyless.append(found)
    if keyless and not proved:
        raise EvidenceRefused(QUOTE_SIGNATURE.id, keyless[0].detail, keyless[0].place)
    proved.sort(key=lambda each: -sum(map(len, each.quoted.values.values())))
    return Quotes(tuple(proved), tuple(keyless))


def _prove(
    attest: Piece, pieces: Mapping[Kind, Sequence[Piece]], keys: Sequence[tuple[Piece, QuoteKey]], nonce: bytes | None
) -> ProvedQuote | Check:
    """Return what a quote proves; or, where no key that was sent signs as it is signed, that it proves nothing."""
    signature = _beside(attest, pieces.get(Kind.TPM_SIGNATURE, ()))
    if signature is None:
        raise EvidenceRefused(QUOTE_SIGNATURE.id, "no signature was sent with it", attest.name)
    values = _beside(attest, pieces.get(Kind.PCR_VALUES, ()))
    pcrs = parse_pcr_file(values.data) if values is not None else PcrValues({})
    if not keys:
        raise EvidenceRefused(QUOTE_SIGNATURE.id, "no attestation key was sent with it", attest.name)
    data = _bare(attest.data)
    parsed = parse_signature(_bare(signature.data))
    scheme = parsed.scheme
    fitting = [key for _, key in keys if key.public is None or key.public.scheme in ("", scheme)]
    if not fitting:
        detail = f"it is signed by {scheme}, and the key for that was not sent"
        return QUOTE_SIGNATURE.not_shown(detail, attest.name, expected_gap=True)
    refusals: list[EvidenceRefused] = []
    for key in fitting:
        try:
            return ProvedQuote(attest.name, verify_quote(data, parsed, key, nonce, pcrs), key)
        except EvidenceRefused as refusal:
            found = _replayed(refusal, data, parsed.hash, pcrs, pieces)
            if found is not None:
                return ProvedQuote(attest.name, verify_quote(data, parsed, key, nonce, found), key)
            refusals.append(refusal)
    # the one that got furthest: a key that does not fit tells nothing where another one does
    best = min(refusals, key=lambda each: each.rule == QUOTE_SIGNATURE.id)
    raise EvidenceRefused(best.rule, best.reason, attest.name)


def _replayed(
    refusal: EvidenceRefused, data: bytes, hash_name: str, sent: PcrValues, pieces: Mapping[Kind, Sequence[Piece]]
) -> PcrValues | None:
    """Return the values of a quote of which nothing but values was missing, if the logs have them."""
    if refusal.rule != QUOTE_PCR_DIGEST.id:
        return None
    quote = parse_quote(data)
    if all(index in sent.banks.get(bank, {}) for bank, indices in quote.selection for index in indices):
        return None
    return replayed(quote, hash_name, sent, pieces)


def _keys(publics: Iterable[Piece]) -> list[tuple[Piece, QuoteKey]]:
    """Return the keys that can sign; those that only decrypt are endorsement and storage keys."""
    loaded: list[tuple[Piece, QuoteKey]] = []
    for piece in list(publics)[:MAX_KEYS]:
        key = load_quote_key(piece.data)
        if key.public is None or key.public.attributes & Attributes.SIGN:
            loaded.append((piece, key))
    return loaded


def _beside(piece: Piece, others: Sequence[Piece]) -> Piece | None:
    same = [each for each in others if each.stem == piece.stem]
    if same:
        return same[0]
    return others[0] if len(others) == 1 else None


def _bare(data: bytes) -> bytes:
    """Return a structure without the length that TPM2B puts before it."""
    if len(data) > 2 and int.from_bytes(data[:2], "big") == len(data) - 2:
        return data[2:]
    return data
