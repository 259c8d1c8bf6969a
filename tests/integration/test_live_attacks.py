"""Attacks on the appraisal of live evidence by whoever owns a device, or another one, but no TPM's keys; and careless operators."""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.attestation.tpm.simulator import NONCE, Key, attest, pcr_file, sized
from trueware.appraising import Wish, appraise
from trueware.attestation.contract import Endorsements, Question
from trueware.attestation.ima.walking import replay
from trueware.attestation.recognise import Piece
from trueware.attestation.tpm.pcrs import PcrValues
from trueware.attestation.tpm.public import parse_public
from trueware.model.attested import Appraisal
from trueware.model.check import Outcome
from trueware.model.listing import Extent, ListedFile, Listing
from trueware.model.measured_boot import POLICY, boot_claims, boot_manifest
from trueware.model.verdict import Tier, Verdict
from trueware.registry.lookup import Registry
from trueware.registry.references import Reference, take_references
from trueware.storage.memory import MemoryStore

NOW = 1_796_000_000
NAMES = {0: "firmware", 2: "drivers", 4: "loader", 7: "keys", 9: "kernel"}
SHELL = hashlib.sha256(b"shell").digest()
EVIL = hashlib.sha256(b"evil").digest()


def value(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


BOOT = {pcr: value(name) for pcr, name in NAMES.items()}


@pytest.fixture(scope="module")
def registry() -> Registry:
    """One boot, and a root with one file."""
    values = [("sha256", pcr, digest) for pcr, digest in BOOT.items()]
    booted = boot_manifest(values)
    listing = Listing(max_path_depth=8, max_name=256, max_files=8)
    listing.add(ListedFile("usr/bin/sh", SHELL))
    root = listing.manifest("root", Extent.OPEN)
    store = MemoryStore()
    boot = Reference("Rig", "boot", "1", booted.tree, manifest=booted, claims=boot_claims(values), policy=POLICY)
    take_references(store, [boot, Reference("Rig", "root", "1", root.tree, manifest=root)], NOW)
    return Registry(store)


def entry(digest: bytes, path: str, register: int = 10, *, violated: bool = False) -> bytes:
    """One entry of a list of files, template ima-ng."""
    name = path.encode() + b"\0"
    data = struct.pack("<I", 40) + b"sha256:\0" + digest + struct.pack("<I", len(name)) + name
    stored = bytes(20) if violated else hashlib.sha1(data).digest()  # noqa: S324 (what the kernel writes)
    return struct.pack("<I", register) + stored + struct.pack("<I", 6) + b"ima-ng" + struct.pack("<I", len(data)) + data


FIRST = entry(value("aggregate"), "boot_aggregate")
RAN = FIRST + entry(SHELL, "/usr/bin/sh")


def quoted(
    key: Key,
    values: Mapping[int, bytes],
    name: str = "quote",
    *,
    nonce: bytes = NONCE,
    clock: tuple[int, int, int, int] = (1000, 5, 0, 1),
) -> list[Piece]:
    selection = (("sha256", tuple(sorted(values))),)
    held = PcrValues({"sha256": dict(values)})
    message = attest(held, selection, nonce=nonce, clock=clock)
    return [
        Piece(f"{name}.msg", message),
        Piece(f"{name}.sig", key.sign(message)),
        Piece(f"{name}.pcrs", pcr_file(selection, held)),
        Piece(f"{name}_ak.pub", sized(key.public())),
    ]


def listed(data: bytes) -> Piece:
    return Piece("binary_runtime_measurements", data)


KEY = Key()


def asked(*keys: Key, device: str = "r1") -> Wish:
    enrolled = dict.fromkeys((parse_public(sized(each.public())).name for each in keys or (KEY,)), "r1")
    return Wish(Question(NOW, NONCE), Endorsements(enrolled=enrolled), device)


def ran(registry: Registry, data: bytes, wish: Wish | None = None) -> Appraisal:
    pieces = [*quoted(KEY, {**BOOT, 10: replay(data, "sha256")}), listed(data)]
    return appraise(pieces, registry, wish or asked())


def outcomes(found: Appraisal, rule: str) -> set[Outcome]:
    return {each.outcome for each in found.checks if each.rule == rule}


def test_the_genuine_one_is(registry: Registry) -> None:
    found = ran(registry, RAN)
    assert (found.verdict, found.tier) == (Verdict.GENUINE, Tier.AFFIRMING)
    assert "root 1 of Rig (1 of 2 files that ran)" in found.reason


@pytest.mark.parametrize(
    "path",
    [
        "memfd:kernel",
        "/memfd:x (deleted)",
        "/SYSV0000 (deleted)",
        "/dev/zero",
        "boot_aggregate",
        "/opt/evil",
        "/etc/evil",
        "/usr/bin/evil\nGENUINE",
    ],
)
def test_a_program_is_not_passed_by_for_what_it_calls_itself(registry: Registry, path: str) -> None:
    """A program in memory that has a name (memfd_create), or a file that is called as memory is."""
    found = ran(registry, RAN + entry(EVIL, path))
    assert found.verdict is not Verdict.GENUINE
    assert path in found.reason


def test_what_is_not_in_the_register_is_of_no_release(registry: Registry) -> None:
    """Entries of other registers, and those of violations, say what anybody wrote into the file."""
    made = FIRST + entry(SHELL, "/usr/bin/sh", 11) * 5 + entry(SHELL, "/usr/bin/sh", violated=True)
    pieces = [*quoted(KEY, {**BOOT, 10: replay(RAN, "sha256")}), listed(RAN)]
    again = appraise(pieces, registry, asked())
    assert [each.release.product for each in again.matches] == ["boot", "root"]
    found = ran(registry, made)
    assert [each.release.product for each in found.matches] == ["boot"]


def test_a_second_tpm_is_matched_too(registry: Registry) -> None:
    """A chassis has several: the first is genuine, and boots with the other; none of them may hide behind another."""
    card = Key()
    first, evil = quoted(KEY, {**BOOT, 5: value("more")}, "main"), {**BOOT, 4: value("evil")}
    wish = asked(KEY, card)
    known = quoted(KEY, BOOT, "main")
    both = appraise([*known, *quoted(card, BOOT, "card", clock=(7, 9, 9, 1))], registry, wish)
    assert both.verdict is Verdict.GENUINE
    changed = appraise([*known, *quoted(card, evil, "card", clock=(7, 9, 9, 1))], registry, wish)
    assert changed.verdict is Verdict.TAMPERED
    assert "card.msg: PCR 4" in changed.reason
    assert appraise([*first, *quoted(card, evil, "card")], registry, wish).verdict is not Verdict.GENUINE
    other = appraise([*known, *quoted(card, {0: value("?"), 4: value("!")}, "card")], registry, wish)
    assert other.verdict is not Verdict.GENUINE


def test_a_second_quote_of_one_boot_takes_nothing(registry: Registry) -> None:
    second = quoted(KEY, {4: BOOT[4], 10: value("later")}, "again", clock=(1001, 5, 0, 1))
    assert appraise([*quoted(KEY, BOOT), *second], registry, asked()).verdict is Verdict.GENUINE
    hidden = quoted(KEY, {4: value("evil")}, "again", clock=(1001, 5, 0, 1))
    assert appraise([*quoted(KEY, BOOT), *hidden], registry, asked()).verdict is not Verdict.GENUINE


def test_a_device_with_a_key_does_not_answer_by_what_others_sign(registry: Registry, corpus: Path) -> None:
    """The owner of a router relays its challenge to a genuine phone."""
    chain = corpus / "attest/public/android__keyattestation/open/testdata/akita/sdk34/TEE_RSA_BASE+IMEI.pem"
    wish = replace(asked(), question=Question(1_727_740_800, b"challenge"))
    found = appraise([Piece("chain.pem", chain.read_bytes())], registry, wish)
    assert outcomes(found, "attestation-key-bound") == {Outcome.NOT_SHOWN}
    assert (
        outcomes(
            appraise([Piece("chain.pem", chain.read_bytes())], registry, replace(wish, device="phone")),
            "attestation-key-bound",
        )
        == set()
    )


def test_a_piece_that_is_not_read_is_told(registry: Registry) -> None:
    found = appraise([*quoted(KEY, BOOT), Piece("list.xz", b"\xfd7zXZ\0" + bytes(64))], registry, asked())
    assert found.verdict is Verdict.GENUINE
    told = [each.detail for each in found.checks if each.rule == "evidence-piece"]
    assert told == ["no evidence that is read here, and left out: list.xz"]


def test_a_name_of_two_lines_is_a_program_s(registry: Registry) -> None:
    found = ran(registry, RAN + entry(EVIL, "/usr/bin/evil\nlist"))
    assert found.verdict is Verdict.TAMPERED


def test_what_is_excluded_is_told_and_of_no_release(registry: Registry) -> None:
    data = RAN + entry(EVIL, "/opt/fw/evil")
    found = ran(registry, data, replace(asked(), excluded=("opt/fw/*",)))
    assert found.verdict is Verdict.GENUINE
    told = {each.detail for each in found.checks if each.rule == "ima-file-known"}
    assert told == {"1 of 3 entries are of releases", "files that you excluded may be anything: opt/fw/*"}


def test_lists_of_two_boots_in_one_folder(registry: Registry) -> None:
    """The one that leads to what was quoted is taken, as it is of logs; the other one is told."""
    pieces = [*quoted(KEY, {**BOOT, 10: replay(RAN, "sha256")}), Piece("a/binary_runtime_measurements", FIRST)]
    found = appraise([*pieces, listed(RAN)], registry, asked())
    assert found.verdict is Verdict.GENUINE
    assert {each.place for each in found.checks if each.rule == "evidence-piece"} == {"a/binary_runtime_measurements"}


def test_logs_that_nobody_signed_say_nothing(registry: Registry) -> None:
    found = appraise([listed(RAN)], registry, asked())
    assert (found.verdict, found.tier) == (Verdict.UNKNOWN, Tier.NONE)
    assert "no quote was sent" in found.reason


def test_logs_of_two_boots_in_one_folder(corpus: Path) -> None:
    """That of the boot before lies beside that of this one, and is no accusation."""
    real = corpus / "attest/real/open/a1_genuine_devA"
    other = corpus / "attest/real/open/b1_secureboot_shim_grub/binary_bios_measurements"
    own = [Piece(each.name, each.read_bytes()) for each in sorted((real / "t0_boot").iterdir())]
    key = (real / "ak.pub").read_bytes()
    pieces = [Piece("ak.pub", key), Piece("binary_bios_measurements.0", other.read_bytes())]
    pieces += [Piece("binary_bios_measurements.1", (real / "binary_bios_measurements").read_bytes()), *own]
    nonce = bytes.fromhex((real / "t0_boot/nonce.hex").read_text())
    wish = Wish(Question(NOW, nonce), Endorsements(enrolled={parse_public(key).name: "r1"}), "r1")
    found = appraise(pieces, Registry(MemoryStore()), wish)
    assert not found.refused
    assert "binary_bios_measurements.0" in {each.place for each in found.checks if each.rule == "evidence-piece"}
