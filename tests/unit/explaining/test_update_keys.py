"""Keys that came to, or went from, those that updates and packages are signed with."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.explaining.cases import all_rules, case, findings, rules
from tests.unit.signatures.certificates import issue

from trueware.explaining.detectors.update_keys import UpdateKeys
from trueware.model.finding import Severity


def _usign(number: int, key_id: bytes | None = None, comment: str = "public key of somebody") -> bytes:
    made = Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)).public_key()
    raw = made.public_bytes(Encoding.Raw, PublicFormat.Raw)
    blob = b64encode(b"Ed" + (key_id or bytes([number] * 8)) + raw).decode()
    return f"untrusted comment: {comment}\n{blob}\n".encode()


def _pem(number: int) -> bytes:
    made = Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)).public_key()
    return made.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_key_of_opkg_was_added() -> None:
    (found,) = findings(UpdateKeys, case({}, {"etc/opkg/keys/0101010101010101": _usign(1)}))
    assert (found.rule, found.severity) == ("update-key-added", Severity.HIGH)
    assert found.evidence[0].where == "usign:0101010101010101"
    assert found.detail == "what public key of somebody (usign:0101010101010101) signs is accepted"


def test_a_key_was_replaced_under_its_id() -> None:
    path = "etc/opkg/keys/0101010101010101"
    made = case({path: _usign(1)}, {path: _usign(2, bytes([1] * 8))})
    assert rules(UpdateKeys, made) == ["update-key-added", "update-key-removed"]


@pytest.mark.parametrize(
    "path", ["etc/apk/keys/x.rsa.pub", "etc/rauc/keyring.pem", "system/etc/update_engine/a.pub.pem"]
)
def test_keys_of_other_updaters(path: str) -> None:
    assert rules(UpdateKeys, case({path: _pem(1)}, {path: _pem(2)})) == ["update-key-added", "update-key-removed"]


def test_a_certificate_for_over_the_air_updates() -> None:
    """A container within the files: its members have paths of their own."""
    der = issue("ota").der
    pem = b"-----BEGIN CERTIFICATE-----\n" + b64encode(der) + b"\n-----END CERTIFICATE-----\n"
    tree = {"system/etc/security/otacerts.zip!/readme": b""}
    made = case(tree, tree | {"system/etc/security/otacerts.zip!/ota.x509.pem": pem})
    assert rules(UpdateKeys, made) == ["update-key-added"]
    assert rules(UpdateKeys, case({}, {"build.x509.pem": pem})) == [], "no store of anybody"


def test_another_comment_name_or_file_is_no_new_trust() -> None:
    before = {"etc/opkg/keys/a": _usign(1)}
    assert rules(UpdateKeys, case(before, {"etc/opkg/keys/a": _usign(1, comment="renamed")})) == []
    assert rules(UpdateKeys, case(before, {"etc/opkg/keys/b": _usign(1)})) == [], "moved"
    assert rules(UpdateKeys, case(before, {"etc/opkg/keys/b": _usign(1, comment="renamed")})) == []
    assert rules(UpdateKeys, case({}, {"etc/apk/keys/README": b"no key"})) == []


def test_a_key_that_lay_elsewhere_is_new_trust() -> None:
    made = case({"usr/share/old": _usign(1)}, {"etc/opkg/keys/a": _usign(1)})
    assert rules(UpdateKeys, made) == ["update-key-added"]


def test_what_is_no_key_is_told() -> None:
    assert "change-unreadable" in all_rules(case({"etc/opkg/keys/a": _usign(1)}, {"etc/opkg/keys/a": b"?"}))


def test_without_the_genuine_bytes_nothing_is_said() -> None:
    made = case({"etc/opkg/keys/a": _usign(1)}, {"etc/opkg/keys/a": _usign(2)}, at_hand=False)
    assert rules(UpdateKeys, made) == []
