"""Event logs are read, or what came before the damage is."""

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.event_log import logs

from trueware.attestation.event_log.log import EventLog, Registers
from trueware.attestation.event_log.reading import MAX_EVENTS, read
from trueware.attestation.event_log.replaying import replay
from trueware.errors import LimitExceeded, MalformedInput, UnsupportedInput

SOME = logs.header() + logs.event(0, 8, b"v1") + logs.event(4, logs.SEPARATOR, bytes(4))


def reason(log: EventLog) -> str:
    assert isinstance(log.problem, MalformedInput)
    return log.problem.reason


def test_a_crypto_agile_log() -> None:
    log = read(SOME)
    assert log.problem is None
    assert [bank.name for bank in log.banks] == ["sha1", "sha256"]
    assert [(event.number, event.pcr, event.type_name, event.data) for event in log.events[1:]] == [
        (1, 0, "EV_S_CRTM_VERSION", b"v1"),
        (2, 4, "EV_SEPARATOR", bytes(4)),
    ]
    assert log.place(log.events[2]) == "PCR 4 event 2"


def test_a_sha1_log() -> None:
    log = read(logs.old_event(0, 8, b"v1") + logs.old_event(4, logs.SEPARATOR, bytes(4)) + bytes(100))
    assert log.problem is None
    assert not log.is_agile
    assert log.padding == 100
    assert len(log.events) == 2


@pytest.mark.parametrize("filler", [b"\0", b"\xff"])
@pytest.mark.parametrize("length", [1, 7, 8, 12, 31, 500])
def test_padding_is_no_event(filler: bytes, length: int) -> None:
    log = read(SOME + filler * length)
    assert log.problem is None
    assert len(log.events) == 3
    assert log.padding == length


def test_what_follows_padding_is_damage() -> None:
    log = read(SOME + bytes(64) + b"x")
    assert len(log.events) == 3
    assert reason(log) == "0 digests, expected 2"


def test_events_of_zeros_are_not_taken_for_padding_again_and_again() -> None:
    """Whether the rest is padding is asked at each of them: to look at all of it each time took minutes."""
    log = read(logs.old_event(0, 8, b"v1") + bytes(32) * 60_000 + b"x")
    assert log.padding == 0
    assert log.problem is not None


def test_types_without_a_name_and_empty_data_are_kept() -> None:
    log = read(logs.header() + logs.event(11, 0x12345678, b""))
    assert log.problem is None
    assert log.events[1].type_name == "0x12345678"


def test_the_register_of_what_extends_nothing_may_be_any() -> None:
    log = read(logs.header() + logs.event(0xFFFFFFFF, logs.NO_ACTION, b"SP800-155 Event\0"))
    assert log.problem is None
    assert log.place(log.events[1]) == "event 1"


def test_registers_of_confidential_machines_have_their_names() -> None:
    log = read(logs.header(["sha384"]) + logs.event(2, 4, bytes(4), banks=["sha384"]), Registers.CC)
    assert log.place(log.events[1]) == "RTMR 1 event 1"
    assert log.register(0) == "MRTD"


def test_fewer_digests_in_another_order_are_kept() -> None:
    log = read(
        logs.header() + logs.event(1, 1, b"x", banks=["sha256"]) + logs.event(1, 1, b"y", banks=["sha256", "sha1"])
    )
    assert log.problem is None
    assert log.events[1].digests[0] is None
    assert log.events[2].digests[0] == bytes.fromhex("95cb0bfd2977c761298d9624e4b4d4c72a39974a")


def test_a_digest_of_a_known_algorithm_that_no_bank_has_is_passed_over() -> None:
    log = read(logs.header() + logs.event(1, 1, b"x", banks=["sha1", "sha256", "sha384"]))
    assert log.problem is None
    assert log.events[1].data == b"x"


