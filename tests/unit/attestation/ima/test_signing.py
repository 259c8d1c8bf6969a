"""Signatures of files: in security.ima, and behind modules. The latter are made by OpenSSL here; no list with one was at hand."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from tests.unit.attestation.ima.lists import digest_field, entry

from trueware.attestation.ima.baseline import Baseline, Word
from trueware.attestation.ima.entries import Fields, entries, proved_fields
from trueware.attestation.ima.signing import FileSigners

CONTENT = b"\x7fELF module"


class Signer:
    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).serial_number(7)
        made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        self.certificate = made.public_key(self.key.public_key()).sign(self.key, SHA256())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def appended(self, content: bytes, *options: pkcs7.PKCS7Options) -> bytes:
        made = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(self.certificate, self.key, SHA256())
        return made.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary, *options])


OURS, THEIRS = Signer("modules"), Signer("others")


def module(appended: bytes, path: str = "/lib/modules/x.ko", content: bytes = CONTENT) -> bytes:
    fields = (digest_field(content + appended), path.encode() + b"\0", b"", digest_field(content), appended)
    return next(entries(entry("ima-modsig", *fields))).data


def read(data: bytes) -> Fields:
    return proved_fields("ima-modsig", data)


@pytest.mark.parametrize("options", [(), (pkcs7.PKCS7Options.NoAttributes,)])
def test_a_module_is_signed_by_somebody_who_may(options: tuple[pkcs7.PKCS7Options, ...]) -> None:
    signers = FileSigners.of([THEIRS.der, OURS.der])
    data = module(OURS.appended(CONTENT, *options))
    assert signers.verify(read(data)) == (True, "CN=modules")
    noted = Baseline.of([], verify=signers.verify).judge("ima-modsig", data)
    assert noted is not None
    assert (noted.word, noted.signer) == (Word.SIGNED, "CN=modules")


@pytest.mark.parametrize("options", [(), (pkcs7.PKCS7Options.NoAttributes,)])
def test_what_is_no_such_signature(options: tuple[pkcs7.PKCS7Options, ...]) -> None:
    signers = FileSigners.of([OURS.der])
    signed = OURS.appended(CONTENT, *options)
    assert signers.verify(read(module(THEIRS.appended(CONTENT, *options)))) is None
    assert signers.verify(read(module(signed, content=b"\x7fELF other"))) is None
    assert signers.verify(read(module(signed, path="/etc/x"))) is None
    for at in range(0, len(signed), 3):
        flipped = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
        assert signers.verify(read(module(flipped))) in (None, (True, "CN=modules"))
        assert signers.verify(read(module(signed[:at]))) is None


def test_real_signatures(corpus: Path) -> None:
    """Signed files of a genuine device hold; the one that was changed under its signature does not."""
    folder = corpus / "attest/real"
    pem = x509.load_pem_x509_certificate((folder / "reference/ima_cert.pem").read_bytes())
    signers = FileSigners.of([pem.public_bytes(Encoding.DER)])

    def told(name: str) -> dict[str, bool]:
        data = (folder / "open" / name / "binary_runtime_measurements").read_bytes()
        read = [proved_fields(each.template, each.data) for each in entries(data)]
        return {each.path: found[0] for each in read if (found := signers.verify(each)) is not None}

    genuine, changed = told("a1_genuine_devA/t1_service"), told("a9_rootfs_tampered/t1_service")
    assert all(genuine.values())
    assert len(genuine) > 20
    assert [path for path, fits in changed.items() if not fits] == ["/usr/bin/id"]
