"""A TUF repository that is made anew for each test: attacks are edits to it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LATER = "2044-08-10T10:05:04Z"
PEM = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Signing:
    """A key of the simulator."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        makers: dict[str, Callable[[], Any]] = {
            "ed25519": ed25519.Ed25519PrivateKey.generate,
            "ecdsa-sha2-nistp256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "rsassa-pss-sha256": lambda: rsa.generate_private_key(65537, 2048),
        }
        self.key = makers[kind]()
        public = self.key.public_key()
        text = (
            public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
            if kind == "ed25519"
            else public.public_bytes(*PEM).decode()
        )
        self.described: dict[str, Any] = {"keytype": kind.partition("-")[0], "scheme": kind, "keyval": {"public": text}}
        if kind.startswith("rsassa"):
            self.described["keytype"] = "rsa"
        self.id = sha256(canonical(self.described)).hexdigest()

    def sign(self, data: bytes) -> bytes:
        if self.kind == "ed25519":
            return bytes(self.key.sign(data))
        if self.kind.startswith("ecdsa"):
            return bytes(self.key.sign(data, ec.ECDSA(SHA256())))
        return bytes(self.key.sign(data, padding.PSS(padding.MGF1(SHA256()), 32), SHA256()))


def canonical(value: Any) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.replace("\\n", "\n").encode()  # OLPC's form escapes quotes and backslashes alone


KEYS = {kind: Signing(kind) for kind in ("ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256")}
ROOT = (KEYS["ed25519"], KEYS["rsassa-pss-sha256"])
OTHER = Signing("ed25519")


def role(*keys: Signing, threshold: int = 1) -> dict[str, Any]:
    return {"keyids": [key.id for key in keys], "threshold": threshold}


@dataclass
class Simulator:
    """A repository; what is asked for is signed when it is written."""

    files: dict[str, bytes] = field(default_factory=lambda: {"a.bin": b"a" * 9, "sub/b.bin": b"b"})
    root: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, Callable[[dict[str, Any]], None]] = field(default_factory=dict)
    signers: dict[str, tuple[Signing, ...]] = field(default_factory=dict)

    def signed(self, name: str, kind: str, version: int, by: tuple[Signing, ...], **more: Any) -> bytes:
        body = {"_type": kind, "spec_version": "1.0.31", "version": version, "expires": LATER, **more}
        if name in self.edits:
            self.edits[name](body)
        by = self.signers.get(name, by)
        made = [{"keyid": key.id, "sig": key.sign(canonical(body)).hex()} for key in by]
        return json.dumps({"signed": body, "signatures": made}, indent=1).encode()

    def described(self) -> dict[str, Any]:
        roles = {
            "root": role(*ROOT, threshold=2),
            "timestamp": role(KEYS["ed25519"]),
            "snapshot": role(KEYS["ecdsa-sha2-nistp256"]),
            "targets": role(KEYS["rsassa-pss-sha256"], KEYS["ed25519"], threshold=2),
        }
        keys = {key.id: key.described for key in (*KEYS.values(), OTHER)}
        return {"keys": keys, "roles": roles, "consistent_snapshot": True}

    def target(self, name: str) -> dict[str, Any]:
        data = self.files[name]
        return {"length": len(data), "hashes": {"sha256": sha256(data).hexdigest()}}

    def written(self) -> dict[str, bytes]:
        """Return its files; the trusted root is ``1.root.json``."""
        delegated = {"name": "sub", **role(OTHER), "terminating": True, "paths": ["sub/*"]}
        delegations = {"keys": {OTHER.id: OTHER.described}, "roles": [delegated]}
        meta = {"targets.json": {"version": 3}, "sub.json": {"version": 4}}
        targets = self.signed(
            "targets",
            "targets",
            3,
            (ROOT[1], ROOT[0]),
            targets={"a.bin": self.target("a.bin")},
            delegations=delegations,
        )
        sub = self.signed("sub", "targets", 4, (OTHER,), targets={"sub/b.bin": self.target("sub/b.bin")})
        snapshot = self.signed("snapshot", "snapshot", 2, (KEYS["ecdsa-sha2-nistp256"],), meta=meta)
        stated = {"version": 2, "length": len(snapshot), "hashes": {"sha256": sha256(snapshot).hexdigest()}}
        timestamp = self.signed("timestamp", "timestamp", 5, (KEYS["ed25519"],), meta={"snapshot.json": stated})
        return {
            "metadata/1.root.json": self.signed("1.root", "root", 1, ROOT, **self.described()),
            "metadata/2.root.json": self.signed("2.root", "root", 2, ROOT, **self.described()),
            "metadata/timestamp.json": timestamp,
            "metadata/2.snapshot.json": snapshot,
            "metadata/3.targets.json": targets,
            "metadata/4.sub.json": sub,
            **{f"targets/{name}": data for name, data in self.files.items()},
        }