@pytest.mark.parametrize("cut", range(len(SOME)))
def test_a_cut_log_keeps_its_events(cut: int) -> None:
    log = read(SOME[:cut])
    ends = [0, len(logs.header()), len(logs.header() + logs.event(0, 8, b"v1"))]
    events = sum(end <= cut for end in ends) - 1
    assert len(log.events) == events
    if events and not any(SOME[ends[events] : cut]):
        assert log.problem is None  # a log does not say how many events it has: the replay tells
    else:
        assert isinstance(log.problem, MalformedInput)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (bytes(4096), "it has no event, only padding"),
        (logs.header() + struct.pack("<III", 0, 1, 1 << 31), "2147483648 digests, expected 2"),
        (
            logs.header() + logs.event(0, 1, b"")[:-4] + b"\xff\xff\xff\xff",
            "data of 4294967295 bytes, the log has 0 more",
        ),
        (logs.header() + logs.event(32, 1, b"x"), "register 0x20 does not exist"),
        (logs.header() + logs.event(1, 1, b"x", banks=["sha1", "sha1"]), "two digests of the algorithm 0x0004"),
        (
            logs.header() + struct.pack("<IIIH", 1, 1, 1, 0x77) + bytes(64),
            "a digest of the algorithm 0x0077, which no bank has",
        ),
        (logs.header(["sha1"] * 17), "17 banks, expected 1 to 16"),
        (logs.header(["sha1", "sha1"]), "a bank is named twice"),
        (logs.header(["sha1"])[:60] + struct.pack("<HH", 11, 20) + b"\0", "digests of sha256 have 20 bytes"),
        (logs.header(["sha1"])[:60] + struct.pack("<HH", 0x99, 65) + b"\0", "digests of 0x0099 have 65 bytes"),
        (logs.header()[:8] + b"x" * 20 + logs.header()[28:], "the header's digest is not zero"),
    ],
)
def test_what_is_wrong_is_told(data: bytes, why: str) -> None:
    assert reason(read(data)) == why


def test_thousands_of_banks_are_refused() -> None:
    data = bytearray(logs.header())
    struct.pack_into("<I", data, 32 + 24, 60_000)
    assert reason(read(bytes(data) + bytes(300_000))) == "60000 banks, expected 1 to 16"


def test_a_log_of_tiny_events_is_bounded() -> None:
    log = read(logs.header(["sha1"]) + logs.event(0, 1, b"", banks=["sha1"]) * (MAX_EVENTS + 9))
    assert isinstance(log.problem, LimitExceeded)
    assert len(log.events) == MAX_EVENTS
    with pytest.raises(LimitExceeded):
        log.whole()


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_read_or_refused(data: bytes, headed: bool) -> None:  # noqa: FBT001
    log = read((logs.header() if headed else b"") + data)
    for event in log.events:
        assert len(event.digests) == len(log.banks)
    assert log.problem is not None or log.events


@given(
    st.lists(
        st.tuples(
            st.integers(0, 23), st.integers(1, 0x800000FF).filter(lambda kind: kind != 3), st.binary(max_size=40)
        ),
        max_size=12,
    )
)
def test_what_is_written_is_read(written: list[tuple[int, int, bytes]]) -> None:
    log = read(logs.header() + b"".join(logs.event(*each) for each in written)).whole()
    assert [(event.pcr, event.kind, event.data) for event in log.events[1:]] == written


def test_mutated_logs_are_read_or_refused() -> None:
    chance = random.Random(7)
    for _ in range(400):
        data = bytearray(SOME + bytes(8))
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 4, 0x7F, 0xFF, chance.randrange(256)))
        read(bytes(data[: chance.randint(0, len(data))]))


@pytest.mark.corpus
def test_all_public_logs_are_read(corpus: Path) -> None:
    found = dict(logs.public_logs(corpus))
    assert len(found) >= 42
    refused = {}
    for path, data in found.items():
        registers = Registers.CC if "ccel" in path.lower() else Registers.PCR
        log = read(data, registers)
        if log.problem is not None:
            refused[path.rsplit("/", 1)[1]] = log.problem
        else:
            assert log.events, path
    assert set(refused) == {"binary_bios_measurements-bogus"}, refused


def test_the_unknown_algorithm_is_no_bank_to_replay() -> None:
    data = logs.header(["sha1"])[:60] + struct.pack("<HH", 0x99, 20) + b"\0"
    log = read(data + struct.pack("<IIIH", 0, 1, 1, 0x99) + bytes(20) + bytes(4)).whole()
    assert log.banks[0].name == "0x0099"
    assert log.banks[0].hash() is None
    with pytest.raises(UnsupportedInput, match="cannot compute"):
        replay(log, "0x0099")
