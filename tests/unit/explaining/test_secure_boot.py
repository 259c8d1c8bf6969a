"""Variables of Secure Boot."""

from contextlib import suppress
from struct import pack

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import all_rules, case, findings, rules
from tests.unit.signatures.certificates import issue

from trueware.errors import InputError
from trueware.explaining.detectors.secure_boot import SecureBoot

GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
ONE, TWO = issue("one").der, issue("two").der
DIGEST = bytes(range(32))


def _list(*values: bytes) -> bytes:
    made = b""
    for value in values:
        made += pack("<16sIII", bytes(16), 28 + 16 + len(value), 0, 16 + len(value)) + b"o" * 16 + value
    return made


def _rules(name: str, before: bytes, after: bytes) -> list[str]:
    path = f"sys/firmware/efi/efivars/{name}-{GLOBAL}"
    return rules(SecureBoot, case({path: bytes(4) + before}, {path: b"\7\0\0\0" + after}))


def test_it_is_off() -> None:
    assert _rules("SecureBoot", b"\1", b"\0") == ["secure-boot-off"]
    assert _rules("SecureBoot", b"\0", b"\1") == []
    assert _rules("SecureBoot", b"\1", b"\1") == []
    assert _rules("MokSBState", b"\0", b"\1") == ["secure-boot-off"]
    assert _rules("SetupMode", b"\1", b"\0") == []


def test_a_key_was_added() -> None:
    assert _rules("db", _list(ONE), _list(ONE, TWO)) == ["secure-boot-key-added"]
    assert _rules("db", _list(ONE, TWO), _list(TWO, ONE)) == []
    path = f"db-{GLOBAL}"
    (found,) = findings(SecureBoot, case({path: bytes(4)}, {path: bytes(4) + _list(ONE)}))
    assert (found.evidence[0].found or "").startswith("certificate CN=one")


def test_a_revocation_was_removed() -> None:
    assert _rules("dbx", _list(DIGEST), b"") == ["secure-boot-revocation-removed"]
    assert _rules("dbx", _list(DIGEST), _list(DIGEST, bytes(32))) == []


def test_what_cannot_be_read_is_told() -> None:
    path = f"db-{GLOBAL}"
    assert "change-unreadable" in all_rules(case({path: bytes(4)}, {path: bytes(4) + _list(ONE)[:-1]}))


@given(st.binary(max_size=100), st.integers(0, 60))
def test_arbitrary_bytes_are_read_or_refused(noise: bytes, at: int) -> None:
    whole = _list(DIGEST)
    with suppress(InputError):
        _rules("db", b"", whole[:at] + noise + whole[at:])
    with suppress(InputError):
        _rules("db", b"", noise)
