"""What a measurement list cannot show, by the policy under which the kernel measured.

The built-in policies leave out file systems whose content the kernel makes itself or that live in memory, tmpfs among them: a program
that is started from there is not measured, and the list looks as if nothing ran. A file is measured once for each content and
inode: renamed, it runs under a name that the list does not have. So a list is never proof that nothing else ran, and says so.

Source: Linux security/integrity/ima/ima_policy.c (dont_measure_rules, default_measurement_rules, original_measurement_rules,
critical_data_rules), Documentation/ABI/testing/ima_policy; seen in the corpus: a program on tmpfs that no list has.
"""

import re
from collections.abc import Iterable

from trueware.attestation.ima.checks import IMA_COVERAGE
from trueware.model.check import Check

LEFT_OUT = "tmpfs, ramfs, proc, sysfs, debugfs, securityfs, selinuxfs, cgroup, nsfs and efivarfs"
_WORD = re.compile(r"(?:^|[\s\0])(ima_policy|ima_tcb)(?:=(\S*))?")
_SOURCE = "ima_policy.c"
_RULE = re.compile(r"(?m)^\s*measure\b")
_TMPFS = re.compile(r"(?m)^\s*dont_measure\b[^\n]*fsmagic=0x0?1021994\b")


def coverage(policy: str | None, command_lines: Iterable[str]) -> tuple[Check, ...]:
    """Return what was not measured, and what of that is not known.

    Args:
        policy: text of the policy, as the device sent it: its own word; None or empty: it sent none.
        command_lines: the kernel's, as far as they are proved.
    """
    told = [
        IMA_COVERAGE.not_shown(
            "a file that was measured and renamed is not measured again: it may have run under another name",
            source=_SOURCE,
            expected_gap=True,
        )
    ]
    lines = list(command_lines)
    names = [name for line in lines for name in _policies(line)]
    if policy:
        told += _of_text(policy)
    elif names:
        told += _built_in(names)
    elif lines:
        told.append(
            _gap(
                "the kernel's command line names no policy of IMA; unless one was loaded later, nothing but the boot is measured"
            )
        )
    else:
        told.append(
            _gap("under which policy the device measures is not shown: send it, or quote the command line's register")
        )
    return tuple(told)


def _policies(line: str) -> list[str]:
    found: list[str] = []
    for match in _WORD.finditer(line):
        found += ["tcb"] if match[1] == "ima_tcb" else (match[2] or "").strip("\"'").split("|")
    return [each for each in found if each]


def _built_in(names: list[str]) -> list[Check]:
    told = []
    if "tcb" in names:
        told.append(
            _gap(
                f"with ima_policy=tcb nothing on {LEFT_OUT} is measured: programs that were started from there are not in the list"
            )
        )
        told.append(
            _gap(
                "with ima_policy=tcb files that others than root read are not measured; programs are, whoever runs them"
            )
        )
    elif set(names) & {"appraise_tcb", "secure_boot", "fail_securely"} and not set(names) & {"critical_data"}:
        told.append(_gap(f"ima_policy={'|'.join(names)} appraises and does not measure: the list holds the boot alone"))
    else:
        told.append(_gap(f"ima_policy={'|'.join(names)}: which programs it measures is not known here"))
    return told


def _of_text(policy: str) -> list[Check]:
    if not _RULE.search(policy):
        return [_gap("the policy that the device sent measures nothing")]
    told = [_gap("the policy was sent by the device itself, and no register proves it")]
    if _TMPFS.search(policy):
        told.append(_gap("nothing on tmpfs is measured: programs that were started from there are not in the list"))
    return told


def _gap(detail: str) -> Check:
    return IMA_COVERAGE.not_shown(detail, source=_SOURCE, expected_gap=True)
