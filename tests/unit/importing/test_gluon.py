"""Manifests of Gluon: a real one of Freifunk, the vectors of its signatures, and what is changed, replayed or beside it."""

from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.importing import mirrors
from tests.unit.importing.mirrors import PUBLISHER, write

from trueware.errors import InputError, UntrustedStatement
from trueware.model.verdict import Verdict
from trueware.registry.enrol import enrol
from trueware.registry.lookup import Registry
from trueware.registry.references import Imported, Reference, take_references
from trueware.registry.trust import admit
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

VECTOR = Path(__file__).resolve().parents[2] / "vectors/signatures/gluon"
FILES = {name: (VECTOR / name).read_bytes() for name in ("both.bin", "long.bin", "stable.manifest")}
KEYS = tuple(key for number in (1, 2) for key in read_keys((VECTOR / f"{number}.pub").read_bytes(), str(number)))


NOW = 1_800_000_000


def take(store: MemoryStore, path: Path, publisher: str | None = None, now: int = NOW) -> Imported:
    return mirrors.take(store, path, publisher, now)


def known(*keys: Key, threshold: int = 2) -> MemoryStore:
    store = MemoryStore()
    enrol(store, PUBLISHER, (), (), 1)
    admit(store, PUBLISHER, keys, 1, threshold=threshold)
    return store


def test_signed_by_enough(tmp_path: Path) -> None:
    """Two keys of two: images at hand are measured, and the manifest is known by its date."""
    store = known(*KEYS)
    path = write(tmp_path, FILES) / "stable.manifest"
    take(store, path)
    (image,) = store.find_by_sha256(sha256(FILES["both.bin"]).digest())
    assert image.tree is not None
    assert "signed by OpenWrt with 2 keys" in image.source
    assert any(each.product.startswith("manifest of branch") for each in store.releases())
    assert take(store, path).added == 0
    assert store.fsck() == []


@pytest.mark.parametrize(("keys", "threshold"), [(KEYS[:1], 2), (KEYS, 3), ((), 1)])
def test_signed_by_too_few(tmp_path: Path, keys: tuple[Key, ...], threshold: int) -> None:
    """It is somebody's word: it needs to be said whose, and each reference tells it."""
    store = known(*keys, threshold=threshold)
    path = write(tmp_path, FILES) / "stable.manifest"
    with pytest.raises(InputError, match="--publisher"):
        take(store, path)
    take(store, path, "Acme")
    assert store.releases()
    assert all("signed by OpenWrt" not in each.source for each in store.releases())


@pytest.mark.parametrize("edit", [(b"1.0", b"1.1"), (b"BRANCH=stable", b"BRANCH=stabl3"), (b"\n---\n", b"\n\n---\n")])
def test_changed(tmp_path: Path, edit: tuple[bytes, bytes]) -> None:
    """A changed text is nobody's who counts."""
    changed = FILES["stable.manifest"].replace(*edit, 1)
    assert changed != FILES["stable.manifest"]
    store = known(*KEYS)
    with pytest.raises(InputError, match="--publisher"):
        take(store, write(tmp_path, {**FILES, "stable.manifest": changed}) / "stable.manifest")
    assert store.releases() == ()


def test_what_stands_behind_the_line_is_not_listed(tmp_path: Path) -> None:
    """A line among the signatures is nobody's word."""
    more = FILES["stable.manifest"] + b"model 1.0 " + b"ab" * 32 + b" other.bin\n"
    store = known(*KEYS)
    take(store, write(tmp_path, {**FILES, "stable.manifest": more}) / "stable.manifest")
    assert not store.find_by_sha256(bytes.fromhex("ab" * 32))


def test_another_image_beside(tmp_path: Path) -> None:
    """It is told, and no reference; the others of the manifest are."""
    store = known(*KEYS)
    done = take(store, write(tmp_path, {**FILES, "both.bin": b"changed"}) / "stable.manifest")
    assert any(each.where == "both.bin" and "stated" in each.reason for each in done.refused)
    assert not store.find_by_sha256(sha256(b"changed").digest())


def test_a_replay_and_a_manifest_of_tomorrow(tmp_path: Path) -> None:
    """Older than one that was imported, or dated after now."""
    store = known(*KEYS)
    path = write(tmp_path, FILES) / "stable.manifest"
    with pytest.raises(UntrustedStatement, match="not yet"):
        take(store, path, now=1_000_000)
    take(store, path)
    (index,) = (each for each in store.releases() if each.product.startswith("manifest of branch"))
    take_references(store, [Reference(PUBLISHER, index.product, "9999-01-01T00:00:00Z", bytes(32))], 1)
    with pytest.raises(UntrustedStatement, match="a replay"):
        take(store, path)


@pytest.mark.parametrize("date", [b"", b"yesterday", b"2017-13-01 07:42:57+01:00", b"2017-12-01 07:42:57"])
def test_dates_that_are_none(tmp_path: Path, date: bytes) -> None:
    """A manifest without a time is none."""
    text = b"BRANCH=stable\nDATE=" + date + b"\nPRIORITY=0\n\nm 1 " + b"ab" * 32 + b" x.bin\n---\n"
    with pytest.raises(InputError, match="DATE"):
        take(MemoryStore(), write(tmp_path, {"stable.manifest": text}) / "stable.manifest", "Acme")


@pytest.mark.corpus
def test_a_real_manifest(corpus: Path) -> None:
    """Freifunk Nord's, signed by three of five, of whom two are enough: its image is genuine then."""
    folder = corpus / "corpus/open/ffnord-gluon"
    store = known(*read_keys((folder / "ffnord-autoupdater-pubkeys.txt").read_bytes()))
    done = take(store, folder / "stable.manifest")
    assert done.refusals == 0
    assert all("signed by OpenWrt with 3 keys" in each.source for each in store.releases())
    image = folder / "gluon-ffnord-2016.2.7.1-tp-link-tl-wr841n-nd-v9-sysupgrade.bin"
    assert verify(image, Registry(store)).verdict is Verdict.GENUINE
    assert take(store, folder / "stable.manifest").added == 0
