"""Logs are verified against signed registers, and say of the boot what was measured."""

import random
import struct
from pathlib import Path
from uuid import UUID

import pytest
from tests.unit.attestation.event_log import logs
from tests.unit.attestation.event_log.test_proving import GLOBAL, variable

from trueware.attestation.event_log.log import EventLog, Registers
from trueware.attestation.event_log.reading import read
from trueware.attestation.event_log.replaying import replay
from trueware.attestation.event_log.verifying import VerifiedLog, verify_log
from trueware.model.check import Outcome

SECURITY = bytes.fromhex("cbb219d73a3d9645a3bcdad00e67656f")
CONFIG, ACTION, IPL = 0x80000001, 0x80000007, 13
DBX = bytes.fromhex("2616c4c14c509240aca941f936934328") + struct.pack("<III", 76, 0, 48) + bytes(48)


def boot(
    secure: bytes = b"\1",
    before: bytes = b"",
    line: str = "console=ttyS0 ima_policy=tcb",
    pk: bytes = b"key",
    more: bytes = b"",
    closed: range = range(8),
) -> bytes:
    """Return the log of a boot."""
    events = before
    for name, value, vendor in (("SecureBoot", secure, GLOBAL), ("PK", pk, GLOBAL), ("dbx", DBX, SECURITY)):
        events += logs.event(7, CONFIG, variable(name, value, vendor))
    for pcr in closed:
        events += logs.event(pcr, logs.SEPARATOR, bytes(4))
    events += logs.event(12, IPL, (line + "\0").encode("utf-16-le")) + more
    return logs.header() + events + logs.event(5, ACTION, b"Exit Boot Services Returned with Success")


def verified(data: bytes, signed: bytes | None = None, *, secure_boot: bool = True) -> VerifiedLog:
    """Return what a log proves to registers as the log `signed`, or it itself, leaves them."""
    of = read(data if signed is None else signed)
    values = {
        bank: {pcr: bytes(of.banks[at].size) for pcr in range(15)} | replay(of, bank)
        for at, bank in enumerate(("sha1", "sha256"))
    }
    return verify_log(read(data), values, secure_boot=secure_boot)


def outcomes(found: VerifiedLog) -> dict[str, str]:
    """Return the gravest outcome of each rule."""
    order = (Outcome.SUPPORTS, Outcome.NOT_SHOWN, Outcome.CONTRADICTS)
    said: dict[str, str] = {}
    for outcome in order:
        said.update({check.rule: outcome.value for check in found.checks if check.outcome is outcome})
    return said


def detail(found: VerifiedLog, rule: str) -> str:
    return next(check.detail for check in found.checks if check.rule == rule and check.outcome is not Outcome.SUPPORTS)


def test_a_boot_in_order() -> None:
    found = verified(boot())
    assert set(outcomes(found).values()) == {"supports"}
    assert found.is_believed
    assert [(claim.name, claim.value) for claim in found.claims] == [
        ("secure-boot", "on"),
        ("kernel-command-line", "console=ttyS0 ima_policy=tcb"),
    ]


def test_secure_boot_off_speaks_against_a_boot_only_where_it_is_asked_for() -> None:
    assert outcomes(verified(boot(b"\0")))["secure-boot"] == "contradicts"
    found = verified(boot(b"\0"), secure_boot=False)
    assert outcomes(found)["secure-boot"] == "not-shown"
    assert found.claims[0].value == "off"


def test_secure_boot_without_an_owner_is_none() -> None:
    assert "nobody's key" in detail(verified(boot(pk=b"")), "secure-boot")
    setup = logs.event(7, CONFIG, variable("SetupMode", b"\1"))
    assert "SetupMode" in detail(verified(boot(before=setup)), "secure-boot")


