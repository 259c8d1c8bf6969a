"""Collecting over SSH, from a real SSH server in this process on 127.0.0.1 that runs the script with a shell of this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.collecting.shells import shell

from trueware.collecting.listing import read_listing
from trueware.collecting.receiving import Received
from trueware.collecting.script import Wish
from trueware.collecting.ssh import Access, collect_ssh
from trueware.collecting.targets import Target, read_targets, target_of
from trueware.errors import SourceError

asyncssh = pytest.importorskip("asyncssh", reason="no asyncssh: install trueware[collect]")


@dataclass
class Box:
    """A device with SSH: what it does with the script, and how many were at it at once."""

    key: Any
    answer: Callable[[bytes], bytes]
    port: int = 0
    at_once: int = 0
    most: int = 0
    received: bytes = b""

    async def serve(self, process: Any) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        script = await process.stdin.read()
        self.received = script
        said = await asyncio.to_thread(self.answer, script)
        process.stdout.write(said)
        self.at_once -= 1
        process.exit(0)


@asynccontextmanager
async def served(box: Box, user_key: Any, **options: Any) -> AsyncIterator[int]:
    class Server(asyncssh.SSHServer):  # type: ignore[misc, name-defined]
        def begin_auth(self, _user: str) -> bool:
            return True

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, user: str, key: Any) -> bool:
            return user == "root" and bool(key.public_data == user_key.public_data)

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, user: str, password: str) -> bool:
            return (user, password) == ("admin", "correct horse")

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[box.key],
        server_factory=Server,
        process_factory=box.serve,
        encoding=None,
        **options,
    )
    async with server:
        yield server.get_port()


@pytest.fixture(scope="module")
def keys() -> list[Any]:
    return [asyncssh.generate_private_key("ssh-ed25519") for _ in range(3)]


@pytest.fixture
def access(tmp_path: Path, keys: list[Any]) -> Access:
    keys[0].write_private_key(tmp_path / "id")
    return Access(known_hosts=str(tmp_path / "known_hosts"), identities=(str(tmp_path / "id"),))


def collected(
    box: Box, keys: list[Any], access: Access, folder: Path, wish: Wish, targets: list[Target], **more: Any
) -> list[Received]:
    """Collect from the box, under each of the targets, whose port is the box's unless they have one."""

    async def run() -> list[Received]:
        async with served(box, keys[0], **more.pop("server", {})) as port:
            box.port = port
            there = [replace(each, port=port) if each.port == 22 else each for each in targets]
            return [each async for each in collect_ssh(there, str(folder), access, wish, **more)]

    return asyncio.run(run())


@pytest.fixture
def box(tmp_path: Path, keys: list[Any]) -> Box:
    device = shell("debian", tmp_path / "applets")
    return Box(keys[1], lambda script: device.run_bytes(script, {}))


@pytest.fixture
def wish(tmp_path: Path) -> Wish:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/hosts").write_bytes(b"127.0.0.1 a\n")
    return Wish(root=str(root))


HERE = [Target("127.0.0.1")]


def test_a_known_device_is_collected(box: Box, keys: list[Any], access: Access, wish: Wish, tmp_path: Path) -> None:
    public = keys[1].export_public_key().decode()
    Path(access.known_hosts or "").write_text(f"127.0.0.1 {public}")
    (received,) = collected(box, keys, access, tmp_path, wish, HERE)
    assert (received.error, received.complete) == (None, True)
    assert received.path == str(tmp_path / f"127.0.0.1_{box.port}.twl")
    assert received.size == Path(received.path or "").stat().st_size
    listing = read_listing(Path(received.path or "").read_bytes(), "r")
    assert [path for path, _ in listing.root.walk()] == ["", "etc", "etc/hosts"]
    assert [path.name for path in (*tmp_path.glob("*.twl"), *tmp_path.glob("*.part"))] == [f"127.0.0.1_{box.port}.twl"]


def test_an_unknown_device_is_refused_before_anything_is_sent(
    box: Box, keys: list[Any], access: Access, wish: Wish, tmp_path: Path
) -> None:
    (received,) = collected(box, keys, access, tmp_path, wish, HERE)
    assert received.path is None
    assert "not trusted" in (received.error or "").lower() or "host key" in (received.error or "").lower()
    assert box.received == b""
    assert not Path(access.known_hosts or "").exists()


def test_a_new_key_is_written_down_and_a_changed_one_refused(
    box: Box, keys: list[Any], access: Access, wish: Wish, tmp_path: Path
) -> None:
    access = replace(access, accept_new=True)
    (received,) = collected(box, keys, access, tmp_path, wish, HERE)
    assert received.complete
    written = Path(access.known_hosts or "").read_text()
    assert written == f"[127.0.0.1]:{box.port} {' '.join(keys[1].export_public_key().decode().split()[:2])}\n"
    other = Box(keys[2], box.answer)
    Path(access.known_hosts or "").write_text(written.replace(f"[127.0.0.1]:{box.port}", "127.0.0.1"))
    (received,) = collected(other, keys, access, tmp_path, wish, HERE)
    assert received.path is None
    assert other.received == b""


