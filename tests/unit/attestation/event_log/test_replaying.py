"""Logs replay to the registers that were quoted, or it is told where they do not."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.event_log import logs

from trueware.attestation.event_log.log import Registers
from trueware.attestation.event_log.reading import read
from trueware.attestation.event_log.replaying import find_prefix, replay, running
from trueware.errors import UnsupportedInput


def extended(value: bytes, *contents: bytes) -> bytes:
    for content in contents:
        value = sha256(value + sha256(content).digest()).digest()
    return value


SOME = logs.header() + b"".join(logs.event(pcr, 5, data) for pcr, data in [(0, b"a"), (4, b"b"), (0, b"c"), (4, b"d")])


def test_registers_are_extended_in_order() -> None:
    log = read(SOME)
    assert replay(log, "sha256") == {0: extended(bytes(32), b"a", b"c"), 4: extended(bytes(32), b"b", b"d")}
    assert running(log, "sha256")[:2] == (None, extended(bytes(32), b"a"))


def test_what_has_no_action_extends_nothing() -> None:
    assert replay(read(logs.header() + logs.event(0, 3, b"x")), "sha256") == {}


def test_pcr_0_begins_with_the_locality() -> None:
    log = read(logs.header() + logs.event(0, 3, b"StartupLocality\0\3") + logs.event(0, 5, b"a"))
    assert log.startup_locality == 3
    assert replay(log, "sha256")[0] == extended(bytes(31) + b"\3", b"a")


def test_an_hcrtm_makes_it_4() -> None:
    log = read(logs.header() + logs.event(0, 0x80000010, b"HCRTM"))
    assert replay(log, "sha256")[0] == extended(bytes(31) + b"\4", b"HCRTM")


def test_dynamic_pcrs_begin_with_ones_and_rtmrs_with_zeros() -> None:
    data = logs.header() + logs.event(17, 5, b"a")
    assert replay(read(data), "sha256")[17] == extended(b"\xff" * 32, b"a")
    assert replay(read(data, Registers.CC), "sha256")[17] == extended(bytes(32), b"a")


def test_banks_that_are_not_there_are_no_mismatch() -> None:
    with pytest.raises(UnsupportedInput, match="no bank sha512, only sha1, sha256"):
        replay(read(SOME), "sha512")
    with pytest.raises(UnsupportedInput, match="no digest for sha1"):
        replay(read(SOME + logs.event(1, 1, b"x", banks=["sha256"])), "sha1")


def test_a_quote_of_all() -> None:
    log = read(SOME)
    covered = find_prefix(log, "sha256", {**replay(log, "sha256"), 7: bytes(32)})
    assert covered.is_full
    assert covered.events == 5


def test_a_quote_of_the_past() -> None:
    log = read(SOME)
    covered = find_prefix(log, "sha256", {0: extended(bytes(32), b"a", b"c"), 4: extended(bytes(32), b"b")})
    assert covered.matches
    assert not covered.is_full
    assert covered.events == 4
    assert [event.data for event in covered.later] == [b"d"]


def test_values_that_were_never_there_together() -> None:
    quoted = {0: extended(bytes(32), b"a"), 4: extended(bytes(32), b"b", b"d")}
    covered = find_prefix(read(SOME), "sha256", quoted)
    assert not covered.matches
    assert covered.differing == (0, 4)


def test_a_register_that_differs_is_named() -> None:
    log = read(SOME)
    covered = find_prefix(log, "sha256", {**replay(log, "sha256"), 4: bytes(32), 8: b"x" * 32, 0: b"y" * 32})
    assert not covered.matches
    assert covered.differing == (0, 8)
    assert covered.unextended == (8,)


def test_a_bank_that_firmware_did_not_extend_proves_nothing() -> None:
    covered = find_prefix(read(SOME), "sha1", {0: bytes(20), 4: bytes(20)})
    assert not covered.matches
    assert covered.is_untouched
    assert covered.differing == (0, 4)


@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=4)), max_size=14), st.data())
def test_each_prefix_is_found(events: list[tuple[int, bytes]], data: st.DataObject) -> None:
    body = [logs.event(pcr, 5, content) for pcr, content in events]
    whole = read(logs.header() + b"".join(body))
    upto = data.draw(st.integers(0, len(body)))
    values = replay(read(logs.header() + b"".join(body[:upto])), "sha256")
    covered = find_prefix(whole, "sha256", {pcr: values.get(pcr, bytes(32)) for pcr in range(6)})
    if body and not upto:
        assert covered.is_untouched
    else:
        assert covered.matches
        assert len(covered.later) == len(body) - upto


@pytest.mark.corpus
def test_real_logs_replay_to_what_was_quoted(corpus: Path) -> None:
    quotes = 0
    for path in sorted(logs.attest(corpus).glob("real/open/*/binary_bios_measurements")):
        log = read(path.read_bytes()).whole()
        for pcrs in path.parent.glob("*/*.pcrs"):
            for bank, values in logs.quoted(pcrs.read_bytes()).items():
                values.pop(10, None)  # IMA's
                assert find_prefix(log, bank, values).is_full, (pcrs, bank)
                quotes += 1
    assert quotes >= 60


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("attack", "bank", "differing"),
    [
        ("eventlog_swapped", "sha256", (9, 12)),
        ("eventlog_truncated", "sha256", (5,)),
        ("pcr_values_forged", "sha256", (9,)),
        ("quote_sha1_bank_only", "sha1", (0, 1, 2, 3, 4, 5, 6, 7, 9)),
    ],
)
def test_attacks_on_the_log(corpus: Path, attack: str, bank: str, differing: tuple[int, ...]) -> None:
    folder = logs.attest(corpus) / "real" / "attacks" / "open" / attack
    log = read((folder / "binary_bios_measurements").read_bytes())
    assert (log.problem is not None) == (attack == "eventlog_truncated")
    values = logs.quoted((folder / "quote.pcrs").read_bytes())[bank]
    values.pop(10)
    covered = find_prefix(log, bank, values)
    assert not covered.matches
    assert covered.differing == differing


def test_sha1_logs_replay_too() -> None:
    log = read(logs.old_event(4, 5, b"a"))
    assert replay(log, "sha1")[4].hex() == "b311ff7e540d671f5b54ed190d402a1d064fbecb"
