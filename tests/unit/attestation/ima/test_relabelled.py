"""What no hash covers can be changed by whoever sends the list: names of templates, and which file a violation was of."""

from hashlib import sha256
from pathlib import Path
from struct import pack

import pytest
from tests.unit.attestation.ima.lists import digest_field, entry, file, legacy, register

from trueware.appraisal.live.runtime import judge_runtime
from trueware.attestation.ima.baseline import Baseline, Noted, Word
from trueware.attestation.ima.entries import TEMPLATES, Entry, entries, proved_fields
from trueware.attestation.ima.walking import ImaState, Memo, Walked, replay, walk
from trueware.model.check import Check, Outcome

KNOWN = Baseline.of([{"usr/bin/id": sha256(b"id").digest()}])
NAMES = (
    *(each for each in TEMPLATES if each != "ima"),
    *("n-ng|d-ng|sig", "d|n|sig", "d-ng|n-ng|buf", "d-ng|sig|n-ng", "d-ng|n-ng|n-ng", "iuid|n-ng|buf", "no template"),
)
FIRST = entry("ima-sig", digest_field(b"boot"), b"boot_aggregate\0", b"")


def relabelled(one: Entry, template: str) -> bytes:
    """The same entry, with the same digests, called another template's."""
    name = template.encode()
    return pack("<I20sI", one.pcr, one.stored, len(name)) + name + pack("<I", len(one.data)) + one.data


def walked(data: bytes, quoted: bytes, baseline: Baseline = KNOWN) -> Walked[Noted]:
    return walk(data, ImaState.start("sha256"), quoted, baseline.judge, Memo("sha256"))


@pytest.mark.parametrize("template", NAMES)
@pytest.mark.parametrize("signature", [b"", b"\3\2\4abcd\0\1x", b"/usr/bin/id\0"])
def test_a_file_stays_a_file_whatever_its_template_is_called(template: str, signature: bytes) -> None:
    evil = file("/opt/miner", b"evil", signature)
    found = walked(relabelled(next(entries(evil)), template), register(evil))
    assert found.matches
    ((_, noted),) = found.attested
    assert (noted.word, noted.path, noted.found) == (
        Word.UNKNOWN,
        "/opt/miner",
        f"sha256:{sha256(b'evil').hexdigest()}",
    )


def test_a_long_name_is_not_hidden_by_the_old_template() -> None:
    """An entry of as many bytes as those of ``ima`` are hashed with replays as one of these."""
    evil = entry("ima-ng", digest_field(b"evil"), b"/" + b"m" * 226 + b"\0")
    one = next(entries(evil))
    assert len(one.data) == 276
    old = pack("<I20sI3s", 10, one.stored, 3, b"ima") + one.data[:20] + pack("<I", 255) + one.data[20:275]
    found = walked(old, register(evil))
    assert found.matches
    assert [noted.word for _, noted in found.attested] == [Word.UNKNOWN]


def test_a_buffer_is_one_by_its_digest() -> None:
    buffer = entry("ima-buf", digest_field(b"6.1"), b"kernel_version\0", b"6.1")
    assert proved_fields("ima-buf", next(entries(buffer)).data).buffer == b"6.1"
    assert proved_fields("ima", next(entries(legacy("/bin/sh", b"sh"))).data).path == "/bin/sh"


def test_a_violation_stays_one_whatever_it_is_called() -> None:
    one = next(entries(entry("ima-sig", digest_field(b"x"), b"/x\0", b"", violated=True)))
    for data in (relabelled(one, "ima-buf"), relabelled(one._replace(data=b"\0\0"), "ima-ng")):
        found = walked(data, register(data))
        assert [noted.word for _, noted in found.attested] == [Word.VIOLATION]
        assert any(each.rule == "ima-violation" and each.outcome is Outcome.CONTRADICTS for each in judged(found))


def judged(found: Walked[Noted]) -> list[Check]:
    return list(judge_runtime(found, ()).checks)


def test_only_the_first_entry_is_the_boots_own() -> None:
    again = entry("ima-ng", digest_field(b"boot"), b"boot_aggregate\0")
    stray = entry("ima-sig", digest_field(b"evil"), b"boot_aggregate\0", b"")
    usual = walked(FIRST + again, register(FIRST, again))
    assert [check.place for check in judge_runtime(usual, ()).checks if "kernel's entry" in check.detail] == []
    found = walked(FIRST + stray, register(FIRST, stray))
    (check,) = [check for check in judge_runtime(found, ()).checks if "kernel's entry" in check.detail]
    assert (check.outcome, check.expected_gap) == (Outcome.NOT_SHOWN, False)


def test_real_programs_are_not_hidden_as_buffers(corpus: Path) -> None:
    path = corpus / "attest/real/open/a14_rogue_on_disk/t2_rogue/binary_runtime_measurements"
    data = path.read_bytes()
    forged = b"".join(relabelled(each, "ima-buf") for each in entries(data))
    assert replay(forged, "sha256") == replay(data, "sha256")
    usual, found = (walked(each, replay(data, "sha256")) for each in (data, forged))
    assert usual.attested == found.attested
