"""TUF repositories: a real one, simulated ones whose attacks are edits, and ones that python-tuf makes and reads."""

import json
from datetime import UTC, datetime
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importing.mirrors import PUBLISHER, archive, registry, take, write
from tests.unit.signatures.tuf_simulator import KEYS, OTHER, ROOT, Simulator, role

from trueware.errors import InputError, UntrustedStatement
from trueware.model.anchor import Distrusted
from trueware.model.verdict import Authority, Verdict
from trueware.registry.lookup import Registry
from trueware.registry.references import Reference, take_references
from trueware.registry.trust import take_back
from trueware.signatures.keys import read_keys
from trueware.signatures.x509 import ed25519_spki, spki_id
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

VECTOR = Path(__file__).resolve().parents[2] / "vectors/signatures/tuf/tuf-on-ci"
NOW = 1_739_092_643
IMAGE = archive({"etc/os-release": b"ID=box\nVERSION_ID=1.2\n", "bin/sh": bytes(2000)})


def simulator(**files: bytes) -> Simulator:
    return Simulator({"a.bin": b"a" * 9, "sub/box_1.2.tar": IMAGE, **files})


def written(made: Simulator) -> dict[str, bytes]:
    """Return the files of a repository; the simulator's second role has ``sub/box_1.2.tar``."""
    made.files.setdefault("sub/b.bin", b"b")
    made.edits.setdefault(
        "sub", lambda body: body["targets"].update({"sub/box_1.2.tar": made.target("sub/box_1.2.tar")})
    )
    return made.written()


def known(made: Simulator) -> MemoryStore:
    return registry(*read_keys(written(made)["metadata/1.root.json"], "root.json"))


def targets(store: MemoryStore) -> dict[str, str]:
    """Return product by source, without the metadata."""
    return {
        each.source.rpartition(": ")[2]: each.product for each in store.releases() if ".json of TUF" not in each.product
    }


def test_a_real_repository() -> None:
    """tuf-on-ci's: one target, which is there; in its folder or by its timestamp; after its time nothing."""
    root = read_keys((VECTOR / "initial_root.json").read_bytes(), "root.json")
    for path in (VECTOR, VECTOR / "metadata"):
        store = registry(*root)
        done = take(store, path, now=NOW)
        assert (done.added, done.refusals) == (6, 0)
        release = next(each for each in store.releases() if each.product == "artifact")
        target = VECTOR / "targets/delegatedrole"
        (file,) = target.iterdir()
        assert release.sha256 == sha256(file.read_bytes()).digest()
        assert (release.publisher, release.authority) == (PUBLISHER, Authority.THIRD_PARTY)
        assert (release.tree is not None) == (path == VECTOR)
        assert release.source.startswith("TUF repository, timestamp 2 until 2044-08-10, signed by OpenWrt (")
        assert take(store, path, now=NOW).added == 0
    with pytest.raises(UntrustedStatement, match="expired on 2044"):
        take(registry(*root), VECTOR, now=2_500_000_000)
    with pytest.raises(UntrustedStatement, match="no root"):
        take(registry(), VECTOR, now=NOW)


def test_targets(tmp_path: Path) -> None:
    """Those at hand are measured, others are known by their digests; a second time nothing is new."""
    made = simulator()
    store = known(made)
    files = {name: data for name, data in written(made).items() if name != "targets/a.bin"}
    done = take(store, write(tmp_path, files), now=NOW)

    assert done.refusals == 0
    assert targets(store) == {"a.bin": "a", "sub/b.bin": "b", "sub/box_1.2.tar": "box"}
    (box,) = store.find_by_sha256(sha256(IMAGE).digest())
    assert (box.version, box.tree is not None) == ("1.2", True)
    assert verify(tmp_path / "targets/sub/box_1.2.tar", Registry(store)).verdict is Verdict.GENUINE
    assert take(store, tmp_path, now=NOW).added == 0
    assert store.fsck() == []


def newer(made: Simulator, name: str, by: int = 1) -> Simulator:
    """Return the repository with one role's metadata of another version, and what names it too."""
    before = dict(made.edits)

    def edit(body: dict[str, Any]) -> None:
        if name in before:
            before[name](body)
        body["version"] += by

    made.edits[name] = edit
    return made


