"""Artefacts held against lists of files: what is not stated is no difference, no equality, and never takes back what is known."""

from hashlib import sha256

import pytest
from tests.unit.appraisal.parts import container, device, file, folder, link
from tests.unit.appraisal.test_appraise import STRICT, reference

from trueware.appraisal.appraise import appraise
from trueware.appraisal.reference import Evidence, Reference, References
from trueware.model.claim import LISTED, Claim
from trueware.model.listing import Extent, ListedFile, Listing, loose_manifest
from trueware.model.part import Part
from trueware.model.result import Result
from trueware.model.verdict import Authority, Tier, Verdict

FILES = {f"usr/share/{n}": b"%d" % n * 90 for n in range(12)} | {
    "bin/run": b"program" * 40,
    "etc/conf": b"settings" * 9,
}
SAID = (Claim("package", "Router", LISTED, ""), Claim("version", "1.0", LISTED, ""))
LISTS = (Extent.COMPLETE, Extent.OPEN)


def tree(files: dict[str, bytes], *more: Part, mode: int = 0o755) -> Part:
    """Return a measured folder with these files, and what else lies at its top."""
    below: dict[str, dict[str, bytes]] = {}
    for path, data in files.items():
        top, _, rest = path.partition("/")
        below.setdefault(top, {})[rest] = data
    return folder("root", *(_branch(name, rest, mode) for name, rest in below.items()), *more)


def _branch(name: str, below: dict[str, bytes], mode: int) -> Part:
    if "" in below:
        return file(name, below[""], mode)
    inner = tree(below, mode=mode)
    return folder(name, *inner.children)


def listed(files: dict[str, bytes], extent: Extent, *, sizes: bool = False, without: str = "") -> Reference:
    """Return what a list of these files says; `without`: a path of which it has no SHA-256."""
    stated = [
        ListedFile(path, None if path == without else sha256(data).digest(), len(data) if sizes else 0)
        for path, data in files.items()
    ]
    if extent is Extent.LOOSE:
        manifest = loose_manifest("Router", [ListedFile(each.path.rpartition("/")[2], each.sha256) for each in stated])
    else:
        made = Listing(64, 4096, 1000)
        for each in stated:
            made.add(each)
        manifest = made.manifest("Router", extent)
    return reference(manifest, said=SAID, policy=STRICT, authority=Authority.THIRD_PARTY)


def judge(suspect: Part, *references: Reference) -> Result:
    return appraise("suspect", Evidence(suspect), References(references))


def details(result: Result, rule: str) -> str:
    return "; ".join(f"{finding.part} {finding.detail}" for finding in result.findings if finding.rule == rule)


@pytest.mark.parametrize("sizes", [True, False])
@pytest.mark.parametrize("extent", LISTS)
def test_equal_files_are_genuine_with_a_warning(extent: Extent, sizes: bool) -> None:  # noqa: FBT001
    """Permissions and owners that no list states make no change, and are said not to have been compared."""
    result = judge(tree(FILES), listed(FILES, extent, sizes=sizes))

    assert (result.verdict, result.tier, result.authority) == (Verdict.GENUINE, Tier.WARNING, Authority.THIRD_PARTY)
    assert result.changes == ()
    assert "every file that its list states" in result.reason
    assert result.match is not None
    assert result.match.similarity < 1  # not identical: not all was compared
    assert "permissions, owners and links are not stated" in details(result, "not-checkable")
    assert "container-rebuilt" not in {finding.rule for finding in result.findings}


@pytest.mark.parametrize("extent", LISTS)
def test_a_changed_file_is_tampering(extent: Extent) -> None:
    result = judge(tree(FILES | {"bin/run": b"other"}), listed(FILES, extent))

    assert result.verdict is Verdict.TAMPERED
    assert [(each.path, each.aspects) for each in result.changes] == [("bin/run", ("content",))]


@pytest.mark.parametrize("extent", LISTS)
def test_a_missing_file_is_tampering(extent: Extent) -> None:
    less = {path: data for path, data in FILES.items() if path != "bin/run"}

    assert judge(tree(less), listed(FILES, extent)).verdict is Verdict.TAMPERED


def test_another_file_contradicts_a_complete_list_alone() -> None:
    """It is named either way."""
    suspect = tree(FILES | {"bin/extra": b"extra"})
    complete, open_ = (judge(suspect, listed(FILES, extent)) for extent in LISTS)

    assert complete.verdict is Verdict.TAMPERED
    assert [each.path for each in complete.changes] == ["bin/extra"]
    assert open_.verdict is Verdict.UNKNOWN
    assert open_.changes == ()
    assert "bin/extra" in open_.reason
    assert "bin/extra" in details(open_, "outside-release")
    assert open_.settle


def test_another_file_is_named_beside_a_changed_one() -> None:
    result = judge(tree(FILES | {"bin/run": b"other", "bin/extra": b"extra"}), listed(FILES, Extent.OPEN))

    assert result.verdict is Verdict.TAMPERED
    assert "bin/extra" in details(result, "outside-release")


@pytest.mark.parametrize("extent", LISTS)
@pytest.mark.parametrize("more", [link("ln", "bin/run"), device("null")])
def test_links_and_devices_leave_it_undecided(extent: Extent, more: Part) -> None:
    """A device obeys them, and no list of files can say whether they belong there."""
    result = judge(tree(FILES, more), listed(FILES, extent))

    assert result.verdict is Verdict.UNKNOWN
    assert more.name in result.reason
    assert more.name in details(result, "not-checkable")


