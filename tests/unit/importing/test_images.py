"""Folders of images: golden samples and no more, held to what lies beside them."""

from hashlib import md5, sha1, sha256
from pathlib import Path

import pytest
from tests.unit.importing.mirrors import NOW, PUBLISHER, archive, registry, take, write

from trueware.errors import InputError
from trueware.model.verdict import Authority
from trueware.registry.lookup import Registry
from trueware.registry.references import Reference, take_references
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

OLD = archive({"etc/os-release": b"ID=box\nVERSION_ID=3.4\n", "etc/passwd": b"root:x:0:0::/:/bin/sh\n"})
NEW = archive({"etc/os-release": b"ID=box\nVERSION_ID=3.5\n", "etc/passwd": b"root:x:0:0::/:/bin/sh\n"})
FOLDER = {
    "box_2.0.1.tar": OLD, "box_2.0.1.tar.sha256": sha256(OLD).hexdigest().encode() + b"  box_2.0.1.tar\n",
    "other/box.tar": NEW, "notes.txt": b"what is new", "2.7.0/boot.bin": bytes(range(256)) * 20, ".hidden": b"x",
}  # fmt: skip


def test_a_folder(tmp_path: Path) -> None:
    """One golden sample for each image, measured; its name says what it is, else the image itself, else its folder."""
    store = MemoryStore()
    done = take(store, write(tmp_path, FOLDER), "Acme")
    assert (done.added, [each.where for each in done.refused]) == (3, ["notes.txt"])
    found = {each.source: each for each in store.releases()}
    assert {source: (each.product, each.version) for source, each in found.items()} == {
        "golden sample, with the SHA-256 that lies beside it: box_2.0.1.tar": ("box", "2.0.1"),
        "golden sample: other/box.tar": ("box", "3.5"),
        "golden sample: 2.7.0/boot.bin": ("boot", "2.7.0"),
    }
    assert {(each.authority, each.publisher, each.tree is not None) for each in found.values()} == {
        (Authority.GOLDEN_SAMPLE, "Acme", True)
    }
    result = verify(tmp_path / "box_2.0.1.tar", Registry(store))
    assert result.authority is Authority.GOLDEN_SAMPLE
    assert take(store, tmp_path, "Acme").added == 0
    assert store.fsck() == []


def test_it_does_not_say_whose_it_is(tmp_path: Path) -> None:
    """Without a word of whose software it is, nothing is taken; nor is it the enrolled publisher's by itself."""
    with pytest.raises(InputError, match="--publisher"):
        take(registry(), write(tmp_path, FOLDER))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (".sha256", sha256(b"other").hexdigest(), "SHA256"),
        (".sha256", f"SHA256 (box.tar) = {sha256(b'other').hexdigest()}", "SHA256"),
        (".sha256", "no digest", "states no SHA256"),
        (".sha256", "", "states no SHA256"),
        (".sha256", "ab" * 16, "states no SHA256"),
        (".sha256", "x" * 10_000, "states no SHA256"),
        (".md5", md5(b"other", usedforsecurity=False).hexdigest(), "MD5"),
        (".sha1", sha1(b"other", usedforsecurity=False).hexdigest(), "SHA1"),
    ],
)
def test_digests_of_another_file(tmp_path: Path, name: str, text: str, reason: str) -> None:
    """An image that is not what lies beside it says is refused, by whichever digest."""
    store = MemoryStore()
    done = take(store, write(tmp_path, {"box.tar": OLD, f"box.tar{name}": text.encode()}), "Acme")
    assert store.releases() == ()
    assert [reason in each.reason for each in done.refused] == [True]


@pytest.mark.parametrize(
    "form", ["{}", "{}  box.tar\n", "\\{} *box.tar", "SHA256 (box.tar) = {}\n", "SHA256(box.tar)= {}"]
)
def test_forms_of_digests(tmp_path: Path, form: str) -> None:
    """What sha256sum, BSD's sha256 and openssl write."""
    store = MemoryStore()
    text = form.format(sha256(OLD).hexdigest()).encode()
    done = take(store, write(tmp_path, {"box.tar": OLD, "box.tar.sha256": text}), "Acme")
    assert (done.added, done.refusals) == (1, 0)


def test_md5_makes_nothing_surer(tmp_path: Path) -> None:
    """An MD5 that fits is refused; the image is a golden sample all the same."""
    files = {"box.tar": OLD, "box.tar.md5": md5(OLD, usedforsecurity=False).hexdigest().encode()}
    store = MemoryStore()
    done = take(store, write(tmp_path, files), "Acme")
    assert (done.added, done.refusals) == (1, 1)
    assert "can be forged" in done.refused[0].reason
    assert store.releases()[0].source == "golden sample: box.tar"


def test_links_and_what_is_empty(tmp_path: Path) -> None:
    """Links lead nowhere; an empty file is nothing."""
    write(tmp_path, {"secret": OLD, "folder/empty.bin": b"", "folder/box.tar": NEW})
    (tmp_path / "folder/link.tar").symlink_to(tmp_path / "secret")
    (tmp_path / "folder/up").symlink_to(tmp_path)
    store = MemoryStore()
    done = take(store, tmp_path / "folder", "Acme")
    assert (done.added, [each.where for each in done.refused]) == (1, ["empty.bin"])


def test_what_is_known_better_is_not_taken_again(tmp_path: Path) -> None:
    """A stronger word with a manifest stands; one without is completed by the sample."""
    store = MemoryStore()
    take(store, write(tmp_path / "first", {"box_1.0.tar": OLD}), "Acme")
    assert take(store, write(tmp_path / "second", {"copy_9.9.tar": OLD}), PUBLISHER).added == 0
    take_references(store, [Reference("Acme", "box", "2", sha256(NEW).digest())], NOW)
    assert take(store, write(tmp_path / "third", {"box_2.0.tar": NEW}), "Acme").added == 1


@pytest.mark.corpus
def test_real_images(corpus: Path) -> None:
    """Three firmwares of an optical terminal: each is a golden sample, once."""
    store = MemoryStore()
    folder = corpus / "corpus/open/gpon-onu"
    done = take(store, folder, "V-SOL")
    assert (done.added, [each.where for each in done.refused]) == (3, ["MANIFEST.md"])
    assert all(each.tree is not None and each.authority is Authority.GOLDEN_SAMPLE for each in store.releases())
    assert take(store, folder, "V-SOL").added == 0
