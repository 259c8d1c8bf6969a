"""Receives listings from many devices at once, each into a file of its own; what fails on one keeps no other from its answer.

A listing is written beside its place and moved there when the device is done, so that a file of that name is never half of one that
is still coming. What was cut off is kept all the same: it says so itself when it is read.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Self, TypeVar

from trueware.collecting.records import LARGEST, MAGIC
from trueware.errors import SourceError

ENDING = ".twl"

_END = b"z end\n"
_NUMBERS = count()
_SHOWN = 300
"""Bytes of what is no listing that are told."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came of one device."""

    device: str
    path: str | None = None
    """Where the listing is; None where there is none."""

    size: int = 0
    complete: bool = False
    """Whether it came to its end. That its sum fits is seen when it is read."""

    error: str | None = None
    seconds: float = 0.0


class Receiver:
    """Takes the bytes of one listing as they come. A context manager: what was received is in place once it is left."""

    def __init__(self, folder: str, device: str) -> None:
        self.path = os.path.join(folder, file_name(device))
        self._beside = f"{self.path}.{os.getpid()}-{next(_NUMBERS)}.part"
        self._head, self._tail = b"", b""
        self.size = 0

    def __enter__(self) -> Self:
        try:
            descriptor = os.open(
                self._beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
        except OSError as error:
            raise SourceError(f"cannot write {self._beside!r}: {error.strerror}") from error
        self._file = os.fdopen(descriptor, "wb")
        return self

    def take(self, data: bytes) -> None:
        """Write what came.

        Raises:
            SourceError: it is no listing, or too much of one.
        """
        self.size += len(data)
        if self.size > LARGEST:
            raise SourceError(f"it sent more than {LARGEST} bytes")
        if len(self._head) < len(MAGIC):
            self._head += data[: _SHOWN - len(self._head)]
            if not self._head.startswith(MAGIC[: len(self._head)]):
                raise SourceError(f"it sent no listing: {self._head!r}")
        self._tail = (self._tail + data[-len(_END) - 1 :])[-len(_END) - 1 :]
        self._file.write(data)

    @property
    def complete(self) -> bool:
        """Whether the end has come."""
        return self._tail.replace(b"\r", b"").endswith(_END)

    @property
    def begun(self) -> bool:
        """Whether what came begins like a listing."""
        return self._head.startswith(MAGIC)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._file.close()
        if self.begun:
            os.replace(self._beside, self.path)
        else:
            os.unlink(self._beside)


def file_name(device: str) -> str:
    """Return the name of the file for a device: its letters, digits, points and dashes, so that it is a name on every disk."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", device).lstrip(".")[:200] + ENDING


Target = TypeVar("Target")


async def receive_each(
    targets: Iterable[Target],
    receive: Callable[[Target], Awaitable[Received]],
    concurrency: int,
) -> AsyncIterator[Received]:
    """Yield what comes of each device, as it comes.

    Args:
        targets: the devices; a generator is asked for the next when there is room for it.
        receive: collects from one; what it raises on purpose is caught where it knows the device.
        concurrency: devices at a time.
    """
    waiting = iter(targets)
    flying: set[asyncio.Task[Received]] = set()
    try:
        while True:
            while len(flying) < concurrency and (target := next(waiting, None)) is not None:
                flying.add(asyncio.create_task(_await(receive(target))))
            if not flying:
                return
            done, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in flying:
            task.cancel()


async def _await(awaitable: Awaitable[Received]) -> Received:
    return await awaitable


async def receive_one(
    device: str, folder: str, feed: Callable[[Receiver], Awaitable[None]], seconds: float
) -> Received:
    """Return what comes of one device.

    Args:
        device: its name.
        folder: where the listing goes.
        feed: connects, and gives the receiver what comes.
        seconds: after which it is given up.
    """
    begun = time.monotonic()
    receiver = Receiver(folder, device)
    error: str | None = None
    try:
        with receiver:
            async with asyncio.timeout(seconds):
                await feed(receiver)
    except TimeoutError:
        error = f"no end after {seconds:g} seconds"
    except (OSError, SourceError) as failed:
        error = str(failed) or type(failed).__name__
    except Exception as failed:  # noqa: BLE001 (what a library makes of a hostile device keeps no other from its answer)
        error = f"{type(failed).__name__}: {failed}"
    if error is None and not receiver.complete:
        error = "the listing has no end" if receiver.begun else "it sent nothing"
    path = receiver.path if receiver.begun else None
    return Received(device, path, receiver.size, error is None, error, time.monotonic() - begun)
