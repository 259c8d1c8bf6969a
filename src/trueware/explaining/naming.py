"""Names a few of many things in one phrase, or says how many they are."""

from collections.abc import Iterable

from trueware.explaining.reading.lines import excerpt

_NAMED = 4


def listing(names: Iterable[str], most: int = _NAMED) -> str:
    """Return the first names, and how many more there are, ready to be shown."""
    known = list(names)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return excerpt(", ".join(known[:most])) + more


def counted(count: int, thing: str) -> str:
    """Return a number of things: ``1 byte``, ``2 bytes``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
