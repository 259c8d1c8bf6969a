"""Certificates of endorsement keys: made ones with one thing wrong each, and real ones."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.tpm.authorities import CORPUS_NOW, NOW, Authority, der
from tests.unit.attestation.tpm.simulator import Key, flipped

from trueware.attestation.tpm.certificate_fields import is_marked_for_oaep, key_in
from trueware.attestation.tpm.endorsement import Endorsed, check_endorsement
from trueware.attestation.tpm.public import parse_public
from trueware.errors import InputError, MalformedInput
from trueware.model.check import Check, Outcome
from trueware.signatures.refusal import Refusal

ROOT = Authority("TPM root")
FACTORY = Authority("TPM factory", ROOT)
KEY = Key(scheme="rsassa")
SHOWN = parse_public(KEY.public())
GENUINE = FACTORY.endorses(KEY.secret)


def endorsed(certificate: bytes, factory: Authority = FACTORY, roots: tuple[bytes, ...] | None = None) -> Endorsed:
    roots = (ROOT.certificate,) if roots is None else roots
    return check_endorsement(certificate, SHOWN, roots, NOW, intermediates=(factory.certificate,))


def told(result: Endorsed) -> dict[str, Outcome]:
    return {check.rule: check.outcome for check in result.checks}


def found(result: Endorsed, rule: str) -> Check:
    (check,) = (check for check in result.checks if check.rule == rule)
    return check


def test_a_genuine_one() -> None:
    result = endorsed(GENUINE)
    assert set(told(result).values()) == {Outcome.SUPPORTS}
    assert {claim.name: claim.value for claim in result.claims} == {
        "tpm-manufacturer": "STM",
        "tpm-model": "ST33",
        "tpm-version": "id:0001",
    }
    assert endorsed(GENUINE, roots=(FACTORY.certificate,)).claims == result.claims


def test_of_a_curve() -> None:
    key = Key(curve="secp384r1")
    result = check_endorsement(ROOT.endorses(key.secret), parse_public(key.public()), (ROOT.certificate,), NOW)
    assert set(told(result).values()) == {Outcome.SUPPORTS}


def test_another_key_than_the_one_shown() -> None:
    result = endorsed(FACTORY.endorses(Key(scheme="rsassa").secret))
    assert told(result)["endorsement-key"] is Outcome.CONTRADICTS
    assert result.claims == ()
    nothing = check_endorsement(GENUINE, None, (ROOT.certificate,), NOW, intermediates=(FACTORY.certificate,))
    assert told(nothing)["endorsement-key"] is Outcome.NOT_SHOWN
    assert nothing.claims == ()


def test_certificates_for_other_uses() -> None:
    for bad in (
        FACTORY.endorses(KEY.secret, uses=("1.3.6.1.5.5.7.3.1",)),
        FACTORY.endorses(KEY.secret, uses=("2.23.133.8.3",)),
        FACTORY.endorses(KEY.secret, authority=True),
        FACTORY.endorses(KEY.secret, signs=True),
    ):
        result = endorsed(bad)
        assert told(result)["endorsement-certificate"] is Outcome.CONTRADICTS
        assert result.claims == ()


def test_certificates_that_say_too_little() -> None:
    for bad in (
        FACTORY.endorses(KEY.secret, uses=()),
        FACTORY.endorses(KEY.secret, attributes={"2.23.133.2.1": "id:1"}),
    ):
        assert told(endorsed(bad))["endorsement-certificate"] is Outcome.NOT_SHOWN
    lax = endorsed(FACTORY.endorses(KEY.secret, critical=False))
    assert "not critical" in found(lax, "endorsement-leniency").detail
    assert lax.claims


def test_unknown_authorities_show_nothing() -> None:
    other = Authority("TPM root")
    assert told(endorsed(GENUINE, roots=()))["endorsement-chain"] is Outcome.NOT_SHOWN
    assert told(endorsed(GENUINE, roots=(other.certificate,)))["endorsement-chain"] is Outcome.NOT_SHOWN
    same_name = Authority("TPM factory", Authority("nobody"))
    result = endorsed(same_name.endorses(KEY.secret))
    assert told(result)["endorsement-chain"] is Outcome.NOT_SHOWN  # another key of that name may be genuine
    assert result.claims == ()


def test_a_forged_signature_contradicts() -> None:
    forged = FACTORY.endorses(KEY.secret, signer=ec.generate_private_key(ec.SECP256R1()))
    result = endorsed(forged)
    assert told(result)["endorsement-chain"] is Outcome.CONTRADICTS
    assert result.claims == ()


def test_no_bit_of_what_is_signed_can_be_changed() -> None:
    for at in range(20, len(GENUINE), 7):
        try:
            result = endorsed(flipped(GENUINE, at))
        except MalformedInput:
            continue
        assert result.claims == ()


def test_an_expired_factory_is_a_leniency() -> None:
    old = Authority("TPM factory", ROOT, since=-10, until=-0.5)
    result = endorsed(old.endorses(KEY.secret), old)
    check = found(result, "endorsement-validity")
    assert (check.outcome, check.value) == (Outcome.CONTRADICTS, 32)
    assert result.claims
    after = endorsed(old.endorses(KEY.secret, since=-0.2), old)
    assert told(after)["endorsement-chain"] is Outcome.CONTRADICTS
    assert after.claims == ()


def test_certificates_of_another_time() -> None:
    expired = endorsed(FACTORY.endorses(KEY.secret, since=-2, until=-1))
    assert found(expired, "endorsement-validity").value == 32
    future = endorsed(FACTORY.endorses(KEY.secret, since=1))
    assert found(future, "endorsement-validity").value == 97
    assert future.claims == ()


def test_what_is_stored_around_a_certificate_is_told() -> None:
    header = bytes.fromhex("100100") + (len(GENUINE) + 2).to_bytes(2) + bytes.fromhex("1002")
    for stored in (header + GENUINE, header + GENUINE + b"\xff" * 9, GENUINE + bytes(100), GENUINE + b"\xff" * 100):
        result = endorsed(stored)
        assert found(result, "endorsement-leniency").outcome is Outcome.CONTRADICTS
        assert result.certificate.encoded == GENUINE
        assert result.claims
    for bad in (GENUINE + b"x", GENUINE[:-1], b"", header, header + GENUINE[:-1], bytes(1 << 17)):
        with pytest.raises(MalformedInput):
            endorsed(bad)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        endorsed(data)
    except InputError:
        return


@given(st.integers(0, len(GENUINE) - 1), st.binary(min_size=1, max_size=6))
def test_any_damage_is_read_or_refused(at: int, damage: bytes) -> None:
    try:
        result = endorsed(GENUINE[:at] + damage + GENUINE[at + len(damage) :])
    except InputError:
        return
    assert result.certificate.encoded == GENUINE or not result.claims


def test_every_device_of_the_corpus(attest: Path) -> None:
    reference = attest / "real" / "reference"
    roots, between = (der(reference / "ek_ca_root.pem"),), (der(reference / "ek_ca_issuer.pem"),)
    folders = sorted((attest / "real" / "open").glob("*/ek.pub"))
    assert len(folders) >= 9
    for path in folders:
        shown = parse_public(path.read_bytes())
        certificate = path.with_name("ek_rsa_cert.der").read_bytes()
        result = check_endorsement(certificate, shown, roots, CORPUS_NOW, intermediates=between)
        assert set(told(result).values()) == {Outcome.SUPPORTS}
        other = check_endorsement(
            path.with_name("ek_ecc_cert.der").read_bytes(), shown, roots, CORPUS_NOW, intermediates=between
        )
        assert told(other)["endorsement-key"] is Outcome.CONTRADICTS
        wrong = check_endorsement(path.with_name("platform_cert.der").read_bytes(), shown, roots, CORPUS_NOW)
        assert told(wrong)["endorsement-certificate"] is Outcome.CONTRADICTS


HIRS = "nsacyber__HIRS/open/HIRS_AttestationCA/src/test/resources/certificates"
PACCOR = "nsacyber__paccor/open/src/test/resources"
PUBLIC = {
    f"{HIRS}/nuc-1/ek_cert_7_byte_header_removed.cer": "STM ST33ZP24PVSP",
    f"{HIRS}/nuc-1/ek_cert_untouched.cer": "STM ST33ZP24PVSP",
    f"{HIRS}/nuc-1/tpmcert.pem": "STM ST33ZP24PVSP",
    f"{HIRS}/nuc-2/tpmcert.pem": "STM ST33ZP24PVSP",
    f"{PACCOR}/bare-bones-config/TCG_EK_ecc_p384_P-384_Test.pem": "TST0 ABCDEF123456",
    f"{PACCOR}/ek.cer": "STM ST33ZP24PVSP",
    f"{PACCOR}/sample_testgen1/ek.crt": "STM ST33HTPHAHD4",
}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_certificates_without_their_authorities(attest: Path, name: str) -> None:
    root = der(attest / "public/nsacyber__HIRS/both/HIRS_AttestationCA/src/test/resources/certificates/gstpmroot.pem")
    result = check_endorsement(der(attest / "public" / name), None, (root,), CORPUS_NOW)
    assert f"{result.manufacturer} {result.model}" == PUBLIC[name]
    assert told(result)["endorsement-certificate"] is Outcome.SUPPORTS
    assert told(result)["endorsement-chain"] is Outcome.NOT_SHOWN
    if "untouched" in name:
        assert "header of a TPM 1.2" in found(result, "endorsement-leniency").detail


def test_certificates_of_a_cloud(attest: Path) -> None:
    folder = attest / "public" / "google__go-tpm-tools"
    authorities = [der(path) for path in sorted((folder / "both/server/ca-certs").iterdir())]
    seen = 0
    for path in sorted((folder / "open/internal/test/certificates").iterdir()):
        result = check_endorsement(der(path), None, authorities, CORPUS_NOW)
        assert told(result)["endorsement-chain"] is Outcome.SUPPORTS
        usable = {"uca_enc": Outcome.SUPPORTS, "pca_enc": Outcome.NOT_SHOWN}.get(f"{path.stem[:3]}_{path.stem[-8:-5]}")
        # those of attestation keys have the use of endorsement keys and are no such; newer ones say no use
        assert told(result)["endorsement-certificate"] is (usable or Outcome.CONTRADICTS)
        assert (result.manufacturer, result.model) == (("GOOG", "vTPM") if path.stem.startswith("uca") else ("", ""))
        seen += 1
    assert seen == 8


@pytest.mark.parametrize("spki", ["3000", "300430000300", "3006300205000300"])
def test_a_key_without_an_algorithm_is_refused(spki: str) -> None:
    for read in (key_in, is_marked_for_oaep):
        with pytest.raises(Refusal):
            read(bytes.fromhex(spki))
