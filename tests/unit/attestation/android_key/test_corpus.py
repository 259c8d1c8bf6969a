"""Chains of real phones: which hold, and each field against the decoding that the vectors' own project states.

Vectors: github.com/android/keyattestation, github.com/google/android-key-attestation, github.com/a-sit-plus/warden-supreme (all
Apache-2.0), github.com/GrapheneOS/Auditor (MIT).
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trueware.attestation.android_key.description import (
    Application,
    AuthorizationList,
    KeyDescription,
    RootOfTrust,
    read_description,
)
from trueware.attestation.android_key.link import read_link
from trueware.attestation.android_key.verifying import Attested, verify_attestation
from trueware.attestation.certificate_files import encodings
from trueware.attestation.contract import Question
from trueware.attestation.recognise import Kind, Piece, recognise
from trueware.errors import InputError
from trueware.knowledge.android_roots import load_android_roots
from trueware.model.check import Outcome

pytestmark = pytest.mark.corpus
NOW = 1_795_816_800  # 2026-11-27
REFUSED = {
    "allow_while_on_body": "ends in CN=Android Keystore Key",
    "malformed_rot_device_locked": "deviceLocked is no BOOLEAN",
    "tags_not_in_ascending_order": "certificate 0: its signature",
    "p256_sha384_intermediate": "ends in CN=Test Root",
}
SOFTWARE = {"TEE_RSA_NONE", "TEE_EC_NONE"}
"""Of marlin, whose attestations are made in software."""

_NAMES = {"algorithms": "algorithm", "rsaOaepMgfDigests": "mgfDigests"}
_ORIGINS = ("GENERATED", "DERIVED", "IMPORTED", "RESERVED", "SECURELY_IMPORTED")
_TEXTS = "attestationId"
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)


def pems(corpus: Path) -> list[Path]:
    found = sorted((corpus / "mobile/key-attestation/open").glob("*.pem"))
    return found + sorted((corpus / "attest/public/android__keyattestation/open").rglob("*.pem"))


def now_of(certificates: list[bytes]) -> int:
    """An hour after the youngest certificate was made, for those that are renewed every few weeks."""
    links = [read_link(each) for each in certificates]
    return max(each.since for each in links) + 3600 if any(each.is_provisioned for each in links) else NOW


def verify(certificates: list[bytes]) -> Attested:
    return verify_attestation(certificates, tuple(load_android_roots().values()), Question(now_of(certificates)))


def test_genuine_chains_hold_and_the_others_are_refused_for_what_is_wrong(corpus: Path) -> None:
    held = 0
    for path in pems(corpus):
        assert recognise(Piece(path.name, path.read_bytes())) is Kind.ANDROID_CHAIN
        certificates = encodings(path.read_bytes())
        if (reason := REFUSED.get(path.stem)) is not None:
            with pytest.raises(InputError, match=reason):
                verify(certificates)
            continue
        attested = verify(certificates)
        is_software = "marlin" in str(path)
        assert attested.is_believed is not is_software, path
        assert [each.outcome for each in attested.checks if each.rule == "android-chain"] == [
            Outcome.CONTRADICTS if is_software else Outcome.SUPPORTS
        ], path
        told = [each.detail for each in attested.checks if each.rule == "android-leniency"]
        assert bool(told) is ("sony" in str(path)), (path, told)
        held += not is_software
    assert held >= 18


def test_each_field_is_as_stated(corpus: Path) -> None:
    compared = 0
    for path in pems(corpus):
        stated = path.with_suffix(".json")
        if not stated.exists():
            continue
        extension = read_link(encodings(path.read_bytes())[0]).attestation
        assert extension is not None
        assert dict(told(read_description(extension))) == dict(
            expected(json.loads(_COMMENT.sub("", stated.read_text())))
        ), path
        compared += 1
    assert compared >= 15


def told(described: KeyDescription) -> Iterator[tuple[str, Any]]:
    yield "attestationVersion", str(described.version)
    yield "attestationSecurityLevel", described.security_level.name
    yield "keyMintVersion", str(described.keymint_version)
    yield "keyMintSecurityLevel", described.keymint_security_level.name
    yield "attestationChallenge", described.challenge
    yield "uniqueId", described.unique_id
    for which, listed in (("softwareEnforced", described.software), ("hardwareEnforced", described.hardware)):
        assert not listed.unknown
        yield from ((f"{which}.{name}", value) for name, value in told_list(listed))


def told_list(listed: AuthorizationList) -> Iterator[tuple[str, Any]]:
    for name, value in listed.values.items():
        match value:
            case RootOfTrust():
                yield f"{name}.verifiedBootKey", value.boot_key
                yield f"{name}.deviceLocked", value.locked
                yield f"{name}.verifiedBootState", value.state.name
                yield f"{name}.verifiedBootHash", value.boot_hash
            case Application():
                yield f"{name}.packages", sorted((package, str(version)) for package, version in value.packages)
                yield f"{name}.signatures", sorted(value.signatures)
            case tuple():
                yield name, sorted(map(str, value))
            case bool() | bytes():
                yield name, value
            case _:
                yield name, _ORIGINS[value] if name == "origin" else str(value)


def expected(stated: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in stated.items():
        if name in ("attestationChallenge", "uniqueId"):
            yield name, b64decode(value)
        elif not isinstance(value, dict):
            yield name, value
        else:
            yield from ((f"{name}.{inner}", each) for inner, each in expected_list(value))


def expected_list(stated: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for given, value in stated.items():
        name = _NAMES.get(given, given)
        if name == "areTagsOrdered":  # of their reader, which takes them in any order: it is true in all of these
            assert value is True
        elif name == "rootOfTrust":
            yield f"{name}.verifiedBootKey", b64decode(value["verifiedBootKey"])
            yield f"{name}.deviceLocked", value["deviceLocked"]
            yield f"{name}.verifiedBootState", value["verifiedBootState"]
            yield (
                f"{name}.verifiedBootHash",
                b64decode(value["verifiedBootHash"]) if "verifiedBootHash" in value else None,
            )
        elif name == "attestationApplicationId":
            yield f"{name}.packages", sorted((each["name"], each["version"]) for each in value["packages"])
            yield f"{name}.signatures", sorted(map(b64decode, value["signatures"]))
        elif name.startswith(_TEXTS):
            yield name, value.encode()
        elif name == "moduleHash":
            yield name, b64decode(value)
        else:
            yield name, sorted(value) if isinstance(value, list) else value


def auditor(corpus: Path) -> list[bytes]:
    return [
        each.read_bytes()
        for each in sorted((corpus / "attest/public/GrapheneOS__Auditor/open/samples/5").glob("*.der"))
    ]


def test_auditor_s_own_attesting_key_is_genuine_and_its_system_is_self_signed(corpus: Path) -> None:
    attested = verify(auditor(corpus))
    root = attested.root_of_trust
    assert root is not None
    assert (root.state.name, root.locked, attested.description.security_level.name) == (
        "SELF_SIGNED",
        True,
        "STRONG_BOX",
    )
    assert verify(encodings(b"".join(auditor(corpus)))) == attested


def test_google_s_roots_are_the_shipped_keys(corpus: Path) -> None:
    roots = [
        read_link(each.read_bytes()).spki
        for each in corpus.glob("attest/public/GrapheneOS__Auditor/both/**/google_root*")
    ]
    assert len(roots) >= 5
    assert set(roots) == set(load_android_roots().values())


def test_a_chain_in_json(corpus: Path) -> None:
    data = next((corpus / "attest/public/a-sit-plus__warden-supreme").rglob("aksattest.json")).read_bytes()
    assert recognise(Piece("a.json", data)) is Kind.ANDROID_CHAIN
    assert verify(encodings(data)).is_believed


def test_a_pixel_s_strong_box_departs_twice_and_is_read(corpus: Path) -> None:
    folder = corpus / "attest/public/google__android-key-attestation/open/src/test/resources/der"
    chain = [each.read_bytes() for each in sorted((folder / "algorithm_EC_SecurityLevel_StrongBox").glob("*.der"))]
    with pytest.raises(InputError, match="whose key is not one that is trusted"):
        verify(chain)
    attested = verify_attestation(chain, [read_link(chain[-1]).spki], Question(NOW))
    told = [each.detail for each in attested.checks if each.rule == "android-leniency"]
    assert told == [
        "it names its issuer's issuer, as a Pixel's StrongBox does",
        "an ECDSA signature algorithm with NULL parameters",
    ]
    assert attested.is_believed
    damaged = chain[0].replace(b"abc", b"abd")
    with pytest.raises(InputError, match="certificate 0: its signature"):
        verify_attestation([damaged, *chain[1:]], [read_link(chain[-1]).spki], Question(NOW))
