"""Measurement lists: read, replayed, walked on, and judged beside releases."""

from hashlib import sha256, sha384
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.ima.lists import digest_field, entry, file, legacy, register, sha1

from trueware.attestation.ima.ascii import to_binary
from trueware.attestation.ima.baseline import Baseline, Noted, Word
from trueware.attestation.ima.entries import entries, fields_of
from trueware.attestation.ima.walking import ImaState, Memo, Walked, first_altered, is_padded, replay, walk
from trueware.errors import InputError, MalformedInput, UnsupportedInput

FILES = {"/usr/bin/id": b"id", "/usr/bin/who": b"who", "/lib/libc.so.6": b"libc"}
LIST = [file(path, content) for path, content in FILES.items()]
KNOWN = Baseline.of([{path: sha256(content).digest() for path, content in FILES.items()}])


def walked(data: bytes, quoted: bytes, state: ImaState | None = None, baseline: Baseline = KNOWN) -> Walked[Noted]:
    return walk(data, state or ImaState.start("sha256"), quoted, baseline.judge, Memo("sha256"))


def words(found: Walked[Noted]) -> list[tuple[int, str, str]]:
    return [(number, noted.word.value, noted.path) for number, noted in found.attested]


def test_files_of_a_release_are_nothing_to_tell() -> None:
    found = walked(b"".join(LIST), register(*LIST))
    assert (found.matches, found.entries, found.trailing, words(found)) == (True, 3, 0, [])


def test_what_came_after_the_quote_is_not_attested_and_not_told() -> None:
    late = file("/usr/bin/evil", b"evil")
    found = walked(b"".join([*LIST, late]), register(*LIST))
    assert (found.matches, found.entries, found.trailing, words(found)) == (True, 3, 1, [])


def test_every_word() -> None:
    more = [
        file("/usr/bin/id", b"another"),
        file("/usr/bin/evil", b"evil"),
        file("/usr/bin/w2", b"who"),
        entry("ima-sig", b"sha256:\0" + bytes(32), b"/var/log/x\0", b"", violated=True),
        entry("ima-buf", digest_field(b"6.1"), b"kernel_version\0", b"6.1"),
        entry("ima-ng", digest_field(b"who", "sha1"), b"/usr/bin/who\0"),
    ]
    found = walked(b"".join([*LIST, *more]), register(*LIST, *more))
    assert words(found) == [
        (3, "changed", "/usr/bin/id"),
        (4, "unknown", "/usr/bin/evil"),
        (5, "renamed", "/usr/bin/w2"),
        (6, "violation", "/var/log/x"),
        (7, "data", "kernel_version"),
        (8, "weak", "/usr/bin/who"),
    ]
    assert found.attested[0][1].expected == (f"sha256:{sha256(b'id').hexdigest()}",)
    assert found.attested[2][1].expected == ("usr/bin/who",)


def test_a_digest_of_verity_is_no_other_content() -> None:
    """fs-verity's digest is of a tree over the file: releases are not found by it. No foreign vector confirms the field."""
    one = entry("ima-ngv2", digest_field(b"tree", kind="verity:"), b"/usr/bin/id\0")
    two = entry("ima-ngv2", digest_field(b"id", kind="ima:"), b"/usr/bin/id\0")
    found = walked(one + two, register(one, two))
    assert [(number, noted.word, noted.found[:17]) for number, noted in found.attested] == [
        (0, Word.WEAK, "fs-verity-sha256:")
    ]


def test_paths_that_may_be_anything() -> None:
    baseline = Baseline.of([], lambda path: path.startswith("opt/fw/"), mutable=lambda path: path.startswith("etc/"))
    more = [file("/opt/fw/f1", b"1"), file("/etc/hostname", b"r1"), file("/etc/init.d/x.sh", b"#!/bin/sh")]
    found = walked(b"".join(more), register(*more), baseline=baseline)
    assert words(found) == [(1, "mutable", "/etc/hostname"), (2, "unknown", "/etc/init.d/x.sh")]


def test_walking_on_costs_the_new_entries_alone_and_says_the_same() -> None:
    whole = b"".join([*LIST, file("/usr/bin/evil", b"evil")])
    first = walked(b"".join(LIST), register(*LIST))
    on = walked(whole, register(*LIST, file("/usr/bin/evil", b"evil")), first.state)
    assert on.state == walked(whole, register(*LIST, file("/usr/bin/evil", b"evil"))).state
    assert words(on) == [(3, "unknown", "/usr/bin/evil")]
    assert (on.entries, on.trailing) == (4, 0)