def test_secure_boot_that_is_hidden_and_said_again_is_not_shown() -> None:
    genuine = boot(b"\0")
    real = variable("SecureBoot", b"\0")
    fake = logs.event(7, CONFIG, variable("SecureBoot", b"\1")) + logs.event(7, logs.SEPARATOR, bytes(4))
    attacked = boot(b"\0", more=fake)
    # the event that says off is called another, of which the digest need not be that of its data
    event = struct.pack("<III", 7, CONFIG, 2)
    at = attacked.index(event)
    edited = attacked[:at] + struct.pack("<III", 7, 0xC, 2) + attacked[at + 12 :]
    edited = edited.replace(real, real[:-1] + b"\7", 1)
    found = verified(edited, attacked)
    assert found.is_believed
    assert outcomes(found)["secure-boot"] == "not-shown"
    assert "may be the variable SecureBoot" in detail(found, "secure-boot")
    assert found.facts is not None
    assert found.facts.secure_boot is None
    assert verified(genuine).facts is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"UEFI Debug Mode", "debugger"),
        (b"DMA Protection Disabled", "devices"),
        (b"DMA Protection Disabled\0", "devices"),
    ],
)
def test_debugging_is_told(text: bytes, reason: str) -> None:
    assert reason in detail(verified(boot(before=logs.event(7, ACTION, text))), "boot-debug")


@pytest.mark.parametrize(
    ("option", "grave"),
    [
        ("mitigations=off", False),
        ("lockdown=none", False),
        ("init=/bin/sh", True),
        ("module.sig-enforce=0", True),
        ("rd.break", True),
    ],
)
def test_weakening_options_are_told(option: str, *, grave: bool) -> None:
    found = verified(boot(line=f'root="a b" {option} quiet ima_policy=tcb'))
    check = next(each for each in found.checks if each.rule == "boot-command-line")
    assert check.found == option
    assert check.value == (96 if grave else 32)
    assert check.place == "PCR 12 event 12"


def test_options_behind_two_dashes_are_not_the_kernels() -> None:
    assert outcomes(verified(boot(line="ima_policy=tcb -- mitigations=off single")))["boot-command-line"] == "supports"


def test_a_text_that_was_not_measured_hides_a_command_line() -> None:
    hidden = logs.event(8, IPL, b"grub_cmd: boot\0", b"linux /vmlinuz init=/bin/sh")
    assert outcomes(verified(boot(more=hidden)))["boot-command-line"] == "not-shown"


def test_no_policy_for_ima_is_not_shown() -> None:
    assert outcomes(verified(boot(line="quiet")))["boot-ima-policy"] == "not-shown"


def test_an_open_register_and_a_failure_are_told() -> None:
    found = verified(boot(closed=range(1, 8), before=logs.event(0, 8, b"v")))
    check = next(each for each in found.checks if each.rule == "boot-separator")
    assert (check.outcome, check.place) == (Outcome.CONTRADICTS, "PCR 0")
    failure = logs.event(4, logs.SEPARATOR, b"no memory", b"\1\0\0\0")
    assert "could not measure" in detail(verified(boot(before=failure)), "boot-separator")


def test_a_boot_order_is_no_failure() -> None:
    order = logs.event(1, 0x80000002, variable("BootOrder", b"\1\0\0\0"), b"\1\0\0\0")
    assert outcomes(verified(boot(before=order)))["boot-separator"] == "supports"


def test_edited_data_is_contradicted() -> None:
    genuine = boot(b"\0")
    edited = genuine.replace(variable("SecureBoot", b"\0"), variable("SecureBoot", b"\1"))
    found = verified(edited, genuine)
    assert found.is_believed  # its digests lead to what was signed
    assert outcomes(found)["event-data-digest"] == "contradicts"
    assert outcomes(found)["secure-boot"] == "not-shown"


def test_a_log_of_another_boot_is_refused() -> None:
    found = verified(boot(), boot(line="mitigations=off"))
    assert not found.is_believed
    check = next(each for each in found.checks if each.outcome is Outcome.CONTRADICTS)
    assert (check.rule, check.place, check.value) == ("event-log-replay", "PCR 12", 99)
    assert found.claims == ()


