"""Settings of the boot loader U-Boot: checks switched off, another way to start, a console opened, another server to start from.

What U-Boot counts or finds out by itself (``bootcount``, ``filesize``, addresses it got) and what differs on each device
(``ethaddr``, ``serial#``) is no finding. What the kernel is told is another subject (`kernel_command_line`). Source: U-Boot
``doc/usage/environment.rst``, ``doc/usage/fit/verified-boot.rst``, ``common/autoboot.c``.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.uboot import is_environment, read_settings
from trueware.model.finding import Evidence, Finding, Rule, Severity

CHECKS = Rule(
    "boot-loader-checks-off",
    "The boot loader is told not to check what it starts",
    Severity.HIGH,
    help="A kernel or file system that was changed starts as if it were genuine.",
    effect="verification-disabled",
)
COMMAND = Rule(
    "boot-command-changed",
    "The boot loader starts the device in another way",
    Severity.HIGH,
    help="Compare the commands: from where it loads, what it writes to memory or flash, and what it skips.",
    effect="boot-altered",
)
CONSOLE = Rule(
    "boot-console-opened",
    "The boot loader waits for somebody at its console, which the genuine one does not",
    Severity.MEDIUM,
    help="Whoever reaches the serial port can stop the start, and read and change everything.",
    effect="local-access",
)
SERVER = Rule(
    "boot-server-changed",
    "The boot loader loads from another server",
    Severity.MEDIUM,
    help="Whoever answers at that address decides what the device starts when it starts over the network.",
    effect="update-redirected",
)
OTHER = Rule(
    "boot-environment-changed",
    "Another setting of the boot loader differs",
    Severity.LOW,
    help="Nothing in it is known to make the device less safe.",
    effect="boot-altered",
)

_OF_THE_DEVICE = regex(
    r"""boot_?count|bootlimit|upgrade_available|ustate|file(?:addr|size)|fdtcontroladdr|(?:eth|usbeth)\d*addr|eth(?:act|prime|rotate)
    |wlanaddr|mac\w*|serial\#?|\w*serial_?n\w*|hwid|board_rev\w*|ver|std(?:in|out|err)_?|ipaddr\d*|netmask|gatewayip|dnsip\d*|hostname
    |BOOT_\w+_LEFT|BOOT_ORDER|rauc_slot|mender_\w+|bootslot|active_slot|slot_\w+""",
    re.VERBOSE,
)
_COMMANDS = regex(
    r"(?:alt|net|usb|mmc|nand|nor|nfs|ubi|emmc|sd)?_?boot_?cmd\w*|preboot|boot_targets|bootcmd_\w+|distro_bootcmd"
)
_CHECKS = regex(
    r"verify\w*|\w*verif\w*|secure_?boot\w*|sec_?boot|\w*verity\w*|\w*authenticat\w*|lock(?:ed)?|avb\w*", re.IGNORECASE
)
_OFF = frozenset({"n", "no", "0", "off", "false", "disable", "disabled", "unlocked", "none", "orange", ""})
_LONGEST = 128
"""Characters of a name."""

_SERVERS = frozenset({"serverip", "bootfile", "rootpath", "tftpserverip", "httpserverip"})


class BootEnvironment:
    """Settings of U-Boot."""

    subject: ClassVar[str] = "settings of the boot loader"
    rules: ClassVar[tuple[Rule, ...]] = (CHECKS, COMMAND, CONSOLE, SERVER, OTHER)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"settings")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered) if is_environment(altered) else None
        if sides is None:
            return
        old, new = (read_settings(side) for side in sides)
        for name in dict.fromkeys((*old, *new)):
            before, after = old.get(name), new.get(name)
            is_the_devices = len(name) <= _LONGEST and _OF_THE_DEVICE.fullmatch(name)
            if before != after and name != "bootargs" and not is_the_devices:
                words = f"{name} is {after!r}" if after is not None else f"{name} is gone"
                evidence = Evidence(name, _shown(before), _shown(after))
                yield altered.finding(_rule(name, before, after), excerpt(words), evidence)


def _rule(name: str, before: str | None, after: str | None) -> Rule:
    """Return what a setting that differs means."""
    if len(name) > _LONGEST:
        return OTHER
    if _CHECKS.fullmatch(name) and _is_off(after) and not _is_off(before):
        return CHECKS
    if name == "bootdelay" and _is_opened(before, after):
        return CONSOLE
    if name == "silent" and before is not None and after in {None, "0", "no"}:
        return CONSOLE
    if _COMMANDS.fullmatch(name):
        return COMMAND
    return SERVER if name in _SERVERS else OTHER


def _is_off(value: str | None) -> bool:
    return value is not None and value.strip().casefold() in _OFF


def _is_opened(before: str | None, after: str | None) -> bool:
    """Tell whether a ``bootdelay`` makes U-Boot wait: -1 for ever, -2 and 0 not at all; unset, as long as it was built to."""
    if (after or "").strip() == "-1":
        return True
    return (
        before is not None
        and before.strip() in {"0", "-2"}
        and re.fullmatch(r"\s*0*[1-9]\d*\s*", after or "") is not None
    )


def _shown(value: str | None) -> str | None:
    return excerpt(value) if value is not None else None
