"""What is said of kernel modules."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from trueware.explaining.detectors.kernel_modules import KernelModules
from trueware.explaining.detectors.programs import Programs
from trueware.model.finding import Finding, Severity

from .cases import File, all_rules, case, findings
from .elf_files import Made

PATH = "lib/modules/5.4/kernel/net/x.ko"
SIGNED = b"\1" * 40 + b"~Module signature appended~\n"
GCC = shutil.which("gcc")


def module(tmp_path: Path, *calls: str, body: str = "return 1;", strip: bool = False, license: str = "GPL") -> bytes:  # noqa: A002
    """Return an object file such as a kernel module is, made by gcc."""
    if GCC is None:
        pytest.skip("no gcc")
    source = "".join(f"extern int {name}(void);\n" for name in calls)
    source += 'static const char info[] __attribute__((section(".modinfo"), used)) = '
    source += f'"license={license}\\0vermagic=5.4 SMP\\0name=x";\n'
    source += f"int helper(int a) {{ {body} }}\n"
    source += "int init_module(void) { return helper(2) " + "".join(f"+ {name}()" for name in calls) + "; }\n"
    (tmp_path / "m.c").write_text(source)
    subprocess.run([GCC, "-O1", "-c", "-fno-inline", "m.c", "-o", "m.o"], cwd=tmp_path, check=True, capture_output=True)
    if strip:
        subprocess.run(["strip", "--strip-debug", "m.o"], cwd=tmp_path, check=True)
    return (tmp_path / "m.o").read_bytes()


def both_ways(genuine: bytes, suspect: bytes) -> dict[str, Finding]:
    ways = [
        {
            each.rule: each
            for each in findings(KernelModules, case({PATH: genuine}, {PATH: suspect}, at_hand=not way, portraits=way))
        }
        for way in (False, True)
    ]
    assert ways[0].keys() == ways[1].keys()
    return ways[0]


def added(content: bytes, beside: dict[str, bytes | File] | None = None) -> dict[str, Finding]:
    there = {"lib/a": b"", **(beside or {})}
    return {each.rule: each for each in findings(KernelModules, case(there, {**there, PATH: content}))}


def test_a_changed_function_is_named(tmp_path: Path) -> None:
    told = both_ways(module(tmp_path), module(tmp_path, body="return a == 7 ? 0 : 1;"))
    assert told.keys() == {"kernel-module-changed"}
    assert "helper" in told["kernel-module-changed"].detail + str(told["kernel-module-changed"].evidence)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("register_kprobe", "kernel-module-hooks"),
        ("nf_register_net_hook", "kernel-module-sees-traffic"),
        ("register_keyboard_notifier", "kernel-module-sees-keys"),
        ("commit_creds", "kernel-module-gives-rights"),
    ],
)
def test_what_it_takes_hold_of(tmp_path: Path, name: str, rule: str) -> None:
    plain, hooking = module(tmp_path, "printk"), module(tmp_path, "printk", name)
    assert both_ways(plain, hooking).keys() == {"kernel-module-changed", rule}
    assert both_ways(hooking, plain).keys() == {"kernel-module-changed"}
    assert added(hooking).keys() == {"kernel-module-added", rule}
    assert added(plain).keys() == {"kernel-module-added"}


def test_an_ability_that_was_there_is_none_gained(tmp_path: Path) -> None:
    old, new = (
        module(tmp_path, "nf_register_net_hook"),
        module(tmp_path, "nf_register_net_hook", "nf_register_net_hooks"),
    )
    assert both_ways(old, new).keys() == {"kernel-module-changed"}


def test_another_licence_text_or_stripping_is_no_other_code(tmp_path: Path) -> None:
    plain = module(tmp_path)
    assert both_ways(plain, module(tmp_path, strip=True)).keys() == {"kernel-module-rebuilt"}
    assert both_ways(plain, plain + SIGNED).keys() == {"kernel-module-rebuilt"}


def test_calls_that_lead_elsewhere_are_a_change_although_all_instructions_are_equal(tmp_path: Path) -> None:
    told = both_ways(module(tmp_path, "alpha", "omega"), module(tmp_path, "omega", "alpha"))
    assert told.keys() == {"kernel-module-changed"}


def test_a_section_that_is_called_otherwise_is_a_change(tmp_path: Path) -> None:
    plain = module(tmp_path)
    assert both_ways(plain, plain.replace(b".modinfo\0", b".modinfx\0")).keys() == {"kernel-module-changed"}


def test_signatures(tmp_path: Path) -> None:
    plain = module(tmp_path)
    assert both_ways(plain + SIGNED, plain).keys() == {"kernel-module-rebuilt", "kernel-module-unsigned"}
    signed = File(plain + SIGNED, format="module-signature")
    assert added(plain, {"lib/modules/y.ko": signed}).keys() == {"kernel-module-added", "kernel-module-unsigned"}
    assert added(plain + SIGNED, {"lib/modules/y.ko": signed}).keys() == {"kernel-module-added"}
    assert added(plain, {"lib/modules/y.ko": plain + SIGNED}).keys() == {"kernel-module-added"}


def test_an_added_module_says_what_it_is(tmp_path: Path) -> None:
    told = added(module(tmp_path, "call_usermodehelper"))["kernel-module-added"]
    assert told.severity is Severity.HIGH
    assert "license GPL" in told.detail
    assert "starts programs (call_usermodehelper)" in told.detail
    assert added(module(tmp_path))["kernel-module-added"].severity is Severity.MEDIUM


def test_removed_and_none(tmp_path: Path) -> None:
    plain = module(tmp_path)
    assert [each.rule for each in findings(KernelModules, case({PATH: plain, "a": b""}, {"a": b""}))] == [
        "kernel-module-removed"
    ]
    assert findings(KernelModules, case({PATH: b"text"}, {PATH: b"other"})) == []
    assert findings(KernelModules, case({"lib/x.so": plain}, {"lib/x.so": Made().image})) == []


def test_modules_are_not_told_twice(tmp_path: Path) -> None:
    genuine, suspect = module(tmp_path), module(tmp_path, body="return a;")
    assert findings(Programs, case({PATH: genuine}, {PATH: suspect})) == []
    assert all_rules(case({PATH: genuine}, {PATH: suspect})) == ["kernel-module-changed"]


def test_damaged_modules_raise_nothing_but_input_errors(tmp_path: Path) -> None:
    plain, dice = module(tmp_path, "printk"), random.Random(1)
    for _ in range(200):
        data = bytearray(plain)
        for _ in range(4):
            data[dice.randrange(len(data))] = dice.randrange(256)
        all_rules(case({PATH: plain}, {PATH: bytes(data)}))


def test_modules_of_another_kernel_are_looked_at_beside_the_genuine_ones(tmp_path: Path) -> None:
    old, new = "lib/modules/5.4/x.ko", "lib/modules/5.5/x.ko"
    plain, hooking = (
        module(tmp_path, "nf_register_net_hook"),
        module(tmp_path, "nf_register_net_hook", "register_kprobe"),
    )
    there = {"lib/a": b""}
    for at_hand in (True, False):
        said = case({**there, old: plain}, {**there, new: plain + b"x"}, at_hand=at_hand, portraits=not at_hand)
        assert [each.rule for each in findings(KernelModules, said)] == ["kernel-module-of-another-kernel"] * 2
        said = case({**there, old: plain}, {**there, new: hooking}, at_hand=at_hand, portraits=not at_hand)
        told = [each.rule for each in findings(KernelModules, said)]
        assert sorted(told) == ["kernel-module-hooks", *["kernel-module-of-another-kernel"] * 2]
