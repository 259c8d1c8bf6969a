"""Collecting over ADB, from a server that speaks its protocol as Android describes it. No real phone was at hand.

The device behind it is mksh with toybox where that is installed, as on Android, else the shell of this machine; ``getprop`` and
``pm`` say what is written here in their form. The ADB server of Debian is asked too where it is installed; it has no device.
"""

import asyncio
import shutil
import socket
import struct
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.unit.collecting.listings import file_lines, summed
from tests.unit.collecting.shells import Shell, shell

from trueware.collecting.adb import AdbError, Device, Server, collect_adb, devices, pull
from trueware.collecting.listing import read_listing
from trueware.collecting.receiving import Received
from trueware.collecting.script import Wish

DEVICES = b"0123ABC  device product:panther model:Pixel_7 device:panther transport_id:3\nemulator-5554 unauthorized transport_id:4\n"


@dataclass
class Fake:
    """An ADB server with one device."""

    run: Callable[[bytes], bytes]
    features: bytes = b"shell_v2,cmd,stat_v2"
    files: dict[bytes, bytes] = field(default_factory=dict)
    spoil: Callable[[bytes], bytes] = lambda packets: packets
    requests: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await reader.readexactly(int(await reader.readexactly(4), 16))
                self.requests.append(request)
                await self._answer(request, reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if request == b"host:devices-l":
            writer.write(b"OKAY%04x" % len(DEVICES) + DEVICES)
        elif request == b"host-serial:0123ABC:features":
            writer.write(b"OKAY%04x" % len(self.features) + self.features)
        elif request == b"host:transport:0123ABC":
            writer.write(b"OKAY")
        elif request == b"shell,v2,raw:sh -s":
            writer.write(b"OKAY")
            script = b""
            while True:
                kind, length = struct.unpack("<BI", await reader.readexactly(5))
                assert length <= 4096
                data = await reader.readexactly(length)
                if kind in (3, 4):
                    break
                assert kind == 0
                script += data
            said = await asyncio.to_thread(self.run, script)
            packets = b"".join(
                struct.pack("<BI", 1, len(said[at : at + 1000])) + said[at : at + 1000]
                for at in range(0, len(said), 1000)
            )
            writer.write(self.spoil(packets + struct.pack("<BIB", 3, 1, 0)))
            await writer.drain()
            writer.close()
        elif request == b"exec:sh -s":
            writer.write(b"OKAY")
            script = b""
            while not script.endswith(b"\nexit\n"):
                script += await reader.read(1 << 16)
            writer.write(await asyncio.to_thread(self.run, script))
            await writer.drain()
            writer.close()
        elif request == b"sync:":
            writer.write(b"OKAY")
            word, length = struct.unpack("<4sI", await reader.readexactly(8))
            assert word == b"RECV"
            content = self.files.get(await reader.readexactly(length))
            if content is None:
                writer.write(b"FAIL" + struct.pack("<I", 14) + b"no such file!!")
                return
            for at in range(0, len(content), 60_000):
                piece = content[at : at + 60_000]
                writer.write(b"DATA" + struct.pack("<I", len(piece)) + piece)
            writer.write(b"DONE" + struct.pack("<I", 0))
        else:
            reason = b"device 'x' not found"
            writer.write(b"FAIL%04x" % len(reason) + reason)


def collected(fake: Fake, folder: Path, wish: Wish, serial: str = "0123ABC", *, pull_apps: bool = False) -> Received:
    async def run() -> Received:
        server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
        async with server:
            where = Server(port=server.sockets[0].getsockname()[1])
            (received,) = [each async for each in collect_adb([serial], str(folder), wish, where, pull_apps=pull_apps)]
            return received

    return asyncio.run(run())


@pytest.fixture
def phone(tmp_path: Path) -> Shell:
    """A shell like that of Android, with the programs that the script asks."""
    device = shell("android" if shutil.which("toybox") and shutil.which("mksh") else "debian", tmp_path / "applets")
    extra = tmp_path / "android"
    extra.mkdir()
    apk = tmp_path / "base.apk"
    apk.write_bytes(b"PK")
    programs = {
        "getprop": "printf '[ro.boot.verifiedbootstate]: [orange]\\n[ro.serialno]: [0123ABC]\\n[ril.imei]: [35]\\n'",
        "pm": f'case "$*" in *-3*) echo "package:{apk}=org.example.app" ;; '
        f'*) echo "package:{apk}=org.example.app versionCode:7 uid:10123" ;; esac',
        "settings": 'echo "1"',
        "getenforce": "echo Enforcing",
    }
    for name, body in programs.items():
        (extra / name).write_text(f"#!/bin/sh\n{body}\n")
        (extra / name).chmod(0o755)
    return Shell(device.command, f"{extra}:{device.path}")


def test_a_phone_is_collected(phone: Shell, tmp_path: Path) -> None:
    """Its files, packages, properties and settings; what names the phone or its owner is not among them."""
    tree = tmp_path / "system"
    tree.mkdir()
    (tree / "init.rc").write_bytes(b"on boot\n")
    fake = Fake(lambda script: phone.run_bytes(script, {}))
    received = collected(fake, tmp_path, Wish(trees=(str(tree),), contents=False))
    assert (received.error, received.complete) == (None, True)
    data = Path(received.path or "").read_bytes()
    listing = read_listing(data, "phone")
    assert f"{tree}/init.rc".removeprefix("/") in {path for path, _ in listing.root.walk()}
    assert b"[ro.boot.verifiedbootstate]: [orange]" in listing.texts["getprop"]
    assert listing.texts["getenforce"] == b"Enforcing\n"
    assert listing.texts["settings global adb_enabled"] == b"1\n"
    assert b"versionCode:7" in listing.texts["pm list packages"]
    assert [path for path, _ in listing.partitions] == [str(tmp_path / "base.apk")]
    assert b"0123ABC" not in data
    assert b"[35]" not in data


def test_a_phone_without_the_newer_shell_is_collected(phone: Shell, tmp_path: Path) -> None:
    tree = tmp_path / "system"
    tree.mkdir()
    fake = Fake(lambda script: phone.run_bytes(script, {}), features=b"cmd")
    received = collected(fake, tmp_path, Wish(trees=(str(tree),), contents=False, running=False))
    assert received.complete
    assert b"exec:sh -s" in fake.requests


def test_devices_are_told() -> None:
    async def run() -> tuple[Device, ...]:
        server = await asyncio.start_server(Fake(lambda script: script).serve, "127.0.0.1", 0)
        async with server:
            return await devices(Server(port=server.sockets[0].getsockname()[1]))

    found = asyncio.run(run())
    assert [(each.serial, each.state) for each in found] == [("0123ABC", "device"), ("emulator-5554", "unauthorized")]
    assert dict(found[0].about)["model"] == "Pixel_7"


def test_refusals_and_nonsense_are_said(tmp_path: Path) -> None:
    whole = summed("h root /", "t -\t/", *file_lines("a"))
    received = collected(Fake(lambda _: whole), tmp_path, Wish(), "other")
    assert received.error == "device 'x' not found"
    assert collected(Fake(lambda _: whole), tmp_path, Wish(), "a b;c").error is not None
    for spoil in (
        lambda packets: packets[:-3],
        lambda packets: struct.pack("<BI", 1, 1 << 31) + packets,
        lambda packets: struct.pack("<BI", 9, 1) + packets,
        lambda _: struct.pack("<BI", 2, 5) + b"error" + struct.pack("<BIB", 3, 1, 127),
    ):
        received = collected(Fake(lambda _: whole, spoil=spoil), tmp_path, Wish())
        assert received.error, spoil


def test_an_app_is_pulled(tmp_path: Path) -> None:
    """To the byte, into a folder beside the listing; its name is made of its path, wherever that leads."""
    apk = bytes(range(256)) * 1000
    path = "/data/app/~~x==/../org.example-1/base.apk"
    told = summed(
        "h root /",
        "t -\t/",
        *file_lines("a"),
        "x pm list packages",
        f"|package:{path}=org.example uid:1",
        "|package:/system/app/x.apk=x",
        "",
    )
    fake = Fake(lambda _: told, files={path.encode(): apk})
    received = collected(fake, tmp_path, Wish(), pull_apps=True)
    assert received.error is None
    (pulled,) = (tmp_path / "0123ABC.twl.apps").iterdir()
    assert pulled.read_bytes() == apk
    assert fake.requests.count(b"sync:") == 1
    received = collected(Fake(lambda _: told), tmp_path, Wish(), pull_apps=True)
    assert "no such file" in (received.error or "")
    assert received.complete


def test_a_pulled_file_has_a_ceiling(tmp_path: Path) -> None:
    async def run() -> None:
        server = await asyncio.start_server(Fake(lambda s: s, files={b"/x": bytes(200_000)}).serve, "127.0.0.1", 0)
        async with server:
            where = Server(port=server.sockets[0].getsockname()[1])
            assert await pull("0123ABC", where, "/x", str(tmp_path / "x")) == 200_000
            with pytest.raises(AdbError, match="more than"):
                await pull("0123ABC", where, "/x", str(tmp_path / "x"), 100_000)

    asyncio.run(run())


def test_no_server_is_said() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(AdbError, match="no ADB server"):
            asyncio.run(devices(Server(port=taken.getsockname()[1])))


def test_the_real_server_is_understood(tmp_path: Path) -> None:
    """Google's own server, without a device: it lists none, and refuses the one that it has not."""
    adb = shutil.which("adb")
    if adb is None:
        pytest.skip("no adb here")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"HOME": str(tmp_path), "ANDROID_ADB_SERVER_PORT": str(port), "PATH": "/usr/bin:/bin"}
    subprocess.run([adb, "-P", str(port), "start-server"], check=True, capture_output=True, env=environment)
    try:
        assert asyncio.run(devices(Server(port=port))) == ()

        async def ask() -> list[Received]:
            return [each async for each in collect_adb(["0123ABC"], str(tmp_path), Wish(), Server(port=port))]

        (received,) = asyncio.run(ask())
        assert "not found" in (received.error or "")
    finally:
        subprocess.run([adb, "-P", str(port), "kill-server"], check=False, capture_output=True, env=environment)
