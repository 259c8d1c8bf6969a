"""What a statement of digests is: a filled-in form with the name of its file and `read`."""

from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar, NamedTuple, Protocol


class Stated(NamedTuple):
    """The SHA-256 stated for a file."""

    path: str
    """Within the container that holds the statement."""

    sha256: bytes


class Statement(Protocol):
    """One kind of file that states the digests of others."""

    file: ClassVar[str]
    """Its path within its container. `trueware.model.kept` must keep it."""

    @staticmethod
    def read(content: bytes, beside: Collection[str], contents: Mapping[str, bytes]) -> Iterable[Stated]:
        """Yield what `content` states.

        Args:
            content: of the file.
            beside: paths of all files in its container.
            contents: of those among them that were kept.

        Raises:
            MalformedInput: it is not such a file.
        """
        ...


def digest(text: object) -> bytes | None:
    """Return the SHA-256 that a text is in hexadecimal, None where it is none."""
    if not isinstance(text, str) or len(text) != 64 or not text.isascii() or not text.isalnum():
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
