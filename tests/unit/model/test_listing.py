"""Lists of files as manifests: what they state, what they refuse, and that they never pass for a measured folder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.model.listing import BadPath, Extent, ListedFile, Listing, extent_of, loose_manifest, steps
from trueware.model.merkle import folder_digest, part_digest
from trueware.model.part import Kind
from trueware.registry import manifest_codec

A, B = b"a" * 32, b"b" * 32


def listing(*files: tuple[str, bytes | None]) -> Listing:
    made = Listing(8, 200, 100)
    for path, digest in files:
        made.add(ListedFile(path, digest, 5))
    return made


def test_paths_become_folders_with_nothing_but_names_and_contents() -> None:
    root = listing(("./usr/bin/x", A), ("/etc/y", B), ("usr/z", None)).manifest("product", Extent.OPEN)

    assert [(path, part.kind, part.sha256) for path, part in root.walk()] == [
        ("", Kind.DIRECTORY, None),
        ("etc", Kind.DIRECTORY, None),
        ("etc/y", Kind.FILE, B),
        ("usr", Kind.DIRECTORY, None),
        ("usr/bin", Kind.DIRECTORY, None),
        ("usr/bin/x", Kind.FILE, A),
        ("usr/z", Kind.FILE, None),
    ]
    assert {(part.mode, part.uid, part.gid, part.mtime) for _, part in root.walk()} == {(None,) * 4}
    assert root.size == 15


@pytest.mark.parametrize("extent", Extent)
def test_every_folder_says_that_it_is_a_list(extent: Extent) -> None:
    """Its digest is not that of a folder which was measured without any attributes; and it survives being stored."""
    files = [("a/b", A), ("c", B)]
    root = listing(*files).manifest("x", extent)
    if extent is Extent.LOOSE:
        root = loose_manifest("x", [ListedFile(path, digest) for path, digest in files])
    folders = [part for _, part in root.walk() if part.kind is Kind.DIRECTORY]

    assert {extent_of(part) for part in folders} == {extent}
    assert all(part.tree != folder_digest(part.children, None, None, None) for part in folders)
    assert manifest_codec.decode(manifest_codec.encode(root)) == root


def test_extents_have_digests_of_their_own() -> None:
    """What a list says of itself cannot be altered in a registry without its digest."""
    assert len({listing(("a", A)).manifest("x", extent).tree for extent in Extent}) == len(Extent)


def test_a_measured_folder_with_facts_is_no_list() -> None:
    root = listing(("a", A)).manifest("x", Extent.OPEN)

    assert extent_of(root._replace(facts=(("list", "whole"),))) is None
    assert extent_of(root._replace(facts=(("list", "open"), ("other", "")))) is None
    assert extent_of(root._replace(kind=Kind.FILE)) is None
    assert extent_of(root._replace(facts=())) is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "no name"),
        ("././", "no name"),
        ("../etc/passwd", "leads out"),
        ("a/../../b", "leads out"),
        ("a\0b", "NUL"),
        ("/".join("abcdefghi"), "folders within"),
        ("x" * 201, "characters"),
        ("\ud800", "surrogate"),
        ("etc", "file and a folder"),
        ("etc/passwd/x", "file and a folder"),
    ],
)
def test_paths_that_no_tree_has_are_refused(path: str, reason: str) -> None:
    made = listing(("etc/passwd", A))
    with pytest.raises(BadPath, match=reason):
        made.add(ListedFile(path, B))
    assert made.count == 1


def test_a_path_that_stands_twice() -> None:
    made = listing(("a", A), ("./a", A))
    with pytest.raises(BadPath, match="listed twice"):
        made.add(ListedFile("a", B, 5))
    assert made.count == 1


def test_there_is_a_ceiling() -> None:
    made = Listing(8, 200, 2)
    made.add(ListedFile("a", A))
    made.add(ListedFile("b", A))
    with pytest.raises(BadPath, match="more than 2 files"):
        made.add(ListedFile("c", A))


def test_a_loose_list_keeps_namesakes_and_drops_doubles() -> None:
    root = loose_manifest("x", [ListedFile("n", A), ListedFile("n", B), ListedFile("n", A), ListedFile("../n", A)])

    assert [(part.name, part.sha256) for part in root.children] == [("../n", A), ("n", A), ("n", B)]
    assert root.tree == part_digest(
        Kind.DIRECTORY, root.children, None, None, None, None, None, None, (), None, root.facts, certain=True
    )


@given(st.text(max_size=40))
def test_any_path_is_split_or_refused(path: str) -> None:
    try:
        names = steps(path, 8, 30)
    except BadPath:
        return
    assert names
    assert not {"", ".", ".."} & set(names)
    assert all("/" not in name for name in names)
