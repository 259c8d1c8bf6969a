"""Attestations of a phone that is made for the test, genuine and forged in one place each."""

import json
import random
from collections.abc import Callable

import pytest
from tests.unit.attestation.android_key import phones
from tests.unit.attestation.android_key.phones import (
    BATCH,
    BOOT_HASH,
    BOOT_KEY,
    DAY,
    INTERMEDIATE,
    NONCE,
    NOW,
    ROOT,
    ROOTS,
    Described,
    Made,
    authorizations,
    chain,
    hardware,
    integer,
    leaf,
    numbers,
    octets,
    root_of_trust,
    spki,
    tagged,
    tlv,
)

from trueware.attestation.android_key.comparing import compare_boot, compare_identity
from trueware.attestation.android_key.revocation import RevocationList, read_revocation
from trueware.attestation.android_key.verifying import Attested, verify_attestation
from trueware.attestation.contract import Question
from trueware.errors import EvidenceRefused, InputError, MalformedInput
from trueware.model.check import Check, Outcome

PROVISIONED = BATCH.but(provisioned=True)
ATTESTS = hardware(t1=numbers(7))


def verify(
    certificates: list[bytes], *, now: int = NOW, nonce: bytes | None = NONCE, revoked: RevocationList | None = None
) -> Attested:
    return verify_attestation(certificates, ROOTS, Question(now, nonce), revoked)


def said(attested: Attested) -> dict[str, Check]:
    return {each.rule: each for each in attested.checks}


def outcome(attested: Attested, rule: str) -> Outcome | None:
    found = said(attested).get(rule)
    return found.outcome if found else None


def listed(*serials: str, status: str = "REVOKED") -> RevocationList:
    entries = {serial: {"status": status, "reason": "KEY_COMPROMISE"} for serial in serials}
    return read_revocation(json.dumps({"entries": entries}).encode())


def described(**changed: bytes | None) -> Described:
    return Described(hardware=authorizations(hardware(**changed)))


def test_a_genuine_attestation_supports_and_tells() -> None:
    attested = verify(chain(leaf()), revoked=listed("abc123"))
    assert {each.outcome for each in attested.checks} == {Outcome.SUPPORTS}
    claims = {each.name: each.value for each in attested.claims}
    assert claims == {
        "brand": "acme",
        "serial": "SN0001",
        "imei": "490154203237518",
        "second-imei": "356938035643809",
        "model": "Phone 8",
        "os-version": "160000",
        "os-patch-level": "202611",
        "vendor-patch-level": "20261105",
        "boot-patch-level": "20261105",
        "verified-boot-state": "verified",
        "boot-loader": "locked",
        "verified-boot-key": BOOT_KEY.hex(),
        "verified-boot-hash": BOOT_HASH.hex(),
    }
    assert attested.is_believed
    assert "serial:c0ffee" in attested.chain.ids


@pytest.mark.parametrize("version", [1, 2, 3, 4, 100, 200, 300, 400, 500])
def test_all_versions_are_read(version: int) -> None:
    root = root_of_trust(boot_hash=BOOT_HASH if version >= 3 else None)
    made = Described(version=version, hardware=authorizations(hardware(t704=root)))
    assert verify(chain(leaf(made))).description.version == version


def test_a_root_counts_by_its_key_whatever_its_certificate() -> None:
    later = ROOT.but(since=NOW - 10 * DAY, until=NOW - 5 * DAY, serial=9)
    assert verify(chain(leaf(), rest=(BATCH, INTERMEDIATE, later))).is_believed
    assert verify(chain(leaf(), rest=(BATCH, INTERMEDIATE))).is_believed


