"""Names a few of many things in one phrase."""

from collections.abc import Iterable

from trueware.explaining.reading.lines import excerpt

_NAMED = 4


def listing(names: Iterable[str], most: int = _NAMED) -> str:
    """Return the first names, and how many more there are, ready to be shown."""
    known = list(names)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return excerpt(", ".join(known[:most])) + more
