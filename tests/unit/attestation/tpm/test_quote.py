"""Quotes: the steps of the checklist one by one, and everything that an attacker might edit."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.tpm.simulator import (
    GENUINE,
    NONCE,
    SELECTION,
    Key,
    attest,
    flipped,
    pcr_file,
    selection_bytes,
    values_of,
)

from trueware.attestation.tpm.algorithms import Type
from trueware.attestation.tpm.pcrs import PcrValues, parse_pcr_file
from trueware.attestation.tpm.public import Attributes
from trueware.attestation.tpm.quote import Quoted, verify_quote
from trueware.attestation.tpm.quote_key import QuoteKey, load_quote_key
from trueware.attestation.tpm.signing_keys import spki_of
from trueware.errors import EvidenceRefused, InputError, MalformedInput, UnsupportedInput
from trueware.model.check import Outcome

VALUES = values_of(SELECTION)
KEY = Key()
RSA = Key(scheme="rsassa")
PSS = Key(scheme="rsapss")


def verified(message: bytes, key: Key = KEY, values: PcrValues = VALUES, nonce: bytes | None = NONCE) -> Quoted:
    return verify_quote(message, key.sign(message), key.quote_key, nonce, values)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(EvidenceRefused) as caught:
        call()
    return caught.value.rule


def refused_quote(message: bytes, signature: bytes, key: QuoteKey, values: PcrValues = VALUES) -> str:
    with pytest.raises(EvidenceRefused) as caught:
        verify_quote(message, signature, key, NONCE, values)
    return caught.value.rule


def outcomes(quoted: Quoted) -> dict[str, Outcome]:
    return {check.rule: check.outcome for check in quoted.checks}


@pytest.mark.parametrize(
    ("scheme", "curve", "bits", "name"),
    [
        ("ecdsa", "secp256r1", 0, "sha256"),
        ("ecdsa", "secp384r1", 0, "sha384"),
        ("ecdsa", "secp521r1", 0, "sha512"),
        ("ecdsa", "secp384r1", 0, "sha256"),
        ("rsassa", "", 2048, "sha256"),
        ("rsassa", "", 3072, "sha384"),
        ("rsassa", "", 4096, "sha512"),
        ("rsapss", "", 2048, "sha256"),
    ],
)
def test_every_scheme_verifies(scheme: str, curve: str, bits: int, name: str) -> None:
    key = Key(scheme=scheme, curve=curve, bits=bits, hash=name)
    message = attest(VALUES, hash_name=name)
    quoted = verified(message, key)
    assert quoted.values == VALUES.banks
    assert quoted.key_name == key.quote_key.name != b""
    assert (quoted.clock.clock, quoted.clock.reset_count, quoted.clock.restart_count, quoted.clock.safe) == (
        1000,
        5,
        0,
        True,
    )
    assert quoted.firmware_version == 0x20191023
    assert set(outcomes(quoted).values()) == {Outcome.SUPPORTS}


@pytest.mark.parametrize(
    ("attributes", "word"),
    [
        (GENUINE & ~Attributes.RESTRICTED, "restricted"),
        (GENUINE & ~Attributes.SIGN, "sign"),
        (GENUINE & ~Attributes.FIXED_TPM, "fixedTPM"),
        (GENUINE & ~Attributes.FIXED_PARENT, "fixedParent"),
        (GENUINE & ~Attributes.SENSITIVE_DATA_ORIGIN, "sensitiveDataOrigin"),
        (GENUINE | Attributes.DECRYPT, "decrypt"),
        (GENUINE | Attributes.X509_SIGN, "x509sign"),
    ],
)
def test_a_key_that_could_sign_anything_is_refused(attributes: int, word: str) -> None:
    key = Key(attributes=attributes)
    with pytest.raises(EvidenceRefused, match=word) as caught:
        verified(attest(VALUES), key)
    assert caught.value.rule == "attestation-key-attributes"


def test_a_restricted_key_without_a_name_or_a_scheme_is_refused() -> None:
    for area in (
        KEY.public(name_hash=0x10),
        KEY.public(scheme=0x10).replace(b"\x00\x10\x00\x10\x00\x0b", b"\x00\x10\x00\x10"),
    ):
        key, message = load_quote_key(area), attest(VALUES)
        assert refused_quote(message, KEY.sign(message), key) == "attestation-key-attributes"


def test_what_no_tpm_made_is_refused() -> None:
    assert refused(lambda: verified(attest(VALUES, magic=0xFF544348))) == "quote-magic"


@pytest.mark.parametrize("kind", [each for each in Type if each is not Type.QUOTE])
def test_another_attestation_is_named(kind: Type) -> None:
    with pytest.raises(EvidenceRefused, match=kind.name) as caught:
        verified(attest(VALUES, kind=kind))
    assert caught.value.rule == "quote-type"


def test_an_unknown_type_is_refused() -> None:
    assert refused(lambda: verified(attest(VALUES, kind=0x1234))) == "quote-type"


@pytest.mark.parametrize("sent", [b"", NONCE[:-1], NONCE + b"\0", bytes(20)])
def test_another_nonce_is_refused(sent: bytes) -> None:
    assert refused(lambda: verified(attest(VALUES), nonce=sent)) == "quote-nonce"


def test_freshness_is_not_shown_without_a_nonce() -> None:
    assert outcomes(verified(attest(VALUES), nonce=None))["quote-nonce"] is Outcome.NOT_SHOWN


def test_an_empty_nonce_shows_no_freshness() -> None:
    assert outcomes(verified(attest(VALUES, nonce=b""), nonce=b""))["quote-nonce"] is Outcome.NOT_SHOWN


def test_a_signature_of_another_key_is_refused() -> None:
    message = attest(VALUES)
    assert (
        refused(lambda: verify_quote(message, Key().sign(message), KEY.quote_key, NONCE, VALUES)) == "quote-signature"
    )
    assert refused(lambda: verify_quote(message, RSA.sign(message), KEY.quote_key, NONCE, VALUES)) == "quote-signature"
    assert refused(lambda: verify_quote(message, KEY.sign(message), RSA.quote_key, NONCE, VALUES)) == "quote-signature"


def test_a_signature_by_another_scheme_or_hash_than_the_key_has_is_refused() -> None:
    message = attest(VALUES)
    assert (
        refused(lambda: verify_quote(message, RSA.sign(message, "rsapss"), RSA.quote_key, NONCE, VALUES))
        == "quote-signature"
    )
    other = KEY.sign(message, name="sha384")
    assert refused(lambda: verify_quote(message, other, KEY.quote_key, NONCE, VALUES)) == "quote-signature"


def test_r_and_s_of_nothing_are_refused() -> None:
    message = attest(VALUES)
    for r, s in ((0, 0), (1, 0), (0, 1), (2**256 - 1, 2**256 - 1)):
        signature = b"\x00\x18\x00\x0b\x00\x20" + r.to_bytes(32) + b"\x00\x20" + s.to_bytes(32)
        assert refused_quote(message, signature, KEY.quote_key) == "quote-signature"


@given(st.data())
def test_no_bit_of_a_quote_can_be_changed(data: st.DataObject) -> None:
    message = attest(VALUES)
    signature = KEY.sign(message)
    at = data.draw(st.integers(0, len(message) + len(signature) - 1))
    if at < len(message):
        message = flipped(message, at)
    else:
        signature = flipped(signature, at - len(message))
    with pytest.raises(InputError):
        verify_quote(message, signature, KEY.quote_key, NONCE, VALUES)


def test_bytes_behind_are_refused() -> None:
    message = attest(VALUES)
    with pytest.raises(MalformedInput, match="behind the end"):
        verified(message + b"\0")
    with pytest.raises(MalformedInput, match="behind the end"):
        verify_quote(message, KEY.sign(message) + b"\0", KEY.quote_key, NONCE, VALUES)
    with pytest.raises(MalformedInput, match="behind the end"):
        load_quote_key(KEY.public() + b"\0")
    with pytest.raises(MalformedInput):
        load_quote_key(b"\x00\x58" + KEY.public() + b"\0")


def test_a_signed_quote_that_is_cut_is_refused() -> None:
    message = attest(VALUES)
    for end in range(len(message)):
        with pytest.raises(MalformedInput):
            verified(message[:end])


def test_a_changed_value_is_refused() -> None:
    for bank, values in VALUES.banks.items():
        for index, value in values.items():
            other = {**VALUES.banks, bank: {**values, index: flipped(value, 0)}}
            message = attest(VALUES)
            signature = KEY.sign(message)
            assert refused_quote(message, signature, KEY.quote_key, PcrValues(other)) == "quote-pcr-digest"


def test_a_missing_value_is_refused_and_named() -> None:
    short = PcrValues({**VALUES.banks, "sha256": {i: v for i, v in VALUES.banks["sha256"].items() if i != 10}})
    with pytest.raises(EvidenceRefused, match="PCR 10 of sha256") as caught:
        verified(attest(VALUES), values=short)
    assert caught.value.rule == "quote-pcr-digest"


def test_swapped_values_and_banks_are_refused() -> None:
    values = dict(VALUES.banks["sha256"])
    values[0], values[1] = values[1], values[0]
    assert (
        refused(lambda: verified(attest(VALUES), values=PcrValues({**VALUES.banks, "sha256": values})))
        == "quote-pcr-digest"
    )
    backwards = SELECTION[::-1]
    message = attest(VALUES, raw_selection=selection_bytes(backwards))
    assert refused(lambda: verified(message)) == "quote-pcr-digest"
    assert verified(attest(VALUES, backwards)).selection == backwards


def test_a_digest_by_another_hash_is_refused() -> None:
    assert refused(lambda: verified(attest(VALUES, hash_name="sha384"))) == "quote-pcr-digest"


def test_a_bank_in_two_parts_is_one_bank() -> None:
    parts = (("sha256", (0, 1)), ("sha1", ()), ("sha256", (2, 10)))
    quoted = verified(attest(VALUES, parts))
    assert quoted.values == {"sha256": VALUES.banks["sha256"]}
    assert list(quoted.values["sha256"]) == [0, 1, 2, 10]


@pytest.mark.parametrize("selection", [(), (("sha256", ()),), (("sha1", ()), ("sha256", ()))])
def test_a_quote_of_no_pcr_is_refused(selection: tuple[tuple[str, tuple[int, ...]], ...]) -> None:
    assert refused(lambda: verified(attest(PcrValues({}), selection), values=PcrValues({}))) == "quote-selection"


def test_values_that_are_not_covered_are_left_out_and_told() -> None:
    more = PcrValues({**VALUES.banks, "sha256": {**VALUES.banks["sha256"], 16: bytes(32)}, "sha384": {0: bytes(48)}})
    quoted = verified(attest(VALUES), values=more)
    assert quoted.values == VALUES.banks
    (told,) = (check for check in quoted.checks if check.rule == "quote-values-unproved")
    assert told.outcome is Outcome.NOT_SHOWN
    assert told.detail == "the quote does not cover PCR 16 of sha256, 0 of sha384"


def test_only_the_sha1_bank_contradicts_the_policy() -> None:
    selection = (("sha1", (0, 1)),)
    quoted = verified(attest(VALUES, selection))
    assert outcomes(quoted)["quote-bank-weak"] is Outcome.CONTRADICTS


def test_a_quote_signed_with_sha1_is_told() -> None:
    key = Key(scheme="rsassa", hash="sha1")
    assert outcomes(verified(attest(VALUES, hash_name="sha1"), key))["quote-hash-weak"] is Outcome.CONTRADICTS


def test_an_exponent_of_one_is_no_key() -> None:
    for exponent in (1, 2, 4):
        with pytest.raises(MalformedInput, match="exponent"):
            load_quote_key(RSA.public(exponent=exponent))


def test_a_small_key_is_not_used() -> None:
    with pytest.raises(UnsupportedInput, match="1024 bits"):
        load_quote_key(Key(scheme="rsassa", bits=1024).public())


def test_a_point_of_another_curve_is_no_key() -> None:
    with pytest.raises(MalformedInput, match="not on secp256r1"):
        load_quote_key(KEY.public(y=7))
    with pytest.raises(MalformedInput):
        load_quote_key(KEY.public(curve=4))
    with pytest.raises(UnsupportedInput, match="bn256"):
        load_quote_key(KEY.public(curve=0x10))


def test_a_key_that_came_alone_leaves_its_attributes_open() -> None:
    message = attest(VALUES)
    assert KEY.quote_key.public is not None
    alone = QuoteKey.of_spki(spki_of(KEY.quote_key.public.key))
    quoted = verify_quote(message, KEY.sign(message), alone, NONCE, VALUES)
    assert quoted.key_name == b""
    assert outcomes(quoted)["attestation-key-attributes"] is Outcome.NOT_SHOWN
    for junk in (b"", b"junk", bytes.fromhex("302a300506032b6570032100") + bytes(32)):
        with pytest.raises(MalformedInput):
            QuoteKey.of_spki(junk)


def test_the_file_of_tpm2_tools() -> None:
    assert parse_pcr_file(pcr_file(SELECTION, VALUES)) == VALUES
    long = (("sha256", tuple(range(24))), ("sha1", (0, 23)))
    values = values_of(long)
    assert parse_pcr_file(pcr_file(long, values)) == values


@given(st.integers(1, 8), st.lists(st.sampled_from(["sha1", "sha256", "sha384"]), max_size=4), st.data())
def test_the_file_with_lists_of_any_length(per_list: int, banks: list[str], data: st.DataObject) -> None:
    chosen = st.sets(st.integers(0, 23), min_size=1).map(sorted).map(tuple)
    selection = tuple((bank, data.draw(chosen)) for bank in banks)
    values = values_of(selection)
    assert parse_pcr_file(pcr_file(selection, values, per_list)) == values


def test_a_swapped_selection_in_the_file_is_refused() -> None:
    wrong = pcr_file(
        (("sha1", (0, 1)), ("sha256", (0, 1, 3, 10))), values_of((("sha1", (0, 1)), ("sha256", (0, 1, 3, 10))))
    )
    assert refused(lambda: verified(attest(VALUES), values=parse_pcr_file(wrong))) == "quote-pcr-digest"


def test_a_file_with_too_much_or_too_little_is_refused() -> None:
    data = pcr_file(SELECTION, VALUES)
    for bad in (data[:-1], data + b"\0", data[:100], b"", data + bytes(532), b"\xff" + data[1:]):
        with pytest.raises(MalformedInput):
            parse_pcr_file(bad)


@given(st.binary(max_size=800))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for call in (
        parse_pcr_file,
        load_quote_key,
        QuoteKey.of_spki,
        lambda d: verify_quote(d, KEY.sign(d), KEY.quote_key, NONCE, VALUES),
        lambda d: verify_quote(b"\xffTCG\x80\x18" + d, KEY.sign(b"\xffTCG\x80\x18" + d), KEY.quote_key, NONCE, VALUES),
        lambda d: verify_quote(attest(VALUES), d, KEY.quote_key, NONCE, VALUES),
    ):
        with pytest.raises(InputError):
            call(data)
