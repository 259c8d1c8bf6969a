"""What differs from a boot that is known to be good is named, in words, and reference values are made of one."""

import random
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.event_log import logs

from trueware.attestation.event_log.aligning import unequal
from trueware.attestation.event_log.comparing import MOST_DIFFERENCES, Changed, compare, steps_of
from trueware.attestation.event_log.log import EventLog, Registers
from trueware.attestation.event_log.reading import read
from trueware.attestation.event_log.referencing import reference_of, steps_stated
from trueware.attestation.event_log.replaying import replay
from trueware.errors import MalformedInput, UnsupportedInput
from trueware.model.measured_boot import stated_value

ACTION = 5


def log_of(*events: tuple[int, str]) -> EventLog:
    return read(logs.header() + b"".join(logs.event(pcr, ACTION, text.encode()) for pcr, text in events)).whole()


def told(reference: EventLog, found: EventLog) -> list[tuple[str, str | None, str | None]]:
    return [
        (each.kind.value, each.expected and each.expected.words, each.found and each.found.words)
        for each in compare(reference, found, "sha256")
    ]


GOOD = log_of((0, "firmware"), (4, "loader"), (4, "kernel"), (8, "one"), (8, "two"), (8, "three"))


def test_equal_logs_do_not_differ() -> None:
    assert compare(GOOD, GOOD, "sha256") == ()


def test_a_change_is_told_with_both_sides() -> None:
    other = log_of((0, "firmware"), (4, "loader"), (4, "kernel 2"), (8, "one"), (8, "two"), (8, "three"))
    assert told(GOOD, other) == [("changed", "kernel", "kernel 2")]
    check = compare(GOOD, other, "sha256")[0].check("Product 1.0")
    assert (check.rule, check.place, check.expected, check.found) == (
        "event-known-good",
        "PCR 4 event 3",
        "kernel",
        "kernel 2",
    )
    assert check.source == "Product 1.0"


def test_an_insertion_shifts_nothing() -> None:
    other = log_of((0, "firmware"), (4, "loader"), (4, "kernel"), (8, "zero"), (8, "one"), (8, "two"), (8, "three"))
    assert told(GOOD, other) == [("added", None, "zero")]
    assert told(other, GOOD) == [("removed", "zero", None)]


def test_what_was_moved_is_one_difference() -> None:
    other = log_of((0, "firmware"), (4, "loader"), (4, "kernel"), (8, "two"), (8, "three"), (8, "one"))
    assert told(GOOD, other) == [("moved", "one", "one")]
    elsewhere = log_of((0, "firmware"), (4, "loader"), (9, "kernel"), (8, "one"), (8, "two"), (8, "three"))
    assert [each.kind for each in compare(GOOD, elsewhere, "sha256")] == [Changed.MOVED]


def test_differences_are_in_the_order_of_the_log() -> None:
    other = log_of((8, "1"), (0, "2"), (4, "loader"), (4, "3"))
    assert [each.found.words for each in compare(GOOD, other, "sha256") if each.found] == ["1", "2", "3"]


def test_equal_words_of_different_digests_are_told_apart() -> None:
    ours, theirs = (read(logs.header() + logs.event(0, 1, b"\0" * 16, each)) for each in (b"1", b"2"))
    check = compare(ours, theirs, "sha256")[0].check("R")
    assert check.expected != check.found
    assert check.found is not None
    assert check.found.endswith(logs.digest(b"2").hex())


def test_endless_differences_are_bounded() -> None:
    ours, theirs = (log_of(*((8, f"{name}{number}") for number in range(3_000))) for name in "ab")
    assert len(compare(ours, theirs, "sha256")) == MOST_DIFFERENCES


_SEQUENCES = st.lists(st.sampled_from([bytes((each,)) for each in range(9)]), max_size=24)


@given(_SEQUENCES, _SEQUENCES)
def test_between_what_differs_all_is_equal(first: list[bytes], second: list[bytes]) -> None:
    i = j = 0
    for i1, i2, j1, j2 in unequal(first, second):
        assert first[i:i1] == second[j:j1]
        assert i2 > i1 or j2 > j1
        i, j = i2, j2
    assert first[i:] == second[j:]


