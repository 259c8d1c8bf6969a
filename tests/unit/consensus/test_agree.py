"""The vote: what is found, what is refused, what is left alone, and that neither order nor a minority changes what is agreed on."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.appraisal.parts import folder
from tests.unit.consensus.fleets import SOFTWARE, Box, Files, fleet, genuine

from trueware.appraisal.appraise import appraise
from trueware.appraisal.reference import Evidence, Reference, References
from trueware.consensus.agree import agree
from trueware.consensus.evidence import Device
from trueware.consensus.rule import WHOLE, Rule
from trueware.consensus.told import Consensus, Group, Relation, Standing, Why
from trueware.model.part import Part
from trueware.model.policy import Policy
from trueware.model.release import Release
from trueware.model.varying import CONTENT, MEMBERS, varying
from trueware.model.verdict import Authority, Tier, Verdict

ROUTER = Policy("router", "settings may change", ("etc/config/**",))
HALF = Rule(quorum=Fraction(1, 2))
BACK_DOOR = {"bin/tool1": (b"tool 1 with a back door", 0o755)}


def told(boxes: Iterable[Box], rule: Rule = Rule()) -> Consensus:  # noqa: B008 (frozen)
    return agree([box.measured() for box in boxes], rule)


def standings(consensus: Consensus) -> dict[str, Standing]:
    return {each.device: each.standing for each in consensus.devices}


def names(consensus: Consensus, standing: Standing) -> list[str]:
    return [each.device for each in consensus.of(standing)]


def agreed(group: Group) -> bytes:
    assert group.manifest is not None
    return group.manifest.tree


def at(root: Part, path: str) -> Part:
    return next(part for each, part in root.walk() if each == path)


# --- what is agreed on --------------------------------------------------------------------------------------------------


def test_devices_with_serials_and_logs_of_their_own_agree() -> None:
    """Nobody is called an outlier for what every device has of its own; it is marked, and nothing of it is kept."""
    consensus = told(fleet(6))
    (group,) = consensus.groups
    assert names(consensus, Standing.AGREES) == [box.name for box in fleet(6)]
    assert [(each.path, each.aspects, each.why) for each in group.varying] == [
        ("etc/serial", (CONTENT,), Why.OBSERVED),
        ("log", (MEMBERS,), Why.OBSERVED),
        ("log/boot", (CONTENT,), Why.OBSERVED),
    ]
    assert group.is_reference
    assert group.manifest is not None
    serial = at(group.manifest, "etc/serial")
    assert (serial.sha256, serial.size, serial.mode, varying(serial)) == (None, 0, 0o644, frozenset({CONTENT}))
    assert (group.tolerated, group.unseen, group.sources) == (1, 5, 1)


@pytest.mark.parametrize("count", [1, 3, 9])
def test_tampered_minority_is_named_with_what_differs(count: int) -> None:
    """Up to the bound, each is found, whether tampered alike or each in its own way, and nobody else."""
    for alike in (True, False):
        boxes = fleet(30)
        for number in range(count):
            path = "bin/tool1" if alike else f"bin/tool{number}"
            boxes[number] = boxes[number].having({path: (b"tampered", 0o755)})
        consensus = told(boxes)
        assert names(consensus, Standing.OUTLIER) == [box.name for box in boxes[:count]]
        assert len(consensus.of(Standing.AGREES)) == 30 - count
        paths = [[change.path for change in each.changes] for each in consensus.of(Standing.OUTLIER)]
        assert paths == [["bin/tool1" if alike else f"bin/tool{number}"] for number in range(count)]


@pytest.mark.parametrize("count", [10, 12, 14, 15, 20])
def test_more_than_the_bound_is_refused_and_never_taken_for_agreed(count: int) -> None:
    """From a third on, tampered alike, there is no majority there: no device agrees, none is accused, nothing is a reference."""
    boxes = fleet(30)
    boxes[:count] = [box.having(BACK_DOOR) for box in boxes[:count]]
    consensus = told(boxes)
    (group,) = consensus.groups
    assert set(standings(consensus).values()) == {Standing.NO_MAJORITY}
    assert [(each.path, each.aspect) for each in group.contested] == [("bin/tool1", "content")]
    assert [len(camp) for camp in group.contested[0].camps] == sorted((count, 30 - count), reverse=True)
    assert not group.is_reference


def test_tampered_majority_is_what_is_agreed_on() -> None:
    """What no majority rule can see, as `unseen` says: the untampered are the outliers."""
    boxes = fleet(30)
    boxes[:21] = [box.having(BACK_DOOR) for box in boxes[:21]]
    consensus = told(boxes)
    assert consensus.groups[0].unseen == 21
    assert names(consensus, Standing.OUTLIER) == [box.name for box in boxes[21:]]


def test_half_as_quorum_decides_more_and_a_tie_nothing() -> None:
    """With 1/2, 14 of 30 are found; 15 of 30 leave no majority."""
    for count, found in ((14, 14), (15, 0)):
        boxes = fleet(30)
        boxes[:count] = [box.having(BACK_DOOR) for box in boxes[:count]]
        consensus = told(boxes, HALF)
        assert len(consensus.of(Standing.OUTLIER)) == found
        assert len(consensus.of(Standing.NO_MAJORITY)) == (0 if found else 30)


def test_different_tampering_of_one_file_on_many_devices_is_no_noise() -> None:
    """14 of 30 devices with passwords of their own: the others are more than a third, so it is refused, not excused."""
    boxes = fleet(30)
    for number in range(14):
        boxes[number] = boxes[number].having({"etc/passwd": (b"root::0:0\n%d" % number, 0o644)})
    consensus = told(boxes)
    assert set(standings(consensus).values()) == {Standing.NO_MAJORITY}
    assert consensus.groups[0].contested[0].path == "etc/passwd"


def test_too_few_devices_decide_nothing() -> None:
    """Four agree on everything and are still too few."""
    consensus = told(fleet(4))
    assert set(standings(consensus).values()) == {Standing.NO_MAJORITY}
    assert consensus.groups[0].manifest is None
    assert "at least 5" in consensus.groups[0].reason


# --- where devices differ by themselves ---------------------------------------------------------------------------------


def test_attack_on_a_path_that_varies_is_not_hidden() -> None:
    """What is put into a serial number is not judged, and is listed; its mode, its kind and its absence are judged."""
    boxes = fleet(12)
    boxes[0] = boxes[0].having({"etc/serial": (b"SN0; telnetd", 0o644)})
    boxes[1] = boxes[1].having({"etc/serial": (b"SN1", 0o755)})
    boxes[2] = boxes[2].having({"etc/serial": (b"SN2", 0o4644)})
    boxes[3] = boxes[3].having({"etc/serial": None})
    consensus = told(boxes)
    assert names(consensus, Standing.OUTLIER) == [box.name for box in boxes[1:4]]
    (serial,) = [each for each in consensus.groups[0].varying if each.path == "etc/serial"]
    assert boxes[0].name in serial.odd
    (first,) = [each for each in consensus.devices if each.device == boxes[0].name]
    assert "etc/serial" in [change.path for change in first.allowed]


def test_programs_never_vary() -> None:
    """Different on every device, and still no majority: a program of a device's own is nothing to excuse."""
    for path, mode in (("bin/tool1", 0o755), ("lib/libc.so", 0o644)):
        boxes = [box.having({path: (b"%d" % number, mode)}) for number, box in enumerate(fleet(12))]
        consensus = told(boxes)
        assert [each.path for each in consensus.groups[0].contested] == [path]
        assert set(standings(consensus).values()) == {Standing.NO_MAJORITY}


