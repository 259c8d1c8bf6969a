"""A release as a manifest and back: the digests, the tree and the claims are those of the release."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.exchange.samples import CLAIMS, NOW, ODD, file, firmware, folder, image, key, odd_tree, spki

from trueware.errors import LimitExceeded, MalformedInput
from trueware.exchange.corim import file_list, manifest, signed
from trueware.exchange.corim.codec import Notes, each
from trueware.exchange.corim.comid import ConciseMidTag, Flags
from trueware.exchange.corim.common import Validity
from trueware.exchange.corim.coswid import ConciseSwidTag, FileEntry
from trueware.exchange.corim.from_release import Issuer, from_release
from trueware.exchange.corim.manifest import Corim
from trueware.exchange.corim.selecting import select, why_invalid
from trueware.model.part import Kind, Part
from trueware.model.release import Release
from trueware.referencing import Wish, import_document
from trueware.registry.learn import learn
from trueware.storage.memory import MemoryStore

ISSUER = Issuer("Registry", "https://registry.example")


def learnt(root: Part, store: MemoryStore | None = None) -> Release:
    return learn(store or MemoryStore(), root, {}, CLAIMS, publisher="Acme", product="Router", version="1.0", now=NOW)


def back(data: bytes, folder_: Path, publisher: str | None = None) -> tuple[Release, Part | None]:
    """Return the release of a registry that took in a manifest."""
    store = MemoryStore()
    path = folder_ / "release.corim"
    path.write_bytes(data)
    done = import_document(store, path, Wish(publisher), NOW)
    assert (done.added, done.refusals) == (1, 0)
    (release,) = store.releases()
    return release, store.get_manifest(release.id)


@pytest.mark.parametrize("root", [firmware(), odd_tree(), folder("app", [folder("new", []), *firmware().children])])
@pytest.mark.parametrize("is_signed", [True, False])
def test_there_and_back(root: Part, tmp_path: Path, *, is_signed: bool) -> None:
    release = learnt(root)
    corim = from_release(release, root, ISSUER, validity=Validity(NOW + 9, NOW))
    data = signed.sign(corim, key(), "Registry") if is_signed else manifest.build(corim)
    again, tree = back(data, tmp_path)
    assert (again.sha256, again.tree, again.version, again.product) == (release.sha256, root.tree, "1.0", "Router")
    assert (again.publisher, again.claims, again.policy) == ("Acme", release.claims, release.policy)
    assert tree is not None
    assert [(path, part.sha256, part.mode, part.tree) for path, part in tree.walk()] == sorted_like(root, tree)


def sorted_like(root: Part, tree: Part) -> list[tuple[str, bytes | None, int | None, bytes]]:
    """Return what a tree has, without its padding, in the order of another."""
    found = {
        path: (path, part.sha256, part.mode, part.tree) for path, part in root.walk() if part.kind is not Kind.PADDING
    }
    assert len(found) == sum(1 for _ in tree.walk())
    return [found[path] for path, _ in tree.walk()]


def test_what_is_said() -> None:
    root = firmware()
    release = learnt(root)
    flags = Flags(is_integrity_protected=True, is_debug=False)
    corim = from_release(release, root, ISSUER, flags=flags)
    assert manifest.build(corim) == manifest.build(from_release(release, root, ISSUER, flags=flags))
    notes = Notes()
    assert manifest.parse(manifest.build(corim), notes) == corim
    assert notes.said == []
    selected = select([corim], NOW)
    assert selected.discarded == ()
    comid, coswid = selected.tags
    assert isinstance(comid, ConciseMidTag)
    assert isinstance(coswid, ConciseSwidTag)
    assert why_invalid(comid) is None
    first, second = (triple.ref_claims[0] for triple in comid.triples.reference_triples or ())
    assert (first.mval.digests or ())[0].val == root.sha256
    assert ((second.mval.digests or ())[0].val, second.mkey) == (root.tree, "trueware.tree")
    assert getattr(first.mval.svn, "value", None) == 7, "claimed by the artefact"
    files = {path: entry for path, entry in file_list.paths_of(coswid.payload)} if coswid.payload else {}  # noqa: C416
    assert files["firmware-1.bin/etc/passwd"].size == 11
    assert "firmware-1.bin" in files


def test_without_a_manifest_there_is_no_list_of_files(tmp_path: Path) -> None:
    release = replace(learnt(firmware()), tree=None)
    corim = from_release(release, None, ISSUER)
    assert [tag.number for tag in corim.tags] == [manifest.COMID]
    again, tree = back(manifest.build(corim), tmp_path)
    assert (again.sha256, again.tree, tree) == (release.sha256, None, None)


def refused(corim: Corim, folder_: Path) -> list[str]:
    """Return why nothing of a manifest was taken."""
    store = MemoryStore()
    (folder_ / "x.corim").write_bytes(manifest.build(corim))
    done = import_document(store, folder_ / "x.corim", Wish(), NOW)
    assert store.releases() == ()
    return [each.reason for each in done.refused]


def test_a_list_that_is_not_that_of_the_release_is_refused(tmp_path: Path) -> None:
    """The same bytes, but a file has another mode: the Merkle digest in the CoMID is not that of the tree any more."""
    root = firmware()
    other = image(root.name, b"image 1", [folder("etc", [file("passwd", b"root:x:0:0\n", 0o777)])])
    assert root.sha256 == other.sha256
    corim, wrong = from_release(learnt(root), root, ISSUER), from_release(learnt(root), other, ISSUER)
    mixed = replace(corim, tags=(corim.tags[0], wrong.tags[1]))
    assert refused(mixed, tmp_path) == ["its list of files is not the one it has the digest of"]


def test_a_list_of_an_artefact_of_other_bytes_is_refused(tmp_path: Path) -> None:
    """No Merkle digest is stated here, but the artefact in the list is not the one that the reference triple has the digest of."""
    root = firmware()
    corim, wrong = from_release(learnt(root), root, ISSUER), from_release(learnt(root), firmware(2), ISSUER)
    comid = corim.tags[0].content
    assert isinstance(comid, ConciseMidTag)
    first = replace(comid.triples, reference_triples=(comid.triples.reference_triples or ())[:1])
    tag = replace(corim.tags[0], content=replace(comid, triples=first))
    assert refused(replace(corim, tags=(tag, wrong.tags[1])), tmp_path) == [
        "its list of files is not the one it has the digest of"
    ]
    assert len(taken(replace(corim, tags=(tag, corim.tags[1])), tmp_path)) == 1


def taken(corim: Corim, folder_: Path) -> tuple[Release, ...]:
    store = MemoryStore()
    (folder_ / "y.corim").write_bytes(manifest.build(corim))
    import_document(store, folder_ / "y.corim", Wish(), NOW)
    return store.releases()


def test_folders_too_deep_within_one_another() -> None:
    part = folder("x", [])
    for _ in range(file_list.MAX_FOLDERS + 1):
        part = folder("x", [part])
    with pytest.raises(LimitExceeded):
        file_list.payload_of(part)
    (part,) = part.children
    release = learnt(part)
    data = manifest.build(from_release(release, part, ISSUER))
    assert manifest.parse(data, Notes()).id == f"trueware:{release.id}", "what is written can be read"


def entry(payload_root: Part) -> FileEntry:
    (found,) = each(file_list.payload_of(payload_root).file)
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "folder"),
        ("kind", "directory"),
        ("mode", -1),
        ("mode", "0755"),
        ("mode", True),
        ("rdev", (1,)),
        ("rdev", ("a", 1)),
        ("xattrs", ("name",)),
        ("xattrs", ("name", "xyz")),
        ("facts", 5),
        ("link", 5),
        ("format", "\0zz"),
        ("name", "zz"),
    ],
)
def test_attributes_that_are_none(name: str, value: object) -> None:
    payload = file_list.payload_of(image("x", b"x", []))
    top = replace(entry(image("x", b"x", [])), extensions=((f"trueware.{name}", value),))  # type: ignore[arg-type]
    with pytest.raises(MalformedInput):
        file_list.tree_of(replace(payload, file=top))


def test_contents_of_what_is_not_there() -> None:
    root = firmware()
    payload = file_list.payload_of(root)
    with pytest.raises(MalformedInput, match="is not there"):
        file_list.tree_of(replace(payload, file=None))
    with pytest.raises(MalformedInput, match="two contents"):
        file_list.tree_of(replace(payload, directory=(payload.directory, payload.directory)))  # type: ignore[arg-type]


def test_names_that_are_not_unicode() -> None:
    assert file_list.unpack_text(file_list.pack_text(ODD)) == ODD
    assert file_list.unpack_text(file_list.pack_text("\0odd")) == "\0odd"
    assert file_list.pack_text("plain") == "plain"


def test_the_key_is_the_one() -> None:
    corim = from_release(learnt(firmware()), firmware(), ISSUER)
    found = signed.parse(signed.sign(corim, key(), "Registry"))
    assert signed.verify(found, NOW, [spki(key())]).spki == spki(key())