def test_few_edits_give_few_differences() -> None:
    chance = random.Random(1)
    for _ in range(50):
        first = [b"%d" % each for each in range(60)]
        second = list(first)
        for number in range(5):
            second.insert(chance.randrange(len(second)), b"new %d" % number)
            del second[chance.randrange(len(second))]
        changed = sum(max(i2 - i1, j2 - j1) for i1, i2, j1, j2 in unequal(first, second))
        codes = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
        best = sum(max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in codes if kind != "equal")
        assert changed <= best + 2


def test_hostile_sequences_are_aligned_at_once() -> None:
    alike = [b"same"] * 9_000
    assert unequal(alike, [*alike, b"x", *alike]) == [(9_000, 9_000, 9_000, 18_001)]
    swapped = [b"%d" % (each ^ 1) for each in range(16_000)]
    assert unequal([b"%d" % each for each in range(16_000)], swapped)


def test_reference_values_are_read_back() -> None:
    log = log_of((0, "a 100% / b"), (1, "settings"), (10, "of IMA"), (12, "line"))
    made = reference_of(log)
    assert made.values["sha256"] == {pcr: value for pcr, value in replay(log, "sha256").items() if pcr != 10}
    assert {stated_value(claim) for claim in made.claims} == {
        (bank, pcr, value) for bank, own in made.values.items() for pcr, value in own.items()
    }
    assert made.varying == {"PCR 1": "settings of the platform"}
    steps = steps_stated(made.manifest)
    assert [(step.register, step.words) for step in steps] == [
        ("PCR 0", "a 100% / b"),
        ("PCR 1", "settings"),
        ("PCR 12", "line"),
    ]
    assert compare(steps, log.upto(3), "sha256")[0].detail == "EV_ACTION was removed"


def test_boot_orders_vary_wherever_they_are() -> None:
    varies = reference_of(read(logs.header() + logs.event(2, 0x80000009, b"table"))).varying
    assert next(iter(varies)).startswith("PCR 2/001 EV_EFI_HANDOFF_TABLES")


def test_what_gives_no_reference_values() -> None:
    with pytest.raises(MalformedInput):
        reference_of(read(logs.header() + logs.event(0, 5, b"x")[:-1]))
    with pytest.raises(UnsupportedInput, match="no bank sha256"):
        reference_of(read(logs.old_event(0, 5, b"x")))
    with pytest.raises(UnsupportedInput, match="of a TPM"):
        reference_of(read(logs.header() + logs.event(1, 5, b"x"), Registers.CC))
    with pytest.raises(ValueError, match="no value"):
        reference_of(read(logs.header()))


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("boot", "differing"),
    [
        ("a6_cmdline_tampered", ["PCR 12 event 25", "PCR 9 event 26"]),
        ("a10_other_firmware", ["PCR 0 event 2", "PCR 0 event 3"]),
        ("a9_rootfs_tampered", []),
        ("a3_rogue_exec", []),
    ],
)
def test_real_boots(corpus: Path, boot: str, differing: list[str]) -> None:
    reals = logs.attest(corpus) / "real" / "open"
    good, found = (
        read((reals / name / "binary_bios_measurements").read_bytes()).whole() for name in ("a1_genuine_devA", boot)
    )
    checks = [each.check("R1") for each in compare(good, found, "sha256")]
    assert [check.place for check in checks] == differing
    stated = steps_stated(reference_of(good).manifest)
    assert [each.check("R1").place for each in compare(stated, found, "sha256")] == differing
    if boot == "a6_cmdline_tampered":
        for check in checks:
            assert check.found is not None
            assert check.expected is not None
            assert "mitigations=off lockdown=none" in check.found
            assert "mitigations" not in check.expected


@pytest.mark.corpus
def test_all_public_logs_can_be_told_and_compared(corpus: Path) -> None:
    logs_read = [read(data) for _, data in logs.public_logs(corpus)]
    for first, second in pairwise(logs_read):
        for bank in ("sha1", "sha256", "sha384"):
            assert all(each.words.isprintable() for each in steps_of(first, bank))
            compare(first, second, bank)
