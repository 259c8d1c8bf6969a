"""The keys at hand that may have made a signature which does not say whose it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from trueware.model.signature import Signer
from trueware.signatures.certificate import Certificate
from trueware.signatures.contract import Context
from trueware.signatures.refusal import Refusal
from trueware.signatures.x509 import certificate_ids, name_of, spki_id

_MOST_KEYS = 256


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key that may have signed."""

    spki: bytes
    signer: Signer


def candidates(context: Context) -> list[Candidate]:
    """Return the keys at hand, as many as are tried."""
    return list(islice(_candidates(context), _MOST_KEYS))


def _candidates(context: Context) -> Iterator[Candidate]:
    for key in context.keyring.of_kind("x509"):
        try:
            spki = Certificate.parse(key.data).spki
        except Refusal:
            continue
        yield Candidate(spki, Signer(certificate_ids(key.data), name_of(key.data) or key.name, (key.data,)))
    for key in context.keyring.of_kind("spki"):
        yield Candidate(key.data, Signer((spki_id(key.data),), key.name))
