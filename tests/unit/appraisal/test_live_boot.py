"""Which releases account for the registers of a boot: one, several, another version, none, and what was not quoted."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.appraisal.live.boot import BANKS, BootReference, Judged, boot_reference, match_boot
from trueware.model.check import Outcome
from trueware.model.measured_boot import boot_claims
from trueware.model.release import Release
from trueware.model.verdict import Authority


def value(name: str, bank: str = "sha256") -> bytes:
    return hashlib.new(bank, name.encode()).digest()


EMPTY = bytes(32)


def release(
    product: str, version: str, registers: dict[int, str], bank: str = "sha256", **more: object
) -> BootReference:
    made = Release(
        id=f"{product}{version}{sorted(registers)}",
        publisher="Acme",
        product=product,
        version=version,
        authority=Authority.PUBLISHER,
        sha256=bytes(32),
        claims=boot_claims((bank, pcr, value(name, bank)) for pcr, name in registers.items()),
        **more,  # type: ignore[arg-type]
    )
    return boot_reference(made)


FIRMWARE = release("Board", "1", {0: "firmware", 2: "drivers", 7: "keys"})
SYSTEM = release("System", "1", {4: "loader", 9: "kernel"}, published=1)
NEXT = release("System", "2", {4: "loader 2", 9: "kernel 2"}, published=2)
HELD = {
    0: value("firmware"),
    1: value("settings"),
    2: value("drivers"),
    4: value("loader"),
    7: value("keys"),
    9: value("kernel"),
}


def judged(held: dict[int, bytes], *known: BootReference) -> Judged:
    return match_boot({"sha256": held}, known)


def told(found: Judged, outcome: Outcome) -> set[str]:
    return {each.place for each in found.checks if each.outcome is outcome and not each.expected_gap}


def titles(found: Judged) -> list[tuple[str, bool]]:
    return [(f"{each.release.product} {each.release.version}", each.complete) for each in found.matches]


def test_two_products_account_for_one_boot() -> None:
    found = judged(HELD, FIRMWARE, SYSTEM, NEXT)
    assert titles(found) == [("Board 1", True), ("System 1", True)]
    assert (found.differing, told(found, Outcome.NOT_SHOWN), told(found, Outcome.CONTRADICTS)) == ({}, set(), set())
    (skipped,) = (each for each in found.checks if each.expected_gap)
    assert (skipped.place, skipped.outcome) == ("PCR 1", Outcome.NOT_SHOWN)


def test_a_register_that_differs_is_named_with_the_nearest() -> None:
    found = judged(HELD | {9: value("rootkit")}, FIRMWARE, SYSTEM, NEXT)
    assert titles(found) == [("Board 1", True), ("System 1", False)]
    assert found.differing == {9: ("sha256", value("rootkit"))}
    assert found.nearest is SYSTEM
    assert found.is_derived


def test_versions_that_were_never_shipped_together() -> None:
    found = judged(HELD | {9: value("kernel 2")}, FIRMWARE, SYSTEM, NEXT)
    assert [each.rule for each in found.checks if each.outcome is Outcome.CONTRADICTS] == ["boot-mixed"]
    assert not found.differing


def test_one_version_in_several_statements_is_not_mixed() -> None:
    parts = (release("System", "1", {4: "loader"}), release("System", "1", {9: "kernel"}))
    found = judged(HELD, FIRMWARE, *parts)
    assert told(found, Outcome.CONTRADICTS) == set()
    assert titles(found) == [("Board 1", True), ("System 1", True), ("System 1", True)]


def test_a_withdrawn_release_is_told() -> None:
    found = judged(HELD, FIRMWARE, release("System", "1", {4: "loader", 9: "kernel"}, withdrawn="a hole"))
    assert [each.rule for each in found.checks if each.outcome is Outcome.CONTRADICTS] == ["boot-withdrawn"]


def test_the_release_that_stands_is_chosen_before_its_withdrawn_twin() -> None:
    twin = release("System", "1a", {4: "loader", 9: "kernel"}, withdrawn="a hole", published=9)
    assert titles(judged(HELD, FIRMWARE, twin, SYSTEM))[1] == ("System 1", True)


@pytest.mark.parametrize(
    ("quoted", "missing"),
    [
        ({10: value("files")}, {"PCR 0", "PCR 4"}),
        ({0: value("firmware")}, {"PCR 2", "PCR 4", "PCR 7"}),
        ({4: value("loader"), 9: value("kernel")}, {"PCR 0"}),
    ],
    ids=["files alone", "firmware alone", "system alone"],
)
def test_who_chooses_what_is_quoted_does_not_choose_what_is_compared(
    quoted: dict[int, bytes], missing: set[str]
) -> None:
    """An attester that leaves out the register of what it changed has shown too little, whether a release states it or not."""
    known = [
        each
        for each in (FIRMWARE, SYSTEM)
        if set(each.values.values()) & {frozenset({held}) for held in quoted.values()}
    ]
    assert missing <= told(judged(quoted, *known), Outcome.NOT_SHOWN)


def test_what_nobody_states_is_not_shown_and_what_was_never_extended_is_in_order() -> None:
    found = judged(HELD | {8: value("grub"), 12: EMPTY, 14: bytes([255]) * 32}, FIRMWARE, SYSTEM)
    assert told(found, Outcome.NOT_SHOWN) == {"PCR 8"}


def test_a_register_that_was_emptied_differs() -> None:
    found = judged(HELD | {9: EMPTY}, FIRMWARE, SYSTEM)
    assert list(found.differing) == [9]


def test_nothing_in_common_with_any_release() -> None:
    found = judged({pcr: value(f"other {pcr}") for pcr in HELD}, FIRMWARE, SYSTEM)
    assert (titles(found), found.is_derived) == ([], False)
    assert set(found.differing) == {0, 2, 4, 7, 9}


def test_a_bank_that_can_be_forged_decides_nothing() -> None:
    found = match_boot({"sha1": {0: value("firmware", "sha1")}}, [FIRMWARE])
    (check,) = found.checks
    assert (check.outcome, found.matches) == (Outcome.NOT_SHOWN, ())


def test_the_strongest_bank_that_releases_speak_of_is_compared() -> None:
    """A bank that no release states cannot be chosen to hide what another one shows."""
    banks = {"sha256": HELD | {9: value("rootkit")}, "sha384": {0: value("x", "sha384"), 4: value("y", "sha384")}}
    assert list(match_boot(banks, [FIRMWARE, SYSTEM]).differing) == [9]
    strong = release("System", "1", {4: "loader"}, "sha384")
    both = {"sha256": HELD, "sha384": {0: value("x", "sha384"), 4: value("bad", "sha384")}}
    assert list(match_boot(both, [FIRMWARE, SYSTEM, strong]).differing) == [4]


REGISTERS = st.dictionaries(
    st.sampled_from([0, 2, 4, 7, 8, 9, 11]), st.sampled_from(["firmware", "loader", "kernel", "x", "y"])
)


@given(REGISTERS, st.lists(REGISTERS, max_size=3))
def test_every_register_is_accounted_for_or_told(held: dict[int, str], stated: list[dict[int, str]]) -> None:
    """No register that is compared is passed over in silence."""
    known = [release("System", str(number), each) for number, each in enumerate(stated)]
    found = judged({pcr: value(name) for pcr, name in held.items()}, *known)
    if not held:
        return
    matched = {pcr for each in found.checks if each.outcome is Outcome.SUPPORTS for pcr in _registers(each.place)}
    not_shown = {pcr for place in told(found, Outcome.NOT_SHOWN) for pcr in _registers(place)}
    assert held.keys() <= matched | not_shown | found.differing.keys()
    assert {0, 4} <= held.keys() | not_shown
    for pcr in matched - found.differing.keys():
        assert any(value(held[pcr]) in each.states("sha256", pcr) for each in known)


def _registers(place: str) -> set[int]:
    return {int(each) for each in place.removeprefix("PCR ").split(", ")}


@pytest.mark.parametrize("bank", ["sha256", "sha384"])
def test_registers_that_nothing_was_measured_into_are_no_boot(bank: str) -> None:
    """An owner extends what a release states into registers that no firmware ever touched."""
    size = hashlib.new(bank).digest_size
    common = release("Third", "1", {2: "plain"}, bank)
    found = match_boot({bank: {0: bytes(size), 2: value("plain", bank), 4: bytes(size)}}, [common])
    assert told(found, Outcome.NOT_SHOWN) == {"PCR 0", "PCR 4", "PCR 7"}


def test_a_bank_that_firmware_leaves_alone_hides_no_difference() -> None:
    """CVE-2021-42299: firmware extends SHA-256 alone, and the owner plays a genuine boot into the bank of SHA-384."""
    names = {0: "firmware", 2: "drivers", 4: "loader"}
    genuine = boot_reference(
        Release(
            id="both",
            publisher="Acme",
            product="Board",
            version="1",
            authority=Authority.PUBLISHER,
            sha256=bytes(32),
            claims=boot_claims((bank, pcr, value(name, bank)) for bank in BANKS[1:] for pcr, name in names.items()),
        )
    )
    played = {pcr: value(name, "sha384") for pcr, name in names.items()}
    true = {pcr: value(name) for pcr, name in names.items()}
    found = match_boot({"sha256": {**true, 4: value("evil")}, "sha384": played}, [genuine])
    assert set(found.differing) == {4}
    assert titles(found) == [("Board 1", False)]
    assert not match_boot({"sha256": true, "sha384": played}, [genuine]).differing
