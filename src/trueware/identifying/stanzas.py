"""Stanzas of fields, as Debian's indexes and package databases have them (deb822(5); Debian Policy §5.1): read as they stream.

``Name: value`` on a line, continued by lines that begin with a blank; stanzas end at an empty line. Names have no case. The first of
two fields of one name counts. Continuation lines are kept only of the fields that are asked for: descriptions are most of an index.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

MAX_LINE = 16 * 1024
"""Characters; the longest line of Debian's Packages (Depends of a metapackage) has some 10,000. A longer one says nothing."""

MAX_FIELDS = 200
"""Fields of one stanza that are read; a package has some thirty."""

MAX_CONTINUED = 1 << 24
"""Characters of continued lines of one field; the list of digests of Debian's InRelease has 150,000."""


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a text that comes in pieces, without their ends; undecodable bytes as lone surrogates.

    Of a line beyond `MAX_LINE` that goes over several pieces only its beginning is given, longer than `MAX_LINE`.
    """
    rest = b""
    for chunk in chunks:
        *whole, last = chunk.split(b"\n")
        if not whole:
            if len(rest) <= MAX_LINE:
                rest += last[: MAX_LINE + 1]
            continue
        yield _line(rest + whole[0])
        for line in whole[1:]:
            yield _line(line)
        rest = last
    if rest:
        yield _line(rest)


def _line(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "surrogateescape")


def stanzas(lines: Iterable[str], continued: Collection[str] = ()) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the number of the first line (from 1) and the fields of each stanza, by their names in lower case.

    Args:
        lines: without their ends.
        continued: the fields, in lower case, whose continuation lines are kept: with line ends between.
    """
    stanza = _Stanza(continued)
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            if stanza.lines:
                yield stanza.start, stanza.fields()
            stanza = _Stanza(continued)
        else:
            stanza.add(number, line)
    if stanza.lines:
        yield stanza.start, stanza.fields()


class _Stanza:
    """The stanza that is being read."""

    __slots__ = ("_continued", "_field", "_length", "lines", "start")

    def __init__(self, continued: Collection[str]) -> None:
        self.start = 0
        self.lines: dict[str, list[str]] = {}
        self._continued, self._field, self._length = continued, "", 0

    def add(self, number: int, line: str) -> None:
        if line[0] in " \t":
            self._length += len(line)
            if self._field in self._continued and self._length <= MAX_CONTINUED:
                self.lines[self._field].append(line)
        elif line[0] != "#":
            name, colon, value = line.partition(":")
            self._field, self._length = "", 0
            name = name.casefold()
            if colon and len(line) <= MAX_LINE and name not in self.lines and len(self.lines) < MAX_FIELDS:
                self.start = self.start or number
                self._field, self.lines[name] = name, [value.strip(" \t")]

    def fields(self) -> dict[str, str]:
        return {name: lines[0] if len(lines) == 1 else "\n".join(lines) for name, lines in self.lines.items()}
