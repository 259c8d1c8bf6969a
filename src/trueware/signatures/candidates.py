"""The keys at hand that may have made a signature which does not say whose it is."""

from collections.abc import Iterator
from dataclasses import dataclass

from trueware.model.signature import Signer
from trueware.signatures.apk.certificate import Certificate
from trueware.signatures.apk.refusal import Refusal
from trueware.signatures.contract import Context
from trueware.signatures.x509 import certificate_ids, name_of, spki_id

_MOST_KEYS = 256


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key that may have signed."""

    spki: bytes
    signer: Signer


def candidates(context: Context, hint: str = "") -> list[Candidate]:
    """Return the keys at hand, those of the name that a signature hints at first."""
    return sorted(_candidates(context), key=lambda each: each.signer.name not in (hint, f"CN={hint}"))[:_MOST_KEYS]


def _candidates(context: Context) -> Iterator[Candidate]:
    for key in context.keyring.of_kind("x509"):
        try:
            spki = Certificate.parse(key.data).spki
        except Refusal:
            continue
        yield Candidate(spki, Signer(certificate_ids(key.data), name_of(key.data) or key.name, (key.data,)))
    for key in context.keyring.of_kind("spki"):
        yield Candidate(key.data, Signer((spki_id(key.data),), key.name))
