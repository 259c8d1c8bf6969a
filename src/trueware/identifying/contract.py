"""What a source of claims is: a filled-in form with a name, the paths it wants and `read`."""

import re
from collections.abc import Iterable
from typing import ClassVar, Protocol

from trueware.model.claim import Claim

MAX_VALUE = 256
"""Characters of one claim's value; the longest genuine ones, Android fingerprints and kernel banners, stay below."""


class Source(Protocol):
    """One kind of file in which software says what it is."""

    name: ClassVar[str]
    """`Claim.source` of what it finds; on the wire, never changes."""

    wants: ClassVar[re.Pattern[str]]
    """Paths inside the innermost container, matched whole. `trueware.model.kept` must keep them all."""

    @staticmethod
    def read(content: bytes, part: str) -> Iterable[Claim]:
        """Yield what `content`, the file at `part` of the artefact, claims.

        Raises:
            MalformedInput: it is not such a file.
        """
        ...


def claim(name: str, value: str, source: str, part: str) -> Iterable[Claim]:
    """Yield the claim with its value made one printable line, or nothing where that leaves nothing."""
    value = " ".join(value[: 4 * MAX_VALUE].split())[:MAX_VALUE]
    if value:
        yield Claim(name, "".join(letter if letter.isprintable() else "\ufffd" for letter in value), source, part)
