"""Opens a registry to write to it: through its ledger, with the key of whoever runs it.

The key is that of ``--registrar-key`` or of the environment; else a file beside the registry, ``<registry>.key``, made (mode 0600)
when the registry is first written to. Whoever has the registry and not the key can read and prove it, and write nothing.
"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trueware.cli.options import add_registry, registry_location
from trueware.cli.printable import printable
from trueware.errors import SourceError

if TYPE_CHECKING:
    from trueware.registry.ledger import Registrar
    from trueware.registry.ports import RegistryStore

KEY_VARIABLE = "TRUEWARE_REGISTRAR_KEY"


def add_written_registry(parser: ArgumentParser) -> None:
    """Add `--registry` and what writing to it needs."""
    add_registry(parser)
    parser.add_argument(
        "--registrar-key",
        metavar="FILE",
        help=f"private Ed25519 key that signs for the registry and its log (default: ${KEY_VARIABLE}, else <registry>.key, "
        "made when it is needed)",
    )


@contextmanager
def written_registry(
    options: Namespace, *, creates: bool = False, origin: str | None = None
) -> "Iterator[RegistryStore]":
    """Open the registry that the options name, for reading and writing, and close it.

    Args:
        options: of a parser with `add_written_registry`.
        creates: make it where there is none.
        origin: what its log is called, where it has none yet.

    Raises:
        StoreError: it cannot be opened.
        SourceError: there is no key, or it cannot be read.
        UntrustedStatement: the log of the registry is signed with another key.
    """
    from trueware.registry.ledger import ledger
    from trueware.registry.registration import Registrations
    from trueware.storage.opening import open_registry

    location = registry_location(options)
    with closing(open_registry(location, writes=True, creates=creates)) as store:
        state = Registrations(store)
        state.catch_up(times=False)
        registrar = _registrar(options, origin or state.origin, has_log=state.origin is not None)
        logged = ledger(store, registrar, int(time.time()))
        if state.origin is None:
            sys.stderr.write(
                f"the registry's log is {printable(registrar.origin)}; who reads it checks it with this key:\n"
            )
            sys.stderr.write(f"  {registrar.verifier}\n")
        yield logged


def _registrar(options: Namespace, origin: str | None, *, has_log: bool) -> "Registrar":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from trueware.cli.keys import read_private_key
    from trueware.registry.ledger import Registrar
    from trueware.registry.signed import key_id, public_key

    given = options.registrar_key or os.environ.get(KEY_VARIABLE)
    path = Path(given) if given else _beside(options)
    if not path.exists() and not given:
        if has_log:
            raise SourceError(f"the key of this registry's log is not at {str(path)!r}: name it with --registrar-key")
        _make_key(path)
    key = read_private_key(str(path))
    if not isinstance(key, Ed25519PrivateKey):
        raise SourceError(f"{str(path)!r}: an Ed25519 key is needed to sign a log")
    return Registrar(origin or f"local/{key_id(public_key(key)).hex()[:16]}", key)


def _beside(options: Namespace) -> Path:
    location = registry_location(options)
    if isinstance(location, Path):
        return location.with_name(f"{location.name}.key")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "trueware" / "registrar.key"


def _make_key(path: Path) -> None:
    """Write a new private key, readable by its owner alone; its bytes are on disk before anything is signed with it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return  # somebody else was quicker
    except OSError as error:
        raise SourceError(f"cannot write the key {str(path)!r}: {error.strerror}") from error
