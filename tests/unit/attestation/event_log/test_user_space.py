"""What systemd measured after booting is replayed behind the boot log."""

import json
from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.event_log import logs
from tests.unit.attestation.event_log.test_verifying import boot, outcomes

from trueware.attestation.event_log.proving import prove
from trueware.attestation.event_log.reading import read
from trueware.attestation.event_log.replaying import replay
from trueware.attestation.event_log.telling import tell
from trueware.attestation.event_log.user_space import with_user_space
from trueware.attestation.event_log.verifying import verify_log
from trueware.errors import LimitExceeded, MalformedInput


def record(pcr: int, text: str, measured: bytes | None = None) -> bytes:
    digest = sha256(text.encode() if measured is None else measured).hexdigest()
    fields = {
        "pcr": pcr,
        "digests": [{"hashAlg": "sha256", "digest": digest}],
        "content_type": "systemd",
        "content": {"string": text, "bootId": "0" * 32, "timestamp": 1, "eventType": "phase"},
    }
    return b"\x1e" + json.dumps(fields).encode() + b"\n"


SYSTEMD = (
    b"".join(record(pcr, "os-separator") for pcr in (*range(8), 9, 12))
    + b'\x1e{"nv_index": 30474753, "digests": []}\n'
    + record(11, "enter-initrd")
    + record(15, "cryptsetup:root:1234", b"the volume's key")
)


def test_a_machine_whose_system_extends_firmwares_registers() -> None:
    log = read(boot())
    whole = with_user_space(log, SYSTEMD)
    quoted = {"sha256": replay(whole, "sha256")}
    assert outcomes(verify_log(log, quoted))["event-log-replay"] == "contradicts"
    found = verify_log(whole, quoted, secure_boot=True)
    assert found.is_believed
    assert set(outcomes(found).values()) == {"supports"}
    assert len(found.log.events) == len(log.events) + 12
    said = [tell(event, proof) for event, proof in zip(whole.events, prove(whole, "sha256"), strict=True)]
    assert said[-2] == "enter-initrd"
    assert said[-1].startswith("cryptsetup:root:1234 (as the log says")
    assert whole.events[-1].type_name == "systemd"


def test_an_edited_record_does_not_lead_there() -> None:
    whole = with_user_space(read(boot()), SYSTEMD)
    edited = with_user_space(read(boot()), SYSTEMD.replace(b"os-separator", b"os-separated") + record(11, "ready"))
    found = verify_log(edited, {"sha256": replay(whole, "sha256")})
    assert found.is_believed
    assert outcomes(found)["event-log-trailing"] == "not-shown"
    assert prove(edited, "sha256")[len(read(boot()).events)].holds is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x1e[]", "no object"),
        (b"\x1e{", "no JSON"),
        (b'\x1e{"pcr": 1, "pcr": 2}', "twice"),
        (b'\x1e{"pcr": 24, "digests": []}', "no PCR"),
        (b'\x1e{"pcr": true, "digests": []}', "no PCR"),
        (b'\x1e{"pcr": 1, "digests": []}', "no digests"),
        (b'\x1e{"pcr": 1, "digests": [{"hashAlg": "sha256", "digest": "xy"}]}', "not hexadecimal"),
        (b'\x1e{"pcr": 1, "digests": [{"hashAlg": "sha256", "digest": "00"}]}', "has 1 bytes"),
        (b'\x1e{"pcr": 1, "digests": [1]}', "is none"),
        (b"\x1e" + b"[" * 100_000, "no JSON"),
    ],
)
def test_what_is_no_record(data: bytes, why: str) -> None:
    with pytest.raises(MalformedInput, match=why):
        with_user_space(read(boot()), data)


def test_endless_records_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        with_user_space(read(boot()), record(11, "x") * 9_000)


def test_behind_a_damaged_log_is_nothing() -> None:
    damaged = read(boot()[:-1])
    assert with_user_space(damaged, SYSTEMD) is damaged


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(MalformedInput):
        with_user_space(read(logs.header()), b"\x1e" + data)
