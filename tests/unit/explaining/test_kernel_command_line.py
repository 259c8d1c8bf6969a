"""What kernels are told at their start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import File, Tree, case, findings, rules

from trueware.explaining.detectors.kernel_command_line import KernelCommandLine
from trueware.explaining.reading.kernel_parameters import loosened, read_parameters

PLAIN = "console=ttyS0,115200 root=/dev/sda1 ro quiet"


def test_parameters_are_read_as_the_kernel_reads_them() -> None:
    line = 'a=1 b-c="x y" "d=e f" a=2 flag -- init=/bin/sh'
    assert read_parameters(line) == {"a": "1 2", "b_c": "x y", "d": "e f", "flag": ""}


@given(st.text(max_size=200))
def test_any_text_is_read(line: str) -> None:
    read_parameters(line)
    assert list(loosened(line, line)) == []


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("", "init=/bin/sh", "init"),
        ("rdinit=/init", "rdinit=/tmp/x", "init"),
        ("", "selinux=0", "mandatory-access"),
        ("enforcing=1", "", "mandatory-access"),
        ("", "androidboot.selinux=permissive", "mandatory-access"),
        ("module.sig_enforce=1", "", "verification"),
        ("module.sig-enforce=1", "module.sig_enforce=0", "verification"),
        ("lockdown=integrity", "", "verification"),
        ("androidboot.veritymode=enforcing", "androidboot.veritymode=disabled", "verification"),
        ('dm="1 vroot none ro 1,0 8 verity 1 a b" root=/dev/dm-0', "root=/dev/mmcblk0p2", "verification"),
        ("", "nokaslr", "hardening"),
        ("mitigations=auto", "mitigations=off", "hardening"),
        ("", "single", "rescue"),
        ("", "systemd.unit=rescue.target", "rescue"),
        ("", "kgdboc=ttyS0", "debugger"),
    ],
)
def test_loosened(before: str, after: str, kind: str) -> None:
    assert [each.kind for each in loosened(f"{PLAIN} {before}", f"{after} {PLAIN}")] == [kind]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("init=/sbin/init", "init=/sbin/init"),
        ("init=/bin/sh", ""),
        ("", "selinux=1"),
        ("selinux=0", "selinux=0"),
        ("selinux=0", ""),
        ("", "module.sig_enforce=1"),
        ("", "root=/dev/sdb1"),
        ("systemd.unit=a.target", "systemd.unit=multi-user.target"),
        ("", "single_thread"),
        ("", "systemd.debug_shell=0"),
    ],
)
def test_not_loosened(before: str, after: str) -> None:
    assert list(loosened(f"{PLAIN} {before}", f"{after} {PLAIN}")) == []


def _boot(line: str, name: str = "command-line") -> File:
    return File(b"x", format="boot", facts=((name, line),))


SETTINGS = "u-boot.bin!/settings"
PLACES: list[tuple[Tree, Tree]] = [
    ({"boot.img": _boot("a=1")}, {"boot.img": _boot("a=1 selinux=0")}),
    (
        {"vbmeta.img": _boot("flags none: a=1", "command-line/0")},
        {"vbmeta.img": _boot("flags none: a=1 selinux=0", "command-line/0")},
    ),
    ({"x.dtb!/chosen/bootargs": b"a=1\0"}, {"x.dtb!/chosen/bootargs": b"a=1 selinux=0\0"}),
    ({SETTINGS: b"bootargs=a=1\0x=1\0\0"}, {SETTINGS: b"x=1\0bootargs=selinux=0\0\0"}),
    ({"boot/cmdline.txt": b"a=1\n"}, {"boot/cmdline.txt": b"a=1 selinux=0\n"}),
    (
        {"boot/grub/grub.cfg": b"menuentry x {\n linux /vmlinuz a=1\n}\n"},
        {"boot/grub/grub.cfg": b"menuentry x {\n linux /vmlinuz selinux=0\n}\n"},
    ),
    ({"boot/extlinux/extlinux.conf": b"APPEND a\n"}, {"boot/extlinux/extlinux.conf": b"  append a selinux=0\n"}),
    (
        {"etc/default/grub": b'GRUB_CMDLINE_LINUX="quiet"\n'},
        {"etc/default/grub": b'GRUB_CMDLINE_LINUX="quiet selinux=0"\n'},
    ),
    ({"boot/uEnv.txt": b"bootargs=a\n"}, {"boot/uEnv.txt": b"bootargs=a selinux=0\n"}),
]


@pytest.mark.parametrize("number", range(len(PLACES)))
def test_places_in_which_command_lines_stand(number: int) -> None:
    before, after = PLACES[number]
    assert rules(KernelCommandLine, case(before, after)) == ["kernel-access-control-off"]
    assert rules(KernelCommandLine, case(after, {**after, "other": b""})) == []


def test_what_loosens_nothing_is_told_as_well() -> None:
    (found,) = findings(KernelCommandLine, case({"b": _boot("a=1")}, {"b": _boot("a=2")}))
    assert (found.rule, found.evidence[0].expected, found.evidence[0].found) == (
        "kernel-command-line-changed",
        "a=1",
        "a=2",
    )
    assert rules(KernelCommandLine, case({"b": _boot("a=1 b")}, {"b": _boot("b  a=1")})) == [], "another order"


def test_each_kind_has_a_rule() -> None:
    line = "init=/bin/sh selinux=0 lockdown=none nokaslr single kdb"
    assert rules(KernelCommandLine, case({"b": _boot("")}, {"b": _boot(line)})) == [
        "kernel-access-control-off",
        "kernel-checks-off",
        "kernel-debugger-on",
        "kernel-hardening-off",
        "kernel-starts-another-program",
        "kernel-starts-rescue-shell",
    ]


def test_a_new_image_is_compared_with_nothing() -> None:
    assert rules(KernelCommandLine, case({}, {"b": _boot("selinux=0")})) == []
    assert rules(KernelCommandLine, case({}, {"boot/cmdline.txt": b"selinux=0"})) == []


def test_one_more_entry_of_a_loader() -> None:
    entry = b"linux /vmlinuz root=/dev/sda1\n"
    made = case(
        {"boot/grub/grub.cfg": entry}, {"boot/grub/grub.cfg": entry + b"linux /vmlinuz root=/dev/sda1 single\n"}
    )
    assert rules(KernelCommandLine, made) == ["kernel-starts-rescue-shell"]
