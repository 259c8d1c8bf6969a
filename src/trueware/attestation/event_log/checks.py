"""The rules of boot event logs. Sources: RFC 9683 §3.2, TCG PC Client Platform Firmware Profile 1.06 §3.3, §8, §10."""

from typing import Final

from trueware.model.check import Aspect, CheckRule, Distrust

_REFUSED: Final = 99

EVENT_LOG_WHOLE: Final = CheckRule(
    "event-log-whole",
    Aspect.EVIDENCE,
    "the boot log can be read to its end",
    contradicted=_REFUSED,
    supported=0,
    help="Read the log again on the device; one that is cut or damaged is not what firmware wrote.",
    distrust=Distrust.POLICY,
)
EVENT_LOG_REPLAY: Final = CheckRule(
    "event-log-replay",
    Aspect.EVIDENCE,
    "the boot log leads to the PCRs that were signed",
    contradicted=_REFUSED,
    supported=0,
    help="Somebody changed the log, or it is of another boot. Where an operating system extends registers of its own after "
    "booting, its own log is needed too.",
    distrust=Distrust.PCRS,
)
EVENT_LOG_BANK: Final = CheckRule(
    "event-log-bank",
    Aspect.EVIDENCE,
    "the PCRs that were signed are of a bank that the boot log has, and that cannot be forged",
    contradicted=_REFUSED,
    supported=0,
    help="Ask for PCRs of SHA-256 or better. A bank that firmware does not extend can be given any value later (CVE-2021-42299).",
    distrust=Distrust.PCRS,
)
EVENT_LOG_TRAILING: Final = CheckRule(
    "event-log-trailing",
    Aspect.EVIDENCE,
    "all events of the boot log were measured before the PCRs were signed",
    contradicted=_REFUSED,
    supported=0,
    help="Ask for another quote, to cover the events that came later.",
)
EVENT_DATA_DIGEST: Final = CheckRule(
    "event-data-digest",
    Aspect.EVIDENCE,
    "what events say is what was measured, wherever it must be",
    contradicted=_REFUSED,
    supported=0,
    help="The log was edited on its way: its digests were kept and its words changed. What was measured is another thing.",
    distrust=Distrust.POLICY,
)
EVENT_KNOWN_GOOD: Final = CheckRule(
    "event-known-good",
    Aspect.BOOT,
    "events are those of a boot that is known to be good",
    help="The first event that differs says what was changed; those after it may differ only because of it.",
    distrust=Distrust.KNOWN_GOOD,
)
BOOT_SEPARATOR: Final = CheckRule(
    "boot-separator",
    Aspect.BOOT,
    "firmware closed each of its registers before it started anything else, and could measure all it should",
    supported=0,
    help="Without the separator, software that ran later can have measured what is taken for firmware's.",
    distrust=Distrust.POLICY,
)
SECURE_BOOT: Final = CheckRule(
    "secure-boot",
    Aspect.CONFIGURATION,
    "programs needed a valid signature to start while booting",
    contradicted=32,
    supported=0,
    help="Switch on Secure Boot in the firmware's settings, and leave setup and audit mode.",
    distrust=Distrust.POLICY,
)
SECURE_BOOT_LISTS: Final = CheckRule(
    "secure-boot-lists",
    Aspect.CONFIGURATION,
    "there is a list of programs that must not start although they are signed (dbx)",
    contradicted=32,
    supported=0,
    help="Without it, old boot loaders with known holes start. Install the current list (fwupd, or the system's updates).",
    distrust=Distrust.POLICY,
)
BOOT_DEBUG: Final = CheckRule(
    "boot-debug",
    Aspect.CONFIGURATION,
    "no debugger could be attached and no device could write to memory while booting",
    supported=0,
    help="Whoever is at the device could have changed anything while it booted, and no measurement shows it.",
    distrust=Distrust.POLICY,
)
BOOT_COMMAND_LINE: Final = CheckRule(
    "boot-command-line",
    Aspect.CONFIGURATION,
    "the kernel was started without options that weaken it",
    contradicted=32,
    supported=0,
    help="Take the options out of the boot loader's settings, or find out who put them there.",
    distrust=Distrust.POLICY,
)
BOOT_IMA_POLICY: Final = CheckRule(
    "boot-ima-policy",
    Aspect.EXECUTABLES,
    "the kernel was told to measure the programs that it runs",
    supported=0,
    help="Without ima_policy= on the command line (or a policy that is loaded later) programs run unmeasured.",
)
BOOT_HANDED_OVER: Final = CheckRule(
    "boot-handed-over",
    Aspect.BOOT,
    "firmware handed over to an operating system",
    supported=0,
    help="A log without it was read before firmware was done, or by a loader that does not pass on the last events.",
)

RULES: Final = (
    EVENT_LOG_WHOLE,
    EVENT_LOG_REPLAY,
    EVENT_LOG_BANK,
    EVENT_LOG_TRAILING,
    EVENT_DATA_DIGEST,
    EVENT_KNOWN_GOOD,
    BOOT_SEPARATOR,
    SECURE_BOOT,
    SECURE_BOOT_LISTS,
    BOOT_DEBUG,
    BOOT_COMMAND_LINE,
    BOOT_IMA_POLICY,
    BOOT_HANDED_OVER,
)
