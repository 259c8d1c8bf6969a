"""What the kernel is told to guard less: SELinux, and settings of sysctl that keep one program from another and from the kernel.

============================  ===================================================================
etc/selinux/config            ``SELINUX=`` enforcing, permissive, disabled
sepolicy, *.cil               domains that are permissive
sysctl.conf, sysctl.d         the settings below; of a key that repeats, the last value counts
============================  ===================================================================

A value is looser than another by the kernel's documentation; where a setting is not there, the kernel's own default counts, which
is not known here: taking one away is told with less confidence. Sources: Linux ``Documentation/admin-guide/sysctl/kernel.rst``,
``fs.rst``; sysctl.d(5); selinux_config(5); AOSP "Customize SELinux".
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.naming import counted, listing
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt, meaningful_lines
from trueware.explaining.reading.permissive_domains import permissive_in_cil, permissive_in_policy
from trueware.explaining.reading.sides import Sides, both_sides
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

SELINUX = Rule(
    "selinux-relaxed",
    "SELinux forbids nothing any more",
    Severity.HIGH,
    help="Every program that is broken into has all rights of its user; as root, all there are.",
    effect="privilege-opened",
)
DOMAINS = Rule(
    "selinux-permissive-domain",
    "SELinux forbids some programs nothing that it forbids them in the genuine software",
    Severity.HIGH,
    help="Tools that open root make their own domain permissive. Products for sale have none.",
    effect="privilege-opened",
)
LOWERED = Rule(
    "kernel-guard-lowered",
    "The kernel guards less against programs that attack it or each other",
    Severity.MEDIUM,
    help="It opens nothing by itself; it makes the next attack easier.",
    effect="hardening-lost",
)
CORE = Rule(
    "core-dump-program",
    "Whenever a program crashes, the kernel runs another program as root",
    Severity.MEDIUM,
    help="Whoever makes a program crash has it run. Look at what it is.",
    effect="start-up-persistence",
)

_SYSCTL = regex(r"(?:.*/)?(?:etc/sysctl\.conf|(?:etc|lib|usr/lib)/sysctl\.d/[^/]+\.conf)")
_CONFIG = regex(r"(?:.*/)?etc/selinux/config")
_CIL = regex(r"(?:.*/)?[^/]+\.cil")
_POLICY = regex(r"(?:.*/)?(?:sepolicy|precompiled_sepolicy|policy\.\d{2})")

_GUARDS = {
    "kernel.kptr_restrict": "addresses of the kernel are hidden",
    "kernel.dmesg_restrict": "messages of the kernel are for root",
    "kernel.yama.ptrace_scope": "programs cannot look into each other",
    "kernel.modules_disabled": "no modules are loaded any more",
    "kernel.unprivileged_bpf_disabled": "only root loads programs into the kernel",
    "kernel.perf_event_paranoid": "only root measures the kernel",
    "kernel.randomize_va_space": "programs lie at random addresses",
    "kernel.kexec_load_disabled": "no other kernel is loaded",
    "kernel.lockdown": "root cannot change the kernel",
    "fs.protected_symlinks": "links of others are not followed in shared folders",
    "fs.protected_hardlinks": "no links to files of others",
    "vm.mmap_min_addr": "nothing lies at address nothing",
}
"""Settings of which less is looser, by what more of them guards."""

_CORE = "kernel.core_pattern"


class KernelGuards:
    """What the kernel guards less."""

    subject: ClassVar[str] = "SELinux and settings of the kernel"
    rules: ClassVar[tuple[Rule, ...]] = (SELINUX, DOMAINS, LOWERED, CORE)
    wants: ClassVar[re.Pattern[str]] = re.compile("|".join(each.pattern for each in (_SYSCTL, _CONFIG, _CIL, _POLICY)))

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered, KernelGuards.wants)
        if sides is None:
            return
        if _CONFIG.fullmatch(altered.inner):
            yield from _configured(altered, sides)
        elif _SYSCTL.fullmatch(altered.inner):
            yield from _set(altered, sides)
        elif not altered.is_removed:
            yield from _domains(altered, sides)


def _configured(altered: Altered, sides: Sides) -> Iterator[Finding]:
    was, now = (_values(side).get("SELINUX", "").lower() for side in sides)
    if was == "enforcing" and now in ("permissive", "disabled"):
        yield altered.finding(SELINUX, now, Evidence("SELINUX", was, now))


def _values(data: bytes) -> dict[str, str]:
    pairs = (line.text.partition("=") for line in meaningful_lines(data, ("#", ";")))
    return {name.strip().lstrip("-").replace("/", "."): value.strip() for name, equals, value in pairs if equals}


def _set(altered: Altered, sides: Sides) -> Iterator[Finding]:
    old, new = map(_values, sides)
    for name, guard in _GUARDS.items():
        was, now = _number(old.get(name)), _number(new.get(name))
        if now is not None and (now < was if was is not None else now <= 0 and altered.change.found is not None):
            evidence = Evidence(name, old.get(name), excerpt(new[name]))
            yield altered.finding(LOWERED, f"{name}: no longer so that {guard}", evidence)
        elif now is None and was is not None and was > 0:
            evidence = Evidence(name, excerpt(old[name]), None)
            detail = f"{name} is not set any more, by which {guard}"
            yield altered.finding(LOWERED, detail, evidence, severity=Severity.LOW, confidence=Confidence.LOW)
    was_run, now_run = old.get(_CORE, ""), new.get(_CORE, "")
    if now_run.startswith("|") and now_run != was_run:
        yield altered.finding(CORE, excerpt(now_run, 100), Evidence(_CORE, excerpt(was_run) or None, excerpt(now_run)))


def _number(value: str | None) -> int | None:
    return int(value) if value is not None and re.fullmatch(r"-?\d{1,9}", value) else None


def _domains(altered: Altered, sides: Sides) -> Iterator[Finding]:
    if _CIL.fullmatch(altered.inner):
        names = sorted(permissive_in_cil(sides.after) - permissive_in_cil(sides.before))
        if names:
            yield altered.finding(DOMAINS, listing(names), Evidence("typepermissive", None, listing(names)))
        return
    before = permissive_in_policy(sides.before) if sides.before else frozenset()
    after = permissive_in_policy(sides.after) if sides.after else frozenset()
    if len(after) > len(before):
        evidence = Evidence("permissive domains", str(len(before)), str(len(after)))
        yield altered.finding(DOMAINS, f"{counted(len(after) - len(before), 'domain')} more", evidence)
