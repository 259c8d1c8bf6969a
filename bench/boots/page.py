"""Writes docs/boots.md: how the rig works, what its boots took, and what was answered."""

from collections.abc import Iterable, Mapping, Sequence

from boots.appraised import Answer
from boots.scenarios import SCENARIOS
from report import Row

_HEAD = """# Booted machines, appraised

Made by `make boots` (`bench/boots/run.py --write-docs`). Virtual machines boot with firmware that measures (OVMF), a TPM (swtpm)
and Linux's IMA, are tampered with, and quote from inside; `trueware appraise` then answers. Nothing of it is stored evidence:
every run has new nonces, new boots and, with `--fresh`, new TPMs and keys. {right} of {all} answers are right.

What is needed: root (for `security.ima`) and Debian's packages, which the command names if they are missing, says that it
skipped, and exits with 0:

```sh
apt-get install --no-install-recommends qemu-system-x86 ovmf systemd-boot-efi ima-evm-utils swtpm swtpm-tools tpm2-tools \\
  mtools dosfstools gdisk e2fsprogs attr busybox-static cpio openssl
make boots
python bench/boots/run.py --only command-line   # one boot; the others' evidence of before is used
python bench/boots/run.py --appraise            # no boot: the evidence of the last time, appraised again
```

## How it is made

1. **TPMs**: two, with certificates of their endorsement keys and platforms by one authority. Their states go on from boot to boot:
   each machine makes one attestation key when it boots first and keeps it, and its counter of starts goes up.
2. **Kernels**: the two newest of Debian 12, unpacked and not installed; an initrd of busybox with the modules that reach the disks.
3. **Root**: busybox, tpm2-tools, a few programs and their libraries, from the machine that makes it; signed by a key made for it
   (`evmctl`), as an ext4 image with its `security.ima` attributes. The changed one differs in `/usr/bin/id`, whose signature stays.
4. **Disk that boots**: systemd-boot, one entry, fixed identifiers in the partition table, for they are measured.
5. **PID 1** is a script (`evidence.sh`): quote, start a few programs, quote, do what the scenario says, quote. Nonces come in and
   evidence goes out on raw disks; there is no network.
6. **The rig checks itself first**: `tpm2_checkquote` verifies each quote, `tpm2_eventlog` and a replay of its own lead the two logs
   to the registers that were quoted. So a wrong answer is not the rig's.
7. **Reference values**: boot logs of boots of their own (`reference`, `older-reference`) and the root as a folder, each learnt as a
   release. What must be answered stands in `expected.py`, written before the answers were seen but for what is said below.

Evidence of the last run lies in `build/boots/evidence/SCENARIO`: the pieces of the boot, and a folder for each snapshot.

## What it takes

Without KVM (QEMU's own translation), one boot at a time, on 2 cores with other work beside it.

| what | wall seconds |
|---|--:|
"""
_MIDDLE = """
Appraising one snapshot takes {least:.1f} to {most:.1f} s, as a process of its own.

## What was answered

| question | expected | answered | right | said by, or why |
|---|---|---|---|---|
"""
_TAIL = """
## What it taught

* A program that is changed on the disk and **not started yet** leaves genuine evidence, and so does one that is started **from a
  tmpfs** under `ima_policy=tcb`. Both are expected here as GENUINE: what was not measured cannot be told. Of the second it is said
  that the policy leaves such places out (`ima-coverage`, not shown).
* An older kernel whose release nobody registered is TAMPERED, at the event that measured it: by its PCRs an unknown update and a
  changed kernel are the same thing. Once its release is known it is GENUINE by its own name, and a rollback is told of a device that
  is remembered, as a warning: the software is genuine.
* A list of files does not say whether a file was run or read. A program added in `/opt/implant` is told as data that no release has
  (`ima-data-known`), one in `/usr/bin` as a program (`ima-file-known`). The rig first expected the stricter rule for the first, which
  alone came to UNKNOWN; now both are added, and the two together are TAMPERED.
* Debian's kernels do not let the policy be read (`CONFIG_IMA_READ_POLICY`), so that it is known by the measured command line.

## What it does not cover

Secure Boot, shim and GRUB, other firmware, hardware TPMs, kexec, suspend, IMA's appraisal (files are measured, and run whatever their
signature), activation of credentials while the machine runs (keys are enrolled on the rig's word).
"""


def page(rows: Iterable[Row], answers: Sequence[Answer]) -> str:
    """Return the page."""
    values = {row["name"]: row["value"] or 0.0 for row in rows}
    right = sum(each.met for each in answers)
    lines = [_HEAD.replace("{right}", str(right)).replace("{all}", str(len(answers)))]
    lines += [f"| {what} | {seconds:.0f} |\n" for what, seconds in _taken(values)]
    taken = [each.seconds for each in answers]
    lines.append(_MIDDLE.format(least=min(taken, default=0.0), most=max(taken, default=0.0)))
    for each in answers:
        expected = " or ".join(each.expected.verdicts)
        lines.append(
            f"| {each.expected.name} | {expected} | {each.verdict} | {'yes' if each.met else '**no**'} | {each.where} |\n"
        )
    return "".join([*lines, _TAIL])


def _taken(values: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    """Give what took how many seconds."""
    if "set-up" in values:
        yield "set-up, once: kernels fetched, root made and signed, images, TPMs", values["set-up"]
    for scenario in SCENARIOS:
        if f"boot/{scenario.name}" in values:
            yield f"boot `{scenario.name}`: {scenario.about}", values[f"boot/{scenario.name}"]
