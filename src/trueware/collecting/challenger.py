"""Challenges a network device: sends a nonce, and fetches quotes and logs (RFC 9683 §3.2, RFC 9684).

1. The quotes, over the nonce and the PCRs that are asked for.
2. The logs, after the quotes: a log that grew in between holds all that was quoted, and more.

What the device answers is kept as it came, beside what it holds in the form of the tools. Nothing of it is verified here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from trueware.errors import InputError, SourceError
from trueware.exchange.charra.asking import CHALLENGE, RETRIEVAL, challenge_body, retrieval_body
from trueware.exchange.charra.logs import LogKind
from trueware.exchange.charra.pieces import pieces_of
from trueware.exchange.charra.reading import read_answer

REGISTERS: Mapping[str, Sequence[int]] = {"sha256": range(16)}
"""PCRs that are asked for unless others are: all that nobody resets without a reboot (TCG PC Client Platform TPM Profile)."""

LOGS = (LogKind.BIOS, LogKind.IMA)


class Operations(Protocol):
    """What a device lets us do (`trueware.collecting.restconf.Restconf`)."""

    def operate(self, operation: str, body: bytes) -> tuple[str, bytes]:
        """Carry out an operation; returns the media type of the answer and the answer."""
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of a device."""

    nonce: bytes
    registers: Mapping[str, Sequence[int]]
    logs: Sequence[LogKind] = LOGS
    certificates: Sequence[str] = ()
    """Names of the keys that are to sign; none: all of the device's."""

    nodes: Sequence[str] = ()
    """Names of the TPMs whose logs are fetched; none: all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it."""

    files: Mapping[str, bytes]
    """By name, to be kept in one folder."""

    gaps: Sequence[str]
    """What could not be had, a sentence each."""


def ask(device: Operations, asking: Asking) -> Asked:
    """Challenge a device.

    Raises:
        SourceError: the device cannot be reached, or gives no quotes. Logs that it does not give are gaps.
        ValueError: PCRs that there are not.
    """
    gaps: list[str] = []
    documents = {
        "quotes": device.operate(CHALLENGE, challenge_body(asking.nonce, asking.registers, asking.certificates))
    }
    for kind in asking.logs:
        try:
            documents[f"{kind.value}-log"] = device.operate(RETRIEVAL, retrieval_body(kind, asking.nodes))
        except SourceError as error:
            gaps.append(f"no {kind.value} log: {error}")
    files = {"nonce.hex": f"{asking.nonce.hex()}\n".encode()}
    files |= {f"{stem}.{_ending(media)}": data for stem, (media, data) in documents.items()}
    files |= dict(_held([data for _, data in documents.values()], gaps))
    return Asked(files, gaps)


def _held(documents: Sequence[bytes], gaps: list[str]) -> Iterator[tuple[str, bytes]]:
    answers = []
    for data in documents:
        try:
            answers.append(read_answer(data))
        except InputError as error:
            gaps.append(f"an answer cannot be read, and is kept as it came: {error}")
    held = pieces_of(answers)
    gaps += [f"no {name}: {reason}" for name, reason in held.gaps]
    for name, _, data in held.pieces:
        yield name, data


def _ending(media: str) -> str:
    return media.rpartition("+")[2]
