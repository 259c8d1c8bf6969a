"""Walks along a measurement list: replays PCR 10 and has every entry judged, in one pass, from where the last walk ended.

A fleet shows the same entries again and again: what one entry comes to is remembered by its bytes (`Memo`), with its template
digest, so that an entry seen before costs one hash. A device is walked on from where it was (`ImaState`) as long as it has not
booted since; where the register does not agree then, whoever asks begins at the start.
"""

from dataclasses import dataclass, field
from hashlib import sha1, sha256, sha384, sha512
from struct import Struct
from struct import error as StructError  # noqa: N812 (an exception)
from typing import Generic, Protocol, TypeVar

from trueware.attestation.ima.entries import FORMAT, MAX_ENTRIES, entries
from trueware.errors import LimitExceeded, MalformedInput

_T = TypeVar("_T")
_W_co = TypeVar("_W_co", covariant=True)

HASHES = {"sha1": (sha1, 20), "sha256": (sha256, 32), "sha384": (sha384, 48), "sha512": (sha512, 64)}
REGISTER = 10
_ANY = Struct("<I20sI0sI")
_NO_DIGEST = bytes(20)
_TEMPLATES = 64


class Judge(Protocol[_W_co]):
    """Says what an entry comes to."""

    def __call__(self, template: str, data: bytes, *, violated: bool = False) -> _W_co | None:
        """Return what is worth telling of an entry; None: nothing.

        Args:
            template: its name.
            data: its content, see `trueware.attestation.ima.entries`.
            violated: whether the kernel could not measure the file.
        """
        ...


@dataclass(frozen=True, slots=True)
class ImaState:
    """Where a walk ended: a value that can be kept."""

    bank: str
    value: bytes
    """Of the register."""

    offset: int = 0
    """Bytes of the list that were walked."""

    count: int = 0
    """Entries in them."""

    @classmethod
    def start(cls, bank: str) -> "ImaState":
        """Return the state before the first entry.

        Raises:
            KeyError: a bank that is not replayed here.
        """
        return cls(bank, bytes(HASHES[bank][1]))


@dataclass(slots=True)
class Memo(Generic[_T]):
    """What entries came to, by template and bytes; shared by the walks of a fleet that is judged by the same releases."""

    bank: str
    most: int = 1_000_000
    """Entries of one template that are remembered; then all are forgotten, which costs time and nothing else."""

    known: dict[str, dict[bytes, tuple[bytes, _T]]] = field(default_factory=dict)

    def of(self, template: str) -> dict[bytes, tuple[bytes, _T]]:
        """Return what is remembered of one template: its digest in the bank, and what the judge said."""
        if len(self.known) > _TEMPLATES:  # nobody has so many
            self.known.clear()
        return self.known.setdefault(template, {})


@dataclass(frozen=True, slots=True)
class Walked(Generic[_T]):
    """What a walk came to."""

    state: ImaState
    """At the last entry that the quote covers, or, where none agrees, at the end."""

    matches: bool
    """Whether the register had the quoted value at some moment after the beginning of the walk."""

    attested: tuple[tuple[int, _T], ...]
    """What is worth telling of the entries that the quote covers: number of the entry, from 0, and what the judge says."""

    entries: int
    """Entries that the quote covers, from the first of the list."""

    trailing: int
    """Entries after those."""

    altered: int | None
    """Number of the first entry whose stored digest is not that of its content; None: there is none, or nobody looked."""


