"""Platform certificates: the public ones against their expected decodings, and what is believed of them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.tpm.authorities import CORPUS_NOW, Authority, der
from tests.unit.attestation.tpm.simulator import Key, flipped

from trueware.attestation.tpm.platform_certificate import (
    PlatformChecked,
    check_platform_certificate,
    parse_platform_certificate,
)
from trueware.errors import InputError, MalformedInput
from trueware.model.check import Outcome

GENUINE = Authority("anybody").endorses(Key(scheme="rsassa").secret)
GO = "public/google__go-attestation"
PACCOR = "public/nsacyber__paccor/open/src/test/resources/sample_testgen1"
HIRS = "public/nsacyber__HIRS"
CI = ".ci/system-tests/profiles/laptop"
SIGNED_BY_INTELS_KEY = {"Intel_nuc_pc", "Intel_nuc_pc2", "Intel_pc2", "Intel_pc3"}
"""Of those in the corpus; Intel_pc1 is signed by it too, under another name; 4 and 5 are by a key of 1,024 bits of the same name."""


def outcome(result: PlatformChecked) -> Outcome:
    (check,) = result.checks
    return check.outcome


def test_expected_decodings(attest: Path) -> None:
    root = der(attest / GO / "both/attributecert/testdata/IntelSigningKey_20April2017.cer")
    seen = 0
    for path in sorted((attest / GO / "open/attributecert/testdata").glob("*.cer")):
        expected = json.loads(path.with_suffix(".cer.json").read_text())
        read = parse_platform_certificate(path.read_bytes())
        names = {"brand": "Manufacturer", "model": "Model", "version": "Version", "serial": "Serial"}
        told = {claim: expected[f"Platform{name}"] for claim, name in names.items()}
        assert read.platform == {claim: value for claim, value in told.items() if value}
        assert read.holder is not None
        assert read.holder[1] == expected["Holder"]["Serial"]
        parts = [
            [each[name] for name in ("Manufacturer", "Model", "Serial", "Revision")]
            for each in expected["Components"] or ()
        ]
        assert [[each.manufacturer, each.model, each.serial, each.revision] for each in read.components] == parts
        check = check_platform_certificate(path.read_bytes(), (), (root,), CORPUS_NOW).checks[0]
        assert check.outcome is Outcome.NOT_SHOWN
        known = "no certificate of an endorsement key" in check.detail
        assert known == (path.stem in SIGNED_BY_INTELS_KEY)
        if known:  # some other endorsement key is not the holder
            other = check_platform_certificate(path.read_bytes(), (GENUINE,), (root,), CORPUS_NOW)
            assert outcome(other) is Outcome.CONTRADICTS
        seen += 1
    assert seen == 12


def test_one_with_its_endorsement_key_and_its_authority(attest: Path) -> None:
    (path,) = (attest / PACCOR).glob("platform_cert.*.crt")
    root, own = der(attest / PACCOR / "PCTestCA.example.com.pem"), der(attest / PACCOR / "ek.crt")
    data = der(path)
    result = check_platform_certificate(data, (GENUINE, own), (root,), CORPUS_NOW)
    assert outcome(result) is Outcome.SUPPORTS
    claims = {claim.name: claim.value for claim in result.claims}
    assert claims == {"brand": "Dell Inc.", "model": "Latitude 5510", "version": "Not Specified", "serial": "DQXH253"}
    for certificates, roots, now, expected in (
        ((own,), (), CORPUS_NOW, Outcome.NOT_SHOWN),
        ((), (root,), CORPUS_NOW, Outcome.NOT_SHOWN),
        ((GENUINE,), (root,), CORPUS_NOW, Outcome.CONTRADICTS),
        ((own,), (root,), 0, Outcome.CONTRADICTS),
    ):
        wrong = check_platform_certificate(data, certificates, roots, now)
        assert outcome(wrong) is expected
        assert wrong.claims == ()
    for at in range(30, len(data), 97):
        try:
            damaged = check_platform_certificate(flipped(data, at), (own,), (root,), CORPUS_NOW)
        except MalformedInput:
            continue
        assert damaged.claims == ()


@pytest.mark.parametrize(
    "name",
    [
        f"open/{CI}/default/platformcerts/laptop.default.1.base.cer",
        f"open/{CI}/badDeltaMem/platformcerts/laptop_badDeltaMem_base.crt",
        f"both/{CI}/badDeltaMem/platformcerts/laptop_badDeltaMem_delta.crt",
    ],
)
def test_those_of_a_laptop(attest: Path, name: str) -> None:
    root = der(attest / HIRS / f"both/{CI}/default/trustcerts/ca.crt")
    data = der(attest / HIRS / name)
    result = check_platform_certificate(data, (), (root,), CORPUS_NOW)
    assert "no certificate of an endorsement key" in result.checks[0].detail  # the authority's signature holds
    assert result.certificate.platform["serial"] == "56LMWD2"
    assert len(result.certificate.components) in {4, 6}
    assert all(part.manufacturer and part.model for part in result.certificate.components)


def test_those_of_the_devices_of_the_corpus(attest: Path) -> None:
    reference = attest / "real" / "reference"
    roots, between = (der(reference / "ek_ca_root.pem"),), (der(reference / "ek_ca_issuer.pem"),)
    for path in sorted((attest / "real" / "open").glob("*/platform_cert.der")):
        own = [path.with_name(f"ek_{kind}_cert.der").read_bytes() for kind in ("ecc", "rsa")]
        result = check_platform_certificate(path.read_bytes(), own, roots, CORPUS_NOW, intermediates=between)
        assert outcome(result) is Outcome.SUPPORTS
        assert [claim.value for claim in result.claims] == ["ExampleTelco", "router-r1", "2.1"]


def test_a_certificate_of_another_kind_is_refused() -> None:
    with pytest.raises(MalformedInput, match=r"2\.23\.133\.8\.2"):
        parse_platform_certificate(GENUINE)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse_platform_certificate(data)
    except InputError:
        return