FORGED: dict[str, tuple[Callable[[], list[bytes]], str]] = {
    "another root, of the same name": (
        lambda: chain(
            leaf(),
            rest=(
                BATCH,
                INTERMEDIATE.but(by="thief", issuer="root"),
                Made("root", "thief", own_key="thief", issuer="root"),
            ),
        ),
        "whose key is not one that is trusted",
    ),
    "a certificate that says it is the root, and is not signed by it": (
        lambda: chain(leaf(), rest=(BATCH, INTERMEDIATE, ROOT.but(by="thief", issuer="root"))),
        "not signed by its own key",
    ),
    "a leaf by another key": (lambda: chain(leaf(by="thief", issuer="batch 1")), "certificate 0: its signature"),
    "an intermediate is missing": (lambda: chain(leaf(), rest=(BATCH, ROOT)), "certificate 1: it was not issued"),
    "root first": (lambda: chain(leaf())[::-1], "certificate 0: its signature"),
    "an issuer that is no authority": (
        lambda: chain(leaf(), rest=(BATCH, INTERMEDIATE.but(authority=False), ROOT)),
        "certificate 2: it may not sign",
    ),
    "an issuer that may not sign certificates": (
        lambda: chain(leaf(), rest=(BATCH, INTERMEDIATE.but(may_sign=False), ROOT)),
        "certificate 2: it may not sign",
    ),
    "no extension": (lambda: chain(leaf(extension=None)), "no attestation extension"),
    "an attested key that signs extends the chain": (
        lambda: chain(leaf(by="leaf", issuer="Android Keystore Key"), leaf()),
        "certificate 1: it is of an attested key",
    ),
    "an attested key that is an authority extends the chain": (
        lambda: chain(leaf(by="leaf", issuer="Android Keystore Key"), leaf(authority=True, may_sign=True)),
        "certificate 1: it is of an attested key",
    ),
    "a key that attests was imported": (
        lambda: chain(leaf(by="leaf", issuer="Android Keystore Key"), leaf(described(t1=numbers(7), t702=integer(2)))),
        "certificate 1: it is of an attested key",
    ),
    "a key that attests, and signs": (
        lambda: chain(leaf(by="leaf", issuer="Android Keystore Key"), leaf(described(t1=numbers(2, 7)))),
        "certificate 1: it is of an attested key",
    ),
    "a key that attests, in software": (
        lambda: chain(
            leaf(by="leaf", issuer="Android Keystore Key"),
            leaf(Described(level=0, keymint_level=0, hardware=authorizations(ATTESTS))),
        ),
        "certificate 1: it is of an attested key",
    ),
    "a key that attests says so in the list of software": (
        lambda: chain(
            leaf(by="leaf", issuer="Android Keystore Key"),
            leaf(
                Described(
                    software=authorizations({1: numbers(7), 702: integer(0)}),
                    hardware=authorizations(hardware(t1=None, t702=None)),
                )
            ),
        ),
        "certificate 1: it is of an attested key",
    ),
    "a key of the trusted environment attests one of a StrongBox": (
        lambda: chain(
            leaf(Described(level=2, keymint_level=2), by="leaf", issuer="Android Keystore Key"),
            leaf(Described(hardware=authorizations(ATTESTS))),
        ),
        "another security level",
    ),
    "remotely provisioned, run out": (
        lambda: chain(leaf(), rest=(PROVISIONED.but(until=NOW - DAY), INTERMEDIATE, ROOT)),
        "certificate 1: it ran out 1 days ago, and was provisioned remotely",
    ),
    "remotely provisioned, not valid yet": (
        lambda: chain(leaf(), rest=(PROVISIONED.but(since=NOW + DAY), INTERMEDIATE, ROOT)),
        "not valid yet",
    ),
    "a batch that is no authority, remotely provisioned": (
        lambda: chain(leaf(), rest=(PROVISIONED.but(authority=False, may_sign=False), INTERMEDIATE, ROOT)),
        "certificate 1: it may not sign",
    ),
    "another challenge": (lambda: chain(leaf(Described(challenge=b"old"))), "android-challenge.*it holds 6f6c64"),
    "no challenge": (lambda: chain(leaf(Described(challenge=b""))), "android-challenge.*it holds nothing"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_chains_are_refused_for_the_right_reason(name: str) -> None:
    made, reason = FORGED[name]
    with pytest.raises(EvidenceRefused, match=reason):
        verify(made())


def test_a_key_that_only_attests_may_stand_between() -> None:
    attesting = leaf(Described(hardware=authorizations(ATTESTS)))
    attested = verify(chain(leaf(by="leaf", issuer="Android Keystore Key"), attesting))
    assert attested.is_believed
    assert len(attested.chain.serials) == 5


def test_factory_keys_outlive_their_certificates_and_that_is_told() -> None:
    attested = verify(chain(leaf(), rest=(BATCH.but(until=NOW - 100 * DAY), INTERMEDIATE, ROOT)))
    assert "ran out 100 days ago, and a factory put it in" in said(attested)["android-validity"].detail


def test_dates_of_the_attested_key_are_the_apps_own() -> None:
    rest = (PROVISIONED, INTERMEDIATE, ROOT)
    assert verify(chain(leaf(since=0, until=NOW - DAY), rest=rest)).is_believed


def test_departures_that_are_known_are_taken_and_told() -> None:
    no_authority = BATCH.but(authority=False, may_sign=False)
    attested = verify(chain(leaf(), rest=(no_authority, INTERMEDIATE, ROOT)))
    assert said(attested)["android-leniency"].place == "certificate 1"
    misnamed = verify(chain(leaf(issuer="intermediate")))
    assert "names its issuer's issuer" in said(misnamed)["android-leniency"].detail


@pytest.mark.parametrize(
    ("serial", "certificate"),
    [("c0ffee", 2), ("00C0FFEE", 2), ("2d265c93ac2a36b2", 1), (str(0x2D265C93AC2A36B2), 1)],
)
def test_a_revoked_certificate_is_found_in_either_base_and_nothing_else_counts(serial: str, certificate: int) -> None:
    attested = verify(chain(leaf()), revoked=listed("ffff", serial))
    assert outcome(attested, "android-revocation") is Outcome.CONTRADICTS
    assert said(attested)["android-revocation"].place == f"certificate {certificate}"
    assert outcome(attested, "android-boot-state") is Outcome.NOT_SHOWN
    assert attested.claims == ()
    assert not attested.is_believed


def test_suspended_and_unknown_statuses_count_and_a_list_that_is_absent_or_empty_clears_nobody() -> None:
    for status in ("SUSPENDED", "WHATEVER"):
        found = verify(chain(leaf()), revoked=listed("c0ffee", status=status))
        assert outcome(found, "android-revocation") is Outcome.CONTRADICTS
    assert outcome(verify(chain(leaf())), "android-revocation") is Outcome.NOT_SHOWN
    assert outcome(verify(chain(leaf()), revoked=listed()), "android-revocation") is Outcome.NOT_SHOWN
    assert outcome(verify(chain(leaf()), revoked=listed("5")), "android-revocation") is Outcome.SUPPORTS


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"entries":[]}', b'{"entries":{"1":{}}}', b'{"entries":{"1":1}}']
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        read_revocation(data)


@pytest.mark.parametrize("levels", [(0, 0), (0, 1), (1, 0)])
def test_what_software_made_says_nothing_of_the_phone(levels: tuple[int, int]) -> None:
    attested = verify(chain(leaf(Described(level=levels[0], keymint_level=levels[1]))))
    assert outcome(attested, "android-security-level") is Outcome.CONTRADICTS
    assert outcome(attested, "android-boot-state") is Outcome.NOT_SHOWN
    assert attested.claims == ()


def test_the_root_of_software_is_never_hardware() -> None:
    root = Made("Android Keystore Software Attestation Root", "soft", own_key="soft")
    root = root.but(issuer=root.name)
    made = [leaf(by="soft", issuer=root.name).encoded, root.encoded]
    attested = verify(made)
    assert outcome(attested, "android-chain") is Outcome.CONTRADICTS
    assert outcome(attested, "android-security-level") is Outcome.CONTRADICTS
    assert not attested.is_believed


def test_what_the_list_of_software_says_of_the_boot_counts_for_nothing() -> None:
    software = authorizations({704: root_of_trust(), 714: octets(b"490154203237518")})
    made = Described(software=software, hardware=authorizations(hardware(t704=None, t714=None)))
    attested = verify(chain(leaf(made)))
    assert outcome(attested, "android-boot-state") is Outcome.NOT_SHOWN
    assert "imei" not in {each.name for each in attested.claims}


@pytest.mark.parametrize(
    ("state", "locked", "booted", "lock"),
    [
        (0, b"\xff", Outcome.SUPPORTS, Outcome.SUPPORTS),
        (1, b"\xff", Outcome.SUPPORTS, Outcome.SUPPORTS),
        (2, b"\xff", Outcome.CONTRADICTS, Outcome.SUPPORTS),
        (3, b"\xff", Outcome.CONTRADICTS, Outcome.SUPPORTS),
        (0, b"\x00", Outcome.CONTRADICTS, Outcome.CONTRADICTS),
        (1, b"\x00", Outcome.CONTRADICTS, Outcome.CONTRADICTS),
        (2, b"\x00", Outcome.CONTRADICTS, Outcome.CONTRADICTS),
        (3, b"\x00", Outcome.CONTRADICTS, Outcome.CONTRADICTS),
    ],
)
def test_how_it_booted(state: int, locked: bytes, booted: Outcome, lock: Outcome) -> None:
    attested = verify(chain(leaf(described(t704=root_of_trust(state, locked=locked)))))
    assert outcome(attested, "android-boot-state") is booted
    assert outcome(attested, "android-boot-locked") is lock


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (202611, Outcome.SUPPORTS),
        (202511, Outcome.SUPPORTS),
        (202510, Outcome.CONTRADICTS),
        (20251031, Outcome.CONTRADICTS),
        (202613, Outcome.NOT_SHOWN),
        (0, Outcome.NOT_SHOWN),
        (203001, Outcome.NOT_SHOWN),
    ],
)
def test_patch_levels_are_held_against_the_time(level: int, expected: Outcome) -> None:
    attested = verify(chain(leaf(described(t706=integer(level), t718=None, t719=None))))
    assert outcome(attested, "android-patch-level") is expected


