"""Evidence of network devices by the command line: what RFC 9684 carries is appraised as the files are that it carries."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import network_device as device
from trueware.attestation.event_log.reading import read
from trueware.cli import main

FILES = ("ak.pub", "ek_rsa_cert.der")
BOOTS = (
    "open/a1_genuine_devA/t1_service",
    "open/a3_rogue_exec/t2_rogue",
    "open/a6_cmdline_tampered/t0_boot",
    "open/a9_rootfs_tampered/t1_service",
    "open/a10_other_firmware/t0_boot",
    "open/b1_secureboot_shim_grub/t1_service",
    "attacks/open/attest_wrong_magic",
    "attacks/open/eventlog_swapped",
    "attacks/open/ima_log_longer_than_quote",
    "attacks/open/ima_log_truncated",
    "attacks/open/ima_template_data_edited",
    "attacks/open/pcr_values_forged",
    "attacks/open/quote_sig_flipped",
    "attacks/open/replayed_nonce",
    "attacks/open/time_attestation_as_quote",
    "attacks/open/unrestricted_key_forged_quote",
)


@pytest.fixture
def real(corpus: Path) -> Path:
    return corpus / "attest/real"


@pytest.fixture
def registry(tmp_path: Path, real: Path) -> Path:
    path = tmp_path / "r.sqlite"
    assert main(["registry", "init", "--registry", str(path)]) == 0
    log = real / "open/a1_genuine_devA/binary_bios_measurements"
    names = ["--publisher", "Example Telco", "--product", "boot", "--version", "6.1"]
    assert main(["release", "learn", str(log), *names, "--registry", str(path), "--quiet"]) == 0
    return path


def told(capsys: pytest.CaptureFixture[str], folder: Path, real: Path, name: str, registry: Path) -> tuple[int, Any]:
    key, nonce = real / "open/a1_genuine_devA/ak.pub", real / name / "nonce.hex"
    if name.startswith("open/"):
        key = (real / name).parent / "ak.pub"
    asked = ["--enrolled", key, "--device", "r1", "--nonce-file", nonce, "--registry", registry, "--json"]
    asked += ["--file-signer", real / "reference/ima_cert.pem"]
    capsys.readouterr()
    code = main(["appraise", *(str(each) for each in (folder, *asked))])
    document = json.loads(capsys.readouterr().out)["appraisals"][0]
    checks = sorted((each["rule"], each["outcome"], each["detail"]) for each in document["checks"])
    return code, (document["verdict"], document["tier"], checks)


@pytest.mark.parametrize("write", [device.as_json, device.as_xml])
@pytest.mark.parametrize("name", BOOTS)
def test_an_answer_is_appraised_as_the_files_are(
    tmp_path: Path,
    real: Path,
    registry: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    write: Callable[[dict[str, Any]], bytes],
) -> None:
    snapshot = real / name
    boot = snapshot if name.startswith("attacks/") else snapshot.parent
    files, answers = tmp_path / "files", tmp_path / "answers"
    for folder in (files, answers):
        folder.mkdir()
        for each in FILES:
            shutil.copy(boot / each, folder)
    log = (boot / "binary_bios_measurements").read_bytes()
    ima = (snapshot / "binary_runtime_measurements").read_bytes()
    for each in ("quote.msg", "quote.sig", "quote.pcrs"):
        shutil.copy(snapshot / each, files)
    (files / "binary_bios_measurements").write_bytes(log[: len(log) - read(log).padding])
    (files / "binary_runtime_measurements").write_bytes(ima)
    outputs = [
        {"tpm20-attestation-response": [device.quote(snapshot)]},
        device.logs("bios", device.boot_events(log)),
        device.logs("ima", list(device.files(ima))),
    ]
    for number, output in enumerate(outputs):
        (answers / f"answer-{number}").write_bytes(write(output))
    expected = told(capsys, files, real, name, registry)
    assert told(capsys, answers, real, name, registry) == expected
    if name.endswith("ima_template_data_edited"):
        return  # its name holds what no answer can carry, so that the list is another one
    for file in files.iterdir():  # both: what was taken out of an answer is the same piece
        shutil.copy(file, answers)
    assert told(capsys, answers, real, name, registry) == expected


@pytest.mark.parametrize(
    "name", [each for each in BOOTS if each.startswith("open/")] + ["attacks/open/ima_log_longer_than_quote"]
)
def test_values_that_were_not_sent_are_replayed(
    tmp_path: Path, real: Path, registry: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Quotes over two banks and PCR 10, a list of files that grew since: as if the values had been sent, all or some."""
    snapshot = real / name
    boot = snapshot if name.startswith("attacks/") else snapshot.parent
    quote = device.quote(snapshot)
    answers = []
    for number, kept in enumerate((quote["unsigned-pcr-values"], quote["unsigned-pcr-values"][:1], [])):
        folder = tmp_path / str(number)
        folder.mkdir()
        for each in (boot / "ak.pub", boot / "binary_bios_measurements", snapshot / "binary_runtime_measurements"):
            shutil.copy(each, folder)
        output = {"tpm20-attestation-response": [quote | {"unsigned-pcr-values": kept}]}
        (folder / "answer.json").write_bytes(device.as_json(output))
        answers.append(told(capsys, folder, real, name, registry))
    assert answers[0] == answers[1] == answers[2]
    assert not [each for each in answers[0][1][2] if each[0] == "quote-pcr-digest" and each[1] != "supports"]