def test_a_replayed_timestamp(tmp_path: Path) -> None:
    """What was seen before is not gone back behind; the same again is no matter."""
    store = known(simulator())
    take(store, write(tmp_path / "new", written(newer(simulator(), "timestamp", 3))), now=NOW)
    count = len(store.releases())
    with pytest.raises(
        UntrustedStatement, match=r"timestamp\.json of .* version 5, and 8 was imported before: a replay"
    ):
        take(store, write(tmp_path / "old", written(simulator())), now=NOW)
    assert len(store.releases()) == count


@pytest.mark.parametrize("name", ["2.root", "snapshot", "targets", "sub"])
def test_replayed_metadata(tmp_path: Path, name: str) -> None:
    """An older root, snapshot or role under a newer timestamp."""
    made = simulator()
    store = known(made)
    files = written(made)
    take(store, write(tmp_path / "now", files), now=NOW)
    kind = {"2.root": "root"}.get(name, name)
    (release,) = (each for each in store.releases() if each.product.startswith(f"{kind}.json of TUF"))
    # the registry has seen a later one, as another mirror had it
    later = Reference(release.publisher, release.product, str(int(release.version) + 1), bytes(32))
    take_references(store, [later], NOW)
    with pytest.raises(UntrustedStatement, match="a replay"):
        take(store, write(tmp_path / "again", written(newer(simulator(), "timestamp"))), now=NOW)


def test_versions_are_forgotten_with_the_keys(tmp_path: Path) -> None:
    """A repository that recovers from a stolen timestamp key starts its timestamps anew (5.3.11)."""
    store = known(simulator())
    take(store, write(tmp_path / "stolen", written(newer(simulator(), "timestamp", 1 << 40))), now=NOW)
    recovered = simulator()
    recovered.edits["2.root"] = lambda body: body["roles"].update(timestamp=role(OTHER))
    recovered.signers["timestamp"] = (OTHER,)
    take(store, write(tmp_path / "recovered", written(recovered)), now=NOW)
    files = {name: data for name, data in written(simulator()).items() if name != "metadata/2.root.json"}
    with pytest.raises(UntrustedStatement, match=r"root\.json of .* a replay"):
        take(store, write(tmp_path / "older", files), now=NOW)


def test_targets_that_are_others(tmp_path: Path) -> None:
    """A file under the name of a target that is not the one is told, and no reference."""
    made = simulator()
    store = known(made)
    done = take(store, write(tmp_path, {**written(made), "targets/sub/box_1.2.tar": IMAGE[:-1] + b"x"}), now=NOW)
    assert [each.where for each in done.refused] == ["targets/sub/box_1.2.tar"]
    assert [each.tree for each in store.find_by_sha256(sha256(IMAGE).digest())] == [None]


@pytest.mark.parametrize("path", ["../secret", "sub/../../secret", "/etc/passwd", "sub/link"])
def test_paths_that_lead_elsewhere(tmp_path: Path, path: str) -> None:
    """A target's path is never followed out of the mirror or through a link."""
    made = simulator()
    made.edits["targets"] = lambda body: body["targets"].update(
        {path: {"length": 3, "hashes": {"sha512": sha512(b"abc").hexdigest()}}}
    )
    store = known(made)
    write(tmp_path, {"secret": b"abc"})
    folder = write(tmp_path / "mirror", written(made))
    (folder / "targets/sub/link").symlink_to(tmp_path / "secret")
    done = take(store, folder, now=NOW)
    assert any("no SHA-256 is stated" in each.reason for each in done.refused)
    assert not store.find_by_sha256(sha256(b"abc").digest())


def test_targets_by_other_digests(tmp_path: Path) -> None:
    """SHA-512 alone: known if the file is there and has it."""
    made = simulator()
    made.edits["targets"] = lambda body: body["targets"].update(
        {"a.bin": {"length": 9, "hashes": {"sha512": sha512(b"a" * 9).hexdigest()}}}
    )
    store = known(made)
    assert take(store, write(tmp_path, written(made)), now=NOW).refusals == 0
    assert store.find_by_sha256(sha256(b"a" * 9).digest())
    (tmp_path / "targets/a.bin").write_bytes(b"b" * 9)
    again = take(known(made), tmp_path, now=NOW)
    assert again.refusals == 1


def test_what_is_custom(tmp_path: Path) -> None:
    """Version, name and hardware as Uptane's tools write them; what is of another kind says nothing."""
    made = simulator()
    custom = {"version": "7", "name": "ecu", "hardwareIds": ["board-1", 5], "uri": "x"}
    made.edits["targets"] = lambda body: body["targets"]["a.bin"].update({"custom": custom})
    store = known(made)
    take(store, write(tmp_path, written(made)), now=NOW)
    (release,) = store.find_by_sha256(sha256(b"a" * 9).digest())
    assert (release.product, release.version) == ("ecu", "7")
    assert {("hardware", "board-1"), ("product", "ecu")} <= {(each.name, each.value) for each in release.claims}


