"""Filler of flash images: runs of one byte, FF as flash is when erased, or 00 as what voids it."""

import re

RUN = re.compile(rb"\xff+|\0+")
"""A run of filler."""


def is_filler(view: memoryview, start: int, end: int) -> bool:
    """Tell whether ``[start, end)`` is a run of filler, or nothing."""
    return start >= end or RUN.fullmatch(view, start, end) is not None
