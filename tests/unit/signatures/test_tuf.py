"""TUF repositories: one that tuf-on-ci made, and a simulated one whose attacks are edits; python-tuf's word, where it is there."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys
from trueware.signatures.tuf import _fits

VECTOR = Path(__file__).parents[2] / "vectors/signatures/tuf/tuf-on-ci"
NOW = 1_739_092_643
LATER = "2044-08-10T10:05:04Z"
PEM = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def found(files: dict[str, bytes], root: bytes | None, now: int = NOW) -> Signature:
    keys: tuple[Key, ...] = read_keys(root, "root.json") if root is not None else ()
    (signature,) = (each for each in signatures_in(files, keys, now) if each.scheme == "tuf")
    return signature


def vector() -> dict[str, bytes]:
    paths = [path for path in VECTOR.rglob("*") if path.is_file() and path.name != "initial_root.json"]
    return {str(path.relative_to(VECTOR)): path.read_bytes() for path in paths}


def test_vector() -> None:
    """Everything in it is covered, and rests on the root at hand; past its time nothing can be told."""
    root = (VECTOR / "initial_root.json").read_bytes()
    files = vector()
    signature = found(files, root)

    assert signature.outcome is Outcome.VALID, signature.detail
    assert sorted(signature.coverage.paths) == sorted(files)
    assert signature.signer is not None
    assert signature.signer.ids == (f"tuf-root:{sha256(root).hexdigest()}",)
    assert len(signature.subjects) == 1
    assert found(files, root, 2_500_000_000).outcome is Outcome.UNCHECKABLE
    assert found(files, None).outcome is Outcome.UNCHECKABLE


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
        self.described = {"keytype": kind.partition("-")[0], "scheme": kind, "keyval": {"public": text}}
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

    def verified(self, **changed: bytes | None) -> Signature:
        written: dict[str, bytes | None] = {**self.written(), **changed}
        files = {name: data for name, data in written.items() if data is not None}
        return found(files, self.written()["metadata/1.root.json"])


def test_a_simulated_repository() -> None:
    """Keys of all kinds, thresholds, a newer root, and a delegation."""
    simulator = Simulator()
    signature = simulator.verified()

    assert signature.outcome is Outcome.VALID, signature.detail
    assert sorted(signature.coverage.paths) == sorted(simulator.written())


def expired(body: dict[str, Any]) -> None:
    body["expires"] = "2025-01-01T00:00:00Z"


def renumbered(body: dict[str, Any]) -> None:
    body["version"] += 1


def elsewhere(body: dict[str, Any]) -> None:
    body["delegations"]["roles"][0]["paths"] = ["other/*"]


def no_fraction(body: dict[str, Any]) -> None:
    body["custom"] = 1.5


@pytest.mark.parametrize("name", ["2.root", "timestamp", "snapshot", "targets", "sub"])
@pytest.mark.parametrize("edit", [expired, renumbered])
def test_metadata_that_expired_or_is_another(name: str, edit: Callable[[dict[str, Any]], None]) -> None:
    """Not valid, whichever it is; a timestamp may have any version."""
    signature = Simulator(edits={name: edit}).verified()
    if (name, edit) != ("timestamp", renumbered):
        assert signature.outcome is not Outcome.VALID


@pytest.mark.parametrize("name", ["2.root", "timestamp", "snapshot", "targets", "sub"])
@pytest.mark.parametrize("by", [(), (OTHER,), (ROOT[0],), (ROOT[0], ROOT[0])])
def test_signatures_are_counted(name: str, by: tuple[Signing, ...]) -> None:
    """Too few, of others, or one twice."""
    enough = {"timestamp": ROOT[0], "sub": OTHER}.get(name)
    signature = Simulator(signers={name: by}).verified()
    assert (signature.outcome is Outcome.VALID) == (enough in by and len(by) == 1)


def test_a_delegation_is_for_its_paths() -> None:
    """A role's word about other paths does not count."""
    signature = Simulator(edits={"targets": elsewhere}).verified()
    assert "targets/sub/b.bin" not in signature.coverage.paths