def test_keys_that_must_not_be_believed(tmp_path: Path) -> None:
    """The root taken back, and a key of a role that is listed."""
    made = simulator()
    folder = write(tmp_path, written(made))
    store = known(made)
    take_back(store, PUBLISHER, store.anchors()[0].id, "stolen", 2)
    with pytest.raises(UntrustedStatement, match="stolen"):
        take(store, folder, now=NOW)
    store = known(made)
    public = bytes.fromhex(KEYS["ed25519"].described["keyval"]["public"])
    store.add_distrusted([Distrusted(spki_id(ed25519_spki(public)), "stolen")], 1)
    with pytest.raises(UntrustedStatement, match="stolen"):
        take(store, folder, now=NOW)
    assert store.releases() == ()


@pytest.mark.parametrize("name", ["2.root.json", "timestamp.json", "2.snapshot.json", "3.targets.json", "4.sub.json"])
def test_no_edit_of_metadata_passes(tmp_path: Path, name: str) -> None:
    """Metadata that is not what was signed: refused whole, with nothing stored."""
    made = simulator()
    files = written(made)
    value = json.loads(files[f"metadata/{name}"])
    value["signed"]["custom"] = 1
    store = known(made)
    with pytest.raises(InputError):
        take(store, write(tmp_path, {**files, f"metadata/{name}": json.dumps(value).encode()}), now=NOW)
    assert store.releases() == ()


def test_a_role_that_is_not_there(tmp_path: Path) -> None:
    """Its targets cannot be told; those of others, which are asked before, can."""
    made = simulator()
    store = known(made)
    files = {name: data for name, data in written(made).items() if name != "metadata/4.sub.json"}
    done = take(store, write(tmp_path, files), now=NOW)
    assert set(targets(store)) == {"a.bin"}
    assert "sub" in {each.where for each in done.refused}


# --- python-tuf makes them, and reads them -----------------------------------------------------------------------------


class Made:
    """A repository that python-tuf makes: bins, prefixes of digests and patterns."""

    def __init__(self, kind: str, *, consistent: bool = True) -> None:
        api = pytest.importorskip("tuf.api.metadata")
        signer = pytest.importorskip("securesystemslib.signer")
        self.files = {f"dir/file-{number}.bin": b"%d" % number for number in range(24)}
        self.signer = signer.CryptoSigner.generate_ed25519()
        until = datetime(2044, 1, 1, tzinfo=UTC)
        key = self.signer.public_key
        by = {"keyids": [key.keyid], "threshold": 1}
        root = api.Root(1, expires=until, keys={key.keyid: key}, consistent_snapshot=consistent)
        for name in ("root", "timestamp", "snapshot", "targets"):
            root.roles[name] = api.Role([key.keyid], 1)
        top = api.Targets(1, expires=until)
        roles: dict[str, Any] = {}
        described = {path: api.TargetFile.from_data(path, data) for path, data in self.files.items()}
        keys = {key.keyid: key}
        if kind == "bins":
            bins = api.SuccinctRoles([key.keyid], 1, 3, "bin")
            top.delegations = api.Delegations(keys, succinct_roles=bins)
            roles = {name: api.Targets(1, expires=until) for name in bins.get_roles()}
            for path, target in described.items():
                roles[bins.get_role_for_target(path)].targets[path] = target
        elif kind == "prefixes":
            names = {
                f"half-{number}": [f"{digit:x}" for digit in range(8 * number, 8 * number + 8)] for number in (0, 1)
            }
            stated = {
                name: api.DelegatedRole(name, terminating=False, path_hash_prefixes=some, **by)
                for name, some in names.items()
            }
            top.delegations = api.Delegations(keys, roles=stated)
            roles = {name: api.Targets(1, expires=until) for name in names}
            for number, (path, target) in enumerate(described.items()):
                roles[f"half-{number % 2}"].targets[path] = target  # half of them where nobody may look for them
        else:
            first = api.DelegatedRole("first", terminating=True, paths=["dir/file-1?.bin", "*/file-2.bin"], **by)
            second = api.DelegatedRole("second", terminating=False, paths=["dir/*"], **by)
            top.delegations = api.Delegations(keys, roles={"first": first, "second": second})
            roles = {"first": api.Targets(1, expires=until), "second": api.Targets(1, expires=until)}
            for path, target in described.items():
                roles["second"].targets[path] = target
            roles["first"].targets["dir/file-13.bin"] = api.TargetFile.from_data("dir/file-13.bin", b"another")
        snapshot = api.Snapshot(1, expires=until)
        snapshot.meta["targets.json"] = api.MetaFile(1)
        snapshot.meta |= {f"{name}.json": api.MetaFile(1) for name in roles}
        timestamp = api.Timestamp(1, expires=until)
        self.metadata: dict[str, bytes] = {}
        before = "1." if consistent else ""
        named = {"1.root": root, "timestamp": timestamp, f"{before}snapshot": snapshot, f"{before}targets": top}
        for name, signed in {**named, **{f"{before}{each}": body for each, body in roles.items()}}.items():
            envelope = api.Metadata(signed)
            envelope.sign(self.signer)
            self.metadata[f"{name}.json"] = envelope.to_bytes()

    def found_by_python_tuf(self, folder: Path) -> dict[str, bytes]:
        """Return the SHA-256 of what its client finds."""
        client = pytest.importorskip("tuf.ngclient")
        errors = pytest.importorskip("tuf.api.exceptions")
        metadata = self.metadata

        class Fetcher(client.FetcherInterface):  # type: ignore[name-defined, misc]
            def _fetch(self, url: str) -> Any:
                name = url.rpartition("/")[2]
                if name not in metadata:
                    raise errors.DownloadHTTPError("none", 404)
                return iter([metadata[name]])

        updater = client.Updater(str(folder), "http://x/", fetcher=Fetcher(), bootstrap=metadata["1.root.json"])
        found = {path: updater.get_targetinfo(path) for path in self.files}
        return {path: bytes.fromhex(info.hashes["sha256"]) for path, info in found.items() if info is not None}


