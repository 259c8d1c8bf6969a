"""The second axis: whether an artefact's very bytes are certified, at a time."""

from collections.abc import Iterable

from trueware.model.certificate import (
    CertificateStatus,
    CertificateView,
    Conformity,
    ConformityResult,
    Standing,
)

_RANK = {
    Conformity.REVOKED: 0,
    Conformity.SUSPENDED: 1,
    Conformity.CERTIFIED: 2,
    Conformity.EXPIRED: 3,
    Conformity.NONE: 4,
}
_STANDING = {Standing.SUSPENDED: Conformity.SUSPENDED, Standing.REVOKED: Conformity.REVOKED}


def judge_certificates(
    words: Iterable[CertificateStatus], now: int, elsewhere: Iterable[CertificateStatus] = ()
) -> ConformityResult:
    """Return what certificates say of an artefact.

    Args:
        words: about its bytes, in the order they were said; the last about a certificate counts.
        now: seconds since 1970.
        elsewhere: about the bytes of the release it was compared with, where those are others.
    """
    views = _views(words, now)
    best = min((each.conformity for each in views), key=_RANK.__getitem__, default=Conformity.NONE)
    return ConformityResult(best, views, _views(elsewhere, now))


def _views(words: Iterable[CertificateStatus], now: int) -> tuple[CertificateView, ...]:
    last = {(word.issuer, word.number): word for word in words}
    return tuple(CertificateView(word, _stands(word, now)) for _, word in sorted(last.items()))


def _stands(word: CertificateStatus, now: int) -> Conformity:
    if word.standing is not Standing.ISSUED:
        return _STANDING[word.standing]
    if word.until is not None and now >= word.until:
        return Conformity.EXPIRED
    if word.since is not None and now < word.since:
        return Conformity.NONE
    return Conformity.CERTIFIED
