"""Mirrors in a folder, keys that sign for them, and a registry that knows the publisher."""

import io
import tarfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.referencing import Wish, import_document
from trueware.registry.enrol import enrol
from trueware.registry.references import Imported
from trueware.registry.trust import admit
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys
from trueware.storage.memory import MemoryStore

NOW = 1_790_000_000
PUBLISHER = "OpenWrt"


class Usign:
    """A key of usign."""

    def __init__(self, seed: int = 1) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self._id = bytes([seed]) * 8

    def public(self) -> tuple[Key, ...]:
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return read_keys(b"untrusted comment: a test key\n" + b64encode(b"Ed" + self._id + raw) + b"\n")

    def sign(self, data: bytes) -> bytes:
        return b"untrusted comment: signed\n" + b64encode(b"Ed" + self._id + self._key.sign(data)) + b"\n"


KEY = Usign()


def registry(*keys: Key) -> MemoryStore:
    """Return a registry in which the publisher has these keys."""
    store = MemoryStore()
    enrol(store, PUBLISHER, (), (), 1)
    admit(store, PUBLISHER, keys, 1)
    return store


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def take(
    store: MemoryStore, path: Path, publisher: str | None = None, now: int = NOW, kind: str | None = None
) -> Imported:
    """Import a document."""
    return import_document(store, path, Wish(publisher, kind), now)


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a tar file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return made.getvalue()


def ipk(name: str, version: str, architecture: str = "all", payload: bytes = b"#!/bin/sh\n") -> bytes:
    """Return a package of opkg, as OpenWrt's ipkg-build makes them but for the compression."""
    control = f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n".encode()
    parts = {"control": control}, {"usr/bin/tool": payload}
    inner = [archive({f"./{path}": data for path, data in part.items()}) for part in parts]
    return archive({"./debian-binary": b"2.0\n", "./control.tar": inner[0], "./data.tar": inner[1]})