def walk(
    data: bytes,
    state: ImaState,
    quoted: bytes,
    judge: Judge[_T],
    memo: Memo[_T | None],
    register: int = REGISTER,
) -> Walked[_T]:
    """Replay a binary list from a state on, as far as a quoted value.

    Args:
        data: the whole list.
        state: where to begin.
        quoted: value of the register, of the state's bank.
        judge: says what an entry comes to; None: nothing that is worth telling.
        memo: of the same bank and the same judge.
        register: of which the entries count; others are passed by.

    Raises:
        MalformedInput: an entry is none. Entries before it are not judged: a list that cannot be read proves nothing.
        LimitExceeded: too many.
    """
    hash_, size = HASHES[state.bank]
    if memo.bank != state.bank:
        raise ValueError("a memo of another bank")
    if state.offset > len(data):
        raise MalformedInput(FORMAT, len(data), f"it ends before the {state.offset} bytes that it had before")
    ones = b"\xff" * size
    value, count, agreed = state.value, state.count, None
    agreed_at, agreed_value, agreed_told = state.offset, value, 0
    told: list[tuple[int, _T]] = []
    if value == quoted:
        agreed = count
    # The loop reads entries of one template by one struct, checks what it read, and leaves all that is unusual to `entries`: it is
    # what appraising a device mostly is.
    template, fields, known = b"", _ANY.unpack_from, memo.of("")
    at, end = state.offset, len(data)
    remembered, width, label, most = b"", 0, "", memo.most
    while at < end:
        try:
            pcr, stored, size, name, length = fields(data, at)
        except StructError:
            pcr = size = length = -1
            name = stored = b""
        if size != width or name != template or length > end - at or pcr > 31:
            entry = next(entries(data, at))  # another template, or what it refuses
            template = entry.template.encode("latin-1")
            width, label, known = len(template), entry.template, memo.of(entry.template)
            if template != b"ima":
                fields = Struct(f"<I20sI{width}sI").unpack_from
            else:
                width = -1  # its layout is of its own: every entry comes this way
            pcr, stored, remembered, stop = entry.pcr, entry.stored, entry.data, entry.end
        else:
            start = at + width + 32
            stop = start + length
            if stop > end:
                next(entries(data, at))  # raises
            remembered = data[start:stop]
        if stored == _NO_DIGEST:
            digest, word = ones, judge(label, remembered, violated=True)
        else:
            seen = known.get(remembered)
            if seen is None:
                if len(known) >= most:
                    known.clear()
                seen = known[remembered] = (hash_(remembered).digest(), judge(label, remembered))
            digest, word = seen
        at = stop
        if pcr == register:
            value = hash_(value + digest).digest()
            if word is not None:
                told.append((count, word))
        count += 1
        if value == quoted:
            agreed, agreed_at, agreed_value, agreed_told = count, at, value, len(told)
    if count - state.count > MAX_ENTRIES:
        raise LimitExceeded("entries of a list", MAX_ENTRIES)
    if agreed is None:
        return Walked(ImaState(state.bank, value, end, count), False, (), 0, count, first_altered(data))
    after = ImaState(state.bank, agreed_value, agreed_at, agreed)
    return Walked(after, True, tuple(told[:agreed_told]), agreed, count - agreed, None)


def first_altered(data: bytes) -> int | None:
    """Return the number of the first entry whose stored SHA-1 is not that of its content.

    The stored digest proves nothing; where the replay fails, it says which entry was changed by somebody who did not change it too.
    """
    for number, entry in enumerate(entries(data)):
        if not entry.is_violation and sha1(entry.data).digest() != entry.stored:  # noqa: S324 (what the kernel wrote)
            return number
    return None


def replay(data: bytes, bank: str, register: int = REGISTER) -> bytes:
    """Return what the register of a bank holds at the end of a list."""
    walked: Walked[None] = walk(data, ImaState.start(bank), b"", _nothing, Memo(bank), register)
    return walked.state.value


def leads_to(data: bytes, bank: str, quoted: bytes) -> bool:
    """Tell whether a list leads to a quoted value of PCR 10.

    Raises:
        MalformedInput, LimitExceeded: the list cannot be read.
    """
    walked: Walked[None] = walk(data, ImaState.start(bank), quoted, _nothing, Memo(bank))
    return walked.matches


def is_padded(data: bytes, bank: str, quoted: bytes, register: int = REGISTER) -> bool:
    """Tell whether a register leads to SHA-1 digests with zeros behind them, as kernels extend banks whose hash they do not have.

    Such a bank proves no more than SHA-1 does, and is not used ("ima: Can not allocate sha384", ima_calc_field_array_hash). No real
    register of that kind is in the corpus.
    """
    hash_, size = HASHES[bank]
    if size <= len(_NO_DIGEST):
        return False
    value, ones = bytes(size), b"\xff" * size
    for entry in entries(data):
        if entry.pcr == register:
            digest = ones if entry.is_violation else sha1(entry.data).digest().ljust(size, b"\0")  # noqa: S324
            value = hash_(value + digest).digest()
            if value == quoted:
                return True
    return False


def _nothing(template: str, data: bytes, *, violated: bool = False) -> None:
    del template, data, violated
