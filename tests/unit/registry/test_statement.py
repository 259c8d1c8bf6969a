"""Statements: what a publisher signs is what is believed, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trueware.cose import cbor, sign1
from trueware.errors import InputError, UntrustedStatement
from trueware.model.claim import Claim
from trueware.model.verdict import Authority
from trueware.registry.payload import MEDIA_TYPE, Payload, decode, encode, identify
from trueware.registry.statement import key_id, public_key, sign, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = ec.derive_private_key(99, ec.SECP256R1())
SPKI = public_key(KEY)
SAID = Payload(
    "Acme", "Router", "1.0", Authority.PUBLISHER, b"a" * 32, b"t" * 32, 4096, "openwrt",
    (Claim("vendor", "Acme", "os-release", "etc/os-release"), Claim("product", "r\udcff", "uimage", "")),
)  # fmt: skip
HEADERS: dict[int | str, Any] = {3: MEDIA_TYPE, 4: key_id(SPKI), 15: {1: "Acme", 2: "Router 1.0", 6: 1_700_000_000}}


def test_what_was_signed_is_returned() -> None:
    """A statement gives back payload, id, key and time."""
    proved = verify(sign(SAID, KEY, 1_700_000_000), [public_key(OTHER), SPKI])

    assert (proved.payload, proved.id) == (SAID, identify(encode(SAID)))
    assert (proved.key, proved.issued_at) == (SPKI, 1_700_000_000)


def test_statement_is_as_documented() -> None:
    """On the wire: the four protected headers, no unprotected ones, the payload's integer keys. They are forever."""
    small = Payload("A", "P", "1", Authority.PUBLISHER, b"a" * 32)

    assert encode(small).hex() == (
        "a8010102614103615004613105707075626c69736865722d7369676e6564065820" + "61" * 32 + "08000967" + "67656e65726963"
    )
    assert sign1.parse(sign(small, KEY, 5)).unprotected == {}
    assert sign1.parse(sign(small, KEY, 5)).protected == {
        1: -8, 3: "application/vnd.trueware.release+cbor", 4: key_id(SPKI), 15: {1: "A", 2: "P 1", 6: 5},
    }  # fmt: skip


def test_time_is_not_in_the_id() -> None:
    """The same release published twice has one id, by whichever key and whenever."""
    first, again = verify(sign(SAID, KEY, 1), [SPKI]), verify(sign(SAID, OTHER, 2), [public_key(OTHER)])

    assert first.id == again.id


def test_no_altered_byte_verifies() -> None:
    """Every byte of a statement is covered."""
    statement = sign(SAID, KEY, 7)
    for at in range(len(statement)):
        altered = bytearray(statement)
        altered[at] ^= 0x04
        with pytest.raises(UntrustedStatement):
            verify(bytes(altered), [SPKI])
    for end in range(0, len(statement), 7):
        with pytest.raises(UntrustedStatement):
            verify(statement[:end], [SPKI])

    assert verify(statement, [SPKI]).payload == SAID


def test_other_keys_are_refused() -> None:
    """A statement by a key that is not the publisher's is refused, with no keys at all too."""
    for keys in ([], [public_key(OTHER)]):
        with pytest.raises(UntrustedStatement, match="not signed by a key"):
            verify(sign(SAID, KEY, 7), keys)


def _headers(change: Callable[[dict[int | str, Any]], object]) -> bytes:
    headers = {**HEADERS, 15: dict(HEADERS[15])}
    change(headers)
    return sign1.sign(headers, encode(SAID), KEY)


