"""Boots a scenario in QEMU, and unpacks the evidence that the machine left on a disk.

The TPM works on a copy of its state, which is kept when the machine got to its end: its key stays, and its counters go on.
"""

import secrets
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

from boots.making import CODE, VARS, esp
from boots.scenarios import SNAPSHOTS, Scenario

LIMIT = 900
"""Seconds that a boot may take; without KVM it has taken 26 to 49."""
DONE = "evidence: done"


def boot(scenario: Scenario, made: Path, evidence: Path) -> float:
    """Boot, and leave the evidence in the folder `evidence`, with nonces that are new. Returns wall seconds.

    Raises:
        SystemExit: the machine did not get to its end; what it said stays beside the evidence.
    """
    work = made / "running"
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(evidence, ignore_errors=True)
    shutil.copytree(made / f"tpm-{scenario.tpm}", work / "tpm")
    shutil.copy(VARS, work / "vars.fd")
    shutil.copy(made / f"root-{scenario.root}.img", work / "root.img")
    esp(work / "esp.img", made / f"kernel-{scenario.kernel}", scenario.cmdline, work)
    with (work / "out.img").open("wb") as file:
        file.truncate(64 << 20)
    asked = "\n".join((scenario.name, *(secrets.token_hex(32) for _ in SNAPSHOTS), ""))
    (work / "asked.img").write_bytes(asked.encode().ljust(512, b"\0"))
    start = time.monotonic()
    said = _run(work)
    seconds = time.monotonic() - start
    evidence.mkdir(parents=True)
    (evidence / "console.txt").write_text(said)
    if DONE not in said:
        raise SystemExit(f"{scenario.name}: the machine did not get to its end, see {evidence / 'console.txt'}")
    with tarfile.open(work / "out.img", "r:") as archive:
        archive.extractall(evidence, filter="data")
    shutil.copytree(work / "tpm", made / f"tpm-{scenario.tpm}", dirs_exist_ok=True)
    shutil.rmtree(work)
    return seconds


def _run(work: Path) -> str:
    """Run the TPM and the machine, and return what stood on the console."""
    socket = work / "tpm.sock"
    tpm = subprocess.Popen(
        ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={work / 'tpm'}", "--ctrl", f"type=unixio,path={socket}"]
    )
    try:
        deadline = time.monotonic() + 10
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        done = subprocess.run(_command(work, socket), capture_output=True, timeout=LIMIT, check=False)
        return (done.stdout + done.stderr).decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace")
    finally:
        tpm.terminate()
        tpm.wait()


def _command(work: Path, socket: Path) -> list[str]:
    """Return the command that starts the machine: no network, four disks, firmware with a store of its own, a TPM by TIS."""
    command = ["qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "1", "-m", "768", "-nographic"]
    command += ["-no-reboot", "-nic", "none", "-monitor", "none", "-serial", "stdio"]
    command += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={CODE}"]
    command += ["-drive", f"if=pflash,format=raw,unit=1,file={work / 'vars.fd'}"]
    for number, name in enumerate(("esp", "root", "out", "asked")):
        command += ["-drive", f"file={work / name}.img,format=raw,if=none,id=disk{number}"]
        first = ",bootindex=1" if number == 0 else ""
        command += ["-device", f"virtio-blk-pci,drive=disk{number}{first}"]
    command += ["-chardev", f"socket,id=tpm,path={socket}", "-tpmdev", "emulator,id=tpm0,chardev=tpm"]
    return [*command, "-device", "tpm-tis,tpmdev=tpm0"]
