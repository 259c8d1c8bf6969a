"""TUF repositories: one that tuf-on-ci made, and a simulated one whose attacks are edits; python-tuf's word, where it is there."""

import json
import random
from collections.abc import Callable
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.unit.signatures.sites import signatures_in
from tests.unit.signatures.tuf_simulator import OTHER, ROOT, Signing, Simulator

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys
from trueware.signatures.tuf.delegations import fits as fits_pattern

VECTOR = Path(__file__).parents[2] / "vectors/signatures/tuf/tuf-on-ci"
NOW = 1_739_092_643


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


def verified(simulator: Simulator, **changed: bytes | None) -> Signature:
    written: dict[str, bytes | None] = {**simulator.written(), **changed}
    files = {name: data for name, data in written.items() if data is not None}
    return found(files, simulator.written()["metadata/1.root.json"])


def test_a_simulated_repository() -> None:
    """Keys of all kinds, thresholds, a newer root, and a delegation."""
    simulator = Simulator()
    signature = verified(simulator)

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
    signature = verified(Simulator(edits={name: edit}))
    if (name, edit) != ("timestamp", renumbered):
        assert signature.outcome is not Outcome.VALID


@pytest.mark.parametrize("name", ["2.root", "timestamp", "snapshot", "targets", "sub"])
@pytest.mark.parametrize("by", [(), (OTHER,), (ROOT[0],), (ROOT[0], ROOT[0])])
def test_signatures_are_counted(name: str, by: tuple[Signing, ...]) -> None:
    """Too few, of others, or one twice."""
    enough = {"timestamp": ROOT[0], "sub": OTHER}.get(name)
    signature = verified(Simulator(signers={name: by}))
    assert (signature.outcome is Outcome.VALID) == (enough in by and len(by) == 1)


def test_a_delegation_is_for_its_paths() -> None:
    """A role's word about other paths does not count."""
    signature = verified(Simulator(edits={"targets": elsewhere}))
    assert "targets/sub/b.bin" not in signature.coverage.paths


@pytest.mark.parametrize(
    "path", ["targets/a.bin", "targets/sub/b.bin", "metadata/2.snapshot.json", "metadata/4.sub.json"]
)
def test_files_are_compared(path: str) -> None:
    """A changed file is found; one that is not there is no matter, metadata that is not there is."""
    simulator = Simulator()
    data = simulator.written()[path]
    changed = data[:-1] + bytes([data[-1] ^ 1])
    assert verified(simulator, **{path: changed}).outcome is not Outcome.VALID
    missing = verified(simulator, **{path: None})
    assert (missing.outcome is Outcome.VALID) == path.startswith("targets/")


def test_a_root_that_is_missing_is_not_stepped_over() -> None:
    """Without the second root the first one counts, which has the same keys here."""
    assert verified(Simulator(), **{"metadata/2.root.json": None}).outcome is Outcome.VALID
    assert verified(Simulator(signers={"2.root": (OTHER,)})).outcome is not Outcome.VALID


def test_fractions_have_no_canonical_form() -> None:
    """A number that is not whole is refused."""
    assert verified(Simulator(edits={"sub": no_fraction})).outcome is Outcome.UNCHECKABLE


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
    assert fits_pattern(pattern, name) is fits


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
        assert accepts(simulator) == (verified(simulator).outcome is Outcome.VALID)