def _unprotected(headers: dict[int | str, Any]) -> bytes:
    fields: Any = cbor.decode(_headers(dict)[1:], "test")
    fields[1] = headers
    return b"\xd2" + cbor.encode(fields)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (_headers(lambda h: h.pop(3)), "protected headers"),
        (_headers(lambda h: h.pop(15)), "protected headers"),
        (_headers(lambda h: h.pop(4)), "protected headers"),
        (_headers(lambda h: h.update({33: b"cert"})), "protected headers"),
        (_headers(lambda h: h.update({2: [15]})), "critical"),
        (_headers(lambda h: h.update({3: "text/plain"})), "content type"),
        (_headers(lambda h: h.update({4: b"11"})), "not signed by a key"),
        (_headers(lambda h: h.update({4: "11"})), "not named by bytes"),
        (_headers(lambda h: h.update({15: 1})), "CWT claims"),
        (_headers(lambda h: h[15].pop(6)), "CWT claims"),
        (_headers(lambda h: h[15].update({4: 99})), "CWT claims"),
        (_headers(lambda h: h[15].update({6: True})), "time of issue of True"),
        (_headers(lambda h: h[15].update({1: "Other"})), "issued by 'Other'"),
        (_headers(lambda h: h[15].update({2: "Router 2.0"})), "on 'Router 2.0'"),
        (_unprotected({99: b""}), "unsigned headers"),
        (_unprotected({1: -7}), "both headers"),
        (sign1.sign(HEADERS, encode(replace(SAID, authority=Authority.GOLDEN_SAMPLE)), KEY), "golden-sample"),
        (sign1.sign(HEADERS, b"no payload", KEY), "release payload"),
        (sign1.sign(HEADERS, b"", KEY), "release payload"),
        (bytes(3 << 20), "more than"),
        (b"", "tag 18"),
    ],
)
def test_statement_that_is_none_is_refused(statement: bytes, reason: str) -> None:
    """Signed by the right key, and still not a release statement: each deviation has its reason."""
    with pytest.raises(UntrustedStatement, match=reason):
        verify(statement, [SPKI])


def test_receipts_do_not_disturb() -> None:
    """A log's receipts come into the unprotected header later and leave the statement valid."""
    statement = _unprotected({394: [b"receipt"]})

    assert verify(statement, [SPKI]).payload == SAID


def test_weaker_authority_is_not_signed() -> None:
    """Nobody's key says that something is a golden sample."""
    with pytest.raises(ValueError, match="golden-sample"):
        sign(replace(SAID, authority=Authority.GOLDEN_SAMPLE), KEY, 1)


def test_other_curves_do_not_sign() -> None:
    """A key that no statement can be verified with is refused before it signs."""
    with pytest.raises(ValueError, match="Ed25519, P-256 or P-384"):
        sign(SAID, ec.derive_private_key(1, ec.SECP521R1()), 1)


FIELDS: dict[int, Any] = cbor.decode(encode(SAID), "test")  # type: ignore[assignment]


@pytest.mark.parametrize(
    "fields",
    [
        {**FIELDS, 1: 2},
        {**FIELDS, 1: True},
        {**FIELDS, 2: b"Acme"},
        {**FIELDS, 2: ""},
        {**FIELDS, 3: "two\nlines"},
        {**FIELDS, 4: "x" * 513},
        {**FIELDS, 5: "king"},
        {**FIELDS, 6: b"short"},
        {**FIELDS, 6: "x" * 32},
        {**FIELDS, 7: None},
        {**FIELDS, 7: b""},
        {**FIELDS, 8: -1},
        {**FIELDS, 8: True},
        {**FIELDS, 8: 1 << 63},
        {**FIELDS, 9: 1},
        {**FIELDS, 10: []},
        {**FIELDS, 10: [["a", "b", "c"]]},
        {**FIELDS, 10: [["a", "b", "c", 1]]},
        {**FIELDS, 10: [["a", b"b", "c", "d"]]},
        {**FIELDS, 11: 1},
        {key: value for key, value in FIELDS.items() if key != 8},
        [],
        "text",
    ],
)
def test_payload_that_is_none_is_refused(fields: object) -> None:
    """Missing, unknown, mistyped and doubly spelt fields are refused, whoever signed them."""
    with pytest.raises(InputError):
        decode(cbor.encode(fields))
