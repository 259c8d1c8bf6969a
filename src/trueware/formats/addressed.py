"""Data with addresses, as programmers of flash memories take them: pieces that follow each other are one region."""

from collections.abc import Iterator

from trueware.errors import LimitExceeded
from trueware.formats.contract import Entry, Held, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind


class Memory:
    """A memory being filled, piece by piece; the order of the pieces does not matter unless they overlap."""

    def __init__(self, limits: Limits, prefix: str = "") -> None:
        self._limits, self._prefix = limits, prefix
        self._runs: list[tuple[int, bytearray]] = []
        self._named: dict[str, int] = {}
        self._end = -1

    def write(self, address: int, data: bytes | memoryview) -> None:
        """Put `data` at `address`.

        Raises:
            LimitExceeded: into more places than a container may have entries.
        """
        if address == self._end:
            self._runs[-1][1].extend(data)
        else:
            if len(self._runs) >= self._limits.max_entries:
                raise LimitExceeded("max_entries", self._limits.max_entries, "places of a memory")
            self._runs.append((address, bytearray(data)))
        self._end = address + len(data)

    def regions(self, reading: Reading) -> Iterator[Entry]:
        """Yield what was written as regions called by their address, in its order; report what was written twice."""
        start, whole = 0, bytearray()
        for address, data in sorted(self._runs, key=lambda run: run[0]):
            end = start + len(whole)
            if whole and address == end:
                whole += data
                continue
            if whole:
                yield self._region(start, whole)
            if whole and address < end:
                reading.note_anomaly("overlap", f"two pieces of data for the address {address:#x}")
            start, whole = address, data
        if whole:
            yield self._region(start, whole)

    def _region(self, address: int, data: bytearray) -> Entry:
        path = f"{self._prefix}{address:#010x}"
        number = self._named[path] = self._named.get(path, -1) + 1
        return Entry(f"{path}-{number}" if number else path, Kind.REGION, Held(data), len(data))
