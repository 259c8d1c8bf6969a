"""Kernel command lines that a log shows, and options in them that weaken a system.

Only what was measured is read (`proving`). GRUB measures the line as ``kernel_cmdline: …`` and as the command ``linux …``;
systemd-boot and systemd-stub measure it in UTF-16. GRUB's label is not measured: a command line under the label of a command that
is none of those is not found here, but it is in PCR 9, where Linux' own measurement of it then has no event that shows it.

Sources of the reasons: Linux Documentation/admin-guide/kernel-parameters.txt, systemd kernel-command-line(7), dracut.cmdline(7).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from trueware.attestation.event_log import event_types as types
from trueware.attestation.event_log.log import Event, EventLog
from trueware.attestation.event_log.proving import Proof
from trueware.attestation.event_log.words import from_bytes, from_utf16

HOLDING: Final = (8, 11, 12)
"""PCRs with command lines as text: of GRUB, of systemd-stub's profiles, of systemd-boot and systemd-stub."""

TEXT_ALONE: Final = (8, 12)
"""Those of them of which every event has its text, from the boot loaders that are known."""

_KERNEL_COMMANDS: Final = ("linux ", "linuxefi ", "linux16 ", "multiboot ", "multiboot2 ", "module ", "module2 ")
_GRUB: Final = (b"grub_", b"kernel_cmdline", b"module_cmdline")
_LONGEST: Final = 8_192
"""Characters of a line that is read; Linux takes 2,048 to 4,096."""
_MOST_LINES: Final = 32
_WORD: Final = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command line that was measured."""

    text: str
    event: int
    """Number of the event that shows it."""


@dataclass(frozen=True, slots=True)
class WeakOption:
    """An option that weakens a system."""

    name: str
    values: frozenset[str] | None
    """Those that weaken; None: any, or none at all."""

    reason: str
    grave: bool = False
    """Whether it hands the system over, rather than taking one of several protections away."""


def _weak(name: str, values: str, reason: str, *, grave: bool = False) -> WeakOption:
    return WeakOption(name, frozenset(values.split("|")) if values else None, reason, grave)


_CPU = "attacks by speculative execution are not prevented"
_DMA = "devices can read and write all memory"

WEAK_OPTIONS: Final = (
    _weak("lockdown", "none", "root may change the running kernel"),
    _weak("mitigations", "off", _CPU),
    *(
        _weak(name, "off", _CPU)
        for name in (
            "spectre_v2",
            "spectre_v2_user",
            "spectre_bhi",
            "spec_store_bypass_disable",
            "l1tf",
            "mds",
            "tsx_async_abort",
            "mmio_stale_data",
            "retbleed",
            "gather_data_sampling",
            "spec_rstack_overflow",
            "reg_file_data_sampling",
            "pti",
            "kpti",
        )
    ),
    *(_weak(name, "", _CPU) for name in ("nopti", "nospectre_v1", "nospectre_v2", "nospectre_bhb")),
    *(
        _weak(name, "", "protections of the processor against faults in the kernel are off")
        for name in ("nosmep", "nosmap")
    ),
    _weak("nokaslr", "", "addresses of the kernel are known to attackers"),
    _weak("module.sig_enforce", "0|n|no|off", "kernel modules need no signature", grave=True),
    _weak("selinux", "0", "SELinux is off"),
    _weak("enforcing", "0", "SELinux only reports what it should prevent"),
    _weak("apparmor", "0", "AppArmor is off"),
    _weak("security", "none", "no security module is on"),
    _weak("iommu", "off", _DMA),
    _weak("intel_iommu", "off", _DMA),
    _weak("amd_iommu", "off", _DMA),
    _weak("efi", "no_disable_early_pci_dma", "devices can write to memory while the kernel starts"),
    _weak("ima_appraise", "off|fix|log", "files need no valid signature"),
    _weak("evm", "fix", "attributes of files are signed anew, whatever they are"),
    _weak("audit", "0|off", "nothing is recorded in the audit log"),
    _weak("iomem", "relaxed", "programs can write to devices' memory"),
    _weak("debugfs", "on", "insides of the kernel are open to root"),
    _weak("kgdboc", "", "a debugger can be attached to the kernel", grave=True),
    _weak("kgdbwait", "", "the kernel waits for a debugger", grave=True),
    _weak("vsyscall", "native", "known addresses that attackers can jump to"),
    _weak("tpm.disable_pcr_integrity", "1|y|on", "what the TPM answers about PCRs is not protected on its way"),
    _weak("systemd.verity", "0|no|off|false", "the file system is not checked while it is read", grave=True),
    _weak("rd.systemd.verity", "0|no|off|false", "the file system is not checked while it is read", grave=True),
    _weak("androidboot.veritymode", "disabled|logging", "the file system is not checked while it is read", grave=True),
    _weak("androidboot.verifiedbootstate", "orange", "the boot loader is unlocked", grave=True),
    _weak("rdinit", "", "another program starts first than the initrd's own", grave=True),
    _weak("rd.break", "", "boot stops with a shell of root", grave=True),
    _weak("rd.shell", "", "boot offers a shell of root where it fails"),
    _weak("systemd.debug_shell", "", "a shell of root is open on a console", grave=True),
    _weak("systemd.unit", "rescue.target|emergency.target", "a shell of root is started, and no service", grave=True),
    *(
        _weak(name, "", "a shell of root is started, and no service", grave=True)
        for name in ("single", "emergency", "rescue")
    ),
)
"""Options by name, ``-`` written ``_``; what is not in it says nothing about safety."""

_INITS: Final = frozenset({"/sbin/init", "/usr/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd", "/init"})
_BY_NAME: Final = {
    name: tuple(each for each in WEAK_OPTIONS if each.name == name) for name in {each.name for each in WEAK_OPTIONS}
}


@dataclass(frozen=True, slots=True)
class Weakness:
    """An option that was found."""

    option: str
    """As it stands there: ``mitigations=off``."""

    reason: str
    grave: bool
    event: int


def command_lines(log: EventLog, proofs: tuple[Proof, ...]) -> tuple[tuple[CommandLine, ...], tuple[int, ...]]:
    """Return the command lines that were measured, each text once, and events with more than is read."""
    holding = {log.register_of(pcr): pcr for pcr in HOLDING}
    found: dict[str, int] = {}
    unread: list[int] = []
    for event, proof in zip(log.events, proofs, strict=True):
        if event.kind != types.IPL or proof.holds is not True or event.pcr not in holding:
            continue
        text = _line_of(event, proof, plain=event.pcr in TEXT_ALONE and holding[event.pcr] == event.pcr)
        if len(text) > _LONGEST or (len(found) >= _MOST_LINES and text not in found):
            unread.append(event.number)
        elif text:
            found.setdefault(text, event.number)
    return tuple(CommandLine(text, number) for text, number in found.items()), tuple(unread)


def _line_of(event: Event, proof: Proof, *, plain: bool) -> str:
    """Return the command line that an event shows, empty where it shows none.

    Args:
        event: of a register that holds command lines.
        proof: that it was measured.
        plain: whether text without a label, and not in UTF-16, is one too.
    """
    measured = event.data[proof.start : proof.end]
    if proof.start:
        text = from_bytes(measured)
        if text.startswith(_KERNEL_COMMANDS):
            return text.partition(" ")[2]
        return "" if event.data.startswith(b"grub_cmd") else text
    if event.data.startswith(_GRUB):
        return ""
    if len(measured) >= 4 and measured[1] == 0:
        return from_utf16(measured)
    return from_bytes(measured) if plain else ""


def weaknesses(lines: Iterable[CommandLine]) -> tuple[Weakness, ...]:
    """Return the options that weaken a system, each once, in order."""
    found: dict[str, Weakness] = {}
    for line in lines:
        for option, reason, grave in _weak_words(line.text):
            found.setdefault(option, Weakness(option, reason, grave, line.event))
    return tuple(found.values())


@lru_cache(256)  # devices of one fleet have the same few lines
def words_of(text: str) -> tuple[str, ...]:
    """Return the options of a line: words, where quotes keep blanks; what is behind ``--`` is not the kernel's."""
    words = [word.replace('"', "") for word in _WORD.findall(text)]
    return tuple(words[: words.index("--")] if "--" in words else words)


@lru_cache(256)
def _weak_words(text: str) -> tuple[tuple[str, str, bool], ...]:
    """Return the options of a line that weaken a system: option, reason, and whether it is grave."""
    return tuple((word, *weak) for word in words_of(text) if (weak := _weakness(word)) is not None)


def _weakness(word: str) -> tuple[str, bool] | None:
    """Return why an option weakens a system, and whether it is grave."""
    name, equals, value = word.partition("=")
    name = name.replace("-", "_")
    if name == "init" and equals and value not in _INITS:
        return f"another program starts first than the system's own: {value}", True
    for option in _BY_NAME.get(name, ()):
        if option.values is None:
            if value not in ("0", "no", "off", "false"):
                return option.reason, option.grave
        elif any(each in option.values for each in value.lower().split(",")):
            return option.reason, option.grave
    return None
