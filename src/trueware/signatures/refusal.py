"""Why a signature does not hold: what the checks of this package raise, and the scheme turns into an answer."""

from collections.abc import Iterable
from typing import Never

from trueware.model.signature import Outcome


class Refusal(Exception):
    """A signature that is not valid: broken, stripped or not checkable, with the sentence for people."""

    def __init__(
        self, outcome: Outcome, detail: str, altered: tuple[str, ...] = (), added: tuple[str, ...] = ()
    ) -> None:
        super().__init__(detail)
        self.outcome, self.detail = outcome, detail
        self.altered, self.added = altered, added
        """See `trueware.model.signature.Signature`."""


def broken(detail: str, altered: Iterable[str] = (), added: Iterable[str] = ()) -> Never:
    """Raise: the bytes are not those that were signed; `altered`, `added`: paths of the parts of which it can be told."""
    raise Refusal(Outcome.BROKEN, detail, tuple(altered), tuple(added))


def stripped(detail: str) -> Never:
    """Raise: something that is signed says that there must be another signature."""
    raise Refusal(Outcome.STRIPPED, detail)


def uncheckable(detail: str) -> Never:
    """Raise: it cannot be told."""
    raise Refusal(Outcome.UNCHECKABLE, detail)
