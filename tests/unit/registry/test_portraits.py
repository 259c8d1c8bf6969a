"""The list of portraits: one form, read back or refused."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import LimitExceeded, MalformedInput
from trueware.registry import portraits

_DIGESTS = st.binary(min_size=32, max_size=32).filter(lambda digest: digest != bytes(32))


@given(st.dictionaries(_DIGESTS, st.binary(max_size=40), max_size=6))
def test_what_is_written_is_read(listed: dict[bytes, bytes]) -> None:
    assert portraits.decode(portraits.encode(listed)) == listed


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        listed = portraits.decode(data)
    except MalformedInput:
        return
    assert portraits.encode(listed) == data


def test_records_out_of_order_are_refused() -> None:
    one, other = sorted(sha256(each).digest() for each in (b"a", b"b"))
    with pytest.raises(MalformedInput, match="order"):
        portraits.decode(portraits.encode({other: b"2"}) + portraits.encode({one: b"1"}))


def test_a_list_has_a_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portraits, "MOST", 40)
    with pytest.raises(LimitExceeded):
        portraits.encode({sha256(b"a").digest(): bytes(5)})
