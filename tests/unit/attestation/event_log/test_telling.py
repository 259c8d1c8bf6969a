"""What events say, in words; and as tpm2_eventlog reads them."""

import random
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.event_log import logs
from tests.unit.attestation.event_log.test_proving import GLOBAL, variable

from trueware.attestation.event_log.device_path import path_text
from trueware.attestation.event_log.event_types import VARIABLES
from trueware.attestation.event_log.log import Event, EventLog
from trueware.attestation.event_log.proving import prove
from trueware.attestation.event_log.reading import read
from trueware.attestation.event_log.replaying import replay
from trueware.attestation.event_log.telling import CONTRADICTED, UNPROVED, tell, tell_in
from trueware.attestation.event_log.variables import variable_of

DISK = UUID("11111111-2222-3333-4444-555555555555").bytes_le
PATH = (
    bytes.fromhex("02010c00d041030a00000000")
    + bytes.fromhex("010106000002")
    + struct.pack("<BBHIQQ16sBB", 4, 1, 42, 1, 0x800, 0x1E000, DISK, 2, 2)
    + struct.pack("<BBH", 4, 4, 22)
    + "\\vmlinuz\0".encode("utf-16-le")
    + bytes.fromhex("7fff0400")
)


def words(kind: int, data: bytes, measured: bytes | None = None, pcr: int = 4) -> str:
    log = read(logs.header() + logs.event(pcr, kind, data, measured)).whole()
    return tell(log.events[1], prove(log, "sha256")[1])


def test_a_device_path() -> None:
    assert path_text(PATH) == f"PciRoot(0x0)/Pci(0x2,0x0)/HD(1,GPT,{UUID(bytes_le=DISK)},0x800,0x1e000)/\\vmlinuz"


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ("0104180000112233445566778899aabbccddeeff01020304", "VenHw(33221100-5544-7766-8899-aabbccddeeff,01020304)"),
        ("02010c00d041080a00000000", "PcieRoot(0x0)"),
        ("02010c00d041010501000000", "Acpi(PNP0501,0x1)"),
        ("030506000102", "USB(0x1,0x2)"),
        ("03120a000100ffff0000", "Sata(0x1,0xffff,0x0)"),
        ("031710000100000001020304050607" + "08", "NVMe(0x1,08-07-06-05-04-03-02-01)"),
        ("03180a00687474703a2f", "Uri(http:/)"),
        ("04061400c9bdb87cebf8344faaea3ee4af6516a1", "FvFile(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)"),
        ("0101050000", "Path(1,1,00)"),
        ("09090500aa", "Path(9,9,aa)"),
        ("0101", "…"),
        ("010103000000", "…"),
    ],
)
def test_nodes(node: str, text: str) -> None:
    assert path_text(bytes.fromhex(node)) == text


def test_programs_are_labelled_since_their_paths_are_not_measured() -> None:
    image = struct.pack("<QQQQ", 0x1000, 4096, 0, len(PATH)) + PATH
    assert words(0x80000003, image, b"the program").startswith("program of 4096 bytes from PciRoot(0x0)/")
    assert words(0x80000003, image, b"the program").endswith(UNPROVED)


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (4, bytes(4), "separator: firmware is done with this register"),
        (4, b"WBCL", "separator: WBCL"),
        (0x80000007, b"UEFI Debug Mode", "UEFI Debug Mode"),
        (8, "1.2".encode("utf-16-le") + b"\0\0", "version of the root of trust: 1.2"),
        (8, bytes(2), "version of the root of trust: none"),
        (0x80000001, variable("SecureBoot", b"\1"), "SecureBoot: on"),
        (0x80000001, variable("PK", b""), "PK is empty"),
        (0x80000001, variable("dbx", b"broken"), "dbx: 6 bytes, which are not what it should hold"),
        (0x8000000C, variable("BootOrder", b"\1\0\0\0"), "BootOrder: Boot0001, Boot0000"),
        (0x80000001, b"short", "5 bytes, which are not what this type of event has"),
        (13, "quiet\n".encode("utf-16-le"), "quiet\\n"),
        (13, b"\x1b[31m\0", "1b5b33316d00"),
        (6, struct.pack("<IIIIB", 0x40010001, 9, 0x00050003, 1, 1), "test signing: 030005000100000001"),
        (6, struct.pack("<II", 0xF5BC582A, 12) + "loader".encode("utf-16-le"), "loader.conf of systemd-boot: loader"),
    ],
)
def test_words(kind: int, data: bytes, said: str) -> None:
    assert words(kind, data) == said


def test_words_that_were_not_measured_are_labelled() -> None:
    assert words(13, b"(hd0,gpt1)/vmlinuz\0", b"kernel") == "(hd0,gpt1)/vmlinuz" + UNPROVED
    assert words(0x80000001, variable("SecureBoot", b"\1"), b"other") == "SecureBoot: on" + CONTRADICTED
    assert (
        words(0x80000002, variable("BootOrder", b"\1\0"), b"\1\0") == "BootOrder: Boot0001 (its name was not measured)"
    )
    assert words(4, b"no memory", b"\1\0\0\0").startswith("failure to measure: 'no memory'")


