"""What statements say: every kind comes back as it was, in one encoding, and nothing else is read as one."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.registry.logs import OPERATOR

from trueware.cose import cbor
from trueware.errors import MalformedInput, UntrustedStatement
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus, Standing
from trueware.model.release import Entitlement, Publisher
from trueware.registry import signed
from trueware.registry.changes import (
    Admitted,
    Certified,
    Change,
    Distrust,
    Enrolment,
    RegistrarKey,
    Registration,
    Revocation,
    Withdrawal,
    content_type,
    decode,
    encode,
    subjects_of,
)
from trueware.registry.signed import SignedStatement, public_key, seal, unseal

SCOPE = (Entitlement("product", "R*"), Entitlement("vendor", "A\udcff*"))
CHANGES: tuple[Change, ...] = (
    Registration("example.org", "rules\nof two lines", b"spki"),
    RegistrarKey(b"spki", "name+00000000+AAAA"),
    Enrolment(Publisher("Acme", (b"a", b"b"), SCOPE)),
    Withdrawal("ab" * 32, "a flaw"),
    Admitted(Anchor("Acme", "spki:1", "spki", b"data", True, SCOPE, -5, 7, 2, "name \udc80")),
    Revocation("Acme", "spki:1", "lost"),
    Distrust((Distrusted("sha256:00", "leaked", "a list"), Distrusted("spki:2", "why\udcff", ""))),
    Certified(CertificateStatus("Lab", "C-1", b"a" * 32, Standing.SUSPENDED, "EN 303 645", None, 9, "why")),
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: type(each).__name__)
def test_every_kind_comes_back(change: Change) -> None:
    """With text that is no Unicode, and with what is absent."""
    kind, data = encode(change)

    assert decode(kind, data) == change
    assert all(subjects_of(change))
    for end in range(len(data)):
        with pytest.raises(MalformedInput):
            decode(kind, data[:end])


def test_the_content_type_decides_what_is_said() -> None:
    """It is signed with the payload; one that is not known is refused."""
    kinds = {encode(change)[0]: type(change) for change in CHANGES}
    for change in CHANGES:
        _, data = encode(change)
        for kind, type_ in kinds.items():
            try:
                assert type(decode(kind, data)) is type_
            except MalformedInput:
                assert type_ is not type(change)
        for unknown in ("", "application/json", content_type("other"), content_type("publisher") + "x"):
            with pytest.raises(MalformedInput, match="content type"):
                decode(unknown, data)


@given(st.sampled_from(CHANGES), st.data())
@settings(max_examples=400, deadline=None)
def test_altered_payloads_are_refused_or_say_another_thing(change: Change, data: st.DataObject) -> None:
    """Never the same from other bytes: the encoding is one."""
    kind, payload = encode(change)
    altered = bytearray(payload)
    altered[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        said = decode(kind, bytes(altered))
    except MalformedInput:
        return
    assert said != change
    assert encode(said) == (kind, bytes(altered))


@given(st.sampled_from(["publisher", "anchor", "distrust", "certificate", "withdrawal", "registration"]), st.data())
@settings(max_examples=400, deadline=None)
def test_what_has_the_wrong_types_is_refused(kind: str, data: st.DataObject) -> None:
    """Whatever values stand in the fields, it is a refusal and no other exception."""
    scalar = st.none() | st.booleans() | st.integers(-(1 << 64), 1 << 64) | st.text(max_size=3) | st.binary(max_size=33)
    value = st.recursive(
        scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(), inner, max_size=2)
    )
    fields = [data.draw(st.just(1) | value), *data.draw(st.lists(value, max_size=11))]
    try:
        payload = cbor.encode(fields)
    except Exception:  # noqa: BLE001 (of cbor2, for numbers that it does not write)
        return
    try:
        said = decode(content_type(kind), payload)
    except MalformedInput:
        return
    assert encode(said)[1] == payload


SAID = SignedStatement("text/plain", "example.org", "something", 5, b"", None, "a source")
KEYS = [public_key(OPERATOR.key)]


def test_large_payloads_are_signed_by_their_digest() -> None:
    """The statement fits into a leaf, and says what its payload is (RFC 9995)."""
    small, large = seal(SAID, b"x" * 49_152, OPERATOR.key), seal(SAID, b"x" * 49_153, OPERATOR.key)
    assert unseal(small, KEYS).payload == b"x" * 49_152
    proved = unseal(large, KEYS)

    assert (proved.payload, proved.content_type, proved.source) == (None, "text/plain", "a source")
    assert proved.digest == sha256(b"x" * 49_153).digest()
    assert len(signed.entry_of(large)) < 1000
    assert len(signed.entry_of(small)) <= signed.MAX_ENTRY


def test_a_certificate_names_the_key() -> None:
    """An x5chain instead of a kid: its first certificate's key counts, and must be one that is trusted."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Lab")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(OPERATOR.key.public_key())
    builder = builder.serial_number(1).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    der = builder.not_valid_after(datetime(2027, 1, 1, tzinfo=UTC)).sign(OPERATOR.key, None).public_bytes(Encoding.DER)
    for chain in ([der], [der, b"an issuer's"]):
        statement = seal(SAID, b"payload", OPERATOR.key, chain)
        assert unseal(statement, KEYS).payload == b"payload"
        with pytest.raises(UntrustedStatement, match="not signed by a key"):
            unseal(statement, [b"another"])
    with pytest.raises(UntrustedStatement, match="certificate that cannot be read"):
        unseal(seal(SAID, b"payload", OPERATOR.key, [b"no certificate"]), KEYS)


@pytest.mark.parametrize("said", [replace(SAID, issuer=""), replace(SAID, subject=""), replace(SAID, issued_at=-1)])
def test_claims_out_of_bounds_are_refused(said: SignedStatement) -> None:
    """Signed all the same."""
    with pytest.raises(UntrustedStatement):
        unseal(seal(said, b"payload", OPERATOR.key), KEYS)


def test_a_leaf_has_no_unsigned_headers() -> None:
    """What is carried beside a statement is no part of its leaf; and what is none is refused."""
    statement = seal(SAID, b"payload", OPERATOR.key)
    from trueware.registry.receipt import with_receipts

    assert signed.entry_of(with_receipts(statement, [b"r" * 100_000])) == statement
    with pytest.raises(UntrustedStatement):
        signed.entry_of(b"no statement")
