"""Known content is not unpacked: the answers are the same, the work is less, and nobody's false word makes another's release."""

import gzip
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from tests.promises.vectors import read_input
from trueware.artefact import Measured, measure_artefact
from trueware.measuring import KnownList, Listed, measure
from trueware.model.release import Release
from trueware.model.result import Result
from trueware.model.verdict import Verdict
from trueware.registry.learn import learn
from trueware.registry.lookup import Registry
from trueware.storage.memory import MemoryStore
from trueware.verify import diff, verify

pytestmark = pytest.mark.skipif(shutil.which("mksquashfs") is None, reason="mksquashfs is not installed")

Image = Callable[[str, dict[str, bytes]], Path]
FILES = {f"usr/lib/part-{number:02}": b"%d" % number + bytes(40_000 + number) for number in range(40)}
FILES |= {"usr/bin/tool": b"\x7fELF" + bytes(200_000), "etc/config/lan": b"address 10.0.0.1\n"}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """Makes a squashfs of some files."""

    def make(name: str, files: dict[str, bytes]) -> Path:
        root = tmp_path / f"{name}.root"
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        target = tmp_path / name
        command = [
            "mksquashfs",
            str(root),
            str(target),
            "-noappend",
            "-quiet",
            "-no-progress",
            "-all-root",
            "-all-time",
            "0",
        ]
        subprocess.run(command, check=True, capture_output=True)
        return target

    return make


def learnt(store: MemoryStore, measured: Measured, publisher: str, packings: Listed | None) -> Release:
    measurement = measured.measurement
    return learn(
        store, measurement.root, measurement.kept, measured.claims,
        publisher=publisher, product="Router", version="1", now=1, packings=packings,
    )  # fmt: skip


def measured(path: Path) -> Measured:
    return measure_artefact(path, record_packings=True)


def comparable(result: Result) -> Result:
    assert result.match is not None
    return replace(result, match=replace(result.match, release=replace(result.match.release, id="", packings=None)))


def work(path: Path, registry: Registry) -> int:
    told = [0]
    verify(path, registry, report=told.append)
    return max(told)


def test_answers_are_the_same_for_less_work(image: Image) -> None:
    """A changed image is answered alike whether the release tells its packings or not; then only what changed is unpacked."""
    genuine = measured(image("genuine", FILES))
    suspect = image("suspect", {**FILES, "usr/lib/part-07": b"other" * 8_000, "usr/zz-added": b"#!/bin/sh\n"})
    with_packings, without = MemoryStore(), MemoryStore()
    learnt(with_packings, genuine, "Acme", genuine.measurement.packings)
    learnt(without, genuine, "Acme", None)
    short, long = (verify(suspect, Registry(store)) for store in (with_packings, without))

    assert short.verdict is Verdict.TAMPERED
    assert [change.path for change in short.changes] == ["usr/lib/part-07", "usr/zz-added"]
    assert comparable(short) == comparable(long)
    assert work(suspect, Registry(with_packings)) < 400_000
    assert work(suspect, Registry(without)) > 1_700_000


def test_what_a_release_has_opened_is_not_opened_again(image: Image) -> None:
    """Archives within the image are known by their packed bytes too, with all that is below them."""
    archives = {f"usr/doc/{n}.gz": gzip.compress(Random(n).randbytes(150_000), mtime=0) for n in range(30)}
    genuine = measured(image("genuine", FILES | archives))
    suspect = image("suspect", {**FILES, **archives, "usr/doc/7.gz": gzip.compress(b"other" * 60_000, mtime=0)})
    with_packings, without = MemoryStore(), MemoryStore()
    learnt(with_packings, genuine, "Acme", genuine.measurement.packings)
    learnt(without, genuine, "Acme", None)
    short, long = (verify(suspect, Registry(store)) for store in (with_packings, without))

    assert [change.path for change in short.changes] == ["usr/doc/7.gz!/data"]
    assert comparable(short) == comparable(long)
    assert work(suspect, Registry(with_packings)) * 2 < work(suspect, Registry(without))


def test_content_with_something_to_say_is_read_each_time(image: Image) -> None:
    """What was noticed in an archive would be lost, were it known by its packed bytes: it is not recorded."""
    cut = gzip.compress(b"7" * 60_000, mtime=0)[:-4]
    first = measured(image("genuine", {**FILES, "usr/doc/cut.gz": cut}))
    known = KnownList(first.measurement.packings, lambda: first.measurement.root)
    again = measure_artefact(image("again", {**FILES, "usr/doc/cut.gz": cut}), known=known)

    assert sha256(cut).digest() not in {digest for digest, _ in first.measurement.packings.values()}
    assert [finding.part for finding in again.measurement.findings] == [
        finding.part for finding in first.measurement.findings
    ]
    assert again.measurement.findings


def test_diff_goes_by_the_genuine_side(image: Image) -> None:
    """Without a registry, what both images have packed alike is unpacked once."""
    genuine, suspect = image("genuine", FILES), image("suspect", {**FILES, "usr/lib/part-07": b"other"})
    result = diff(genuine, suspect)

    assert (result.verdict, [change.path for change in result.changes]) == (Verdict.TAMPERED, ["usr/lib/part-07"])


