"""Certificates of attestation keys, as network devices have them from the factory."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.tpm.authorities import CORPUS_NOW, NOW, Authority, der
from tests.unit.attestation.tpm.simulator import Key, flipped

from trueware.attestation.contract import Endorsements
from trueware.attestation.tpm.attestation_certificate import Certified, check_attestation_certificate
from trueware.attestation.tpm.identity import identify
from trueware.attestation.tpm.public import parse_public
from trueware.errors import InputError, MalformedInput
from trueware.model.check import Outcome

ROOT = Authority("maker")
FACTORY = Authority("factory", ROOT)
KEY = Key()
PUBLIC = parse_public(KEY.public())
USE = ("2.23.133.8.3",)
GENUINE = FACTORY.endorses(KEY.secret, uses=USE, signs=True, serial="FDO2139")


def checked(
    certificate: bytes, roots: tuple[bytes, ...] = (ROOT.certificate,), factory: Authority = FACTORY
) -> Certified:
    return check_attestation_certificate(certificate, PUBLIC, roots, NOW, intermediates=(factory.certificate,))


def test_a_genuine_one() -> None:
    found = checked(GENUINE)
    assert found.check.outcome is Outcome.SUPPORTS
    assert {claim.name: claim.value for claim in found.claims} == {
        "serial": "FDO2139",
        "tpm-manufacturer": "STM",
        "tpm-model": "ST33",
        "tpm-version": "id:0001",
    }
    module = checked(FACTORY.endorses(KEY.secret, uses=USE, signs=True, attributes={}, module=b"JN1234"))
    assert [(claim.name, claim.value) for claim in module.claims] == [("serial", "JN1234")]
    binary = checked(FACTORY.endorses(KEY.secret, uses=USE, signs=True, attributes={}, module=b"\xff\x01"))
    assert [claim.value for claim in binary.claims] == ["ff01"]


@pytest.mark.parametrize(
    ("certificate", "outcome"),
    [
        (FACTORY.endorses(Key().secret, uses=USE, signs=True), Outcome.CONTRADICTS),
        (FACTORY.endorses(KEY.secret, uses=(), signs=True), Outcome.NOT_SHOWN),
        (FACTORY.endorses(KEY.secret, uses=("2.23.133.8.1",)), Outcome.NOT_SHOWN),
        (FACTORY.endorses(KEY.secret, uses=USE, authority=True), Outcome.NOT_SHOWN),
        (Authority("factory").endorses(KEY.secret, uses=USE), Outcome.NOT_SHOWN),
        (FACTORY.endorses(KEY.secret, uses=USE, signer=Key().secret), Outcome.NOT_SHOWN),  # type: ignore[arg-type]
        (FACTORY.endorses(KEY.secret, uses=USE, since=-3, until=-1), Outcome.CONTRADICTS),
        (FACTORY.endorses(KEY.secret, uses=USE, since=1), Outcome.CONTRADICTS),
    ],
    ids=range(8),  # not the bytes of certificates, which differ from run to run
)
def test_what_does_not_count(certificate: bytes, outcome: Outcome) -> None:
    found = checked(certificate)
    assert found.check.outcome is outcome
    assert found.claims == ()


def test_no_bit_can_be_changed_and_any_bytes_are_read_or_refused() -> None:
    for at in range(10, len(GENUINE), 5):
        try:
            found = checked(flipped(GENUINE, at))
        except MalformedInput:
            continue
        assert found.claims == ()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        checked(data)
    except InputError:
        return


def test_a_certified_key_binds_where_none_is_enrolled() -> None:
    endorsements = Endorsements(endorsement_roots=(ROOT.certificate,))
    found = identify(PUBLIC, endorsements, NOW, certificates=(GENUINE, FACTORY.certificate))
    outcomes = {check.rule: check.outcome for check in found.checks}
    assert outcomes == {"attestation-key-bound": Outcome.NOT_SHOWN, "attestation-key-certified": Outcome.SUPPORTS}
    assert [claim.value for claim in found.claims if claim.name == "serial"] == ["FDO2139"]
    other = Endorsements(endorsement_roots=(ROOT.certificate,), enrolled={b"\x00\x0b" + bytes(32): "router-7"})
    against = identify(PUBLIC, other, NOW, device="router-7", certificates=(GENUINE, FACTORY.certificate))
    assert against.checks[0].outcome is Outcome.CONTRADICTS
    assert against.claims == ()


def test_keys_of_a_cloud_do_not_say_their_use(attest: Path) -> None:
    folder = attest / "public" / "google__go-tpm-tools"
    authorities = [der(path) for path in sorted((folder / "both/server/ca-certs").iterdir())]
    seen = 0
    for path in sorted((folder / "open/internal/test/certificates").glob("*_sign_cert.pem")):
        key = load_der_x509_certificate(der(path)).public_key()
        if isinstance(key, ec.EllipticCurvePublicKey):
            numbers = key.public_numbers()
            public = parse_public(KEY.public(x=numbers.x, y=numbers.y))
        else:
            assert isinstance(key, rsa.RSAPublicKey)
            public = parse_public(Key(scheme="rsassa").public(modulus=key.public_numbers().n))
        found = check_attestation_certificate(der(path), public, authorities, CORPUS_NOW)
        assert found.check.outcome is Outcome.NOT_SHOWN
        assert "attestation" in found.check.detail
        seen += 1
    assert seen == 4