def test_nothing_new_agrees_at_once() -> None:
    first = walked(b"".join(LIST), register(*LIST))
    again = walked(b"".join(LIST), register(*LIST), first.state)
    assert (again.matches, again.entries, again.trailing) == (True, 3, 0)


def test_after_a_restart_walking_on_does_not_agree() -> None:
    first = walked(b"".join(LIST), register(*LIST))
    other = [file("/usr/bin/who", b"who"), *LIST, file("/x", b"y")]
    try:
        found = walked(b"".join(other), register(*other), first.state)
    except MalformedInput:  # where it ended is in the midst of an entry now
        return
    assert not found.matches


def test_a_list_that_became_shorter_is_refused() -> None:
    first = walked(b"".join(LIST), register(*LIST))
    with pytest.raises(MalformedInput):
        walked(LIST[0], register(LIST[0]), first.state)


def test_a_memo_is_of_one_bank() -> None:
    with pytest.raises(ValueError, match="another bank"):
        walk(b"", ImaState.start("sha1"), b"", KNOWN.judge, Memo("sha256"))


def test_what_was_remembered_is_judged_alike_and_digests_are_never_taken_from_the_list() -> None:
    memo: Memo[Noted | None] = Memo("sha256")
    more = [*LIST, file("/usr/bin/evil", b"evil")]
    data, value = b"".join(more), register(*more)
    cold = walk(data, ImaState.start("sha256"), value, KNOWN.judge, memo)
    warm = walk(data, ImaState.start("sha256"), value, KNOWN.judge, memo)
    assert cold == warm
    forged = bytearray(data)
    forged[-1] ^= 1
    assert not walk(bytes(forged), ImaState.start("sha256"), value, KNOWN.judge, memo).matches


def test_a_violation_is_no_entry_that_was_remembered() -> None:
    memo: Memo[Noted | None] = Memo("sha256")
    usual = file("/usr/bin/id", b"id")
    violated = usual[:4] + bytes(20) + usual[24:]
    walk(usual, ImaState.start("sha256"), register(usual), KNOWN.judge, memo)
    found = walk(violated, ImaState.start("sha256"), register(violated), KNOWN.judge, memo)
    assert words(found) == [(0, "violation", "/usr/bin/id")]


@pytest.mark.parametrize("at", range(4))
def test_edits_do_not_replay(at: int) -> None:
    more = [*LIST, file("/usr/bin/evil", b"evil")]
    value = register(*more)
    without = b"".join(more[:at] + more[at + 1 :])
    swapped = b"".join([more[at], *(each for number, each in enumerate(more) if number != at)])
    relabelled = b"".join([*more[:at], file("/usr/bin/id", b"id2"), *more[at + 1 :]])
    assert not walked(without, value).matches
    assert swapped == b"".join(more) or not walked(swapped, value).matches
    assert not walked(relabelled, value).matches


def test_a_stored_digest_that_was_kept_names_the_entry() -> None:
    data = bytearray(b"".join(LIST))
    data[len(LIST[0]) + len(LIST[1]) - 6] ^= 1
    found = walked(bytes(data), register(*LIST))
    assert (found.matches, found.altered) == (False, 1)


def test_other_registers_are_passed_by() -> None:
    other = entry("ima-sig", digest_field(b"x"), b"/x\0", b"", pcr=11)
    data = b"".join([LIST[0], other, *LIST[1:]])
    assert walked(data, register(*LIST)).matches


def test_the_old_template_pads_names() -> None:
    """No foreign list of this template with long names was at hand; keylime's has short ones."""
    old = [legacy("/bin/sh", b"sh"), legacy("x" * 255, b"y")]
    for bank in ("sha1", "sha256"):
        assert replay(b"".join(old), bank) == register(*old, bank=bank)
    assert first_altered(b"".join(old)) is None
    assert fields_of("ima", next(entries(old[0])).data).path == "/bin/sh"


def test_templates_may_change_within_a_list() -> None:
    mixed = [LIST[0], legacy("/bin/sh", b"sh"), entry("ima-ng", digest_field(b"z"), b"/z\0"), LIST[1], LIST[2]]
    assert walked(b"".join(mixed), register(*mixed)).entries == 5


def test_fields_by_their_names() -> None:
    """Custom templates are named by their fields; verity digests carry their kind. No foreign vector confirms these."""
    one = entry("d-ngv2|n-ng|sig", digest_field(b"a", kind="verity:"), b"/a\0", b"\5\3")
    fields = fields_of("d-ngv2|n-ng|sig", next(entries(one)).data)
    assert (fields.kind, fields.algorithm, fields.path, fields.signature) == ("verity", "sha256", "/a", b"\5\3")
    signed = entry("ima-modsig", digest_field(b"m"), b"/m.ko\0", b"", digest_field(b"m"), b"pkcs7")
    assert ("modsig", b"pkcs7") in fields_of("ima-modsig", next(entries(signed)).data).others