def test_program_among_names_of_a_devices_own_is_found() -> None:
    """A folder of logs excuses logs."""
    boxes = fleet(12)
    boxes[0] = boxes[0].having({"log/.x": (b"#!/bin/sh\n", 0o755)})
    boxes[1] = boxes[1].having({"log/extra": (b"more", 0o644)})
    consensus = told(boxes)
    assert names(consensus, Standing.OUTLIER) == [boxes[0].name]


def test_same_content_where_each_has_its_own_is_told() -> None:
    """Three devices with one serial number: not judged, and named."""
    boxes = fleet(12)
    boxes[:3] = [box.having({"etc/serial": (b"SN", 0o644)}) for box in boxes[:3]]
    (serial,) = [each for each in told(boxes).groups[0].varying if each.path == "etc/serial"]
    assert serial.alike == (tuple(box.name for box in boxes[:3]),)


def test_policy_lets_devices_be_divided() -> None:
    """Half of them configured: settings are a device's own, and what is not settings would be contested."""
    boxes = fleet(12)
    for path in ("etc/config/wifi", "etc/wifi"):
        divided = [box.having({path: (b"on", 0o644)}) if number % 2 else box for number, box in enumerate(boxes)]
        consensus = told(divided, Rule(policy=ROUTER))
        agree_ = set(standings(consensus).values()) == {Standing.AGREES}
        assert agree_ is (path == "etc/config/wifi")


