"""Public logs lead to the register values that other projects publish beside them, and read as those projects read them."""

import base64
import json
import re
from pathlib import Path

import pytest
from tests.unit.attestation.event_log import logs

from trueware.attestation.event_log.log import Registers
from trueware.attestation.event_log.proving import prove
from trueware.attestation.event_log.reading import read
from trueware.attestation.event_log.replaying import find_prefix
from trueware.attestation.event_log.verifying import verify_log

pytestmark = pytest.mark.corpus


def test_windows_as_go_attestation_quoted_it(corpus: Path) -> None:
    path = next((logs.attest(corpus) / "public").rglob("windows_gcp_shielded_vm.json"))
    document = json.loads(path.read_bytes())
    log = read(base64.b64decode(document["Log"]["Raw"])).whole()
    values = {each["Index"]: base64.b64decode(each["Digest"]) for each in document["Log"]["PCRs"]}
    assert len(values) == 24
    assert find_prefix(log, "sha1", values).is_full
    found = verify_log(log, {"sha1": values})
    assert not found.is_believed  # SHA-1 alone
    said = [proof.holds for proof in prove(log, "sha1")]
    assert False not in said


def test_boot_of_ima_evm_utils(corpus: Path) -> None:
    folder = next((logs.attest(corpus) / "public").rglob("sample-tpm-2.0-pcrs-8-9")).parent
    log = read((folder / "sample-binary_bios_measurements-pcrs-8-9").read_bytes()).whole()
    text = (folder / "sample-tpm-2.0-pcrs-8-9").read_text()
    values = {int(pcr): bytes.fromhex(value) for pcr, value in re.findall(r"^(\d+): (\w{40})$", text, re.MULTILINE)}
    del values[10]
    assert len(values) == 23
    assert find_prefix(log, "sha1", values).is_full


def test_a_log_of_a_confidential_machine_as_trustee_reads_it(corpus: Path) -> None:
    path = next((logs.attest(corpus) / "public").rglob("CCEL_data_csv"))
    log = read(path.read_bytes(), Registers.CC).whole()
    theirs = json.loads(path.with_name("CCEL_data_csv_out.json").read_bytes())["uefi_event_logs"]
    ours = [(event.pcr, event.type_name, event.data, event.digests[0]) for event in log.events[1:]]
    assert ours == [
        (each["index"], each["type_name"], base64.b64decode(each["event"]), bytes.fromhex(each["digests"][0]["digest"]))
        for each in theirs
    ]
    assert len(ours) == 82
