"""What events say is believed only where it was measured."""

import struct
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.attestation.event_log import logs

from trueware.attestation.event_log.log import Registers
from trueware.attestation.event_log.proving import Proof, prove
from trueware.attestation.event_log.reading import read

GLOBAL = bytes.fromhex("61dfe48bca93d211aa0d00e098032b8c")


def variable(name: str, value: bytes, vendor: bytes = GLOBAL) -> bytes:
    return vendor + struct.pack("<QQ", len(name), len(value)) + name.encode("utf-16-le") + value


def proof_of(kind: int, data: bytes, measured: bytes | None = None) -> Proof:
    return prove(read(logs.header() + logs.event(4, kind, data, measured)).whole(), "sha256")[1]


@pytest.mark.parametrize("kind", [4, 5, 8, 0x80000001, 0x80000006, 0x80000007, 0x8000000C, 0x8000000D, 0x800000E0])
def test_the_standard_says_the_digest_is_of_the_data(kind: int) -> None:
    data = variable("SecureBoot", b"\1")
    assert proof_of(kind, data) == Proof(True, 0, len(data))
    assert proof_of(kind, data, b"another").holds is False


@pytest.mark.parametrize(
    "kind", [1, 7, 0xA, 0xC, 0xD, 6, 0x80000003, 0x80000004, 0x80000008, 0x80000009, 0x80000010, 0x12345]
)
def test_of_others_it_may_be_of_something_else(kind: int) -> None:
    assert proof_of(kind, b"(hd0,gpt1)/vmlinuz\0", b"the kernel").holds is None


@pytest.mark.parametrize("kind", [0x80000003, 0x80000008, 0x80000009])
def test_of_programs_and_firmware_it_never_is(kind: int) -> None:
    assert proof_of(kind, b"x").holds is None


def test_a_boot_variable_may_be_measured_without_its_name() -> None:
    data = variable("BootOrder", b"\1\0")
    proof = proof_of(0x80000002, data, b"\1\0")
    assert proof == Proof(True, len(data) - 2, len(data))
    assert not proof.covers(0, len(data))
    assert proof_of(0x80000002, data).covers(0, len(data))
    assert proof_of(0x80000002, data, b"\2\0").holds is False


def test_grub_measures_what_is_behind_its_label() -> None:
    assert proof_of(13, b"grub_cmd: boot\0", b"boot") == Proof(True, 10, 14)
    assert proof_of(13, b"kernel_cmdline: /vmlinuz quiet\0", b"/vmlinuz quiet") == Proof(True, 16, 30)
    assert proof_of(13, b"grub_cmd boot\0`", b"boot\0") == Proof(True, 9, 14)
    assert proof_of(13, b"grub_kernel_cmdline /vmlinuz quiet\0x", b"/vmlinuz quiet") == Proof(True, 20, 34)
    assert proof_of(13, b"grub_cmd: boot\0", b"reboot").holds is False
    assert proof_of(13, b"grub_linuxefi Kernel\0", b"the kernel").holds is None


def test_an_action_may_be_measured_without_its_nul() -> None:
    assert proof_of(0x80000007, b"UEFI Debug Mode\0", b"UEFI Debug Mode") == Proof(True, 0, 15)


def test_a_command_line_that_linux_measured_too_must_say_what_it_is() -> None:
    tag = struct.pack("<II", 0x8F3B22ED, 26) + b"LOADED_IMAGE::LoadOptions\0"
    line, edited = ("quiet init=/bin/sh\0".encode("utf-16-le"), "quiet\0".encode("utf-16-le"))
    log = read(logs.header() + logs.event(12, 13, edited, line) + logs.event(9, 6, tag, line))
    assert prove(log, "sha256")[1].holds is False
    assert prove(log, "sha256", {12})[1].holds is None


def test_shim_logged_a_byte_too_many() -> None:
    data = variable("Shim", b"certificate")
    assert proof_of(0x800000E0, data + b"\0", data) == Proof(True, 0, len(data))


def test_a_text_cut_within_its_nul() -> None:
    text = "quiet".encode("utf-16-le") + b"\0"
    assert proof_of(13, text, text + b"\0") == Proof(True, 0, len(text))


def test_a_separator_of_failure() -> None:
    proof = proof_of(4, b"no TPM driver", b"\1\0\0\0")
    assert proof.is_error
    assert proof.holds is None


def test_load_options_are_shown_by_the_loader() -> None:
    tag = struct.pack("<II", 0x8F3B22ED, 26) + b"LOADED_IMAGE::LoadOptions\0"
    line = "console=ttyS0 quiet\0".encode("utf-16-le")
    log = read(logs.header() + logs.event(12, 13, line) + logs.event(9, 6, tag, line))
    assert prove(log, "sha256")[2].shown_by == 1
    grub = logs.event(8, 13, b"kernel_cmdline: /vmlinuz quiet\0", b"/vmlinuz quiet")
    log = read(logs.header() + grub + logs.event(9, 6, tag, "BOOT_IMAGE=/vmlinuz quiet".encode("utf-16-le")))
    assert prove(log, "sha256")[2].shown_by == 1
    log = read(logs.header() + logs.event(12, 13, line) + logs.event(9, 6, tag, line[:-2]))
    assert prove(log, "sha256")[2].shown_by is None


def test_only_the_bank_that_was_signed_for_proves() -> None:
    data = bytearray(logs.header() + logs.event(4, 5, b"Calling EFI Application from Boot Option"))
    at = data.index(sha256(b"Calling EFI Application from Boot Option").digest())
    data[at] ^= 1
    log = read(bytes(data))
    assert prove(log, "sha1")[1].holds is True
    assert prove(log, "sha256")[1].holds is False
    assert prove(log, "sha512")[1].holds is None
    assert prove(log, "sha1", {7})[1].holds is None


@pytest.mark.corpus
def test_no_genuine_log_is_contradicted(corpus: Path) -> None:
    found: Counter[bool | None] = Counter()
    for path, data in logs.public_logs(corpus):
        log = read(data, Registers.CC if "ccel" in path.lower() else Registers.PCR)
        for bank in log.banks:
            for event, proof in zip(log.events, prove(log, bank.name), strict=True):
                assert proof.holds is not False, (path, event.number)
                found[proof.holds] += 1
    assert found[True] > 4000
