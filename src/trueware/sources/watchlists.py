"""Watch lists from files: indicators of known malicious software, and YARA rules."""

import os
from collections.abc import Iterable

from trueware.errors import InputError, SourceError
from trueware.explaining.reading.indicator_lists import read_indicators
from trueware.model.watchlists import Indicator, Indicators, Watchlists

_LARGEST = 1 << 26
"""Bytes of a list."""


def load_watchlists(indicators: Iterable[str] = (), yara: Iterable[str] = ()) -> Watchlists:
    """Return what to look for.

    Args:
        indicators: files of indicators, see `trueware.explaining.reading.indicator_lists`.
        yara: files of YARA rules, or folders with some.

    Raises:
        SourceError: one cannot be read, or is none.
    """
    found: list[Indicator] = []
    for path in indicators:
        found += _read(path)
    rules = tuple(yara)
    if not rules:
        return Watchlists(Indicators(found))
    from trueware.sources.yara_rules import load_yara_rules  # noqa: PLC0415 (an extra of the package)

    return Watchlists(Indicators(found), load_yara_rules(rules))


def _read(path: str) -> tuple[Indicator, ...]:
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise SourceError(f"cannot read {path!r}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise SourceError(f"{path!r} is too large for a list: at most {_LARGEST} bytes are expected")
    try:
        return read_indicators(data, os.path.basename(path)).indicators
    except InputError as error:
        raise SourceError(f"{path!r} is no list of indicators") from error