@pytest.mark.parametrize("consistent", [True, False])
@pytest.mark.parametrize("kind", ["bins", "prefixes", "patterns"])
def test_python_tuf_finds_the_same(tmp_path: Path, kind: str, consistent: bool) -> None:  # noqa: FBT001 (a table)
    """Which targets count is what the reference client says, for every way of delegating."""
    made = Made(kind, consistent=consistent)
    (tmp_path / "client").mkdir()
    expected = made.found_by_python_tuf(tmp_path / "client")
    files = {f"metadata/{name}": data for name, data in made.metadata.items()}
    store = registry(*read_keys(made.metadata["1.root.json"], "root.json"))
    done = take(store, write(tmp_path / "mirror", files), now=NOW)
    found = {
        each.source.rpartition(": ")[2]: each.sha256 for each in store.releases() if each.product.startswith("file-")
    }

    assert done.refusals == 0
    assert found == expected
    assert len(expected) > 5
    assert (len(expected) < len(made.files)) == (kind != "bins")


def test_a_bin_that_is_not_there(tmp_path: Path) -> None:
    """Of a mirror with some bins, their targets count and no others."""
    made = Made("bins")
    del made.metadata["1.bin-3.json"]
    files = {f"metadata/{name}": data for name, data in made.metadata.items()}
    store = registry(*read_keys(made.metadata["1.root.json"], "root.json"))
    done = take(store, write(tmp_path, files), now=NOW)
    assert [each.where for each in done.refused] == ["bin-3"]
    assert 0 < len(targets(store)) < len(made.files)


@pytest.mark.parametrize(
    "edit",
    [
        {"bit_length": 0}, {"bit_length": 33}, {"bit_length": -1}, {"name_prefix": 5}, {"threshold": 0}, {"keyids": 1},
    ],
)  # fmt: skip
def test_bins_that_are_none(tmp_path: Path, edit: dict[str, Any]) -> None:
    """Malformed bins are refused, whoever signed them."""
    made = simulator()
    bins = {**role(OTHER), "bit_length": 3, "name_prefix": "bin", **edit}
    made.edits["targets"] = lambda body: body.update(
        delegations={"keys": {OTHER.id: OTHER.described}, "succinct_roles": bins}
    )
    with pytest.raises(UntrustedStatement):
        take(known(made), write(tmp_path, written(made)), now=NOW)


def test_signatures_by_one_key_are_one(tmp_path: Path) -> None:
    """A threshold of two is not met by one key under two names."""
    made = simulator()
    made.signers["targets"] = (ROOT[0], ROOT[0])
    with pytest.raises(UntrustedStatement):
        take(known(made), write(tmp_path, written(made)), now=NOW)
