"""Phones among the pieces of an appraisal: chains in files of all kinds, what the registry says of keys and of the system."""

import json
import random
import struct
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from tests.unit.attestation.android_key.phones import (
    BOOT_KEY,
    NONCE,
    NOW,
    Described,
    authorizations,
    chain,
    hardware,
    leaf,
    octets,
    root_of_trust,
)
from tests.unit.attestation.android_key.phones import ROOTS as OWN_ROOTS

from trueware.appraising.appraise import appraise
from trueware.appraising.phones import chains_in
from trueware.appraising.wish import Wish
from trueware.attestation.contract import Endorsements, Question
from trueware.attestation.recognise import Kind, Piece, recognise
from trueware.cli import main
from trueware.knowledge.public_keys import load_public_keys
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.attested import Appraisal
from trueware.model.check import Check, Outcome
from trueware.model.release import Publisher
from trueware.registry.lookup import Registry
from trueware.signatures.avb.structure import stored_key
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore

VECTORS = Path(__file__).parents[3] / "vectors/signatures/avb"
EMPTY_LIST = json.dumps({"entries": {"abcdef0123": {"status": "REVOKED"}}}).encode()


def ask(
    pieces: list[Piece],
    store: MemoryStore | None = None,
    revocation: bytes | None = EMPTY_LIST,
    reported: dict[str, str] | None = None,
    nonce: bytes = NONCE,
) -> Appraisal:
    endorsements = Endorsements(attestation_roots=OWN_ROOTS)
    wish = Wish(Question(NOW, nonce), endorsements, revocation=revocation, reported=reported or {})
    return appraise(pieces, Registry(store or MemoryStore()), wish)


def checks(appraisal: Appraisal) -> dict[str, Check]:
    return {each.rule: each for each in appraisal.checks}


def whole(certificates: list[bytes]) -> list[Piece]:
    return [Piece("chain.der", b"".join(certificates))]


def booted(key: bytes, state: int = 0) -> list[Piece]:
    root = root_of_trust(state, boot_key=key)
    return whole(chain(leaf(Described(hardware=authorizations(hardware(t704=root))))))


def test_a_phone_is_named_and_told() -> None:
    appraisal = ask(whole(chain(leaf())), reported={"imei": "490154203237518", "brand": "ACME"})
    assert appraisal.attester == "SN0001"
    assert "android-key-attestation" in appraisal.kinds
    assert not [each for each in appraisal.checks if each.outcome is Outcome.CONTRADICTS]


def test_another_imei_contradicts() -> None:
    appraisal = ask(whole(chain(leaf())), reported={"imei": "490154203237526"})
    assert checks(appraisal)["android-identity"].outcome is Outcome.CONTRADICTS


def test_certificates_in_files_of_their_own_are_put_in_order() -> None:
    made = chain(
        leaf(by="leaf", issuer="Android Keystore Key"), leaf(Described(hardware=authorizations(hardware(t1=_attest()))))
    )
    pieces: dict[Kind, list[Piece]] = {}
    random.Random(3).shuffle(shuffled := list(made))
    for number, each in enumerate(shuffled):
        piece = Piece(f"{number}.der", each)
        pieces.setdefault(recognise(piece), []).append(piece)
    assert chains_in(pieces) == [made]


def _attest() -> bytes:
    from tests.unit.attestation.android_key.phones import numbers

    return numbers(7)


def test_a_list_that_cannot_be_read_is_no_fault_of_the_phone() -> None:
    appraisal = ask(whole(chain(leaf())), revocation=b"<html>")
    assert not [each for each in appraisal.checks if each.outcome is Outcome.CONTRADICTS]
    assert checks(appraisal)["android-revocation"].outcome is Outcome.NOT_SHOWN


def test_one_phone_does_not_answer_for_another() -> None:
    own = leaf()
    same = leaf(Described(level=2, keymint_level=2, hardware=authorizations(hardware(t714=None, t713=None))))
    assert "evidence-one-device" not in checks(ask([*whole(chain(own)), *whole(chain(same))]))
    for changed in (
        {"t713": octets(b"SN0002")},
        {"t704": root_of_trust(boot_hash=bytes(32))},
        {"t704": root_of_trust(1)},
    ):
        other = leaf(Described(hardware=authorizations(hardware(**changed))))
        found = checks(ask([*whole(chain(own)), *whole(chain(other))]))
        assert found["evidence-one-device"].outcome is Outcome.CONTRADICTS


