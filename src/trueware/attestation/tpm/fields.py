"""One structure of a TPM read field by field: big-endian, each length checked against what remains, nothing left at the end.

Source: TCG TPM 2.0 Library Part 1 §11 (marshalling) and Part 2: integers are big-endian, a TPM2B is a UINT16 and that many bytes.
"""

from struct import Struct
from typing import NoReturn

from trueware.attestation.tpm.algorithms import HASHES
from trueware.errors import MalformedInput, UnsupportedInput

U16, U32, U64 = Struct(">H"), Struct(">I"), Struct(">Q")


class Fields:
    """Bytes of one structure and where reading has come to."""

    __slots__ = ("at", "data", "format")

    def __init__(self, format: str, data: bytes, at: int = 0) -> None:  # noqa: A002 (the domain's noun)
        self.format, self.data, self.at = format, data, at

    def refuse(self, reason: str, at: int | None = None) -> NoReturn:
        """Raise what is wrong.

        Raises:
            MalformedInput: always.
        """
        raise MalformedInput(self.format, self.at if at is None else at, reason)

    def unsupported(self, reason: str) -> NoReturn:
        """Raise what is recognised and not read.

        Raises:
            UnsupportedInput: always.
        """
        raise UnsupportedInput(self.format, self.at, reason)

    def take(self, size: int, what: str) -> bytes:
        """Return the next `size` bytes."""
        start, end = self.at, self.at + size
        if end > len(self.data):
            self.refuse(f"{what} has {size} bytes, {len(self.data) - start} are left")
        self.at = end
        return self.data[start:end]

    def unpack(self, layout: Struct, what: str) -> tuple[int, ...]:
        """Return several integers."""
        start = self.at
        if start + layout.size > len(self.data):
            self.refuse(f"{what} has {layout.size} bytes, {len(self.data) - start} are left")
        self.at = start + layout.size
        return layout.unpack_from(self.data, start)

    def u16(self, what: str) -> int:
        """Return a UINT16."""
        return self.unpack(U16, what)[0]

    def u32(self, what: str) -> int:
        """Return a UINT32."""
        return self.unpack(U32, what)[0]

    def sized(self, most: int, what: str) -> bytes:
        """Return the content of a TPM2B of at most `most` bytes."""
        size = self.u16(f"the size of {what}")
        if size > most:
            self.refuse(f"{what} has {size} bytes, {most} is the most", self.at - 2)
        return self.take(size, what)

    def hash(self, what: str) -> str:
        """Return the name of a TPMI_ALG_HASH."""
        number = self.u16(what)
        name = HASHES.get(number)
        if name is None:
            self.refuse(f"{what} is {number:#06x}, which is no hash", self.at - 2)
        return name

    def end(self) -> None:
        """Refuse bytes behind the structure."""
        if self.at != len(self.data):
            self.refuse(f"{len(self.data) - self.at} bytes stand behind the end")
