"""Public areas: real ones with their names, and each field wrong in turn."""

import struct
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from tests.unit.attestation.tpm.simulator import GENUINE, NONCE, SELECTION, Key, sized, values_of
from tests.unit.attestation.tpm.simulator import attest as made

from trueware.attestation.tpm.attest import type_name
from trueware.attestation.tpm.pcrs import from_values
from trueware.attestation.tpm.public import Attributes, Point, Rsa, parse_public
from trueware.attestation.tpm.quote import verify_quote
from trueware.attestation.tpm.quote_key import QuoteKey
from trueware.attestation.tpm.signing_keys import spki_of
from trueware.errors import EvidenceRefused, InputError, MalformedInput, UnsupportedInput

KEY, RSA = Key(), Key(scheme="rsassa")
AREA, RSA_AREA = KEY.public(), RSA.public()
SYMMETRIC = 10
"""Offset of symmetric where there is no policy; scheme, hash, and curve or bits follow."""


def changed(area: bytes, at: int, new: bytes) -> bytes:
    return area[:at] + new + area[at + len(new) :]


def test_both_wrappings_are_one_key() -> None:
    bare, wrapped = parse_public(AREA), parse_public(sized(AREA))
    assert bare == wrapped
    assert bare.name == wrapped.name
    assert (bare.attributes, bare.scheme, bare.scheme_hash) == (GENUINE, "ecdsa", "sha256")
    assert isinstance(bare.key, Point)
    key = parse_public(RSA_AREA).key
    assert isinstance(key, Rsa)
    assert (key.exponent, key.bits) == (65537, 2048)


@pytest.mark.parametrize(
    ("area", "reason"),
    [
        (changed(AREA, 0, b"\x00\x02"), "neither RSA"),
        (changed(AREA, 2, b"\x00\x99"), "nameAlg is 0x0099"),
        (changed(AREA, 4, b"\x80\x05\x00\x72"), "reserved bits"),
        (AREA[:8] + sized(bytes(20)) + AREA[10:], "no digest of nameAlg"),
        (AREA[:8] + sized(bytes(65)) + AREA[10:], "64 is the most"),
        (changed(AREA, SYMMETRIC, b"\x00\x99"), "which is no cipher"),
        (AREA[:SYMMETRIC] + struct.pack(">HHH", 6, 99, 0x43) + AREA[SYMMETRIC + 2 :], "a cipher of 99 bits"),
        (changed(AREA, SYMMETRIC + 2, b"\x00\x99"), "scheme is 0x0099"),
        (changed(AREA, SYMMETRIC + 4, b"\x00\x99"), "hash of the scheme"),
        (changed(AREA, SYMMETRIC + 6, b"\x00\x99"), "curve 0x0099"),
        (changed(RSA_AREA, SYMMETRIC + 6, b"\x04\x01"), "a key of RSA of 1025 bits"),
        (changed(RSA_AREA, SYMMETRIC + 6, b"\x0c\x00"), "keyBits is 3072"),
        (AREA[:-34] + b"\x00\x21\x00" + AREA[-32:], "32 is the most"),
    ],
    ids=range(13),  # not the bytes of keys, which differ from run to run
)
def test_what_contradicts_the_layout_is_refused(area: bytes, reason: str) -> None:
    with pytest.raises(MalformedInput, match=reason):
        parse_public(area)


def test_keys_that_are_no_pairs_are_told_from_malformed_ones() -> None:
    for kind in (b"\x00\x08", b"\x00\x25"):
        with pytest.raises(UnsupportedInput, match="signs no quotes"):
            parse_public(changed(AREA, 0, kind))


def test_schemes_with_more_or_fewer_fields() -> None:
    head, rest = AREA[: SYMMETRIC + 2], AREA[SYMMETRIC + 6 :]
    ecdaa = parse_public(head + struct.pack(">HHH", 0x1A, 0x0B, 7) + rest)
    assert (ecdaa.scheme, ecdaa.scheme_hash) == ("ecdaa", "sha256")
    kdf = parse_public(AREA[: SYMMETRIC + 8] + struct.pack(">HH", 0x20, 0x0B) + AREA[SYMMETRIC + 10 :])
    assert kdf.key == parse_public(AREA).key
    rsaes = parse_public(RSA_AREA[: SYMMETRIC + 2] + struct.pack(">H", 0x15) + RSA_AREA[SYMMETRIC + 6 :])
    assert (rsaes.scheme, rsaes.scheme_hash) == ("rsaes", "")
    policy = parse_public(AREA[:8] + sized(bytes(32)) + AREA[10:])
    assert policy.auth_policy == bytes(32)
    assert policy.name != parse_public(AREA).name


def test_a_public_area_that_is_cut_is_refused() -> None:
    for area in (AREA, RSA_AREA):
        for end in range(len(area)):
            with pytest.raises(InputError):
                parse_public(area[:end])


def test_names_and_keys_of_the_corpus(attest: Path) -> None:
    seen = 0
    for path in sorted((attest / "real").glob("**/ak*.pub")):
        public = parse_public(path.read_bytes())
        assert public.name == path.with_suffix(".name").read_bytes()
        pem = load_pem_public_key(path.with_suffix(".pem").read_bytes())
        assert spki_of(public.key) == pem.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        seen += 1
    assert seen >= 30
    folder = attest / "public/nsacyber__HIRS/both/HIRS_AttestationCA/src/test/resources/tpm2"
    hirs = {name: parse_public((folder / f"{name}.pub").read_bytes()) for name in ("ak", "ek")}
    assert Attributes.SIGN in hirs["ak"].attributes
    assert hirs["ek"].symmetric == ("aes", 128, "cfb")


def test_signatures_by_keys_that_came_alone_must_fit_them() -> None:
    values = values_of(SELECTION)
    message = made(values)
    for key, other in ((KEY, RSA), (RSA, KEY)):
        bare = QuoteKey.of_spki(spki_of(parse_public(key.public()).key))
        with pytest.raises(EvidenceRefused, match="and the key is of"):
            verify_quote(message, other.sign(message), bare, NONCE, values)
        sm3 = changed(key.sign(message), 2, b"\x00\x12")
        with pytest.raises(EvidenceRefused, match="not verified here"):
            verify_quote(message, sm3, bare, NONCE, values)
    with pytest.raises(UnsupportedInput, match="sm2"):
        verify_quote(message, changed(KEY.sign(message), 0, b"\x00\x1b"), KEY.quote_key, NONCE, values)
    with pytest.raises(MalformedInput, match="no scheme"):
        verify_quote(message, changed(KEY.sign(message), 0, b"\x00\x99"), KEY.quote_key, NONCE, values)


def test_values_that_do_not_fit_their_selection() -> None:
    for selection, values in (
        ((("sha256", (0,)),), []),
        ((("sha256", (0,)),), [bytes(20)]),
        ((("sha256", (0,)),), [bytes(32), bytes(32)]),
        ((("sha256", (0,)), ("sha256", (0,))), [bytes(32), b"\1" * 32]),
    ):
        with pytest.raises(MalformedInput):
            from_values(selection, values)
    assert type_name(0x8018) == "QUOTE (0x8018)"
    assert type_name(0x1234) == "unknown (0x1234)"
