"""INI-like files: ``[section]`` lines and ``name = value`` lines, sections that repeat kept apart.

Names of sections and keys are compared without regard to case, as nearly all readers of such files do. A line that is neither is
passed over, since readers pass over it. Values keep what looks like a comment behind them: programs do not agree on that.
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

    def get(self, *keys: str) -> str:
        """Return the value of the first of these keys that is not empty, else nothing."""
        return next((value for key in keys if (value := self.values.get(key, ""))), "")


def sections(data: bytes, comments: tuple[str, ...] = ("#", ";")) -> Iterator[Section]:
    """Yield the sections of a file in order."""
    section = Section("", 0)
    for line in meaningful_lines(data, comments):
        if line.text.startswith("[") and "]" in line.text:
            if section.name or section.values:
                yield section
            section = Section(line.text[1:].partition("]")[0].strip().lower(), line.number)
            continue
        key, equals, value = line.text.partition("=")
        if equals and (key := key.strip().lower()):
            section.values[key] = value.strip()
    if section.name or section.values:
        yield section
