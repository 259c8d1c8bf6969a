"""What is said where protection against theft was taken out, and what is not."""

from dataclasses import replace
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.axml import manifest
from tests.unit.explaining.cases import Tree, case, findings, rules

from trueware.explaining.contract import Altered
from trueware.explaining.detectors.anti_theft import AntiTheft
from trueware.explaining.reading.persistent_data import read_persistent_data
from trueware.model.finding import Confidence
from trueware.model.part import Kind, Part


def told(before: Tree, after: Tree) -> list[str]:
    return rules(AntiTheft, case({"x": b"", **before}, {"x": b"", **after}))


def block(data: bytes = b"", *, unlockable: bool = False, size: int = 512) -> bytes:
    head = bytes(32) + b"\x19\x90\x18\x73" + pack(">I", len(data)) + data
    return head + bytes(size - len(head) - 1) + bytes([unlockable])


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("system/priv-app/SetupWizard/SetupWizard.apk", "setup-app-removed"),
        ("priv-app/Fmm/Fmm.apk", "find-device-app-removed"),
        ("system/priv-app/KnoxGuard/KnoxGuard.apk", "device-lock-app-removed"),
    ],
)
def test_a_guarding_app_is_gone_by_its_file(path: str, rule: str) -> None:
    assert told({path: b"PK"}, {}) == [rule]
    assert told({path: b"PK"}, {path: b"PK2"}) == []
    assert told({path.replace(".apk", "Extra.apk"): b"PK"}, {}) == []


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("com.google.android.setupwizard", ["setup-app-removed"]),
        ("com.samsung.android.kgclient", ["device-lock-app-removed"]),
        ("com.acme.setupwizard", ["setup-app-removed"]),
        ("com.facebook.katana", []),
    ],
)
def test_a_guarding_app_is_gone_by_its_package(package: str, expected: list[str]) -> None:
    """Whatever its file is called; a file that is only called so is none."""
    content = manifest(package=package)
    made = case({"x": b"", "app/SetupWizard.apk": b"PK"}, {"x": b""})
    apk = made.find("app/SetupWizard.apk")
    assert apk is not None
    inside = Part("AndroidManifest.xml", Kind.FILE, b"", len(content), b"m" * 32)
    assert apk.change.expected is not None
    change = replace(apk.change, expected=apk.change.expected._replace(children=(inside,)))

    class Source:
        def read(self, part: Part) -> bytes | None:
            return content if part is inside else None

        def portrait(self, part: Part) -> bytes | None:  # noqa: ARG002
            return None

    made = replace(made, altered=(Altered(change, apk.inner, Source(), Source()),))
    found = findings(AntiTheft, made)

    assert [each.rule for each in found] == expected
    assert all((each.confidence is Confidence.HIGH) == ("acme" not in package) for each in found)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"", b"ro.setupwizard.mode=DISABLED\n", ["setup-disabled"]),
        (b"ro.setupwizard.mode=OPTIONAL\n", b"ro.setupwizard.mode=DISABLED\n", ["setup-disabled"]),
        (b"ro.setupwizard.mode=DISABLED\n", b"ro.setupwizard.mode=DISABLED\na=b\n", []),
        (b"ro.setupwizard.mode=OPTIONAL\n", b"ro.setupwizard.mode=REQUIRED\n", []),
        (b"ro.frp.pst=/dev/block/frp\n", b"ro.other=1\n", ["reset-protection-off"]),
        (b"ro.frp.pst=/dev/block/frp\n", b"ro.frp.pst=/dev/null\n", ["reset-protection-off"]),
        (b"ro.other=1\n", b"ro.frp.pst=/dev/block/frp\n", []),
    ],
)
def test_properties(before: bytes, after: bytes, expected: list[str]) -> None:
    assert told({"vendor/build.prop": before + b"a=1\n"}, {"vendor/build.prop": after + b"a=1\n"}) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (block(b"owner"), block(), ["reset-protection-cleared"]),
        (block(b"owner"), bytes(512), ["reset-protection-cleared"]),
        (block(b"owner"), block(b"other"), []),
        (block(), block(b"owner"), []),
        (block(), block(unlockable=True), ["unlock-flag-set"]),
        (block(unlockable=True), block(), []),
        (b"settings", bytes(8), []),
    ],
)
def test_the_persistent_data_block(before: bytes, after: bytes, expected: list[str]) -> None:
    assert told({"frp.img": before}, {"frp.img": after}) == expected


@pytest.mark.parametrize(
    "path",
    [
        "vendor/bin/hw/android.hardware.gatekeeper@1.0-service",
        "vendor/lib64/hw/gatekeeper.acme.so",
        "system/bin/gatekeeperd",
    ],
)
def test_what_checks_the_screen_lock(path: str) -> None:
    assert told({path: b"1"}, {}) == ["screen-lock-service-removed"]
    assert told({path: b"1"}, {path: b"2"}) == ["screen-lock-service-altered"]
    assert told({}, {path: b"1"}) == []
    assert told({path.replace("gatekeeper", "gateway"): b"1"}, {}) == []


def test_the_record_of_the_screen_lock() -> None:
    assert told({"data/system/locksettings.db": b"1"}, {}) == ["screen-lock-data-removed"]
    assert told({"data/system/locksettings.db": b"1"}, {"data/system/locksettings.db": b"2"}) == []
    assert told({"data/system/packages.xml": b"1"}, {}) == []


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_a_block_or_none(content: bytes) -> None:
    found = read_persistent_data(bytes(32) + b"\x19\x90\x18\x73" + content)

    assert found is None or 0 <= found.protected <= len(content)