@pytest.mark.parametrize(
    "path", ["targets/a.bin", "targets/sub/b.bin", "metadata/2.snapshot.json", "metadata/4.sub.json"]
)
def test_files_are_compared(path: str) -> None:
    """A changed file is found; one that is not there is no matter, metadata that is not there is."""
    simulator = Simulator()
    data = simulator.written()[path]
    changed = data[:-1] + bytes([data[-1] ^ 1])
    assert simulator.verified(**{path: changed}).outcome is not Outcome.VALID
    missing = simulator.verified(**{path: None})
    assert (missing.outcome is Outcome.VALID) == path.startswith("targets/")


def test_a_root_that_is_missing_is_not_stepped_over() -> None:
    """Without the second root the first one counts, which has the same keys here."""
    assert Simulator().verified(**{"metadata/2.root.json": None}).outcome is Outcome.VALID
    assert Simulator(signers={"2.root": (OTHER,)}).verified().outcome is not Outcome.VALID


def test_fractions_have_no_canonical_form() -> None:
    """A number that is not whole is refused."""
    assert Simulator(edits={"sub": no_fraction}).verified().outcome is Outcome.UNCHECKABLE


def test_whatever_the_bytes_nothing_escapes() -> None:
    """Cut and overwritten metadata is answered, and no file that was changed is covered."""
    simulator = Simulator()
    good = simulator.written()
    chance = random.Random(1)
    for _ in range(150):
        name = chance.choice([name for name in good if name.startswith("metadata")])
        data = bytearray(good[name])
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.choice(b'{}[]",:0e\\\xff ')
        files = {**good, name: bytes(data)}
        for each in signatures_in(files, read_keys(good["metadata/1.root.json"]), NOW):
            if each.outcome is Outcome.VALID and name in each.coverage.paths:
                assert json.loads(data)["signed"] == json.loads(good[name])["signed"]


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        *(("*", "", True), ("*", "abc", True), ("a*c", "abbc", True), ("a*c", "abbd", False), ("a?c", "abc", True)),
        *(("a?c", "ac", False), ("*.bin", ".bin", True), ("**a**", "a", True), ("*ab*ab", "abab", True)),
        *(("a", "ab", False), ("ab", "a", False), ("[ab]", "a", False), ("*a" * 40, "a" * 200, True)),
        ("*a" * 40 + "b", "a" * 400, False),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool) -> None:  # noqa: FBT001 (a table)
    """Stars and question marks, in time that does not grow with the number of stars."""
    assert _fits(pattern, name) is fits


def test_python_tuf_agrees() -> None:
    """The reference takes what is taken here, and refuses it with a signature less."""
    try:
        trusted = import_module("tuf.ngclient._internal.trusted_metadata_set")
        envelope = import_module("tuf.ngclient.config").EnvelopeType.METADATA
    except ImportError as error:
        pytest.skip(f"no python-tuf: {error}")

    def accepts(simulator: Simulator) -> bool:
        files = {name.rpartition("/")[2]: data for name, data in simulator.written().items()}
        try:
            known = trusted.TrustedMetadataSet(files["1.root.json"], envelope)
            known.update_root(files["2.root.json"])
            known.update_timestamp(files["timestamp.json"])
            known.update_snapshot(files["2.snapshot.json"])
            known.update_delegated_targets(files["3.targets.json"], "targets", "root")
            known.update_delegated_targets(files["4.sub.json"], "sub", "targets")
        except Exception:  # noqa: BLE001 (the library's, of many kinds)
            return False
        return True

    cases = [Simulator()]
    names = ("2.root", "timestamp", "snapshot", "targets", "sub")
    cases += [Simulator(signers={name: by}) for name in names for by in ((), (OTHER,), (ROOT[0],))]
    cases += [Simulator(edits={name: renumbered}) for name in names]
    assert accepts(cases[0])
    for simulator in cases:
        assert accepts(simulator) == (simulator.verified().outcome is Outcome.VALID)