def test_caller_says_what_varies() -> None:
    """Divided, or a few unlike the others: where the caller says that devices change it, nobody stands out."""
    boxes = fleet(12)
    for count in (1, 6):
        changes: list[dict[str, tuple[bytes, int] | None]] = [
            {"nvram.bin": (b"mine", 0o644)},
            {"etc/serial": None},
            {"www/page1": (b"mine", 0o644)},
            {"www/mine": (b"mine", 0o644)},
        ]
        for change in changes:
            (path,) = change
            some = [box.having(change) if number < count else box for number, box in enumerate(boxes)]
            assert {each.standing for each in told(some).devices} != {Standing.AGREES}
            pattern = "www/**" if path == "www/mine" else path
            said = told(some, Rule(may_vary=Policy("caller", "", (pattern,))))
            assert {each.standing for each in said.devices} == {Standing.AGREES}
            assert said.groups[0].is_reference
    armed = [box.having({"www/mine": (b"x", 0o755)}) if number == 0 else box for number, box in enumerate(boxes)]
    assert len(told(armed, Rule(may_vary=Policy("caller", "", ("www/**",)))).of(Standing.OUTLIER)) == 1


# --- versions, and what calls itself one --------------------------------------------------------------------------------


def other_version(number: int, version: str = "2.0", changed: int = 15) -> Box:
    box = genuine(number, version).having({"etc/os-release": (b"VERSION_ID=%s\n" % version.encode(), 0o644)})
    return box.having({f"bin/tool{each}": (b"tool %d, release 2" % each, 0o755) for each in range(changed)})


def test_devices_on_another_version_are_no_outliers() -> None:
    """Two releases, 8 and 6 devices: each agrees on its own, and one tampered in each is found."""
    boxes = [*fleet(8), *(other_version(number) for number in range(8, 14))]
    boxes[0] = boxes[0].having(BACK_DOOR)
    boxes[13] = boxes[13].having({"etc/passwd": (b"evil", 0o644)})
    consensus = told(boxes)
    assert [(group.relation, len(group.devices)) for group in consensus.groups] == [
        (Relation.LEADING, 8),
        (Relation.VERSION, 6),
    ]
    assert names(consensus, Standing.OUTLIER) == [boxes[0].name, boxes[13].name]
    assert names(consensus, Standing.AGREES) == [box.name for box in boxes[1:8]]
    assert names(consensus, Standing.OTHER_VERSION) == [box.name for box in boxes[8:13]]
    assert "version 2.0" in consensus.groups[1].evidence