MALFORMED: dict[str, Callable[[], bytes]] = {
    "bytes behind": lambda: Described().encoded + b"\x00",
    "a length that is not the shortest": lambda: b"\x30\x83\x00" + Described().encoded[2:],
    "a version with a byte too many": lambda: Described().encoded.replace(b"\x02\x02\x01\xf4", b"\x02\x03\x00\x01\xf4"),
    "an unknown version": lambda: Described(version=5).encoded,
    "a level that is none": lambda: Described(level=3).encoded,
    "a field twice": lambda: fields([(2, integer(3)), (2, integer(3))]),
    "fields that descend": lambda: fields([(3, integer(3)), (2, integer(3))]),
    "a lock of another value than 00 or FF": lambda: described(t704=root_of_trust(locked=b"\x01")).encoded,
    "a lock of two bytes": lambda: described(t704=root_of_trust(locked=b"\xff\xff")).encoded,
    "no boot hash": lambda: described(t704=root_of_trust(boot_hash=None)).encoded,
    "a state that is none": lambda: described(t704=root_of_trust(4)).encoded,
    "two values in a field": lambda: fields([(2, integer(3) + integer(3))]),
    "no value in a field": lambda: fields([(2, b"")]),
    "a NULL with content": lambda: fields([(503, tlv(0x05, b"\x00"))]),
    "a field of another kind": lambda: fields([(2, octets(b"\x03"))]),
    "a field without EXPLICIT": lambda: replaced(tlv(0x82, b"\x03")),
    "a tag of two bytes that fits one": lambda: replaced(tlv(b"\xbf\x02", integer(3))),
    "a tag with a leading zero": lambda: replaced(tlv(b"\xbf\x80\x85\x3e", tlv(0x05))),
    "more values than anybody needs": lambda: described(t1=numbers(*[2] * 2000)).encoded,
    "a field beyond the list": lambda: Described().encoded[:-4],
    "of another key altogether": lambda: b"\x04\x00",
    "empty": lambda: b"",
}


