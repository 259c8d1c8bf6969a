"""What a kernel is told at its start, wherever it is told so: another first program, protections and checks switched off.

======================================  ==============================================================
Android boot and vendor_boot images     command lines of the header, as facts
vbmeta                                  descriptors for the command line, as facts
device tree                             ``chosen/bootargs``
boot loaders                            ``grub.cfg``, ``extlinux.conf``, loader entries, ``cmdline.txt``,
                                        settings of U-Boot (``bootargs``)
======================================  ==============================================================
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.kernel_parameters import Loosened, loosened, read_parameters
from trueware.explaining.reading.lines import excerpt, meaningful_lines
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.uboot import is_environment, read_settings
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.part import Part

INIT = Rule(
    "kernel-starts-another-program",
    "The kernel is told to start another first program",
    Severity.HIGH,
    help="It runs before everything else and with all rights. A shell there is a door for whoever is at the device.",
    effect="boot-altered",
)
ACCESS = Rule(
    "kernel-access-control-off",
    "The kernel is told to start without its mandatory access control",
    Severity.HIGH,
    help="SELinux or AppArmor no longer confine what programs may do: one that is broken into has the whole device.",
    effect="privilege-opened",
)
CHECKS = Rule(
    "kernel-checks-off",
    "The kernel is told not to check what it loads or starts",
    Severity.HIGH,
    help="Modules, file systems or programs that were changed run as if they were genuine.",
    effect="verification-disabled",
)
HARDENING = Rule(
    "kernel-hardening-off",
    "The kernel is told to do without protections against exploits",
    Severity.MEDIUM,
    help="Weaknesses in it are easier to use.",
    effect="hardening-lost",
)
RESCUE = Rule(
    "kernel-starts-rescue-shell",
    "The device is told to start into a rescue or debugging shell",
    Severity.HIGH,
    help="Whoever reaches its console has all rights, often without a password.",
    effect="local-access",
)
DEBUGGER = Rule(
    "kernel-debugger-on",
    "The kernel is told to offer its debugger",
    Severity.MEDIUM,
    help="Whoever reaches its serial port can read and change all memory.",
    effect="local-access",
)
CHANGED = Rule(
    "kernel-command-line-changed",
    "The kernel is told something else at its start",
    Severity.LOW,
    help="Nothing in it is known to make the device less safe.",
    effect="boot-altered",
)

_RULES = {
    "init": INIT,
    "mandatory-access": ACCESS,
    "verification": CHECKS,
    "hardening": HARDENING,
    "rescue": RESCUE,
    "debugger": DEBUGGER,
}
_FACTS = regex(r"(?:extra-)?command-line(?:/\d+)?")
_LOADER = regex(
    r"""(?:.*/)?(?:grub[^/]*\.cfg|menuentries\.cfg|cmdline\.txt|cmdline|extlinux\.conf|syslinux\.cfg|isolinux\.cfg
    |loader/entries/[^/]+\.conf|default/grub(?:\.d/[^/]+)?|u[eE]nv\.txt|armbianEnv\.txt|u-boot-initial-env)""",
    re.VERBOSE,
)
_LINE = regex(
    r"""(?:linux(?:16|efi)?\s+\S+|kernel\s+\S+|append|options|GRUB_CMDLINE_LINUX\w*\s*=|bootargs\w*\s*=|extraargs\s*=|cmdline\s*=
    |set\s+(?:kernelopts|bootargs|cmdline)\s*=)\s*(?P<words>.*)""",
    re.VERBOSE | re.IGNORECASE,
)
_BARE = regex(r"cmdline(?:\.txt)?")


class KernelCommandLine:
    """Command lines of kernels."""

    subject: ClassVar[str] = "what the kernel is told at its start"
    rules: ClassVar[tuple[Rule, ...]] = (INIT, ACCESS, CHECKS, HARDENING, RESCUE, DEBUGGER, CHANGED)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"[\s\S]*")  # images tell it as facts, wherever they lie

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        for where, before, after in _command_lines(altered):
            found = list(loosened(before, after))
            for each in found:
                yield _told(altered, where, each)
            if not found and read_parameters(before) != read_parameters(after):
                evidence = Evidence(where, excerpt(before) or None, excerpt(after) or None)
                yield altered.finding(CHANGED, f"{where} changed", evidence)


def _told(altered: Altered, where: str, each: Loosened) -> Finding:
    words = f"{each.after} was set" if each.after is not None else f"{each.before} is gone"
    before, after = (excerpt(side) if side is not None else None for side in (each.before, each.after))
    return altered.finding(_RULES[each.kind], excerpt(words), Evidence(f"{each.name} in {where}", before, after))


def _command_lines(altered: Altered) -> Iterator[tuple[str, str, str]]:
    """Yield the command lines of both sides that differ, with what to call them; one that a side has not is empty."""
    old, new = _facts(altered.change.expected), _facts(altered.change.found)
    if altered.change.expected is not None:  # a new image has nothing to be compared with
        for name in dict.fromkeys((*old, *new)):
            if old.get(name) != new.get(name):
                yield name, old.get(name, ""), new.get(name, "")
    if altered.inner.endswith("chosen/bootargs"):
        if (sides := both_sides(altered)) is not None:
            before, after = (side.rstrip(b"\0").decode("utf-8", "backslashreplace") for side in sides)
            yield "bootargs", before, after
    elif is_environment(altered):
        if (sides := both_sides(altered)) is not None:
            before, after = (read_settings(side).get("bootargs", "") for side in sides)
            if before != after:
                yield "bootargs", before, after
    elif _LOADER.fullmatch(altered.inner) and (sides := both_sides(altered)) is not None and sides.before:
        yield from _of_loader(altered, *sides)


def _facts(part: Part | None) -> dict[str, str]:
    if part is None:
        return {}
    # what a descriptor of vbmeta says of itself stands in front: ``flags none: text``
    return {
        name: value.partition(": ")[2] if "/" in name else value for name, value in part.facts if _FACTS.fullmatch(name)
    }


def _of_loader(altered: Altered, before: bytes, after: bytes) -> Iterator[tuple[str, str, str]]:
    """Pair the command lines of a loader's configuration in order; one more than before is compared with the last there was."""
    is_bare = _BARE.fullmatch(altered.name) is not None
    old, new = (list(_lines(side, is_bare=is_bare)) for side in (before, after))
    known_lines = frozenset(old)
    for number, line in enumerate(new):
        known = old[min(number, len(old) - 1)] if old else ""
        if line not in known_lines:
            yield f"command line {number + 1}", known, line
    if not new and old:
        yield "command line 1", old[0], ""


def _lines(data: bytes, *, is_bare: bool) -> Iterator[str]:
    for line in meaningful_lines(data, continued=True):
        if is_bare:
            yield line.text
        elif found := _LINE.fullmatch(line.text):
            words = found["words"].strip()
            yield words[1:-1] if len(words) > 1 and words[0] == words[-1] and words[0] in "\"'" else words