def test_a_boot_entry() -> None:
    option = struct.pack("<IH", 1, len(PATH)) + "Linux\0".encode("utf-16-le") + PATH
    assert words(0x8000000C, variable("Boot0001", option)).startswith("Boot0001: “Linux” at PciRoot(0x0)/")


_KINDS = [4, 6, 8, 13, 1, *VARIABLES, 0x80000003, 0x80000006, 0x80000008, 0x8000000A, 0x80000009, 0x8000000B, 3]


@given(st.sampled_from(_KINDS), st.binary(max_size=200))
def test_anything_can_be_told(kind: int, data: bytes) -> None:
    assert words(kind, data).isprintable()


@given(
    st.sampled_from(_KINDS), st.sampled_from(["PK", "db", "Boot0001", "BootOrder", "SbatLevel"]), st.binary(max_size=99)
)
def test_any_variable_can_be_told(kind: int, name: str, value: bytes) -> None:
    assert words(kind, variable(name, value)).isprintable()


def test_edits_of_paths_and_lists_can_be_told() -> None:
    chance = random.Random(3)
    image = struct.pack("<QQQQ", 0, 1, 0, len(PATH)) + PATH
    for _ in range(300):
        data = bytearray(chance.choice((image, variable("db", bytes(60)), GLOBAL + bytes(80))))
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        for kind in _KINDS:
            assert words(kind, bytes(data)).isprintable()


_EVENT = re.compile(r"^- EventNum: (\d+)\n(.*?)(?=^- EventNum|^pcrs:|\Z)", re.MULTILINE | re.DOTALL)


def tpm2(text: str) -> Iterator[tuple[int, int, str, int, dict[str, str], str | None]]:
    """Yield number, PCR, type, size of data, digests and the name of the variable, as tpm2_eventlog wrote them."""
    for number, body in _EVENT.findall(text):
        field = {
            name: re.search(rf"^  {name}: \"?([^\"\n]*)", body, re.MULTILINE)
            for name in ("PCRIndex", "EventType", "EventSize", "Digest")
        }
        pcr, kind, size, single = (found and found[1] for found in field.values())
        digests = dict(re.findall(r'AlgorithmId: (\w+)\n    Digest: "(\w+)"', body)) or {"sha1": single or ""}
        named = re.search(r"^    UnicodeName: (.*)$", body, re.MULTILINE)
        yield int(number), int(pcr or 0), kind or "", int(size or 0), digests, named[1] if named else None


def check_against(log: EventLog, text: str, path: Path) -> int:
    """Compare a log with what tpm2_eventlog says of it; return how many events were equal."""
    count = 0
    for number, pcr, kind, size, digests, name in tpm2(text):
        event: Event = log.events[number]
        assert (event.pcr, event.type_name, len(event.data)) == (pcr, kind, size), (path, number)
        if event.is_extended:
            own = {bank.name: each.hex() for bank, each in zip(log.banks, event.digests, strict=True) if each}
            assert own == digests, (path, number)
        if name is not None and event.kind in VARIABLES:
            assert variable_of(event).name == name, (path, number)
        count += 1
    assert count == len(log.events), path
    values = re.findall(r"^  (\w+):\n((?:    \d+ *: 0x\w+\n)+)", text.partition("\npcrs:")[2], re.MULTILINE)
    for bank, block in values:
        wanted = {int(pcr): value.lower() for pcr, value in re.findall(r"(\d+) *: 0x(\w+)", block)}
        assert {pcr: value.hex() for pcr, value in replay(log, bank).items()} == wanted, (path, bank)
    return count


@pytest.mark.corpus
def test_real_logs_as_tpm2_eventlog_reads_them(corpus: Path) -> None:
    events = 0
    for path in sorted(logs.attest(corpus).glob("real/open/*/eventlog.yaml")):
        log = read(path.with_name("binary_bios_measurements").read_bytes()).whole()
        events += check_against(log, path.read_text(), path)
    assert events >= 280


@pytest.mark.corpus
def test_public_logs_as_tpm2_eventlog_reads_them(corpus: Path) -> None:
    fixtures = logs.attest(corpus) / "public" / "tpm2-software__tpm2-tools"
    events = 0
    for path in sorted(fixtures.rglob("*.bin.yaml")):
        binary = next(fixtures.rglob(path.name.removesuffix(".yaml")), None)
        if binary is not None:
            events += check_against(read(binary.read_bytes()).whole(), path.read_text(), path)
    assert events >= 500


@pytest.mark.corpus
def test_a_command_line_is_told_where_linux_measured_it(corpus: Path) -> None:
    log = read((logs.attest(corpus) / "real/open/a6_cmdline_tampered/binary_bios_measurements").read_bytes())
    proofs = prove(log, "sha256")
    assert tell_in(log, log.events[26], proofs[26]).endswith("mitigations=off lockdown=none")
