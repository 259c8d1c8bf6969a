"""Certificates that came to, or went from, those the device trusts."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import File, case, findings, rules
from tests.unit.signatures.certificates import Issued, issue

from trueware.explaining.detectors.certificate_stores import CertificateStores
from trueware.explaining.reading.certificates import certificates_in
from trueware.model.finding import Severity

ROOT, OTHER, LEAF = issue("Good Root", authority=True), issue("Other Root", authority=True), issue("leaf")
SIGNED = issue("server", ROOT)
ROOTFS = {"bin/sh": b"", "etc/passwd": b""}


def _pem(*issued: Issued) -> bytes:
    return b"".join(each.certificate.public_bytes(Encoding.PEM) for each in issued)


@pytest.mark.parametrize(
    "path",
    [
        "etc/ssl/certs/evil.pem",
        "etc/ssl/certs/12345678.0",
        "usr/local/share/ca-certificates/evil.crt",
        "system/etc/security/cacerts/9a5ba575.0",
        "usr/share/app/ca-bundle.crt",
    ],
)
def test_an_authority_was_added(path: str) -> None:
    (found,) = findings(CertificateStores, case({}, {path: _pem(OTHER)}))
    assert (found.rule, found.part, found.severity) == ("certificate-authority-added", path, Severity.HIGH)
    assert found.evidence[0].expected is None
    assert (found.evidence[0].found or "").startswith("authority CN=Other Root, issued by itself, SHA-256 ")


def test_an_authority_was_added_to_a_bundle_in_another_order() -> None:
    bundle = "etc/ssl/certs/ca-certificates.crt"
    made = case({bundle: _pem(ROOT, LEAF)}, {bundle: b"# by hand\n" + _pem(OTHER, LEAF, ROOT)})
    assert [each.evidence[0].where for each in findings(CertificateStores, made)] == ["CN=Other Root"]


def test_der_and_text_before_are_read() -> None:
    assert rules(CertificateStores, case({}, {"etc/ssl/certs/a.crt": OTHER.der})) == ["certificate-authority-added"]
    assert [each.subject for each in certificates_in(b"Certificate:\n  Data\n" + _pem(ROOT))] == ["CN=Good Root"]


def test_another_order_other_files_and_other_packing_are_no_change() -> None:
    before = ROOTFS | {"etc/ssl/certs/a.pem": _pem(ROOT), "etc/ssl/certs/b.pem": _pem(OTHER)}
    after = ROOTFS | {"etc/ssl/cert.pem": _pem(OTHER, ROOT)}
    assert rules(CertificateStores, case(before, after)) == []
    assert rules(CertificateStores, case(before, before | {"etc/ssl/certs/c.pem": _pem(ROOT)})) == []


def test_what_an_untouched_bundle_trusts_already_is_no_new_trust() -> None:
    bundle = ROOTFS | {"etc/ssl/certs/ca-certificates.crt": _pem(ROOT)}
    assert rules(CertificateStores, case(bundle, bundle | {"etc/ssl/certs/root.pem": _pem(ROOT)})) == []


def test_a_link_makes_a_file_trusted() -> None:
    tree = ROOTFS | {"usr/lib/x.pem": _pem(OTHER)}
    made = case(tree, tree | {"etc/ssl/certs/12345678.0": File(link="../../../usr/lib/x.pem")})
    assert rules(CertificateStores, made) == ["certificate-authority-added"]
    loop = case(tree, tree | {"etc/ssl/certs/1.0": File(link="2.0"), "etc/ssl/certs/2.0": File(link="1.0")})
    assert rules(CertificateStores, loop) == []


def test_a_link_to_what_is_trusted_is_no_new_trust() -> None:
    tree = ROOTFS | {"usr/share/ca-certificates/x.crt": _pem(OTHER)}
    added: dict[str, bytes | File] = {"etc/ssl/certs/12345678.0": File(link="x.pem"), "etc/ssl/certs/x.pem": _pem(ROOT)}
    found = findings(CertificateStores, case(tree, tree | added))
    assert [each.part for each in found] == ["etc/ssl/certs/12345678.0"], "one finding, wherever it shows"


def test_certificates_that_are_no_authorities() -> None:
    store = "etc/ssl/certs/"
    assert rules(CertificateStores, case({}, {store + "a.pem": _pem(LEAF)})) == ["trusted-certificate-added"]
    assert rules(CertificateStores, case({}, {store + "a.pem": _pem(SIGNED)})) == [], (
        "who issued it is not trusted by it"
    )
    assert rules(CertificateStores, case({}, {store + "ssl-cert-snakeoil.pem": _pem(LEAF)})) == [], (
        "made on each device"
    )


def test_an_authority_was_removed() -> None:
    (found,) = findings(
        CertificateStores, case({"etc/ssl/cert.pem": _pem(ROOT, OTHER)}, {"etc/ssl/cert.pem": _pem(OTHER)})
    )
    assert (found.rule, found.evidence[0].where, found.evidence[0].found) == (
        "certificate-authority-removed",
        "CN=Good Root",
        None,
    )
    assert rules(CertificateStores, case({"etc/ssl/cert.pem": _pem(LEAF)}, {"etc/ssl/cert.pem": b""})) == []


def test_an_authority_of_the_owner_weighs_less() -> None:
    path = "data/misc/user/0/cacerts-added/12345678.0"
    (found,) = findings(CertificateStores, case({}, {path: _pem(OTHER)}, mutable=("data/**",)))
    assert found.severity is Severity.LOW


def test_without_the_genuine_bytes_nothing_is_said() -> None:
    made = case({"etc/ssl/cert.pem": _pem(ROOT)}, {"etc/ssl/cert.pem": _pem(OTHER)}, at_hand=False)
    assert rules(CertificateStores, made) == []


def test_roots_of_version_1_are_authorities() -> None:
    """No builder makes them any more: the extensions and the version of one of version 3 are cut out."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2030, 1, 1, tzinfo=UTC)
    )
    made = builder.sign(key, hashes.SHA256())
    inner = made.tbs_certificate_bytes
    version_1 = _sequence(inner[_header(inner) :].removeprefix(bytes.fromhex("a003020102")))
    rest = made.public_bytes(Encoding.DER)
    rest = rest[rest.index(inner) + len(inner) :]
    (found,) = certificates_in(_sequence(version_1 + rest))
    assert (found.is_authority, found.is_self_issued) == (True, True)
    (version_3,) = certificates_in(made.public_bytes(Encoding.DER))
    assert not version_3.is_authority


