r"""Which meaningful lines of a text stand on one side of a change only, with their numbers; order, comments and blanks never differ.

A line ends at LF and nowhere else, since to a device the other characters that Unicode calls line ends are ordinary ones. Bytes
that are no UTF-8 read as ``\xNN``, so that every text can be shown. A line counts as often as it is there: one that a side
repeats is one line more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

EXCERPT = 200
"""Characters of an `excerpt` at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """One meaningful line."""

    number: int
    """From 1; of several that were joined, the first."""

    text: str
    """Without surrounding blanks, and without what follows a comment sign where `meaningful_lines` was told to take that off."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What two texts do not share."""

    removed: tuple[Line, ...]
    """Only in the first, with the numbers they have there."""

    added: tuple[Line, ...]
    """Only in the second, with the numbers they have there."""


def meaningful_lines(
    data: bytes, comments: tuple[str, ...] = ("#",), *, trailing: bool = False, continued: bool = False
) -> Iterator[Line]:
    """Yield the lines that are neither blank nor a comment, in order.

    Args:
        data: the text.
        comments: what a comment begins with. Empty for a text that has none.
        trailing: whether a comment may follow something else on its line, after a blank.
        continued: whether a backslash at the end of a line joins it with the next; that of a comment never does.
    """
    return _meaningful(data.split(b"\n"), 0, comments, trailing=trailing, continued=continued)


def _meaningful(
    rows: Sequence[bytes], first: int, comments: tuple[str, ...], *, trailing: bool, continued: bool
) -> Iterator[Line]:
    """Yield the meaningful lines of the rows from the one at `first` on."""
    index = first
    while index < len(rows):
        number = index + 1
        text = _decoded(rows[index])
        if continued and text.endswith("\\") and not text.lstrip().startswith(comments):
            pieces = [text]
            while pieces[-1].endswith("\\") and index + 1 < len(rows):
                index += 1
                pieces[-1] = pieces[-1][:-1]
                pieces.append(_decoded(rows[index]))
            text = "".join(pieces)
        index += 1
        text = text.strip()
        if trailing:
            text = _without_comment(text, comments)
        if text and not text.startswith(comments):
            yield Line(number, text)


def difference(
    before: bytes, after: bytes, comments: tuple[str, ...] = ("#",), *, trailing: bool = False, continued: bool = False
) -> Difference:
    """Return the meaningful lines that one text has and the other has not, or not as often; arguments as above."""
    rows = before.split(b"\n"), after.split(b"\n")
    first = _first_difference(*rows)
    old, new = (tuple(_meaningful(side, first, comments, trailing=trailing, continued=continued)) for side in rows)
    return Difference(_left_over(old, new), _left_over(new, old))


def _first_difference(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """Return the first row that differs, or the one before it that is continued there: what is above is on both sides."""
    pairs = zip(old, new, strict=False)
    at = next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new)))
    while at and old[at - 1].rstrip(b"\r").endswith(b"\\"):
        at -= 1
    return at


def excerpt(text: str, limit: int = EXCERPT) -> str:
    """Return the text as one line that can be shown: control characters escaped, an end that is too long written ``…``."""
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def listed(items: Iterable[str], most: int = 8) -> str:
    """Return what is listed as one line that can be shown: the first few, and how many more there are."""
    every = tuple(items)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return excerpt(", ".join(every[:most]), EXCERPT - len(more)) + more


def _decoded(row: bytes) -> str:
    return row.removesuffix(b"\r").decode("utf-8", "backslashreplace")


def _without_comment(text: str, comments: tuple[str, ...]) -> str:
    ends = [at for sign in comments for blank in " \t" if (at := text.find(blank + sign)) >= 0]
    return text[: min(ends)].rstrip() if ends else text


def _left_over(these: tuple[Line, ...], others: tuple[Line, ...]) -> tuple[Line, ...]:
    counts: dict[str, int] = {}
    for line in others:
        counts[line.text] = counts.get(line.text, 0) + 1
    kept = []
    for line in these:
        if counts.get(line.text, 0):
            counts[line.text] -= 1
        else:
            kept.append(line)
    return tuple(kept)