def fields(pairs: list[tuple[int, bytes]]) -> bytes:
    return Described(hardware=authorizations(pairs)).encoded


def replaced(content: bytes) -> bytes:
    return Described(hardware=tlv(0x30, content)).encoded


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_der_is_refused_though_it_is_signed(name: str) -> None:
    with pytest.raises(MalformedInput, match="android-key-description"):
        verify(chain(leaf(extension=MALFORMED[name]())))


def test_fields_that_are_not_known_are_kept_and_told() -> None:
    later = authorizations(hardware() | {9999: integer(1), 1 << 20: octets(b"later")})
    attested = verify(chain(leaf(Described(hardware=later))))
    assert attested.description.hardware.unknown == (9999, 1 << 20)
    assert outcome(attested, "android-fields") is Outcome.NOT_SHOWN
    assert attested.is_believed


def test_a_later_version_is_read_and_told() -> None:
    attested = verify(chain(leaf(Described(version=600))))
    assert "version 600 is later" in said(attested)["android-fields"].detail
    assert attested.is_believed


def test_certificates_are_strict_too() -> None:
    good = chain(leaf())
    for wrong in ([], good * 3, [good[0] + b"\x00", *good[1:]], [good[0][:-1], *good[1:]], [b"", *good[1:]]):
        with pytest.raises(InputError):
            verify(wrong)


