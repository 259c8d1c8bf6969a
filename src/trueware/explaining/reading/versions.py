"""The order of version numbers of packages.

Debian Policy §5.6.12: an epoch before a colon, the upstream version, a revision behind the last hyphen; each is compared in turns
of letters (a tilde before everything, even the end; letters before other characters) and numbers. opkg does the same; apk-tools'
versions without suffixes are ordered alike.
"""

from itertools import zip_longest

from trueware.explaining.patterns import regex

_TURNS = regex(r"(\D*)(\d*)")
_LONGEST = 256
_END = ("", "")


def compare_versions(one: str, other: str) -> int:
    """Return less than, equal to or greater than 0 as `one` is earlier than, the same as or later than `other`.

    >>> [compare_versions("1.9", other) for other in ("1.10", "1.9", "1.9~rc1", "0:1.9-0")]
    [-1, 0, 1, 0]
    """
    left, right = _split(one[:_LONGEST]), _split(other[:_LONGEST])
    if left[0] != right[0]:
        return -1 if left[0] < right[0] else 1
    return _compare(left[1], right[1]) or _compare(left[2], right[2])


def _split(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdecimal():
        epoch, rest = "0", version
    upstream, hyphen, revision = rest.rpartition("-")
    return int(epoch), upstream if hyphen else rest, revision if hyphen else ""


def _compare(one: str, other: str) -> int:
    for (words, digits), (other_words, other_digits) in zip_longest(
        _TURNS.findall(one), _TURNS.findall(other), fillvalue=_END
    ):
        here = [_rank(char) for char in words] + [0]
        there = [_rank(char) for char in other_words] + [0]
        if here != there:
            return -1 if here < there else 1
        number, other_number = int(digits or 0), int(other_digits or 0)
        if number != other_number:
            return -1 if number < other_number else 1
    return 0


def _rank(char: str) -> int:
    """The order of characters that are no digits: tilde, end (0), letters, all others."""
    if char == "~":
        return -1
    return ord(char) if char.isascii() and char.isalpha() else ord(char) + 256