def test_every_content_of_the_release_is_recorded_by_what_it_is(image: Image) -> None:
    """A packing leads to the digest and length of the file; what is kept for explanation is read itself."""
    packings = measured(image("genuine", FILES)).measurement.packings

    contents = {sha256(data).digest(): len(data) for path, data in FILES.items() if not path.startswith("etc/")}
    assert dict(packings.values()) == contents


def test_packing_depends_on_how_blocks_are_cut_and_packed(image: Image, tmp_path: Path) -> None:
    """The same tree with another codec or block size has no packing in common."""
    first = measured(image("genuine", FILES)).measurement.packings
    for options in (["-comp", "xz"], ["-b", "4096"]):
        other = tmp_path / "other"
        command = [
            "mksquashfs",
            str(tmp_path / "genuine.root"),
            str(other),
            "-noappend",
            "-quiet",
            "-no-progress",
            *options,
        ]
        subprocess.run(command, check=True, capture_output=True)

        assert not first.keys() & measured(other).measurement.packings.keys(), options


def test_a_false_word_of_another_publisher_makes_nothing_genuine(image: Image) -> None:
    """Evil says that its own bytes are what Acme's file holds; an image with these bytes is still not Acme's."""
    genuine = measured(image("genuine", FILES))
    poisoned = {**FILES, "usr/bin/tool": b"\x7fELF" + b"\1" * 200_000}
    suspect = image("suspect", poisoned)
    bad, good = (sha256(files["usr/bin/tool"]).digest() for files in (poisoned, FILES))
    lies = {
        packing: (good if digest == bad else digest, size)
        for packing, (digest, size) in measured(suspect).measurement.packings.items()
    }
    store = MemoryStore()
    learnt(store, genuine, "Acme", genuine.measurement.packings)
    evil = measured(image("evil", {"usr/lib/evil": b"evil"}))
    learnt(store, evil, "Evil", lies)
    result = verify(suspect, Registry(store))

    assert result.verdict is Verdict.TAMPERED
    assert [change.path for change in result.changes] == ["usr/bin/tool"]
    assert result.match is not None
    assert result.match.release.publisher == "Acme"


def test_altered_list_is_not_believed(image: Image) -> None:
    """A list that is not the one the release speaks of is a finding, and everything is unpacked."""
    genuine = measured(image("genuine", FILES))
    suspect = image("suspect", {**FILES, "usr/lib/part-07": b"other"})
    store = MemoryStore()
    release = learnt(store, genuine, "Acme", genuine.measurement.packings)
    stored = store._stored[release.id]
    store._stored[release.id] = replace(stored, packings=b"")
    result = verify(suspect, Registry(store))

    assert result.verdict is Verdict.TAMPERED
    assert [change.path for change in result.changes] == ["usr/lib/part-07"]


@pytest.mark.parametrize(
    "vector",
    sorted(path.parent for path in (Path(__file__).parents[1] / "vectors/squashfs").glob("*/expected.json")),
    ids=lambda path: path.name,
)
def test_going_by_packings_changes_nothing(vector: Path) -> None:
    """Of every variant there is a vector of, what is found with and without the packings of the same image is equal."""
    data = memoryview(read_input(vector))
    with ThreadPoolExecutor(1) as pool:
        first = measure("image", data, pool=pool, clock=time.monotonic, record_packings=True)
        known = KnownList(first.packings, lambda: first.root)
        again = measure("image", data, pool=pool, clock=time.monotonic, known=known)

    assert (again.root, again.findings) == (first.root, first.findings)


def test_among_equals_the_release_it_is_packed_like_is_named(image: Image, tmp_path: Path) -> None:
    """Two releases of one content: a changed image is told from the one that it was packed as, in either order."""
    first = image("first", FILES)
    other = tmp_path / "other"
    command = [
        "mksquashfs",
        str(tmp_path / "first.root"),
        str(other),
        "-noappend",
        "-quiet",
        "-no-progress",
        "-all-root",
    ]
    subprocess.run([*command, "-comp", "xz"], check=True, capture_output=True)
    suspect = image("suspect", {**FILES, "usr/lib/part-07": b"other" * 8_000})
    for order in ((first, other), (other, first)):
        store = MemoryStore()
        ids = {}
        for path in order:
            made = measured(path)
            measurement = made.measurement
            ids[path] = learn(
                store, measurement.root, measurement.kept, made.claims,
                publisher="Acme", product=path.name, version="1", now=1, packings=measurement.packings,
            ).id  # fmt: skip
        result = verify(suspect, Registry(store))

        assert result.match is not None
        assert result.match.release.id == ids[first]
        assert [change.path for change in result.changes] == ["usr/lib/part-07"]


def test_the_release_it_is_packed_like_is_named_among_many_equals(image: Image) -> None:
    """One content released in twelve ways, more than are compared: whichever it was packed as is found."""
    measurement = measured(image("image", FILES)).measurement
    suspect = image("suspect", {**FILES, "usr/lib/part-07": b"other" * 8_000})
    for chosen in range(12):
        store = MemoryStore()
        ids = [
            learn(
                store, measurement.root, measurement.kept, (),
                publisher="Acme", product=f"Router, packed as {number}", version="1", now=1,
                packings=measurement.packings if number == chosen else None,
            ).id
            for number in range(12)
        ]  # fmt: skip
        result = verify(suspect, Registry(store))

        assert result.match is not None
        assert result.match.release.id == ids[chosen]