def test_a_fingerprint_decides_alone(box: Box, keys: list[Any], access: Access, wish: Wish, tmp_path: Path) -> None:
    for key, complete in ((keys[1], True), (keys[2], False)):
        target = Target("127.0.0.1", pin=key.get_fingerprint())
        (received,) = collected(box, keys, replace(access, accept_new=True), tmp_path, wish, [target])
        assert received.complete is complete
    assert not Path(access.known_hosts or "").exists()


def test_a_password_comes_from_the_caller(
    box: Box, keys: list[Any], access: Access, wish: Wish, tmp_path: Path
) -> None:
    access = replace(access, accept_new=True, identities=(), password="correct horse", user="admin")  # noqa: S106
    (received,) = collected(box, keys, access, tmp_path, wish, HERE)
    assert received.complete
    assert "correct horse" not in repr(access)
    (received,) = collected(box, keys, replace(access, password="wrong"), tmp_path, wish, HERE)  # noqa: S106
    assert not received.complete


def test_many_at_once_and_a_dead_one_stops_no_other(
    box: Box, keys: list[Any], access: Access, wish: Wish, tmp_path: Path
) -> None:
    pin = keys[1].get_fingerprint()
    targets = [Target(f"127.0.0.{number}", pin=pin) for number in range(1, 2)] * 9
    targets.insert(3, Target("127.0.0.1", 1, pin=pin))
    targets.insert(5, Target("no-such-host.invalid", 2, pin=pin))
    results = collected(box, keys, access, tmp_path, wish, targets, concurrency=4)
    assert len(results) == 11
    assert sorted(each.complete for each in results) == [False] * 2 + [True] * 9
    assert 1 < box.most <= 4


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"BusyBox v1.36 built-in shell (ash)\n", "it sent no listing"),
        (b"", "it sent nothing"),
        (b"trueware-listing 1\nh root /\n", "the listing has no end"),
    ],
)
def test_what_is_no_listing_is_said(
    said: bytes, error: str, box: Box, keys: list[Any], access: Access, wish: Wish, tmp_path: Path
) -> None:
    box.answer = lambda _script: said
    target = Target("127.0.0.1", pin=keys[1].get_fingerprint())
    (received,) = collected(box, keys, access, tmp_path, wish, [target])
    assert error in (received.error or "")
    assert (received.path is not None) == said.startswith(b"trueware")
    assert not [*tmp_path.glob("*.part")]


def test_a_flood_ends(
    box: Box, keys: list[Any], access: Access, wish: Wish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueware.collecting.receiving.LARGEST", 1 << 20)
    box.answer = lambda _script: b"trueware-listing 1\n" + b"h a b\n" * (1 << 20)
    (received,) = collected(box, keys, access, tmp_path, wish, [Target("127.0.0.1", pin=keys[1].get_fingerprint())])
    assert "sent more than" in (received.error or "")
    assert received.size < 3 << 20


@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
def test_old_servers_are_spoken_with_where_asked(
    box: Box, keys: list[Any], access: Access, wish: Wish, tmp_path: Path
) -> None:
    old = {"kex_algs": "diffie-hellman-group14-sha1", "encryption_algs": "aes128-cbc", "mac_algs": "hmac-sha1"}
    target = Target("127.0.0.1", pin=keys[1].get_fingerprint())
    for asked in (True, False):
        (received,) = collected(
            box, keys, replace(access, old_algorithms=asked), tmp_path, wish, [target], server=dict(old)
        )
        assert received.complete is asked, received.error


def test_targets_are_read(tmp_path: Path) -> None:
    pin = "SHA256:" + "a" * 43
    hosts = tmp_path / "hosts"
    hosts.write_text(f"# routers\n\nrouter1.example\nadmin@10.0.0.1:2222 {pin} # kitchen\n[fe80::1%eth0]\n")
    assert list(read_targets(str(hosts))) == [
        Target("router1.example"),
        Target("10.0.0.1", 2222, "admin", pin),
        Target("fe80::1%eth0"),
    ]
    for text in ("a b", "-oProxyCommand=x", "a:0", "a:99999", "a SHA256:short", "a;b", "a@b@c"):
        with pytest.raises(SourceError):
            target_of(text)
    hosts.write_text("good\nba d x\n")
    with pytest.raises(SourceError, match="line 2"):
        list(read_targets(str(hosts)))