def test_whose_system_it_is() -> None:
    verified = verify(chain(leaf())).root_of_trust
    own = verify(chain(leaf(described(t704=root_of_trust(1))))).root_of_trust
    unlocked = verify(chain(leaf(described(t704=root_of_trust(1, locked=b"\x00"))))).root_of_trust

    def outcomes(*given: object) -> list[tuple[str, Outcome]]:
        return [(each.rule.removeprefix("android-boot-"), each.outcome) for each in compare_boot(*given)]  # type: ignore[arg-type]

    known, release = {BOOT_KEY: "GrapheneOS"}, {BOOT_HASH: "GrapheneOS 2026112700"}
    assert outcomes(verified, known, release) == [("key", Outcome.SUPPORTS), ("hash", Outcome.SUPPORTS)]
    assert outcomes(own, known, {}) == [("key", Outcome.SUPPORTS), ("hash", Outcome.NOT_SHOWN)]
    assert outcomes(own, {}, {}) == [("key", Outcome.NOT_SHOWN), ("hash", Outcome.NOT_SHOWN)]
    assert outcomes(own, known, release, {BOOT_KEY: "its secret is public"}) == [("key", Outcome.CONTRADICTS)]
    assert outcomes(unlocked, known, release) == []
    prototype = verify(chain(leaf(described(t704=root_of_trust(boot_key=bytes(32)))))).root_of_trust
    assert outcomes(prototype, {bytes(32): "anybody"}, {}) == [("key", Outcome.NOT_SHOWN), ("hash", Outcome.NOT_SHOWN)]
    assert outcomes(None, known, release) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("imei", "490154203237518", Outcome.SUPPORTS),
        ("imei", "49-015420-323751-8", Outcome.SUPPORTS),
        ("imei", "49015420323751", Outcome.SUPPORTS),
        ("imei", "4901542032375101", Outcome.SUPPORTS),
        ("imei", "356938035643809", Outcome.SUPPORTS),
        ("imei", "490154203237526", Outcome.CONTRADICTS),
        ("imei", "49015420323751800", Outcome.CONTRADICTS),
        ("imei", "", Outcome.CONTRADICTS),
        ("serial", "sn0001", Outcome.SUPPORTS),
        ("serial", "SN0002", Outcome.CONTRADICTS),
        ("model", "Phone 8 Pro", Outcome.CONTRADICTS),
        ("meid", "A0000000000000", Outcome.NOT_SHOWN),
    ],
)
def test_identities_are_compared(name: str, value: str, expected: Outcome) -> None:
    (check,) = compare_identity(verify(chain(leaf())).claims, {name: value})
    assert check.outcome is expected


def test_no_changed_byte_passes_and_none_crashes() -> None:
    good = chain(leaf())
    joined, sizes = b"".join(good), [len(each) for each in good]
    chosen = random.Random(7)
    for _ in range(600):
        changed = bytearray(joined)
        at = chosen.randrange(sum(sizes[:-1]))  # the root's certificate counts by its key alone
        changed[at] ^= 1 << chosen.randrange(8)
        parts, start = [], 0
        for size in sizes:
            parts.append(bytes(changed[start : start + size]))
            start += size
        with pytest.raises(InputError):
            verify(parts)


def test_descriptions_that_are_changed_are_read_or_refused() -> None:
    chosen = random.Random(8)
    good = Described().encoded
    for _ in range(300):
        changed = bytearray(good)
        for _ in range(chosen.choice((1, 1, 2, 8))):
            changed[chosen.randrange(len(changed))] = chosen.randrange(256)
        try:
            phones_read(bytes(changed))
        except MalformedInput:
            continue


def phones_read(data: bytes) -> None:
    from trueware.attestation.android_key.description import read_description

    read_description(data)


def test_only_the_bytes_of_a_tag_name_it() -> None:
    assert tagged(704, b"") == b"\xbf\x85\x40\x00"
    assert spki("root") == phones.ROOTS[0]
