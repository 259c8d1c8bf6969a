"""Collects listings over SSH: the script goes in through standard input, the listing comes out, nothing is left on the device.

Host keys are checked before anything is sent: against a fingerprint that was given for the device, else against a list of known
hosts. A device that nobody knows is refused, or with `accept_new` its key is written down, as OpenSSH's ``accept-new`` does; one
whose key changed is refused in any case. Secrets come from files and from the SSH agent, never from arguments.

asyncssh (EPL-2.0 or GPL-2.0-or-later; taken under EPL-2.0, used unmodified as the library it is) is an extra of the package.
"""

import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trueware.collecting.receiving import Received, Receiver, receive_each, receive_one
from trueware.collecting.script import Wish, script_text
from trueware.collecting.targets import Target
from trueware.errors import SourceError

if TYPE_CHECKING:
    import asyncssh

_PIECE = 1 << 16
_GRACE = 60.0
"""Seconds beyond those that the script takes for itself."""

_OLD = {
    "kex_algs": "+diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
    "encryption_algs": "+aes128-cbc,aes256-cbc,3des-cbc",
    "mac_algs": "+hmac-sha1,hmac-md5",
}
"""What dropbear of ten years ago has, and nobody should need."""


@dataclass(frozen=True, slots=True)
class Access:
    """How devices are reached."""

    user: str = "root"
    """Where the device names none."""

    known_hosts: str | None = None
    """File of known hosts, as OpenSSH has it; by default the user's own."""

    accept_new: bool = False
    """Whether to take the key of a device that nobody knows, and write it down."""

    identities: tuple[str, ...] = ()
    """Files of private keys; none: those of the agent and the user's own."""

    password: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    connect_seconds: float = 20.0
    old_algorithms: bool = False
    command: str = "sh -s"
    """What reads the script; ``sudo -n sh -s`` where only a plain user may log in."""


async def collect_ssh(
    targets: Iterable[Target], folder: str, access: Access, wish: Wish, concurrency: int = 16
) -> AsyncIterator[Received]:
    """Yield what comes of each device, as it comes; its listing is in `folder`.

    Args:
        targets: the devices.
        folder: where the listings go; it is there.
        access: how they are reached.
        wish: what they are asked.
        concurrency: devices at a time.

    Raises:
        SourceError: asyncssh is not there, or the list of known hosts cannot be read.
    """
    library = _library()
    hosts = _KnownHosts(library, access)
    script = script_text(wish)

    async def receive(target: Target) -> Received:
        async def feed(receiver: Receiver) -> None:
            await _feed(library, hosts, target, access, script, receiver)

        return await receive_one(target.name, folder, feed, wish.max_seconds + _GRACE + access.connect_seconds)

    async for received in receive_each(targets, receive, concurrency):
        yield received


def _library() -> Any:
    try:
        import asyncssh  # noqa: PLC0415 (an extra of the package)
    except ImportError as error:
        raise SourceError(
            "collecting over SSH needs an extra of the package: pip install 'trueware[collect]'"
        ) from error
    return asyncssh


class _KnownHosts:
    """The list of known hosts, and what was added to it."""

    def __init__(self, library: Any, access: Access) -> None:
        self._library, self._access = library, access
        self._path = access.known_hosts or os.path.expanduser("~/.ssh/known_hosts")
        self._added: dict[tuple[str, int], str] = {}
        try:
            self._list = (
                library.read_known_hosts(self._path) if os.path.exists(self._path) else library.import_known_hosts("")
            )
        except (OSError, ValueError) as error:
            raise SourceError(f"cannot read the known hosts in {self._path!r}: {error}") from error

    def keys(self, target: Target) -> Any:
        """Return what asyncssh is to trust for a device: with a fingerprint nothing from lists, since the key itself is looked at."""
        if target.pin is not None:
            return ([], [], [])
        host, _, _ = self._matched(target)
        return self._list.match(host, "", None if target.port == 22 else target.port)[:3] if host else ([], [], [])

    def admits(self, target: Target, key: "asyncssh.SSHKey") -> bool:
        """Tell whether a key that no list has may be trusted; writes it down where it is new and that was asked for."""
        if target.pin is not None:
            return bool(key.get_fingerprint() == target.pin)
        _, known, revoked = self._matched(target)
        if known or not self._access.accept_new or key in revoked:
            return False
        text = key.export_public_key().decode().strip()
        where = (target.host, target.port)
        if self._added.setdefault(where, text) != text:
            return False
        name = target.host if target.port == 22 else f"[{target.host}]:{target.port}"
        self._append(f"{name} {' '.join(text.split()[:2])}\n")
        return True

    def _matched(self, target: Target) -> tuple[str, bool, Any]:
        found = self._list.match(target.host, "", None if target.port == 22 else target.port)
        return target.host, bool(found[0] or found[1]), found[2]

    def _append(self, line: str) -> None:
        try:
            os.makedirs(os.path.dirname(self._path) or ".", mode=0o700, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise SourceError(f"cannot write down the host key in {self._path!r}: {error.strerror}") from error


async def _feed(
    library: Any, hosts: _KnownHosts, target: Target, access: Access, script: bytes, receiver: Receiver
) -> None:
    class Client(library.SSHClient):  # type: ignore[misc]  # the library comes as an extra
        """Asked about keys that no list has."""

        def validate_host_public_key(self, _host: str, _address: str, _port: int, key: "asyncssh.SSHKey") -> bool:
            return hosts.admits(target, key)

    options: dict[str, Any] = {
        "port": target.port,
        "username": target.user or access.user,
        "known_hosts": hosts.keys(target),
        "client_factory": Client,
        "config": None,
        "connect_timeout": access.connect_seconds,
        "keepalive_interval": 30,
        "x509_trusted_certs": None,
        **(_OLD if access.old_algorithms else {}),
    }
    if access.identities:
        options["client_keys"] = list(access.identities)
        options["agent_path"] = None
    if access.password is not None:
        options["password"] = access.password
    if access.passphrase is not None:
        options["passphrase"] = access.passphrase
    async with library.connect(target.host, **options) as connection:
        process = await connection.create_process(access.command, encoding=None, stderr=library.DEVNULL)
        process.stdin.write(script)
        process.stdin.write_eof()
        while data := await process.stdout.read(_PIECE):
            receiver.take(data)