def test_what_the_registry_bars_counts_for_nothing() -> None:
    store = MemoryStore()
    store.add_distrusted([Distrusted("serial:c0ffee", "leaked")], NOW)
    appraisal = ask(whole(chain(leaf())), store)
    assert checks(appraisal)["android-revocation"].outcome is Outcome.CONTRADICTS
    assert appraisal.claims == ()


def test_a_key_whose_secret_is_public_verifies_nothing() -> None:
    id_ = next(each for each in load_public_keys() if each.startswith("avb-sha256:"))
    appraisal = ask(booted(bytes.fromhex(id_.removeprefix("avb-sha256:"))))
    assert checks(appraisal)["android-boot-key"].outcome is Outcome.CONTRADICTS


@pytest.mark.parametrize("kind", ["avb", "spki"])
def test_a_publisher_s_key_is_known_however_it_was_enrolled(corpus: Path, kind: str) -> None:
    pem = (corpus / "mobile/avb-aosp/open/test_data_testkey_rsa4096_pub.pem").read_bytes()
    spki = load_pem_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    blob = stored_key(spki)
    assert blob is not None
    assert f"avb-sha256:{sha256(blob).hexdigest()}" in load_public_keys()
    other = _changed(spki)
    data = other if kind == "spki" else stored_key(other)
    assert data is not None
    key = stored_key(other)
    assert key is not None
    store = MemoryStore()
    store.add_publisher(Publisher("GrapheneOS"), NOW)
    id_ = f"spki-sha256:{sha256(other).hexdigest()}" if kind == "spki" else f"avb-sha1:{'0' * 40}"
    store.add_anchors([Anchor("GrapheneOS", id_, kind, data)], NOW)
    found = checks(ask(booted(sha256(key).digest(), state=1), store))["android-boot-key"]
    assert (found.outcome, found.source) == (Outcome.SUPPORTS, "GrapheneOS")
    store.revoke_anchor("GrapheneOS", id_, "stolen", NOW)
    found = checks(ask(booted(sha256(key).digest(), state=1), store))["android-boot-key"]
    assert found.outcome is Outcome.CONTRADICTS


def _changed(spki: bytes) -> bytes:
    """Another modulus: odd, of as many bits."""
    at = spki.rindex(b"\x02\x03\x01\x00\x01") - 8
    return spki[:at] + bytes([spki[at] ^ 0x10]) + spki[at + 1 :]


def test_an_owner_s_key_is_not_shown_and_no_contradiction() -> None:
    found = checks(ask(booted(BOOT_KEY, state=1)))["android-boot-key"]
    assert found.outcome is Outcome.NOT_SHOWN
    assert "owner" in found.detail


def test_an_image_and_a_phone_that_runs_it_are_found_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The release is learnt from a device's folder; the attestation has the digest over its chained structures."""
    folder = tmp_path / "device"
    with zipfile.ZipFile(VECTORS / "device/input.bin") as archive:
        archive.extractall(folder)
    registry = str(tmp_path / "r.sqlite")
    names = ["--publisher", "Example Phones", "--product", "phone", "--version", "9"]
    assert main(["registry", "init", "--registry", registry]) == 0
    assert main(["release", "learn", str(folder), *names, "--registry", registry, "--quiet"]) == 0
    capsys.readouterr()
    parts = [_structure((folder / name).read_bytes()) for name in ("vbmeta.img", "vbmeta_system.img")]
    key = sha256(_key(parts[0])).digest()
    attested = root_of_trust(boot_key=key, boot_hash=sha256(b"".join(parts)).digest())
    other = root_of_trust(boot_key=key, boot_hash=sha256(parts[0]).digest())
    with SqliteStore.open_read_only(Path(registry)) as store:
        for root, expected in ((attested, Outcome.SUPPORTS), (other, Outcome.NOT_SHOWN)):
            pieces = whole(chain(leaf(Described(hardware=authorizations(hardware(t704=root))))))
            wish = Wish(Question(NOW, NONCE), Endorsements(attestation_roots=OWN_ROOTS))
            appraisal = appraise(pieces, Registry(store), wish)
            assert checks(appraisal)["android-boot-hash"].outcome is expected
            titles = [each.release.title for each in appraisal.matches]
            assert bool(titles) is (expected is Outcome.SUPPORTS)


def _structure(data: bytes) -> bytes:
    authentication, auxiliary = struct.unpack_from(">QQ", data, 12)
    return data[: 256 + authentication + auxiliary]


def _key(structure: bytes) -> bytes:
    authentication = struct.unpack_from(">Q", structure, 12)[0]
    offset, size = struct.unpack_from(">QQ", structure, 64)
    return structure[256 + authentication + offset :][:size]