@pytest.mark.parametrize(
    "name", ["eventlog_swapped", "ima_log_truncated", "ima_template_data_edited", "quote_sig_flipped"]
)
def test_forged_logs_replay_to_nothing_that_is_signed(
    tmp_path: Path, real: Path, registry: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    attack = real / "attacks/open" / name
    for each in ("ak.pub", "binary_bios_measurements", "binary_runtime_measurements", "quote.msg", "quote.sig"):
        shutil.copy(attack / each, tmp_path)
    code, (verdict, tier, checks) = told(capsys, tmp_path, real, f"attacks/open/{name}", registry)
    assert (code, verdict, tier) == (10, "UNKNOWN", "contraindicated")
    rule = "quote-signature" if name == "quote_sig_flipped" else "quote-pcr-digest"
    assert [each[0] for each in checks if each[1] == "contradicts"] == [rule]


def test_keys_of_one_device_answer_together(
    tmp_path: Path, real: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two quotes over the same values, by keys of two kinds; each keeps what belongs to it."""
    name = "open/a1_genuine_devA/t1_service"
    boot = (real / name).parent
    quotes = [device.quote(real / name, stem, stem) for stem in ("quote", "quote_rsa")]
    (tmp_path / "evidence").mkdir()
    for each in ("ak.pub", "ak_rsa.pub", "binary_bios_measurements"):
        shutil.copy(boot / each, tmp_path / "evidence")
    (tmp_path / "evidence/answer.json").write_bytes(device.as_json({"tpm20-attestation-response": quotes}))
    _, (_, _, checks) = told(capsys, tmp_path / "evidence", real, name, registry)
    proved = [detail for rule, outcome, detail in checks if (rule, outcome) == ("quote-pcr-digest", "supports")]
    assert proved == ["sha1: PCR 0-14; sha256: PCR 0-14", "sha256: PCR 0-10"]
    assert not [each for each in checks if each[0].startswith("quote-") and each[1] == "contradicts"]


def test_an_older_tpm_is_told_and_convicts_nobody(
    tmp_path: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "answer.json"
    path.write_bytes(device.as_json({"tpm12-attestation-response": [{"certificate-name": "aik", "pcr-data": "AAAA"}]}))
    capsys.readouterr()
    assert main(["appraise", str(path), "--registry", str(registry)]) == 10
    assert "TPM 1.2, which signs SHA-1 alone" in capsys.readouterr().out