def test_what_came_later_counts_for_nothing() -> None:
    first = boot(line="init=/bin/sh")
    later = first + logs.event(12, IPL, "ima_policy=tcb\0".encode("utf-16-le"))
    found = verified(later, first)
    assert outcomes(found)["event-log-trailing"] == "not-shown"
    assert [claim.value for claim in found.claims if claim.name == "kernel-command-line"] == ["init=/bin/sh"]


def test_registers_of_the_operating_system_are_told() -> None:
    log = boot(more=logs.event(11, IPL, b".linux\0"))
    of = read(log)
    values = {"sha256": replay(of, "sha256") | {11: b"x" * 32, 10: b"y" * 32}}
    found = verify_log(of, values)
    assert found.is_believed
    assert outcomes(found)["event-log-replay"] == "not-shown"
    assert outcomes(verify_log(of, values, frozenset()))["event-log-replay"] == "contradicts"


def test_banks_that_prove_nothing() -> None:
    of = read(boot())
    only_sha1 = verify_log(of, {"sha1": replay(of, "sha1")})
    assert not only_sha1.is_believed
    assert outcomes(only_sha1)["event-log-bank"] == "not-shown"
    missing = verify_log(of, {"sha512": {0: bytes(64)}})
    assert outcomes(missing) == {"event-log-bank": "not-shown"}
    untouched = verify_log(of, {"sha256": {pcr: bytes(32) for pcr in range(8)}})
    assert outcomes(untouched) == {"event-log-bank": "contradicts"}


def test_registers_that_were_not_signed_for_show_nothing() -> None:
    of = read(boot())
    found = verify_log(of, {"sha256": {0: replay(of, "sha256")[0]}})
    said = outcomes(found)
    assert said["secure-boot"] == said["boot-command-line"] == said["boot-debug"] == "not-shown"
    assert "was not signed for" in detail(found, "secure-boot")


def test_a_confidential_machine() -> None:
    events = logs.event(1, CONFIG, variable("SecureBoot", b"\1"), banks=["sha384"])
    events += logs.event(1, 0x8000000B, b"\3Tdx" + bytes(8), b"table", banks=["sha384"])
    events += logs.event(1, logs.SEPARATOR, bytes(4), banks=["sha384"]) + logs.event(2, ACTION, b"x", banks=["sha384"])
    log: EventLog = read(logs.header(["sha384"]) + events, Registers.CC).whole()
    found = verify_log(log, {"sha384": replay(log, "sha384")}, frozenset())
    assert found.claims[0].value == "on"
    assert next(check for check in found.checks if check.rule == "boot-separator").place == "RTMR 1"


@pytest.mark.corpus
def test_real_boots(corpus: Path) -> None:
    said = {}
    for path in sorted(logs.attest(corpus).glob("real/open/*/binary_bios_measurements")):
        log = read(path.read_bytes())
        pcrs = next(path.parent.glob("t0_boot/quote.pcrs"))
        found = verify_log(log, logs.quoted(pcrs.read_bytes()))
        assert found.is_believed, path
        said[path.parent.name] = [check.found for check in found.checks if check.outcome is Outcome.CONTRADICTS]
    assert {name: weak for name, weak in said.items() if weak} == {
        "a6_cmdline_tampered": ["mitigations=off", "lockdown=none"]
    }


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("attack", "rule"),
    [
        ("eventlog_swapped", "event-log-replay"),
        ("eventlog_truncated", "event-log-whole"),
        ("pcr_values_forged", "event-log-replay"),
        ("quote_sha1_bank_only", "event-log-bank"),
    ],
)
def test_attacks(corpus: Path, attack: str, rule: str) -> None:
    folder = logs.attest(corpus) / "real" / "attacks" / "open" / attack
    log = read((folder / "binary_bios_measurements").read_bytes())
    found = verify_log(log, logs.quoted((folder / "quote.pcrs").read_bytes()))
    refused = [check for check in found.checks if check.outcome is Outcome.CONTRADICTS]
    assert refused[0].rule == rule
    assert {check.value for check in refused} == {99}


