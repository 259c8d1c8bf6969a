"""Collects listings from Android devices, through a running ADB server: its protocol is spoken here, no program is run.

========================  ==============================================================================================
request                   four hexadecimal digits, the length, and so many bytes: ``host:devices-l``, ``host:transport:SERIAL``
answer                    ``OKAY``, or ``FAIL`` with a reason of the same form as a request
``shell,v2,raw:COMMAND``  then packets both ways: a byte (0 stdin, 1 stdout, 2 stderr, 3 exit status, 4 no more stdin), the length
                          in four bytes, lowest first, and so many bytes
``exec:COMMAND``          where a device knows no ``shell_v2`` (before Android 7): the bytes as they are
``sync:``                 then ``RECV``, a length and a path; ``DATA`` with a length until ``DONE``, or ``FAIL`` with a reason
========================  ==============================================================================================

Source: Android's own descriptions of ADB (packages/modules/adb: ``OVERVIEW.TXT``, ``SERVICES.TXT``, ``SYNC.TXT``,
``shell_protocol.h``). Nobody had a phone at hand when this was written: what confirms it is a server of our own that speaks the
same, and the ADB server of Debian without a device.

What the script cannot read as the user ``shell`` it leaves out, and says so: ``/data`` of a production device, among others.
"""

import asyncio
import mmap
import os
import re
import struct
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Self

from trueware.collecting.listing import read_listing
from trueware.collecting.receiving import Received, Receiver, file_name, receive_each, receive_one
from trueware.collecting.script import Wish, script_text
from trueware.errors import InputError, SourceError

PORT = 5037

_STDIN, _STDOUT, _STDERR, _EXIT, _CLOSE_STDIN = range(5)
_PIECE = 4_000
"""Bytes of one packet to a device; the oldest take 4,096."""

_LONGEST = 1 << 20
"""Bytes of an answer of the server, and of a packet of a device."""

_SYNC_LONGEST = 1 << 16
"""Bytes of one piece of a pulled file (SYNC.TXT)."""

_GRACE = 60.0
_CONNECT = 10.0
_SERIAL = re.compile(r"[\w.:\[\]%@-]{1,128}")
_LARGEST_APP = 4 << 30
_APPS = 2_000
_PACKAGE = re.compile(r"package:(/.{1,1000}\.apk)=[\w.]{1,255}(?: .*)?")


class AdbError(SourceError):
    """The server or a device refused, or said something that the protocol has not."""


@dataclass(frozen=True, slots=True)
class Device:
    """What the server says of one device."""

    serial: str
    state: str
    """``device`` where it can be asked; ``unauthorized``, ``offline``, …"""

    about: tuple[tuple[str, str], ...] = ()
    """``product``, ``model``, ``device``, ``transport_id``."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the ADB server listens."""

    host: str = "127.0.0.1"
    port: int = PORT