def test_few_devices_of_another_version_are_not_called_anything() -> None:
    """Three of another release are too few to agree, and nobody says they were tampered with."""
    consensus = told([*fleet(8), *(other_version(number) for number in range(8, 11))])
    assert [standings(consensus)[f"device {number:03}"] for number in range(8, 11)] == [Standing.NO_MAJORITY] * 3
    assert len(consensus.of(Standing.AGREES)) == 8


@pytest.mark.parametrize("count", [1, 9])
def test_tampering_that_calls_itself_a_version_does_not_agree(count: int) -> None:
    """Two paths and another version number: a point release or an attacker. Never agreed on, its differences listed."""
    boxes = fleet(30)
    boxes[:count] = [other_version(number, "1.1", 1) for number in range(count)]
    consensus = told(boxes)
    assert consensus.groups[1].relation is Relation.NEAR
    assert names(consensus, Standing.NO_MAJORITY) == [box.name for box in boxes[:count]]
    (first, *_) = consensus.of(Standing.NO_MAJORITY)
    assert [change.path for change in first.changes] == ["bin/tool0", "etc/os-release"]
    assert "calls itself one" in first.reason


def test_large_minority_near_the_leading_group_leaves_no_majority() -> None:
    """14 of 30 with a version of their own and few differences: no group may call itself the one."""
    boxes = fleet(30)
    boxes[:14] = [other_version(number, "1.1", 1) for number in range(14)]
    consensus = told(boxes)
    assert set(standings(consensus).values()) == {Standing.NO_MAJORITY}
    assert not any(group.decided for group in consensus.groups)


def test_device_that_is_unlike_without_saying_so_is_an_outlier() -> None:
    """Other content, same claims: no release accounts for it."""
    boxes = fleet(12)
    strange: Files = {path: (b"x" + value[0], value[1]) for path, value in SOFTWARE.items()}
    boxes[0] = Box("device 000", strange)
    consensus = told(boxes)
    (outlier,) = consensus.of(Standing.OUTLIER)
    assert (outlier.device, consensus.groups[1].relation) == ("device 000", Relation.UNLIKE)
    assert outlier.share is not None
    assert outlier.share < 0.5


def test_device_without_claims_stays_with_its_content() -> None:
    """Taking the version away hides nothing."""
    boxes = fleet(12)
    boxes[0] = Box("device 000", {**boxes[0].files, **BACK_DOOR}, None)
    consensus = told(boxes)
    assert (len(consensus.groups), names(consensus, Standing.OUTLIER)) == (1, ["device 000"])


# --- who counts ---------------------------------------------------------------------------------------------------------


def test_copies_count_once_unless_the_caller_knows_better() -> None:
    """One image handed in thirty times is one witness; thirty devices without anything of their own are thirty."""
    flood = [Box(f"copy {number:02}", {**SOFTWARE, **BACK_DOOR}) for number in range(30)]
    consensus = told([*fleet(6), *flood])
    assert len(consensus.groups[0].devices) == 7
    assert len(consensus.copies[0].others) == 29
    assert {each.standing for each in consensus.devices if each.device.startswith("copy")} == {Standing.OUTLIER}
    assert len(consensus.devices) == 36

    distinct = told([Box(f"device {number}", dict(SOFTWARE)) for number in range(6)], Rule(distinct=True))
    assert set(standings(distinct).values()) == {Standing.AGREES}


def test_source_speaks_for_no_more_than_it_may() -> None:
    """Twenty devices out of one hand, made to differ, against six from six hands: with a ceiling the six decide."""
    boxes = [Box(box.name, box.files, source=f"shop {number}") for number, box in enumerate(fleet(6))]
    flood = [
        Box(f"flood {number}", genuine(100 + number).having(BACK_DOOR).files, source="one") for number in range(20)
    ]
    assert {each.standing for each in told([*boxes, *flood]).of(Standing.OUTLIER)} == {Standing.OUTLIER}
    consensus = told([*boxes, *flood], Rule(most_per_source=2))
    assert consensus.groups[0].votes == 8 * WHOLE
    assert names(consensus, Standing.AGREES) == [box.name for box in boxes]
    assert len(consensus.of(Standing.OUTLIER)) == 20
    assert consensus.groups[0].sources == 7


