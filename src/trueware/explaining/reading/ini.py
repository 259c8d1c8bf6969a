"""INI-like files: ``[section]`` lines and ``name = value`` lines, sections that repeat kept apart.

Names of sections and keys are compared without regard to case, as nearly all readers of such files do. A line that is neither is
passed over, since readers pass over it. Values keep what looks like a comment behind them: programs do not agree on that; nor do they
on whether a line that begins with a blank belongs to the value above it (yum.conf(5), systemd.syntax(7) have other signs for that).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from trueware.explaining.reading.lines import meaningful_lines


@dataclass(slots=True)
class Section:
    """One section, or what stands before the first one."""

    name: str
    """In lower case; empty before the first section."""

    line: int
    values: dict[str, str] = field(default_factory=dict)
    """By key in lower case; of a key that repeats, the last value."""

    every: dict[str, list[str]] = field(default_factory=dict)
    """By key in lower case, the values of all its lines."""

    def get(self, *keys: str) -> str:
        """Return the value of the first of these keys that is not empty, else nothing."""
        return next((value for key in keys if (value := self.values.get(key, ""))), "")


def sections(data: bytes, comments: tuple[str, ...] = ("#", ";"), *, indented: bool = False) -> Iterator[Section]:
    """Yield the sections of a file in order.

    Args:
        data: the file.
        comments: what a comment begins with.
        indented: whether a line that begins with a blank is one more value of the key above it.
    """
    section, key = Section("", 0), ""
    continuing = _continuing(data) if indented else frozenset()
    for line in meaningful_lines(data, comments):
        if key and line.number in continuing:
            section.every[key].append(line.text)
            continue
        if line.text.startswith("[") and "]" in line.text:
            if section.name or section.values:
                yield section
            section, key = Section(line.text[1:].partition("]")[0].strip().lower(), line.number), ""
            continue
        name, equals, value = line.text.partition("=")
        key = name.strip().lower() if equals else ""
        if key:
            section.values[key] = value.strip()
            section.every.setdefault(key, []).append(value.strip())
    if section.name or section.values:
        yield section


def _continuing(data: bytes) -> frozenset[int]:
    rows = enumerate(data.split(b"\n"), 1)
    return frozenset(number for number, row in rows if row[:1] in {b" ", b"\t"})