class Connection:
    """One connection to the server: one request, after which it may have become a way to a device. A context manager."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(_CONNECT):
                self._in, self._out = await asyncio.open_connection(self._server.host, self._server.port)
        except (OSError, TimeoutError) as error:
            where = f"{self._server.host}:{self._server.port}"
            raise AdbError(
                f"no ADB server at {where} ({error or 'no answer'}); start one with: adb start-server"
            ) from error
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._out.close()

    async def ask(self, request: str) -> None:
        """Make a request.

        Raises:
            AdbError: it was refused.
        """
        data = request.encode("utf-8", "surrogateescape")
        self._out.write(b"%04x" % len(data) + data)
        await self._out.drain()
        word = await self.exactly(4)
        if word == b"FAIL":
            raise AdbError((await self.counted()).decode("utf-8", "replace")[:500])
        if word != b"OKAY":
            raise AdbError(f"found {word!r}, expected OKAY or FAIL")

    async def counted(self) -> bytes:
        """Return what follows four hexadecimal digits that say how long it is."""
        digits = await self.exactly(4)
        if not re.fullmatch(rb"[0-9A-Fa-f]{4}", digits):
            raise AdbError(f"found {digits!r}, expected a length in four digits")
        return await self.exactly(int(digits, 16))

    async def exactly(self, count: int) -> bytes:
        """Return so many bytes."""
        try:
            return await self._in.readexactly(count)
        except asyncio.IncompleteReadError as error:
            raise AdbError("the connection ended in the middle of an answer") from error

    async def some(self) -> bytes:
        """Return what has come, nothing at the end."""
        return await self._in.read(1 << 16)

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._out.write(data)
        await self._out.drain()

    async def to_device(self, serial: str) -> None:
        """Make this a way to a device."""
        if not _SERIAL.fullmatch(serial):
            raise AdbError(f"{serial[:130]!r} is no serial number")
        await self.ask(f"host:transport:{serial}")


async def devices(server: Server = Server()) -> tuple[Device, ...]:
    """Return the devices that the server knows.

    Raises:
        AdbError: there is no server, or it says what the protocol has not.
    """
    async with Connection(server) as connection:
        await connection.ask("host:devices-l")
        text = (await connection.counted()).decode("utf-8", "replace")
    return tuple(_device(line) for line in text.splitlines() if line.strip())


def _device(line: str) -> Device:
    serial, _, rest = line.partition(" ")
    words = rest.split()
    about = tuple((key, value) for key, colon, value in (word.partition(":") for word in words[1:]) if colon)
    return Device(serial, words[0] if words else "", about)


async def collect_adb(
    serials: Iterable[str],
    folder: str,
    wish: Wish,
    server: Server = Server(),
    concurrency: int = 8,
    *,
    pull_apps: bool = False,
) -> AsyncIterator[Received]:
    """Yield what comes of each device, as it comes; its listing is in `folder`.

    Args:
        serials: the devices, by the serial number that the server has.
        folder: where the listings go; it is there.
        wish: what they are asked.
        server: the ADB server.
        concurrency: devices at a time.
        pull_apps: also pull the apps that the owner installed, into a folder beside the listing.
    """
    script = script_text(wish)

    async def receive(serial: str) -> Received:
        async def feed(receiver: Receiver) -> None:
            await _feed(serial, server, script, receiver)

        received = await receive_one(serial, folder, feed, wish.max_seconds + _GRACE)
        if pull_apps and received.complete and received.path is not None:
            try:
                await _pull_apps(serial, server, received.path, os.path.join(folder, f"{file_name(serial)}.apps"))
            except (SourceError, OSError, InputError) as error:
                return Received(
                    serial, received.path, received.size, received.complete, f"apps: {error}", received.seconds
                )
        return received

    async for received in receive_each(serials, receive, concurrency):
        yield received


async def _feed(serial: str, server: Server, script: bytes, receiver: Receiver) -> None:
    modern = "shell_v2" in await _features(serial, server)
    async with Connection(server) as connection:
        await connection.to_device(serial)
        if not modern:
            await connection.ask("exec:sh -s")
            await connection.send(script + b"\nexit\n")
            while data := await connection.some():
                receiver.take(data)
            return
        await connection.ask("shell,v2,raw:sh -s")
        sending = asyncio.create_task(_send(connection, script))
        try:
            await _receive(connection, receiver)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _features(serial: str, server: Server) -> list[str]:
    async with Connection(server) as connection:
        await connection.ask(f"host-serial:{serial}:features" if _SERIAL.fullmatch(serial) else "host:features")
        return (await connection.counted()).decode("ascii", "replace").split(",")


async def _send(connection: Connection, script: bytes) -> None:
    for start in range(0, len(script), _PIECE):
        piece = script[start : start + _PIECE]
        await connection.send(struct.pack("<BI", _STDIN, len(piece)) + piece)
    await connection.send(struct.pack("<BI", _CLOSE_STDIN, 0))


async def _receive(connection: Connection, receiver: Receiver) -> None:
    errors = b""
    while True:
        kind, length = struct.unpack("<BI", await connection.exactly(5))
        if length > _LONGEST:
            raise AdbError(f"a packet of {length} bytes, at most {_LONGEST} are expected")
        data = await connection.exactly(length)
        if kind == _STDOUT:
            receiver.take(data)
        elif kind == _STDERR:
            errors = (errors + data)[:300]
        elif kind == _EXIT:
            if not receiver.size and errors:
                raise AdbError(f"its shell says {errors!r}")
            return
        else:
            raise AdbError(f"a packet of kind {kind}, which no device sends")


async def _pull_apps(serial: str, server: Server, listing: str, folder: str) -> None:
    """Pull the apps whose paths the listing has below ``/data``, each to a name made of its path."""
    paths = await asyncio.to_thread(_app_paths, listing)
    os.makedirs(folder, exist_ok=True)
    for path in paths[:_APPS]:
        name = re.sub(r"[^A-Za-z0-9._-]", "_", path.removeprefix("/data/app/")).lstrip(".")[-200:]
        await pull(serial, server, path, os.path.join(folder, name))


def _app_paths(listing: str) -> list[str]:
    with open(listing, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapping:
        told = read_listing(memoryview(mapping), listing).texts.get("pm list packages", b"").decode("utf-8", "replace")
    found = map(_PACKAGE.fullmatch, told.splitlines())
    return [each[1] for each in found if each is not None and each[1].startswith("/data/")]


async def pull(serial: str, server: Server, path: str, to: str, most: int = _LARGEST_APP) -> int:
    """Copy a file from a device, at most so many bytes of it; returns how many there were.

    Raises:
        AdbError: it cannot be read there, or is larger.
    """
    async with Connection(server) as connection:
        await connection.to_device(serial)
        await connection.ask("sync:")
        name = path.encode("utf-8", "surrogateescape")
        await connection.send(b"RECV" + struct.pack("<I", len(name)) + name)
        size = 0
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            while True:
                word, length = struct.unpack("<4sI", await connection.exactly(8))
                if word == b"DONE":
                    return size
                if word not in (b"DATA", b"FAIL") or length > _SYNC_LONGEST:
                    raise AdbError(f"found {word!r} with {length}, expected DATA, DONE or FAIL")
                data = await connection.exactly(length)
                if word == b"FAIL":
                    raise AdbError(f"{path!r}: {data.decode('utf-8', 'replace')[:300]}")
                if (size := size + length) > most:
                    raise AdbError(f"{path!r} has more than {most} bytes")
                file.write(data)
