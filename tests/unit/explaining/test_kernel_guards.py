"""What the kernel is told to guard less."""

from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.errors import MalformedInput
from trueware.explaining.detectors.kernel_guards import KernelGuards
from trueware.explaining.reading.permissive_domains import permissive_in_cil, permissive_in_policy
from trueware.model.finding import Confidence, Severity


def policy(*permissive: int, version: int = 30) -> bytes:
    def bitmap(bits: tuple[int, ...]) -> bytes:
        nodes: dict[int, int] = {}
        for bit in bits:
            nodes[bit // 64 * 64] = nodes.get(bit // 64 * 64, 0) | 1 << bit % 64
        return pack("<III", 64, max(nodes, default=0), len(nodes)) + b"".join(
            pack("<IQ", first, node) for first, node in sorted(nodes.items())
        )

    head = pack("<II", 0xF97CFF8C, 8) + b"SE Linux" + pack("<IIII", version, 1, 8, 7)
    return head + bitmap((0, 2)) + bitmap(permissive) + b"the rest"


def change(path: str, before: bytes, after: bytes) -> list[str]:
    return rules(KernelGuards, case({path: before}, {path: after}))


def test_selinux_is_switched_off() -> None:
    path = "etc/selinux/config"
    assert change(path, b"SELINUX=enforcing\n", b"SELINUX=permissive\n") == ["selinux-relaxed"]
    assert change(path, b"SELINUX=enforcing\n", b"# a\nSELINUX = disabled\n") == ["selinux-relaxed"]
    assert change(path, b"SELINUX=permissive\n", b"SELINUX=disabled\n") == []
    assert change(path, b"SELINUX=enforcing\n", b"#SELINUX=disabled\nSELINUX=enforcing\n") == []
    assert change(path, b"SELINUX=enforcing\n", b"SELINUX=enforcing\nSELINUXTYPE=mls\n") == []


@pytest.mark.parametrize(
    "path", ["sepolicy", "vendor/etc/selinux/precompiled_sepolicy", "etc/selinux/targeted/policy/policy.33"]
)
def test_a_domain_of_a_binary_policy_is_permissive(path: str) -> None:
    assert change(path, policy(), policy(70, 1000)) == ["selinux-permissive-domain"]
    assert change(path, policy(5), policy(6) + b"x") == [], "as many as before, renumbered"
    assert change(path, policy(5), policy()) == []


def test_a_domain_in_cil_is_permissive() -> None:
    path, before = "system/etc/selinux/plat_sepolicy.cil", b"(type su)\n"
    assert change(path, before, before + b"( typepermissive su )\n") == ["selinux-permissive-domain"]
    assert change(path, before, before + b";(typepermissive su)\n") == []
    assert permissive_in_cil(b"(typepermissive a)(typepermissive b)") == {"a", "b"}


def test_old_policies_know_no_permissive_domains() -> None:
    assert permissive_in_policy(policy(5, version=22)) == frozenset()
    assert permissive_in_policy(policy(5, 64)) == {5, 64}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("kernel.kptr_restrict = 2\n", "kernel.kptr_restrict=0\n", ["kernel-guard-lowered"]),
        ("kernel/kptr_restrict = 2\n", "-kernel.kptr_restrict=1\n", ["kernel-guard-lowered"]),
        ("", "kernel.randomize_va_space = 0\n", ["kernel-guard-lowered"]),
        ("", "kernel.yama.ptrace_scope = 1\n", []),
        ("kernel.yama.ptrace_scope = 1\n", "kernel.yama.ptrace_scope = 2\n", []),
        ("kernel.yama.ptrace_scope = 1\n", "; a\n# b\nkernel.yama.ptrace_scope=1\n", []),
        ("kernel.yama.ptrace_scope = 1\n", "", ["kernel-guard-lowered"]),
        ("", "# kernel.randomize_va_space = 0\n", []),
        ("", "net.ipv4.ip_forward = 0\n", []),
        ("", "kernel.core_pattern = |/usr/bin/x %p\n", ["core-dump-program"]),
        ("", "kernel.core_pattern = core.%p\n", []),
        ("kernel.core_pattern=|/usr/bin/x\n", "kernel.core_pattern = |/usr/bin/x\n", []),
    ],
)
def test_settings(before: str, after: str, expected: list[str]) -> None:
    assert change("etc/sysctl.d/10-x.conf", before.encode(), after.encode()) == expected


def test_a_setting_that_is_gone_weighs_less() -> None:
    made = case({"etc/sysctl.conf": b"kernel.dmesg_restrict=1\n"}, {"etc/sysctl.conf": b"\n"})
    assert [(each.severity, each.confidence) for each in findings(KernelGuards, made)] == [
        (Severity.LOW, Confidence.LOW)
    ]


def test_nothing_is_said_where_the_genuine_bytes_are_not_at_hand() -> None:
    path = "etc/selinux/config"
    made = case({path: b"SELINUX=enforcing\n"}, {path: b"SELINUX=disabled\n"}, at_hand=False)
    assert rules(KernelGuards, made) == []


@given(st.binary())
def test_any_bytes_are_a_policy_or_refused(data: bytes) -> None:
    permissive_in_cil(data)
    for each in (data, policy()[:24] + data):
        with suppress(MalformedInput):
            permissive_in_policy(each)