@pytest.mark.parametrize(
    "rule", [{"quorum": Fraction(49, 100)}, {"quorum": Fraction(1)}, {"min_devices": 1}, {"noise": Fraction(2, 3)}]
)
def test_rules_that_are_none_are_refused(rule: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"quorum|noise|at least 2"):
        Rule(**rule)  # type: ignore[arg-type]


def test_two_devices_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        told([genuine(1), Box("device 001")])


def test_neither_a_consensus_nor_what_is_told_is_true() -> None:
    consensus = told(fleet(6))
    for value in (consensus, consensus.devices[0]):
        with pytest.raises(TypeError, match="no truth value"):
            bool(value)


@pytest.mark.parametrize(("alike", "agrees"), [(1, False), (2, False), (3, True)])
def test_agreement_on_less_than_each_has_of_its_own_is_none(alike: int, *, agrees: bool) -> None:
    """Devices of few files: two of their own want more than two in common."""
    boxes = [
        Box(
            f"device {number}",
            {
                **{f"common{each}": (b"alike", 0o644) for each in range(alike)},
                **{f"own{each}": (b"%d %d" % (number, each), 0o644) for each in range(2)},
            },
        )
        for number in range(6)
    ]
    consensus = told(boxes)
    assert set(standings(consensus).values()) == {Standing.AGREES if agrees else Standing.NO_MAJORITY}


# --- properties ---------------------------------------------------------------------------------------------------------

PATHS = st.sampled_from([*SOFTWARE, "bin/new", "etc/init.d/new", "log/7", "log/new", "etc/config/new"])
TAMPERING = st.dictionaries(
    PATHS, st.none() | st.tuples(st.binary(max_size=3), st.sampled_from([0o644, 0o755, 0o4755])), min_size=1, max_size=6
)
VERSIONS = st.sampled_from(["1.0", "1.0", "2.0", None])


def tampered(ways: Sequence[tuple[dict[str, tuple[bytes, int] | None], str | None]]) -> list[Box]:
    boxes = []
    for number, (way, version) in enumerate(ways):
        said = {"etc/os-release": (b"VERSION_ID=%s\n" % (version or "").encode(), 0o644)}
        box = genuine(500 + number).having({**(said if version != "1.0" else {}), **way})
        boxes.append(Box(f"tampered {number:02}", box.files, version))
    return boxes


@settings(max_examples=40)
@given(st.lists(st.tuples(TAMPERING, VERSIONS), max_size=4), st.randoms(use_true_random=False))
def test_tampered_minority_never_changes_what_is_agreed_on(
    ways: list[tuple[dict[str, tuple[bytes, int] | None], str | None]], random: object
) -> None:
    """Whatever fewer than a third do, the agreed tree is that of the others alone, in any order; they never agree unnoticed."""
    honest = [genuine(number) for number in range(14)]
    alone = agreed(told(honest).groups[0])
    boxes = [*honest, *tampered(ways)]
    random.shuffle(boxes)  # type: ignore[attr-defined]
    consensus = told(boxes)
    leading = consensus.groups[0]
    assert agreed(leading) == alone
    assert {standings(consensus)[box.name] for box in honest} == {Standing.AGREES}
    for each in consensus.devices:
        if each.device.startswith("tampered") and each.standing is Standing.AGREES:
            paths = {change.path for change in each.allowed}
            assert all(path in ("etc/serial", "log/boot") or path.startswith("log/") for path in paths)


