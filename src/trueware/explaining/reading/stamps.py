"""Finds what a build stamps on what it makes: dates and times of day in texts, build ids. Two builds of one source differ by them.

Dates as C's ``__DATE__`` and ``__TIME__`` (ISO/IEC 9899 §6.10.8), date(1) and ISO 8601 write them; a kernel's number and time of
build (Linux ``init/version.c``: ``#114 SMP Thu Aug 27 16:41:46 CST 2020``) with all that follows in its text, since the number has
no fixed length; build ids as GNU notes (System V gABI ch. 5, note section; binutils ``--build-id``).
"""

import re
from collections.abc import Iterator
from itertools import chain

from trueware.explaining.patterns import regex

_DAYS = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_DATES = (
    re.compile(rb"[JFMASOND][aepuco][nbrylgptvc] [ 0-3]?\d(?:,? (?:19|20)\d\d)?(?![\w:])"),
    re.compile(rb"[012]\d:[0-5]\d:[0-5]\d(?![\d:])(?: (?:[A-Z]{3,4} )?(?:19|20)\d\d)?"),
    re.compile(rb"20\d\d[-/.][01]\d[-/.][0-3]\d(?!\d)"),
    re.compile(
        rb"#\d{1,6}(?:-\w{1,40})? (?:(?:SMP|PREEMPT|PREEMPT_\w{2,8}|rt) )*" + _DAYS + rb" [ -~]{10,80}\n?\0{0,64}"
    ),
)
"""Each begins with few letters, which is found fast."""

_WEEKDAYS = frozenset((b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "))
_NO_DATE_AFTER = frozenset(b"0123456789:")
_BUILD_ID = regex(
    rb"(?:\x04\0\0\0([\x08-\x40])\0\0\0\x03\0\0\0|\0\0\0\x04\0\0\0([\x08-\x40])\0\0\0\x03)GNU\0", re.DOTALL
)


def find_dates(data: bytes | memoryview, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where in ``[start, end)`` dates and times of day begin and end."""
    for match in chain.from_iterable(each.finditer(data, start, end) for each in _DATES):
        first = match.start()
        if first == 0 or data[first - 1] not in _NO_DATE_AFTER:
            yield first - 4 * (bytes(data[max(0, first - 4) : first]) in _WEEKDAYS), match.end()


def find_build_ids(data: bytes | bytearray | memoryview, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where in ``[start, end)`` build ids begin and end."""
    for match in _BUILD_ID.finditer(data, start, end):
        yield match.end(), min(match.end() + (match[1] or match[2])[0], end)


def without_stamps(data: bytes) -> bytes:
    """Return bytes of the same length with all stamps blank, those of any offset and kind."""
    clean = bytearray(data)
    for start, end in chain(find_dates(data, 0, len(data)), find_build_ids(data, 0, len(data))):
        clean[start:end] = bytes(end - start)
    return bytes(clean)
