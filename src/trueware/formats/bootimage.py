"""What Android's boot and vendor boot images share: sections that each begin on a new page, and packed version numbers."""

from dataclasses import dataclass

from trueware.errors import UnsupportedInput
from trueware.formats.contract import Entry, Held, Reading
from trueware.model.part import Kind

_PAGES = range(2048, (1 << 18) + 1)


def check_page(page: int, at: int, format: str) -> None:  # noqa: A002 (the domain's noun)
    """Make sure that a page has a size that boot loaders know.

    Raises:
        UnsupportedInput: it has another.
    """
    if page not in _PAGES or page & (page - 1):
        raise UnsupportedInput(format, at, f"pages of {page} bytes")


@dataclass(slots=True)
class Pages:
    """Takes the sections of an image one after the other."""

    view: memoryview
    page: int
    reading: Reading
    at: int
    """Where the next section begins."""

    def take(self, name: str, size: int) -> Entry:
        """Return the section of `size` bytes that begins here; the next one begins on a new page behind it."""
        data = self.view[self.at : self.at + size]
        if len(data) < size:
            detail = f"{len(data)} of {size} bytes of the {name} are there"
            self.reading.note_anomaly("truncated", detail, len(self.view), name)
        entry = Entry(name, Kind.REGION, Held(data), len(data), offset=self.at if len(data) else None)
        self.at += -(-size // self.page) * self.page
        return entry


def tell_versions(reading: Reading, packed: int) -> None:
    """Put the version of the system (7 bits a number) and its patch level (year from 2000, 4 bits of month) into facts."""
    version, level = packed >> 11, packed & 0x7FF
    reading.facts["os-version"] = f"{version >> 14}.{version >> 7 & 0x7F}.{version & 0x7F}"
    reading.facts["patch-level"] = f"{2000 + (level >> 4)}-{level & 0xF:02}"
