"""Who vouches for a document: what its signatures come to, before anything that it says counts.

1. No signature over it is broken, and none is by a key that must not be believed: one that was taken back, one on the never-trust
   list, one of somebody who may not say this.
2. Where enough keys of an enrolled publisher that may sign this did, it is vouched for by that publisher.
3. Else nobody is known to: what it says is somebody's word, and it is told why no more than that.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.importing.contract import Context
from trueware.importing.places import Place
from trueware.model.claim import Claim
from trueware.model.signature import Judged, Outcome, Signature, Standing
from trueware.signatures.contract import Context as Verification
from trueware.signatures.contract import Keyring

_BARRED = (Standing.NEVER_TRUST, Standing.REVOKED, Standing.NOT_ENTITLED)


@dataclass(frozen=True, slots=True)
class Word:
    """Whose word a document is."""

    publisher: str | None
    """Who is known to have signed it; None where nobody is."""

    told: str
    """For `Reference.source`: ``signed by OpenWrt (usign:…)``, ``not signed``, ``signature not checked: …``."""

    signed_at: int | None = None
    """Seconds since 1970, where a signature that counts says so."""

    def whose(self, context: Context, kind: str) -> str:
        """Return whose software the document is about: the caller's word, else whoever signed it.

        Raises:
            MalformedInput: neither is known.
        """
        publisher = context.publisher or self.publisher
        if publisher is None:
            raise MalformedInput(
                kind, 0, f"it does not say whose software it is about (--publisher), and is {self.told}"
            )
        return publisher


def verification(context: Context) -> Verification:
    """Return what schemes of signatures are given."""
    return Verification(context.keyring or Keyring(), context.now, context.limits)


def signatures_beside(file: Place, endings: Iterable[str], context: Context) -> tuple[Signature, ...]:
    """Return the signatures over a file in files beside it: usign's (``.sig``) and OpenPGP's, checked."""
    from trueware.signatures.openpgp import OpenPgp  # noqa: PLC0415 (start-up time)
    from trueware.signatures.usign import Usign  # noqa: PLC0415 (start-up time)

    signatures: list[Signature] = []
    for ending in endings:
        if (beside := file.beside(file.name + ending)) is not None:
            found = list(OpenPgp.verify(beside, verification(context)))
            found += Usign.verify(beside, verification(context)) if ending == ".sig" else ()
            detail = f"{beside.name} is no signature of a kind that is known"
            signatures += found or [Signature("", beside.path, Outcome.UNCHECKABLE, detail)]
    return tuple(signatures)


def vouched(signatures: Iterable[Signature], claims: Iterable[Claim], context: Context) -> Word:
    """Return who vouches for a document with these signatures over it, which claims this.

    Raises:
        UntrustedStatement: a signature is broken, or made by a key that must not be believed (check 1).
    """
    found, said = tuple(signatures), tuple(claims)
    broken = next((each for each in found if each.outcome in (Outcome.BROKEN, Outcome.STRIPPED)), None)
    if broken is not None:  # 1
        raise UntrustedStatement(f"the signature over it does not hold: {broken.detail}")
    judged = [context.judge(each, said) for each in found] if context.judge is not None else []
    if (barred := next((each for each in judged if each.standing in _BARRED), None)) is not None:
        raise UntrustedStatement(barred.reason)
    entitled = [each for each in judged if each.standing is Standing.ENTITLED]
    for each in entitled:  # 2
        keys = {other.key for other in entitled if other.publisher == each.publisher}
        if len(keys) >= each.threshold:
            return Word(each.publisher, _told(each, len(keys)), each.signature.signed_at)
    return Word(None, _not_known(found, judged, entitled))  # 3


def _told(judged: Judged, keys: int) -> str:
    if keys > 1:
        return f"{judged.reason} with {keys} keys"
    signer = judged.signature.signer
    return f"{judged.reason} ({signer.name or signer.ids[-1]})" if signer is not None else judged.reason


def _not_known(found: tuple[Signature, ...], judged: list[Judged], entitled: list[Judged]) -> str:
    if not found:
        return "not signed"
    if entitled:
        most = max(each.threshold for each in entitled)
        return f"signed by fewer than the {most} keys that {entitled[0].publisher} demands"
    if (valid := next((each for each in judged if each.signature.outcome is Outcome.VALID), None)) is not None:
        return f"signed, by nobody who counts: {valid.reason}"
    return f"signature not checked: {found[0].detail}"
