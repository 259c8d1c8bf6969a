"""CMS signed data as openssl makes it, and every way in which content, attributes and algorithms may not fit."""

from pathlib import Path

import pytest

from trueware.signatures import cms, der
from trueware.signatures.certificate import Certificate
from trueware.signatures.refusal import Refusal

VECTORS = Path(__file__).resolve().parents[2] / "vectors/signatures/cms"
CONTENT = (VECTORS / "content").read_bytes()
CASES = {path.stem: path.read_bytes() for path in sorted(VECTORS.glob("*.p7s"))}
CERTIFICATES = [Certificate.parse(path.read_bytes()) for path in sorted(VECTORS.glob("*.crt"))]


def is_valid(encoded: bytes, content: bytes | None = None) -> bool:
    """Tell whether all of it is signed by one of the certificates at hand."""
    signed = cms.read_signed_data(encoded)
    data = signed.content or CONTENT if content is None else content
    (info,) = signed.signers
    named = [each for each in (*signed.certificates, *CERTIFICATES) if info.is_by(each)]
    return any(info.is_signed(each.spki, data) for each in named)


@pytest.mark.parametrize("case", CASES)
def test_what_openssl_signed(case: str) -> None:
    """It is valid over what was signed, and over nothing else."""
    assert is_valid(CASES[case])
    assert not is_valid(CASES[case], CONTENT + b"\n")
    (info,) = cms.read_signed_data(CASES[case]).signers
    plain = case.endswith("-plain")
    assert (info.attributes is None) == plain
    stated = info.signed_at()
    assert stated is None if plain else stated is not None and 1_700_000_000 < stated < 2_000_000_000
    others = [each for each in CERTIFICATES if not info.is_by(each)]
    assert len(others) == len(CERTIFICATES) - 1
    for each in others:
        try:
            assert not info.is_signed(each.spki, CONTENT)
        except Refusal:
            continue


@pytest.mark.parametrize("case", CASES)
def test_no_flipped_bit_changes_what_is_signed(case: str) -> None:
    """Nothing else than a refusal is raised, and nothing that is signed may differ."""
    encoded = CASES[case]
    (before,) = cms.read_signed_data(encoded).signers
    for place in range(len(encoded)):
        changed = bytearray(encoded)
        changed[place] ^= 1 << place % 8
        try:
            signed = cms.read_signed_data(bytes(changed))
            if not is_valid(bytes(changed)):
                continue
        except Refusal:
            continue
        (info,) = signed.signers
        assert (info.attributes, info.signature) == (before.attributes, before.signature), place
        assert signed.content in (None, cms.read_signed_data(encoded).content), place


@pytest.mark.parametrize("case", CASES)
def test_cut_and_longer(case: str) -> None:
    """None of it may be missing, and nothing may follow."""
    encoded = CASES[case]
    for end in range(len(encoded)):
        with pytest.raises(Refusal):
            cms.read_signed_data(encoded[:end])
    with pytest.raises(Refusal):
        cms.read_signed_data(encoded + b"\0")


def test_attributes_are_no_content() -> None:
    """A signature over attributes, given as one over content: RFC 5652 §5.4 tells them apart by nothing."""
    (info,) = cms.read_signed_data(CASES["rsa"]).signers
    assert info.attributes is not None
    plain = cms.SignerInfo(
        info.issuer, info.serial, b"", info.digest, info.scheme, 0, None, {}, info.signature, info.content_type
    )
    (own,) = [each for each in CERTIFICATES if info.is_by(each)]
    with pytest.raises(Refusal):
        plain.is_signed(own.spki, info.attributes)


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        (0x17, "700101000000Z", 0),
        (0x17, "260229120000Z", None),
        (0x17, "240229120000Z", 1_709_208_000),
        (0x18, "20501231235959Z", 2_556_143_999),
        (0x17, "491231235959Z", 2_524_607_999),
        (0x18, "20260101000000", None),
        (0x17, "261301000000Z", None),
        (0x04, "260101000000Z", None),
    ],
)
def test_times(tag: int, text: str, expected: int | None) -> None:
    """Those of DER; the 29th of February only where there is one."""
    value = der.Value(tag, text.encode(), b"")
    if expected is None:
        with pytest.raises(Refusal):
            cms.read_time(value)
    else:
        assert cms.read_time(value) == expected