@settings(max_examples=40)
@given(st.lists(st.tuples(TAMPERING, VERSIONS), min_size=5, max_size=9))
def test_what_is_decided_has_the_quorum(ways: list[tuple[dict[str, tuple[bytes, int] | None], str | None]]) -> None:
    """However many are tampered, and however: each content of an agreed tree is on more than two thirds of its group."""
    boxes = {box.name: box for box in [*fleet(6), *tampered(ways)]}
    for group in told(boxes.values()).groups:
        if group.manifest is None:
            continue
        divided = [each.path for each in group.contested]
        for path, part in group.manifest.walk():
            if part.sha256 is None or any(path == each or path.startswith(f"{each}/") for each in divided):
                continue
            having = [name for name in group.devices if _has(boxes[name].files, path, part)]
            assert len(having) * 3 > len(group.devices) * 2


def _has(files: Files, path: str, part: Part) -> bool:
    from hashlib import sha256

    return path in files and sha256(files[path][0]).digest() == part.sha256 and files[path][1] == part.mode


@settings(max_examples=40)
@given(st.lists(st.tuples(TAMPERING, VERSIONS), max_size=9), st.randoms(use_true_random=False))
def test_order_changes_nothing(
    ways: list[tuple[dict[str, tuple[bytes, int] | None], str | None]], random: object
) -> None:
    """The same devices in any order are told the same."""
    boxes = [*fleet(8), *tampered(ways)]
    first = told(boxes)
    random.shuffle(boxes)  # type: ignore[attr-defined]
    assert told(boxes) == first


@given(st.integers(1, 15))
def test_camps_of_one_size_leave_no_majority(half: int) -> None:
    """A tie is never decided, whoever comes first."""
    boxes = fleet(2 * half)
    boxes[:half] = [box.having(BACK_DOOR) for box in boxes[:half]]
    for rule in (Rule(min_devices=2), Rule(quorum=Fraction(1, 2), min_devices=2)):
        assert set(standings(told(boxes, rule)).values()) == {Standing.NO_MAJORITY}


@settings(max_examples=40)
@given(st.lists(st.tuples(TAMPERING, VERSIONS), max_size=4))
def test_verifying_says_what_the_vote_says(ways: list[tuple[dict[str, tuple[bytes, int] | None], str | None]]) -> None:
    """Held against the agreed tree as a release, a device that agrees is genuine with a warning, and an outlier is not genuine."""
    boxes = {box.name: box.measured() for box in [*fleet(14), *tampered(ways)]}
    consensus = agree(boxes.values(), Rule())
    group = consensus.groups[0]
    assert group.manifest is not None
    tree = group.manifest.tree
    release = Release("1", "F", "Router", "1.0", Authority.CONSENSUS, tree, tree, claims=group.claims)
    reference = Reference(release, group.manifest, Policy("none", "", ()))
    for each in consensus.devices:
        device: Device = boxes[each.device]
        result = appraise(each.device, Evidence(device.root, device.claims), References((reference,)))
        if each.standing is Standing.AGREES:
            assert (result.verdict, result.tier) == (Verdict.GENUINE, Tier.WARNING)
            assert result.authority is Authority.CONSENSUS
        else:
            assert result.verdict is not Verdict.GENUINE


# --- hostile ------------------------------------------------------------------------------------------------------------


def test_depth_costs_no_recursion() -> None:
    """Folders in folders, far deeper than Python calls."""
    devices = []
    for number in range(6):
        part = tree_of(number)
        for _ in range(5000):
            part = folder("d", part)
        devices.append(Device(str(number), part))
    consensus = agree(devices, Rule())
    assert len(consensus.of(Standing.AGREES)) == 6


def tree_of(number: int) -> Part:
    from tests.unit.consensus.fleets import tree

    return tree("d", genuine(number).files)


def test_fleet_of_strangers_is_refused_in_time() -> None:
    """200 devices of which no two are alike: many groups, none decides."""
    boxes = [
        Box(
            f"device {number:03}", {path: (b"%d %b" % (number, value[0]), value[1]) for path, value in SOFTWARE.items()}
        )
        for number in range(200)
    ]
    consensus = told(boxes)
    assert len(consensus.groups) == 200
    assert set(standings(consensus).values()) == {Standing.NO_MAJORITY}