def test_the_version_of_firmware_is_a_claim() -> None:
    version = logs.event(0, 8, "GCE Virtual Firmware v2\0".encode("utf-16-le"))
    assert verified(boot(before=version)).claims[0].value == "GCE Virtual Firmware v2"
    assert verified(boot(before=logs.event(0, 8, UUID(int=1).bytes_le))).claims[0].name == "secure-boot"


@pytest.mark.corpus
def test_no_edit_of_a_real_log_shows_what_was_not_so(corpus: Path) -> None:
    """Edits of bytes: the log is refused, or shows a part of what the genuine one shows."""
    folder = logs.attest(corpus) / "real" / "open" / "b1_secureboot_shim_grub"
    data = (folder / "binary_bios_measurements").read_bytes()
    values = logs.quoted((folder / "t0_boot" / "quote.pcrs").read_bytes())
    genuine = {(claim.name, claim.value) for claim in verify_log(read(data), values).claims}
    chance = random.Random(11)
    for _ in range(400):
        edited = bytearray(data)
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            edited[chance.randrange(len(edited))] = chance.choice((0, 1, 0xFF, chance.randrange(256)))
        found = verify_log(read(bytes(edited)), values)
        assert {(claim.name, claim.value) for claim in found.claims} <= genuine
        if not found.is_believed:
            assert any(check.value == 99 for check in found.checks)


@pytest.mark.corpus
def test_a_tampered_boot_whose_log_was_given_the_genuine_words_is_refused(corpus: Path) -> None:
    reals = logs.attest(corpus) / "real" / "open"
    tampered = (reals / "a6_cmdline_tampered" / "binary_bios_measurements").read_bytes()
    values = logs.quoted((reals / "a6_cmdline_tampered" / "t0_boot" / "quote.pcrs").read_bytes())
    words = " mitigations=off lockdown=none".encode("utf-16-le")
    assert tampered.count(words) == 1
    edited = tampered.replace(words, " ".encode("utf-16-le") * (len(words) // 2))
    found = verify_log(read(edited), values)
    assert found.is_believed
    refused = next(check for check in found.checks if check.rule == "event-data-digest")
    assert (refused.outcome, refused.place, refused.value) == (Outcome.CONTRADICTS, "PCR 12 event 25", 99)
    assert outcomes(found)["boot-command-line"] == "not-shown"
    assert [claim.name for claim in found.claims] == ["secure-boot"]


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("words", "instead", "place"),
    [
        (b"kernel_cmdline: /vmlinuz", b"kernel_cmdline: /VMLINUZ", "PCR 8 event 43"),
        ("SecureBoot\1".encode("utf-16-le")[:-1], "SecureBoot\0".encode("utf-16-le")[:-1], "PCR 7 event 4"),
        (b"Exit Boot Services Invocation", b"Exit Boot Services Invocatiox", "PCR 5 event 47"),
    ],
)
def test_other_words_of_a_genuine_log_are_refused(corpus: Path, words: bytes, instead: bytes, place: str) -> None:
    folder = logs.attest(corpus) / "real" / "open" / "b1_secureboot_shim_grub"
    data = (folder / "binary_bios_measurements").read_bytes()
    values = logs.quoted((folder / "t0_boot" / "quote.pcrs").read_bytes())
    assert data.count(words) == 1
    found = verify_log(read(data.replace(words, instead)), values)
    places = [check.place for check in found.checks if check.rule == "event-data-digest"]
    assert places == [place]
    assert outcomes(found)["event-data-digest"] == "contradicts"