def _header(element: bytes) -> int:
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)


def _sequence(body: bytes) -> bytes:
    size = len(body).to_bytes(2, "big").lstrip(b"\0")
    return b"\x30" + (bytes([0x80 + len(size)]) if len(body) > 0x7F else b"") + size + body


@given(st.binary(max_size=200), st.integers(0, 400))
def test_arbitrary_bytes_hold_no_certificate_or_one(noise: bytes, at: int) -> None:
    list(certificates_in(noise))
    list(certificates_in(b"\x30" + noise))
    whole = _pem(ROOT)
    list(certificates_in(whole[:at] + noise + whole[at:]))
    list(certificates_in(ROOT.der[:at] + noise + ROOT.der[at:]))


def test_an_authority_that_browsers_trust_is_told_calmly(monkeypatch: pytest.MonkeyPatch) -> None:
    public = frozenset({ROOT.certificate.fingerprint(hashes.SHA256()).hex()})
    monkeypatch.setattr("trueware.explaining.detectors.certificate_stores.PUBLIC_AUTHORITIES", public)
    bundle = "etc/ssl/certs/ca-certificates.crt"
    found = findings(CertificateStores, case({bundle: _pem(LEAF)}, {bundle: _pem(LEAF, ROOT, OTHER)}))
    assert sorted((each.rule, each.severity) for each in found) == [
        ("certificate-authority-added", Severity.HIGH),
        ("public-authority-added", Severity.LOW),
    ]
