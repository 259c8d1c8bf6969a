"""What was answered about a signed thing, beside what is known of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from trueware.model.signature import Outcome, Signature
from trueware.signatures import SCHEMES


class Word(Enum):
    """How an answer stands to what is known."""

    RIGHT = "right"
    UNPROVED = "right, as not checkable"
    """It has to be refused, and nothing was called valid, but nothing was proved broken either."""

    FALSE_ACCEPT = "false accept"
    FALSE_REJECT = "false reject"
    NOT_CHECKABLE = "not checkable"
    """It is genuine, and that could not be told; nothing was accused."""

    NO_SCHEME = "no scheme yet"


@dataclass(frozen=True, slots=True)
class Answer:
    """One case."""

    scheme: str
    """What is asked."""

    folder: str
    """Where the case is from."""

    name: str
    word: Word
    why: str = ""
    """Where it is not right."""

    group: str = ""
    """Kind of alteration, or range of versions."""


def has_scheme(name: str) -> bool:
    """Tell whether there is a scheme of a name, or one that begins with it."""
    return any(where.load().name.startswith(name) for where in SCHEMES)


def is_accepted(signatures: Iterable[Signature]) -> bool:
    """Tell whether something is validly signed and nothing contradicts it."""
    outcomes = {each.outcome for each in signatures}
    return Outcome.VALID in outcomes and not outcomes & {Outcome.BROKEN, Outcome.STRIPPED}


def judge(signatures: Iterable[Signature], *, genuine: bool) -> tuple[Word, str]:
    """Return how what was found stands to whether it is genuine, and why it is not right."""
    found = list(signatures)
    outcomes = {each.outcome for each in found}
    if not genuine:
        if is_accepted(found):
            return Word.FALSE_ACCEPT, _details(found, Outcome.VALID)
        proved = not found or outcomes & {Outcome.BROKEN, Outcome.STRIPPED}
        return (Word.RIGHT, "") if proved else (Word.UNPROVED, _details(found, Outcome.UNCHECKABLE))
    if outcomes == {Outcome.VALID}:
        return Word.RIGHT, ""
    if outcomes & {Outcome.BROKEN, Outcome.STRIPPED}:
        return Word.FALSE_REJECT, _details(found, Outcome.BROKEN, Outcome.STRIPPED)
    if not found:
        return Word.FALSE_REJECT, "no signature was found"
    return Word.NOT_CHECKABLE, _details(found, Outcome.UNCHECKABLE)


def judge_unsigned(signatures: Iterable[Signature]) -> tuple[Word, str]:
    """Return how what was found stands to there being no signature at all: even a broken one is too many."""
    found = list(signatures)
    if not found:
        return Word.RIGHT, ""
    return judge(found, genuine=False) if is_accepted(found) else (Word.FALSE_REJECT, _details(found, *Outcome))


def _details(signatures: Iterable[Signature], *outcomes: Outcome) -> str:
    return "; ".join(dict.fromkeys(each.detail for each in signatures if each.outcome in outcomes))