@pytest.mark.parametrize("extent", LISTS)
def test_privileges_leave_it_undecided(extent: Extent) -> None:
    result = judge(tree(FILES, mode=0o4755), listed(FILES, extent))

    assert result.verdict is Verdict.UNKNOWN
    assert "set-ID" in result.reason


@pytest.mark.parametrize("extent", LISTS)
def test_a_link_in_place_of_a_file_is_tampering(extent: Extent) -> None:
    less = {path: data for path, data in FILES.items() if path != "etc/conf"}
    suspect = tree(less, folder("etc", link("conf", "../bin/run")))

    assert judge(suspect, listed(FILES, extent)).verdict is Verdict.TAMPERED


@pytest.mark.parametrize("extent", LISTS)
def test_an_empty_folder_does_not_matter(extent: Extent) -> None:
    assert judge(tree(FILES, folder("var")), listed(FILES, extent)).verdict is Verdict.GENUINE


@pytest.mark.parametrize("extent", LISTS)
def test_a_file_without_digest_was_not_compared(extent: Extent) -> None:
    result = judge(tree(FILES), listed(FILES, extent, without="bin/run"))

    assert result.verdict is Verdict.UNKNOWN
    assert "bin/run" in result.reason


@pytest.mark.parametrize("extent", LISTS)
def test_archives_in_a_folder_are_compared_by_their_bytes(extent: Extent) -> None:
    """A list has one digest of what a format reads into many parts."""
    packed = container("a.zip", "zip", file("x", b"inside" * 30))
    assert packed.sha256 is not None
    made = Listing(64, 4096, 1000)
    for path, data in FILES.items():
        made.add(ListedFile(path, sha256(data).digest()))
    made.add(ListedFile("a.zip", packed.sha256))
    stated = reference(made.manifest("Router", extent), said=SAID, policy=STRICT)
    other = container("a.zip", "zip", file("x", b"changed" * 30))

    assert judge(tree(FILES, packed), stated).verdict is Verdict.GENUINE
    assert judge(tree(FILES, other), stated).verdict is Verdict.TAMPERED


def test_a_loose_list_never_makes_genuine() -> None:
    """Known is not good, and where a file belongs it does not say."""
    result = judge(tree(FILES), listed(FILES, Extent.LOOSE))
    alone = judge(file("run", FILES["bin/run"]), listed(FILES, Extent.LOOSE))

    assert result.verdict is alone.verdict is Verdict.UNKNOWN
    assert "14 files of it are listed for Router 1.0" in result.reason
    assert result.changes == ()
    assert "1 file of it is listed for Router 1.0" in details(alone, "nearest-release")


# --- beside what was measured -----------------------------------------------------------------------------------------


MEASURED = reference(tree(FILES), said=(), policy=STRICT)


@pytest.mark.parametrize("extent", Extent)
@pytest.mark.parametrize(
    "suspect",
    [
        tree(FILES | {"bin/extra": b"extra" * 50}),
        tree(FILES | {"bin/run": b"other" * 50}),
        tree(FILES, link("ln", "bin/run")),
        tree(FILES, mode=0o4755),
        tree(FILES, mode=0o777),
        tree({path: data for path, data in FILES.items() if path != "bin/run"}),
    ],
    ids=["added", "changed", "link", "set-id", "mode", "removed"],
)
def test_a_list_takes_back_nothing_that_a_measured_release_shows(suspect: Part, extent: Extent) -> None:
    """Whatever is listed of the same release or of a few of its files: what was tampered with stays so."""
    alone = judge(suspect, MEASURED)
    whole = listed(FILES, extent)
    few = listed({path: FILES[path] for path in ("usr/share/1", "usr/share/2")}, extent)
    lacking = listed({path: data for path, data in FILES.items() if path != "bin/run"}, extent)

    assert alone.verdict is Verdict.TAMPERED
    for references in ((MEASURED, whole), (few, MEASURED), (lacking, MEASURED), (whole, few, lacking, MEASURED)):
        gone = suspect.tree == tree({path: data for path, data in FILES.items() if path != "bin/run"}).tree
        if not (gone and lacking in references):  # a list of just the files that are there is another release
            assert judge(suspect, *references).verdict is Verdict.TAMPERED


def test_what_an_open_list_lacks_besides_does_not_excuse_what_is_gone() -> None:
    less = {path: data for path, data in FILES.items() if path not in ("bin/run", "usr/share/1")}
    gone = {path: data for path, data in FILES.items() if path != "bin/run"}

    assert judge(tree(gone), listed(less, Extent.OPEN), MEASURED).verdict is Verdict.TAMPERED
    assert judge(tree(gone), listed(gone, Extent.COMPLETE), MEASURED).verdict is Verdict.GENUINE


def test_a_list_of_another_release_speaks_for_that() -> None:
    """The artefact has each content that it states: it is not the older release, changed."""
    newer = FILES | {"bin/run": b"version two" * 40}

    assert judge(tree(newer), MEASURED).verdict is Verdict.TAMPERED
    assert judge(tree(newer), MEASURED, listed(newer, Extent.COMPLETE)).verdict is Verdict.GENUINE


def test_a_measured_release_is_named_before_a_list() -> None:
    result = judge(tree(FILES), listed(FILES, Extent.COMPLETE), MEASURED)

    assert (result.verdict, result.tier) == (Verdict.GENUINE, Tier.AFFIRMING)
    assert result.authority is Authority.GOLDEN_SAMPLE


def test_a_complete_list_is_heard_before_looser_ones() -> None:
    suspect = tree(FILES | {"bin/extra": b"extra" * 50})
    references = [listed(FILES, extent) for extent in (Extent.LOOSE, Extent.OPEN, Extent.COMPLETE)]

    assert judge(suspect, *references).verdict is Verdict.TAMPERED