def test_a_bank_whose_hash_the_kernel_does_not_have() -> None:
    """It extends SHA-1 with zeros behind it; no foreign vector has such a register."""
    violated = entry("ima-sig", digest_field(b"x"), b"/x\0", b"", violated=True)
    value = bytes(48)
    for each in (*LIST, violated):
        digest = b"\xff" * 48 if each is violated else sha1(next(entries(each)).data).digest() + bytes(28)
        value = sha384(value + digest).digest()
    data = b"".join([*LIST, violated])
    assert is_padded(data + LIST[0], "sha384", value)
    assert not is_padded(data[len(LIST[0]) :], "sha384", value)
    assert not is_padded(data, "sha1", replay(data, "sha1"))
    assert not is_padded(data, "sha256", replay(data, "sha256"))


def test_a_list_of_a_big_endian_machine_is_told_apart() -> None:
    data = pack(">I20sI", 10, bytes(20), 6) + b"ima-ng" + pack(">I", 0)
    with pytest.raises(UnsupportedInput, match="ima_canonical_fmt"):
        list(entries(data))
    with pytest.raises(UnsupportedInput, match="big-endian"):
        walked(data, bytes(32))


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_are_read_or_refused(noise: bytes, at: int) -> None:
    data = b"".join(LIST)
    broken = data[:at] + noise + data[at + len(noise) // 2 :]
    for each in (broken, noise):
        try:
            found = walked(each, register(*LIST))
        except InputError:
            continue
        assert not found.matches or each.startswith(data)


@given(st.binary(max_size=300))
def test_any_text_is_read_or_refused(noise: bytes) -> None:
    try:
        to_binary(noise)
    except InputError:
        return


LISTS = ("t0_boot", "t1_service", "t2_rogue", "t3_big")


def test_real_lists(corpus: Path) -> None:
    """Every list of the corpus leads to the values that were quoted with it; the text says the same as the binary."""
    count = 0
    for binary in sorted((corpus / "attest/real/open").glob("*/*/binary_runtime_measurements")):
        data = binary.read_bytes()
        quoted = (binary.parent / "pcrread.yaml").read_text().lower()
        for bank in ("sha1", "sha256"):
            assert replay(data, bank).hex() in quoted, binary
        assert first_altered(data) is None
        assert to_binary((binary.parent / "ascii_runtime_measurements").read_bytes()) == data
        assert len(list(entries(data))) == int((binary.parent / "ima_count").read_text())
        count += 1
    assert count == 21


def test_real_tampering(corpus: Path) -> None:
    folder = corpus / "attest/real"
    lines = (line.split("  ", 1) for line in (folder / "reference/allowlist_sha256.txt").read_text().splitlines())
    baseline = Baseline.of([{path: bytes.fromhex(digest) for digest, path in lines}])

    def told(name: str) -> list[tuple[str, str]]:
        data = (folder / "open" / name / "binary_runtime_measurements").read_bytes()
        found = walk(data, ImaState.start("sha256"), replay(data, "sha256"), baseline.judge, Memo("sha256"))
        assert (found.attested[0][0], found.attested[0][1].word) == (0, Word.AGGREGATE)
        return [(noted.word.value, noted.path) for _, noted in found.attested[1:]]

    assert told("a1_genuine_devA/t1_service") == []
    assert told("a9_rootfs_tampered/t1_service") == [("changed", "/usr/bin/stat"), ("changed", "/usr/bin/id")]
    assert told("a14_rogue_on_disk/t2_rogue") == [
        ("changed", "/usr/sbin/attest-init"),
        ("unknown", "/opt/.cache/miner"),
        ("unknown", "/opt/rk.ko"),
        ("changed", "/usr/bin/id"),
    ]
    assert {word for word, _ in told("a5_big_log/t3_big")} == {Word.UNKNOWN.value}


def test_public_lists(corpus: Path) -> None:
    """Those of Keylime and ima-evm-utils: read to the end."""
    found = 0
    for path in sorted((corpus / "attest/public").rglob("*")):
        if path.is_file() and path.stat().st_size < 4 << 20 and path.read_bytes()[:64].startswith(b"10 "):
            assert to_binary(path.read_bytes())
            found += 1
    assert found >= 3
