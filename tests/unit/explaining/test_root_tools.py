"""Tools that open root: known by place, kind and what is in them, never by name alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import File, Tree, case, findings, rules

from trueware.explaining.detectors.root_tools import RootTools

ELF = b"\x7fELF\2\1\1"


def change(before: Tree, after: Tree) -> list[str]:
    return rules(RootTools, case(before, after))


@pytest.mark.parametrize(
    ("path", "content", "tool"),
    [
        ("system/xbin/su", ELF, "su"),
        ("sbin/su", ELF, "su"),
        ("system/xbin/daemonsu", ELF, "SuperSU"),
        ("system/bin/x", ELF + b"..eu.chainfire.supersu..", "SuperSU"),
        ("overlay.d/sbin/magisk64.xz", b"\xfd7zXZ\0.", "Magisk"),
        (".backup/.magisk", b"KEEPVERITY=true\n", "Magisk"),
        ("init", ELF + b"/sbin/.magisk/", "Magisk"),
        ("kernelsu.ko", ELF + b"\0name=kernelsu\0", "KernelSU"),
        ("kernel", b"..KernelSU: ..", "KernelSU"),
    ],
)
def test_tools(path: str, content: bytes, tool: str) -> None:
    (found,) = findings(RootTools, case({}, {path: content}))
    assert (found.rule, found.detail) == ("root-tool-added", tool)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("system/xbin/su", b"#!/system/bin/sh\nexit 1\n"),
        ("usr/share/su", ELF),
        ("bin/su", ELF),
        ("system/bin/daemonsu", b"text"),
        ("usr/share/magisk.txt", b"MAGISK"),
        ("docs/kernelsu.ko", b"KernelSU"),
        ("lib/x.ko", ELF + b"name=usb\0"),
        ("init", ELF),
        ("kernel", b"a kernel"),
        (".backup/.magisk", b""),
    ],
)
def test_a_name_is_no_tool(path: str, content: bytes) -> None:
    assert change({}, {path: content}) == []


def test_what_the_genuine_software_has_was_not_added() -> None:
    mark = ELF + b"/sbin/.magisk/"
    assert change({"init": mark}, {"init": mark + b"x"}) == []
    assert change({"init": ELF}, {"init": mark}) == ["root-tool-added"]
    assert change({"system/xbin/su": ELF}, {"system/xbin/su": ELF + b"x"}) == [], "changed, as programs are"


def test_links_to_a_tool() -> None:
    assert change({}, {"system/bin/su": File(link="./magisk")}) == ["root-tool-added"]
    assert change({}, {"bin/su": File(link="busybox")}) == []


def test_code_is_put_into_apps() -> None:
    path = "system/bin/app_process64"
    assert change({path: ELF}, {path: ELF + b"XposedBridge.jar"}) == ["hooking-tool-added"]
    assert change({path: ELF}, {path: ELF + b"other"}) == []
    assert change({}, {"lib/x.so": ELF + b"frida-gadget"}) == ["hooking-tool-added"]


@given(st.binary(), st.sampled_from(["init", "sbin/su", "kernel", ".backup/.magisk"]))
def test_any_bytes_have_a_reading(data: bytes, path: str) -> None:
    change({}, {path: data})
